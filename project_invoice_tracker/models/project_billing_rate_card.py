from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import float_round

from ..exceptions import BillingRuleError


class ProjectBillingRateCard(models.Model):
    """Prices of people and roles that several billing rules share.

    A rule's own rates come before those of its card, a person's before a role's; the
    card's price for everybody holds where the rule has no price of its own. Steps are
    rates with a first day; a price agreed for an earlier day never changes by a later
    step. A yearly indexation writes such steps by itself.
    """

    _name = "project.billing.rate.card"
    _description = "Rate Card"
    _inherit = ["mail.thread"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: rules of all companies.")
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        tracking=True,
        help="Currency of new rates of this card. A rule in another currency converts "
        "at the invoice date; without an exchange rate its time is not invoiced.",
    )
    rate_ids = fields.One2many("project.billing.rate", "card_id", copy=True)
    rule_ids = fields.One2many("project.billing.rule", "rate_card_id")
    rule_count = fields.Integer(compute="_compute_rule_count", string="Billing rules")
    index_percentage = fields.Float(
        string="Indexation (%)",
        digits=(16, 4),
        tracking=True,
        help="By how much all prices change at the next indexation, and each year "
        "after it. 0 = no indexation.",
    )
    index_date = fields.Date(
        string="Next indexation",
        copy=False,
        tracking=True,
        help="First day of the new prices; it moves on by a year when they are made.",
    )

    _index_percentage = models.Constraint(
        "CHECK (index_percentage > -100 AND index_percentage <= 100)",
        "Indexation changes prices by more than -100 % and at most 100 %.",
    )

    @api.depends("rule_ids")
    def _compute_rule_count(self):
        counts = dict(
            self.env["project.billing.rule"]._read_group(
                [("rate_card_id", "in", self.ids)], ["rate_card_id"], ["__count"]
            )
        )
        for card in self:
            card.rule_count = counts.get(card, 0)

    @api.constrains("company_id")
    def _check_rule_companies(self):
        for card in self.filtered("company_id"):
            others = card.sudo().rule_ids.company_id - card.company_id
            if others:
                raise BillingRuleError(
                    self.env._(
                        "%(card)s is used by rules of %(companies)s: leave its company "
                        "empty, or give those rules another card.",
                        card=card.name,
                        companies=", ".join(others.mapped("name")),
                    )
                )

    # -- indexation ------------------------------------------------------------------

    def action_index(self):
        """Make the steps of the next indexation now, and move its date by a year.

        Every rate that holds on that day gets a successor; prices are rounded to the
        precision of prices. Steps that were agreed for that very day stay.

        :raise BillingRuleError: no percentage or date
        """
        for card in self:
            if not card.index_percentage or not card.index_date:
                raise BillingRuleError(
                    self.env._(
                        "%s: enter the percentage and the day of the indexation first.",
                        card.name,
                    )
                )
            card._make_steps()
        return True

    def _make_steps(self):
        self.ensure_one()
        digits = self.env["decimal.precision"].precision_get("Product Price")
        factor = 1 + self.index_percentage / 100.0
        day = self.index_date
        steps = [
            rate.copy_data(
                {
                    "price": float_round(rate.price * factor, precision_digits=digits),
                    "date_start": day,
                }
            )[0]
            for rate in self._get_rates_on(day)
            if rate.date_start != day
        ]
        self.index_date = day + relativedelta(years=1)
        self.env["project.billing.rate"].create(steps)

    def _get_rates_on(self, day):
        """Return the card's rates that hold on a day: the latest of each subject."""
        self.ensure_one()
        latest = {}
        for rate in self.rate_ids.sorted(lambda r: (r.date_start or day.min, r.id)):
            if not rate.date_start or rate.date_start <= day:
                latest[rate.employee_id, rate.role_id] = rate
        return self.env["project.billing.rate"].concat(*latest.values())

    @api.model
    def _index_due(self):
        """Make the steps of all indexations whose day has come; missed years, too."""
        cards = self.search(
            [("index_date", "!=", False), ("index_percentage", "!=", 0)]
        )
        for card in cards:
            company = card.company_id or self.env.company
            while card.index_date <= company._get_billing_today():
                card._make_steps()

    def action_view_rules(self):
        """Open the billing rules that use this card."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_rule_action"
        )
        return {**action, "domain": [("rate_card_id", "in", self.ids)]}
