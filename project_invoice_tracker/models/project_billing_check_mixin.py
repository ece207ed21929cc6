from odoo import api, fields, models

SHOWN = 80
MOST = 1000


class ProjectBillingCheckMixin(models.AbstractModel):
    """The ledger check on the month-end page: what was open as of its last day.

    Read each time the page is opened, not kept: a difference that came after the last
    refresh must be seen.
    """

    _name = "project.billing.check.mixin"
    _description = "Ledger Check of a Month"

    check_ids = fields.Many2many(
        "project.billing.check",
        compute="_compute_check_ids",
        string="Differences of tracker and books",
    )
    difference_count = fields.Integer(
        compute="_compute_check_ids", string="Ledger check"
    )

    @api.depends("date", "company_id")
    def _compute_check_ids(self):
        for page in self:
            model, domain = page._get_checks()["difference"]
            checks = self.env[model].with_context(**page._get_check_context())
            checks.invalidate_model()  # rows of another day may have the same ids
            rows = checks.search_fetch(domain, limit=MOST) if page.date else checks
            page.check_ids = rows[:SHOWN]
            page.difference_count = len(rows)

    def _get_check_context(self):
        """Return the context in which checks are read: the page's company and day."""
        self.ensure_one()
        today = self.company_id._get_billing_today()
        return {
            "allowed_company_ids": self.company_id.ids,
            # a month that is not over is checked as it is now
            "billing_tracker_date": bool(self.date and self.date < today)
            and fields.Date.to_string(self.date),
        }
