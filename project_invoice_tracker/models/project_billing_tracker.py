from odoo import api, fields, models

from ..tools.scope import find_bounds, find_parts
from ..tools.statistics import prepare_large_query
from ..tools.tracker import INVOICED, PARTS, VALUES, build_tracker_query

STAGES = [
    ("planned", "Planned"),
    ("ready", "Ready"),
    ("draft", "Draft invoice"),
    ("open", "Open"),
    ("overdue", "Overdue"),
    ("paid", "Paid"),
    ("bad_debt", "Bad debt"),
]
# stages that amounts end in: shown only where asked for
SETTLED = ("paid", "bad_debt")
BUCKETS = [
    ("current", "Not due"),
    ("1_30", "1-30 days"),
    ("31_60", "31-60 days"),
    ("61_90", "61-90 days"),
    ("90_more", "Over 90 days"),
]
# what the query reads: written to the database before it runs
SOURCES = (
    "account.analytic.line",
    "account.move",
    "account.move.line",
    "account.overdue.pause",
    "account.partial.reconcile",
    "project.billing.allocation",
    "project.billing.habit",
    "project.billing.habit.wait",
    "project.billing.item",
    "project.billing.rule",
    "project.billing.share",
    "project.milestone",
    "project.project",
    "project.task",
    "res.currency.rate",
    "res.partner",
)


