"""What comes in and goes out, and when: by expected day and by due date."""

from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import AccessError

from .test_tracker import TODAY, TrackerCommon


class ForecastCommon(TrackerCommon):
    def _get_forecast(self, user=None, **where):
        facts = self.env["project.billing.forecast"].with_user(user or self.clerk)
        facts.invalidate_model()  # each question of a person is a new transaction
        domain = [("company_id", "=", self.company.id)]
        domain += [(name, "=", value) for name, value in where.items()]
        return facts.search(domain)

    def _get_days(self, measure="expected", **where):
        """Return ``{day: amount}`` of one column, without empty cells."""
        days = {}
        for fact in self._get_forecast(**where):
            days[fact.date] = round(days.get(fact.date, 0) + fact[measure], 2)
        return {day: amount for day, amount in days.items() if amount}

    def _invoice(self, amount=100.0, due=TODAY, partner=None, **kwargs):
        """Return a posted invoice or bill without a term, of the project."""
        distribution = {self.project.account_id.id: 100}
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": (partner or self.customer).id,
                "invoice_date": due - timedelta(days=30),
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Work",
                            "price_unit": amount,
                            "tax_ids": [],
                            "analytic_distribution": distribution,
                        }
                    )
                ],
                **kwargs,
            }
        )
        move.action_post()
        return move

    def _teach(self, days_late, partner=None):
        """Make a payer known who paid three invoices so many days late."""
        for month in (1, 2, 3):
            due = date(2026, month, 15)
            move = self._invoice(due=due, partner=partner)
            self._pay(move, 100, due + timedelta(days=days_late))
        self.company._refresh_billing_habits()


