"""Looked at again right before it leaves: paid, credited, paused since."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import freeze_time
from odoo.tools import mute_logger

from .overdue_common import DUE
from .test_overdue_delivery import OWN, DeliveryCommon
from .test_overdue_effects import EffectCommon
from .test_overdue_send import DAY, MAIL, SENDER, SERVER


class RecheckCommon(DeliveryCommon):
    """Something happens after the mails were written, before they are handed over."""

    def _send_with(self, happens):
        """Work the queue off; ``happens()`` once all mails of the batch are written."""
        notices = self._remind(DAY, send=False).sudo().notice_ids
        prepare = type(notices)._prepare_mails

        def prepare_mails(batch):
            written = prepare(batch)
            self.assertEqual(written, batch, "each mail was written")
            happens()
            return written

        with patch.object(type(notices), "_prepare_mails", prepare_mails):
            self._work_off()
        return notices

    def _dispute(self, move):
        with freeze_time(f"{DAY} 12:00:00"):
            move.with_user(self.clerk).action_overdue_dispute("Wrong hours")


class TestBetweenWritingAndSending(RecheckCommon):
    def test_what_is_paid_meanwhile_does_not_go(self):
        invoice = self._create_invoice()
        notice = self._send_with(lambda: self._pay(invoice, 100, DAY))
        self.assertFalse(self.sink.messages)
        self.assertEqual((notice.state, notice.action_ids.state), ("cancelled",) * 2)
        self.assertEqual(notice.reason, "Paid or settled before it went.")
        self.assertFalse(notice.mail_id)

    def test_what_is_disputed_meanwhile_does_not_go_and_says_so(self):
        invoice = self._create_invoice()
        notice = self._send_with(lambda: self._dispute(invoice))
        self.assertFalse(self.sink.messages)
        self.assertEqual(notice.state, "cancelled")
        self.assertIn("Wrong hours", notice.reason)

    def test_one_of_two_invoices_leaves_the_mail_that_is_written_anew(self):
        paid, left = self._create_invoice(150), self._create_invoice(70)
        notice = self._send_with(lambda: self._pay(paid, 150, DAY))
        [mail] = self.sink.messages
        text = self._get_text(mail)
        self.assertIn(left.name, text)
        self.assertNotIn(paid.name, text)
        self.assertNotIn("220.00", text)
        states = {x.move_id: x.state for x in notice.action_ids}
        self.assertEqual(states, {paid: "cancelled", left: "done"})

    def test_a_part_payment_changes_the_figures_of_the_mail(self):
        invoice = self._create_invoice()
        self._send_with(lambda: self._pay(invoice, 40, DAY))
        [mail] = self.sink.messages
        self.assertIn("60.00", self._get_text(mail))

    def test_a_credit_changes_the_figures_of_the_mail(self):
        self._create_invoice()
        self._send_with(lambda: self._credit(30))
        [mail] = self.sink.messages
        self.assertIn("70.00", self._get_text(mail))

    def test_a_credit_stops_a_courtesy_note_before_the_due_date_as_well(self):
        self.company.overdue_policy_id = self._create_policy(
            [{"delay_type": "before", "delay_days": 3}]
        )
        self._create_invoice(due=DAY + timedelta(days=2))
        notice = self._send_with(lambda: self._credit(100))
        self.assertFalse(self.sink.messages)
        self.assertIn("Covered by credits", notice.reason)

    def test_a_credit_over_all_stops_it(self):
        self._create_invoice()
        notice = self._send_with(lambda: self._credit(100))
        self.assertFalse(self.sink.messages)
        self.assertIn("Covered by credits", notice.reason)

    def test_what_happens_to_one_customer_leaves_the_others_as_they_are(self):
        invoice = self._create_invoice()
        self._create_invoice(partner_id=self.other.id)
        self._send_with(lambda: self._pay(invoice, 100, DAY))
        self.assertEqual(self._get_addresses(), ["pay@contoso.example"])

    def test_a_mail_that_is_still_true_is_not_written_again(self):
        self._create_invoice()
        made = []
        notices = self.env["account.overdue.notice"]
        notice = self._send_with(
            lambda: made.append(notices.search([]).mail_id.mail_message_id.id)
        )
        self.assertEqual(notice.state, "sent")
        self.assertEqual(notice.mail_id.mail_message_id.ids, made)


class TestRetry(RecheckCommon):
    """A mail that failed is not sent as it was written yesterday."""

    def setUp(self):
        super().setUp()
        self.invoice = self._create_invoice()
        self.sink.refuse[OWN] = "450 try later"
        with mute_logger(MAIL, SERVER):
            self.notice = self._send()
        self.assertEqual(self.notice.state, "failed")
        self.sink.refuse.clear()

    def test_what_was_paid_since_is_not_tried_again(self):
        self._pay(self.invoice, 100, DAY)
        self._work_off(DAY + timedelta(days=1))
        self.assertFalse(self.sink.messages)
        self.assertEqual(self.notice.state, "cancelled")

    def test_what_was_part_paid_since_is_written_anew(self):
        self._pay(self.invoice, 40, DAY)
        self._work_off(DAY + timedelta(days=1))
        [mail] = self.sink.messages
        self.assertIn("60.00", self._get_text(mail))

    def test_what_is_disputed_since_is_not_tried_again(self):
        self._dispute(self.invoice)
        self._work_off(DAY + timedelta(days=1))
        self.assertFalse(self.sink.messages)

    def _retry_in_the_hosts_list(self):
        """The button Retry of the host's list of emails, and its own queue."""
        mail = self.notice.mail_id
        mail.mark_outgoing()
        with freeze_time(f"{DAY} 13:00:00"):
            self.env["mail.mail"].process_email_queue(mail.ids)
            self.env["mail.mail"].process_email_queue()

    def test_a_person_cannot_send_what_was_paid_since_from_the_hosts_list(self):
        self._pay(self.invoice, 100, DAY)
        self._retry_in_the_hosts_list()
        self.assertFalse(self.sink.messages)
        self.assertEqual(self.notice.state, "cancelled")

    def test_a_person_who_retries_an_old_text_sends_the_new_one(self):
        self._pay(self.invoice, 40, DAY)
        self._retry_in_the_hosts_list()
        self.assertFalse(self.sink.messages)
        self._work_off()
        [mail] = self.sink.messages
        self.assertIn("60.00", self._get_text(mail))

    def test_a_held_reminder_does_not_go_from_the_hosts_list_either(self):
        self.notice.with_user(self.clerk).action_hold()
        self._retry_in_the_hosts_list()
        self.assertFalse(self.sink.messages)
        self.assertEqual(self.notice.state, "held")

    @mute_logger(SENDER)
    def test_what_is_unknown_and_paid_since_is_not_sent_again(self):
        self.notice._set_state("unknown")
        self._pay(self.invoice, 100, DAY)
        with freeze_time(DAY):
            self.notice.with_user(self.clerk).action_send_now()
        self._work_off()
        self.assertFalse(self.sink.messages)


