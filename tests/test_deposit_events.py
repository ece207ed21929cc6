from datetime import date

import psycopg2

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import (
    AlreadyBilledError,
    LedgerError,
)

from .test_deposit import DepositCommon


class DepositEventCommon(DepositCommon):
    """A posted deposit of 1,000.00 and a draft of 1,500.00 that takes it off."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule, cls.items = cls._create_deal([1500, 800], 1000)

    def setUp(self):
        super().setUp()
        self.deposit = self._bill_deposit(self.rule)
        self.final = self._bill_item(self.items[0])
        self.line = self._get_deductions(self.final)
        self.assertDeposit(self.rule, 1000, 1000, 0)

    def _edit_deduction(self, move, **values):
        """Change the deduction line of a draft in its form, as the clerk does."""
        line = self._get_deductions(move)
        index = move.invoice_line_ids.ids.index(line.id)
        with Form(move) as form, form.invoice_line_ids.edit(index) as line_form:
            for name, value in values.items():
                setattr(line_form, name, value)

    def _bill_next(self):
        """Return the invoice of the second item, by another run."""
        return self._bill_item(self.items[1], date(2026, 7, 15))


class TestDeductionEvents(DepositEventCommon):
    """What happens to the deposit when the invoice that takes it off changes."""

    def test_draft_claims_the_deposit_at_once(self):
        self.assertEqual(self._bill_next().amount_untaxed, 800)
        self.assertDeposit(self.rule, 1000, 1000, 0)

    def test_deleted_deduction_line_gives_the_deposit_back(self):
        self.final.write({"invoice_line_ids": [Command.delete(self.line.id)]})
        self.assertDeposit(self.rule, 1000, 0, 1000)
        self.assertEqual(self._bill_next().amount_untaxed, 0)
        self.assertDeposit(self.rule, 1000, 800, 200)

    def test_lowered_deduction_gives_back_the_difference(self):
        self._edit_deduction(self.final, price_unit=400)
        self.assertDeposit(self.rule, 1000, 400, 600)
        self.final.action_post()
        self.assertEqual(self.final.amount_untaxed, 1100)

    def test_lowered_quantity_gives_back_the_difference(self):
        self._edit_deduction(self.final, quantity=-0.25)
        self.assertDeposit(self.rule, 1000, 250, 750)

    def test_deduction_is_raised_up_to_what_is_left(self):
        self._edit_deduction(self.final, price_unit=400)
        self._edit_deduction(self.final, price_unit=900)
        self.assertDeposit(self.rule, 1000, 900, 100)

    def test_deduction_above_the_deposit_is_refused(self):
        with self.assertRaises(LedgerError) as caught:
            self._edit_deduction(self.final, price_unit=1001)
        self.assertIn("1,000.00", str(caught.exception))
        self.env.invalidate_all()

    def test_deduction_above_what_another_invoice_left_is_refused(self):
        self._edit_deduction(self.final, price_unit=400)
        self._bill_next()
        self.assertDeposit(self.rule, 1000, 1000, 0)
        with self.assertRaises(LedgerError):
            self._edit_deduction(self.final, price_unit=500)

    def test_deduction_cannot_be_turned_into_a_charge(self):
        with self.assertRaises(LedgerError):
            self._edit_deduction(self.final, quantity=1)

    def test_deduction_of_zero_can_be_raised_again(self):
        self._edit_deduction(self.final, price_unit=0)
        self.assertDeposit(self.rule, 1000, 0, 1000)
        self._edit_deduction(self.final, price_unit=1000)
        self.assertDeposit(self.rule, 1000, 1000, 0)

    def test_edit_by_direct_write_is_followed_too(self):
        self.line.write({"price_unit": 300})
        self.assertDeposit(self.rule, 1000, 300, 700)

    def test_deleted_draft_gives_the_deposit_back(self):
        self.final.unlink()
        self.assertDeposit(self.rule, 1000, 0, 1000)

    def test_undone_run_gives_the_deposit_back(self):
        self.final.billing_run_id.with_user(self.clerk).action_undo()
        self.assertDeposit(self.rule, 1000, 0, 1000)

    def test_cancelled_invoice_gives_the_deposit_back(self):
        self.final.action_post()
        self.final.button_draft()
        self.assertDeposit(self.rule, 1000, 1000, 0)
        self.final.button_cancel()
        self.assertDeposit(self.rule, 1000, 0, 1000)

    def test_cancelled_invoice_back_to_draft_claims_again(self):
        self.final.button_cancel()
        self.final.button_draft()
        self.assertDeposit(self.rule, 1000, 1000, 0)
        self.final.action_post()

    def test_cancelled_invoice_whose_deposit_was_used_stays_cancelled(self):
        self.final.button_cancel()
        other = self._bill_next()
        other.action_post()
        with self.assertRaises(AlreadyBilledError) as caught:
            self.final.button_draft()
        self.assertIn(other.name, str(caught.exception))
        self.assertDeposit(self.rule, 1000, 800, 200)

    def test_cancelled_invoice_whose_deposit_was_cancelled_stays_cancelled(self):
        self.final.button_cancel()
        self.deposit.button_draft()
        self.deposit.button_cancel()
        with self.assertRaises(AlreadyBilledError):
            self.final.button_draft()
        self.assertDeposit(self.rule, 0, 0, 0)

    def test_duplicate_takes_nothing_off_and_says_so(self):
        copy = self.final.copy()
        self.assertFalse(copy.sudo().billing_allocation_ids)
        self.assertIn("bills no work", copy.billing_warning)
        self.assertDeposit(self.rule, 1000, 1000, 0)
        copy.unlink()
        self.assertDeposit(self.rule, 1000, 1000, 0)

    def test_invoice_with_a_deduction_is_explained(self):
        row = self.line.sudo().billing_allocation_ids
        self.assertRecordValues(
            row,
            [
                {
                    "kind": "draw",
                    "amount": -1000,
                    "adjustment": 0,
                    "item_id": self.rule.deposit_item_ids.id,
                    "rule_id": self.rule.id,
                }
            ],
        )
        self.assertEqual(row.origin_id.move_id, self.deposit)


class TestDeductionCredits(DepositEventCommon):
    """Credit notes of the invoice that takes the deposit off."""

    def setUp(self):
        super().setUp()
        self.final.action_post()

    def test_work_taken_back_gives_the_deposit_back(self):
        credit = self._reverse(self.final)
        self.assertEqual(credit.amount_untaxed, 500)
        self.assertDeposit(self.rule, 1000, 0, 1000)
        self.items[0].with_user(self.clerk).action_release()
        again = self._bill(date(2026, 8, 15))
        self.assertEqual(again.amount_untaxed, 500)
        self.assertDeposit(self.rule, 1000, 1000, 0)

    def test_price_reduction_keeps_the_deposit_used(self):
        credit = self._reverse(self.final, "price_reduction", post=False)
        self.assertFalse(
            credit.invoice_line_ids.filtered(
                lambda line: line.billing_origin_line_id == self.line
            )
        )
        credit.action_post()
        self.assertDeposit(self.rule, 1000, 1000, 0)

    def test_write_off_of_the_work_gives_the_deposit_back(self):
        self._reverse(self.final, "write_off")
        self.assertDeposit(self.rule, 1000, 0, 1000)

    def test_deduction_left_out_of_the_credit_note_stays(self):
        credit = self._reverse(self.final, quantities={self.line: 0})
        self.assertEqual(credit.amount_untaxed, 1500)
        self.assertDeposit(self.rule, 1000, 1000, 0)

    def test_part_of_the_deduction_is_given_back_in_two_credit_notes(self):
        work = self.final.invoice_line_ids - self.line
        self._reverse(self.final, quantities={self.line: -0.4, work: 0.4})
        self.assertDeposit(self.rule, 1000, 600, 400)
        self._reverse(self.final, quantities={self.line: -0.6, work: 0.6})
        self.assertDeposit(self.rule, 1000, 0, 1000)

    def test_no_more_is_given_back_than_was_taken_off(self):
        self._reverse(self.final)
        second = self._reverse(self.final, post=False)
        with self.assertRaises(LedgerError):
            second.action_post()
        self.env.invalidate_all()

    def test_credit_note_back_to_draft_takes_the_deposit_off_again(self):
        credit = self._reverse(self.final)
        credit.button_draft()
        self.assertDeposit(self.rule, 1000, 1000, 0)
        credit.action_post()
        self.assertDeposit(self.rule, 1000, 0, 1000)

    def test_credit_note_whose_deposit_was_used_again_stays_posted(self):
        credit = self._reverse(self.final)
        other = self._bill_next()
        with self.assertRaises(AlreadyBilledError) as caught:
            credit.button_draft()
        self.assertIn(str(other.id), str(caught.exception))
        self.assertDeposit(self.rule, 1000, 800, 200)

    def test_replacement_takes_the_deposit_off_again(self):
        replacement = self._replace(self.final)
        self.assertEqual(replacement.amount_untaxed, 500)
        self.assertDeposit(self.rule, 1000, 1000, 0)
        replacement.unlink()
        self.assertDeposit(self.rule, 1000, 0, 1000)

    def test_replacement_after_a_partial_credit_takes_off_the_rest(self):
        work = self.final.invoice_line_ids - self.line
        self._reverse(self.final, quantities={self.line: -0.4, work: 0.4})
        self.assertDeposit(self.rule, 1000, 600, 400)
        with self.assertRaises(LedgerError):
            # the host credits the whole line once more
            self._replace(self.final)

    def test_credit_without_the_wizard_follows_the_books(self):
        credit = self.final.with_user(self.clerk)._reverse_moves(
            [{"invoice_date": date(2026, 7, 1)}]
        )
        credit.action_post()
        self.assertDeposit(self.rule, 1000, 0, 1000)

    def test_deposit_can_be_refunded_after_the_work_was_taken_back(self):
        self._reverse(self.final)
        action = self.rule.with_user(self.clerk).action_refund_deposit()
        credit = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(credit.amount_untaxed, 1000)
        credit.action_post()
        self.assertDeposit(self.rule, 0, 0, 0)


class TestDepositEvents(DepositEventCommon):
    """Events of the deposit's own invoice."""

    def test_deducted_deposit_cannot_be_reset(self):
        with self.assertRaises(LedgerError) as caught:
            self.deposit.button_draft()
        self.assertIn(str(self.final.id), str(caught.exception))
        self.env.invalidate_all()
        self.assertEqual(self.deposit.state, "posted")

    def test_deducted_deposit_cannot_be_credited(self):
        self.final.action_post()
        for mode in ("work_back", "price_reduction", "write_off"):
            credit = self._reverse(self.deposit, mode, post=False)
            with self.subTest(mode=mode), self.assertRaises(LedgerError) as caught:
                credit.action_post()
            self.assertIn(self.final.name, str(caught.exception))
        self.env.invalidate_all()
        self.assertDeposit(self.rule, 1000, 1000, 0)

    def test_deducted_deposit_cannot_be_replaced(self):
        with self.assertRaises(UserError):
            self._replace(self.deposit)
        self.env.invalidate_all()

    def test_deposit_is_free_again_after_the_invoice_was_credited(self):
        self.final.action_post()
        self._reverse(self.final)
        self._reverse(self.deposit)
        self.assertDeposit(self.rule, 0, 0, 0)
        self.assertEqual(self.rule.deposit_item_ids.billing_held_amount, 1000)

    def test_part_that_is_left_can_be_credited(self):
        self._edit_deduction(self.final, price_unit=400)
        line = self.deposit.invoice_line_ids
        self._reverse(self.deposit, "write_off", quantities={line: 0.6})
        self.assertDeposit(self.rule, 400, 400, 0)

    def test_refund_that_was_overtaken_by_a_run_is_refused(self):
        self._edit_deduction(self.final, price_unit=400)
        action = self.rule.with_user(self.clerk).action_refund_deposit()
        refund = self.env["account.move"].browse(action["res_id"])
        other = self._bill_next()
        with self.assertRaises(LedgerError) as caught:
            refund.action_post()
        self.assertIn(str(other.id), str(caught.exception))

    def test_database_refuses_to_deduct_more_than_was_invoiced(self):
        item = self.rule.deposit_item_ids
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.CheckViolation),
            self.env.cr.savepoint(),
        ):
            self.env["project.billing.allocation"].sudo()._apply(
                [
                    {
                        "kind": "draw",
                        "item_id": item.id,
                        "quantity": 0,
                        "amount": -1,
                        "is_live": True,
                    }
                ]
            )


