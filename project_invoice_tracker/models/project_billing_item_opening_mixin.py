from odoo import api, fields, models

from ..exceptions import BillingRuleError


class ProjectBillingItemOpeningMixin(models.AbstractModel):
    """The opening position: what was billed of an item before, in another system.

    Kept as ledger rows without an invoice, like *billed elsewhere*: it counts for
    contract, cap and what is left, and never becomes an invoice. What a rule by time
    had billed before is an item of kind ``opening``.
    """

    _name = "project.billing.item.opening.mixin"
    _description = "Billing Item: Opening Position"

    currency_id = fields.Many2one("res.currency")
    opening_amount = fields.Monetary(
        string="Billed elsewhere",
        compute="_compute_opening_amount",
        inverse="_inverse_opening_amount",
        help="Opening position, in the rule's currency: invoiced by another system.",
    )
    opening_reference = fields.Char(
        string="Billed on", copy=False, help="Number of the invoice elsewhere."
    )

    @api.depends("billed_amount")
    def _compute_opening_amount(self):
        sums = {
            item.id: amount
            for item, amount in self.env["project.billing.allocation"]
            .sudo()
            ._read_group(self._get_opening_domain(), ["item_id"], ["amount:sum"])
        }
        for item in self:
            item.opening_amount = sums.get(item._origin.id, 0.0)

    def _get_opening_domain(self):
        return [
            ("item_id", "in", self._origin.ids),
            ("kind", "=", "bill"),
            ("is_live", "=", True),
            ("move_id", "=", False),
            ("analytic_line_id", "=", False),
        ]

    def _inverse_opening_amount(self):
        """Write the ledger rows of the opening position, or take them away."""
        self.check_access("write")
        ledger = self.env["project.billing.allocation"].sudo()
        for item in self:
            amount = item.opening_amount
            item._check_opening_amount(amount)
            ledger.search(item._get_opening_domain())._remove(hold=False)
            if item.kind == "opening":
                values = {"amount": amount, "billable_amount": amount}
                item.sudo().with_context(billing_opening=True).write(values)
            if not item.currency_id.is_zero(amount):
                ledger._insert([item.sudo()._prepare_opening_row(amount)])

    def _check_opening_amount(self, amount):
        """Refuse what cannot have been billed elsewhere.

        :raise BillingRuleError: negative, or more than is left of the item
        """
        own = self.sudo()
        earlier = sum(
            self.env["project.billing.allocation"]
            .sudo()
            .search(self._get_opening_domain())
            .mapped("amount")
        )
        left = own.billable_amount - own.billed_amount + earlier
        is_too_much = own.kind != "opening" and (
            own.currency_id.compare_amounts(amount, left) > 0
        )
        if amount < 0 or is_too_much:
            raise BillingRuleError(
                self.env._(
                    "%(item)s: %(amount)s cannot have been billed elsewhere, %(left)s "
                    "of it are not billed here.",
                    item=own.name,
                    amount=own.currency_id.format(amount),
                    left=own.currency_id.format(left),
                )
            )

    def _prepare_opening_row(self, amount):
        self.ensure_one()
        fraction = amount / self.billable_amount if self.billable_amount else 0.0
        return {
            "kind": "bill",
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "rule_id": self.rule_id.id,
            "item_id": self.id,
            "is_live": True,
            "is_held": False,
            "date": self.date_ready or self.date_planned,
            "quantity": round(fraction, 6),
            "amount": amount,
            "price_source": "item",
            "reference": self.opening_reference or self.env._("Opening position"),
        }
