from contextlib import suppress
from datetime import date

from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.account.controllers.portal import PortalAccount

from ..exceptions import AlreadyNotedError, PauseError


class PausePortal(PortalAccount):
    """The customer disputes an invoice, or names the day of the payment."""

    def _get_pause_viewpoint(self, invoice, access_token):
        """Return whether the visitor may answer for the customer of an invoice.

        A link with its token may; so may contacts of the customer, not whoever else
        follows the invoice, and nobody of the firm.
        """
        user = request.env.user
        if user._is_internal():
            return False
        token = invoice.sudo().access_token
        if access_token and token and consteq(token, access_token):
            return True
        if user._is_public():
            return False
        partner = user.sudo().partner_id.commercial_partner_id
        return request.env["account.overdue.pause"]._may_answer_portal(invoice, partner)

    def _invoice_get_page_view_values(self, invoice, access_token, **kwargs):
        values = super()._invoice_get_page_view_values(invoice, access_token, **kwargs)
        pauses = request.env["account.overdue.pause"].sudo()
        invoice = invoice.sudo()
        if invoice.overdue_is_payable:
            values["pause"] = {
                **pauses._get_portal_values(invoice),
                "may_answer": self._get_pause_viewpoint(invoice, access_token),
                "is_known": not request.env.user._is_public(),
                "error": request.session.pop("billing_pause_error", ""),
                "access_token": access_token,
            }
        return values

    @http.route(
        "/my/invoices/<int:invoice_id>/dispute",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_invoice_dispute(self, invoice_id, **post):
        return self._answer_invoice("dispute", invoice_id, **post)

    @http.route(
        "/my/invoices/<int:invoice_id>/promise",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_invoice_promise(self, invoice_id, **post):
        return self._answer_invoice("promise", invoice_id, **post)

    def _answer_invoice(
        self, kind, invoice_id, access_token=None, signer="", text="", day="", **kw
    ):
        """Keep the answer and show the invoice again: it says what is kept."""
        try:
            invoice = self._document_check_access(
                "account.move", invoice_id, access_token
            )
        except (AccessError, MissingError) as error:
            raise NotFound() from error
        if not self._get_pause_viewpoint(invoice, access_token):
            raise NotFound()
        user = request.env.user
        known = user.sudo().partner_id if not user._is_public() else None
        try:
            chosen = date.fromisoformat(day) if day else None
        except ValueError:
            chosen = None
        pauses = request.env["account.overdue.pause"].sudo()
        try:
            # pressed twice at the same moment: the page shows what is kept
            with suppress(AlreadyNotedError):
                pauses._answer_portal(
                    kind,
                    invoice.sudo(),
                    known.name if known else signer,
                    text,
                    chosen,
                    known,
                )
        except PauseError as error:
            request.session["billing_pause_error"] = str(error)
        return request.redirect(invoice.sudo().get_portal_url())