class TestForecast(ForecastCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule("milestone")
        cls.item = cls._create_item(cls.rule, amount=1000)
        cls.item.date_planned = date(2026, 8, 10)

    def test_an_open_invoice_stands_on_its_expected_day_and_on_its_due_date(self):
        self._teach(12)
        self._invoice(700, date(2026, 7, 20))
        where = {"kind": "invoice"}
        self.assertEqual(self._get_days(**where), {date(2026, 8, 1): 700})
        self.assertEqual(self._get_days("due", **where), {date(2026, 7, 20): 700})
        fact = self._get_forecast(kind="invoice", on_expected=True)
        self.assertEqual(
            (fact.date_due, fact.date_expected), (date(2026, 7, 20), date(2026, 8, 1))
        )
        self.assertEqual(fact.habit, "Usually pays 12 days late (last 3 payments)")

    def test_the_tracker_says_when_what_is_open_is_expected(self):
        self._teach(12)
        invoice = self._invoice(700, date(2026, 7, 20))
        bill = self._invoice(50, date(2026, 7, 25), move_type="in_invoice")
        facts = self._get_facts(source="instalment")
        expected = {fact.move_id: fact.date_expected for fact in facts}
        self.assertEqual(expected[invoice], date(2026, 8, 1))
        self.assertEqual(expected[bill], date(2026, 7, 25))
        paid = facts.filtered(lambda fact: fact.stage == "paid")
        self.assertEqual(set(paid.mapped("date_expected")), {False})
        past = self._get_facts(day=date(2026, 7, 1), move_id=invoice.id)
        self.assertFalse(past.date_expected)

    def test_the_row_says_why_it_is_expected_then(self):
        self._teach(12)
        self._invoice(700, date(2026, 6, 1))
        fact = self._get_forecast(kind="invoice", on_expected=True)
        self.assertEqual(
            fact.habit,
            "Usually pays 12 days late (last 3 payments); already later than that",
        )

    def test_where_both_days_are_the_same_there_is_one_row(self):
        self._invoice(700, date(2026, 7, 20))
        fact = self._get_forecast(kind="invoice")
        self.assertEqual((fact.expected, fact.due), (700, 700))
        self.assertTrue(fact.on_due and fact.on_expected)

    def test_what_is_overdue_comes_today_at_the_earliest(self):
        self._invoice(700, date(2026, 6, 1))
        for measure in ("expected", "due"):
            self.assertEqual(self._get_days(measure, kind="invoice"), {TODAY: 700})
        self._teach(90)
        days = self._get_days(kind="invoice")
        self.assertGreater(min(days), TODAY)

    def test_only_the_open_part_is_forecast(self):
        invoice = self._invoice(700, date(2026, 7, 20))
        self._pay(invoice, 300)
        self.assertEqual(self._get_days(kind="invoice"), {date(2026, 7, 20): 400})
        self._pay(invoice, 400)
        self.assertFalse(self._get_days(kind="invoice"))

    def test_planned_items_come_by_payment_term_and_habit(self):
        self._teach(5)
        self.rule.payment_term_id = self.thirds
        self.assertEqual(
            self._get_days("due", kind="planned"),
            {
                date(2026, 8, 10): 300,
                date(2026, 9, 9): 300,
                date(2026, 10, 9): 400,
            },
        )
        self.assertEqual(
            self._get_days(kind="planned"),
            {
                date(2026, 8, 15): 300,
                date(2026, 9, 14): 300,
                date(2026, 10, 14): 400,
            },
        )

    def test_instalments_to_come_sum_to_the_cent(self):
        self.item.amount = 100.01
        self.rule.payment_term_id = self.thirds
        days = self._get_days(kind="planned")
        self.assertEqual(list(days.values()), [30.0, 30.01, 40.0])

    def test_the_customers_term_holds_where_the_rule_has_none(self):
        self.customer.with_company(self.company).property_payment_term_id = self.thirds
        self.assertEqual(len(self._get_days(kind="planned")), 3)

    def test_due_dates_of_terms_are_the_hosts(self):
        term = self.env["account.payment.term"].create({"name": "One"})
        line = term.line_ids
        self.rule.payment_term_id = term
        for values in (
            {"delay_type": "days_after", "nb_days": 14},
            {"delay_type": "days_after_end_of_month", "nb_days": 10},
            {"delay_type": "days_after_end_of_next_month", "nb_days": 5},
            {
                "delay_type": "days_end_of_month_on_the",
                "nb_days": 30,
                "days_next_month": "10",
            },
            {
                "delay_type": "days_end_of_month_on_the",
                "nb_days": 20,
                "days_next_month": "31",
            },
            {
                "delay_type": "days_end_of_month_on_the",
                "nb_days": 45,
                "days_next_month": "0",
            },
        ):
            with self.subTest(**values):
                line.write(values)
                due = line._get_due_date(self.item.date_planned)
                self.assertEqual(self._get_days("due", kind="planned"), {due: 1000})

    def test_ready_work_is_invoiced_today_or_by_the_next_run(self):
        self.item.date_ready = TODAY
        self.assertEqual(self._get_days(kind="ready"), {TODAY: 1000})
        self.company.write(
            {
                "billing_schedule_active": True,
                "billing_schedule_date": date(2026, 8, 1),
            }
        )
        self.assertEqual(self._get_days(kind="ready"), {date(2026, 8, 1): 1000})

    def test_drafts_come_by_their_own_instalments(self):
        self.item.date_ready = TODAY
        self.rule.payment_term_id = self.thirds
        self._bill(TODAY)
        self.assertEqual(
            self._get_days(kind="draft"),
            {
                TODAY: 300,
                TODAY + timedelta(days=30): 300,
                TODAY + timedelta(days=60): 400,
            },
        )
        self.assertFalse(self._get_days(kind="ready"))

    def test_held_work_and_items_without_a_date_have_no_day(self):
        self.item.date_planned = False
        fact = self._get_forecast(kind="planned")
        self.assertEqual((fact.date, fact.expected), (False, 1000))
        self.project.write({"date_start": TODAY, "date": date(2026, 12, 31)})
        self.assertEqual(self._get_days(kind="planned"), {date(2026, 12, 31): 1000})
        self.item.date_ready = TODAY
        invoice = self._bill(TODAY)
        invoice.action_post()
        self._reverse(invoice)
        fact = self._get_forecast(kind="ready")
        self.assertEqual((fact.date, fact.is_held), (False, True))

    def test_both_columns_sum_to_the_tracker(self):
        self._teach(12)
        self._create_rule(price=100, sequence=20)
        self._create_entry(2, date(2026, 6, 3))
        self._invoice(700, date(2026, 6, 20))
        self._invoice(50, date(2026, 7, 25), move_type="in_invoice")
        tracker = self.env["project.billing.tracker"].with_user(self.clerk)
        tracker.invalidate_model()
        facts = tracker.search([("stage", "!=", "paid")])
        total = round(sum(facts.mapped("gross_company")), 2)
        forecast = self._get_forecast()
        forecast = forecast.filtered("tracker_id")
        for measure in ("expected", "due"):
            self.assertEqual(round(sum(forecast.mapped(measure)), 2), total)

    def test_vendor_bills_go_out_when_due(self):
        self._teach(12)
        self._invoice(250, date(2026, 7, 30), move_type="in_invoice")
        fact = self._get_forecast(kind="bill")
        self.assertEqual((fact.date, fact.direction), (date(2026, 7, 30), "out"))
        self.assertEqual((fact.expected, fact.due), (-250, -250))

    def test_an_unmatched_payment_lowers_what_comes_in(self):
        self._invoice(700, date(2026, 7, 20))
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_id": self.customer.id,
                "amount": 77,
                "date": TODAY,
            }
        )
        payment.action_post()
        fact = self._get_forecast(kind="entry")
        self.assertEqual((fact.direction, fact.expected), ("in", -77))

    def test_foreign_currency_stands_in_both(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        self.rule.currency_id = euro
        fact = self._get_forecast(kind="planned")
        self.assertEqual((fact.amount, fact.expected), (1000, 500))
        self.assertEqual(fact.currency_id, euro)

    def test_every_row_opens_what_it_stands_for(self):
        invoice = self._invoice(700, date(2026, 7, 20))
        fact = self._get_forecast(kind="invoice")
        self.assertEqual(fact.action_open_source()["res_id"], invoice.id)
        self.assertEqual(fact.document_name, invoice.display_name)
        fact = self._get_forecast(kind="planned")
        self.assertEqual(fact.action_open_source()["res_id"], self.item.id)

    def test_weeks_and_months_are_groups(self):
        self._invoice(700, date(2026, 7, 20))
        forecast = self.env["project.billing.forecast"].with_user(self.clerk)
        forecast.invalidate_model()
        domain = [("kind", "in", ("invoice", "planned"))]
        months = forecast._read_group(domain, ["date:month"], ["expected:sum"])
        self.assertEqual(
            months, [(date(2026, 7, 1), 700.0), (date(2026, 8, 1), 1000.0)]
        )
        weeks = forecast._read_group(domain, ["date:week"], ["expected:sum"])
        self.assertEqual(len(weeks), 2)


class TestForecastRate(ForecastCommon):
    """Time and materials go on as in the last eight weeks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100)

    def _end_project(self, day):
        self.project.write({"date_start": date(2026, 1, 1), "date": day})

    def _work(self, weeks, hours=7, rest=1):
        """Log so many hours a week; ``rest``: weeks since the last of them."""
        for week in range(rest - 1, weeks + rest - 1):
            self._create_entry(hours, TODAY - timedelta(days=7 * week))

    def _get_rate(self):
        return self._get_days("due", kind="run_rate")

    def test_the_recent_rate_goes_on_until_the_project_ends(self):
        self._work(8)  # 700 a week, 100 a day
        self._end_project(date(2026, 8, 20))
        self.assertEqual(
            self._get_rate(), {date(2026, 7, 31): 1600, date(2026, 8, 31): 2000}
        )

    def test_a_young_project_is_measured_from_its_first_entry(self):
        self._work(2)
        self._end_project(TODAY + timedelta(days=10))
        # 1,400 since eight days: two weeks
        self.assertEqual(self._get_rate(), {date(2026, 7, 31): 1000})

    def test_without_an_end_it_goes_on_for_half_a_year(self):
        self._work(8)
        days = self._get_rate()
        self.assertEqual(len(days), 7)
        self.assertEqual(round(sum(days.values())), 100 * 26 * 7)

    def test_old_work_is_no_rate(self):
        self._work(8, rest=10)
        self.assertFalse(self._get_rate())

    def test_a_rule_that_ended_brings_nothing(self):
        self._work(8)
        self.rule.date_end = TODAY
        self.assertFalse(self._get_rate())

    def test_a_cap_ends_it(self):
        self._work(8)  # 5,600 ready
        self.rule.cap_amount = 7500
        self.assertEqual(
            self._get_rate(), {date(2026, 7, 31): 1600, date(2026, 8, 31): 300}
        )
        self.rule.cap_amount = 5000
        self.assertFalse(self._get_rate())

    def test_unbilled_time_is_invoiced_at_the_end_of_its_month(self):
        self._work(8)
        days = self._get_days("due", kind="time")
        self.assertEqual(days, {TODAY: 3500, date(2026, 7, 31): 2100})

    def test_non_billable_time_is_no_rate(self):
        for week in range(8):
            entry = self._create_entry(7, TODAY - timedelta(days=7 * week))
            entry.billable_quantity = 0
        self.assertFalse(self._get_rate())

    def test_a_row_opens_the_work_that_it_was_learned_from(self):
        self._work(2)
        self._create_entry(5, date(2026, 1, 5))
        fact = self._get_forecast(kind="run_rate")[0]
        domain = fact.action_open_source()["domain"]
        entries = self.env["account.analytic.line"].search(domain)
        self.assertEqual(len(entries), 2)


class TestForecastCash(ForecastCommon):
    """The money at hand, and what people enter."""

    def _book(self, account, amount):
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": TODAY,
                "line_ids": [
                    Command.create({"account_id": account.id, "debit": amount}),
                    Command.create(
                        {
                            "account_id": self.company_data[
                                "default_account_revenue"
                            ].id,
                            "credit": amount,
                        }
                    ),
                ],
            }
        )
        entry.action_post()

    def test_opening_liquidity_without_hidden_accounts_and_an_amount_in_8_weeks(self):
        """Case D04."""
        bank = self.company_data["default_journal_bank"].default_account_id
        hidden = bank.copy({"name": "Guarantee", "code": "101999"})
        self._book(bank, 1500)
        self._book(hidden, 500)
        hidden.billing_forecast_excluded = True
        line = (
            self.env["project.billing.forecast.line"]
            .with_user(self.clerk)
            .create(
                {"name": "Grant", "date": TODAY + timedelta(weeks=8), "amount": 1000}
            )
        )
        self.assertEqual(self._get_days(kind="cash"), {TODAY: 1500})
        self.assertEqual(
            self._get_days(kind="manual"), {TODAY + timedelta(weeks=8): 1000}
        )
        fact = self._get_forecast(kind="manual")
        self.assertEqual(fact.action_open_source()["res_id"], line.id)
        domain = self._get_forecast(kind="cash").action_open_source()["domain"]
        items = self.env["account.move.line"].search(domain)
        self.assertEqual(sum(items.mapped("balance")), 1500)

    def test_what_has_passed_is_no_forecast(self):
        lines = self.env["project.billing.forecast.line"].create(
            [
                {"name": "Rent", "date": TODAY + timedelta(days=days), "amount": -900}
                for days in (-1, 0)
            ]
        )
        fact = self._get_forecast(kind="manual")
        self.assertEqual(fact.forecast_line_id, lines[1])
        self.assertEqual((fact.date, fact.direction), (TODAY, "out"))

    def test_a_collection_profile_is_the_forecast_day_by_day(self):
        """Case D03: 35/30/20/10/5 % on day 28/38/52/5/75."""
        profile = ((35, 28), (30, 38), (20, 52), (10, 5), (5, 75))
        term = self.env["account.payment.term"].create(
            {
                "name": "Profile",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": part, "nb_days": days}
                    )
                    for part, days in profile
                ],
            }
        )
        rule = self._create_rule("milestone", payment_term_id=term.id)
        item = self._create_item(rule, amount=510000)
        item.date_ready = TODAY
        self._bill(TODAY).action_post()
        days = self._get_days(kind="invoice")
        self.assertEqual(
            {(day - TODAY).days: amount for day, amount in days.items()},
            {28: 178500, 38: 153000, 52: 102000, 5: 51000, 75: 25500},
        )
        weighted = sum((day - TODAY).days * amount for day, amount in days.items())
        self.assertAlmostEqual(weighted / 510000, 35.85, 2)


class TestForecastAccess(ForecastCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls._create_project("Foreign", user_id=cls.administrator.id)
        for project in (cls.project, cls.foreign):
            rule = cls._create_rule("milestone", project=project)
            cls._create_item(rule, amount=5).date_planned = date(2026, 8, 1)

    def test_a_project_manager_sees_own_projects_only(self):
        self._invoice(700, date(2026, 7, 20))
        self._invoice(30, date(2026, 7, 20), move_type="in_invoice")
        facts = self._get_forecast(user=self.manager)
        self.assertEqual(facts.project_id, self.project)
        self.assertEqual(sum(facts.mapped("expected")), 675)
        groups = (
            self.env["project.billing.forecast"]
            .with_user(self.manager)
            .formatted_read_group([], ["project_id"], ["expected:sum"])
        )
        names = [group["project_id"][1] for group in groups]
        self.assertEqual(names, [self.project.name])
        self.manager.group_ids += self.env.ref("base.group_allow_export")
        rows = facts.export_data(["project_id", "document_name", "expected"])["datas"]
        self.assertEqual({row[0] for row in rows}, {self.project.name})

    def test_a_project_manager_reads_no_foreign_row_by_its_id(self):
        rows = self._get_forecast(project_id=self.foreign.id)
        with self.assertRaises(AccessError):
            rows.with_user(self.manager).read(["expected"])

    def test_a_project_manager_sees_no_cash_and_no_other_amounts(self):
        lines = self.env["project.billing.forecast.line"]
        lines.create({"name": "Wages", "date": TODAY, "amount": -9000})
        for kind in ("cash", "manual"):
            self.assertFalse(self._get_forecast(user=self.manager, kind=kind))
        self.assertFalse(lines.with_user(self.manager).search([]))
        with self.assertRaises(AccessError):
            lines.with_user(self.manager).create(
                {"name": "Mine", "date": TODAY, "amount": 1}
            )

    def test_an_officer_sees_all_projects_of_own_companies(self):
        projects = self._get_forecast(kind="planned").project_id
        self.assertEqual(projects, self.project | self.foreign)
        other = self.env["res.company"].create({"name": "Other"})
        user = self._create_user("elsewhere", "account.group_account_invoice")
        user.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        forecast = self.env["project.billing.forecast"].with_user(user)
        self.assertFalse(forecast.with_company(other).search([]))

    def test_nobody_writes_the_forecast(self):
        fact = self._get_forecast(user=self.administrator, kind="planned")[0]
        with self.assertRaises(AccessError):
            fact.write({"expected": 1})
