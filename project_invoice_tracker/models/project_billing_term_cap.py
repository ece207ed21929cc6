from odoo import models


class ProjectBillingTermCap(models.AbstractModel):
    """Not to exceed: a rule's cap and the amount of the customer's order."""

    _name = "project.billing.term.cap"
    _inherit = "project.billing.term"
    _description = "Billing Term: Caps"
