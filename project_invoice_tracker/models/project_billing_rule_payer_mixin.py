from odoo import api, fields, models
from odoo.tools import float_compare

from ..exceptions import BillingRuleError


class ProjectBillingRulePayerMixin(models.AbstractModel):
    """Who pays which share, and what has to be there first."""

    _name = "project.billing.rule.payer.mixin"
    _description = "Billing Rule: Payers and Documents"

    currency_id = fields.Many2one("res.currency")

    payer_ids = fields.One2many(
        "project.billing.payer",
        "rule_id",
        string="Payers",
        copy=True,
        help="Several customers share what this rule bills; each gets an invoice. "
        "Empty: the customer pays all.",
    )
    document_type_ids = fields.Many2many(
        "project.billing.document.type",
        "project_billing_rule_document_type_rel",
        "rule_id",
        "type_id",
        string="Required documents",
        tracking=True,
        help="Without them nothing of this rule is invoiced; deposits are.",
    )
    document_ids = fields.One2many("project.billing.document", "rule_id")
    document_attach = fields.Boolean(
        string="Send documents along",
        help="The required documents are attached to the invoice when it is posted, "
        "and sent with it.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        together = self.with_context(billing_payers_together=True)
        rules = super(ProjectBillingRulePayerMixin, together).create(vals_list)
        rules = rules.with_env(self.env)
        rules.filtered("payer_ids")._log_payers()
        return rules

    def write(self, vals):
        if "payer_ids" not in vals:
            return super().write(vals)
        together = self.with_context(billing_payers_together=True)
        result = super(ProjectBillingRulePayerMixin, together).write(vals)
        self._log_payers()
        return result

    def _log_payers(self):
        """Write the shares into the rules' log: they decide who owes what."""
        for rule in self:
            names = ", ".join(rule.payer_ids.mapped("display_name"))
            text = self.env._("Payers: %s", names or self.env._("the customer alone"))
            rule._message_log(body=text)

    @api.constrains("payer_ids")
    def _check_payers(self):
        for rule in self.filtered("payer_ids"):
            total = sum(rule.payer_ids.mapped("percentage"))
            if float_compare(total, 100.0, precision_digits=4):
                raise BillingRuleError(
                    self.env._(
                        "%(rule)s: the shares of the payers come to %(total)s %%, not "
                        "to 100.",
                        rule=rule.name,
                        total=f"{total:.4f}".rstrip("0").rstrip("."),
                    )
                )
