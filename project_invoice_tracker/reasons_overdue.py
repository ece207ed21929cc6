"""The closed list of reasons why nothing is done about an instalment, with its fix."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# code: (what, what to do)
OVERDUE_REASONS = {
    "no_policy": (
        _lt("No policy"),
        _lt("Choose an overdue policy in the settings, or on customer or project."),
    ),
    "policy_off": (
        _lt("The policy is off"),
        _lt("Switch the policy on once its preview looks right."),
    ),
    "before_start": (
        _lt("Due before the policy's start"),
        _lt("Set an earlier start on the policy, or settle the invoice by hand."),
    ),
    "not_sent": (
        _lt("The invoice was not sent"),
        _lt("Send the invoice, or mark it as sent."),
    ),
    "in_payment": (
        _lt("In payment"),
        _lt("Nothing to do: the payment waits for the bank statement."),
    ),
    "no_followup": (
        _lt("Excluded from reminders"),
        _lt("Clear 'No Follow-up' on the invoice."),
    ),
    "disputed": (
        _lt("Disputed"),
        _lt("Solve the dispute and end it on the invoice."),
    ),
    "promised": (
        _lt("Payment promised"),
        _lt("Wait for the day; the day after, reminders go on by themselves."),
    ),
    "on_hold": (
        _lt("On hold"),
        _lt("End the hold on invoice or customer."),
    ),
    "credit": (
        _lt("Covered by credits or payments that are not matched"),
        _lt("Match them with the invoice."),
    ),
    "below_minimum": (
        _lt("Below the minimum amount"),
        _lt("Lower the minimum of policy or level, or write the amount off."),
    ),
    "no_exchange_rate": (
        _lt("No exchange rate"),
        _lt("Enter a rate for the invoice's currency."),
    ),
    "too_soon": (
        _lt("Too soon after the last reminder or the invoice"),
        _lt("It comes by itself when the policy's interval is over."),
    ),
    "under_way": (
        _lt("A reminder is under way"),
        _lt("Send, print, release or skip the reminder that waits."),
    ),
    "over_cap": (
        _lt("The day's limit is reached"),
        _lt("It comes by itself on one of the next days."),
    ),
    "no_address": (
        _lt("No email address"),
        _lt("Enter one for the customer or its invoice contact, or send letters."),
    ),
    "archived_partner": (
        _lt("Archived customer"),
        _lt("Unarchive the customer, or settle the invoice by hand."),
    ),
    "skipped_once": (
        _lt("Skipped by a person"),
        _lt("It comes again after the policy's interval."),
    ),
    "interest_waits": (
        _lt("Interest of a late payment waits"),
        _lt("It is proposed again by the next run."),
    ),
    "changed_meanwhile": (
        _lt("Paid or changed since the proposal"),
        _lt("Nothing to do: propose again to see what is left."),
    ),
}


def get_overdue_reason_selection(env):
    """Return the selection of reason codes with translated labels."""
    return [(code, env._(label)) for code, (label, _fix) in OVERDUE_REASONS.items()]


def get_overdue_reason_text(env, code, detail=""):
    """Return reason, detail and fix in the language of ``env``."""
    label, fix = (env._(text) for text in OVERDUE_REASONS[code])
    return f"{label} ({detail}). {fix}" if detail else f"{label}. {fix}"
