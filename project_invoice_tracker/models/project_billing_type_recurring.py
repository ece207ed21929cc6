from odoo import api, models
from odoo.tools import format_date

from ..tools.periods import get_worth
from ..tools.spec import Proposal


class ProjectBillingTypeRecurring(models.AbstractModel):
    """A fee for each period: every period is an item that is invoiced once.

    In advance on its first day (or some days before), in arrears on its last day; the
    run's cut-off decides.
    """

    _name = "project.billing.type.recurring"
    _inherit = "project.billing.item.room"
    _description = "Billing Type: Recurring Fee"

    _kinds = ("period",)
    _has_plain_contract = False

    @api.model
    def _is_unsettled(self, item):
        # a period that is billed and worth less now is listed as billed too much
        return super()._is_unsettled(item) or bool(
            item.currency_id.compare_amounts(self._get_claim(item), item.billed_amount)
        )

    @api.model
    def _get_claim(self, item):
        """Return what may be on invoices of a period, in the rule's currency."""
        claim = item.period_amount - item.billing_written_off_amount
        return max(item.currency_id.round(claim), 0.0)

    @api.model
    def _get_claims(self, items, date):
        return {item: self._get_claim(item) for item in items._filter_ready(date)}

    @api.model
    def _get_waiting_for(self, item):
        return format_date(self.env, item.date_planned)

    # -- proposing -------------------------------------------------------------------

    @api.model
    def _propose(self, rules, run):
        missing = rules._filter_not_planned(run.cutoff_date)
        missing._plan_periods(run.cutoff_date)
        proposals = super()._propose(rules, run)
        return self._keep_next(proposals) + self._propose_old(rules, run)

    @api.model
    def _propose_item(self, item, claim, run):
        proposals = super()._propose_item(item, claim, run)
        for proposal in proposals:
            proposal.date_from, proposal.date_to = item.date_start, item.date_end
        return proposals

    @api.model
    def _keep_next(self, proposals):
        """Of the periods that are yet to come, list the next one of each rule only."""
        kept, seen = [], set()
        proposals.sort(key=lambda p: (p.rule_id, p.date_from))
        for proposal in proposals:
            if proposal.reason_code == "not_reached":
                if proposal.rule_id in seen:
                    continue
                seen.add(proposal.rule_id)
            kept.append(proposal)
        return kept

    @api.model
    def _propose_old(self, rules, run):
        """Return one skip per rule for periods that were due before billing began."""
        skips = []
        for rule in rules:
            _due, old = rule._list_due_periods(run.cutoff_date)
            if not old:
                continue
            skip = Proposal(
                rule_id=rule.id,
                project_id=rule.project_id.id,
                name=rule.name,
                date_from=old[0].start,
                date_to=old[-1].end,
            )
            skip.skip("before_bill_from", self.env._("%s periods", len(old)))
            skips.append(skip)
        return skips

    # -- invoicing -------------------------------------------------------------------

    @api.model
    def _get_item_values(self, item):
        return {
            **super()._get_item_values(item),
            "date_from": item.date_start,
            "date_to": item.date_end,
        }

    @api.model
    def _get_item_text(self, item, amount):
        """Return name, days, and how the amount came about, for the customer."""
        lang = self._get_language(item.rule_id)
        env = self.with_context(lang=lang).env
        first, last = (
            format_date(env, day, lang_code=lang)
            for day in (item.date_start, item.date_end)
        )
        notes = [] if f"{first} – {last}" in item.name else [f"{first} – {last}"]
        notes += self._explain_worth(item, env)
        if item.billed_amount:
            before = item.currency_id.format(item.billed_amount)
            notes.append(env._("difference, %s invoiced before", before))
        return "\n".join([item.name, ", ".join(notes)]) if notes else item.name

    @api.model
    def _explain_worth(self, item, env):
        """Return the notes of a prorated period: days charged, and each fee's days."""
        rule = item.rule_id
        period = rule._find_period(item)
        if not period:
            return []
        worth = get_worth(period, rule._list_fees(period.end), rule._get_pauses())
        notes = []
        if worth.days != worth.whole_days:
            notes.append(
                env._(
                    "%(days)s of %(whole)s days",
                    days=worth.days,
                    whole=worth.whole_days,
                )
            )
        if len(worth.parts) > 1:
            notes += [
                env._(
                    "%(days)s days at %(fee)s",
                    days=days,
                    fee=rule.currency_id.with_env(env).format(fee),
                )
                for days, fee in worth.parts
            ]
        return notes

    # -- figures ---------------------------------------------------------------------

    @api.model
    def _get_contract_amounts(self, rules):
        """Return what all periods of a fee with a last day come to; else 0 (open)."""
        items = self.env["project.billing.item"].with_context(active_test=False)
        items = items.search([("rule_id", "in", rules.ids), ("kind", "=", "period")])
        by_rule = items.grouped("rule_id")
        amounts = dict.fromkeys(rules, 0.0)
        for rule in rules.filtered("date_end"):
            own = by_rule.get(rule, items.browse())
            plan, fixed = rule._build_plan(own, rule.date_end)
            total = sum(
                rule.currency_id.round(float(worth.amount)) for _i, _p, worth in plan
            )
            total += sum(fixed.mapped("period_amount"))
            amounts[rule] = rule.currency_id.round(total)
        return amounts
