from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import format_date

from .project_billing_rule_cap_mixin import USED


class ProjectBillingCapStatement(models.AbstractModel):
    """What a document says of caps, customer orders and change orders."""

    _name = "project.billing.cap.statement"
    _description = "Statement of Caps on Documents"

    @api.model
    def _get_blocks(self, moves):
        """Return ``{move: [block]}``: agreed, billed before, now, left; and changes.

        *Before* counts posted documents and what was billed elsewhere, no drafts. Of
        documents that are posted together, one after the other.
        """
        rows = self._read_rows(Domain("move_id", "in", moves.ids))
        rules = self.env["project.billing.rule"].union(*(row[1] for row in rows))
        blocks = defaultdict(list)
        sources = self._get_sources(rules, rows)
        if sources:
            self._add_limits(blocks, moves, rows, sources)
        self._add_changes(blocks, rows, rules)
        return dict(blocks)

    @api.model
    def _read_rows(self, domain):
        """Return ``[(move, rule, order, amount)]`` of live rows."""
        groups = self.env["project.billing.allocation"]._read_group(
            USED & domain,
            ["move_id", "rule_id", "order_id"],
            ["amount:sum", "adjustment:sum"],
        )
        return [(*keys, amount + other) for *keys, amount, other in groups]

    @api.model
    def _get_sources(self, rules, rows):
        """Return ``{rule or order: (Limit, rules)}`` of the limits that rows use."""
        sources = {}
        family = rules._get_family() if rules else rules
        for rule, limits in family._get_limits().items():
            for limit in limits:
                if limit.source._name == family._name:
                    sources.setdefault(limit.source, (limit, []))[1].append(rule)
        orders = self.env["project.billing.order"].union(*(row[2] for row in rows))
        for order, limit in orders._get_limits().items():
            sources[order] = (limit, [])
        return sources

    @api.model
    def _add_limits(self, blocks, moves, rows, sources):
        rules = self.env["project.billing.rule"].union(
            *(rule for _limit, own in sources.values() for rule in own)
        )
        orders = self.env["project.billing.order"].union(
            *(one for one in sources if one._name == "project.billing.order")
        )
        posted = Domain("move_id", "=", False) | Domain("move_id.state", "=", "posted")
        used = Domain("rule_id", "in", rules.ids) | Domain("order_id", "in", orders.ids)
        earlier = self._read_rows(
            posted & Domain("move_id", "not in", moves.ids) & used
        )
        before = {
            source: sum(self._pick(source, own, earlier))
            for source, (_limit, own) in sources.items()
        }
        ordered = moves.sorted(
            lambda m: (m.invoice_date or m.date, m.sequence_number, m.id)
        )
        for move in ordered:
            mine = [row for row in rows if row[0] == move]
            for source, (limit, own) in sources.items():
                amounts = self._pick(source, own, mine)
                if amounts:
                    now = sum(amounts)
                    block = self._get_limit_block(move, limit, before[source], now)
                    blocks[move].append(block)
                    before[source] += now

    @api.model
    def _pick(self, source, rules, rows):
        """Return the amounts of the rows that use a limit."""
        if source._name == "project.billing.order":
            return [amount for _move, _rule, order, amount in rows if order == source]
        return [amount for _move, rule, _order, amount in rows if rule in rules]

    @api.model
    def _get_limit_block(self, move, limit, before, now):
        currency, env = move.currency_id.with_context(lang=self.env.lang), self.env
        if limit.source._name == "project.billing.order":
            title = env._("Your order %s", limit.name)
            agreed = env._("Ordered")
        else:
            title = limit.source.with_env(env).name
            agreed = env._("Not to exceed")
        left = currency.round(limit.total - before - now)
        this = (
            env._("This credit note")
            if move.move_type == "out_refund"
            else env._("This invoice")
        )
        last = env._("Left") if left >= 0 else env._("Over by")
        return {
            "title": title,
            "rows": [
                (agreed, currency.format(limit.total)),
                (env._("Invoiced before"), currency.format(before)),
                (this, currency.format(now)),
                (last, currency.format(abs(left))),
            ],
        }

    @api.model
    def _add_changes(self, blocks, rows, rules):
        """Add original, changes and current amount of the deals that were changed."""
        if not rules:
            return
        family = rules._get_family()
        changes = family.filtered(lambda rule: rule.change_root_id and rule.active)
        if not changes:
            return
        amounts = family._get_deal_amounts()
        done = set()
        for move, rule, _order, _amount in rows:
            root = rule.change_root_id or rule
            own = changes.filtered(lambda r, root=root: r.change_root_id == root)
            if own and (move, root) not in done:
                done.add((move, root))
                block = self._get_change_block(move, root, own, amounts)
                blocks[move].append(block)

    @api.model
    def _get_change_text(self, change):
        """Return *Change CO-1, 06/15/2026*, as far as it is known."""
        number = change.change_reference
        text = self.env._("Change %s", number) if number else self.env._("Change")
        day = change.change_date
        return f"{text}, {format_date(change.env, day)}" if day else text

    @api.model
    def _get_change_block(self, move, root, changes, amounts):
        currency, env = move.currency_id.with_context(lang=self.env.lang), self.env
        current = amounts[root] + sum(amounts[change] for change in changes)
        lines = [
            (self._get_change_text(one.with_env(env)), currency.format(amounts[one]))
            for one in changes.sorted(lambda r: (str(r.change_date or ""), r.id))
        ]
        return {
            "title": env._("Contract: %s", root.with_env(env).name),
            "rows": [
                (env._("Original"), currency.format(amounts[root])),
                *lines,
                (env._("Current"), currency.format(current)),
            ],
        }
