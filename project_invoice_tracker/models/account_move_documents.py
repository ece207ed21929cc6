from odoo import fields, models


class ProjectBillingDocumentsMixin(models.AbstractModel):
    """The required documents go along with the invoice, where the rule says so."""

    _name = "project.billing.documents.mixin"
    _description = "Documents of Invoices"

    billing_document_attachment_ids = fields.Many2many(
        "ir.attachment",
        "account_move_billing_document_rel",
        "move_id",
        "attachment_id",
        string="Attached documents",
        copy=False,
        readonly=True,
        help="Copies of the required documents, made when the invoice was posted.",
    )

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted._attach_billing_documents()
        return posted

    def _attach_billing_documents(self):
        """Attach copies of the documents that newly posted invoices rely on."""
        moves = self.filtered(lambda move: move.move_type == "out_invoice").sudo()
        moves.billing_document_attachment_ids.unlink()  # of an earlier posting
        rows = moves._get_rows(
            [("kind", "=", "bill"), ("rule_id.document_attach", "=", True)]
        )
        documents = self.env["project.billing.document"].sudo()
        documents = documents.search([("rule_id", "in", rows.rule_id.ids)])
        for move, own in rows.grouped("move_id").items():
            proofs = documents.filtered(
                lambda document, own=own: any(
                    document.rule_id == row.rule_id
                    and document._covers(row.item_id, row.date, row.date)
                    for row in own
                )
            )
            files = self.env["ir.attachment"].sudo()
            move.billing_document_attachment_ids = files.create(
                [
                    {
                        "name": document.file_name or document.display_name,
                        "datas": document.file,
                        "res_model": self._name,
                        "res_id": move.id,
                        "company_id": move.company_id.id,
                    }
                    for document in proofs
                ]
            )
