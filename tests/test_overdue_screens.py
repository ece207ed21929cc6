"""Previews, the list of customers, the bar on the invoice: what people see of it."""

from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import freeze_time

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .overdue_common import DUE
from .test_overdue_effects import EffectCommon

DAY = DUE + timedelta(days=6)


def after(days):
    return DUE + timedelta(days=days)


class TestPreview(EffectCommon):
    def _look(self, day=DUE, user=None, **kwargs):
        """Return ``{(kind, days after the due date): level}`` of the next 30 days."""
        with freeze_time(f"{day} 12:00:00"):
            previews = self.env["account.overdue.preview"].with_user(user or self.clerk)
            action = previews._open_for(self.company, **kwargs)
        self.lines = self.env[action["res_model"]].search(action["domain"])
        return {
            (line.kind, (line.date - DUE).days): line.level_id.name
            for line in self.lines
        }

    def test_each_level_of_the_next_days_as_if_nobody_paid(self):
        self._create_invoice()
        found = self._look()
        self.assertEqual(
            found, {("reminder", 5): "Level 1", ("reminder", 20): "Level 2"}
        )

    def test_it_shows_what_a_policy_that_is_off_would_do(self):
        self.policy.is_on = False
        self._create_invoice()
        self.assertEqual(len(self._look(policies=self.policy)), 2)

    def test_it_changes_nothing(self):
        self._create_invoice()
        self._look()
        self.assertFalse(self.env["account.overdue.action"].search([]))
        self.assertFalse(self.env["account.overdue.run"].search([]))

    def test_the_interval_holds(self):
        self.policy.interval_days = 18
        self._create_invoice()
        self.assertEqual(self._look(), {("reminder", 18): "Level 1"})

    def test_fees_are_shown_with_their_amount(self):
        self._use({"delay_days": 5, "fee_type": "fixed", "fee_amount": 10})
        self._create_invoice()
        self.assertIn(("fee", 5), self._look())
        fee = self.lines.filtered(lambda line: line.kind == "fee")
        self.assertEqual(fee.amount, 10)

    def test_invoices_that_are_to_come_are_in_the_same_list(self):
        rule = self._create_rule("milestone")
        self._create_item(rule, amount=500, date_planned=after(12))
        self._create_item(rule, amount=900, date_planned=after(60))
        self.assertEqual(self._look(), {("invoice", 12): False})
        self.assertEqual(self.lines.amount, 500)

    def test_what_is_left_out_says_why(self):
        self._create_invoice().no_followup = True
        self._look()
        self.assertIn("Excluded", self.lines.reason)

    def test_a_manager_has_no_preview(self):
        with self.assertRaises(AccessError):
            self._look(user=self.manager)

    def test_the_first_mail_is_shown_and_taken_back(self):
        self.policy.is_on = False
        invoice = self._create_invoice()
        with freeze_time(DAY):
            action = self.policy.with_user(self.administrator).action_preview_mail()
        preview = self.env[action["res_model"]].browse(action["res_id"])
        self.assertIn("Reminder", preview.subject)
        self.assertIn(invoice.name, preview.body)
        self.assertFalse(self.env["account.overdue.notice"].search([]))
        self.assertFalse(
            self.env["mail.mail"].search([("subject", "=", preview.subject)])
        )

    def test_without_an_open_invoice_there_is_no_mail_to_show(self):
        with self.assertRaises(BillingError):
            self.policy.with_user(self.administrator).action_preview_mail()


