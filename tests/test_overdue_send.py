"""How reminders leave the house: each at most once, and nothing is lost unlisted."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import freeze_time
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .overdue_common import DUE, OverdueCommon
from .smtp_sink import Sink

DAY = DUE + timedelta(days=6)
MAIL = "odoo.addons.mail.models.mail_mail"
SERVER = "odoo.addons.base.models.ir_mail_server"
SENDER = "odoo.addons.project_invoice_tracker.models.account_overdue_notice_send_mixin"


class SendCommon(OverdueCommon):
    """Mails go through a real connection to a server on the loopback."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sink = Sink()
        cls.addClassCleanup(cls.sink.close)
        # the host opens no connection in tests unless this says so
        allowed = patch.object(IrMail_Server, "_disable_send", lambda *args: False)
        allowed.start()
        cls.addClassCleanup(allowed.stop)
        cls.env["ir.mail_server"].search([]).active = False
        cls.server = cls.env["ir.mail_server"].create(
            {
                "name": "Sink",
                "smtp_host": "127.0.0.1",
                "smtp_port": cls.sink.port,
                "smtp_encryption": "none",
            }
        )
        cls.company.email = "office@firm.example"

    def setUp(self):
        super().setUp()
        self.sink.messages.clear()
        self.sink.refuse.clear()
        self.sink.drop_after_data = False

    def _work_off(self, day=DAY):
        """What the scheduled job does with the queue, on that day."""
        with freeze_time(f"{day} 12:00:00"):
            self.env["account.overdue.notice"]._send_queue()

    def _send(self, day=DAY):
        run = self._remind(day, send=False)
        self._work_off(day)
        return run.sudo().notice_ids

    def _get_text(self, message):
        return message.get_body(("html", "plain")).get_content()


class TestSend(SendCommon):
    def test_a_reminder_arrives(self):
        invoice = self._create_invoice()
        notice = self._send()
        [mail] = self.sink.messages
        self.assertEqual(mail.recipients, ["ap@northwind.example"])
        self.assertIn("office@firm.example", mail["From"])
        self.assertIn("Reminder: open invoices", mail["Subject"])
        text = self._get_text(mail)
        self.assertIn(invoice.name, text)
        self.assertIn("100.00", text)
        self.assertEqual(notice.state, "sent")
        self.assertEqual(notice.action_ids.state, "done")
        self.assertEqual(notice.action_ids.date_done, DAY)

    def test_a_second_job_sends_nothing(self):
        self._create_invoice()
        self._send()
        self._work_off()
        self._work_off(DAY + timedelta(days=1))
        self.assertEqual(len(self.sink.messages), 1)

    def test_the_hosts_queue_sends_nothing_of_ours(self):
        self._create_invoice()
        notice = self._remind(DAY, send=False).sudo().notice_ids
        notice._prepare_mails()
        self.env["mail.mail"].process_email_queue()
        self.assertFalse(self.sink.messages)
        self.assertEqual(notice.state, "ready")

    def test_one_mail_with_all_invoices_of_a_customer(self):
        first = self._create_invoice(100)
        second = self._create_invoice(250, DUE - timedelta(days=1))
        later = self._create_invoice(70, DAY + timedelta(days=30))
        self._credit(30)
        self._send()
        [mail] = self.sink.messages
        text = self._get_text(mail)
        for move in (first, second, later):
            self.assertIn(move.name, text)
        # 100 + 250 - 30 are due by now, 70 later
        self.assertIn("320.00", text)
        self.assertIn("-30.00", text.replace("\ufeff", ""))

    def test_each_customer_gets_the_own_mail(self):
        other = self.env["res.partner"].create(
            {"name": "Contoso", "email": "pay@contoso.example"}
        )
        own = self._create_invoice()
        theirs = self._create_invoice(partner_id=other.id)
        self._send()
        texts = {m.recipients[0]: self._get_text(m) for m in self.sink.messages}
        self.assertEqual(set(texts), {"ap@northwind.example", "pay@contoso.example"})
        self.assertNotIn(theirs.name, texts["ap@northwind.example"])
        self.assertNotIn(own.name, texts["pay@contoso.example"])

    def test_a_new_deadline_is_named(self):
        self.policy.level_ids.deadline_days = 14
        self._create_invoice()
        notice = self._send()
        self.assertEqual(notice.date_deadline, DAY + timedelta(days=14))
        self.assertIn("03/22/2026", self._get_text(self.sink.messages[0]))

    def test_what_was_paid_before_it_goes_is_not_sent(self):
        invoice = self._create_invoice()
        notice = self._remind(DAY, send=False).sudo().notice_ids
        self._pay(invoice, 100, DAY)
        self._work_off()
        self.assertFalse(self.sink.messages)
        self.assertEqual((notice.state, notice.action_ids.state), ("cancelled",) * 2)

    def test_what_bounced_back_unpaid_is_reminded_again(self):
        invoice = self._create_invoice()
        self._remind(DAY, send=False)
        payment = self._pay(invoice, 100, DAY)
        self._work_off()
        payment.action_draft()
        payment.action_cancel()
        notice = self._send(DAY + timedelta(days=1))
        self.assertEqual((notice.state, notice.action_ids.period), ("sent", 1))

    @mute_logger(MAIL, SERVER)
    def test_a_refused_address_is_listed_and_tried_again(self):
        self.sink.refuse["ap@northwind.example"] = "550 no such mailbox"
        self._create_invoice()
        notice = self._send()
        self.assertEqual((notice.state, notice.action_ids.state), ("failed",) * 2)
        self.assertIn("no such mailbox", notice.reason)
        self._work_off()
        self.assertEqual(notice.attempts, 1)  # not before its time
        self.sink.refuse.clear()
        self._work_off(DAY + timedelta(days=1))
        self.assertEqual(notice.state, "sent")
        self.assertEqual(len(self.sink.messages), 1)

    @mute_logger(MAIL, SERVER)
    def test_one_refused_customer_does_not_stop_the_others(self):
        other = self.env["res.partner"].create(
            {"name": "Contoso", "email": "pay@contoso.example"}
        )
        self._create_invoice()
        self._create_invoice(partner_id=other.id)
        self.sink.refuse["ap@northwind.example"] = "550 no such mailbox"
        notices = self._send()
        self.assertEqual(sorted(notices.mapped("state")), ["failed", "sent"])

    @mute_logger(MAIL, SERVER)
    def test_a_server_that_is_down_fails_until_a_person_is_asked(self):
        self.company.overdue_user_id = self.clerk
        self.server.smtp_port = 9  # nobody listens
        self._create_invoice()
        notice = self._send()
        self.assertEqual(notice.state, "failed")
        for days in range(1, 8):
            self._work_off(DAY + timedelta(days=days))
        self.assertEqual(notice.attempts, 6)
        self.assertFalse(notice.date_retry)
        self.assertEqual(notice.activity_ids.user_id, self.clerk)

    @mute_logger(MAIL, SENDER)
    def test_a_connection_lost_after_the_text_is_unknown_and_never_sent_again(self):
        self.company.overdue_user_id = self.clerk
        self.sink.drop_after_data = True
        self._create_invoice()
        notice = self._send()
        self.assertEqual((notice.state, notice.action_ids.state), ("unknown",) * 2)
        self.assertEqual(notice.activity_ids.user_id, self.clerk)
        self.sink.drop_after_data = False
        for days in range(3):
            self._work_off(DAY + timedelta(days=days))
        self.assertEqual(len(self.sink.messages), 1)

    def test_what_a_killed_process_left_is_unknown_and_never_sent_again(self):
        self._create_invoice()
        notice = self._remind(DAY, send=False).sudo().notice_ids
        notice._prepare_mails()
        notice._begin_sending()  # and the process is gone
        notice._recover_lost()
        self.assertEqual((notice.state, notice.action_ids.state), ("unknown",) * 2)
        self._work_off()
        self.assertFalse(self.sink.messages)

    def test_a_person_may_send_what_is_unknown_again(self):
        self._create_invoice()
        notice = self._remind(DAY, send=False).sudo().notice_ids
        notice._set_state("sending")
        notice._recover_lost()
        with freeze_time(DAY):
            notice.with_user(self.clerk).action_send_now()
        self._work_off()
        self.assertEqual((notice.state, len(self.sink.messages)), ("sent", 1))

    def test_an_unknown_reminder_does_not_stop_the_next_level(self):
        self._create_invoice()
        notice = self._remind(DAY, send=False).sudo().notice_ids
        notice._set_state("sending")
        notice._recover_lost()
        run = self._propose_reminders(DUE + timedelta(days=20))
        self.assertEqual(run.line_ids.level_id.name, "Level 2")

    def test_what_is_being_sent_cannot_be_skipped(self):
        self._create_invoice()
        notice = self._remind(DAY, send=False).notice_ids
        notice.sudo()._set_state("sending")
        with self.assertRaises(BillingError):
            notice.with_user(self.clerk).action_skip_once()


