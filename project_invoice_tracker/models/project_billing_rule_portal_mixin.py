from odoo import fields, models


class ProjectBillingRulePortalMixin(models.AbstractModel):
    """What the customer sees of a rule in the portal, beside invoices."""

    _name = "project.billing.rule.portal.mixin"
    _description = "Billing Rule: Portal"

    portal_hours = fields.Selection(
        [
            ("none", "Nothing"),
            ("invoiced", "Invoiced hours"),
            ("worked", "Invoiced hours and those worked since"),
        ],
        string="Customer sees of hours",
        required=True,
        default="none",
        tracking=True,
        help="On the customer's page of the project: day, person as shown on "
        "invoices, text and hours; never prices of people. What was worked since the "
        "last invoice is shown before anybody reviewed it.",
    )
