"""What becomes of drawn hours: undo, taking back, credits, changes, refusals."""

from datetime import date, timedelta

import psycopg2

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import (
    BillingError,
    BillingRuleError,
    LockedError,
)

from .prepaid_common import JUNE_1, JUNE_30, PrepaidCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-30")
class TestDrawEvents(PrepaidCommon):
    def _draw(self, hours=8.0):
        self.pack = self._create_pack()
        entry = self._create_entry(hours)
        self.run = self._propose(JUNE_30)
        self.run.action_invoice()
        return entry

    def test_a_drawn_entry_says_so_and_is_locked(self):
        entry = self._draw()
        self.assertEqual(
            entry.billing_explanation, "Drawn from prepaid hours: Pack of 20 hours"
        )
        found = self.env["account.analytic.line"].search(
            [("billing_state", "=", "drawn"), ("project_id", "=", self.project.id)]
        )
        self.assertEqual(found, entry)
        with self.assertRaises(LockedError):
            entry.unit_amount = 9.0
        with self.assertRaises(LockedError):
            entry.unlink()

    def test_undo_takes_the_draws_back(self):
        entry = self._draw(24.0)
        self.run.action_undo()
        self.assertEqual(self.pack.drawn_quantity, 0.0)
        self.assertEqual((entry.billed_quantity, entry.billing_state), (0.0, "held"))
        self.assertEqual(self._get_draw_lines(self.run).state, "held")
        self.assertFalse(self._get_lines(self._propose(JUNE_30), "proposed"))
        entry.with_user(self.manager).action_billing_release()
        run = self._propose(JUNE_30)
        self.assertEqual(self._get_draw_lines(run).quantity, 20.0)
        self.assertConserved()

    def test_the_manager_takes_one_draw_back(self):
        entry = self._draw()
        self._get_draws().with_user(self.manager).action_take_back()
        self.assertEqual(
            (self.pack.drawn_quantity, entry.billing_held_quantity), (0.0, 8.0)
        )
        self.assertIn("taken back", self.pack.message_ids[0].body)

    def test_a_stranger_takes_no_draw_back(self):
        self._draw()
        stranger = new_test_user(
            self.env, "billing_stranger", groups="project.group_project_user"
        )
        with self.assertRaises(AccessError):
            self._get_draws().with_user(stranger).action_take_back()
        self.assertEqual(self.pack.drawn_quantity, 8.0)

    def test_what_is_invoiced_is_not_taken_back_as_a_draw(self):
        self._create_entry(1.0)
        self._bill(JUNE_30)
        row = self.env["project.billing.allocation"].search(
            [("rule_id", "=", self.overage.id)]
        )
        with self.assertRaises(BillingError):
            row.with_user(self.clerk).action_take_back()

    def test_a_draw_that_was_not_approved_stays_reserved(self):
        self.company.billing_approval_required = True
        pack = self._create_pack(8.0)
        self._create_entry(8.0, date(2026, 6, 2))
        late = self._create_entry(4.0, date(2026, 6, 3))
        run = self._propose(JUNE_30)
        bill = self._get_lines(run, "proposed") - self._get_draw_lines(run)
        bill.with_user(self.manager).action_approve()
        run.action_invoice()
        self.assertEqual(pack.drawn_quantity, 0.0)
        self.assertEqual(late.billing_state, "draft")
        self.assertEqual(run.move_ids.amount_untaxed, 400.0)

    def test_a_draw_on_hold_draws_nothing(self):
        pack = self._create_pack()
        self._create_entry(8.0)
        run = self._propose(JUNE_30)
        self._get_draw_lines(run).with_user(self.manager).action_hold()
        self.assertEqual(pack.billing_held_amount, 0.0)
        with self.assertRaises(BillingError):
            run.action_invoice()
        self.assertEqual(pack.drawn_quantity, 0.0)

    def test_entries_that_changed_since_the_review_are_drawn_as_they_are(self):
        pack = self._create_pack()
        entry = self._create_entry(8.0)
        run = self._propose(JUNE_30)
        entry.unit_amount = 5.0
        run.action_invoice()
        self.assertEqual(pack.drawn_quantity, 5.0)

    def test_used_hours_keep_their_pack(self):
        self._draw()
        for values in (
            {"active": False},
            {"prepaid_expiry": date(2026, 6, 14)},
            {"date_start": date(2026, 6, 16)},
            {"prepaid_hours": 7.0},
        ):
            with self.subTest(values=values), self.assertRaises(LockedError):
                self.pack.write(values)
        with self.assertRaises(LockedError):
            self.pack.unlink()

    def test_the_database_refuses_more_than_the_pack_holds(self):
        self._draw()
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            self.env["project.billing.allocation"]._apply_draws(
                [
                    {
                        "item_id": self.pack.id,
                        "analytic_line_id": 1,
                        "quantity": 12.5,
                        "amount": 0.0,
                    }
                ]
            )

    def test_a_credited_pack_that_was_used_warns(self):
        pack = self._create_pack(trigger="date", date_planned=JUNE_1)
        self._create_entry(8.0)
        move = self._bill(JUNE_30)
        move.action_post()
        self.assertFalse(pack.prepaid_warning)
        self._reverse(move)
        self.assertEqual(pack.billed_amount, 0.0)
        self.assertIn("8.00 hours", pack.prepaid_warning)
        self.assertEqual(pack.drawn_quantity, 8.0)

    def test_a_cancelled_pack_keeps_its_hours_until_it_is_written_off(self):
        pack = self._create_pack(trigger="date", date_planned=JUNE_1)
        self._bill(JUNE_30).button_cancel()
        self._create_entry(8.0)
        self.assertTrue(self._get_draw_lines(self._propose(JUNE_30)))
        self.env["project.billing.settle"].with_user(self.manager).create(
            {
                "action": "write_off",
                "reason": "Order withdrawn",
                "item_ids": [Command.set(pack.ids)],
            }
        ).action_settle()
        self.assertFalse(self._get_draw_lines(self._propose(JUNE_30)))

    def test_a_cancelled_invoice_does_not_come_back_over_a_draw(self):
        entry = self._create_entry(8.0)
        move = self._bill(JUNE_30)
        move.button_cancel()
        entry.with_user(self.manager).action_billing_release()
        self._create_pack()
        self._propose(JUNE_30).action_invoice()
        self.assertEqual(entry.billing_state, "drawn")
        with self.assertRaises(BillingError) as caught:
            move.button_draft()
        self.assertIn("Pack of 20 hours", str(caught.exception))

    def test_a_deleted_draft_of_the_overage_leaves_the_draws(self):
        self._create_pack()
        entry = self._create_entry(24.0)
        run = self._propose(JUNE_30)
        run.action_invoice()
        run.move_ids.unlink()
        self.assertEqual(entry.billed_quantity, 20.0)
        self.assertEqual(entry.billing_held_quantity, 4.0)
        self.assertConserved()


