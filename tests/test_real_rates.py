"""Real price lists as rate cards: each hour has the price that its day says.

Expected prices are computed here straight from the CSV files, with decimals.
"""

import csv
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from odoo.tests import tagged

from .common import BillingCommon
from .conftest import SHARED

YEARS = ("Year 1/base", "Year 2", "Year 3", "Year 4", "Year 5")
MOST = 25  # price lists of the file that are loaded
DAY_HOURS = "8"  # the host's day; cards with days of 7.5 hours are left out
DIGITS = Decimal("0.000001")


def read_rows(name):
    with open(SHARED / "data" / name, newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def read_price(text):
    return Decimal(text.replace(",", "").replace("$", "").strip() or 0)


def read_steps(row):
    """Return ``[(first day, price)]`` of a price list with one price a year."""
    start = datetime.strptime(row["Begin Date"], "%m/%d/%Y").date()
    return [
        (start.replace(year=start.year + number), read_price(row[year]))
        for number, year in enumerate(YEARS)
        if read_price(row[year])
    ]


def find_price(steps, day):
    """Return the price of the last step up to a day, None before the first."""
    valid = [price for start, price in steps if start <= day]
    return valid[-1] if valid else None


@tagged("shared_data")
class RealRatesCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card = cls.env["project.billing.rate.card"].create(
            {"name": "Price list", "currency_id": cls.company.currency_id.id}
        )
        cls.rule = cls._create_rule(rate_card_id=cls.card.id)

    def _add_rates(self, key, steps_of):
        """Make a rate of the card for each step of each role or person."""
        self.env["project.billing.rate"].create(
            [
                {
                    "card_id": self.card.id,
                    key: record.id,
                    "date_start": start,
                    "price": float(price),
                }
                for record, steps in steps_of.items()
                for start, price in steps
            ]
        )

    def _log_around(self, steps_of, prepare):
        """Return ``[(entry, expected price or None)]`` around the steps of each."""
        planned = [
            (record, start + timedelta(days=shift), steps)
            for record, steps in steps_of.items()
            for start, _price in steps
            for shift in (-1, 0, 1)
        ]
        entries = self.env["account.analytic.line"].create(
            [
                {
                    "name": f"{record.name}, {number}",
                    "project_id": self.project.id,
                    "task_id": self.task.id,
                    "employee_id": self.ann.id,
                    "date": day,
                    "unit_amount": 1,
                    **prepare(record),
                }
                for number, (record, day, _steps) in enumerate(planned)
            ]
        )
        expected = [find_price(steps, day) for _record, day, steps in planned]
        return list(zip(entries, expected, strict=True))

    def assertPriced(self, logged, source):
        self.assertTrue(logged)
        for entry, price in logged:
            with self.subTest(entry=entry.name, day=entry.date):
                if price is None:
                    self.assertNotEqual(entry.billing_price_source, source)
                else:
                    self.assertEqual(entry.billing_price_source, source)
                    self.assertAlmostEqual(entry.billing_price, float(price), 6)


class TestYearlyPrices(RealRatesCommon):
    """Prices of five contract years, 25 lists of the GSA sample."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rows = read_rows("rates_gsa_hourly_prices_sample.csv")
        cls.lists = [
            (row["Labor Category"][:60], steps)
            for row in rows
            if len(steps := read_steps(row)) == len(YEARS)
        ][:MOST]

    def test_roles_have_the_price_of_the_day(self):
        self.assertEqual(len(self.lists), MOST)
        roles = self.env["project.role"].create(
            [{"name": f"{n} {name}"} for n, (name, _steps) in enumerate(self.lists)]
        )
        steps_of = dict(zip(roles, (s for _name, s in self.lists), strict=True))
        self._add_rates("role_id", steps_of)
        logged = self._log_around(steps_of, lambda role: {"billing_role_id": role.id})
        self.assertPriced(logged, "card_role")

    def test_people_have_the_price_of_the_day_before_their_role(self):
        role = self.env["project.role"].create({"name": "Consultant"})
        people = self.env["hr.employee"].create(
            [
                {"name": f"{n} {name}", "company_id": self.company.id}
                for n, (name, _steps) in enumerate(self.lists)
            ]
        )
        people.billing_role_id = role
        self._add_rates("role_id", {role: [(date(1990, 1, 1), Decimal("11.11"))]})
        steps_of = dict(zip(people, (s for _name, s in self.lists), strict=True))
        self._add_rates("employee_id", steps_of)
        logged = self._log_around(steps_of, lambda one: {"employee_id": one.id})
        self.assertPriced(logged, "card_employee")
        early = [entry for entry, price in logged if price is None]
        self.assertTrue(early)
        self.assertEqual({entry.billing_price for entry in early}, {11.11})

    def test_invoice_over_all_steps_comes_to_the_sum_of_the_list(self):
        name, steps = self.lists[0]
        role = self.env["project.role"].create({"name": name})
        self._add_rates("role_id", {role: steps})
        logged = self._log_around({role: steps}, lambda r: {"billing_role_id": r.id})
        expected = sum(price for _entry, price in logged if price)
        invoice = self._bill(steps[-1][0] + timedelta(days=30))
        self.assertAlmostEqual(invoice.amount_untaxed, float(expected), 2)


class TestDayPrices(RealRatesCommon):
    """Prices a day of eight hours, by level and skill, of public rate cards."""

    def test_day_prices_are_an_eighth_an_hour(self):
        rows = read_rows("rates_sfia_gcloud_rate_cards.csv")
        prices = {
            f"{row['level']}: {skill}": read_price(row[skill])
            for row in rows
            if row["day_hours"] == DAY_HOURS
            for skill in ("strategy_architecture", "solution_development")
        }
        self.assertEqual(len(prices), 14)
        roles = self.env["project.role"].create([{"name": name} for name in prices])
        self.env["project.billing.rate"].create(
            [
                {
                    "card_id": self.card.id,
                    "role_id": role.id,
                    "price": float(prices[role.name]),
                    "uom_id": self.day.id,
                }
                for role in roles
            ]
        )
        for role in roles:
            with self.subTest(role=role.name):
                entry = self._create_entry(1, billing_role_id=role.id)
                hourly = (prices[role.name] / 8).quantize(DIGITS, ROUND_HALF_UP)
                self.assertAlmostEqual(entry.billing_price, float(hourly), 6)
