"""Pure arithmetic of late payment: days, rates, open principal, compounding.

Nothing here knows Odoo's records. Interest runs from the day after the due date to the
day of payment, both included: 30 days late are 30 days of interest. Amounts are exact
fractions; only what stands on a document is rounded, once, and what rounding leaves is
carried to the next one.
"""

import math
from bisect import bisect_right
from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

ONE_DAY = timedelta(days=1)
ZERO = Fraction(0)


class UnknownRateError(LookupError):
    """No reference rate is known to be in force on ``day``."""

    def __init__(self, day):
        super().__init__(day)
        self.day = day


@dataclass(frozen=True)
class Term:
    """How interest runs in one stretch of days.

    ``first`` and ``last`` bear interest. ``steps`` are ``(first day, % a year)``, the
    first one on or before ``first``. ``compound_days``: interest that stays unpaid for
    so many days bears interest itself (0: never).
    """

    first: date
    last: date
    steps: tuple
    day_count: str = "365"  # or "360", "actual"
    compound_days: int = 0
    is_waived: bool = False  # adds nothing to what bears interest


@dataclass(frozen=True)
class Row:
    """One line of the calculation; ``amount`` is exact."""

    first: date
    last: date
    principal: Fraction
    capital: Fraction  # interest that bears interest
    rate: Fraction  # % a year
    amount: Fraction
    term: int  # position of its term

    @property
    def days(self):
        return (self.last - self.first).days + 1


def to_fraction(value):
    """Return the decimal number that a float stands for, exactly."""
    return value if isinstance(value, Fraction) else Fraction(repr(float(value)))


def round_money(value, rounding=0.01):
    """Return an exact amount rounded half up (away from zero), as a fraction.

    :param rounding: the smallest unit of the currency
    """
    step = to_fraction(rounding)
    units = math.floor(abs(value) / step + Fraction(1, 2))
    return step * units if value >= 0 else -step * units


# -- what is open ----------------------------------------------------------------------


def get_balances(original, payments):
    """Return ``[(first day, principal)]``: what was open from which day on.

    The day of a payment bears interest on what it pays.

    :param original: amount of the instalment, > 0
    :param payments: ``[(day, amount)]`` in any order
    """
    balances, left = [(date.min, to_fraction(original))], to_fraction(original)
    for day, amount in sorted(payments):
        left = max(ZERO, left - to_fraction(amount))
        if balances[-1][0] == day + ONE_DAY:
            balances.pop()
        balances.append((day + ONE_DAY, left))
    return balances


def _get_step(steps, day):
    """Return the value of ``[(first day, value)]`` on ``day``."""
    position = bisect_right(steps, day, key=lambda step: step[0])
    return steps[position - 1][1]


# -- which rate ------------------------------------------------------------------------


def get_rate(rates, day):
    """Return the reference rate in force on ``day``, in % a year.

    :param rates: ``[(first day, %, last day known or None)]`` by day; a rate is in
        force until the next one, the last one as long as it is known to be
    :raise UnknownRateError: none is known
    """
    position = bisect_right(rates, day, key=lambda rate: rate[0])
    if not position:
        raise UnknownRateError(day)
    _first, rate, known = rates[position - 1]
    if position == len(rates) and known and day > known:
        raise UnknownRateError(day)
    return to_fraction(rate)


def get_half_year(day):
    """Return the first day of the half-year of ``day``."""
    return date(day.year, 7 if day.month > 6 else 1, 1)


def _get_half_years(first, last):
    """Return the days from ``first`` to ``last`` on which a half-year begins."""
    days = (date(y, m, 1) for y in range(first.year, last.year + 1) for m in (1, 7))
    return [day for day in days if first < day <= last]


def _get_reference_day(day, fixing):
    if fixing == "half_year":
        return get_half_year(day)
    if fixing == "half_year_before":
        return get_half_year(day) - ONE_DAY
    return day


