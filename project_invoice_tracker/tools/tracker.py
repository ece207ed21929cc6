"""The fact table: where every amount stands, as one query over what is stored.

Parts of the union, each with the same columns: what is open of instalments, what was
paid of them, receivable and payable lines of no document, lines of drafts, items
(planned, ready), unbilled time per rule and month. Days come from Python as values, one
for each company: the database knows neither its zone nor a past day.
"""

from odoo.tools import SQL

from .habit_query import join_habits, select_expected
from .pauses import join_pauses, select_flag, select_paused
from .share import DIGITS
from .tracker_work import build_items, build_time

COLUMNS = (
    "id",
    "source",
    "stage",
    "project_id",
    "rule_id",
    "item_id",
    "milestone_id",
    "partner_id",
    "company_id",
    "currency_id",
    "move_id",
    "move_line_id",
    "is_payable",
    "is_held",
    "is_retained",
    "date_planned",
    "date_invoiced",
    "date_due",
    "date_paid",
    "net",
    "gross",
    "net_company",
    "gross_company",
)
# each part of the union numbers its rows apart
PARTS = 8


def build_tracker_query(
    days,
    earned=None,
    prepaid=None,
    is_past=False,
    with_paid=True,
    with_expected=False,
):
    """Return the query of the fact table.

    :param days: ``{company id: today}``, only these companies are read
    :param earned: ``{item id: amount}``, what progress items have earned so far
    :param prepaid: ``{rule id: amount}``, unbilled time that is paid for already
    :param with_paid: also what is paid
    :param with_expected: also when open instalments are expected, see habit.py
    :param is_past: the days are past ones: what is planned or not invoiced is left
        out, for it has no history; instalments stand as they stood then
    """
    opened = _OPEN_ON_A_DAY if is_past else _OPEN_NOW
    others = _OTHERS_ON_A_DAY if is_past else _OTHERS_NOW
    parts = {0: _build_open(opened), 1: _build_others(others)}
    if with_paid:
        parts[2] = _PAID
    if not is_past:
        parts[3] = _DRAFTS
        parts[4] = build_items(earned or {})
        parts[5] = build_time(prepaid or {})
    return SQL(
        """
        WITH days (company_id, today) AS (VALUES %(days)s), %(digits)s
        SELECT f.*, d.today, c.currency_id AS company_currency_id,
               p.user_id,
               CASE WHEN f.stage IN ('open', 'overdue')
                    THEN GREATEST(0, d.today - f.date_due) ELSE 0 END AS days_overdue,
               CASE WHEN f.stage NOT IN ('open', 'overdue') THEN NULL
                    WHEN d.today <= f.date_due OR f.date_due IS NULL THEN 'current'
                    WHEN d.today - f.date_due <= 30 THEN '1_30'
                    WHEN d.today - f.date_due <= 60 THEN '31_60'
                    WHEN d.today - f.date_due <= 90 THEN '61_90'
                    ELSE '90_more' END AS bucket, %(expected)s AS date_expected,
               %(disputed)s AS is_disputed, %(promised)s AS is_promised
          FROM (%(parts)s) f
          JOIN days d ON d.company_id = f.company_id
          JOIN res_company c ON c.id = f.company_id
          LEFT JOIN project_project p ON p.id = f.project_id
          %(habits)s
          %(pauses)s
        """,
        pauses=join_pauses(days, "f"),
        disputed=select_flag("is_disputed", "f"),
        promised=select_flag("is_promised", "f"),
        expected=_build_expected() if with_expected else SQL("NULL::date"),
        habits=_HABITS if with_expected else SQL(),
        days=SQL(", ").join(
            SQL("(%s::int4, %s::date)", company, day) for company, day in days.items()
        ),
        digits=DIGITS,
        parts=SQL(" UNION ALL ").join(
            SQL("(%s)", _number(part, number)) for number, part in parts.items()
        ),
    )


_HABITS = join_habits(
    SQL("f.company_id"), SQL("f.partner_id"), SQL("f.date_due"), SQL("d.today")
)


