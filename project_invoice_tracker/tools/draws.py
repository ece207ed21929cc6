"""Pure arithmetic of prepaid hours: which hours of which pool an entry uses up.

A pool is what one item holds: the included hours of a period, or a pack. Nothing here
knows Odoo's records; hours are kept with six digits.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from .quantity import HOUR_DIGITS

EPSILON = 10**-HOUR_DIGITS
ONE_DAY = timedelta(days=1)


@dataclass
class Pool:
    """Hours that are paid already, and until when they can be used."""

    key: int  # id of the item
    hours: float
    start: date  # first day on which they can be used
    end: date = None  # last day of the period itself; None: a pack has no period
    expiry: date = None  # last day on which they can be used; None: without end
    limit: float = None  # hours that can be used after ``end``; None: all
    drawn: float = 0.0
    drawn_late: float = 0.0  # of these, by work after ``end``
    groups: frozenset = frozenset()  # ids of the rules that may draw

    def is_valid(self, day):
        """Return whether the hours can be used by work of ``day``."""
        return self.start <= day and (self.expiry is None or day <= self.expiry)

    def is_late(self, day):
        """Return whether work of ``day`` uses carried-over hours."""
        return self.end is not None and day > self.end

    def get_left(self, day):
        """Return the hours that work of ``day`` can still use; at least 0."""
        if not self.is_valid(day):
            return 0.0
        left = self.hours - self.drawn
        if self.limit is not None and self.is_late(day):
            left = min(left, self.limit - self.drawn_late)
        return max(round(left, HOUR_DIGITS), 0.0)

    def draw(self, hours, day):
        """Use up hours (negative: give back) by work of ``day``."""
        self.drawn = round(self.drawn + hours, HOUR_DIGITS)
        if self.is_late(day):
            self.drawn_late = round(self.drawn_late + hours, HOUR_DIGITS)

    def get_order(self):
        """Return the key of the order of use: soonest expiry first, then oldest."""
        return self.expiry or date.max, self.start, self.key


def plan_draws(entries, pools):
    """Draw the hours of entries, in the order given; changes the pools.

    Negative entries (corrections) give hours back to the pools that they are valid
    in, the last one used first. What no pool holds is overage.

    :param entries: of (key, group, date, hours)
    :return: ``{entry key: [(pool key, hours)]}``; entries without a draw are absent
    """
    by_group = defaultdict(list)
    for pool in sorted(pools, key=Pool.get_order):
        for group in pool.groups:
            by_group[group].append(pool)
    plan = {}
    for key, group, day, hours in entries:
        own = by_group.get(group)
        pieces = own and _draw(own if hours > 0 else own[::-1], day, hours)
        if pieces:
            plan[key] = pieces
    return plan


def _draw(pools, day, hours):
    pieces, left = [], hours
    for pool in pools:
        if abs(left) < EPSILON:
            break
        if hours > 0:
            piece = min(left, pool.get_left(day))
        else:
            piece = max(left, -pool.drawn) if pool.is_valid(day) else 0.0
        if abs(piece) >= EPSILON:
            pool.draw(piece, day)
            pieces.append((pool.key, round(piece, HOUR_DIGITS)))
            left = round(left - piece, HOUR_DIGITS)
    return pieces


def get_lapsed(pool, day, drawn, drawn_late):
    """Return the unused hours of a pool that cannot be used after ``day`` any more.

    :param drawn: hours that work up to ``day`` has used
    :param drawn_late: of these, by work after the pool's own end
    """
    left = max(pool.hours - drawn, 0.0)
    if pool.expiry is not None and pool.expiry <= day:
        return round(left, HOUR_DIGITS)
    if pool.limit is not None and pool.end is not None and pool.end <= day:
        return round(max(left - max(pool.limit - drawn_late, 0.0), 0.0), HOUR_DIGITS)
    return 0.0


@dataclass
class Balance:
    """Prepaid hours in a window of days; ``left`` is below 0 when more was worked."""

    included: float = 0.0
    carried: float = 0.0  # left of earlier pools on the first day
    used: float = 0.0
    expired: float = 0.0

    @property
    def left(self):
        """Return the hours left at the end of the window."""
        total = self.included + self.carried - self.used - self.expired
        return round(total, HOUR_DIGITS) + 0.0  # never -0.0


def get_balance(pools, uses, first, last, closing=True):
    """Return the :class:`Balance` of the pools from ``first`` to ``last``.

    :param uses: of (pool key or None for overage, date, hours), all days
    :param first: None: from the beginning, nothing is carried over
    :param closing: ``last`` is over: what could be used until then has expired
    """
    balance = Balance()
    own = defaultdict(list)
    for key, day, hours in uses:
        own[key].append((day, hours))
        if day <= last and (first is None or day >= first):
            balance.used += hours
    for pool in pools:
        if pool.start > last:
            continue
        before = _get_gone(pool, own[pool.key], first) if first else None
        if before is None or pool.start >= first:
            balance.included += pool.hours
            lapsed_before = 0.0
        else:
            drawn, lapsed_before = before
            balance.carried += max(pool.hours - drawn - lapsed_before, 0.0)
        closed = last + ONE_DAY if closing else last
        lapsed = _get_gone(pool, own[pool.key], closed)[1]
        balance.expired += max(lapsed - lapsed_before, 0.0)
    for name in ("included", "carried", "used", "expired"):
        setattr(balance, name, round(getattr(balance, name), HOUR_DIGITS) + 0.0)
    return balance


def _get_gone(pool, uses, day):
    """Return (drawn, lapsed) hours of a pool before ``day``."""
    until = [(date_, hours) for date_, hours in uses if date_ < day]
    drawn = sum(hours for _date, hours in until)
    late = sum(hours for date_, hours in until if pool.is_late(date_))
    return drawn, get_lapsed(pool, day - ONE_DAY, drawn, late)


def format_hours(hours):
    """Return hours as people read them: -2.0 is -02:00, 10.5 is 10:30."""
    minutes = round(abs(hours) * 60)
    sign = "-" if hours < 0 and minutes else ""
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}"
