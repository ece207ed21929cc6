from odoo import api, models
from odoo.tools import SQL


class ProjectBillingDrawMixin(models.AbstractModel):
    """Rows of kind ``draw``: prepaid hours used up, a deposit taken off an invoice.

    A draw of hours has an entry and the item that holds the hours: it counts as billed
    for the entry, and uses up ``drawn_quantity`` (hours) of the item. A draw of a
    deposit has the item alone and a negative amount: it uses up ``drawn_amount``
    (currency of the rule). Both are changed by delta and hold by CHECK, like all
    totals. Rows of kind ``withhold`` (retention) change no total.
    """

    _name = "project.billing.draw.mixin"
    _description = "Draws of Prepaid Hours and Deposits"

    @api.model
    def _apply(self, deltas, reason=None):
        deltas = [delta for delta in deltas if delta["kind"] != "withhold"]
        draws = [delta for delta in deltas if delta["kind"] == "draw"]
        super()._apply(
            [
                delta
                for delta in deltas
                if delta["kind"] != "draw" or delta.get("analytic_line_id")
            ],
            reason,
        )
        self._apply_draws([delta for delta in draws if delta.get("is_live")])

    @api.model
    def _apply_draws(self, deltas):
        """Change what is drawn of the items by the deltas of live rows."""
        deltas = [delta for delta in deltas if delta.get("item_id")]
        if not deltas:
            return
        items = self.env["project.billing.item"]
        changed = ["drawn_quantity", "drawn_amount"]
        items.flush_model(changed)
        hours = [d["quantity"] if d.get("analytic_line_id") else 0 for d in deltas]
        amounts = [0 if d.get("analytic_line_id") else -d["amount"] for d in deltas]
        ids = [delta["item_id"] for delta in deltas]
        self.env.cr.execute(
            SQL(
                """
                UPDATE project_billing_item t
                   SET drawn_quantity = COALESCE(t.drawn_quantity, 0) + d.hours,
                       drawn_amount = COALESCE(t.drawn_amount, 0) + d.amount
                  FROM (SELECT id, SUM(hours) AS hours, SUM(amount) AS amount
                          FROM unnest(%s::int4[], %s::numeric[], %s::numeric[])
                               AS u (id, hours, amount)
                         GROUP BY id) d
                 WHERE t.id = d.id
                """,
                ids,
                hours,
                amounts,
            )
        )
        records = items.browse(set(ids))
        records.invalidate_recordset(changed)
        records.modified(changed)
