"""Documents and payments in the fact table: what is open, and what was paid.

What is open today stands on the journal items. What was open on a past day is that and
what was paid later: few matches are younger than a month end, most are older. What was
paid is mostly paid at once, by one payment: then the share itself is the row, and no
running totals are needed.
"""

from odoo.tools import SQL

# payments of one instalment that keep their own row number
MOST = 4096

# columns of what is open of a receivable or payable line
_LINE = SQL(
    """
    l.id, l.move_id, l.partner_id, l.company_id, l.currency_id, l.date,
    l.date_maturity, a.account_type, d.today,
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
    SELECT %s, l.amount_residual_currency AS gross, l.amount_residual AS company,
           l.amount_currency - l.amount_residual_currency AS paid,
           l.balance - l.amount_residual AS paid_company
      FROM account_move_line l
      JOIN account_account a ON a.id = l.account_id
      JOIN days d ON d.company_id = l.company_id
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
    SELECT q.*, q.amount - q.gross AS paid, q.balance - q.company AS paid_company
      FROM (
        SELECT %(line)s, l.amount_currency AS amount, l.balance,
               l.amount_residual_currency + COALESCE(p.paid, 0) AS gross,
               l.amount_residual + COALESCE(p.paid_company, 0) AS company
          FROM (SELECT l.id FROM account_move_line l WHERE %(is_open)s
                 UNION
                SELECT line_id FROM later) o
          JOIN account_move_line l ON l.id = o.id
          JOIN account_account a ON a.id = l.account_id
          JOIN days d ON d.company_id = l.company_id AND l.date <= d.today
          LEFT JOIN later p ON p.line_id = l.id
         WHERE a.account_type IN ('asset_receivable', 'liability_payable')
           AND l.parent_state = 'posted'
           ) q
     WHERE q.gross != 0 OR q.company != 0
    """,
    line=_LINE,
    is_open=_IS_OPEN,
)


def build_open_lines(is_past):
    """Return CTE ``open_lines``: each open receivable and payable line.

    ``gross`` and ``company`` are open of it, ``paid`` and ``paid_company`` were paid.
    """
    if not is_past:
        return SQL("open_lines AS MATERIALIZED (%s)", _OPEN_NOW)
    return SQL(
        "later AS MATERIALIZED (%s), open_lines AS MATERIALIZED (%s)",
        _LATER,
        _OPEN_ON_A_DAY,
    )


# where a share lies in its instalment: running totals over the instalment's shares
_PLACES = SQL(
    """
    SUM(s.gross) OVER w AS upto, SUM(s.gross) OVER a AS total,
    SUM(s.gross_company) OVER w AS upto_company,
    SUM(s.gross_company) OVER a AS total_company
    """
)
_PLACES_WINDOW = SQL(
    """
    WINDOW a AS (PARTITION BY s.move_line_id),
           w AS (PARTITION BY s.move_line_id ORDER BY s.id)
    """
)


def _build_part(paid, paid_company):
    """Return the columns that say which part of a share such a payment covers.

    Running totals on both sides, rounded, then subtracted: the parts of a payment sum
    to it, and those of a share to the share.
    """
    return SQL(
        """
        CASE WHEN s.total = 0 THEN s.gross ELSE
             round(%(paid)s * s.upto / s.total, s.digits)
             - round(%(paid)s * (s.upto - s.gross) / s.total, s.digits) END
        AS gross_paid,
        CASE WHEN s.total_company = 0 THEN s.gross_company ELSE
             round(%(company)s * s.upto_company / s.total_company, s.digits_company)
             - round(%(company)s * (s.upto_company - s.gross_company)
                     / s.total_company, s.digits_company) END AS company_paid
        """,
        paid=paid,
        company=paid_company,
    )


# net amounts go along with the gross ones
_NET_PART = SQL(
    """
    CASE WHEN s.gross = 0 THEN s.net ELSE
         round(s.net * s.gross_paid / s.gross, s.digits) END AS net_paid,
    CASE WHEN s.gross_company = 0 THEN s.net_company ELSE
         round(s.net_company * s.company_paid / s.gross_company, s.digits_company)
         END AS net_company_paid
    """
)


