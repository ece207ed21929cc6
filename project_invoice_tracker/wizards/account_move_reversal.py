from odoo import api, fields, models

from ..exceptions import BillingError, LedgerError


class AccountMoveReversal(models.TransientModel):
    """Asks what a credit note does to the billed work; hours can be named."""

    _inherit = "account.move.reversal"

    billing_has_work = fields.Boolean(compute="_compute_billing_has_work")
    billing_credit_mode = fields.Selection(
        [
            ("work_back", "Take the work back: it can be billed again"),
            ("price_reduction", "Price reduction: no work is billed again"),
            ("write_off", "Write-off: the work is given up"),
        ],
        string="What happens to the work?",
        default="work_back",
        help="Work that is taken back is held until somebody releases it.",
    )
    billing_hour_ids = fields.One2many(
        "account.move.reversal.hour",
        "reversal_id",
        string="Hours to take back",
        compute="_compute_billing_hour_ids",
        store=True,
        readonly=False,
    )

    @api.depends("move_ids")
    def _compute_billing_has_work(self):
        for wizard in self:
            wizard.billing_has_work = bool(wizard._get_billed_rows())

    @api.depends("move_ids")
    def _compute_billing_hour_ids(self):
        for wizard in self:
            wizard.billing_hour_ids = [fields.Command.clear()]
            if len(wizard.move_ids) != 1:
                continue
            rows = wizard._get_billed_rows().filtered(
                lambda row: row.analytic_line_id and row.quantity
            )
            taken = rows._get_taken()
            wizard.billing_hour_ids = [
                fields.Command.create(
                    {
                        "allocation_id": row.id,
                        "billed": row.quantity + taken.get(row.id, (0.0,))[0],
                        "quantity": row.quantity + taken.get(row.id, (0.0,))[0],
                    }
                )
                for row in rows.sorted(lambda row: (row.date, row.id))
            ]

    def _get_billed_rows(self):
        return (
            self.env["project.billing.allocation"]
            .sudo()
            .search(
                [
                    ("move_id", "in", self.move_ids._origin.ids),
                    ("kind", "=", "bill"),
                    ("is_live", "=", True),
                ]
            )
        )

    def _prepare_default_reversal(self, move):
        values = super()._prepare_default_reversal(move)
        if move.sudo().billing_allocation_ids:
            is_modify = self.env.context.get("billing_is_modify")
            values["billing_credit_mode"] = (
                "replaced" if is_modify else self.billing_credit_mode
            )
            values["billing_customer_order"] = move.billing_customer_order
        return values

    def reverse_moves(self, is_modify=False):
        wizard = self.with_context(billing_is_modify=is_modify)
        if is_modify and self.billing_has_work:
            self._check_replaceable()
        earlier = self.move_ids.reversal_move_ids
        action = super(AccountMoveReversal, wizard).reverse_moves(is_modify)
        if is_modify:
            credits = self.move_ids.reversal_move_ids - earlier
            self.new_move_ids._claim_from_origin(credits)
        elif self.billing_credit_mode in ("work_back", "write_off"):
            self._name_hours()
        elif self.billing_has_work:
            self.new_move_ids._drop_deductions()
        return action

    def _check_replaceable(self):
        """Refuse replacements that would bill no work.

        :raise BillingError: made later, or of an invoice whose work is elsewhere
        """
        if self.date and self.date > fields.Date.context_today(self):
            raise BillingError(
                self.env._(
                    "An invoice that bills work is replaced at once: choose a date "
                    "up to today."
                )
            )
        for rows in self._get_billed_rows().grouped("move_id").values():
            if not rows._has_work_left():
                credits = rows.search([("origin_id", "in", rows.ids)])
                raise LedgerError(
                    self.env._(
                        "%(invoice)s has no work left for a replacement: %(credits)s "
                        "took all of it back. Edit the replacement that was made then, "
                        "or release the work and bill it.",
                        invoice=rows._get_document_names(),
                        credits=credits.filtered("is_live")._get_document_names(),
                    )
                )

    def action_billing_take_none(self):
        """Button: set all hours to 0, to name the few that are taken back."""
        self.ensure_one()
        self.billing_hour_ids.quantity = 0.0
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "name": self.env._("Credit Note"),
        }

    def _name_hours(self):
        """Cut the draft credit note down to the hours that were named."""
        hours = self.billing_hour_ids
        named = hours.filtered(lambda h: abs(h.quantity - h.billed) > 1e-6)
        if len(self.new_move_ids) != 1 or not named:
            return
        credit = self.new_move_ids
        chosen, quantities = {}, {}
        for line in credit.invoice_line_ids.filtered("billing_origin_line_id"):
            own = hours.filtered(
                lambda h, line=line: (
                    h.allocation_id.move_line_id == line.billing_origin_line_id
                )
            )
            if not own:
                rows = line.billing_origin_line_id.sudo().billing_allocation_ids
                if rows and not any(rows.mapped("invoiced_quantity")):
                    quantities[line] = 0.0  # a deduction belongs to the whole
                continue
            chosen[str(line.id)] = {str(h.allocation_id.id): h.quantity for h in own}
            quantities[line] = sum(h._get_invoiced() for h in own)
        credit.write(
            {
                "billing_chosen_hours": chosen,
                "invoice_line_ids": [
                    fields.Command.update(line.id, {"quantity": quantity})
                    if quantity
                    else fields.Command.delete(line.id)
                    for line, quantity in quantities.items()
                ],
            }
        )


class AccountMoveReversalHour(models.TransientModel):
    """Hours of one entry that a credit note takes back."""

    _name = "account.move.reversal.hour"
    _description = "Hours to Take Back"

    reversal_id = fields.Many2one(
        "account.move.reversal", required=True, ondelete="cascade"
    )
    allocation_id = fields.Many2one(
        "project.billing.allocation", required=True, ondelete="cascade"
    )
    date = fields.Date(related="allocation_id.date")
    entry_name = fields.Char(compute="_compute_entry_name", string="Entry")
    # as exact as the ledger: 20 minutes rounded to 0.33 h could not be taken back
    billed = fields.Float(string="Billed hours", digits=(16, 6), readonly=True)
    quantity = fields.Float(string="Hours to take back", digits=(16, 6))

    _hours = models.Constraint(
        "CHECK (abs(quantity) <= abs(billed) + 0.000001 AND quantity * billed >= 0)",
        "No more hours can be taken back than were billed.",
    )

    @api.depends("allocation_id")
    def _compute_entry_name(self):
        for hour in self:
            entry = hour.allocation_id.sudo().analytic_line_id
            person = entry.employee_id.name or ""
            hour.entry_name = f"{person}: {entry.billing_text or entry.name}"

    def _get_invoiced(self):
        """Return the quantity in the unit of the invoice line."""
        self.ensure_one()
        row = self.allocation_id.sudo()
        if not row.quantity:
            return 0.0
        return round(row.invoiced_quantity * self.quantity / row.quantity, 6)
