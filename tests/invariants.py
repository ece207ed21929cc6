"""Invariants 1, 2 and 4 read straight from the tables, independent of the add-on.

Whether a row counts is derived here from the state of its document, never from
``is_live``; totals are summed from the rows, worked hours come from the entry as it was
typed. Every query returns what is wrong, so an empty answer is the proof.
"""

# what the ledger says, by the states of the documents alone
TRUTH = """
truth AS (
    SELECT a.*, l.move_id AS line_move_id, m.state, m.move_type,
           CASE WHEN a.move_id IS NULL THEN TRUE
                WHEN a.kind = 'bill' THEN m.state <> 'cancel'
                -- a deposit is taken off by an invoice, given back by a credit note
                -- and a retained share is withheld by the one, given back by the other
                WHEN a.kind IN ('draw', 'withhold') AND m.move_type = 'out_invoice'
                THEN m.state <> 'cancel'
                ELSE m.state = 'posted' END AS counts
      FROM project_billing_allocation a
      LEFT JOIN account_move m ON m.id = a.move_id
      LEFT JOIN account_move_line l ON l.id = a.move_line_id
)"""

ROWS = f"""
WITH {TRUTH}
SELECT t.id, t.kind, t.is_live, t.counts, t.state, t.move_type
  FROM truth t
 WHERE t.is_live IS DISTINCT FROM t.counts
    OR t.move_id IS DISTINCT FROM t.line_move_id
    OR (t.move_id IS NOT NULL AND t.kind = 'bill' AND t.move_type <> 'out_invoice')
    OR (t.move_id IS NOT NULL AND t.kind <> 'bill' AND t.move_type <> 'out_refund'
        AND NOT (t.kind = 'draw' AND t.move_type = 'out_invoice' AND t.amount <= 0)
        AND NOT (t.kind = 'withhold' AND t.move_type = 'out_invoice'
                 AND t.amount >= 0))
"""

# worked = free + held + billed + written off + not billable, for every entry
ENTRIES = f"""
WITH {TRUTH}, sums AS (
    SELECT analytic_line_id AS id,
           SUM(quantity) FILTER (WHERE kind IN ('bill', 'credit', 'draw')) AS billed,
           SUM(amount) FILTER (WHERE kind IN ('bill', 'credit')) AS amount,
           SUM(quantity) FILTER (WHERE kind = 'write_off') AS written
      FROM truth WHERE counts AND analytic_line_id IS NOT NULL
     GROUP BY analytic_line_id
), hours AS (
    SELECT e.id, e.billing_rule_id, e.project_id, e.billable_quantity AS total,
           e.billed_quantity, e.billed_amount,
           COALESCE(e.billing_held_quantity, 0) AS held,
           COALESCE(e.billing_written_off_quantity, 0) AS written_total,
           COALESCE(s.billed, 0) AS billed, COALESCE(s.amount, 0) AS amount,
           COALESCE(s.written, 0) AS written,
           CASE WHEN e.billing_nonbillable THEN 0
                ELSE (e.unit_amount * u.factor / h.factor)::numeric END AS worked
      FROM account_analytic_line e
      JOIN uom_uom u ON u.id = e.product_uom_id
      JOIN ir_model_data d ON d.module = 'uom' AND d.name = 'product_uom_hour'
      JOIN uom_uom h ON h.id = d.res_id
      LEFT JOIN sums s ON s.id = e.id
     WHERE e.project_id IS NOT NULL OR s.id IS NOT NULL
)
SELECT * FROM hours
 WHERE abs(billed - billed_quantity) > 0.0000011
    OR abs(amount - billed_amount) > 0.0001
    OR abs(written - written_total) > 0.0000011
    OR abs(worked - written - total) > 0.000002
    OR billed * sign(total) < 0
    OR abs(billed) > abs(total) + 0.000002
    OR held * sign(total) < 0
    OR abs(held) > abs(total - billed) + 0.000002
"""

# hours of a rule: what a live document bills belongs to the rule that owns the entry
OWNERS = f"""
WITH {TRUTH}
SELECT t.analytic_line_id, t.rule_id, e.billing_rule_id, SUM(t.quantity)
  FROM truth t JOIN account_analytic_line e ON e.id = t.analytic_line_id
 WHERE t.counts AND t.kind IN ('bill', 'credit', 'draw')
   AND t.rule_id IS DISTINCT FROM e.billing_rule_id
 GROUP BY 1, 2, 3
HAVING abs(SUM(t.quantity)) > 0.000001
"""

