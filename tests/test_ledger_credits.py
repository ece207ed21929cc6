from datetime import date

from psycopg2.errors import CheckViolation

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import (
    AlreadyBilledError,
    BillingError,
    LedgerError,
)

from .test_ledger_events import LedgerCommon


class CreditCommon(LedgerCommon):
    def _bill_and_post(self, *args, **kwargs):
        invoice = self._bill(*args, **kwargs)
        invoice.action_post()
        return invoice

    def _release(self, *entries):
        for entry in entries:
            entry.with_user(self.clerk).action_billing_release()


class TestCreditsThatTakeWorkBack(CreditCommon):
    """Hours that a credit note gives back are held until a person releases them."""

    def test_full_credit_holds_everything(self):
        credit = self._reverse(self._bill_and_post())
        self.assertQuantities(self.entry, 0, 8)
        self.assertIn(credit.name, self.entry.billing_held_reason)

    def test_credited_entry_may_be_edited_and_billed_again(self):
        entry = self._create_entry(5, date(2026, 6, 20), task=self._create_task("A08"))
        invoice = self._bill_and_post()
        self._reverse(invoice)
        entry.unit_amount = 7
        self._release(entry)
        self.assertEqual(self._bill().invoice_line_ids.quantity, 7)
        self.assertQuantities(entry, 7, 0)

    def test_credit_of_one_line_leaves_the_other_line_billed(self):
        self.entry.unit_amount = 5
        other = self._create_entry(5, task=self._create_task("Build"))
        invoice = self._bill_and_post()
        kept = other.billing_allocation_ids.move_line_id
        self._reverse(invoice, quantities={kept: 0})
        self.assertQuantities(self.entry, 0, 5)
        self.assertQuantities(other, 5, 0)

    def test_partial_credit_holds_named_hours(self):
        invoice = self._bill_and_post()
        self._reverse(invoice, hours={self.entry: 3.5})
        self.assertQuantities(self.entry, 4.5, 3.5)
        run = self._propose()
        self.assertFalse(self._get_lines(run, "proposed"))
        self._release(self.entry)
        self.assertEqual(self._bill().invoice_line_ids.quantity, 3.5)
        self.assertConserved()

    def test_named_hours_of_the_older_entry_leave_the_newer_one_billed(self):
        newer = self._add_newer()
        self._reverse(self._bill_and_post(), hours={self.entry: 1})
        self.assertQuantities(self.entry, 7, 1)
        self.assertQuantities(newer, 2, 0)

    def test_quantity_typed_on_the_credit_note_takes_the_newest_back(self):
        newer = self._add_newer()
        invoice = self._bill_and_post()
        self._reverse(invoice, quantities={invoice.invoice_line_ids: 3})
        self.assertQuantities(newer, 0, 2)
        self.assertQuantities(self.entry, 7, 1)

    def test_two_partial_credits_take_back_different_hours(self):
        invoice = self._bill_and_post()
        self._reverse(invoice, hours={self.entry: 3})
        self._reverse(invoice, hours={self.entry: 2})
        self.assertQuantities(self.entry, 3, 5)

    def test_more_credit_than_is_left_takes_back_what_is_left(self):
        invoice = self._bill_and_post()
        self._reverse(invoice, hours={self.entry: 3})
        self._reverse(invoice, quantities={invoice.invoice_line_ids: 8})
        self.assertQuantities(self.entry, 0, 8)

    def test_more_hours_than_were_billed_cannot_be_named(self):
        invoice = self._bill_and_post()
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self._reverse(invoice, hours={self.entry: 9})

    def test_draft_credit_note_changes_nothing_yet(self):
        credit = self._reverse(self._bill_and_post(), post=False)
        self.assertQuantities(self.entry, 8, 0)
        credit.unlink()
        self.assertQuantities(self.entry, 8, 0)

    def test_credit_at_another_price_keeps_the_difference(self):
        invoice = self._bill_and_post()
        credit = self._reverse(invoice, hours={self.entry: 4}, post=False)
        credit.invoice_line_ids.price_unit = 90
        credit.action_post()
        row = credit.sudo().billing_allocation_ids
        self.assertRecordValues(row, [{"amount": -400, "adjustment": 40}])
        self.assertQuantities(self.entry, 4, 4)


