from odoo import api, fields, models
from odoo.tools import format_date

from ..exceptions import BillingRuleError
from ..tools.periods import ONE_DAY, get_expiry, list_fees

# what the periods of a fee depend on
PLAN_FIELDS = frozenset(
    {
        "active",
        "amount",
        "bill_from",
        "billing_type",
        "currency_id",
        "date_end",
        "date_start",
        "included_hours",
        "index_date",
        "index_percentage",
        "name",
        "pause_ids",
        "recurring_anchor",
        "recurring_interval",
        "recurring_lead_days",
        "recurring_timing",
        "rollover",
        "rollover_months",
    }
)
# what the names of periods say
NAME_FIELDS = frozenset({"name", "recurring_anchor", "recurring_interval"})


class ProjectBillingRuleRecurringMixin(models.AbstractModel):
    """Period, proration, indexation and pause of a recurring fee.

    The fee of a whole period is the rule's ``amount``, from the day of a step (a rate
    without employee and role) the step's price. Each period is a planned item, made
    ahead by :meth:`_plan_periods`, which can run at any time, with the same end.
    """

    _name = "project.billing.rule.recurring.mixin"
    _inherit = "project.billing.rule.plan.mixin"
    _description = "Billing Rule: Period and Fee"

    currency_id = fields.Many2one("res.currency")

    recurring_interval = fields.Selection(
        [
            ("week", "Week"),
            ("month", "Month"),
            ("quarter", "Quarter"),
            ("half_year", "Half-year"),
            ("year", "Year"),
        ],
        string="Fee per",
        required=True,
        default="month",
        tracking=True,
    )
    recurring_timing = fields.Selection(
        [("advance", "In advance"), ("arrears", "In arrears")],
        string="Invoiced",
        required=True,
        default="advance",
        tracking=True,
        help="In advance: ready on the first day of the period. In arrears: on its "
        "last day, so that a run up to the end of the month includes it.",
    )
    recurring_lead_days = fields.Integer(
        string="Days ahead",
        default=0,
        tracking=True,
        help="In advance only: so many days before the period begins. 1 lets a run up "
        "to the end of a month invoice the next one.",
    )
    recurring_anchor = fields.Selection(
        [("calendar", "The calendar"), ("start", "The first day")],
        string="Periods by",
        required=True,
        default="calendar",
        tracking=True,
        help="Calendar: from Monday, or the 1st of the month, quarter or year. First "
        "day: from the rule's first day; of the 31st, from the last day of shorter "
        "months.",
    )
    index_percentage = fields.Float(
        string="Yearly increase (%)",
        digits=(16, 6),
        tracking=True,
        help="Raises the fee on the date beside and each year after; each fee is "
        "rounded to the currency.",
    )
    index_date = fields.Date(string="First increase", tracking=True)
    pause_ids = fields.One2many(
        "project.billing.pause",
        "rule_id",
        string="Pauses",
        help="Days that are not charged.",
    )
    period_ids = fields.One2many(
        "project.billing.item",
        "rule_id",
        string="Periods",
        domain=[("kind", "=", "period")],
        readonly=True,
        copy=False,
    )
    planned_until = fields.Date(readonly=True, copy=False, string="Planned until")

    _lead_days = models.Constraint(
        "CHECK (recurring_lead_days BETWEEN 0 AND 366)",
        "A fee is invoiced 0 to 366 days ahead.",
    )

    _index = models.Constraint(
        "CHECK (index_percentage = 0 OR"
        " (index_percentage BETWEEN -50 AND 100 AND index_date IS NOT NULL))",
        "A yearly increase is between -50 and 100 percent and has a first date.",
    )

    @api.constrains("billing_type", "date_start")
    def _check_recurring_start(self):
        for rule in self:
            recurring = rule.billing_type == "recurring"
            if recurring and not rule.date_start and not rule.project_id.is_template:
                raise BillingRuleError(
                    self.env._(
                        "%(rule)s: a recurring fee needs its first day.",
                        rule=rule.name,
                    )
                )

    # -- CRUD ------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._plan_periods()
        return rules

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & PLAN_FIELDS:
            self._plan_periods(rename=bool(vals.keys() & NAME_FIELDS))
        return result

    # -- fees ------------------------------------------------------------------------

    def _list_fees(self, until):
        """Return ``[(first day, fee of a whole period)]`` up to ``until``.

        :raise BillingRuleError: a step for a person or role, without a day, or in
            another currency
        """
        self.ensure_one()
        for step in self.rate_ids:
            if step.employee_id or step.role_id or not step.date_start:
                raise BillingRuleError(
                    self.env._(
                        "%(rule)s: a step of a recurring fee has a first day, and "
                        "neither employee nor role.",
                        rule=self.name,
                    )
                )
            if step.currency_id != self.currency_id:
                raise BillingRuleError(
                    self.env._(
                        "%(rule)s: the fee from %(day)s must be in %(currency)s, as "
                        "the rule is.",
                        rule=self.name,
                        day=step.date_start,
                        currency=self.currency_id.name,
                    )
                )
        return list_fees(
            self.amount,
            [(step.date_start, step.price) for step in self.rate_ids],
            self.index_percentage,
            self.index_date,
            until,
            self.currency_id.round,
        )

    def _get_pauses(self):
        return [(pause.date_start, pause.date_end or None) for pause in self.pause_ids]

    def _get_due_date(self, period):
        """Return the day on which a period is ready to be invoiced."""
        self.ensure_one()
        if self.recurring_timing == "arrears":
            return period.end
        return period.start - ONE_DAY * self.recurring_lead_days

    # -- text ------------------------------------------------------------------------

    def _get_period_name(self, period):
        """Return *Support, March 2026* in the customer's language."""
        lang = self.bill_partner_id.lang or self.env.lang
        label = self._get_period_label(period, lang)
        return f"{self.with_context(lang=lang).name}, {label}"

    def _get_period_label(self, period, lang):
        def show(day, pattern=False):
            return format_date(self.env, day, lang_code=lang, date_format=pattern)

        if self.recurring_anchor == "start" or self.recurring_interval == "week":
            return f"{show(period.start)} – {show(period.end)}"
        if self.recurring_interval == "half_year":
            first, last = show(period.whole_start, "LLLL"), period.whole_end
            return f"{first} – {show(last, 'LLLL y')}"
        pattern = {"month": "LLLL y", "quarter": "QQQ y", "year": "y"}
        return show(period.whole_start, pattern[self.recurring_interval])

    def _get_hours_expiry(self, period):
        """Return the last day of work that can use a period's hours, or False."""
        if self.rollover != "carry":
            return period.end
        if not self.rollover_months:
            return False
        return get_expiry(period.end, self.rollover_months)
