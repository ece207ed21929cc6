from contextlib import contextmanager

from odoo import api, fields, models
from odoo.tools import frozendict

RULE = "billing_retention_rule_id"
TERM_SYNC = {
    "existing_key_fname": "term_key",
    "needed_vals_fname": "needed_terms",
    "needed_dirty_fname": "needed_terms_dirty",
    "line_type": "payment_term",
}


class ProjectBillingRetentionMixin(models.AbstractModel):
    """The retained share of an invoice: an instalment of its own.

    The host keeps one receivable line for each needed term, found again by its key.
    A retained share is one more term, whose key names the rule that retains; the
    other terms carry the rest. One method says how much is retained
    (``project.billing.term.retention._get_shares``): screen, PDF and ledger ask it.
    """

    _name = "project.billing.retention.mixin"
    _description = "Retention of Invoices"

    billing_retained_amount = fields.Monetary(
        string="Retained",
        compute="_compute_billing_retained_amount",
        currency_field="currency_id",
        help="Share of this document that is due after its release only.",
    )
    currency_id = fields.Many2one("res.currency")

    def _compute_billing_retained_amount(self):
        for move in self:
            lines = move.line_ids.filtered("billing_is_retention")
            move.billing_retained_amount = abs(sum(lines.mapped("amount_currency")))

    # -- terms -----------------------------------------------------------------------

    def _compute_needed_terms(self):
        retentions = self._get_retentions()
        plain = self.filtered(lambda move: not retentions.get(move))
        result = super(ProjectBillingRetentionMixin, plain)._compute_needed_terms()
        for move in plain.filtered(lambda move: move.line_ids.filtered(RULE)):
            # a line that was a retained share may become a term like the others
            move.needed_terms = {
                key: {**values, **self._prepare_retention_flags()}
                for key, values in move.needed_terms.items()
            }
        for move in self - plain:
            shares = {
                rule: move._get_signed_amounts(amount)
                for rule, (amount, *_dates) in retentions[move].items()
            }
            withheld = tuple(sum(pair) for pair in zip(*shares.values(), strict=True))
            net = move._get_net_amounts(shares)
            less = move.with_context(billing_withheld=(withheld, net))
            super(ProjectBillingRetentionMixin, less)._compute_needed_terms()
            move._add_retained_terms(retentions[move], shares, withheld)
        return result

    def _add_retained_terms(self, retentions, shares, withheld):
        """Add the retained shares to ``needed_terms`` of one document.

        :param retentions: ``{rule: (amount, due date, release date)}``
        :param shares: ``{rule: (document currency, company currency)}``
        :param withheld: the sum of the shares
        """
        needed = {
            key: {**values, **self._prepare_retention_flags()}
            for key, values in self.needed_terms.items()
        }
        if not needed:
            return
        if not self.invoice_payment_term_id:
            # the host's only term is the whole amount
            for values in needed.values():
                values["amount_currency"] -= withheld[0]
                values["balance"] -= withheld[1]
        for rule, (_amount, due, released) in retentions.items():
            key, values = self._prepare_retention_term(
                rule, due, released, shares[rule]
            )
            needed[key] = values
        self.needed_terms = needed

    def _get_signed_amounts(self, amount):
        """Return an amount as (document currency, company currency), with its sign."""
        total, total_currency = (
            self.amount_total_signed,
            self.amount_total_in_currency_signed,
        )
        signed = amount if total_currency >= 0 else -amount
        rate = total / total_currency if total_currency else 0.0
        return signed, self.company_currency_id.round(signed * rate)

    def _get_net_amounts(self, shares):
        """Return the part of retained shares that is no tax, in both currencies.

        A share of the amount with tax has as much of it as the whole invoice.

        :param shares: ``{rule: (document currency, company currency)}``
        """
        net, total = self.amount_untaxed, self.amount_total
        ratios = {
            rule: net / total if rule.retention_base == "gross" and total else 1.0
            for rule in shares
        }
        return tuple(
            currency.round(sum(ratios[rule] * own[i] for rule, own in shares.items()))
            for i, currency in enumerate([self.currency_id, self.company_currency_id])
        )

    @api.model
    def _prepare_retention_flags(self, rule=None, released=False):
        return {
            "billing_is_retention": bool(rule),
            RULE: rule.id if rule else False,
            "billing_project_id": rule.project_id.id if rule else False,
            "billing_retention_percentage": rule.retention_percentage if rule else 0.0,
            "billing_release_date": released,
        }

    def _prepare_retention_term(self, rule, due, released, amounts):
        """Return key and values of the term of one rule's retained share."""
        key = frozendict(
            {
                "move_id": self.id,
                "date_maturity": due,
                "discount_date": False,
                RULE: rule.id,
            }
        )
        return key, {
            **self._prepare_retention_flags(rule, released),
            "amount_currency": amounts[0],
            "balance": amounts[1],
            "discount_date": False,
            # nothing is discounted for paying the rest early
            "discount_amount_currency": amounts[0],
            "discount_balance": amounts[1],
        }

    @api.depends("needed_terms")
    def _compute_invoice_date_due(self):
        # a retained share has a due date of its own
        regular = {}
        for move in self:
            keys = move.needed_terms or {}
            if any(RULE in key for key in keys):
                days = [key["date_maturity"] for key in keys if RULE not in key]
                regular[move] = max(filter(None, days), default=False)
        others = self.filtered(lambda move: move not in regular)
        result = super(ProjectBillingRetentionMixin, others)._compute_invoice_date_due()
        for move, day in regular.items():
            move.invoice_date_due = day or move.invoice_date_due
        return result

    # -- how much --------------------------------------------------------------------

    def _get_retentions(self):
        """Return ``{move: {rule: (amount, due date, release date)}}``.

        Of posted documents as it stands on their lines, of drafts as the rules say;
        amounts are positive, in the document's currency.
        """
        if self.env.context.get("billing_creating"):
            return {}  # the ledger rows come right after the documents
        sales = self.filtered(lambda m: m.move_type in ("out_invoice", "out_refund"))
        drafts = sales.filtered(lambda move: move.state == "draft")
        found = {}
        for move in sales - drafts:
            for line in move.line_ids.filtered("billing_is_retention"):
                values = abs(line.amount_currency), line.date_maturity
                found.setdefault(move, {})[line[RULE].sudo()] = (
                    *values,
                    line.billing_release_date,
                )
        shares = self.env["project.billing.term.retention"]._get_shares(drafts)
        for move, own in shares.items():
            for share in own:
                rule = share.rule
                amount = found.setdefault(move, {}).get(rule, (0.0,))[0]
                found[move][rule] = (
                    amount + share.amount,
                    rule._get_retention_due_date(),
                    rule.retention_released_date,
                )
        return found

    # -- ledger ----------------------------------------------------------------------

    def _get_sync_stack(self, container):
        stack, update_containers = super()._get_sync_stack(container)
        # out last: after the terms (10) and the ledger's bills (5)
        return [(4, self._sync_retention(container)), *stack], update_containers

    @contextmanager
    def _sync_retention(self, container):
        yield
        if not self.env.context.get("billing_creating"):
            container["records"]._follow_retention()

    def _follow_retention(self):
        """Make terms and ledger rows of draft invoices follow what is retained."""
        drafts = self.filtered(
            lambda m: m.state == "draft" and m.move_type == "out_invoice"
        )
        if not drafts:
            return
        term = self.env["project.billing.term.retention"].sudo()
        shares = term._get_shares(drafts)
        flagged = drafts.filtered(lambda m: m in shares or m.line_ids.filtered(RULE))
        # nothing is retained of what comes to nothing now
        flagged |= term._get_withholding(drafts - flagged)
        for move in flagged:
            if move._is_retained_otherwise(shares.get(move, [])):
                move._refresh_terms()
        if flagged:
            term._write_rows(flagged, shares)

    def _is_retained_otherwise(self, shares):
        """Return whether the lines of a draft do not show what shall be retained."""
        needed, shown = {}, {}
        for share in shares:
            amount, _due = needed.get(share.rule.id, (0.0, None))
            due = share.rule._get_retention_due_date()
            amount = self.currency_id.round(amount + share.amount)
            needed[share.rule.id] = amount, due
        for line in self.line_ids.filtered(RULE):
            amount = self.currency_id.round(abs(line.amount_currency))
            shown[line[RULE].id] = amount, line.date_maturity
        return needed != shown

    def _refresh_terms(self):
        """Write the payment terms of a draft again, as they are needed now."""
        names = ["needed_terms", "needed_terms_dirty"]
        container = {"records": self}
        # the host acts on a change of needs only: before, there were none
        with self.env.protecting([self._fields["needed_terms"]], self):
            self.needed_terms = {}
        with (
            self._check_balanced(container),
            self._disable_recursion(container, "skip_invoice_sync"),
            self._sync_dynamic_line(**TERM_SYNC, container=container),
        ):
            self.invalidate_recordset(names, flush=False)

    def _claim_from_origin(self, credit_notes):
        result = super()._claim_from_origin(credit_notes)
        self._follow_retention()
        return result

    def _follow_state(self, before, state):
        result = super()._follow_state(before, state)
        if state == "draft":
            self._follow_retention()
        return result

    def _post_credit(self):
        """Credit notes give back their share of what their invoices retain."""
        result = super()._post_credit()
        term = self.env["project.billing.term.retention"].sudo()
        credits = self.filtered("reversed_entry_id")
        if credits:
            term._write_rows(credits, term._get_shares(credits))
        return result

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """Take the credited part of a retained share off that share."""
        for move, reverse in zip(self, reverse_moves, strict=False):
            for line in move.line_ids.filtered("billing_is_retention"):
                twin = reverse.line_ids.filtered(
                    lambda x, line=line: (
                        x[RULE] == line[RULE] and x.account_id == line.account_id
                    )
                )
                pair = (line | twin).filtered(lambda x: not x.reconciled)
                if line in pair and twin & pair:
                    pair.with_context(
                        move_reverse_cancel=move_reverse_cancel
                    ).reconcile()
        # what else was credited is no payment of what is retained
        moves = self.with_context(billing_keep_retention=True)
        return super(ProjectBillingRetentionMixin, moves)._reconcile_reversed_moves(
            reverse_moves, move_reverse_cancel
        )

    # -- paper -----------------------------------------------------------------------

    @api.depends("show_payment_term_details")
    def _compute_payment_term_details(self):
        result = super()._compute_payment_term_details()
        for move in self.filtered("payment_term_details"):
            terms = move.line_ids.filtered(lambda x: x.display_type == "payment_term")
            details = list(move.payment_term_details)
            for line, detail in zip(
                terms.sorted("date_maturity"), details, strict=True
            ):
                if line.billing_is_retention:
                    detail["date"] = line._get_retention_text()
            move.payment_term_details = details
        return result

    def _get_retention_notes(self):
        """Return lines for the PDF where the host prints no instalments."""
        self.ensure_one()
        term = self.invoice_payment_term_id
        if term.display_on_invoice and self.payment_term_details:
            return []
        return [
            f"{line._get_retention_text(with_amount=True)}"
            for line in self.line_ids.filtered("billing_is_retention")
        ]
