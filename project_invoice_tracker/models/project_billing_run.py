import logging

from odoo import api, fields, models
from odoo.tools import format_date

from ..exceptions import BillingError
from ..reasons import REASONS

_logger = logging.getLogger(__name__)

# what an invoice gets from its run, or what the run is about
OWNER_FIELDS = frozenset(
    {"accounting_date", "company_id", "cutoff_date", "date", "project_ids"}
)
HAND_OVER = 500  # invoices; a larger run by hand goes to the scheduled job


class ProjectBillingRun(models.Model):
    """Propose, review, invoice: one run over a company's projects.

    ``action_propose`` fills ``line_ids`` and changes nothing else; ``action_invoice``
    makes the invoices of the proposed (where the company asks for it: approved)
    lines; ``action_undo`` deletes the drafts of the run and frees their work.
    """

    _name = "project.billing.run"
    _description = "Project Billing Run"
    _inherit = ["project.billing.run.propose.mixin", "billing.run.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name", store=True)
    cutoff_date = fields.Date(
        required=True,
        default=lambda self: self._default_date(),
        tracking=True,
        help="Work up to and including this day.",
    )
    date = fields.Date(
        string="Invoice date",
        required=True,
        default=lambda self: self._default_date(),
        tracking=True,
    )
    accounting_date = fields.Date(
        compute="_compute_accounting_date",
        store=True,
        readonly=False,
        precompute=True,
        help="Date in the books. A lock date moves it, as it would at posting.",
    )
    lock_message = fields.Char(compute="_compute_lock_message")
    project_ids = fields.Many2many(
        "project.project", help="Empty: all projects of the company."
    )
    line_ids = fields.One2many("project.billing.run.line", "run_id")
    move_ids = fields.One2many("account.move", "billing_run_id", string="Invoices")
    approval_required = fields.Boolean(related="company_id.billing_approval_required")
    proposed_count = fields.Integer(compute="_compute_totals")
    approved_count = fields.Integer(compute="_compute_totals")
    skipped_count = fields.Integer(compute="_compute_totals")
    move_count = fields.Integer(compute="_compute_totals")
    total_text = fields.Char(compute="_compute_totals", string="Amount")

    # -- computes --------------------------------------------------------------------

    @api.depends("cutoff_date", "is_scheduled")
    def _compute_name(self):
        for run in self:
            date = format_date(self.env, run.cutoff_date)
            kind = (
                self.env._("Scheduled billing")
                if run.is_scheduled
                else self.env._("Billing")
            )
            run.name = self.env._("%(kind)s up to %(date)s", kind=kind, date=date)

    @api.depends("date", "company_id")
    def _compute_accounting_date(self):
        for run in self:
            run.accounting_date = run._get_lock_free_date(run.date)

    @api.depends("date", "accounting_date", "company_id")
    def _compute_lock_message(self):
        for run in self:
            move = run._get_trial_move() if run.date else None
            run.lock_message = move and move._get_lock_date_message(run.date, True)

    @api.depends("line_ids.state", "line_ids.amount", "move_ids")
    def _compute_totals(self):
        for run in self:
            live = run.line_ids.filtered(
                lambda line: line.state in ("proposed", "approved", "invoiced")
            )
            run.proposed_count = len(live)
            run.approved_count = len(live.filtered(lambda x: x.state == "approved"))
            run.skipped_count = len(run.line_ids) - len(live)
            run.move_count = len(run.sudo().move_ids)
            run.total_text = " + ".join(
                currency.format(sum(lines.mapped("amount")))
                for currency, lines in live.grouped("currency_id").items()
            )

    # -- CRUD: dates belong to who made the run --------------------------------------

    def write(self, vals):
        if vals.keys() & OWNER_FIELDS:
            self._check_own()
        return super().write(vals)

    def _check_own(self):
        """Refuse changes of others' runs: dates of invoices, lines seen by others.

        :raise BillingError: the run of somebody else, and the user is no officer
        """
        foreign = self.sudo().filtered(lambda run: run.user_id != self.env.user)
        officer = "project_invoice_tracker.group_billing_officer"
        if foreign and not self.env.su and not self.env.user.has_group(officer):
            raise BillingError(
                self.env._(
                    "You may review your projects' lines of %s, but its dates and "
                    "proposal belong to who made it. Start a run of your own.",
                    ", ".join(foreign.mapped("name")),
                )
            )

    # -- invoice ---------------------------------------------------------------------

    def action_invoice(self):
        """Make the invoices of the proposed (approved) lines.

        A run of more than some hundred invoices is handed over to the scheduled job,
        which works in batches and survives a restart.

        :return: action that opens the invoices, or the run where there are none
        :raise BillingError: nothing to invoice
        """
        self._check_officer()
        for run in self:
            lines = run._get_lines_to_invoice()
            if run.state != "proposed" or not lines:
                raise BillingError(run._explain_nothing())
            if len(lines) > HAND_OVER:
                run._hand_over()
                continue
            run._invoice()
            run.sudo().state = "done"
        return self.action_view_moves() if self.sudo().move_ids else self[:1]._open()

    def _hand_over(self):
        """Let the scheduled job work the run off, batch by batch."""
        self.sudo().state = "running"
        cron = self.env.ref("project_invoice_tracker.ir_cron_project_billing")
        cron.sudo()._trigger()

    def _explain_nothing(self):
        if self.state == "draft":
            return self.env._("Propose first: the run has no lines yet.")
        if self.state != "proposed":
            return self.env._("This run has made its invoices. Start a new run.")
        if self.approval_required:
            return self.env._(
                "No line is approved. Your company invoices approved lines only."
            )
        return self.env._("Nothing to invoice. The lines below say why.")

    def _check_officer(self):
        if not self.env.su and not self.env.user.has_group(
            "project_invoice_tracker.group_billing_officer"
        ):
            raise BillingError(
                self.env._(
                    "Making invoices needs the invoicing right. You may propose and "
                    "approve; ask an invoicing clerk to make the invoices."
                )
            )

    def _get_lines_to_invoice(self):
        states = ("approved",) if self.approval_required else ("proposed", "approved")
        return self.line_ids.filtered(lambda line: line.state in states)

    def _invoice(self, limit=None):
        """Make the invoices of (some of) the run's lines.

        :param limit: at most so many lines in this call
        :return: lines that were dealt with
        """
        self.ensure_one()
        run = self.with_env(self.company_id._in_billing_context().env).sudo()
        lines = run._get_lines_to_invoice()
        if limit and len(lines) > limit:
            lines = lines._take_whole_invoices(limit)
        lines = lines.try_lock_for_update()
        batches = run._prepare_batches(lines)
        run._run_in_batches(batches, run._make, run._fail)
        left = lines.filtered(lambda line: line.state in ("proposed", "approved"))
        left._skip("nothing_left")
        moves = lines._get_moves()
        run._finish(moves)
        run._alert_caps_of(lines.rule_id)
        return lines

    def _prepare_batches(self, lines):
        """Return the invoices to be made: lists of LineSpec, in a fixed order."""
        prepared = {}

        def prepare(batch):
            own = lines.browse().concat(*batch)
            prepared.update(own._get_room()._prepare_lines(own))

        for own in lines.grouped(lambda x: x._get_room()._name).values():
            self._run_in_batches(list(own), prepare, self._fail_line)
        terms = self.env["project.billing.terms"]
        settlement = terms._settle(self, prepared)
        for line in lines.browse([k for k, specs in prepared.items() if specs]):
            block = line.rule_id._get_block()
            if block:
                settlement.skip(line.id, block)
            elif line._is_repriced(prepared[line.id]):
                settlement.skip(line.id, "changed_meanwhile")
        for line_id, values in settlement.changes.items():
            lines.browse(line_id).write(values)
        for line_id, (code, detail) in settlement.skips.items():
            lines.browse(line_id)._skip(code, detail)
        self.env["project.billing.prepaid"]._draw(self, prepared)
        batches = self.env["project.billing.invoicing"]._group_specs(self, prepared)
        return terms._complete(self, batches)

    def _fail_line(self, line, error):
        """List a line that could not be prepared, with its reason."""
        if isinstance(error, BillingError):
            line._skip("no_exchange_rate", str(error))
        else:
            line.write({"state": "failed", "reason": self._explain_error(error)})

    def _make(self, batches):
        """Make one batch of draft invoices and note them on the lines."""
        moves = self.env["project.billing.invoicing"]._create_invoices(self, batches)
        move_of = {
            line_id: move
            for move, specs in zip(moves, batches, strict=True)
            for spec in specs
            for line_id in spec.get_run_line_ids()
        }
        lines = self.env["project.billing.run.line"].browse(move_of)
        lines.write({"state": "invoiced", "reason_code": False})
        for line in lines:
            line.move_id = move_of[line.id]
        moves.flush_recordset()

    def _fail(self, specs, error):
        """List an invoice that could not be made, with its reason."""
        lines = self.env["project.billing.run.line"].browse(
            {line_id for spec in specs for line_id in spec.get_run_line_ids()}
        )
        lines.write({"state": "failed", "reason": self._explain_error(error)})

    def _finish(self, moves):
        """Post and send what the rules ask for; a failure leaves a draft behind."""
        results = moves._get_billing_results()
        posted = moves.filtered(lambda m: m.state == "draft" and results[m] != "draft")
        self._run_in_batches(list(posted), self._post_moves, self._fail_post)
        to_send = posted.filtered(
            lambda m: m.state == "posted" and results[m] == "send"
        )
        to_send._billing_send()
        rules = self.line_ids.filtered(lambda x: x.state == "invoiced").rule_id
        rules.filtered(
            lambda rule: (
                not rule.last_cutoff_date or rule.last_cutoff_date < self.cutoff_date
            )
        ).last_cutoff_date = self.cutoff_date

    def _post_moves(self, moves):
        together = self.env["account.move"].concat(*moves)
        self.env["project.billing.invoicing"]._post_invoices(self, together)

    def _fail_post(self, move, error):
        lines = self.line_ids.filtered(lambda line: move in line._get_moves())
        lines.reason = self.env._(
            "Left as a draft, posting failed: %s", self._explain_error(error)
        )

    # -- approve -------------------------------------------------------------------

    def action_approve_all(self):
        """Approve the proposed lines of projects that the user reviews.

        Held and doubtful lines are left out: they need a look each.

        :raise BillingError: there is no such line
        """
        lines = self.line_ids.filtered(lambda line: line.state == "proposed")
        own = lines.project_id._filter_billing_reviewable()
        lines = lines.filtered(lambda line: line.project_id in own)
        if not lines:
            raise BillingError(self.env._("There is no line that you can approve."))
        lines.action_approve()
        return True

    # -- undo ------------------------------------------------------------------------

    def action_undo(self):
        """Delete the run's draft invoices; their work is held until released.

        :raise BillingError: one of the invoices is posted
        """
        self._check_officer()
        for run in self:
            moves = run.sudo().move_ids
            posted = moves.filtered(lambda m: m.state == "posted")
            if posted:
                raise BillingError(
                    self.env._(
                        "%s are posted. Credit them; only drafts can be undone.",
                        ", ".join(posted.mapped("name")),
                    )
                )
            run.sudo().line_ids.filtered("move_id").write(
                {"state": "held", "reason_code": "held", "move_id": False}
            )
            moves.with_context(
                billing_hold_reason=self.env._("%s was undone", run.name)
            ).filtered(lambda m: m.state == "draft").unlink()
            run.sudo().line_ids._take_back_draws(self.env._("%s was undone", run.name))
            run.sudo().state = "undone"
        return True

    # -- schedule --------------------------------------------------------------------

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
            [self], lambda runs: done.append(runs[0]._invoice(limit=HAND_OVER))
        )
        if error:
            self._log_failure(self, error)
            self._note_failure(error)
            return self.line_ids.browse(), error
        self._clear_failure()
        return done[0], None

    # -- opening ---------------------------------------------------------------------

    @api.model
    def _open_preview(self, company):
        """Open a proposal of what the scheduled job would invoice."""
        run = self.create({"company_id": company.id})
        run.action_propose()
        return run._open()

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "name": self.name,
        }

    def action_view_moves(self):
        """Open the invoices of the run."""
        return self.sudo().move_ids.with_env(self.env)._billing_open()

    @api.model
    def _get_reason_text(self, code, detail=""):
        """Return reason, detail and fix in the user's language."""
        if not code:
            return detail
        label, fix = (self.env._(text) for text in REASONS[code])
        return f"{label} ({detail}). {fix}" if detail else f"{label}. {fix}"
