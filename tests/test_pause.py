"""Disputes, promises and holds: noted, in force by date, ended by themselves."""

from datetime import date, timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.tests import freeze_time
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import AlreadyNotedError, PauseError

from .test_forecast import ForecastCommon
from .test_tracker import TODAY

DAY = timedelta(days=1)


class PauseCommon(ForecastCommon):
    """An invoice over 100, due five days ago, of a project of the manager."""

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice(due=TODAY - 5 * DAY)

    @classmethod
    def _get_pauses(cls):
        return cls.env["account.overdue.pause"]

    def _as(self, user, record=None):
        return (record or self.invoice).with_user(user)

    def _get_pause(self, pause_id):
        return self._get_pauses().browse(pause_id)

    def _promise(self, days=5, move=None, **kwargs):
        move = self._as(self.clerk, move)
        day = TODAY + days * DAY
        return self._get_pause(move.action_overdue_promise(day, **kwargs))

    def _dispute(self, reason="Wrong hours", move=None, **kwargs):
        move = self._as(self.clerk, move)
        return self._get_pause(move.action_overdue_dispute(reason, **kwargs))

    def _get_kind(self, day, move=None):
        move = move or self.invoice
        paused = self._get_pauses()._get_paused(move.ids, day)
        return paused.get(move.id, (False,))[0]

    def _settle_on(self, day):
        with freeze_time(f"{day} 12:00:00"):
            self._get_pauses()._cron_settle()


class TestPauseInForce(PauseCommon):
    """On which days an invoice is not chased, and why."""

    def test_promise_holds_up_to_its_day_and_is_rearmed_the_day_after(self):
        self._promise(days=5)
        self.assertFalse(self._get_kind(TODAY - DAY))
        self.assertEqual(self._get_kind(TODAY), "promise")
        self.assertEqual(self._get_kind(TODAY + 5 * DAY), "promise")
        self.assertFalse(self._get_kind(TODAY + 6 * DAY))

    def test_dispute_without_end_holds_until_it_is_ended(self):
        pause = self._dispute()
        self.assertEqual(self._get_kind(TODAY + 900 * DAY), "dispute")
        with freeze_time("2026-07-20 12:00:00"):
            pause.with_user(self.clerk).action_end()
        self.assertEqual(pause.state, "ended")
        self.assertEqual(self._get_kind(date(2026, 7, 19)), "dispute")
        self.assertFalse(self._get_kind(date(2026, 7, 20)))

    def test_dispute_ended_on_its_first_day_was_never_in_force(self):
        pause = self._dispute()
        pause.with_user(self.clerk).action_end()
        self.assertFalse(self._get_kind(TODAY))

    def test_the_reason_is_told_as_a_sentence(self):
        self._dispute("Wrong hours", date_end="2026-07-31")
        paused = self._get_pauses()._get_paused(self.invoice.ids, TODAY)
        kind, reason = paused[self.invoice.id]
        self.assertEqual(kind, "dispute")
        self.assertEqual(reason, "disputed, until 07/31/2026: Wrong hours")

    def test_customers_pause_holds_for_all_invoices_of_the_company(self):
        contact = self.env["res.partner"].create(
            {"name": "Eva", "parent_id": self.customer.id, "type": "invoice"}
        )
        other = self._invoice(partner=contact)
        stranger = self.env["res.partner"].create({"name": "Contoso"})
        foreign = self._invoice(partner=stranger)
        self._as(self.clerk, contact).action_overdue_hold("Merger")
        paused = self._get_pauses()._get_paused(
            (self.invoice | other | foreign).ids, TODAY
        )
        self.assertEqual(set(paused), {self.invoice.id, other.id})
        later = self._invoice()
        self.assertEqual(self._get_kind(TODAY, later), "hold")

    def test_customers_pause_does_not_hold_in_another_company(self):
        other = self._create_company(name="Other firm")
        clerk = self.clerk
        clerk.company_ids |= other
        partner = self.customer.with_user(clerk).with_context(
            allowed_company_ids=[other.id]
        )
        partner.action_overdue_hold("Insolvent there")
        self.assertFalse(self._get_kind(TODAY))

    def test_of_several_the_dispute_is_told_first(self):
        self._promise()
        self._as(self.clerk, self.customer).action_overdue_hold("Merger")
        self.assertEqual(self._get_kind(TODAY), "hold")
        self._dispute()
        self.assertEqual(self._get_kind(TODAY), "dispute")

    def test_queries_do_not_grow_with_invoices(self):
        moves = self.invoice
        for number in range(6):
            moves |= self._invoice(amount=10 + number)
        self._dispute()
        self._as(self.clerk, self.customer).action_overdue_hold("Merger")
        for some in (moves[:1], moves):
            self.env.flush_all()
            self.env.invalidate_all()
            with self.subTest(moves=len(some)), self.assertQueryCount(3):
                self._get_pauses()._get_paused(some.ids, TODAY)


