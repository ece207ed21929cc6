"""What a sequence of clicks is judged by, read from the tables after each step.

Every query is planned once for a connection: planning them takes several times as long
as running them on the few rows of a test.
"""

from uuid import uuid4

import psycopg2
from psycopg2 import sql

from odoo.sql_db import connection_info_for
from odoo.tools import SQL

from .invariants import ALL, TRUTH, find_broken

# billed, held and written off: hours of entries, money of items
TOTALS = """
SELECT 'entry ' || id, billed_quantity, billing_held_quantity,
       billing_written_off_quantity
  FROM account_analytic_line WHERE project_id IS NOT NULL
 UNION ALL
SELECT 'item ' || id, billed_amount, billing_held_amount, billing_written_off_amount
  FROM project_billing_item
"""

# of rules and the changes of them (each with a cap of its own), and of orders
LIMITS = f"""
WITH {TRUTH}, work AS (
    SELECT t.rule_id, t.order_id, t.amount + t.adjustment AS amount
      FROM truth t LEFT JOIN project_billing_item i ON i.id = t.item_id
     WHERE t.counts AND t.kind IN ('bill', 'credit')
       AND i.kind IS DISTINCT FROM 'deposit'
), family AS (
    SELECT r.id, COALESCE(r.change_root_id, r.id) AS head, r.active, r.cap_amount
      FROM project_billing_rule r
      JOIN project_billing_rule h ON h.id = COALESCE(r.change_root_id, r.id)
     WHERE h.cap_amount > 0
)
SELECT 'cap ' || f.head,
       SUM(f.cap_amount) FILTER (WHERE f.active OR f.id = f.head),
       SUM((SELECT SUM(w.amount) FROM work w WHERE w.rule_id = f.id))
  FROM family f GROUP BY f.head
 UNION ALL
SELECT 'order ' || o.id, o.amount,
       (SELECT SUM(w.amount) FROM work w WHERE w.order_id = o.id)
  FROM project_billing_order o WHERE o.amount > 0
"""

PIECES = """
SELECT l.id AS line_id, l.quantity AS shown, p.analytic_line_id, p.item_id, p.rule_id,
       p.quantity, p.invoiced_quantity, p.amount
  FROM account_move_line l
  JOIN account_move m ON m.id = l.move_id AND m.state = 'draft'
 CROSS JOIN LATERAL jsonb_to_recordset(l.billing_released)
       AS p (analytic_line_id int, item_id int, rule_id int, quantity numeric,
             invoiced_quantity numeric, amount numeric)
 WHERE l.billing_released IS NOT NULL
"""

REMEMBERED = f"""
SELECT CASE WHEN analytic_line_id IS NULL THEN 'item ' || item_id
       ELSE 'entry ' || analytic_line_id END,
       SUM(abs(CASE WHEN analytic_line_id IS NULL THEN amount ELSE quantity END))
  FROM ({PIECES}) p GROUP BY 1
"""

# time that was taken off such a line, and is still free or held
PAID_TWICE = f"""
SELECT p.line_id
  FROM ({PIECES}) p
  JOIN account_analytic_line e ON e.id = p.analytic_line_id
  JOIN project_billing_rule r ON r.id = p.rule_id AND r.project_id = e.project_id
 WHERE p.invoiced_quantity > 0.05
   AND e.billable_quantity - e.billed_quantity > 0.05
   AND p.shown > 0.05 + COALESCE((
       SELECT SUM(a.invoiced_quantity) FROM project_billing_allocation a
        WHERE a.move_line_id = p.line_id AND a.kind = 'bill'), 0)
"""

# what is no more than this is not free: a bill may have been lowered since
COSTS = """
SELECT 'item ' || id, billable_amount + COALESCE(billing_written_off_amount, 0)
  FROM project_billing_item WHERE kind = 'cost'
"""

SIZES = """
SELECT relname, pg_relation_size(oid) FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


class Readings:
    """The queries above on the connection of an environment; nothing is cached."""

    queries = {
        "broken": ALL,
        "totals": TOTALS,
        "costs": COSTS,
        "limits": LIMITS,
        "remembered": REMEMBERED,
        "paid_twice": PAID_TWICE,
    }

    def __init__(self, env):
        self.env, self.names, self.sizes = env, {}, {}
        for key, query in self.queries.items():
            self.names[key] = SQL.identifier(f"pit_{key}_{uuid4().hex}")
            env.cr.execute(SQL("PREPARE %s AS %s", self.names[key], SQL(query)))
        info = connection_info_for(env.cr.dbname)[1]
        self.cleaner = psycopg2.connect(**info)
        self.cleaner.autocommit = True
        self.clean()

    def close(self):
        """Forget the plans: the connection goes back to a pool."""
        for name in self.names.values():
            self.env.cr.execute(SQL("DEALLOCATE %s", name))
        self.cleaner.close()

    def clean(self):
        """Make room in tables that grew, as is done for transactions that commit.

        A sequence is rolled back, but its rows stay in the way of the next one's
        until a vacuum, and none comes by itself before this transaction ends.
        """
        self.env.cr.execute(SIZES)
        sizes = dict(self.env.cr.fetchall())
        known, self.sizes = self.sizes, sizes
        grown = [name for name, size in sizes.items() if size > known.get(name, 0)]
        if grown:
            with self.cleaner.cursor() as cr:
                names = sql.SQL(", ").join(map(sql.Identifier, grown))
                vacuum = sql.SQL("VACUUM (SKIP_LOCKED, TRUNCATE FALSE) {}")
                cr.execute(vacuum.format(names))

    def _read(self, key):
        self.env.flush_all()
        self.env.cr.execute(SQL("EXECUTE %s", self.names[key]))
        return self.env.cr.fetchall()

    def find_violations(self):
        """Return what :func:`.invariants.find_broken` finds."""
        self.env.flush_all()
        return find_broken(self.env.cr, SQL("EXECUTE %s", self.names["broken"]))

    def get_totals(self):
        """Return billed, held and written off of every entry and item, by its key.

        Hours of entries, money of items; what is zero throughout is left out.
        """
        rows = {
            key: tuple(round(float(value or 0), 5) for value in values)
            for key, *values in self._read("totals")
        }
        return {key: values for key, values in rows.items() if any(values)}

    def get_costs(self):
        """Return what passed-on costs are worth now, by their key."""
        return {key: float(value or 0) for key, value in self._read("costs")}

    def get_limits(self):
        """Return ``{cap or order: (limit, used)}``, in their currencies."""
        return {
            key: (round(float(total or 0), 2), round(float(used or 0), 2))
            for key, total, used in self._read("limits")
        }

    def get_remembered(self):
        """Return how much of every entry and item draft lines remember as taken off."""
        return {key: float(value) for key, value in self._read("remembered")}

    def get_paid_twice(self):
        """Return the draft lines whose adjustment pays for time still offered."""
        return {line_id for (line_id,) in self._read("paid_twice")}
