from odoo import fields, models


class ProjectBillingRulePrepaidMixin(models.AbstractModel):
    """Hours that are paid by a fee or a pack and drawn down by time."""

    _name = "project.billing.rule.prepaid.mixin"
    _description = "Billing Rule: Prepaid Hours"

    currency_id = fields.Many2one("res.currency")
