"""Parts of the check: what is open, beside the journal items."""

from odoo.tools import SQL

from .check_columns import select_columns


def build_open_lines(past):
    """Return what is open of receivable and payable lines, by their matches."""
    return SQL(
        """
        SELECT l.id, l.company_id, l.partner_id, l.move_id, l.payment_id,
               l.statement_line_id,
               a.account_type = 'liability_payable' AS is_payable,
               l.balance - COALESCE(p.paid, 0) AS amount
          FROM account_account a
          JOIN account_move_line l ON l.account_id = a.id
          JOIN days d ON d.company_id = l.company_id
          LEFT JOIN (
               SELECT r.line_id, SUM(r.paid) AS paid FROM (
                      SELECT debit_move_id AS line_id, amount AS paid, max_date AS day,
                             company_id
                        FROM account_partial_reconcile
                       UNION ALL
                      SELECT credit_move_id, -amount, max_date, company_id
                        FROM account_partial_reconcile) r
                 JOIN days d ON d.company_id = r.company_id
                WHERE %(matched)s
                GROUP BY 1) p ON p.line_id = l.id
         WHERE a.account_type IN ('asset_receivable', 'liability_payable')
           AND l.parent_state = 'posted' AND %(booked)s
           AND l.balance != COALESCE(p.paid, 0)
        """,
        matched=SQL("r.day <= d.today") if past else SQL("TRUE"),
        booked=SQL("l.date <= d.today") if past else SQL("TRUE"),
    )


def build_receivables(past):
    """Gross: open and overdue of the tracker = what the journal items say is open.

    By company, partner and side; the documents are those whose lines differ.
    """
    return SQL(
        """
        SELECT min(s.move_line_id) AS row_id, %(columns)s,
               array_agg(DISTINCT s.move_id ORDER BY s.move_id DESC)
               FILTER (WHERE s.move_id IS NOT NULL) AS documents
          FROM (SELECT l.*, SUM(l.booked) OVER p AS expected,
                       SUM(l.shown) OVER p AS found
                  FROM (
                SELECT u.company_id, u.partner_id, u.is_payable, u.move_line_id,
                       max(u.move_id) AS move_id, SUM(u.booked) AS booked,
                       SUM(u.shown) AS shown
                  FROM (SELECT o.company_id, o.partner_id, o.is_payable,
                               o.id AS move_line_id, o.move_id, o.amount AS booked,
                               0 AS shown
                          FROM open_lines o
                         UNION ALL
                        SELECT f.company_id, f.partner_id, f.is_payable,
                               f.move_line_id, f.move_id, 0, f.gross_company
                          FROM %(facts)s f
                         WHERE f.stage IN ('open', 'overdue')) u
                 GROUP BY 1, 2, 3, 4) l
                WINDOW p AS (PARTITION BY l.company_id, l.partner_id, l.is_payable)) s
          JOIN res_company c ON c.id = s.company_id
         WHERE s.booked != s.shown
         GROUP BY s.company_id, s.partner_id, s.is_payable, c.currency_id
        """,
        facts=SQL("day_facts") if past else SQL("facts"),
        columns=select_columns(
            "receivable",
            company_id=SQL("s.company_id"),
            partner_id=SQL("s.partner_id"),
            is_payable=SQL("s.is_payable"),
            currency_id=SQL("c.currency_id"),
            expected=SQL("max(s.expected)"),
            found=SQL("max(s.found)"),
        ),
    )


def build_strays():
    """Open journal items that nobody can ask for: no partner, or typed by hand."""
    return SQL(
        """
        SELECT o.id AS row_id, %(columns)s, ARRAY[o.move_id] AS documents
          FROM open_lines o
          JOIN account_move m ON m.id = o.move_id
          JOIN res_company c ON c.id = o.company_id
         WHERE o.partner_id IS NULL
            OR (m.move_type = 'entry' AND m.origin_payment_id IS NULL
                AND o.payment_id IS NULL AND o.statement_line_id IS NULL)
        """,
        columns=select_columns(
            "stray",
            company_id=SQL("o.company_id"),
            partner_id=SQL("o.partner_id"),
            move_line_id=SQL("o.id"),
            is_payable=SQL("o.is_payable"),
            currency_id=SQL("c.currency_id"),
            expected=SQL("o.amount"),
            found=SQL("0"),
        ),
    )
