from odoo import api, models
from odoo.tools import formatLang

from ..exceptions import BillingError


class ProjectBillingTypeExpense(models.AbstractModel):
    """Costs passed on: each cost of the project is an item, at cost plus mark-up.

    A proposal first makes items of new costs and gives all of them their worth, each
    by one statement; from there on a cost is held, written off, approved, invoiced
    and credited like every item.
    """

    _name = "project.billing.type.expense"
    _inherit = ["project.billing.cost.review.mixin", "project.billing.item.room"]
    _description = "Billing Type: Costs Passed On"

    _kinds = ("cost",)
    _has_plain_contract = False
    _item_order = "rule_id, cost_date, id"

    @api.model
    def _get_default_product(self, rule):
        xmlid = "project_invoice_tracker.product_project_cost"
        product = self.env.ref(xmlid, raise_if_not_found=False)
        return product or super()._get_default_product(rule)

    # -- following the books ---------------------------------------------------------

    @api.model
    def _get_rates(self, rules, date):
        """Return ``({rule: factor}, {rule: message})``: exchange rates of a date.

        :return: factors from company currency to the rule's (0 where there is none),
            and why there is none
        """
        rates, missing = {}, {}
        for rule in rules:
            currency = rule.company_id.currency_id
            try:
                rates[rule] = self._get_exchange_rate(currency, rule, date)
            except BillingError as error:
                rates[rule], missing[rule] = 0.0, str(error)
        return rates, missing

    @api.model
    def _get_sisters(self, rules):
        """Return all rules that pass on costs of the projects of ``rules``."""
        return self.env["project.billing.rule"].search(
            [
                ("project_id", "in", rules.project_id.ids),
                ("company_id", "in", rules.company_id.ids),
                ("billing_type", "=", "expense"),
            ]
        )

    @api.model
    def _refresh(self, rules, date):
        """Make items of new costs and worth all of them at the rates of a date.

        :return: ``{rule: message}`` of rules without an exchange rate
        """
        missing = {}
        for own in self._get_sisters(rules).grouped("company_id").values():
            rates, without = self._get_rates(own, date)
            self.env["project.billing.item"]._refresh_costs(own, rates)
            missing.update(without)
        return missing

    @api.model
    def _refresh_items(self, items, date=None):
        """Worth some items anew, at the rates of a date (today)."""
        costs = items.filtered("cost_source")
        for company, own in costs.grouped("company_id").items():
            day = date or company._get_billing_today()
            rules = self._get_sisters(own.rule_id) | own.rule_id
            rates, _missing = self._get_rates(rules, day)
            own._update_costs(rules, rates, own)

    # -- proposing -------------------------------------------------------------------

    @api.model
    def _propose(self, rules, run):
        missing = self._refresh(rules, run.date)
        items = self._get_items(rules)
        claims = self._get_claims(items, run.cutoff_date)
        doubts = self._get_doubts(items)
        receipts = self._get_receipts(
            items.filtered(lambda item: item.rule_id.receipt_required)
        )
        proposals = []
        for item in items:
            if item.rule_id in missing and not item.billed_amount:
                continue
            own = self._propose_item(item, claims.get(item), run)
            for proposal in own:
                self._review_cost(proposal, item, doubts, receipts)
            proposals += own
        proposals += self._propose_unconvertible(rules, missing)
        return proposals + self._propose_aside(rules, run)

    @api.model
    def _is_unsettled(self, item):
        # billed for more than the cost is now: listed, to be credited
        return bool(item.billable_amount) and (
            super()._is_unsettled(item) or item._is_cost_over_billed()
        )

    @api.model
    def _get_claims(self, items, date):
        """Return ``{item: amount}`` that may be on invoices; negative for credits."""
        costs = items.filtered("cost_source")
        claims = super()._get_claims(items - costs, date)
        for item in costs:
            # what is billed is claimed by now, whatever the date of the bill became
            if item.billed_amount or item.cost_date and item.cost_date <= date:
                claims[item] = item.cost_claim
        return claims

    @api.model
    def _propose_item(self, item, claim, run):
        proposals = super()._propose_item(item, claim, run)
        for proposal in proposals:
            proposal.name = self._get_inner_text(item)
        return proposals

    @api.model
    def _review_item(self, proposal, item, claim, run):
        if claim is None and item.cost_source:
            return proposal.skip("after_cutoff", str(item.cost_date or ""))
        if item.cost_source and item._is_cost_over_billed():
            return proposal.skip("over_billed", self._explain_difference(item))
        return super()._review_item(proposal, item, claim, run)

    @api.model
    def _review_cost(self, proposal, item, doubts, receipts):
        """Turn the proposal into a skip for what is said of costs only."""
        if proposal.state != "proposed" or not item.cost_source:
            return
        if item.rule_id.receipt_required and not receipts.get(item.id):
            proposal.skip("document_missing", self.env._("receipt"))
        elif item.id in doubts:
            proposal.skip("subcontractor", doubts[item.id])

    @api.model
    def _explain_difference(self, item):
        """Return what is to be done about a cost that shrank after it was billed."""
        difference = item.cost_claim - item.billed_amount
        amount = item.currency_id.format(abs(difference))
        rows = item.allocation_ids.filtered(lambda r: r.is_live and r.kind == "bill")
        documents = rows._get_document_names()
        if difference > 0:
            return self.env._(
                "%(amount)s too much credited on %(documents)s: bill it by hand",
                amount=amount,
                documents=documents,
            )
        return self.env._(
            "%(amount)s to credit of %(documents)s, as work taken back",
            amount=amount,
            documents=documents,
        )

    # -- invoicing -------------------------------------------------------------------

    @api.model
    def _prepare_lines(self, run_lines):
        if not self.env.context.get("billing_review"):
            # the bill may have changed since the proposal; in the review it stays
            for run, lines in run_lines.grouped("run_id").items():
                self._refresh_items(lines.item_id, run.date)
        return super()._prepare_lines(run_lines)

    @api.model
    def _prepare_item(self, run_line, claim):
        if run_line.item_id._is_cost_over_billed():
            return []
        return super()._prepare_item(run_line, claim)

    @api.model
    def _build_spec(self, item, amount):
        spec = super()._build_spec(item, amount)
        rule = item.rule_id
        spec.shares[0].payload["cost_move_line_id"] = item.cost_move_line_id.id
        spec.sequence = (rule.sequence, rule.id, f"{item.cost_date}{item.id:012}")
        return spec

    @api.model
    def _get_item_values(self, item):
        values = super()._get_item_values(item)
        rule = item.rule_id
        if rule.is_disbursement:
            values["tax_ids"] = rule.company_id.billing_disbursement_tax_id.ids
        return values

    # -- texts -----------------------------------------------------------------------

    @api.model
    def _get_inner_text(self, item):
        """Return the text of a cost for who reviews it: vendor and bill as well."""
        origin = [item.cost_vendor_id.name, item.cost_reference]
        return ": ".join(filter(None, [" ".join(filter(None, origin)), item.name]))

    @api.model
    def _get_item_text(self, item, amount):
        rule = item.rule_id
        text = self._get_inner_text(item) if rule.cost_show_vendor else item.name
        env = self.with_context(lang=self._get_language(rule)).env
        if rule.cost_show_markup and item.cost_markup:
            cost = item.company_currency_id.with_env(env).format(item.cost_base)
            text = env._(
                "%(text)s (cost %(cost)s + %(markup)s %%)",
                text=text,
                cost=cost,
                markup=formatLang(env, item.cost_markup, digits=2),
            )
        return self._add_disbursement(rule, env, text)

    @api.model
    def _add_disbursement(self, rule, env, text):
        """Return the text with what the law wants to read, where there is no VAT."""
        if not rule.is_disbursement:
            return text
        note = env._("Paid in your name and on your behalf; no VAT is charged on it.")
        return f"{text}\n{note}"

    @api.model
    def _get_group_text(self, rule, items):
        """Return the text of one invoice line for several costs."""
        env = self.with_context(lang=self._get_language(rule)).env
        name = rule.with_env(env).name
        if rule.cost_grouping == "category":
            category = items[0].cost_category_id.with_env(env)
            name = category.name or env._("Other costs")
        if items[0].billable_amount < 0:
            name = env._("%s: credits", name)
        return self._add_disbursement(rule, env, name)

    # -- figures ---------------------------------------------------------------------

    @api.model
    def _get_contract_amounts(self, rules):
        # costs have no end and no limit, unless an amount was agreed
        return {rule: rule.amount for rule in rules}
