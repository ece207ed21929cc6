import logging

from odoo import api, models
from odoo.tools import SQL

from ..exceptions import BillingError

_logger = logging.getLogger(__name__)

CREDIT_ACTIVITY = "project_invoice_tracker.mail_activity_overdue_credit"
LOCK = 1868919923  # advisory lock of who executes a run of a company by hand
HAND_OVER = 200  # customers; a larger run by hand goes to the scheduled job


class AccountOverdueRunExecuteMixin(models.AbstractModel):
    """The second half of an overdue run: what is due becomes actions and reminders.

    Nothing leaves the house here: reminders are written down, and the scheduled job
    sends them after the transaction was committed.
    """

    _name = "account.overdue.run.execute.mixin"
    _description = "Overdue Run: Executing"

    def action_execute(self):
        """Do what the proposed lines say; mails leave right afterwards.

        What was paid, paused or changed since the proposal is left out.

        :return: action that opens the reminders, or the run where there are none
        :raise BillingError: nothing to do, no right to, or a day that is to come
        """
        self._check_officer()
        for run in self:
            run._check_executable()
        self._check_alone()
        for run in self:
            if run.customer_count > HAND_OVER:
                run.sudo().state = "running"
                continue
            run._execute()
            run._close()
        self._trigger_job()
        return self.action_view_notices() if self.notice_ids else self[:1]._open()

    def _check_officer(self):
        officer = "project_invoice_tracker.group_billing_officer"
        if not self.env.su and not self.env.user.has_group(officer):
            raise BillingError(
                self.env._(
                    "Reminders need the invoicing right. You may hold a reminder of "
                    "your projects; ask an invoicing clerk to send them."
                )
            )

    def _check_executable(self):
        self.ensure_one()
        if self.state != "proposed" or not self.proposed_count:
            raise BillingError(self._explain_nothing())
        if self.date > self.company_id._get_billing_today():
            raise BillingError(
                self.env._(
                    "This is a preview of a day that is to come. Start a run of today "
                    "to send reminders."
                )
            )
        self._check_forward()

    def _check_alone(self):
        """Refuse what somebody else does at this moment.

        What somebody did since this transaction began collides here, unlogged: the
        host repeats the whole call, which then sees it.

        :raise BillingError: pressed twice, or by two people
        """
        for company in self.company_id:
            lock = SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK, company.id)
            [[is_alone]] = self.env.execute_query(lock)
            if not is_alone:
                raise BillingError(
                    self.env._(
                        "Reminders of %s are being made this very moment, by you or by "
                        "somebody else. Reload the page, and propose again if "
                        "anything is left.",
                        company.name,
                    )
                )
            touch = SQL(
                "UPDATE account_overdue_policy SET is_on = is_on WHERE company_id = %s",
                company.id,
            )
            self.env.cr.execute(touch, log_exceptions=False)

    def _explain_nothing(self):
        if self.state == "draft":
            return self.env._("Propose first: the run has no lines yet.")
        if self.state != "proposed":
            return self.env._("This run has been executed. Start a new run.")
        return self.env._("Nothing is to be done. The lines below say why.")

    def _trigger_job(self):
        cron = self.env.ref("project_invoice_tracker.ir_cron_overdue")
        cron.sudo()._trigger()

    def _close(self):
        """The run is done; the accountant is told of what could not be netted."""
        self.ensure_one()
        run = self.sudo()
        run.state = "done"
        run._tell_of_credits()

    def _tell_of_credits(self):
        """Tell the accountant of customers whose credits nothing was matched with.

        One activity at a time: it is written anew on the latest run, not every day.
        """
        self.ensure_one()
        lines = self.line_ids.filtered(lambda line: line.reason_code == "credit")
        self.credit_note = ", ".join(lines.partner_id.mapped("name"))
        user = self.company_id.overdue_user_id or self.user_id
        root = self.env.ref("base.user_root")
        # who looks at some customers only has their credits before the eyes
        if not lines or not user or user == root or self.partner_ids:
            return
        same_company = self.search([("company_id", "=", self.company_id.id)])
        same_company.activity_unlink([CREDIT_ACTIVITY])
        self.with_context(mail_activity_quick_update=True).activity_schedule(
            CREDIT_ACTIVITY,
            user_id=user.id,
            summary=self.env._("Match credits: no reminder was sent"),
            note=self.credit_note,
        )

    # -- work ------------------------------------------------------------------------

    def _execute(self, limit=None):
        """Do (some of) the proposed lines, each customer in a savepoint.

        :param limit: at most so many customers in this call
        :return: number of customers that were dealt with
        """
        self.ensure_one()
        run = self.with_env(self.company_id.sudo()._in_billing_context().env).sudo()
        lines = run._take_lines(limit)
        paid = lines.filtered("is_paid_late")
        run._charge_paid_late(paid)
        due = run._filter_still_due(lines - paid)
        units = list(due.grouped("partner_id").values())
        run._run_in_batches(units, run._do, run._fail)
        return len(lines.partner_id)

    def _take_lines(self, limit):
        """Lock proposed lines of whole customers; other workers take the others."""
        lines = self.env["account.overdue.run.line"].search(
            [("run_id", "=", self.id), ("state", "=", "proposed")]
        )
        wanted = lines.grouped("partner_id")
        taken = lines.browse()
        for number, own in enumerate(wanted.values()):
            if limit and number == limit:
                break
            taken |= own
        locked = taken.try_lock_for_update()
        lost = (taken - locked).partner_id
        return locked.filtered(lambda line: line.partner_id not in lost)

    def _filter_still_due(self, lines):
        """Return the lines that are still due as proposed; note why others are not."""
        plan = self.env["account.overdue.plan"]._get_plan(
            self.company_id, self.date, lines.partner_id.ids
        )
        now = {instalment.key: instalment for instalment in plan}
        due = []
        for line in lines:
            found = now.get((line.move_id.id, line.date_maturity))
            if found and found.reason:
                line._skip(found.reason, found.detail)
            elif not found or found.due.level.id != line.level_id.id:
                line._skip("changed_meanwhile")
            else:
                due.append(line.id)
        return lines.browse(due)

    def _do(self, batch):
        """Write the actions and reminders of customers."""
        lines = self.env["account.overdue.run.line"].concat(*batch)
        actions = self.env["account.overdue.action"]._create_from_lines(lines, self)
        notices = self.env["account.overdue.notice"]._create_for(lines, actions)
        lines._set_state("done")
        notices.filtered(lambda notice: notice.state == "ready")._go()

    def _fail(self, lines, error):
        """List a customer whose actions could not be written, with the reason."""
        lines._set_state("failed")
        lines.reason = self._explain_error(error)

    # -- schedule --------------------------------------------------------------------

    @api.model
    def _cron_overdue(self):
        """Start what is due, carry on with it, send what is ready."""
        notices = self.env["account.overdue.notice"]
        notices._recover_lost()
        self._start_scheduled()
        self._continue_running()
        notices._send_queue()
        self.env["project.project"]._release_overdue_holds()

    @api.model
    def _start_scheduled(self):
        """Create the day's run of each company that has none; safe at any hour.

        A company that fails is tried again by the next job and never stops the others.
        """
        companies = self.env["res.company"].search(
            [("overdue_schedule_active", "=", True)]
        )
        for company in companies:
            error = self._try_batch([company], self._start_company)
            if error:
                _logger.error(
                    "Scheduled reminders of %s failed", company.name, exc_info=error
                )
                self._try_batch(
                    [company],
                    lambda own, e=error: self._take_scheduled(own[0])._note_failure(e),
                )
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _start_company(self, companies):
        (company,) = companies
        locked = company.try_lock_for_update()
        if not locked:
            return
        run = self._take_scheduled(locked)
        if run.state == "draft":
            run.action_propose()
            run._clear_failure()
            run.state = "running"

    @api.model
    def _take_scheduled(self, company):
        """Return the company's scheduled run of today, or a new one."""
        runs = self.with_env(company._in_billing_context().env)
        today = company._get_billing_today()
        found = runs.search(
            [
                ("company_id", "=", company.id),
                ("is_scheduled", "=", True),
                ("date", "=", today),
            ],
            limit=1,
        )
        return found or runs.create(
            {"company_id": company.id, "is_scheduled": True, "date": today}
        )

    @api.model
    def _continue_running(self):
        """Work off running runs in batches; several workers share them by row locks."""
        for run in self.search([("state", "=", "running")], order="id"):
            while run.state == "running":
                done = []
                error = self._try_batch(
                    [run],
                    lambda own, done=done: done.append(own[0]._execute(HAND_OVER)),
                )
                if error:
                    _logger.error("%s stopped", run.name, exc_info=error)
                    run._note_failure(error)
                    break
                run._clear_failure()
                run.invalidate_recordset()
                if not run.proposed_count:
                    run._close()
                elif not done[0]:
                    break  # another worker has them
                if not self.env["ir.cron"]._commit_progress(done[0]):
                    self._trigger_job()  # the rest at once, not in an hour
                    return
