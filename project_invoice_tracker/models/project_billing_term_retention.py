from collections import defaultdict

from odoo import api, models

from ..tools.quantity import share_total
from ..tools.retention import RetainedShare


class ProjectBillingTermRetention(models.AbstractModel):
    """A share of each invoice is due later, as an instalment of its own.

    :meth:`_get_shares` is the one place that says how much; instalments, ledger rows,
    PDF and screens follow it.
    """

    _name = "project.billing.term.retention"
    _inherit = "project.billing.term"
    _description = "Billing Term: Retention"

    @api.model
    def _follow(self, run, moves):
        moves._follow_retention()

    @api.model
    def _summarise(self, moves):
        """Return the applications for payment of documents."""
        return self.env["project.billing.payment.statement"]._get_blocks(moves)

    # -- how much --------------------------------------------------------------------

    @api.model
    def _get_shares(self, moves):
        """Return ``{move: [RetainedShare]}`` of documents as drafts, a query for all.

        Amounts are positive, in the document's currency.
        """
        invoices = moves.filtered(lambda move: move.move_type == "out_invoice")
        credits = moves.filtered(
            lambda m: m.move_type == "out_refund" and m.reversed_entry_id
        )
        shares = {}
        if invoices:
            shares.update(self._get_invoice_shares(invoices))
        if credits:
            shares.update(self._get_credit_shares(credits))
        return shares

    @api.model
    def _get_retaining_lines(self, moves):
        """Return ``{move id: {rule: [line ids]}}`` of lines whose rule retains.

        Deposits are paid in full, and a deduction of one lowers no retention: it is
        work that is retained from.
        """
        groups = (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(
                [
                    ("move_id", "in", moves._origin.ids),
                    ("kind", "=", "bill"),
                    ("rule_id.retention_percentage", ">", 0),
                    "|",
                    ("item_id", "=", False),
                    ("item_id.kind", "!=", "deposit"),
                ],
                ["move_id", "rule_id", "move_line_id"],
            )
        )
        found = defaultdict(lambda: defaultdict(list))
        for move, rule, line in groups:
            found[move.id][rule].append(line.id)
        return found

    @api.model
    def _get_invoice_shares(self, moves):
        retaining = self._get_retaining_lines(moves)
        if not retaining:
            return {}
        rules = self.env["project.billing.rule"].sudo()
        rules = rules.union(*(rule for own in retaining.values() for rule in own))
        left = self._get_room(rules)
        shares = {}
        for move in moves.sorted(lambda m: m._origin.id):
            own = retaining.get(move._origin.id)
            if own:
                shares[move] = self._get_own_shares(move, own, left)
        return {move: own for move, own in shares.items() if own}

    @api.model
    def _get_room(self, rules):
        """Return ``limits`` and what is ``retained`` by rule and document so far."""
        limits = rules._get_retention_limits()
        limited = rules.browse(limits)
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(
                [
                    ("rule_id", "in", limited.ids),
                    ("kind", "=", "withhold"),
                    ("is_live", "=", True),
                ],
                ["rule_id", "move_id"],
                ["amount:sum"],
            )
            if limited
            else []
        )
        retained = {rule_id: {} for rule_id in limits}
        for rule, move, amount in rows:
            retained[rule.id][move.id] = amount
        return {"limits": limits, "retained": retained}

    @api.model
    def _get_own_shares(self, move, retaining, room):
        """Return the shares of one invoice; notes them in ``room``."""
        lines = {line._origin.id: line for line in move.invoice_line_ids}
        left_of_move, shares = move.amount_total, []
        for rule, line_ids in retaining.items():
            own = [lines[line_id] for line_id in line_ids if line_id in lines]
            bases = [max(self._get_base(rule, line), 0.0) for line in own]
            amount = self._get_amount(move, rule, sum(bases), room, left_of_move)
            if not amount:
                continue
            left_of_move -= amount
            pieces = share_total(amount, bases, move.currency_id.decimal_places)
            shares += [
                RetainedShare(rule, line, piece)
                for line, piece in zip(own, pieces, strict=True)
                if piece
            ]
        return shares

    @api.model
    def _get_base(self, rule, line):
        return (
            line.price_total if rule.retention_base == "gross" else line.price_subtotal
        )

    @api.model
    def _get_amount(self, move, rule, base, room, most):
        """Return what a rule retains of one invoice, rounded to its currency.

        Nothing where it would be due by the day of the invoice, nor beyond the limit
        of the rule or the total of the invoice.
        """
        currency = move.currency_id
        day = move.invoice_date or move.company_id._get_billing_today()
        if rule._get_retention_due_date() <= day:
            return 0.0
        amount = currency.round(base * rule.retention_percentage / 100.0)
        rounding = move.invoice_cash_rounding_id
        if rounding:
            amount += rounding.compute_difference(currency, amount)
        if rule.id in room["limits"]:
            retained = room["retained"][rule.id]
            others = sum(v for k, v in retained.items() if k != move._origin.id)
            amount = min(amount, room["limits"][rule.id] - others)
        amount = currency.round(max(min(amount, most), 0.0))
        if rule.id in room["limits"]:
            room["retained"][rule.id][move._origin.id] = amount
        return amount

    @api.model
    def _get_credit_shares(self, moves):
        """Return the shares that credit notes give back, line by line."""
        origins = moves.invoice_line_ids.billing_origin_line_id
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            .search(
                [
                    ("move_line_id", "in", origins.ids),
                    ("kind", "=", "withhold"),
                    ("is_live", "=", True),
                    ("amount", ">", 0),
                ]
            )
        )
        if not rows:
            return {}
        given = self._get_given(rows, moves)
        shares = defaultdict(list)
        for line in moves.invoice_line_ids:
            for row in rows.filtered(
                lambda row, line=line: row.move_line_id == line.billing_origin_line_id
            ):
                amount = self._get_credited(row, line, given)
                if amount:
                    share = RetainedShare(row.rule_id, line, amount, row)
                    shares[line.move_id].append(share)
        return dict(shares)

    @api.model
    def _get_given(self, rows, moves):
        """Return ``{row id: [amount, base]}`` that other credit notes gave back."""
        given = {row.id: [0.0, 0.0] for row in rows}
        others = (
            self.env["project.billing.allocation"]
            .sudo()
            .search(
                [
                    ("origin_id", "in", rows.ids),
                    ("kind", "=", "withhold"),
                    ("is_live", "=", True),
                    ("move_id", "not in", moves._origin.ids),
                ]
            )
        )
        for other in others:
            amounts = given[other.origin_id.id]
            amounts[0] -= other.amount
            amounts[1] += self._get_base(other.rule_id, other.move_line_id)
        return given

    @api.model
    def _get_credited(self, row, line, given):
        """Return what a credit note line gives back of a retained share.

        Cumulative, so that the last of several credits takes the remainder; adds it
        to ``given``.
        """
        base = self._get_base(row.rule_id, row.move_line_id)
        own = self._get_base(row.rule_id, line)
        if base <= 0 or own <= 0:
            return 0.0
        before, credited = given[row.id]
        part = min((credited + own) / base, 1.0)
        amount = max(row.currency_id.round(row.amount * part - before), 0.0)
        given[row.id] = [before + amount, credited + own]
        return amount

    # -- ledger ----------------------------------------------------------------------

    @api.model
    def _get_withholding(self, moves):
        """Return those of the documents that have ledger rows of retained shares."""
        if not moves:
            return moves
        domain = [("move_id", "in", moves.ids), ("kind", "=", "withhold")]
        rows = self.env["project.billing.allocation"].sudo().search(domain)
        return moves & rows.move_id.with_env(moves.env)

    @api.model
    def _write_rows(self, moves, shares):
        """Make the rows of kind ``withhold`` of documents what ``shares`` say."""
        ledger = self.env["project.billing.allocation"].sudo()
        rows = ledger.search([("move_id", "in", moves.ids), ("kind", "=", "withhold")])
        existing = {(row.move_line_id.id, row.rule_id.id): row for row in rows}
        new = []
        for move in moves:
            for share in shares.get(move, []):
                row = existing.pop((share.line.id, share.rule.id), None)
                if row is None:
                    new.append(self._prepare_row(move, share))
                elif move.currency_id.compare_amounts(row.amount, share.amount):
                    row.amount = share.amount
        ledger.concat(*existing.values())._remove(hold=False)
        ledger._insert(new)

    @api.model
    def _prepare_row(self, move, share):
        sign = -1 if move.move_type == "out_refund" else 1
        return {
            "kind": "withhold",
            "company_id": move.company_id.id,
            "currency_id": move.currency_id.id,
            "rule_id": share.rule.id,
            "item_id": share.rule._get_retention_item().id,
            "move_line_id": share.line.id,
            "move_id": move.id,
            "origin_id": share.origin.id if share.origin else None,
            "is_live": True,
            "date": move.invoice_date,
            "amount": sign * share.amount,
            "price_source": "retention",
        }
