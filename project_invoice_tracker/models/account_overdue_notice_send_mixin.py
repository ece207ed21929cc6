import logging
import smtplib
from contextlib import contextmanager
from datetime import timedelta

import psycopg2

from odoo import api, fields, models, modules
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, split_every

_logger = logging.getLogger(__name__)

# reminders written at a time, with files to be made: well within a worker's time limit
SEND_BATCH = 10
PLAIN = 5  # times as many where nothing is attached
# who writes; a text of its own choice wins
MAIL_LAYOUT = "project_invoice_tracker.overdue_mail_layout"
LOCK_SPACE = 1868919922  # of advisory locks; "overdue" in no other use
WRITINGS = 3  # of a mail whose figures change while it is written; then the next job
RETRY_MINUTES = (15, 60, 240, 720, 1440)  # after each failure; then a person is asked


class AccountOverdueNoticeSendMixin(models.AbstractModel):
    """How mails leave the house, each at most once.

    1. ``ready``: the mail is written and kept back (the host's queue never sees it).
    2. It is looked at again: what it says is true, or it is written anew or dropped.
       ``sending`` is committed, before a connection is opened.
    3. The mail server says yes or no: ``sent`` or ``failed``, committed.

    Whoever sends holds an advisory lock of the session from before 2 until after 3. A
    process that dies loses it with its connection; what is ``sending`` without a lock
    may or may not have arrived: ``unknown``. It is listed and left to a person.
    """

    _name = "account.overdue.notice.send.mixin"
    _description = "Reminders: Sending"

    @api.model
    def _send_queue(self):
        """Send what is ready, what the managers let pass and what shall be tried again.

        Commits after each mail; several workers share the queue by row locks.
        """
        self._pass_hours()
        ids = self._search_ready().ids
        remaining = len(ids)
        for batch in self.browse(ids)._split_queue():
            for notice in batch._prepare_mails():
                notice._send_one()
            remaining -= len(batch)
            if not self._commit_progress(len(batch), max(remaining, 0)):
                return

    def _split_queue(self):
        """Yield reminders to be written together: few where files are to be made."""
        by_files = self.grouped(lambda notice: notice.level_id._has_files())
        for has_files, notices in sorted(by_files.items()):
            size = SEND_BATCH if has_files else SEND_BATCH * PLAIN
            yield from split_every(size, notices.ids, self.browse)

    @api.model
    def _search_ready(self):
        now = fields.Datetime.now()
        return self.search(
            [
                ("channel", "=", "mail"),
                ("is_effective", "=", True),
                "|",
                ("state", "=", "ready"),
                "&",
                ("state", "=", "failed"),
                ("date_retry", "<=", now),
            ],
            order="id",
        )

    @api.model
    def _pass_hours(self):
        """Let reminders go that nobody has held within the hours to object.

        Again where a fee or another thing in the house failed: never without it.
        """
        now = fields.Datetime.now()
        due = self.search(
            [
                "|",
                "&",
                ("state", "=", "waiting"),
                ("hold_until", "<=", now),
                "&",
                "&",
                ("state", "=", "failed"),
                ("is_effective", "=", False),
                ("date_retry", "<=", now),
            ]
        )
        run = self.env["account.overdue.run"]

        def go(batch):
            notices = self.concat(*batch).try_lock_for_update()
            notices.filtered(lambda n: n.state == "failed")._set_state("waiting")
            notices._go()

        run._run_in_batches(
            list(due), go, lambda own, e: own._note_failed(run._explain_error(e))
        )
        if due:
            self._commit_progress(0)

    @api.model
    def _commit_progress(self, done, remaining=None):
        """Commit, and return whether there is time left; tests keep their cursor."""
        if not self._can_commit():
            self.env.flush_all()
            return True
        return self.env["ir.cron"]._commit_progress(done, remaining=remaining)

    @api.model
    def _can_commit(self):
        return not modules.module.current_test

    # -- 1. written ------------------------------------------------------------------

    def _prepare_mails(self):
        """Write the mails of reminders that are still due and keep them back.

        :return: those that are to be sent now, by this worker
        """
        notices = self.try_lock_for_update()
        notices = notices.filtered(lambda n: n.state in ("ready", "failed"))
        notices._cancel_settled()
        notices = notices.filtered(lambda n: n.state in ("ready", "failed"))
        notices._write_anew()
        self._commit_progress(0)
        return notices.filtered("mail_id")

    def _write_mails(self):
        """Render the mails level by level, each in its customer's language."""
        for level, notices in self.grouped("level_id").items():
            company = level.company_id
            own = notices.with_env(company._in_billing_context().env).sudo()
            text = own.level_id.mail_template_id
            mails = text.send_mail_batch(
                own.ids, email_layout_xmlid=text.email_layout_xmlid or MAIL_LAYOUT
            )
            mails.write({"state": "cancel", "auto_delete": False})
            files = own._make_attachments()
            for notice, mail in zip(own, mails, strict=True):
                notice.mail_id = mail
                if files[notice]:
                    mail.attachment_ids |= files[notice]
            own._keep_digests()

    def _drop_mail(self):
        """Delete mails that nobody has got, so that nobody sends them any more."""
        self.mail_id.filtered(lambda m: m.state in ("cancel", "exception")).unlink()
        self.mail_id = False

    # -- 2. handed over --------------------------------------------------------------

    def _send_one(self):
        """Hand one mail over; its state is committed before and after."""
        self.ensure_one()
        with self._advisory_lock() as is_mine:
            if not is_mine or not self._try_begin():
                return
            try:
                self._hand_over()
            except (psycopg2.Error, smtplib.SMTPServerDisconnected) as error:
                # it may have arrived: never again by itself
                _logger.warning("%s: sent or not?", self.id, exc_info=True)
                self._rollback()
                self._note_unknown(str(error))
            self._commit_progress(1)

    @contextmanager
    def _advisory_lock(self):
        """Hold this reminder as long as this process lives; yield whether we do.

        With it a new transaction begins, which sees what the last holder has left.
        """
        args = SQL("%s, %s", LOCK_SPACE, self.id)
        query = SQL("SELECT pg_try_advisory_lock(%s)", args)
        [[is_mine]] = self.env.execute_query(query)
        self._commit_progress(0)
        try:
            yield is_mine
        except BaseException:
            # a broken transaction would keep the lock, and the connection is used again
            self._rollback()
            raise
        finally:
            if is_mine and not self.env.cr.closed:
                self.env.execute_query(SQL("SELECT pg_advisory_unlock(%s)", args))

    def _try_begin(self):
        """Begin sending, unless somebody has just changed the reminder."""
        try:
            return self._begin_sending()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self._rollback()
            return False

    def _begin_sending(self):
        """Commit that the mail is about to leave.

        A mail that is not true any more is written anew, and looked at again.

        :return: whether it may: another worker or a person may have been faster, or
            nothing is left to remind of
        """
        for _attempt in range(WRITINGS):
            if not self._is_mine_to_send():
                break
            if self._is_true():
                self._set_state("sending", date_sent=fields.Datetime.now())
                self._commit_progress(0)
                return True
            if self.state == "cancelled":
                self._drop_mail()
            else:
                self._write_anew()
            self._commit_progress(0)
        return False

    def _is_mine_to_send(self):
        if not self.try_lock_for_update():
            return False
        self.invalidate_recordset()
        return self.state in ("ready", "failed") and bool(self.mail_id)

    def _hand_over(self):
        """Give the mail to the mail server; the host tells how it went."""
        mail = self.mail_id
        mail.state = "outgoing"
        mail.send(raise_exception=False)
        if self.state == "sending":  # the host has not even tried
            mail.state = "cancel"
            self._note_failed(self.env._("No mail was sent: sending is switched off."))

    def _rollback(self):
        if self._can_commit():
            self.env.cr.rollback()
        self.invalidate_recordset()

    # -- 3. how it went --------------------------------------------------------------

    def _note_result(self, failure, partners=(), is_partial=False):
        """Called by the mail once the server has answered, to us or to a person.

        Who has it gets it once: where only some were refused, a person decides.

        :param failure: text, or False if it was accepted
        :param partners: res.partner, those of several whom the server has accepted
        :param is_partial: whether anybody may have it
        """
        now = fields.Datetime.now()
        states = ("sending",) if failure else ("sending", "failed", "unknown")
        for notice in self.filtered(lambda n: n.state in states):
            if not failure:
                notice._set_state("sent", date_sent=now)
            elif notice.contact_id in partners:
                notice._set_state("sent", failure, date_sent=now)
                text = notice.env._("A reminder did not reach all of its recipients")
                notice._tell_accountant(text)
            elif is_partial:
                notice._note_unknown(failure)
            else:
                notice._note_failed(failure)

    def _note_failed(self, text):
        """List reminders as failed, to be tried again; at last a person is asked."""
        for notice in self:
            number = notice.attempts
            is_last = number >= len(RETRY_MINUTES)
            retry = not is_last and fields.Datetime.now() + timedelta(
                minutes=RETRY_MINUTES[number]
            )
            notice._set_state("failed", text, attempts=number + 1, date_retry=retry)
            if is_last:
                notice._tell_accountant(notice.env._("A reminder could not be sent"))

    def _note_unknown(self, text=False):
        text = text or self.env._("The server stopped while it was being sent.")
        self._set_state("unknown", text)
        for notice in self:
            notice._tell_accountant(
                notice.env._("Has this reminder arrived? The server does not know.")
            )

    @api.model
    def _recover_lost(self):
        """List what a process that died has left: sent or not, nobody knows."""
        for notice in self.search([("state", "=", "sending")]):
            with notice._advisory_lock() as is_mine:
                if is_mine and notice.try_lock_for_update():
                    notice.invalidate_recordset()
                    if notice.state == "sending":
                        notice._note_unknown()
                    self._commit_progress(0)

    def _tell_accountant(self, summary):
        """Give the company's accountant for overdue invoices an activity, once."""
        self.ensure_one()
        user = self.company_id.overdue_user_id or self.run_id.user_id
        if not user or user == self.env.ref("base.user_root"):
            return
        quiet = self.with_context(mail_activity_quick_update=True)
        quiet.activity_schedule(
            "mail.mail_activity_data_warning",
            user_id=user.id,
            summary=summary,
            note=self.reason,
        )
