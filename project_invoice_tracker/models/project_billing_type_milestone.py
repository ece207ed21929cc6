from odoo import models


class ProjectBillingTypeMilestone(models.AbstractModel):
    """Milestones: each item of the rule is an amount that is invoiced once."""

    _name = "project.billing.type.milestone"
    _inherit = "project.billing.item.room"
    _description = "Billing Type: Milestones"

    _kinds = ("milestone", "pack")  # a pack is sold once, too
