from copy import copy

from odoo import api, models

from ..tools.quantity import HOUR_DIGITS, Share, share_rest, share_total


class ProjectBillingTermPayer(models.AbstractModel):
    """Several payers share what a rule bills; each gets an invoice of their own.

    Shares hold for all that is billed of a piece of work together: what one payer was
    credited comes back to that payer, and what another was billed already counts.
    """

    _name = "project.billing.term.payer"
    _inherit = "project.billing.term"
    _description = "Billing Term: Payers"

    @api.model
    def _review(self, run, proposals):
        rules = run._get_rules_of([p for p in proposals if p.rule_id])
        shared = {rule.id: rule for rule in rules if rule.payer_ids}
        own = [p for p in proposals if p.rule_id in shared and p.specs]
        billed = self._get_billed([spec for p in own for spec in p.specs])
        for proposal in own:
            rule = shared[proposal.rule_id]
            proposal.specs = self._split_all(rule, proposal.specs, billed)
            proposal.amount = sum(
                spec.get_amount(rule.currency_id) for spec in proposal.specs
            )
            payers = ", ".join(rule.payer_ids.mapped("display_name"))
            text = self.env._("Payers: %s.", payers)
            proposal.detail = " ".join(filter(None, [proposal.detail, text]))
            block = self._get_block(rule)
            if block and proposal.state == "proposed":
                proposal.skip(*block)
        return proposals

    @api.model
    def _settle(self, settlement):
        lines = settlement.run.line_ids.browse(settlement.prepared)
        lines = lines.filtered(lambda line: line.rule_id.payer_ids)
        specs = [spec for line in lines for spec in settlement.prepared[line.id]]
        billed = self._get_billed(specs)
        for line in lines:
            rule = line.rule_id
            block = self._get_block(rule)
            if block:
                settlement.skip(line.id, *block)
                continue
            settlement.prepared[line.id] = self._split_all(
                rule, settlement.prepared[line.id], billed
            )

    @api.model
    def _get_block(self, rule):
        """Return (reason code, names) of payers who cannot be invoiced, or None."""
        partners = rule.payer_ids.partner_id
        archived = partners.filtered(lambda partner: not partner.active)
        if archived:
            return "archived_partner", ", ".join(archived.mapped("name"))
        needy = partners.filtered("commercial_partner_id.billing_order_required")
        if needy and not rule._get_customer_order():
            return "po_missing", ", ".join(needy.mapped("name"))
        return None

    # -- what was billed -------------------------------------------------------------

    @api.model
    def _is_entry(self, share):
        return "employee_id" in share.payload

    @api.model
    def _get_billed(self, specs):
        """Return ``{(field, id): {address id: quantity}}`` billed of the work so far.

        Hours of entries, amounts of items (currency of the rule), net of credits.
        """
        shares = [share for spec in specs for share in spec.shares]
        billed = {}
        for field, measure in (("analytic_line_id", "quantity"), ("item_id", "amount")):
            is_entry = field == "analytic_line_id"
            keys = {s.key for s in shares if self._is_entry(s) == is_entry}
            if not keys:
                continue
            groups = (
                self.env["project.billing.allocation"]
                .sudo()
                ._read_group(
                    [
                        (field, "in", list(keys)),
                        ("is_live", "=", True),
                        ("kind", "in", ("bill", "credit")),
                    ],
                    [field, "move_id"],
                    [f"{measure}:sum"],
                )
            )
            for record, move, amount in groups:
                own = billed.setdefault((field, record.id), {})
                own[move.partner_id.id] = own.get(move.partner_id.id, 0.0) + amount
        return billed

    @api.model
    def _get_weights(self, payers, share, billed):
        """Return what each payer owes of a share, by what was billed before.

        :return: list in the order of ``payers``; sums to the share (hours or amount)
        """
        is_entry = self._is_entry(share)
        now = share.quantity if is_entry else share.amount
        field = "analytic_line_id" if is_entry else "item_id"
        before = billed.get((field, share.key), {})
        total, sign = now + sum(before.values()), -1 if now < 0 else 1
        weights = []
        for payer in payers:
            partner = payer.partner_id
            address = partner.address_get(["invoice"])["invoice"]
            owed = total * payer.percentage / 100.0 - before.get(address, 0.0)
            weights.append(max(sign * owed, 0.0))
        if not sum(weights):
            weights = payers.mapped("percentage")
        digits = 12
        scale = abs(now) / sum(weights)
        return [round(sign * weight * scale, digits) for weight in weights]

    # -- splitting -------------------------------------------------------------------

    @api.model
    def _split_all(self, rule, specs, billed):
        """Return the lines of all payers, in the payers' order."""
        payers = rule.payer_ids
        return [
            part
            for spec in specs
            for part in (
                [spec] if spec.partner_id else self._split(payers, spec, billed)
            )
        ]

    @api.model
    def _split(self, payers, spec, billed):
        """Return one line for each payer; they sum to the line, in all its figures.

        Time is shared by quantity, as shown; an item by amount.
        """
        currency = payers.rule_id.currency_id
        weights = [self._get_weights(payers, s, billed) for s in spec.shares]
        is_time = all(self._is_entry(share) for share in spec.shares)
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        sums = [sum(own) for own in zip(*weights, strict=True)]
        if is_time:
            parts = share_rest(spec.quantity, sums, digits)
        else:
            amount = spec.get_amount(currency)
            parts = share_rest(amount, sums, currency.decimal_places)
        pieces = [
            self._split_share(share, own, currency)
            for share, own in zip(spec.shares, weights, strict=True)
        ]
        return [
            self._build_part(payer, spec, part, is_time, [own[i] for own in pieces])
            for i, (payer, part) in enumerate(zip(payers, parts, strict=True))
            if part
        ]

    @api.model
    def _split_share(self, share, weights, currency):
        """Return a share's pieces, one for each payer; they sum to it."""
        return [
            Share(
                key=share.key,
                quantity=quantity,
                price=share.price,
                amount=amount,
                payload=dict(share.payload),
            )
            for quantity, amount in zip(
                share_rest(share.quantity, weights, HOUR_DIGITS),
                share_rest(share.amount, weights, currency.decimal_places),
                strict=True,
            )
        ]

    @api.model
    def _build_part(self, payer, spec, part, is_time, shares):
        """Return the line of one payer.

        :param part: quantity of time, amount of an item
        """
        line = copy(spec)
        line.partner_id = payer.partner_id.id
        line.quantity, line.price = (part, spec.price) if is_time else (1.0, part)
        line.shares = [s for s in shares if s.quantity or s.amount]
        weights = [s.quantity for s in line.shares]
        for share, invoiced in zip(
            line.shares, share_total(line.quantity, weights, HOUR_DIGITS), strict=True
        ):
            share.invoiced = invoiced
            share.price = line.price
        line.name = self._get_text(payer, spec.name)
        return line

    @api.model
    def _get_text(self, payer, text):
        """Return *60 % of Design*, in the payer's language."""
        lang = payer.partner_id.lang or self.env.lang
        env = self.with_context(lang=lang).env
        return env._(
            "%(percent)s %% of %(text)s", percent=payer._get_percent(), text=text
        )
