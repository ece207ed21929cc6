from markupsafe import Markup

from odoo import api, fields, models


class ProjectBillingSummaryMixin(models.AbstractModel):
    """What an invoice says of the deal: cap, prepaid hours, retention, progress.

    Written when the document is posted, in the customer's language, and printed from
    there: an invoice that is printed again next year says the same. A draft shows what
    it would say.
    """

    _name = "project.billing.summary.mixin"
    _description = "Summary of the Deal on Invoices"

    billing_summary = fields.Json(
        readonly=True,
        copy=False,
        export_string_translation=False,
        help="List of blocks with title and rows (label, value), as printed.",
    )
    billing_summary_html = fields.Html(
        string="The deal so far",
        compute="_compute_billing_summary_html",
        compute_sudo=True,
        sanitize=False,
        help="As it is printed below the totals.",
    )

    @api.depends("billing_summary", "billing_allocation_ids", "state")
    def _compute_billing_summary_html(self):
        for move in self:
            blocks = move._origin._get_billing_summary() if move._origin else []
            move.billing_summary_html = blocks and Markup(
                self.env["ir.qweb"]._render(
                    "project_invoice_tracker.billing_summary_blocks", {"blocks": blocks}
                )
            )

    def _get_billing_summary(self):
        """Return the blocks to print: frozen ones, of a draft what it would say.

        :return: list of dicts with ``title`` and ``rows``, (label, value) as shown
        """
        self.ensure_one()
        if self.state == "draft" and self.is_sale_document():
            return self._build_summaries().get(self.id, [])
        return self.billing_summary or []

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted._freeze_summaries()
        return posted

    def _freeze_summaries(self):
        """Store what newly posted documents say of the deal."""
        summaries = self._build_summaries()
        for move in self.filtered(lambda m: m.billing_summary or m.id in summaries):
            blocks = summaries.get(move.id) or False
            if move.billing_summary != blocks:
                # nothing that the host computes depends on it
                quiet = move.sudo().with_context(skip_invoice_sync=True)
                quiet.billing_summary = blocks

    def _build_summaries(self):
        """Return ``{document id: blocks}``, each in its customer's language."""
        summaries = {}
        moves = self.filtered(lambda m: m.is_sale_document())._filter_billing_work()
        for lang, own in moves.grouped(lambda m: m.partner_id.lang).items():
            terms = self.env["project.billing.terms"].sudo().with_context(lang=lang)
            summaries.update(terms._summarise(own.sudo().with_context(lang=lang)))
        return summaries
