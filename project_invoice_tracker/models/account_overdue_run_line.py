from odoo import api, fields, models
from odoo.tools import SQL

from ..exceptions import BillingError
from ..reasons_overdue import get_overdue_reason_selection, get_overdue_reason_text

# columns of a line that come from the plan
COLUMNS = (
    "run_id, company_id, partner_id, recipient_id, lang, channel, move_id,"
    " date_maturity, days_overdue, currency_id, amount, amount_total, policy_id,"
    " level_id, period, date_due, state, state_order, reason_code, reason"
)
ORDER = {"failed": 0, "proposed": 1, "done": 2, "skipped": 3}


class AccountOverdueRunLine(models.Model):
    """One instalment of a run: the level that is due, or why nothing is done."""

    _name = "account.overdue.run.line"
    _description = "Overdue Run Line"
    _order = "run_id desc, state_order, partner_id, date_maturity, id"

    run_id = fields.Many2one(
        "account.overdue.run", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", ondelete="cascade", required=True
    )
    recipient_id = fields.Many2one("res.partner", string="Sent to", ondelete="cascade")
    lang = fields.Char(string="Language")
    channel = fields.Selection(
        [("none", "None"), ("mail", "Email"), ("letter", "Letter")]
    )
    move_id = fields.Many2one(
        "account.move", string="Invoice", ondelete="cascade", required=True, index=True
    )
    date_maturity = fields.Date(string="Due date", required=True)
    days_overdue = fields.Integer(string="Days late", aggregator="max")
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary(string="Open")
    amount_total = fields.Monetary(string="Instalment")
    policy_id = fields.Many2one("account.overdue.policy", ondelete="cascade")
    level_id = fields.Many2one("account.overdue.level", ondelete="cascade")
    period = fields.Integer(export_string_translation=False)
    date_due = fields.Date(string="Level due on")
    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("skipped", "Left out"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        required=True,
        default="proposed",
    )
    state_order = fields.Integer(export_string_translation=False)
    is_paid_late = fields.Boolean(
        string="Interest of a late payment",
        help="Nothing is open any more; the interest up to the payment is charged.",
    )
    reason_code = fields.Selection(lambda self: get_overdue_reason_selection(self.env))
    reason = fields.Char(help="Why nothing is done, and what to do.")
    action_id = fields.Many2one("account.overdue.action", ondelete="set null")

    project_ids = fields.Many2many(
        "project.project",
        "account_overdue_run_line_project_rel",
        "line_id",
        "project_id",
        string="Projects",
    )

    _run_state_idx = models.Index("(run_id, state)")

    @api.depends("move_id", "level_id")
    def _compute_display_name(self):
        for line in self.sudo():
            line.display_name = f"{line.move_id.name}: {line.level_id.name or ''}"

    # -- making ----------------------------------------------------------------------

    @api.model
    def _create_from(self, run, plan):
        """Store a plan as lines of a run, in two statements whatever its length."""
        if not plan:
            return self.browse()
        rows = SQL(", ").join(
            SQL("%s", self._prepare_row(run, instalment)) for instalment in plan
        )
        ids = [
            line_id
            for (line_id,) in self.env.execute_query(
                SQL(
                    "INSERT INTO account_overdue_run_line (%s) VALUES %s RETURNING id",
                    SQL(COLUMNS),
                    rows,
                )
            )
        ]
        pairs = [
            (line_id, project_id)
            for line_id, instalment in zip(ids, plan, strict=True)
            for project_id in instalment.project_ids
        ]
        if pairs:
            lines, projects = zip(*pairs, strict=True)
            self.env.cr.execute(
                SQL(
                    "INSERT INTO account_overdue_run_line_project_rel"
                    " (line_id, project_id)"
                    " SELECT * FROM unnest(%s::int4[], %s::int4[])",
                    list(lines),
                    list(projects),
                )
            )
        self.invalidate_model()
        run.invalidate_recordset(["line_ids"])
        return self.browse(ids)

    @api.model
    def _prepare_row(self, run, instalment):
        """Return the values of :data:`COLUMNS`; amounts are rounded by currency."""
        due, reason = instalment.due, instalment.reason
        text = reason and get_overdue_reason_text(self.env, reason, instalment.detail)
        return (
            run.id,
            run.company_id.id,
            instalment.partner_id,
            instalment.recipient_id,
            instalment.lang,
            instalment.channel,
            instalment.move_id,
            instalment.date_maturity,
            max(0, (run.date - instalment.date_maturity).days),
            instalment.currency_id,
            instalment.residual,
            instalment.total,
            instalment.policy_id,
            due and due.level.id,
            due and due.period,
            due and due.date,
            "skipped" if reason else "proposed",
            ORDER["skipped" if reason else "proposed"],
            reason,
            text,
        )

    def _skip(self, code, detail=""):
        """Turn lines into skips with a reason of the closed list."""
        self._set_state("skipped", code)
        self.reason = get_overdue_reason_text(self.env, code, detail)

    def _set_state(self, state, code=False):
        self.write({"state": state, "state_order": ORDER[state], "reason_code": code})

    # -- review ----------------------------------------------------------------------

    def action_skip_once(self):
        """Leave instalments out this time; they come again after the interval.

        :raise BillingError: the run is not being reviewed
        """
        self.check_access("read")
        if any(line.run_id.state != "proposed" for line in self):
            raise BillingError(
                self.env._("Only a run that is being reviewed can be changed.")
            )
        self.run_id.check_access("write")
        lines = self.sudo().filtered(lambda line: line.state == "proposed")
        actions = lines.env["account.overdue.action"]
        text = self.env._("by %s", self.env.user.name)
        open_lines = lines.filtered(lambda line: not line.is_paid_late)
        for run, own in open_lines.grouped("run_id").items():
            actions._create_from_lines(own, run, state="ignored", reason=text)
        lines._skip("skipped_once", text)
