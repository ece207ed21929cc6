from odoo import api, fields, models
from odoo.tools import float_compare

from ..exceptions import BillingRuleError


class ProjectBillingPayer(models.Model):
    """One of several customers who share what a rule bills."""

    _name = "project.billing.payer"
    _description = "Payer of a Billing Rule"
    _order = "rule_id, sequence, id"
    _check_company_auto = True

    sequence = fields.Integer(default=10, help="The last one takes the remainder.")
    rule_id = fields.Many2one(
        "project.billing.rule", required=True, ondelete="cascade", index=True
    )
    project_id = fields.Many2one(related="rule_id.project_id", store=True, index=True)
    company_id = fields.Many2one(related="rule_id.company_id", store=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Payer",
        required=True,
        ondelete="restrict",
        check_company=True,
    )
    percentage = fields.Float(
        string="Share (%)", digits=(16, 4), required=True, aggregator="sum"
    )

    _partner_once = models.Constraint(
        "UNIQUE (rule_id, partner_id)", "Each payer has one share of a billing rule."
    )

    @api.depends("partner_id", "percentage")
    def _compute_display_name(self):
        for payer in self:
            payer.display_name = f"{payer.partner_id.name} {payer._get_percent()} %"

    def _get_percent(self):
        """Return the share as people write it: 60, 33.3333."""
        return f"{self.percentage:.4f}".rstrip("0").rstrip(".")

    @api.constrains("percentage", "rule_id")
    def _check_percentage(self):
        for payer in self:
            share = payer.percentage
            if share <= 0 or float_compare(share, 100.0, precision_digits=4) > 0:
                raise BillingRuleError(
                    self.env._(
                        "The share of %(payer)s must be above 0 and at most 100 "
                        "percent.",
                        payer=payer.partner_id.name,
                    )
                )

    # the shares of a rule are changed together, on the rule; alone, one would leave
    # a part of the work without anybody who pays it
    @api.model_create_multi
    def create(self, vals_list):
        payers = super().create(vals_list)
        payers._follow_change(payers.rule_id)
        return payers

    def write(self, vals):
        rules = self.rule_id
        result = super().write(vals)
        if vals.keys() & {"partner_id", "percentage", "rule_id"}:
            self._follow_change(rules | self.rule_id)
        return result

    def unlink(self):
        rules = self.rule_id
        result = super().unlink()
        self._follow_change(rules)
        return result

    def _follow_change(self, rules):
        if not self.env.context.get("billing_payers_together"):
            rules._check_payers()
            rules._log_payers()
