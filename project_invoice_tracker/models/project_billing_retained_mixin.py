from odoo import api, fields, models


class ProjectBillingRetainedMixin(models.AbstractModel):
    """What the customer of a project keeps back, all rules together."""

    _name = "project.billing.retained.mixin"
    _description = "Project: Retention"

    billing_company_currency_id = fields.Many2one("res.currency")

    billing_retained_amount = fields.Monetary(
        string="Retained",
        currency_field="billing_company_currency_id",
        compute="_compute_billing_retained",
        help="Retained by all invoices so far, in company currency at today's rate.",
    )
    billing_retention_released_amount = fields.Monetary(
        string="Released",
        currency_field="billing_company_currency_id",
        compute="_compute_billing_retained",
        help="Of that, released: its due date is known.",
    )
    billing_retention_open_amount = fields.Monetary(
        string="Retention not paid",
        currency_field="billing_company_currency_id",
        compute="_compute_billing_retained",
        help="Retained on posted invoices and not paid yet.",
    )

    @api.depends_context("uid", "company")
    def _compute_billing_retained(self):
        shown = self._filter_billing_reviewable()  # what a project earns is for them
        figures = shown._get_billing_retained()
        for project in self:
            amounts = figures.get(project._origin.id, (0.0, 0.0, 0.0))
            project.billing_retained_amount = amounts[0]
            project.billing_retention_released_amount = amounts[1]
            project.billing_retention_open_amount = amounts[2]

    def _get_billing_retained(self):
        """Return ``{project id: (retained, released, not paid)}``, company currency."""
        rules = self.env["project.billing.rule"].sudo().with_context(active_test=False)
        rules = rules.search(
            [
                ("project_id", "in", self._origin.ids),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        figures = {}
        for rule in rules:
            amounts = (
                rule.retained_amount,
                rule.retention_released_amount,
                rule.retention_open_amount,
            )
            if not any(amounts):
                continue
            company = rule.project_id.company_id or self.env.company
            today = rule.company_id._get_billing_today()
            rate = rule.currency_id._get_conversion_rate(
                rule.currency_id, company.currency_id, rule.company_id, today
            )
            before = figures.get(rule.project_id.id, (0.0, 0.0, 0.0))
            figures[rule.project_id.id] = tuple(
                company.currency_id.round(old + amount * rate)
                for old, amount in zip(before, amounts, strict=True)
            )
        return figures
