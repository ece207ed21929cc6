from odoo import api, fields, models


class AccountOverduePartnerMixin(models.AbstractModel):
    """What is agreed with a customer about overdue invoices."""

    _name = "account.overdue.partner.mixin"
    _description = "Overdue Treatment of a Customer"

    overdue_policy_id = fields.Many2one(
        "account.overdue.policy",
        string="Overdue policy",
        company_dependent=True,
        domain="[('company_id', '=', current_company_id)]",
        help="Of the current company; empty: the company's own.",
    )

    @api.model
    def _commercial_fields(self):
        return super()._commercial_fields() + ["overdue_policy_id"]
