from odoo import api, fields, models

from ..exceptions import BillingRuleError
from ..tools.cap import Limit


class ProjectBillingOrder(models.Model):
    """A customer's order (PO): its number, and an amount that rules share.

    Rules of any type and of several projects may belong to one order; together they
    never bill more than its amount. What was billed stays with the order by which it
    was billed when a rule gets another one.
    """

    _name = "project.billing.order"
    _description = "Customer Order"
    _inherit = ["project.billing.cap.alert.mixin", "mail.thread"]
    _order = "date_end desc, name, id"
    _check_company_auto = True
    _rec_names_search = ["name", "partner_id"]

    name = fields.Char(
        string="Number",
        required=True,
        tracking=True,
        help="The customer's number of the order, as it stands on the invoice.",
    )
    active = fields.Boolean(default=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        check_company=True,
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        tracking=True,
        default=lambda self: self.env.company.currency_id,
        help="Currency of the order and of the rules that it pays.",
    )
    amount = fields.Monetary(
        tracking=True,
        help="Net amount that all rules of the order together never exceed; "
        "0 = only the number counts.",
    )
    date_end = fields.Date(
        string="Valid until",
        tracking=True,
        help="Last invoice date at which the customer accepts this order.",
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        string="Files",
        help="The order as the customer sent it.",
    )
    rule_ids = fields.One2many("project.billing.rule", "order_id")
    project_ids = fields.Many2many(
        "project.project", compute="_compute_project_ids", string="Projects"
    )
    used_amount = fields.Monetary(
        string="Used",
        compute="_compute_used",
        compute_sudo=True,
        help="On live invoices, drafts included, less credits; also what was billed "
        "elsewhere.",
    )
    left_amount = fields.Monetary(
        string="Left", compute="_compute_used", compute_sudo=True
    )
    over_amount = fields.Monetary(
        string="Over by", compute="_compute_used", compute_sudo=True
    )
    cap_version = fields.Integer(
        readonly=True, copy=False, export_string_translation=False
    )

    # -- computes --------------------------------------------------------------------

    @api.depends("rule_ids.project_id")
    def _compute_project_ids(self):
        for order in self:
            order.project_ids = order.rule_ids.project_id

    @api.depends("amount", "rule_ids.allocation_ids")
    def _compute_used(self):
        rules = self.env["project.billing.rule"]
        used = rules._get_used("order_id", self._origin)
        for order in self:
            order.used_amount = used.get(order._origin.id, 0.0)
            left = order.amount - order.used_amount if order.amount else 0.0
            order.left_amount, order.over_amount = max(left, 0.0), max(-left, 0.0)

    def _get_limits(self):
        """Return ``{order: Limit}`` of the orders with an amount."""
        orders = self.sudo().filtered("amount").with_env(self.env)
        if not orders:
            return {}
        used = self.env["project.billing.rule"]._get_used("order_id", orders)
        return {
            order: Limit(
                name=order.name,
                total=order.amount,
                used=order.currency_id.round(used.get(order.id, 0.0)),
                source=order,
            )
            for order in orders.sudo()
        }

    # -- constraints -----------------------------------------------------------------

    @api.constrains("amount")
    def _check_amount(self):
        if any(order.amount < 0 for order in self):
            raise BillingRuleError(
                self.env._(
                    "The amount of a customer order cannot be negative. 0 means that "
                    "only its number counts."
                )
            )

    @api.constrains("partner_id", "currency_id", "company_id")
    def _check_all_rules(self):
        for order in self:
            order._check_rules(order.sudo().with_context(active_test=False).rule_ids)

    def _check_rules(self, rules):
        """Refuse rules of another currency or customer than their order's.

        :raise BillingRuleError: naming rule and order
        """
        for rule in rules.filtered("order_id"):
            order = rule.order_id
            if rule.currency_id != order.currency_id:
                raise BillingRuleError(
                    self.env._(
                        "%(rule)s bills in %(rule_currency)s, the customer's order "
                        "%(order)s is in %(currency)s. Choose an order in the rule's "
                        "currency.",
                        rule=rule.display_name,
                        rule_currency=rule.currency_id.name,
                        order=order.name,
                        currency=order.currency_id.name,
                    )
                )
            customer = rule.bill_partner_id.commercial_partner_id
            if customer and customer != order.partner_id.commercial_partner_id:
                raise BillingRuleError(
                    self.env._(
                        "%(rule)s is invoiced to %(partner)s, the order %(order)s is "
                        "of %(customer)s. Choose an order of the customer.",
                        rule=rule.display_name,
                        partner=customer.name,
                        order=order.name,
                        customer=order.partner_id.name,
                    )
                )

    # -- buttons ---------------------------------------------------------------------

    def action_view_rules(self):
        """Open the billing rules of this order."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_rule_action"
        )
        return {
            **action,
            "domain": [("order_id", "=", self.id)],
            "context": {"default_order_id": self.id},
        }

    def action_view_allocations(self):
        """Open what was billed on this order, row by row."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_allocation_action"
        )
        return {**action, "domain": [("order_id", "=", self.id)]}
