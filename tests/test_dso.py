"""Days sales outstanding: pure arithmetic, cases C21 and C24."""

from datetime import date, timedelta

from odoo.tests import BaseCase, tagged

from odoo.addons.project_invoice_tracker.tools.dso import (
    get_count_back_dso,
    get_dso,
)

from .ledger_2012 import read_ledger

MONTHS = [(100_000, 30), (80_000, 30), (70_000, 30)]


@tagged("post_install", "-at_install", "standard")
class TestDSO(BaseCase):
    def test_owed_as_days_of_a_years_sales(self):
        """Case C24, simple."""
        self.assertEqual(round(get_dso(150_000, 1_800_000, 365), 2), 30.42)

    def test_counted_back_month_by_month(self):
        """Case C24, count-back."""
        self.assertEqual(round(get_count_back_dso(212_000, MONTHS), 2), 73.71)

    def test_counting_back_stops_in_the_first_month(self):
        self.assertEqual(get_count_back_dso(50_000, MONTHS), 15)
        self.assertEqual(get_count_back_dso(100_000, MONTHS), 30)
        self.assertEqual(get_count_back_dso(0, MONTHS), 0)

    def test_months_of_credit_notes_count_their_days_only(self):
        months = [(100, 30), (-50, 31), (100, 30)]
        self.assertEqual(get_count_back_dso(150, months), 30 + 31 + 15)

    def test_more_owed_than_sold_has_no_count_back_figure(self):
        self.assertIsNone(get_count_back_dso(250_001, MONTHS))
        self.assertEqual(get_count_back_dso(250_000, MONTHS), 90)

    def test_nothing_sold_has_no_figure(self):
        self.assertIsNone(get_dso(100, 0, 90))
        self.assertIsNone(get_dso(100, -1, 90))
        self.assertIsNone(get_count_back_dso(1, []))

    def test_customers_in_credit_have_negative_days(self):
        self.assertEqual(get_dso(-90, 90, 90), -90)


@tagged("post_install", "-at_install", "standard", "shared_data")
class TestRealDSO(BaseCase):
    def test_a_real_ledger_at_mid_2012(self):
        """Case C21: 5,504.09 open on the sales of 90 days."""
        day = date(2012, 6, 30)
        ledger = [one for one in read_ledger() if one.invoiced <= day]
        owed = sum(one.amount for one in ledger if one.paid > day)
        quarter = day - timedelta(days=90)
        sold = sum(one.amount for one in ledger if one.invoiced > quarter)
        self.assertEqual(float(round(get_dso(owed, sold, 90), 2)), 27.23)
