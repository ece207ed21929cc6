from odoo import api, fields, models

KINDS = [
    ("call", "Call"),
    ("promise", "Promise"),
    ("dispute", "Dispute"),
    ("hold", "Hold"),
]


class AccountOverduePauseWizard(models.TransientModel):
    """Note a call, promise, dispute or hold, of an invoice or of a customer.

    Project managers have no right to invoices: all that is shown is computed after
    it was checked that the invoice is of an own project.
    """

    _name = "account.overdue.pause.wizard"
    _description = "Call, Promise, Dispute or Hold"

    kind = fields.Selection(KINDS, string="What", required=True, default="call")
    move_id = fields.Many2one("account.move", readonly=True)
    partner_id = fields.Many2one("res.partner", readonly=True)
    company_id = fields.Many2one(
        "res.company", readonly=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_subject")
    subject = fields.Char(string="About", compute="_compute_subject")
    current = fields.Char(
        string="Now",
        compute="_compute_subject",
        help="What is noted already and in force today.",
    )
    amount_open = fields.Monetary(string="Open", compute="_compute_subject")
    reason = fields.Text()
    date_end = fields.Date(string="Until")
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        readonly=False,
        help="A promise of less covers the instalments that were due first.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
        help="Deals with it, and is told when it ends or a promise is broken.",
    )

    @api.model
    def _open(self, move=None, partner=None, company=None, kind="call"):
        """Return the action of a new wizard about an invoice or a customer."""
        pauses = self.env["account.overdue.pause"]
        if move:
            company = move.sudo().company_id
        company = company or self.env.company
        pauses._check_may_log("call", move, partner, company)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Follow up"),
            "res_model": self._name,
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_move_id": move.id if move else False,
                "default_partner_id": partner.id if partner else False,
                "default_company_id": company.id,
                "default_kind": kind,
            },
        }

    def _get_move(self):
        """Return the invoice (superuser) if the user may note something on it."""
        pauses = self.env["account.overdue.pause"]
        return pauses._filter_pausable(self.move_id).sudo()

    @api.depends("move_id", "partner_id", "company_id")
    def _compute_subject(self):
        pauses = self.env["account.overdue.pause"]
        for wizard in self:
            move = wizard._get_move()
            partner = wizard.partner_id.commercial_partner_id
            company = move.company_id or wizard.company_id
            wizard.currency_id = move.currency_id or company.sudo().currency_id
            wizard.subject = wizard.current = False
            wizard.amount_open = 0.0
            if move:
                wizard.subject = f"{move.name}, {move.commercial_partner_id.name}"
                wizard.current = move.overdue_pause_text
            elif partner and not wizard.move_id:
                wizard.subject = self.env._("All invoices of %s", partner.name)
            if wizard.subject and self._may_see_amount():
                wizard.amount_open = pauses._get_open_amount(move, partner, company)

    def _may_see_amount(self):
        """Project managers see their share of an invoice in the tracker only."""
        return self.env.user.has_group("project_invoice_tracker.group_billing_officer")

    @api.depends("move_id", "partner_id")
    def _compute_amount(self):
        pauses = self.env["account.overdue.pause"]
        for wizard in self:
            retained = pauses._get_retained_amount(wizard._get_move())
            wizard.amount = max(0.0, wizard.amount_open - retained)

    def action_note(self):
        """Button: note it; the rules are those of ``account.overdue.pause``."""
        self.ensure_one()
        pauses = self.env["account.overdue.pause"]
        about = {"move": self.move_id, "partner": self.partner_id}
        if self.kind == "call":
            pauses._log_call(self.reason, **about, date_next=self.date_end)
            return {"type": "ir.actions.act_window_close"}
        vals = {
            "reason": self.reason,
            "date_end": self.date_end,
            "user_id": self.user_id.id,
        }
        if self.kind == "promise":
            vals["amount"] = self.amount
        pauses._log(self.kind, **about, company=self.company_id, **vals)
        return {"type": "ir.actions.act_window_close"}
