from odoo import fields, models


class ProjectBillingItemPeriodMixin(models.AbstractModel):
    """Period and included hours of an item, and what was drawn of them."""

    _name = "project.billing.item.period.mixin"
    _description = "Billing Item: Period and Hours"

    currency_id = fields.Many2one("res.currency")

    drawn_quantity = fields.Float(
        string="Drawn hours",
        digits=(16, 6),
        readonly=True,
        copy=False,
        default=0.0,
        help="Hours of time entries that used up the included hours.",
    )
