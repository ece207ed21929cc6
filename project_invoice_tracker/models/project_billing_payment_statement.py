from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain


class ProjectBillingPaymentStatement(models.AbstractModel):
    """The application for payment on documents of progress and of retention.

    One block for each deal (a rule with its change orders), in the order of AIA form
    G702: contract sum, changes, completed to date, retained, earned less retained,
    less earlier certificates, due now, balance to finish including retained.
    """

    _name = "project.billing.payment.statement"
    _description = "Application for Payment on Documents"

    @api.model
    def _get_blocks(self, moves):
        """Return ``{move: [block]}``.

        Earlier documents count when they are posted; work billed elsewhere counts as
        an earlier certificate without retention.
        """
        found = self._get_deals(moves)
        deals = self.env["project.billing.rule"].union(*found.values())
        family = deals._get_family() if deals else deals
        facts = self._get_facts(family, moves)
        blocks = defaultdict(list)
        for move, roots in found.items():
            for root in roots:
                own = family.filtered(
                    lambda rule, root=root: root in (rule, rule.change_root_id)
                )
                block = self._get_block(move, root, own, facts)
                blocks[move].append(block)
        return dict(blocks)

    @api.model
    def _get_deals(self, moves):
        """Return ``{move: original rules}`` whose deals are told on a document."""
        groups = self.env["project.billing.allocation"]._read_group(
            [
                ("move_id", "in", moves.ids),
                ("kind", "in", ("bill", "credit", "withhold")),
                "|",
                ("rule_id.billing_type", "=", "progress"),
                ("rule_id.retention_percentage", ">", 0),
            ],
            ["move_id"],
            ["rule_id:recordset"],
        )
        deals = {}
        for move, rules in groups:
            roots = rules.browse()
            for rule in rules.sorted(lambda r: (r.sequence, r.id)):
                roots |= rule.change_root_id or rule
            deals[move] = roots
        return deals

    @api.model
    def _get_facts(self, rules, moves):
        """Return ``[(move, rule, completed, retained, at rule price)]``.

        Completed is measured as the rule retains: with or without tax.
        """
        posted = Domain("move_id", "=", False) | Domain("move_id.state", "=", "posted")
        groups = self.env["project.billing.allocation"]._read_group(
            Domain("rule_id", "in", rules.ids)
            & Domain("is_live", "=", True)
            & Domain("kind", "in", ("bill", "credit", "withhold"))
            & (posted | Domain("move_id", "in", moves.ids)),
            ["move_id", "rule_id", "move_line_id", "kind"],
            ["amount:sum", "adjustment:sum"],
        )
        facts = []
        for move, rule, line, kind, amount, adjustment in groups:
            if kind == "withhold":
                facts.append((move, rule, 0.0, amount, 0.0))
                continue
            worth = amount + adjustment
            facts.append((move, rule, self._measure(rule, line, worth), 0.0, worth))
        return facts

    @api.model
    def _measure(self, rule, line, worth):
        if not line:
            return worth
        sign = -1 if line.move_id.move_type == "out_refund" else 1
        gross = rule.retention_base == "gross"
        return sign * (line.price_total if gross else line.price_subtotal)

    @api.model
    def _get_order(self, move):
        """Return the key of documents, first to last; those without one are first."""
        if not move:
            return ("", 0, 0)
        day = move.invoice_date or move.date or ""
        return (str(day), move.sequence_number, move.id)

    @api.model
    def _get_block(self, move, root, rules, facts):
        own = [fact for fact in facts if fact[1] in rules]
        now = self._get_order(move)
        before = [f for f in own if f[0] != move and self._get_order(f[0]) < now]
        this = [fact for fact in own if fact[0] == move]
        earlier = sum(f[2] for f in before) - sum(f[3] for f in before)
        completed = sum(fact[2] for fact in before + this)
        retained = sum(fact[3] for fact in before + this)
        worth = sum(fact[4] for fact in before + this)
        # with a tax the contract is measured like the lines that are compared to it
        factor = completed / worth if worth else 1.0
        amounts = {rule: a * factor for rule, a in rules._get_deal_amounts().items()}
        rows = self._get_contract_rows(move, root, amounts)
        contract = sum(amounts.values())
        figures = completed, retained, earlier, contract
        return {
            "title": self.env._(
                "Application for payment: %s", root.with_env(self.env).name
            ),
            "rows": rows + self._get_payment_rows(move, root, *figures),
        }

    @api.model
    def _get_contract_rows(self, move, root, amounts):
        currency, env = move.currency_id.with_context(lang=self.env.lang), self.env
        contract = sum(amounts.values())
        if not contract:
            return []
        changes = contract - amounts[root]
        rows = [(env._("Contract sum"), currency.format(amounts[root]))]
        if not currency.is_zero(changes):
            rows += [
                (env._("Changes"), currency.format(changes)),
                (env._("Contract sum to date"), currency.format(contract)),
            ]
        return rows

    @api.model
    def _get_payment_rows(self, move, root, completed, retained, earlier, contract):
        currency, env = move.currency_id.with_context(lang=self.env.lang), self.env
        earned = currency.round(completed - retained)
        done = env._("Completed to date")
        if contract:
            share = f"{completed / contract * 100.0:.1f}"
            done = env._("Completed to date (%s %%)", share)
        due = env._("Due now")
        if move.amount_tax and root.retention_base == "net":
            due = env._("Due now, before tax")
        rows = [(done, currency.format(completed))]
        retains = bool(root.retention_percentage or retained)
        if retains:
            rows += [
                (env._("Retained"), currency.format(retained)),
                (env._("Earned less retained"), currency.format(earned)),
            ]
        rows += [
            (env._("Less earlier certificates"), currency.format(earlier)),
            (due, currency.format(currency.round(earned - earlier))),
        ]
        if contract:
            left = currency.format(currency.round(contract - earned))
            label = env._("To finish, including retained")
            rows.append((label if retains else env._("To finish"), left))
        return rows
