"""Overdue invoices in a browser: a run, the customer's answer, a manager's hold."""

from datetime import date, timedelta

from odoo.tests import HttpCase, tagged

from .test_overdue_send import SendCommon
from .test_pause_portal import PausePortalCommon


@tagged("post_install", "-at_install")
class TestRunTour(SendCommon, HttpCase):
    def test_accountant_proposes_reads_why_not_and_sends(self):
        today = date.today()
        due = today - timedelta(days=6)
        self._create_invoice(100, due)
        disputed = self._create_invoice(70, due)
        disputed.with_user(self.clerk).action_overdue_dispute("not ordered")
        for name in ("run", "sent"):
            tour = f"project_billing_overdue_{name}_tour"
            self.start_tour("/odoo", tour, login=self.clerk.login)
            self.env.invalidate_all()
            self._work_off(today)  # the scheduled job
        [mail] = self.sink.messages
        self.assertEqual(mail.recipients, ["ap@northwind.example"])


@tagged("post_install", "-at_install")
class TestPauseTours(PausePortalCommon, HttpCase):
    def test_customer_promises_and_disputes_in_the_portal(self):
        self.invoice.message_subscribe(self.customer.ids)
        self.start_tour(
            f"/my/invoices/{self.invoice.id}",
            "project_billing_answer_tour",
            login=self.eva.login,
        )
        self.env.invalidate_all()
        found = {p.kind: p.reason for p in self.invoice.overdue_pause_ids}
        self.assertEqual(found["dispute"], "Four hours were not ordered")
        self.assertIn("promise", found)

    def test_manager_holds_and_ends_it(self):
        self.start_tour("/odoo", "project_billing_hold_tour", login=self.manager.login)
        self.env.invalidate_all()
        pause = self.invoice.overdue_pause_ids
        self.assertRecordValues(
            pause,
            [{"kind": "hold", "reason": "Talks on Friday", "state": "ended"}],
        )
        self.assertEqual(pause.create_uid, self.manager)
