from odoo import api, models
from odoo.tools import format_date

from ..tools.draws import EPSILON, format_hours


class ProjectBillingTermPrepaid(models.AbstractModel):
    """Hours that are paid already: what the customer reads of them.

    On invoices of a fee or pack with hours, and of the time beyond them: the period
    (of packs: all) up to the run's cut-off date, or the invoice date.
    """

    _name = "project.billing.term.prepaid"
    _inherit = "project.billing.term"
    _description = "Billing Term: Prepaid Hours"

    @api.model
    def _summarise(self, moves):
        rows = moves._get_rows(
            [
                ("is_live", "=", True),
                "|",
                ("item_id.prepaid_hours", "!=", 0),
                ("rule_id.prepaid_rule_ids", "!=", False),
            ]
        )
        blocks = {}
        for move, own in rows.grouped("move_id").items():
            beyond = own.filtered(lambda r: r.analytic_line_id and r.kind == "bill")
            rules = own.item_id.filtered("prepaid_hours").rule_id
            rules |= beyond.rule_id.prepaid_rule_ids
            if rules:
                blocks[move] = self._get_blocks(move, rules, beyond)
        return {move: own for move, own in blocks.items() if own}

    @api.model
    def _get_blocks(self, move, rules, beyond):
        last = move.billing_run_id.cutoff_date or move.invoice_date
        last = last or move.company_id._get_billing_today()
        prepaid = self.env["project.billing.prepaid"]
        blocks = []
        for rule in rules:
            own = beyond.filtered(
                lambda r, rule=rule: rule in r.rule_id.prepaid_rule_ids
            )
            for day in self._get_days(rule, own.mapped("date"), last):
                # of time that is not drawn yet the customer has read nothing
                found = prepaid._get_balances_on(rule, day, pending=False)
                if rule.id not in found:
                    continue
                balance, (first, _last) = found[rule.id]
                extra = own.filtered(
                    lambda r, first=first, day=day: (
                        (not first or r.date >= first) and r.date <= day
                    )
                )
                block = {
                    "title": self._get_title(move, rule, first, day),
                    "rows": self._get_block_rows(balance, extra),
                }
                blocks.append(block)
        return blocks

    @api.model
    def _get_days(self, rule, days, last):
        """Return the last days of the periods to sum up, not after ``last``.

        The period in which ``last`` is, and those of the work beyond the hours.
        """
        periods = rule.item_ids.filtered(
            lambda i: (
                i.kind == "period"
                and any(i.date_start <= day <= i.date_end for day in days)
            )
        )
        ends = {min(item.date_end, last) for item in periods}
        return sorted({last, *ends})

    @api.model
    def _get_title(self, move, rule, first, day):
        lang = move.partner_id.lang or self.env.lang
        first, day = (
            value and format_date(self.env, value, lang_code=lang)
            for value in (first, day)
        )
        name = rule.with_context(lang=lang).name
        if not first:
            return self.env._("Prepaid hours: %(name)s", name=name)
        return self.env._(
            "Prepaid hours: %(name)s, %(first)s – %(day)s",
            name=name,
            first=first,
            day=day,
        )

    @api.model
    def _get_block_rows(self, balance, extra):
        """Return the rows of a block; hours as hh:mm.

        :param extra: rows of time beyond the prepaid hours on this invoice
        """
        extra = sum(extra.mapped("quantity"))
        rows = [(self.env._("Included"), balance.included)]
        if balance.carried > EPSILON:
            rows.append((self.env._("Carried over"), balance.carried))
        rows.append((self.env._("Used"), balance.used))
        if balance.expired > EPSILON:
            rows.append((self.env._("Expired"), balance.expired))
        rows.append((self.env._("Left"), balance.left))
        if extra > EPSILON:
            rows.append((self.env._("Beyond, on this invoice"), extra))
        return [(label, format_hours(hours)) for label, hours in rows]
