from odoo import models


class ProjectBillingTypeDeposit(models.AbstractModel):
    """Deposits: the room of their items, which rules of any type may have.

    Not a billing type of its own: a deposit is an advance on what a rule bills later.
    """

    _name = "project.billing.type.deposit"
    _inherit = "project.billing.item.room"
    _description = "Billing of Deposits"

    _kinds = ("deposit",)
