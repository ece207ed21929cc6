from dataclasses import replace

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..exceptions import BillingRuleError
from ..tools.periods import (
    ONE_DAY,
    count_days,
    get_expiry,
    get_share,
    get_worth,
    list_fees,
    list_periods,
    subtract_ranges,
)

HORIZON = relativedelta(months=12)  # coming periods are visible so far ahead
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


class ProjectBillingRuleRecurringMixin(models.AbstractModel):
    """Period, proration, indexation and pause of a recurring fee.

    The fee of a whole period is the rule's ``amount``, from the day of a step (a rate
    without employee and role) the step's price. Each period is a planned item, made
    ahead by :meth:`_plan_periods`, which can run at any time, with the same end.
    """

    _name = "project.billing.rule.recurring.mixin"
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
            self._plan_periods(rename="name" in vals)
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

    # -- planning --------------------------------------------------------------------

    @api.model
    def _cron_plan_periods(self):
        """Plan the coming periods of all recurring fees, and alert about hours."""
        rules = self.search([("billing_type", "=", "recurring")])
        rules._plan_periods()
        self.env["project.billing.prepaid"]._alert()

    def _plan_periods(self, until=None, rename=False):
        """Make, change and delete planned periods as the rules say now.

        Periods on invoices stay; one that is worth more now shows the difference as
        held, one that is worth less as billed too much. Planned items that nothing
        has happened to vanish when their period does.

        :param until: at least up to this day; 12 months from today in any case
        :param rename: write the names of unbilled periods anew
        """
        rules = self.sudo().filtered(lambda r: r.billing_type == "recurring")
        if not rules:
            return
        items = self.env["project.billing.item"].sudo().with_context(active_test=False)
        items = items.search([("rule_id", "in", rules.ids), ("kind", "=", "period")])
        by_rule = items.grouped("rule_id")
        values, gone = [], items.browse()
        for rule in rules:
            horizon = rule._get_horizon(until)
            plan, fixed = rule._build_plan(by_rule.get(rule, items.browse()), horizon)
            kept = rule._apply_plan(plan, rename) | rule._apply_fixed(fixed)
            own = by_rule.get(rule, items.browse())
            gone |= (own - kept).filtered(lambda i: i.active and not i._is_used())
            new = [rule._prepare_period(*one[1:]) for one in plan if not one[0]]
            if new or rule.planned_until != horizon:
                rule._note_planned(horizon)
            values += new
        gone.unlink()
        items.create(values)

    def _get_horizon(self, until=None):
        self.ensure_one()
        horizon = self.company_id._get_billing_today() + HORIZON
        return max(horizon, until) if until else horizon

    def _note_planned(self, horizon):
        """Note how far is planned.

        In one statement: of two transactions that plan at the same time, PostgreSQL
        refuses the second, and the host repeats it.
        """
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE project_billing_rule SET planned_until = %s WHERE id = %s",
                horizon,
                self.id,
            )
        )
        self.invalidate_recordset(["planned_until"])

    def _list_due_periods(self, until):
        """Return ``(periods to invoice, periods due before the start of billing)``."""
        self.ensure_one()
        if not self.active or not self.date_start or self.project_id.is_template:
            return [], []
        periods = list_periods(
            self.date_start,
            self.date_end or None,
            self.recurring_interval,
            self.recurring_anchor,
            until,
        )
        old = [p for p in periods if self._get_due_date(p) < self.bill_from]
        return [p for p in periods if p not in old], old

    def _find_period(self, item):
        """Return the period of the rule that an item bills, or None."""
        periods, _old = self._list_due_periods(item.date_end)
        for period in periods:
            same = period.whole_end == item.date_whole_end
            if same and period.start <= item.date_start:
                return replace(period, start=item.date_start, end=item.date_end)
        return None

    def _build_plan(self, items, until):
        """Return what the rule's items shall be (no side effect).

        :param items: all period items of the rule, archived ones as well
        :return: ``(plan, fixed)``: a list of (item or None, period, worth), and used
            items that belong to no period any more, such as months billed before the
            fee became quarterly
        """
        self.ensure_one()
        periods, _old = self._list_due_periods(until)
        fees, pauses = self._list_fees(until + HORIZON), self._get_pauses()
        wholes = {period.start: period.whole_end for period in periods}
        fixed = items.filtered(
            lambda i: (
                i.active
                and i._is_used()
                and wholes.get(i.date_start) != i.date_whole_end
            )
        )
        # of an archived and an active item of one day, the active one
        own = (items - fixed).sorted(lambda i: (i.active, i._is_used()))
        by_start = {item.date_start: item for item in own}
        covered = [(i.date_start, i.date_end) for i in fixed]
        plan = []
        for period in filter(None, (p.trim(covered) for p in periods)):
            item = by_start.get(period.start)
            if item and not item.active:
                continue  # a person archived it: the period is not charged
            worth = get_worth(period, fees, [*pauses, *covered])
            empty = not worth.days or not (worth.amount or self.included_hours)
            if not empty or (item and item._is_used()):
                plan.append((item, period, worth))
        return plan, fixed

    def _prepare_period(self, period, worth):
        """Return the values of the planned item of a period (no side effect)."""
        amount = self.currency_id.round(float(worth.amount))
        hours = round(get_share(self.included_hours, worth), 2)
        return {
            "rule_id": self.id,
            "kind": "period",
            "trigger": "date",
            "amount_type": "fixed",
            "name": self._get_period_name(period),
            "date_start": period.start,
            "date_end": period.end,
            "date_whole_end": period.whole_end,
            "date_planned": self._get_due_date(period),
            "amount": amount,
            "period_amount": amount,
            "billable_amount": amount,
            "prepaid_hours": hours,
            "prepaid_expiry": self._get_hours_expiry(period),
        }

    def _apply_plan(self, plan, rename):
        """Write what changed of planned items; return the items of the plan."""
        kept = self.env["project.billing.item"].sudo()
        for item, period, worth in plan:
            if not item:
                continue
            kept |= item
            values = self._prepare_period(period, worth)
            days = item.date_start, item.date_end, item.date_whole_end
            same_days = days == (period.start, period.end, period.whole_end)
            for name in ("rule_id", "kind", "trigger", "amount_type"):
                del values[name]
            if item.billed_amount:
                # sold: name, days of the hours and hours stay as they were
                for name in ("name", "prepaid_hours", "prepaid_expiry"):
                    del values[name]
            else:
                values["prepaid_hours"] = max(
                    values["prepaid_hours"], item.drawn_quantity
                )
                if same_days and not rename:
                    del values["name"]
            item._write_changed({**values, **item._get_period_values(values["amount"])})
        return kept

    def _apply_fixed(self, fixed):
        """Value used items that belong to no period of the rule any more.

        Days outside the contract are not worth anything; the others keep their value.
        """
        away = self._get_days_outside()
        for item in fixed.filtered(lambda i: i.rule_id.active):
            left = count_days(subtract_ranges(item.date_start, item.date_end, away))
            days = (item.date_end - item.date_start).days + 1
            amount = self.currency_id.round(item.amount * left / days)
            values = item._get_period_values(amount)
            item._write_changed({**values, "amount": item.amount})
        return fixed

    def _get_days_outside(self):
        """Return the ranges of days before and after the contract."""
        day = fields.Date.to_date("0001-01-01")
        away = [(day, self.date_start - ONE_DAY)] if self.date_start else []
        if self.date_end:
            away.append((self.date_end + ONE_DAY, None))
        return away

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
