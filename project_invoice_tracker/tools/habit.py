"""How late a payer pays, and when an open amount is to be expected.

Nothing here knows Odoo's records. Days late count from the due date; negative means
early. One payment is one instalment with all that was paid on it.

- A payer's *habit*: the average of the last 20 payments without the highest and lowest
  tenth, the company's habit counting as one payment more, so that one odd payment does
  not make a habit. Instalments that are still open and already later than the habit
  count with the days that they are late so far.
- The company's habit: the median of all instalments that have fallen due. What was
  paid before it was due says nothing while the slower half is not due yet.
- An instalment that is open is expected on its due date plus the payer's habit, or
  later: those who were as far beyond their own habit as this one is today paid, in the
  median, so many days beyond it.
"""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from math import floor
from statistics import median
from typing import NamedTuple

LAST_PAYMENTS = 20
TRIMMED = 0.1  # at each end
COMPANY_WEIGHT = 1  # in payments
# so long before the habit nothing is learned from not being paid
EARLIEST = -60
# nobody was ever so late: two weeks from today, and again tomorrow
BEYOND_ALL = 14


class Instalment(NamedTuple):
    """What is known of one instalment on the day of the question."""

    payer: object
    due: object  # date
    days: int  # late when paid, or late so far (negative: not due yet)
    is_paid: bool


class Habit(NamedTuple):
    """Days late (negative: early) and of how many payments that is the average."""

    days: int
    count: int


@dataclass
class Habits:
    """What a company knows of its payers on one day."""

    company: Habit = None  # None: nothing has fallen due yet
    payers: dict = field(default_factory=dict)  # of those who paid at least once
    # {days beyond the habit today: days beyond it when paid}
    waits: dict = field(default_factory=dict)

    def get(self, payer):
        """Return the habit of a payer, else the company's, else None."""
        return self.payers.get(payer, self.company)

    def expect(self, payer, due, today=None):
        """Return the day on which an amount is expected.

        :param due: its due date
        :param today: the instalment is open on this day; None: it is not invoiced
            yet, so that not being paid says nothing
        """
        habit = self.get(payer)
        if habit is None:
            return max(due, today) if today else due
        usual = due + timedelta(days=habit.days)
        if today is None:
            return usual
        beyond = (today - usual).days
        wait = self.waits.get(max(beyond, EARLIEST))
        if wait is None:
            return today + timedelta(days=BEYOND_ALL)
        return max(today, usual + timedelta(days=wait))


def learn(instalments, day):
    """Return the :class:`Habits` of one company.

    :param instalments: :class:`Instalment` of all payers, as known on ``day``
    """
    habits = Habits()
    fallen = [one for one in instalments if one.due <= day]
    paid = [one.days for one in fallen if one.is_paid]
    if not paid:
        return habits
    days = _round(median(paid))
    late = [one.days for one in fallen if not one.is_paid and one.days > days]
    habits.company = Habit(_round(median(paid + late)), len(paid))
    by_payer = defaultdict(list)
    for one in sorted(instalments, key=lambda one: one.due):
        by_payer[one.payer].append(one)
    beyond = []
    for payer, own in by_payer.items():
        if not any(one.is_paid for one in own):
            continue
        habit = habits.payers[payer] = _learn_payer(own, habits.company.days)
        known = [one.days for one in own if one.is_paid and one.due <= day]
        if len(known) > 1:  # one payment alone is its own habit
            beyond += [one - habit.days for one in known]
    habits.waits = _get_waits(beyond)
    return habits


def _learn_payer(instalments, company_days):
    def average(own):
        middle = _trim(own[-LAST_PAYMENTS:])
        total = sum(middle) + COMPANY_WEIGHT * company_days
        return _round(total / (len(middle) + COMPANY_WEIGHT))

    paid = [one.days for one in instalments if one.is_paid]
    days = average(paid)
    later = [one.days for one in instalments if one.is_paid or one.days > days]
    return Habit(average(later), min(len(paid), LAST_PAYMENTS))


def _trim(days):
    cut = int(len(days) * TRIMMED)
    return sorted(days)[cut : len(days) - cut]


def _get_waits(beyond):
    """Return ``{days beyond the habit: median of those who were at least as late}``.

    Never negative: nobody is expected to pay earlier than usual.
    """
    ordered = sorted(beyond) or [0]
    return {
        days: max(0, _round(median(ordered[bisect_left(ordered, days) :])))
        for days in range(EARLIEST, max(ordered[-1], EARLIEST) + 1)
    }


def _round(days):
    return floor(days + 0.5)