class TestCreditsOfMoney(CreditCommon):
    """Credits that lower an amount, or give the work up: nothing reopens."""

    def test_concession_reopens_no_hours(self):
        invoice = self._bill_and_post()
        credit = self._reverse(invoice, mode="price_reduction", post=False)
        credit.invoice_line_ids.write({"quantity": 1, "price_unit": 100})
        credit.action_post()
        self.assertEqual(credit.amount_untaxed, 100)
        self.assertQuantities(self.entry, 8, 0)
        self.assertEqual(self.entry.billing_state, "invoiced")

    def test_concession_on_a_line_of_its_own_reopens_no_hours(self):
        invoice = self._bill_and_post()
        credit = self._reverse(invoice, mode="price_reduction", post=False)
        credit.write(
            {
                "invoice_line_ids": [
                    Command.clear(),
                    Command.create({"name": "Goodwill", "price_unit": 100}),
                ]
            }
        )
        credit.action_post()
        self.assertQuantities(self.entry, 8, 0)
        self.assertEqual(self.rule.billed_amount, 800)

    def test_write_off_gives_the_work_up(self):
        invoice = self._bill_and_post()
        self._reverse(invoice, mode="write_off", hours={self.entry: 3.5})
        self.assertQuantities(self.entry, 4.5, 0)
        self.assertEqual(self.entry.billing_written_off_quantity, 3.5)
        self.assertFalse(self._get_lines(self._propose(), "proposed"))

    def test_written_off_credit_back_to_draft_bills_the_work_again(self):
        invoice = self._bill_and_post()
        credit = self._reverse(invoice, mode="write_off")
        credit.button_draft()
        self.assertQuantities(self.entry, 8, 0)
        self.assertEqual(self.entry.billing_written_off_quantity, 0)

    def test_credit_from_elsewhere_is_unexplained_and_reopens_nothing(self):
        invoice = self._bill_and_post()
        credit = invoice._reverse_moves([{"invoice_date": date(2026, 6, 30)}])
        credit.action_post()
        self.assertEqual(credit.billing_credit_mode, "unexplained")
        self.assertIn("no work is billed again", credit.billing_warning)
        self.assertQuantities(self.entry, 8, 0)


class TestCreditsThatGo(CreditCommon):
    """A credit note that is reset, cancelled or deleted stops counting, or stays."""

    def test_credit_reset_to_draft_stops_counting(self):
        credit = self._reverse(self._bill_and_post(), hours={self.entry: 3.5})
        credit.button_draft()
        self.assertQuantities(self.entry, 8, 0)

    def test_credit_posted_again_counts_again(self):
        credit = self._reverse(self._bill_and_post(), hours={self.entry: 3.5})
        credit.button_draft()
        credit.action_post()
        self.assertQuantities(self.entry, 4.5, 3.5)

    def test_credit_reset_and_cancelled_or_deleted_stops_counting(self):
        invoice = self._bill_and_post()
        credit = self._reverse(invoice, hours={self.entry: 3.5})
        credit.button_draft()
        credit.button_cancel()
        self.assertQuantities(self.entry, 8, 0)
        credit.unlink()
        self.assertQuantities(self.entry, 8, 0)
        self._reverse(invoice)
        self.assertQuantities(self.entry, 0, 8)

    def test_credit_whose_hours_were_billed_again_stays_posted(self):
        credit = self._reverse(self._bill_and_post(), hours={self.entry: 3.5})
        self._release(self.entry)
        again = self._bill_and_post()
        with self.assertRaises(AlreadyBilledError) as caught:
            credit.button_draft()
        self.assertIn(again.name, str(caught.exception))
        self.assertEqual(credit.state, "posted")
        self.assertQuantities(self.entry, 8, 0)

    def test_credit_of_released_hours_not_billed_yet_may_be_reset(self):
        credit = self._reverse(self._bill_and_post(), hours={self.entry: 3.5})
        self._release(self.entry)
        credit.button_draft()
        self.assertQuantities(self.entry, 8, 0)

    def test_credit_whose_entry_shrank_stays_posted(self):
        credit = self._reverse(self._bill_and_post())
        self.entry.unit_amount = 5
        with self.assertRaises(AlreadyBilledError):
            credit.button_draft()
        self.assertQuantities(self.entry, 0, 5)

    def test_credited_invoice_is_not_cancelled_behind_its_credit(self):
        invoice = self._bill_and_post()
        credit = self._reverse(invoice, hours={self.entry: 3.5})
        with self.assertRaises(UserError) as caught:
            invoice.button_draft()
            invoice.button_cancel()
        self.assertIsInstance(caught.exception, LedgerError)
        self.assertIn(credit.name, str(caught.exception))


