"""Rate cards: prices once, for many projects, with steps and indexation."""

from datetime import date

from psycopg2.errors import CheckViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import BillingRuleError

from .common import BillingCommon


class RateCardCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.developer = cls.env["project.role"].create({"name": "Developer"})
        cls.card = cls.env["project.billing.rate.card"].create(
            {"name": "Standard", "currency_id": cls.company.currency_id.id}
        )
        cls.rule = cls._create_rule(rate_card_id=cls.card.id)

    @classmethod
    def _add_rate(cls, price, **kwargs):
        home = {} if "rule_id" in kwargs else {"card_id": cls.card.id}
        return cls.env["project.billing.rate"].create(
            {"price": price, **home, **kwargs}
        )

    def assertPrice(self, entry, price, source):
        self.assertEqual(
            (entry.billing_price, entry.billing_price_source), (price, source)
        )


class TestRateCards(RateCardCommon):
    """Which price of which card an hour has."""

    def test_one_card_prices_the_time_of_many_projects(self):
        shop = self._create_project("Shop")
        self._create_rule(project=shop, rate_card_id=self.card.id)
        self._add_rate(110, employee_id=self.ann.id)
        here = self._create_entry(1)
        there = self._create_entry(1, task=self._create_task("T", shop))
        self.assertPrice(here, 110, "card_employee")
        self.assertPrice(there, 110, "card_employee")

    def test_a_changed_card_reprices_unbilled_time_only(self):
        rate = self._add_rate(100)
        billed = self._create_entry(1)
        self._bill()
        entry = self._create_entry(1)
        rate.with_user(self.administrator).price = 120
        self.assertEqual(entry.billing_price, 120)
        self.assertEqual(billed.billing_price, 100)

    def test_person_comes_before_role_and_role_before_everybody(self):
        self.ann.billing_role_id = self.developer
        self.ben.billing_role_id = self.developer
        carl = self._create_employee("Carl Cook")
        self._add_rate(100)
        self._add_rate(120, role_id=self.developer.id)
        self._add_rate(150, employee_id=self.ann.id)
        self.assertPrice(self._create_entry(1), 150, "card_employee")
        self.assertPrice(self._create_entry(1, employee=self.ben), 120, "card_role")
        self.assertPrice(self._create_entry(1, employee=carl), 100, "card_rule")

    def test_rate_of_the_rule_comes_before_the_same_of_the_card(self):
        self._add_rate(150, employee_id=self.ann.id)
        self._add_rate(140, employee_id=self.ann.id, rule_id=self.rule.id)
        self.assertPrice(self._create_entry(1), 140, "employee")

    def test_persons_rate_of_the_card_comes_before_a_role_of_the_rule(self):
        self.ann.billing_role_id = self.developer
        self._add_rate(150, employee_id=self.ann.id)
        self._add_rate(140, role_id=self.developer.id, rule_id=self.rule.id)
        self.assertPrice(self._create_entry(1), 150, "card_employee")

    def test_price_of_the_rule_comes_before_the_cards_price_for_everybody(self):
        self._add_rate(100)
        self.rule.price = 90
        self.assertPrice(self._create_entry(1), 90, "rule")

    def test_steps_hold_from_their_first_day(self):
        self._add_rate(100)
        self._add_rate(105, date_start="2026-06-10")
        self._add_rate(108, date_start="2026-06-20")
        for day, price in ((9, 100), (10, 105), (19, 105), (20, 108)):
            with self.subTest(day=day):
                entry = self._create_entry(1, date(2026, 6, day))
                self.assertEqual(entry.billing_price, price)

    def test_day_price_of_a_card_is_one_eighth_per_hour(self):
        self._add_rate(960, uom_id=self.day.id)
        entry = self._create_entry(2)
        self.assertEqual(entry.billing_price, 120)
        self.assertEqual(self._bill().amount_untaxed, 240)

    def test_card_in_another_currency_is_converted_at_the_invoice_date(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-06-30", 4.0)]
        )
        self._add_rate(100, currency_id=euro.id)
        self._create_entry(1)
        self.assertEqual(self._bill().amount_untaxed, 25)

    def test_card_in_a_currency_without_exchange_rate_is_loudly_left_out(self):
        yen = self.env["res.currency"].search(
            [("name", "=", "JPY"), ("active", "in", [True, False])]
        )
        yen.active = True
        yen.rate_ids.unlink()
        self._add_rate(10000, currency_id=yen.id)
        self._create_entry(2)
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"no_exchange_rate": 2})
        self.assertIn("JPY", run.line_ids.reason)

    def test_another_companys_card_is_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        card = self.env["project.billing.rate.card"].create(
            {"name": "Theirs", "company_id": other.id}
        )
        with self.assertRaises(UserError):
            self.rule.rate_card_id = card
        self.card.company_id = self.company
        with self.assertRaisesRegex(BillingRuleError, "rules of"):
            self.card.company_id = other

    def test_project_manager_reads_cards_of_own_projects_only(self):
        rate = self._add_rate(100)
        foreign = self.env["project.billing.rate.card"].create({"name": "Secret"})
        secret = self.env["project.billing.rate"].create(
            {"card_id": foreign.id, "price": 500}
        )
        self.assertEqual(rate.with_user(self.manager).price, 100)
        self.assertEqual(self.card.with_user(self.manager).name, "Standard")
        with self.assertRaises(AccessError):
            _price = secret.with_user(self.manager).price
        with self.assertRaises(AccessError):
            rate.with_user(self.manager).price = 1


