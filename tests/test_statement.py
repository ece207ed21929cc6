"""The customer's statement: what is told, to whom, as of which day, and by whom."""

from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .test_tracker import TODAY, TrackerCommon

REPORT = "project_invoice_tracker.report_statement"


class StatementCommon(TrackerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(
            "milestone", name="Relaunch", payment_term_id=cls.thirds.id
        )
        cls.item = cls._create_item(cls.rule, name="Beta", amount=1000)
        cls.later = cls._create_item(
            cls.rule, name="Launch", amount=500, date_planned=date(2026, 9, 1)
        )

    def _invoice(self, day=date(2026, 6, 1)):
        self.item.date_ready = date(2026, 5, 20)
        invoices = self._bill(day)
        invoices.action_post()
        return invoices

    def _get_blocks(self, user=None, partner=None, day=None, project=None):
        self.env.flush_all()
        self.env.invalidate_all()  # each question of a person is a new transaction
        project = (project or self.project).with_user(user or self.clerk)
        return project._get_billing_statement(partner or self.customer, day)

    def _get_block(self, **kwargs):
        [block] = self._get_blocks(**kwargs)
        return block

    def _make(self, user=None, projects=None):
        """Return the statements that the button makes."""
        projects = (projects or self.project).with_user(user or self.clerk)
        action = projects.action_billing_statement()
        statements = self.env["project.billing.statement"].with_user(projects.env.user)
        if action.get("res_id"):
            return statements.browse(action["res_id"])
        return statements.search(action["domain"])

    def _render(self, statement):
        reports = self.env["ir.actions.report"].with_user(statement.env.user)
        return reports._render_qweb_html(REPORT, statement.ids)[0].decode()


class TestStatementFigures(StatementCommon):
    def test_contract_with_its_changes_up_to_the_day(self):
        self._create_rule(
            "milestone",
            name="Extra",
            parent_id=self.rule.id,
            change_reference="CO-1",
            change_date=date(2026, 7, 1),
            amount=200,
        )
        contract = self._get_block()["contract"]
        self.assertEqual(
            (contract["original"], contract["changes"], contract["current"]),
            (1500, 200, 1700),
        )
        contract = self._get_block(day=date(2026, 6, 30))["contract"]
        self.assertEqual((contract["changes"], contract["current"]), (0, 1500))

    def test_milestones_walk_from_planned_to_paid(self):
        self.assertEqual(self._get_states(), {"Beta": "planned", "Launch": "planned"})
        self.item.date_ready = date(2026, 5, 20)
        self.assertEqual(self._get_states()["Beta"], "ready")
        invoice = self._invoice()
        self.assertEqual(self._get_states()["Beta"], "invoiced")
        self._pay(invoice, 1000)
        self.assertEqual(self._get_states()["Beta"], "paid")

    def _get_states(self, **kwargs):
        return {
            item["name"]: item["state"] for item in self._get_block(**kwargs)["items"]
        }

    def test_a_draft_is_not_told(self):
        self.item.date_ready = date(2026, 5, 20)
        self._bill(date(2026, 6, 1))
        block = self._get_block()
        self.assertEqual(block["documents"], [])
        self.assertEqual(self._get_states()["Beta"], "ready")

    def test_invoices_payments_and_what_is_due(self):
        invoice = self._invoice()
        self._pay(invoice, 450, date(2026, 7, 1))
        block = self._get_block()
        [row] = block["documents"]
        self.assertEqual((row["name"], row["total"]), (invoice.name, 1000))
        self.assertEqual((row["paid"], row["open"], row["due"]), (450, 550, 150))
        self.assertEqual(row["date_due"], date(2026, 7, 31))
        self.assertEqual(
            block["payments"],
            [{"date": date(2026, 7, 1), "documents": [invoice.name], "amount": 450}],
        )
        totals = block["totals"]
        self.assertEqual(
            (totals["due"], totals["overdue"], totals["later"], totals["open"]),
            (150, 150, 400, 550),
        )

    def test_due_today_is_due_and_not_overdue(self):
        self._invoice()
        totals = self._get_block(day=date(2026, 6, 1))["totals"]
        self.assertEqual((totals["due"], totals["overdue"]), (300, 0))
        totals = self._get_block(day=date(2026, 6, 2))["totals"]
        self.assertEqual((totals["due"], totals["overdue"]), (300, 300))

    def test_a_past_day_shows_what_stood_then(self):
        invoice = self._invoice()
        self._pay(invoice, 1000, date(2026, 7, 1))
        block = self._get_block(day=date(2026, 6, 30))
        self.assertEqual((block["payments"], block["totals"]["open"]), ([], 1000))
        self.assertEqual(self._get_states(day=date(2026, 6, 30))["Beta"], "invoiced")
        block = self._get_block(day=date(2026, 5, 31))
        self.assertEqual(block["documents"], [])
        self.assertEqual(self._get_states(day=date(2026, 5, 31))["Beta"], "ready")
        self.assertEqual(self._get_states(day=date(2026, 5, 19))["Beta"], "planned")

    def test_a_credit_note_lowers_what_is_due_and_is_no_payment(self):
        invoice = self._invoice()
        credit = self._reverse(invoice, "price_reduction", post=False)
        credit.invoice_line_ids.price_unit = 100
        credit.action_post()
        block = self._get_block()
        self.assertEqual([row["total"] for row in block["documents"]], [1000, -100])
        self.assertEqual(block["payments"], [])
        self.assertEqual(block["totals"]["invoiced"], 900)
        self.assertEqual(block["totals"]["open"], 900)

    def test_retained_is_not_due(self):
        self.rule.retention_percentage = 10
        self._invoice()
        self.later.date_ready = date(2026, 6, 10)
        self._bill(date(2026, 6, 30)).action_post()
        block = self._get_block()
        self.assertEqual(
            block["retained"],
            {"earned": 1500, "retained": 150, "billed_before": 900, "due_now": 450},
        )
        self.assertEqual(block["totals"]["retained"], 150)
        totals = block["totals"]
        self.assertEqual(
            totals["open"], totals["due"] + totals["later"] + totals["retained"]
        )

    def test_time_is_told_by_month_where_the_rule_shows_hours(self):
        rule = self._create_rule(
            price=100, sequence=20, annex=False, portal_hours="none"
        )
        self._create_entry(2, date(2026, 5, 4))
        self._create_entry(3, date(2026, 6, 4))
        self._create_entry(9, date(2026, 7, 4))  # on no invoice
        self._bill(date(2026, 6, 30)).action_post()
        self.assertEqual(self._get_block()["periods"], [])
        rule.portal_hours = "invoiced"
        self.assertEqual(
            self._get_block()["periods"],
            [
                {"month": date(2026, 5, 1), "hours": 2, "amount": 200},
                {"month": date(2026, 6, 1), "hours": 3, "amount": 300},
            ],
        )

    def test_each_currency_has_its_own_block(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        rule = self._create_rule("milestone", sequence=20, currency_id=euro.id)
        self._create_item(rule, amount=70).date_ready = date(2026, 5, 20)
        self._invoice()
        totals = {b["currency"]: b["totals"]["invoiced"] for b in self._get_blocks()}
        self.assertEqual(totals, {"USD": 1000, "EUR": 70})

    def test_an_invoice_of_several_projects_counts_with_its_part(self):
        self.rule.invoice_grouping = "customer"
        rule = self._create_rule(
            "milestone",
            project=self.shop,
            invoice_grouping="customer",
            payment_term_id=self.thirds.id,
        )
        self._create_item(rule, amount=333).date_ready = date(2026, 5, 20)
        self.item.date_ready = date(2026, 5, 20)
        invoice = self._bill(date(2026, 6, 1), self.project | self.shop)
        invoice.action_post()
        self.assertEqual(invoice.amount_total, 1333)
        [row] = self._get_block()["documents"]
        self.assertEqual((row["total"], row["is_shared"]), (1000, True))

    def test_each_payer_gets_the_own_share_only(self):
        other = self.env["res.partner"].create({"name": "Contoso"})
        self.rule.payer_ids = [
            Command.create({"partner_id": self.customer.id, "percentage": 60}),
            Command.create({"partner_id": other.id, "percentage": 40}),
        ]
        self._invoice()
        for partner, share in ((self.customer, 600), (other, 400)):
            block = self._get_block(partner=partner)
            self.assertEqual(block["totals"]["invoiced"], share)
            self.assertEqual(block["items"][0]["amount"], share)
            self.assertEqual(block["contract"]["current"], share * 1.5)
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        self.assertEqual(self._get_blocks(partner=stranger), [])

    def test_a_subsidiary_is_a_customer_of_its_own(self):
        holding = self.env["res.partner"].create(
            {"name": "Holding", "is_company": True}
        )
        self.customer.write({"is_company": True, "parent_id": holding.id})
        self.assertEqual(self.customer.commercial_partner_id, self.customer)
        self._invoice()
        self.assertEqual(self._get_blocks(partner=holding), [])
        self.assertEqual(len(self._get_block()["documents"]), 1)

    def test_a_contact_gets_the_statement_of_its_customer(self):
        contact = self.env["res.partner"].create(
            {"name": "Eva Holm", "parent_id": self.customer.id}
        )
        self.rule.partner_id = contact
        self._invoice()
        self.assertEqual(len(self._get_block(partner=contact)["documents"]), 1)
        self.assertEqual(self._make().partner_id, contact)

    def test_a_vendor_bill_is_not_the_customers(self):
        self._invoice()
        self.project._ensure_billing_account()
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.customer.id,
                "invoice_date": TODAY,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Tiles",
                            "price_unit": 50,
                            "tax_ids": [],
                            "analytic_distribution": {self.project.account_id.id: 100},
                        }
                    )
                ],
            }
        )
        bill.action_post()
        self.assertEqual(len(self._get_block()["documents"]), 1)


