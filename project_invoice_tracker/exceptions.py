"""Typed errors: tests and callers tell them apart by class, people by their text."""

from odoo.exceptions import UserError, ValidationError


class BillingError(UserError):
    """Base of every refusal of this add-on: says what, why, and what to do next."""

    # the web client shows the text of classes that it knows, and hides all others'
    context = {"exception_class": "odoo.exceptions.UserError"}


class AlreadyBilledError(BillingError):
    """The work is (partly) on another live document; the documents are named."""


class LockedError(BillingError):
    """A record that a live document relies on would be changed or deleted."""


class LedgerError(BillingError):
    """An invoice would stop telling the truth about the work it bills."""


class ChargeError(BillingError):
    """A late fee that cannot be charged, approved or waived."""


class BillingRuleError(ValidationError):
    """Impossible input on a billing rule, rate, member or item."""

    context = {"exception_class": "odoo.exceptions.ValidationError"}


class PauseError(BillingError):
    """A dispute, promise or hold that cannot be: in the past, of a paid invoice, …"""


class AlreadyNotedError(PauseError):
    """The same was noted on the invoice a moment ago, by somebody else."""
