from datetime import date

from odoo import Command
from odoo.exceptions import AccessError

from odoo.addons.project_invoice_tracker.exceptions import BillingError, LockedError

from .common import BillingCommon


class TestRunReview(BillingCommon):
    """What the project manager decides about a line before it is invoiced."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100)
        cls.entry = cls._create_entry(8)

    def _review(self, **kwargs):
        """Return a run and its proposed line, as the project manager sees them."""
        run = self._propose(user=self.manager, **kwargs)
        return run, self._get_lines(run, "proposed")

    def _invoice(self, run):
        run.with_user(self.clerk).action_invoice()
        return run.sudo().move_ids

    def _settle(self, line, action, reason="Agreed"):
        opened = line.action_open_settle()
        self.env["project.billing.settle"].with_user(self.manager).with_context(
            **opened["context"]
        ).create({"action": action, "reason": reason}).action_settle()

    def assertTotals(self, billed, held, written=0):
        self.env.flush_all()
        self.entry.invalidate_recordset()
        self.assertEqual(self.entry.billed_quantity, billed)
        self.assertEqual(self.entry.billing_held_quantity, held)
        self.assertEqual(self.entry.billing_written_off_quantity, written)
        self.assertConserved()

    def test_approval_keeps_who_and_when(self):
        run, line = self._review()
        line.action_approve()
        self.assertEqual(line.state, "approved")
        self.assertEqual(line.approved_by_id, self.manager)
        self.assertTrue(line.approved_date)
        self.assertEqual(self._invoice(run).amount_untaxed, 800)

    def test_approval_can_be_taken_back(self):
        _run, line = self._review()
        line.action_approve()
        line.action_unapprove()
        self.assertEqual(line.state, "proposed")
        self.assertFalse(line.approved_by_id)

    def test_company_invoices_approved_lines_only_where_it_says_so(self):
        self.company.billing_approval_required = True
        shop = self._create_project("Shop")
        self._create_rule(project=shop, price=100)
        self._create_entry(1, task=self._create_task("T", shop))
        run, lines = self._review(projects=self.project | shop)
        with self.assertRaisesRegex(BillingError, "approved"):
            self._invoice(run)
        lines.filtered(lambda line: line.project_id == shop).action_approve()
        self.assertEqual(self._invoice(run).amount_untaxed, 100)
        self.assertTotals(0, 0)

    def test_doubtful_line_without_a_customer_cannot_be_approved(self):
        self.project.partner_id = False
        run, _line = self._review()
        with self.assertRaisesRegex(BillingError, "customer"):
            run.line_ids.action_approve()

    def test_held_line_names_who_held_it_once(self):
        run, line = self._review()
        line.action_hold()
        name = self.manager.name
        self.assertEqual(
            line.reason,
            f"Held (by {name}). Release it when it shall be billed again.",
        )
        self.env.invalidate_all()
        self.assertEqual(self.entry.billing_explanation, f"Held: by {name}")
        again = self._propose()
        self.assertEqual(self._get_lines(again, "held").reason, line.reason)

    def test_price_changed_since_the_review_is_not_invoiced_unseen(self):
        run, line = self._review()
        self.rule.with_user(self.administrator).price = 120
        run.with_user(self.clerk).action_invoice()
        self.assertFalse(run.sudo().move_ids)
        self.assertEqual(line.reason_code, "changed_meanwhile")
        again, line = self._review()
        self.assertEqual(line.amount, 960)
        self.assertEqual(self._invoice(again).amount_untaxed, 960)
        self.assertTotals(8, 0)

    def test_own_price_of_the_reviewer_shows_in_the_review_and_is_invoiced(self):
        run, line = self._review()
        self.entry.with_user(self.manager).billing_override_price = 130
        self.assertEqual(line.amount, 1040)
        self.assertEqual(self._invoice(run).amount_untaxed, 1040)

    def test_project_archived_since_the_review_is_not_invoiced(self):
        run, line = self._review()
        self.project.active = False
        run.with_user(self.clerk).action_invoice()
        self.assertFalse(run.sudo().move_ids)
        self.assertEqual(line.sudo().reason_code, "archived_project")
        self.project.active = True
        self.assertTotals(0, 0)

    def test_text_for_the_customer_is_edited_and_the_description_stays(self):
        self.rule.line_grouping = "entry"
        before = self.entry.name
        run, _line = self._review()
        self.entry.with_user(self.manager).billing_text = "Page layout"
        invoice = self._invoice(run)
        self.assertIn("Page layout", invoice.invoice_line_ids.name)
        self.assertEqual(self.entry.name, before)

    def test_text_of_a_milestone_is_edited_on_the_line(self):
        milestones = self._create_rule("milestone", amount=500)
        item = self._create_item(milestones, amount=500)
        item.milestone_id.is_reached = True
        run, lines = self._review(cutoff=self.company._get_billing_today())
        line = lines.filtered("item_id")
        line.text = "First stage, accepted on 3 June"
        invoice = self._invoice(run)
        self.assertIn(
            "First stage, accepted", "".join(invoice.invoice_line_ids.mapped("name"))
        )
        self.assertEqual(item.name, "Milestone")

    def test_held_line_waits_until_it_is_released(self):
        run, line = self._review()
        line.action_hold()
        self.assertEqual(line.state, "held")
        self.assertTotals(0, 8)
        with self.assertRaises(BillingError):
            self._invoice(run)
        again, _none = self._review()
        self.assertEqual(again.line_ids.state, "held")
        self.assertIn(self.manager.name, again.line_ids.reason)
        again.line_ids.action_approve()
        self.assertEqual(self._invoice(again).amount_untaxed, 800)
        self.assertTotals(8, 0)

    def test_held_line_taken_up_by_hand_is_billed_once(self):
        run, line = self._review()
        line.action_hold()
        line.action_approve()
        self._invoice(run)
        self.assertTotals(8, 0)

    def test_postponed_line_waits_for_the_next_period(self):
        run, line = self._review()
        line.action_postpone()
        self.assertEqual(line.reason_code, "after_cutoff")
        with self.assertRaises(BillingError):
            self._invoice(run)
        again, _none = self._review()
        self.assertEqual(self._get_reasons(again), {"after_cutoff": 8})
        _run, line = self._review(cutoff=date(2026, 7, 1))
        self.assertEqual(line.quantity, 8)

    def test_non_billable_time_keeps_its_reason(self):
        run, line = self._review()
        self._settle(line, "nonbillable", "Our own fault")
        self.assertEqual(line.state, "skipped")
        self.assertTrue(self.entry.billing_nonbillable)
        self.assertEqual(self.entry.billing_reason, "Our own fault")
        self.assertIn("Our own fault", self.entry.billing_explanation)
        with self.assertRaises(BillingError):
            self._invoice(run)
        self.assertTotals(0, 0)

    def test_written_off_time_is_given_up_with_its_reason(self):
        run, line = self._review()
        self._settle(line, "write_off", "Goodwill")
        self.assertTotals(0, 0, 8)
        self.assertEqual(self.entry.billing_state, "written_off")
        self.assertIn("Goodwill", self.entry.billing_explanation)
        with self.assertRaises(BillingError):
            self._invoice(run)

    def test_time_billed_elsewhere_counts_as_billed(self):
        _run, line = self._review()
        self._settle(line, "elsewhere", "INV-OLD-17")
        self.assertTotals(8, 0)
        self.assertIn("INV-OLD-17", self.entry.billing_explanation)
        self.assertFalse(self._review()[1])

    def test_milestone_billed_elsewhere_counts_as_billed(self):
        milestones = self._create_rule("milestone", amount=500)
        item = self._create_item(milestones, amount=500)
        item.milestone_id.is_reached = True
        _run, lines = self._review(cutoff=self.company._get_billing_today())
        self._settle(lines.filtered("item_id"), "elsewhere", "INV-OLD-18")
        item.invalidate_recordset()
        self.assertEqual(item.billed_amount, 500)
        self.assertEqual(item.stage, "invoiced")
        self.assertConserved()

    def test_milestone_written_off_is_given_up(self):
        milestones = self._create_rule("milestone", amount=500)
        item = self._create_item(milestones, amount=500)
        item.milestone_id.is_reached = True
        _run, lines = self._review(cutoff=self.company._get_billing_today())
        self._settle(lines.filtered("item_id"), "write_off")
        item.invalidate_recordset()
        self.assertEqual(item.billing_written_off_amount, 500)
        self.assertEqual(item.stage, "written_off")
        self.assertConserved()

    def test_nothing_is_settled_twice(self):
        _run, line = self._review()
        self._settle(line, "write_off")
        wizard = (
            self.env["project.billing.settle"]
            .with_user(self.manager)
            .create(
                {
                    "action": "write_off",
                    "reason": "Again",
                    "entry_ids": [Command.set(self.entry.ids)],
                }
            )
        )
        with self.assertRaises(BillingError):
            wizard.action_settle()
        self.assertTotals(0, 0, 8)

    def test_only_the_unbilled_rest_is_written_off(self):
        invoice = self._bill()
        invoice.invoice_line_ids.write({"quantity": 5})
        _run, _none = self._review()
        self.env["project.billing.settle"].with_user(self.manager).create(
            {
                "action": "write_off",
                "reason": "Goodwill",
                "entry_ids": [Command.set(self.entry.ids)],
            }
        ).action_settle()
        self.assertTotals(5, 0, 3)

    def test_billed_time_is_not_made_non_billable(self):
        invoice = self._bill()
        wizard = (
            self.env["project.billing.settle"]
            .with_user(self.manager)
            .create(
                {
                    "action": "nonbillable",
                    "reason": "No",
                    "entry_ids": [Command.set(self.entry.ids)],
                }
            )
        )
        with self.assertRaises(LockedError) as caught:
            wizard.action_settle()
        self.assertIn(invoice.name or str(invoice.id), str(caught.exception))
        self.assertTotals(8, 0)

    def test_lines_of_a_finished_run_cannot_be_reviewed(self):
        run, line = self._review()
        self._invoice(run)
        for action in ("action_approve", "action_hold", "action_postpone"):
            with self.subTest(action=action), self.assertRaises(BillingError):
                getattr(line, action)()
        self.assertTotals(8, 0)

    def test_manager_cannot_review_the_project_of_another(self):
        self.project.user_id = self.administrator
        run = self._propose()
        with self.assertRaises(AccessError):
            run.line_ids.with_user(self.manager).action_approve()
        self.assertEqual(run.line_ids.state, "proposed")

    def test_manager_cannot_make_invoices(self):
        run, line = self._review()
        line.action_approve()
        with self.assertRaisesRegex(BillingError, "invoicing"):
            run.action_invoice()
        self.assertTotals(0, 0)
