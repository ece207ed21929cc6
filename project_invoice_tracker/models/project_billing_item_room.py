from odoo import api, models
from odoo.tools import float_is_zero

from ..tools.quantity import HOUR_DIGITS, Share
from ..tools.spec import LineSpec, Proposal


class ProjectBillingItemRoom(models.AbstractModel):
    """Base of the rooms whose rules emit items: amounts that are invoiced once.

    A room says which kinds of items are its own, and how much of each may be on
    invoices by a date (:meth:`_get_claims`); what is billed already is taken off. An
    item may be claimed in several parts, and never for more than it is worth.
    """

    _name = "project.billing.item.room"
    _inherit = "project.billing.type"
    _description = "Billing Types of Items"

    _kinds = ("milestone",)
    _divisible = True
    _item_order = None  # of the proposals; None = as items are listed

    # -- what a room may say of its own ----------------------------------------------

    @api.model
    def _get_items(self, rules):
        """Return the items of the rules of which a run has something to say."""
        items = self.env["project.billing.item"].search(
            [("rule_id", "in", rules.ids), ("kind", "in", self._kinds)],
            order=self._item_order,
        )
        return items.filtered(self._is_unsettled)

    @api.model
    def _is_unsettled(self, item):
        """Return whether an item is not billed wholly (or too much, in some rooms)."""
        return not item.currency_id.is_zero(item.open_amount)

    @api.model
    def _get_claims(self, items, date):
        """Return ``{item: amount}`` that may be on invoices by ``date``, cumulative.

        Items that are not ready at all are left out. Currency of the rule.
        """
        return {item: item.billable_amount for item in items._filter_ready(date)}

    @api.model
    def _get_waiting_for(self, item):
        """Return what an item that is not ready waits for, for a person."""
        labels = dict(item._fields["trigger"]._description_selection(self.env))
        detail = labels[item.trigger]
        if item.trigger == "accepted" and item.acceptance_state:
            return item.acceptance_text
        return f"{detail}, {item.date_planned}" if item.date_planned else detail

    @api.model
    def _get_item_text(self, item, amount):
        """Return the text of the invoice line that bills ``amount`` of an item."""
        return item.name

    @api.model
    def _get_item_values(self, item):
        """Return what the invoice line of an item has of its own (see LineSpec)."""
        product = item.rule_id.product_id
        return {
            "product_id": product.id,
            "uom_id": product.uom_id.id,
            "date_from": item.date_ready,
            "date_to": item.date_ready,
        }

    # -- proposing -------------------------------------------------------------------

    @api.model
    def _propose(self, rules, run):
        items = self._get_items(rules)
        claims = self._get_claims(items, run.cutoff_date)
        return [
            proposal
            for item in items
            for proposal in self._propose_item(item, claims.get(item), run)
        ]

    @api.model
    def _propose_item(self, item, claim, run):
        """Return one proposal for the free part of an item and one for the held.

        :param claim: what may be on invoices by the cut-off date; None = not ready
        """
        currency, held = item.currency_id, item.billing_held_amount
        if claim is None:
            free = currency.round(item.open_amount - held)
        else:
            free = currency.round(claim - item.billed_amount)
            if free > 0:
                free = max(free - held, 0.0)
            elif held < 0:  # a credit that is passed on
                free = min(free - held, 0.0)
        base = {
            "rule_id": item.rule_id.id,
            "project_id": item.project_id.id,
            "item_id": item.id,
            "name": item.name,
            "quantity": 1.0,
            "date_from": item.date_ready or item.date_planned,
            "date_to": item.date_ready or item.date_planned,
        }
        proposals = []
        if not currency.is_zero(free):
            proposal = Proposal(**base, amount=free)
            self._review_item(proposal, item, claim, run)
            proposals.append(proposal)
        if not currency.is_zero(held):
            proposal = Proposal(**base, amount=held)
            proposal.skip("held", item.billing_held_reason or "")
            proposal.state = "held"
            proposals.append(proposal)
        return proposals

    @api.model
    def _review_item(self, proposal, item, claim, run):
        """Turn the proposal into a skip where the item cannot be invoiced now."""
        if claim is None:
            proposal.skip("not_reached", self._get_waiting_for(item))
        elif proposal.amount < 0 < item.billed_amount:
            proposal.skip("over_billed")
        elif item.date_postponed and item.date_postponed > run.cutoff_date:
            proposal.skip("after_cutoff")
        else:
            proposal.specs = [self._build_spec(item, proposal.amount)]

    # -- invoicing -------------------------------------------------------------------

    @api.model
    def _prepare_lines(self, run_lines):
        items = run_lines.item_id
        items.fetch(["billable_amount", "billed_amount", "billing_held_amount"])
        claims = {}
        for cutoff, lines in run_lines.grouped(
            lambda line: line.run_id.cutoff_date
        ).items():
            claims[cutoff] = self._get_claims(lines.item_id, cutoff)
        prepared, seen = dict.fromkeys(run_lines.ids, []), set()
        for line in run_lines:
            item, cutoff = line.item_id, line.run_id.cutoff_date
            offered = item in claims[cutoff] and self._is_offered(item, cutoff)
            if offered and item not in seen:
                # its free and its released part are two proposals of one amount
                seen.add(item)
                prepared[line.id] = self._prepare_item(line, claims[cutoff][item])
        return prepared

    @api.model
    def _is_offered(self, item, cutoff):
        """Return whether an item was neither archived nor postponed meanwhile."""
        postponed = item.date_postponed and item.date_postponed > cutoff
        return item.active and item.rule_id.active and not postponed

    @api.model
    def _prepare_item(self, run_line, claim):
        """Return the invoice lines of one run line (none, where nothing is left)."""
        item = run_line.item_id
        amount = item.currency_id.round(
            claim - item.billed_amount - item.billing_held_amount
        )
        if amount * item.billable_amount <= 0 or item.currency_id.is_zero(amount):
            return []
        spec = self._build_spec(item, amount)
        if run_line.text:
            spec.name = run_line.text
        is_nothing = float_is_zero(
            spec.shares[0].quantity, precision_digits=HOUR_DIGITS
        )
        return [] if is_nothing else [spec]

    @api.model
    def _build_spec(self, item, amount):
        """Return the invoice line that bills ``amount`` of an item."""
        rule = item.rule_id
        share = Share(
            key=item.id,
            quantity=round(amount / item.billable_amount, HOUR_DIGITS),
            price=amount,
            invoiced=1.0,
            amount=amount,
            payload={"date": item.date_ready or item.date_planned},
        )
        return LineSpec(
            rule_id=rule.id,
            name=self._get_item_text(item, amount),
            quantity=1.0,
            price=amount,
            shares=[share],
            sequence=(rule.sequence, rule.id, f"{item.sequence:09}{item.id:09}"),
            **self._get_item_values(item),
        )

    # -- figures ---------------------------------------------------------------------

    @api.model
    def _get_contract_amounts(self, rules):
        items = rules.item_ids.filtered(lambda i: i.kind in self._kinds)
        worth = {rule: 0.0 for rule in rules}
        for item in items:
            worth[item.rule_id] += item.billable_amount
            worth[item.rule_id] += item.billing_written_off_amount
        return {rule: rule.amount or worth[rule] for rule in rules}

    @api.model
    def _get_open_amounts(self, rules):
        figures = dict.fromkeys(rules, (0.0, 0.0, 0.0))
        items = self._get_items(rules)
        claims = self._get_claims(items, self.env.company._get_billing_today())
        for item in items:
            opened, held, ready = figures[item.rule_id]
            claim = claims.get(item, 0.0) - item.billed_amount
            free = claim - item.billing_held_amount
            keep = min if item.billable_amount < 0 else max  # credits are passed on
            figures[item.rule_id] = (
                opened + item.open_amount,
                held + item.billing_held_amount,
                ready + keep(free, 0.0),
            )
        return figures
