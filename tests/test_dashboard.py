"""The dashboard: figures of the tracker, as each person may read them."""

from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import AccessError

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .test_tracker import TODAY, MilestoneCommon

MODEL = "project.billing.dashboard"


class DashboardCommon(MilestoneCommon):
    def _get_data(self, user=None, companies=None, **filters):
        self.env.invalidate_all()
        dashboard = self.env[MODEL].with_user(user or self.clerk)
        companies = companies or self.company
        dashboard = dashboard.with_context(allowed_company_ids=companies.ids)
        # what else stands in the books of the test company is not of this test
        return dashboard.get_data({"partner_id": self.customer.id, **filters})

    def _get_amounts(self, **kwargs):
        """Return ``{figure: amount}`` of those that are not zero."""
        figures = self._get_data(**kwargs)["figures"]
        return {f["key"]: f["amount"] for f in figures if f.get("amount")}

    def _get_reasons(self, **kwargs):
        """Return ``{project: {code: text}}`` of the projects that need a hand."""
        projects = self._get_data(**kwargs)["projects"]["records"]
        return {
            project["name"]: {r["code"]: r["text"] for r in project["reasons"]}
            for project in projects
        }


class TestDashboard(DashboardCommon):
    def test_figures_follow_an_amount_from_ready_to_paid(self):
        self.assertEqual(self._get_amounts(), {})
        self.item.date_ready = date(2026, 5, 20)
        self.assertEqual(self._get_amounts(), {"ready": 1000})
        invoice = self._bill(date(2026, 6, 1))
        self.assertEqual(self._get_amounts(), {"draft": 1000})
        invoice.action_post()
        self.assertEqual(self._get_amounts(), {"open": 400, "overdue": 600})
        self._pay(invoice, 450)
        self.assertEqual(
            self._get_amounts(), {"open": 400, "overdue": 150, "collected": 450}
        )

    def test_held_work_stands_apart(self):
        self._reverse(self._invoice())
        self.assertEqual(self._get_amounts(), {"held": 1000})

    def test_retained_money_is_neither_open_nor_overdue(self):
        self.rule.retention_percentage = 10
        self._invoice()
        amounts = self._get_amounts()
        self.assertEqual(amounts, {"open": 360, "overdue": 540, "retained": 100})

    def test_vendor_bills_are_not_what_customers_owe(self):
        self._invoice()
        account = str(self.project.account_id.id)
        self._init_invoice_line({account: 100}, "in_invoice")
        self.assertEqual(self._get_amounts(), {"open": 400, "overdue": 600})

    def test_collected_is_what_was_paid_in_the_period(self):
        invoice = self._invoice()
        self._pay(invoice, 100, date(2026, 6, 30))
        self._pay(invoice, 200, date(2026, 7, 1))
        self._pay(invoice, 300, TODAY)
        for period, amount in (
            (None, 500),
            ("this_month", 500),
            ("last_month", 100),
            ("this_quarter", 500),
            ("this_year", 600),
        ):
            with self.subTest(period=period):
                amounts = self._get_amounts(period=period)
                self.assertEqual(amounts["collected"], amount)

    def test_an_unknown_period_is_refused(self):
        with self.assertRaisesRegex(BillingError, "no period yesterday"):
            self._get_data(period="yesterday")

    def test_ageing_sums_to_what_is_owed(self):
        invoice = self._invoice()
        self._pay(invoice, 50)
        buckets = {b["key"]: b["amount"] for b in self._get_data()["ageing"]}
        self.assertEqual(
            buckets,
            {"current": 400, "1_30": 300, "31_60": 250, "61_90": 0, "90_more": 0},
        )

    def test_cash_in_is_late_then_week_by_week(self):
        invoice = self._invoice()
        terms = invoice.line_ids.filtered("date_maturity").sorted("date_maturity")
        # Wednesday 15 July 2026, weeks start on Sunday in en_US
        for term, day in zip(
            terms, (TODAY - timedelta(days=1), TODAY, date(2026, 7, 19)), strict=True
        ):
            term.date_maturity = day
        spans = self._get_data()["cash_in"]
        self.assertEqual(
            [(s["key"], s["date_from"], s["amount"]) for s in spans[:4]],
            [
                ("late", None, 300),
                ("week", "2026-07-15", 300),
                ("week", "2026-07-19", 400),
                ("week", "2026-07-26", 0),
            ],
        )
        self.assertEqual(sum(span["amount"] for span in spans), 1000)
        terms[2].date_maturity = date(2027, 1, 1)
        spans = self._get_data()["cash_in"]
        self.assertEqual((spans[-1]["key"], spans[-1]["amount"]), ("later", 400))

    def test_unmatched_payment_lowers_what_comes_in_now(self):
        self._invoice()
        payment = self.env["account.payment"].create(
            {"partner_id": self.customer.id, "amount": 130, "date": date(2026, 7, 1)}
        )
        payment.action_post()
        spans = self._get_data()["cash_in"]
        self.assertEqual([span["amount"] for span in spans[:2]], [600, -130])
        self.assertEqual(sum(span["amount"] for span in spans), 870)
        facts = self.env["project.billing.tracker"].with_user(self.clerk)
        for span in spans:
            rows = facts.search(span["domain"])
            self.assertEqual(sum(rows.mapped("gross_company")), span["amount"])

    def test_what_is_expected_is_what_is_owed_from_today_on(self):
        self._pay(self._invoice(), 100)
        spans = self._get_data()["cash_expected"]
        self.assertEqual(spans[0]["date_from"], "2026-07-15")
        self.assertEqual(sum(span["amount"] for span in spans), 900)
        facts = self.env["project.billing.forecast"].with_user(self.clerk)
        for span in spans:
            rows = facts.search(span["domain"])
            self.assertAlmostEqual(sum(rows.mapped("expected")), span["amount"], 2)

    def test_dso_relates_what_is_owed_to_90_days_of_sales(self):
        invoice = self._invoice()
        self._pay(invoice, 500)
        dso = self._get_data()["figures"][-1]
        self.assertEqual((dso["receivable"], dso["sales"]), (500, 1000))
        self.assertEqual(dso["days"], 45)

    def test_nothing_sold_has_no_dso(self):
        self.assertIs(self._get_data()["figures"][-1]["days"], False)

    def test_the_worst_debtor_comes_first(self):
        self._invoice()
        other = self.env["res.partner"].create({"name": "Southwind"})
        project = self._create_project("South", partner_id=other.id)
        rule = self._create_rule(
            "milestone", project=project, payment_term_id=self.thirds.id
        )
        self._create_item(rule, amount=5000, date_ready=date(2026, 5, 1))
        self._bill(date(2026, 5, 31), project).action_post()
        debtors = self._get_data(partner_id=False)["debtors"]
        names = [d["name"] for d in debtors if d["id"] in (other | self.customer).ids]
        self.assertEqual(names, ["Southwind", "Northwind"])
        debtors = self._get_data()["debtors"]
        self.assertEqual([(d["amount"], d["days"]) for d in debtors], [(600, 44)])

    def test_every_number_opens_the_rows_it_sums(self):
        self.item.amount = 400
        self._pay(self._invoice(), 150)
        ready = self._create_item(self.rule, amount=70, name="Two")
        ready.date_ready = date(2026, 7, 1)
        data = self._get_data()
        facts = self.env["project.billing.tracker"].with_user(self.clerk)
        numbers = [*data["figures"], *data["ageing"], *data["cash_in"]]
        for number in [*numbers, *data["debtors"]]:
            if number.get("amount") is None:
                continue
            rows = facts.search(number["domain"])
            measure = "gross_company"
            if number.get("key") in ("ready", "held", "draft"):
                measure = "net_company"
            total = sum(rows.mapped(measure))
            self.assertAlmostEqual(total, number["amount"], 2, number)

    def test_the_number_of_queries_does_not_grow(self):
        self._create_customers(1)
        self._count_queries()  # fills the caches of groups and rules
        few = self._count_queries()
        self._create_customers(5)
        self.assertEqual(self._count_queries(), few)

    def _create_customers(self, number):
        """Each with a late invoice, ready and priceless work, and a cap."""
        for _one in range(number):
            partner = self.env["res.partner"].create({"name": "Customer"})
            project = self._create_project("Project", partner_id=partner.id)
            rule = self._create_rule(
                "milestone", project=project, cap_amount=100, sequence=20
            )
            self._create_item(rule, name="A", amount=100, date_ready=TODAY)
            self._bill(TODAY, project).action_post()
            self._create_item(rule, name="B", amount=9, date_ready=date(2026, 6, 1))
            time = self._create_rule(project=project)
            self._create_entry(1, TODAY, task=self._create_task("T", project))
            self.assertFalse(time.price)

    def _count_queries(self):
        self.env.flush_all()
        self.env.invalidate_all()
        dashboard = self.env[MODEL].with_user(self.clerk)
        before = self.env.cr.sql_log_count
        dashboard.get_data({})
        return self.env.cr.sql_log_count - before


