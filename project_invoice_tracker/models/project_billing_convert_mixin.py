from odoo import api, models
from odoo.tools import format_date


class ProjectBillingConvertMixin(models.AbstractModel):
    """Amounts of several companies in one currency, or not at all.

    That of the user's current company, at today's rate, which the reader is told.
    Where no rate is known the company is left out and named: the host would take
    1 to 1.
    """

    _name = "project.billing.convert.mixin"
    _description = "Amounts of Several Companies"

    @api.model
    def _get_factors(self, today):
        """Return ``{company id: factor to the current company's currency}``.

        :return: the factors, and the companies between whose currency and that one no
            rate is known: the host would take 1 to 1
        """
        company = self.env.company
        rates = self.env["res.currency.rate"].sudo()
        rated = rates._read_group(
            [
                ("company_id", "in", (company.root_id.id, False)),
                ("name", "<=", today),
            ],
            ["currency_id"],
        )
        rated = {currency.id for (currency,) in rated}
        factors, missing = {}, self.env.companies.browse()
        for other in self.env.companies:
            currency = other.currency_id
            if currency == company.currency_id:
                factors[other.id] = 1.0
            elif {currency.id, company.currency_id.id} & rated:
                factors[other.id] = currency._get_conversion_rate(
                    currency, company.currency_id, company, today
                )
            else:
                missing |= other
        return factors, missing

    @api.model
    def _get_currency_note(self, factors, missing, today):
        """Return what was converted or left out, in a sentence, or False."""
        company = self.env.company
        converted = self.env.companies.browse(factors).filtered(
            lambda other: other.currency_id != company.currency_id
        )
        notes = []
        if converted:
            notes.append(
                self.env._(
                    "Amounts of %(companies)s are converted to %(currency)s at the "
                    "rate of %(date)s.",
                    companies=", ".join(converted.mapped("name")),
                    currency=company.currency_id.name,
                    date=format_date(self.env, today),
                )
            )
        if missing:
            notes.append(
                self.env._(
                    "%(companies)s: left out, there is no exchange rate to "
                    "%(currency)s. Enter one, or choose that company alone.",
                    companies=", ".join(missing.mapped("name")),
                    currency=company.currency_id.name,
                )
            )
        return " ".join(notes) or False
