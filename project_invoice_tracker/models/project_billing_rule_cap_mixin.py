from odoo import api, fields, models
from odoo.fields import Domain

from ..exceptions import BillingRuleError
from ..tools.cap import Limit

# rows of the ledger that use a cap up; a deposit is an advance on what does
USED = (
    Domain("is_live", "=", True)
    & Domain("kind", "in", ("bill", "credit"))
    & (Domain("item_id", "=", False) | Domain("item_id.kind", "!=", "deposit"))
)


class ProjectBillingRuleCapMixin(models.AbstractModel):
    """Not to exceed: the rule's cap and the customer's order.

    A rule and the changes of it (``parent_id``) are a family: a capped rule shares
    its cap with its family, and each change adds its own cap to it. All amounts are
    net, as priced, in the rule's currency.
    """

    _name = "project.billing.rule.cap.mixin"
    _inherit = [
        "project.billing.cap.alert.mixin",
        "project.billing.rule.change.mixin",
    ]
    _description = "Billing Rule: Cap"

    currency_id = fields.Many2one("res.currency")
    order_id = fields.Many2one(
        "project.billing.order",
        string="Customer order",
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
        copy=False,
        tracking=True,
        help="The order by which the customer pays this work. Its amount is a limit "
        "for all rules of the order together.",
    )
    cap_amount = fields.Monetary(
        string="Not to exceed",
        tracking=True,
        help="Net amount that is never exceeded, in the rule's currency; 0 = no limit. "
        "On a change of a capped rule: what the change adds to that limit.",
    )
    cap_total = fields.Monetary(
        string="Cap",
        compute="_compute_cap",
        compute_sudo=True,
        help="With the changes of the rule.",
    )
    cap_used = fields.Monetary(
        string="Used of the cap",
        compute="_compute_cap",
        compute_sudo=True,
        help="On live invoices, drafts included, less credits; also what was billed "
        "elsewhere. Of the rule and its changes.",
    )
    cap_left = fields.Monetary(compute="_compute_cap", compute_sudo=True)
    cap_over = fields.Monetary(
        string="Over cap by", compute="_compute_cap", compute_sudo=True
    )
    cap_version = fields.Integer(
        readonly=True,
        copy=False,
        export_string_translation=False,
        help="Technical: raised whenever a cap is used, so that two runs cannot use "
        "the same amount at the same moment.",
    )
    # -- computes --------------------------------------------------------------------

    @api.depends("order_id.name")
    def _compute_customer_order(self):
        for rule in self:
            rule.customer_order = rule.order_id.name or rule.customer_order

    @api.depends("cap_amount", "active", "change_ids.cap_amount", "allocation_ids")
    def _compute_cap(self):
        limits = self._get_limits()
        for rule in self:
            limit = next(
                (one for one in limits.get(rule, []) if one.source._name == rule._name),
                Limit("", 0.0, 0.0),
            )
            rule.cap_total, rule.cap_used = limit.total, limit.used
            rule.cap_left = max(limit.left, 0.0)
            rule.cap_over = max(-limit.left, 0.0)

    @api.model
    def _get_cap_domain(self):
        """Return the domain of rules with a cap, their own or their family's."""
        capped = Domain("cap_amount", ">", 0) | Domain("cap_amount", "<", 0)
        return capped | Domain("change_root_id", "!=", False)

    # -- families and limits -----------------------------------------------------------

    def _get_cap_heads(self):
        """Return ``{rule: rule whose cap covers it}`` of a whole family, set-wise.

        The original rule's where it has a cap, else the first change's that has one.
        A change with a contract amount and no cap stands beside: it has its own end.
        """
        capped = {rule for rule in self if rule.cap_amount}
        if not capped:
            return {}
        beside = self.filtered(
            lambda r: r.parent_id and not r.cap_amount and not r.claims_time
        )
        beside = {r for r, amount in beside._get_contract_amounts().items() if amount}
        heads = {}
        for rule in self:
            chain = [rule]
            while chain[-1].parent_id and chain[-1] not in beside:
                chain.append(chain[-1].parent_id)
            found = [one for one in chain if one in capped]
            if found:
                heads[rule] = found[-1]
        return heads

    def _get_limits(self):
        """Return ``{rule: [Limit]}``; rules that share a limit share the object.

        Of each rule's cap and of its order's amount; rules without are left out.
        """
        rules = self._origin or self
        family = rules._get_family() if self._origin else rules
        heads = family._get_cap_heads()
        caps = family._get_caps(heads)
        orders = self.order_id._get_limits()
        limits = {}
        for rule in self:
            found = caps.get(heads.get(rule._origin or rule)), orders.get(rule.order_id)
            if any(found):
                limits[rule] = [limit for limit in found if limit]
        return limits

    def _get_caps(self, heads):
        """Return ``{rule that sets a cap: Limit}``.

        :param heads: ``{rule: rule whose cap covers it}`` of a whole family
        """
        used = self._get_used("rule_id", self.filtered(lambda rule: rule in heads))
        members = {}
        for rule, head in heads.items():
            members.setdefault(head, []).append(rule)
        return {
            head: Limit(
                name=head.name,
                total=sum(r.cap_amount for r in own if r.active or r == head),
                used=head.currency_id.round(sum(used.get(r.id, 0.0) for r in own)),
                source=head,
            )
            for head, own in members.items()
        }

    @api.model
    def _get_used(self, name, records):
        """Return ``{id: amount}`` that live documents bill of rules or orders.

        :param name: ``rule_id`` or ``order_id`` of the ledger
        """
        if not records:
            return {}
        groups = (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(
                USED & Domain(name, "in", records.ids),
                [name],
                ["amount:sum", "adjustment:sum"],
            )
        )
        return {record.id: amount + adjusted for record, amount, adjusted in groups}

    def _guard_caps(self):
        """Make a second transaction that uses the same caps fail and be repeated.

        PostgreSQL's REPEATABLE READ lets two runs read the same *used*; the second to
        write the same row gets a serialization failure.
        """
        roots = {
            rule.change_root_id.id or rule.id
            for rule in self
            if rule.cap_amount or rule.change_root_id
        }
        orders = self.order_id.filtered("amount")
        self._raise_version(roots)
        orders._raise_version(orders.ids)
        if roots:
            self.invalidate_model(["cap_total", "cap_used", "cap_left", "cap_over"])
        if self.order_id:
            orders.invalidate_model(["used_amount", "left_amount", "over_amount"])

    def _get_ready_amounts(self):
        """Return ``{rule: value of work that is ready}`` in the rules' currencies."""
        ready = {}
        for billing_type, rules in self.grouped("billing_type").items():
            figures = self._get_room(billing_type)._get_open_amounts(rules)
            ready.update({rule: own[2] for rule, own in figures.items()})
        return ready

    # -- constraints -------------------------------------------------------------------

    @api.constrains("cap_amount")
    def _check_cap(self):
        if any(rule.cap_amount < 0 for rule in self):
            raise BillingRuleError(
                self.env._("A cap cannot be negative. 0 means that there is none.")
            )

    @api.constrains("order_id", "partner_id", "project_id", "currency_id")
    def _check_order(self):
        self.order_id._check_rules(self)

    # -- CRUD --------------------------------------------------------------------------

    def write(self, vals):
        without = self.browse()
        if vals.get("order_id"):
            without = self.filtered(lambda rule: not rule.order_id)
        result = super().write(vals)
        without._adopt_rows()
        return result

    def _adopt_rows(self):
        """An order that was entered late counts what was billed before without one."""
        rows = self.env["project.billing.allocation"].sudo()
        for rule in self.filtered("order_id"):
            rows.search(
                [("rule_id", "=", rule.id), ("order_id", "=", False)]
            ).order_id = rule.order_id
        if self:
            self._guard_caps()

    # -- reading -----------------------------------------------------------------------

    def _is_order_expired(self, date):
        """Return whether the customer's order was valid before ``date`` only."""
        self.ensure_one()
        valid = self.order_id.date_end
        return bool(valid and date and date > valid)
