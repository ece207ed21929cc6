from odoo import models


class ProjectTask(models.Model):
    _inherit = "project.task"

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"project_id", "parent_id", "tag_ids"}:
            self.env["account.analytic.line"].sudo().search(
                [("task_id", "child_of", self.ids), ("billed_quantity", "=", 0)]
            )._billing_refresh()
        return result