# what a row of an instalment says beside its amounts (n: share, m: document)
_INSTALMENT = SQL(
    """
    n.project_id, n.rule_id, NULL::int4 AS item_id, NULL::int4 AS milestone_id,
    n.partner_id, n.company_id, n.currency_id, n.move_id, n.move_line_id,
    left(m.move_type, 3) = 'in_' AS is_payable, FALSE AS is_held
    """
)
_INSTALMENT_DAYS = SQL(
    """
    NULL::date AS date_planned, COALESCE(m.invoice_date, m.date) AS date_invoiced
    """
)


def build_open(projects=None):
    """Return the open part of each share of an open instalment.

    :param projects: SQL of a query of ids: instalments without a share of theirs are
        left out
    """
    own = SQL(
        "WHERE o.id IN (SELECT move_line_id FROM project_billing_share"
        " WHERE project_id IN (%s))",
        projects or SQL(),
    )
    return SQL(
        """
        WITH shares AS (
            SELECT s.*, o.paid, o.paid_company, o.today, o.date_maturity,
                   o.is_retained, cu.digits, cc.digits AS digits_company, %(places)s
              FROM open_lines o
              JOIN project_billing_share s ON s.move_line_id = o.id
              JOIN digits cu ON cu.id = s.currency_id
              JOIN digits cc ON cc.id = s.company_currency_id
            %(own)s
            %(window)s
        ), split AS (SELECT s.*, %(part)s FROM shares s
        ), nets AS (SELECT s.*, %(net)s FROM split s)
        SELECT n.id AS row_id, 'instalment' AS source,
               CASE WHEN n.date_maturity < n.today THEN 'overdue' ELSE 'open' END
               AS stage, %(instalment)s, n.is_retained, %(days)s,
               n.date_maturity AS date_due, NULL::date AS date_paid,
               n.net - n.net_paid AS net, n.gross - n.gross_paid AS gross,
               n.net_company - n.net_company_paid AS net_company,
               n.gross_company - n.company_paid AS gross_company, n.today
          FROM nets n
          JOIN account_move m ON m.id = n.move_id
         WHERE n.gross != n.gross_paid OR n.gross_company != n.company_paid
        """,
        places=_PLACES,
        own=own if projects else SQL(),
        window=_PLACES_WINDOW,
        part=_build_part(SQL("s.paid"), SQL("s.paid_company")),
        net=_NET_PART,
        instalment=_INSTALMENT,
        days=_INSTALMENT_DAYS,
    )


