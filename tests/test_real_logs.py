"""Real logs and milestones, billed to the cent.

What the invoices must come to is computed here straight from the CSV files, with
decimals and without the loader or the add-on.
"""

import csv
import sys
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from odoo.tests import tagged

from .common import BillingCommon
from .conftest import REPOSITORY, SHARED

if (folder := str(REPOSITORY / "setup")) not in sys.path:
    sys.path.append(folder)

from data_files import read_file  # noqa: E402
from load_data import Loader  # noqa: E402

PERSONS = {"210": "102.88", "202": "88.50", "211": "83.13"}  # case A23
CENT = Decimal("0.01")


def half_up(value, step=CENT):
    return value.quantize(step, ROUND_HALF_UP)


def read_rows(name):
    with open(SHARED / "data" / name, newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


@tagged("shared_data")
class RealLogsCommon(BillingCommon):
    """Loads one file the way ``setup/run.sh --data`` does."""

    file = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # rounded globally, the host moves a cent between lines and total
        cls.company.tax_calculation_rounding_method = "round_per_line"
        loader = Loader(cls.env, cls.company)
        cls.source = read_file(SHARED / "data" / cls.file)
        cls.loaded = loader.load(cls.source)
        cls.rows = read_rows(cls.file)
        cls.rules = cls.env["project.billing.rule"].search(
            [
                ("company_id", "=", cls.company.id),
                ("project_id.name", "in", list(cls._get_project_names())),
            ]
        )
        cls.projects = cls.rules.project_id

    @classmethod
    def _get_project_names(cls):
        names = {record.project for record in cls.source.records}
        return names | {f"{name} EUR" for name in names}

    def _get_subtotals(self, invoices):
        """Return ``{project name: Decimal}`` of the invoices' lines."""
        totals = defaultdict(Decimal)
        for line in invoices.invoice_line_ids:
            project = line.billing_allocation_ids.rule_id.project_id
            totals[project.name] += Decimal(str(round(line.price_subtotal, 5)))
        return dict(totals)


@tagged("shared_data")
class TestRealCesaw(RealLogsCommon):
    """607 entries of three people in minutes."""

    file = "timelog_cesaw_project_84.csv"

    @classmethod
    def _count(cls, keys):
        """Return ``{key of a row: minutes}`` straight from the file."""
        minutes = defaultdict(int)
        for row in cls.rows:
            minutes[keys(row)] += int(row["time_log_delta_minutes"])
        return minutes

    @staticmethod
    def _month(row):
        return int(row["time_log_start_date"].split("/")[0])

    def _cost(self, person, minutes):
        hours = half_up(Decimal(minutes) / 60)
        return half_up(hours * Decimal(PERSONS[person]))

    def test_every_row_is_loaded(self):
        self.assertEqual(self.loaded, 607)
        self.assertFalse(self.source.refused)

    def test_a23_four_monthly_invoices(self):
        months = self._count(self._month)
        self.assertEqual(months, {5: 320, 6: 12_072, 7: 15_123, 8: 5_880})
        lines = self._count(lambda row: (self._month(row), row["person_key"]))
        total = Decimal(0)
        for month, last, hours in (
            (5, 31, 5.33),
            (6, 30, 201.20),
            (7, 31, 252.05),
            (8, 31, 98.00),
        ):
            invoice = self._bill(date(2013, month, last), self.projects)
            worked = sum(invoice.billing_allocation_ids.mapped("quantity"))
            self.assertEqual(round(worked, 2), hours)
            expected = sum(
                self._cost(person, minutes)
                for (one, person), minutes in lines.items()
                if one == month
            )
            self.assertEqual(half_up(Decimal(invoice.amount_untaxed)), expected)
            total += expected
        invoices = self.rules.allocation_ids.move_id
        self.assertEqual(len(invoices), 4)
        worked = sum(self.rules.allocation_ids.mapped("quantity"))
        self.assertEqual(round(worked, 2), 556.58)
        self.assertEqual(half_up(Decimal(sum(invoices.mapped("amount_total")))), total)
        self.assertConserved(self.projects)

    def test_a23_as_one_invoice(self):
        invoice = self._bill(date(2013, 12, 31), self.projects)
        persons = self._count(lambda row: row["person_key"])
        expected = sorted(self._cost(*item) for item in persons.items())
        self.assertEqual(
            [half_up(Decimal(x)) for x in sorted(self._get_amounts(invoice))], expected
        )
        self.assertEqual(
            sorted(self._get_amounts(invoice)), [12_550.14, 15_022.88, 24_266.31]
        )
        self.assertAlmostEqual(invoice.amount_untaxed, 51_839.33)

    def test_a23_as_one_invoice_rounded_globally(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        invoice = self._bill(date(2013, 12, 31), self.projects)
        self.assertAlmostEqual(invoice.amount_untaxed, 51_839.32)

    def _get_amounts(self, invoice):
        return invoice.invoice_line_ids.mapped("price_subtotal")


@tagged("shared_data", "heavy")
class TestRealSip(RealLogsCommon):
    """10,544 tasks of an IT firm over ten years."""

    file = "timelog_sip.csv"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.done = [row for row in cls.rows if row["done"]]

    def _get_project(self, code):
        return self.projects.filtered(lambda project: project.name == f"SIP {code}")

    def test_every_row_is_loaded_or_refused_for_want_of_a_date(self):
        self.assertEqual(len(self.rows), 10_544)
        self.assertEqual(self.loaded, len(self.done))
        self.assertEqual(len(self.source.refused), len(self.rows) - len(self.done))
        left_out = [row for row in self.rows if not row["done"]]
        self.assertEqual(
            sum(row.hours for row in self.source.refused),
            sum(Decimal(row["DeveloperHoursActual"]) for row in left_out),
        )
        self.assertEqual(
            {row.reason for row in self.source.refused},
            {
                f"task is not completed ({row['StatusCode'].lower()}): "
                "its hours have no day"
                for row in left_out
            },
        )

    def test_all_projects_are_billed_to_the_cent(self):
        hours = defaultdict(Decimal)
        for row in self.done:
            person = row["ProjectCode"], row["DeveloperID"]
            hours[person] += Decimal(row["DeveloperHoursActual"])
        expected = defaultdict(Decimal)
        for (code, _developer), own in hours.items():
            expected[f"SIP {code}"] += half_up(own * Decimal("88.50"))
        invoices = self._bill(date(2020, 12, 31), self.projects)
        self.assertEqual(len(invoices), len(expected))
        self.assertEqual(self._get_subtotals(invoices), dict(expected))
        worked = sum(invoices.billing_allocation_ids.mapped("quantity"))
        self.assertAlmostEqual(worked, float(sum(hours.values())), 4)
        self.assertFalse(self._propose(date(2020, 12, 31), self.projects).line_ids)

    def _bill_march(self, **terms):
        """Return the invoice of PC18's tasks completed in March 2012."""
        project = self._get_project("PC18")
        rule = project.billing_rule_ids
        rule.write({"bill_from": "2012-03-01", "line_grouping": "one", **terms})
        return self._bill(date(2012, 3, 31), project)

    def test_a24_project_month(self):
        rows = [
            row
            for row in self.done
            if row["ProjectCode"] == "PC18" and row["done"].startswith("2012-03")
        ]
        self.assertEqual(sum(Decimal(row["HoursEstimate"]) for row in rows), 157)
        invoice = self._bill_march()
        entries = invoice.billing_allocation_ids.analytic_line_id
        self.assertEqual((len(entries), len(entries.employee_id)), (16, 6))
        line = invoice.invoice_line_ids
        self.assertEqual((line.quantity, line.price_subtotal), (122.29, 10_822.67))

    def test_a24_each_row_up_to_a_quarter_of_an_hour(self):
        invoice = self._bill_march(rounding_method="up", rounding_step=0.25)
        line = invoice.invoice_line_ids
        self.assertEqual((line.quantity, line.price_subtotal), (122.75, 10_863.38))

    def test_a24_each_row_to_the_nearest_quarter(self):
        invoice = self._bill_march(rounding_method="nearest", rounding_step=0.25)
        self.assertEqual(invoice.invoice_line_ids.quantity, 122.25)


@tagged("shared_data", "heavy")
class TestRealW3f(RealLogsCommon):
    """Milestones of grants in dollars (and coins pegged to it) and euros."""

    file = "milestones_w3f.csv"

    def test_accepted_milestones_are_billed_to_the_cent(self):
        expected = defaultdict(Decimal)
        currencies = defaultdict(set)
        for row in self.rows:
            currency = "EUR" if row["currency"] == "EUR" else "USD"
            currencies[row["project"]].add(currency)
            if row["accepted_date"] and Decimal(row["amount"]):
                expected[row["project"], currency] += Decimal(row["amount"])
        invoices = self._bill(date(2030, 12, 31), self.projects)
        billed = defaultdict(Decimal)
        for line in invoices.invoice_line_ids:
            name = line.billing_allocation_ids.rule_id.project_id.name.split()[0]
            amount = Decimal(str(line.price_subtotal))
            billed[name, line.currency_id.name] += amount
        self.assertEqual(dict(billed), dict(expected))
        self.assertConserved(self.projects)

    def test_b17_the_slips_of_w3f_045(self):
        project = self.projects.filtered(lambda project: project.name == "W3F-045")
        items = project.billing_rule_ids.item_ids
        self.assertEqual(items.mapped("billable_amount"), [15_000, 15_000, 20_000])
        slips = [(item.date_ready - item.date_planned).days for item in items]
        self.assertEqual(slips, [3, 1, 22])
        self.assertEqual(self._bill(date(2022, 3, 31), project).amount_untaxed, 30_000)
        late = self._propose(date(2022, 4, 15), project).line_ids
        self.assertEqual((late.reason_code, late.amount), ("not_reached", 20_000))

    def test_only_rows_without_an_amount_are_refused(self):
        empty = [row for row in self.rows if not Decimal(row["amount"])]
        self.assertEqual(len(self.source.refused), len(empty))
        self.assertEqual(self.loaded, len(self.rows) - len(empty))


@tagged("shared_data", "heavy")
class TestRealCcs(RealLogsCommon):
    """Milestones in monero, with up to five decimals."""

    file = "milestones_ccs.csv"

    def test_finished_milestones_are_billed_to_the_last_digit(self):
        expected = defaultdict(Decimal)
        for row in self.rows:
            if row["status"] in ("finished", "completed") and row["done_date"]:
                expected[row["project"]] += Decimal(row["amount_xmr"])
        expected = {name: total for name, total in expected.items() if total}
        invoices = self._bill(date(2030, 12, 31), self.projects)
        self.assertEqual(invoices.currency_id.name, "XMR")
        self.assertEqual(self._get_subtotals(invoices), expected)
        self.assertConserved(self.projects)
