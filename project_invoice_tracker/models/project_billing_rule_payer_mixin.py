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
        help="The required documents are attached to the invoice when it is posted, and "
        "sent with it.",
    )

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
