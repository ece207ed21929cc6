from odoo import fields, models


class ProjectBillingRuleRetentionMixin(models.AbstractModel):
    """The share of each invoice that is due later."""

    _name = "project.billing.rule.retention.mixin"
    _description = "Billing Rule: Retention"

    currency_id = fields.Many2one("res.currency")
