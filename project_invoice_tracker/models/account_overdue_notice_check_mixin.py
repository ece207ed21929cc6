from hashlib import sha256

from odoo import api, fields, models

from ..reasons_overdue import get_overdue_reason_text
from .account_overdue_notice_create_mixin import HOLD_ACTIVITY

# states in which a mail is on its way, or a person has the word
GOING = ("sending", "sent", "unknown")


class AccountOverdueNoticeCheckMixin(models.AbstractModel):
    """Is it still true? Asked again right before a reminder leaves the house.

    Hours may pass between writing and sending: a manager may object, a mail server may
    be down, a letter waits for the printer. What was paid, credited, disputed or put on
    hold since leaves the reminder, with the reason; a mail whose figures have changed
    is written anew, and one about nothing never leaves.
    """

    _name = "account.overdue.notice.check.mixin"
    _description = "Reminders: Still True?"

    mail_digest = fields.Char(
        export_string_translation=False,
        readonly=True,
        copy=False,
        help="Of what the email says, to see whether it still holds.",
    )

    def _cancel_settled(self):
        """Cancel what was paid, paused or covered since; a reminder of nothing, too."""
        dropped = self.env["account.overdue.action"]
        for company, notices in self.grouped("company_id").items():
            day = max(company._get_billing_today(), max(notices.mapped("date")))
            stops = self.env["account.overdue.plan"]._get_stops(
                company, day, notices.partner_id.ids
            )
            for action in notices.action_ids:
                code, detail = stops.get(
                    (action.move_id.id, action.date_maturity), ("settled", "")
                )
                if code and action.state != "cancelled":
                    action.state = "cancelled"
                    action.reason = self._get_stop_text(code, detail)
                    dropped |= action
        self._take_back(dropped)
        empty = self.filtered(
            lambda notice: all(x.state == "cancelled" for x in notice.action_ids)
        )
        for notice in empty:
            notice.write({"state": "cancelled", "reason": notice.action_ids[:1].reason})
        empty.activity_unlink([HOLD_ACTIVITY])
        (self - empty)._follow_actions()

    @api.model
    def _get_stop_text(self, code, detail):
        if code == "settled":
            return self.env._("Paid or settled before it went.")
        return get_overdue_reason_text(self.env, code, detail)

    @api.model
    def _take_back(self, actions):
        """Take fees back whose reminder never went; what was paid of them stays.

        :param actions: account.overdue.action that were cancelled just now
        """
        actions = actions.filtered("notice_id.is_effective")
        if not actions:
            return
        keys = {(x.move_id, x.date_maturity, x.level_id) for x in actions}
        charges = self.env["account.overdue.charge"].search(
            [
                ("move_id", "in", actions.move_id.ids),
                ("level_id", "in", actions.level_id.ids),
                ("date", ">=", min(actions.mapped("date"))),
                ("state", "in", ("to_approve", "draft", "charged")),
            ]
        )
        charges = charges.filtered(
            lambda x: (
                (x.move_id, x.date_maturity, x.level_id) in keys
                and x.debit_payment_state in (False, "not_paid")
            )
        )
        if not charges:
            return
        text = self.env._("The reminder was dropped before it went.")
        run = self.env["account.overdue.run"]
        error = run._try_batch([charges], lambda own: own[0]._waive(text, recall=True))
        if error:  # a closed period, say: never a reason to stop the others
            for notice in actions.notice_id:
                notice._message_log(body=run._explain_error(error))
                notice._tell_accountant(
                    notice.env._("Take back the fee of a reminder that never went")
                )

    # -- what a mail says ------------------------------------------------------------

    def _get_digests(self):
        """Return ``{notice: digest}`` of what its mail would say now."""
        rows = self._get_open_items()
        return {
            notice: sha256(repr(notice._get_content(rows[notice])).encode()).hexdigest()
            for notice in self
        }

    def _get_content(self, rows):
        """Return all that the text of a mail depends on, as plain values."""
        left = self.action_ids.filtered(lambda x: x.state != "cancelled")
        return (
            self.company_id._get_billing_today(),
            self.level_id.id,
            sorted((x.move_id.id, x.date_maturity) for x in left),
            [sorted(row.items()) for row in rows],
        )

    def _keep_digests(self):
        for notice, digest in self._get_digests().items():
            notice.mail_digest = digest

    def _is_true(self):
        """Drop what was settled; return whether the mail says what holds now."""
        self.ensure_one()
        self._cancel_settled()
        if self.state == "cancelled":
            return False
        return self.mail_digest == self._get_digests()[self]

    def _write_anew(self):
        """Write the mails of reminders as things are now."""
        self._drop_mail()
        self._renew_deadlines()
        run = self.env["account.overdue.run"]
        run._run_in_batches(
            list(self),
            lambda batch: self.browse().concat(*batch)._write_mails(),
            lambda own, error: own._note_failed(run._explain_error(error)),
        )

    def _stop_untrue(self):
        """Return mails that a person sends from the host's list and that may not go.

        Those of reminders that are held or were dropped, and those that are not true
        any more: the job writes them anew where anything is left.
        """
        stopped = self.env["mail.mail"]
        for notice in self.filtered(lambda n: n.state not in GOING):
            if notice.state in ("ready", "failed") and notice._is_true():
                continue
            stopped |= notice.mail_id
            notice.mail_id.state = "cancel"
            if notice.state in ("ready", "failed"):
                notice._set_state("ready", date_retry=False)
                notice._trigger_job()
        return stopped
