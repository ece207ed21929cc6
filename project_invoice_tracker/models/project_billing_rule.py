from odoo import api, fields, models
from odoo.fields import Domain

from ..exceptions import BillingRuleError, LockedError

# what decides which entries a rule owns and what they cost
MATCH_FIELDS = frozenset(
    {
        "active",
        "billing_type",
        "company_id",
        "currency_id",
        "date_end",
        "date_start",
        "employee_ids",
        "price",
        "product_id",
        "project_id",
        "rate_card_id",
        "role_ids",
        "sequence",
        "tag_ids",
        "task_ids",
        "uom_id",
    }
)
# what live invoices rely on
FROZEN_FIELDS = frozenset({"billing_type", "company_id", "currency_id", "project_id"})


class ProjectBillingRule(models.Model):
    """One line of the deal: what is billed on a project, to whom, and how.

    A rule knows nothing of its billing type: the room ``project.billing.type.<key>``
    turns it into proposals and invoice lines. Amounts are in ``currency_id``, which is
    the currency of the invoice.
    """

    _name = "project.billing.rule"
    _description = "Project Billing Rule"
    _inherit = [
        "project.billing.rule.coverage.mixin",
        "project.billing.rule.quantity.mixin",
        "project.billing.rule.template.mixin",
        "project.billing.rule.cap.mixin",
        "project.billing.rule.recurring.mixin",
        "project.billing.rule.prepaid.mixin",
        "project.billing.rule.earned.value.mixin",
        "project.billing.rule.expense.mixin",
        "project.billing.rule.deposit.mixin",
        "project.billing.rule.retention.mixin",
        "project.billing.rule.payer.mixin",
        "project.billing.rule.portal.mixin",
        "mail.thread",
    ]
    _order = "project_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(
        required=True,
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
        translate=True,
    )
    active = fields.Boolean(default=True)
    sequence = fields.Integer(
        default=10,
        help="An entry belongs to the first rule that matches it.",
    )
    project_id = fields.Many2one(
        "project.project",
        required=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
    )
    billing_type = fields.Selection(
        [
            ("timesheet", "Time and materials"),
            ("milestone", "Milestones"),
            ("recurring", "Recurring fee"),
            ("progress", "Progress"),
            ("expense", "Costs passed on"),
        ],
        required=True,
        default="timesheet",
        tracking=True,
    )
    claims_time = fields.Boolean(
        compute="_compute_claims_time",
        store=True,
        precompute=True,
        help="Technical: rules of this type own time entries.",
        export_string_translation=False,
    )
    product_id = fields.Many2one(
        "product.product",
        required=True,
        compute="_compute_product_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        domain=[("sale_ok", "=", True), ("type", "=", "service")],
        help="Gives the invoice line its income account, taxes and unit.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="Currency of the amounts of this rule and of its invoices.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Invoice to",
        check_company=True,
        tracking=True,
        help="Empty: the project's customer.",
    )
    bill_partner_id = fields.Many2one(
        "res.partner", compute="_compute_bill_partner_id", string="Customer"
    )
    customer_order = fields.Char(
        string="Customer order (PO)",
        compute="_compute_customer_order",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="The customer's order number; empty: the project's. Work of different "
        "order numbers goes to different invoices.",
    )
    payment_term_id = fields.Many2one(
        "account.payment.term",
        check_company=True,
        help="Empty: the customer's terms.",
    )
    amount = fields.Monetary(
        string="Contract amount",
        tracking=True,
        help="Milestones: what all items together come to, in the rule's currency. "
        "Empty: the sum of the fixed items.",
    )
    price = fields.Float(
        aggregator="avg",
        digits="Product Price",
        compute="_compute_price",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="Default price of one unit in the rule's currency; rates of employees "
        "and roles come first. 0 = the product's sales price.",
    )
    uom_id = fields.Many2one(
        "uom.uom",
        string="Unit",
        required=True,
        compute="_compute_uom_id",
        store=True,
        readonly=False,
        precompute=True,
        domain=lambda self: self._get_uom_domain(),
        help="Unit in which time is invoiced: hours or days.",
    )
    bill_at_zero = fields.Boolean(
        string="Bill at price zero",
        help="Time without a price is invoiced at 0.00 instead of being skipped.",
    )
    result = fields.Selection(
        [("draft", "Draft"), ("post", "Posted"), ("send", "Posted and sent")],
        string="Make invoices",
        required=True,
        default="draft",
        tracking=True,
    )
    rate_card_id = fields.Many2one(
        "project.billing.rate.card",
        check_company=True,
        index="btree_not_null",
        tracking=True,
        help="Prices shared with other rules; rates of this rule come before them.",
    )
    plan_id = fields.Many2one(
        "project.billing.plan",
        string="Billing plan",
        compute="_compute_plan_id",
        inverse="_inverse_plan_id",
        check_company=True,
        help="Makes the items of the plan, and their milestones, in one step.",
    )
    # which entries
    rate_ids = fields.One2many("project.billing.rate", "rule_id", copy=True)
    item_ids = fields.One2many(
        "project.billing.item",
        "rule_id",
        domain=[("kind", "!=", "deposit")],  # an advance is no part of the contract
        copy=True,
    )
    # quantity
    # reading
    invoice_grouping = fields.Selection(
        [("project", "Project"), ("customer", "Customer")],
        string="One invoice per",
        required=True,
        default="project",
        help="Different customers, currencies, order numbers and payment terms always "
        "get invoices of their own.",
    )
    last_cutoff_date = fields.Date(
        readonly=True,
        copy=False,
        help="Latest cut-off that was invoiced: time up to it that comes in later is "
        "labelled with its month.",
    )
    # figures, in the rule's currency
    allocation_ids = fields.One2many("project.billing.allocation", "rule_id")
    billed_amount = fields.Monetary(compute="_compute_figures")
    open_amount = fields.Monetary(
        compute="_compute_figures", help="Not on any invoice yet, held work included."
    )
    held_amount = fields.Monetary(compute="_compute_figures")
    ready_amount = fields.Monetary(
        compute="_compute_figures", help="What a run of today could invoice."
    )

    _amounts = models.Constraint(
        "CHECK (amount >= 0 AND price >= 0)",
        "Amount and price of a billing rule cannot be negative.",
    )

    # -- defaults and computes -------------------------------------------------------

    @api.model
    def _get_uom_domain(self):
        return [("id", "child_of", self.env.ref("uom.product_uom_hour").id)]

    @api.model
    def _get_room(self, billing_type):
        """Return the model of a billing type: ``project.billing.type.<key>``."""
        return self.env[f"project.billing.type.{billing_type}"]

    @api.depends("billing_type")
    def _compute_name(self):
        labels = dict(self._fields["billing_type"]._description_selection(self.env))
        for rule in self:
            if not rule.name or rule.name in labels.values():
                rule.name = labels.get(rule.billing_type, "")

    @api.depends("project_id")
    def _compute_company_id(self):
        for rule in self:
            rule.company_id = (
                rule.project_id.company_id or rule.company_id or self.env.company
            )

    @api.depends("billing_type")
    def _compute_claims_time(self):
        for rule in self:
            room = self._get_room(rule.billing_type) if rule.billing_type else None
            rule.claims_time = room is not None and room._claims_time

    @api.depends("billing_type")
    def _compute_product_id(self):
        for rule in self:
            if rule.billing_type:
                room = self._get_room(rule.billing_type)
                rule.product_id = room._get_default_product(rule)

    @api.depends("company_id")
    def _compute_currency_id(self):
        for rule in self:
            rule.currency_id = rule.currency_id or rule.company_id.currency_id

    @api.depends("product_id")
    def _compute_price(self):
        for rule in self:
            rule.price = rule.price or 0.0

    @api.depends("product_id")
    def _compute_uom_id(self):
        hour = self.env.ref("uom.product_uom_hour")
        for rule in self:
            unit = rule.product_id.uom_id
            is_time = unit and unit._has_common_reference(hour)
            rule.uom_id = unit if is_time else rule.uom_id or hour

    @api.depends("partner_id", "project_id.partner_id", "payer_ids.partner_id")
    def _compute_bill_partner_id(self):
        for rule in self:
            payer = rule.payer_ids[:1].partner_id
            partner = rule.partner_id or rule.project_id.partner_id
            rule.bill_partner_id = partner or payer

    def _get_contract_amounts(self):
        """Return ``{rule: what the deal comes to}``, by the rules' rooms."""
        amounts = {}
        for billing_type, rules in self.grouped("billing_type").items():
            amounts.update(self._get_room(billing_type)._get_contract_amounts(rules))
        return amounts

    @api.depends("name", "project_id")
    def _compute_display_name(self):
        for rule in self:
            project = rule.project_id.sudo().name
            rule.display_name = f"{project}: {rule.name}" if project else rule.name

    def _compute_figures(self):
        billed = dict(
            self.env["project.billing.allocation"]._read_group(
                [
                    ("rule_id", "in", self.ids),
                    ("is_live", "=", True),
                    ("kind", "in", ("bill", "credit")),
                    # a deposit is paid in advance, its work is billed later
                    "|",
                    ("item_id", "=", False),
                    ("item_id.kind", "!=", "deposit"),
                ],
                ["rule_id"],
                ["amount:sum"],
            )
        )
        for rule in self:
            rule.billed_amount = billed.get(rule, 0.0)
            rule.open_amount = rule.held_amount = rule.ready_amount = 0.0
        for billing_type, rules in self.grouped("billing_type").items():
            figures = self._get_room(billing_type)._get_open_amounts(rules)
            for rule, (open_amount, held_amount, ready_amount) in figures.items():
                rule.open_amount, rule.held_amount = open_amount, held_amount
                rule.ready_amount = ready_amount

    def _compute_plan_id(self):
        self.plan_id = False  # what was applied are items like any others

    def _inverse_plan_id(self):
        for rule in self.filtered("plan_id"):
            rule.plan_id._apply_to(rule)

    # -- constraints -----------------------------------------------------------------

    @api.constrains("uom_id")
    def _check_uom(self):
        hour = self.env.ref("uom.product_uom_hour")
        for rule in self:
            if not rule.uom_id._has_common_reference(hour):
                raise BillingRuleError(
                    self.env._(
                        "%(unit)s is not a unit of time. Choose hours or days.",
                        unit=rule.uom_id.name,
                    )
                )

    @api.constrains("company_id", "project_id")
    def _check_project_company(self):
        for rule in self:
            company = rule.project_id.company_id
            if company and company != rule.company_id:
                raise BillingRuleError(
                    self.env._(
                        "The project %(project)s belongs to %(company)s: its billing "
                        "rules must belong to the same company.",
                        project=rule.project_id.display_name,
                        company=company.name,
                    )
                )

    # -- CRUD ------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        chosen = [vals.get("employee_ids") for vals in vals_list]
        rules = super().create([self._without_employees(vals) for vals in vals_list])
        for rule, employees in zip(rules, chosen, strict=True):
            rule._cover_employees(employees)
        rules.project_id._ensure_billing_account()
        rules.item_ids._update_amounts()
        rules._refresh_entries()
        return rules

    def write(self, vals):
        self._check_frozen(vals)
        projects = self.project_id
        result = super().write(self._without_employees(vals))
        self._cover_employees(vals.get("employee_ids"))
        if vals.keys() & {"amount", "currency_id"}:
            self.item_ids._update_amounts()
        if vals.keys() & MATCH_FIELDS:
            (projects | self.project_id)._refresh_billing_entries()
        return result

    @api.model
    def _without_employees(self, vals):
        if self.env.su:
            return vals
        return {name: value for name, value in vals.items() if name != "employee_ids"}

    def _cover_employees(self, commands):
        """Write ``employee_ids`` for people without HR rights.

        The host shows them employees by their public card, and refuses the card in a
        many2many: who may write the rule may say whose time it covers.
        """
        if commands and not self.env.su:
            self.check_access("write")
            self.sudo().write({"employee_ids": commands})

    def _check_frozen(self, vals):
        changed = [
            rule
            for rule in self
            for name in FROZEN_FIELDS & vals.keys()
            if rule._fields[name].convert_to_write(rule[name], rule) != vals[name]
        ]
        if not changed:
            return
        used = (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(
                [("rule_id", "in", [rule.id for rule in changed])], ["rule_id"]
            )
        )
        if used:
            raise LockedError(
                self.env._(
                    "%(rule)s has already been invoiced: its type, project, company "
                    "and currency stay as they are. Archive it and add another rule.",
                    rule=used[0][0].display_name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group([("rule_id", "in", self.ids)], ["rule_id"])
        )
        if used:
            raise LockedError(
                self.env._(
                    "%(rule)s has already been invoiced and explains those invoices. "
                    "Archive it instead of deleting it.",
                    rule=used[0][0].display_name,
                )
            )

    def unlink(self):
        projects = self.project_id
        self._unlink_except_used()
        self.with_context(active_test=False).item_ids.unlink()
        result = super().unlink()
        projects._refresh_billing_entries()
        return result

    def _refresh_entries(self):
        """Find owner, role and price of the unbilled entries of the rules' projects.

        Of recurring fees, plan the periods again: their steps are rates, too.
        """
        self.project_id._refresh_billing_entries()
        self._plan_periods()

    # -- reading ---------------------------------------------------------------------

    def _get_customer_order(self):
        """Return the customer's order number: the rule's, else the project's."""
        self.ensure_one()
        return self.customer_order or self.project_id.billing_customer_order or False

    def _get_payment_term(self, payer=None):
        """Return the payment term of the rule's invoices, in its company.

        :param payer: partner who pays a share instead of the rule's customer
        """
        self.ensure_one()
        partner = (payer or self.bill_partner_id).with_company(self.company_id)
        return self.payment_term_id or partner.property_payment_term_id

    def _has_price(self):
        """Return whether the rule has a price, a rate or an amount."""
        self.ensure_one()
        return bool(
            self.price
            or self.amount
            or self.bill_at_zero
            or self.rate_ids.filtered("price")
            or self.rate_card_id.rate_ids.filtered("price")
            or self.item_ids.filtered("billable_amount")
            or (self.claims_time and self.product_id.lst_price)
        )

    def _get_block(self):
        """Return the reason code why nothing of the rule can be invoiced, or None."""
        self.ensure_one()
        partner = self.bill_partner_id
        if not self.project_id.active:
            return "archived_project"
        if not partner:
            return "no_customer"
        if not partner.active:
            return "archived_partner"
        required = partner.commercial_partner_id.billing_order_required
        if required and not self._get_customer_order():
            return "po_missing"
        return None

    @api.model
    def _get_block_domain(self):
        """Return the domain of rules that :meth:`_get_block` may stop, and no others.

        Nothing is found of the rest: thousands of rules need not be read for a few.
        """
        partners = ("partner_id", "project_id.partner_id")
        blocks = [
            Domain("project_id.active", "=", False),
            Domain.AND([Domain(name, "=", False) for name in partners]),
        ]
        for name in partners:
            owner = f"{name}.commercial_partner_id.billing_order_required"
            blocks += [Domain(f"{name}.active", "=", False), Domain(owner, "=", True)]
        return Domain.OR(blocks)

    def _get_invoice_key(self, payer=None):
        """Return what an invoice is made for; rules with equal keys share invoices.

        :param payer: partner who pays a share instead of the rule's customer
        """
        self.ensure_one()
        return (
            (payer or self.bill_partner_id).id,
            self.currency_id.id,
            self._get_customer_order() or "",
            self._get_payment_term(payer).id,
            self.project_id.id if self.invoice_grouping == "project" else 0,
        )

    # -- buttons ---------------------------------------------------------------------

    def action_view_allocations(self):
        """Open the ledger rows of this rule."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_allocation_action"
        )
        return {**action, "domain": [("rule_id", "=", self.id)]}

    def action_view_entries(self):
        """Open the time entries that this rule owns."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_analytic_line_billing_action"
        )
        return {**action, "domain": [("billing_rule_id", "=", self.id)]}
