from odoo import api, models
from odoo.tools import SQL


class ProjectBillingTotalsMixin(models.AbstractModel):
    """The totals on entries (hours) and items (money) that the ledger keeps.

    They are changed by delta in ``_apply``, the one statement that PostgreSQL's
    REPEATABLE READ turns into a serialization failure when two transactions bill the
    same work; the host repeats the loser's transaction.
    """

    _name = "project.billing.totals.mixin"
    _description = "Totals of Billed Work"

    @api.model
    def _release(self, entries=None, items=None):
        """Give held work free for the next run, scheduled runs included."""
        for records, table in (
            (entries, "account_analytic_line"),
            (items, "project_billing_item"),
        ):
            if not records:
                continue
            held = SQL.identifier(self._get_total_columns(table)["held"])
            records.flush_recordset()
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET %s = 0, billing_held_reason = NULL"
                    " WHERE id = ANY(%s) AND %s != 0",
                    SQL.identifier(table),
                    held,
                    records.ids,
                    held,
                )
            )
            records.invalidate_recordset()

    @api.model
    def _hold(self, reason, entries=None, items=None):
        """Hold everything that is free of the given work, with a reason."""
        for records, table in (
            (entries, "account_analytic_line"),
            (items, "project_billing_item"),
        ):
            if not records:
                continue
            columns = self._get_total_columns(table)
            records.flush_recordset()
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET %s = %s - %s, billing_held_reason = %s"
                    " WHERE id = ANY(%s)",
                    SQL.identifier(table),
                    SQL.identifier(columns["held"]),
                    SQL.identifier(columns["total"]),
                    SQL.identifier(columns["billed"]),
                    reason,
                    records.ids,
                )
            )
            records.invalidate_recordset()

    @api.model
    def _get_total_columns(self, table):
        """Return the names of a table's totals that the ledger keeps."""
        if table == "account_analytic_line":
            return {
                "total": "billable_quantity",
                "billed": "billed_quantity",
                "held": "billing_held_quantity",
                "written": "billing_written_off_quantity",
            }
        return {
            "total": "billable_amount",
            "billed": "billed_amount",
            "held": "billing_held_amount",
            "written": "billing_written_off_amount",
        }

    @api.model
    def _apply(self, deltas, reason=None):
        """Change the totals of entries and items by the live rows' deltas.

        ``is_held`` says that work coming back (or going out again) moves to (from)
        the held part. One UPDATE per table; the CHECK constraints refuse what would
        bill work twice.
        """
        entry_deltas, item_deltas = [], []
        for delta in deltas:
            if not delta.get("is_live"):
                continue
            if delta.get("analytic_line_id"):
                entry_deltas.append(
                    (delta["analytic_line_id"], delta["quantity"], delta)
                )
            elif delta.get("item_id"):
                item_deltas.append((delta["item_id"], delta["amount"], delta))
        self._apply_to(
            "account_analytic_line",
            entry_deltas,
            reason,
            SQL(", billed_amount = COALESCE(t.billed_amount, 0) + d.amount"),
        )
        self._apply_to("project_billing_item", item_deltas, reason, SQL(""))

    @api.model
    def _apply_to(self, table, deltas, reason, extra):
        if not deltas:
            return
        names = self._get_total_columns(table)
        columns = {key: SQL.identifier("t", name) for key, name in names.items()}
        model = self.env[
            "account.analytic.line"
            if table == "account_analytic_line"
            else "project.billing.item"
        ]
        model.flush_model([*names.values(), "billing_held_reason"])
        ids, bills, writes, helds, amounts = [], [], [], [], []
        for record_id, quantity, delta in deltas:
            is_write_off = delta["kind"] == "write_off"
            ids.append(record_id)
            bills.append(0 if is_write_off else quantity)
            writes.append(quantity if is_write_off else 0)
            helds.append(-quantity if delta.get("is_held") and not is_write_off else 0)
            amounts.append(0 if is_write_off else delta["amount"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE %(table)s t
                   SET %(name_billed)s = %(billed)s + d.billed,
                       %(name_total)s = %(total)s - d.written,
                       %(name_written)s = COALESCE(%(written)s, 0) + d.written,
                       %(name_held)s = sign(%(total)s) * GREATEST(0, LEAST(
                           sign(%(total)s) * (COALESCE(%(held)s, 0) + d.held),
                           abs(%(total)s - d.written) - abs(%(billed)s + d.billed)
                       )),
                       billing_held_reason = CASE WHEN d.held * %(total)s > 0
                           THEN COALESCE(%(reason)s, t.billing_held_reason)
                           ELSE t.billing_held_reason END
                       %(extra)s
                  FROM (SELECT id, SUM(billed) AS billed, SUM(written) AS written,
                               SUM(held) AS held, SUM(amount) AS amount
                          FROM unnest(%(ids)s::int4[], %(bills)s::numeric[],
                                      %(writes)s::numeric[], %(helds)s::numeric[],
                                      %(amounts)s::numeric[])
                               AS u (id, billed, written, held, amount)
                         GROUP BY id) d
                 WHERE t.id = d.id
                """,
                table=SQL.identifier(table),
                name_billed=SQL.identifier(names["billed"]),
                name_total=SQL.identifier(names["total"]),
                name_written=SQL.identifier(names["written"]),
                name_held=SQL.identifier(names["held"]),
                reason=reason,
                extra=extra,
                ids=ids,
                bills=bills,
                writes=writes,
                helds=helds,
                amounts=amounts,
                **columns,
            )
        )
        changed = [*names.values(), "billing_held_reason", "billed_amount"]
        records = model.browse(set(ids))
        records.invalidate_recordset(changed)
        records.modified(changed)
