from odoo import api, fields, models


class ProjectBillingRuleExpenseMixin(models.AbstractModel):
    """Which costs a rule passes on, with which mark-up."""

    _name = "project.billing.rule.expense.mixin"
    _description = "Billing Rule: Costs"

    currency_id = fields.Many2one("res.currency")

    cost_sources = fields.Selection(
        [
            ("all", "All costs of the project"),
            ("bills", "Vendor bills and receipts only"),
        ],
        string="Which costs",
        required=True,
        default="all",
        tracking=True,
        help="All costs: vendor bills, receipts, expenses, other journal entries on "
        "expense accounts, and analytic lines typed by hand. Time of employees is "
        "never a cost here.",
    )
    cost_category_ids = fields.Many2many(
        "product.category",
        "project_billing_rule_cost_category_rel",
        "rule_id",
        "category_id",
        string="Product categories",
        help="Costs of products of these categories and those below; empty: all.",
    )
    cost_account_ids = fields.Many2many(
        "account.account",
        "project_billing_rule_cost_account_rel",
        "rule_id",
        "account_id",
        string="Expense accounts",
        help="Costs booked on these accounts; empty: on any expense account.",
    )
    cost_vendor_ids = fields.Many2many(
        "res.partner",
        "project_billing_rule_cost_vendor_rel",
        "rule_id",
        "partner_id",
        string="Vendors",
        help="Costs of these vendors; empty: of all.",
    )
    markup_percentage = fields.Float(
        string="Mark-up (%)",
        digits=(16, 6),
        tracking=True,
        help="Percent on top of the cost. Mark-ups of product categories come first, "
        "one typed in the review before both.",
    )
    markup_ids = fields.One2many(
        "project.billing.markup", "rule_id", string="Mark-ups by category", copy=True
    )
    cost_grouping = fields.Selection(
        [
            ("line", "Cost"),
            ("category", "Product category"),
            ("one", "One line"),
        ],
        string="One invoice line for each",
        required=True,
        default="line",
    )
    cost_show_vendor = fields.Boolean(
        string="Show vendor and bill",
        default=True,
        help="Write the vendor and the number of the bill on the invoice line.",
    )
    cost_show_markup = fields.Boolean(
        string="Show cost and mark-up",
        help="Write the cost and the mark-up on the invoice line.",
    )
    is_disbursement = fields.Boolean(
        string="Disbursement without VAT",
        tracking=True,
        help="Paid in the customer's name and on the customer's behalf: passed on at "
        "cost, without mark-up and outside the taxable amount (in the EU: article 79 "
        "(c) of the VAT directive). Ask your tax adviser; the bill must be made out "
        "to the customer.",
    )
    attach_receipts = fields.Boolean(
        help="The files of the vendor bills are attached to the draft invoice and go "
        "along when it is sent."
    )
    receipt_required = fields.Boolean(
        help="A cost whose bill has no file is not invoiced.", tracking=True
    )

    def action_view_costs(self):
        """Open the costs that this rule passes on."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_item_cost_action"
        )
        domain = [("rule_id", "=", self.id), ("cost_source", "!=", False)]
        return {**action, "domain": domain, "context": {}}

    @api.constrains("markup_percentage")
    def _check_markup_percentage(self):
        for rule in self:
            rule.markup_ids._check_markup(rule.markup_percentage, rule.display_name)
