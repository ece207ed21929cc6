from odoo import api, fields, models
from odoo.tools import format_date

from ..exceptions import BillingError
from .billing_run_mixin import BillingRunMixin

OFFICER = "project_invoice_tracker.group_billing_officer"


class AccountOverdueRun(models.Model):
    """Propose, review, execute: what is done about a company's overdue instalments.

    ``action_propose`` fills ``line_ids`` and changes nothing else; ``action_execute``
    does what the proposed lines say and leaves ``action_ids``.
    """

    _name = "account.overdue.run"
    _description = "Overdue Run"
    _inherit = [
        "account.overdue.run.execute.mixin",
        "account.overdue.run.interest.mixin",
        "billing.run.mixin",
    ]
    _order = "date desc, id desc"
    _check_company_auto = True
    _own_fields = BillingRunMixin._own_fields | {
        "action_ids",
        "credit_note",
        "line_ids",
        "notice_ids",
    }

    name = fields.Char(compute="_compute_name", store=True)
    date = fields.Date(
        required=True,
        compute="_compute_date",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="What is due by the end of this day.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
        "account_overdue_run_partner_rel",
        "run_id",
        "partner_id",
        string="Only customers",
        help="Nobody else is looked at; empty: all customers of the company.",
    )
    line_ids = fields.One2many("account.overdue.run.line", "run_id")
    action_ids = fields.One2many("account.overdue.action", "run_id", string="Actions")
    notice_ids = fields.One2many("account.overdue.notice", "run_id", string="Reminders")
    proposed_count = fields.Integer(compute="_compute_counts")
    skipped_count = fields.Integer(compute="_compute_counts")
    customer_count = fields.Integer(compute="_compute_counts")
    notice_count = fields.Integer(compute="_compute_notice_count")
    credit_note = fields.Text(
        string="Unmatched credits",
        readonly=True,
        copy=False,
        help="Customers whose credits cover what is due, but were not matched.",
    )

    @api.depends("company_id")
    def _compute_date(self):
        """The company's own day, which may be another one than the user's."""
        for run in self:
            if run.company_id and not run._origin:
                run.date = run.company_id._get_billing_today()

    @api.depends("date", "is_scheduled", "partner_ids")
    def _compute_name(self):
        for run in self:
            day = format_date(self.env, run.date)
            names = ", ".join(run.partner_ids.mapped("name"))
            if run.is_scheduled:
                run.name = self.env._("Scheduled reminders of %s", day)
            elif names:
                run.name = self.env._(
                    "Reminders of %(day)s: %(names)s", day=day, names=names
                )
            else:
                run.name = self.env._("Reminders of %s", day)

    @api.depends("line_ids.state")
    def _compute_counts(self):
        groups = self.env["account.overdue.run.line"]._read_group(
            [("run_id", "in", self.ids)],
            ["run_id", "state"],
            ["__count", "partner_id:count_distinct"],
        )
        counts = {(run, state): found for run, state, *found in groups}
        for run in self:
            run.proposed_count, run.customer_count = counts.get(
                (run, "proposed"), (0, 0)
            )
            run.skipped_count = counts.get((run, "skipped"), (0, 0))[0]

    @api.depends("notice_ids")
    def _compute_notice_count(self):
        groups = self.env["account.overdue.notice"]._read_group(
            [("run_id", "in", self.ids)], ["run_id"], ["__count"]
        )
        counts = dict(groups)
        for run in self:
            run.notice_count = counts.get(run, 0)

    # -- propose ---------------------------------------------------------------------

    def action_propose(self):
        """Fill the lines with what is due, and what is not done and why.

        Changes nothing else. A day that is to come shows what would be due then.

        :return: True
        :raise BillingError: the run was executed, or an earlier day than the last run
        """
        self.check_access("write")
        for run in self:
            if run.state not in ("draft", "proposed"):
                raise BillingError(
                    self.env._("This run has been executed. Start a new run.")
                )
            run._check_forward()
            run._propose()
        return True

    def _propose(self):
        self.ensure_one()
        self.sudo().line_ids.unlink()
        plan = self.env["account.overdue.plan"]._get_plan(
            self.company_id, self.date, self._get_only_ids()
        )
        self.env["account.overdue.run.line"]._create_from(self, plan)
        self._propose_paid_late()
        self.sudo().state = "proposed"

    def _get_only_ids(self):
        """Return the ids of the customers that are looked at, None for all."""
        self.ensure_one()
        return self.sudo().partner_ids.commercial_partner_id.ids or None

    def _check_forward(self):
        """Runs go forward: an earlier day would remind of what is settled by now.

        :raise BillingError: the company has a run of a later day
        """
        self.ensure_one()
        later = self.sudo().search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "in", ("running", "done")),
                ("date", ">", self.date),
            ],
            order="date desc",
            limit=1,
        )
        if later:
            raise BillingError(
                self.env._(
                    "There was a run for %(last)s. A run for %(date)s, before it, "
                    "could remind customers a second time; choose %(last)s or a later "
                    "day.",
                    last=format_date(self.env, later.date),
                    date=format_date(self.env, self.date),
                )
            )

    # -- opening ---------------------------------------------------------------------

    def action_view_notices(self):
        """Open the reminders of the run."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_overdue_notice_action"
        )
        return {**action, "domain": [("run_id", "in", self.ids)], "context": {}}

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "name": self.name,
        }
