from odoo import fields, models


class ProjectBillingRuleDepositMixin(models.AbstractModel):
    """The deposit of a rule and how it is taken off later invoices."""

    _name = "project.billing.rule.deposit.mixin"
    _description = "Billing Rule: Deposit"

    currency_id = fields.Many2one("res.currency")
