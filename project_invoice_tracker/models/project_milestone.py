from odoo import api, fields, models

from ..exceptions import LockedError


class ProjectMilestone(models.Model):
    _inherit = "project.milestone"

    billing_item_ids = fields.One2many(
        "project.billing.item", "milestone_id", string="Billing items"
    )
    billing_state = fields.Char(
        compute="_compute_billing_state",
        string="Billing",
        help="Where the milestone's amount stands: from the live invoice, never typed.",
    )
    billing_amount = fields.Char(compute="_compute_billing_state", string="Amount")

    @api.depends("billing_item_ids")
    @api.depends_context("uid")
    def _compute_billing_state(self):
        # what a milestone earns is for who reviews the project
        projects = self.sudo().project_id.with_env(self.env)
        shown = projects._filter_billing_reviewable()
        items = (
            self.env["project.billing.item"]
            .sudo()
            .search([("milestone_id", "in", self.ids), ("project_id", "in", shown.ids)])
        )
        labels = dict(items._fields["stage"]._description_selection(self.env))
        grouped = items.grouped("milestone_id")
        for milestone in self:
            own = grouped.get(milestone, items.browse())
            texts = []
            for item in own:
                documents = ", ".join(item.move_ids.mapped("display_name"))
                stage = labels[item.stage]
                texts.append(f"{stage}: {documents}" if documents else stage)
            milestone.billing_state = "; ".join(texts) or False
            milestone.billing_amount = (
                " + ".join(
                    i.currency_id.format(
                        i.billable_amount + i.billing_written_off_amount
                    )
                    for i in own
                )
                or False
            )

    def write(self, vals):
        if "is_reached" not in vals:
            return super().write(vals)
        items = (
            self.env["project.billing.item"]
            .sudo()
            .search([("milestone_id", "in", self.ids), ("trigger", "=", "reached")])
        )
        if not vals["is_reached"]:
            self.filtered("is_reached").sudo().billing_item_ids._check_not_billed()
            items.filtered("milestone_id.is_reached")._set_not_ready()
        result = super().write(vals)
        if vals["is_reached"]:
            items._set_ready()
        self._follow_retention_release()
        return result

    def _follow_retention_release(self):
        """A milestone that releases retention was reached, or is not any more."""
        self._search_released_rules()._follow_release()

    def _search_released_rules(self):
        """Return the rules whose retention these milestones release (superuser)."""
        rules = self.env["project.billing.rule"].with_context(active_test=False)
        return rules.sudo().search([("retention_milestone_id", "in", self.ids)])

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billing_item(self):
        items = (
            self.env["project.billing.item"]
            .sudo()
            .search([("milestone_id", "in", self.ids)])
        )
        items._check_not_billed()
        if items:
            raise LockedError(
                self.env._(
                    "%s belongs to a billing rule. Delete or archive its billing item "
                    "first.",
                    ", ".join(items.milestone_id.mapped("name")),
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_release(self):
        rules = self._search_released_rules()
        if rules:
            raise LockedError(
                self.env._(
                    "%(milestones)s releases the retention of %(rules)s. Choose "
                    "another milestone there first.",
                    milestones=", ".join(rules.retention_milestone_id.mapped("name")),
                    rules=", ".join(rules.mapped("name")),
                )
            )
