"""Parts of the check: the stages of a rule beside what it is worth."""

from odoo.tools import SQL

from .check_columns import PAIR, select_columns
from .tracker_work import build_months, build_values

# unbilled entries; where their own total is not that of their rows, the rows count
_ENTRIES = SQL(
    """
    (SELECT e.date, e.billing_rule_id, e.billable_quantity, e.billed_quantity,
            e.billing_held_quantity, e.billing_price, e.billing_price_currency_id,
            e.id
       FROM account_analytic_line e
      WHERE e.billed_quantity != e.billable_quantity
        AND NOT EXISTS (SELECT 1 FROM entry_gaps g WHERE g.id = e.id)
      UNION ALL
     SELECT e.date, e.billing_rule_id, e.billable_quantity, g.billed,
            e.billing_held_quantity, e.billing_price, e.billing_price_currency_id,
            e.id
       FROM entry_gaps g JOIN account_analytic_line e ON e.id = g.id)
    """
)


def build_stages(days, prepaid):
    """Net: all stages of a rule = contract + changes + extras.

    What the rule is worth and not on an invoice, by the rows of the ledger, and its
    invoice lines, which hold the extras (another price, rounding, deductions). What is
    not on an invoice has no past.

    :param days: the CTE ``days`` of today
    """
    return SQL(
        """
        WITH %(days)s, months AS (%(months)s), sides AS (
            SELECT w.rule_id, l.currency_id, l.move_id, -l.amount_currency AS expected,
                   0 AS found, 0 AS rows
              FROM line_rows w
              JOIN account_move_line l ON l.id = w.move_line_id
              JOIN days d ON d.company_id = l.company_id
             WHERE l.parent_state IN ('draft', 'posted') AND l.display_type = 'product'
             UNION ALL
            SELECT i.rule_id, i.currency_id, NULL,
                   i.billable_amount - COALESCE(t.billed, 0), 0, 0
              FROM project_billing_item i
              JOIN days d ON d.company_id = i.company_id
              JOIN project_billing_rule r ON r.id = i.rule_id AND r.active
              JOIN project_project p
                ON p.id = i.project_id AND NOT COALESCE(p.is_template, FALSE)
              LEFT JOIN item_rows t ON t.id = i.id
             WHERE i.active AND i.kind NOT IN ('retention', 'opening')
             UNION ALL
            SELECT m.rule_id, m.price_currency, NULL,
                   SUM(LEAST(0, m.free)) + SUM(m.held) + GREATEST(0,
                   SUM(GREATEST(0, m.free)) - COALESCE(max(g.amount), 0)), 0, 0
              FROM months m
              LEFT JOIN %(prepaid)s g (rule_id, amount) ON g.rule_id = m.rule_id
             GROUP BY 1, 2
             UNION ALL
            SELECT f.rule_id, f.currency_id, f.move_id, 0, f.net,
                   (f.source = 'time')::int
              FROM facts f WHERE f.rule_id IS NOT NULL
        ), documents AS (
            SELECT rule_id, currency_id, move_id, SUM(expected) AS expected,
                   SUM(found) AS found, SUM(rows) AS rows
              FROM sides GROUP BY 1, 2, 3
        )
        SELECT s.rule_id::int8 * %(pair)s + s.currency_id AS row_id, %(columns)s,
               array_agg(s.move_id ORDER BY s.move_id DESC) FILTER (
               WHERE s.move_id IS NOT NULL AND s.expected != s.found) AS documents
          FROM documents s
          JOIN project_billing_rule r ON r.id = s.rule_id
          JOIN digits cu ON cu.id = s.currency_id
         GROUP BY s.rule_id, s.currency_id, r.project_id, r.company_id, cu.digits
        HAVING bool_or(s.move_id IS NOT NULL AND s.expected != s.found)
               -- each month of time is rounded by itself
            OR abs(SUM(s.expected - s.found) FILTER (WHERE s.move_id IS NULL))
               > power(10::numeric, -cu.digits) * (0.5 + SUM(s.rows))
        """,
        days=days,
        pair=PAIR,
        months=build_months(_ENTRIES),
        prepaid=build_values(prepaid),
        columns=select_columns(
            "stages",
            company_id=SQL("r.company_id"),
            project_id=SQL("r.project_id"),
            rule_id=SQL("s.rule_id"),
            currency_id=SQL("s.currency_id"),
            expected=SQL("SUM(s.expected)"),
            found=SQL("SUM(s.found)"),
        ),
    )


def build_plans(rooms):
    """Net: what the items of a fixed price come to = its contract."""
    return SQL(
        """
        WITH rooms (billing_type, kinds) AS (VALUES %(rooms)s)
        SELECT r.id AS row_id, %(columns)s, NULL::int4[] AS documents
          FROM project_billing_rule r
          JOIN days d ON d.company_id = r.company_id
          JOIN rooms ON rooms.billing_type = r.billing_type
          JOIN project_project p
            ON p.id = r.project_id AND NOT COALESCE(p.is_template, FALSE)
         CROSS JOIN LATERAL (
               SELECT COALESCE(SUM(i.billable_amount
                                   + COALESCE(i.billing_written_off_amount, 0)), 0)
                      AS planned
                 FROM project_billing_item i
                WHERE i.rule_id = r.id AND i.active AND i.kind = ANY(rooms.kinds)) i
         WHERE r.active AND r.amount != 0 AND r.amount != i.planned
        """,
        rooms=SQL(", ").join(
            SQL("(%s::varchar, %s::varchar[])", key, list(kinds))
            for key, kinds in rooms
        )
        or SQL("(NULL::varchar, NULL::varchar[])"),
        columns=select_columns(
            "plan",
            company_id=SQL("r.company_id"),
            project_id=SQL("r.project_id"),
            rule_id=SQL("r.id"),
            currency_id=SQL("r.currency_id"),
            expected=SQL("r.amount"),
            found=SQL("i.planned"),
        ),
    )
