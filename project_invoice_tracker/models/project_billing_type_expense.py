from odoo import models


class ProjectBillingTypeExpense(models.AbstractModel):
    """Costs passed on: each vendor bill line of the project is an item."""

    _name = "project.billing.type.expense"
    _inherit = "project.billing.item.room"
    _description = "Billing Type: Costs Passed On"

    _kinds = ("cost",)
