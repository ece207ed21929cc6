"""Documents and payments in the fact table: what is open of them.

What is open today stands on the journal items. What was open on a past day is that and
what was paid later: few matches are younger than a month end, most are older. Of most
instalments nothing was paid yet: then the share itself is the row, and no running
totals are needed.
"""

from odoo.tools import SQL

from .habit_query import join_habits, select_expected
from .tracker_split import NET_PART, PLACES, PLACES_WINDOW, build_part

# columns of an open line (l) and of what it has of a project (s). The host keeps sales
# documents on receivable accounts and purchases on payable ones
_LINE = SQL(
    """
    s.id AS share_id, s.project_id, s.rule_id,
    CASE WHEN s.id IS NULL THEN l.partner_id ELSE s.partner_id END AS partner_id,
    s.net, s.gross, s.net_company, s.gross_company,
    l.id AS move_line_id, l.move_id, l.company_id, l.currency_id,
    CASE WHEN s.id IS NULL THEN l.date ELSE COALESCE(l.invoice_date, l.date) END
    AS date_invoiced, l.date_maturity,
    a.account_type = 'liability_payable' AS is_payable, d.today,
    COALESCE(l.billing_is_retention, FALSE) AS is_retained
    """
)

# in this form the host's own index of lines that are not reconciled is used
_IS_OPEN = SQL(
    """
    l.reconciled IS NOT TRUE AND l.account_id = ANY(ARRAY(
        SELECT id FROM account_account
         WHERE account_type IN ('asset_receivable', 'liability_payable')))
    """
)

# receivable and payable lines with what is open of them and what was paid
_OPEN_NOW = SQL(
    """
    SELECT %s, l.amount_residual_currency AS rest, l.amount_residual AS rest_company,
           l.amount_currency - l.amount_residual_currency AS paid,
           l.balance - l.amount_residual AS paid_company
      FROM account_move_line l
      JOIN account_account a ON a.id = l.account_id
      JOIN days d ON d.company_id = l.company_id
      LEFT JOIN project_billing_share s ON s.move_line_id = l.id
     WHERE %s AND l.parent_state = 'posted'
       AND (l.amount_residual_currency != 0 OR l.amount_residual != 0)
    """,
    _LINE,
    _IS_OPEN,
)

# what was matched with a line after its company's day, signed like the line
_LATER = SQL(
    """
    SELECT r.line_id, SUM(r.paid) AS paid, SUM(r.paid_company) AS paid_company
      FROM (
        SELECT pr.debit_move_id AS line_id, pr.debit_amount_currency AS paid,
               pr.amount AS paid_company, pr.max_date AS day
          FROM account_partial_reconcile pr
         WHERE pr.max_date > (SELECT min(today) FROM days)
         UNION ALL
        SELECT pr.credit_move_id, -pr.credit_amount_currency, -pr.amount, pr.max_date
          FROM account_partial_reconcile pr
         WHERE pr.max_date > (SELECT min(today) FROM days)
           ) r
      JOIN account_move_line l ON l.id = r.line_id
      JOIN days d ON d.company_id = l.company_id AND r.day > d.today
     GROUP BY r.line_id
    """
)

_OPEN_ON_A_DAY = SQL(
    """
    SELECT q.*, q.amount - q.rest AS paid, q.balance - q.rest_company AS paid_company
      FROM (
        SELECT %(line)s, l.amount_currency AS amount, l.balance,
               l.amount_residual_currency + COALESCE(p.paid, 0) AS rest,
               l.amount_residual + COALESCE(p.paid_company, 0) AS rest_company
          FROM (SELECT l.id FROM account_move_line l WHERE %(is_open)s
                 UNION
                SELECT line_id FROM later) o
          JOIN account_move_line l ON l.id = o.id
          JOIN account_account a ON a.id = l.account_id
          JOIN days d ON d.company_id = l.company_id AND l.date <= d.today
          LEFT JOIN project_billing_share s ON s.move_line_id = l.id
          LEFT JOIN later p ON p.line_id = l.id
         WHERE a.account_type IN ('asset_receivable', 'liability_payable')
           AND l.parent_state = 'posted'
           ) q
     WHERE q.rest != 0 OR q.rest_company != 0
    """,
    line=_LINE,
    is_open=_IS_OPEN,
)

# nothing was paid of a line: its shares are open as they are. A column, for PostgreSQL
# takes four equations for a rare case, and a flag for half of all
_IS_WHOLE = SQL(
    """
    (q.paid = 0 AND q.paid_company = 0 AND q.rest != 0 AND q.rest_company != 0)
    """
)


def build_open_lines(is_past):
    """Return CTE ``open_lines``: open receivable and payable lines with their shares.

    One row for each share, one without for a line of no document. ``rest`` and
    ``rest_company`` are open of the line, ``paid`` and ``paid_company`` were paid.
    Joined here, not where it is read: PostgreSQL knows nothing about the columns of a
    CTE and would hash all shares there are.
    """
    lines = SQL(
        "open_lines AS MATERIALIZED (SELECT q.*, %s AS is_whole FROM (%s) q)",
        _IS_WHOLE,
        _OPEN_ON_A_DAY if is_past else _OPEN_NOW,
    )
    return SQL("later AS MATERIALIZED (%s), %s", _LATER, lines) if is_past else lines


