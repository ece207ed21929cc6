from odoo import fields, models


class ProjectBillingItemProgressMixin(models.AbstractModel):
    """How much of an item is earned so far."""

    _name = "project.billing.item.progress.mixin"
    _description = "Billing Item: Progress"

    currency_id = fields.Many2one("res.currency")
