from odoo import api, fields, models


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = [
        "account.overdue.partner.mixin",
        "account.overdue.pause.partner.mixin",
        "res.partner",
    ]

    billing_order_required = fields.Boolean(
        string="Order number required",
        tracking=True,
        help="Project invoices to this customer are made only with the customer's "
        "order number (PO).",
    )

    billing_habit = fields.Char(
        string="Payment habit",
        compute="_compute_billing_habit",
        compute_sudo=True,
        groups="project_invoice_tracker.group_billing_officer",
        help="How late this customer pays the current company; open invoices are "
        "expected accordingly.",
    )

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_billing_habit(self):
        habits = self.env["project.billing.habit"].search(
            [
                ("company_id", "=", self.env.company.id),
                ("partner_id", "in", self.commercial_partner_id.ids),
            ]
        )
        known = {habit.partner_id: habit.display_name for habit in habits}
        for partner in self:
            partner.billing_habit = known.get(partner.commercial_partner_id, False)

    def _commercial_fields(self):
        return super()._commercial_fields() + ["billing_order_required"]
