"""Documents and payments in the fact table: what was paid of them, payment by payment.

Most instalments are paid at once, by one payment: then the share itself is the row, and
no running totals are needed.
"""

from odoo.tools import SQL

from .tracker_split import NET_PART, PLACES, PLACES_WINDOW, build_part

# payments of one instalment that keep their own row number
MOST = 4096


def _build_matches(bounds):
    """Return every match of an instalment by the day, signed like the line.

    ``is_whole``: the only one of its instalment.

    :param bounds: first and last day, each or None: instalments that nothing was
        matched with from then to then may be left out
    """
    return SQL(
        """
        SELECT r.*, l.date_maturity, COALESCE(l.invoice_date, l.date) AS date_invoiced,
               a.account_type = 'liability_payable' AS is_payable,
               COALESCE(l.billing_is_retention, FALSE) AS is_retained,
               r.paid = l.amount_currency AND r.paid_company = l.balance AS is_whole
          FROM (
            SELECT pr.id, pr.debit_move_id AS line_id,
                   pr.debit_amount_currency AS paid, pr.amount AS paid_company,
                   pr.max_date AS day, d.today
              FROM account_partial_reconcile pr
              JOIN days d ON d.company_id = pr.company_id AND pr.max_date <= d.today
             WHERE %(debits)s
             UNION ALL
            SELECT pr.id, pr.credit_move_id, -pr.credit_amount_currency, -pr.amount,
                   pr.max_date, d.today
              FROM account_partial_reconcile pr
              JOIN days d ON d.company_id = pr.company_id AND pr.max_date <= d.today
             WHERE %(credits)s
               ) r
          JOIN account_move_line l
            ON l.id = r.line_id AND l.display_type = 'payment_term'
          JOIN account_account a ON a.id = l.account_id
         UNION ALL
        -- instalments of nothing are settled by themselves
        SELECT 0, l.id, 0, 0, l.date, d.today, l.date_maturity,
               COALESCE(l.invoice_date, l.date),
               a.account_type = 'liability_payable',
               COALESCE(l.billing_is_retention, FALSE), TRUE
          FROM (SELECT DISTINCT s.move_line_id FROM project_billing_share s
                 WHERE s.gross = 0 AND s.gross_company = 0) s
          JOIN account_move_line l ON l.id = s.move_line_id
          JOIN account_account a ON a.id = l.account_id
          JOIN days d ON d.company_id = l.company_id AND l.date <= d.today
         WHERE l.display_type = 'payment_term' AND l.parent_state = 'posted'
           AND l.amount_currency = 0 AND l.balance = 0
        """,
        debits=_limit(SQL("debit_move_id"), *bounds),
        credits=_limit(SQL("credit_move_id"), *bounds),
    )


def _limit(column, first, last):
    """Return the condition that a line was matched on one of some days."""
    if first is None and last is None:
        return SQL("TRUE")
    return SQL(
        "pr.%(column)s IN (SELECT x.%(column)s FROM account_partial_reconcile x"
        " WHERE x.max_date BETWEEN COALESCE(%(first)s::date, '-infinity')"
        " AND COALESCE(%(last)s::date, 'infinity'))",
        column=column,
        first=first,
        last=last,
    )