def _build_expected():
    """Return the day on which what is open is expected; nothing else has one."""
    return SQL(
        """
        CASE WHEN f.stage NOT IN ('open', 'overdue') OR f.date_due >= DATE '2099-12-31'
             THEN NULL
             WHEN f.is_payable OR f.gross_company <= 0
             THEN GREATEST(f.date_due, d.today)
             ELSE %s END
        """,
        select_paused(select_expected(SQL("f.date_due"), SQL("d.today"))),
    )


def _number(part, number):
    return SQL(
        "SELECT %(first)s %(columns)s FROM (%(part)s) q",
        first=SQL("q.row_id::int8 * %s + %s AS id,", PARTS, number),
        columns=SQL(", ").join(SQL.identifier("q", name) for name in COLUMNS[1:]),
        part=part,
    )


# every match of a receivable or payable line by the day, signed like the line
_MATCHES = SQL(
    """
    SELECT r.id, r.line_id, r.paid, r.paid_company, r.day, r.company_id
      FROM (
        SELECT pr.id, pr.debit_move_id AS line_id, pr.debit_amount_currency AS paid,
               pr.amount AS paid_company, pr.max_date AS day, pr.company_id
          FROM account_partial_reconcile pr
         UNION ALL
        SELECT pr.id, pr.credit_move_id, -pr.credit_amount_currency, -pr.amount,
               pr.max_date, pr.company_id
          FROM account_partial_reconcile pr
           ) r
      JOIN days d ON d.company_id = r.company_id AND r.day <= d.today
    """
)

# instalments of nothing are settled by themselves
_ZEROS = SQL(
    """
    SELECT 0, l.id, 0, 0, l.date, l.company_id
      FROM account_move_line l
      JOIN days d ON d.company_id = l.company_id AND l.date <= d.today
     WHERE l.display_type = 'payment_term' AND l.parent_state = 'posted'
       AND l.amount_currency = 0 AND l.balance = 0
    """
)

# what was paid of every line by the day
_SETTLED = SQL(
    """
    SELECT line_id, SUM(paid) AS paid, SUM(paid_company) AS paid_company
      FROM (%s) r GROUP BY line_id
    """,
    _MATCHES,
)

