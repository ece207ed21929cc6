"""What the overdue plan knows of an instalment: plain values."""

from dataclasses import dataclass, field
from datetime import date

from .overdue import Due


@dataclass
class Instalment:
    """What one invoice wants on one day, and what is to be done about it.

    Amounts in document currency, ``residual_company`` in the company's.
    """

    move_id: int
    date_maturity: date
    residual: float
    residual_company: float
    total: float
    currency_id: int
    partner_id: int
    contact_id: int
    payment_state: str
    is_sent: bool
    date_sent: date
    is_active: bool
    project_ids: list
    no_followup: bool
    policy_id: int | None
    history: list = field(default_factory=list)
    due: Due | None = None
    recipient_id: int | None = None
    lang: str | None = None
    channel: str = "none"
    reason: str | None = None
    detail: str = ""

    @classmethod
    def of_row(cls, row):
        """Return the instalment of a database row; amounts become floats."""
        amounts = ("residual", "residual_company", "total")
        return cls(**{**row, **{name: float(row[name]) for name in amounts}})

    @property
    def key(self):
        return self.move_id, self.date_maturity

    def skip(self, reason, detail=""):
        self.reason, self.detail = reason, detail


class MinimumAmounts:
    """Minimum amounts of policies in the currencies of invoices, at one day's rates.

    The minimum is converted into the invoice's currency, the amount never: what the
    customer owes is compared as it was agreed.
    """

    def __init__(self, env, company, day):
        self.env, self.company, self.day = env, company, day
        self._limits = {}

    def is_below(self, instalment, minimum):
        """Return whether what is open is below a minimum in company currency.

        :return: None where no exchange rate is known
        """
        if not minimum:
            return False
        key = instalment.currency_id, minimum
        if key not in self._limits:
            self._limits[key] = self._convert(*key)
        limit = self._limits[key]
        if limit is None:
            return None
        currency = self.env["res.currency"].browse(instalment.currency_id)
        return currency.compare_amounts(instalment.residual, limit) < 0

    def _convert(self, currency_id, minimum):
        own = self.company.currency_id
        currency = self.env["res.currency"].browse(currency_id)
        if currency == own:
            return minimum
        rates = self.env["res.currency.rate"].sudo()
        known = rates.search_count(
            [
                ("currency_id", "in", (currency | own).ids),
                ("company_id", "in", (self.company.root_id.id, False)),
                ("name", "<=", self.day),
            ],
            limit=1,
        )
        if not known:
            return None  # the host would take 1 to 1
        return own._convert(minimum, currency, self.company, self.day)