class TestPauseOutcome(PauseCommon):
    """What came of it is read in the ledger."""

    def test_promise_paid_by_its_day_is_kept_at_once(self):
        pause = self._promise(days=5)
        self._pay(self.invoice, 100, TODAY)
        self.assertEqual(pause.state, "kept")

    def test_promise_paid_on_its_day_is_kept(self):
        pause = self._promise(days=5)
        with freeze_time("2026-07-20 12:00:00"):
            self._pay(self.invoice, 100, TODAY + 5 * DAY)
        self._settle_on("2026-07-21")
        self.assertEqual(pause.state, "kept")

    def test_unpaid_promise_is_broken_the_day_after_and_the_owner_told(self):
        pause = self._promise(days=5)
        self._settle_on("2026-07-20")
        self.assertEqual(pause.state, "open")
        self._settle_on("2026-07-21")
        self.assertEqual(pause.state, "broken")
        self.assertEqual(pause.activity_ids.user_id, self.clerk)
        self._settle_on("2026-07-22")
        self.assertEqual(len(pause.activity_ids), 1)

    def test_payment_a_day_late_breaks_the_promise(self):
        pause = self._promise(days=5)
        with freeze_time("2026-07-21 12:00:00"):
            self._pay(self.invoice, 100, TODAY + 6 * DAY)
        self.assertEqual(pause.state, "broken")

    def test_payment_matched_late_makes_the_promise_kept_after_all(self):
        pause = self._promise(days=5)
        self._settle_on("2026-07-21")
        self.assertEqual(pause.state, "broken")
        with freeze_time("2026-07-23 12:00:00"):
            self._pay(self.invoice, 100, TODAY + 5 * DAY)
        self.assertEqual(pause.state, "kept")

    def test_payment_that_bounces_breaks_the_promise(self):
        pause = self._promise(days=5)
        payment = self._pay(self.invoice, 100, TODAY)
        self.assertEqual(pause.state, "kept")
        payment.move_id.line_ids.remove_move_reconcile()
        self._settle_on("2026-07-21")
        self.assertEqual(pause.state, "broken")

    def test_promise_of_a_part_is_kept_by_that_part(self):
        pause = self._promise(days=5, amount=40)
        self._pay(self.invoice, 39.99, TODAY)
        self._settle_on("2026-07-16")
        self.assertEqual(pause.state, "open")
        self._pay(self.invoice, 0.01, TODAY)
        self._settle_on("2026-07-16")
        self.assertEqual(pause.state, "kept")

    def test_what_was_paid_before_the_promise_does_not_count(self):
        self._pay(self.invoice, 60, TODAY - DAY)
        pause = self._promise(days=5)
        self.assertEqual(pause.amount, 40)
        self._settle_on("2026-07-21")
        self.assertEqual(pause.state, "broken")

    def test_invoice_settled_by_a_credit_note_keeps_no_promise_and_breaks_none(self):
        pause = self._promise(days=5)
        self._reverse(self.invoice, mode="price_reduction")
        self._settle_on("2026-07-21")
        self.assertEqual(pause.state, "ended")

    def test_customers_promise_is_kept_by_money_matched_or_not(self):
        self._invoice(amount=300)
        partner = self._as(self.clerk, self.customer)
        pause = self._get_pause(partner.action_overdue_promise("2026-07-20"))
        self.assertEqual(pause.amount, 400)
        payment = self.env["account.payment"].create(
            {
                "partner_id": self.customer.id,
                "payment_type": "inbound",
                "partner_type": "customer",
                "amount": 400,
                "date": "2026-07-18",
            }
        )
        payment.action_post()
        self._settle_on("2026-07-21")
        self.assertEqual(pause.state, "kept")

    def test_broken_promises_are_counted_for_the_customer(self):
        self._promise(days=1)
        other = self._invoice(amount=50)
        self._promise(days=1, move=other)
        self._settle_on("2026-07-17")
        partner = self._as(self.clerk, self.customer)
        self.assertEqual(partner.overdue_broken_count, 2)

    def test_new_promise_replaces_the_open_one_and_breaks_none(self):
        first = self._promise(days=2)
        second = self._promise(days=9)
        self.assertEqual((first.state, second.state), ("ended", "open"))
        self._settle_on("2026-07-20")
        self.assertEqual(first.state, "ended")

    def test_new_promise_after_the_day_does_not_save_the_broken_one(self):
        first = self._promise(days=2)
        with freeze_time("2026-07-20 12:00:00"):
            self._promise(days=9)
        self.assertEqual(first.state, "broken")

    def test_dispute_ends_by_itself_after_its_last_day_and_the_owner_is_told(self):
        pause = self._dispute(date_end="2026-07-20")
        self._settle_on("2026-07-20")
        self.assertEqual(pause.state, "open")
        self._settle_on("2026-07-21")
        self.assertEqual(pause.state, "ended")
        self.assertEqual(pause.activity_ids.user_id, self.clerk)

    def test_dispute_ends_when_the_invoice_is_paid(self):
        pause = self._dispute()
        self._pay(self.invoice, 100)
        self.assertEqual(pause.state, "ended")
        self.assertFalse(pause.activity_ids)

    def test_it_ends_at_midnight_in_the_zone_of_the_company(self):
        pause = self._promise(days=0)
        for zone, state in (("Pacific/Pago_Pago", "open"), ("Pacific/Kiritimati",) * 2):
            self.company.partner_id.tz = zone
            # 15 July 23:30 on Samoa, 17 July 00:30 on Kiritimati
            with freeze_time("2026-07-16 10:30:00"):
                self._get_pauses()._cron_settle()
            self.assertEqual(pause.state == "open", state == "open", zone)

    def test_job_run_twice_changes_nothing_the_second_time(self):
        pause = self._promise(days=1)
        self._settle_on("2026-07-18")
        messages = pause.message_ids
        self._settle_on("2026-07-18")
        self.assertEqual(pause.message_ids, messages)

    def test_state_changes_are_kept_as_history(self):
        pause = self._promise(days=1).with_context(
            tracking_disable=False, mail_notrack=False
        )
        self.env.flush_all()
        self.env.cr.precommit.clear()
        with freeze_time("2026-07-18 12:00:00"):
            pause.sudo()._settle()
            self.env.flush_all()
            self.env.cr.precommit.run()
        values = pause.message_ids.tracking_value_ids
        found = [(v.old_value_char, v.new_value_char) for v in values]
        self.assertIn(("Open", "Broken"), found)


