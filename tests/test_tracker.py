"""The fact table: every amount stands somewhere, once, and ties with the ledger."""

import ast
from datetime import date, timedelta

from lxml import etree

from odoo import Command
from odoo.tests import freeze_time

from .test_share import ShareCommon

TODAY = date(2026, 7, 15)


class TrackerCommon(ShareCommon):
    """A firm on 15 July 2026; nothing was there before."""

    def setUp(self):
        super().setUp()
        frozen = freeze_time(f"{TODAY} 12:00:00")
        frozen.start()
        self.addCleanup(frozen.stop)

    def _get_facts(self, user=None, day=None, **where):
        facts = self.env["project.billing.tracker"].with_user(user or self.clerk)
        facts.invalidate_model()  # each question of a person is a new transaction
        if day:
            facts = facts.with_context(billing_tracker_date=day)
        domain = [("partner_id", "=", self.customer.id)]
        domain += [(name, "=", value) for name, value in where.items()]
        return facts.search(domain)

    def _get_stages(self, name="net_company", **kwargs):
        """Return ``{stage: amount}``."""
        stages = {}
        for fact in self._get_facts(**kwargs):
            stages[fact.stage] = round(stages.get(fact.stage, 0) + fact[name], 2)
        return {stage: amount for stage, amount in stages.items() if amount}

    def _pay(self, move, amount, day=TODAY):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"amount": amount, "payment_date": day, "group_payment": True})
        )
        return wizard._create_payments()

    def _get_ledger(self, day=None):
        """Return what customers and vendors owe by the journal items, as of a day."""
        day = day or TODAY
        lines = self.env["account.move.line"].search(
            [
                ("account_type", "in", ("asset_receivable", "liability_payable")),
                ("parent_state", "=", "posted"),
                ("company_id", "=", self.company.id),
                ("date", "<=", day),
            ]
        )
        total = sum(lines.mapped("balance"))
        return round(total, 2)

    def assertTiesWithLedger(self, day=None):
        facts = self.env["project.billing.tracker"].with_user(self.clerk)
        facts.invalidate_model()
        if day:
            facts = facts.with_context(billing_tracker_date=day)
        facts = facts.search([("stage", "in", ("open", "overdue"))])
        total = sum(facts.mapped("gross_company"))
        self.assertAlmostEqual(total, self._get_ledger(day), 2)


