from odoo import models


class ProjectBillingTermDocument(models.AbstractModel):
    """What the customer wants to see first: without it nothing is invoiced."""

    _name = "project.billing.term.document"
    _inherit = "project.billing.term"
    _description = "Billing Term: Required Documents"
