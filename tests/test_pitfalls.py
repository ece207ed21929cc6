"""Where peers fail: each test walks the peer's path and arrives at the right place.

The numbers X1 to X28 are those of the survey of peers' public issue trackers.
"""

from datetime import date
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import (
    AlreadyBilledError,
    BillingRuleError,
    LockedError,
)

from .common import ADDON, BillingCommon


class PitfallCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100)

    def _post_bill(self, *args, **kwargs):
        invoice = self._bill(*args, **kwargs)
        invoice.action_post()
        return invoice

    def assertBilled(self, hours, held=0.0):
        self.env.flush_all()
        entries = self.env["account.analytic.line"].search(
            [("project_id", "=", self.project.id)]
        )
        entries.invalidate_recordset()
        self.assertAlmostEqual(sum(entries.mapped("billed_quantity")), hours, 6)
        self.assertAlmostEqual(sum(entries.mapped("billing_held_quantity")), held, 6)
        self.assertConserved()


class TestReversalPitfalls(PitfallCommon):
    """X1 to X4, X26 and X28: credits, cancelled and edited invoices."""

    def test_x1_partial_credit_reopens_only_what_it_took_back(self):
        # the peer unlinks all entries: the next invoice bills 9 h instead of 4.5 h
        entry = self._create_entry(8)
        invoice = self._post_bill()
        self._reverse(invoice, hours={entry: 3.5})
        entry.with_user(self.clerk).action_billing_release()
        self._create_entry(1, date(2026, 7, 10))
        following = self._post_bill(date(2026, 7, 31))
        self.assertEqual(sum(following.invoice_line_ids.mapped("quantity")), 4.5)
        self.assertBilled(9)

    def test_x2_cancelled_invoice_does_not_come_back_beside_its_successor(self):
        # the peer: cancel A, bill again as B, reset A to draft, post: 16 h for 8 h
        entry = self._create_entry(8)
        first = self._post_bill()
        first.button_draft()
        first.button_cancel()
        entry.with_user(self.clerk).action_billing_release()
        second = self._post_bill()
        with self.assertRaisesRegex(AlreadyBilledError, second.name):
            first.button_draft()
        self.assertBilled(8)

    def test_x3_lowered_draft_keeps_hours_and_entries_together(self):
        # the peer keeps every entry linked; the rest is billed with no entry
        self._create_entry(4.5)
        invoice = self._bill()
        invoice.invoice_line_ids.write({"quantity": 2})
        invoice.action_post()
        self.assertBilled(2, held=2.5)
        held = self._get_lines(self._propose(), "held")
        self.assertEqual(held.quantity, 2.5)
        self.assertEqual(held.entry_count, 1)

    def test_x3_merge_takes_the_links_along(self):
        self._create_entry(1)
        first = self._bill()
        self._create_entry(2, date(2026, 7, 1))
        second = self._bill(date(2026, 7, 31))
        second.invoice_line_ids.write({"move_id": first.id})
        second.unlink()
        first.action_post()
        self.assertBilled(3)

    def test_x4_credited_entry_is_not_billed_for_ever(self):
        entry = self._create_entry(8)
        self._reverse(self._post_bill())
        entry.with_user(self.clerk).action_billing_release()
        entry.unit_amount = 6
        self.assertEqual(self._post_bill().amount_untaxed, 600)
        self.assertBilled(6)

    def test_x26_hours_have_one_owner(self):
        # the peer links hours by hand to one invoice and bills them on another
        entry = self._create_entry(8)
        first = self._bill()
        ledger = self.env["project.billing.allocation"]
        row = first.sudo().billing_allocation_ids
        claim = row.copy_data()[0]
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            ledger._insert([{**claim, "move_line_id": False, "move_id": False}])
        entry.invalidate_recordset()
        self.assertBilled(8)

    def test_x26_rule_of_a_billed_entry_cannot_be_changed(self):
        entry = self._create_entry(8)
        self._bill()
        other = self._create_rule(price=50, name="Second")
        with self.assertRaises(LockedError):
            entry.billing_rule_id = other
        self.assertBilled(8)

    def test_x28_second_invoice_after_a_cancel_reads_like_the_first(self):
        entry = self._create_entry(8)
        self.rule.line_grouping = "entry"
        first = self._bill()
        text = first.invoice_line_ids.name
        first.button_cancel()
        entry.with_user(self.clerk).action_billing_release()
        second = self._bill()
        self.assertIn(text, second.invoice_line_ids.name)
        self.assertIn(entry.name, text)


