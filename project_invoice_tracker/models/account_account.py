from odoo import fields, models


class AccountAccount(models.Model):
    _inherit = "account.account"

    billing_forecast_excluded = fields.Boolean(
        string="Not in the cash forecast",
        help="The money of this bank or cash account is not at hand: a blocked account "
        "or a guarantee. The forecast of project billing starts without it.",
    )