class ProjectBillingTracker(models.Model):
    """The one fact table: where every amount stands, from planned to paid.

    One row for each amount in one stage: an item that is planned, ready or held;
    unbilled time per rule and month; a line of a draft; each instalment of a posted
    document, its paid and its open part apart, and what was written off as a bad debt,
    shared by projects and rules. Payments
    not yet matched and opening balances stand without a project, so that open and
    overdue sum to the receivables (and, negative, the payables) of the ledger.

    ``net`` and ``gross`` are in ``currency_id``, ``*_company`` in the company's
    currency. What is not on an invoice has no tax yet: its gross is its net. Due today
    is not overdue. Days count from the company's own today, or from
    ``billing_tracker_date`` of the context: then the rows stand as they stood on that
    day, and what was not invoiced has no history and is left out. With
    ``billing_tracker_invoiced`` the rows are the instalments as they were invoiced,
    whole and without a stage: what was sold.
    """

    _name = "project.billing.tracker"
    _description = "Billing Tracker"
    _auto = False
    _order = "date_due, date_planned, id"
    _rec_name = "stage"

    source = fields.Selection(
        [
            ("item", "Item"),
            ("time", "Unbilled time"),
            ("draft", "Draft line"),
            ("instalment", "Instalment"),
            ("entry", "Entry without document"),
        ],
        readonly=True,
    )
    stage = fields.Selection(STAGES, readonly=True, group_expand="_group_expand_stage")
    project_id = fields.Many2one("project.project", readonly=True)
    user_id = fields.Many2one("res.users", string="Project manager", readonly=True)
    rule_id = fields.Many2one("project.billing.rule", readonly=True)
    item_id = fields.Many2one("project.billing.item", readonly=True)
    milestone_id = fields.Many2one("project.milestone", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    move_id = fields.Many2one("account.move", string="Document", readonly=True)
    move_line_id = fields.Many2one(
        "account.move.line", string="Instalment", readonly=True
    )
    is_payable = fields.Boolean(
        string="To pay",
        readonly=True,
        help="What the firm owes: vendor bills, negative.",
    )
    is_held = fields.Boolean(string="Held", readonly=True)
    is_retained = fields.Boolean(string="Retained", readonly=True)
    is_disputed = fields.Boolean(
        string="Disputed",
        readonly=True,
        help="The customer disputes the invoice, or all of them, on the day asked.",
    )
    is_promised = fields.Boolean(
        string="Promised",
        readonly=True,
        help="The customer promised to pay by a day that has not passed.",
    )
    date_planned = fields.Date(string="Planned", readonly=True)
    date_invoiced = fields.Date(string="Invoiced on", readonly=True)
    date_due = fields.Date(string="Due", readonly=True)
    date_expected = fields.Date(
        string="Expected",
        readonly=True,
        help="When what is open will be paid: the day of a promise, else the due date "
        "and the days that this customer usually pays late; not before a dispute ends.",
    )
    date_paid = fields.Date(string="Paid on", readonly=True)
    days_overdue = fields.Integer(readonly=True, aggregator="max")
    bucket = fields.Selection(BUCKETS, string="Ageing", readonly=True)
    net = fields.Monetary(string="Net (document)", readonly=True, aggregator=None)
    gross = fields.Monetary(string="Gross (document)", readonly=True, aggregator=None)
    net_company = fields.Monetary(
        string="Net", readonly=True, currency_field="company_currency_id"
    )
    gross_company = fields.Monetary(
        string="Gross", readonly=True, currency_field="company_currency_id"
    )

    document_name = fields.Char(compute="_compute_document_name", string="Name")

    @property
    def _table_query(self):
        past = bool(self.env.context.get("billing_tracker_date"))
        parts = self.env.context.get("billing_tracker_parts", PARTS)
        return self._build_query(
            parts=parts,
            with_expected=not past,
            paid_between=self.env.context.get("billing_tracker_paid", (None, None)),
        )

    @api.model
    def _search(self, domain, *args, **kwargs):
        # parts in which nothing can be found are not read
        parts = find_parts(domain, VALUES)
        if self.env.context.get("billing_tracker_invoiced"):
            parts = (INVOICED,)
        model = self.with_context(
            billing_tracker_parts=parts,
            billing_tracker_paid=find_bounds(domain, "date_paid"),
        )
        return super(ProjectBillingTracker, model)._search(domain, *args, **kwargs)

    @api.model
    def _build_query(self, parts=PARTS, **options):
        """Return the query of the table, all it reads written to the database.

        :param parts: names of the parts that are wanted
        :param options: of :func:`..tools.tracker.build_tracker_query`
        """
        self._prepare_query()
        day = self.env.context.get("billing_tracker_date")
        if day:
            days = self._get_days(day)
            return build_tracker_query(days, is_past=True, parts=parts, **options)
        return build_tracker_query(
            self._get_days(),
            self._get_earned() if "item" in parts else None,
            self._get_prepaid() if "time" in parts else None,
            parts=parts,
            **options,
        )

    @api.model
    def _prepare_query(self):
        """Write to the database what the query reads."""
        for model in SOURCES:
            self.env[model].flush_model()
        prepare_large_query(self.env.cr)

    @api.model
    def _get_earned(self):
        """Return ``{item id: amount}`` of progress items that are not wholly billed."""
        items = self.env["project.billing.item"].sudo()
        items = items.search(
            [("kind", "=", "progress"), ("company_id", "in", self.env.companies.ids)]
        ).filtered("open_amount")
        return {item.id: item.earned_amount for item in items}

    @api.model
    def _get_prepaid(self):
        """Return ``{rule id: amount}`` of unbilled time that is paid for already."""
        rules = self.env["project.billing.rule"].sudo()
        rules = rules.search(
            [
                ("billing_type", "=", "timesheet"),
                ("prepaid_rule_ids", "!=", False),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        prepaid = self.env["project.billing.prepaid"].sudo()
        amounts = prepaid._get_drawable_amounts(rules)
        return {rule.id: amount for rule, amount in amounts.items() if amount}

    @api.model
    def _get_days(self, day=None):
        """Return ``{company id: day}`` of the companies that the user has chosen."""
        day = fields.Date.to_date(day)
        return {
            company.id: day or company._get_billing_today()
            for company in self.env.companies
        }

    @api.model
    def _group_expand_stage(self, stages, _domain):
        """Show the columns in the order of the flow, the last only where asked for."""
        return [key for key, _name in STAGES if key not in SETTLED or key in stages]

    @api.depends("move_id", "item_id")
    def _compute_document_name(self):
        for fact in self:  # a project manager may not read invoices, but their names
            move, item = fact.sudo().move_id, fact.sudo().item_id
            fact.document_name = move.display_name if move else item.name

    def action_open_source(self):
        """Open what the row stands for: the invoice, the item, the unbilled time.

        Without accounting rights a document opens as the row's own form.
        """
        self.ensure_one()
        if self.move_id:
            if self.env["account.move"].has_access("read"):
                return self.move_id._billing_open()
            return self._open_form(self)
        if self.item_id:
            return self._open_form(self.item_id)
        action = self.rule_id.action_view_entries()
        month = [
            ("date", ">=", self.date_planned.replace(day=1)),
            ("date", "<=", self.date_planned),
        ]
        return {**action, "domain": [*action["domain"], *month]}

    def action_overdue_follow_up(self):
        """Note a call, dispute or hold on the invoice, also without its rights."""
        self.ensure_one()
        self.check_access("read")
        return self.env["account.overdue.pause.wizard"]._open(move=self.move_id)

    def action_view_overdue_timeline(self):
        """Open the timeline of the customer; project managers see own projects'."""
        self.ensure_one()
        return self.env["account.overdue.timeline"]._open(self.partner_id)

    @api.model
    def _open_form(self, record):
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
            "name": record.display_name,
        }

    @api.depends("stage", "project_id")
    def _compute_display_name(self):
        stages = dict(self._fields["stage"]._description_selection(self.env))
        for fact in self:
            names = [fact.project_id.sudo().name, stages.get(fact.stage)]
            fact.display_name = ": ".join(filter(None, names))
