from dataclasses import replace

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.periods import (
    ONE_DAY,
    count_days,
    get_share,
    get_worth,
    list_periods,
    subtract_ranges,
)

HORIZON = relativedelta(months=12)  # coming periods are visible so far ahead


class ProjectBillingRulePlanMixin(models.AbstractModel):
    """From the terms of a recurring fee to its planned items, one for each period.

    Derived, never typed: :meth:`_plan_periods` can run at any time, with the same end.
    """

    _name = "project.billing.rule.plan.mixin"
    _description = "Billing Rule: Planned Periods"

    @api.model
    def _cron_plan_periods(self):
        """Plan the coming periods of all recurring fees, and alert about hours."""
        rules = self.search([("billing_type", "=", "recurring")])
        rules._plan_periods()
        self.env["project.billing.prepaid"]._alert()

    def _filter_not_planned(self, until):
        """Return the fees whose periods are not planned up to a day."""
        return self.filtered(
            lambda r: (
                r.billing_type == "recurring"
                and (not r.planned_until or r.planned_until < until)
            )
        )

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
        due, old = [], []
        for period in periods:
            is_old = self._get_due_date(period) < self.bill_from
            (old if is_old else due).append(period)
        return due, old

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
