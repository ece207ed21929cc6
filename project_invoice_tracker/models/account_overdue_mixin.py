from odoo import api, fields, models


class AccountOverdueMixin(models.AbstractModel):
    """What an invoice knows about its reminders."""

    _name = "account.overdue.mixin"
    _description = "Overdue Treatment of Invoices"

    overdue_policy_id = fields.Many2one(
        "account.overdue.policy",
        string="Overdue policy",
        copy=False,
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        tracking=True,
        help="Empty: of the project, else of the customer, else of the company.",
    )
    overdue_action_ids = fields.One2many(
        "account.overdue.action", "move_id", string="Overdue actions"
    )
    overdue_date_sent = fields.Date(
        string="First sent on",
        readonly=True,
        copy=False,
        help="Reminders wait for the policy's interval from this day.",
    )
    overdue_level_id = fields.Many2one(
        "account.overdue.level",
        string="Reminded at",
        compute="_compute_overdue_level_id",
        compute_sudo=True,
        help="The last level that was done of an unpaid instalment.",
    )

    @api.depends("overdue_action_ids.state", "line_ids.reconciled", "state")
    def _compute_overdue_level_id(self):
        for move in self:
            actions = move.overdue_action_ids.filtered(
                lambda x: x.state in ("done", "unknown") and not x.is_resolved
            )
            last = actions.sorted(lambda x: (x.level_id.sequence, x.id))[-1:]
            move.overdue_level_id = last.level_id

    def write(self, vals):
        result = super().write(vals)
        if vals.get("is_move_sent"):
            self._note_overdue_date_sent()
        return result

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        moves.filtered("is_move_sent")._note_overdue_date_sent()
        return moves

    def _note_overdue_date_sent(self):
        """Remember the company's day on which documents were first sent."""
        new = self.filtered(lambda move: not move.overdue_date_sent)
        for company, moves in new.grouped("company_id").items():
            moves.overdue_date_sent = company._get_billing_today()
