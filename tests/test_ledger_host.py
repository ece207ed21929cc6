"""What the host can do to an invoice beside the ledger: the work stays as it was."""

from datetime import date

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, freeze_time

from .test_ledger_credits import CreditCommon

TODAY = date(2026, 6, 30)


class TestHostMoney(CreditCommon):
    """Rounding, discounts and rates change what is owed, not what is billed."""

    def _create_rounding(self, strategy):
        account = self.company_data["default_account_revenue"].copy()
        return self.env["account.cash.rounding"].create(
            {
                "name": "To 5.00",
                "rounding": 5.0,
                "strategy": strategy,
                "rounding_method": "UP",
                "profit_account_id": account.id,
                "loss_account_id": account.id,
            }
        )

    def _round(self, invoice, strategy):
        invoice.invoice_cash_rounding_id = self._create_rounding(strategy)

    def test_cash_rounding_line_bills_no_work_and_is_no_copy(self):
        self.rule.price = 100.33
        invoice = self._bill()
        self._round(invoice, "add_invoice_line")
        self.assertEqual(invoice.amount_total, 805)
        self.assertFalse(invoice.billing_warning)
        self.assertEqual(self.entry.billed_amount, 802.64)
        invoice.action_post()
        self.assertQuantities(self.entry, 8, 0)

    def test_cash_rounding_is_credited_with_the_work(self):
        self.rule.price = 100.33
        invoice = self._bill()
        self._round(invoice, "add_invoice_line")
        invoice.action_post()
        credit = self._reverse(invoice)
        self.assertEqual(credit.amount_total, 805)
        self.assertQuantities(self.entry, 0, 8)
        self.assertEqual(self.entry.billed_amount, 0)

    def test_cash_rounding_of_the_tax_leaves_the_work(self):
        self.hours_product.taxes_id = self.tax_sale_a
        self.rule.price = 100.33
        invoice = self._bill()
        self._round(invoice, "biggest_tax")
        self.assertEqual(invoice.amount_total % 5, 0)
        line = invoice.invoice_line_ids
        self.assertFalse(line.billing_is_adjusted)
        self._edit_line(invoice, quantity=4)
        self.assertEqual(invoice.amount_total % 5, 0)
        self.assertQuantities(self.entry, 4, 4)

    def test_lowered_line_of_a_rounded_invoice_gets_its_work_back(self):
        invoice = self._bill()
        self._round(invoice, "add_invoice_line")
        self._edit_line(invoice, quantity=3.33)
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 8, 0)

    def _create_early_discount(self, computation):
        return self.env["account.payment.term"].create(
            {
                "name": "2 % in 10 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": computation,
                "line_ids": [Command.create({"value": "percent", "value_amount": 100})],
            }
        )

    def _bill_with_discount(self, computation):
        """Bill with an early payment discount, pay in time, credit 3.5 h."""
        self.hours_product.taxes_id = self.tax_sale_a
        term = self._create_early_discount(computation)
        self.customer.property_payment_term_id = term
        invoice = self._bill()
        self.assertEqual(invoice.invoice_payment_term_id, term)
        self.assertFalse(invoice.billing_warning)
        self.assertFalse(any(invoice.invoice_line_ids.mapped("billing_is_adjusted")))
        self._edit_line(invoice, quantity=4)
        self._edit_line(invoice, quantity=8)
        invoice.action_post()
        self._pay(invoice, date(2026, 7, 1))
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self.assertQuantities(self.entry, 8, 0)
        self._reverse(invoice, hours={self.entry: 3.5})
        self.assertQuantities(self.entry, 4.5, 3.5)

    def test_early_payment_discount_of_the_tax_too_leaves_the_work_billed(self):
        self._bill_with_discount("included")

    def test_early_payment_discount_without_the_tax_leaves_the_work_billed(self):
        self._bill_with_discount("excluded")

    def test_early_payment_discount_always_on_the_tax_leaves_the_work_billed(self):
        self._bill_with_discount("mixed")

    def _pay(self, invoice, day):
        self.env["account.payment.register"].with_user(self.clerk).with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": day}).action_create_payments()

    def _set_rate(self, currency, day, rate):
        self.env["res.currency.rate"].search(
            [("currency_id", "=", currency.id), ("name", "=", day)]
        ).unlink()
        self.env["res.currency.rate"].create(
            {
                "name": day,
                "currency_id": currency.id,
                "company_id": self.company.id,
                "rate": rate,
            }
        )

    def _bill_foreign(self):
        """Return currency and run of hours priced in the company's own currency."""
        currency = self.setup_other_currency("HRK")
        self._set_rate(currency, TODAY, 2)
        self.entry.billing_nonbillable = True
        project = self._create_project("Abroad")
        self._create_rule(
            project=project,
            currency_id=currency.id,
            rate_ids=[
                Command.create(
                    {
                        "employee_id": self.ann.id,
                        "price": 100,
                        "currency_id": self.company.currency_id.id,
                    }
                )
            ],
        )
        entry = self._create_entry(8, task=self._create_task("Abroad", project))
        return currency, entry, self._propose(projects=project)

    def test_rate_changed_after_the_proposal_is_proposed_again(self):
        currency, entry, run = self._bill_foreign()
        self.assertEqual(run.line_ids.amount, 1600)
        self._set_rate(currency, TODAY, 3)
        run.action_invoice()
        self.assertFalse(run.move_ids)
        self.assertEqual(run.line_ids.reason_code, "changed_meanwhile")
        invoice = self._bill(projects=entry.project_id)
        self.assertEqual(invoice.amount_untaxed, 2400)
        self.assertEqual(entry.billed_amount, 2400)
        self.assertConserved(entry.project_id)

    def test_rate_changed_after_the_invoice_changes_neither_price_nor_work(self):
        currency, entry, run = self._bill_foreign()
        run.action_invoice()
        invoice = run.move_ids
        self._set_rate(currency, TODAY, 4)
        with Form(invoice) as form:
            form.invoice_date = date(2026, 7, 1)
        invoice.action_post()
        self.assertEqual(invoice.amount_untaxed, 1600)
        self.assertEqual(entry.billed_amount, 1600)
        credit = self._reverse(invoice, hours={entry: 2})
        self.assertEqual(credit.amount_untaxed, 400)
        self.assertEqual(entry.billed_quantity, 6)
        self.assertConserved(entry.project_id)


