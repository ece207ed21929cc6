from odoo import api, fields, models
from odoo.fields import Domain


class ProjectBillingRuleCoverageMixin(models.AbstractModel):
    """Which entries a rule owns, from which day on, and what lies before."""

    _name = "project.billing.rule.coverage.mixin"
    _description = "Billing Rule: What It Covers"

    date_start = fields.Date(tracking=True, help="First day of the rule, included.")
    date_end = fields.Date(tracking=True, help="Last day of the rule, included.")
    bill_from = fields.Date(
        required=True,
        default=lambda self: self._default_bill_from(),
        tracking=True,
        help="Older time is counted and shown, never offered for invoicing.",
    )
    task_ids = fields.Many2many(
        "project.task",
        "project_billing_rule_task_rel",
        "rule_id",
        "task_id",
        domain="[('project_id', '=', project_id)]",
        help="Time of these tasks and their sub-tasks; empty: of all.",
    )
    tag_ids = fields.Many2many(
        "project.tags", "project_billing_rule_tag_rel", "rule_id", "tag_id"
    )
    employee_ids = fields.Many2many(
        "hr.employee", "project_billing_rule_employee_rel", "rule_id", "employee_id"
    )
    role_ids = fields.Many2many(
        "project.role", "project_billing_rule_role_rel", "rule_id", "role_id"
    )
    old_entry_count = fields.Integer(
        compute="_compute_old_entries", string="Entries before the start of billing"
    )
    old_entry_hours = fields.Float(compute="_compute_old_entries")

    _dates = models.Constraint(
        "CHECK (date_end IS NULL OR date_start IS NULL OR date_start <= date_end)",
        "The rule's first day must not be after its last one.",
    )

    @api.model
    def _default_bill_from(self):
        return self.env.company._get_billing_today().replace(day=1)

    def _compute_old_entries(self):
        for rule in self:
            rule.old_entry_count, rule.old_entry_hours = 0, 0.0
        for rule, count, hours in (
            self.env["account.analytic.line"]
            .sudo()
            ._read_group(
                Domain("billing_rule_id", "in", self.ids)
                & Domain("billing_is_old", "=", True),
                ["billing_rule_id"],
                ["__count", "billable_quantity:sum"],
            )
        ):
            rule.with_env(self.env).old_entry_count = count
            rule.with_env(self.env).old_entry_hours = hours
