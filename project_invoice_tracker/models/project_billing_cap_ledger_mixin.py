from odoo import api, fields, models


class ProjectBillingCapLedgerMixin(models.AbstractModel):
    """What the ledger does for caps: every row knows its order, every change of an
    amount is noted on the rule or order whose cap it uses.
    """

    _name = "project.billing.cap.ledger.mixin"
    _description = "Ledger: Caps and Customer Orders"

    order_id = fields.Many2one(
        "project.billing.order",
        string="Customer order",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The order by which this was billed; it stays when the rule gets another.",
    )

    @api.model
    def _name_orders(self, rows):
        """Return rows with the order by which they bill (no side effect)."""
        rules = self.env["project.billing.rule"].sudo()
        rules = rules.browse({row["rule_id"] for row in rows})
        orders = {rule.id: rule.order_id.id for rule in rules}
        return [{"order_id": orders[row["rule_id"]], **row} for row in rows]

    @api.model
    def _apply(self, deltas, reason=None):
        result = super()._apply(deltas, reason)
        ids = {
            delta["rule_id"]
            for delta in deltas
            if delta.get("is_live") and delta["kind"] in ("bill", "credit")
        }
        self.env["project.billing.rule"].sudo().browse(ids)._guard_caps()
        return result

    def _set_adjustment(self, line):
        before = sum(self.mapped("adjustment"))
        result = super()._set_adjustment(line)
        if sum(self.mapped("adjustment")) != before:
            self.sudo().rule_id._guard_caps()
        return result
