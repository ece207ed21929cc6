from odoo import api, fields, models
from odoo.tools import format_date

from ..exceptions import BillingError
from ..reasons import REASONS

# what an invoice gets from its run, or what the run is about
OWNER_FIELDS = frozenset(
    {"accounting_date", "company_id", "cutoff_date", "date", "project_ids"}
)


class ProjectBillingRun(models.Model):
    """Propose, review, invoice: one run over a company's projects.

    ``action_propose`` fills ``line_ids`` and changes nothing else; ``action_invoice``
    makes the invoices of the proposed (where the company asks for it: approved)
    lines; ``action_undo`` deletes the drafts of the run and frees their work.
    """

    _name = "project.billing.run"
    _description = "Project Billing Run"
    _inherit = [
        "project.billing.run.propose.mixin",
        "project.billing.run.invoice.mixin",
        "project.billing.run.schedule.mixin",
        "billing.run.mixin",
    ]
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
