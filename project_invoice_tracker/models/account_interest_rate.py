from odoo import api, fields, models
from odoo.tools import format_date

from ..tools.statutes import AUTHORITIES


class AccountInterestRate(models.Model):
    """A reference rate of a central bank or treasury, from one day to the next change.

    Statutory interest adds its margin to it. What is shipped was published by the
    authorities: ECB key interest rates (main refinancing operations), Bundesbank base
    rate (§ 247 BGB), Bank of England Bank Rate, US Treasury prompt payment rates
    (Federal Register notices). Accountants add each change, or import it.
    """

    _name = "account.interest.rate"
    _description = "Reference Interest Rate"
    _order = "authority, date desc"

    authority = fields.Selection("_selection_authority", required=True, index=True)
    date = fields.Date(
        string="In force from",
        required=True,
        help="The day of the change, not the day of its announcement.",
    )
    rate = fields.Float(
        string="Rate (% a year)",
        required=True,
        digits=(16, 4),
        aggregator=None,
        help="Without the margin of the statute.",
    )
    date_checked = fields.Date(
        string="Known until",
        help="The last day for which this rate is known to be in force, where no later "
        "one is entered. Later days get no interest until somebody looks it up. Empty: "
        "in force until the next rate.",
    )
    source = fields.Char(help="Where the rate was published.")

    _authority_date_uniq = models.Constraint(
        "UNIQUE (authority, date)", "There is a rate of this authority and day already."
    )
    _checked_later = models.Constraint(
        "CHECK (date_checked >= date)",
        "A rate cannot be known until a day before it is in force.",
    )
    _rate_possible = models.Constraint(
        "CHECK (rate BETWEEN -10 AND 100)",
        "A reference rate is a percentage a year, between -10 and 100.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create rates; an earlier one is known until the next, needs no day more."""
        rates = super().create(vals_list)
        for authority, own in rates.grouped("authority").items():
            self.search(
                [
                    ("authority", "=", authority),
                    ("date", "<", max(own.mapped("date"))),
                    ("date_checked", "!=", False),
                ]
            ).date_checked = False
        return rates

    @api.model
    def _selection_authority(self):
        return [(key, self.env._(name)) for key, name in AUTHORITIES.items()]

    @api.depends("authority", "date", "rate")
    def _compute_display_name(self):
        names = dict(self._fields["authority"]._description_selection(self.env))
        for rate in self:
            rate.display_name = self.env._(
                "%(authority)s, %(date)s: %(rate)s %%",
                authority=names.get(rate.authority, ""),
                date=format_date(self.env, rate.date),
                rate=f"{rate.rate:.2f}",
            )

    @api.model
    def _get_rates(self, authorities):
        """Return ``{authority: [(day, % a year, last day known or None)]}`` by day.

        One query; authorities without any rate have an empty list.
        """
        rates = {authority: [] for authority in authorities}
        for rate in self.sudo().search_fetch(
            [("authority", "in", list(rates))],
            ["authority", "date", "rate", "date_checked"],
            order="date",
        ):
            known = rate.date_checked or None
            rates[rate.authority].append((rate.date, rate.rate, known))
        return rates
