from odoo import models


class AccountEdiXmlCii(models.AbstractModel):
    """Factur-X, which the host puts into every invoice's PDF."""

    _inherit = "account.edi.xml.cii"

    def _export_invoice_vals(self, invoice):
        vals = super()._export_invoice_vals(invoice)
        if order := invoice.billing_customer_order:
            vals["purchase_order_reference"] = order
        if invoice.billing_date_start and invoice.billing_date_end:
            vals["billing_start"] = invoice.billing_date_start
            vals["billing_end"] = invoice.billing_date_end
        return vals