@tagged("post_install", "-at_install")
@freeze_time("2026-06-30")
class TestPrepaidRules(PrepaidCommon):
    def test_a_rule_does_not_draw_from_itself(self):
        with self.assertRaises(BillingRuleError):
            self.overage.prepaid_rule_ids = [Command.link(self.overage.id)]

    def test_a_fee_does_not_draw_from_a_fee(self):
        retainer = self._create_retainer()
        with self.assertRaises(BillingRuleError):
            retainer.prepaid_rule_ids = [Command.link(self.packs.id)]

    def test_hours_of_another_currency_are_refused(self):
        other = self.setup_other_currency("EUR")
        rule = self._create_rule("milestone", currency_id=other.id)
        with self.assertRaises(BillingRuleError):
            self.overage.prepaid_rule_ids = [Command.link(rule.id)]

    def test_hours_of_another_company_are_refused(self):
        company = self.setup_other_company()["company"]
        project = self._create_project("Elsewhere", company_id=company.id)
        rule = self._create_rule(
            "milestone",
            project=project,
            company_id=company.id,
            currency_id=self.overage.currency_id.id,
        )
        with self.assertRaises(BillingRuleError):
            self.overage.prepaid_rule_ids = [Command.link(rule.id)]

    def test_hours_of_another_customer_are_refused(self):
        stranger = self.env["res.partner"].create({"name": "Southwind"})
        project = self._create_project("Theirs", partner_id=stranger.id)
        rule = self._create_rule("milestone", project=project)
        with self.assertRaises(BillingRuleError):
            self.overage.prepaid_rule_ids = [Command.link(rule.id)]

    def test_a_milestone_holds_no_hours(self):
        with self.assertRaises(BillingRuleError):
            self._create_item(self.packs, amount=10, prepaid_hours=5, kind="milestone")

    def test_an_item_that_gets_hours_is_a_pack(self):
        item = self._create_item(self.packs, amount=10)
        self.assertEqual(item.kind, "milestone")
        item.prepaid_hours = 5
        self.assertEqual(item.kind, "pack")

    def test_negative_hours_are_refused(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            self._create_pack(-5)


@tagged("post_install", "-at_install")
@freeze_time("2026-06-30")
class TestDrawSpeed(PrepaidCommon):
    def _count_queries(self, entries):
        self._create_pack(entries * 0.01 - 1)
        tasks = [
            {
                "name": f"Bulk {index}",
                "project_id": self.project.id,
                "task_id": self.task.id,
                "employee_id": self.ann.id,
                "unit_amount": 0.01,
                "date": JUNE_1 + timedelta(days=index % 30),
            }
            for index in range(entries)
        ]
        self.env["account.analytic.line"].create(tasks)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        run = self._propose(JUNE_30)
        run.action_invoice()
        count = self.env.cr.sql_log_count - before
        self.env.invalidate_all()
        self.assertAlmostEqual(self._get_draws()[:1].item_id.prepaid_left, 0.0, 2)
        run.action_undo()
        self.env["project.billing.allocation"]._release(
            entries=self.env["account.analytic.line"].search(
                [("project_id", "=", self.project.id)]
            )
        )
        self.env["account.analytic.line"].search(
            [("project_id", "=", self.project.id)]
        ).unlink()
        self.packs.item_ids.unlink()
        return count

    def test_5000_entries_are_drawn_without_a_query_for_each(self):
        few = self._count_queries(200)
        many = self._count_queries(5000)
        self.assertLess(many - few, 60)
