"""Parts of the check: shares beside the documents that they were made from."""

from odoo.tools import SQL

from .check_columns import PAIR, select_columns

# the shares of an instalment = the instalment, in both currencies
INSTALMENTS = SQL(
    """
    SELECT l.id AS row_id, %s, ARRAY[l.move_id] AS documents
      FROM docs
      JOIN account_move_line l ON l.move_id = docs.id
       AND l.display_type = 'payment_term'
      JOIN res_company c ON c.id = docs.company_id
      LEFT JOIN (SELECT move_line_id, SUM(gross) AS gross,
                        SUM(gross_company) AS gross_company
                   FROM project_billing_share GROUP BY 1) s ON s.move_line_id = l.id
     CROSS JOIN LATERAL (
           SELECT v.* FROM (VALUES
               (1, l.currency_id, l.amount_currency, s.gross),
               (2, c.currency_id, l.balance, s.gross_company)
               ) v (nr, currency_id, expected, found)
            WHERE v.expected != COALESCE(v.found, 0)
            ORDER BY v.nr LIMIT 1) x
     WHERE l.amount_currency != COALESCE(s.gross, 0)
        OR l.balance != COALESCE(s.gross_company, 0)
    """,
    select_columns(
        "instalment",
        company_id=SQL("docs.company_id"),
        partner_id=SQL("l.partner_id"),
        move_line_id=SQL("l.id"),
        is_payable=SQL("left(docs.move_type, 3) = 'in_'"),
        currency_id=SQL("x.currency_id"),
        expected=SQL("x.expected"),
        found=SQL("COALESCE(x.found, 0)"),
    ),
)

# the shares of a document, project by project = its lines
PROJECTS = SQL(
    """
    SELECT u.move_id::int8 * %s + COALESCE(mod(u.project_id, %s), 0) AS row_id, %s,
           ARRAY[u.move_id] AS documents
      FROM (SELECT k.move_id, k.project_id, SUM(k.key_net) AS expected, 0 AS found
              FROM keys k
             WHERE EXISTS (SELECT 1 FROM account_move_line t WHERE t.move_id = k.move_id
                              AND t.display_type = 'payment_term')
             GROUP BY 1, 2
             UNION ALL
            SELECT s.move_id, s.project_id, 0, SUM(s.net)
              FROM project_billing_share s
              JOIN days d ON d.company_id = s.company_id
             GROUP BY 1, 2) u
      JOIN account_move m ON m.id = u.move_id
     GROUP BY u.move_id, u.project_id, m.id
    HAVING SUM(u.expected) != SUM(u.found)
    """,
    PAIR,
    PAIR,
    select_columns(
        "project",
        company_id=SQL("m.company_id"),
        project_id=SQL("u.project_id"),
        partner_id=SQL("m.commercial_partner_id"),
        is_payable=SQL("left(m.move_type, 3) = 'in_'"),
        currency_id=SQL("m.currency_id"),
        expected=SQL("SUM(u.expected)"),
        found=SQL("SUM(u.found)"),
    ),
)

# an analytic account of several projects: what is booked on it belongs to none
ACCOUNTS = SQL(
    """
    WITH shared AS (
        SELECT p.account_id, d.company_id, array_agg(p.id) AS projects
          FROM project_project p
          JOIN days d ON d.company_id = COALESCE(p.company_id, d.company_id)
         WHERE p.account_id IN (SELECT account_id FROM project_project
                                 WHERE account_id IS NOT NULL
                                 GROUP BY 1 HAVING count(*) > 1)
         GROUP BY 1, 2
    ), used AS (
        SELECT k.account::int AS account_id, l.company_id, l.move_id,
               SUM(-l.balance * d.value::numeric / 100) AS amount
          FROM account_move_line l
          JOIN account_move m ON m.id = l.move_id
         CROSS JOIN LATERAL jsonb_each_text(
               CASE WHEN jsonb_typeof(l.analytic_distribution) = 'object'
                    THEN l.analytic_distribution ELSE '{}' END) d (key, value)
         CROSS JOIN LATERAL unnest(string_to_array(d.key, ',')) k (account)
         WHERE (SELECT count(*) FROM shared) > 0
           AND l.display_type = 'product' AND l.parent_state = 'posted'
           AND l.analytic_distribution IS NOT NULL AND m.move_type != 'entry'
           AND NOT EXISTS (SELECT 1 FROM project_billing_allocation a
                            WHERE a.move_line_id = l.id)
           AND k.account::int IN (SELECT account_id FROM shared)
         GROUP BY 1, 2, 3
    )
    SELECT s.account_id::int8 * %s + s.company_id AS row_id, %s,
           array_agg(u.move_id ORDER BY u.move_id DESC) FILTER (
           WHERE u.move_id IS NOT NULL) AS documents
      FROM shared s
      JOIN res_company c ON c.id = s.company_id
      LEFT JOIN used u ON u.account_id = s.account_id AND u.company_id = s.company_id
     GROUP BY s.account_id, s.company_id, c.currency_id
    """,
    PAIR,
    select_columns(
        "account",
        company_id=SQL("s.company_id"),
        account_id=SQL("s.account_id"),
        currency_id=SQL("c.currency_id"),
        expected=SQL("COALESCE(SUM(u.amount), 0)"),
        found=SQL("0"),
    ),
)
