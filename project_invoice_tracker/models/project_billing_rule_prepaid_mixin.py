from odoo import api, fields, models

from ..exceptions import BillingRuleError


class ProjectBillingRulePrepaidMixin(models.AbstractModel):
    """Hours that are paid by a fee or a pack and drawn down by time.

    Two sides of one deal: a rule that gives hours (a recurring fee with included
    hours, a milestone rule with packs), and time and materials that draws from it
    before anything is invoiced. The hours themselves are on the items.
    """

    _name = "project.billing.rule.prepaid.mixin"
    _inherit = "project.billing.prepaid.figures.mixin"
    _description = "Billing Rule: Prepaid Hours"

    _prepaid_figures = ("included", "carried", "used", "expired", "left")

    currency_id = fields.Many2one("res.currency")

    included_hours = fields.Float(
        digits=(16, 2),
        tracking=True,
        help="Hours that a whole period pays for; a part of a period has its part.",
    )
    rollover = fields.Selection(
        [
            ("expire", "Expire with the period"),
            ("carry", "Are carried over"),
        ],
        string="Unused hours",
        required=True,
        default="expire",
        tracking=True,
    )
    rollover_months = fields.Integer(
        string="For months",
        default=0,
        tracking=True,
        help="Carried over so many months after the period; 0 = without end.",
    )
    rollover_limit = fields.Float(
        string="At most (hours)",
        digits=(16, 2),
        tracking=True,
        help="At most so many hours of each period are carried over; 0 = all.",
    )
    prepaid_alert_percent = fields.Float(
        string="Alert at (%)",
        default=80.0,
        help="The project manager gets an activity when so much of the hours is used, "
        "and another one at 100 %. 0 = none.",
    )
    prepaid_rule_ids = fields.Many2many(
        "project.billing.rule",
        "project_billing_rule_prepaid_rel",
        "rule_id",
        "prepaid_rule_id",
        string="Draws from",
        copy=False,  # templates link the copies
        domain="[('company_id', '=', company_id), ('currency_id', '=', currency_id),"
        " ('billing_type', 'in', ('recurring', 'milestone'))]",
        help="Fees and packs whose hours are used before time is invoiced. What is "
        "left over is invoiced at the rates of this rule.",
    )
    drawing_rule_ids = fields.Many2many(
        "project.billing.rule",
        "project_billing_rule_prepaid_rel",
        "prepaid_rule_id",
        "rule_id",
        string="Used up by",
        copy=False,
    )
    prepaid_included = fields.Float(
        string="Hours included",
        digits=(16, 2),
        compute="_compute_prepaid_figures",
        compute_sudo=True,
        help="Of a fee: hours of the current period. Of packs: of all that were sold.",
    )
    prepaid_carried = fields.Float(
        string="Hours carried over",
        digits=(16, 2),
        compute="_compute_prepaid_figures",
        compute_sudo=True,
    )

    _prepaid = models.Constraint(
        "CHECK (included_hours >= 0 AND rollover_months >= 0 AND rollover_limit >= 0"
        " AND prepaid_alert_percent >= 0 AND prepaid_alert_percent <= 100)",
        "Included hours, months and limits of unused hours cannot be negative; the "
        "alert is between 0 and 100 percent.",
    )

    def _get_prepaid_balances(self):
        return self.env["project.billing.prepaid"]._get_rule_balances(self)

    @api.constrains(
        "prepaid_rule_ids",
        "billing_type",
        "company_id",
        "currency_id",
        "partner_id",
        "project_id",
    )
    def _check_prepaid_rules(self):
        for rule in self | self.drawing_rule_ids:
            for source in rule.prepaid_rule_ids:
                problem = rule._get_prepaid_problem(source)
                if problem:
                    raise BillingRuleError(
                        self.env._(
                            "%(rule)s cannot draw hours from %(giver)s: %(problem)s",
                            rule=rule.display_name,
                            giver=source.display_name,
                            problem=problem,
                        )
                    )

    def _get_prepaid_problem(self, source):
        """Return why this rule cannot draw hours from another one, or None."""
        self.ensure_one()
        if not self.claims_time:
            return self.env._("only time and materials uses up prepaid hours.")
        if source.billing_type not in ("recurring", "milestone"):
            return self.env._("hours come from a recurring fee or from packs.")
        if source.company_id != self.company_id:
            return self.env._("it belongs to another company.")
        if source.currency_id != self.currency_id:
            return self.env._("it is in another currency.")
        if source.project_id == self.project_id:
            return None
        customer = self.bill_partner_id.commercial_partner_id
        if not customer or customer != source.bill_partner_id.commercial_partner_id:
            return self.env._("it is of another project and another customer.")
        return None
