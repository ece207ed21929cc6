"""What may be charged for one late instalment: plain values in, plain values out.

Interest runs once, whichever level charges it: a charge begins where the last one
ended. What was charged before is computed again with what is known now (payments that
were entered late, rates), and the difference goes into the next charge.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from .interest import ONE_DAY, ZERO, Term, accrue, get_balances, get_steps, spread


@dataclass
class Instalment:
    """A receivable that was due on a day; amounts in document currency."""

    move_id: int
    date_maturity: date
    company_id: int
    currency_id: int
    line_ids: list
    amount: float  # original
    is_only: bool = True  # the only instalment of its invoice
    payments: list = field(default_factory=list)  # (day, amount)
    charges: list = field(default_factory=list)  # Charged, those that count
    paid_interest: list = field(default_factory=list)  # (day, amount)

    @property
    def key(self):
        return self.move_id, self.date_maturity


@dataclass
class Charged:
    """An earlier charge of the same instalment that counts."""

    level_id: int
    fee: float
    compensation: float
    interest: float
    first: date | None
    last: date | None
    terms: dict | None
    is_waived: bool


@dataclass
class Proposal:
    """What a level would charge, or why it charges nothing (``reason``).

    Amounts are in document currency. ``rows`` are dicts with the values of
    ``account.overdue.charge.row``. ``first`` and ``last`` day of interest are None
    where none is charged.
    """

    move_id: int
    date_maturity: date
    level_id: int
    company_id: int
    currency_id: int
    date: date
    fee: float = 0.0
    compensation: float = 0.0
    interest: float = 0.0
    first: date | None = None
    last: date | None = None
    terms: dict | None = None
    rows: list = field(default_factory=list)
    needs_approval: bool = False
    reason: str = ""
    message: str = ""

    @property
    def amount(self):
        """Sum of fee, lump sum and interest (document currency)."""
        return self.fee + self.compensation + self.interest


def build_term(terms, rates, due, first, last, is_waived=False):
    """Return the :class:`Term` of a stretch of days.

    :param terms: dict as of ``account.overdue.level._get_interest_terms``
    :param rates: ``{authority: rates}``, see ``interest.get_rate``
    :raise UnknownRateError: a reference rate is missing
    """
    if terms["authority"]:
        fixed_from = due + ONE_DAY if terms["is_fixed"] else None
        steps = get_steps(
            rates[terms["authority"]],
            terms["rate"],
            first,
            last,
            terms["fixing"],
            fixed_from,
        )
    else:
        steps = get_steps([(date.min, 0.0, None)], terms["rate"], first, last)
    return Term(
        first, last, steps, terms["day_count"], terms["compound_days"], is_waived
    )


def build_terms(instalment, terms, rates, until):
    """Return ``[Term]`` of all interest until a day; the last one is to be charged.

    Days between earlier charges (one was cancelled) run by the new terms.

    :return: the terms, and whether the last one is new
    """
    due = instalment.date_maturity
    if terms["limit_days"]:
        until = min(until, due + timedelta(days=terms["limit_days"]))
    stretches, first = [], due + ONE_DAY
    for charge in sorted(
        (charge for charge in instalment.charges if charge.first),
        key=lambda charge: charge.first,
    ):
        start = max(charge.first, first)
        if charge.last < start:
            continue  # these days are not late any more: the due date was moved
        if first < start:
            gap = start - ONE_DAY
            stretches.append(build_term(terms, rates, due, first, gap))
        stretches.append(
            build_term(charge.terms, rates, due, start, charge.last, charge.is_waived)
        )
        first = charge.last + ONE_DAY
    if first > until:
        return stretches, False
    return [*stretches, build_term(terms, rates, due, first, until)], True


def compute_interest(instalment, terms, rates, until, rounding):
    """Return the interest to charge until a day, or None where there is nothing new.

    :param terms: of the level that charges
    :param until: last day that bears interest
    :param rounding: smallest unit of the document currency
    :return: ``(amount, first day, last day, correction, [(row, rounded amount)])``,
        amounts as fractions; the correction is part of the amount
    """
    stretches, is_new = build_terms(instalment, terms, rates, until)
    if not is_new:
        return None
    balances = get_balances(instalment.amount, instalment.payments)
    rows = accrue(
        instalment.date_maturity, stretches, balances, instalment.paid_interest
    )
    last = len(stretches) - 1
    own = [row for row in rows if row.term == last]
    before = [row for row in rows if row.term < last]
    due = sum((row.amount for row in before if not stretches[row.term].is_waived), ZERO)
    charged = [charge for charge in instalment.charges if not charge.is_waived]
    done = sum((Fraction(repr(charge.interest)) for charge in charged), ZERO)
    correction, amounts = spread([row.amount for row in own], due - done, rounding)
    total = correction + sum(amounts, ZERO)
    new = stretches[last]
    shown = list(zip(own, amounts, strict=True))
    return total, new.first, new.last, correction, shown
