from odoo import api, fields, models
from odoo.fields import Domain


class ProjectBillingContractMixin(models.AbstractModel):
    """Original, changes and current contract of a project, all rules together."""

    _name = "project.billing.contract.mixin"
    _description = "Project: Contract and Changes"

    billing_company_currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_billing_contract",
        string="Currency of the contract",
    )
    billing_contract_amount = fields.Monetary(
        string="Original contract",
        currency_field="billing_company_currency_id",
        compute="_compute_billing_contract",
        help="Contract amounts (caps of time and materials) of all rules that change "
        "no other, in company currency at today's rate.",
    )
    billing_change_amount = fields.Monetary(
        string="Changes",
        currency_field="billing_company_currency_id",
        compute="_compute_billing_contract",
        help="Of all change orders, in company currency.",
    )
    billing_current_amount = fields.Monetary(
        string="Current contract",
        currency_field="billing_company_currency_id",
        compute="_compute_billing_contract",
        help="Original contract and changes, in company currency.",
    )

    @api.depends(
        "billing_rule_ids.cap_amount",
        "billing_rule_ids.amount",
        "billing_rule_ids.parent_id",
        "billing_rule_ids.active",
    )
    @api.depends_context("uid", "company")
    def _compute_billing_contract(self):
        shown = self._filter_billing_reviewable()  # what a project earns is for them
        amounts = shown._get_billing_contracts()
        for project in self:
            company = project.company_id or self.env.company
            original, changes = amounts.get(project._origin.id, (0.0, 0.0))
            project.billing_company_currency_id = company.currency_id
            project.billing_contract_amount = original
            project.billing_change_amount = changes
            project.billing_current_amount = original + changes

    def _get_billing_contracts(self):
        """Return ``{project id: (original, changes)}`` in company currency."""
        rules = (
            self.env["project.billing.rule"]
            .sudo()
            .search(
                Domain("project_id", "in", self._origin.ids)
                & Domain("company_id", "in", self.env.companies.ids)
            )
        )
        amounts = {}
        for rule, amount in rules._get_deal_amounts().items():
            company = rule.project_id.company_id or self.env.company
            value = rule.currency_id._convert(
                amount,
                company.currency_id,
                rule.company_id,
                rule.company_id._get_billing_today(),
            )
            original, changes = amounts.get(rule.project_id.id, (0.0, 0.0))
            if rule.parent_id or rule.change_reference:
                changes += value
            else:
                original += value
            amounts[rule.project_id.id] = original, changes
        return amounts

    @api.constrains("partner_id")
    def _check_billing_orders(self):
        rules = self.sudo().billing_rule_ids
        rules.order_id._check_rules(rules)
