from odoo import models


class ProjectBillingTypeRecurring(models.AbstractModel):
    """A fee for each period: every period is an item that is invoiced once."""

    _name = "project.billing.type.recurring"
    _inherit = "project.billing.item.room"
    _description = "Billing Type: Recurring Fee"

    _kinds = ("period",)
