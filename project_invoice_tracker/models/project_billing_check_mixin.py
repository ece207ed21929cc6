from odoo import api, fields, models

SHOWN = 80


class ProjectBillingCheckMixin(models.AbstractModel):
    """The ledger check on the month-end page: what was open as of its last day.

    The check reads all books, so it is counted when the page is refreshed; only where
    something was found are the differences read when the page is opened.
    """

    _name = "project.billing.check.mixin"
    _description = "Ledger Check of a Month"

    difference_count = fields.Integer(
        string="Ledger check",
        readonly=True,
        copy=False,
        help="Differences of tracker and books at the last refresh; 0 = all agrees.",
    )
    check_ids = fields.Many2many(
        "project.billing.check",
        compute="_compute_check_ids",
        string="Differences of tracker and books",
    )

    @api.depends("date", "company_id", "difference_count")
    def _compute_check_ids(self):
        for page in self:
            checks, domain = page._get_differences()
            checks.invalidate_model()  # rows of another day may have the same ids
            found = page.difference_count and checks.search_fetch(domain, limit=SHOWN)
            page.check_ids = found or checks

    def _count_differences(self):
        """Read all books and keep how many differences there are."""
        for page in self:
            checks, domain = page._get_differences()
            page.difference_count = checks.search_count(domain)

    def _get_differences(self):
        """Return the model of the check as of the page's day, and the domain."""
        self.ensure_one()
        model, domain = self._get_checks()["difference"]
        return self.env[model].with_context(**self._get_check_context()), domain

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
