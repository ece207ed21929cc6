from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _get_invoice_extra_attachments(self, move):
        """The annex goes along with the invoice's own files.

        Without those (a failed e-invoice falls back to a pro-forma) the host takes
        what is returned here for the invoice, so nothing is added then.
        """
        attachments = super()._get_invoice_extra_attachments(move)
        own = move.billing_annex_id + move.billing_document_attachment_ids
        return attachments + own if attachments else attachments

    @api.model
    def _get_default_mail_attachments_widget(self, move, mail_template, **kwargs):
        """The annex is listed before the invoice's files exist."""
        data = super()._get_default_mail_attachments_widget(
            move, mail_template, **kwargs
        )
        listed = {values["id"] for values in data}
        for file in move.billing_annex_id + move.billing_document_attachment_ids:
            if file.id not in listed:
                data.append(
                    {
                        "id": file.id,
                        "name": file.name,
                        "mimetype": file.mimetype,
                        "placeholder": False,
                        "protect_from_deletion": True,
                    }
                )
        # as if attached by hand: the host mails them and embeds them in e-invoices
        data += [
            {
                "id": file.id,
                "name": file.name,
                "mimetype": file.mimetype,
                "placeholder": False,
                "manual": True,
            }
            for file in move.billing_receipt_ids
        ]
        return data