class TestReplacements(CreditCommon):
    """Reverse and create invoice: the work moves to the replacement."""

    def test_replacement_bills_the_work_once(self):
        invoice = self._bill_and_post()
        replacement = self._replace(invoice)
        self.assertQuantities(self.entry, 8, 0)
        live = self.entry.billing_allocation_ids.filtered(
            lambda row: row.move_id.state == "draft" and row.is_live
        )
        self.assertEqual(live.move_id, replacement)
        self.assertEqual(live.quantity, 8)
        run = self._propose()
        self.assertFalse(run.line_ids.filtered("reason_code"))
        self.assertFalse(self._get_lines(run, "proposed"))

    def test_replacement_keeps_the_customer_order(self):
        self.rule.customer_order = "PO-7"
        replacement = self._replace(self._bill_and_post())
        self.assertEqual(replacement.billing_customer_order, "PO-7")
        self.assertEqual(replacement.reversed_entry_id.id, False)

    def test_lowered_replacement_frees_the_rest_on_hold(self):
        replacement = self._replace(self._bill_and_post())
        self._edit_line(replacement, quantity=6)
        self.assertQuantities(self.entry, 6, 2)

    def test_deleted_replacement_frees_the_work_on_hold(self):
        self._replace(self._bill_and_post()).unlink()
        self.assertQuantities(self.entry, 0, 8)

    def test_cancelled_replacement_comes_back(self):
        replacement = self._replace(self._bill_and_post())
        replacement.button_cancel()
        self.assertQuantities(self.entry, 0, 8)
        replacement.button_draft()
        self.assertQuantities(self.entry, 8, 0)

    def test_credit_behind_a_live_replacement_stays_posted(self):
        invoice = self._bill_and_post()
        replacement = self._replace(invoice)
        credit = invoice.reversal_move_ids
        with self.assertRaises(AlreadyBilledError) as caught:
            credit.button_draft()
        name = replacement.name or str(replacement.id)
        self.assertIn(name, str(caught.exception))
        self.assertQuantities(self.entry, 8, 0)

    def test_replacement_after_a_partial_credit_takes_what_is_left(self):
        invoice = self._bill_and_post()
        self._reverse(invoice, hours={self.entry: 3})
        replacement = self._replace(invoice)
        self.assertEqual(replacement.invoice_line_ids.quantity, 5)
        self.assertQuantities(self.entry, 5, 3)

    def test_replacement_of_a_replacement_bills_the_work_once(self):
        second = self._replace(self._bill_and_post())
        second.action_post()
        third = self._replace(second)
        third.action_post()
        self.assertQuantities(self.entry, 8, 0)

    def test_replacement_can_be_credited_in_part(self):
        second = self._replace(self._bill_and_post())
        second.action_post()
        self._reverse(second, hours={self.entry: 2})
        self.assertQuantities(self.entry, 6, 2)

    def test_replacement_dated_in_the_future_is_refused(self):
        invoice = self._bill_and_post()
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "journal_id": invoice.journal_id.id,
                    "date": fields.Date.add(fields.Date.today(), days=1),
                }
            )
        )
        with self.assertRaises(BillingError):
            wizard.modify_moves()
        self.assertQuantities(self.entry, 8, 0)

    def test_two_invoices_are_credited_at_once(self):
        first = self._bill_and_post()
        other = self._create_entry(1, date(2026, 7, 10))
        second = self._bill_and_post(date(2026, 7, 31))
        self._reverse(first | second)
        self.assertQuantities(self.entry, 0, 8)
        self.assertQuantities(other, 0, 1)
