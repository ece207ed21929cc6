from odoo import api, fields, models

# an action that is under way: no other level of the instalment begins meanwhile
OPEN_STATES = ("pending", "sending", "failed")
# an action that counts: the level is done for this instalment
DONE_STATES = ("done", "unknown")

# the rows of a run's lines; one that is there already is refused by its constraint
INSERT = """
    WITH made AS (
        INSERT INTO account_overdue_action (
               company_id, run_id, partner_id, move_id, date_maturity, policy_id,
               level_id, period, date, state, reason, currency_id, amount,
               amount_total, create_uid, create_date, write_uid, write_date)
        SELECT l.company_id, %(run)s, l.partner_id, l.move_id, l.date_maturity,
               v.policy_id, l.level_id, COALESCE(l.period, 0), %(day)s, %(state)s,
               %(reason)s, l.currency_id, l.amount, l.amount_total, %(user)s, %(now)s,
               %(user)s, %(now)s
          FROM unnest(%(lines)s) WITH ORDINALITY o (id, place)
          JOIN account_overdue_run_line l ON l.id = o.id
          JOIN account_overdue_level v ON v.id = l.level_id
         ORDER BY o.place
        RETURNING id, move_id, date_maturity, level_id, period
    )
    UPDATE account_overdue_run_line l SET action_id = m.id
      FROM made m
     WHERE l.id = ANY(%(lines)s) AND l.move_id = m.move_id
       AND l.date_maturity = m.date_maturity AND l.level_id = m.level_id
       AND COALESCE(l.period, 0) = m.period
"""
INSERT_PROJECTS = """
    INSERT INTO account_overdue_action_project_rel (action_id, project_id)
    SELECT l.action_id, r.project_id
      FROM account_overdue_run_line l
      JOIN account_overdue_run_line_project_rel r ON r.line_id = l.id
     WHERE l.id = ANY(%(lines)s)
"""


class AccountOverdueAction(models.Model):
    """What was done about an instalment at a level, once.

    The instalment is named by its invoice and due date: receivable lines get new ids
    when an invoice is reset. Amounts are those of the day it was done, in document
    currency. Rows are written by the run and by notices, never by hand.
    """

    _name = "account.overdue.action"
    _description = "Overdue Action"
    _order = "date desc, id desc"
    _rec_names_search = ["move_id.name", "partner_id.name"]

    company_id = fields.Many2one("res.company", required=True, index=True)
    run_id = fields.Many2one(
        "account.overdue.run", ondelete="set null", index="btree_not_null"
    )
    notice_id = fields.Many2one(
        "account.overdue.notice", ondelete="cascade", index="btree_not_null"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="restrict",
        index=True,
        help="The company that owes, not its contact.",
    )
    move_id = fields.Many2one(
        "account.move", string="Invoice", required=True, ondelete="restrict", index=True
    )
    move_name = fields.Char(
        compute="_compute_move_name", compute_sudo=True, string="Invoice no."
    )
    project_ids = fields.Many2many(
        "project.project",
        "account_overdue_action_project_rel",
        "action_id",
        "project_id",
        string="Projects",
    )
    date_maturity = fields.Date(string="Due date", required=True)
    policy_id = fields.Many2one(
        related="level_id.policy_id", store=True, precompute=True, index=True
    )
    level_id = fields.Many2one(
        "account.overdue.level", required=True, ondelete="restrict", index=True
    )
    period = fields.Integer(
        required=True,
        default=0,
        export_string_translation=False,
        help="0 for the first time at this level, then counted up.",
    )
    date = fields.Date(required=True, help="Day of the run.")
    date_done = fields.Date(
        string="Done on", help="The day it left the house or was done."
    )
    state = fields.Selection(
        [
            ("pending", "To be done"),
            ("sending", "Being sent"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("unknown", "Sent or not: unknown"),
            ("ignored", "Skipped once"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="pending",
        index=True,
    )
    reason = fields.Char(help="Why it failed, was skipped or cancelled.")
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary(
        string="Open", help="Of the instalment, on the day of the run."
    )
    amount_total = fields.Monetary(string="Instalment")
    is_resolved = fields.Boolean(
        compute="_compute_is_resolved", help="Nothing is open of the instalment."
    )

    _once = models.Constraint(
        "UNIQUE (move_id, date_maturity, level_id, period)",
        "This instalment has had this level already.",
    )
    _open_once = models.UniqueIndex(
        "(move_id, date_maturity) WHERE state IN ('pending', 'sending', 'failed')",
        "Another reminder of this instalment is still under way.",
    )

    @api.depends("move_id.name")
    def _compute_move_name(self):
        for action in self:  # a project manager may not read invoices, but their names
            action.move_name = action.move_id.name

    @api.depends("move_id", "level_id")
    def _compute_display_name(self):
        for action in self:
            move = action.sudo().move_id
            action.display_name = f"{move.name}: {action.sudo().level_id.name}"

    @api.depends("move_id.line_ids.reconciled", "move_id.state", "date_maturity")
    def _compute_is_resolved(self):
        for action in self:
            move = action.sudo().move_id
            lines = move.line_ids.filtered(
                lambda line, day=action.date_maturity: (
                    line.display_type == "payment_term" and line.date_maturity == day
                )
            )
            action.is_resolved = move.state != "posted" or all(
                lines.mapped("reconciled")
            )

    @api.model
    def _create_from_lines(self, lines, run, state="pending", reason=None):
        """Return the actions of a run's lines, one each, in three statements.

        :param lines: account.overdue.run.line (superuser)
        :param state: of all of them, e.g. of what a person skips
        :return: the actions, in the order of the lines
        """
        if not lines:
            return self.browse()
        self.env.flush_all()
        params = {
            "lines": lines.ids,
            "run": run.id,
            "day": run.date,
            "state": state,
            "reason": reason,
            "user": self.env.uid,
            "now": self.env.cr.now(),
        }
        for query in (INSERT, INSERT_PROJECTS):
            self.env.cr.execute(query, params)
        self.env.invalidate_all(flush=False)
        return lines.action_id
