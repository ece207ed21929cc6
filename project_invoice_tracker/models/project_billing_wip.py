from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models

from ..tools.statistics import prepare_large_query
from ..tools.wip import build_wip_query

PERIOD = ("billing_wip_from", "billing_wip_to")


def _hours(label, text=None):
    """Return a field of hours, cached for each period."""
    return fields.Float(
        label,
        digits=(16, 2),
        readonly=True,
        depends=(),
        depends_context=PERIOD,
        help=text,
    )


def _money(label, text=None, currency="company_currency_id"):
    """Return a field of money, cached for each period."""
    return fields.Monetary(
        label,
        currency_field=currency,
        readonly=True,
        depends=(),
        depends_context=PERIOD,
        help=text,
    )


class ProjectBillingWip(models.Model):
    """Work in progress of a period, one row for each billing rule.

    The period stands in the context (``billing_wip_from``, ``billing_wip_to``; default:
    this month up to today), so lists, pivots, exports and other code read any past date
    from the ledger. Amounts without suffix are in company currency, translated at the
    rates of the two ends of the period; those that end in ``_doc`` are in the rule's
    currency. opening + worked - excluded - billed - written off + revalued = closing =
    wip - advance, in both. Rights: officers their companies, others their projects.
    """

    _name = "project.billing.wip"
    _description = "Work in Progress"
    _auto = False
    _rec_name = "rule_id"
    _order = "project_id, rule_id"

    rule_id = fields.Many2one("project.billing.rule", readonly=True)
    rule_name = fields.Char(related="rule_id.name", string="Rule name")
    project_id = fields.Many2one("project.project", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    user_id = fields.Many2one("res.users", string="Project manager", readonly=True)
    billing_type = fields.Selection(
        lambda self: self._get_billing_types(), readonly=True
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)

    opening_hours = _hours("Opening (h)")
    worked_hours = _hours("Worked (h)")
    excluded_hours = _hours("Not billable (h)", "Non-billable, or paid in advance.")
    billed_hours = _hours("Billed (h)")
    written_off_hours = _hours("Written off (h)")
    closing_hours = _hours("Closing (h)")
    opening = _money("Opening")
    worked = _money(
        "Worked", "Hours at the rule's price, milestones reached, fees by their days."
    )
    excluded = _money(
        "Not billable", "Non-billable hours, and hours that were paid in advance."
    )
    billed = _money("Billed", "Posted invoices less credit notes, at the rule's price.")
    written_off = _money("Written off")
    revalued = _money("Revaluation", "Changed prices, exchange rates and rounding.")
    closing = _money("Closing", "Work in progress less what is billed in advance.")
    wip = _money("WIP", "Earned and not billed: accrued income, a contract asset.")
    advance = _money(
        "Billed in advance", "Billed and not earned: a contract liability."
    )
    opening_doc = _money("Opening (document)", currency="currency_id")
    worked_doc = _money("Worked (document)", currency="currency_id")
    excluded_doc = _money("Not billable (document)", currency="currency_id")
    billed_doc = _money("Billed (document)", currency="currency_id")
    written_off_doc = _money("Written off (document)", currency="currency_id")
    revalued_doc = _money("Revaluation (document)", currency="currency_id")
    closing_doc = _money("Closing (document)", currency="currency_id")
    wip_doc = _money("WIP (document)", currency="currency_id")
    advance_doc = _money("Billed in advance (document)", currency="currency_id")

    @api.model
    def _get_billing_types(self):
        field = self.env["project.billing.rule"]._fields["billing_type"]
        return field._description_selection(self.env)

    # -- the period ------------------------------------------------------------------

    @api.model
    def _get_period(self):
        """Return the first and last day of the context's period."""
        context = self.env.context
        date_to = fields.Date.to_date(context.get(PERIOD[1]))
        date_to = date_to or self.env.company._get_billing_today()
        date_from = fields.Date.to_date(context.get(PERIOD[0]))
        return date_from or date_to.replace(day=1), date_to

    @api.model
    def _in_period(self, date_from, date_to):
        """Return this model with the period of the given days, both included."""
        return self.with_context(billing_wip_from=date_from, billing_wip_to=date_to)

    @api.model
    def _search(self, *args, **kwargs):
        # nothing tells the cache that an invoice was posted in the same transaction
        self.invalidate_model(flush=False)
        return super()._search(*args, **kwargs)

    @property
    def _table_query(self):
        date_from, date_to = self._get_period()
        return self._build_query(date_from, date_to)

    @api.model
    def _build_query(self, date_from, date_to):
        """Return the SQL of the table for a period and the companies in use."""
        companies = self.env.companies.sudo()
        prepare_large_query(self.env.cr)
        for name in (
            "account.analytic.line",
            "account.move",
            "project.billing.allocation",
            "project.billing.item",
            "project.billing.rule",
            "project.task",
        ):
            self.env[name].flush_model()
        day_before = date_from - timedelta(days=1)
        return build_wip_query(
            self.env(su=True),
            date_from,
            date_to,
            self._get_firms(companies, day_before, date_to),
            self._get_progress(companies, day_before, date_to),
        )

    @api.model
    def _get_firms(self, companies, day_before, date_to):
        """Return the rows of companies for :func:`build_wip_query`."""
        ends = self.env["project.billing.month.end"]
        before, closed = (
            ends._get_closing_moments(companies, day) for day in (day_before, date_to)
        )
        return [
            (
                company.id,
                company.root_id.id,
                company._get_billing_timezone(),
                before.get(company.id),
                closed.get(company.id),
            )
            for company in companies
        ]

    @api.model
    def _get_progress(self, companies, day_before, date_to):
        """Return ``[(item id, percentage, percentage)]`` of progress at two days."""
        items = (
            self.env["project.billing.item"]
            .sudo()
            .search([("kind", "=", "progress"), ("company_id", "in", companies.ids)])
        )
        old = items._get_progress_at(day_before)
        new = items._get_progress_at(date_to)
        return [(item.id, old[item], new[item]) for item in items]

    # -- for other code --------------------------------------------------------------

    @api.model
    def _get_by_project(self, date, projects=None):
        """Return ``{project id: (WIP, billed in advance)}`` at the end of a day.

        Company currency, of the companies in use; the user's rights hold.
        """
        domain = [] if projects is None else [("project_id", "in", projects.ids)]
        groups = self._in_period(date, date)._read_group(
            domain, ["project_id"], ["wip:sum", "advance:sum"]
        )
        return {project.id: (wip, advance) for project, wip, advance in groups}

    @api.model
    def _get_end_of_day(self, company, day):
        """Return the moment (UTC, naive) at which a day ends in a company's zone."""
        zone = pytz.timezone(company._get_billing_timezone())
        moment = zone.localize(datetime.combine(day + timedelta(days=1), time.min))
        return moment.astimezone(pytz.utc).replace(tzinfo=None)

    def action_open_rule(self):
        """Button: open the rule whose work this is."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "project.billing.rule",
            "res_id": self.rule_id.id,
            "view_mode": "form",
        }
