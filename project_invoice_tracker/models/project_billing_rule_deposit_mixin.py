from odoo import api, fields, models

from ..exceptions import BillingRuleError

DEPOSIT_AMOUNT_FIELDS = frozenset(
    {"deposit_type", "deposit_amount", "deposit_percentage"}
)


class ProjectBillingRuleDepositMixin(models.AbstractModel):
    """The deposit of a rule and how it is taken off later invoices.

    The rule makes one item of the kind ``deposit``, which is no part of its contract:
    the customer pays in advance what the contract's items bill later, less the deposit.
    Amounts are in the rule's currency, priced like the rule's other amounts (net,
    unless the taxes of the deposit's product are included in the price).
    """

    _name = "project.billing.rule.deposit.mixin"
    _description = "Billing Rule: Deposit"

    currency_id = fields.Many2one("res.currency")
    company_id = fields.Many2one("res.company")

    deposit_type = fields.Selection(
        [
            ("none", "None"),
            ("amount", "An amount"),
            ("percent", "Percent of the contract"),
        ],
        string="Deposit",
        required=True,
        default="none",
        tracking=True,
        help="Invoiced once in advance and taken off later invoices.",
    )
    deposit_amount = fields.Monetary(tracking=True)
    deposit_percentage = fields.Float(
        string="Deposit (%)", digits=(16, 4), tracking=True, aggregator="avg"
    )
    deposit_product_id = fields.Many2one(
        "product.product",
        compute="_compute_deposit_product_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        domain=[("sale_ok", "=", True), ("type", "=", "service")],
        help="Gives the deposit its taxes and, where it has one, its account; else the "
        "company's account of deposits is taken.",
    )
    deposit_deduction = fields.Selection(
        [
            ("full", "In full, until it is used up"),
            ("pro_rata", "The same percent of each later invoice"),
        ],
        string="Taken off",
        required=True,
        default="full",
        tracking=True,
    )
    deposit_scope = fields.Selection(
        [("rule", "Invoices of this rule"), ("project", "All rules of the project")],
        string="Taken off from",
        required=True,
        default="rule",
        tracking=True,
        help="Always of the same customer, currency and company.",
    )
    deposit_trigger = fields.Selection(
        [("manual", "By hand"), ("at_once", "At once"), ("date", "On a date")],
        string="Deposit invoiced",
        required=True,
        default="at_once",
    )
    deposit_date = fields.Date(string="Deposit on")
    deposit_item_ids = fields.One2many(
        "project.billing.item", "rule_id", domain=[("kind", "=", "deposit")], copy=False
    )
    deposit_billed_amount = fields.Monetary(
        compute="_compute_deposit_figures", string="Deposit invoiced so far"
    )
    deposit_drawn_amount = fields.Monetary(
        compute="_compute_deposit_figures", string="Deposit deducted"
    )
    deposit_left_amount = fields.Monetary(
        compute="_compute_deposit_figures", string="Deposit left"
    )

    @api.depends("deposit_type")
    def _compute_deposit_product_id(self):
        product = self.env.ref(
            "project_invoice_tracker.product_project_deposit", raise_if_not_found=False
        )
        for rule in self:
            if rule.deposit_type != "none" and not rule.deposit_product_id:
                rule.deposit_product_id = product

    @api.depends("deposit_item_ids.billed_amount", "deposit_item_ids.drawn_amount")
    def _compute_deposit_figures(self):
        for rule in self:
            items = rule.deposit_item_ids
            rule.deposit_billed_amount = sum(items.mapped("billed_amount"))
            rule.deposit_drawn_amount = sum(items.mapped("drawn_amount"))
            rule.deposit_left_amount = sum(items.mapped("deposit_left_amount"))

    # -- checks ----------------------------------------------------------------------

    @api.constrains(
        "amount",
        "deposit_amount",
        "deposit_date",
        "deposit_percentage",
        "deposit_product_id",
        "deposit_trigger",
        "deposit_type",
    )
    def _check_deposit(self):
        for rule in self.filtered(lambda r: r.deposit_type != "none"):
            error = rule._get_deposit_error()
            if error:
                raise BillingRuleError(f"{rule.name}: {error}")

    def _get_deposit_error(self):
        """Return what is impossible about the deposit as typed, or None."""
        if self.deposit_type == "percent":
            if not 0 < self.deposit_percentage <= 100:
                return self.env._("A deposit is above 0 and at most 100 percent.")
        elif self.currency_id.compare_amounts(self.deposit_amount, 0.0) <= 0:
            return self.env._("Enter the amount of the deposit; it is above 0.")
        elif (
            self.amount
            and self.currency_id.compare_amounts(self.deposit_amount, self.amount) > 0
        ):
            return self.env._(
                "A deposit of %(deposit)s is more than the contract of %(contract)s.",
                deposit=self.currency_id.format(self.deposit_amount),
                contract=self.currency_id.format(self.amount),
            )
        if self.deposit_trigger == "date" and not self.deposit_date:
            return self.env._("Enter the day on which the deposit is invoiced.")
        if not self.deposit_product_id:
            return self.env._("Choose the product of the deposit.")
        return None

    # -- the item --------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._sync_deposit()
        return rules

    def write(self, vals):
        if vals.keys() & DEPOSIT_AMOUNT_FIELDS:
            self._check_deposit_frozen(vals)
        result = super().write(vals)
        if vals.keys() - {"last_cutoff_date"}:
            self._sync_deposit()
        return result

    def unlink(self):
        self.with_context(active_test=False).deposit_item_ids.unlink()
        return super().unlink()

    def _check_deposit_frozen(self, vals):
        """Refuse another deposit than the one that was invoiced."""
        for rule in self:
            items = rule.sudo().with_context(active_test=False).deposit_item_ids
            changed = any(
                rule._fields[name].convert_to_write(rule[name], rule) != vals[name]
                for name in DEPOSIT_AMOUNT_FIELDS & vals.keys()
            )
            if changed:
                items._check_not_billed()

    def _sync_deposit(self):
        """Make, change or drop the deposit's item, as the rule says.

        What is on an invoice stays as it is, also when the contract changes.

        :raise BillingRuleError: a percentage, and the rule has no contract amount
        """
        wanted = self._has_deposit()
        rest = (self - wanted).sudo().with_context(active_test=False)
        rest.deposit_item_ids._drop_deposits()
        items = wanted.sudo().with_context(active_test=False).deposit_item_ids
        amounts = wanted._get_deposit_amounts()
        by_rule = items.grouped("rule_id")
        for rule in wanted:
            item = by_rule.get(rule, items.browse())[:1]
            values = rule._prepare_deposit_item(amounts[rule])
            if not item:
                item = item.create(values)
            elif not item._is_deposit_frozen():
                item._write_changes(values)
            if rule.deposit_trigger == "at_once":
                item._set_ready()

    def _prepare_deposit_item(self, amount):
        """Return the values of the deposit's item (no side effect)."""
        lang = self.bill_partner_id.lang or self.env.lang
        return {
            "rule_id": self.id,
            "kind": "deposit",
            "name": self.with_context(lang=lang).env._("Deposit"),
            "active": True,
            "sequence": 0,
            "amount_type": "fixed",
            "amount": amount,
            "trigger": "date" if self.deposit_trigger == "date" else "manual",
            "date_planned": self.deposit_trigger == "date" and self.deposit_date,
        }

    def _get_deposit_amounts(self):
        """Return ``{rule: amount}`` of the rules' deposits, rounded to the currency."""
        by_percent = self.filtered(lambda rule: rule.deposit_type == "percent")
        needy = by_percent | self.filtered(
            lambda rule: rule.deposit_deduction == "pro_rata"
        )
        contracts = needy._get_contract_amounts()
        for rule in needy.filtered(lambda rule: not contracts[rule]):
            raise BillingRuleError(
                self.env._(
                    "%(rule)s: a percentage needs the amount of the contract, and this "
                    "rule has none. Enter a contract amount or items first, or a "
                    "deposit of a fixed amount that is taken off in full.",
                    rule=rule.name,
                )
            )
        return {
            rule: rule.currency_id.round(
                contracts[rule] * rule.deposit_percentage / 100.0
            )
            if rule in by_percent
            else rule.deposit_amount
            for rule in self
        }

    def _get_deposit_rates(self):
        """Return ``{rule: percent of each invoice}`` of pro-rata deposits."""
        rules = self.filtered(lambda rule: rule.deposit_deduction == "pro_rata")
        contracts = rules._get_contract_amounts()
        return {
            rule: rule.deposit_percentage
            if rule.deposit_type == "percent"
            else 100.0 * rule.deposit_amount / contracts[rule]
            for rule in rules
            if rule.deposit_type == "percent" or contracts[rule]
        }

    def _get_deposit_account(self):
        """Return the account of the rule's deposit; empty = the product's.

        A deposit is owed to the customer until it is used up: the product's own
        account comes first, then the company's account of customer advances (also the
        one of Sales, where it is installed). Without any the host posts down payments
        to the product's income account, and so do we.
        """
        self.ensure_one()
        rule = self.with_company(self.company_id).sudo()
        own = rule.deposit_product_id.property_account_income_id
        company = rule.company_id
        account = own or company.billing_deposit_account_id
        if not account and "downpayment_account_id" in company._fields:
            account = company["downpayment_account_id"]
        return account

    # -- buttons ---------------------------------------------------------------------

    def action_refund_deposit(self):
        """Make draft credit notes for what is left of the deposit, and end it.

        :return: action that opens them
        """
        self.ensure_one()
        return self.deposit_item_ids.action_refund_deposit()

    def _has_deposit(self):
        """Return the rules that have a deposit."""
        return self.filtered(lambda rule: rule.deposit_type != "none")

    def _get_deposit_status(self):
        """Return *10,000.00 invoiced · 6,000.00 deducted · 4,000.00 left*.

        ``self`` are rules of one currency.
        """
        amounts = [
            self.currency_id.format(sum(self.mapped(name)))
            for name in (
                "deposit_billed_amount",
                "deposit_drawn_amount",
                "deposit_left_amount",
            )
        ]
        return self.env._(
            "%(billed)s invoiced · %(drawn)s deducted · %(left)s left",
            billed=amounts[0],
            drawn=amounts[1],
            left=amounts[2],
        )
