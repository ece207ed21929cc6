"""Late-payment interest as pure arithmetic: days, rates, principal, compounding."""

from datetime import date, timedelta
from fractions import Fraction

from odoo.tests import BaseCase, tagged

from odoo.addons.project_invoice_tracker.tools.interest import (
    Term,
    UnknownRateError,
    accrue,
    get_balances,
    get_rate,
    get_steps,
    round_money,
    spread,
)
from odoo.addons.project_invoice_tracker.tools.statutes import (
    AUTHORITIES,
    COUNTRIES,
    STATUTES,
    get_compensation,
)

DUE = date(2026, 3, 31)
DAY = timedelta(days=1)


class InterestCommon(BaseCase):
    def _accrue(self, amount, due, days, rate, payments=(), **kwargs):
        """Return the rows of interest of ``days`` late at ``rate`` % a year."""
        steps = ((due + DAY, Fraction(str(rate))),)
        term = Term(due + DAY, due + timedelta(days=days), steps, **kwargs)
        return accrue(due, [term], get_balances(amount, payments))

    def _sum(self, rows):
        return float(round_money(sum(row.amount for row in rows)))


@tagged("post_install", "-at_install", "standard")
class TestInterest(InterestCommon):
    """Cases C12, C14, C16, C17, C18, and the borders between them."""

    def test_c12_uk_statutory_interest(self):
        rows = self._accrue(1000, DUE, 50, 8.5)
        self.assertEqual(self._sum(rows), 11.64)
        self.assertEqual(get_compensation(STATUTES["uk"], 1000), 70)

    def test_c14_eu_statutory_interest(self):
        rows = self._accrue(4500, DUE, 30, 11)
        self.assertEqual(self._sum(rows), 40.68)
        self.assertEqual(get_compensation(STATUTES["eu"], 4500), 40)

    def test_c16_us_prompt_payment_simple(self):
        rows = self._accrue(1500, DUE, 10, 6.5, day_count="360")
        self.assertEqual(self._sum(rows), 2.71)

    def test_c17_us_prompt_payment_compounded(self):
        due = date(2026, 4, 1)
        late = (date(2026, 6, 15) - due).days
        rows = self._accrue(1500, due, late, 6, day_count="360", compound_days=30)
        self.assertEqual([row.days for row in rows], [30, 30, 15])
        self.assertEqual([float(row.capital) for row in rows], [0, 7.5, 15.0375])
        self.assertEqual(self._sum(rows), 18.83)

    def test_c18_day_count_in_a_leap_year(self):
        due = date(2023, 12, 31)
        late = (date(2024, 12, 31) - due).days
        self.assertEqual(late, 366)
        for day_count, amount in (("365", 1253.42), ("actual", 1250.00)):
            rows = self._accrue(10000, due, late, 12.5, day_count=day_count)
            self.assertEqual(self._sum(rows), amount)

    def test_actual_days_are_split_at_the_turn_of_the_year(self):
        rows = self._accrue(36600, date(2023, 12, 21), 20, 10, day_count="actual")
        self.assertEqual([row.days for row in rows], [10, 10])
        self.assertEqual(rows[1].amount, 100)  # 10 of 366 days
        self.assertGreater(rows[0].amount, 100)  # 10 of 365 days

    def test_first_day_of_interest_is_the_day_after_the_due_date(self):
        self.assertEqual(self._accrue(365, DUE, 0, 100), [])
        (row,) = self._accrue(365, DUE, 1, 100)
        self.assertEqual((row.first, row.last, row.amount), (DUE + DAY, DUE + DAY, 1))

    def test_day_of_payment_bears_interest_on_what_it_pays(self):
        rows = self._accrue(365, DUE, 10, 100, payments=[(DUE + 4 * DAY, 265)])
        self.assertEqual(
            [(row.days, row.principal) for row in rows], [(4, 365), (6, 100)]
        )

    def test_interest_ends_with_the_payment(self):
        rows = self._accrue(365, DUE, 90, 100, payments=[(DUE + 4 * DAY, 365)])
        self.assertEqual(sum(row.days for row in rows), 4)

    def test_payment_before_the_due_date_bears_none(self):
        rows = self._accrue(365, DUE, 10, 100, payments=[(DUE - DAY, 265)])
        self.assertEqual([(row.days, row.principal) for row in rows], [(10, 100)])

    def test_payment_on_the_due_date_bears_none(self):
        self.assertEqual(self._accrue(365, DUE, 10, 100, payments=[(DUE, 365)]), [])

    def test_two_payments_of_one_day_are_one_step(self):
        payments = [(DUE + DAY, 100), (DUE + DAY, 50)]
        self.assertEqual(get_balances(200, payments)[1:], [(DUE + 2 * DAY, 50)])

    def test_more_paid_than_owed_is_not_owed_back(self):
        self.assertEqual(get_balances(200, [(DUE, 300)])[-1], (DUE + DAY, 0))

    def test_paid_interest_bears_no_interest(self):
        steps = ((DUE + DAY, Fraction(6)),)
        term = Term(DUE + DAY, DUE + 60 * DAY, steps, "360", 30)
        rows = accrue(DUE, [term], get_balances(1500, []), [(DUE + 30 * DAY, 7.5)])
        self.assertEqual([row.amount for row in rows], [7.5, 7.5])

    def test_waived_interest_bears_no_interest(self):
        steps = ((DUE + DAY, Fraction(6)),)
        terms = [
            Term(DUE + DAY, DUE + 30 * DAY, steps, "360", 30, is_waived=True),
            Term(DUE + 31 * DAY, DUE + 60 * DAY, steps, "360", 30),
        ]
        rows = accrue(DUE, terms, get_balances(1500, []))
        self.assertEqual([row.amount for row in rows], [7.5, 7.5])

    def test_half_a_cent_is_rounded_up(self):
        self.assertEqual(round_money(Fraction("18.825")), Fraction("18.83"))
        self.assertEqual(round_money(Fraction("-18.825")), Fraction("-18.83"))
        self.assertEqual(round_money(Fraction("18.825"), 1.0), 19)

    def test_rounded_rows_sum_to_the_rounded_total(self):
        third = Fraction(1, 3)
        correction, rows = spread([third] * 3, Fraction(0))
        self.assertEqual(correction, 0)
        self.assertEqual([float(row) for row in rows], [0.33, 0.34, 0.33])

    def test_half_a_cent_that_was_charged_is_not_given_back(self):
        # 0.015 was charged as 0.02: the next 0.01 is 0.025 in all, 0.03 on documents
        correction, rows = spread([Fraction("0.01")], Fraction("-0.005"))
        self.assertEqual((correction, rows), (0, [Fraction("0.01")]))

    def test_what_rounding_left_is_carried(self):
        _correction, rows = spread([Fraction("0.004")], Fraction("0.004"))
        self.assertEqual([float(row) for row in rows], [0.01])

    def test_correction_of_an_earlier_document_stands_apart(self):
        correction, rows = spread([Fraction(5)], Fraction("-1.234"))
        self.assertEqual(float(correction), -1.23)
        self.assertEqual(float(correction + rows[0]), 3.77)


