from odoo import api, fields, models

# an action that is under way: no other level of the instalment begins meanwhile
OPEN_STATES = ("pending", "sending", "failed")
# an action that counts: the level is done for this instalment
DONE_STATES = ("done", "unknown")


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
    def _create_from_lines(self, lines, run, **values):
        """Return the actions of a run's lines, one each, written at once.

        :param values: for all of them, e.g. the state of what a person skips
        """
        actions = self.create(
            [
                {
                    "company_id": line.company_id.id,
                    "run_id": run.id,
                    "partner_id": line.partner_id.id,
                    "move_id": line.move_id.id,
                    "project_ids": [fields.Command.set(line.project_ids.ids)],
                    "date_maturity": line.date_maturity,
                    "level_id": line.level_id.id,
                    "period": line.period,
                    "date": run.date,
                    "currency_id": line.currency_id.id,
                    "amount": line.amount,
                    "amount_total": line.amount_total,
                    **values,
                }
                for line in lines
            ]
        )
        for line, action in zip(lines, actions, strict=True):
            line.action_id = action
        return actions
