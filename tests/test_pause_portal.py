"""The customer disputes an invoice or names a day: pages as visitors get them."""

from datetime import timedelta

from odoo import http
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import PauseError

from .test_pause import DAY, PauseCommon
from .test_portal import PortalCommon
from .test_tracker import TODAY


class PausePortalCommon(PauseCommon, PortalCommon):
    """Eva and Tom of the customer have logins, Zoe of another firm, too."""

    def _say(self, kind, text="", day=None, user=None):
        user = user or self.eva
        return (
            self._get_pauses()
            .with_user(user)
            .sudo()
            ._answer_portal(
                kind, self.invoice.sudo(), user.name, text, day, user.partner_id
            )
        )


class TestPausePortalCalls(PausePortalCommon):
    """What is kept of the customer's words, and what is refused."""

    def test_dispute_is_kept_with_name_time_and_words(self):
        with freeze_time("2026-07-15 09:05:00"):
            pause = self._say("dispute", "Four hours\nwere not ordered")
        self.assertTrue(pause.is_from_customer)
        self.assertEqual(pause.signer, "Eva Holm")
        self.assertEqual(pause.contact_id, self.eva.partner_id)
        self.assertEqual(pause.reason, "Four hours\nwere not ordered")
        self.assertEqual(str(pause.noted_on), "2026-07-15 09:05:00")
        with self.assertRaises(AccessError):
            pause.with_user(self.administrator).reason = "Nothing"

    def test_owner_gets_an_activity_and_the_invoice_a_note(self):
        pause = self._say("dispute", "Wrong")
        people = self.invoice.invoice_user_id | self.manager | self.invoice.create_uid
        self.assertIn(pause.user_id, people)
        self.assertEqual(pause.activity_ids.user_id, pause.user_id)
        note = self.invoice.message_ids[0]
        self.assertIn("Eva Holm in the customer portal", note.body)
        self.assertEqual(note.author_id, self.eva.partner_id)

    def test_project_manager_owns_it_where_the_salesperson_may_not_see_it(self):
        self.invoice.invoice_user_id = False
        self.assertEqual(self._say("dispute", "Wrong").user_id, self.manager)

    def test_second_dispute_changes_nothing(self):
        first = self._say("dispute", "Wrong")
        again = self._say("dispute", "Wrong", user=self.tom)
        self.assertEqual(first, again)
        self.assertEqual(len(first.activity_ids), 1)

    def test_promise_is_of_all_that_is_open(self):
        pause = self._say("promise", day=TODAY + 3 * DAY)
        self.assertEqual((pause.amount, pause.date_end), (100, TODAY + 3 * DAY))

    def test_days_in_the_past_or_too_far_off_are_refused(self):
        for day in (None, TODAY - DAY, TODAY + 31 * DAY):
            with self.subTest(day=day), self.assertRaises(PauseError):
                self._say("promise", day=day)
        self._say("promise", day=TODAY + 30 * DAY)

    def test_the_company_says_how_far_off_a_promised_day_may_be(self):
        self.company.overdue_promise_days = 3
        with self.assertRaises(PauseError):
            self._say("promise", day=TODAY + 4 * DAY)
        self._say("promise", day=TODAY + 3 * DAY)

    def test_without_days_nothing_is_promised_in_the_portal(self):
        self.company.overdue_promise_days = 0
        values = self._get_pauses().sudo()._get_portal_values(self.invoice.sudo())
        self.assertFalse(values["may_promise"])
        with self.assertRaises(PauseError):
            self._say("promise", day=TODAY)

    def test_new_days_again_and_again_do_not_put_it_off_for_ever(self):
        self._say("promise", day=TODAY + 20 * DAY)
        with freeze_time(f"{TODAY + 19 * DAY} 12:00:00"):
            with self.assertRaises(PauseError):
                self._say("promise", day=TODAY + 31 * DAY)
            self._say("promise", day=TODAY + 30 * DAY)

    def test_after_a_broken_promise_the_customer_must_call(self):
        self._say("promise", day=TODAY + DAY)
        with freeze_time(f"{TODAY + 2 * DAY} 12:00:00"), self.assertRaises(PauseError):
            self._say("promise", day=TODAY + 5 * DAY)

    def test_paid_invoice_is_not_disputed_any_more(self):
        self._pay(self.invoice, 100)
        with self.assertRaises(PauseError):
            self._say("dispute", "Wrong")

    def test_customer_reads_own_words_but_not_ours(self):
        pauses = self._get_pauses().sudo()
        self._dispute("They always say that")
        self._say("promise", "As agreed with Mia", day=TODAY + 3 * DAY)
        self._as(self.clerk).action_overdue_hold("Secret talks")
        rows = pauses._get_portal_values(self.invoice.sudo())["pauses"]
        found = {row["kind"]: (row["signer"], row["text"]) for row in rows}
        self.assertEqual(
            found,
            {"dispute": ("", ""), "promise": ("Eva Holm", "As agreed with Mia")},
        )

    def test_customer_reads_nothing_of_it_by_rpc(self):
        self._as(self.clerk).action_overdue_hold("Insolvent, says the bank")
        self.invoice.message_subscribe(self.customer.ids)
        move = self.invoice.with_user(self.eva)
        self.assertTrue(move.read(["name"]))
        names = [
            "overdue_pause_ids",
            "overdue_pause_kind",
            "overdue_pause_text",
            "billing_share_ids",
        ]
        for name in names:
            with self.subTest(name=name), self.assertRaises(AccessError):
                move.read([name])
        with self.assertRaises(AccessError):
            self._get_pauses().with_user(self.eva).search([])
        for action in ("action_overdue_hold", "action_overdue_call"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(move, action)("Why")

    def test_statement_page_marks_what_is_disputed(self):
        [row] = self._get_invoices().values()
        self.assertFalse(row.paused)
        self.assertIn("#billing_pause", row.answer_url)
        self._say("dispute", "Wrong")
        self.env.invalidate_all()
        [row] = self._get_invoices().values()
        self.assertEqual(row.paused, "Disputed")


@tagged("post_install", "-at_install")
class TestPausePortalPages(PausePortalCommon, HttpCase):
    """Pages and forms: contacts, another customer, the public, staff."""

    def setUp(self):
        super().setUp()
        self.invoice.message_subscribe(self.customer.ids)
        self.url = f"/my/invoices/{self.invoice.id}"

    def _login(self, user):
        login = user.login if user else None
        self.authenticate(login, login)

    def _post(self, kind, **data):
        data.setdefault("csrf_token", http.Request.csrf_token(self))
        return self.url_open(f"{self.url}/{kind}", data=data)

    def _get_day(self, days):
        return str(TODAY + timedelta(days=days))

    def test_customer_disputes_once_and_the_other_contact_reads_it(self):
        self._login(self.eva)
        page = self.url_open(self.url)
        self.assertIn("Dispute this invoice", page.text)
        page = self._post("dispute", text="The <b>logo</b>", signer="Somebody")
        self.assertIn("Eva Holm", page.text)
        self.assertIn("The &lt;b&gt;logo", page.text)
        self.assertNotIn("Dispute this invoice", page.text)
        self._post("dispute", text="Double click")
        self._login(self.tom)
        self.assertIn("The &lt;b&gt;logo", self.url_open(self.url).text)
        pause = self.invoice.overdue_pause_ids
        self.assertEqual(pause.mapped("signer"), ["Eva Holm"])

    def test_customer_names_a_day_and_the_same_day_again_changes_nothing(self):
        self._login(self.eva)
        page = self._post("promise", day=self._get_day(3))
        self.assertIn("Payment announced for", page.text)
        self._post("promise", day=self._get_day(3))
        pause = self.invoice.overdue_pause_ids
        self.assertEqual(pause.mapped("date_end"), [TODAY + 3 * DAY])
        self.assertEqual(len(pause.activity_ids), 1)

    def test_refusal_is_told_on_the_page_once(self):
        self._login(self.eva)
        page = self._post("promise", day=self._get_day(-1))
        self.assertIn("That day has passed", page.text)
        self.assertNotIn("That day has passed", self.url_open(self.url).text)
        page = self._post("promise", day="tomorrow")
        self.assertIn("By which day", page.text)
        page = self._post("dispute", text=" ")
        self.assertIn("Say why", page.text)
        self.assertFalse(self.invoice.overdue_pause_ids)

    def test_link_without_login_needs_a_name(self):
        token = self.invoice._portal_ensure_token()
        self.env.flush_all()
        self._login(None)
        page = self._post("dispute", text="Wrong", access_token=token)
        self.assertIn("Please enter your name", page.text)
        page = self._post("dispute", text="Wrong", access_token=token, signer="Al Ford")
        self.assertIn("Al Ford", page.text)
        pause = self.invoice.overdue_pause_ids
        self.assertEqual((pause.signer, bool(pause.contact_id)), ("Al Ford", False))

    def test_wrong_or_no_link_without_login_is_refused(self):
        self.invoice._portal_ensure_token()
        self._login(None)
        for token in (None, "", "x" * 36):
            data = {"access_token": token} if token is not None else {}
            page = self._post("dispute", text="Wrong", signer="Al", **data)
            self.assertEqual(page.status_code, 404, token)
        self.assertFalse(self.invoice.overdue_pause_ids)

    def test_another_customer_is_refused_also_as_a_follower(self):
        self._login(self.zoe)
        page = self._post("dispute", text="Wrong")
        self.assertEqual(page.status_code, 404)
        self.invoice.message_subscribe(self.stranger_firm.ids)
        self.env.flush_all()
        page = self._post("dispute", text="Wrong", access_token="x" * 36)
        self.assertEqual(page.status_code, 404)
        self.assertNotIn("Dispute this invoice", self.url_open(self.url).text)
        self.assertFalse(self.invoice.overdue_pause_ids)

    def test_parent_company_reads_the_invoice_but_does_not_answer(self):
        subsidiary = self.env["res.partner"].create(
            {"name": "Sub", "is_company": True, "parent_id": self.customer.id}
        )
        self.invoice = self._invoice(partner=subsidiary)
        self.invoice._portal_ensure_token()
        self.env.flush_all()
        self.url = f"/my/invoices/{self.invoice.id}"
        self._login(self.eva)
        page = self.url_open(self.url)
        self.assertIn("Questions about this invoice", page.text)
        self.assertNotIn("Dispute this invoice", page.text)
        for token in ({}, {"access_token": "x" * 36}):
            page = self._post("dispute", text="Wrong", **token)
            self.assertEqual(page.status_code, 404)
        self.assertFalse(self.invoice.overdue_pause_ids)

    def test_nobody_of_the_firm_answers_for_the_customer(self):
        self._login(self.clerk)
        page = self._post("dispute", text="Wrong")
        self.assertEqual(page.status_code, 404)
        self.assertFalse(self.invoice.overdue_pause_ids)

    @mute_logger("odoo.http")  # the refusal is what it wants
    def test_form_of_another_site_is_refused(self):
        self._login(self.eva)
        page = self._post("dispute", text="Wrong", csrf_token="forged")
        self.assertEqual(page.status_code, 400)
        self.assertFalse(self.invoice.overdue_pause_ids)

    def test_getting_the_address_changes_nothing(self):
        self._login(self.eva)
        page = self.url_open(f"{self.url}/dispute?text=Wrong")
        self.assertEqual(page.status_code, 405)
        self.assertFalse(self.invoice.overdue_pause_ids)

    def test_paid_invoice_asks_nothing(self):
        self._pay(self.invoice, 100)
        self._login(self.eva)
        self.assertNotIn("billing_pause", self.url_open(self.url).text)
