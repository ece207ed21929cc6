from odoo import api, fields, models
from odoo.fields import Command

PROGRESS_SOURCES = [
    ("typed", "Typed"),
    ("tasks", "Closed tasks"),
    ("hours", "Hours spent to allocated"),
    ("cost", "Cost so far to expected cost"),
]


class ProjectBillingRuleProgressMixin(models.AbstractModel):
    """From where the progress of a rule is taken, and what it comes to.

    A rule of type *progress* claims what is earned to date less what was billed
    before, item by item. Its items are the schedule of values; a rule with just an
    amount has one item of the whole contract.
    """

    _name = "project.billing.rule.progress.mixin"
    _description = "Billing Rule: Progress"

    currency_id = fields.Many2one("res.currency")
    company_id = fields.Many2one("res.company")

    progress_source = fields.Selection(
        PROGRESS_SOURCES,
        string="Progress from",
        required=True,
        default="typed",
        tracking=True,
        help="Where the cumulative percentage of the items comes from; an item may "
        "have a source of its own.",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    expected_cost = fields.Monetary(
        currency_field="company_currency_id",
        tracking=True,
        help="What the work is expected to cost in all, in the company's currency. "
        "Progress from cost = cost so far / expected cost.",
    )
    cost_to_date = fields.Monetary(
        string="Cost so far",
        currency_field="company_currency_id",
        compute="_compute_progress",
        compute_sudo=True,
        help="Costs on the project's analytic account, in the company's currency.",
    )
    earned_amount = fields.Monetary(
        string="Earned",
        compute="_compute_progress",
        compute_sudo=True,
        help="What the progress of the items comes to so far.",
    )
    over_billed_amount = fields.Monetary(
        string="Billed ahead",
        compute="_compute_progress",
        compute_sudo=True,
        help="Billed more than earned: nothing is credited by itself.",
    )
    under_billed_amount = fields.Monetary(
        string="Earned, not billed", compute="_compute_progress", compute_sudo=True
    )

    _expected_cost = models.Constraint(
        "CHECK (expected_cost >= 0)", "The expected cost cannot be negative."
    )

    def _compute_progress(self):
        items = self.item_ids.filtered(lambda item: item.kind == "progress")
        items.invalidate_recordset(items._get_earned_fields())
        room = self.env["project.billing.type.progress"]
        wanted = self.filtered(
            lambda rule: rule.billing_type == "progress" and rule.expected_cost
        )
        costs = room._get_costs(wanted)
        for rule in self:
            own = items.filtered(lambda item, rule=rule: item.rule_id == rule)
            rule.cost_to_date = (costs.get(rule.id) or (0.0, ""))[0]
            rule.earned_amount = sum(own.mapped("earned_amount"))
            rule.over_billed_amount = sum(own.mapped("over_billed_amount"))
            rule.under_billed_amount = sum(own.mapped("under_billed_amount"))

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._ensure_progress_item()
        return rules

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"amount", "billing_type"}:
            self._ensure_progress_item()
        return result

    def _ensure_progress_item(self):
        """Give rules with just an amount one item of the whole contract."""
        for rule in self.filtered(
            lambda r: r.billing_type == "progress" and r.amount and not r.item_ids
        ):
            values = {"name": rule.name, "kind": "progress"}
            rule.item_ids = [Command.create({**values, "amount_type": "remainder"})]

    def _check_progress_editable(self):
        """Refuse progress typed by others than who reviews the project.

        :raise BillingError: the project is another's
        """
        self.check_access("read")
        self.sudo().project_id.with_env(self.env)._check_billing_reviewable()

    def action_update_progress(self):
        """Button: type how much of each item is done.

        :raise BillingError: the project is another's
        """
        self.ensure_one()
        self._check_progress_editable()
        return {
            "type": "ir.actions.act_window",
            "res_model": "project.billing.progress",
            "views": [(False, "form")],
            "target": "new",
            "name": self.env._("Progress of %s", self.display_name),
            "context": {"default_rule_id": self.id},
        }
