from odoo import api, models
from odoo.fields import Domain

from .project_billing_dashboard_cash_mixin import OUTSTANDING
from .project_billing_tracker import STAGES

NOT_OWED = [key for key, _name in STAGES if key not in OUTSTANDING]

# what is asked of what is not invoiced: one row for each project says it all
WORK = ("stage", "is_held", "project_id")
WORK_SUMS = {
    "net": "net_company:sum",
    "planned": "date_planned:min",
    "count": "__count",
}
# what is asked of what is owed: one query answers all of these
OWED = {
    "figures": ("stage", "is_retained", "bucket"),
    "due": ("date_due:day",),
    "expected": ("date_expected:day",),
    "debtors": ("stage", "partner_id"),
    "projects": ("stage", "project_id"),
}
OWED_SUMS = {
    "gross": "gross_company:sum",
    "days": "days_overdue:max",
    "count": "__count",
}
# the same for all rows that were not asked for it
DEFAULTS = {
    "is_held": False,
    "is_retained": False,
    "bucket": False,
    "net": 0.0,
    "gross": 0.0,
    "days": 0,
    "planned": False,
}


class ProjectBillingDashboardReadMixin(models.AbstractModel):
    """What the dashboard asks the tracker, as few large questions as can be.

    Each group of rows carries its company, whose currency its amounts are in; they are
    returned in that of the user's current company.
    """

    _name = "project.billing.dashboard.read.mixin"
    _description = "Billing Dashboard: Questions"

    @api.model
    def _read_work(self, domain, factors):
        """Return rows of what is ready or on a draft, by ``WORK``."""
        (answer,) = self._read_sums(
            domain & Domain("stage", "in", ("ready", "draft")),
            [WORK],
            WORK_SUMS,
            factors,
        )
        return answer

    @api.model
    def _read_owed(self, domain, factors):
        """Return ``{name of OWED: rows}`` of what customers owe."""
        # PostgreSQL expects next to no rows of a stage, and all but those of others
        owed = Domain("stage", "not in", NOT_OWED)
        answers = self._read_sums(domain & owed, OWED.values(), OWED_SUMS, factors)
        return dict(zip(OWED, answers, strict=True))

    @api.model
    def _read_sums(self, domain, groups, sums, factors):
        """Return a list of rows for each of some groupings, in one query.

        :param groups: list of names of columns
        :param sums: ``{key: aggregate}`` that each row gets
        :param factors: ``{company id: factor}``
        """
        answers = self.env["project.billing.tracker"]._read_grouping_sets(
            domain, [("company_id", *names) for names in groups], list(sums.values())
        )
        return [
            [self._build_row(names, sums, values, factors) for values in answer]
            for names, answer in zip(groups, answers, strict=True)
        ]

    @api.model
    def _build_row(self, names, sums, values, factors):
        row = {**DEFAULTS, **dict(zip((*names, *sums), values[1:], strict=True))}
        factor = factors[values[0].id]
        row["net"] = (row["net"] or 0.0) * factor
        row["gross"] = (row["gross"] or 0.0) * factor
        return row

    @api.model
    def _sum(self, rows, measure):
        return self.env.company.currency_id.round(sum(row[measure] for row in rows))

    @api.model
    def _read_total(self, domain, factors, **context):
        """Return the gross total and number of rows of a domain.

        :param context: of the tracker
        """
        tracker = self.env["project.billing.tracker"].with_context(**context)
        groups = tracker._read_group(
            domain, ["company_id"], ["gross_company:sum", "__count"]
        )
        total = sum(gross * factors[company.id] for company, gross, _count in groups)
        count = sum(count for _company, _gross, count in groups)
        return self.env.company.currency_id.round(total), count