class TestStatementRecord(StatementCommon):
    def test_the_button_makes_one_and_uses_it_again(self):
        statement = self._make()
        self.assertEqual(statement.partner_id, self.customer)
        self.assertEqual((statement.date, statement.date_sent), (TODAY, False))
        self.assertEqual(self._make(), statement)

    def test_several_projects_and_payers_are_one_statement_for_each_payer(self):
        other = self.env["res.partner"].create({"name": "Contoso"})
        self._create_rule("milestone", project=self.shop, partner_id=other.id)
        shared = self._create_rule("milestone", project=self.shop, amount=100)
        self.assertTrue(shared)
        statements = self._make(projects=self.project | self.shop)
        found = {s.partner_id: s.sudo().project_ids for s in statements}
        self.assertEqual(
            found, {self.customer: self.project | self.shop, other: self.shop}
        )

    def test_pdf_is_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        self._invoice()
        html = self._render(self._make())
        self.assertIn("15/07/2026", html)
        self.assertIn("Relaunch", html)
        self.assertIn("Beta", html)

    def test_nothing_is_sent_until_a_person_sends_it(self):
        self.customer.email = "eva@northwind.example"
        self._invoice()
        statement = self._make(user=self.manager)
        context = statement.action_send()["context"]
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.manager)
            .with_context(**context)
            .create({})
        )
        self.assertEqual(composer.partner_ids, self.customer)
        self.assertEqual(len(composer.attachment_ids), 1)
        self.assertFalse(statement.date_sent)
        composer._action_send_mail()
        statement.invalidate_recordset()
        self.assertTrue(statement.date_sent)
        message = statement.message_ids.filtered("attachment_ids")
        self.assertEqual(message.partner_ids, self.customer)
        self.assertNotIn("Statement", self.project.message_ids.mapped("body"))
        self.assertNotEqual(self._make(user=self.manager), statement)

    def test_several_are_sent_each_with_the_own_file(self):
        other = self.env["res.partner"].create(
            {"name": "Contoso", "email": "bill@contoso.example"}
        )
        self.customer.email = "eva@northwind.example"
        self.rule.payer_ids = [
            Command.create({"partner_id": self.customer.id, "percentage": 60}),
            Command.create({"partner_id": other.id, "percentage": 40}),
        ]
        self._invoice()
        statements = self._make()
        context = statements.action_send()["context"]
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.clerk)
            .with_context(**context)
            .create({})
        )
        mails, _messages = composer._action_send_mail()
        self.assertEqual(len(mails), 2)
        for statement in statements:
            mail = mails.filtered(lambda m, s=statement: m.res_id == s.id)
            self.assertEqual(mail.recipient_ids, statement.partner_id)
            self.assertEqual(len(mail.attachment_ids), 1)
            self.assertIn(statement.partner_id.name, mail.attachment_ids.name)

    def test_the_clerk_is_told_of_payments_that_are_not_matched(self):
        self._invoice()
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_id": self.customer.id,
                "amount": 77,
                "date": TODAY,
            }
        )
        payment.action_post()
        self.assertIn("77.00", self._make().unmatched_note)
        self.assertFalse(self._make(user=self.manager).unmatched_note)


