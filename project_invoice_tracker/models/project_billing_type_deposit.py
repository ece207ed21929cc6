from odoo import api, models


class ProjectBillingTypeDeposit(models.AbstractModel):
    """Deposits: the room of their items, which rules of any type may have.

    Not a billing type of its own: a deposit is an advance on what a rule bills later.
    """

    _name = "project.billing.type.deposit"
    _inherit = "project.billing.item.room"
    _description = "Billing of Deposits"

    _kinds = ("deposit",)

    @api.model
    def _propose(self, rules, run):
        # percentages follow the contract until the deposit is on an invoice
        rules._sync_deposit()
        return super()._propose(rules, run)

    @api.model
    def _get_item_text(self, item, amount):
        rule = item.rule_id
        if rule.deposit_type != "percent":
            return item.name
        env = self.with_context(lang=self._get_language(rule)).env
        contract = rule._get_contract_amounts()[rule]
        return env._(
            "%(deposit)s: %(percent)s %% of %(amount)s",
            deposit=item.name,
            percent=f"{rule.deposit_percentage:.4f}".rstrip("0").rstrip("."),
            amount=rule.currency_id.with_env(env).format(contract),
        )

    @api.model
    def _get_item_values(self, item):
        rule = item.rule_id
        product = rule.deposit_product_id
        return {
            **super()._get_item_values(item),
            "product_id": product.id,
            "uom_id": product.uom_id.id,
            "account_id": rule._get_deposit_account().id,
        }

    @api.model
    def _build_spec(self, item, amount):
        spec = super()._build_spec(item, amount)
        spec.shares[0].payload["is_deposit"] = True
        # an advance is for no service period
        spec.date_from = spec.date_to = None
        return spec
