"""Copies, replacements and products of lines that bill work."""

from odoo import Command
from odoo.tests import Form

from odoo.addons.project_invoice_tracker.exceptions import LedgerError

from .test_ledger_credits import CreditCommon


class TestCopiedLines(CreditCommon):
    """A copied line bills no work, and says so as long as it is there."""

    def _copy_line(self, invoice):
        line = invoice.invoice_line_ids
        copy = line.copy()
        self.assertEqual(len(invoice.invoice_line_ids), 2)
        return line, copy

    def test_line_copied_in_a_draft_bills_no_work_and_says_so(self):
        invoice = self._bill()
        line, copy = self._copy_line(invoice)
        self.assertFalse(copy.sudo().billing_allocation_ids)
        self.assertIn("bill no work", invoice.billing_warning)
        self.assertTrue(copy.billing_is_adjusted)
        self.assertFalse(line.billing_is_adjusted)
        self.assertQuantities(self.entry, 8, 0)

    def test_copied_line_says_so_when_its_original_is_deleted(self):
        invoice = self._bill()
        line, copy = self._copy_line(invoice)
        invoice.write({"invoice_line_ids": [Command.delete(line.id)]})
        self.assertIn("bills no work", invoice.billing_warning)
        self.assertQuantities(self.entry, 0, 8)

    def test_line_duplicated_in_the_form_bills_no_work_and_says_so(self):
        invoice = self._bill()
        line = invoice.invoice_line_ids
        with Form(invoice) as form, form.invoice_line_ids.new() as new:
            new.product_id = line.product_id
            new.name = line.name
            new.quantity = line.quantity
            new.price_unit = line.price_unit
        self.assertIn("bill no work", invoice.billing_warning)
        self.assertTrue((invoice.invoice_line_ids - line).billing_is_adjusted)

    def test_line_of_another_text_has_no_banner(self):
        invoice = self._bill()
        with Form(invoice) as form, form.invoice_line_ids.new() as line:
            line.name = "Travel"
            line.price_unit = 50
        self.assertFalse(invoice.billing_warning)

    def test_copied_line_beside_a_changed_one_leaves_both_said(self):
        invoice = self._bill()
        line, _copy = self._copy_line(invoice)
        invoice.write(
            {"invoice_line_ids": [Command.update(line.id, {"price_unit": 90})]}
        )
        self.assertIn("bill no work", invoice.billing_warning)
        self.assertIn("adjustment", invoice.billing_warning)

    def test_duplicate_says_so_when_its_original_is_deleted(self):
        invoice = self._bill()
        copy = invoice.copy()
        invoice.unlink()
        self.assertIn("bills no work", copy.billing_warning)
        self.assertIn("bills no work", copy.copy().billing_warning)

    def test_replacement_has_no_banner(self):
        replacement = self._replace(self._bill_and_post())
        self.assertFalse(replacement.billing_warning)
        self.assertFalse(replacement.invoice_line_ids.billing_is_adjusted)

    def test_credit_note_lines_are_not_marked(self):
        credit = self._reverse(self._bill_and_post(), post=False)
        self.assertFalse(credit.invoice_line_ids.billing_is_adjusted)

    def test_replacement_of_an_invoice_without_work_has_no_banner(self):
        invoice = self._bill_and_post()
        plain = invoice.copy()
        plain.billing_duplicate_of_id = False
        plain.write(
            {
                "invoice_line_ids": [
                    Command.clear(),
                    Command.create({"name": "Chair", "price_unit": 40}),
                ],
                "invoice_date": "2026-06-30",
            }
        )
        plain.action_post()
        self.assertFalse(self._replace(plain).billing_warning)


class TestSecondReplacement(CreditCommon):
    """Reverse and create once: the second replacement would bill no work."""

    def assertRefused(self, invoice):
        moves = self.env["account.move"].search([])
        with self.assertRaises(LedgerError) as caught, self.cr.savepoint():
            self._replace(invoice)
        self.assertEqual(self.env["account.move"].search([]), moves)
        return str(caught.exception)

    def test_second_replacement_is_refused(self):
        invoice = self._bill_and_post()
        first = self._replace(invoice)
        message = self.assertRefused(invoice)
        self.assertIn(invoice.name, message)
        self.assertIn(invoice.reversal_move_ids.name, message)
        self.assertEqual(first.sudo().billing_allocation_ids.quantity, 8)
        self.assertQuantities(self.entry, 8, 0)

    def test_replacement_of_an_invoice_that_was_credited_is_refused(self):
        invoice = self._bill_and_post()
        self._reverse(invoice)
        self.assertRefused(invoice)
        self.assertQuantities(self.entry, 0, 8)

    def test_replacement_after_a_price_reduction_is_made(self):
        invoice = self._bill_and_post()
        credit = self._reverse(invoice, mode="price_reduction", post=False)
        credit.invoice_line_ids.write({"quantity": 1, "price_unit": 100})
        credit.action_post()
        replacement = self._replace(invoice)
        self.assertEqual(replacement.sudo().billing_allocation_ids.quantity, 8)

    def test_one_of_two_invoices_without_work_left_refuses_both(self):
        first = self._bill_and_post()
        self._create_entry(1, "2026-07-10")
        second = self._bill_and_post("2026-07-31")
        self._replace(first)
        self.assertRefused(first | second)


class TestProducts(CreditCommon):
    """Another product on a line that bills work leaves its unit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.days = cls.env["product.product"].create(
            {
                "name": "Consulting day",
                "type": "service",
                "uom_id": cls.day.id,
                "list_price": 800,
                "taxes_id": [Command.clear()],
            }
        )

    def test_product_by_the_day_keeps_the_hours_in_the_form(self):
        invoice = self._bill()
        with Form(invoice) as form, form.invoice_line_ids.edit(0) as line:
            line.product_id = self.days
            self.assertEqual(line.product_uom_id, self.hour)
        line = invoice.invoice_line_ids
        self.assertRecordValues(
            line, [{"product_uom_id": self.hour.id, "quantity": 8, "price_unit": 100}]
        )
        self.assertQuantities(self.entry, 8, 0)

    def test_product_by_the_day_keeps_the_hours_when_written(self):
        invoice = self._bill()
        invoice.invoice_line_ids.product_id = self.days
        self.assertEqual(invoice.invoice_line_ids.product_uom_id, self.hour)
        self.assertEqual(invoice.invoice_line_ids.quantity, 8)
        self.assertQuantities(self.entry, 8, 0)

    def test_line_without_work_takes_the_unit_of_its_product(self):
        invoice = self._bill()
        with Form(invoice) as form, form.invoice_line_ids.new() as line:
            line.product_id = self.days
            self.assertEqual(line.product_uom_id, self.day)
