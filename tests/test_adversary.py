"""Attempts to break the books, made as the people who keep them."""

from odoo import Command
from odoo.exceptions import AccessError, UserError

from .common import BillingCommon


class TestAdversary(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100.0)
        cls.worker = cls._create_user(
            "worker", "base.group_user,hr_timesheet.group_hr_timesheet_user"
        )
        cls.wim = cls._create_employee("Wim Worker", user_id=cls.worker.id)

    def _log_as_worker(self, **context):
        return (
            self.env["account.analytic.line"]
            .with_user(self.worker)
            .with_context(**context)
            .create(
                {
                    "name": "Work",
                    "project_id": self.project.id,
                    "task_id": self.task.id,
                    "unit_amount": 3.0,
                    "date": "2026-06-15",
                }
            )
        )

    def _write_off(self, entries):
        self.env["project.billing.settle"].with_user(self.manager).create(
            {
                "action": "write_off",
                "reason": "Goodwill",
                "entry_ids": [Command.set(entries.ids)],
            }
        ).action_settle()

    # -- defaults are inputs ---------------------------------------------------------

    def test_worker_cannot_set_his_price_by_a_default_of_the_context(self):
        with self.assertRaises(UserError):
            self._log_as_worker(default_billing_override_price=999.0)

    def test_worker_cannot_confirm_his_time_by_a_default_of_his_own(self):
        self.env["ir.default"].with_user(self.worker).set(
            "account.analytic.line", "billing_confirmed", True, user_id=True
        )
        with self.assertRaises(UserError):
            self._log_as_worker()

    def test_worker_cannot_log_time_as_billed_by_a_default(self):
        with self.assertRaises(AccessError):
            self._log_as_worker(default_billed_quantity=2.0)

    def test_manager_cannot_create_a_running_run_by_a_default(self):
        runs = self.env["project.billing.run"].with_user(self.manager)
        with self.assertRaises(AccessError):
            runs.with_context(default_state="running").create({})

    def test_worker_logs_time_as_ever(self):
        self.assertEqual(self._log_as_worker().sudo().billing_price, 100)

    # -- written-off work ------------------------------------------------------------

    def test_written_off_time_cannot_become_negative_time(self):
        entry = self._create_entry(8)
        self._write_off(entry)
        with self.assertRaises(UserError):
            entry.unit_amount = 5

    def test_written_off_time_cannot_be_made_non_billable(self):
        entry = self._create_entry(8)
        self._write_off(entry)
        with self.assertRaises(UserError):
            entry.billing_nonbillable = True

    def test_more_time_on_written_off_time_can_be_billed(self):
        entry = self._create_entry(8)
        self._write_off(entry)
        entry.unit_amount = 10
        self.assertEqual(self._bill().invoice_line_ids.quantity, 2)

    # -- documents -------------------------------------------------------------------

    def test_credit_note_that_took_work_back_cannot_be_reversed(self):
        self._create_entry(8)
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(invoice)
        with self.assertRaises(UserError):
            self._reverse(credit)

    def test_price_reduction_can_be_reversed(self):
        self._create_entry(8)
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(invoice, mode="price_reduction")
        self.assertEqual(self._reverse(credit).state, "posted")
        self.assertConserved()

    def test_unit_of_a_line_with_work_cannot_turn_hours_into_days(self):
        entry = self._create_entry(8)
        invoice = self._bill().with_user(self.clerk)
        line = invoice.invoice_line_ids
        with self.assertRaises(UserError):
            values = {"product_uom_id": self.day.id, "quantity": 1, "price_unit": 800}
            invoice.invoice_line_ids = [Command.update(line.id, values)]
        self.assertEqual(entry.billed_quantity, 8)

    # -- between proposing and invoicing ---------------------------------------------

    def _propose_item(self, **kwargs):
        rule = self._create_rule("milestone", amount=1000)
        item = self._create_item(rule, amount=500, **kwargs)
        item.milestone_id.is_reached = True
        item.date_ready = "2026-06-01"
        return item, self._propose()

    def test_item_archived_since_the_proposal_is_not_billed(self):
        item, run = self._propose_item()
        item.active = False
        run.action_invoice()
        self.assertFalse(run.move_ids)

    def test_item_of_a_rule_archived_since_the_proposal_is_not_billed(self):
        item, run = self._propose_item()
        item.rule_id.active = False
        run.action_invoice()
        self.assertFalse(run.move_ids)

    def test_item_postponed_by_another_review_is_not_billed(self):
        item, run = self._propose_item()
        item.date_postponed = "2026-09-01"
        run.action_invoice()
        self.assertFalse(run.move_ids)

    def test_free_and_released_part_of_an_item_are_billed_once(self):
        item, run = self._propose_item()
        run.action_invoice()
        line = run.move_ids.invoice_line_ids
        run.move_ids.action_post()
        self._reverse(run.move_ids, quantities={line: 0.5})
        item.with_user(self.manager).action_release()
        self._reverse(run.move_ids, quantities={line: 0.2})
        again = self._propose()
        self.assertEqual(set(again.line_ids.mapped("state")), {"proposed", "held"})
        again.line_ids.action_approve()
        again.action_invoice()
        self.assertEqual(again.move_ids.amount_untaxed, 350)
        self.assertConserved()

    # -- whose run, whose lines ------------------------------------------------------

    def test_manager_cannot_date_the_invoices_of_the_clerks_run(self):
        self._create_entry(1)
        run = self._propose().with_user(self.manager)
        with self.assertRaises(UserError):
            run.date = "2020-01-01"

    def test_manager_cannot_propose_the_clerks_run_again(self):
        self._create_entry(1)
        run = self._propose()
        run.line_ids.with_user(self.manager).action_approve()
        with self.assertRaises(UserError):
            run.with_user(self.manager).action_propose()
        self.assertEqual(run.line_ids.state, "approved")

    def test_manager_dates_and_repeats_a_run_of_his_own(self):
        self._create_entry(1)
        run = self._propose(user=self.manager)
        run.date = "2026-07-02"
        run.action_propose()
        self.assertEqual(run.line_ids.state, "proposed")

    def test_copy_of_a_run_belongs_to_who_copies_it(self):
        self._create_entry(1)
        run = self._propose()
        copy = run.with_user(self.administrator).copy()
        self.assertEqual(copy.user_id, self.administrator)
        self.assertFalse(copy.line_ids)

    def test_line_of_a_run_that_made_its_invoices_cannot_be_settled(self):
        self._create_entry(8)
        later = self._create_entry(1, "2026-07-15")
        run = self._propose()
        run.action_invoice()
        wizard = (
            self.env["project.billing.settle"]
            .with_user(self.manager)
            .create(
                {
                    "reason": "Goodwill",
                    "entry_ids": [Command.set(later.ids)],
                    "run_line_ids": [Command.set(run.line_ids.ids)],
                }
            )
        )
        with self.assertRaises(UserError):
            wizard.action_settle()

    # -- amounts ---------------------------------------------------------------------

    def test_written_off_item_cannot_become_worth_less_than_nothing(self):
        item, _run = self._propose_item()
        self.env["project.billing.settle"].with_user(self.manager).create(
            {"reason": "Goodwill", "item_ids": [Command.set(item.ids)]}
        ).action_settle()
        with self.assertRaises(UserError):
            item.with_user(self.administrator).amount = 300

    def test_hours_to_invoice_cannot_turn_work_into_a_deduction(self):
        entry = self._create_entry(8)
        with self.assertRaises(UserError):
            entry.with_user(self.manager).billing_override_quantity = -5

    def test_hours_to_invoice_are_kept_over_two_invoices(self):
        entry = self._create_entry(8, billing_override_quantity=5)
        first = self._bill()
        line = first.invoice_line_ids
        first.invoice_line_ids = [Command.update(line.id, {"quantity": 2.5})]
        entry.with_user(self.manager).action_billing_release()
        second = self._bill()
        self.assertEqual(first.amount_untaxed + second.amount_untaxed, 500)
        self.assertConserved()

    # -- what is shown to whom -------------------------------------------------------

    def test_money_of_a_project_is_hidden_from_who_does_not_review_it(self):
        self._create_entry(8)
        item, _run = self._propose_item()
        rival = self._create_user("rival", "base.group_user,project.group_project_user")
        for user in (rival, self.worker):
            project = self.project.with_user(user)
            self.assertFalse(project.billing_status)
            self.assertFalse(project.billing_ready_hours)
            self.assertFalse(item.milestone_id.with_user(user).billing_amount)
        self.assertTrue(self.project.with_user(self.manager).billing_status)
        self.assertTrue(item.milestone_id.with_user(self.manager).billing_amount)

    def test_worker_reads_all_fields_of_his_own_time(self):
        entry = self._log_as_worker()
        self.env.invalidate_all()
        self.assertEqual(entry.read()[0]["unit_amount"], 3)

    def test_time_changed_by_its_author_after_the_approval_is_approved_again(self):
        self.company.billing_approval_required = True
        entry = self._log_as_worker()
        for values in ({"unit_amount": 12}, {"name": "Something else"}):
            run = self._propose()
            line = run.line_ids
            line.with_user(self.manager).action_approve()
            entry.write(values)
            self.assertEqual(line.state, "proposed")
            self.assertEqual(line.amount, 1200)
            with self.assertRaises(UserError):
                run.action_invoice()

    def test_time_changed_by_its_reviewer_stays_approved(self):
        entry = self._create_entry(3)
        run = self._propose()
        run.line_ids.with_user(self.manager).action_approve()
        entry.with_user(self.manager).billing_text = "Work for the customer"
        self.assertEqual(run.line_ids.state, "approved")
