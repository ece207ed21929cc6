from datetime import date

from odoo import Command
from odoo.exceptions import AccessError

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .wip_common import JUNE, WipCommon


class TestBadDebt(WipCommon):
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

    def _get_balances(self, entry):
        balances = {}
        for line in entry.line_ids:
            balances[line.account_id] = balances.get(line.account_id, 0) + line.balance
        return balances

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
