from odoo import api, fields, models

from ..exceptions import BillingRuleError


class ProjectBillingRuleChangeMixin(models.AbstractModel):
    """Change orders: further rules that change a rule of the same project.

    A rule and the changes of it (and of them) are a family. Original, changes and
    current amount are in the rule's currency.
    """

    _name = "project.billing.rule.change.mixin"
    _description = "Billing Rule: Change Order"

    currency_id = fields.Many2one("res.currency")
    parent_id = fields.Many2one(
        "project.billing.rule",
        string="Change of",
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
        copy=False,
        tracking=True,
        help="The rule that this change order changes.",
    )
    change_ids = fields.One2many("project.billing.rule", "parent_id", string="Changes")
    change_root_id = fields.Many2one(
        "project.billing.rule",
        compute="_compute_change_root_id",
        store=True,
        precompute=True,
        recursive=True,
        index="btree_not_null",
        export_string_translation=False,
        help="Technical: the original rule that a change (of a change) belongs to.",
    )
    change_reference = fields.Char(
        copy=False, tracking=True, help="Number of the change order."
    )
    change_date = fields.Date(
        copy=False, tracking=True, help="Day on which the customer agreed."
    )
    original_amount = fields.Monetary(
        compute="_compute_deal",
        compute_sudo=True,
        help="What was agreed at first: contract amount, or cap of time and "
        "materials. 0 = open-ended.",
    )
    change_amount = fields.Monetary(
        string="Changes (amount)", compute="_compute_deal", compute_sudo=True
    )
    current_amount = fields.Monetary(
        compute="_compute_deal", compute_sudo=True, help="Original and changes."
    )

    # -- computes --------------------------------------------------------------------

    @api.depends("parent_id", "parent_id.change_root_id")
    def _compute_change_root_id(self):
        for rule in self:
            rule.change_root_id = rule.parent_id.change_root_id or rule.parent_id

    @api.depends("amount", "cap_amount", "parent_id", "change_ids.active")
    def _compute_deal(self):
        amounts = self._get_family()._get_deal_amounts()
        for rule in self:
            root = rule.change_root_id or rule._origin or rule
            rule.original_amount = amounts.get(root, 0.0)
            rule.current_amount = sum(
                amount
                for one, amount in amounts.items()
                if one == root or one.change_root_id == root and one.active
            )
            rule.change_amount = rule.current_amount - rule.original_amount

    def _get_deal_amounts(self):
        """Return ``{rule: what it comes to}``, in the rules' currencies.

        The contract amount by the rule's room; of time and materials the cap.
        """
        time = self.filtered("claims_time")
        amounts = (self - time)._get_contract_amounts()
        return {
            rule: rule.cap_amount if rule in time else amounts[rule] or rule.cap_amount
            for rule in self
        }

    def _get_family(self):
        """Return these rules with their originals and all changes of them."""
        rules = self._origin | self.change_root_id
        roots = rules.filtered(lambda rule: not rule.change_root_id)
        changes = self.with_context(active_test=False).search(
            [("change_root_id", "in", roots.ids)]
        )
        return rules | changes.with_env(self.env)

    # -- constraints -----------------------------------------------------------------

    @api.constrains("parent_id", "project_id", "company_id", "currency_id")
    def _check_change(self):
        if self._has_cycle():
            raise BillingRuleError(
                self.env._("A change order cannot change itself, also not by others.")
            )
        for rule in self | self.change_ids:
            parent = rule.parent_id
            fields_ = ("project_id", "company_id", "currency_id")
            if parent and any(rule[name] != parent[name] for name in fields_):
                raise BillingRuleError(
                    self.env._(
                        "%(change)s changes %(rule)s: both must have the same project, "
                        "company and currency.",
                        change=rule.display_name,
                        rule=parent.display_name,
                    )
                )
