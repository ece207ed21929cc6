import json
from itertools import chain

from odoo import api, fields, models

from ..tools.cap import is_time


class ProjectBillingRunLineCapMixin(models.AbstractModel):
    """What the review shows of caps, customer orders and change orders."""

    _name = "project.billing.run.line.cap.mixin"
    _description = "Billing Run Line: Caps"

    currency_id = fields.Many2one("res.currency")
    has_cap = fields.Boolean(compute="_compute_caps", compute_sudo=True)
    has_order = fields.Boolean(compute="_compute_caps", compute_sudo=True)
    cap_left = fields.Monetary(
        compute="_compute_caps",
        compute_sudo=True,
        help="Left of the rule's cap, before what this run would invoice.",
    )
    order_left = fields.Monetary(
        string="Order left",
        compute="_compute_caps",
        compute_sudo=True,
        help="Left of the customer's order, before what this run would invoice.",
    )
    review_prices = fields.Char(
        readonly=True,
        export_string_translation=False,
        help="Technical: the prices of time in the review.",
    )
    deal_original = fields.Monetary(
        string="Original contract", compute="_compute_caps", compute_sudo=True
    )
    deal_changes = fields.Monetary(
        string="Changes", compute="_compute_caps", compute_sudo=True
    )
    deal_amount = fields.Monetary(
        string="Current contract",
        compute="_compute_caps",
        compute_sudo=True,
        help="Original contract (or cap) and its change orders.",
    )

    @api.depends("rule_id", "state")
    def _compute_caps(self):
        for line in self:
            rule, order = line.rule_id, line.rule_id.order_id
            line.has_cap, line.has_order = bool(rule.cap_total), bool(order.amount)
            line.cap_left, line.order_left = rule.cap_left, order.left_amount
            line.deal_original = rule.original_amount
            line.deal_changes = rule.change_amount
            line.deal_amount = rule.current_amount

    def _get_siblings(self, states):
        """Return other lines of the run that share entries or the item."""
        mine = self.filtered("rule_id")
        others = self.run_id.line_ids.filtered(
            lambda x: x not in mine and x.state in states and x.rule_id in mine.rule_id
        )
        entries = self.entry_ids if others else self.entry_ids.browse()
        return others.filtered(
            lambda x: x.item_id & mine.item_id or x.entry_ids & entries
        )

    @api.model
    def _get_prices(self, specs):
        """Return the prices of time of invoice lines, as text; empty without time."""
        prices = {
            spec.price
            for spec in specs
            if is_time(spec) and any(share.quantity for share in spec.shares)
        }
        return json.dumps(sorted(prices)) if prices else False

    def _has_new_price(self, specs):
        """Return whether time has a price now that these lines did not show.

        A line that a cap cuts comes to the same amount at any price.
        """
        texts = filter(None, self.mapped("review_prices"))
        shown = [json.loads(prices) for prices in texts]
        now = json.loads(self._get_prices(specs) or "[]")
        return bool(shown) and not {*now} <= {*chain(*shown)}

    def _is_cut(self):
        """Return whether a cap left a part of these lines out in the review."""
        others = self._get_siblings(("skipped",))
        return any(line.reason_code == "over_cap" for line in others)

    def _get_reserved(self):
        """Return what other lines of the review bill of these lines' work.

        :return: ``({entry id: hours}, {item id: amount})``; a cap splits one entry or
            item between the line that is billed and the line that is left out
        """
        hours, amounts = {}, {}
        capped = self.filtered(lambda line: line.reason_code == "over_cap")
        for line in capped._get_siblings(("proposed", "approved")):
            prepared = line._get_room().sudo()._prepare_lines(line.sudo())
            terms = self.env["project.billing.terms"].with_context(billing_review=True)
            settlement = terms._settle(line.run_id, prepared)
            for spec in settlement.prepared.get(line.id, []):
                for share in spec.shares:
                    if line.item_id:
                        amounts[share.key] = amounts.get(share.key, 0) + share.amount
                    else:
                        hours[share.key] = hours.get(share.key, 0) + share.quantity
        return hours, amounts
