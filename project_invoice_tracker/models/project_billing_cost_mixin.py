from odoo import api, models

from ..tools.cost_items import build_bounds, build_lift

COST_TOTALS = ["cost_claim", "billable_amount", "billing_held_amount"]


class ProjectBillingCostMixin(models.AbstractModel):
    """Ledger rows of costs: their worth follows the vendor's bill, even when billed."""

    _name = "project.billing.cost.mixin"
    _description = "Ledger of Costs"

    @api.model
    def _apply(self, deltas, reason=None):
        result = super()._apply(deltas, reason)
        self._bound_costs(
            [
                delta["item_id"]
                for delta in deltas
                if delta.get("is_live")
                and delta.get("item_id")
                and not delta.get("analytic_line_id")
            ]
        )
        return result

    @api.model
    def _bound_costs(self, item_ids):
        """Bound what may be billed of items of costs; others are left alone."""
        items = self.env["project.billing.item"].browse(set(item_ids))
        if items:
            items.flush_model()
            self.env.cr.execute(build_bounds(items.ids))
            self._forget_costs(items)

    def _lift_costs(self, sign):
        """Make room for rows of costs that count again.

        :param sign: 1 = these rows come back; -1 = they are credits that stop counting
        """
        rows = self.filtered(lambda row: row.item_id and not row.analytic_line_id)
        if rows.item_id.filtered("cost_source"):
            self.env["project.billing.item"].flush_model()
            self.flush_model()
            self.env.cr.execute(build_lift(rows, sign))
            self._forget_costs(rows.item_id)

    @api.model
    def _forget_costs(self, items):
        items.invalidate_recordset(COST_TOTALS)
        items.modified(COST_TOTALS)