class TestHostDocuments(CreditCommon):
    """Hashes, recurrences, debit notes and new numbers."""

    def test_hashed_invoice_keeps_its_work_and_can_be_credited(self):
        invoice = self._bill()
        invoice.journal_id.sudo().restrict_mode_hash_table = True
        invoice.action_post()
        self.assertTrue(invoice.inalterable_hash)
        for step in (invoice.button_draft, invoice.button_cancel, invoice.unlink):
            with self.assertRaises(UserError), self.cr.savepoint():
                step()
        self.assertQuantities(self.entry, 8, 0)
        credit = self._reverse(invoice, hours={self.entry: 3.5})
        self.assertTrue(credit.inalterable_hash)
        self.assertQuantities(self.entry, 4.5, 3.5)
        with self.assertRaises(UserError), self.cr.savepoint():
            credit.button_draft()
        self.assertQuantities(self.entry, 4.5, 3.5)
        replacement = self._replace(invoice)
        replacement.action_post()
        self.assertQuantities(self.entry, 4.5, 3.5)

    def test_hashed_invoice_is_still_the_same(self):
        invoice = self._bill()
        invoice.journal_id.sudo().restrict_mode_hash_table = True
        invoice.action_post()
        self._reverse(invoice, mode="write_off")
        results = self.company._check_hash_integrity()["results"]
        self.assertEqual([r["status"] for r in results], ["verified"] * 2)

    @freeze_time("2026-06-30")
    def test_recurring_invoice_bills_its_work_once_however_often_it_recurs(self):
        invoice = self._bill()
        with Form(invoice) as form:
            form.auto_post = "monthly"
        invoice.action_post()
        for day in ("2026-07-31", "2026-08-31"):
            with freeze_time(day), self.enter_registry_test_mode():
                cron = self.env.ref("account.ir_cron_auto_post_draft_entry").sudo()
                self.assertIs(cron.method_direct_trigger(), True)
        copies = self.env["account.move"].search(
            [("auto_post_origin_id", "=", invoice.id), ("id", "!=", invoice.id)]
        )
        self.assertEqual(
            copies.sorted("id").mapped("state"), ["posted", "posted", "draft"]
        )
        for copy in copies:
            self.assertIn("bills no work", copy.billing_warning)
        self.assertFalse(copies.sudo().billing_allocation_ids)
        self.assertQuantities(self.entry, 8, 0)
        self._reverse(copies.filtered(lambda m: m.state == "posted")[:1])
        self.assertQuantities(self.entry, 8, 0)

    def _debit(self, invoice, copy_lines):
        wizard = (
            self.env["account.debit.note"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"copy_lines": copy_lines, "reason": "Wrong price"})
        )
        return self.env["account.move"].browse(wizard.create_debit()["res_id"])

    def test_credited_debit_note_takes_no_work_back(self):
        invoice = self._bill_and_post()
        debit = self._debit(invoice, True)
        debit.invoice_line_ids.quantity = 1
        debit.action_post()
        credit = self._reverse(debit)
        self.assertEqual(credit.amount_untaxed, 100)
        self.assertQuantities(self.entry, 8, 0)

    def test_replaced_debit_note_claims_no_work(self):
        debit = self._debit(self._bill_and_post(), True)
        debit.action_post()
        replacement = self._replace(debit)
        self.assertFalse(replacement.sudo().billing_allocation_ids)
        self.assertIn("bills no work", replacement.billing_warning)
        self.assertQuantities(self.entry, 8, 0)

    def test_debit_note_with_lines_of_its_own_has_no_banner(self):
        debit = self._debit(self._bill_and_post(), False)
        debit.write(
            {"invoice_line_ids": [Command.create({"name": "Fee", "price_unit": 40})]}
        )
        self.assertFalse(debit.billing_warning)

    def test_invoice_with_a_new_number_is_called_by_it(self):
        invoice = self._bill_and_post()
        self._reverse(invoice, hours={self.entry: 3})
        year = invoice.date.year
        self.env["account.resequence.wizard"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).with_user(self.administrator).create(
            {"first_name": f"INV/{year}/00777"}
        ).resequence()
        self.assertEqual(invoice.name, f"INV/{year}/00777")
        with self.assertRaises(UserError) as caught:
            self.entry.unit_amount = 9
        self.assertIn(invoice.name, str(caught.exception))
        self.assertQuantities(self.entry, 5, 3)
        self._reverse(invoice, hours={self.entry: 2})
        self.assertQuantities(self.entry, 3, 5)