# what was paid in parts: what is paid with each match less what was paid before
_STEPS = SQL(
    """
    WITH parts AS (
        SELECT r.*, row_number() OVER w AS nr, SUM(r.paid) OVER w AS upto_paid,
               SUM(r.paid_company) OVER w AS upto_paid_company
          FROM matches r WHERE NOT r.is_whole
        WINDOW w AS (PARTITION BY r.line_id ORDER BY r.day, r.id)
    ), shares AS (
        SELECT s.*, cu.digits, cc.digits AS digits_company, %(places)s
          FROM project_billing_share s
          JOIN digits cu ON cu.id = s.currency_id
          JOIN digits cc ON cc.id = s.company_currency_id
         WHERE s.move_line_id IN (SELECT line_id FROM matches WHERE NOT is_whole)
        %(window)s
    ), split AS (
        SELECT s.*, p.nr, p.day, p.today, p.date_maturity, p.date_invoiced,
               p.is_payable, p.is_retained, %(part)s
          FROM shares s JOIN parts p ON p.line_id = s.move_line_id
    ), nets AS (SELECT s.*, %(net)s FROM split s)
    SELECT n.id, n.project_id, n.rule_id, n.partner_id, n.company_id, n.currency_id,
           n.move_id, n.move_line_id, n.nr, n.day, n.today, n.date_maturity,
           n.date_invoiced, n.is_payable, n.is_retained,
           n.net_paid - COALESCE(lag(n.net_paid) OVER w, 0) AS net,
           n.gross_paid - COALESCE(lag(n.gross_paid) OVER w, 0) AS gross,
           n.net_company_paid - COALESCE(lag(n.net_company_paid) OVER w, 0)
           AS net_company,
           n.company_paid - COALESCE(lag(n.company_paid) OVER w, 0) AS gross_company
      FROM nets n WINDOW w AS (PARTITION BY n.id ORDER BY n.nr)
    """,
    places=PLACES,
    window=PLACES_WINDOW,
    part=build_part(SQL("p.upto_paid"), SQL("p.upto_paid_company")),
    net=NET_PART,
)

# what a row of an instalment says beside its amounts (n)
_INSTALMENT = SQL(
    """
    n.project_id, n.rule_id, NULL::int4 AS item_id, NULL::int4 AS milestone_id,
    n.partner_id, n.company_id, n.currency_id, n.move_id, n.move_line_id
    """
)


def build_paid(bounds=(None, None)):
    """Return every payment of every share.

    :param bounds: first and last day of the payments that are wanted, each or None
    """
    return SQL(
        """
        WITH matches AS MATERIALIZED (%(matches)s)
        SELECT n.id::int8 * %(most)s + n.nr AS row_id, 'instalment' AS source,
               'paid' AS stage, %(instalment)s, n.is_payable, FALSE AS is_held,
               n.is_retained, NULL::date AS date_planned, n.date_invoiced,
               n.date_maturity AS date_due, n.day AS date_paid, n.net, n.gross,
               n.net_company, n.gross_company, n.today
          FROM (
            SELECT s.id, s.project_id, s.rule_id, s.partner_id, s.company_id,
                   s.currency_id, s.move_id, s.move_line_id, 1 AS nr, p.day, p.today,
                   p.date_maturity, p.date_invoiced, p.is_payable, p.is_retained,
                   s.net, s.gross, s.net_company, s.gross_company
              FROM matches p
              JOIN project_billing_share s ON s.move_line_id = p.line_id
             WHERE p.is_whole
             UNION ALL
            SELECT * FROM (%(steps)s) t
               ) n
         WHERE n.gross != 0 OR n.gross_company != 0 OR n.net != 0
            OR n.net_company != 0
        """,
        matches=_build_matches(bounds),
        most=MOST,
        instalment=_INSTALMENT,
        steps=_STEPS,
    )


# instalments as they were invoiced, paid or not: what was sold. A posted document has
# its date
WHOLE = SQL(
    """
    SELECT n.id AS row_id, 'instalment' AS source, NULL::text AS stage, %s,
           left(m.move_type, 3) = 'in_' AS is_payable, FALSE AS is_held,
           FALSE AS is_retained, NULL::date AS date_planned,
           m.invoice_date AS date_invoiced, NULL::date AS date_due,
           NULL::date AS date_paid, n.net, n.gross, n.net_company, n.gross_company,
           d.today
      FROM project_billing_share n
      JOIN account_move m ON m.id = n.move_id
      JOIN days d ON d.company_id = n.company_id
    """,
    _INSTALMENT,
)
