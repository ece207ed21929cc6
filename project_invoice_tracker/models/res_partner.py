from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    billing_order_required = fields.Boolean(
        string="Order number required",
        tracking=True,
        help="Project invoices to this customer are made only with the customer's "
        "order number (PO).",
    )

    def _commercial_fields(self):
        return super()._commercial_fields() + ["billing_order_required"]
