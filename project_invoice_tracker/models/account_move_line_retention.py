from odoo import api, fields, models
from odoo.tools import frozendict

from .account_move_retention import RULE


class ProjectBillingRetentionLineMixin(models.AbstractModel):
    """The flag on a receivable line that is a retained share."""

    _name = "project.billing.retention.line.mixin"
    _description = "Retained Share of an Invoice"

    billing_is_retention = fields.Boolean(
        string="Retention",
        readonly=True,
        copy=False,
        help="The customer keeps this share until its release.",
    )
    billing_retention_rule_id = fields.Many2one(
        "project.billing.rule",
        string="Retained by",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
    )
    billing_project_id = fields.Many2one(
        "project.project",
        string="Project of the retention",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
    )
    billing_retention_percentage = fields.Float(
        string="Retention (%)",
        digits=(16, 6),
        readonly=True,
        copy=False,
        aggregator=None,
    )
    billing_release_date = fields.Date(
        string="Released on",
        readonly=True,
        copy=False,
        help="Day on which a retained share was released; its due date may be later.",
    )

    @api.depends("billing_retention_rule_id")
    def _compute_term_key(self):
        result = super()._compute_term_key()
        for line in self.filtered(lambda x: x.term_key and x[RULE]):
            line.term_key = frozendict({**line.term_key, RULE: line[RULE].id})
        return result

    @api.depends("billing_retention_rule_id", "billing_retention_percentage")
    def _compute_name(self):
        result = super()._compute_name()
        for line in self.filtered(lambda x: x[RULE] and not x.move_id.inalterable_hash):
            label = line._get_retention_label()
            reference = line.move_id.payment_reference or line.move_id.ref
            line.name = f"{reference}: {label}" if reference else label
        return result

    def _get_retention_label(self):
        """Return *Retention 10 %*, as it was agreed when the share was made."""
        self.ensure_one()
        percentage = f"{self.billing_retention_percentage:g}"
        return self.env._("Retention %s %%", percentage)

    def _get_retention_text(self, with_amount=False):
        """Return *31/12/2026 (Retention 10 %)* for the customer."""
        rule = self[RULE].sudo()
        when = rule._get_retention_due_label(self.date_maturity)
        label = self._get_retention_label()
        if not with_amount:
            return f"{when} ({label})"
        amount = self.currency_id.format(abs(self.amount_currency))
        return self.env._(
            "%(label)s: %(amount)s, due on %(date)s",
            label=label,
            amount=amount,
            date=when,
        )

    def reconcile(self):
        if not self.env.context.get("billing_keep_retention"):
            return super().reconcile()
        lines = self.filtered(lambda x: not x.billing_is_retention)
        return super(ProjectBillingRetentionLineMixin, lines).reconcile()

    def _get_installments_data(
        self, payment_currency=None, payment_date=None, next_payment_date=None
    ):
        data = super()._get_installments_data(
            payment_currency, payment_date, next_payment_date
        )
        day = payment_date or fields.Date.context_today(self)
        for values in data:
            line = values["line"]
            if line.billing_is_retention and values["type"] == "early_payment_discount":
                values["type"] = "overdue" if line.date_maturity < day else "next"
        return data

    def action_open_retained_move(self):
        """Open the invoice that retains."""
        return self.move_id._billing_open()
