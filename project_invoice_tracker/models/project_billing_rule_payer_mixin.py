from odoo import fields, models


class ProjectBillingRulePayerMixin(models.AbstractModel):
    """Who pays which share, and what has to be there first."""

    _name = "project.billing.rule.payer.mixin"
    _description = "Billing Rule: Payers and Documents"

    currency_id = fields.Many2one("res.currency")