class MilestoneCommon(TrackerCommon):
    """A milestone rule of 1,000 in three instalments: 300 at once, 300, 400."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule("milestone", payment_term_id=cls.thirds.id)
        cls.item = cls._create_item(cls.rule, amount=1000)

    def _invoice(self, day=date(2026, 6, 1)):
        self.item.date_ready = date(2026, 5, 20)
        invoice = self._bill(day)
        invoice.action_post()
        return invoice


class TestTracker(MilestoneCommon):
    def test_an_amount_walks_from_planned_to_paid(self):
        self.assertEqual(self._get_stages(), {"planned": 1000})
        self.item.date_ready = date(2026, 5, 20)
        self.assertEqual(self._get_stages(), {"ready": 1000})
        invoice = self._bill(date(2026, 6, 1))
        self.assertEqual(self._get_stages(), {"draft": 1000})
        invoice.action_post()
        self.assertEqual(self._get_stages(), {"overdue": 600, "open": 400})
        self._pay(invoice, 450)
        self.assertEqual(self._get_stages(), {"paid": 450, "overdue": 150, "open": 400})
        self._pay(invoice, 550)
        self.assertEqual(self._get_stages(), {"paid": 1000})
        self.assertTiesWithLedger()

    def test_each_payment_is_a_row_of_its_day(self):
        invoice = self._invoice()
        self._pay(invoice, 450, date(2026, 7, 1))
        self._pay(invoice, 550, date(2026, 7, 10))
        paid = self._get_facts(stage="paid").sorted(lambda f: (f.date_paid, f.net))
        self.assertEqual(
            [(fact.date_paid.day, fact.net) for fact in paid],
            [(1, 150), (1, 300), (10, 150), (10, 400)],
        )
        self.assertEqual(len(set(paid.ids)), 4)

    def test_an_instalment_of_nothing_is_settled(self):
        self.item.active = False
        self._create_rule(price=0, sequence=20, bill_at_zero=True)
        self._create_entry(2, date(2026, 6, 3))
        self._bill(date(2026, 6, 30)).action_post()
        self.assertFalse(self._get_facts(source="instalment"))
        self.assertTiesWithLedger()

    def test_progress_is_ready_as_far_as_it_is_earned(self):
        self.item.active = False
        rule = self._create_rule("progress", sequence=20, amount=800)
        rule.item_ids.progress_percentage = 40
        self.assertEqual(self._get_stages(), {"ready": 320, "planned": 480})
        self._bill(date(2026, 6, 30))
        self.assertEqual(self._get_stages(), {"draft": 320, "planned": 480})

    def test_closed_tasks_make_an_item_ready(self):
        milestone = self.env["project.milestone"].create(
            {"name": "Beta", "project_id": self.project.id}
        )
        self.item.write({"milestone_id": milestone.id, "trigger": "tasks_done"})
        self.assertEqual(self._get_stages(), {"planned": 1000})
        self.task.milestone_id = milestone
        self.assertEqual(self._get_stages(), {"planned": 1000})
        self.task.state = "1_done"
        self.assertEqual(self._get_stages(), {"ready": 1000})

    def test_a_retained_share_is_flagged_and_never_late(self):
        self.rule.retention_percentage = 10
        self._invoice()
        retained = self._get_facts(is_retained=True)
        self.assertEqual((retained.stage, retained.gross), ("open", 100))
        self.assertEqual(self._get_stages(), {"overdue": 540, "open": 460})
        self.assertTiesWithLedger()

    def test_columns_follow_the_flow(self):
        self._invoice()
        facts = self.env["project.billing.tracker"].with_user(self.clerk)
        domain = [("partner_id", "=", self.customer.id)]
        facts = facts.with_context(read_group_expand=True)  # as the kanban asks
        groups = facts.web_read_group(domain, ["stage"])["groups"]
        self.assertEqual(
            [group["stage"] for group in groups],
            ["planned", "ready", "draft", "open", "overdue"],
        )

    def test_credit_and_release_walk_back(self):
        invoice = self._invoice()
        self._reverse(invoice)
        held = self._get_facts(is_held=True)
        self.assertEqual((held.stage, held.net), ("ready", 1000))
        self.assertTiesWithLedger()

    def test_unbilled_time_is_one_row_per_month(self):
        self._create_rule(price=100, sequence=20)
        for day in (date(2026, 6, 3), date(2026, 6, 4), date(2026, 7, 1)):
            self._create_entry(2, day)
        rows = self._get_facts(source="time").sorted("date_planned")
        self.assertEqual(rows.mapped("net"), [400, 200])
        self.assertEqual(
            rows.mapped("date_planned"), [date(2026, 6, 30), date(2026, 7, 31)]
        )

    def test_what_was_not_billed_for_30_days_is_found(self):
        """Time of May is 45 days old on 15 July, that of June 15 days."""
        self._create_rule(price=100, sequence=20)
        for day in (date(2026, 5, 28), date(2026, 6, 3)):
            self._create_entry(2, day)
        view = self.env["project.billing.tracker"].get_view(view_type="search")
        [filter_] = etree.fromstring(view["arch"]).xpath("//filter[@name='not_billed']")
        found = self._get_facts(source="time").filtered_domain(
            ast.literal_eval(filter_.get("domain"))
        )
        self.assertEqual(found.mapped("date_planned"), [date(2026, 5, 31)])

    def test_a_correction_of_one_month_is_not_taken_off_twice(self):
        self._create_rule(price=100, sequence=20)
        self._create_entry(-1, date(2026, 5, 4))
        self._create_entry(3, date(2026, 6, 3))
        rows = self._get_facts(source="time").sorted("date_planned")
        self.assertEqual(rows.mapped("net"), [-100, 300])

    def test_due_today_is_not_overdue(self):
        self.rule.payment_term_id = False
        invoice = self._invoice()
        for days, stage, bucket in (
            (0, "open", "current"),
            (1, "overdue", "1_30"),
            (30, "overdue", "1_30"),
            (31, "overdue", "31_60"),
            (60, "overdue", "31_60"),
            (61, "overdue", "61_90"),
            (90, "overdue", "61_90"),
            (91, "overdue", "90_more"),
        ):
            with self.subTest(days=days):  # case C19
                term = invoice.line_ids.filtered("date_maturity")
                term.date_maturity = TODAY - timedelta(days=days)
                fact = self._get_facts(source="instalment")
                self.assertEqual((fact.stage, fact.bucket), (stage, bucket))
                self.assertEqual(fact.days_overdue, days)

    def test_instalments_part_payment_and_credit(self):
        """Case C20: 60/100/40; 40 paid; a credit note of 100."""
        term = self.env["account.payment.term"].create(
            {
                "name": "30/50/20",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": part, "nb_days": days}
                    )
                    for part, days in ((30, 0), (50, 30), (20, 60))
                ],
            }
        )
        self.item.amount = 200
        self.rule.payment_term_id = term
        invoice = self._invoice()
        self._pay(invoice, 40)
        self.assertEqual(self._get_open(invoice), [20, 100, 40])
        credit = self._reverse(invoice, "price_reduction", post=False)
        credit.invoice_line_ids.price_unit = 100
        credit.action_post()
        lines = (invoice | credit).line_ids.filtered(
            lambda x: x.account_type == "asset_receivable" and not x.reconciled
        )
        lines.reconcile()
        self.assertEqual(self._get_open(invoice), [0, 20, 40])
        self.assertTiesWithLedger()

    def _get_open(self, invoice):
        terms = invoice.line_ids.filtered(lambda x: x.display_type == "payment_term")
        facts = self._get_facts(source="instalment")
        facts = facts.filtered(lambda f: f.stage != "paid")
        return [
            sum(facts.filtered(lambda f, t=t: f.move_line_id == t).mapped("gross"))
            for t in terms.sorted("date_maturity")
        ]

    def test_a_past_day_shows_what_stood_then(self):
        invoice = self._invoice()
        self._pay(invoice, 450, date(2026, 7, 1))
        for day, stages in (
            (date(2026, 5, 31), {}),
            (date(2026, 6, 1), {"open": 1000}),
            (date(2026, 6, 2), {"open": 700, "overdue": 300}),
            (date(2026, 6, 30), {"open": 700, "overdue": 300}),
            (date(2026, 7, 1), {"open": 550, "paid": 450}),
            (date(2026, 7, 2), {"open": 400, "overdue": 150, "paid": 450}),
        ):
            with self.subTest(day=day):
                self.assertEqual(self._get_stages(day=day), stages)
                self.assertTiesWithLedger(day)

    def test_unmatched_payments_stand_without_a_project(self):
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
        fact = self._get_facts(source="entry")
        self.assertEqual((fact.gross, fact.project_id.id), (-77, False))
        payment.move_id.line_ids.date_maturity = date(2026, 6, 1)
        fact = self._get_facts(source="entry")
        self.assertEqual((fact.stage, fact.bucket), ("open", "current"))
        self.assertTiesWithLedger()

    def test_what_the_firm_owes_stands_apart_from_what_customers_owe(self):
        self._invoice()
        account = str(self.project.account_id.id)
        bill = self._init_invoice_line({account: 100}, "in_invoice")
        payable = self._get_facts(is_payable=True)
        self.assertEqual(payable.move_id, bill)
        self.assertLess(sum(payable.mapped("gross")), 0)
        owed = self._get_facts(is_payable=False, source="instalment")
        self.assertEqual(sum(owed.mapped("gross")), 1000)

    def test_foreign_currency_ties_in_both(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 3.0)])
        self.rule.currency_id = euro
        invoice = self._invoice()
        self._pay(invoice, 333.33)
        facts = self._get_facts(source="instalment")
        self.assertAlmostEqual(sum(facts.mapped("gross")), 1000, 2)
        self.assertAlmostEqual(sum(facts.mapped("gross_company")), 333.33, 1)
        self.assertTiesWithLedger()

    def test_project_manager_sees_own_projects_without_accounting_rights(self):
        invoice = self._invoice()
        foreign = self._create_project("Foreign", user_id=self.administrator.id)
        rule = self._create_rule("milestone", project=foreign)
        self._create_item(rule, amount=5)
        own = self._get_facts(user=self.manager)
        self.assertEqual(own.project_id, self.project)
        self.assertEqual(self._get_stages(user=self.manager)["open"], 400)
        self.assertEqual(own.move_id.with_user(self.clerk), invoice)
        groups = (
            self.env["project.billing.tracker"]
            .with_user(self.manager)
            .formatted_read_group([], ["project_id"], ["net_company:sum"])
        )
        self.assertEqual(
            [group["project_id"][1] for group in groups], [self.project.name]
        )

    def test_another_companys_rows_are_not_read(self):
        other = self.env["res.company"].create({"name": "Other"})
        self._invoice()
        user = self._create_user(
            "elsewhere", "account.group_account_invoice,project.group_project_user"
        )
        user.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        facts = self.env["project.billing.tracker"].with_user(user)
        self.assertFalse(facts.with_company(other).search([]))

    def test_every_row_opens_what_it_stands_for(self):
        self._create_rule(price=100, sequence=20)
        entry = self._create_entry(2, date(2026, 6, 3))
        time = self._get_facts(source="time")
        domain = time.action_open_source()["domain"]
        self.assertEqual(self.env["account.analytic.line"].search(domain), entry)
        planned = self._get_facts(source="item")
        self.assertEqual(planned.action_open_source()["res_id"], self.item.id)
        invoice = self._invoice()
        for source in ("draft", "instalment"):
            for fact in self._get_facts(source=source):
                self.assertEqual(fact.action_open_source()["res_id"], invoice.id)
        fact = self._get_facts(user=self.manager, source="instalment")[0]
        opened = fact.action_open_source()
        self.assertEqual(opened["res_model"], "project.billing.tracker")
        self.assertEqual(fact.document_name, invoice.display_name)
