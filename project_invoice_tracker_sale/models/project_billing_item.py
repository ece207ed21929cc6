from odoo import api, models

from odoo.addons.project_invoice_tracker.exceptions import BillingRuleError


class ProjectBillingItem(models.Model):
    _inherit = "project.billing.item"

    @api.constrains("milestone_id", "active")
    def _check_milestone_not_sold(self):
        sold = self.filtered(lambda item: item.active and item._is_sold())
        if sold:
            raise BillingRuleError(
                self.env._(
                    "%(milestones)s: the sales order %(orders)s bills it when it is "
                    "reached. Remove the sales order item from the milestone, or leave "
                    "it to the order.",
                    milestones=", ".join(sold.milestone_id.mapped("name")),
                    orders=", ".join(
                        sold.sudo().milestone_id.sale_line_id.order_id.mapped("name")
                    ),
                )
            )

    def _is_sold(self):
        """Return whether a sales order bills the milestone of this item."""
        self.ensure_one()
        return bool(self.sudo().milestone_id.sale_line_id)
