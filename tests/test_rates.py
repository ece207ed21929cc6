"""Which price an hour has: whose, from when, in which unit and currency."""

from datetime import date

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo import Command
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import BillingRuleError

from .common import BillingCommon


class RatesCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=90)
        cls.developer, cls.tester = cls.env["project.role"].create(
            [{"name": "Developer"}, {"name": "Tester"}]
        )

    @classmethod
    def _create_rate(cls, price, **kwargs):
        return cls.env["project.billing.rate"].create(
            {"rule_id": cls.rule.id, "price": price, **kwargs}
        )

    def assertPrice(self, entry, price, source):
        self.assertEqual(
            (entry.billing_price, entry.billing_price_source), (price, source)
        )


class TestRatePrecedence(RatesCommon):
    """Entry, employee, role, rule, product."""

    def test_employee_comes_before_role(self):
        self.ann.billing_role_id = self.developer
        self._create_rate(110, employee_id=self.ann.id)
        self._create_rate(120, role_id=self.developer.id)
        self.assertPrice(self._create_entry(1), 110, "employee")
        self.ben.billing_role_id = self.developer
        self.assertPrice(self._create_entry(1, employee=self.ben), 120, "role")

    def test_rate_of_everybody_comes_before_the_price_of_the_rule(self):
        self._create_rate(95)
        self.assertPrice(self._create_entry(1), 95, "rule")

    def test_price_of_the_rule_comes_before_the_product(self):
        self.hours_product.list_price = 70
        self.assertPrice(self._create_entry(1), 90, "rule")
        self.rule.price = 0
        self.assertPrice(self._create_entry(1), 70, "product")

    def test_own_price_of_the_entry_comes_first(self):
        self._create_rate(110, employee_id=self.ann.id)
        entry = self._create_entry(1, billing_override_price=123)
        self.assertPrice(entry, 123, "entry")

    def test_role_of_the_member_comes_before_the_default_of_the_employee(self):
        self.ann.billing_role_id = self.developer
        self.env["project.billing.member"].create(
            {
                "project_id": self.project.id,
                "employee_id": self.ann.id,
                "role_id": self.tester.id,
            }
        )
        self._create_rate(120, role_id=self.developer.id)
        self._create_rate(60, role_id=self.tester.id)
        entry = self._create_entry(1)
        self.assertEqual(entry.billing_role_id, self.tester)
        self.assertPrice(entry, 60, "role")
        entry.billing_role_id = self.developer
        self.assertPrice(entry, 120, "role")

    def test_role_of_a_member_holds_on_its_days_only(self):
        self.env["project.billing.member"].create(
            {
                "project_id": self.project.id,
                "employee_id": self.ann.id,
                "role_id": self.tester.id,
                "date_start": "2026-06-10",
                "date_end": "2026-06-20",
            }
        )
        self._create_rate(60, role_id=self.tester.id)
        for day, price in ((9, 90), (10, 60), (20, 60), (21, 90)):
            with self.subTest(day=day):
                entry = self._create_entry(1, date(2026, 6, day))
                self.assertEqual(entry.billing_price, price)

    def test_time_without_any_price_is_skipped(self):
        self.rule.price = 0
        self._create_entry(2)
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"no_rate": 2})

    def test_time_without_price_is_billed_at_zero_when_ticked(self):
        self.rule.write({"price": 0, "bill_at_zero": True})
        entry = self._create_entry(2)
        invoice = self._bill()
        self.assertEqual(invoice.invoice_line_ids.quantity, 2)
        self.assertEqual(invoice.amount_untaxed, 0)
        self.assertEqual(entry.billed_quantity, 2)

    def test_a_new_rate_reprices_unbilled_time_only(self):
        billed = self._create_entry(1)
        invoice = self._bill()
        unbilled = self._create_entry(1)
        self._create_rate(110, employee_id=self.ann.id)
        self.assertPrice(billed, 90, "rule")
        self.assertPrice(unbilled, 110, "employee")
        self.assertEqual(invoice.amount_untaxed, 90)

    def test_prices_of_two_people_get_lines_of_their_own(self):
        self._create_rate(110, employee_id=self.ann.id)
        self._create_entry(2)
        self._create_entry(3, employee=self.ben)
        lines = self._bill().invoice_line_ids
        self.assertEqual(
            sorted(
                zip(lines.mapped("quantity"), lines.mapped("price_unit"), strict=True)
            ),
            [(2, 110), (3, 90)],
        )


class TestRateDates(RatesCommon):
    """The latest rate that is valid on the day of the entry."""

    def test_rate_holds_from_its_first_day(self):
        self._create_rate(100, employee_id=self.ann.id)
        self._create_rate(110, employee_id=self.ann.id, date_start="2026-06-15")
        self._create_rate(120, employee_id=self.ann.id, date_start="2026-07-01")
        for day, price in (
            (date(2026, 6, 14), 100),
            (date(2026, 6, 15), 110),
            (date(2026, 6, 30), 110),
            (date(2026, 7, 1), 120),
        ):
            with self.subTest(day=day):
                self.assertPrice(self._create_entry(1, day), price, "employee")

    def test_before_the_first_rate_of_an_employee_the_role_holds(self):
        self.ann.billing_role_id = self.developer
        self._create_rate(110, employee_id=self.ann.id, date_start="2026-06-15")
        self._create_rate(80, role_id=self.developer.id)
        self.assertPrice(self._create_entry(1, date(2026, 6, 14)), 80, "role")
        self.assertPrice(self._create_entry(1, date(2026, 6, 15)), 110, "employee")

    @mute_logger("odoo.sql_db")
    def test_two_rates_of_one_person_from_the_same_day_are_refused(self):
        self._create_rate(100, employee_id=self.ann.id, date_start="2026-06-15")
        with self.assertRaises(UniqueViolation):
            self._create_rate(101, employee_id=self.ann.id, date_start="2026-06-15")

    @mute_logger("odoo.sql_db")
    def test_a_rate_of_person_and_role_is_refused(self):
        with self.assertRaises(CheckViolation):
            self._create_rate(100, employee_id=self.ann.id, role_id=self.developer.id)

    @mute_logger("odoo.sql_db")
    def test_a_negative_rate_is_refused(self):
        with self.assertRaises(CheckViolation):
            self._create_rate(-1)