def get_steps(rates, margin, first, last, fixing="half_year", fixed_from=None):
    """Return the steps of a :class:`Term`: reference rate and margin, never below 0.

    :param rates: see :func:`get_rate`
    :param margin: percentage points on top of the reference rate
    :param first: first day of the stretch
    :param last: last day of the stretch
    :param fixing: ``half_year``: each half-year has the rate in force on its first
        day; ``half_year_before``: that of the day before; ``daily``: each day its own
    :param fixed_from: first day of interest, whose rate holds for the whole debt
    :raise UnknownRateError: a reference day has no known rate
    """
    if fixed_from:
        days = [first]
    elif fixing == "daily":
        days = [first] + [rate[0] for rate in rates if first < rate[0] <= last]
    else:
        days = [first, *_get_half_years(first, last)]
    if not fixed_from and fixing == "daily":
        get_rate(rates, last)  # also the last day must be known
    steps = []
    for day in days:
        rate = get_rate(rates, _get_reference_day(fixed_from or day, fixing))
        rate = max(ZERO, rate + to_fraction(margin))
        if not steps or steps[-1][1] != rate:
            steps.append((day, rate))
    return tuple(steps)


# -- interest --------------------------------------------------------------------------


def get_year_days(day_count, day):
    """Return the days of the year by which a rate per year is divided.

    ``365`` and ``360`` whatever the year; ``actual``: 366 for days of leap years.
    """
    if day_count == "actual":
        return 366 if isleap(day.year) else 365
    return int(day_count)


def _get_stretches(due, term, balances, paid):
    """Return ``[(first, last)]``: days of a term in which nothing changes."""
    days = {term.first}
    days.update(day for day, _rate in term.steps)
    days.update(day for day, _open in balances)
    if term.day_count == "actual":
        years = range(term.first.year, term.last.year + 1)
        days.update(date(year, 1, 1) for year in years)
    if term.compound_days:
        days.update(day + ONE_DAY for day, _amount in paid)
        ends = range(term.compound_days, (term.last - due).days, term.compound_days)
        days.update(due + timedelta(days=passed + 1) for passed in ends)
    firsts = sorted(day for day in days if term.first <= day <= term.last)
    lasts = [day - ONE_DAY for day in firsts[1:]] + [term.last]
    return list(zip(firsts, lasts, strict=False))


def _get_capital(due, terms, rows, term, first, paid):
    """Return the interest that bears interest itself on ``first``.

    What was unpaid at the end of the last whole period is added to the principal.
    """
    if not term.compound_days:
        return ZERO
    periods = (first - due - ONE_DAY).days // term.compound_days
    end = due + timedelta(days=periods * term.compound_days)
    old = [row for row in rows if row.last <= end and not terms[row.term].is_waived]
    settled = [to_fraction(amount) for day, amount in paid if day < first]
    return max(ZERO, sum((row.amount for row in old), ZERO) - sum(settled, ZERO))


def accrue(due, terms, balances, paid=()):
    """Return the rows of interest of one instalment.

    :param due: due date; the day after is the first one that can bear interest
    :param terms: :class:`Term` by day, without overlaps
    :param balances: see :func:`get_balances`
    :param paid: ``[(day, amount)]`` of interest that was paid: it bears none any more
    :return: :class:`Row` by day; days without open principal have none
    """
    rows = []
    for position, term in enumerate(terms):
        for first, last in _get_stretches(due, term, balances, paid):
            principal = _get_step(balances, first)
            if not principal:
                continue
            capital = _get_capital(due, terms, rows, term, first, paid)
            rate = _get_step(term.steps, first)
            days = (last - first).days + 1
            year = get_year_days(term.day_count, first)
            amount = (principal + capital) * rate * days / (100 * year)
            rows.append(Row(first, last, principal, capital, rate, amount, position))
    return rows


def spread(amounts, carried, rounding=0.01):
    """Return rounded amounts that sum to what a document shows.

    Running sums are rounded, so that no amount is off by more than one unit, and all
    documents together are the rounded total of everything.

    :param amounts: exact amounts of the rows
    :param carried: exact amount less what earlier documents charged
    :return: ``(correction of earlier documents, [amount of each row])``
    """
    step = to_fraction(rounding)

    def get_due(value):
        # half up whatever the sign: half a cent that was charged is not given back
        return step * math.floor(value / step + Fraction(1, 2))

    running, done = carried, get_due(carried)
    correction, rounded = done, []
    for amount in amounts:
        running += amount
        target = get_due(running)
        rounded.append(target - done)
        done = target
    return correction, rounded