_OPEN_COLUMNS = SQL(
    """
    o.share_id, o.project_id, o.rule_id, o.partner_id, o.company_id, o.currency_id,
    o.move_id, o.move_line_id, o.is_payable, o.is_retained, o.date_invoiced,
    o.date_maturity, o.today
    """
)

_WHOLE = SQL(
    """
    SELECT %s, CASE WHEN o.gross = 0 THEN 0 ELSE o.net END AS net, o.gross,
           CASE WHEN o.gross_company = 0 THEN 0 ELSE o.net_company END AS net_company,
           o.gross_company
      FROM open_lines o
     WHERE o.share_id IS NOT NULL AND o.is_whole
       AND (o.gross != 0 OR o.gross_company != 0)
    """,
    _OPEN_COLUMNS,
)

_PARTLY = SQL(
    """
    SELECT %(columns)s, o.net - o.net_paid AS net, o.gross - o.gross_paid AS gross,
           o.net_company - o.net_company_paid AS net_company,
           o.gross_company - o.company_paid AS gross_company
      FROM (SELECT s.*, %(net)s
              FROM (SELECT s.*, %(part)s
                      FROM (SELECT s.*, cu.digits, cc.digits AS digits_company,
                                   %(places)s
                              FROM (SELECT o.*, o.share_id AS id FROM open_lines o
                                     WHERE o.share_id IS NOT NULL AND NOT o.is_whole) s
                              LEFT JOIN res_company c ON c.id = s.company_id
                              JOIN digits cu ON cu.id = s.currency_id
                              JOIN digits cc ON cc.id = c.currency_id
                            %(window)s) s) s) o
     WHERE o.gross != o.gross_paid OR o.gross_company != o.company_paid
    """,
    columns=_OPEN_COLUMNS,
    net=NET_PART,
    part=build_part(SQL("s.paid"), SQL("s.paid_company")),
    places=PLACES,
    window=PLACES_WINDOW,
)


def build_open(projects=None):
    """Return the open part of each share of an open instalment.

    :param projects: SQL of a query of ids: shares of others are left out
    """
    due, today = SQL("n.date_maturity"), SQL("n.today")
    return SQL(
        """
        SELECT n.share_id AS row_id, 'instalment' AS source,
               CASE WHEN n.date_maturity < n.today THEN 'overdue' ELSE 'open' END
               AS stage, n.project_id, n.rule_id, NULL::int4 AS item_id,
               NULL::int4 AS milestone_id, n.partner_id, n.company_id, n.currency_id,
               n.move_id, n.move_line_id, n.is_payable, FALSE AS is_held,
               n.is_retained, NULL::date AS date_planned, n.date_invoiced,
               n.date_maturity AS date_due, NULL::date AS date_paid,
               n.net, n.gross, n.net_company, n.gross_company, n.today,
               %(expected)s AS date_usual
          FROM (%(whole)s UNION ALL %(partly)s) n
          %(habits)s
         %(own)s
        """,
        expected=select_expected(due, today),
        whole=_WHOLE,
        partly=_PARTLY,
        habits=join_habits(SQL("n.company_id"), SQL("n.partner_id")),
        own=SQL("WHERE n.project_id IN (%s)", projects) if projects else SQL(),
    )


def build_others():
    """Return open lines that no document has: unmatched payments, opening balances."""
    due, today = SQL("o.date_due"), SQL("o.today")
    return SQL(
        """
        SELECT o.move_line_id AS row_id, 'entry' AS source,
               CASE WHEN o.date_due < o.today THEN 'overdue' ELSE 'open' END AS stage,
               NULL::int4 AS project_id, NULL::int4 AS rule_id, NULL::int4 AS item_id,
               NULL::int4 AS milestone_id, o.partner_id, o.company_id, o.currency_id,
               o.move_id, o.move_line_id, o.is_payable,
               FALSE AS is_held, FALSE AS is_retained, NULL::date AS date_planned,
               o.date_invoiced, o.date_due, NULL::date AS date_paid,
               o.rest AS net, o.rest AS gross, o.rest_company AS net_company,
               o.rest_company AS gross_company, o.today, %(expected)s AS date_usual
          FROM (SELECT l.*,
                       -- a payment that waits for its invoice is never late
                       CASE WHEN l.is_payable != (l.rest_company > 0)
                            THEN COALESCE(l.date_maturity, l.date_invoiced) END
                       AS date_due
                  FROM open_lines l WHERE l.share_id IS NULL) o
          %(habits)s
        """,
        expected=select_expected(due, today),
        habits=join_habits(SQL("o.company_id"), SQL("o.partner_id")),
    )
