from odoo import fields, models


class ProjectBillingItemDepositMixin(models.AbstractModel):
    """What later invoices took off a deposit, and what is left."""

    _name = "project.billing.item.deposit.mixin"
    _description = "Billing Item: Deposit"

    currency_id = fields.Many2one("res.currency")

    drawn_amount = fields.Monetary(
        string="Deducted",
        readonly=True,
        copy=False,
        default=0.0,
        help="What invoices took off this deposit, in the rule's currency.",
    )
