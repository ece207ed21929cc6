from odoo import api, fields, models

USER = "project_invoice_tracker.group_billing_user"


class ProjectOverdueWarningMixin(models.AbstractModel):
    """A line on the project's form where its invoices need attention."""

    _name = "project.overdue.warning.mixin"
    _description = "Project: Overdue Warning"

    overdue_warning = fields.Char(
        compute="_compute_overdue_warning",
        groups=USER,
        help="Of the project's unpaid invoices, for who manages it.",
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_overdue_warning(self):
        shown = self._origin._filter_billing_reviewable()
        texts = self.env["account.overdue.warning"]._get_project_warnings(shown)
        for project in self:
            project.overdue_warning = texts.get(project._origin.id, False)
