from odoo import api, fields, models

from ..exceptions import BillingError


class ProjectBillingItemDepositMixin(models.AbstractModel):
    """What later invoices took off a deposit, and what is left.

    ``billed_amount`` is what the customer was asked for in advance, less what was
    refunded; ``drawn_amount`` what later invoices took off it. Both are kept by the
    ledger, and the database refuses that more is taken off than was invoiced.
    """

    _name = "project.billing.item.deposit.mixin"
    _description = "Billing Item: Deposit"

    currency_id = fields.Many2one("res.currency")

    drawn_amount = fields.Monetary(
        string="Deducted",
        readonly=True,
        copy=False,
        default=0.0,
        help="What invoices took off this deposit, in the rule's currency.",
    )
    deposit_left_amount = fields.Monetary(
        compute="_compute_deposit_left_amount",
        string="Deposit left",
        help="Invoiced in advance and not deducted yet, in the rule's currency.",
    )

    # the name ends like that of the other guard: both mean a second run was faster
    _deposit_not_billed_twice = models.Constraint(
        "CHECK (kind != 'deposit' OR (drawn_amount >= -0.000001"
        " AND drawn_amount <= billed_amount + 0.000001))",
        "No more of a deposit can be deducted than was invoiced.",
    )

    @api.depends("kind", "billed_amount", "drawn_amount")
    def _compute_deposit_left_amount(self):
        for item in self:
            is_deposit = item.kind == "deposit"
            left = item.billed_amount - item.drawn_amount if is_deposit else 0.0
            item.deposit_left_amount = item.currency_id.round(left)

    def _is_deposit_frozen(self):
        """Return whether the deposit is on an invoice or was ended."""
        self.ensure_one()
        return bool(self.billed_amount or self.billing_written_off_amount)

    def _write_changes(self, values):
        """Write the values that differ."""
        self.ensure_one()
        changes = {
            name: value
            for name, value in values.items()
            if self._fields[name].convert_to_write(self[name], self) != value
        }
        if changes:
            self.write(changes)

    def _drop_deposits(self):
        """Delete deposits that no rule asks for; those in the ledger are archived."""
        used = self.filtered("allocation_ids")
        used.filtered("active").active = False
        (self - used).unlink()

    # -- refund ----------------------------------------------------------------------

    def action_refund_deposit(self):
        """Make draft credit notes for what is left of these deposits, and end them.

        One for each deposit invoice, with its number and taxes. Posted, they leave
        nothing to deduct and nothing to invoice again.

        :return: action that opens them (also those that were made before)
        :raise BillingError: nothing is left, or the right to invoice is missing
        """
        self.env["project.billing.run"]._check_officer()
        self.check_access("read")
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            .search([("item_id", "in", self.ids), ("is_live", "=", True)])
        )
        lefts = rows._filter_deposits()._get_lefts()
        moves = self.env["account.move"]
        for row, left in lefts.items():
            if row.move_id.state == "posted" and row.currency_id.compare_amounts(
                left, 0.0
            ):
                moves |= row.move_id.with_env(self.env)._refund_deposit(row, left)
        if not moves:
            raise BillingError(
                self.env._(
                    "Nothing is left to refund: the deposit is not invoiced yet, or "
                    "invoices have taken all of it off."
                )
            )
        return moves._billing_open()
