from odoo import models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _handle_milestones(self, project):
        # the host hands every milestone of the project to the confirmed order; those
        # of a billing rule stay with the rule
        leaving = project.with_context(billing_leave_milestones=True)
        result = super()._handle_milestones(leaving)
        owned = project.sudo().milestone_ids.filtered("billing_item_ids")
        if self.product_id.service_policy == "delivered_milestones" and owned:
            self._ensure_own_milestone(project)
        return result

    def _ensure_own_milestone(self, project):
        """Give the order a milestone of its own where all others are taken."""
        if any(m.sale_line_id == self for m in project.sudo().milestone_ids):
            return
        self.env["project.milestone"].create(
            {
                "name": self.name,
                "project_id": project.id,
                "sale_line_id": self.id,
                "quantity_percentage": 1,
            }
        )
