from odoo import api, fields, models


class ProjectBillingRuleEarnedValueMixin(models.AbstractModel):
    """Earned value of a fixed price: is the work ahead of its plan, and of its costs?

    Measured in what the work is expected to cost (the budget), in the company's
    currency, never in the price: a margin is no progress. Planned is the budget of the
    items whose planned date has come, earned that of what is done. Terms and formulas
    are those of ANSI/EIA-748 and the PMBOK Guide.
    """

    _name = "project.billing.rule.earned.value.mixin"
    _inherit = ["project.billing.rule.progress.mixin"]
    _description = "Billing Rule: Earned Value"

    planned_value = fields.Monetary(
        currency_field="company_currency_id",
        compute="_compute_earned_value",
        compute_sudo=True,
        help="Expected cost of the items whose planned date has come (PV).",
    )
    earned_value = fields.Monetary(
        currency_field="company_currency_id",
        compute="_compute_earned_value",
        compute_sudo=True,
        help="Expected cost of what is done (EV), by the progress of the items.",
    )
    cost_variance = fields.Monetary(
        currency_field="company_currency_id",
        compute="_compute_earned_value",
        compute_sudo=True,
        help="Earned less cost so far (CV). Negative: it costs more than planned.",
    )
    schedule_variance = fields.Monetary(
        currency_field="company_currency_id",
        compute="_compute_earned_value",
        compute_sudo=True,
        help="Earned less planned (SV). Negative: the work is late.",
    )
    cost_index = fields.Float(
        digits=(16, 3),
        compute="_compute_earned_value",
        compute_sudo=True,
        help="Earned / cost so far (CPI). Below 1: over budget. Empty without costs.",
    )
    schedule_index = fields.Float(
        digits=(16, 3),
        compute="_compute_earned_value",
        compute_sudo=True,
        help="Earned / planned (SPI). Below 1: late. Empty while nothing is planned.",
    )
    final_cost = fields.Monetary(
        string="Cost at completion",
        currency_field="company_currency_id",
        compute="_compute_earned_value",
        compute_sudo=True,
        help="Expected cost / cost index (EAC): what all will cost if it goes on like "
        "this. Empty while nothing is earned.",
    )

    @api.depends("expected_cost", "earned_amount", "cost_to_date")
    def _compute_earned_value(self):
        for rule in self:
            planned, earned = rule._get_value_parts()
            budget, cost = rule.expected_cost, rule.cost_to_date
            rule.planned_value, rule.earned_value = budget * planned, budget * earned
            rule.cost_variance = rule.earned_value - cost if budget else 0.0
            rule.schedule_variance = rule.earned_value - rule.planned_value
            rule.cost_index = budget and cost and rule.earned_value / cost
            rule.schedule_index = planned and earned / planned
            rule.final_cost = earned and cost / earned

    def _get_value_parts(self):
        """Return which parts (0 to 1) of the items are planned and earned by today."""
        self.ensure_one()
        items = self.item_ids.filtered(lambda item: item.kind == "progress")
        if not self.expected_cost or self.billing_type != "progress":
            return 0.0, 0.0
        today = self.company_id._get_billing_today()
        worth = planned = 0.0
        for item in items:
            value = item.billable_amount + item.billing_written_off_amount
            worth += value
            if item.date_planned and item.date_planned <= today:
                planned += value
        earned = sum(items.mapped("earned_amount"))
        return (planned / worth, earned / worth) if worth else (0.0, 0.0)
