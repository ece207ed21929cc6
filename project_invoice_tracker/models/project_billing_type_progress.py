from odoo import models


class ProjectBillingTypeProgress(models.AbstractModel):
    """Progress: what is earned to date less what was billed before."""

    _name = "project.billing.type.progress"
    _inherit = "project.billing.item.room"
    _description = "Billing Type: Progress"

    _kinds = ("progress",)
