from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.draws import format_hours

ENTRY_DAYS = 90  # time without a rule is looked for so far back
ADDON = "project_invoice_tracker"
RULES = f"{ADDON}.project_billing_rule_action"
ITEMS = f"{ADDON}.project_billing_item_action"
ENTRIES = f"{ADDON}.account_analytic_line_to_invoice_action"


class ProjectBillingAttentionWorkMixin(models.AbstractModel):
    """Projects whose work cannot be billed, or only some of it.

    Of thousands of rules those are looked at of which something may be said.
    """

    _name = "project.billing.attention.work.mixin"
    _description = "Projects that Need a Hand: Work that Cannot Be Billed"

    @api.model
    def _get_blocked(self, rows, rules):
        """Return rules with ready work of which nothing can be invoiced."""
        ready = self._group(rows, "ready")
        run = self.env["project.billing.run"]
        for rule in self._narrow(rules, rules._get_block_domain()):
            if rule.project_id not in ready:
                continue
            if code := rule.sudo()._get_block():
                yield self._build_rule_reason(code, run._get_reason_text(code), rule)
        needy = self._narrow(rules, Domain("document_type_ids", "!=", False))
        needy = needy.filtered(lambda rule: rule.project_id in ready)
        for rule, missing in self._get_missing_documents(needy).items():
            names = ", ".join(missing.mapped("name"))
            text = run._get_reason_text("document_missing", names)
            yield self._build_rule_reason("document_missing", text, rule)

    @api.model
    def _narrow(self, rules, domain):
        """Return those of a domain; what is behind them the user need not read.

        Of thousands of rules only a few need to be looked at.
        """
        known = rules.sudo().with_context(active_test=False)
        found = known.search(Domain("id", "in", rules.ids) & domain)
        return rules.browse(found.ids)

    @api.model
    def _get_missing_documents(self, needy):
        """Return ``{rule: types of documents}`` that ready work of the rules lacks."""
        if not needy:
            return {}
        documents = self.env["project.billing.document"].search(
            [("rule_id", "in", needy.ids)]
        )
        missing = {}
        for rule, item, first, last in (
            *self._read_ready_items(needy),
            *self._read_ready_days(needy),
        ):
            if lacking := documents._get_missing(rule, item, first, last):
                missing[rule] = missing.get(rule, lacking) | lacking
        return missing

    @api.model
    def _read_ready_items(self, rules):
        """Return ``[(rule, item, first day, last day)]`` that could be invoiced."""
        groups = self.env["project.billing.tracker"]._read_group(
            [
                ("rule_id", "in", rules.ids),
                ("source", "=", "item"),
                ("stage", "=", "ready"),
                ("is_held", "=", False),
            ],
            ["rule_id", "item_id"],
            ["date_planned:max"],
        )
        return [
            (rule, item, item.date_start or day, item.date_end or day)
            for rule, item, day in groups
            if item.kind != "deposit"
        ]

    @api.model
    def _read_ready_days(self, rules):
        """Return ``[(rule, no item, day, day)]`` of time that could be invoiced."""
        groups = self.env["account.analytic.line"]._read_group(
            [("billing_rule_id", "in", rules.ids), ("billing_state", "=", "ready")],
            ["billing_rule_id", "date:day"],
        )
        item = self.env["project.billing.item"]
        return [(rule, item, day, day) for rule, day in groups if day >= rule.bill_from]

    @api.model
    def _build_rule_reason(self, code, text, rules):
        domain = Domain("id", "in", rules.ids)
        builder = partial(self._build_reason, code, text, RULES, domain)
        return rules.project_id, builder, 0.0

    @api.model
    def _get_over_cap(self, rules):
        """Return rules that are billed beyond their cap, or have used it up."""
        capped = self._narrow(rules, rules._get_cap_domain())
        for rule in capped.filtered("cap_total"):
            currency = rule.currency_id
            if currency.compare_amounts(rule.cap_over, 0) > 0:
                text = self.env._("over cap by %s", currency.format(rule.cap_over))
                yield self._build_rule_reason("over_cap", text, rule)

    @api.model
    def _get_rejected(self, rules):
        """Return items that the customer has rejected and that are not billed."""
        items = self.env["project.billing.item"].search(
            [("acceptance_state", "=", "rejected"), ("rule_id", "in", rules.ids)]
        )
        items = items.filtered("open_amount")
        for project, own in items.grouped("project_id").items():
            names = ", ".join(own.mapped("name"))
            text = self.env._("rejected by the customer: %s", names)
            domain = Domain("id", "in", own.ids)
            builder = partial(self._build_reason, "rejected", text, ITEMS, domain)
            yield project, builder, 0.0

    @api.model
    def _get_without_rule(self, projects, today):
        """Return time of the last 90 days that no rule of its project bills."""
        since = fields.Date.to_string(today - timedelta(days=ENTRY_DAYS))
        where = (
            Domain("billing_rule_id", "=", False)
            & Domain("billed_quantity", "=", 0)
            & Domain("billing_nonbillable", "=", False)
            & Domain("date", ">=", since)
        )
        return self._read_entries(
            "no_rule",
            self.env._("%s h without billing rule"),
            where,
            Domain("project_id", "in", projects.ids),
        )

    @api.model
    def _get_without_price(self, rules):
        """Return unbilled time at price zero of rules that do not bill at zero."""
        where = (
            Domain("billing_price", "=", 0)
            & Domain("billed_quantity", "=", 0)
            & Domain("billable_quantity", "!=", 0)
        )
        priced = (
            Domain("billing_rule_id", "in", rules.ids)
            & Domain("billing_rule_id.claims_time", "=", True)
            & Domain("billing_rule_id.bill_at_zero", "=", False)
        )
        return self._read_entries(
            "no_rate",
            self.env._("%s h without price"),
            where,
            priced & Domain.custom(to_sql=_is_open),
        )

    @api.model
    def _read_entries(self, code, text, domain, ours):
        """Return hours of a domain by project.

        :param domain: what the reason is about, of a project
        :param ours: which entries are asked for; not told to the reader
        """
        groups = self.env["account.analytic.line"]._read_group(
            domain & ours,
            ["project_id"],
            ["unit_amount:sum", "billing_rule_id:array_agg_distinct"],
        )
        for project, hours, rules in groups:
            if not hours:
                continue
            own = domain & self._get_own(project)
            if any(rules):
                own &= Domain("billing_rule_id", "in", rules)
            told = text % format_hours(hours)
            yield project, partial(self._build_reason, code, told, ENTRIES, own), 0.0


def _is_open(_model, alias, _query):
    """Return the condition that time without a price is not billed.

    Found in the index of such entries alone, without the entries.
    """
    return SQL(
        "%s IN (SELECT o.id FROM account_analytic_line o"
        " WHERE o.billed_quantity != o.billable_quantity AND o.billing_price = 0)",
        SQL.identifier(alias, "id"),
    )
