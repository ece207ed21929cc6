from odoo import fields, models


class ProjectBillingRuleProgressMixin(models.AbstractModel):
    """From where the progress of a rule is taken."""

    _name = "project.billing.rule.progress.mixin"
    _description = "Billing Rule: Progress"

    currency_id = fields.Many2one("res.currency")
