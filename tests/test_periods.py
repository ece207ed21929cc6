"""Arithmetic of periods, fees and prepaid hours, without records."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from unittest import TestCase

from odoo.tools import float_round

from odoo.addons.project_invoice_tracker.tools.draws import (
    Pool,
    get_balance,
    plan_draws,
)
from odoo.addons.project_invoice_tracker.tools.periods import (
    Period,
    get_expiry,
    get_share,
    get_worth,
    list_fees,
    list_periods,
    subtract_ranges,
)

FAR = date(2030, 12, 31)


def half_up(value):
    return float_round(value, precision_digits=2)


def cents(value):
    return round(float(value), 2)


def list_days(*args):
    return [(period.start, period.end) for period in list_periods(*args)]


class TestPeriods(TestCase):
    def test_months_of_the_calendar_cut_the_first_and_the_last(self):
        days = list_days(date(2026, 1, 15), date(2026, 3, 10), "month", "calendar", FAR)
        self.assertEqual(
            days,
            [
                (date(2026, 1, 15), date(2026, 1, 31)),
                (date(2026, 2, 1), date(2026, 2, 28)),
                (date(2026, 3, 1), date(2026, 3, 10)),
            ],
        )

    def test_periods_from_the_31st_do_not_drift_into_the_28th(self):
        days = list_days(date(2026, 1, 31), None, "month", "start", date(2026, 5, 31))
        self.assertEqual(
            [start for start, _end in days],
            [
                date(2026, 1, 31),
                date(2026, 2, 28),
                date(2026, 3, 31),
                date(2026, 4, 30),
                date(2026, 5, 31),
            ],
        )

    def test_periods_leave_no_day_out_and_take_none_twice(self):
        for interval in ("week", "month", "quarter", "half_year", "year"):
            for anchor in ("calendar", "start"):
                for start in (date(2024, 2, 29), date(2025, 12, 31), date(2026, 8, 30)):
                    with self.subTest(interval=interval, anchor=anchor, start=start):
                        days = list_days(start, None, interval, anchor, FAR)
                        self.assertEqual(days[0][0], start)
                        for (_first, end), (following, _last) in pairwise(days):
                            self.assertEqual(end + timedelta(days=1), following)

    def test_a_year_from_the_29th_of_february_has_366_days_once(self):
        periods = list_periods(date(2024, 2, 29), None, "year", "start", FAR)
        self.assertEqual(periods[0].end, date(2025, 2, 27))
        self.assertEqual(periods[1].start, date(2025, 2, 28))
        self.assertEqual(periods[4].start, date(2028, 2, 29))

    def test_a_leap_february_is_29_days(self):
        (period,) = list_periods(
            date(2028, 2, 1), date(2028, 2, 29), "month", "calendar", FAR
        )
        self.assertEqual(period.get_whole_days(), 29)

    def test_weeks_begin_on_monday_across_the_year(self):
        days = list_days(date(2026, 12, 31), date(2027, 1, 10), "week", "calendar", FAR)
        self.assertEqual(
            days,
            [
                (date(2026, 12, 31), date(2027, 1, 3)),
                (date(2027, 1, 4), date(2027, 1, 10)),
            ],
        )

    def test_quarters_and_halves_follow_the_calendar(self):
        (quarter,) = list_periods(
            date(2026, 5, 20), None, "quarter", "calendar", date(2026, 6, 30)
        )
        half = list_periods(
            date(2026, 5, 20), None, "half_year", "calendar", date(2026, 6, 30)
        )[0]
        self.assertEqual(quarter.whole_start, date(2026, 4, 1))
        self.assertEqual(quarter.whole_end, date(2026, 6, 30))
        self.assertEqual(half.whole_start, date(2026, 1, 1))
        self.assertEqual(half.whole_end, date(2026, 6, 30))

    def test_a_contract_that_starts_later_has_no_period_yet(self):
        self.assertFalse(
            list_days(date(2026, 6, 15), None, "month", "calendar", date(2026, 6, 14))
        )

    def test_ranges_are_taken_out(self):
        first, last = date(2026, 6, 1), date(2026, 6, 30)
        cut = subtract_ranges(
            first,
            last,
            [
                (date(2026, 6, 20), None),
                (date(2026, 5, 1), date(2026, 6, 2)),
                (date(2026, 6, 10), date(2026, 6, 10)),
            ],
        )
        self.assertEqual(
            cut,
            [
                (date(2026, 6, 3), date(2026, 6, 9)),
                (date(2026, 6, 11), date(2026, 6, 19)),
            ],
        )


class TestWorth(TestCase):
    def _period(self, start, end, whole_start=None, whole_end=None):
        return Period(start, end, whole_start or start, whole_end or end)

    def test_a_part_of_a_month_is_a_part_of_its_days(self):
        period = self._period(
            date(2026, 1, 15),
            date(2026, 1, 31),
            date(2026, 1, 1),
            date(2026, 1, 31),
        )
        worth = get_worth(period, [(date.min, 1000.0)])
        self.assertEqual((worth.days, worth.whole_days), (17, 31))
        self.assertEqual(cents(worth.amount), 548.39)

    def test_the_parts_of_a_month_come_to_the_month(self):
        whole = date(2026, 1, 1), date(2026, 1, 31)
        first = get_worth(self._period(whole[0], date(2026, 1, 14), *whole), FEE)
        last = get_worth(self._period(date(2026, 1, 15), whole[1], *whole), FEE)
        self.assertEqual(first.amount + last.amount, Fraction(1000))

    def test_a_step_in_the_middle_is_rounded_once(self):
        period = self._period(date(2026, 1, 1), date(2026, 1, 31))
        worth = get_worth(period, [(date.min, 100.0), (date(2026, 1, 11), 110.0)])
        # 10 x 100 / 31 + 21 x 110 / 31 = 106.774...
        self.assertEqual(cents(worth.amount), 106.77)
        self.assertEqual(worth.parts, [(10, 100.0), (21, 110.0)])

    def test_a_pause_over_two_months_is_taken_out_of_both(self):
        pause = [(date(2026, 1, 25), date(2026, 2, 7))]
        january = get_worth(
            self._period(date(2026, 1, 1), date(2026, 1, 31)), FEE, pause
        )
        february = get_worth(
            self._period(date(2026, 2, 1), date(2026, 2, 28)), FEE, pause
        )
        self.assertEqual((january.days, february.days), (24, 21))
        self.assertEqual(cents(january.amount), 774.19)
        self.assertEqual(cents(february.amount), 750.00)

    def test_a_wholly_paused_period_is_worth_nothing(self):
        period = self._period(date(2026, 1, 1), date(2026, 1, 31))
        worth = get_worth(period, FEE, [(date(2025, 12, 1), None)])
        self.assertEqual((worth.days, worth.amount), (0, 0))

    def test_hours_are_shared_by_days_too(self):
        period = self._period(date(2026, 6, 16), date(2026, 6, 30), date(2026, 6, 1))
        worth = get_worth(period, FEE)
        self.assertEqual(get_share(10.0, worth), 5.0)

    def test_an_increase_is_made_each_year_and_rounded_each_time(self):
        fees = list_fees(1000.0, [], 2.5, date(2027, 1, 1), date(2029, 12, 31), half_up)
        self.assertEqual(
            fees,
            [
                (date.min, 1000.0),
                (date(2027, 1, 1), 1025.0),
                (date(2028, 1, 1), 1050.63),
                (date(2029, 1, 1), 1076.9),
            ],
        )

    def test_an_agreed_step_counts_and_is_increased_a_year_later(self):
        fees = list_fees(
            1000.0,
            [(date(2028, 1, 1), 2000.0)],
            10.0,
            date(2027, 1, 1),
            date(2029, 6, 30),
            half_up,
        )
        self.assertEqual([fee for _day, fee in fees], [1000.0, 1100.0, 2000.0, 2200.0])

    def test_hours_of_a_month_are_valid_to_the_end_of_months(self):
        self.assertEqual(get_expiry(date(2026, 2, 28), 1), date(2026, 3, 31))
        self.assertEqual(get_expiry(date(2026, 1, 31), 1), date(2026, 2, 28))
        self.assertEqual(get_expiry(date(2026, 6, 14), 2), date(2026, 8, 14))


FEE = [(date.min, 1000.0)]
JUNE = date(2026, 6, 1), date(2026, 6, 30)
JULY = date(2026, 7, 1), date(2026, 7, 31)
RULE = 7


class TestDraws(TestCase):
    def _pool(self, key, hours, days=JUNE, **kwargs):
        values = {"end": days[1], "expiry": days[1], **kwargs}
        return Pool(key, hours, days[0], groups=frozenset({RULE}), **values)

    def _plan(self, pools, *entries):
        rows = [
            (index, RULE, day, hours)
            for index, (day, hours) in enumerate(entries, start=1)
        ]
        return plan_draws(rows, pools)

    def test_an_entry_is_drawn_as_far_as_the_hours_go(self):
        plan = self._plan(
            [self._pool(1, 10)], (date(2026, 6, 2), 8), (date(2026, 6, 3), 5)
        )
        self.assertEqual(plan, {1: [(1, 8)], 2: [(1, 2)]})

    def test_the_soonest_expiry_is_used_first_then_the_oldest(self):
        pools = [
            self._pool(1, 1, expiry=None),
            self._pool(2, 1, expiry=date(2026, 12, 31)),
            self._pool(3, 1, expiry=date(2026, 7, 31)),
        ]
        plan = self._plan(pools, (date(2026, 6, 30), 2.5))
        self.assertEqual(plan, {1: [(3, 1), (2, 1), (1, 0.5)]})

    def test_hours_are_valid_on_the_first_and_last_day_only_between(self):
        for day, drawn in (
            (date(2026, 5, 31), False),
            (date(2026, 6, 1), True),
            (date(2026, 6, 30), True),
            (date(2026, 7, 1), False),
        ):
            with self.subTest(day=day):
                self.assertEqual(bool(self._plan([self._pool(1, 1)], (day, 1))), drawn)

    def test_other_rules_do_not_draw(self):
        self.assertFalse(plan_draws([(1, 8, JUNE[0], 1)], [self._pool(1, 5)]))

    def test_only_so_many_hours_are_carried_over(self):
        pool = self._pool(1, 10, expiry=JULY[1], limit=3.0)
        plan = self._plan([pool], (JUNE[0], 2), (JULY[0], 5))
        self.assertEqual(plan, {1: [(1, 2)], 2: [(1, 3.0)]})

    def test_a_correction_gives_hours_back(self):
        plan = self._plan([self._pool(1, 5)], (JUNE[0], 4), (JUNE[1], -1), (JUNE[1], 3))
        self.assertEqual(plan, {1: [(1, 4)], 2: [(1, -1)], 3: [(1, 2.0)]})

    def test_a_correction_gives_back_no_more_than_was_drawn(self):
        plan = self._plan([self._pool(1, 5, drawn=0.5)], (JUNE[0], -2))
        self.assertEqual(plan, {1: [(1, -0.5)]})

    def test_twenty_minutes_three_times_are_one_hour(self):
        pool = self._pool(1, 1.0)
        plan = self._plan([pool], *[(JUNE[0], 0.333333)] * 3, (JUNE[0], 1.0))
        self.assertAlmostEqual(sum(h for own in plan.values() for _k, h in own), 1.0)

    def test_a_balance_says_what_was_carried_used_and_expired(self):
        june = self._pool(1, 10, expiry=JULY[1])
        july = self._pool(2, 10, JULY)
        uses = [(1, JUNE[0], 8.0), (1, JULY[0], 1.0), (2, JULY[0], 4.0)]
        balance = get_balance([june, july], uses, *JULY)
        self.assertEqual((balance.included, balance.carried), (10.0, 2.0))
        self.assertEqual((balance.used, balance.expired, balance.left), (5.0, 7.0, 0.0))

    def test_hours_that_expire_today_can_still_be_used_today(self):
        pool = self._pool(1, 10)
        balance = get_balance([pool], [], JUNE[0], JUNE[1], closing=False)
        self.assertEqual((balance.expired, balance.left), (0.0, 10.0))

    def test_more_work_than_hours_leaves_less_than_nothing(self):
        pack = Pool(1, 20.0, JUNE[0], groups=frozenset({RULE}))
        balance = get_balance(
            [pack], [(1, JUNE[0], 20.0), (1, JUNE[1], 2.0)], None, FAR
        )
        self.assertEqual(balance.left, -2.0)