class TestStatementAccess(StatementCommon):
    def setUp(self):
        super().setUp()
        self._invoice()
        self.foreign = self._create_project("Foreign", user_id=self.administrator.id)
        rule = self._create_rule("milestone", project=self.foreign)
        self._create_item(rule, amount=5).date_ready = date(2026, 5, 20)
        self._bill(date(2026, 6, 1), self.foreign).action_post()

    def test_project_manager_prints_own_projects_without_accounting_rights(self):
        statement = self._make(user=self.manager)
        html = self._render(statement)
        self.assertIn("1,000.00", html)
        self.assertIn("1,000.00", statement.preview)

    def test_others_projects_are_refused(self):
        with self.assertRaises(BillingError):
            self._get_blocks(user=self.manager, project=self.foreign)
        with self.assertRaises(BillingError):
            self.foreign.with_user(self.manager).action_billing_statement()

    def test_others_statements_are_not_read_nor_printed(self):
        statement = self._make(projects=self.foreign).with_user(self.manager)
        self.assertFalse(statement.search([("id", "=", statement.id)]))
        with self.assertRaises(AccessError):
            statement.read(["preview"])
        with self.assertRaises(AccessError):
            self._render(statement)

    def test_a_statement_over_others_projects_too_is_refused(self):
        both = (self.project | self.foreign).ids
        values = {"partner_id": self.customer.id, "project_ids": [Command.set(both)]}
        statements = self.env["project.billing.statement"].with_user(self.manager)
        with self.assertRaises(AccessError):
            statements.create(values)
        own = self._make(user=self.manager)
        with self.assertRaises(UserError):
            own.project_ids = [Command.link(self.foreign.id)]
            self.env.flush_all()
            own.invalidate_recordset()
            own.read(["preview"])

    def test_another_companys_statement_is_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaises(BillingError):
            self.project.with_user(self.clerk)._get_billing_statement(
                self.customer, TODAY, other
            )
        statement = self._make()
        statement.sudo().write({"company_id": other.id, "project_ids": False})
        with self.assertRaises(AccessError):
            statement.read(["date"])