# every match of an instalment by the day, signed like the line; is_whole: the only one
_MATCHES = SQL(
    """
    SELECT r.*, l.date_maturity, COALESCE(l.billing_is_retention, FALSE) AS is_retained,
           r.paid = l.amount_currency AND r.paid_company = l.balance AS is_whole
      FROM (
        SELECT pr.id, pr.debit_move_id AS line_id, pr.debit_amount_currency AS paid,
               pr.amount AS paid_company, pr.max_date AS day, d.today
          FROM account_partial_reconcile pr
          JOIN days d ON d.company_id = pr.company_id AND pr.max_date <= d.today
         UNION ALL
        SELECT pr.id, pr.credit_move_id, -pr.credit_amount_currency, -pr.amount,
               pr.max_date, d.today
          FROM account_partial_reconcile pr
          JOIN days d ON d.company_id = pr.company_id AND pr.max_date <= d.today
           ) r
      JOIN account_move_line l ON l.id = r.line_id AND l.display_type = 'payment_term'
     UNION ALL
    -- instalments of nothing are settled by themselves
    SELECT 0, l.id, 0, 0, l.date, d.today, l.date_maturity,
           COALESCE(l.billing_is_retention, FALSE), TRUE
      FROM (SELECT DISTINCT s.move_line_id FROM project_billing_share s
             WHERE s.gross = 0 AND s.gross_company = 0) s
      JOIN account_move_line l ON l.id = s.move_line_id
      JOIN days d ON d.company_id = l.company_id AND l.date <= d.today
     WHERE l.display_type = 'payment_term' AND l.parent_state = 'posted'
       AND l.amount_currency = 0 AND l.balance = 0
    """
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
        SELECT s.*, p.nr, p.day, p.today, p.date_maturity, p.is_retained, %(part)s
          FROM shares s JOIN parts p ON p.line_id = s.move_line_id
    ), nets AS (SELECT s.*, %(net)s FROM split s)
    SELECT n.id, n.project_id, n.rule_id, n.partner_id, n.company_id, n.currency_id,
           n.move_id, n.move_line_id, n.nr, n.day, n.today, n.date_maturity,
           n.is_retained, n.net_paid - COALESCE(lag(n.net_paid) OVER w, 0) AS net,
           n.gross_paid - COALESCE(lag(n.gross_paid) OVER w, 0) AS gross,
           n.net_company_paid - COALESCE(lag(n.net_company_paid) OVER w, 0)
           AS net_company,
           n.company_paid - COALESCE(lag(n.company_paid) OVER w, 0) AS gross_company
      FROM nets n WINDOW w AS (PARTITION BY n.id ORDER BY n.nr)
    """,
    places=_PLACES,
    window=_PLACES_WINDOW,
    part=_build_part(SQL("p.upto_paid"), SQL("p.upto_paid_company")),
    net=_NET_PART,
)

# every payment of every share
PAID = SQL(
    """
    WITH matches AS MATERIALIZED (%(matches)s)
    SELECT n.id::int8 * %(most)s + n.nr AS row_id, 'instalment' AS source,
           'paid' AS stage, %(instalment)s, n.is_retained, %(days)s,
           n.date_maturity AS date_due, n.day AS date_paid, n.net, n.gross,
           n.net_company, n.gross_company, n.today
      FROM (
        SELECT s.id, s.project_id, s.rule_id, s.partner_id, s.company_id,
               s.currency_id, s.move_id, s.move_line_id, 1 AS nr, p.day, p.today,
               p.date_maturity, p.is_retained, s.net, s.gross, s.net_company,
               s.gross_company
          FROM matches p
          JOIN project_billing_share s ON s.move_line_id = p.line_id
         WHERE p.is_whole
         UNION ALL
        SELECT * FROM (%(steps)s) t
           ) n
      JOIN account_move m ON m.id = n.move_id
     WHERE n.gross != 0 OR n.gross_company != 0 OR n.net != 0 OR n.net_company != 0
    """,
    matches=_MATCHES,
    most=MOST,
    instalment=_INSTALMENT,
    days=_INSTALMENT_DAYS,
    steps=_STEPS,
)

# open lines that belong to no document: unmatched payments, opening balances
OTHERS = SQL(
    """
    SELECT o.id AS row_id, 'entry' AS source,
           CASE WHEN o.date_due < o.today THEN 'overdue' ELSE 'open' END AS stage,
           NULL::int4 AS project_id, NULL::int4 AS rule_id, NULL::int4 AS item_id,
           NULL::int4 AS milestone_id, o.partner_id, o.company_id, o.currency_id,
           o.move_id, o.id AS move_line_id,
           o.account_type = 'liability_payable' AS is_payable,
           FALSE AS is_held, FALSE AS is_retained, NULL::date AS date_planned,
           o.date AS date_invoiced, o.date_due, NULL::date AS date_paid,
           o.gross AS net, o.gross, o.company AS net_company,
           o.company AS gross_company, o.today
      FROM (SELECT l.*,
                   -- a payment that waits for its invoice is never late
                   CASE WHEN (l.account_type = 'asset_receivable') = (l.company > 0)
                        THEN COALESCE(l.date_maturity, l.date) END AS date_due
              FROM open_lines l) o
     WHERE NOT EXISTS (SELECT 1 FROM project_billing_share s
                        WHERE s.move_line_id = o.id)
    """
)
