"""Pure arithmetic of caps: how much of some invoice lines fits into what is left.

Nothing here knows Odoo's records, except a currency that rounds and compares.
"""

from dataclasses import dataclass, field, replace

from odoo.tools import float_compare, float_is_zero, float_round

from .quantity import HOUR_DIGITS, share_total


@dataclass
class Limit:
    """An amount that rules may not exceed together, in their currency."""

    name: str
    total: float
    used: float
    source: object = None  # the rule or order that sets it

    @property
    def left(self):
        """Return what may still be billed; below zero where more was billed."""
        return self.total - self.used


@dataclass
class Cut:
    """What is left of invoice lines after a cap."""

    kept: list = field(default_factory=list)  # of LineSpec
    last: object = None  # the LineSpec of time that reaches the cap
    gap: float = 0.0  # below zero: what is to be deducted to meet the cap exactly


def is_time(spec):
    """Return whether an invoice line bills hours: quantity and price both count."""
    return bool(spec.shares) and "employee_id" in spec.shares[0].payload


def cut_specs(specs, left, currency, digits):
    """Cut invoice lines so that they come to ``left``, oldest work first.

    Time is split by hours, everything else by money. Lines that cost nothing, and
    those that deduct something, stay as they are.

    :param specs: list of LineSpec that come to more than ``left``
    :param left: what may be billed, rounded to ``currency``
    :param digits: decimal places of quantities on invoice lines
    :return: :class:`Cut`; lines and ``gap`` come to ``left``, unless that is below zero
    """
    free = [s for s in specs if s.kind != "bill" or not s.get_amount(currency)]
    if currency.compare_amounts(left, 0.0) <= 0:
        return Cut(kept=free)
    return _Cutter(specs, free, currency, digits).cut(left)


class _Cutter:
    """Walks the work of invoice lines from old to new until the cap is met."""

    def __init__(self, specs, free, currency, digits):
        self.specs, self.currency, self.digits = specs, currency, digits
        self.taken = {id(spec): list(spec.shares) for spec in free}
        self.amounts = dict.fromkeys(map(id, specs), 0.0)

    def cut(self, left):
        work = [
            (str(share.payload.get("date") or ""), share.key, index, spec, share)
            for index, spec in enumerate(self.specs)
            if id(spec) not in self.taken
            for share in spec.shares
        ]
        for *_order, spec, share in sorted(work, key=lambda row: row[:3]):
            shares = [*self.taken.get(id(spec), []), share]
            amount = self._get_amount(spec, shares)
            room = left - sum(self.amounts.values()) + self.amounts[id(spec)]
            if self.currency.compare_amounts(amount, room) > 0:
                return self._close(spec, share, self.currency.round(room))
            self.taken[id(spec)], self.amounts[id(spec)] = shares, amount
        return Cut(kept=self._build())

    def _get_amount(self, spec, shares):
        if len(shares) == len(spec.shares):
            return spec.get_amount(self.currency)
        if not is_time(spec):
            return self.currency.round(sum(share.amount for share in shares))
        return self.currency.round(self._get_quantity(shares) * spec.price)

    def _get_quantity(self, shares):
        total = sum(share.invoiced for share in shares)
        return float_round(total, precision_digits=self.digits)

    def _close(self, spec, share, room):
        """Return the cut where ``share`` is the first that does not fit wholly."""
        close = self._close_time if is_time(spec) else self._close_money
        last = close(spec, share, room, self.taken.pop(id(spec), []))
        kept = self._build()
        if not last:
            return Cut(kept=kept)
        gap = self.currency.round(room - last.get_amount(self.currency))
        return Cut(kept=[*kept, last], last=last, gap=gap)

    def _close_time(self, spec, share, room, before):
        """Split hours: the quantity is rounded up, the work is exact."""
        exact = room / spec.price
        quantity = float_round(
            exact, precision_digits=self.digits, rounding_method="UP"
        )
        # without this, crumbs of hours that no line can show would stay behind
        whole = self._get_quantity([*before, share])
        if float_compare(whole, quantity, precision_digits=self.digits) > 0:
            piece = exact - sum(one.invoiced for one in before)
            share = self._split(share, piece / share.invoiced)
        shares = [*before, share] if share else before
        return shares and self._resize(spec, shares, quantity, spec.price)

    def _close_money(self, spec, share, room, before):
        rest = room - sum(one.amount for one in before)
        share = self._split(share, rest / share.amount if share.amount else 0.0)
        if share:
            share.amount = share.price = self.currency.round(rest)
        shares = [*before, share] if share else before
        return shares and self._resize(spec, shares, 1.0, room)

    def _split(self, share, part):
        """Return that part of a share, or None where nothing can be shown of it."""
        quantity = float_round(share.quantity * part, precision_digits=HOUR_DIGITS)
        if part <= 0 or float_is_zero(quantity, precision_digits=HOUR_DIGITS):
            return None
        return replace(
            share,
            quantity=quantity,
            invoiced=share.invoiced * part,
            amount=self.currency.round(share.amount * part),
            payload=dict(share.payload),
        )

    def _resize(self, spec, shares, quantity, price):
        weights = [s.invoiced if is_time(spec) else s.amount for s in shares]
        invoiced = share_total(quantity, weights, HOUR_DIGITS)
        shares = [
            replace(share, invoiced=part)
            for share, part in zip(shares, invoiced, strict=True)
        ]
        return replace(spec, quantity=quantity, price=price, shares=shares)

    def _build(self):
        """Return the lines with what was taken of each, in their order."""
        kept = []
        for spec in self.specs:
            shares = self.taken.get(id(spec))
            if shares is None:
                continue
            if len(shares) == len(spec.shares):
                kept.append(spec)
            elif is_time(spec):
                quantity = self._get_quantity(shares)
                kept.append(self._resize(spec, shares, quantity, spec.price))
            else:
                amount = self._get_amount(spec, shares)
                kept.append(self._resize(spec, shares, 1.0, amount))
        return kept