class TestUnusedDeposit(DepositCommon):
    """Events of a deposit that nothing takes off."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule, cls.items = cls._create_deal([1500], 1000)

    def test_credited_unused_deposit_can_be_invoiced_again(self):
        deposit = self._bill_deposit(self.rule)
        self._reverse(deposit)
        self.assertDeposit(self.rule, 0, 0, 0)
        self.rule.deposit_item_ids.with_user(self.clerk).action_release()
        again = self._bill()
        self.assertEqual(again.amount_untaxed, 1000)
        self.assertDeposit(self.rule, 1000, 0, 1000)

    def test_price_reduction_of_a_deposit_lowers_what_is_deducted(self):
        deposit = self._bill_deposit(self.rule)
        line = deposit.invoice_line_ids
        self._reverse(deposit, "price_reduction", quantities={line: 0.2})
        self.assertDeposit(self.rule, 800, 0, 800)
        self.assertEqual(self._bill_item(self.items[0]).amount_untaxed, 700)

    def test_price_lowered_on_the_draft_lowers_the_deposit(self):
        deposit = self._bill_deposit(self.rule, post=False)
        deposit.invoice_line_ids.write({"price_unit": 900})
        self.assertDeposit(self.rule, 900, 0, 900)
        deposit.action_post()
        self.assertEqual(self._bill_item(self.items[0]).amount_untaxed, 600)

    def test_price_raised_on_the_draft_is_refused(self):
        deposit = self._bill_deposit(self.rule, post=False)
        with self.assertRaises(LedgerError):
            deposit.invoice_line_ids.write({"price_unit": 1001})

    def test_price_lowered_and_raised_again_is_the_deposit(self):
        deposit = self._bill_deposit(self.rule, post=False)
        deposit.invoice_line_ids.write({"price_unit": 900})
        deposit.invoice_line_ids.write({"price_unit": 1000})
        self.assertDeposit(self.rule, 1000, 0, 1000)

    def test_discount_on_the_draft_lowers_the_deposit(self):
        deposit = self._bill_deposit(self.rule, post=False)
        deposit.invoice_line_ids.write({"discount": 10})
        self.assertDeposit(self.rule, 900, 0, 900)

    def test_deleted_draft_deposit_is_held(self):
        self._bill_deposit(self.rule, post=False).unlink()
        self.assertDeposit(self.rule, 0, 0, 0)
        self.assertEqual(self.rule.deposit_item_ids.stage, "held")

    def test_replaced_deposit_is_deducted_once(self):
        deposit = self._bill_deposit(self.rule)
        replacement = self._replace(deposit)
        self.assertDeposit(self.rule, 1000, 0, 1000)
        replacement.action_post()
        final = self._bill_item(self.items[0])
        self.assertEqual(final.amount_untaxed, 500)
        self.assertIn(replacement.name, self._get_deductions(final).name)
        self.assertDeposit(self.rule, 1000, 1000, 0)

    def test_deposit_reset_to_draft_is_not_deducted_until_posted(self):
        deposit = self._bill_deposit(self.rule)
        deposit.button_draft()
        final = self._bill_item(self.items[0])
        self.assertEqual(final.amount_untaxed, 1500)
        self.assertDeposit(self.rule, 1000, 0, 1000)
