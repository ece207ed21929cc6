from odoo import models


class ProjectBillingTermPayer(models.AbstractModel):
    """Several payers share what a rule bills."""

    _name = "project.billing.term.payer"
    _inherit = "project.billing.term"
    _description = "Billing Term: Payers"