class TestPauseInput(PauseCommon):
    """What cannot be is refused, and says why."""

    def assertRefused(self, action, *args, **kwargs):
        with self.assertRaises(PauseError):
            getattr(self._as(self.clerk), action)(*args, **kwargs)
        self.assertFalse(self._get_pauses().search([("move_id", "=", self.invoice.id)]))

    def test_promise_for_yesterday_is_refused(self):
        self.assertRefused("action_overdue_promise", TODAY - DAY)

    def test_promise_for_today_is_taken(self):
        self.assertEqual(self._promise(days=0).state, "open")

    def test_promise_without_a_day_is_refused(self):
        self.assertRefused("action_overdue_promise", False)

    def test_promise_of_more_than_is_open_is_refused(self):
        self.assertRefused("action_overdue_promise", TODAY, amount=100.01)

    def test_promise_of_nothing_is_refused(self):
        self.assertRefused("action_overdue_promise", TODAY, amount=0)

    def test_dispute_that_ends_before_it_begins_is_refused(self):
        self.assertRefused("action_overdue_dispute", "Why", date_end=TODAY - DAY)

    def test_dispute_without_a_reason_is_refused(self):
        self.assertRefused("action_overdue_dispute", "  ")

    def test_call_without_a_word_is_refused(self):
        self.assertRefused("action_overdue_call", "")

    def test_paid_invoice_cannot_be_paused(self):
        self._pay(self.invoice, 100)
        self.assertRefused("action_overdue_hold", "Why")

    def test_draft_cannot_be_paused(self):
        self.invoice.button_draft()
        self.assertRefused("action_overdue_hold", "Why")

    def test_vendor_bill_cannot_be_paused(self):
        self.invoice = self._invoice(move_type="in_invoice")
        self.assertRefused("action_overdue_hold", "Why")

    def test_owner_who_may_not_see_the_invoice_is_refused(self):
        other = self._create_user("other", "base.group_user,project.group_project_user")
        self.assertRefused("action_overdue_dispute", "Why", user_id=other.id)

    def test_second_open_dispute_is_the_first_one(self):
        first = self._dispute()
        second = self._dispute("Again")
        self.assertEqual(first, second)
        self.assertEqual(first.reason, "Wrong hours")

    def test_same_promise_twice_is_noted_once(self):
        self.assertEqual(self._promise(), self._promise())

    def test_database_refuses_a_second_open_dispute(self):
        pause = self._dispute()
        with (
            self.assertRaises(IntegrityError),
            mute_logger("odoo.sql_db"),
            self.cr.savepoint(),
        ):
            pause.copy()

    def test_who_comes_second_at_the_same_moment_is_told_so(self):
        self._dispute()
        pauses = type(self._get_pauses())
        # the other transaction's row is not seen yet
        unseen = patch.object(pauses, "_get_open", lambda own, *_about: own.browse())
        with (
            unseen,
            mute_logger("odoo.sql_db"),
            self.assertRaises(AlreadyNotedError),
        ):
            self._dispute("Again")
        self.assertEqual(len(self.invoice.overdue_pause_ids), 1)

    def test_end_date_may_be_put_off_but_not_into_the_past(self):
        pause = self._dispute(date_end=TODAY).with_user(self.clerk)
        pause.date_end = TODAY + DAY
        self.assertEqual(self._get_kind(TODAY + DAY), "dispute")
        with self.assertRaises(PauseError):
            pause.date_end = TODAY - DAY

    def test_day_of_a_promise_cannot_be_changed(self):
        with self.assertRaises(PauseError):
            self._promise().with_user(self.clerk).date_end = TODAY + 30 * DAY

    def test_state_and_amount_are_not_typed(self):
        pause = self._promise().with_user(self.clerk)
        for vals in ({"state": "kept"}, {"amount": 1}, {"date_start": TODAY}):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                pause.write(vals)

    def test_history_is_not_deleted(self):
        pause = self._dispute()
        with self.assertRaises(AccessError):
            pause.with_user(self.administrator).unlink()
        with self.assertRaises(PauseError):
            pause.unlink()

    def test_promise_leaves_out_what_is_retained_without_a_release(self):
        rule = self._create_rule("milestone", retention_percentage=10)
        rule.retention_release = "acceptance"
        self._create_item(rule, amount=500).action_set_ready()
        move = self._bill(TODAY)
        move.action_post()
        self.assertEqual(self._promise(move=move).amount, 450)


