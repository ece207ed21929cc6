from datetime import date

from odoo import Command, http
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from .common import ADDON
from .test_acceptance import AcceptanceCommon


class PortalCommon(AcceptanceCommon):
    """The project is shared with its customer; another customer has one, too."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.project.privacy_visibility = "portal"
        cls.project.message_subscribe(cls.customer.ids)
        cls.stranger_firm = cls.env["res.partner"].create(
            {"name": "Contoso", "is_company": True, "email": "office@contoso.example"}
        )
        cls.zoe = cls._create_contact("Zoe Ray", cls.stranger_firm)
        cls.page = f"/my/projects/{cls.project.id}/billing"

    def _get_portal(self):
        return self.env["project.billing.portal"]

    def _get_items(self, partner=None, rule=None):
        """Return ``{item: (label, amount)}`` as a customer reads them."""
        partner = partner or self.customer
        portal = self._get_portal()
        items = portal._get_listed_items(portal._get_rules(partner, self.project))
        rows = portal._get_item_rows(items, partner)
        return {row.name: (row.label, row.amount) for row in rows}

    def _get_invoices(self, partner=None):
        """Return the invoice rows as a customer reads them, by number."""
        portal, partner = self._get_portal(), partner or self.customer
        moves = portal._get_moves(self.project, partner)
        return {r.name: r for r in portal._get_move_rows(moves, self.project)}

    def _post_ready(self, day, **kwargs):
        """Return posted invoices of what is ready on a day."""
        with freeze_time(day):
            moves = self._bill(date.fromisoformat(day), **kwargs)
            moves.action_post()
        return moves


class TestPortalItems(PortalCommon):
    """What customers read about milestones: their own, and no inner workings."""

    def test_states_follow_the_milestone_from_plan_to_payment(self):
        def label():
            self.env.invalidate_all()
            return self._get_items()["Delivery"][0]

        self.assertEqual(label(), "Planned")
        with freeze_time("2026-06-10"):
            self._ask()
            self.assertEqual(label(), "Waiting for your answer")
            self._answer("rejected", "No")
            self.assertEqual(label(), "Rejected")
            self._ask()
            self._answer()
            self.assertEqual(label(), "Accepted")
            invoice = self._bill(date(2026, 6, 10))
            self.assertEqual(label(), "Accepted")  # a draft is not told
            invoice.action_post()
            self.assertEqual(label(), "Invoiced")
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({})._create_payments()
            self.assertEqual(label(), "Paid")

    def test_what_was_written_off_is_not_shown(self):
        self.env["project.billing.settle"].create(
            {
                "action": "write_off",
                "reason": "Internal",
                "item_ids": [Command.set(self.item.ids)],
            }
        ).action_settle()
        self.assertFalse(self._get_items())

    def test_rules_of_other_customers_are_not_shown(self):
        other = self._create_rule("milestone", partner_id=self.stranger_firm.id)
        self._create_item(other, name="Secret", amount=9)
        self.assertEqual(set(self._get_items()), {"Delivery"})
        self.assertEqual(set(self._get_items(self.stranger_firm)), {"Secret"})

    def test_each_payer_sees_the_own_share_and_the_customer_answers(self):
        insurer = self.stranger_firm
        self.rule.payer_ids = [
            Command.create({"partner_id": self.customer.id, "percentage": 40}),
            Command.create({"partner_id": insurer.id, "percentage": 60}),
        ]
        self._ask()
        self.assertEqual(
            self._get_items()["Delivery"], ("Waiting for your answer", 2000)
        )
        self.assertEqual(
            self._get_items(insurer)["Delivery"], ("Waiting for acceptance", 3000)
        )
        self.assertFalse(self._get_portal()._may_answer(self.item, insurer))
        with freeze_time("2026-06-10"):
            self._answer(text="Between us")
        self._post_ready("2026-06-30")
        self.assertEqual([row.amount for row in self._get_invoices().values()], [2000])
        self.assertEqual(
            [row.amount for row in self._get_invoices(insurer).values()], [3000]
        )
        portal = self._get_portal()
        [row] = portal._get_item_rows(self.item, insurer)
        self.assertFalse(row.answer)
        self.assertEqual(len(row.documents), 1)

    def test_one_payer_paying_tells_nothing_to_the_other(self):
        self.rule.payer_ids = [
            Command.create({"partner_id": self.customer.id, "percentage": 50}),
            Command.create({"partner_id": self.stranger_firm.id, "percentage": 50}),
        ]
        with freeze_time("2026-06-10"):
            self.item.with_user(self.manager).action_set_ready()
        moves = self._post_ready("2026-06-30")
        mine = moves.filtered(lambda m: m.partner_id == self.customer)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=mine.ids
        ).create({})._create_payments()
        self.assertEqual(self._get_items()["Delivery"][0], "Paid")
        theirs = self._get_items(self.stranger_firm)["Delivery"][0]
        self.assertEqual(theirs, "Invoiced")


class TestPortalInvoices(PortalCommon):
    """What is due, what is late, what is retained."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time("2026-06-10"):
            cls.item.action_set_ready()

    def _get_row(self):
        self.env.invalidate_all()
        [row] = self._get_invoices().values()
        return row

    def test_draft_and_cancelled_invoices_are_not_shown(self):
        with freeze_time("2026-06-30"):
            invoice = self._bill()
        self.assertFalse(self._get_invoices())
        invoice.button_cancel()
        self.assertFalse(self._get_invoices())

    def test_open_becomes_overdue_on_the_day_after_it_was_due(self):
        self.customer.property_payment_term_id = self.env.ref(
            "account.account_payment_term_30days"
        )
        self._post_ready("2026-06-30")
        with freeze_time("2026-07-30"):
            row = self._get_row()
            self.assertEqual((row.label, row.open, row.overdue), ("To pay", 5000, 0))
        with freeze_time("2026-07-31"):
            row = self._get_row()
            self.assertEqual((row.label, row.overdue), ("Overdue", 5000))

    def test_part_payment_is_shown_to_the_cent(self):
        invoice = self._post_ready("2026-06-30")
        with freeze_time("2026-06-30"):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"amount": 1234.56})._create_payments()
            row = self._get_row()
        self.assertEqual((row.label, row.open), ("Partly paid", 3765.44))
        [total] = self._get_portal()._get_totals([row])
        self.assertEqual(
            (total["invoiced"], round(total["paid"], 2), total["open"]),
            (5000, 1234.56, 3765.44),
        )

    def test_retained_share_is_not_to_be_paid_yet(self):
        self.rule.write({"retention_percentage": 5, "retention_release": "acceptance"})
        invoice = self._post_ready("2026-06-30")
        with freeze_time("2026-07-15"):
            row = self._get_row()
            self.assertEqual((row.open, row.retained, row.overdue), (4750, 250, 4750))
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"amount": 4750})._create_payments()
            row = self._get_row()
            self.assertEqual((row.label, row.retained), ("Paid, rest retained", 250))
            self.rule.with_user(self.manager).action_release_retention()
            row = self._get_row()
            self.assertEqual((row.open, row.retained), (250, 0))

    def test_credit_note_is_shown_with_its_sign(self):
        invoice = self._post_ready("2026-06-30")
        with freeze_time("2026-07-01"):
            self._reverse(invoice)
        rows = self._get_invoices()
        self.assertEqual(sorted(r.amount for r in rows.values()), [-5000, 5000])
        [total] = self._get_portal()._get_totals(rows.values())
        self.assertEqual((total["invoiced"], total["open"]), (0, 0))

    def test_pay_link_is_the_hosts(self):
        self._post_ready("2026-06-30")
        self.env["ir.config_parameter"].set_param(
            "account_payment.enable_portal_payment", "True"
        )
        row = self._get_row()
        if "transaction_ids" in self.env["account.move"]._fields:
            self.assertIn("payment=True#portal_pay", row.pay_url)
        else:
            self.assertFalse(row.pay_url)

    def test_invoice_typed_by_hand_is_shown_by_its_analytic_distribution(self):
        account = self.project.account_id
        for partner in (self.customer, self.stranger_firm):
            move = self.env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": "2026-06-30",
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "By hand",
                                "price_unit": 70,
                                "tax_ids": [],
                                "analytic_distribution": {str(account.id): 100},
                            }
                        )
                    ],
                }
            )
            move.action_post()
        self.assertEqual([r.amount for r in self._get_invoices().values()], [70])

    def _count_queries(self):
        """Return the queries that the lists of a customer need, tokens given."""
        for _first_makes_tokens in range(2):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._get_items()
            self._get_invoices()
        return self.env.cr.sql_log_count - before

    def test_many_invoices_ask_the_database_as_often_as_one(self):
        self._post_ready("2026-06-30")
        one = self._count_queries()
        for number in range(5):
            item = self._create_item(self.rule, name=f"Part {number}", amount=9)
            with freeze_time("2026-06-10"):
                item.action_set_ready()
            self._post_ready("2026-06-30")
        self.assertEqual(len(self._get_invoices()), 6)
        self.assertLessEqual(self._count_queries(), one + 3)

    def test_invoice_of_another_project_is_not_shown(self):
        other = self._create_project("Other")
        rule = self._create_rule("milestone", project=other)
        item = self._create_item(rule, name="Else", amount=7)
        with freeze_time("2026-06-10"):
            item.action_set_ready()
        self._post_ready("2026-06-30", projects=other)
        self.assertFalse(self._get_invoices())


