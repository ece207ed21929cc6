"""Which level of an instalment is due on a day: pure functions, no database.

The question is "due and not done", never "is today the day": a missed day is caught up
by the next run, a doubled one finds nothing to do.
"""

from collections import namedtuple
from datetime import timedelta

from dateutil.relativedelta import relativedelta

# states of actions, see account.overdue.action
OPEN = frozenset({"pending", "sending", "failed"})
COUNTED = OPEN | {"done", "unknown"}

Policy = namedtuple(
    "Policy", "id is_on date_start interval_days is_stepwise daily_cap levels"
)
# rank: place among all levels of the policy, also archived ones; 0 is the first
Level = namedtuple("Level", "id rank delay_type days repeat_days amount_min channel")
# date: the day that it was done, or of its run while it is open; run_date: of its run
Past = namedtuple("Past", "level_id rank period state date run_date")
Due = namedtuple("Due", "level period date")


def get_level_date(level, maturity, last=None):
    """Return the day from which a level is due, or None.

    :param maturity: due date of the instalment
    :param last: day on which the level before was done, or from which the days count
    """
    days = timedelta(days=level.days)
    if level.delay_type == "before":
        return maturity - days
    if level.delay_type == "after":
        return maturity + days
    if level.delay_type == "month_end":
        return maturity + days + relativedelta(day=31)
    if level.delay_type == "previous":
        return last and last + days
    raise ValueError(f"Unknown kind of delay: {level.delay_type}")


def find_due(policy, history, maturity, day):
    """Return the level of a policy that is due and not done, or None.

    Of several the highest one; with ``is_stepwise`` the lowest one. A level before the
    due date is over with that date. A level comes again where it was skipped or
    cancelled, and after ``repeat_days`` as long as no higher one is due.

    :param history: list of :class:`Past` of the instalment
    :return: :class:`Due` or None
    """
    counted = [past for past in history if past.state in COUNTED]
    rank = max((past.rank for past in counted), default=-1)
    last = max((past.date for past in counted if past.rank == rank), default=None)
    found = None
    for level, date in _get_open_levels(policy, rank, maturity, last, day):
        if date and date <= day:
            found = level, date
        if policy.is_stepwise:
            break
    if not found:
        found = _find_repeat(policy, counted, rank, last, day)
    if not found:
        return None
    level, date = found
    periods = [past.period for past in history if past.level_id == level.id]
    return Due(level, max(periods, default=-1) + 1, date)


def _get_open_levels(policy, rank, maturity, last, day):
    """Yield levels above a rank with their dates, lowest first.

    One that waits for the previous level counts from the due date where that one can
    not come any more: a courtesy note that was missed stops nothing.
    """
    base = last or maturity
    for level in policy.levels:
        if level.rank > rank and not (level.delay_type == "before" and day > maturity):
            yield level, get_level_date(level, maturity, base)
            base = None  # what comes next waits for this one


def _find_repeat(policy, counted, rank, last, day):
    level = next((own for own in policy.levels if own.rank == rank), None)
    if not level or not level.repeat_days:
        return None
    if any(past.state in OPEN for past in counted):
        return None
    date = last + timedelta(days=level.repeat_days)
    return (level, date) if date <= day else None


def find_next(policy, history, maturity, day, until):
    """Return the next :class:`Due` from ``day`` up to ``until``, or None.

    Its date is the day on which a daily run would do it.
    """
    while day <= until:
        due = find_due(policy, history, maturity, day)
        if due:
            return due._replace(date=day)
        day = _get_next_day(policy, history, maturity, day)
        if not day:
            return None
    return None


def _get_next_day(policy, history, maturity, day):
    """Return the first day after ``day`` on which something may become due."""
    counted = [past for past in history if past.state in COUNTED]
    last = max((past.date for past in counted), default=None)
    days = {
        get_level_date(level, maturity, last or maturity) for level in policy.levels
    }
    days.add(maturity + timedelta(days=1))  # courtesy notes are over
    if last:
        days |= {
            last + timedelta(days=level.repeat_days)
            for level in policy.levels
            if level.repeat_days
        }
    return min((date for date in days if date and date > day), default=None)


def get_wait(policy, history, date_sent, day):
    """Return the day until which an instalment is left in peace, or None.

    The policy's interval since the last reminder and since the sending of the invoice;
    what a person has skipped comes again after it, the next day at the earliest.

    :return: ``(reason code, first possible day)`` or None
    """
    interval = timedelta(days=policy.interval_days)
    counted = [past for past in history if past.state in COUNTED]
    # a second run of a day adds nothing, whatever the interval
    if any(past.run_date >= day for past in counted):
        return "too_soon", max(past.run_date for past in counted) + timedelta(days=1)
    dates = [past.date for past in counted]
    if date_sent:
        dates.append(date_sent)
    if dates and policy.interval_days and max(dates) + interval > day:
        return "too_soon", max(dates) + interval
    skipped = [past.date for past in history if past.state == "ignored"]
    if skipped:
        free = max(skipped) + max(interval, timedelta(days=1))
        if free > day:
            return "skipped_once", free
    return None


def net_credits(instalments, credit):
    """Return the keys of instalments that credits cover, the oldest first.

    :param instalments: list of ``(key, due date, open amount)`` of one customer
    :param credit: what the customer has in credits and unmatched payments, positive
    :return: ``(covered keys, what is left of the credit)``
    """
    covered = set()
    for key, _date, amount in sorted(instalments, key=lambda row: (row[1], row[0])):
        if credit < amount:
            break
        covered.add(key)
        credit -= amount
    return covered, credit


def simulate(policy, history, maturity, date_sent, day, until):
    """Yield each :class:`Due` from ``day`` up to ``until`` if nobody pays.

    As a daily run would do it, with the policy's interval; its date is that day. What
    is under way is taken as done.
    """
    history = [
        past._replace(state="done") if past.state in OPEN else past for past in history
    ]
    while True:
        due = find_next(policy, history, maturity, day, until)
        if not due:
            return
        wait = get_wait(policy, history, date_sent, due.date)
        if wait:
            day = wait[1]
            continue
        yield due
        level = due.level
        history.append(
            Past(level.id, level.rank, due.period, "done", due.date, due.date)
        )
        day = due.date + timedelta(days=1)