class TestMilestonePitfalls(PitfallCommon):
    """X5 and X25: percentages and states of milestones."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_rule("milestone", amount=1000)

    def _bill_percent(self, percentage):
        item = self._create_item(
            self.contract, amount_type="percent", percentage=percentage
        )
        item.milestone_id.is_reached = True
        return item, self._bill(self.company._get_billing_today())

    def test_x5_third_of_a_thousand_is_333_30(self):
        # the peer rounds the quantity to 0.33 and bills 330.00
        _item, invoice = self._bill_percent(33.33)
        self.assertEqual(invoice.amount_untaxed, 333.30)

    def test_x5_billed_milestone_is_not_unreached(self):
        # the peer then offers -0.33 to invoice
        item, _invoice = self._bill_percent(33.33)
        with self.assertRaises(LockedError):
            item.milestone_id.is_reached = False

    def test_x5_milestones_beyond_the_contract_are_refused(self):
        self._bill_percent(80)
        with self.assertRaises(BillingRuleError):
            self._bill_percent(70)

    def test_x5_billed_milestone_is_not_deleted(self):
        item, _invoice = self._bill_percent(33.33)
        with self.assertRaises(LockedError):
            item.milestone_id.unlink()

    def test_x25_state_is_that_of_the_live_invoice(self):
        # the peer says "invoiced" for a draft, and after its deletion
        item, invoice = self._bill_percent(50)
        self.assertEqual(item.stage, "draft")
        invoice.action_post()
        item.invalidate_recordset()
        self.assertEqual(item.stage, "invoiced")
        invoice.button_draft()
        invoice.button_cancel()
        item.invalidate_recordset()
        self.assertEqual(item.stage, "held")
        item.with_user(self.administrator).action_release()
        self.assertEqual(item.stage, "ready")

    def test_x25_cancelled_invoice_does_not_eat_the_contract(self):
        item, invoice = self._bill_percent(50)
        invoice.button_cancel()
        item.with_user(self.administrator).percentage = 60
        self.assertEqual(item.billable_amount, 600)

    def test_x25_two_runs_reviewed_side_by_side_bill_once(self):
        item = self._create_item(self.contract, amount=1000)
        item.milestone_id.is_reached = True
        today = self.company._get_billing_today()
        first, second = self._propose(today), self._propose(today)
        first.action_invoice()
        second.action_invoice()
        self.assertFalse(second.move_ids)
        self.assertEqual(item.billed_amount, 1000)
        self.assertConserved()


class TestSelectionPitfalls(PitfallCommon):
    """X10 to X12 and X27: which entries are on which line."""

    def test_x10_deleting_one_line_frees_its_own_work_only(self):
        # the peer gives all entries the same line
        first = self._create_entry(1)
        second = self._create_entry(2, task=self._create_task("Build"))
        invoice = self._bill()
        line = second.billing_allocation_ids.move_line_id
        invoice.write({"invoice_line_ids": [Command.delete(line.id)]})
        self.env.invalidate_all()
        self.assertEqual(first.billed_quantity, 1)
        self.assertEqual(second.billed_quantity, 0)
        self.assertBilled(1, held=2)

    def test_x11_non_billable_time_never_slips_in(self):
        self._create_entry(8)
        free = self._create_entry(3)
        free.with_user(self.manager)._set_nonbillable("Training")
        run = self._propose()
        run.line_ids.filtered(lambda x: x.state == "proposed").action_approve()
        run.action_invoice()
        self.assertEqual(run.move_ids.invoice_line_ids.quantity, 8)
        self.assertEqual(self._get_reasons(run), {"non_billable": 3})

    def test_x11_time_made_non_billable_after_the_proposal_stays_out(self):
        self._create_entry(8)
        late = self._create_entry(3)
        run = self._propose()
        late.with_user(self.manager)._set_nonbillable("Training")
        run.action_invoice()
        self.assertEqual(run.move_ids.invoice_line_ids.quantity, 8)
        self.assertBilled(8)

    def test_x12_billing_one_project_leaves_the_other_project_open(self):
        # the peer keeps the state per sheet; here one person works on both in a day
        mine = self._create_entry(4)
        shop = self._create_project("Shop")
        self._create_rule(project=shop, price=100)
        other = self._create_entry(4, task=self._create_task("T", shop))
        first = self._bill()
        self.assertEqual(other.billed_quantity, 0)
        self._bill(projects=shop)
        first.button_cancel()
        self.env.invalidate_all()
        self.assertEqual(other.billed_quantity, 4)
        self.assertEqual(mine.billed_quantity, 0)

    def test_x27_late_entry_of_a_billed_period_is_billed(self):
        # the peer bills the sum of a period, without links: late time is lost
        self._create_entry(8)
        self._post_bill()
        self._create_entry(2, date(2026, 6, 3))
        invoice = self._post_bill(date(2026, 7, 31))
        self.assertEqual(invoice.amount_untaxed, 200)
        self.assertBilled(10)

    def test_x27_billed_entry_is_not_edited_unseen(self):
        entry = self._create_entry(8)
        self._post_bill()
        with self.assertRaises(UserError):
            entry.with_user(self.manager).unit_amount = 9
        self.assertBilled(8)


class TestQuantityPitfalls(PitfallCommon):
    """X13 to X15: prices, rounding, days, currencies."""

    def test_x13_unit_price_is_not_the_total(self):
        # the peer: 10 h x 150 instead of 10 h x 15
        self.rule.price = 15
        self._create_entry(10)
        self.assertRecordValues(
            self._bill().invoice_line_ids,
            [{"quantity": 10, "price_unit": 15, "price_subtotal": 150}],
        )

    def test_x14_five_invoices_leave_no_hundredth_open(self):
        # the peer delivers 6.67 h, invoices 6.66 h, and 0.01 h stays open for ever
        for number in range(5):
            self._create_entry(4 / 3, date(2026, 6, 1 + number))
            self._post_bill(date(2026, 6, 1 + number))
        run = self._propose(date(2026, 6, 30))
        self.assertFalse(run.line_ids)
        self.assertBilled(5 * round(4 / 3, 6))

    def test_x14b_quantity_times_price_is_the_amount(self):
        # the peer shows 0.83 x 100.00 = 83.33; the exact worth stays in the ledger
        self._create_entry(50 / 60)
        invoice = self._bill()
        self.assertRecordValues(
            invoice.invoice_line_ids,
            [{"quantity": 0.83, "price_unit": 100, "price_subtotal": 83}],
        )
        self.assertRecordValues(
            invoice.sudo().billing_allocation_ids,
            [{"amount": 83.33, "adjustment": -0.33}],
        )
        self.assertConserved()

    def test_x14c_days_are_not_hours(self):
        # the peer: 8 days instead of 1
        self.rule.write({"uom_id": self.day.id, "price": 800})
        self._create_entry(8)
        self.assertRecordValues(
            self._bill().invoice_line_ids,
            [{"quantity": 1, "price_unit": 800, "product_uom_id": self.day.id}],
        )

    def test_x14c_entry_typed_in_days_is_billed_in_hours(self):
        entry = self._create_entry(1, product_uom_id=self.day.id)
        self.assertEqual(entry.billable_quantity, 8)
        self.assertEqual(self._bill().amount_untaxed, 800)

    def test_x15_foreign_price_is_converted_once_at_the_invoice_date(self):
        franc = self.setup_other_currency(
            "CHF", rates=[("2026-06-01", 2.0), ("2026-06-30", 4.0), ("2026-07-01", 5.0)]
        )
        self.env["project.billing.rate"].create(
            {"rule_id": self.rule.id, "price": 100, "currency_id": franc.id}
        )
        self._create_entry(8)
        self.assertEqual(self._bill(date(2026, 6, 30)).amount_untaxed, 200)

    def test_x15_credits_are_counted_once_in_what_a_rule_has_billed(self):
        entry = self._create_entry(8)
        self._reverse(self._post_bill(), hours={entry: 3})
        self.assertEqual(self.rule.billed_amount, 500)
        self.assertEqual(self.rule.held_amount, 300)
        self.assertEqual(self.rule.open_amount, 300)


class TestSchedulePitfalls(PitfallCommon):
    """X23 and X24: several companies, time zones."""

    def _run_job(self):
        with self.enter_registry_test_mode():
            cron = self.env.ref(f"{ADDON}.ir_cron_project_billing").sudo()
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()
        return self.env["project.billing.run"].search([("is_scheduled", "=", True)])

    def _schedule(self, company, zone="UTC"):
        company.partner_id.tz = zone
        company.write(
            {"billing_schedule_active": True, "billing_schedule_date": "2026-07-01"}
        )

    def test_x23_job_bills_every_company_not_only_the_last(self):
        self._create_entry(8)
        other = self._create_company(name="Sister")
        self.hours_product.with_company(other).taxes_id = [Command.clear()]
        eve = self._create_employee("Eve", company_id=other.id)
        project = self._create_project("Sister's", company_id=other.id)
        self._create_rule(project=project, company_id=other.id, price=50)
        self._create_entry(2, task=self._create_task("T", project), employee=eve)
        for company in self.company | other:
            self._schedule(company)
        with freeze_time("2026-07-01 06:00:00"):
            runs = self._run_job()
        amounts = {run.company_id: run.move_ids.amount_untaxed for run in runs}
        self.assertEqual(amounts, {self.company: 800, other: 100})

    def test_x23_failing_company_does_not_stop_the_next(self):
        self._create_entry(8)
        other = self._create_company(name="Aaa first")
        for company in self.company | other:
            self._schedule(company)
        runs = type(self.env["project.billing.run"])
        propose = runs.action_propose

        def broken(run):
            if run.company_id == other:
                raise ValueError("the other company is broken")
            return propose(run)

        with (
            freeze_time("2026-07-01 06:00:00"),
            patch.object(runs, "action_propose", broken),
            mute_logger(
                f"odoo.addons.{ADDON}.models.project_billing_run_schedule_mixin"
            ),
        ):
            done = self._run_job().filtered(lambda r: r.company_id == self.company)
        self.assertEqual(done.move_ids.amount_untaxed, 800)
        self.assertEqual(other.billing_schedule_date, date(2026, 7, 1))

    def test_x24_month_ends_in_the_company_s_own_zone(self):
        self._create_entry(8, date(2026, 6, 30))
        self._schedule(self.company, "Pacific/Honolulu")
        with freeze_time("2026-07-01 06:00:00"):  # still 30 June in Honolulu
            self.assertFalse(self._run_job())
        with freeze_time("2026-07-01 11:00:00"):
            run = self._run_job()
        self.assertEqual(run.date, date(2026, 7, 1))
        self.assertEqual(run.move_ids.amount_untaxed, 800)

    def test_x24_anniversary_makes_one_invoice(self):
        self._create_entry(8)
        self._schedule(self.company, "Pacific/Auckland")
        for moment in ("2026-06-30 11:00", "2026-06-30 12:01", "2026-07-01 12:01"):
            with freeze_time(f"{moment}:00"):
                runs = self._run_job()
        self.assertEqual(len(runs), 1)
        self.assertEqual(runs.date, date(2026, 7, 1))
        self.assertEqual(len(runs.move_ids), 1)