# an item's worth = open + held + billed + written off, and never more than once
ITEMS = f"""
WITH {TRUTH}, sums AS (
    SELECT item_id AS id,
           SUM(amount) FILTER (WHERE kind IN ('bill', 'credit')) AS billed,
           SUM(amount) FILTER (WHERE kind = 'write_off') AS written
      FROM truth
     WHERE counts AND item_id IS NOT NULL AND analytic_line_id IS NULL
     GROUP BY item_id
), amounts AS (
    SELECT i.id, i.name, i.kind, i.billable_amount AS total, i.billed_amount,
           COALESCE(i.billing_held_amount, 0) AS held,
           COALESCE(i.billing_written_off_amount, 0) AS written_total,
           COALESCE(s.billed, 0) AS billed, COALESCE(s.written, 0) AS written
      FROM project_billing_item i LEFT JOIN sums s ON s.id = i.id
)
SELECT * FROM amounts
 WHERE abs(billed - billed_amount) > 0.001
    OR abs(written - written_total) > 0.001
    OR (total < 0 AND kind <> 'cost')  -- a vendor's credit note is passed on
    OR billed * sign(total) < 0
    OR abs(billed) > abs(total) + 0.001
    OR held * sign(total) < 0
    OR abs(held) > abs(total - billed) + 0.001
"""

# prepaid hours: drawn = the rows of entries, and no more than the item holds
DRAWS = f"""
WITH {TRUTH}
SELECT i.id, i.name, i.prepaid_hours, i.drawn_quantity, SUM(t.quantity) AS rows
  FROM project_billing_item i
  LEFT JOIN truth t ON t.item_id = i.id AND t.counts AND t.kind = 'draw'
       AND t.analytic_line_id IS NOT NULL
 GROUP BY i.id
HAVING abs(COALESCE(i.drawn_quantity, 0) - COALESCE(SUM(t.quantity), 0)) > 0.000002
    OR COALESCE(i.drawn_quantity, 0) > COALESCE(i.prepaid_hours, 0) + 0.000002
    OR COALESCE(i.drawn_quantity, 0) < -0.000002
"""

# per rule in money: contract = the worth of its items, to the cent
CONTRACTS = """
SELECT r.id, r.amount,
       SUM(i.billable_amount + COALESCE(i.billing_written_off_amount, 0)) AS items
  FROM project_billing_rule r
  JOIN project_billing_item i ON i.rule_id = r.id AND i.active
   AND i.kind = 'milestone'  -- a deposit is no part of the contract
 WHERE r.billing_type = 'milestone' AND r.amount > 0
 GROUP BY r.id, r.amount
HAVING bool_or(i.amount_type = 'remainder')
   AND abs(r.amount - SUM(i.billable_amount
                          + COALESCE(i.billing_written_off_amount, 0))) > 0.001
"""

# quantity x price of a line = its rows + adjustments; no more work than its quantity
LINES = f"""
WITH {TRUTH}
SELECT l.id, m.name, m.state, l.quantity, l.price_unit, l.price_subtotal,
       SUM(t.amount) AS amount, SUM(t.adjustment) AS adjustment,
       SUM(t.invoiced_quantity) AS invoiced
  FROM account_move_line l
  JOIN account_move m ON m.id = l.move_id
  JOIN truth t ON t.move_line_id = l.id AND t.counts AND t.kind IN ('bill', 'credit')
 GROUP BY l.id, m.id
HAVING abs(SUM(t.amount + t.adjustment)
           - l.price_subtotal * CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END)
       > 0.001
    OR abs(SUM(t.invoiced_quantity)) > abs(l.quantity) + 0.0001
"""

# a credit takes back what was billed, once, and says so on each of its lines
CREDITS = f"""
WITH {TRUTH}
SELECT t.origin_id, b.quantity, b.counts, SUM(t.quantity)
  FROM truth t JOIN truth b ON b.id = t.origin_id
 WHERE t.counts AND t.kind = 'credit'
 GROUP BY t.origin_id, b.quantity, b.counts
HAVING NOT b.counts OR SUM(t.quantity) * b.quantity > 0
    OR abs(SUM(t.quantity)) > abs(b.quantity) + 0.000002
"""
UNEXPLAINED = f"""
WITH {TRUTH}
SELECT l.id, m.name, l.price_subtotal
  FROM account_move m
  JOIN account_move_line l ON l.move_id = m.id AND l.display_type = 'product'
 WHERE m.move_type = 'out_refund' AND m.state = 'posted' AND l.price_subtotal <> 0
   AND EXISTS (SELECT 1 FROM truth b WHERE b.move_id = m.reversed_entry_id
                  AND b.counts AND b.kind = 'bill')
   AND NOT EXISTS (SELECT 1 FROM truth t WHERE t.move_line_id = l.id AND t.counts)
"""

