from odoo import api, models


class ProjectBillingTypeMilestone(models.AbstractModel):
    """Milestones that were sold before this bridge was there are left to the order."""

    _inherit = "project.billing.type.milestone"

    @api.model
    def _propose_item(self, item, claim, run):
        proposals = super()._propose_item(item, claim, run)
        if item._is_sold():
            order = item.sudo().milestone_id.sale_line_id.order_id
            for proposal in proposals:
                proposal.skip("owned_by_sales", order.name)
        return proposals

    @api.model
    def _prepare_item(self, run_line, claim):
        if run_line.item_id._is_sold():
            return []
        return super()._prepare_item(run_line, claim)
