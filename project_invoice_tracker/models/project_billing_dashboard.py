from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import date_utils

from ..exceptions import BillingError
from ..tools.dso import get_dso
from .project_billing_dashboard_cash_mixin import OUTSTANDING

DSO_DAYS = 90
DEBTORS = 5
# figure: (measure, what its rows have in common)
FIGURES = {
    "ready": ("net", {"stage": "ready", "is_held": False}),
    "held": ("net", {"stage": "ready", "is_held": True}),
    "draft": ("net", {"stage": "draft"}),
    "open": ("gross", {"stage": "open", "is_retained": False}),
    "overdue": ("gross", {"stage": "overdue"}),
    "retained": ("gross", {"stage": "open", "is_retained": True}),
}


class ProjectBillingDashboard(models.AbstractModel):
    """Where the money is, on one page: the figures behind the app's first screen.

    All figures come from the tracker as the user may read it: a project manager gets
    those of own projects, an officer those of the companies chosen in the switcher.
    Amounts are in the currency of the user's current company. Those of other companies
    are converted at today's rate; where there is none they are left out, and the
    company is named.
    """

    _name = "project.billing.dashboard"
    _inherit = [
        "project.billing.convert.mixin",
        "project.billing.dashboard.cash.mixin",
        "project.billing.dashboard.read.mixin",
    ]
    _description = "Billing Dashboard"

    @api.model
    @api.readonly
    def get_data(self, filters=None):
        """Return all figures of the dashboard, with the domains of their records.

        :param filters: ``user_id`` (project manager), ``partner_id`` (customer; both
            ids or false) and ``period`` of what was collected: ``this_month`` (default)
            ``last_month``, ``this_quarter`` or ``this_year``
        :return: dict for the screen; dates as text, amounts in ``currency_id``
        :raise AccessError: for users without access to the tracker
        :raise BillingError: unknown period
        """
        filters = dict(filters or {})
        today = self.env.company._get_billing_today()
        period = self._get_period(filters.get("period") or "this_month", today)
        domain = self._get_domain(filters)
        factors, missing = self._get_factors(today)
        companies = Domain("company_id", "in", list(factors))
        work = self._read_work(domain & companies, factors)
        owed = self._read_owed(domain & companies, factors)
        receivable = self._sum(owed["figures"], "gross")
        return {
            "currency_id": self.env.company.currency_id.id,
            "today": fields.Date.to_string(today),
            "has_rules": bool(self.env["project.billing.rule"].search_count([], 1)),
            "is_officer": self.env.user.has_group(
                "project_invoice_tracker.group_billing_officer"
            ),
            "currency_note": self._get_currency_note(factors, missing, today),
            "figures": [
                *self._get_figures([*work, *owed["figures"]], domain),
                self._get_collected(domain, companies, factors, period),
                self._get_dso(receivable, domain, companies, factors, today),
            ],
            "ageing": self._get_ageing(owed["figures"], domain),
            "cash_in": self._get_cash_in(owed["due"], domain, today),
            "cash_expected": self._get_cash_expected(owed["expected"], domain, today),
            "debtors": self._get_debtors(owed["debtors"], domain),
            "projects": self.env["project.billing.attention"]._get_projects(
                [*work, *owed["projects"]], domain, filters, today
            ),
        }

    # -- filters ---------------------------------------------------------------------

    @api.model
    def _get_period(self, key, today):
        """Return the first and last day of a period."""
        if key == "this_month":
            return date_utils.start_of(today, "month"), date_utils.end_of(
                today, "month"
            )
        if key == "last_month":
            day = today - relativedelta(months=1)
            return date_utils.start_of(day, "month"), date_utils.end_of(day, "month")
        if key == "this_quarter":
            return date_utils.get_quarter(today)
        if key == "this_year":
            return date_utils.start_of(today, "year"), date_utils.end_of(today, "year")
        raise BillingError(
            self.env._(
                "The dashboard knows no period %s. Choose this or last month, this "
                "quarter or this year.",
                key,
            )
        )

    @api.model
    def _get_domain(self, filters):
        """Return the domain of what customers owe or will owe, as filtered."""
        domain = Domain("is_payable", "=", False)
        if filters.get("user_id"):
            domain &= Domain("user_id", "=", int(filters["user_id"]))
        if filters.get("partner_id"):
            partner = self.env["res.partner"].browse(int(filters["partner_id"]))
            domain &= Domain("partner_id", "=", partner.commercial_partner_id.id)
        return domain

    # -- blocks ----------------------------------------------------------------------

    @api.model
    def _get_figures(self, rows, domain):
        figures = []
        for key, (measure, values) in FIGURES.items():
            own = [r for r in rows if all(r[name] == v for name, v in values.items())]
            where = [Domain(name, "=", value) for name, value in values.items()]
            figures.append(
                {
                    "key": key,
                    "amount": self._sum(own, measure),
                    "count": sum(row["count"] for row in own),
                    "days": max((row["days"] for row in own), default=0),
                    "domain": list(Domain.AND([domain, *where])),
                }
            )
        return figures

    @api.model
    def _get_collected(self, domain, companies, factors, period):
        """Return what customers paid in a period: by the day of the payment."""
        first, last = map(fields.Date.to_string, period)
        paid = (
            domain
            & Domain("stage", "=", "paid")
            & Domain("date_paid", ">=", first)
            & Domain("date_paid", "<=", last)
        )
        amount, count = self._read_total(paid & companies, factors)
        return {
            "key": "collected",
            "amount": amount,
            "count": count,
            "domain": list(paid),
            "date_from": first,
            "date_to": last,
        }

    @api.model
    def _get_dso(self, receivable, domain, companies, factors, today):
        """Return the days sales outstanding of the last 90 days, today included."""
        first = today - timedelta(days=DSO_DAYS - 1)
        sold = (
            domain
            & Domain("date_invoiced", ">=", fields.Date.to_string(first))
            & Domain("date_invoiced", "<=", fields.Date.to_string(today))
        )
        sales, count = self._read_total(
            sold & companies, factors, billing_tracker_invoiced=True
        )
        days = get_dso(receivable, sales, DSO_DAYS)
        return {
            "key": "dso",
            "days": False if days is None else round(days, 2),
            "receivable": receivable,
            "sales": sales,
            "count": count,
            "domain": list(domain & Domain("stage", "in", OUTSTANDING)),
        }

    @api.model
    def _get_ageing(self, rows, domain):
        """Return the buckets of what is owed, from not due to over 90 days."""
        buckets = self.env["project.billing.tracker"]._fields["bucket"]
        ageing = []
        for key, label in buckets._description_selection(self.env):
            own = [row for row in rows if row["bucket"] == key]
            ageing.append(
                {
                    "key": key,
                    "label": label,
                    "amount": self._sum(own, "gross"),
                    "count": sum(row["count"] for row in own),
                    "domain": list(domain & Domain("bucket", "=", key)),
                }
            )
        return ageing

    @api.model
    def _get_debtors(self, rows, domain):
        """Return the customers who owe most that is late."""
        late = {}
        for row in rows:
            if row["stage"] == "overdue" and row["partner_id"]:
                late.setdefault(row["partner_id"], []).append(row)
        currency = self.env.company.currency_id
        amounts = {
            partner: currency.round(sum(row["gross"] for row in own))
            for partner, own in late.items()
        }
        worst = sorted(
            (partner for partner, amount in amounts.items() if amount > 0),
            key=lambda partner: (-amounts[partner], partner.id),
        )[:DEBTORS]
        names = self.env["res.partner"].sudo().browse([one.id for one in worst])
        return [
            {
                "id": partner.id,
                "name": name.display_name,
                "amount": amounts[partner],
                "days": max(row["days"] for row in late[partner]),
                "domain": list(
                    domain
                    & Domain("stage", "=", "overdue")
                    & Domain("partner_id", "=", partner.id)
                ),
            }
            for partner, name in zip(worst, names, strict=True)
        ]
