from odoo import fields, models


class ProjectBillingSummaryMixin(models.AbstractModel):
    """What an invoice says of the deal: cap, prepaid hours, retention, progress.

    Written when the document is posted, in the customer's language, and printed from
    there: an invoice that is printed again next year says the same.
    """

    _name = "project.billing.summary.mixin"
    _description = "Summary of the Deal on Invoices"

    billing_summary = fields.Json(
        readonly=True,
        copy=False,
        export_string_translation=False,
        help="List of blocks with title and rows (label, value), as printed.",
    )

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted._freeze_summaries()
        return posted

    def _freeze_summaries(self):
        """Store what newly posted documents say of the deal."""
        moves = self.filtered(lambda m: m.is_sale_document() and m._get_rows())
        for lang, own in moves.grouped(lambda m: m.partner_id.lang).items():
            terms = self.env["project.billing.terms"].sudo().with_context(lang=lang)
            summaries = terms._summarise(own.sudo().with_context(lang=lang))
            for move in own:
                blocks = summaries.get(move.id) or False
                if move.billing_summary != blocks:
                    move.sudo().billing_summary = blocks
