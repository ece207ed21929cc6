from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import float_compare

from ..exceptions import BillingRuleError


class ProjectBillingPlan(models.Model):
    """How a contract is usually paid: 30/40/30, 20/10/20/20/30.

    Applied to a milestone rule in one step: every line becomes an item, with a
    milestone of the project where the line is due when one is reached. Percentages
    sum to 100; the last item takes the remainder.
    """

    _name = "project.billing.plan"
    _description = "Billing Plan"
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", help="Empty: for all companies.")
    line_ids = fields.One2many("project.billing.plan.line", "plan_id", copy=True)

    @api.constrains("line_ids")
    def _check_total(self):
        for plan in self:
            total = sum(plan.line_ids.mapped("percentage"))
            if float_compare(total, 100.0, precision_digits=4):
                raise BillingRuleError(
                    self.env._(
                        "The shares of %(plan)s come to %(total)s %%, not to 100 %%.",
                        plan=plan.name,
                        total=round(total, 4),
                    )
                )

    def _apply_to(self, rule):
        """Make the items of the plan on a milestone rule.

        :raise BillingRuleError: the rule has items, no amount or another type
        """
        self.ensure_one()
        rule.ensure_one()
        self._check_applicable(rule)
        by_milestone = self.line_ids.filtered(lambda line: line.trigger == "reached")
        project = rule.project_id
        if by_milestone and not project.allow_milestones:
            project.allow_milestones = True
        milestones = self.env["project.milestone"].create(
            [
                {"name": line.name, "project_id": project.id, "sequence": index}
                for index, line in enumerate(by_milestone)
            ]
        )
        milestone_of = dict(zip(by_milestone, milestones, strict=True))
        last = self.line_ids[-1]
        rule.item_ids = [
            Command.create(line._prepare_item(index, milestone_of, line == last))
            for index, line in enumerate(self.line_ids)
        ]

    def _check_applicable(self, rule):
        if rule.billing_type != "milestone":
            reason = self.env._("only rules by milestones have a billing plan")
        elif rule.item_ids:
            reason = self.env._("it has items already: delete them first")
        elif not rule.amount:
            reason = self.env._("enter its contract amount first")
        else:
            return
        raise BillingRuleError(
            self.env._(
                "%(plan)s cannot be applied to %(rule)s: %(reason)s.",
                plan=self.name,
                rule=rule.display_name,
                reason=reason,
            )
        )


class ProjectBillingPlanLine(models.Model):
    """One part of a billing plan."""

    _name = "project.billing.plan.line"
    _description = "Billing Plan Line"
    _order = "plan_id, sequence, id"

    plan_id = fields.Many2one(
        "project.billing.plan", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True, help="Text on the invoice.")
    percentage = fields.Float(digits=(16, 6), required=True)
    trigger = fields.Selection(
        lambda self: self._get_triggers(), required=True, default="reached"
    )

    _percentage = models.Constraint(
        "CHECK (percentage > 0 AND percentage <= 100)",
        "The share of a plan's line must be above 0 and at most 100.",
    )

    @api.model
    def _get_triggers(self):
        item = self.env["project.billing.item"]
        return [
            choice
            for choice in item._fields["trigger"]._description_selection(self.env)
            if choice[0] != "tasks_done"
        ]

    def _prepare_item(self, index, milestone_of, is_last):
        """Return the values of the item of this line."""
        self.ensure_one()
        milestone = milestone_of.get(self)
        return {
            "sequence": 10 * (index + 1),
            "name": self.name,
            "milestone_id": milestone.id if milestone else False,
            "trigger": self.trigger,
            "amount_type": "remainder" if is_last and index else "percent",
            "percentage": self.percentage,
        }
