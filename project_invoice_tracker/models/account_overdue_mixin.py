from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date

from ..reasons_overdue import get_overdue_reason_text
from ..tools.overdue import simulate

USER = "project_invoice_tracker.group_billing_user"  # customers read their invoices
AHEAD = 60  # days in which the next step is looked for


class AccountOverdueMixin(models.AbstractModel):
    """What an invoice knows about its reminders."""

    _name = "account.overdue.mixin"
    _description = "Overdue Treatment of Invoices"
    _inherit = ["account.overdue.reached.mixin"]

    overdue_policy_id = fields.Many2one(
        "account.overdue.policy",
        string="Overdue policy",
        copy=False,
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        tracking=True,
        groups=USER,
        help="Empty: of the project, else of the customer, else of the company.",
    )
    overdue_action_ids = fields.One2many(
        "account.overdue.action", "move_id", string="Overdue actions", groups=USER
    )
    overdue_date_sent = fields.Date(
        string="First sent on",
        readonly=True,
        copy=False,
        groups=USER,
        help="Reminders wait for the policy's interval from this day.",
    )
    overdue_note = fields.Char(
        compute="_compute_overdue_note",
        compute_sudo=True,
        groups=USER,
        help="What was done about this invoice, and what comes next.",
    )

    @api.depends("overdue_level_id", "state", "payment_state", "line_ids.date_maturity")
    def _compute_overdue_note(self):
        for move in self:
            move.overdue_note = move._get_overdue_note()

    def _get_overdue_note(self):
        """Return what was done about a late invoice and what comes next, or False."""
        self.ensure_one()
        if not self._origin or not self.overdue_days or self.move_type != "out_invoice":
            return False
        texts = []
        if self.overdue_level_id:
            done = self.overdue_action_ids.filtered(
                lambda x: x.level_id == self.overdue_level_id and x.date_done
            )
            day = max(done.mapped("date_done"), default=None)
            texts.append(
                self.env._(
                    "%(level)s on %(date)s.",
                    level=self.overdue_level_id.name,
                    date=format_date(self.env, day) if day else "?",
                )
            )
        return " ".join(filter(None, [*texts, self._get_overdue_outlook()])) or False

    def _get_overdue_outlook(self):
        """Return the next step of the first instalment that has one, or why not.

        What is paused has a bar of its own that says so.
        """
        if self.overdue_pause_text:
            return None
        day = self.company_id._get_billing_today()
        until = day + timedelta(days=AHEAD)
        policies, found, stops = self.env["account.overdue.plan"]._get_outlook(
            self.company_id, day, until, self.commercial_partner_id.ids
        )
        for own in found:
            policy = policies.get(own.policy_id)
            if own.move_id != self._origin.id or not policy or not policy.is_on:
                continue
            code, detail = stops[own.key]
            if code:
                return get_overdue_reason_text(self.env, code, detail)
            args = own.history, own.date_maturity, own.date_sent, day, until
            for due in simulate(policy, *args):
                level = self.env["account.overdue.level"].browse(due.level.id)
                return self.env._(
                    "Next: %(level)s on %(date)s.",
                    level=level.name,
                    date=format_date(self.env, due.date),
                )
        return None

    def action_view_overdue_notices(self):
        """Open the reminders about this invoice."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_overdue_notice_action"
        )
        domain = [("action_ids.move_id", "in", self.ids)]
        return {**action, "domain": domain, "context": {}}

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
        new = self.sudo().filtered(lambda move: not move.overdue_date_sent)
        for company, moves in new.grouped("company_id").items():
            moves.overdue_date_sent = company._get_billing_today()
