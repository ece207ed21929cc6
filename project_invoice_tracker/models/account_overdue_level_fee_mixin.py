from odoo import api, fields, models

from ..exceptions import BillingRuleError
from ..tools.statutes import COUNTRIES, STATUTES

DAY_COUNTS = [
    ("365", "Actual days / 365"),
    ("360", "Actual days / 360"),
    ("actual", "Actual days / days of the year"),
]


class AccountOverdueLevelFeeMixin(models.AbstractModel):
    """What a level charges for lateness: a fee, a lump sum, interest.

    Everything goes on a debit note of its own, once per instalment and level; interest
    goes on where the last charge of the instalment ended, whichever level made it.
    """

    _name = "account.overdue.level.fee.mixin"
    _description = "Late Fees of an Overdue Level"

    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one("res.currency")
    fee_type = fields.Selection(
        [
            ("none", "No fee"),
            ("fixed", "Fixed amount"),
            ("percent", "Percentage of the instalment"),
            ("statutory", "Lump sum of the statute"),
        ],
        string="Late fee",
        required=True,
        default="none",
        help="Once per instalment and level; the lump sum once per instalment.",
    )
    fee_amount = fields.Monetary(
        string="Fee",
        help="In the company's currency, converted at the rate of the day.",
    )
    fee_percentage = fields.Float(
        string="Fee (%)",
        digits=(16, 4),
        help="Of the original amount of the instalment, whatever was paid meanwhile.",
    )
    interest_type = fields.Selection(
        [
            ("none", "No interest"),
            ("agreed", "Agreed rate"),
            ("statutory", "Statutory: reference rate and margin"),
        ],
        string="Interest",
        required=True,
        default="none",
        help="From the day after the due date to the day of payment, on what was open "
        "on each day.",
    )
    interest_rate = fields.Float(string="Rate (% a year)", digits=(16, 4))
    interest_statute = fields.Selection(
        "_selection_interest_statute",
        string="Statute",
        compute="_compute_interest_statute",
        store=True,
        readonly=False,
        precompute=True,
        help="Says which reference rate holds on which day, and the lump sum.",
    )
    interest_margin = fields.Float(
        string="Margin (points)",
        digits=(16, 4),
        compute="_compute_interest_margin",
        store=True,
        readonly=False,
        precompute=True,
        help="Percentage points on top of the reference rate.",
    )
    interest_day_count = fields.Selection(
        DAY_COUNTS,
        string="Day count",
        required=True,
        compute="_compute_interest_day_count",
        store=True,
        readonly=False,
        precompute=True,
    )
    fee_product_id = fields.Many2one(
        "product.product",
        string="Product of fees",
        check_company=True,
        ondelete="restrict",
        help="Income account and taxes of the debit note. Empty: Late payment. Without "
        "taxes on the product there are none: compensation for late payment is not a "
        "supply in most countries.",
    )
    fee_due_days = fields.Integer(
        string="Days to pay the fee", default=14, help="Of the debit note."
    )
    fee_minimum_amount = fields.Monetary(
        string="Charge from",
        help="Interest below this amount waits until there is more. In the company's "
        "currency.",
    )
    fee_approval_amount = fields.Monetary(
        string="Approve above",
        help="Charges above this amount are booked after a second person approved "
        "them. In the company's currency; 0: never.",
    )

    _fee_positive = models.Constraint(
        "CHECK (fee_amount >= 0 AND fee_percentage BETWEEN 0 AND 100"
        " AND fee_due_days >= 0 AND fee_minimum_amount >= 0"
        " AND fee_approval_amount >= 0)",
        "Fees, their days and limits are not negative, a percentage is at most 100.",
    )
    _interest_positive = models.Constraint(
        "CHECK (interest_rate BETWEEN 0 AND 100"
        " AND interest_margin BETWEEN -10 AND 100)",
        "Interest and margin are percentages a year.",
    )

    @api.model
    def _selection_interest_statute(self):
        return [(key, self.env._(statute.name)) for key, statute in STATUTES.items()]

    @api.depends("interest_type", "fee_type")
    def _compute_interest_statute(self):
        """Propose the law of the company's country."""
        for level in self:
            if level._needs_statute() and not level.interest_statute:
                country = level.company_id.sudo().country_id.code
                level.interest_statute = COUNTRIES.get(country, "eu")

    @api.depends("interest_statute")
    def _compute_interest_margin(self):
        for level in self:
            statute = STATUTES.get(level.interest_statute)
            level.interest_margin = statute.margin if statute else 0.0

    @api.depends("interest_statute")
    def _compute_interest_day_count(self):
        for level in self:
            statute = STATUTES.get(level.interest_statute)
            level.interest_day_count = statute.day_count if statute else "365"

    @api.constrains("fee_type", "fee_amount", "fee_percentage")
    def _check_fee(self):
        for level in self:
            amounts = {"fixed": level.fee_amount, "percent": level.fee_percentage}
            if not amounts.get(level.fee_type, 1.0):
                raise BillingRuleError(
                    self.env._(
                        "Level %s charges a fee: enter how much, or choose 'No fee'.",
                        level.display_name,
                    )
                )

    @api.constrains("fee_type", "interest_type", "interest_statute", "interest_rate")
    def _check_interest(self):
        for level in self:
            if level._needs_statute() and not level.interest_statute:
                raise BillingRuleError(
                    self.env._(
                        "Level %s charges what the law grants: choose the statute.",
                        level.display_name,
                    )
                )
            if level.interest_type == "agreed" and not level.interest_rate:
                raise BillingRuleError(
                    self.env._(
                        "Level %s charges interest: enter the rate per year, or choose "
                        "'No interest'.",
                        level.display_name,
                    )
                )

    def _needs_statute(self):
        self.ensure_one()
        return "statutory" in (self.fee_type, self.interest_type)

    def _has_charge(self):
        """Return whether this level charges anything."""
        self.ensure_one()
        return self.fee_type != "none" or self.interest_type != "none"

    def _get_statute(self):
        """Return the :class:`Statute` of this level, or None."""
        self.ensure_one()
        return STATUTES.get(self.interest_statute) if self._needs_statute() else None

    def _get_interest_terms(self):
        """Return how interest runs as a dict that a charge keeps, None without.

        ``rate`` is the margin where there is an ``authority``, else the whole rate.
        """
        self.ensure_one()
        if self.interest_type == "none":
            return None
        terms = {
            "authority": "",
            "rate": self.interest_rate,
            "fixing": "daily",
            "is_fixed": False,
            "day_count": self.interest_day_count,
            "compound_days": 0,
            "limit_days": 0,
        }
        if self.interest_type == "statutory":
            statute = self._get_statute()
            terms.update(
                authority=statute.authority,
                rate=self.interest_margin,
                fixing=statute.fixing,
                is_fixed=statute.is_fixed,
                compound_days=statute.compound_days,
                limit_days=statute.limit_days,
            )
        return terms
