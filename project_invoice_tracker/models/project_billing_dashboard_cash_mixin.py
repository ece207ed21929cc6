from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import get_lang

WEEKS = 8
OUTSTANDING = ("open", "overdue")


class ProjectBillingDashboardCashMixin(models.AbstractModel):
    """What comes in, week by week: when it is due, and when payers usually pay."""

    _name = "project.billing.dashboard.cash.mixin"
    _description = "Billing Dashboard: Cash In"

    @api.model
    def _get_cash_in(self, rows, domain, today):
        """Return what is due: late, week by week from today on, and later.

        A payment that is not matched yet has no due day: it lowers what is due now.
        """
        amounts = [(row["date_due:day"] or today, row["gross"]) for row in rows]
        late = ("late", None, today - timedelta(days=1))
        domain &= Domain("stage", "in", OUTSTANDING)
        spans = [
            self._get_span(amounts, domain, "date_due", *span)
            for span in (late, *self._get_weeks(today))
        ]
        unmatched = domain & Domain("date_due", "=", False)
        spans[1]["domain"] = list(Domain(spans[1]["domain"]) | unmatched)
        return spans

    @api.model
    def _get_cash_expected(self, rows, domain, today):
        """Return what is owed by the day on which the payers usually pay.

        The same amounts as those by due date, from today on; what has no day, such as
        shares retained without a release, is left out. The records are the forecast's.
        """
        domain = domain.map_conditions(
            lambda one: Domain.TRUE if one.field_expr == "is_payable" else one
        )
        domain &= Domain("kind", "in", ("invoice", "entry"))
        domain &= Domain("direction", "=", "in") & Domain("on_expected", "=", True)
        amounts = [
            (row["date_expected:day"], row["gross"])
            for row in rows
            if row["date_expected:day"]
        ]
        return [
            self._get_span(amounts, domain, "date", *span)
            for span in self._get_weeks(today)
        ]

    @api.model
    def _get_weeks(self, today):
        """Return ``[(key, first day, last day)]``: weeks from today on, and later."""
        monday = int(get_lang(self.env).week_start)  # the week's first day: 1 = Monday
        first, spans = today, []
        for _week in range(WEEKS):
            last = first + timedelta(days=6 - (first.isoweekday() - monday) % 7)
            spans.append(("week", first, last))
            first = last + timedelta(days=1)
        spans.append(("later", first, None))
        return spans

    @api.model
    def _get_span(self, amounts, domain, name, key, first, last):
        """Return the sum of ``[(day, amount)]`` between two days, and its domain."""
        own = [
            amount
            for day, amount in amounts
            if (not first or day >= first) and (not last or day <= last)
        ]
        if first:
            domain &= Domain(name, ">=", fields.Date.to_string(first))
        if last:
            domain &= Domain(name, "<=", fields.Date.to_string(last))
        return {
            "key": key,
            "date_from": first and fields.Date.to_string(first),
            "date_to": last and fields.Date.to_string(last),
            "amount": self.env.company.currency_id.round(sum(own)),
            "domain": list(domain),
        }
