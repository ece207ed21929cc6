"""Pure arithmetic of quantities: rounding, sharing a total, releasing the newest.

Nothing here knows Odoo's records, so everything can be tested with plain numbers.
Hours and amounts are floats whose meaning is decimal: they are compared and stored
with a fixed number of digits.
"""

import math
from dataclasses import dataclass, field

from odoo.tools import float_is_zero, float_round

HOUR_DIGITS = 6  # the ledger keeps exact hours as numeric(16, 6)
WHOLE_SECOND = 0.005  # seconds; six digits of an hour are off by 0.0018 at most


@dataclass
class Share:
    """One piece of work on an invoice line (hours exact, then as invoiced)."""

    key: int  # id of the entry or item
    quantity: float  # hours worked, exact; for an item the billed fraction
    price: float = 0.0  # per unit of the invoice line, invoice currency
    invoiced: float = 0.0  # in the unit of the invoice line; sums to its quantity
    amount: float = 0.0  # quantity at the rule's price, invoice currency
    payload: dict = field(default_factory=dict)


def _to_whole_seconds(hours):
    """Return hours as a whole number of seconds, or None where they are no such."""
    seconds = round(hours * 3600)
    return seconds if abs(hours * 3600 - seconds) < WHOLE_SECOND else None


def _undo_digits(hours):
    """Return the hours that were meant: 0.333333 is a third."""
    seconds = _to_whole_seconds(hours)
    return hours if seconds is None else seconds / 3600


def sum_hours(values):
    """Return the sum of hours that are kept with six digits, without their error.

    Three times ten minutes are 0.5 hours, although 3 x 0.166667 is a little more: too
    much to be rounded up to quarters of an hour.
    """
    whole, rest = 0, []
    for value in values:
        seconds = _to_whole_seconds(value)
        if seconds is None:
            rest.append(value)
        else:
            whole += seconds
    return whole / 3600 + math.fsum(rest)


def round_quantity(value, step=0.0, method="none", minimum=0.0):
    """Return ``value`` hours rounded by a rule, away from zero for ``up``.

    :param value: hours, may be negative (a correction rounds like its opposite)
    :param step: hours; 0 leaves the value as it is
    :param method: ``none``, ``up``, ``nearest`` or ``down``
    :param minimum: hours; a smaller non-zero value is raised to it
    """
    if float_is_zero(value, precision_digits=HOUR_DIGITS):
        return 0.0
    sign, value = (-1 if value < 0 else 1), _undo_digits(abs(value))
    if step and method != "none":
        step = _undo_digits(step)
        odoo_method = {"up": "UP", "nearest": "HALF-UP", "down": "DOWN"}[method]
        value = float_round(value, precision_rounding=step, rounding_method=odoo_method)
    return sign * max(value, minimum)


def share_total(total, weights, digits):
    """Split ``total`` in proportion to ``weights``; the pieces sum to it exactly.

    Each running sum is rounded, so no piece is off by more than one unit of the last
    digit, and the last one takes the remainder.
    """
    weight_sum = sum(weights)
    if not weights:
        return []
    if float_is_zero(weight_sum, precision_digits=HOUR_DIGITS):
        return [0.0] * (len(weights) - 1) + [total]
    pieces, done, running = [], 0.0, 0.0
    for weight in weights:
        running += weight
        target = float_round(total * running / weight_sum, precision_digits=digits)
        pieces.append(round(target - done, digits))  # both have these digits already
        done = target
    rest = float_round(total - done, precision_digits=digits)
    pieces[-1] = float_round(pieces[-1] + rest, precision_digits=digits)
    return pieces


def share_rest(total, weights, digits):
    """Split ``total`` in proportion to ``weights``; the last one takes the remainder.

    Unlike :func:`share_total` every other piece is exactly its rounded proportion, as
    people who share an invoice compute it. Who has no weight gets nothing.
    """
    weight_sum = sum(weights)
    if not weight_sum:
        return share_total(total, weights, digits)
    last = max(index for index, weight in enumerate(weights) if weight)
    pieces = [
        float_round(total * weight / weight_sum, precision_digits=digits)
        for weight in weights
    ]
    others = sum(pieces) - pieces[last]
    pieces[last] = float_round(total - others, precision_digits=digits)
    return pieces


def take(shares, wanted, digits=HOUR_DIGITS, amount_digits=2):
    """Take ``wanted`` (invoice unit) out of ``shares``, in their order.

    :param shares: list of :class:`Share`, first to be taken first
    :param wanted: a quantity in the unit of the invoice line, same sign as the line
    :return: list of ``(share, quantity, invoiced, amount)`` that are taken; less than
        wanted when the shares hold less. Shares of the opposite sign (corrections)
        stay, unless everything is taken.
    """
    total = sum(share.invoiced for share in shares)
    if abs(wanted) >= abs(total) - 10**-digits and wanted * total >= 0:
        return [(s, s.quantity, s.invoiced, s.amount) for s in shares]
    taken, left = [], wanted
    for share in shares:
        if float_is_zero(left, precision_digits=digits):
            break
        if share.invoiced * left <= 0:
            continue
        piece = share.invoiced if abs(share.invoiced) <= abs(left) else left
        part = piece / share.invoiced
        taken.append(
            (
                share,
                float_round(share.quantity * part, precision_digits=HOUR_DIGITS),
                float_round(piece, precision_digits=digits),
                float_round(share.amount * part, precision_digits=amount_digits),
            )
        )
        left -= piece
    return taken
