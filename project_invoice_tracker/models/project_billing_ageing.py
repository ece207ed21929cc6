from odoo import api, fields, models

from ..tools.ageing import COLUMNS, SIDES, build_ageing_query
from .project_billing_tracker import BUCKETS, SOURCES

KINDS = [
    *BUCKETS,
    ("retained", "Retained"),
    ("unmatched", "Not matched"),
]


class ProjectBillingAgeing(models.Model):
    """What was open at the end of a day, by age: the tracker's rows, one side of them.

    One row for each open instalment and project, and for each payment or credit that
    is not matched. Amounts are in company currency, one column for each age, and sum
    to the balance of the receivable accounts of that day (of the payable ones, with
    our debt positive). Due on the day itself is current. What is retained stands apart
    until it is due, and then ages like the rest.

    The context says which: ``billing_tracker_date`` (default: the company's today)
    and ``billing_ageing_side`` (``receivable``, the default, or ``payable``).
    """

    _name = "project.billing.ageing"
    _description = "Ageing"
    _auto = False
    _order = "partner_id, date_due, id"
    _rec_name = "document_name"

    source = fields.Selection(
        [("instalment", "Instalment"), ("entry", "Entry without document")],
        readonly=True,
    )
    stage = fields.Selection([("open", "Open"), ("overdue", "Overdue")], readonly=True)
    kind = fields.Selection(KINDS, string="Age", readonly=True)
    project_id = fields.Many2one("project.project", readonly=True)
    user_id = fields.Many2one("res.users", string="Project manager", readonly=True)
    rule_id = fields.Many2one("project.billing.rule", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    move_id = fields.Many2one("account.move", string="Document", readonly=True)
    move_line_id = fields.Many2one(
        "account.move.line", string="Instalment", readonly=True
    )
    document_name = fields.Char(compute="_compute_document_name", string="Document no.")
    date_invoiced = fields.Date(string="Invoiced on", readonly=True)
    date_due = fields.Date(string="Due", readonly=True)
    days_overdue = fields.Integer(string="Days late", readonly=True, aggregator="max")
    is_disputed = fields.Boolean(string="Disputed", readonly=True)
    is_promised = fields.Boolean(string="Promised", readonly=True)
    amount_currency = fields.Monetary(
        string="Open (document)",
        readonly=True,
        aggregator=None,
        help="In the currency of the document.",
    )
    amount_current = fields.Monetary(
        string="Not due",
        readonly=True,
        currency_field="company_currency_id",
        help="Due today is not late.",
    )
    amount_1_30 = fields.Monetary(
        string="1-30 days", readonly=True, currency_field="company_currency_id"
    )
    amount_31_60 = fields.Monetary(
        string="31-60 days", readonly=True, currency_field="company_currency_id"
    )
    amount_61_90 = fields.Monetary(
        string="61-90 days", readonly=True, currency_field="company_currency_id"
    )
    amount_90_more = fields.Monetary(
        string="Over 90 days", readonly=True, currency_field="company_currency_id"
    )
    amount_retained = fields.Monetary(
        string="Retained",
        readonly=True,
        currency_field="company_currency_id",
        help="Kept back by the customer and not due yet.",
    )
    amount_unmatched = fields.Monetary(
        string="Not matched",
        readonly=True,
        currency_field="company_currency_id",
        help="Payments and credit notes that no invoice was matched with yet.",
    )
    amount_total = fields.Monetary(
        string="Total", readonly=True, currency_field="company_currency_id"
    )

    @property
    def _table_query(self):
        for model in SOURCES:
            self.env[model].flush_model()
        tracker = self.env["project.billing.tracker"]
        days = tracker._get_days(self.env.context.get("billing_tracker_date"))
        side = self.env.context.get("billing_ageing_side")
        return build_ageing_query(days, side if side in SIDES else "receivable")

    @api.model
    def _get_amount_fields(self):
        """Return the names of the columns, left to right, the total last."""
        return [*(f"amount_{name}" for name in COLUMNS), "amount_total"]

    @api.depends("move_id")
    def _compute_document_name(self):
        for row in self:  # a project manager may not read invoices, but their names
            row.document_name = row.sudo().move_id.display_name

    def action_open_source(self):
        """Open the document; without accounting rights its row of the tracker."""
        self.ensure_one()
        fact = self.env["project.billing.tracker"].browse(self.id)
        return {**fact.action_open_source(), "context": self.env.context}
