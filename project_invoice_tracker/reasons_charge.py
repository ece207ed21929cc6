"""The closed list of reasons why a level charges nothing, each with its fix."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# code: (what, what to do)
CHARGE_REASONS = {
    "nothing": (
        _lt("Nothing new to charge"),
        _lt("Fees were charged before, and no day of interest has come since."),
    ),
    "no_fee": (
        _lt("The level has no fee"),
        _lt("Set a late fee or interest on the level, if there is to be one."),
    ),
    "not_chargeable": (
        _lt("Not a claim that bears fees"),
        _lt("Only posted customer invoices do; never our own fees, drafts or credits."),
    ),
    "not_overdue": (
        _lt("Not overdue"),
        _lt("Fees and interest begin the day after the due date."),
    ),
    "below_minimum": (
        _lt("Below the minimum of the level"),
        _lt("It waits until there is more, or lower 'Charge from' on the level."),
    ),
    "no_reference_rate": (
        _lt("No reference rate"),
        _lt("Enter the rate of that day under Configuration > Interest rates."),
    ),
    "no_exchange_rate": (
        _lt("No exchange rate"),
        _lt("Enter an exchange rate for the currency up to the day of the charge."),
    ),
    "overcharged": (
        _lt("Charged too much before"),
        _lt(
            "A payment was dated back: take the last charge back by 'Waive' and charge "
            "again, or wait until more is due."
        ),
    ),
}


def get_charge_reason(env, code, detail=""):
    """Return what a person reads: the reason, a detail, and what to do."""
    what, fix = CHARGE_REASONS[code]
    parts = [env._(what) + (f" ({detail})" if detail else "") + ".", env._(fix)]
    return " ".join(parts)
