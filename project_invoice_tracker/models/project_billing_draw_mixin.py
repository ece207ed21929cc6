from odoo import api, models
from odoo.tools import SQL

from ..exceptions import BillingError


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
        self._apply_draws([delta for delta in draws if delta.get("is_live")])
        result = super()._apply(
            [
                delta
                for delta in deltas
                if delta["kind"] != "draw" or delta.get("analytic_line_id")
            ],
            reason,
        )
        self._plan_again([delta for delta in deltas if delta["kind"] == "bill"])
        return result

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

    # -- periods that shrank ---------------------------------------------------------

    @api.model
    def _plan_again(self, deltas):
        """Let the next run plan the fees of periods that are not billed any more.

        A sold period keeps its hours; a free one has those that it is worth now.
        """
        ids = [
            delta["item_id"]
            for delta in deltas
            if delta.get("item_id")
            and not delta.get("analytic_line_id")
            and delta["amount"] < 0
        ]
        if not ids:
            return
        rules = self.env["project.billing.rule"]
        rules.flush_model(["planned_until"])
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE project_billing_rule r SET planned_until = NULL
                  FROM project_billing_item i
                 WHERE i.id = ANY(%s) AND i.kind = 'period' AND r.id = i.rule_id
                   AND r.planned_until IS NOT NULL
             RETURNING r.id
                """,
                ids,
            )
        )
        rules.browse(row_id for (row_id,) in rows).invalidate_recordset(
            ["planned_until"]
        )

    def _lift_periods(self, sign):
        """Let a period that is worth less now be billed again as it was.

        A cancelled invoice that comes back bills what it says; the run shows the
        difference. Not where another invoice bills the period meanwhile.

        :param sign: 1 = these rows come back; -1 = they are credits that stop counting
        """
        rows = self.filtered(lambda row: row.item_id.kind == "period")
        rows = rows.filtered(lambda row: not row.analytic_line_id)
        if not rows:
            return
        self.env["project.billing.item"].flush_model()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE project_billing_item i
                   SET billable_amount = GREATEST(
                       i.billable_amount, i.billed_amount + d.amount)
                  FROM (SELECT item_id, SUM(%(sign)s * amount) AS amount
                          FROM project_billing_allocation WHERE id = ANY(%(ids)s)
                         GROUP BY item_id) d
                 WHERE i.id = d.item_id
                   AND NOT EXISTS (
                       SELECT 1 FROM project_billing_allocation b
                        WHERE b.item_id = i.id AND b.is_live AND b.kind = 'bill'
                          AND b.analytic_line_id IS NULL
                          AND NOT COALESCE(b.move_id = ANY(%(moves)s), FALSE))
                """,
                sign=sign,
                ids=rows.ids,
                moves=(rows.move_id | rows.origin_id.move_id).ids,
            )
        )
        rows.item_id.invalidate_recordset(["billable_amount", "open_amount"])

    # -- taking back -----------------------------------------------------------------

    def _take_back(self, reason):
        """Free the hours of draws; they are held, and their pool has them again.

        :param reason: why, shown on the entries; kept in the chatter of the items
        """
        for item, draws in self.grouped("item_id").items():
            item.sudo()._message_log(
                body=self.env._(
                    "%(hours).2f drawn hours of %(days)s taken back: %(reason)s",
                    hours=sum(draws.mapped("quantity")),
                    days=", ".join(
                        str(day) for day in sorted(set(draws.mapped("date")))
                    ),
                    reason=reason,
                )
            )
        self._remove(hold=True, reason=reason)

    def action_take_back(self):
        """Button: take draws of prepaid hours back; the time is held until released.

        :raise BillingError: other rows, or a project that the user does not review
        """
        self.check_access("read")
        rows = self.sudo()
        if any(row.kind != "draw" or not row.analytic_line_id for row in rows):
            raise BillingError(
                self.env._(
                    "Only hours drawn from a fee or a pack are taken back here. What "
                    "is invoiced comes back by its invoice."
                )
            )
        rows.rule_id.project_id.with_env(self.env)._check_billing_reviewable()
        rows._take_back(self.env._("Taken back by %s", self.env.user.name))
        return True
