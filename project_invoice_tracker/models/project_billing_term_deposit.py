from odoo import models


class ProjectBillingTermDeposit(models.AbstractModel):
    """A deposit is taken off later invoices until it is used up."""

    _name = "project.billing.term.deposit"
    _inherit = "project.billing.term"
    _description = "Billing Term: Deposits"
