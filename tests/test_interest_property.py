"""Interest in any split of periods is what a plain day-by-day computation gives."""

import os
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.project_invoice_tracker.tools.interest import (
    Term,
    accrue,
    get_balances,
    get_steps,
    round_money,
    spread,
    to_fraction,
)

DAY = timedelta(days=1)
EXAMPLES = int(os.environ.get("PIT_EXAMPLES", "300"))
CENTS = st.integers(1, 3_000_000).map(lambda cents: cents / 100)
RATES = st.lists(
    st.tuples(
        st.dates(date(2022, 1, 1), date(2026, 6, 1))
        | st.builds(date, st.integers(2022, 2026), st.sampled_from([1, 7]), st.just(1)),
        st.integers(-100, 1200),
    ),
    max_size=8,
    unique_by=lambda rate: rate[0],
)
FIXINGS = st.sampled_from(["half_year", "half_year_before", "daily"])
DAY_COUNTS = st.sampled_from(["365", "360", "actual"])
OFFSETS = st.integers(-5, 500)


def get_plain_rate(rates, margin, day, fixing):
    """The rate of one day: the reference day, the last change before it."""
    if fixing != "daily":
        day = date(day.year, 1 if day.month <= 6 else 7, 1)
        if fixing == "half_year_before":
            day -= DAY
    changes = [rate for since, rate in sorted(rates) if since <= day]
    return max(Fraction(0), to_fraction(changes[-1]) + to_fraction(margin))


def get_plain_interest(due, last, amount, payments, rate_of, day_count, compound):
    """One day after the other, nothing else."""
    total, capital, day = Fraction(0), Fraction(0), due + DAY
    while day <= last:
        if compound and (day - due).days % compound == 1:
            capital = total  # what is unpaid after 30 days is added
        paid = sum(to_fraction(part) for when, part in payments if when < day)
        principal = max(Fraction(0), to_fraction(amount) - paid)
        if principal:
            base = principal + (capital if compound else 0)
            leap = day.year % 4 == 0
            year = {"365": 365, "360": 360, "actual": 366 if leap else 365}[day_count]
            total += base * rate_of(day) / 100 / year
        day += DAY
    return total


@tagged("post_install", "-at_install", "standard")
class TestInterestOfAnySplit(BaseCase):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(
        due=st.dates(date(2022, 6, 1), date(2025, 6, 1)),
        amount=CENTS,
        payments=st.lists(st.tuples(OFFSETS, CENTS), max_size=4),
        rates=RATES,
        margin=st.integers(0, 1000).map(lambda points: points / 100),
        fixing=FIXINGS,
        is_fixed=st.booleans(),
        day_count=DAY_COUNTS,
        compound=st.sampled_from([0, 0, 30]),
        cuts=st.lists(st.integers(1, 500), min_size=1, max_size=6, unique=True),
    )
    def test_documents_of_any_split_sum_to_the_plain_interest(
        self,
        due,
        amount,
        payments,
        rates,
        margin,
        fixing,
        is_fixed,
        day_count,
        compound,
        cuts,
    ):
        payments = [(due + offset * DAY, part) for offset, part in payments]
        rates = [(date(2000, 1, 1), 3.0)] + [(day, bp / 100) for day, bp in rates]
        known = [(day, rate, None) for day, rate in sorted(rates)]
        balances = get_balances(amount, payments)
        terms, charged, first = [], Fraction(0), due + DAY
        for cut in sorted(cuts):
            last = due + cut * DAY
            steps = get_steps(
                known, margin, first, last, fixing, due + DAY if is_fixed else None
            )
            terms.append(Term(first, last, steps, day_count, compound))
            rows = accrue(due, terms, balances)
            own = [row.amount for row in rows if row.term == len(terms) - 1]
            before = sum((row.amount for row in rows), Fraction(0)) - sum(own)
            correction, rounded = spread(own, before - charged)
            self.assertEqual(correction, 0)
            charged += sum(rounded, Fraction(0))
            first = last + DAY

        def rate_of(day):
            start = due + DAY if is_fixed else day
            return get_plain_rate(rates, margin, start, fixing)

        plain = get_plain_interest(
            due, last, amount, payments, rate_of, day_count, compound
        )
        self.assertEqual(sum(row.amount for row in rows), plain)
        self.assertEqual(charged, round_money(plain))
