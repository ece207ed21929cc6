"""Where it is true, forms and the dashboard warn of a customer who does not pay."""

from odoo.tests import freeze_time

from .test_pause import DAY, PauseCommon
from .test_tracker import TODAY


class TestWarning(PauseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stranger = cls._create_user(
            "stranger", "base.group_user,project.group_project_user"
        )

    def _break_promise(self):
        self._promise(days=1)
        self._settle_on("2026-07-17")

    def _read(self, record, user=None):
        self.env.invalidate_all()
        return record.with_user(user or self.manager).overdue_warning

    def test_nothing_to_say_says_nothing(self):
        self._promise()
        for record in (self.project, self.task):
            self.assertFalse(self._read(record))
        self.assertFalse(self._read(self.customer, self.clerk))

    def test_broken_promise_is_told_on_project_task_and_customer(self):
        self._break_promise()
        text = f"Promise broken: {self.invoice.name}."
        self.assertEqual(self._read(self.project), text)
        self.assertEqual(self._read(self.task), text)
        self.assertEqual(self._read(self.customer, self.clerk), text)

    def test_it_is_gone_with_the_payment(self):
        self._break_promise()
        with freeze_time("2026-07-18 12:00:00"):
            self._pay(self.invoice, 100, TODAY + 3 * DAY)
        self.assertFalse(self._read(self.project))

    def test_hold_of_the_whole_customer_is_told_with_its_reason_to_clerks_only(self):
        self._as(self.clerk, self.customer).action_overdue_hold("Merger")
        told = self._read(self.customer, self.clerk)
        self.assertEqual(told, "All invoices of the customer: on hold: Merger.")
        told = self._read(self.project)
        self.assertEqual(told, "All invoices of the customer: on hold.")

    def test_dispute_that_has_ended_is_told_no_more_before_the_job_runs(self):
        self._dispute(date_end=TODAY + DAY)
        self.assertIn("Disputed", self._read(self.project))
        with freeze_time("2026-07-17 12:00:00"):
            self.assertFalse(self._read(self.project))

    def test_others_are_told_nothing(self):
        self._break_promise()
        for record in (self.project, self.task):
            self.assertFalse(self._read(record, self.stranger))

    def test_another_project_of_the_customer_is_not_warned(self):
        self._break_promise()
        other = self._create_project("Other")
        self.assertFalse(self._read(other))

    def test_lists_do_not_pay_for_it(self):
        for model in ("res.partner", "project.project", "project.task"):
            for view_type in ("list", "kanban"):
                views = self.env[model].with_user(self.clerk)
                arch = views.get_view(view_type=view_type)["arch"]
                self.assertNotIn("overdue_warning", arch)

    def test_dashboard_lists_projects_with_disputes_and_broken_promises(self):
        self._create_rule("milestone")
        self._break_promise()
        self._dispute()
        for user in (self.manager, self.clerk):
            data = self.env["project.billing.dashboard"].with_user(user).get_data({})
            [record] = data["projects"]["records"]
            reasons = {reason["code"]: reason for reason in record["reasons"]}
            self.assertIn(self.invoice.name, reasons["dispute"]["text"])
            self.assertIn(self.invoice.name, reasons["promise"]["text"])
            pauses = self._get_pauses().with_user(user)
            found = pauses.search(reasons["dispute"]["domain"])
            self.assertEqual(found.kind, "dispute")
        data = self.env["project.billing.dashboard"].with_user(self.stranger)
        self.assertFalse(data.get_data({})["projects"]["records"])
