from odoo import fields, models


class ProjectBillingRuleRecurringMixin(models.AbstractModel):
    """Period, proration, indexation and pause of a recurring fee."""

    _name = "project.billing.rule.recurring.mixin"
    _description = "Billing Rule: Period and Fee"

    currency_id = fields.Many2one("res.currency")
