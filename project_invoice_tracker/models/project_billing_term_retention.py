from odoo import models


class ProjectBillingTermRetention(models.AbstractModel):
    """A share of each invoice is due later, as an instalment of its own."""

    _name = "project.billing.term.retention"
    _inherit = "project.billing.term"
    _description = "Billing Term: Retention"
