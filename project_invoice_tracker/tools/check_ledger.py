"""Parts of the check: rows of the ledger beside what they are about."""

from odoo.tools import SQL

from .check_columns import select_columns
from .share import OWNER

# what the ledger says by its own rows: of entries where it says something else than
# their totals (else that is all there is to know), of items, of invoice lines
TOTALS = SQL(
    """
    entry_gaps AS MATERIALIZED (
        SELECT e.id, COALESCE(t.billed, 0) AS billed, COALESCE(t.written, 0) AS written
          -- both sides in the order of their index: merged, nothing is sorted or hashed
          FROM (SELECT * FROM account_analytic_line ORDER BY id OFFSET 0) e
          LEFT JOIN (
               SELECT a.analytic_line_id AS id,
                      SUM(a.quantity) FILTER (WHERE a.kind != 'write_off') AS billed,
                      SUM(a.quantity) FILTER (WHERE a.kind = 'write_off') AS written
                 FROM project_billing_allocation a
                WHERE a.is_live AND a.analytic_line_id IS NOT NULL
                  AND a.kind != 'withhold'
                GROUP BY 1) t ON t.id = e.id
         -- as an equation: PostgreSQL would expect half of all entries here
         WHERE 1 = CASE
               WHEN abs(e.billed_quantity - COALESCE(t.billed, 0)) > 0.000001
                 OR abs(COALESCE(e.billing_written_off_quantity, 0)
                        - COALESCE(t.written, 0)) > 0.000001 THEN 1 END
    ), item_rows AS MATERIALIZED (
        SELECT a.item_id AS id,
               COALESCE(SUM(a.amount) FILTER (
                        WHERE a.analytic_line_id IS NULL
                          AND a.kind IN ('bill', 'credit')), 0) AS billed,
               COALESCE(SUM(a.amount) FILTER (
                        WHERE a.analytic_line_id IS NULL
                          AND a.kind = 'write_off'), 0) AS written,
               COALESCE(-SUM(a.amount) FILTER (
                        WHERE a.analytic_line_id IS NULL
                          AND a.kind = 'draw'), 0) AS drawn,
               COALESCE(SUM(a.quantity) FILTER (
                        WHERE a.analytic_line_id IS NOT NULL
                          AND a.kind = 'draw'), 0) AS drawn_hours
          FROM project_billing_allocation a
         WHERE a.is_live AND a.item_id IS NOT NULL
         GROUP BY 1
    ), line_rows AS MATERIALIZED (
        SELECT a.move_line_id, %s AS rule_id, SUM(a.amount + a.adjustment) FILTER (
               WHERE a.is_live AND (a.kind IN ('bill', 'credit')
                     OR (a.kind = 'draw' AND a.analytic_line_id IS NULL))) AS amount
          FROM project_billing_allocation a
         WHERE a.move_line_id IS NOT NULL
         GROUP BY 1
    )
    """,
    OWNER,
)

# an invoice line = its rows and adjustments, as priced (gross where taxes are included)
LINES = SQL(
    """
    SELECT l.id AS row_id, %s, ARRAY[l.move_id] AS documents
      FROM line_rows a
      JOIN account_move_line l ON l.id = a.move_line_id
      JOIN account_move m ON m.id = l.move_id
      JOIN days d ON d.company_id = l.company_id
      JOIN project_billing_rule r ON r.id = a.rule_id
      JOIN digits cu ON cu.id = l.currency_id
     CROSS JOIN LATERAL (
           SELECT round((l.quantity * l.price_unit * (1 - l.discount / 100))::numeric,
                        cu.digits)
                  * CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END AS amount) x
     WHERE m.state IN ('draft', 'posted') AND x.amount != a.amount
    """,
    select_columns(
        "line",
        company_id=SQL("l.company_id"),
        project_id=SQL("r.project_id"),
        rule_id=SQL("r.id"),
        partner_id=SQL("m.commercial_partner_id"),
        move_line_id=SQL("l.id"),
        currency_id=SQL("l.currency_id"),
        expected=SQL("x.amount"),
        found=SQL("a.amount"),
    ),
)

