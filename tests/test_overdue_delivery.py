"""What goes wrong on the way of a reminder, with a real mail server on the loopback."""

from datetime import timedelta

from odoo.tests import freeze_time
from odoo.tools import mute_logger

from .overdue_common import DUE
from .test_overdue_send import DAY, MAIL, SERVER, SendCommon

OWN = "ap@northwind.example"


class DeliveryCommon(SendCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.partner"].create(
            {"name": "Contoso", "email": "pay@contoso.example"}
        )

    def _get_addresses(self):
        return sorted(mail.recipients[0] for mail in self.sink.messages)


class TestDelivery(DeliveryCommon):
    @mute_logger(MAIL, "odoo.addons.mail.models.mail_render_mixin")
    def test_a_mail_that_cannot_be_written_does_not_stop_the_others(self):
        self.template.body_html = (
            """<p t-out="1 / (object.partner_id.name != 'Contoso')"/>"""
        )
        self._create_invoice()
        self._create_invoice(partner_id=self.other.id)
        notices = self._send().grouped("partner_id")
        self.assertEqual(notices[self.customer].state, "sent")
        self.assertEqual(notices[self.other].state, "failed")
        self.assertTrue(notices[self.other].reason)
        self.assertEqual(self._get_addresses(), [OWN])

    def _copy_boss(self):
        """Let each reminder go to a colleague, too; the server takes one mail only."""
        boss = self.env["res.partner"].create(
            {"name": "Boss", "email": "boss@firm.example"}
        )
        self.template.partner_to = f"{{{{ object.contact_id.id }}}},{boss.id}"
        self.sink.limit = 1
        self.addCleanup(setattr, self.sink, "limit", None)

    @mute_logger(MAIL, SERVER)
    def test_who_has_it_gets_it_once_when_another_recipient_is_refused(self):
        self._copy_boss()
        self.company.overdue_user_id = self.clerk
        self._create_invoice()
        notice = self._send()
        arrived = self._get_addresses()
        self.assertEqual(len(arrived), 1)
        is_customer = arrived == [OWN]
        self.assertEqual(notice.state, "sent" if is_customer else "unknown")
        self.assertIn("too many mails", notice.reason)
        self.assertEqual(notice.activity_ids.user_id, self.clerk)
        self.sink.limit = None
        for days in range(1, 4):
            self._work_off(DAY + timedelta(days=days))
        self.assertEqual(self._get_addresses(), arrived)

    @mute_logger(MAIL, SERVER)
    def test_a_copy_that_went_without_the_customers_mail_asks_a_person(self):
        self.template.email_cc = "boss@firm.example"
        self.sink.refuse[OWN] = "550 no such mailbox"
        self._create_invoice()
        notice = self._send()
        self.assertEqual((notice.state, notice.action_ids.state), ("unknown",) * 2)
        self.assertIn("no such mailbox", notice.reason)
        self._work_off(DAY + timedelta(days=1))
        self.assertEqual(self._get_addresses(), ["boss@firm.example"])

    def test_an_address_that_is_gone_is_listed(self):
        self._create_invoice()
        notice = self._remind(DAY, send=False).sudo().notice_ids
        self.customer.email = False
        self._work_off()
        self.assertEqual(notice.state, "failed")
        self.assertTrue(notice.reason)
        self.customer.email = "new@northwind.example"
        self._work_off(DAY + timedelta(days=1))
        self.assertEqual(self._get_addresses(), ["new@northwind.example"])

    @mute_logger(MAIL, SERVER)
    def test_an_address_that_is_none_is_listed(self):
        self.customer.email = "accounts payable"
        self._create_invoice()
        notice = self._send()
        self.assertEqual(notice.state, "failed")
        self.assertTrue(notice.reason)
        self.assertFalse(self.sink.messages)

    @mute_logger(MAIL, SERVER)
    def test_a_failed_mail_that_a_person_sent_is_not_sent_again(self):
        self.sink.refuse[OWN] = "450 try later"
        self._create_invoice()
        notice = self._send()
        self.assertEqual(notice.state, "failed")
        self.sink.refuse.clear()
        with freeze_time(f"{DAY} 13:00:00"):
            notice.mail_id.mark_outgoing()  # the button Retry of the list of emails
            self.env["mail.mail"].process_email_queue(notice.mail_id.ids)
        self.assertEqual(notice.state, "sent")
        self._work_off(DAY + timedelta(days=1))
        self.assertEqual(self._get_addresses(), [OWN])


class TestWhatIsSaid(DeliveryCommon):
    def test_the_deadline_counts_from_the_day_it_goes(self):
        self.policy.level_ids.deadline_days = 14
        self._create_invoice()
        notice = self._remind(DAY, send=False).sudo().notice_ids
        with freeze_time(DAY):
            notice.with_user(self.clerk).action_hold()
        later = DAY + timedelta(days=20)
        with freeze_time(later):
            notice.with_user(self.clerk).action_release()
        self._work_off(later)
        self.assertEqual(notice.date_deadline, later + timedelta(days=14))
        self.assertIn("04/11/2026", self._get_text(self.sink.messages[0]))

    def test_what_is_left_is_said_in_the_words_of_its_own_level(self):
        """The invoice that was due for the last reminder is paid before it goes."""
        last = self.template.copy({"subject": "The last one"})
        self.policy.level_ids[2].mail_template_id = last
        self.policy.level_ids[2].deadline_days = 3
        old = self._create_invoice(due=DAY - timedelta(days=40))
        fresh = self._create_invoice(70)
        notice = self._remind(DAY, send=False).sudo().notice_ids
        self.assertEqual(notice.level_id, self.policy.level_ids[2])
        self._pay(old, 100, DAY)
        self._work_off()
        [mail] = self.sink.messages
        self.assertEqual(notice.level_id, self.policy.level_ids[0])
        self.assertIn("Reminder: open invoices", mail["Subject"])
        self.assertIn(fresh.name, self._get_text(mail))
        self.assertFalse(notice.date_deadline)


class TestEffects(DeliveryCommon):
    def setUp(self):
        super().setUp()
        self.policy.hold_hours = 24
        self.policy.level_ids[0].write({"fee_type": "fixed", "fee_amount": 10})
        rule = self._create_rule("milestone")
        self._create_item(rule, amount=100, date_ready=DUE)
        self.invoice = self._bill(DUE)
        self.invoice.invoice_payment_term_id = False
        self.invoice.write({"invoice_date_due": DUE, "is_move_sent": True})
        self.invoice.action_post()
        self.invoice.overdue_date_sent = DUE

    def test_a_reminder_whose_fee_failed_does_not_go_without_it(self):
        """A fee, an own action: a person mends it, then the reminder goes."""
        notice = self._remind(DAY, send=False).sudo().notice_ids
        action = self.env["ir.actions.server"].create(
            {
                "name": "Fails",
                "model_id": self.env["ir.model"]._get_id(notice._name),
                "state": "code",
                "code": "raise UserError('not today')",
            }
        )
        self.policy.level_ids[0].server_action_id = action
        self._work_off(DAY + timedelta(days=1))
        self.assertEqual((notice.state, notice.reason), ("failed", "not today"))
        action.code = "record.partner_id.write({'ref': 'LATE'})"
        self._work_off(DAY + timedelta(days=2))
        self.assertEqual(notice.state, "sent")
        self.assertEqual(self.customer.ref, "LATE")
        self.assertTrue(notice.is_effective)
        self.assertEqual(len(self.sink.messages), 1)