class TestDashboardAccess(DashboardCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls._create_project("Foreign", user_id=cls.administrator.id)
        rule = cls._create_rule("milestone", project=cls.foreign)
        cls._create_item(rule, amount=77, date_ready=date(2026, 5, 1))

    def test_a_project_manager_sees_own_projects_only(self):
        self.item.date_ready = date(2026, 5, 20)
        self.assertEqual(self._get_amounts(user=self.clerk), {"ready": 1077})
        self.assertEqual(self._get_amounts(user=self.manager), {"ready": 1000})
        data = self._get_data(user=self.manager)
        self.assertFalse(data["is_officer"])
        self.assertEqual(
            [project["name"] for project in data["projects"]["records"]], ["Website"]
        )

    def test_another_managers_filter_shows_nothing_foreign(self):
        self.item.date_ready = date(2026, 5, 20)
        foreign = {"user_id": self.administrator.id}
        self.assertEqual(self._get_amounts(user=self.manager, **foreign), {})
        self.assertEqual(self._get_amounts(user=self.clerk, **foreign), {"ready": 77})

    def test_who_has_no_billing_rights_is_refused(self):
        nobody = self._create_user("nobody", "base.group_user")
        with self.assertRaises(AccessError):
            self._get_data(user=nobody)

    def test_a_project_manager_opens_every_number(self):
        self._invoice()
        data = self._get_data(user=self.manager)
        facts = self.env["project.billing.tracker"].with_user(self.manager)
        for figure in data["figures"]:
            rows = facts.search(figure["domain"])
            self.assertLessEqual(rows.project_id, self.project)


class TestDashboardCompanies(DashboardCommon):
    """Two companies, each with its currency."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_data = cls.setup_other_company(name="Other firm")
        cls.other = cls.other_data["company"]
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        cls.clerk.company_ids |= cls.other
        cls.both = cls.company | cls.other

    def _own_rates(self, *rates):
        self.env["res.currency.rate"].search(
            [("currency_id", "in", (self.euro | self.company.currency_id).ids)]
        ).unlink()
        for rate in rates:
            self.env["res.currency.rate"].create(
                {
                    "currency_id": self.euro.id,
                    "company_id": self.company.id,
                    "name": "2026-01-01",
                    "rate": rate,
                }
            )

    def _create_other(self, currency=None):
        if currency:
            self.other.currency_id = currency
        self.item.date_ready = date(2026, 5, 20)
        project = self._create_project("Abroad", company_id=self.other.id)
        rule = self.env["project.billing.rule"].create(
            {
                "project_id": project.id,
                "company_id": self.other.id,
                "billing_type": "milestone",
                "bill_from": "2000-01-01",
            }
        )
        self._create_item(rule, amount=500, date_ready=date(2026, 5, 1))

    def test_only_the_chosen_companies_are_read(self):
        self._create_other()
        self.assertEqual(self._get_amounts(), {"ready": 1000})
        self.assertEqual(self._get_amounts(companies=self.other), {"ready": 500})

    def test_companies_of_one_currency_are_added(self):
        self._create_other()
        self.assertEqual(self._get_amounts(companies=self.both), {"ready": 1500})
        self.assertFalse(self._get_data(companies=self.both)["currency_note"])

    def test_another_currency_is_converted_and_the_reader_is_told(self):
        self._own_rates(2.0)
        self._create_other(self.euro)
        data = self._get_data(companies=self.both)
        self.assertEqual(data["currency_id"], self.company.currency_id.id)
        self.assertEqual(data["figures"][0]["amount"], 1250)
        self.assertRegex(data["currency_note"], "Other firm are converted to USD")

    def test_without_a_rate_the_company_is_left_out_and_named(self):
        self._own_rates()
        self._create_other(self.euro)
        data = self._get_data(companies=self.both)
        self.assertEqual(data["figures"][0]["amount"], 1000)
        self.assertRegex(data["currency_note"], "Other firm: left out")

    def test_a_user_of_one_company_reads_nothing_of_the_other(self):
        self._create_other()
        self.clerk.write(
            {
                "company_ids": [Command.set(self.company.ids)],
                "company_id": self.company.id,
            }
        )
        with self.assertRaises(AccessError):
            self._get_data(companies=self.both)
