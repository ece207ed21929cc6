"""What a billing type hands to the run: plain values, no records changed."""

from dataclasses import dataclass, field
from datetime import date


@dataclass
class LineSpec:
    """One invoice line to be: its values and the work it bills.

    ``quantity`` x ``price`` is the amount the customer sees, in the currency of the
    invoice; the rest of the work's worth is the ledger's adjustment.
    """

    rule_id: int
    name: str
    product_id: int
    uom_id: int
    quantity: float
    price: float
    shares: list = field(default_factory=list)  # of tools.quantity.Share
    sequence: tuple = ()
    date_from: date = None
    date_to: date = None
    run_line_id: int = 0
    # of its ledger rows; "draw" deducts a deposit, "hours" draws prepaid hours and
    # makes no invoice line
    kind: str = "bill"
    partner_id: int = 0  # who pays it; 0 = the rule's customer
    tax_ids: list = None  # None = the product's, by the host; [] = none
    account_id: int = 0  # 0 = the product's

    def get_run_line_ids(self):
        """Return the ids of the run lines whose work this line bills."""
        own = {share.payload.get("run_line_id") for share in self.shares}
        return {self.run_line_id, *own} - {None, 0}

    def get_amount(self, currency):
        """Return the line's amount, rounded to ``currency``."""
        return currency.round(self.quantity * self.price)


@dataclass
class Proposal:
    """One line of a billing run before it is stored."""

    rule_id: int
    project_id: int
    state: str = "proposed"
    reason_code: str = None
    detail: str = ""
    quantity: float = 0.0
    amount: float = 0.0
    entry_count: int = 0
    entry_ids: list = field(default_factory=list)
    item_id: int = None
    draw_item_id: int = None  # prepaid hours that the entries use up
    date_from: date = None
    date_to: date = None
    name: str = ""
    is_late: bool = False
    specs: list = field(default_factory=list)  # the invoice lines it would make

    @classmethod
    def of_time_aside(cls, row, name=""):
        """Return the skip of time that is only counted, from a row of a query.

        :param row: rule id or None, project id, reason, hours, entries, first, last day
        """
        rule_id, project_id, code, hours, count, date_from, date_to = row
        return cls(
            rule_id=rule_id or False,
            project_id=project_id,
            state="skipped",
            reason_code=code,
            quantity=float(hours),
            entry_count=count,
            date_from=date_from,
            date_to=date_to,
            name=name,
        )

    def skip(self, code, detail=""):
        """Turn the proposal into a skip for a reason of the closed list."""
        self.state, self.reason_code, self.detail = "skipped", code, detail


@dataclass
class Settlement:
    """The invoice lines of a run while the terms of the rules are applied to them."""

    run: object  # project.billing.run
    prepared: dict  # {run line id: list of LineSpec}
    skips: dict = field(default_factory=dict)  # {run line id: (code, detail)}
    # {run line id: values}: what is left of lines that a term cut since the review
    changes: dict = field(default_factory=dict)

    def skip(self, line_id, code, detail=""):
        """Leave a run line out, for a reason of the closed list."""
        self.prepared.pop(line_id, None)
        self.skips[line_id] = (code, detail)

    def take_out(self, kind):
        """Return ``{run line id: specs}`` of a kind, taken out of the lines."""
        taken = {}
        for line_id, specs in self.prepared.items():
            own = [spec for spec in specs if spec.kind == kind]
            if own:
                taken[line_id] = own
                self.prepared[line_id] = [x for x in specs if x.kind != kind]
        return taken

    def put_back(self, taken):
        """Add what was taken out to lines that no term has skipped."""
        for line_id, specs in taken.items():
            if line_id in self.prepared:
                self.prepared[line_id] = [*self.prepared[line_id], *specs]
