from odoo import api, fields, models


class AccountOverdueCompanyMixin(models.AbstractModel):
    """What a company decides about overdue invoices."""

    _name = "account.overdue.company.mixin"
    _description = "Overdue Treatment of a Company"

    overdue_policy_id = fields.Many2one(
        "account.overdue.policy",
        string="Overdue policy",
        ondelete="restrict",
        help="Of all invoices whose customer, project or self has no other one.",
    )
    overdue_schedule_active = fields.Boolean(
        string="Scheduled reminders",
        help="Every day, whatever policies that are on ask for is done by itself.",
    )
    overdue_user_id = fields.Many2one(
        "res.users",
        string="Accountant for overdue invoices",
        domain=[("share", "=", False)],
        help="Is told of failures, unmatched credits and what policies ask for.",
    )
    overdue_promise_days = fields.Integer(
        string="Days a customer may promise",
        default=30,
        help="In the portal, counted from the customer's first promise of an invoice; "
        "later days are agreed with a person. 0: nothing is promised there.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        self.env["account.overdue.policy"]._create_default(companies)
        return companies

    @api.model
    def _create_overdue_policies(self):
        """Give each company without a policy the usual one, switched off."""
        companies = self.sudo().search([("active", "=", True)])
        self.env["account.overdue.policy"]._create_default(companies)
