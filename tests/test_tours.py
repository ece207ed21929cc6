from datetime import date

from odoo.tests import HttpCase, tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestTours(BillingCommon, HttpCase):
    """Three people do their work in a browser, from the apps menu on."""

    def _start(self, name, user):
        self.start_tour("/odoo", f"project_billing_{name}_tour", login=user.login)
        self.env.invalidate_all()

    def test_project_manager_logs_time_reviews_and_approves(self):
        self._create_rule(price=100)
        self._create_employee("Mia Manager", user_id=self.manager.id)
        self.manager.group_ids |= self.env.ref("hr_timesheet.group_hr_timesheet_user")
        self.start_tour(
            "/odoo/action-hr_timesheet.act_hr_timesheet_line",
            "project_billing_manager_tour",
            login=self.manager.login,
        )
        self.env.invalidate_all()
        entry = self.env["account.analytic.line"].search(
            [("project_id", "=", self.project.id)]
        )
        self.assertRecordValues(
            entry,
            [
                {
                    "name": "wirefr. 2nd try",
                    "billing_text": "Wireframes of the start page",
                    "unit_amount": 2.5,
                    "billed_quantity": 0,
                }
            ],
        )
        line = self.env["project.billing.run.line"].search(
            [("project_id", "=", self.project.id)]
        )
        self.assertEqual(line.state, "approved")
        self.assertEqual(line.approved_by_id, self.manager)

    def test_accountant_bills_posts_and_credits_named_hours(self):
        self._create_rule(price=100)
        entry = self._create_entry(8, day=date.today())
        self._start("accountant", self.clerk)
        invoice, credit = entry.billing_allocation_ids.move_id.sorted("move_type")
        self.assertEqual(invoice.state, "posted")
        self.assertEqual(credit.state, "posted")
        self.assertEqual(credit.amount_untaxed, 350)
        self.assertEqual(entry.billed_quantity, 4.5)
        self.assertEqual(entry.billing_held_quantity, 3.5)
        self.assertConserved()

    def test_administrator_sets_billing_up(self):
        self.administrator.group_ids |= self.env.ref("base.group_system")
        # the host's test company has cash basis taxes without saying so in its settings
        self.company.tax_exigibility = True
        self._create_entry(8, day=date.today())
        self._start("administrator", self.administrator)
        self.assertTrue(self.company.billing_approval_required)
        self.assertTrue(self.company.billing_schedule_active)
        self.assertTrue(self.company.billing_schedule_date)
        rule = self.project.billing_rule_ids
        self.assertEqual(rule.price, 95)
        self.assertEqual(rule.open_amount, 760)

    def test_first_invoice_takes_at_most_25_clicks_and_sends_nothing(self):
        project = self._create_project(
            "First job", partner_id=False, user_id=self.administrator.id
        )
        task = self._create_task("Work", project)
        for hours in (1, 2, 3):
            self._create_entry(hours, day=date.today(), task=task)
        mails = self.env["mail.mail"].search_count([])
        self._start("first_invoice", self.administrator)
        invoice = self.env["account.move"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(invoice.state, "posted")
        self.assertEqual(invoice.amount_untaxed, 480)
        self.assertFalse(invoice.is_move_sent)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        self.assertConserved(project)

    def test_accountant_follows_a_late_invoice(self):
        rule = self._create_rule("milestone")
        self._create_item(rule, amount=750, date_ready=date(2026, 5, 31))
        invoice = self._bill(date.today())
        invoice.invoice_date = invoice.invoice_date_due = date(2026, 6, 1)
        invoice.action_post()
        self._start("tracking", self.clerk)
        statement = self.env["project.billing.statement"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(statement.project_ids, self.project)
        self.assertFalse(statement.date_sent)