RATES = [
    (date(2022, 7, 27), 0.5, None),
    (date(2022, 12, 21), 2.5, None),
    (date(2023, 2, 8), 3.0, None),
    (date(2023, 6, 21), 4.0, None),
    (date(2023, 9, 20), 4.5, date(2024, 3, 1)),
]


@tagged("post_install", "-at_install", "standard")
class TestReferenceRates(BaseCase):
    def _get_steps(self, first, last, margin=8, **kwargs):
        steps = get_steps(RATES, margin, first, last, **kwargs)
        return [(day, float(rate)) for day, rate in steps]

    def test_rate_is_in_force_from_its_day_until_the_next(self):
        self.assertEqual(get_rate(RATES, date(2022, 12, 20)), Fraction("0.5"))
        self.assertEqual(get_rate(RATES, date(2022, 12, 21)), Fraction("2.5"))

    def test_each_half_year_has_the_rate_of_its_first_day(self):
        steps = self._get_steps(date(2023, 3, 1), date(2024, 1, 10))
        self.assertEqual(
            steps,
            [
                (date(2023, 3, 1), 10.5),
                (date(2023, 7, 1), 12.0),
                (date(2024, 1, 1), 12.5),
            ],
        )

    def test_days_before_a_change_keep_the_old_rate(self):
        steps = self._get_steps(date(2023, 2, 1), date(2023, 6, 30), fixing="daily")
        self.assertEqual(
            steps,
            [
                (date(2023, 2, 1), 10.5),
                (date(2023, 2, 8), 11.0),
                (date(2023, 6, 21), 12.0),
            ],
        )

    def test_uk_debt_keeps_the_rate_before_the_half_year_it_began_in(self):
        for start, rate in ((date(2023, 6, 30), 10.5), (date(2023, 7, 1), 12.0)):
            steps = self._get_steps(
                date(2024, 1, 5),
                date(2024, 2, 1),
                fixing="half_year_before",
                fixed_from=start,
            )
            self.assertEqual(steps, [(date(2024, 1, 5), rate)])

    def test_change_on_the_first_day_of_a_half_year(self):
        """The Union takes that day's rate, the United Kingdom that before it."""
        rates = [(date(2020, 1, 1), 1.0, None), (date(2023, 7, 1), 2.0, None)]
        first, last = date(2023, 7, 1), date(2023, 7, 31)
        for fixing, rate in (("half_year", 2), ("half_year_before", 1), ("daily", 2)):
            steps = get_steps(rates, 0, first, last, fixing)
            self.assertEqual(steps, ((first, rate),))

    def test_rate_of_the_first_day_holds_in_the_us(self):
        steps = self._get_steps(
            date(2023, 3, 1),
            date(2023, 12, 1),
            margin=0,
            fixing="daily",
            fixed_from=date(2023, 2, 7),
        )
        self.assertEqual(steps, [(date(2023, 3, 1), 2.5)])

    def test_half_years_of_one_rate_are_one_step(self):
        rates = [(date(2020, 1, 1), 1.0, None)]
        steps = get_steps(rates, 8, date(2023, 1, 5), date(2025, 1, 5))
        self.assertEqual(steps, ((date(2023, 1, 5), 9),))

    def test_rate_of_the_past_is_not_guessed(self):
        with self.assertRaises(UnknownRateError) as caught:
            get_rate(RATES, date(2022, 7, 26))
        self.assertEqual(caught.exception.day, date(2022, 7, 26))

    def test_last_rate_holds_as_long_as_it_is_known(self):
        get_rate(RATES, date(2024, 3, 1))
        for first, fixing in (
            (date(2024, 3, 2), "daily"),
            (date(2024, 7, 1), "half_year"),
        ):
            with self.assertRaises(UnknownRateError):
                self._get_steps(first, first, fixing=fixing)

    def test_rate_with_margin_is_not_negative(self):
        rates = [(date(2020, 1, 1), -0.88, None)]
        (step,) = get_steps(rates, 0.5, date(2023, 1, 5), date(2023, 1, 6))
        self.assertEqual(step[1], 0)


@tagged("post_install", "-at_install", "standard")
class TestStatutes(BaseCase):
    def test_bands_of_the_uk(self):
        for amount, lump in ((999.99, 40), (1000, 70), (9999.99, 70), (10000, 100)):
            self.assertEqual(get_compensation(STATUTES["uk"], amount), lump)

    def test_bands_of_poland(self):
        for amount, lump in ((5000, 40), (5000.01, 70), (49999.99, 70), (50000, 100)):
            self.assertEqual(get_compensation(STATUTES["pl"], amount), lump)

    def test_us_law_knows_no_lump_sum(self):
        self.assertEqual(get_compensation(STATUTES["us"], 1500), 0)

    def test_every_statute_names_its_source_and_a_known_authority(self):
        for statute in STATUTES.values():
            self.assertTrue(statute.source)
            self.assertIn(statute.authority, AUTHORITIES)

    def test_every_country_has_a_statute_that_exists(self):
        self.assertLessEqual(set(COUNTRIES.values()), set(STATUTES))
        self.assertEqual(COUNTRIES["NL"], "eu")
        self.assertEqual(COUNTRIES["GB"], "uk")
