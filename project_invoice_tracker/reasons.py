"""The closed list of reasons why work is not on an invoice, each with its fix."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# code: (what, what to do)
REASONS = {
    "no_customer": (
        _lt("No customer"),
        _lt("Set a customer on the project or on the billing rule."),
    ),
    "archived_partner": (
        _lt("Archived customer"),
        _lt("Unarchive the customer or choose another one on the billing rule."),
    ),
    "no_rule": (
        _lt("No billing rule matches"),
        _lt("Add a billing rule to the project, widen an existing one or choose one."),
    ),
    "no_rate": (
        _lt("No price"),
        _lt("Set a price on the rule, add a rate, or tick 'Bill at price zero'."),
    ),
    "no_exchange_rate": (
        _lt("No exchange rate"),
        _lt("Enter an exchange rate for the currency up to the invoice date."),
    ),
    "before_bill_from": (
        _lt("Before the rule's start of billing"),
        _lt(
            "Set an earlier 'Bill from' date on the rule, or mark as billed elsewhere."
        ),
    ),
    "after_cutoff": (
        _lt("After the cut-off date"),
        _lt("It is offered by a run with a later cut-off date."),
    ),
    "not_reached": (
        _lt("Not ready yet"),
        _lt(
            "Reach the milestone, close its tasks, ask for acceptance, type its "
            "progress, or wait for the planned date."
        ),
    ),
    "over_billed": (
        _lt("More is billed than earned"),
        _lt("Credit the difference, or wait until progress catches up."),
    ),
    "shared_account": (
        _lt("The analytic account belongs to several projects"),
        _lt("Give each project an analytic account of its own; costs follow it."),
    ),
    "subcontractor": (
        _lt("A person's hours and their bill would both be billed"),
        _lt("Write off the hours or the bill, or choose 'Bill anyway'."),
    ),
    "document_missing": (
        _lt("Required document missing"),
        _lt("Attach the document to the item or to the billing rule."),
    ),
    "held": (
        _lt("Held"),
        _lt("Release it when it shall be billed again."),
    ),
    "over_cap": (
        _lt("Over the cap"),
        _lt("Raise the cap by a change order or write the rest off."),
    ),
    "order_expired": (
        _lt("The customer's order has expired"),
        _lt("Ask for a new order, or for a later 'Valid until' date."),
    ),
    "not_approved": (
        _lt("Time not approved"),
        _lt("Approve the timesheet lines."),
    ),
    "non_billable": (
        _lt("Marked as non-billable"),
        _lt("Make the entry billable again if that was a mistake."),
    ),
    "time_off": (
        _lt("Time off"),
        _lt("Nothing to do: absences are never billed."),
    ),
    "other_company": (
        _lt("Other company"),
        _lt("Bill it in its own company, or add a rule of that company."),
    ),
    "owned_by_sales": (
        _lt("Billed by the sales order"),
        _lt("Invoice the sales order, or remove the sales order item from the entry."),
    ),
    "over_24h": (
        _lt("More than 24 hours in a day"),
        _lt("Correct the hours, or choose 'Bill anyway'."),
    ),
    "negative": (
        _lt("Negative time"),
        _lt("Make a credit note, or choose 'Bill anyway'."),
    ),
    "duplicate": (
        _lt("Likely a duplicate"),
        _lt("Delete the second entry, or choose 'Bill anyway'."),
    ),
    "other_customer": (
        _lt("The task has another customer"),
        _lt("Correct the task's customer or add a rule for that customer."),
    ),
    "po_missing": (
        _lt("Customer order number missing"),
        _lt("Enter the customer's order number on the rule or the project."),
    ),
    "negative_total": (
        _lt("The invoice would be negative"),
        _lt("Wait for more work, or make a credit note."),
    ),
    "period_locked": (
        _lt("The accounting period is locked"),
        _lt("Choose a later accounting date or ask for the period to be opened."),
    ),
    "archived_project": (
        _lt("Archived project"),
        _lt("Unarchive the project, or write its work off."),
    ),
    "changed_meanwhile": (
        _lt("The price changed since the review"),
        _lt("Propose again and look at the new amount."),
    ),
    "nothing_left": (
        _lt("Billed or changed meanwhile"),
        _lt("Nothing to do: propose again to see what is left."),
    ),
}

# A person who looked at it may bill these anyway.
CONFIRMABLE = frozenset({"over_24h", "negative", "duplicate", "subcontractor"})


def get_reason_selection(env):
    """Return the selection of reason codes with translated labels."""
    return [(code, env._(label)) for code, (label, _fix) in REASONS.items()]
