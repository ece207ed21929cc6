import logging

from odoo import api, models

_logger = logging.getLogger(__name__)


class ProjectBillingRunScheduleMixin(models.AbstractModel):
    """The scheduled job: starts the runs that are due, works off the large ones."""

    _name = "project.billing.run.schedule.mixin"
    _description = "Billing Run: Schedule"

    @api.model
    def _cron_bill(self):
        """Start the runs that are due and carry on with those that are not done."""
        self.env["project.billing.rate.card"]._index_due()
        self._start_scheduled()
        self._continue_running()
        self._alert_caps()

    @api.model
    def _start_scheduled(self):
        """Create one run for each company whose date has come; safe at any hour.

        A company that fails gets a run that says why and is tried again by the next
        job; it never stops the others.
        """
        companies = self.env["res.company"].search(
            [("billing_schedule_active", "=", True)]
        )
        for company in companies:
            error = self._try_batch([company], self._start_company)
            if error:
                self._report_start(company, error)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _start_company(self, companies):
        (company,) = companies
        locked = company.try_lock_for_update()
        period = locked and locked._get_billing_schedule_period(
            locked._get_billing_today()
        )
        if not period:
            return
        cutoff, following = period
        run = self._take_scheduled_run(company, cutoff)
        run.action_propose()
        run._clear_failure()
        company.billing_schedule_date = following
        if not company.billing_approval_required:
            run.state = "running"

    @api.model
    def _alert_caps(self):
        """Tell project managers of caps that are used up, company by company."""
        alerts = self.env["project.billing.cap.alerts"]
        for company in self.env["res.company"].search([("active", "=", True)]):
            error = self._try_batch(
                [company], lambda own: alerts._alert_company(own[0])
            )
            if error:
                self._log_failure(company, error)

    def _alert_caps_of(self, rules):
        """Tell project managers of the caps of rules; invoices do not depend on it."""
        alerts = self.env["project.billing.cap.alerts"]
        error = self._try_batch([rules], lambda own: alerts._alert_rules(own[0]))
        if error:
            self._log_failure(self, error)

    @api.model
    def _report_start(self, company, error):
        """Give a company whose run could not be started a run that says why."""
        self._log_failure(company, error)

        def note(companies):
            today = company._get_billing_today()
            cutoff, _next = company._get_billing_schedule_period(today)
            self._take_scheduled_run(company, cutoff)._note_failure(error)

        problem = self._try_batch([company], note)
        if problem:
            self._log_failure(company, problem)

    @api.model
    def _take_scheduled_run(self, company, cutoff):
        """Return the company's scheduled run: the one that an error stopped, or new.

        :param cutoff: last day of the work
        """
        values = {"date": company._get_billing_today(), "cutoff_date": cutoff}
        runs = self._in_company(company)
        stopped = runs.search(
            [
                ("company_id", "=", company.id),
                ("is_scheduled", "=", True),
                ("state", "=", "draft"),
            ],
            limit=1,
        )
        if stopped:
            stopped.write(values)
            return stopped
        return runs.create({"company_id": company.id, "is_scheduled": True, **values})

    @api.model
    def _log_failure(self, record, error):
        _logger.error(
            "Scheduled billing of %s failed", record.display_name, exc_info=error
        )

    @api.model
    def _in_company(self, company):
        return self.with_env(company._in_billing_context().env)

    @api.model
    def _continue_running(self):
        """Work off running runs in batches; several workers share them by row locks."""
        runs = self.search([("state", "=", "running")], order="id")
        remaining = sum(len(run._get_lines_to_invoice()) for run in runs)
        for run in runs:
            while run.state == "running":
                lines, error = run._try_invoice()
                if error:
                    break
                if not run._get_lines_to_invoice():
                    run.state = "done"
                elif not lines:
                    break  # another worker has them
                remaining -= len(lines)
                left = self.env["ir.cron"]._commit_progress(
                    len(lines), remaining=max(remaining, 0)
                )
                if not left:
                    return

    def _try_invoice(self):
        """Return the lines that were dealt with and the error that undid it, if any.

        A run that fails says why and is tried again by the next job.
        """
        done = []
        error = self._try_batch(
            [self], lambda runs: done.append(runs[0]._invoice_next())
        )
        if error:
            self._log_failure(self, error)
            self._note_failure(error)
            return self.line_ids.browse(), error
        self._clear_failure()
        return done[0], None
