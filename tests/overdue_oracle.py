"""What a year of reminders must come to, in plain Python and whole cents.

Knows nothing of the add-on: it keeps what people did, day by day, and says what a run
of a day has to do. Days are those of the company's own zone.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

DAY = timedelta(days=1)
LATE_DAYS = 90  # so long a promise's outcome may still change
FEE_DAYS = 14  # to pay a debit note


@dataclass
class Rung:
    """A level: when (``kind``, ``days``), ``fee`` in cents, ``rate`` in % a year."""

    kind: str
    days: int
    fee: int = 0
    rate: int = 0


@dataclass
class Part:
    """An instalment; amounts in cents. ``done`` are ``(level, day)``."""

    due: date
    amount: int
    paid: list = field(default_factory=list)  # [day, cents, source]
    done: list = field(default_factory=list)
    fees: int = 0
    interest: int = 0
    rates: list = field(default_factory=list)  # (last day, % a year) of each charge

    @property
    def open(self):
        return self.amount - sum(cents for _day, cents, _source in self.paid)

    def get_interest(self, until, rate):
        """Return the interest from the day after the due date, day by day, in cents.

        Days that were charged keep the rate of their charge.
        """
        total, day = Fraction(0), self.due + DAY
        while day <= until:
            later = [own for last, own in self.rates if day <= last]
            left = self.amount - sum(c for when, c, _s in self.paid if when < day)
            total += Fraction(left * (later[0] if later else rate), 36500)
            day += DAY
        return total


@dataclass
class Paused:
    kind: str
    start: date
    end: date | None
    move: object = None  # None: all of the customer
    customer: int = 0
    ended: date | None = None
    state: str = "open"
    amount: int = 0
    opened: int = 0

    def holds(self, day):
        return (
            self.start <= day
            and (self.end is None or day <= self.end)
            and (self.ended is None or day < self.ended)
        )


@dataclass
class Bill:
    """An invoice, or a debit note (``is_sent`` is never set)."""

    key: int
    customer: int
    date: date
    parts: list
    sent: date | None = None

    @property
    def open(self):
        return sum(part.open for part in self.parts)

    def settle(self, cents, day, source):
        """Put money or a credit against the instalments, the oldest first."""
        for part in self.parts:
            share = min(cents, part.open)
            if share:
                part.paid.append([day, share, source])
                cents -= share

    def take_back(self, source):
        for part in self.parts:
            part.paid = [own for own in part.paid if own[2] != source]

    def get_open_at(self, day):
        """Return what is open by what is dated up to a day."""
        amount = sum(part.amount for part in self.parts)
        dated = (own for part in self.parts for own in part.paid)
        return amount - sum(cents for when, cents, _source in dated if when <= day)


class Oracle:
    """What was done, and what a run of a day must do."""

    def __init__(self, rungs, interval, is_stepwise):
        self.rungs, self.interval, self.is_stepwise = rungs, interval, is_stepwise
        self.bills, self.pauses, self.credits = [], [], []
        # instalments that were due before courtesy notes are looked at by runs
        self.ahead = max([r.days for r in rungs if r.kind == "before"], default=0)

    # -- what a run does -----------------------------------------------------------

    def expect(self, day):
        """Return ``{(bill, part): level}`` of a run of a day."""
        found = {}
        for bill in self.bills:
            for part in bill.parts:
                level = self._get_level(part, day)
                if level is not None and self._may_go(bill, part, day):
                    found[bill.key, part.due] = level
        return found

    def _get_level(self, part, day):
        """The highest level that is due and not done; stepwise: the next one."""
        if part.open <= 0:
            return None
        last = max((level for level, _day in part.done), default=-1)
        best, is_next = None, True
        for number in range(last + 1, len(self.rungs)):
            rung = self.rungs[number]
            if rung.kind == "before" and day > part.due:
                continue  # over, as if it were not there
            first = self._get_day(rung, part, is_next)
            is_next = False
            if first and first <= day:
                best = number
            if self.is_stepwise:
                break
        return best

    def _get_day(self, rung, part, is_next):
        span = timedelta(days=rung.days)
        if rung.kind == "before":
            return part.due - span
        if rung.kind == "after":
            return part.due + span
        if rung.kind == "month_end":
            day = part.due + span
            while (day + DAY).month == day.month:
                day += DAY
            return day
        if not is_next:
            return None
        return (part.done[-1][1] if part.done else part.due) + span

    def _may_go(self, bill, part, day):
        if not bill.sent or self.is_paused(bill, day):
            return False
        if (bill.key, part.due) in self._get_covered(bill.customer, day):
            return False
        if any(done >= day for _level, done in part.done):
            return False
        days = [bill.sent, *(done for _level, done in part.done)]
        return not self.interval or max(days) + self.interval * DAY <= day

    def is_paused(self, bill, day):
        return any(
            pause.holds(day)
            and (pause.move is bill if pause.move else pause.customer == bill.customer)
            for pause in self.pauses
        )

    def _get_covered(self, customer, day):
        """Instalments that credits cover, the oldest first, each as a whole."""
        left = sum(c["left"] for c in self.credits if c["customer"] == customer)
        debts = sorted(
            (part.due, bill.key, part.open)
            for bill in self.bills
            if bill.customer == customer
            for part in bill.parts
            if part.open > 0 and part.due <= day + self.ahead * DAY
        )
        covered = set()
        for due, key, cents in debts:
            if cents > left:
                break
            left -= cents
            covered.add((key, due))
        return covered

    def do(self, found, day):
        """Note what a run did; return ``{(bill, due): (fee, interest)}`` in cents."""
        charged = {}
        for bill in self.bills:
            for part in bill.parts:
                level = found.get((bill.key, part.due))
                if level is None:
                    continue
                part.done.append((level, day))
                fee, interest = self._charge(part, self.rungs[level], day)
                if fee or interest:
                    charged[bill.key, part.due] = fee, interest
        return charged

    def _charge(self, part, rung, day):
        if day <= part.due:
            return 0, 0
        interest = 0
        if rung.rate:
            total = part.get_interest(day, rung.rate) + Fraction(1, 2)
            interest = total.numerator // total.denominator - part.interest
            if interest > 0 or (rung.fee and not interest):
                part.rates.append((day, rung.rate))
        interest = max(interest, 0)
        part.fees += rung.fee
        part.interest += interest
        return rung.fee, interest

    # -- pauses --------------------------------------------------------------------

    def settle(self, today, since):
        """Say what came of pauses; ``since``: of promises that may change."""
        for pause in self.pauses:
            is_over = bool(pause.end) and pause.end < today
            if pause.kind == "promise":
                if pause.state == "open" or (
                    pause.state in ("kept", "broken") and pause.end >= since
                ):
                    pause.state = self._get_outcome(pause, is_over)
            elif pause.state == "open" and is_over:
                pause.state = "ended"
            elif pause.state == "open" and pause.move and not pause.move.open:
                pause.state, pause.ended = "ended", max(today, pause.start)

    def _get_outcome(self, pause, is_over):
        if pause.move.get_open_at(pause.end) <= pause.opened - pause.amount:
            return "kept"
        return "broken" if is_over else "open"

    def find_open(self, kind, move, customer):
        for pause in self.pauses:
            same = pause.move is move if move else pause.customer == customer
            if pause.kind == kind and pause.state == "open" and same:
                if bool(pause.move) == bool(move):
                    return pause
        return None