# rows count when their document does
STATES = SQL(
    """
    SELECT a.id AS row_id, %s, ARRAY[a.move_id] AS documents
      FROM project_billing_allocation a
      JOIN account_move m ON m.id = a.move_id
      JOIN days d ON d.company_id = a.company_id
      JOIN project_billing_rule r ON r.id = a.rule_id
     CROSS JOIN LATERAL (
           SELECT CASE WHEN a.kind = 'bill'
                         OR (a.kind IN ('draw', 'withhold')
                             AND m.move_type = 'out_invoice')
                       THEN m.state != 'cancel' ELSE m.state = 'posted' END AS counts
           ) x
     WHERE COALESCE(a.is_live, FALSE) != x.counts
    """,
    select_columns(
        "state",
        company_id=SQL("a.company_id"),
        project_id=SQL("r.project_id"),
        rule_id=SQL("a.rule_id"),
        partner_id=SQL("m.commercial_partner_id"),
        item_id=SQL("a.item_id"),
        analytic_line_id=SQL("a.analytic_line_id"),
        move_line_id=SQL("a.move_line_id"),
        currency_id=SQL("a.currency_id"),
        expected=SQL("CASE WHEN x.counts THEN a.amount + a.adjustment ELSE 0 END"),
        found=SQL("CASE WHEN a.is_live THEN a.amount + a.adjustment ELSE 0 END"),
    ),
)

# hours that an entry has on invoices or written off = its rows
ENTRIES = SQL(
    """
    SELECT e.id AS row_id, %s, (
           SELECT array_agg(DISTINCT a.move_id ORDER BY a.move_id DESC)
             FROM project_billing_allocation a
            WHERE a.analytic_line_id = e.id AND a.move_id IS NOT NULL) AS documents
      FROM entry_gaps t
      JOIN account_analytic_line e ON e.id = t.id
      LEFT JOIN project_billing_rule r ON r.id = e.billing_rule_id
      JOIN days d ON d.company_id = COALESCE(r.company_id, e.company_id)
    """,
    select_columns(
        "entry",
        company_id=SQL("d.company_id"),
        project_id=SQL("e.project_id"),
        rule_id=SQL("e.billing_rule_id"),
        analytic_line_id=SQL("e.id"),
        expected=SQL("t.billed + t.written"),
        found=SQL("e.billed_quantity + COALESCE(e.billing_written_off_quantity, 0)"),
    ),
)

# what an item has on invoices, written off or taken off = its rows
ITEMS = SQL(
    """
    SELECT i.id AS row_id, %s, (
           SELECT array_agg(DISTINCT a.move_id ORDER BY a.move_id DESC)
             FROM project_billing_allocation a
            WHERE a.item_id = i.id AND a.move_id IS NOT NULL) AS documents
      FROM project_billing_item i
      LEFT JOIN item_rows t ON t.id = i.id
      JOIN days d ON d.company_id = i.company_id
     CROSS JOIN LATERAL (
           SELECT v.* FROM (VALUES
               (1, COALESCE(t.billed, 0), COALESCE(i.billed_amount, 0)),
               (2, COALESCE(t.written, 0), COALESCE(i.billing_written_off_amount, 0)),
               (3, COALESCE(t.drawn, 0), COALESCE(i.drawn_amount, 0)),
               (4, COALESCE(t.drawn_hours, 0), COALESCE(i.drawn_quantity, 0)::numeric)
               ) v (nr, expected, found)
            WHERE abs(v.expected - v.found) > 0.000001
            ORDER BY v.nr LIMIT 1) x
    """,
    select_columns(
        "item",
        company_id=SQL("i.company_id"),
        project_id=SQL("i.project_id"),
        rule_id=SQL("i.rule_id"),
        item_id=SQL("i.id"),
        currency_id=SQL("CASE WHEN x.nr < 4 THEN i.currency_id END"),
        expected=SQL("x.expected"),
        found=SQL("x.found"),
    ),
)