# deposits: each of their invoices is deducted and given back for what it came to
DEPOSITS = f"""
WITH {TRUTH}, lefts AS (
    SELECT b.id, b.item_id, b.amount + b.adjustment + COALESCE(SUM(
               t.amount + t.adjustment), 0) AS own
      FROM truth b
      JOIN project_billing_item i ON i.id = b.item_id AND i.kind = 'deposit'
      LEFT JOIN truth t ON t.origin_id = b.id AND t.counts
     WHERE b.kind = 'bill' AND b.counts
     GROUP BY b.id, b.item_id, b.amount, b.adjustment
), sums AS (
    SELECT item_id, -SUM(amount) AS drawn FROM truth
     WHERE counts AND kind = 'draw' AND analytic_line_id IS NULL GROUP BY item_id
)
SELECT i.id, i.name, i.billed_amount, i.drawn_amount, s.drawn, MIN(l.own) AS own
  FROM project_billing_item i
  LEFT JOIN sums s ON s.item_id = i.id LEFT JOIN lefts l ON l.item_id = i.id
 WHERE i.kind = 'deposit'
 GROUP BY i.id, i.name, i.billed_amount, i.drawn_amount, s.drawn
HAVING abs(COALESCE(i.drawn_amount, 0) - COALESCE(s.drawn, 0)) > 0.001
    OR COALESCE(s.drawn, 0) < -0.001
    OR COALESCE(s.drawn, 0) > i.billed_amount + 0.001
    OR MIN(l.own) < -0.001
"""

# retention: the instalments of a document are what its rows withhold, by rule
RETAINED = f"""
WITH {TRUTH}, rows AS (
    SELECT move_id, rule_id, SUM(amount) AS withheld FROM truth
     WHERE counts AND kind = 'withhold' GROUP BY move_id, rule_id
), shown AS (
    SELECT move_id, billing_retention_rule_id AS rule_id,
           SUM(amount_currency) AS retained
      FROM account_move_line
     WHERE billing_is_retention GROUP BY move_id, billing_retention_rule_id
)
SELECT m.id, m.name, m.state, r.withheld, s.retained
  FROM rows r
  FULL JOIN shown s ON s.move_id = r.move_id AND s.rule_id = r.rule_id
  JOIN account_move m ON m.id = COALESCE(r.move_id, s.move_id)
 WHERE (m.state = 'posted' OR (m.state = 'draft' AND m.move_type = 'out_invoice'))
   AND abs(COALESCE(r.withheld, 0) - COALESCE(s.retained, 0)) > 0.001
"""

# the instalments of a document come to its total, in both currencies
INSTALMENTS = """
SELECT m.id, m.name, m.state, m.amount_total, SUM(l.amount_currency) AS instalments
  FROM account_move m
  LEFT JOIN account_move_line l
    ON l.move_id = m.id AND l.display_type = 'payment_term'
 WHERE m.move_type IN ('out_invoice', 'out_refund') AND m.state <> 'cancel'
 GROUP BY m.id
HAVING abs(COALESCE(SUM(l.amount_currency), 0) - m.amount_total
           * CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END) > 0.001
    OR abs(COALESCE(SUM(l.balance), 0) - m.amount_total_signed) > 0.001
"""

CHECKS = {
    "rows count as their document says": ROWS,
    "hours of entries": ENTRIES,
    "owners of billed hours": OWNERS,
    "amounts of items": ITEMS,
    "prepaid hours": DRAWS,
    "contracts": CONTRACTS,
    "amounts of lines": LINES,
    "deposits": DEPOSITS,
    "retained shares": RETAINED,
    "instalments": INSTALMENTS,
    "credits": CREDITS,
    "credit notes without explanation": UNEXPLAINED,
}


ALL = "\nUNION ALL\n".join(
    f"SELECT '{name}', to_jsonb(broken) FROM ({query}) broken"
    for name, query in CHECKS.items()
)


def find_broken(cr, statement=ALL):
    """Return ``{invariant: rows that break it}``; empty when all hold.

    :param statement: what to execute; all of them together unless it is given
    """
    cr.execute(statement)
    found = {}
    for name, row in cr.fetchall():
        found.setdefault(name, []).append(row)
    return found


def find_violations(env):
    """Return what :func:`find_broken` finds, changes of this transaction included."""
    env.flush_all()
    return find_broken(env.cr)