class TestPortalHours(PortalCommon):
    """Hours are shown where the rule says so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.time = cls._create_rule(price=100)
        cls._create_entry(8, day=date(2026, 6, 15), name="inner", billing_text="Design")
        cls._create_entry(2, day=date(2026, 6, 16), employee=cls.ben)

    def _get_months(self, partner=None):
        partner = partner or self.customer
        hours = self.env["project.billing.portal.hours"]
        rules = self._get_portal()._get_rules(partner, self.project)
        return [tuple(row) for row in hours._get_months(rules, partner)]

    def _get_hours(self, partner=None):
        partner = partner or self.customer
        hours = self.env["project.billing.portal.hours"]
        rules = self._get_portal()._get_rules(partner, self.project)
        return hours._get_hours(rules, partner, date(2026, 6, 1))[1]

    def test_no_hours_by_default(self):
        self.assertEqual(self.time.portal_hours, "none")
        self._post_ready("2026-06-30")
        self.assertFalse(self._get_months())

    def test_invoiced_hours_are_those_of_posted_invoices(self):
        self.time.portal_hours = "invoiced"
        self.assertFalse(self._get_months())
        self._post_ready("2026-06-30")
        self._create_entry(5, day=date(2026, 6, 20))
        self.assertEqual(self._get_months(), [(date(2026, 6, 1), 10.0, 0.0)])

    def test_hours_worked_since_are_marked_as_not_invoiced(self):
        self.time.portal_hours = "worked"
        self._post_ready("2026-06-30")
        self._create_entry(5, day=date(2026, 6, 20))
        self._create_entry(1, day=date(2026, 7, 1))
        self.assertEqual(
            self._get_months(),
            [(date(2026, 7, 1), 1.0, 1.0), (date(2026, 6, 1), 15.0, 5.0)],
        )

    def test_hours_on_a_draft_are_not_invoiced_yet(self):
        self.time.portal_hours = "invoiced"
        with freeze_time("2026-06-30"):
            draft = self._bill()
        self.assertFalse(self._get_months())
        self.time.portal_hours = "worked"
        self.assertEqual(self._get_months(), [(date(2026, 6, 1), 10.0, 10.0)])
        draft.action_post()
        self.assertEqual(self._get_months(), [(date(2026, 6, 1), 10.0, 0.0)])

    def test_hours_drawn_from_a_pack_are_shown_as_settled(self):
        packs = self._create_rule("milestone", name="Packs")
        values = {"kind": "pack", "prepaid_hours": 4, "date_start": "2026-06-01"}
        self.env["project.billing.item"].create(
            {"rule_id": packs.id, "name": "Pack", "amount": 300, **values}
        )
        self.time.write(
            {
                "portal_hours": "invoiced",
                "prepaid_rule_ids": [Command.link(packs.id)],
            }
        )
        self._post_ready("2026-06-30")
        self.assertEqual(self._get_months(), [(date(2026, 6, 1), 10.0, 0.0)])

    def test_people_are_shown_as_on_invoices_and_prices_never(self):
        self.time.portal_hours = "worked"
        shown = {"name": "Ann Archer", "initials": "AA", "none": "", "role": ""}
        for display, person in shown.items():
            self.time.person_display = display
            row = self._get_hours()[-1]
            self.assertEqual((row.person, row.text), (person, "Design"))
        self.assertEqual(
            row._fields, ("date", "person", "task", "text", "hours", "is_invoiced")
        )

    def test_rounded_and_daily_hours_are_those_invoiced(self):
        self.time.write(
            {"portal_hours": "invoiced", "uom_id": self.day.id, "price": 800}
        )
        self._post_ready("2026-06-30")
        self.assertEqual(self._get_months(), [(date(2026, 6, 1), 10.0, 0.0)])

    def test_payer_of_a_share_sees_the_hours_of_the_own_invoice_only(self):
        self.time.write(
            {
                "portal_hours": "worked",
                "payer_ids": [
                    Command.create({"partner_id": self.customer.id, "percentage": 75}),
                    Command.create(
                        {"partner_id": self.stranger_firm.id, "percentage": 25}
                    ),
                ],
            }
        )
        self.assertFalse(self._get_months(self.stranger_firm))
        self._post_ready("2026-06-30")
        months = self._get_months(self.stranger_firm)
        self.assertEqual(months, [(date(2026, 6, 1), 2.5, 0.0)])


@tagged("post_install", "-at_install")
class TestPortalPages(PortalCommon, HttpCase):
    """Pages as visitors get them: contacts, another customer, the public, staff."""

    def _login(self, user):
        login = user.login if user else None
        self.authenticate(login, login)

    def _post(self, action="accept", item=None, **data):
        item = item or self.item
        data.setdefault("version", item._get_acceptance_version())
        return self.url_open(
            f"{item.access_url}/{action}",
            data={"csrf_token": http.Request.csrf_token(self), **data},
        )

    def test_customer_reads_milestones_and_invoices(self):
        with freeze_time("2026-06-10"):
            self.item.action_set_ready()
        invoice = self._post_ready("2026-06-30")
        self._login(self.eva)
        page = self.url_open(self.page)
        self.assertEqual(page.status_code, 200)
        self.assertIn("Delivery", page.text)
        self.assertIn(invoice.name, page.text)
        project = self.url_open(f"/my/projects/{self.project.id}")
        self.assertIn(f'href="{self.page}"', project.text)

    def test_empty_page_says_so(self):
        self.item.active = False
        self._login(self.eva)
        page = self.url_open(self.page)
        self.assertIn("No milestones are agreed", page.text)
        self.assertIn("No invoices yet", page.text)
        self.assertNotIn("Hours", page.text)

    def test_customer_accepts_once_and_the_other_contact_reads_who_did(self):
        self._ask()
        self._login(self.eva)
        page = self._post(text="Fine", signer="Somebody else")
        self.assertIn("Accepted by Eva Holm", page.text)
        self.assertEqual(self.item.acceptance_ids.signer, "Eva Holm")
        again = self._post(text="Double click")
        self.assertIn("Accepted by Eva Holm", again.text)
        self._login(self.tom)
        other = self._post("reject", text="No")
        self.assertIn("Accepted by Eva Holm", other.text)
        self.assertEqual(self.item.acceptance_ids.mapped("text"), ["Fine"])
        self.assertEqual(self.item.stage, "ready")

    def test_customer_rejects_with_a_reason(self):
        self._ask()
        self._login(self.eva)
        page = self._post("reject", text=" ")
        self.assertIn("Please say what is missing", page.text)
        self.assertEqual(self.item.acceptance_state, "asked")
        page = self._post("reject", text="The <script>logo</script>")
        self.assertIn("Rejected by Eva Holm", page.text)
        self.assertIn("The &lt;script&gt;logo", page.text)
        self.assertEqual(self.item.activity_ids.user_id, self.manager)

    def test_another_customer_gets_nothing(self):
        self._ask()
        self._login(self.zoe)
        for url in (self.page, self.item.access_url):
            with self.subTest(url=url):
                self.assertEqual(self.url_open(url).status_code, 404)
        for action in ("accept", "reject"):
            page = self._post(action, text="Mine")
            self.assertEqual(page.status_code, 404)
        page = self._post(access_token="guessed")
        self.assertEqual(page.status_code, 404)
        self.assertEqual(self.item.acceptance_state, "asked")
        self.assertNotIn("Delivery", self.url_open("/my/billing").text)
        project = self.url_open(f"/my/projects/{self.project.id}/billing/999999")
        self.assertEqual(project.status_code, 404)

    def test_customer_of_the_project_who_is_not_billed_gets_nothing(self):
        self.project.message_subscribe(self.stranger_firm.ids)
        self._login(self.zoe)
        self.assertEqual(self.url_open(self.page).status_code, 404)
        project = self.url_open(f"/my/projects/{self.project.id}")
        self.assertNotIn(self.page, project.text)

    def test_visitor_without_link_has_to_log_in(self):
        self._ask()
        self._login(None)
        for url in (self.page, self.item.access_url, "/my/billing"):
            with self.subTest(url=url):
                page = self.url_open(url)
                self.assertIn("/web/login", page.url)
        self.assertEqual(self._post(signer="Mallory").status_code, 404)
        self.assertEqual(self.item.acceptance_state, "asked")

    def test_link_of_the_mail_opens_that_item_and_nothing_else(self):
        other = self._create_item(self.rule, name="Other", amount=1, trigger="accepted")
        self._ask()
        self._ask(other)
        self._login(None)
        token = self.item.access_token
        page = self.url_open(f"{self.item.access_url}?access_token={token}")
        self.assertIn("Delivery", page.text)
        self.assertIn('name="signer"', page.text)
        for url in (other.access_url, self.page):
            page = self.url_open(f"{url}?access_token={token}")
            self.assertIn("/web/login", page.url)
        self.assertEqual(
            self._post(item=other, access_token=token, signer="X").status_code, 404
        )

    def test_visitor_with_the_link_signs_by_name(self):
        self._ask()
        self._login(None)
        token = self.item.access_token
        page = self._post(access_token=token, signer=" ")
        self.assertIn("Please enter your name", page.text)
        page = self._post(access_token=token, signer="Olaf Lind")
        self.assertIn("Accepted by Olaf Lind", page.text)
        self.assertFalse(self.item.acceptance_ids.partner_id)
        self.assertEqual(self.item.stage, "ready")

    def test_token_of_the_project_opens_no_billing_to_the_public(self):
        token = self.project._portal_ensure_token()
        self._login(None)
        page = self.url_open(f"{self.page}?access_token={token}")
        self.assertIn("/web/login", page.url)

    def test_what_changed_meanwhile_is_read_again_before_it_is_accepted(self):
        self._ask()
        version = self.item._get_acceptance_version()
        self.item.amount = 6000
        self._login(self.eva)
        page = self._post(version=version)
        self.assertIn("was changed while you were looking", page.text)
        self.assertEqual(self.item.acceptance_state, "asked")

    @mute_logger("odoo.http")  # refusals are what it wants
    def test_answer_needs_a_token_of_the_session_and_a_post(self):
        self._ask()
        self._login(self.eva)
        page = self.url_open(f"{self.item.access_url}/accept", data={"text": "x"})
        self.assertEqual(page.status_code, 400)
        page = self.url_open(f"{self.item.access_url}/accept")
        self.assertIn(page.status_code, (404, 405))
        self.assertEqual(self.item.acceptance_state, "asked")

    def test_manager_previews_and_cannot_answer(self):
        self._ask()
        self._login(self.manager)
        page = self.url_open(self.item.access_url)
        self.assertIn("Only the customer can answer", page.text)
        self.assertNotIn("o_billing_accept", page.text)
        self.assertEqual(self._post().status_code, 404)
        self.assertEqual(
            self._post(access_token=self.item.access_token).status_code, 404
        )
        page = self.url_open(self.page)
        self.assertIn("This is what the project", page.text)
        self.project.user_id = self.administrator
        self.assertEqual(self.url_open(self.item.access_url).status_code, 404)
        self.assertEqual(self.url_open(self.page).status_code, 404)

    def test_home_counts_what_waits_for_the_customer(self):
        self._ask()
        for user, count in ((self.eva, 1), (self.zoe, 0)):
            self._login(user)
            names = ["billing_acceptance_count", "billing_project_count"]
            result = self.make_jsonrpc_request("/my/counters", {"counters": names})
            self.assertEqual(result["billing_acceptance_count"], count)
            self.assertEqual(result["billing_project_count"], count)
        self._login(self.eva)
        page = self.url_open("/my/billing")
        self.assertIn("Delivery", page.text)
        self.assertIn(f'href="{self.item.access_url}"', page.text)

    def test_customer_accepts_and_rejects_in_the_browser(self):
        manual = self._create_item(
            self.rule, name="Manual", amount=700, trigger="accepted"
        )
        concept = self._create_item(self.rule, name="Concept", amount=300)
        with freeze_time("2026-06-10"):
            concept.action_set_ready()
        self._post_ready("2026-06-30")
        self._ask()
        self._ask(manual)
        self.start_tour("/my", "project_billing_customer_tour", login=self.eva.login)
        self.env.invalidate_all()
        self.assertEqual(self.item.acceptance_ids.text, "Well done")
        self.assertEqual(self.item.stage, "ready")
        self.assertEqual(manual.acceptance_state, "rejected")
        self.assertIn("Chapter 3", manual.activity_ids.note)

    def test_hours_are_paged_by_month(self):
        rule = self._create_rule(price=100, portal_hours="worked")
        rule.bill_from = "2026-01-01"
        self._create_entry(8, day=date(2026, 6, 15), name="In June")
        self._create_entry(8, day=date(2026, 5, 15), name="In May")
        self._login(self.eva)
        page = self.url_open(self.page)
        self.assertIn("In June", page.text)
        self.assertNotIn("In May", page.text)
        page = self.url_open(f"{self.page}?month=2026-05")
        self.assertIn("In May", page.text)
        for month in ("nonsense", "1999-01", ""):
            page = self.url_open(f"{self.page}?month={month}")
            self.assertIn("In June", page.text)


@tagged("post_install", "-at_install")
class TestPortalRights(PortalCommon, HttpCase):
    """By RPC a customer reads nothing of ours, also not on the host's records."""

    OWN_FIELDS = {
        # on the customer's own invoice, or names and counts of what is
        "account.move": {
            "billing_annex_file",
            "billing_credit_mode",
            "billing_customer_order",
            "billing_date_end",
            "billing_date_start",
            "billing_entry_count",
            "billing_has_annex",
            "billing_has_work",
            "billing_project_ids",
            "billing_retained_amount",
            "billing_run_id",
            "billing_summary",
            "billing_summary_html",
            "overdue_days",
        },
        "account.move.line": {
            "billing_date_end",
            "billing_date_start",
            "billing_is_retention",
            "billing_project_id",
            "billing_release_date",
            "billing_retention_percentage",
            "billing_retention_rule_id",
        },
        "project.project": {"billing_company_currency_id"},
    }

    def test_no_model_of_ours_is_readable(self):
        names = [
            name
            for name, model in self.env.registry.items()
            if model._original_module == ADDON
            and not model._abstract
            and not model._transient
        ]
        self.assertIn("project.billing.acceptance", names)
        for name in names:
            for user in (self.eva, self.env.ref("base.public_user")):
                with self.subTest(model=name, user=user.login):
                    with self.assertRaises(AccessError):
                        self.env[name].with_user(user).search_read([], ["id"])
                    with self.assertRaises(AccessError):
                        self.env[name].with_user(user).formatted_read_group(
                            [], [], ["__count"]
                        )

    def test_host_records_tell_the_customer_what_is_printed_and_no_more(self):
        self.rule.write({"retention_percentage": 5, "retention_release": "acceptance"})
        rule = self._create_rule(price=100, customer_order="PO-1")
        self._create_entry(8)
        self.assertTrue(rule)
        with freeze_time("2026-06-10"):
            self.item.action_set_ready()
        invoice = self._post_ready("2026-06-30")
        records = (invoice, invoice.line_ids, self.project)
        for record in records:
            own = record.with_user(self.eva)
            fields = [
                name
                for name, field in own._fields.items()
                if name.startswith(("billing_", "overdue_"))
                and ADDON in field._modules  # Sales has names like ours
                and own._has_field_access(field, "read")
            ]
            for name in set(fields) - self.OWN_FIELDS[record._name]:
                with self.subTest(model=record._name, field=name):
                    self.env.invalidate_all()
                    try:
                        values = {str(row[name]) for row in own.read([name])}
                    except AccessError:
                        continue
                    self.assertLessEqual(values, {"False", "0", "0.0", "[]", ""})

    @mute_logger("odoo.http")
    def test_json_interface_gives_the_customer_nothing(self):
        self._ask()
        key = (
            self.env["res.users.apikeys"]
            .with_user(self.eva)
            .sudo()
            ._generate("rpc", "test", date(2100, 1, 1))
        )
        headers = {"Authorization": f"Bearer {key}"}
        for model, method in (
            ("project.billing.item", "search_read"),
            ("project.billing.item", "action_ask_acceptance"),
            ("project.billing.acceptance", "search_read"),
            ("project.billing.portal", "_get_rules"),
        ):
            with self.subTest(model=model, method=method):
                answer = self.url_open(
                    f"/json/2/{model}/{method}",
                    json={"ids": self.item.ids} if "action" in method else {},
                    headers=headers,
                )
                self.assertGreaterEqual(answer.status_code, 400)
                self.assertNotIn("Delivery", answer.text)
        self.assertEqual(self.item.acceptance_asking, 1)
