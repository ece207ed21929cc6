from odoo import fields, models


class ProjectBillingItemCostMixin(models.AbstractModel):
    """The cost that an item passes on."""

    _name = "project.billing.item.cost.mixin"
    _description = "Billing Item: Cost"

    currency_id = fields.Many2one("res.currency")
