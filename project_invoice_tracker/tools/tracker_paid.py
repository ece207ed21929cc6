"""Documents and payments in the fact table: what was paid of them, payment by payment.

What an entry of a bad debt settles is not paid: it stands in a stage of its own. Most
instalments are paid at once, by one payment: then the share itself is the row, and no
running totals are needed.
"""

from odoo.tools import SQL

from .tracker_split import NET_PART, PLACES, PLACES_WINDOW, build_part

# payments of one instalment that keep their own row number
MOST = 4096


# journal items of the entries that write invoices off
_LOST = SQL(
    """
    SELECT l.id FROM account_move b
      JOIN account_move_line l ON l.move_id = b.id
     WHERE b.billing_bad_debt_of_id IS NOT NULL
    """
)


def _build_matches(is_lost, bounds):
    """Return every match of an instalment by the day, signed like the line.

    ``is_whole``: the only one of its instalment; ``is_lost``: with a bad debt.

    :param is_lost: instalments without any bad debt may be left out
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
                   pr.max_date AS day, d.today,
                   pr.credit_move_id IN (SELECT id FROM lost) AS is_lost
              FROM account_partial_reconcile pr
              JOIN days d ON d.company_id = pr.company_id AND pr.max_date <= d.today
             WHERE %(debits)s
             UNION ALL
            SELECT pr.id, pr.credit_move_id, -pr.credit_amount_currency, -pr.amount,
                   pr.max_date, d.today, pr.debit_move_id IN (SELECT id FROM lost)
              FROM account_partial_reconcile pr
              JOIN days d ON d.company_id = pr.company_id AND pr.max_date <= d.today
             WHERE %(credits)s
               ) r
          JOIN account_move_line l
            ON l.id = r.line_id AND l.display_type = 'payment_term'
          JOIN account_account a ON a.id = l.account_id
         UNION ALL
        -- instalments of nothing are settled by themselves
        SELECT 0, l.id, 0, 0, l.date, d.today, FALSE, l.date_maturity,
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
        debits=_limit("debit_move_id", "credit_move_id", is_lost, *bounds),
        credits=_limit("credit_move_id", "debit_move_id", is_lost, *bounds),
    )


def _limit(column, other, is_lost, first, last):
    """Return the condition that a line was matched so, on one of some days.

    :param column: of the line
    :param other: of what it was matched with
    """
    conditions = []
    if is_lost:
        lost = SQL("x.%s IN (SELECT id FROM lost)", SQL.identifier(other))
        conditions.append(lost)
    if first is not None:
        conditions.append(SQL("x.max_date >= %s::date", first))
    if last is not None:
        conditions.append(SQL("x.max_date <= %s::date", last))
    if not conditions:
        return SQL("TRUE")
    return SQL(
        "pr.%(column)s IN (SELECT x.%(column)s FROM account_partial_reconcile x"
        " WHERE %(conditions)s)",
        column=SQL.identifier(column),
        conditions=SQL(" AND ").join(conditions),
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
               p.is_payable, p.is_retained, p.is_lost, %(part)s
          FROM shares s JOIN parts p ON p.line_id = s.move_line_id
    ), nets AS (SELECT s.*, %(net)s FROM split s)
    SELECT n.id, n.project_id, n.rule_id, n.partner_id, n.company_id, n.currency_id,
           n.move_id, n.move_line_id, n.nr, n.day, n.today, n.date_maturity,
           n.date_invoiced, n.is_payable, n.is_retained, n.is_lost,
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


def build_paid(is_lost=False, bounds=(None, None)):
    """Return every payment of every share, or every part that was a bad debt.

    :param is_lost: whether bad debts are wanted, instead of payments
    :param bounds: first and last day of those that are wanted, each or None
    """
    return SQL(
        """
        WITH lost AS MATERIALIZED (%(lost)s), matches AS MATERIALIZED (%(matches)s)
        SELECT n.id::int8 * %(most)s + n.nr AS row_id, 'instalment' AS source,
               %(stage)s AS stage, %(instalment)s, n.is_payable, FALSE AS is_held,
               n.is_retained, NULL::date AS date_planned, n.date_invoiced,
               n.date_maturity AS date_due, n.day AS date_paid, n.net, n.gross,
               n.net_company, n.gross_company, n.today
          FROM (
            SELECT s.id, s.project_id, s.rule_id, s.partner_id, s.company_id,
                   s.currency_id, s.move_id, s.move_line_id, 1 AS nr, p.day, p.today,
                   p.date_maturity, p.date_invoiced, p.is_payable, p.is_retained,
                   p.is_lost, s.net, s.gross, s.net_company, s.gross_company
              FROM matches p
              JOIN project_billing_share s ON s.move_line_id = p.line_id
             WHERE p.is_whole
             UNION ALL
            SELECT * FROM (%(steps)s) t
               ) n
         WHERE n.is_lost = %(is_lost)s
           AND (n.gross != 0 OR n.gross_company != 0 OR n.net != 0
                OR n.net_company != 0)
        """,
        lost=_LOST,
        matches=_build_matches(is_lost, bounds),
        most=MOST,
        stage=SQL("'bad_debt'") if is_lost else SQL("'paid'"),
        instalment=_INSTALMENT,
        steps=_STEPS,
        is_lost=is_lost,
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
