"""A recurring fee that changes after some of its periods were billed."""

from datetime import date

from odoo import Command
from odoo.tests import freeze_time, tagged

from odoo.addons.project_invoice_tracker.exceptions import (
    AlreadyBilledError,
    LockedError,
)

from .recurring_common import RecurringCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-01-10")
class TestChanges(RecurringCommon):
    """A changed rule plans unbilled periods again; billed ones stay."""

    def test_unbilled_periods_follow_a_new_amount(self):
        rule = self._create_fee()
        rule.amount = 1200
        self.assertEqual(self._get_amounts(rule), [1200.0] * 3)
        self.assertEqual(len(self._get_periods(rule)), 13)

    def test_a_billed_period_that_is_worth_more_shows_the_difference_as_held(self):
        rule = self._create_fee()
        move = self._bill(date(2026, 1, 31))
        rule.amount = 1200
        self.assertEqual(move.amount_untaxed, 1000.0)
        january = self._get_periods(rule)[0]
        self.assertEqual(
            (january.billable_amount, january.billed_amount), (1200.0, 1000.0)
        )
        run = self._propose(date(2026, 1, 31))
        self.assertFalse(self._get_lines(run, "proposed"))
        line = self._get_lines(run, "held")
        self.assertEqual(line.amount, 200.0)
        line.action_approve()
        run.action_invoice()
        self.assertEqual(run.move_ids.amount_untaxed, 200.0)
        self.assertIn("invoiced before", run.move_ids.invoice_line_ids.name)
        self.assertConserved()

    def test_a_billed_period_that_is_worth_less_is_shown_as_billed_too_much(self):
        rule = self._create_fee()
        self._bill(date(2026, 1, 31))
        self._pause(rule, "2026-01-22", "2026-01-31")
        run = self._propose(date(2026, 1, 31))
        line = run.line_ids.filtered(lambda x: x.reason_code == "over_billed")
        self.assertEqual(line.amount, -322.58)
        self.assertEqual(self._get_periods(rule)[0].billed_amount, 1000.0)

    def test_a_cancelled_invoice_of_a_period_that_shrank_comes_back(self):
        rule = self._create_fee()
        move = self._bill(date(2026, 1, 31))
        move.button_cancel()
        self._pause(rule, "2026-01-22", "2026-01-31")
        january = self._get_periods(rule)[0]
        self.assertEqual(january.billing_held_amount, 677.42)
        move.button_draft()
        self.assertEqual(january.billed_amount, 1000.0)
        run = self._propose(date(2026, 1, 31))
        line = run.line_ids.filtered(lambda x: x.reason_code == "over_billed")
        self.assertEqual(line.amount, -322.58)

    def test_it_does_not_come_back_when_the_period_is_billed_elsewhere(self):
        rule = self._create_fee()
        move = self._bill(date(2026, 1, 31))
        move.button_cancel()
        self._pause(rule, "2026-01-22", "2026-01-31")
        self._get_periods(rule)[0].with_user(self.clerk).action_release()
        self.assertEqual(self._bill(date(2026, 1, 31)).amount_untaxed, 677.42)
        with self.assertRaises(AlreadyBilledError):
            move.button_draft()

    def test_a_paused_period_loses_its_hours_when_its_draft_is_deleted(self):
        """Sold hours stay while the draft stands; then nobody draws them free."""
        rule = self._create_fee(included_hours=10)
        move = self._bill(date(2026, 1, 31))
        self._pause(rule, "2026-01-01", "2026-01-31")
        january = self._get_periods(rule)[0]
        self.assertEqual(january.prepaid_hours, 10)
        move.unlink()
        self._propose(date(2026, 1, 31))
        left = self._get_periods(rule).filtered(lambda item: item == january)
        self.assertEqual((left.prepaid_hours, left.billable_amount), (0, 0))

    def test_a_credit_of_a_period_that_shrank_can_be_reset(self):
        rule = self._create_fee()
        move = self._bill(date(2026, 1, 31))
        move.action_post()
        credit = self._reverse(move)
        self._pause(rule, "2026-01-22", "2026-01-31")
        january = self._get_periods(rule)[0]
        self.assertEqual(january.billable_amount, 677.42)
        credit.button_draft()
        self.assertEqual(january.billed_amount, 1000.0)

    def test_the_difference_is_gone_when_it_is_credited(self):
        rule = self._create_fee(date_end="2026-01-31")
        move = self._bill(date(2026, 1, 31))
        move.action_post()
        self._pause(rule, "2026-01-22", "2026-01-31")
        line = move.invoice_line_ids
        self._reverse(move, quantities={line: 0.32258})
        rule._plan_periods()
        january = self._get_periods(rule)
        left = january.billed_amount - january.period_amount
        self.assertAlmostEqual(left, 2.58, 2)  # 0.32 x 1,000 is what the line shows

    def test_an_earlier_end_takes_unbilled_periods_away(self):
        rule = self._create_fee()
        self._bill(date(2026, 1, 31))
        rule.date_end = "2026-02-14"
        self.assertEqual(self._get_amounts(rule, 5), [1000.0, 500.0])

    def test_an_end_before_a_billed_period_makes_it_billed_too_much(self):
        rule = self._create_fee()
        self._bill(date(2026, 2, 28))
        rule.date_end = "2026-01-31"
        run = self._propose(date(2026, 2, 28))
        line = run.line_ids.filtered(lambda x: x.reason_code == "over_billed")
        self.assertEqual((line.name, line.amount), ("Support, February 2026", -1000.0))
        rule.date_end = False
        run = self._propose(date(2026, 2, 28))
        self.assertNotIn("over_billed", run.line_ids.mapped("reason_code"))

    def test_months_that_are_billed_are_no_part_of_the_quarter(self):
        rule = self._create_fee(amount=900)
        self._bill(date(2026, 2, 28))
        rule.write({"recurring_interval": "quarter", "amount": 2700})
        # January, February, 31 of the 90 days of the quarter, the next quarter
        self.assertEqual(self._get_amounts(rule, 4), [900.0, 900.0, 930.0, 2700.0])
        rule._plan_periods()
        self.assertEqual(self._get_amounts(rule, 4), [900.0, 900.0, 930.0, 2700.0])
        self.assertEqual(
            self._bill(date(2026, 3, 31)).invoice_line_ids.name,
            "Support, Q1 2026\n03/01/2026 – 03/31/2026, 31 of 90 days",
        )

    def test_a_renamed_rule_renames_unbilled_periods_only(self):
        rule = self._create_fee()
        self._bill(date(2026, 1, 31))
        rule.name = "Hosting"
        self.assertEqual(
            self._get_periods(rule)[:2].mapped("name"),
            ["Support, January 2026", "Hosting, February 2026"],
        )

    def test_a_text_that_a_person_wrote_stays(self):
        rule = self._create_fee()
        self._get_periods(rule)[1].name = "Support in February, with on-call"
        rule.amount = 1100
        self.assertEqual(
            self._get_periods(rule)[1].name, "Support in February, with on-call"
        )

    def test_an_archived_rule_has_no_coming_periods(self):
        rule = self._create_fee()
        self._bill(date(2026, 1, 31))
        rule.active = False
        self.assertEqual(len(self._get_periods(rule)), 1)
        rule.active = True
        self.assertEqual(len(self._get_periods(rule)), 13)

    def test_a_written_off_period_stays_written_off(self):
        rule = self._create_fee()
        january = self._get_periods(rule)[0]
        self.env["project.billing.settle"].with_user(self.manager).create(
            {
                "action": "write_off",
                "reason": "Goodwill",
                "item_ids": [Command.set(january.ids)],
            }
        ).action_settle()
        rule.amount = 1000.0
        rule._plan_periods()
        self.assertEqual(january.stage, "written_off")
        run = self._propose(date(2026, 1, 31))
        self.assertFalse(self._get_lines(run, "proposed"))

    def test_a_billed_rule_is_not_deleted(self):
        rule = self._create_fee()
        self._bill(date(2026, 1, 31))
        with self.assertRaises(LockedError):
            rule.unlink()

    def test_another_company_sees_no_pauses(self):
        rule = self._create_fee()
        pause = self._pause(rule, "2026-02-01", "2026-02-10")
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self._create_user("stranger", "account.group_account_manager")
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        model = self.env["project.billing.pause"].with_user(stranger)
        self.assertFalse(model.search([("id", "=", pause.id)]))

    def test_the_manager_reads_pauses_and_changes_none(self):
        rule = self._create_fee()
        pause = self._pause(rule, "2026-02-01", "2026-02-10").with_user(self.manager)
        self.assertEqual(pause.reason, "Closed")
        self.assertFalse(pause.has_access("write"))