class TestIndexation(RateCardCommon):
    """Once a year all prices rise; who bills old days bills old prices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._add_rate(100)
        cls._add_rate(133.33, employee_id=cls.ann.id)
        cls.card.write({"index_percentage": 3.5, "index_date": "2027-01-01"})

    def _get_steps(self):
        return self.card.rate_ids.filtered("date_start").sorted("date_start")

    def test_indexation_makes_a_step_for_every_price(self):
        self.card.with_user(self.administrator).action_index()
        steps = self._get_steps()
        self.assertEqual(sorted(steps.mapped("price")), [103.5, 138.0])
        self.assertEqual({str(s.date_start) for s in steps}, {"2027-01-01"})
        self.assertEqual(str(self.card.index_date), "2028-01-01")
        old = self._create_entry(1, date(2026, 12, 31), employee=self.ben)
        new = self._create_entry(1, date(2027, 1, 1), employee=self.ben)
        self.assertEqual((old.billing_price, new.billing_price), (100, 103.5))

    def test_scheduled_job_catches_up_missed_years_and_repeats_nothing(self):
        with freeze_time("2028-02-01 12:00:00"):
            for _run in range(2):
                self.env["project.billing.run"]._cron_bill()
        everybody = self._get_steps().filtered(lambda s: not s.employee_id)
        self.assertEqual(everybody.mapped("price"), [103.5, 107.12])
        self.assertEqual(str(self.card.index_date), "2029-01-01")

    def test_a_step_that_was_agreed_for_that_day_stays(self):
        self._add_rate(120, date_start="2027-01-01")
        self.card.action_index()
        everybody = self._get_steps().filtered(lambda s: not s.employee_id)
        self.assertEqual(everybody.mapped("price"), [120])

    def test_indexation_without_a_day_is_refused(self):
        self.card.index_date = False
        with self.assertRaisesRegex(BillingRuleError, "percentage and the day"):
            self.card.action_index()

    def test_who_changed_a_price_is_kept_on_the_card(self):
        before = self.card.message_ids
        self._add_rate(80, role_id=self.developer.id)
        body = (self.card.message_ids - before)[0].body
        self.assertIn("Developer 80.00", body)

    def test_a_rate_has_one_home(self):
        rates = self.env["project.billing.rate"]
        for homes in ({}, {"rule_id": self.rule.id, "card_id": self.card.id}):
            with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"):
                rates.create({"price": 1, "currency_id": 1, **homes})

    def test_rules_that_use_a_card_are_one_click_away(self):
        other = self._create_rule(project=self._create_project("Shop"))
        other.rate_card_id = self.card
        action = self.card.with_user(self.administrator).action_view_rules()
        rules = self.env["project.billing.rule"].search(action["domain"])
        self.assertEqual(rules, self.rule | other)
        self.assertEqual(self.card.rule_count, 2)


class TestBillingPlans(BillingCommon):
    """30/40/30 in one step."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls.env.ref("project_invoice_tracker.billing_plan_thirds")
        cls.rule = cls._create_rule("milestone", amount=10000.01)

    def _apply(self, rule=None):
        (rule or self.rule).with_user(self.administrator).plan_id = self.plan

    def test_a_plan_makes_items_and_milestones(self):
        self._apply()
        items = self.rule.item_ids
        self.assertEqual(items.mapped("billable_amount"), [3000, 4000, 3000.01])
        self.assertEqual(
            items.milestone_id.mapped("name"), ["Start", "Delivery", "Acceptance"]
        )
        items[0].milestone_id.is_reached = True
        self.assertEqual(self._bill(date.today()).amount_untaxed, 3000)

    def test_five_parts_sum_to_the_contract_to_the_cent(self):
        self.plan = self.env.ref("project_invoice_tracker.billing_plan_fifths")
        self.rule.amount = 99999.97
        self._apply()
        amounts = self.rule.item_ids.mapped("billable_amount")
        self.assertEqual(len(amounts), 5)
        self.assertAlmostEqual(sum(amounts), 99999.97, 2)

    def test_a_plan_is_not_applied_twice(self):
        self._apply()
        with self.assertRaisesRegex(BillingRuleError, "items already"):
            self._apply()

    def test_a_plan_needs_a_contract_amount(self):
        with self.assertRaisesRegex(BillingRuleError, "contract amount"):
            self._apply(self._create_rule("milestone"))

    def test_a_plan_is_for_milestones(self):
        with self.assertRaisesRegex(BillingRuleError, "by milestones"):
            self._apply(self._create_rule(price=1))

    def test_shares_that_do_not_come_to_100_are_refused(self):
        with self.assertRaisesRegex(BillingRuleError, "not to 100"):
            self.plan.line_ids[0].copy({"percentage": 1})
            self.plan._check_total()
        with self.assertRaisesRegex(BillingRuleError, "not to 100"):
            self.plan.create(
                {
                    "name": "Half",
                    "line_ids": [Command.create({"name": "A", "percentage": 50})],
                }
            )
