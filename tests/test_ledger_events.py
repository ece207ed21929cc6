from datetime import date

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form

from odoo.addons.project_invoice_tracker.exceptions import (
    AlreadyBilledError,
    LedgerError,
    LockedError,
)

from .common import BillingCommon


class LedgerCommon(BillingCommon):
    """A rule of 100.00 an hour and two entries: 8 h, and 2 h a day later."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100)
        cls.entry = cls._create_entry(8)

    def _add_newer(self, hours=2):
        return self._create_entry(hours, date(2026, 6, 16))

    def _edit_line(self, move, **values):
        """Change the first line of a draft in its form, as the clerk does."""
        with Form(move) as form, form.invoice_line_ids.edit(0) as line:
            for name, value in values.items():
                setattr(line, name, value)

    def assertQuantities(self, entry, billed, held):
        self.env.flush_all()
        entry.invalidate_recordset()
        self.assertAlmostEqual(entry.billed_quantity, billed, 6)
        self.assertAlmostEqual(entry.billing_held_quantity, held, 6)
        self.assertConserved()


class TestDraftEvents(LedgerCommon):
    """What edits and deletions of a draft do to the work that it bills."""

    def test_draft_claims_at_once(self):
        invoice = self._bill()
        self.assertEqual(self.entry.billed_quantity, 8)
        self.assertRecordValues(
            invoice.invoice_line_ids,
            [{"quantity": 8, "price_unit": 100, "price_subtotal": 800}],
        )
        self.assertConserved()

    def test_draft_is_not_proposed_again(self):
        self._bill()
        self.assertFalse(self._get_lines(self._propose(), "proposed"))

    def test_entry_on_a_draft_keeps_what_the_customer_reads(self):
        invoice = self._bill()
        other_task = self._create_task("Build")
        other_project = self._create_project("Shop")
        for values in (
            {"unit_amount": 7},
            {"date": date(2026, 6, 1)},
            {"employee_id": self.ben.id},
            {"task_id": other_task.id},
            {"project_id": other_project.id, "task_id": False},
        ):
            with self.subTest(values=values), self.assertRaises(LockedError) as caught:
                self.entry.write(values)
            name = invoice.name or str(invoice.id)
            self.assertIn(name, str(caught.exception))

    def test_entry_on_a_draft_cannot_be_deleted(self):
        self._bill()
        with self.assertRaises(UserError):
            self.entry.unlink()

    def test_cost_of_a_billed_entry_may_change(self):
        self._bill().action_post()
        self.entry.amount = -480
        self.assertEqual(self.entry.amount, -480)
        self.assertConserved()

    def test_description_of_a_billed_entry_may_change(self):
        self._bill()
        self.entry.name = "Another description"
        self.assertConserved()

    def test_moved_task_leaves_billed_entries_where_they_are(self):
        free = self._create_entry(1, date(2026, 7, 10))
        self._bill()
        shop = self._create_project("Shop")
        self.task.with_user(self.manager).project_id = shop
        self.env.flush_all()
        self.assertEqual(self.entry.project_id, self.project)
        self.assertEqual(free.project_id, shop)
        self.assertConserved(self.project | shop)

    def test_lower_quantity_releases_the_newest_entry_first(self):
        newer = self._add_newer()
        invoice = self._bill()
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 8, 0)
        self.assertQuantities(newer, 0, 2)

    def test_lower_quantity_splits_an_entry(self):
        newer = self._add_newer()
        invoice = self._bill()
        self._edit_line(invoice, quantity=6.5)
        self.assertQuantities(newer, 0, 2)
        self.assertQuantities(self.entry, 6.5, 1.5)
        self.assertIn("Taken off", self.entry.billing_held_reason)

    def test_quantity_lowered_and_raised_again_bills_no_hour_twice(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=5)
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 8, 0)
        self.assertFalse(invoice.invoice_line_ids.billing_is_adjusted)

    def test_quantity_zero_releases_everything(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=0)
        self.assertQuantities(self.entry, 0, 8)

    def test_raised_quantity_is_an_adjustment(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=9)
        row = invoice.sudo().billing_allocation_ids
        self.assertRecordValues(
            row, [{"quantity": 8, "amount": 800, "adjustment": 100}]
        )
        self.assertTrue(invoice.invoice_line_ids.billing_is_adjusted)
        self.assertQuantities(self.entry, 8, 0)

    def test_lowered_price_is_an_adjustment(self):
        invoice = self._bill()
        self._edit_line(invoice, price_unit=90)
        row = invoice.sudo().billing_allocation_ids
        self.assertRecordValues(row, [{"amount": 800, "adjustment": -80}])
        self.assertTrue(invoice.invoice_line_ids.billing_is_adjusted)
        self.assertIn("adjustment", invoice.billing_warning)
        self.assertQuantities(self.entry, 8, 0)

    def test_raised_price_is_an_adjustment(self):
        invoice = self._bill()
        self._edit_line(invoice, price_unit=120)
        row = invoice.sudo().billing_allocation_ids
        self.assertRecordValues(row, [{"amount": 800, "adjustment": 160}])
        self.assertConserved()

    def test_discount_is_an_adjustment(self):
        invoice = self._bill()
        invoice.write(
            {
                "invoice_line_ids": [
                    Command.update(invoice.invoice_line_ids.id, {"discount": 10})
                ]
            }
        )
        row = invoice.sudo().billing_allocation_ids
        self.assertRecordValues(row, [{"amount": 800, "adjustment": -80}])
        self.assertTrue(invoice.invoice_line_ids.billing_is_adjusted)
        self.assertConserved()

    def test_edit_by_direct_write_on_the_line_is_followed_too(self):
        invoice = self._bill()
        invoice.invoice_line_ids.write({"quantity": 3})
        self.assertQuantities(self.entry, 3, 5)

    def test_deleted_line_frees_its_work_on_hold(self):
        other = self._create_entry(1, task=self._create_task("Build"))
        invoice = self._bill()
        line = other.billing_allocation_ids.move_line_id
        invoice.write({"invoice_line_ids": [Command.delete(line.id)]})
        self.assertQuantities(other, 0, 1)
        self.assertQuantities(self.entry, 8, 0)

    def test_deleted_draft_frees_its_work_on_hold(self):
        self._bill().unlink()
        self.assertQuantities(self.entry, 0, 8)
        self.assertFalse(self.entry.billing_allocation_ids)
        self.assertEqual(self._get_reasons(self._propose()), {"held": 8})

    def test_added_line_of_the_clerk_bills_no_work(self):
        invoice = self._bill()
        with Form(invoice) as form, form.invoice_line_ids.new() as line:
            line.name = "Travel"
            line.price_unit = 50
        self.assertQuantities(self.entry, 8, 0)
        self.assertEqual(invoice.amount_untaxed, 850)

    def test_type_switch_is_refused(self):
        invoice = self._bill()
        with self.assertRaises(LedgerError):
            invoice.action_switch_move_type()
        self.assertEqual(invoice.move_type, "out_invoice")

    def test_currency_change_is_refused(self):
        invoice = self._bill()
        other = self.setup_other_currency("HRK")
        with self.assertRaises(LedgerError):
            invoice.currency_id = other

    def test_currency_written_unchanged_is_accepted(self):
        invoice = self._bill()
        invoice.currency_id = invoice.currency_id
        self.assertConserved()


class TestStateEvents(LedgerCommon):
    """Posting, resetting and cancelling an invoice."""

    def test_posting_keeps_the_claim(self):
        self._bill().action_post()
        self.assertQuantities(self.entry, 8, 0)

    def test_posted_then_reset_to_draft_keeps_the_claim(self):
        invoice = self._bill()
        invoice.action_post()
        invoice.button_draft()
        self.assertQuantities(self.entry, 8, 0)

    def test_cancelled_invoice_frees_its_work_on_hold(self):
        invoice = self._bill()
        invoice.button_cancel()
        self.assertQuantities(self.entry, 0, 8)
        self.assertIn("cancelled", self.entry.billing_held_reason)

    def test_cancelled_invoice_back_to_draft_claims_again(self):
        invoice = self._bill()
        invoice.button_cancel()
        invoice.button_draft()
        self.assertQuantities(self.entry, 8, 0)
        invoice.action_post()
        self.assertQuantities(self.entry, 8, 0)

    def test_cancelled_invoice_whose_work_was_billed_again_stays_cancelled(self):
        first = self._bill()
        first.action_post()
        first.button_draft()
        first.button_cancel()
        self.entry.with_user(self.clerk).action_billing_release()
        second = self._bill()
        second.action_post()
        with self.assertRaises(AlreadyBilledError) as caught:
            first.button_draft()
        self.assertIn(second.name, str(caught.exception))
        self.assertEqual(first.state, "cancel")
        self.assertQuantities(self.entry, 8, 0)

    def test_cancelled_invoice_whose_entry_shrank_stays_cancelled(self):
        invoice = self._bill()
        invoice.button_cancel()
        self.entry.unit_amount = 5
        with self.assertRaises(AlreadyBilledError):
            invoice.button_draft()
        self.assertQuantities(self.entry, 0, 5)

    def test_cancelled_draft_can_be_deleted(self):
        invoice = self._bill()
        invoice.button_cancel()
        invoice.unlink()
        self.assertQuantities(self.entry, 0, 8)

    def test_line_of_a_cancelled_invoice_is_not_followed(self):
        invoice = self._bill()
        invoice.button_cancel()
        self.entry.with_user(self.clerk).action_billing_release()
        self._bill()
        invoice.unlink()
        self.assertQuantities(self.entry, 8, 0)


class TestCopyEvents(LedgerCommon):
    """Copies of invoices bill no work; merged lines take theirs along."""

    def test_duplicate_bills_no_work_and_says_so(self):
        copy = self._bill().copy()
        self.assertFalse(copy.sudo().billing_allocation_ids)
        self.assertIn("bills no work", copy.billing_warning)
        copy.invoice_date = date(2026, 6, 30)
        copy.action_post()
        self.assertQuantities(self.entry, 8, 0)

    def test_deleted_duplicate_frees_nothing(self):
        self._bill().copy().unlink()
        self.assertQuantities(self.entry, 8, 0)

    def test_recurring_copy_bills_no_work_and_says_so(self):
        invoice = self._bill()
        invoice.write({"auto_post": "monthly", "invoice_date": date(2026, 6, 30)})
        invoice.action_post()
        copy = self.env["account.move"].search(
            [("auto_post_origin_id", "=", invoice.id), ("id", "!=", invoice.id)]
        )
        self.assertEqual(len(copy), 1)
        self.assertFalse(copy.billing_allocation_ids)
        self.assertIn("bills no work", copy.billing_warning)
        self.assertQuantities(self.entry, 8, 0)

    def test_debit_note_bills_no_work_and_says_so(self):
        invoice = self._bill()
        invoice.action_post()
        wizard = (
            self.env["account.debit.note"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"copy_lines": True, "reason": "Wrong price"})
        )
        action = wizard.create_debit()
        debit = self.env["account.move"].browse(action["res_id"])
        self.assertFalse(debit.billing_allocation_ids)
        self.assertIn("bills no work", debit.billing_warning)
        self.assertQuantities(self.entry, 8, 0)

    def test_lines_merged_into_another_draft_take_their_work_along(self):
        first = self._bill()
        second_entry = self._create_entry(1, date(2026, 7, 10))
        second = self._bill(date(2026, 7, 31))
        second.invoice_line_ids.write({"move_id": first.id})
        self.assertEqual(second_entry.billing_allocation_ids.move_id, first)
        self.assertQuantities(second_entry, 1, 0)
        second.unlink()
        self.assertQuantities(second_entry, 1, 0)
        first.button_cancel()
        self.assertQuantities(second_entry, 0, 1)

    def test_lines_are_not_moved_to_a_credit_note(self):
        invoice = self._bill()
        refund = (
            self.env["account.move"]
            .with_user(self.clerk)
            .create({"move_type": "out_refund", "partner_id": self.customer.id})
        )
        with self.assertRaises(UserError):
            invoice.invoice_line_ids.write({"move_id": refund.id})

    def test_lines_are_not_moved_to_an_invoice_in_another_currency(self):
        invoice = self._bill()
        other = (
            self.env["account.move"]
            .with_user(self.clerk)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "currency_id": self.setup_other_currency("HRK").id,
                }
            )
        )
        with self.assertRaises(LedgerError):
            invoice.invoice_line_ids.write({"move_id": other.id})