class TestCustomers(EffectCommon):
    def _get_row(self, day=DAY, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        with freeze_time(f"{day} 12:00:00"):
            rows = self.env["account.overdue.customer"].with_user(user or self.clerk)
            row = rows.search([("partner_id", "=", self.customer.id)])
            row.mapped("next_text")
        return row

    def test_one_row_for_each_customer_who_is_late(self):
        self._create_invoice(100)
        self._create_invoice(50, DUE - timedelta(days=10))
        self._create_invoice(70, DAY + timedelta(days=1))
        self._credit(30)
        row = self._get_row()
        self.assertEqual(row.amount_overdue, 120)
        self.assertEqual((row.amount_open, row.amount_credit), (190, 30))
        self.assertEqual((row.invoice_count, row.days_overdue), (2, 16))

    def test_credits_above_what_is_late_are_told_apart(self):
        self._create_invoice(100)
        self._credit(130)
        row = self._get_row()
        self.assertEqual((row.amount_overdue, row.amount_credit), (0, 130))

    def test_due_today_is_not_late(self):
        self._create_invoice()
        self.assertFalse(self._get_row(DUE))
        self.assertTrue(self._get_row(after(1)))

    def test_last_and_next_step(self):
        self._create_invoice()
        row = self._get_row(after(2))
        self.assertFalse(row.level_id)
        self.assertEqual((row.next_text, row.next_date), ("Level 1", after(5)))
        self._remind(after(5))
        row = self._get_row(after(6))
        self.assertEqual((row.level_id.name, row.last_date), ("Level 1", after(5)))
        self.assertEqual((row.next_text, row.next_date), ("Level 2", after(20)))

    def test_what_a_customer_owes_in_all_is_not_for_managers(self):
        self._create_invoice()
        self.assertFalse(self._get_row(user=self.manager))

    def test_a_promise_is_shown_and_stops_the_next_step(self):
        invoice = self._create_invoice()
        with freeze_time(f"{DAY} 12:00:00"):
            invoice.with_user(self.clerk).action_overdue_promise(
                DAY + timedelta(days=7)
            )
        row = self._get_row()
        self.assertIn("promised", row.pause_text)
        self.assertFalse(row.next_text)


class TestPauses(EffectCommon):
    def _pause(self, kind, *args, **kwargs):
        invoice = self._create_invoice()
        with freeze_time(f"{DAY} 12:00:00"):
            getattr(invoice.with_user(self.clerk), f"action_overdue_{kind}")(
                *args, **kwargs
            )
        return invoice

    def test_a_dispute_stops_reminders(self):
        self._pause("dispute", "wrong amount")
        run = self._propose_reminders(DAY)
        self.assertEqual(self._get_reason(run), "disputed")
        self.assertIn("wrong amount", run.line_ids.reason)

    def test_a_hold_stops_reminders(self):
        self._pause("hold", "new contact")
        self.assertEqual(self._get_reason(self._propose_reminders(DAY)), "on_hold")

    def test_a_promise_stops_them_up_to_its_day_and_not_beyond(self):
        self._pause("promise", DAY + timedelta(days=7))
        run = self._propose_reminders(DAY + timedelta(days=7))
        self.assertEqual(self._get_reason(run), "promised")
        run = self._propose_reminders(DAY + timedelta(days=8))
        self.assertEqual(run.line_ids.state, "proposed")

    def test_a_dispute_stops_a_reminder_that_waits(self):
        invoice = self._create_invoice()
        notice = self._remind(DAY, send=False).sudo().notice_ids
        with freeze_time(f"{DAY} 12:00:00"):
            invoice.with_user(self.clerk).action_overdue_dispute("wrong")
            notice._prepare_mails()
        self.assertEqual(notice.state, "cancelled")


class TestInvoiceBar(EffectCommon):
    def _get_note(self, invoice, day, user=None):
        self.env.invalidate_all()
        with freeze_time(f"{day} 12:00:00"):
            return invoice.with_user(user or self.clerk).overdue_note

    def test_what_was_done_and_what_comes_next(self):
        invoice = self._create_invoice()
        self.assertFalse(self._get_note(invoice, DUE))
        self.assertEqual(
            self._get_note(invoice, after(1)), "Next: Level 1 on 03/07/2026."
        )
        self._remind(after(5))
        self.assertEqual(
            self._get_note(invoice, after(6)),
            "Level 1 on 03/07/2026. Next: Level 2 on 03/22/2026.",
        )

    def test_why_nothing_comes(self):
        invoice = self._create_invoice()
        invoice.no_followup = True
        self.assertIn("Excluded", self._get_note(invoice, after(1)))

    def test_what_is_paused_is_said_once(self):
        """The bar of pauses says why; this one says what was done."""
        invoice = self._create_invoice()
        self._remind(after(5))
        with freeze_time(f"{after(6)} 12:00:00"):
            invoice.with_user(self.clerk).action_overdue_dispute("not ordered")
        self.assertEqual(self._get_note(invoice, after(6)), "Level 1 on 03/07/2026.")
        self.assertIn("not ordered", invoice.overdue_pause_text)

    def test_a_paid_invoice_has_no_bar(self):
        invoice = self._create_invoice()
        self._pay(invoice, 100, DAY)
        self.assertFalse(self._get_note(invoice, DAY))
