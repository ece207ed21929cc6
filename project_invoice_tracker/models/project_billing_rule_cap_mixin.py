from odoo import fields, models


class ProjectBillingRuleCapMixin(models.AbstractModel):
    """Not to exceed: the rule's cap, the customer's order, change orders."""

    _name = "project.billing.rule.cap.mixin"
    _description = "Billing Rule: Cap and Change Order"

    currency_id = fields.Many2one("res.currency")
