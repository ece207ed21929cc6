from odoo import api, fields, models


class AccountOverdueWaive(models.TransientModel):
    """Waive late fees, with the reason."""

    _name = "account.overdue.waive"
    _description = "Waive Late Fees"

    charge_ids = fields.Many2many(
        "account.overdue.charge",
        string="Late fees",
        required=True,
        default=lambda self: self._default_charges(),
    )
    mode = fields.Selection(
        [
            ("waive", "Give it up: it is not charged again"),
            ("recall", "It was wrong: what is due can be charged again"),
        ],
        string="What happens",
        required=True,
        default="waive",
    )
    reason = fields.Char(required=True)
    has_posted = fields.Boolean(compute="_compute_has_posted")
    has_paid = fields.Boolean(compute="_compute_has_posted")

    @api.model
    def _default_charges(self):
        if self.env.context.get("active_model") != "account.overdue.charge":
            return self.env["account.overdue.charge"]
        ids = self.env.context.get("active_ids")
        return self.env["account.overdue.charge"].browse(ids)

    @api.depends("charge_ids")
    def _compute_has_posted(self):
        for wizard in self:
            states = set(wizard.charge_ids.mapped("state"))
            paid = wizard.charge_ids.debit_move_id.filtered(
                lambda move: move.payment_state not in ("not_paid", False)
            )
            wizard.has_posted = "charged" in states
            wizard.has_paid = bool(paid)

    def action_waive(self):
        """Button: waive; what is booked gets a credit note.

        :raise AccessError: the user does not make invoices
        :raise ChargeError: waived or cancelled before
        """
        self.ensure_one()
        self.charge_ids._waive(self.reason, recall=self.mode == "recall")
        return {"type": "ir.actions.act_window_close"}
