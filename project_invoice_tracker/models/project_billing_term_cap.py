from dataclasses import replace

from odoo import api, models
from odoo.tools import formatLang

from ..tools.cap import cut_specs, is_time
from ..tools.quantity import HOUR_DIGITS, Share
from ..tools.spec import LineSpec


class ProjectBillingTermCap(models.AbstractModel):
    """Not to exceed: a rule's cap and the amount of the customer's order.

    What fits is billed, oldest work first and exactly up to the cap; the rest is
    listed with its value. Rules share what is left by sequence, then id.
    """

    _name = "project.billing.term.cap"
    _inherit = "project.billing.term"
    _description = "Billing Term: Caps"

    # -- review ----------------------------------------------------------------------

    @api.model
    def _review(self, run, proposals):
        rules = run._get_rules_of([p for p in proposals if p.rule_id])
        for proposal in proposals:
            rule = rules.browse(proposal.rule_id or [])
            if proposal.state in ("proposed", "held"):
                if rule._is_order_expired(run.date):
                    proposal.skip("order_expired", self._get_expiry_text(rule))
        limits = rules._get_limits()
        if not limits:
            return proposals
        rest = {}
        for index, proposal in self._sort_proposals(proposals, limits):
            rule = rules.browse(proposal.rule_id)
            over = self._review_proposal(rule, proposal, limits[rule])
            for limit in limits[rule]:
                limit.used += proposal.amount if proposal.state == "proposed" else 0.0
            rest[index] = over
        return [
            one
            for index, proposal in enumerate(proposals)
            for one in (proposal, rest.get(index))
            if one
        ]

    @api.model
    def _get_expiry_text(self, rule):
        return f"{rule.order_id.name}, {rule.order_id.date_end}"

    @api.model
    def _sort_proposals(self, proposals, limits):
        """Return ``[(index, proposal)]`` of what uses a limit, in the order of use."""
        rules = {rule.id: rule for rule in limits}
        blocked = {rule.id for rule in limits if rule._get_block()}
        items = self.env["project.billing.item"].sudo()
        mine = [
            (index, proposal)
            for index, proposal in enumerate(proposals)
            if proposal.state == "proposed"
            and proposal.rule_id in rules
            and proposal.rule_id not in blocked
            and items.browse(proposal.item_id or []).kind != "deposit"
        ]
        return sorted(
            mine,
            key=lambda own: (
                rules[own[1].rule_id].sequence,
                own[1].rule_id,
                own[0],
            ),
        )

    @api.model
    def _review_proposal(self, rule, proposal, limits):
        """Cut a proposal to what is left; return the proposal of the rest, or None."""
        currency = rule.currency_id
        limit = min(limits, key=lambda one: one.left)
        left = currency.round(limit.left)
        excess = currency.compare_amounts(proposal.amount, left)
        if excess <= 0 or currency.compare_amounts(proposal.amount, 0.0) <= 0:
            return None
        detail = self._get_limit_text(limit, rule)
        if not proposal.specs or not rule._get_room(rule.billing_type)._divisible:
            proposal.skip("over_cap", detail)
            return None
        kept = self._cut(rule, proposal.specs, left, limit)
        amount = currency.round(sum(spec.get_amount(currency) for spec in kept))
        if not kept:
            proposal.skip("over_cap", detail)
            return None
        return self._split_proposal(rule, proposal, kept, amount, detail)

    @api.model
    def _split_proposal(self, rule, proposal, kept, amount, detail):
        """Leave ``kept`` in the proposal and return a skip with the rest."""
        taken = self._sum_quantities(kept)
        every = self._sum_quantities(proposal.specs)
        rest = {
            key: round(every[key] - taken.get(key, 0.0), HOUR_DIGITS) for key in every
        }
        rest = {key: quantity for key, quantity in rest.items() if quantity}
        over = replace(
            proposal,
            amount=rule.currency_id.round(proposal.amount - amount),
            specs=[],
            is_late=False,
        )
        over.skip("over_cap", detail)
        if proposal.item_id:
            proposal.specs, proposal.amount = kept, amount
            return over if over.amount else None
        self._set_entries(over, rest, proposal.specs)
        self._set_entries(proposal, taken, proposal.specs)
        proposal.specs, proposal.amount = kept, amount
        return over if rest else None

    @api.model
    def _sum_quantities(self, specs):
        """Return ``{entry or item id: quantity}`` of invoice lines."""
        quantities = {}
        for spec in specs:
            for share in spec.shares:
                quantity = quantities.get(share.key, 0.0) + share.quantity
                quantities[share.key] = quantity
        return quantities

    @api.model
    def _set_entries(self, proposal, hours, specs):
        """Let a proposal be about ``{entry id: hours}`` of the given lines."""
        days = [
            share.payload["date"]
            for spec in specs
            for share in spec.shares
            if share.key in hours and share.payload.get("date")
        ]
        proposal.quantity = round(sum(hours.values()), HOUR_DIGITS)
        proposal.entry_ids, proposal.entry_count = list(hours), len(hours)
        proposal.date_from = min(days, default=proposal.date_from)
        proposal.date_to = max(days, default=proposal.date_to)

    # -- invoicing -------------------------------------------------------------------

    @api.model
    def _settle(self, settlement):
        lines = settlement.run.line_ids.browse(settlement.prepared).sudo()
        live = settlement.run.sudo().line_ids.filtered(
            lambda line: line.state in ("proposed", "approved")
        )
        for line in lines:
            if line.rule_id._is_order_expired(settlement.run.date):
                settlement.skip(line.id, "order_expired")
        limits = (lines | live).rule_id._get_limits()
        if not limits:
            return
        lines = lines.filtered(
            lambda line: (
                line.rule_id in limits
                and line.item_id.kind != "deposit"
                and line.id in settlement.prepared
            )
        )
        self._reserve(settlement, live - lines, limits)
        for line in lines.sorted(lambda x: (x.rule_id.sequence, x.rule_id.id, x.id)):
            if settlement.prepared[line.id]:
                self._settle_line(settlement, line, limits[line.rule_id])

    @api.model
    def _reserve(self, settlement, others, limits):
        """Keep for other lines of the review what they show."""
        for line in others:
            if line.id in settlement.prepared or line.item_id.kind == "deposit":
                continue
            for limit in limits.get(line.rule_id, []):
                limit.used += line.amount

    @api.model
    def _settle_line(self, settlement, line, limits):
        """Cut the invoice lines of a run line to what is left, or skip it."""
        rule, specs = line.rule_id, settlement.prepared[line.id]
        currency = rule.currency_id
        owners = line.browse(
            {key for spec in specs for key in spec.get_run_line_ids()} | {line.id}
        )
        if owners._has_new_price(specs) and not self.env.context.get("billing_review"):
            settlement.prepared.pop(line.id)
            for owner in owners:
                settlement.skips[owner.id] = ("changed_meanwhile", "")
            return
        amount = currency.round(sum(spec.get_amount(currency) for spec in specs))
        limit = min(limits, key=lambda one: one.left)
        left = currency.round(limit.left)
        if owners._is_cut():  # what was over the cap then waits for the next proposal
            left = min(left, sum(owners.mapped("amount")))
        if currency.compare_amounts(amount, left) > 0 and amount > 0:
            room = line._get_room()
            specs = self._cut(rule, specs, left, limit) if room._divisible else []
            amount = currency.round(sum(spec.get_amount(currency) for spec in specs))
            self._note_cut(settlement, line, owners, specs, limit)
        for one in limits:
            one.used += amount

    @api.model
    def _note_cut(self, settlement, line, owners, specs, limit):
        """Leave the run lines out of which nothing was kept, with the reason."""
        detail = self._get_limit_text(limit, line.rule_id)
        kept = {
            share.payload.get("run_line_id", line.id)
            for spec in specs
            for share in spec.shares
        }
        for owner in owners:
            if owner.id not in kept:
                settlement.skips[owner.id] = ("over_cap", detail)
        if not specs:
            settlement.prepared.pop(line.id)
            return
        settlement.prepared[line.id] = specs
        figures = line._get_figures(specs)
        if owners == line and line.currency_id.compare_amounts(
            figures["amount"], line.amount
        ):
            reason = settlement.run._get_reason_text("over_cap", detail)
            settlement.changes[line.id] = {**figures, "reason": reason}

    # -- cutting ---------------------------------------------------------------------

    @api.model
    def _cut(self, rule, specs, left, limit):
        """Return invoice lines that come to ``left``, a deduction included."""
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        cut = cut_specs(specs, left, rule.currency_id, digits)
        for spec in cut.kept:
            if spec.shares and not is_time(spec):
                self._rename(rule, specs, spec)
        if rule.currency_id.is_zero(cut.gap):
            return cut.kept
        return [*cut.kept, self._build_deduction(rule, cut, limit)]

    @api.model
    def _rename(self, rule, specs, spec):
        """Let the text of an item name the amount that is left, where it names one."""
        item = self.env["project.billing.item"].browse(spec.shares[0].key)
        room = rule._get_room(rule.billing_type)
        before = next(one for one in specs if one.sequence == spec.sequence)
        if not hasattr(room, "_get_item_text") or before.price == spec.price:
            return
        if before.name == room._get_item_text(item, before.price):
            spec.name = room._get_item_text(item, spec.price)

    @api.model
    def _build_deduction(self, rule, cut, limit):
        """Return the line that takes off what quantity x price is over the cap.

        Its ledger row has no quantity and no amount, only the adjustment.
        """
        lang = self.env["project.billing.type"]._get_language(rule)
        own = self.with_context(lang=lang)
        source = cut.last.shares[-1]
        share = Share(key=source.key, quantity=0.0, price=cut.gap)
        share.payload = dict(source.payload)
        text = own.env._(
            "Not to exceed %s",
            formatLang(own.env, limit.total, digits=rule.currency_id.decimal_places),
        )
        return LineSpec(
            rule_id=rule.id,
            name=text,
            product_id=rule.product_id.id,
            uom_id=cut.last.uom_id,
            quantity=1.0,
            price=cut.gap,
            shares=[share],
            sequence=(*cut.last.sequence[:2], "~"),
            run_line_id=cut.last.run_line_id,
            tax_ids=cut.last.tax_ids,
            account_id=cut.last.account_id,
            partner_id=cut.last.partner_id,
        )

    @api.model
    def _get_limit_text(self, limit, rule):
        """Return the limit that is reached, for the reason of a skip."""
        total = rule.currency_id.format(limit.total)
        if limit.source._name == "project.billing.order":
            return self.env._(
                "order %(name)s of %(total)s", name=limit.name, total=total
            )
        return self.env._("not to exceed %s", total)

    # -- on the invoice --------------------------------------------------------------

    @api.model
    def _summarise(self, moves):
        return self.env["project.billing.cap.statement"]._get_blocks(moves)
