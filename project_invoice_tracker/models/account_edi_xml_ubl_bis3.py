import base64

from odoo import models


class AccountEdiXmlUblBis3(models.AbstractModel):
    """BIS Billing 3 and its national dialects: order, period, annex of billed work."""

    _inherit = "account.edi.xml.ubl_bis3"

    def _add_invoice_header_nodes(self, document_node, vals):
        super()._add_invoice_header_nodes(document_node, vals)
        invoice = vals["invoice"]
        if not invoice.is_sale_document():
            return
        self._add_billing_order_node(document_node, invoice)
        self._add_billing_period_node(document_node, invoice)
        self._add_billing_origin_node(document_node, invoice)
        self._add_billing_annex_node(document_node, invoice)

    def _add_billing_order_node(self, document_node, invoice):
        """BT-13, purchase order reference. The host takes ``ref``, which on a credit
        note is the text *Reversal of: ...*."""
        if order := invoice.billing_customer_order:
            document_node["cac:OrderReference"]["cbc:ID"] = {"_text": order}

    def _add_billing_period_node(self, document_node, invoice):
        """BG-14, invoicing period; UBL 2.1 has it on invoice and credit note."""
        start, end = invoice.billing_date_start, invoice.billing_date_end
        if start or end:
            document_node["cac:InvoicePeriod"] = {
                "cbc:StartDate": {"_text": start or None},
                "cbc:EndDate": {"_text": end or None},
            }

    def _add_billing_origin_node(self, document_node, invoice):
        """BG-3, preceding invoice of a credit note of billed work."""
        origin = invoice.reversed_entry_id
        if invoice.billing_credit_mode and origin:
            document_node["cac:BillingReference"] = {
                "cac:InvoiceDocumentReference": {
                    "cbc:ID": {"_text": origin.name},
                    "cbc:IssueDate": {"_text": origin.invoice_date},
                }
            }

    def _add_billing_annex_node(self, document_node, invoice):
        """BG-24, additional supporting document: the frozen file, as it is.

        ``text/csv`` is one of the media types that EN 16931 allows there.
        """
        annex = invoice.sudo().billing_annex_id
        if annex:
            document_node["cac:AdditionalDocumentReference"] = {
                "cbc:ID": {"_text": annex.name},
                "cac:Attachment": {
                    "cbc:EmbeddedDocumentBinaryObject": {
                        "_text": base64.b64encode(annex.raw).decode(),
                        "mimeCode": annex.mimetype,
                        "filename": annex.name,
                    }
                },
            }
