from odoo import api, fields, models


class ProjectBillingBadDebtMixin(models.AbstractModel):
    """Invoices that will not be paid any more: the entries that write them off.

    The entry keeps invoice, reason, who and when. Cancelled, it opens the invoice
    again, as the host does with any reconciled entry.
    """

    _name = "project.billing.bad.debt.mixin"
    _description = "Bad Debts"

    currency_id = fields.Many2one("res.currency")
    billing_bad_debt_of_id = fields.Many2one(
        "account.move",
        string="Bad debt of",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
    )
    billing_bad_debt_reason = fields.Char(
        string="Reason of the bad debt", readonly=True, copy=False
    )
    billing_bad_debt_ids = fields.One2many(
        "account.move", "billing_bad_debt_of_id", string="Bad debt entries"
    )
    billing_bad_debt_amount = fields.Monetary(
        string="Written off as bad debt",
        currency_field="currency_id",
        compute="_compute_billing_bad_debt_amount",
        compute_sudo=True,
        help="Of the total of this invoice, with taxes, in its currency.",
    )

    @api.depends("billing_bad_debt_ids.state")
    def _compute_billing_bad_debt_amount(self):
        groups = self.env["account.move.line"]._read_group(
            [
                ("move_id.billing_bad_debt_of_id", "in", self._origin.ids),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
            ],
            ["move_id"],
            ["amount_currency:sum"],
        )
        amounts = {}
        for entry, amount in groups:
            invoice = entry.billing_bad_debt_of_id.id
            amounts[invoice] = amounts.get(invoice, 0.0) - amount
        for move in self:
            move.billing_bad_debt_amount = amounts.get(move._origin.id, 0.0)

    def action_view_billing_bad_debts(self):
        """Open the entries that write this invoice off."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Bad debt of %s", self.name),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", self.billing_bad_debt_ids.ids)],
            "context": {"create": False},
        }

    def _get_billing_distribution(self):
        """Return the analytic distribution of the lines, by their amounts."""
        self.ensure_one()
        total, shares = 0.0, {}
        for line in self.invoice_line_ids:
            total += line.price_subtotal
            for key, percentage in (line.analytic_distribution or {}).items():
                part = line.price_subtotal * percentage / 100.0
                shares[key] = shares.get(key, 0.0) + part
        if not total:
            return False
        return {key: round(100.0 * part / total, 2) for key, part in shares.items()}
