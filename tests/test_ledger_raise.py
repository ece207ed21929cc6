"""A draft line that is lowered and raised again bills its work once."""

from datetime import date

from odoo import Command
from odoo.exceptions import AccessError

from .test_ledger_credits import CreditCommon


class TestRaisedAgain(CreditCommon):
    """A raise first takes back what was taken off the same line."""

    def _set(self, move, **values):
        line = move.invoice_line_ids
        move.write({"invoice_line_ids": [Command.update(line.id, values)]})

    def _get_row(self, move):
        return move.sudo().billing_allocation_ids

    def test_hours_taken_off_come_back_to_their_line(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=4)
        self.assertQuantities(self.entry, 4, 4)
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 8, 0)
        self.assertRecordValues(
            self._get_row(invoice),
            [{"quantity": 8, "invoiced_quantity": 8, "amount": 800, "adjustment": 0}],
        )
        self.assertFalse(invoice.invoice_line_ids.billing_is_adjusted)

    def test_hours_lowered_raised_and_released_are_not_billed_again(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=4)
        self._edit_line(invoice, quantity=8)
        self._release(self.entry)
        self.assertFalse(self._get_lines(self._propose(), "proposed"))
        self.assertEqual(invoice.amount_untaxed, 800)

    def test_released_hours_come_back_too(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=4)
        self._release(self.entry)
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 8, 0)

    def test_part_of_what_was_taken_off_stays_held(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=4)
        self._edit_line(invoice, quantity=5.5)
        self.assertQuantities(self.entry, 5.5, 2.5)
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 8, 0)
        self.assertEqual(self._get_row(invoice).amount, 800)

    def test_raise_above_what_was_taken_off_is_an_adjustment(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=4)
        self._edit_line(invoice, quantity=9)
        self.assertQuantities(self.entry, 8, 0)
        row = self._get_row(invoice)
        self.assertRecordValues(row, [{"amount": 800, "adjustment": 100}])

    def test_what_was_released_last_comes_back_first(self):
        newer = self._add_newer()
        invoice = self._bill()
        self._edit_line(invoice, quantity=6.5)
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 8, 0)
        self.assertQuantities(newer, 0, 2)
        self._edit_line(invoice, quantity=10)
        self.assertQuantities(newer, 2, 0)
        rows = self._get_row(invoice)
        self.assertEqual(sum(rows.mapped("amount")), 1000)
        self.assertEqual(rows.run_line_id, invoice.billing_run_id.line_ids)

    def test_line_of_quantity_zero_gets_its_work_back(self):
        newer = self._add_newer()
        invoice = self._bill()
        self._edit_line(invoice, quantity=0)
        self.assertQuantities(self.entry, 0, 8)
        self._edit_line(invoice, quantity=10)
        self.assertQuantities(self.entry, 8, 0)
        self.assertQuantities(newer, 2, 0)

    def test_line_saved_often_in_one_transaction_ends_as_it_began(self):
        newer = self._add_newer()
        invoice = self._bill()
        for quantity in (3.33, 7, 0, 9.5, 0.01, 10):
            self._set(invoice, quantity=quantity)
            self.assertConserved()
        self.assertQuantities(self.entry, 8, 0)
        self.assertQuantities(newer, 2, 0)
        self.assertEqual(sum(self._get_row(invoice).mapped("amount")), 1000)
        self.assertFalse(invoice.invoice_line_ids.billing_is_adjusted)

    def test_hours_billed_elsewhere_meanwhile_stay_there(self):
        first = self._bill()
        self._edit_line(first, quantity=4)
        self._release(self.entry)
        second = self._bill()
        self._edit_line(first, quantity=8)
        self.assertQuantities(self.entry, 8, 0)
        self.assertEqual(self._get_row(second).quantity, 4)
        self.assertRecordValues(
            self._get_row(first), [{"quantity": 4, "adjustment": 400}]
        )

    def test_hours_billed_elsewhere_in_part_come_back_in_part(self):
        first = self._bill()
        self._edit_line(first, quantity=2)
        self._release(self.entry)
        second = self._bill()
        self._edit_line(second, quantity=5)
        self._edit_line(first, quantity=8)
        self.assertQuantities(self.entry, 8, 0)
        self.assertRecordValues(
            self._get_row(first),
            [{"quantity": 3, "amount": 300, "adjustment": 500}],
        )

    def test_memory_goes_with_the_line(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=4)
        line = invoice.invoice_line_ids
        invoice.write({"invoice_line_ids": [Command.delete(line.id)]})
        values = {"name": "Work", "quantity": 8, "price_unit": 100}
        invoice.write({"invoice_line_ids": [Command.create(values)]})
        self.assertQuantities(self.entry, 0, 8)

    def test_copied_line_remembers_nothing(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=4)
        copy = invoice.copy()
        self._edit_line(copy, quantity=8)
        self.assertQuantities(self.entry, 4, 4)

    def test_invoice_posted_in_between_gets_its_work_back(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=4)
        invoice.action_post()
        invoice.button_draft()
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 8, 0)

    def test_invoice_cancelled_in_between_gets_its_work_back(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=4)
        invoice.button_cancel()
        invoice.button_draft()
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 8, 0)

    def test_rounded_hours_come_back_whole(self):
        self.rule.write({"rounding_method": "up", "rounding_step": 0.5})
        self.entry.unit_amount = 7.333333
        invoice = self._bill()
        self._edit_line(invoice, quantity=2.5)
        self._edit_line(invoice, quantity=7.5)
        self.assertQuantities(self.entry, 7.333333, 0)
        self.assertEqual(self._get_row(invoice).invoiced_quantity, 7.5)

    def test_negative_correction_comes_back_with_its_work(self):
        back = self._create_entry(-1, date(2026, 6, 17), billing_confirmed=True)
        invoice = self._bill()
        self.assertEqual(invoice.invoice_line_ids.quantity, 7)
        self._edit_line(invoice, quantity=0)
        self.assertQuantities(back, 0, -1)
        self._edit_line(invoice, quantity=7)
        self.assertQuantities(back, -1, 0)
        self.assertQuantities(self.entry, 8, 0)

    # -- work that is no longer what it was --------------------------------------------

    def test_price_changed_meanwhile_leaves_the_price_of_the_invoice(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=0)
        self.rule.price = 120
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 8, 0)
        self.assertRecordValues(
            self._get_row(invoice), [{"price": 100, "amount": 800, "adjustment": 0}]
        )

    def test_hours_of_another_rule_meanwhile_come_back_to_the_billing_one(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=0)
        other = self._create_rule(price=80, sequence=1)
        self.assertEqual(self.entry.billing_rule_id, other)
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 8, 0)
        self.assertEqual(self.entry.billing_rule_id, self.rule)

    def test_non_billable_hours_do_not_come_back(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=0)
        self.entry.with_user(self.manager)._set_nonbillable("Goodwill")
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 0, 0)
        self.assertFalse(self._get_row(invoice))

    def test_line_whose_work_is_gone_says_so(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=0)
        self.assertFalse(invoice.invoice_line_ids.billing_is_adjusted)
        self.entry.with_user(self.manager)._set_nonbillable("Goodwill")
        self._edit_line(invoice, quantity=8)
        self.assertTrue(invoice.invoice_line_ids.billing_is_adjusted)
        self.assertIn("adjustment", invoice.billing_warning)

    def test_moved_hours_do_not_come_back(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=0)
        task = self._create_task("Elsewhere", self._create_project("Shop"))
        self.entry.write({"task_id": task.id, "project_id": task.project_id.id})
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 0, 8)

    def test_shorter_hours_come_back_as_long_as_they_are(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=0)
        self.entry.unit_amount = 5
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 5, 0)
        self.assertEqual(sum(self._get_row(invoice).mapped("amount")), 500)

    def test_deleted_hours_do_not_come_back(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=0)
        self.entry.unlink()
        self._edit_line(invoice, quantity=8)
        self.assertFalse(self._get_row(invoice))

    def test_hours_do_not_come_back_in_another_currency(self):
        invoice = self._bill()
        self._edit_line(invoice, quantity=0)
        invoice.currency_id = self.setup_other_currency("HRK")
        self._edit_line(invoice, quantity=8)
        self.assertQuantities(self.entry, 0, 8)

    # -- items -------------------------------------------------------------------------

    def _bill_item(self):
        self.entry.unlink()
        rule = self._create_rule("milestone", amount=1000)
        item = self._create_item(rule, name="Launch", amount=999.99)
        item.milestone_id.with_user(self.manager).is_reached = True
        return item, self._bill(date.today())

    def test_item_taken_off_in_part_comes_back(self):
        item, invoice = self._bill_item()
        self._edit_line(invoice, quantity=0.5)
        self.assertAlmostEqual(item.billing_held_amount, 500, 1)
        self._edit_line(invoice, quantity=1)
        self.assertRecordValues(
            item, [{"billed_amount": 999.99, "billing_held_amount": 0}]
        )
        self.assertRecordValues(
            self._get_row(invoice), [{"quantity": 1, "amount": 999.99}]
        )
        self.assertConserved()

    def test_archived_item_does_not_come_back(self):
        item, invoice = self._bill_item()
        self._edit_line(invoice, quantity=0)
        item.active = False
        self._edit_line(invoice, quantity=1)
        self.assertFalse(item.billed_amount)

    def test_item_of_another_rule_does_not_come_back(self):
        item, invoice = self._bill_item()
        self._edit_line(invoice, quantity=0)
        item.rule_id = self._create_rule("milestone", amount=5000)
        self._edit_line(invoice, quantity=1)
        self.assertFalse(item.billed_amount)

    # -- the memory is nobody's to write -----------------------------------------------

    def test_clerk_cannot_write_what_was_taken_off(self):
        invoice = self._bill()
        with self.assertRaises(AccessError):
            invoice.invoice_line_ids.billing_released = [{"quantity": 8}]

    def test_clerk_cannot_invent_what_was_taken_off_by_a_default(self):
        invoice = self._bill()
        defaults = self.env["ir.default"].with_user(self.clerk)
        defaults.set("account.move.line", "billing_released", "[{}]", user_id=True)
        values = {"name": "Travel", "quantity": 1, "price_unit": 10}
        invoice.write({"invoice_line_ids": [Command.create(values)]})
        self.assertFalse(any(invoice.sudo().line_ids.mapped("billing_released")))
