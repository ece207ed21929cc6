from odoo import api, fields, models

from ..reasons_overdue import get_overdue_reason_selection


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
    move_id = fields.Many2one(
        "account.move", string="Invoice", ondelete="cascade", required=True, index=True
    )
    date_maturity = fields.Date(string="Due date", required=True)
    days_overdue = fields.Integer(aggregator="max")
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
    state_order = fields.Integer(
        compute="_compute_state_order", store=True, precompute=True
    )
    reason_code = fields.Selection(lambda self: get_overdue_reason_selection(self.env))
    reason = fields.Char(help="Why nothing is done, and what to do.")
    action_id = fields.Many2one("account.overdue.action", ondelete="set null")

    _run_state_idx = models.Index("(run_id, state)")

    @api.depends("state")
    def _compute_state_order(self):
        order = ["failed", "proposed", "done", "skipped"]
        for line in self:
            line.state_order = order.index(line.state)

    @api.depends("move_id", "level_id")
    def _compute_display_name(self):
        for line in self.sudo():
            line.display_name = f"{line.move_id.name}: {line.level_id.name or ''}"
