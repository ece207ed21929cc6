"""Pure arithmetic of recurring fees: periods, proration by days, indexation.

Nothing here knows Odoo's records. All days are dates and all ranges include their
first and last day. Fees are floats whose meaning is decimal: sums are taken with
fractions and rounded once, by the caller's currency.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from dateutil.relativedelta import relativedelta

ONE_DAY = timedelta(days=1)
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
INTERVALS = ("week", *MONTHS)
ANCHORS = ("calendar", "start")


@dataclass(frozen=True)
class Period:
    """A period of a fee: the days that are charged, and the whole it is a part of."""

    start: date  # first day that is charged
    end: date  # last day that is charged
    whole_start: date
    whole_end: date

    def get_whole_days(self):
        """Return the calendar days of the whole period: what proration divides by."""
        return (self.whole_end - self.whole_start).days + 1

    def trim(self, ranges):
        """Return the period from the first to the last day that no range covers.

        :return: None where the ranges cover all of it
        """
        left = subtract_ranges(self.start, self.end, ranges)
        if not left:
            return None
        return Period(left[0][0], left[-1][1], self.whole_start, self.whole_end)


@dataclass
class Worth:
    """What a period costs: its exact value, and the days of each fee."""

    amount: Fraction = Fraction(0)
    days: int = 0  # charged, pauses taken out
    whole_days: int = 0
    parts: list = field(default_factory=list)  # of (days, fee of a whole period)


def get_first_start(start, interval, anchor):
    """Return the first day of the whole period in which a contract starts.

    :param anchor: ``calendar`` (Monday, 1st of month, quarter, half-year, year) or
        ``start`` (the contract's own first day)
    """
    if anchor == "start":
        return start
    if interval == "week":
        return start - timedelta(days=start.weekday())
    months = MONTHS[interval]
    return start.replace(day=1, month=(start.month - 1) // months * months + 1)


def get_nth_start(first, interval, number):
    """Return the first day of the period ``number`` (0 = the first).

    Counted from the first one each time, so that a contract from the 31st starts its
    periods on 28 February and on 31 March again.
    """
    if interval == "week":
        return first + timedelta(weeks=number)
    return first + relativedelta(months=MONTHS[interval] * number)


def list_periods(start, end, interval, anchor, until):
    """Return the periods of a contract that begin by ``until``.

    :param end: the contract's last day, or None
    :param until: no period that begins later
    """
    first = get_first_start(start, interval, anchor)
    last = until if end is None else min(end, until)
    periods, number = [], 0
    whole_start = first
    while whole_start <= last:
        number += 1
        following = get_nth_start(first, interval, number)
        whole_end = following - ONE_DAY
        own_start, own_end = max(whole_start, start), whole_end
        if end is not None:
            own_end = min(own_end, end)
        if own_start <= until:
            periods.append(Period(own_start, own_end, whole_start, whole_end))
        whole_start = following
    return periods


def subtract_ranges(start, end, ranges):
    """Return the parts of a range that no other range covers, in their order.

    :param ranges: of (first day, last day or None for without end), in any order
    """
    left, day = [], start
    for first, last in sorted(ranges, key=lambda pair: pair[0]):
        if last is not None and last < day:
            continue
        if first > end:
            break
        if first > day:
            left.append((day, first - ONE_DAY))
        if last is None:
            return left
        day = last + ONE_DAY
    if day <= end:
        left.append((day, end))
    return left


def count_days(ranges):
    """Return the number of days in ranges that do not overlap."""
    return sum((last - first).days + 1 for first, last in ranges)


def list_fees(amount, steps, percentage, index_date, until, rounding):
    """Return ``[(first day, fee)]``: the fee of a whole period, in the order of days.

    A step is a newly agreed fee. Indexation raises the fee of the day by
    ``percentage`` on ``index_date`` and on the same day of each year after; an
    indexation on or before the first day of a step is part of the agreed fee. Each
    raised fee is rounded, as the customer is told it.

    :param amount: fee from the beginning
    :param steps: ``[(first day, fee)]``
    :param rounding: function that rounds an amount to the currency
    """
    events = [(day, 1, fee) for day, fee in steps]
    if percentage and index_date:
        events += [
            (day, 0, None) for day in _list_anniversaries(index_date, until) if day
        ]
    fees, fee = [(date.min, amount)], amount
    # on the same day the agreed step comes last and counts
    for day, _order, agreed in sorted(events, key=lambda event: event[:2]):
        fee = rounding(fee * (100 + percentage) / 100) if agreed is None else agreed
        if fees[-1][0] == day:
            fees.pop()
        fees.append((day, fee))
    return fees


def _list_anniversaries(first, until):
    days, year = [], 0
    while first + relativedelta(years=year) <= until:
        days.append(first + relativedelta(years=year))
        year += 1
    return days


def get_worth(period, fees, away=()):
    """Return the :class:`Worth` of a period: fee x charged days / days of the whole.

    Nothing is rounded here: a step in the middle of a period makes two fractions
    that are summed first.

    :param fees: of :func:`list_fees`
    :param away: ranges that are not charged (pauses, days billed before)
    """
    charged = subtract_ranges(period.start, period.end, away)
    whole = period.get_whole_days()
    worth = Worth(days=count_days(charged), whole_days=whole)
    for index, (day, fee) in enumerate(fees):
        last = fees[index + 1][0] - ONE_DAY if index + 1 < len(fees) else date.max
        days = sum(
            (min(end, last) - max(start, day)).days + 1
            for start, end in charged
            if start <= last and end >= day
        )
        if days:
            worth.parts.append((days, fee))
            worth.amount += _to_fraction(fee) * days / whole
    return worth


def get_share(quantity, worth):
    """Return the part of ``quantity`` (hours of a whole period) that is charged."""
    if not worth.whole_days:
        return 0.0
    share = _to_fraction(quantity) * worth.days / worth.whole_days
    return float(share)


def get_expiry(end, months):
    """Return the last day on which hours of a period that ends on ``end`` count.

    ``months`` more than the period, to the end of a month where it ends with one.
    """
    if end + ONE_DAY == (end + ONE_DAY).replace(day=1):
        return (end + ONE_DAY) + relativedelta(months=months) - ONE_DAY
    return end + relativedelta(months=months)


def _to_fraction(value):
    """Return the decimal number that a float stands for, exactly."""
    return Fraction(repr(float(value)))