class TestLanguages(SendCommon):
    def test_each_customer_reads_the_own_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.template.with_context(lang="fr_FR").subject = "Rappel de paiement"
        self.customer.lang = "fr_FR"
        other = self.env["res.partner"].create(
            {"name": "Contoso", "email": "pay@contoso.example", "lang": "en_US"}
        )
        self._create_invoice(1234.5)
        self._create_invoice(1234.5, partner_id=other.id)
        self._send()
        mails = {mail.recipients[0]: mail for mail in self.sink.messages}
        french = mails["ap@northwind.example"]
        self.assertEqual(french["Subject"], "Rappel de paiement")
        self.assertIn("02/03/2026", self._get_text(french))
        self.assertIn("Reminder", mails["pay@contoso.example"]["Subject"])
        self.assertIn("03/02/2026", self._get_text(mails["pay@contoso.example"]))

    def test_each_company_sends_its_own(self):
        second = self.setup_other_company(name="Second firm")["company"]
        second.write({"email": "hello@second.example"})
        second.partner_id.tz = "UTC"
        policy = self.policy.copy({"company_id": second.id, "is_on": True})
        second.overdue_policy_id = policy
        self._create_invoice()
        move = (
            self.env["account.move"]
            .with_company(second)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": DUE,
                    "invoice_date_due": DUE,
                    "invoice_payment_term_id": False,
                    "company_id": second.id,
                    "is_move_sent": True,
                    "invoice_line_ids": [
                        (0, 0, {"name": "Work", "price_unit": 77, "tax_ids": []})
                    ],
                }
            )
        )
        move.action_post()
        move.overdue_date_sent = DUE
        self._send()
        with freeze_time(f"{DAY} 12:00:00"):
            run = self.env["account.overdue.run"].create(
                {"company_id": second.id, "date": DAY}
            )
            run.action_propose()
            run.action_execute()
        self._work_off()
        senders = {mail["From"]: self._get_text(mail) for mail in self.sink.messages}
        self.assertEqual(len(senders), 2)
        [theirs] = [text for name, text in senders.items() if "second" in name]
        self.assertIn("77.00", theirs)
        self.assertNotIn("100.00", theirs)
