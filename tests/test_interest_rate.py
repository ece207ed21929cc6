from datetime import date, timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.tools.interest import get_rate
from odoo.addons.project_invoice_tracker.tools.statutes import AUTHORITIES

from .common import BillingCommon


class TestInterestRate(BillingCommon):
    """Reference rates: what is shipped, who may continue it."""

    def _get(self, authority):
        return self.env["account.interest.rate"]._get_rates([authority])[authority]

    def _create_rate(self, user, **kwargs):
        return (
            self.env["account.interest.rate"]
            .with_user(user)
            .create(
                {"authority": "nbp", "date": "2026-01-01", "rate": 4.0, **kwargs},
            )
        )

    def test_shipped_rates_on_their_days(self):
        for authority, day, rate in (
            ("ecb", date(2023, 2, 7), 2.5),
            ("ecb", date(2023, 2, 8), 3.0),
            ("boe", date(2016, 8, 3), 0.5),
            ("boe", date(2025, 12, 17), 4.0),
            ("bundesbank", date(2024, 3, 1), 3.62),
            ("us_treasury", date(2024, 12, 31), 4.875),
        ):
            with self.subTest(authority=authority, day=day):
                self.assertEqual(float(get_rate(self._get(authority), day)), rate)

    def test_base_rate_follows_the_ecb_as_the_law_says(self):
        """§ 247 BGB: the base rate moves with the rate before the half-year begins."""
        ecb = self._get("ecb")
        for day, rate, _known in self._get("bundesbank"):
            if day < date(2014, 7, 1):
                continue
            before = get_rate(ecb, day - timedelta(days=1))
            self.assertAlmostEqual(rate, float(before) - 0.88, 2)

    def test_every_last_rate_says_until_when_it_is_known(self):
        for authority in ("ecb", "bundesbank", "boe", "us_treasury"):
            rates = self._get(authority)
            self.assertTrue(rates[-1][2], authority)
            self.assertFalse([rate for rate in rates[:-1] if rate[2]], authority)

    def test_next_rate_says_until_when_the_last_one_was_known(self):
        last = self.env["account.interest.rate"].search(
            [("authority", "=", "ecb")], limit=1
        )
        self.assertTrue(last.date_checked)
        self._create_rate(self.clerk, authority="ecb", date="2026-07-01", rate=2.4)
        self.assertFalse(last.date_checked)
        rates = self._get("ecb")
        self.assertEqual(float(get_rate(rates, date(2026, 6, 30))), 2.15)
        self.assertEqual(float(get_rate(rates, date(2026, 11, 22))), 2.4)

    def test_clerk_adds_and_corrects_rates(self):
        rate = self._create_rate(self.clerk)
        rate.with_user(self.clerk).rate = 3.75
        self.assertEqual(self._get("nbp"), [(date(2026, 1, 1), 3.75, None)])

    def test_manager_reads_rates_only(self):
        rate = self._create_rate(self.clerk).with_user(self.manager)
        self.assertEqual(rate.rate, 4)
        with self.assertRaises(AccessError):
            rate.rate = 3
        with self.assertRaises(AccessError):
            self._create_rate(self.manager, date="2026-02-01")

    @mute_logger("odoo.sql_db")
    def test_impossible_rates_are_refused(self):
        self._create_rate(self.clerk)
        for values in (
            {},  # the same day again
            {"date": "2026-02-01", "rate": 400},
            {"date": "2026-02-01", "date_checked": "2026-01-31"},
        ):
            with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self._create_rate(self.clerk, **values)

    def test_rate_tells_whose_it_is(self):
        name = self._create_rate(self.clerk).display_name
        self.assertIn("Narodowy Bank Polski", name)
        self.assertIn("4.00 %", name)

    def test_authorities_without_rates_have_none(self):
        self.env["account.interest.rate"].search([("authority", "=", "mnb")]).unlink()
        self.assertEqual(self._get("mnb"), [])
        self.assertIn("mnb", AUTHORITIES)