class TestRateUnits(RatesCommon):
    """Hours and days."""

    def test_rate_of_a_day_prices_an_hour(self):
        self._create_rate(800, employee_id=self.ann.id, uom_id=self.day.id)
        entry = self._create_entry(2)
        self.assertPrice(entry, 100, "employee")
        self.assertEqual(self._bill().amount_untaxed, 200)

    def test_rate_of_an_hour_prices_a_day(self):
        self.rule.uom_id = self.day
        self._create_rate(100, employee_id=self.ann.id, uom_id=self.hour.id)
        entry = self._create_entry(4)
        self.assertPrice(entry, 800, "employee")
        line = self._bill().invoice_line_ids
        self.assertEqual((line.quantity, line.price_subtotal), (0.5, 400))

    def test_a_day_of_seven_and_a_half_hours(self):
        short = self.env["uom.uom"].create(
            {
                "name": "Day of 7.5 h",
                "relative_factor": 7.5,
                "relative_uom_id": self.hour.id,
            }
        )
        self._create_rate(660.00, employee_id=self.ann.id, uom_id=short.id)
        self.assertPrice(self._create_entry(3), 88.00, "employee")

    def test_price_of_a_product_sold_by_the_day(self):
        self.hours_product.product_tmpl_id.write(
            {"uom_id": self.day.id, "list_price": 800}
        )
        self.rule.write({"price": 0, "uom_id": self.hour.id})
        self.assertPrice(self._create_entry(1), 100, "product")

    def test_a_unit_that_is_no_time_is_refused(self):
        with self.assertRaises(BillingRuleError):
            self._create_rate(1, uom_id=self.env.ref("uom.product_uom_kgm").id)


class TestRateCurrencies(RatesCommon):
    """A price agreed in another currency is converted once, at the invoice date."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.franc = cls.env.ref("base.CHF")
        cls.franc.write({"active": True, "rate_ids": [Command.clear()]})

    def _set_rates(self, **rates):
        """Francs for one unit of the company's currency, from each day on."""
        self.franc.rate_ids = [
            Command.create({"name": day, "rate": rate, "company_id": self.company.id})
            for day, rate in rates.items()
        ]

    def test_rate_is_converted_at_the_invoice_date(self):
        self._set_rates(**{"2026-06-01": 0.5, "2026-06-30": 0.8, "2026-07-15": 0.1})
        self._create_rate(100, employee_id=self.ann.id, currency_id=self.franc.id)
        entry = self._create_entry(2)
        self.assertEqual(entry.billing_price_currency_id, self.franc)
        self.assertPrice(entry, 100, "employee")
        invoice = self._bill(date(2026, 6, 30))
        self.assertEqual(invoice.currency_id, self.company.currency_id)
        line = invoice.invoice_line_ids
        self.assertEqual((line.price_unit, line.price_subtotal), (125, 250))

    def test_invoice_in_another_currency_at_its_own_price(self):
        self._set_rates(**{"2026-01-01": 0.5})
        self.rule.currency_id = self.franc
        self._create_entry(2)
        invoice = self._bill()
        self.assertEqual(invoice.currency_id, self.franc)
        self.assertEqual(invoice.amount_untaxed, 180)
        balance = sum(invoice.invoice_line_ids.mapped("balance"))
        self.assertEqual(balance, -360)

    def test_price_of_the_product_is_in_the_currency_of_the_company(self):
        self._set_rates(**{"2026-01-01": 0.5})
        self.rule.write({"currency_id": self.franc.id, "price": 0})
        self.hours_product.list_price = 100
        entry = self._create_entry(2)
        self.assertEqual(entry.billing_price_currency_id, self.company.currency_id)
        invoice = self._bill()
        self.assertEqual(invoice.currency_id, self.franc)
        self.assertEqual(invoice.amount_untaxed, 100)

    def test_without_an_exchange_rate_nothing_is_billed_one_to_one(self):
        self._create_rate(100, employee_id=self.ann.id, currency_id=self.franc.id)
        self._create_entry(2)
        run = self._propose()
        self.assertFalse(self._get_lines(run, "proposed"))
        self.assertEqual(self._get_reasons(run), {"no_exchange_rate": 2})

    def test_an_exchange_rate_after_the_invoice_date_does_not_count(self):
        self._set_rates(**{"2026-07-01": 0.5})
        self._create_rate(100, employee_id=self.ann.id, currency_id=self.franc.id)
        self._create_entry(2)
        run = self._propose(date(2026, 6, 30))
        self.assertEqual(self._get_reasons(run), {"no_exchange_rate": 2})

    def test_other_people_are_billed_where_one_has_no_exchange_rate(self):
        self._create_rate(100, employee_id=self.ann.id, currency_id=self.franc.id)
        self._create_entry(2)
        self._create_entry(3, employee=self.ben)
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"no_exchange_rate": 2})
        self.assertEqual(self._get_lines(run, "proposed").amount, 270)
