from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.project_invoice_tracker.exceptions import BillingError
from odoo.addons.project_invoice_tracker.reasons import REASONS

from .common import BillingCommon


class TestRunReasons(BillingCommon):
    """Every reason why work is left out, and that its fix brings it back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100)
        cls.entry = cls._create_entry(8)

    def assertSkipped(self, code, hours=8, **kwargs):
        """Assert that everything is left out for one reason; return the run."""
        run = self._propose(**kwargs)
        self.assertEqual(self._get_reasons(run), {code: hours})
        self.assertFalse(self._get_lines(run, "proposed"))
        line = run.line_ids.filtered(lambda line: line.reason_code == code)
        self.assertIn(str(REASONS[code][1]), line.reason)
        with self.assertRaises(BillingError):
            run.action_invoice()
        self.assertConserved()
        return run

    def assertProposed(self, hours=8, **kwargs):
        run = self._propose(**kwargs)
        self.assertEqual(
            sum(self._get_lines(run, "proposed").mapped("quantity")), hours
        )
        self.assertFalse(self._get_reasons(run))

    def test_every_reason_says_what_to_do(self):
        for code, (what, fix) in REASONS.items():
            with self.subTest(code=code):
                self.assertTrue(str(what))
                self.assertTrue(str(fix).endswith("."))

    def test_project_without_customer(self):
        self.project.partner_id = False
        self.assertSkipped("no_customer")
        self.rule.partner_id = self.customer
        self.assertProposed()

    def test_archived_customer(self):
        self.customer.active = False
        self.assertSkipped("archived_partner")
        self.rule.partner_id = self.env["res.partner"].create({"name": "Heir"})
        self.assertProposed()

    def test_time_that_no_rule_matches(self):
        build = self._create_task("Build")
        self.rule.task_ids = build
        self.assertSkipped("no_rule")
        self.rule.task_ids |= self.task
        self.assertProposed()

    def test_rule_without_price(self):
        self.rule.price = 0
        self.assertSkipped("no_rate")
        self.env["project.billing.rate"].create({"rule_id": self.rule.id, "price": 50})
        self.assertProposed()

    def test_price_zero_is_billed_where_ticked(self):
        self.rule.price = 0
        self.rule.bill_at_zero = True
        invoice = self._bill()
        self.assertEqual(invoice.invoice_line_ids.quantity, 8)
        self.assertEqual(invoice.amount_untaxed, 0)

    def test_missing_exchange_rate(self):
        franc = self.setup_other_currency("CHF", rates=[])
        self.env["project.billing.rate"].create(
            {"rule_id": self.rule.id, "price": 50, "currency_id": franc.id}
        )
        self.assertSkipped("no_exchange_rate")
        self.env["res.currency.rate"].create(
            {"currency_id": franc.id, "name": "2026-06-30", "rate": 2.0}
        )
        self.assertProposed()
        self.assertEqual(self._bill().amount_untaxed, 200)

    def test_exchange_rate_of_a_later_day_does_not_count(self):
        franc = self.setup_other_currency("CHF", rates=[("2026-07-01", 2.0)])
        self.env["project.billing.rate"].create(
            {"rule_id": self.rule.id, "price": 50, "currency_id": franc.id}
        )
        self.assertSkipped("no_exchange_rate")

    def test_time_before_the_start_of_billing(self):
        self.rule.bill_from = date(2026, 6, 16)
        self.assertSkipped("before_bill_from")
        self.rule.bill_from = date(2026, 6, 15)
        self.assertProposed()

    def test_time_after_the_cutoff(self):
        self.assertSkipped("after_cutoff", cutoff=date(2026, 6, 14))
        self.assertProposed(cutoff=date(2026, 6, 15))

    def test_held_time(self):
        self.entry.with_user(self.clerk).action_billing_hold()
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"held": 8})
        self.entry.with_user(self.clerk).action_billing_release()
        self.assertProposed()

    def test_time_that_is_not_approved(self):
        lines = type(self.env["account.analytic.line"])
        approved = Domain("billing_text", "=", "approved")
        with patch.object(lines, "_get_approved_domain", lambda self: approved):
            self.assertSkipped("not_approved")
            self.entry.billing_text = "approved"
            self.assertProposed()

    def test_non_billable_time(self):
        self.entry.with_user(self.clerk)._set_nonbillable("Our own fault")
        self.assertSkipped("non_billable")
        self.entry.with_user(self.clerk).billing_nonbillable = False
        self.assertProposed()

    def test_time_of_another_company(self):
        other = self._create_company(name="Sister")
        project = self._create_project("Shared", company_id=False)
        rule = self._create_rule(project=project, price=100)
        entry = self._create_entry(
            3,
            task=self._create_task("T", project),
            company_id=other.id,
            employee=self._create_employee("Eve", company_id=other.id),
        )
        self.assertSkipped("other_company", 3, projects=project)
        self.assertFalse(entry.billing_rule_id)
        self._create_entry(2, task=entry.task_id)
        run = self._propose(projects=project)
        self.assertEqual(self._get_lines(run, "proposed").quantity, 2)
        self.assertEqual(rule.company_id, self.company)

    def test_time_off(self):
        # the column of project_timesheet_holidays, which need not be installed
        self.env.cr.execute(
            "ALTER TABLE account_analytic_line ADD COLUMN IF NOT EXISTS holiday_id int4"
        )
        self.env.cr.execute(
            "UPDATE account_analytic_line SET holiday_id = 1 WHERE id = %s",
            [self.entry.id],
        )
        lines = type(self.env["account.analytic.line"])
        names = {**lines._fields, "holiday_id": lines._fields["task_id"]}
        with patch.object(lines, "_fields", names):
            self.assertSkipped("time_off")
        self.assertProposed()

    def test_time_owned_by_a_sales_order(self):
        lines = type(self.env["account.analytic.line"])
        owned = SQL("e.billing_text = 'sold'")
        self.entry.billing_text = "sold"
        with patch.object(lines, "_get_sales_owner_sql", lambda self: owned):
            self.assertSkipped("owned_by_sales")
            self.entry.billing_text = ""
            self.assertProposed()

    def test_more_than_a_day_in_a_day(self):
        self.entry.unit_amount = 24
        self.assertProposed(24)
        extra = self._create_entry(0.5)
        run = self.assertSkipped("over_24h", 24.5)
        extra.unit_amount = 0
        self.assertProposed(24)
        extra.unit_amount = 0.5
        run = self._propose()
        run.line_ids.action_approve()
        run.action_invoice()
        self.assertEqual(run.move_ids.invoice_line_ids.quantity, 24.5)

    def test_negative_time(self):
        self.entry.unit_amount = -2
        self.assertSkipped("negative", -2)

    def test_confirmed_negative_time_alone_would_be_a_negative_invoice(self):
        self.entry.unit_amount = -2
        self.entry.with_user(self.clerk).action_billing_confirm()
        self.assertSkipped("negative_total", -2)
        self._create_entry(5, task=self._create_task("Build"))
        invoice = self._bill()
        self.assertEqual(invoice.amount_untaxed, 300)
        self.assertConserved()

    def test_negative_time_is_netted_within_its_line(self):
        self._create_entry(-2)
        invoice = self._bill()
        self.assertEqual(invoice.invoice_line_ids.quantity, 6)
        self.assertConserved()

    def test_likely_duplicate(self):
        twin = self._create_entry(8, name=self.entry.name)
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"duplicate": 8})
        doubtful = run.line_ids.filtered("reason_code")
        self.assertEqual(doubtful.entry_ids, twin)
        self.assertTrue(doubtful.is_confirmable)
        doubtful.action_approve()
        run.action_invoice()
        # one line per task, however the work came into the review
        self.assertEqual(run.move_ids.invoice_line_ids.mapped("quantity"), [16])
        self.assertEqual(set(run.line_ids.mapped("state")), {"invoiced"})
        rows = run.move_ids.billing_allocation_ids
        self.assertEqual(rows.run_line_id, run.line_ids)

    def test_task_of_another_customer(self):
        other = self.env["res.partner"].create({"name": "Somebody else"})
        self.task.partner_id = other
        self.assertSkipped("other_customer")
        self.rule.partner_id = other
        self.assertProposed()

    def test_task_of_a_contact_of_the_same_customer_is_billed(self):
        self.task.partner_id = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": self.customer.id}
        )
        self.assertProposed()

    def test_missing_customer_order(self):
        self.customer.billing_order_required = True
        self.assertSkipped("po_missing")
        self.project.billing_customer_order = "PO-1"
        self.assertProposed()

    def test_accounting_date_in_a_locked_period(self):
        self.company.sale_lock_date = date(2026, 6, 30)
        dates = {"date": date(2026, 6, 30), "accounting_date": date(2026, 6, 30)}
        self.assertSkipped("period_locked", **dates)
        dates["accounting_date"] = date(2026, 7, 1)
        self.assertProposed(**dates)

    def test_work_billed_by_somebody_else_after_the_proposal(self):
        run = self._propose()
        self._bill()
        run.action_invoice()
        self.assertFalse(run.move_ids)
        self.assertEqual(run.line_ids.reason_code, "nothing_left")
        self.assertEqual(run.line_ids.state, "skipped")
        self.assertConserved()

    def test_milestone_that_is_not_reached(self):
        rule = self._create_rule("milestone", amount=500)
        self.entry.unlink()
        item = self._create_item(rule, amount=500)
        run = self._propose(self.company._get_billing_today())
        self.assertEqual(run.line_ids.mapped("reason_code"), ["not_reached"])
        item.milestone_id.is_reached = True
        run = self._propose(self.company._get_billing_today())
        self.assertEqual(run.line_ids.mapped("state"), ["proposed"])

    def test_template_and_archived_projects_are_left_alone(self):
        self.project.active = False
        run = self._propose()
        self.assertFalse(self._get_lines(run, "proposed"))

    def test_archived_rule_proposes_nothing(self):
        self.rule.active = False
        self.assertSkipped("no_rule")

    def test_employee_who_left_is_still_billed(self):
        self.ann.active = False
        self.assertProposed()

    def test_rate_of_a_role_is_found_by_membership(self):
        role = self.env["project.role"].create({"name": "Architect"})
        self.project.billing_member_ids = [
            Command.create({"employee_id": self.ann.id, "role_id": role.id})
        ]
        self.env["project.billing.rate"].create(
            {"rule_id": self.rule.id, "role_id": role.id, "price": 150}
        )
        self.assertEqual(self._bill().amount_untaxed, 1200)
