"""Amounts that are on no posted document yet, as the instalments they will become."""

from odoo.tools import SQL

from .habit_query import join_habits, select_usual
from .pauses import NEVER

# what all instalments say beside their days and amounts
COLUMNS = (
    "id",
    "tracker_id",
    "forecast_line_id",
    "project_id",
    "user_id",
    "rule_id",
    "item_id",
    "partner_id",
    "company_id",
    "currency_id",
    "company_currency_id",
    "move_id",
    "move_line_id",
    "is_payable",
    "is_held",
    "is_retained",
    "today",
    "gross_company",
)

# what is on no invoice yet: on which day will it be, by which term is it paid?
# LEFT joins, for PostgreSQL knows nothing about the columns of a union and would expect
# next to no rows of inner ones. OFFSET 0 here and below: a day is computed once, not
# again in each expression that reads it
_COMING = """
    SELECT f.*, cu.rounding, cc.rounding AS rounding_company,
           CASE WHEN f.source IN ('time', 'run_rate') THEN f.source ELSE f.stage END
           AS kind,
           COALESCE(r.payment_term_id,
                    (b.property_payment_term_id ->> f.company_id::text)::int4)
           AS term_id,
           CASE WHEN NOT f.is_held THEN
                d.day + CASE WHEN c.billing_schedule_active
                        THEN GREATEST(0, c.billing_schedule_date - d.day) ELSE 0 END
                END AS date_invoice
      FROM (%s) f
      LEFT JOIN res_company c ON c.id = f.company_id
      LEFT JOIN res_currency cu ON cu.id = f.currency_id
      LEFT JOIN res_currency cc ON cc.id = c.currency_id
      LEFT JOIN project_billing_rule r ON r.id = f.rule_id
      LEFT JOIN project_project p ON p.id = f.project_id
      LEFT JOIN res_partner b ON b.id = f.partner_id
     CROSS JOIN LATERAL (SELECT CASE
           WHEN f.stage = 'ready' AND f.source != 'time' THEN f.today
           WHEN COALESCE(f.date_planned, p.date) IS NOT NULL
           THEN GREATEST(f.today, COALESCE(f.date_planned, p.date)) END AS day) d
    OFFSET 0
"""

# the due date of a line of a payment term (t) for an invoice of f.date_invoice, as the
# host computes it
_TERM_DUE = SQL(
    """
    CASE t.delay_type
    WHEN 'days_after_end_of_month'
    THEN (date_trunc('month', f.date_invoice) + interval '1 month - 1 day')::date
         + t.nb_days
    WHEN 'days_after_end_of_next_month'
    THEN (date_trunc('month', f.date_invoice) + interval '2 months - 1 day')::date
         + t.nb_days
    WHEN 'days_end_of_month_on_the'
    THEN CASE WHEN COALESCE(NULLIF(t.days_next_month, ''), '1') = '0'
              THEN (date_trunc('month', f.date_invoice + t.nb_days)
                    + interval '1 month - 1 day')::date
              ELSE LEAST(
                   (date_trunc('month', f.date_invoice + t.nb_days)
                    + interval '1 month')::date
                   + COALESCE(NULLIF(t.days_next_month, ''), '1')::int - 1,
                   (date_trunc('month', f.date_invoice + t.nb_days)
                    + interval '2 months - 1 day')::date) END
    ELSE f.date_invoice + t.nb_days END
    """
)

# lines of payment terms: percent and amount of each line with those before it
_TERMS = SQL(
    """
    SELECT t.payment_id, t.delay_type, t.nb_days, t.days_next_month,
           row_number() OVER w AS nr, count(*) OVER (PARTITION BY t.payment_id) AS size,
           SUM(v.part) OVER w AS part, SUM(v.part) OVER w - v.part AS part_before,
           SUM(v.amount) OVER w AS amount,
           SUM(v.amount) OVER w - v.amount AS amount_before
      FROM account_payment_term_line t
     CROSS JOIN LATERAL (
           SELECT CASE WHEN t.value = 'percent' THEN t.value_amount / 100 ELSE 0 END
                  AS part,
                  CASE WHEN t.value = 'percent' THEN 0 ELSE t.value_amount END
                  AS amount) v
    WINDOW w AS (PARTITION BY t.payment_id ORDER BY t.id)
    """
)

