from odoo import api, fields, models

from ..tools.forecast import OWED, WORK, build_forecast_query
from ..tools.forecast import VALUES as FORECAST_VALUES
from ..tools.forecast_cash import build_cash, build_other
from ..tools.forecast_rate import RATE_WEEKS, build_run_rate
from ..tools.scope import find_parts

KINDS = [
    ("cash", "Cash today"),
    ("invoice", "Open invoice"),
    ("entry", "Unmatched payment"),
    ("draft", "Draft invoice"),
    ("ready", "Ready to invoice"),
    ("time", "Unbilled time"),
    ("planned", "Planned"),
    ("run_rate", "Time to come"),
    ("bill", "Vendor bill"),
    ("manual", "Other"),
]
# what the query reads beside the tracker's own sources
SOURCES = (
    "account.account",
    "account.payment.term.line",
    "project.billing.forecast.line",
    "project.billing.habit",
    "project.billing.habit.wait",
    "res.company",
)


class ProjectBillingForecast(models.Model):
    """What comes in and goes out, and when: on the expected day and on the due date.

    Made of the tracker's rows that are not paid, of what time and materials will bring
    at the rate of the last eight weeks, of the cash at hand and of amounts that people
    enter. Each amount stands on the day on which it is *expected* and on its *due*
    date, each time in the column of that date only (in both where the days are the
    same): both columns sum to the same, and a pivot by month shows them side by side.
    Days that have passed count as today. Held work, shares retained without a release
    and items without any date have no day.

    Amounts are signed: what goes out is negative. Invoices are gross; what is not
    invoiced yet has no tax yet.
    """

    _name = "project.billing.forecast"
    _description = "Billing Forecast"
    _auto = False
    _order = "date, id"
    _rec_name = "kind"

    date = fields.Date(
        readonly=True, help="The day on which the money moves, never before today."
    )
    on_expected = fields.Boolean(string="On the expected day", readonly=True)
    on_due = fields.Boolean(string="On the due date", readonly=True)
    kind = fields.Selection(KINDS, readonly=True)
    direction = fields.Selection(
        [("cash", "Cash today"), ("in", "Coming in"), ("out", "Going out")],
        string="In or out",
        readonly=True,
    )
    tracker_id = fields.Many2one(
        "project.billing.tracker", string="Tracked amount", readonly=True
    )
    project_id = fields.Many2one("project.project", readonly=True)
    user_id = fields.Many2one("res.users", string="Project manager", readonly=True)
    rule_id = fields.Many2one("project.billing.rule", readonly=True)
    item_id = fields.Many2one("project.billing.item", readonly=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer or vendor", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    move_id = fields.Many2one("account.move", string="Document", readonly=True)
    move_line_id = fields.Many2one(
        "account.move.line", string="Instalment", readonly=True
    )
    forecast_line_id = fields.Many2one("project.billing.forecast.line", readonly=True)
    is_held = fields.Boolean(string="Held", readonly=True)
    is_retained = fields.Boolean(string="Retained", readonly=True)
    date_invoice = fields.Date(
        string="Invoice date", readonly=True, help="Of the invoice, also of one to be."
    )
    date_due = fields.Date(string="Due", readonly=True)
    date_expected = fields.Date(string="Expected on", readonly=True)
    amount = fields.Monetary(string="Amount (document)", readonly=True, aggregator=None)
    expected = fields.Monetary(
        readonly=True,
        currency_field="company_currency_id",
        help="In company currency, on the day on which the payer usually pays.",
    )
    due = fields.Monetary(
        string="If paid when due",
        readonly=True,
        currency_field="company_currency_id",
        help="In company currency, on the due date.",
    )
    document_name = fields.Char(compute="_compute_document_name", string="Name")
    habit = fields.Char(
        compute="_compute_habit", string="Why", help="How late this customer pays."
    )

    @property
    def _table_query(self):
        tracker = self.env["project.billing.tracker"].with_context(
            billing_tracker_date=False
        )
        wanted = self.env.context.get("billing_forecast_parts", FORECAST_VALUES)
        wanted = [name for name in FORECAST_VALUES if name in wanted] or ["other"]
        tracker._prepare_query()
        for model in SOURCES:
            self.env[model].flush_model()
        days, rows = tracker._get_days(), {}
        for key, names in (("owed", OWED), ("draft", ("draft",)), ("work", WORK)):
            if parts := set(names).intersection(wanted):
                rows[key] = tracker._build_query(parts=parts, with_expected=True)
        if "run_rate" in wanted:
            rows["run_rate"] = build_run_rate(days, self._get_rate_limits())
        if "cash" in wanted:
            rows["cash"] = build_cash(days)
        if "other" in wanted:
            rows["other"] = build_other(days)
        return build_forecast_query(**rows)

    @api.model
    def _search(self, domain, *args, **kwargs):
        # parts in which nothing can be found are not read
        parts = find_parts(domain, FORECAST_VALUES)
        model = self.with_context(billing_forecast_parts=parts)
        return super(ProjectBillingForecast, model)._search(domain, *args, **kwargs)

    @api.model
    def _get_rate_limits(self):
        """Return ``{rule id: amount}`` that caps leave for time to come.

        In the rules' currencies, less time that is ready to be invoiced. What rules
        share is divided equally.
        """
        rules = self.env["project.billing.rule"].sudo()
        rules = rules.search(
            [
                ("billing_type", "=", "timesheet"),
                ("company_id", "in", self.env.companies.ids),
                "|",
                ("cap_amount", ">", 0),
                "|",
                ("change_root_id", "!=", False),
                ("order_id", "!=", False),
            ]
        )
        limits = rules._get_limits()
        ready = rules._get_ready_amounts()
        sharing = {}
        for own in limits.values():
            for limit in own:
                sharing[id(limit)] = sharing.get(id(limit), 0) + 1
        return {
            rule.id: max(
                0.0,
                min(one.left / sharing[id(one)] for one in own) - ready.get(rule, 0.0),
            )
            for rule, own in limits.items()
        }

    @api.depends("move_id", "item_id", "forecast_line_id")
    def _compute_document_name(self):
        for fact in self:  # a project manager may not read invoices, but their names
            known = fact.sudo()
            source = known.move_id or known.item_id or known.forecast_line_id
            fact.document_name = source.display_name or known.rule_id.name

    @api.depends("partner_id", "direction", "date_expected")
    def _compute_habit(self):
        paused = self._get_paused()
        habits = self.env["project.billing.habit"].sudo()
        habits = habits.search(
            [
                ("company_id", "in", self.company_id.ids),
                ("partner_id", "in", [False, *self.partner_id.ids]),
            ]
        )
        known = {(one.company_id, one.partner_id): one for one in habits}
        nobody = habits.partner_id.browse()
        for fact in self:
            company, payer = fact.company_id, fact.partner_id
            habit = known.get((company, payer)) or known.get((company, nobody))
            fact.habit = fact.direction == "in" and habit and fact._explain(habit)
            if fact.kind == "invoice" and fact.move_id.id in paused:
                fact.habit = paused[fact.move_id.id]

    def _get_paused(self):
        """Return ``{move id: text}`` of what a dispute or promise moves."""
        pauses, found = self.env["account.overdue.pause"], {}
        for company, facts in self.grouped("company_id").items():
            today = company.sudo()._get_billing_today()
            found.update(pauses._get_pauses(facts.move_id.ids, today))
        return {
            move: pause._get_title()
            for move, pause in found.items()
            if pause.kind != "hold"
        }

    def _explain(self, habit):
        """Return why the amount is expected on its day."""
        if self.kind == "invoice" and self.date_due:
            usual = fields.Date.add(self.date_due, days=habit.days)
            if self.date_expected > usual:
                return self.env._(
                    "%(habit)s; already later than that", habit=habit.display_name
                )
        return habit.display_name

    @api.depends("kind", "project_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for fact in self:
            names = [fact.project_id.sudo().name, kinds.get(fact.kind)]
            fact.display_name = ": ".join(filter(None, names))

    def action_open_source(self):
        """Open what the amount comes from: invoice, item, entries, account lines."""
        self.ensure_one()
        if self.tracker_id:
            return self.tracker_id.action_open_source()
        if self.forecast_line_id:
            return self.tracker_id._open_form(self.forecast_line_id)
        if self.kind == "run_rate":
            return self._open_recent_entries()
        return self._open_cash()

    def _open_recent_entries(self):
        action = self.rule_id.action_view_entries()
        start = fields.Date.subtract(
            self.company_id._get_billing_today(), weeks=RATE_WEEKS
        )
        return {**action, "domain": [*action["domain"], ("date", ">", start)]}

    def _open_cash(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_account_moves_all"
        )
        domain = [
            ("account_id.account_type", "=", "asset_cash"),
            ("account_id.billing_forecast_excluded", "=", False),
            ("parent_state", "=", "posted"),
            ("company_id", "=", self.company_id.id),
        ]
        return {**action, "domain": domain, "context": {}}
