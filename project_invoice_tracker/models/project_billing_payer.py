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

    @api.model_create_multi
    def create(self, vals_list):
        payers = super().create(vals_list)
        payers._log_change()
        return payers

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"partner_id", "percentage"}:
            self._log_change()
        return result

    def _log_change(self):
        """Write the shares into the log of their rules: they decide who owes what."""
        for rule in self.rule_id:
            names = ", ".join(rule.payer_ids.mapped("display_name"))
            rule._message_log(body=self.env._("Payers: %s", names))
