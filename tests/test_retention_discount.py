from datetime import date

from odoo import Command
from odoo.tests import Form, freeze_time

from odoo.addons.project_invoice_tracker.models.project_billing_rule_retention_mixin import (  # noqa: E501
    FAR_DATE,
)

from .test_retention import RetentionCommon


@freeze_time("2026-06-30")
class TestRetentionDiscount(RetentionCommon):
    """Early payment discount of what is due; what is retained is left alone.

    10,000.00 with 21 % VAT, of which 10 % are retained; 2 % off within ten days.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.milestone_product.taxes_id = cls.tax
        cls.discount_account = (
            cls.company.account_journal_early_pay_discount_loss_account_id
        )

    def _set_discount(self, computation):
        self.rule.payment_term_id = self.env["account.payment.term"].create(
            {
                "name": "2 % in 10 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": computation,
                "line_ids": [Command.create({"value_amount": 100, "nb_days": 30})],
            }
        )

    def _bill_posted(self, computation):
        self._set_discount(computation)
        invoice = self._bill()
        invoice.action_post()
        return invoice

    def _open_dialogue(self, moves, day=None, lines=None):
        """Return the payment dialogue as the clerk sees it."""
        dialogue = Form(
            self.env["account.payment.register"]
            .with_user(self.clerk)
            .with_context(
                active_model="account.move.line" if lines else "account.move",
                active_ids=(lines or moves).ids,
            )
        )
        dialogue.payment_date = day or date(2026, 7, 10)
        return dialogue

    def _pay_early(self, invoice):
        """Pay what the dialogue shows; return the payment's entry."""
        return self._open_dialogue(invoice).save()._create_payments().move_id

    def assertPaidEarly(self, invoice, paid, base, tax=0.0, retained=1000.0):
        """Check what was paid, what is discounted, and what is retained.

        :param base: discount that is lost, without tax
        :param tax: VAT that the discount takes back
        """
        entry = self._pay_early(invoice)
        receivable = entry.line_ids.filtered(
            lambda x: x.account_id == self._get_terms(invoice).account_id
        )
        discount = entry.line_ids.filtered(
            lambda x: x.account_id == self.discount_account
        )
        taxes = entry.line_ids.filtered("tax_line_id")
        money = entry.line_ids - receivable - discount - taxes
        shown = [sum(x.mapped("balance")) for x in (money, discount, taxes)]
        self.assertEqual([round(x, 2) for x in shown], [paid, base, tax])
        due, kept = self._get_terms(invoice)
        self.assertTrue(due.reconciled)
        self.assertEqual(due.amount_residual, 0)
        self.assertEqual(kept.amount_residual, retained)
        self.assertEqual(kept.date_maturity, FAR_DATE)
        self.assertFalse(kept.matched_credit_ids)
        self.assertEqual(invoice.amount_residual, retained)

    def test_discount_of_the_tax_too(self):
        invoice = self._bill_posted("included")
        self.assertPaidEarly(invoice, 10878, 183.47, 38.53)

    def test_discount_without_the_tax(self):
        invoice = self._bill_posted("excluded")
        self.assertPaidEarly(invoice, 10920, 180)

    def test_discount_always_on_the_tax_is_that_of_the_whole_invoice(self):
        invoice = self._bill_posted("mixed")
        self.assertEqual(invoice.amount_tax, 2058)  # 21 % of 98 %
        self.assertPaidEarly(invoice, 10858, 200)

    def test_discount_without_the_tax_beside_a_share_of_the_amount_with_tax(self):
        self.rule.retention_base = "gross"
        invoice = self._bill_posted("excluded")
        self.assertTerms(invoice, [10890], [1210])
        self.assertPaidEarly(invoice, 10710, 180, retained=1210)

    def test_discount_in_foreign_currency_clears_what_is_due_in_both(self):
        self._set_discount("included")
        invoice = self._bill_abroad(payment_term_id=self.rule.payment_term_id.id)
        invoice.action_post()
        # 100.01 + 21.00 = 121.01, of which 10.00 are retained and 2.22 discounted
        entry = self._pay_early(invoice)
        due, kept = self._get_terms(invoice)
        self.assertEqual(due.amount_currency, 111.01)
        self.assertEqual(entry.line_ids[0].amount_currency, 108.79)
        self.assertEqual((due.amount_residual, due.amount_residual_currency), (0, 0))
        self.assertEqual(kept.amount_residual_currency, 10)
        self.assertEqual(kept.amount_residual, kept.balance)

    def test_dialogue_shows_what_is_due_less_the_discount(self):
        invoice = self._bill_posted("included")
        dialogue = self._open_dialogue(invoice, date(2026, 7, 10))
        self.assertEqual(dialogue.amount, 10878)
        self.assertTrue(dialogue.early_payment_discount_mode)

    def test_dialogue_shows_what_is_due_after_the_last_day_of_the_discount(self):
        invoice = self._bill_posted("included")
        dialogue = self._open_dialogue(invoice, date(2026, 7, 11))
        self.assertEqual(dialogue.amount, 11100)
        self.assertFalse(dialogue.early_payment_discount_mode)

    def test_several_invoices_are_paid_early_together(self):
        first = self._bill_posted("included")
        self.build.progress_percentage = 50
        second = self._bill()
        second.action_post()
        dialogue = self._open_dialogue(first | second)
        dialogue.group_payment = True
        dialogue.save()._create_payments()
        for invoice in first | second:
            due, kept = self._get_terms(invoice)
            self.assertTrue(due.reconciled)
            self.assertEqual(kept.amount_residual, kept.balance)

    def test_retained_share_is_paid_afterwards_without_discount(self):
        invoice = self._bill_posted("included")
        self._pay_early(invoice)
        dialogue = self._open_dialogue(invoice, date(2026, 7, 10))
        self.assertEqual(dialogue.amount, 1000)
        dialogue.save()._create_payments()
        self.assertEqual(invoice.amount_residual, 0)

    def test_retained_share_chosen_alone_is_paid_without_discount(self):
        invoice = self._bill_posted("included")
        kept = self._get_retained(invoice)
        dialogue = self._open_dialogue(invoice, lines=kept)
        self.assertEqual(dialogue.amount, 1000)
        self.assertFalse(dialogue.early_payment_discount_mode)
        dialogue.save()._create_payments()
        self.assertEqual(kept.amount_residual, 0)
        self.assertEqual(invoice.amount_residual, 11100)

    def test_customer_is_told_of_the_discount_on_what_is_due(self):
        invoice = self._bill_posted("included")
        values = invoice._get_invoice_next_payment_values()
        self.assertEqual(values["installment_state"], "epd")
        self.assertEqual(values["amount_due"], 10878)
        self.assertEqual(values["next_amount_to_pay"], 11100)
