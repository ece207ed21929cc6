from odoo import api, fields, models

from ..exceptions import BillingRuleError


class ProjectBillingRate(models.Model):
    """A price for one employee, one role, or everybody, of a rule or a rate card.

    Which rate holds for an entry: the employee's, else the role's, else the one for
    everybody; each the rule's own, else its card's; of several the latest
    ``date_start`` not after the entry's date. The same order as Tryton's and Kimai's
    rate tables.
    """

    _name = "project.billing.rate"
    _description = "Billing Rate"
    _order = "card_id, rule_id, employee_id, role_id, date_start desc, id desc"

    rule_id = fields.Many2one(
        "project.billing.rule", ondelete="cascade", index="btree_not_null"
    )
    card_id = fields.Many2one(
        "project.billing.rate.card", ondelete="cascade", index="btree_not_null"
    )
    project_id = fields.Many2one(related="rule_id.project_id", store=True, index=True)
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, precompute=True
    )
    employee_id = fields.Many2one(
        "hr.employee", ondelete="restrict", index="btree_not_null"
    )
    role_id = fields.Many2one(
        "project.role", ondelete="restrict", index="btree_not_null"
    )
    price = fields.Float(
        aggregator="avg",
        required=True,
        digits="Product Price",
        help="Price of one unit (hour or day), in the rate's currency.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="A price in another currency than the rule's is converted once, at the "
        "invoice date.",
    )
    uom_id = fields.Many2one(
        "uom.uom",
        string="Unit",
        compute="_compute_uom_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        domain=lambda self: self._get_uom_domain(),
    )
    date_start = fields.Date(
        string="Valid from",
        help="First day on which this price holds; empty = from the beginning.",
    )

    _price_positive = models.Constraint(
        "CHECK (price >= 0)", "A rate cannot be negative."
    )

    _one_subject = models.Constraint(
        "CHECK (num_nonnulls(employee_id, role_id) <= 1)",
        "A rate is for an employee or for a role, not for both.",
    )

    _one_home = models.Constraint(
        "CHECK (num_nonnulls(rule_id, card_id) = 1)",
        "A rate belongs to a billing rule or to a rate card.",
    )

    _unique_step = models.UniqueIndex(
        "(COALESCE(rule_id, 0), COALESCE(card_id, 0), COALESCE(employee_id, 0),"
        " COALESCE(role_id, 0), COALESCE(date_start, '0001-01-01'::date))",
        "There is already a rate for the same person or role from the same day on.",
    )

    @api.model
    def _get_uom_domain(self):
        return self.env["project.billing.rule"]._get_uom_domain()

    @api.depends("rule_id.company_id", "card_id.company_id")
    def _compute_company_id(self):
        for rate in self:
            rate.company_id = rate.rule_id.company_id or rate.card_id.company_id

    @api.depends("rule_id.currency_id", "card_id.currency_id")
    def _compute_currency_id(self):
        for rate in self:
            home = rate.rule_id or rate.card_id
            rate.currency_id = rate.currency_id or home.currency_id

    @api.depends("rule_id.uom_id")
    def _compute_uom_id(self):
        hour = self.env.ref("uom.product_uom_hour")
        for rate in self:
            rate.uom_id = rate.uom_id or rate.rule_id.uom_id or hour

    @api.depends("employee_id", "role_id", "price", "currency_id", "date_start")
    def _compute_display_name(self):
        for rate in self:
            who = rate.employee_id.sudo().name or rate.role_id.name
            rate.display_name = " ".join(
                filter(
                    None,
                    [
                        who or self.env._("Everybody"),
                        f"{rate.price:.2f}",
                        rate.currency_id.name,
                        rate.date_start and f"({rate.date_start})",
                    ],
                )
            )

    @api.constrains("uom_id", "rule_id")
    def _check_uom(self):
        hour = self.env.ref("uom.product_uom_hour")
        for rate in self:
            if not rate.uom_id._has_common_reference(hour):
                raise BillingRuleError(
                    self.env._(
                        "The unit %(unit)s of the rate is not a unit of time. Choose "
                        "hours or days.",
                        unit=rate.uom_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        rates = super().create(vals_list)
        rates._after_change(self.env._("Rate added"))
        return rates

    def write(self, vals):
        rules = self._get_rules()
        result = super().write(vals)
        self._after_change(self.env._("Rate changed"))
        (rules - self._get_rules())._refresh_entries()
        return result

    def unlink(self):
        rules = self._get_rules()
        self._log_on_home(self.env._("Rate removed"))
        result = super().unlink()
        rules._refresh_entries()
        return result

    def _get_rules(self):
        """Return the billing rules that these rates price, directly or by a card."""
        return self.rule_id | self.sudo().card_id.rule_ids.with_env(self.env)

    def _after_change(self, what):
        self._log_on_home(what)
        self._get_rules()._refresh_entries()

    def _log_on_home(self, what):
        """Prices are money: who changed one is kept in the chatter of rule or card."""
        for name in ("rule_id", "card_id"):
            for home, rates in self.filtered(name).grouped(name).items():
                names = ", ".join(rates.mapped("display_name"))
                home._message_log(body=f"{what}: {names}")
