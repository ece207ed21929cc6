from collections import defaultdict

from odoo import api, models
from odoo.tools import float_round, format_date

from ..tools.quantity import HOUR_DIGITS, Share
from ..tools.spec import LineSpec


class ProjectBillingTermDeposit(models.AbstractModel):
    """A deposit is taken off later invoices until it is used up.

    Only posted deposits count, on invoices of the same customer, currency, company and
    project. One line for each deposit invoice (and tax, as each has its own line), with
    its number, date, account and taxes: VAT law has an advance taxed when it is asked
    for, and the final invoice show both (EU: VAT Directive 2006/112/EC, articles 65 and
    226).
    """

    _name = "project.billing.term.deposit"
    _inherit = "project.billing.term"
    _description = "Billing Term: Deposits"

    # -- who takes part --------------------------------------------------------------

    @api.model
    def _is_deposit(self, spec):
        return any(share.payload.get("is_deposit") for share in spec.shares)

    @api.model
    def _takes_part(self, row, rule):
        """Return whether what a rule bills is reduced by a deposit's row."""
        source = row.rule_id
        if rule.currency_id != row.currency_id or rule.project_id != source.project_id:
            return False
        return rule == source or source.deposit_scope == "project"

    @api.model
    def _is_payer(self, row, partner):
        """Return whether a partner paid the deposit of a row.

        Several payers are told apart by address, a single one is a company whose
        address may have changed since.
        """
        paid = row.move_id.partner_id
        if row.rule_id.payer_ids:
            return paid == partner
        return paid.commercial_partner_id == partner.commercial_partner_id

    # -- review ----------------------------------------------------------------------

    @api.model
    def _review(self, run, proposals):
        rules = run._get_rules_of([p for p in proposals if p.rule_id])
        rows = self.env["project.billing.allocation"]._search_open_deposits(
            run.company_id, rules.project_id
        )
        lefts = {row: left for row, left in rows._get_lefts().items() if left > 0}
        told = set()
        for proposal in proposals:
            if proposal.state != "proposed" or not proposal.specs:
                continue
            if any(self._is_deposit(spec) for spec in proposal.specs):
                continue
            rule = rules.browse(proposal.rule_id)
            own = [
                row for row in lefts if row not in told and self._takes_part(row, rule)
            ]
            texts = [self._explain(run, row, lefts[row], proposal) for row in own]
            told.update(own)
            proposal.detail = " ".join(filter(None, [proposal.detail, *texts]))
        return proposals

    @api.model
    def _explain(self, run, row, left, proposal):
        """Return what the review says of an open deposit, and of VAT that differs."""
        values = {
            "deposit": row.move_id._get_ledger_name(),
            "left": row.currency_id.format(left),
        }
        if row.move_id.state != "posted":
            return self.env._(
                "Deposit %(deposit)s (%(left)s) is a draft: post it first, it is not "
                "deducted.",
                **values,
            )
        text = self.env._("Deposit %(deposit)s: %(left)s to deduct.", **values)
        if self._is_taxed_otherwise(run, row, proposal):
            text += " " + self.env._(
                "It was invoiced with %(tax)s, this work has other taxes: check which "
                "VAT rate applies.",
                tax=", ".join(row.move_line_id.tax_ids.mapped("name"))
                or self.env._("no tax"),
            )
        return text

    @api.model
    def _is_taxed_otherwise(self, run, row, proposal):
        estimate = self.env["project.billing.tax.estimate"]
        company, own = run.company_id, row.move_line_id.tax_ids
        position = estimate._get_fiscal_position(row.move_id.partner_id, company)
        return all(
            estimate._get_taxes(spec, company, position) != own
            for spec in proposal.specs
        )

    # -- invoicing -------------------------------------------------------------------

    @api.model
    def _complete(self, run, batches):
        ids = {spec.rule_id for specs in batches for spec in specs}
        rules = self.env["project.billing.rule"].browse(ids)
        rows = self.env["project.billing.allocation"]._search_open_deposits(
            run.company_id, rules.project_id
        )
        rows = rows.filtered(lambda row: row.move_id.state == "posted")
        lefts = {row: left for row, left in rows._get_lefts().items() if left > 0}
        if not lefts:
            return batches
        rates = rows.rule_id._get_deposit_rates()
        last = self._get_last_rules(rows.rule_id, batches)
        projects = {rule.id: rule.project_id for rule in rules}
        for specs in batches:
            own = {projects[spec.rule_id] for spec in specs}
            for row in [row for row in lefts if row.rule_id.project_id in own]:
                amount = self._get_wanted(row, lefts[row], specs, rates, last)
                spec = amount and self._fit(run, row, amount, specs)
                if spec:
                    specs.append(spec)
                    lefts[row] = row.currency_id.round(lefts[row] - spec.price)
        return batches

    @api.model
    def _get_last_rules(self, rules, batches):
        """Return the pro-rata rules whose contract is billed up by these invoices.

        Their deposit's rest goes with them: rounding leaves no cents behind.
        """
        now = defaultdict(float)
        for specs in batches:
            for spec in specs:
                if not self._is_deposit(spec) and spec.kind == "bill":
                    now[spec.rule_id] += sum(share.amount for share in spec.shares)
        own = rules.filtered(lambda rule: rule.deposit_deduction == "pro_rata")
        own.invalidate_recordset(["billed_amount"])  # as the ledger has it now
        contracts = own._get_contract_amounts()
        return own.filtered(
            lambda rule: (
                contracts[rule]
                and rule.currency_id.compare_amounts(
                    rule.billed_amount + now[rule.id], contracts[rule]
                )
                >= 0
            )
        )

    @api.model
    def _get_own(self, row, specs):
        """Return the lines of an invoice that a deposit is taken off."""
        rules = row.rule_id
        by_id = {
            rule.id: rule
            for rule in rules.browse(dict.fromkeys(spec.rule_id for spec in specs))
        }
        return [
            spec
            for spec in specs
            if not self._is_deposit(spec)
            and self._takes_part(row, by_id[spec.rule_id])
            and self._is_payer(
                row,
                self.env["project.billing.tax.estimate"]._get_payer(
                    spec, by_id[spec.rule_id]
                ),
            )
        ]

    @api.model
    def _get_wanted(self, row, left, specs, rates, last):
        """Return how much of a deposit shall be taken off an invoice, at most.

        :param rates: ``{rule: percent}`` of pro-rata deposits
        :param last: rules whose contract ends with this run
        """
        work = [spec for spec in self._get_own(row, specs) if spec.kind == "bill"]
        if not work or left <= 0:
            return 0.0
        rule, currency = row.rule_id, row.currency_id
        if rule not in rates or rule in last:
            return left
        base = sum(spec.get_amount(currency) for spec in work)
        return min(left, max(currency.round(base * rates[rule] / 100.0), 0.0))

    @api.model
    def _fit(self, run, row, amount, specs):
        """Return the line that takes ``amount`` off, or what fits; None = nothing does.

        Neither the invoice nor the part that the deposit is for may become negative,
        without and with taxes: the host posts no negative total.
        """
        currency = row.currency_id
        groups = [self._get_own(row, specs), specs]
        for _attempt in range(6):
            spec = self._build_spec(row, amount)
            factor = min(self._get_bearable(run, row, group, spec) for group in groups)
            if factor >= 1.0:
                return spec
            lower = float_round(
                amount * max(factor, 0.0),
                precision_rounding=currency.rounding,
                rounding_method="DOWN",
            )
            # cents of rounded taxes: one unit less each time
            amount = lower if lower < amount else amount - currency.rounding
            if currency.compare_amounts(amount, 0.0) <= 0:
                return None
        return None

    @api.model
    def _get_bearable(self, run, row, specs, spec):
        """Return which part of a deduction the lines bear; 1 or more = all of it."""
        estimate = self.env["project.billing.tax.estimate"]
        partner, currency = row.move_id.partner_id, row.currency_id
        before = estimate._get_totals(specs, run.company_id, partner, currency)
        alone = estimate._get_totals([spec], run.company_id, partner, currency)
        after = estimate._get_totals([*specs, spec], run.company_id, partner, currency)
        parts = [
            total / -own if own else 1.0
            for total, own in zip(before, alone, strict=True)
        ]
        if all(currency.compare_amounts(total, 0.0) >= 0 for total in after):
            return 1.0
        return min([*parts, 0.999999])

    @api.model
    def _build_spec(self, row, amount):
        """Return the line that takes ``amount`` off: the deposit's line, negative."""
        line, item = row.move_line_id, row.item_id
        worth = item.billable_amount
        share = Share(
            key=item.id,
            quantity=round(-amount / worth, HOUR_DIGITS) if worth else 0.0,
            price=amount,
            invoiced=-1.0,
            amount=-amount,
            payload={"origin_id": row.id, "date": row.move_id.invoice_date},
        )
        return LineSpec(
            rule_id=row.rule_id.id,
            name=self._get_text(row.move_id),
            product_id=line.product_id.id,
            uom_id=line.product_uom_id.id,
            quantity=-1.0,
            price=amount,
            shares=[share],
            kind="draw",
            partner_id=row.move_id.partner_id.id,
            tax_ids=line.tax_ids.ids,
            account_id=line.account_id.id,
        )

    @api.model
    def _get_text(self, move):
        """Return *Deposit INV/2026/00012 of 5 January 2026* in the customer's words."""
        lang = move.partner_id.lang or self.env.lang
        env = self.with_context(lang=lang).env
        date = format_date(env, move.invoice_date, lang, "d MMMM y")
        return env._("Deposit %(number)s of %(date)s", number=move.name, date=date)

    # -- what the customer reads -----------------------------------------------------

    @api.model
    def _summarise(self, moves):
        rows = moves._get_rows().filtered("is_live")._filter_deductions()
        rows = rows.filtered(lambda row: row.move_id.move_type == "out_invoice")
        # what happened before the posting of each: others in draft do not count
        others = rows.origin_id._search_deductions().filtered(
            lambda row: row.move_id.state == "posted"
        )
        summaries = {}
        for move, own in rows.grouped("move_id").items():
            before = others.filtered(lambda row, move=move: row.move_id != move)
            summaries[move] = [self._summarise_move(own, before)]
        return summaries

    @api.model
    def _summarise_move(self, rows, others):
        """Return the block of one invoice: deposit, deducted before, now, left."""
        origins = rows.origin_id
        before = -sum(
            others.filtered(lambda row: row.origin_id in origins).mapped("amount")
        )
        now = -sum(rows.mapped("amount"))
        invoiced = sum(origins._get_lefts().values()) - sum(
            origins._search_deductions().mapped("amount")
        )
        currency = rows.currency_id.with_env(self.env)
        return {
            "title": self.env._("Deposit"),
            "rows": [
                (self.env._("Invoiced in advance"), currency.format(invoiced)),
                (self.env._("Deducted before"), currency.format(before)),
                (self.env._("Deducted now"), currency.format(now)),
                (self.env._("Left"), currency.format(invoiced - before - now)),
            ],
        }
