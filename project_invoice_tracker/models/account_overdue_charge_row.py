from odoo import api, fields, models


class AccountOverdueChargeRow(models.Model):
    """One line of a charge's calculation, as it is printed on the debit note."""

    _name = "account.overdue.charge.row"
    _description = "Calculation of a Late Fee"
    _order = "charge_id, id"

    charge_id = fields.Many2one(
        "account.overdue.charge", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="charge_id.company_id", store=True, precompute=True
    )
    currency_id = fields.Many2one(related="charge_id.currency_id")
    kind = fields.Selection(
        [
            ("fee", "Fee"),
            ("compensation", "Lump sum"),
            ("correction", "Correction of earlier charges"),
            ("interest", "Interest"),
        ],
        required=True,
    )
    date_from = fields.Date(string="From")
    date_to = fields.Date(string="To", help="The last day that bears interest.")
    days = fields.Integer(aggregator=None)
    principal = fields.Monetary(
        aggregator=None, help="Open on these days, in document currency."
    )
    capital = fields.Monetary(
        string="Unpaid interest",
        aggregator=None,
        help="Interest that bears interest itself, where the statute says so.",
    )
    rate = fields.Float(string="% a year", digits=(16, 4), aggregator=None)
    amount = fields.Monetary()

    @api.depends("kind", "amount")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for row in self:
            amount = row.currency_id.format(row.amount)
            row.display_name = f"{kinds.get(row.kind, '')}: {amount}"
