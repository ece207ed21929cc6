from datetime import timedelta

from odoo import api, models

from ..exceptions import PauseError


class AccountOverduePausePortalMixin(models.AbstractModel):
    """What customers say about an invoice in their portal: dispute it, name a day.

    Kept as given, with name and time. Customers have no right to any model of this
    add-on: the controller has checked who asks, and runs this as superuser.
    """

    _name = "account.overdue.pause.portal.mixin"
    _description = "Disputes and Promises of Customers"

    @api.model
    def _may_answer_portal(self, move, partner):
        """Return whether a commercial partner is who the invoice is for."""
        return bool(partner) and move.sudo().commercial_partner_id == partner

    @api.model
    def _get_portal_values(self, move):
        """Return what the customer's page of an invoice shows, as plain values.

        :param move: ``account.move``, superuser
        """
        today = move.company_id._get_billing_today()
        pauses = move.overdue_pause_ids.filtered(lambda p: p.state == "open")
        pauses = pauses.filtered(lambda p: p.kind in ("dispute", "promise"))
        return {
            "pauses": [pause._prepare_portal_row() for pause in pauses],
            "is_disputed": "dispute" in pauses.mapped("kind"),
            "date_first": today,
            "date_last": self._get_portal_last_day(move),
            "may_promise": self._get_portal_days(move) and not self._has_broken(move),
        }

    def _prepare_portal_row(self):
        """Return one of the open pauses in the words that the customer may read.

        What our people noted of it is theirs: only that it is known is told.
        """
        self.ensure_one()
        return {
            "kind": self.kind,
            "date": self.date_start,
            "date_end": self.date_end,
            "signer": self.signer if self.is_from_customer else "",
            "text": self.reason if self.is_from_customer else "",
        }

    @api.model
    def _get_portal_last_day(self, move):
        """Return the last day that the customer may promise by themselves.

        Counted from their first promise: naming new days again and again does not
        put the payment off for ever.
        """
        promises = move.overdue_pause_ids.filtered(
            lambda p: p.kind == "promise" and p.is_from_customer
        )
        today = move.company_id._get_billing_today()
        first = min([*promises.mapped("date_start"), today])
        return first + timedelta(self._get_portal_days(move))

    @api.model
    def _get_portal_days(self, move):
        """Return by how many days, in all, a customer may put the payment off."""
        return max(move.company_id.overdue_promise_days, 0)

    @api.model
    def _has_broken(self, move):
        promises = move.overdue_pause_ids.filtered(lambda p: p.kind == "promise")
        promises._settle()
        return "broken" in promises.mapped("state")

    @api.model
    def _answer_portal(self, kind, move, signer, text="", day=None, contact=None):
        """Keep what a customer says; the same a second time changes nothing.

        :param kind: ``dispute`` or ``promise``
        :param move: ``account.move``, superuser, checked by the caller
        :param signer: name of the person
        :param day: of a promise
        :param contact: of the portal account, if one was used
        :raise PauseError: no name, no reason, a day that cannot be promised, paid
        """
        signer, text = (signer or "").strip(), (text or "").strip()
        if not signer:
            raise PauseError(self.env._("Please enter your name."))
        if kind == "promise":
            self._check_portal_promise(move, day)
        return self.sudo()._log(
            kind,
            move,
            reason=text,
            date_end=day if kind == "promise" else False,
            signer=signer,
            contact_id=contact.id if contact else False,
            is_from_customer=True,
        )

    @api.model
    def _check_portal_promise(self, move, day):
        if self._has_broken(move):
            raise PauseError(
                self.env._(
                    "An earlier day has passed without the payment. Please contact us."
                )
            )
        is_open = self._get_portal_days(move)
        if not is_open or (day and day > self._get_portal_last_day(move)):
            raise PauseError(
                self.env._("That day is too far off. Please contact us to agree on it.")
            )