# where an instalment begins and ends, as a part of the amount
_COMING_PIECES = """
    SELECT f.*, COALESCE(t.nr, 0)::int4 AS nr,
           COALESCE(%(due)s, f.date_due, f.date_invoice) AS due,
           CASE WHEN t.nr IS NULL OR t.nr = t.size THEN 1 ELSE LEAST(1, t.part
                + t.amount / NULLIF(abs(f.gross), 0)) END AS upto,
           CASE WHEN t.nr IS NULL OR t.nr = 1 THEN 0 ELSE LEAST(1, t.part_before
                + t.amount_before / NULLIF(abs(f.gross), 0)) END AS before
      FROM (%(coming)s) f
      LEFT JOIN (%(terms)s) t ON t.payment_id = f.term_id
"""

_DRAFT_PIECES = """
    SELECT f.*, COALESCE(s.nr, 0) AS nr, COALESCE(s.due, f.date_due, f.date_invoice)
           AS due, COALESCE(s.upto, 1) AS upto,
           COALESCE(lag(s.upto) OVER (PARTITION BY f.id ORDER BY s.nr), 0) AS before
      FROM (SELECT f.*, cu.rounding, cc.rounding AS rounding_company, 'draft' AS kind,
                   COALESCE(f.date_invoiced, f.today) AS date_invoice
              FROM (%(rows)s) f
              LEFT JOIN res_currency cu ON cu.id = f.currency_id
              LEFT JOIN res_currency cc ON cc.id = f.company_currency_id) f
      LEFT JOIN LATERAL (
           SELECT (row_number() OVER w)::int4 AS nr, t.date_maturity AS due,
                  SUM(t.balance) OVER w / NULLIF(SUM(t.balance) OVER (), 0) AS upto
             FROM account_move_line t
            WHERE t.move_id = f.move_id AND t.display_type = 'payment_term'
           WINDOW w AS (ORDER BY t.date_maturity, t.id)) s ON TRUE
"""


def build_coming(rows):
    """Return the instalments of what is on no invoice yet.

    :param rows: SQL of items, unbilled time and the run rate
    """
    coming = SQL(_COMING, rows)
    return _build_usual(SQL(_COMING_PIECES, due=_TERM_DUE, coming=coming, terms=_TERMS))


def build_drafts(rows):
    """Return the instalments of draft documents, as the host has split them.

    :param rows: SQL of lines of drafts
    """
    return _build_usual(SQL(_DRAFT_PIECES, rows=rows))


def _build_usual(pieces):
    """Return the instalments with the days on which they are due and expected.

    Held work has no day. Money that goes out is paid when it is due; a credit counts
    from its own day.
    """
    due, today = SQL("q.due"), SQL("q.today")
    return SQL(
        """
        SELECT q.*, CASE WHEN q.due IS NOT NULL THEN GREATEST(q.due, q.today) END
               AS date_plain,
               CASE WHEN q.due IS NULL THEN NULL
                    WHEN q.is_payable OR q.gross_company <= 0
                    THEN GREATEST(q.due, q.today) ELSE %(usual)s END AS date_expected
          FROM (SELECT %(columns)s, f.kind, f.nr, f.date_invoice,
                       CASE WHEN f.due < %(never)s AND NOT f.is_held THEN f.due END
                       AS due, %(amount)s AS amount, %(company)s AS amount_company
                  FROM (%(pieces)s) f
                OFFSET 0) q
          %(habits)s
        """,
        usual=select_usual(due, today),
        columns=SQL(", ").join(SQL.identifier("f", name) for name in COLUMNS),
        never=NEVER,
        amount=_build_part(SQL("f.gross"), SQL("f.rounding")),
        company=_build_part(SQL("f.gross_company"), SQL("f.rounding_company")),
        pieces=pieces,
        habits=join_habits(SQL("q.company_id"), SQL("q.partner_id")),
    )


def _build_part(amount, rounding):
    """Return an instalment's part of an amount: to the cent, the sum is the amount."""
    return SQL(
        """
        CASE WHEN f.upto = 1 AND f.before = 0 THEN %(amount)s ELSE
             round(%(amount)s * f.upto / %(rounding)s) * %(rounding)s
             - round(%(amount)s * f.before / %(rounding)s) * %(rounding)s END
        """,
        amount=amount,
        rounding=rounding,
    )
