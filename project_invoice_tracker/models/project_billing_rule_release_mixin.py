from odoo import api, models

RELEASE_FIELDS = frozenset(
    {"retention_release", "retention_date", "retention_milestone_id"}
)
TERM_FIELDS = RELEASE_FIELDS | {
    "retention_base",
    "retention_limit",
    "retention_limit_percentage",
    "retention_months",
    "retention_percentage",
    "retention_released_date",
}


class ProjectBillingRuleReleaseMixin(models.AbstractModel):
    """How what a rule retains is released: by acceptance, a milestone or a date.

    The due dates of unpaid shares follow at once, and by the daily job.
    """

    _name = "project.billing.rule.release.mixin"
    _description = "Billing Rule: Release of Retention"

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules.filtered("retention_percentage")._follow_release()
        return rules

    def write(self, vals):
        result = super().write(vals)
        is_following = self.env.context.get("billing_following_release")
        if vals.keys() & TERM_FIELDS and not is_following:
            self._follow_release()
        return result

    # -- release ---------------------------------------------------------------------

    def _follow_release(self):
        """Note what releases the retention, then set the due dates of open shares."""
        for rule in self:
            day = rule._get_released_date()
            if day != rule.retention_released_date:
                following = rule.sudo().with_context(billing_following_release=True)
                following.retention_released_date = day
        self._refresh_retention_dates()

    def _get_released_date(self):
        """Return the day of release, or False."""
        self.ensure_one()
        if self.retention_release == "date":
            return self.retention_date
        if self.retention_release == "milestone":
            if not self.sudo().retention_milestone_id.is_reached:
                return False
            today = self.company_id._get_billing_today()
            return self.retention_released_date or today
        return self.retention_released_date

    def _refresh_retention_dates(self):
        """Give unpaid retained shares the due date that the release says."""
        lines = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("billing_retention_rule_id", "in", self.ids),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                ]
            )
        )
        for rule, own in lines.grouped("billing_retention_rule_id").items():
            released, due = rule.retention_released_date, rule._get_retention_due_date()
            # the due date of a released share may be agreed otherwise by hand
            own.filtered(
                lambda line, released=released, due=due: (
                    line.billing_release_date != released
                    or (not released and line.date_maturity != due)
                )
            ).write({"date_maturity": due, "billing_release_date": released})
        self._get_retaining_drafts()._follow_retention()

    def _get_retaining_drafts(self):
        """Return draft invoices that bill work of these rules."""
        groups = (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(
                [
                    ("rule_id", "in", self.ids),
                    ("kind", "in", ("bill", "withhold")),
                    ("move_id.state", "=", "draft"),
                ],
                [],
                ["move_id:recordset"],
            )
        )
        return groups[0][0]

    @api.model
    def _cron_refresh_retention(self):
        """Set the due dates of retained shares: planned dates pass, dates come."""
        rules = self.sudo().with_context(active_test=False)
        rules.search([("retention_percentage", ">", 0)])._follow_release()

    def action_release_retention(self):
        """Button: the customer has accepted; what is retained becomes due.

        :raise BillingError: the project is another's
        """
        self._check_progress_editable()
        for rule in self.sudo():
            today = rule.company_id._get_billing_today()
            rule.write(
                {"retention_release": "acceptance", "retention_released_date": today}
            )

    def action_withdraw_release(self):
        """Button: the customer has not accepted yet; unpaid shares wait again.

        :raise BillingError: the project is another's
        """
        self._check_progress_editable()
        self.sudo().write({"retention_released_date": False})

    def action_view_retained(self):
        """Open the retained shares of the rule's invoices."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_move_line_retained_action"
        )
        return {
            **action,
            "domain": [("billing_retention_rule_id", "in", self.ids)],
            "context": {},
        }