class TestLettersNotYetPrinted(EffectCommon):
    def setUp(self):
        super().setUp()
        self._use({"delay_days": 5, "channel": "letter"})
        self.invoice = self._create_invoice()

    def _make(self):
        return self._remind(DAY, send=False).notice_ids

    def _print(self, notices):
        with freeze_time(f"{DAY} 12:00:00"):
            return notices.with_user(self.clerk).action_print()

    def test_a_letter_of_what_was_paid_since_is_not_printed(self):
        notice = self._make()
        self._pay(self.invoice, 100, DAY)
        action = self._print(notice)
        self.assertEqual(action["tag"], "display_notification")
        self.assertEqual((notice.state, notice.action_ids.state), ("cancelled",) * 2)
        self.assertTrue(notice.reason)

    def test_of_several_letters_those_that_are_due_are_printed(self):
        other = self.env["res.partner"].create({"name": "Contoso"})
        self._create_invoice(partner_id=other.id)
        notices = self._make()
        self._pay(self.invoice, 100, DAY)
        action = self._print(notices)
        due = notices.filtered(lambda n: n.partner_id == other)
        self.assertEqual(action["context"]["active_ids"], due.ids)
        self.assertEqual(due.state, "sent")

    def test_a_letter_of_a_disputed_invoice_is_not_printed(self):
        notice = self._make()
        with freeze_time(f"{DAY} 12:00:00"):
            self.invoice.with_user(self.clerk).action_overdue_dispute("Wrong hours")
        self._print(notice)
        self.assertEqual(notice.state, "cancelled")
        self.assertIn("Wrong hours", notice.reason)

    def test_a_letter_that_was_printed_may_be_printed_again(self):
        notice = self._make()
        self._print(notice)
        self._pay(self.invoice, 100, DAY)
        action = self._print(notice)
        self.assertEqual(action["context"]["active_ids"], notice.ids)
        self.assertEqual(notice.state, "sent")


class TestFeeOfADroppedReminder(EffectCommon):
    """The fee was booked with a letter that never went: it is taken back."""

    def setUp(self):
        super().setUp()
        fee = {"fee_type": "fixed", "fee_amount": 10}
        self._use({"delay_days": 5, "channel": "letter", **fee})
        self.invoice = self._create_invoice()
        self.notice = self._remind(DAY, send=False).notice_ids
        self.charge = self.env["account.overdue.charge"].search(
            [("move_id", "=", self.invoice.id)]
        )

    def _print(self, day=DAY):
        with freeze_time(f"{day} 12:00:00"):
            self.notice.with_user(self.clerk).action_print()

    def test_it_is_credited(self):
        self.assertEqual(self.charge.debit_move_id.amount_total, 10)
        self._pay(self.invoice, 100, DAY)
        self._print()
        self.assertEqual(self.charge.state, "cancelled")
        self.assertEqual(self.charge.debit_move_id.amount_residual, 0)
        self.assertTrue(self.charge.waived_reason)

    def test_a_fee_that_was_paid_stays(self):
        self._pay(self.charge.debit_move_id, 10, DAY)
        self._pay(self.invoice, 100, DAY)
        self._print()
        self.assertEqual(self.charge.state, "charged")

    def test_the_level_charges_again_after_a_dispute(self):
        with freeze_time(f"{DAY} 12:00:00"):
            self.invoice.with_user(self.clerk).action_overdue_dispute("Wrong hours")
        self._print()
        later = DAY + timedelta(days=9)
        with freeze_time(f"{later} 12:00:00"):
            self.invoice.with_user(self.clerk).action_overdue_end()
        self.notice = self._remind(later, send=False).notice_ids
        self._print(later)
        charges = self.env["account.overdue.charge"].search(
            [("move_id", "=", self.invoice.id)], order="id"
        )
        self.assertEqual(charges.mapped("state"), ["cancelled", "charged"])

    def test_in_a_closed_period_the_accountant_is_told(self):
        self.company.overdue_user_id = self.clerk
        self._pay(self.invoice, 100, DUE)
        with patch.object(
            type(self.charge), "_waive", side_effect=ValueError("closed period")
        ):
            self._print()
        self.assertEqual(self.notice.state, "cancelled")
        self.assertEqual(self.notice.sudo().activity_ids.user_id, self.clerk)
