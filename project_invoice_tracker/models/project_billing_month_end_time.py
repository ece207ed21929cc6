from datetime import datetime, time

import pytz

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import float_compare

TOLERANCE = 2  # decimals of an hour


class ProjectBillingMonthEndTime(models.Model):
    """A person whose time of a month is not complete yet."""

    _name = "project.billing.month.end.time"
    _description = "Missing Time of a Month"
    _order = "month_end_id, missing_hours desc, employee_id"

    month_end_id = fields.Many2one(
        "project.billing.month.end", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="month_end_id.company_id")
    employee_id = fields.Many2one("hr.employee", readonly=True, ondelete="cascade")
    expected_hours = fields.Float(
        "Expected (h)",
        digits=(16, 2),
        readonly=True,
        help="Working hours of the person's calendar, less time off.",
    )
    logged_hours = fields.Float("Logged (h)", digits=(16, 2), readonly=True)
    missing_hours = fields.Float("Missing (h)", digits=(16, 2), readonly=True)

    @api.model
    def _fill(self, month_end):
        """Write the people with less time than their calendar says, anew."""
        month_end.time_ids.unlink()
        people = self._get_people(month_end)
        expected = self._get_expected(people, month_end)
        logged = self._get_logged(people, month_end)
        rows = []
        for person in people:
            due, done = expected.get(person.id, 0.0), logged.get(person.id, 0.0)
            if float_compare(due, done, precision_digits=TOLERANCE) > 0:
                rows.append(
                    {
                        "month_end_id": month_end.id,
                        "employee_id": person.id,
                        "expected_hours": due,
                        "logged_hours": done,
                        "missing_hours": due - done,
                    }
                )
        self.create(rows)

    @api.model
    def _get_people(self, month_end):
        """Return members of billed projects, and who logged time on them."""
        first, last = month_end.date_from, month_end.date
        company = month_end.company_id
        members = self.env["project.billing.member"].search(
            Domain(
                "project_id.billing_rule_ids.company_id", "=", month_end.company_id.id
            )
            & Domain("employee_id.company_id", "=", company.id)
            & (Domain("date_start", "=", False) | Domain("date_start", "<=", last))
            & (Domain("date_end", "=", False) | Domain("date_end", ">=", first))
        )
        workers = self.env["account.analytic.line"]._read_group(
            Domain("billing_rule_id.company_id", "=", company.id)
            & Domain("employee_id.company_id", "=", company.id)
            & Domain("date", ">=", first)
            & Domain("date", "<=", last),
            ["employee_id"],
        )
        people = members.employee_id.union(*(person for (person,) in workers))
        return people.filtered("active").sorted("name")

    @api.model
    def _get_expected(self, people, month_end):
        """Return ``{employee id: hours}`` of the calendars, less time off."""
        if not people:
            return {}
        zone = pytz.timezone(month_end.company_id._get_billing_timezone())
        first = zone.localize(datetime.combine(month_end.date_from, time.min))
        last = zone.localize(datetime.combine(month_end.date, time.max))
        days = people._get_work_days_data_batch(first, last)
        return {person: own["hours"] for person, own in days.items()}

    @api.model
    def _get_logged(self, people, month_end):
        """Return ``{employee id: hours}`` of all time on any project."""
        groups = self.env["account.analytic.line"]._read_group(
            Domain("employee_id", "in", people.ids)
            & Domain("project_id", "!=", False)
            & Domain("date", ">=", month_end.date_from)
            & Domain("date", "<=", month_end.date),
            ["employee_id"],
            ["unit_amount:sum"],
        )
        return {person.id: hours for person, hours in groups}

    def action_open_time(self):
        """Button: open the person's time of the month."""
        self.ensure_one()
        return self.month_end_id._open(
            "account.analytic.line",
            self.env._("Time of %s", self.employee_id.name),
            Domain("employee_id", "=", self.employee_id.id)
            & Domain("project_id", "!=", False)
            & Domain("date", ">=", self.month_end_id.date_from)
            & Domain("date", "<=", self.month_end_id.date),
        )
