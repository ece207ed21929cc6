from odoo import api, models
from odoo.tools import float_is_zero

from ..tools.quantity import HOUR_DIGITS, Share
from ..tools.spec import LineSpec, Proposal


class ProjectBillingTypeMilestone(models.AbstractModel):
    """Milestones: each item of the rule is an amount that is invoiced once."""

    _name = "project.billing.type.milestone"
    _inherit = "project.billing.type"
    _description = "Billing Type: Milestones"

    @api.model
    def _get_items(self, rules):
        items = self.env["project.billing.item"].search(
            [("rule_id", "in", rules.ids), ("billable_amount", "!=", 0)]
        )
        return items.filtered(lambda i: not i.currency_id.is_zero(i.open_amount))

    @api.model
    def _propose(self, rules, run):
        items = self._get_items(rules)
        ready = items._filter_ready(run.cutoff_date)
        return [
            proposal
            for item in items
            for proposal in self._propose_item(item, item in ready, run)
        ]

    @api.model
    def _propose_item(self, item, is_ready, run):
        """Return one proposal for the free part of an item and one for the held."""
        held = item.billing_held_amount
        free = item.currency_id.round(item.open_amount - held)
        base = {
            "rule_id": item.rule_id.id,
            "project_id": item.project_id.id,
            "item_id": item.id,
            "name": item.name,
            "date_from": item.date_ready or item.date_planned,
            "date_to": item.date_ready or item.date_planned,
        }
        proposals = []
        if not item.currency_id.is_zero(free):
            proposal = Proposal(**base, amount=free, quantity=1.0)
            if not is_ready:
                proposal.state, proposal.reason_code = "skipped", "not_reached"
                proposal.detail = self._get_waiting_for(item)
            elif item.date_postponed and item.date_postponed > run.cutoff_date:
                proposal.state, proposal.reason_code = "skipped", "after_cutoff"
            proposals.append(proposal)
        if not item.currency_id.is_zero(held):
            proposals.append(
                Proposal(
                    **base,
                    amount=held,
                    quantity=1.0,
                    state="held",
                    reason_code="held",
                    detail=item.billing_held_reason or "",
                )
            )
        return proposals

    @api.model
    def _get_waiting_for(self, item):
        labels = dict(item._fields["trigger"]._description_selection(self.env))
        detail = labels[item.trigger]
        return f"{detail}, {item.date_planned}" if item.date_planned else detail

    @api.model
    def _prepare_lines(self, run_lines):
        items = run_lines.item_id
        ready = {}
        for cutoff, lines in run_lines.grouped(
            lambda line: line.run_id.cutoff_date
        ).items():
            ready[cutoff] = lines.item_id._filter_ready(cutoff)
        items.fetch(["billable_amount", "billed_amount", "billing_held_amount"])
        prepared, seen = dict.fromkeys(run_lines.ids, []), set()
        for line in run_lines:
            item, cutoff = line.item_id, line.run_id.cutoff_date
            offered = item in ready[cutoff] and self._is_offered(item, cutoff)
            if offered and item not in seen:
                # its free and its released part are two proposals of one amount
                seen.add(item)
                prepared[line.id] = self._prepare_item(line)
        return prepared

    @api.model
    def _is_offered(self, item, cutoff):
        """Return whether an item was neither archived nor postponed meanwhile."""
        postponed = item.date_postponed and item.date_postponed > cutoff
        return item.active and item.rule_id.active and not postponed

    @api.model
    def _prepare_item(self, run_line):
        item, rule = run_line.item_id, run_line.rule_id
        amount = item.currency_id.round(item.open_amount - item.billing_held_amount)
        if item.currency_id.is_zero(amount):
            return []
        fraction = round(amount / item.billable_amount, HOUR_DIGITS)
        if float_is_zero(fraction, precision_digits=HOUR_DIGITS):
            return []
        share = Share(
            key=item.id, quantity=fraction, price=amount, invoiced=1.0, amount=amount
        )
        share.payload = {"date": item.date_ready or item.date_planned}
        return [
            LineSpec(
                rule_id=rule.id,
                name=run_line.text or item.name,
                product_id=rule.product_id.id,
                uom_id=rule.product_id.uom_id.id,
                quantity=1.0,
                price=amount,
                shares=[share],
                sequence=(rule.sequence, rule.id, f"{item.sequence:09}{item.id:09}"),
                date_from=item.date_ready,
                date_to=item.date_ready,
            )
        ]

    @api.model
    def _get_open_amounts(self, rules):
        figures = dict.fromkeys(rules, (0.0, 0.0, 0.0))
        items = self._get_items(rules)
        now = items._filter_ready(self.env.company._get_billing_today())
        for item in items:
            opened, held, ready = figures[item.rule_id]
            free = item.open_amount - item.billing_held_amount
            figures[item.rule_id] = (
                opened + item.open_amount,
                held + item.billing_held_amount,
                ready + (free if item in now else 0.0),
            )
        return figures
