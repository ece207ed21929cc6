from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import BillingError, LockedError

from .common import BillingCommon


class AcceptanceCommon(BillingCommon):
    """A milestone that waits for the customer, who has two contacts with a login."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"is_company": True, "email": "office@northwind.example"})
        cls.eva = cls._create_contact("Eva Holm", cls.customer)
        cls.tom = cls._create_contact("Tom Berg", cls.customer)
        cls.rule = cls._create_rule("milestone")
        cls.item = cls._create_item(
            cls.rule, name="Delivery", amount=5000, trigger="accepted"
        )

    @classmethod
    def _create_contact(cls, name, company):
        """Return a portal user of a customer."""
        login = f"billing_{name.split()[0].lower()}"
        user = new_test_user(cls.env, login, "base.group_portal", name=name)
        user.partner_id.write({"parent_id": company.id, "email": f"{login}@x.example"})
        return user

    def _ask(self, item=None, user=None):
        item = item or self.item
        item.with_user(user or self.manager).action_ask_acceptance()

    def _answer(self, answer="accepted", text="", user=None, item=None):
        user = user or self.eva
        return (
            (item or self.item)
            .with_user(user)
            .sudo()
            ._answer(answer, user.name, text, user.partner_id)
        )

    def _get_mails(self):
        return self.env["mail.mail"].search(
            [("model", "=", self.item._name), ("res_id", "=", self.item.id)]
        )


class TestAsking(AcceptanceCommon):
    def test_asking_sends_one_mail_with_a_link_that_opens_the_item(self):
        self.assertFalse(self._get_mails())
        self._ask()
        mail = self._get_mails()
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertIn("Delivery", mail.subject)
        self.assertIn(f"{self.item.access_url}?access_token=", mail.body_html)
        self.assertIn(self.item.access_token, mail.body_html)
        self.assertEqual(self.item.acceptance_state, "asked")
        self.assertEqual(self.item.acceptance_asked_by_id, self.manager)
        self.assertEqual(self.item.stage, "planned")

    def test_nothing_is_sent_before_the_button(self):
        mails = self.env["mail.mail"].search_count([])
        self._create_item(self.rule, name="Later", amount=100, trigger="accepted")
        self._propose()
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)

    def test_asking_again_without_answer_sends_the_mail_again(self):
        self._ask()
        self._ask()
        self.assertEqual(len(self._get_mails()), 2)
        self.assertEqual(self.item.acceptance_asking, 1)

    def test_item_of_another_trigger_needs_no_acceptance(self):
        self.item.trigger = "manual"
        with self.assertRaisesRegex(BillingError, "needs no acceptance"):
            self._ask()

    def test_item_that_is_ready_is_not_asked_for(self):
        self.item.with_user(self.manager).action_set_ready()
        with self.assertRaisesRegex(BillingError, "ready or invoiced already"):
            self._ask()

    def test_customer_without_address_is_refused_with_the_fix(self):
        self.customer.email = False
        with self.assertRaisesRegex(BillingError, "e-mail address"):
            self._ask()
        self.assertFalse(self.item.acceptance_state)

    def test_manager_asks_for_own_projects_only(self):
        other = self._create_project("Secret", user_id=self.administrator.id)
        rule = self._create_rule("milestone", project=other)
        item = self._create_item(rule, amount=1, trigger="accepted")
        with self.assertRaises(UserError):
            self._ask(item)

    def test_rule_billed_to_somebody_else_asks_that_customer(self):
        other = self.env["res.partner"].create({"name": "Insurer", "email": "a@b.c"})
        self.rule.partner_id = other
        self.assertEqual(self.item.acceptance_partner_id, other)
        self.rule.partner_id = self.tom.partner_id  # a contact of the customer
        self.assertEqual(self.item.acceptance_partner_id, self.customer)

    def test_waiting_and_rejected_items_are_found(self):
        self._ask()
        items = self.env["project.billing.item"].with_user(self.manager)
        self.assertIn(self.item, items.search([("acceptance_state", "=", "asked")]))
        self._answer("rejected", "No")
        self.assertIn(self.item, items.search([("acceptance_state", "=", "rejected")]))


class TestAnswer(AcceptanceCommon):
    @freeze_time("2026-06-10 14:05:00")
    def test_acceptance_keeps_name_time_and_text_and_makes_ready(self):
        self._ask()
        answer = self._answer(text="Well done")
        self.assertRecordValues(
            answer,
            [
                {
                    "answer": "accepted",
                    "signer": "Eva Holm",
                    "partner_id": self.eva.partner_id.id,
                    "text": "Well done",
                    "item_name": "Delivery",
                    "amount": 5000,
                    "project_id": self.project.id,
                }
            ],
        )
        self.assertEqual(str(answer.date), "2026-06-10 14:05:00")
        self.assertEqual(self.item.stage, "ready")
        self.assertEqual(str(self.item.date_ready), "2026-06-10")
        self.assertEqual(self._bill().amount_untaxed, 5000)
        self.assertConserved()

    def test_b17_real_milestones_are_ready_on_the_day_the_customer_accepts(self):
        plan = [
            (15_000, date(2022, 2, 5), date(2022, 2, 8)),
            (15_000, date(2022, 3, 8), date(2022, 3, 9)),
            (20_000, date(2022, 4, 7), date(2022, 4, 29)),
        ]
        self.item.active = False
        items = self.env["project.billing.item"]
        for amount, planned, accepted in plan:
            values = {"amount": amount, "date_planned": planned, "trigger": "accepted"}
            item = self._create_item(self.rule, name=f"Due {planned}", **values)
            items |= item
            with freeze_time(planned):
                self._ask(item)
            with freeze_time(accepted):
                self._answer(item=item)
        slips = [(item.date_ready - item.date_planned).days for item in items]
        self.assertEqual(slips, [3, 1, 22])
        for day, ready in ((date(2022, 3, 31), 30_000), (date(2022, 4, 28), 30_000)):
            run = self._propose(day)
            proposed = self._get_lines(run, "proposed")
            self.assertEqual(sum(proposed.mapped("amount")), ready)
        with freeze_time("2022-04-29"):
            self.assertEqual(self._bill(date(2022, 4, 29)).amount_untaxed, 50_000)

    def test_review_shows_the_answer_of_what_is_proposed(self):
        with freeze_time("2026-06-10"):
            self._ask()
            self._answer(text="Well done")
        [line] = self._propose().with_user(self.manager).line_ids
        self.assertEqual(line.state, "proposed")
        self.assertIn("Accepted by Eva Holm", line.acceptance_text)

    def test_item_waits_until_it_is_accepted(self):
        self._ask()
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"not_reached": 1})
        self.assertIn("no answer yet", run.line_ids.reason)

    @freeze_time("2026-06-30 10:00:00")
    def test_scheduled_run_bills_and_posts_what_was_accepted_as_the_rule_says(self):
        self.rule.result = "post"
        self.company.write(
            {"billing_schedule_active": True, "billing_schedule_date": "2026-06-30"}
        )
        self._ask()
        with freeze_time("2026-06-28"):
            self._answer()
        with self.enter_registry_test_mode():
            cron = self.env.ref("project_invoice_tracker.ir_cron_project_billing")
            self.assertIs(cron.sudo().method_direct_trigger(), True)
        self.env.invalidate_all()
        self.assertEqual(self.item.move_ids.state, "posted")
        self.assertEqual(self.item.stage, "invoiced")

    def test_second_acceptance_does_nothing_and_says_who_was_first(self):
        self._ask()
        first = self._answer(text="Yes")
        ready, notes = self.item.date_ready, self.item.message_ids
        second = self._answer(text="Me too", user=self.tom)
        self.assertEqual(second, first)
        self.assertIn("Accepted by Eva Holm", second._get_sentence())
        self.assertEqual(self.item.acceptance_ids, first)
        self.assertEqual((self.item.date_ready, self.item.message_ids), (ready, notes))

    def test_rejection_after_an_acceptance_does_nothing(self):
        self._ask()
        first = self._answer()
        self.assertEqual(self._answer("rejected", "No", self.tom), first)
        self.assertEqual(self.item.stage, "ready")
        self.assertFalse(self.item.activity_ids)

    def test_database_refuses_two_answers_to_one_question(self):
        self._ask()
        answer = self._answer()
        with mute_logger("odoo.sql_db"), self.assertRaises(Exception) as caught:
            answer.copy()
            self.env.flush_all()
        self.assertIn("answered_once", str(caught.exception))

    def test_rejection_asks_the_manager_to_act_and_shows_the_reason(self):
        self._ask()
        self._answer("rejected", "The <b>logo</b> is wrong")
        activity = self.item.activity_ids
        self.assertEqual(activity.user_id, self.manager)
        self.assertIn("The &lt;b&gt;logo&lt;/b&gt; is wrong", activity.note)
        self.assertEqual(self.item.stage, "planned")
        self.assertFalse(self.item.date_ready)
        run = self._propose()
        self.assertEqual(run.line_ids.reason_code, "not_reached")
        self.assertIn("logo", run.line_ids.reason)

    def test_project_without_manager_tells_who_asked(self):
        self.project.user_id = False
        self._ask(user=self.clerk)
        self._answer("rejected", "No")
        self.assertEqual(self.item.activity_ids.user_id, self.clerk)

    def test_manager_asks_again_after_a_rejection(self):
        self._ask()
        self._answer("rejected", "The logo is wrong")
        self._ask()
        self.assertEqual(self.item.acceptance_state, "asked")
        self._answer(user=self.tom)
        self.assertEqual(
            self.item.acceptance_ids.sorted("asking").mapped("answer"),
            ["rejected", "accepted"],
        )
        self.assertEqual(self.item.stage, "ready")

    def test_rejection_needs_a_reason_and_an_answer_a_name(self):
        self._ask()
        with self.assertRaises(BillingError):
            self._answer("rejected", "  ")
        with self.assertRaises(BillingError):
            self.item._answer("accepted", " ")
        self.assertEqual(self.item.acceptance_state, "asked")

    def test_nobody_answers_who_was_not_asked(self):
        with self.assertRaises(BillingError):
            self._answer()
        self.assertFalse(self.item.date_ready)

    def test_item_set_ready_by_hand_waits_for_no_answer_any_more(self):
        self._ask()
        self.item.with_user(self.manager).action_set_ready()
        self.assertFalse(self.item.acceptance_state)
        with self.assertRaises(BillingError):
            self._answer()

    def test_not_ready_yet_withdraws_the_acceptance_and_keeps_the_answer(self):
        self._ask()
        answer = self._answer()
        self.item.with_user(self.manager).action_set_not_ready()
        self.assertFalse(self.item.acceptance_state)
        self.assertEqual(self.item.acceptance_ids, answer)
        self._ask()
        self._answer(user=self.tom)
        self.assertEqual(len(self.item.acceptance_ids), 2)

    @freeze_time("2026-06-10")
    def test_billed_item_cannot_lose_its_acceptance(self):
        self._ask()
        self._answer()
        self._bill()
        with self.assertRaises(LockedError):
            self.item.with_user(self.manager).action_set_not_ready()
        self.assertEqual(self.item.acceptance_state, "accepted")

    def test_who_answers_does_not_follow_what_is_discussed_inside(self):
        self._ask()
        # as it is outside tests, which subscribe nobody
        self.item.with_user(self.eva).with_context(
            mail_create_nosubscribe=False
        )._answer("accepted", "Eva Holm", "", self.eva.partner_id)
        followers = self.item.message_partner_ids
        followers |= self.project.message_partner_ids
        self.assertNotIn(self.eva.partner_id, followers)

    def test_answers_are_noted_on_item_and_project(self):
        self._ask()
        self._answer(text="Well done")
        for record in (self.item, self.project):
            note = record.message_ids[0]
            self.assertIn("Accepted by Eva Holm", note.body)
            self.assertIn("Well done", note.body)
            self.assertEqual(note.author_id, self.eva.partner_id)
            self.assertTrue(note.subtype_id.internal)


class TestProof(AcceptanceCommon):
    @freeze_time("2026-06-10 14:05:00")
    def test_invoice_says_who_accepted_when_in_which_words(self):
        self._ask()
        self._answer(text="Well done")
        invoice = self._bill()
        invoice.action_post()
        (block,) = invoice.billing_summary
        self.assertEqual(block["title"], "Accepted by the customer")
        self.assertEqual(block["rows"][0][0], "Delivery: Eva Holm")
        self.assertIn("10 June 2026, 14:05 (UTC)", block["rows"][0][1])
        self.assertEqual(block["rows"][1][0], "Well done")
        html = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice", invoice.ids
        )[0]
        self.assertIn("Delivery: Eva Holm", html.decode())

    @freeze_time("2026-06-10")
    def test_invoice_of_an_item_set_ready_by_hand_says_nothing(self):
        self.item.with_user(self.manager).action_set_ready()
        invoice = self._bill()
        invoice.action_post()
        self.assertFalse(invoice.billing_summary)

    def test_nobody_changes_or_deletes_an_answer(self):
        self._ask()
        answer = self._answer()
        for user in self.manager | self.clerk | self.administrator:
            with self.subTest(user=user.login):
                with self.assertRaises(UserError):
                    answer.with_user(user).write({"text": "No"})
                with self.assertRaises(UserError):
                    answer.with_user(user).unlink()
        with self.assertRaises(LockedError):
            answer.signer = "Mallory"
        with self.assertRaises(LockedError):
            answer.unlink()

    def test_nobody_types_an_answer(self):
        for user in self.manager | self.clerk | self.administrator:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.item.with_user(user).write({"acceptance_state": "accepted"})
        with self.assertRaises(AccessError):
            self.env["project.billing.item"].with_user(self.administrator).create(
                {"rule_id": self.rule.id, "acceptance_state": "accepted", "name": "X"}
            )

    def test_manager_reads_answers_of_own_projects_only(self):
        self._ask()
        answer = self._answer()
        self.assertEqual(answer.with_user(self.manager).signer, "Eva Holm")
        self.project.user_id = self.administrator
        with self.assertRaises(AccessError):
            answer.with_user(self.manager).read(["signer"])
        model = answer.browse().with_user(self.manager)
        self.assertFalse(model.search([("id", "=", answer.id)]))

    def test_customers_have_no_right_to_answers_or_items_by_rpc(self):
        self._ask()
        answer = self._answer()
        for record in (answer, self.item):
            with self.assertRaises(AccessError):
                record.with_user(self.eva).read(["display_name"])
            with self.assertRaises(AccessError):
                record.browse().with_user(self.eva).search([])
