from datetime import date

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import freeze_time

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .wip_common import JUNE, WipCommon


class BadDebtCommon(WipCommon):
    """An invoice of 1,000 that will not be paid any more, written off by the clerk."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.tax_sale_a.copy({"name": "VAT 21 %", "amount": 21})
        cls.bad_debts = cls.company_data["default_account_expense"]
        cls.company.billing_bad_debt_account_id = cls.bad_debts
        cls.rule = cls._create_rule(price=100)

    def _create_invoice(self, taxes=None):
        self.hours_product.taxes_id = [Command.set(taxes.ids if taxes else [])]
        self._create_entry(10)
        return self._post_bill(JUNE)

    def _write_off(self, invoice, user=None, **kwargs):
        wizard = (
            self.env["project.billing.bad.debt"]
            .with_user(user or self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"reason": "Insolvent", "date": date(2026, 7, 31), **kwargs})
        )
        action = wizard.action_write_off()
        return self.env["account.move"].browse(action["res_id"])

    def _pay(self, invoice, amount, day):
        self.env["account.payment.register"].with_user(self.clerk).with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"amount": amount, "payment_date": day})._create_payments()

    def _get_balances(self, entry):
        balances = {}
        for line in entry.line_ids:
            balances[line.account_id] = balances.get(line.account_id, 0) + line.balance
        return balances


class TestBadDebt(BadDebtCommon):
    def test_invoice_is_closed_by_an_expense(self):
        invoice = self._create_invoice()
        entry = self._write_off(invoice)
        receivable = invoice.line_ids.account_id.filtered(
            lambda account: account.account_type == "asset_receivable"
        )
        self.assertEqual(
            self._get_balances(entry), {receivable: -1000, self.bad_debts: 1000}
        )
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(invoice.billing_bad_debt_amount, 1000)

    def test_who_when_and_why_are_kept(self):
        invoice = self._create_invoice()
        entry = self._write_off(invoice)
        self.assertEqual(entry.billing_bad_debt_of_id, invoice)
        self.assertEqual(entry.billing_bad_debt_reason, "Insolvent")
        self.assertEqual(entry.create_uid, self.clerk)
        self.assertEqual(entry.date, date(2026, 7, 31))
        self.assertIn("Insolvent", invoice.message_ids[0].body)

    def test_tax_is_not_touched(self):
        invoice = self._create_invoice(self.tax)
        self.assertEqual(invoice.amount_total, 1210)
        entry = self._write_off(invoice)
        self.assertEqual(self._get_balances(entry)[self.bad_debts], 1210)
        self.assertFalse(entry.line_ids.tax_line_id)

    def test_tax_is_taken_back_where_the_user_says_so(self):
        invoice = self._create_invoice(self.tax)
        entry = self._write_off(invoice, with_tax=True)
        taxes = entry.line_ids.filtered("tax_repartition_line_id")
        self.assertEqual(taxes.balance, 210)
        own = invoice.line_ids.filtered("tax_repartition_line_id")
        self.assertEqual(taxes.account_id, own.account_id)
        self.assertEqual(taxes.tax_repartition_line_id.document_type, "refund")
        self.assertEqual(self._get_balances(entry)[self.bad_debts], 1000)
        self.assertEqual(invoice.amount_residual, 0)

    def test_part_leaves_the_rest_open(self):
        invoice = self._create_invoice(self.tax)
        entry = self._write_off(invoice, amount=605, with_tax=True)
        self.assertEqual(self._get_balances(entry)[self.bad_debts], 500)
        self.assertEqual(invoice.amount_residual, 605)
        self.assertEqual(invoice.payment_state, "partial")

    def test_instalments_are_closed_in_the_order_of_their_dates(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Half now, half later",
                "line_ids": [
                    Command.create({"value_amount": 50, "nb_days": days})
                    for days in (0, 60)
                ],
            }
        )
        self.rule.payment_term_id = term
        invoice = self._create_invoice()
        self._write_off(invoice, amount=700)
        lines = invoice.line_ids.filtered("date_maturity").sorted("date_maturity")
        self.assertEqual(lines.mapped("amount_residual"), [0, 300])

    def test_foreign_invoice_leaves_nothing_in_either_currency(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 3.0), ("2026-07-15", 7.0)]
        )
        self.rule.currency_id = euro
        invoice = self._create_invoice()
        entry = self._write_off(invoice)
        self.assertEqual(self._get_balances(entry)[self.bad_debts], 333.33)
        lines = (invoice | entry).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        self.assertEqual(lines.mapped("amount_residual"), [0, 0])
        self.assertFalse(lines.matched_debit_ids.exchange_move_id)

    def test_cancelled_entry_opens_the_invoice_again(self):
        invoice = self._create_invoice()
        entry = self._write_off(invoice)
        entry.button_cancel()
        self.assertEqual(invoice.amount_residual, 1000)
        self.assertEqual(invoice.billing_bad_debt_amount, 0)

    def test_more_than_is_open_is_refused(self):
        invoice = self._create_invoice()
        for amount in (1000.01, 0, -5):
            with self.assertRaisesRegex(BillingError, "at most that"):
                self._write_off(invoice, amount=amount)

    def test_second_write_off_of_a_closed_invoice_is_refused(self):
        invoice = self._create_invoice()
        self._write_off(invoice)
        with self.assertRaisesRegex(BillingError, "at most that"):
            self._write_off(invoice, amount=1000)

    def test_drafts_are_refused(self):
        self._create_entry(10)
        invoice = self._bill(JUNE)
        with self.assertRaisesRegex(BillingError, "posted customer invoices"):
            self._write_off(invoice, amount=1)

    def test_manager_writes_nothing_off(self):
        invoice = self._create_invoice()
        with self.assertRaises(AccessError):
            self._write_off(invoice, user=self.manager)

    def test_bad_debt_changes_no_work_in_progress(self):
        invoice = self._create_invoice()
        self._write_off(invoice)
        self.assertEqual(self._get_wip(date(2026, 7, 31))["closing"], 0)

    def test_expense_belongs_to_the_project_of_the_invoice(self):
        entry = self._write_off(self._create_invoice())
        line = entry.line_ids.filtered(lambda x: x.account_id == self.bad_debts)
        account = str(self.project.account_id.id)
        self.assertEqual(line.analytic_distribution, {account: 100})


@freeze_time("2026-08-10")
class TestBadDebtTracking(BadDebtCommon):
    """Of an invoice of 1,000 the customer paid 300 in July; 700 were written off."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.payment_term_id = cls.env.ref("account.account_payment_term_immediate")
        cls.facts = cls.env["project.billing.tracker"].with_user(cls.clerk)
        cls.ours = [("project_id", "=", cls.project.id)]

    def _close(self):
        invoice = self._create_invoice()
        self._pay(invoice, 300, date(2026, 7, 15))
        self._write_off(invoice)
        return invoice

    def _get_amounts(self, **context):
        facts = self.facts.with_context(**context)
        groups = facts._read_group(self.ours, ["stage"], ["gross_company:sum"])
        return dict(groups)

    def test_a_bad_debt_stands_apart_from_what_was_paid(self):
        self._close()
        self.assertEqual(self._get_amounts(), {"paid": 300, "bad_debt": 700})
        [fact] = self.facts.search([*self.ours, ("stage", "=", "bad_debt")])
        self.assertEqual(fact.date_paid, date(2026, 7, 31))
        self.assertFalse(self.facts.search([*self.ours, ("date_due", "=", False)]))

    def test_a_past_day_knows_the_bad_debt_from_its_day_on(self):
        self._close()
        before = self._get_amounts(billing_tracker_date="2026-07-30")
        self.assertEqual(before, {"paid": 300, "overdue": 700})
        after = self._get_amounts(billing_tracker_date="2026-07-31")
        self.assertEqual(after, {"paid": 300, "bad_debt": 700})

    def test_a_bad_debt_is_not_collected(self):
        self._close()
        data = self.env["project.billing.dashboard"].with_user(self.clerk)
        data = data.get_data({"partner_id": self.customer.id, "period": "last_month"})
        figures = {figure["key"]: figure for figure in data["figures"]}
        self.assertEqual(figures["collected"]["amount"], 300)
        rows = self.facts.search(figures["collected"]["domain"])
        self.assertEqual(sum(rows.mapped("gross_company")), 300)
        self.assertEqual(figures["dso"]["sales"], 1000)

    def test_a_bad_debt_is_not_paid_of_the_project(self):
        self._close()
        project = self.project.with_user(self.manager)
        self.assertEqual(project.billing_billed_amount, 1000)
        self.assertEqual(project.billing_paid_amount, 300)
        self.assertEqual(project.billing_bad_debt_amount, 700)
        found = project.search([("billing_bad_debt_amount", ">", 0)])
        self.assertEqual(found, project)

    def test_the_statement_calls_it_what_it_is(self):
        invoice = self._close()
        [block] = self.project._get_billing_statement(self.customer)
        self.assertEqual([row["amount"] for row in block["payments"]], [300])
        self.assertEqual(
            block["written_off"],
            [{"date": date(2026, 7, 31), "documents": [invoice.name], "amount": 700}],
        )
        totals = block["totals"]
        self.assertEqual((totals["paid"], totals["written_off"]), (300, 700))
        self.assertEqual((totals["invoiced"], totals["open"]), (1000, 0))

    def test_the_portal_does_not_call_it_paid(self):
        portal = self.env["project.billing.portal"].sudo()
        rows = portal._get_move_rows(self._close().sudo(), self.project)
        self.assertEqual(rows[0].label, "Written off")
        [total] = portal._get_totals(rows)
        self.assertEqual((total["paid"], total["written_off"]), (300, 700))

    def test_the_books_still_tie(self):
        self._close()
        check = self.env["project.billing.check"].with_user(self.clerk)
        self.assertFalse(check.search([("partner_id", "=", self.customer.id)]))
        self.assertFalse(check.search([("rule_id", "=", self.rule.id)]))

    def test_a_cancelled_bad_debt_is_owed_again(self):
        invoice = self._close()
        invoice.billing_bad_debt_ids.button_cancel()
        self.assertEqual(self._get_amounts(), {"paid": 300, "overdue": 700})
