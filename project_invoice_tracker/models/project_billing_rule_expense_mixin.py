from odoo import fields, models


class ProjectBillingRuleExpenseMixin(models.AbstractModel):
    """Which costs a rule passes on, with which mark-up."""

    _name = "project.billing.rule.expense.mixin"
    _description = "Billing Rule: Costs"

    currency_id = fields.Many2one("res.currency")
