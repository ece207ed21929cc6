from odoo import api, fields, models


class ProjectTask(models.Model):
    _inherit = "project.task"

    overdue_warning = fields.Char(
        compute="_compute_overdue_warning",
        groups="project_invoice_tracker.group_billing_user",
        help="Of the project's unpaid invoices, for who manages it.",
    )

    overdue_hold = fields.Selection(related="project_id.overdue_hold")
    overdue_hold_reason = fields.Char(related="project_id.overdue_hold_reason")

    @api.depends("project_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_overdue_warning(self):
        for task in self:
            task.overdue_warning = task.project_id.overdue_warning

    def copy(self, default=None):
        copies = super().copy(default)
        mapping = self.env.context.get("billing_task_mapping")
        if mapping is not None:  # of a project template: its rules name tasks
            found, _dependencies = self._create_task_mapping(copies)
            mapping.update({old: new.id for old, new in found.items()})
        return copies

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"project_id", "parent_id", "tag_ids"}:
            self.env["account.analytic.line"].sudo().search(
                [("task_id", "child_of", self.ids), ("billed_quantity", "=", 0)]
            )._billing_refresh()
        return result