class TestPauseAccess(PauseCommon):
    """Clerks of own companies, project managers of own projects' invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stranger = cls._create_user(
            "stranger", "base.group_user,project.group_project_user"
        )
        cls.nobody = cls._create_user("nobody", "base.group_user")

    def test_project_manager_holds_and_disputes_invoices_of_own_projects(self):
        move = self._as(self.manager)
        hold = self._get_pause(move.action_overdue_hold("Talks on Friday"))
        self._get_pause(move.action_overdue_dispute("Not finished"))
        mine = self._get_pauses().with_user(self.manager).search([])
        self.assertEqual(len(mine), 2)
        self.assertEqual(hold.with_user(self.manager).document_name, self.invoice.name)
        hold.with_user(self.manager).action_end()
        self.assertEqual(hold.state, "ended")

    def test_project_manager_notes_no_promise_and_nothing_for_a_customer(self):
        with self.assertRaises(AccessError):
            self._as(self.manager).action_overdue_promise(TODAY)
        with self.assertRaises(AccessError):
            self._as(self.manager, self.customer).action_overdue_hold("Why")

    def test_project_manager_ends_no_promise(self):
        pause = self._promise()
        with self.assertRaises(AccessError):
            pause.with_user(self.manager).action_end()

    def test_others_neither_note_nor_read(self):
        pause = self._dispute()
        for user in (self.stranger, self.nobody):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    self._as(user).action_overdue_hold("Why")
                with self.assertRaises(AccessError):
                    self._as(user).action_overdue_call("Hello")
                with self.assertRaises(AccessError):
                    pause.with_user(user).read(["reason"])
                with self.assertRaises(AccessError):
                    pause.with_user(user).action_end()

    def test_project_manager_reads_nothing_of_whole_customers(self):
        self._as(self.clerk, self.customer).action_overdue_hold("Their other project")
        self.assertFalse(self._get_pauses().with_user(self.manager).search([]))

    def test_clerk_of_another_company_neither_notes_nor_reads(self):
        other = self._create_company(name="Other firm")
        clerk = self._create_user("far", "account.group_account_invoice")
        clerk.write({"company_id": other.id, "company_ids": [(6, 0, other.ids)]})
        pause = self._dispute()
        with self.assertRaises(AccessError):
            self._as(clerk).action_overdue_hold("Why")
        self.assertFalse(self._get_pauses().with_user(clerk).search([]))
        with self.assertRaises(AccessError):
            pause.with_user(clerk).action_end()

    def test_nobody_creates_around_the_buttons(self):
        for user in (self.manager, self.clerk, self.administrator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._get_pauses().with_user(user).create({"kind": "hold"})

    def _open_wizard(self, user, **values):
        wizard = self.env["account.overdue.pause.wizard"].with_user(user)
        return wizard.create(values)

    def test_wizard_tells_a_stranger_nothing_about_the_invoice(self):
        wizard = self._open_wizard(self.stranger, move_id=self.invoice.id)
        self.assertFalse(wizard.subject)
        self.assertFalse(wizard.amount_open)
        wizard.write({"kind": "hold", "reason": "Why"})
        with self.assertRaises(AccessError):
            wizard.action_note()

    def test_wizard_of_the_project_manager_names_the_invoice(self):
        [fact] = self._get_facts(user=self.manager, stage="overdue")
        context = fact.action_overdue_follow_up()["context"]
        wizard = self._open_wizard(self.manager, move_id=context["default_move_id"])
        self.assertIn(self.invoice.name, wizard.subject)
        self.assertFalse(wizard.amount_open)
        wizard.write({"kind": "hold", "reason": "Talks"})
        wizard.action_note()
        self.assertEqual(self._get_kind(TODAY), "hold")

    def test_wizard_of_the_clerk_notes_promise_and_call(self):
        wizard = self._open_wizard(self.clerk, move_id=self.invoice.id)
        self.assertEqual((wizard.amount, wizard.amount_open), (100, 100))
        wizard.write({"kind": "promise", "date_end": TODAY + DAY, "amount": 30})
        wizard.action_note()
        pause = self.invoice.overdue_pause_ids
        self.assertEqual((pause.amount, pause.user_id), (30, self.clerk))
        call = self._open_wizard(
            self.clerk, move_id=self.invoice.id, reason="Eva: tomorrow"
        )
        call.date_end = TODAY + 2 * DAY
        call.action_note()
        self.assertIn("Eva: tomorrow", self.invoice.message_ids[0].body)
        activity = self.invoice.activity_ids
        self.assertEqual(activity.date_deadline, TODAY + 2 * DAY)
        self.assertEqual(activity.user_id, self.clerk)

    def test_another_owner_gets_an_activity(self):
        pause = self._dispute(user_id=self.manager.id)
        self.assertEqual(pause.activity_ids.user_id, self.manager)

    def test_invoice_says_why_it_is_not_chased(self):
        move = self._as(self.clerk)
        self.assertFalse(move.overdue_pause_text)
        self._dispute()
        move.invalidate_recordset()
        self.assertEqual(move.overdue_pause_kind, "dispute")
        self.assertEqual(move.overdue_pause_text, "disputed: Wrong hours")

    def test_promise_is_noted_from_the_list_of_overdue_customers(self):
        self._promise(days=1)
        self._settle_on("2026-07-17")
        rows = self.env["account.overdue.customer"].with_user(self.clerk)
        [row] = rows.search([("partner_id", "=", self.customer.id)])
        self.assertEqual(row.broken_count, 1)
        action = row.action_overdue_follow_up()
        wizard = self.env["account.overdue.pause.wizard"].with_user(self.clerk)
        wizard = wizard.with_context(**action["context"]).create({"kind": "promise"})
        self.assertEqual((wizard.amount, wizard.company_id), (100, self.company))
        wizard.date_end = TODAY + DAY
        wizard.action_note()
        self.assertEqual(self._get_kind(TODAY), "promise")
        timeline = row.action_view_overdue_timeline()
        self.assertEqual(timeline["res_model"], "account.overdue.timeline")
