"""What the stateful test found, each as the shortest sequence that showed it."""

from odoo import Command, fields

from odoo.addons.project_invoice_tracker.exceptions import LedgerError

from .common import BillingCommon


class TestLedgerRegressions(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100)

    def _set_line(self, move, **values):
        line = move.invoice_line_ids
        move.write({"invoice_line_ids": [Command.update(line.id, values)]})

    def test_twenty_minutes_can_be_credited(self):
        entry = self._create_entry(0.333333)
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice)
        self.assertEqual(entry.billed_quantity, 0)
        self.assertAlmostEqual(entry.billing_held_quantity, 0.333333, 6)
        self.assertConserved()

    def test_replacement_of_a_partly_credited_invoice_claims_the_rest(self):
        entry = self._create_entry(8)
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice, hours={entry: 3})
        replacement = self._replace(invoice)
        self.assertEqual(replacement.invoice_line_ids.quantity, 5)
        self.assertEqual(entry.billed_quantity, 5)
        self.assertConserved()

    def test_replacement_keeps_a_quantity_raised_by_hand(self):
        entry = self._create_entry(8)
        invoice = self._bill()
        self._set_line(invoice, quantity=10)
        invoice.action_post()
        replacement = self._replace(invoice)
        self.assertEqual(replacement.invoice_line_ids.quantity, 10)
        self.assertEqual(entry.billed_quantity, 8)
        self.assertConserved()

    def test_held_hours_follow_an_entry_that_becomes_a_correction(self):
        entry = self._create_entry(0.25)
        entry.with_user(self.manager).action_billing_hold()
        entry.unit_amount = -1
        self.assertEqual(entry.billing_held_quantity, -1)

    def test_credit_of_moved_work_cannot_be_reset(self):
        entry = self._create_entry(8)
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(invoice)
        task = self._create_task("Elsewhere", self._create_project("Shop"))
        entry.write({"task_id": task.id, "project_id": task.project_id.id})
        with self.assertRaises(LedgerError), self.cr.savepoint():
            credit.button_draft()
        self.assertEqual(entry.billed_quantity, 0)

    def test_cancelled_invoice_of_moved_work_cannot_come_back(self):
        entry = self._create_entry(8)
        invoice = self._bill()
        invoice.button_cancel()
        task = self._create_task("Elsewhere", self._create_project("Shop"))
        entry.write({"task_id": task.id, "project_id": task.project_id.id})
        with self.assertRaises(LedgerError), self.cr.savepoint():
            invoice.button_draft()
        self.assertEqual(entry.billed_quantity, 0)

    def test_reset_credit_gives_work_back_to_the_rule_that_bills_it(self):
        entry = self._create_entry(8)
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(invoice)
        other = self._create_rule(price=80, sequence=1)
        self.assertEqual(entry.billing_rule_id, other)
        credit.button_draft()
        self.assertEqual(entry.billing_rule_id, self.rule)
        self.assertConserved()

    def test_what_named_hours_left_is_replaced_whole(self):
        # 0.83 on the line: half an hour is 0.498 of it, 0.332 stay, the host says 0.33
        entry = self._create_entry(0.83333)
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice, "work_back", hours={entry: 0.5})
        draft = self._replace(invoice)
        self.env.invalidate_all()
        self.assertEqual(entry.billed_quantity, 0.33333)
        self.assertEqual(entry.billing_held_quantity, 0.5)
        self.assertEqual(draft.invoice_line_ids.quantity, 0.33)
        draft.action_post()
        again = self._replace(draft)
        self.env.invalidate_all()
        self.assertEqual(entry.billed_quantity, 0.33333)
        self.assertEqual(again.invoice_line_ids.quantity, 0.33)
        self.assertConserved()

    def test_named_hours_come_back_in_whole_cents(self):
        self.rule.price = 777.77
        entry = self._create_entry(0.0625)
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice, hours={entry: 0.03125})
        for row in self.env["project.billing.allocation"].search(
            [("analytic_line_id", "=", entry.id)]
        ):
            self.assertEqual(row.amount, row.currency_id.round(row.amount))
        self.assertConserved()

    def test_item_credited_by_quantity_takes_no_more_than_that(self):
        rule = self._create_rule("milestone", amount=33.34)
        item = self._create_item(rule, amount_type="remainder")
        item.milestone_id.with_user(self.manager).is_reached = True
        invoice = self._bill(fields.Date.today())
        invoice.action_post()
        credit = self._reverse(invoice, quantities={invoice.invoice_line_ids: 0.25})
        row = credit.sudo().billing_allocation_ids
        self.assertRecordValues(
            row, [{"quantity": -0.25, "invoiced_quantity": -0.25, "amount": -8.34}]
        )
        self.assertConserved()

    def _bill_item(self):
        rule = self._create_rule("milestone", amount=1000)
        item = self._create_item(rule, name="Launch", amount=1000)
        item.milestone_id.with_user(self.manager).is_reached = True
        return item, self._bill(fields.Date.today())

    def test_cancelled_invoice_of_an_archived_item_cannot_come_back(self):
        item, invoice = self._bill_item()
        invoice.button_cancel()
        item.active = False
        with self.assertRaises(LedgerError) as caught, self.cr.savepoint():
            invoice.button_draft()
        self.assertIn("Launch", str(caught.exception))
        self.assertEqual(item.billed_amount, 0)

    def test_credit_of_an_item_of_another_rule_cannot_be_reset(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        credit = self._reverse(invoice)
        item.rule_id = self._create_rule("milestone", amount=5000)
        with self.assertRaises(LedgerError), self.cr.savepoint():
            credit.button_draft()
        self.assertEqual(item.billed_amount, 0)
