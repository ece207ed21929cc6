"""A share of an invoice that is retained, while it is computed."""

from dataclasses import dataclass


@dataclass
class RetainedShare:
    """What one rule retains of one invoice line, document currency, positive."""

    rule: object  # project.billing.rule
    line: object  # account.move.line
    amount: float
    origin: object = None  # ledger row that a credit note gives back