# lines with what was paid of them: (id, paid, paid in company currency)
_OPEN_NOW = SQL(
    """
    SELECT l.id, l.amount_currency - l.amount_residual_currency AS paid,
           l.balance - l.amount_residual AS paid_company
      FROM account_move_line l
     WHERE l.reconciled IS NOT TRUE AND l.display_type = 'payment_term'
    """
)
_OPEN_ON_A_DAY = SQL(
    """
    SELECT l.id, COALESCE(paid.paid, 0) AS paid,
           COALESCE(paid.paid_company, 0) AS paid_company
      FROM account_move_line l
      JOIN days d ON d.company_id = l.company_id AND l.date <= d.today
      LEFT JOIN (%s) paid ON paid.line_id = l.id
     WHERE l.display_type = 'payment_term'
       AND (COALESCE(paid.paid, 0) != l.amount_currency
            OR COALESCE(paid.paid_company, 0) != l.balance)
    """,
    _SETTLED,
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

# what a row of an instalment says beside its amounts
_INSTALMENT = SQL(
    """
    n.project_id, n.rule_id, NULL::int4 AS item_id, NULL::int4 AS milestone_id,
    n.partner_id, n.company_id, n.currency_id, n.move_id, n.move_line_id,
    left(m.move_type, 3) = 'in_' AS is_payable, FALSE AS is_held,
    COALESCE(l.billing_is_retention, FALSE) AS is_retained,
    NULL::date AS date_planned, COALESCE(m.invoice_date, m.date) AS date_invoiced,
    l.date_maturity AS date_due
    """
)


def _build_open(lines):
    """Return the open part of each share of an instalment."""
    return SQL(
        """
        WITH shares AS (
            SELECT s.*, o.paid, o.paid_company, cu.digits, cc.digits AS digits_company,
                   %(places)s
              FROM project_billing_share s
              JOIN (%(lines)s) o ON o.id = s.move_line_id
              JOIN digits cu ON cu.id = s.currency_id
              JOIN digits cc ON cc.id = s.company_currency_id
            %(window)s
        ), split AS (SELECT s.*, %(part)s FROM shares s
        ), nets AS (SELECT s.*, %(net)s FROM split s)
        SELECT n.id AS row_id, 'instalment' AS source,
               CASE WHEN l.date_maturity < d.today THEN 'overdue' ELSE 'open' END
               AS stage, %(instalment)s, NULL::date AS date_paid,
               n.net - n.net_paid AS net, n.gross - n.gross_paid AS gross,
               n.net_company - n.net_company_paid AS net_company,
               n.gross_company - n.company_paid AS gross_company
          FROM nets n
          JOIN account_move_line l ON l.id = n.move_line_id
          JOIN account_move m ON m.id = n.move_id
          JOIN days d ON d.company_id = n.company_id
         WHERE n.gross != n.gross_paid OR n.gross_company != n.company_paid
        """,
        places=_PLACES,
        lines=lines,
        window=_PLACES_WINDOW,
        part=_build_part(SQL("s.paid"), SQL("s.paid_company")),
        net=_NET_PART,
        instalment=_INSTALMENT,
    )


# every payment of every share: what is paid with it less what was paid before
_PAID = SQL(
    """
    WITH shares AS (
        SELECT s.*, cu.digits, cc.digits AS digits_company, %(places)s
          FROM project_billing_share s
          JOIN digits cu ON cu.id = s.currency_id
          JOIN digits cc ON cc.id = s.company_currency_id
        %(window)s
    ), matches AS (
        SELECT r.*, row_number() OVER w AS nr, SUM(r.paid) OVER w AS upto_paid,
               SUM(r.paid_company) OVER w AS upto_paid_company
          FROM (%(matches)s UNION ALL %(zeros)s) r
        WINDOW w AS (PARTITION BY r.line_id ORDER BY r.day, r.id)
    ), split AS (
        SELECT s.*, p.nr, p.day, %(part)s
          FROM shares s JOIN matches p ON p.line_id = s.move_line_id
    ), nets AS (SELECT s.*, %(net)s FROM split s
    ), steps AS (
        SELECT n.*,
               n.gross_paid - COALESCE(lag(n.gross_paid) OVER w, 0) AS gross_step,
               n.company_paid - COALESCE(lag(n.company_paid) OVER w, 0)
               AS company_step,
               n.net_paid - COALESCE(lag(n.net_paid) OVER w, 0) AS net_step,
               n.net_company_paid - COALESCE(lag(n.net_company_paid) OVER w, 0)
               AS net_company_step
          FROM nets n WINDOW w AS (PARTITION BY n.id ORDER BY n.nr)
    )
    SELECT n.id::int8 * %(most)s + n.nr AS row_id, 'instalment' AS source,
           'paid' AS stage, %(instalment)s, n.day AS date_paid, n.net_step AS net,
           n.gross_step AS gross, n.net_company_step AS net_company,
           n.company_step AS gross_company
      FROM steps n
      JOIN account_move_line l ON l.id = n.move_line_id
      JOIN account_move m ON m.id = n.move_id
     WHERE n.gross_step != 0 OR n.company_step != 0
        OR n.net_step != 0 OR n.net_company_step != 0
    """,
    places=_PLACES,
    window=_PLACES_WINDOW,
    matches=_MATCHES,
    zeros=_ZEROS,
    part=_build_part(SQL("p.upto_paid"), SQL("p.upto_paid_company")),
    net=_NET_PART,
    instalment=_INSTALMENT,
    # payments of one instalment that keep their own row number
    most=4096,
)


# receivable and payable lines without a share, with what is open of them
_OTHERS_NOW = SQL(
    """
    SELECT l.id, l.amount_residual_currency AS gross, l.amount_residual AS company
      FROM account_move_line l
     WHERE l.reconciled IS NOT TRUE
       AND (l.amount_residual_currency != 0 OR l.amount_residual != 0)
    """
)
_OTHERS_ON_A_DAY = SQL(
    """
    SELECT l.id, l.amount_currency - COALESCE(paid.paid, 0) AS gross,
           l.balance - COALESCE(paid.paid_company, 0) AS company
      FROM account_move_line l
      JOIN days d ON d.company_id = l.company_id AND l.date <= d.today
      LEFT JOIN (%s) paid ON paid.line_id = l.id
     WHERE l.amount_currency != COALESCE(paid.paid, 0)
        OR l.balance != COALESCE(paid.paid_company, 0)
    """,
    _SETTLED,
)


def _build_others(lines):
    """Return unmatched payments, opening balances: the sum is that of the ledger."""
    return SQL(
        """
        SELECT l.id AS row_id, 'entry' AS source,
               CASE WHEN o.date_due < d.today THEN 'overdue' ELSE 'open' END
               AS stage, NULL::int4 AS project_id, NULL::int4 AS rule_id,
               NULL::int4 AS item_id, NULL::int4 AS milestone_id, l.partner_id,
               l.company_id, l.currency_id, l.move_id, l.id AS move_line_id,
               a.account_type = 'liability_payable' AS is_payable,
               FALSE AS is_held, FALSE AS is_retained, NULL::date AS date_planned,
               l.date AS date_invoiced, o.date_due,
               NULL::date AS date_paid, o.gross AS net, o.gross,
               o.company AS net_company, o.company AS gross_company
          FROM account_account a
          JOIN account_move_line l ON l.account_id = a.id
          JOIN (%(lines)s) f ON f.id = l.id
         CROSS JOIN LATERAL (
               -- a payment that waits for its invoice is never late
               SELECT f.gross, f.company,
                      CASE WHEN (a.account_type = 'asset_receivable')
                                = (f.company > 0)
                           THEN COALESCE(l.date_maturity, l.date) END AS date_due) o
          JOIN days d ON d.company_id = l.company_id
         WHERE a.account_type IN ('asset_receivable', 'liability_payable')
           AND l.parent_state = 'posted'
           AND NOT EXISTS (SELECT 1 FROM project_billing_share s
                            WHERE s.move_line_id = l.id)
        """,
        lines=lines,
    )


# lines of drafts that bill work, and lines typed by hand for a project's account
_DRAFTS = SQL(
    """
    SELECT l.id AS row_id, 'draft' AS source, 'draft' AS stage, p.id AS project_id,
           b.rule_id, b.item_id, i.milestone_id, m.commercial_partner_id AS partner_id,
           l.company_id, l.currency_id, l.move_id, NULL::int4 AS move_line_id,
           left(m.move_type, 3) = 'in_' AS is_payable, FALSE AS is_held,
           FALSE AS is_retained, NULL::date AS date_planned,
           m.invoice_date AS date_invoiced, m.invoice_date_due AS date_due,
           NULL::date AS date_paid,
           -l.amount_currency AS net,
           sign(-l.amount_currency) * abs(l.price_total) AS gross,
           -l.balance AS net_company,
           round(-l.balance * CASE WHEN l.price_subtotal = 0 THEN 1
                 ELSE l.price_total / l.price_subtotal END, cc.digits) AS gross_company
      FROM account_move_line l
      JOIN account_move m ON m.id = l.move_id
      JOIN days d ON d.company_id = l.company_id
      JOIN res_company c ON c.id = l.company_id
      JOIN digits cc ON cc.id = c.currency_id
      LEFT JOIN LATERAL (
           SELECT a.rule_id, CASE WHEN a.analytic_line_id IS NULL THEN a.item_id END
                  AS item_id
             FROM project_billing_allocation a
            WHERE a.move_line_id = l.id ORDER BY a.id LIMIT 1) b ON TRUE
      LEFT JOIN project_billing_rule r ON r.id = b.rule_id
      LEFT JOIN project_billing_item i ON i.id = b.item_id
      LEFT JOIN LATERAL (
           SELECT min(h.id) AS id FROM project_project h
            WHERE b.rule_id IS NULL
              AND jsonb_typeof(l.analytic_distribution) = 'object'
              AND EXISTS (SELECT 1 FROM jsonb_object_keys(l.analytic_distribution) k
                           WHERE h.account_id::text = ANY(string_to_array(k, ',')))
           HAVING count(*) = 1) t ON TRUE
      JOIN project_project p ON p.id = COALESCE(r.project_id, t.id)
     WHERE m.state = 'draft' AND l.display_type = 'product'
       AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt',
                           'in_invoice', 'in_refund', 'in_receipt')
    """
)
