from odoo import api, models

from ..tools.quantity import HOUR_DIGITS, share_total
from ..tools.spec import LineSpec


class ProjectBillingTermCost(models.AbstractModel):
    """Costs share invoice lines, after all that is said of each cost alone.

    First of the terms, so that those which add lines (deposits) see the lines as the
    customer will; receipts follow the invoice.
    """

    _name = "project.billing.term.cost"
    _inherit = "project.billing.term"
    _description = "Billing Term: Grouping of Costs"

    @api.model
    def _complete(self, run, batches):
        return [
            self._merge(specs) for specs in batches if not self._is_negative(run, specs)
        ]

    @api.model
    def _follow(self, run, moves):
        self.env["project.billing.type.expense"].sudo()._attach_receipts(moves)

    @api.model
    def _is_negative(self, run, specs):
        """Skip an invoice that credits of vendors would make negative.

        At proposing it was positive; meanwhile lines were held or not approved.
        """
        rule = self.env["project.billing.rule"].browse(specs[0].rule_id)
        amount = sum(spec.get_amount(rule.currency_id) for spec in specs)
        if rule.currency_id.compare_amounts(amount, 0.0) >= 0:
            return False
        ids = {line_id for spec in specs for line_id in spec.get_run_line_ids()}
        self.env["project.billing.run.line"].browse(ids)._skip("negative_total")
        return True

    @api.model
    def _merge(self, specs):
        """Return the lines of one invoice; costs that belong together are one."""
        merged = {}
        for spec in specs:
            merged.setdefault(self._get_key(spec), []).append(spec)
        return [
            own[0] if len(own) == 1 and key[0] == "line" else self._join(own)
            for key, own in merged.items()
        ]

    @api.model
    def _get_key(self, spec):
        """Return what lines have in common that become one line of the invoice."""
        rule = self.env["project.billing.rule"].browse(spec.rule_id)
        alone = ("line", id(spec))
        if rule.billing_type != "expense" or rule.cost_grouping == "line":
            return alone
        items = self._get_items(spec)
        if len(items) != 1 or not items.cost_source or spec.kind != "bill":
            return alone
        by_category = rule.cost_grouping == "category"
        return (
            "group",
            rule.id,
            by_category and items.cost_category_id.id,
            spec.price < 0,
            spec.partner_id,
            spec.product_id,
            spec.account_id,
            None if spec.tax_ids is None else tuple(spec.tax_ids),
        )

    @api.model
    def _get_items(self, spec):
        return self.env["project.billing.item"].browse(
            {share.key for share in spec.shares}
        )

    @api.model
    def _join(self, specs):
        """Return one line that bills the costs of several, its quantity 1."""
        first = specs[0]
        rule = self.env["project.billing.rule"].browse(first.rule_id)
        shares = [share for spec in specs for share in spec.shares]
        for spec in specs:
            for share in spec.shares:
                share.payload.setdefault("run_line_id", spec.run_line_id)
        total = rule.currency_id.round(
            sum(spec.quantity * spec.price for spec in specs)
        )
        parts = share_total(1.0, [share.amount for share in shares], HOUR_DIGITS)
        for share, part in zip(shares, parts, strict=True):
            share.invoiced = part
        items = self.env["project.billing.item"].browse([s.key for s in shares])
        room = self.env["project.billing.type.expense"]
        return LineSpec(
            rule_id=first.rule_id,
            name=room._get_group_text(rule, items),
            product_id=first.product_id,
            uom_id=first.uom_id,
            quantity=1.0,
            price=total,
            shares=shares,
            sequence=first.sequence,
            date_from=min((s.date_from for s in specs if s.date_from), default=None),
            date_to=max((s.date_to for s in specs if s.date_to), default=None),
            run_line_id=first.run_line_id,
            partner_id=first.partner_id,
            tax_ids=first.tax_ids,
            account_id=first.account_id,
        )
