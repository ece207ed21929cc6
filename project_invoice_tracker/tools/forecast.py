"""Cash that will come in and go out, day by day, as one query over the fact table.

The rows of the tracker that are not paid yet, and the run rate of time and materials
beside them, pass four steps: on which day is it invoiced; which instalments does the
payment term make of it; when is each of them due; when is it expected. Then every
instalment stands on its expected day and on its due day: two rows, unless both are the
same, each with its amount in the column of its own date. Days that have passed count
as today, for money cannot come in yesterday; what has no day at all has none here.
"""

from odoo.tools import SQL

from .habit_query import join_habits, select_expected, select_usual
from .pauses import join_pauses, select_paused
from .share import DIGITS

COLUMNS = (
    "source",
    "stage",
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
    "date_planned",
    "date_invoiced",
    "date_due",
    "today",
    "gross",
    "gross_company",
)
# kinds of facts that number their rows apart
PARTS = 4
# parts of the fact table, and what stands beside it -> kinds and directions of its rows
VALUES = {
    "open": {"kind": {"invoice", "bill"}, "direction": {"in", "out"}},
    "entry": {"kind": {"entry"}, "direction": {"in", "out"}},
    "draft": {"kind": {"draft"}, "direction": {"in", "out"}},
    "item": {"kind": {"ready", "planned"}, "direction": {"in"}},
    "time": {"kind": {"time"}, "direction": {"in"}},
    "run_rate": {"kind": {"run_rate"}, "direction": {"in"}},
    "cash": {"kind": {"cash"}, "direction": {"cash"}},
    "other": {"kind": {"manual"}, "direction": {"in", "out"}},
}
# instalments of one amount
TERMS = 64


def build_forecast_query(days, tracker=None, run_rate=None, cash=None, other=None):
    """Return the query of the forecast; what is not given is left out.

    :param days: ``{company id: today}``
    :param tracker: query of the fact table, of today, without what is paid
    :param run_rate: query of :func:`.forecast_rate.build_run_rate`
    :param cash: query of :func:`build_cash`
    :param other: query of :func:`build_other`
    """
    columns = SQL(", ").join(SQL.identifier("t", name) for name in COLUMNS)
    none = SQL("NULL::int4")
    facts = [
        SQL(
            """
            SELECT t.id::int8 * %(parts)s + %(number)s AS id, %(tracker)s AS tracker_id,
                   %(line)s AS forecast_line_id, %(columns)s
              FROM (%(rows)s) t
            """,
            parts=PARTS,
            number=number,
            tracker=SQL("t.id") if rows is tracker else SQL("NULL::int8"),
            line=SQL("t.id") if rows is other else none,
            columns=columns,
            rows=rows,
        )
        for number, rows in enumerate((tracker, run_rate, cash, other))
        if rows is not None
    ]
    return SQL(
        """
        WITH %(digits)s, facts AS (%(facts)s
        ), billed AS (%(billed)s), pieces AS (%(pieces)s), dated AS (%(dated)s)
        SELECT (p.id * %(terms)s + p.nr) * 2 + v.nr AS id, v.date,
               v.nr = 0 AS on_expected,
               v.nr = 1 OR p.date_expected IS NOT DISTINCT FROM p.date_plain AS on_due,
               p.tracker_id, p.forecast_line_id, p.kind, p.direction,
               p.project_id, p.user_id, p.rule_id, p.item_id, p.partner_id,
               p.company_id, p.currency_id, p.company_currency_id, p.move_id,
               p.move_line_id, p.is_held,
               p.is_retained, p.date_invoice, p.date_due, p.date_expected, p.amount,
               CASE WHEN v.nr = 0 THEN p.amount_company ELSE 0 END AS expected,
               CASE WHEN v.nr = 1 OR p.date_expected IS NOT DISTINCT FROM p.date_plain
                    THEN p.amount_company ELSE 0 END AS due
          FROM dated p
         CROSS JOIN LATERAL (VALUES (0, p.date_expected), (1, p.date_plain)
                             ) v (nr, date)
         WHERE v.nr = 0 OR p.date_expected IS DISTINCT FROM p.date_plain
        """,
        digits=DIGITS,
        facts=SQL(" UNION ALL ").join(facts),
        terms=TERMS,
        billed=_BILLED,
        pieces=_PIECES,
        dated=_build_dated(days),
    )


# on which day is it invoiced, by which term is it paid, in or out?
_BILLED = SQL(
    """
    SELECT f.*, cu.rounding, cc.rounding AS rounding_company,
           CASE WHEN f.source IN ('cash', 'manual') THEN f.source
                WHEN f.source = 'instalment' AND f.is_payable THEN 'bill'
                WHEN f.source = 'instalment' THEN 'invoice'
                WHEN f.source IN ('entry', 'draft', 'time', 'run_rate') THEN f.source
                ELSE f.stage END AS kind,
           CASE WHEN f.source = 'cash' THEN 'cash'
                WHEN f.is_payable THEN 'out' ELSE 'in' END AS direction,
           CASE WHEN f.source IN ('item', 'time', 'run_rate') THEN
                COALESCE(r.payment_term_id,
                         (b.property_payment_term_id ->> f.company_id::text)::int4)
                END AS term_id,
           CASE WHEN f.source IN ('instalment', 'entry', 'draft')
                THEN COALESCE(f.date_invoiced, f.today)
                WHEN f.is_held THEN NULL
                WHEN f.source IN ('cash', 'manual') THEN f.date_due
                ELSE d.day + CASE WHEN c.billing_schedule_active
                     THEN GREATEST(0, c.billing_schedule_date - d.day) ELSE 0 END
                END AS date_invoice
      FROM facts f
      LEFT JOIN res_company c ON c.id = f.company_id
      JOIN res_currency cu ON cu.id = f.currency_id
      JOIN res_currency cc ON cc.id = c.currency_id
      LEFT JOIN project_billing_rule r ON r.id = f.rule_id
      LEFT JOIN project_project p ON p.id = f.project_id
      LEFT JOIN res_partner b ON b.id = f.partner_id
     CROSS JOIN LATERAL (SELECT CASE
           WHEN f.stage = 'ready' AND f.source != 'time' THEN f.today
           WHEN COALESCE(f.date_planned, p.date) IS NOT NULL
           THEN GREATEST(f.today, COALESCE(f.date_planned, p.date)) END AS day) d
    """
)

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

# instalments: where each begins and ends, as a part of the amount
_PIECES = SQL(
    """
    SELECT f.*, COALESCE(s.nr, 0) AS nr, COALESCE(s.due, f.date_due, f.date_invoice)
           AS due, COALESCE(s.upto, 1) AS upto,
           COALESCE(lag(s.upto) OVER (PARTITION BY f.id ORDER BY s.nr), 0) AS before
      FROM billed f
      LEFT JOIN LATERAL (
           SELECT (row_number() OVER w)::int4 AS nr, t.date_maturity AS due,
                  SUM(t.balance) OVER w / NULLIF(SUM(t.balance) OVER (), 0) AS upto
             FROM account_move_line t
            WHERE f.source = 'draft' AND t.move_id = f.move_id
              AND t.display_type = 'payment_term'
           WINDOW w AS (ORDER BY t.date_maturity, t.id)
            UNION ALL
           SELECT (row_number() OVER w)::int4, %(term_due)s,
                  CASE WHEN row_number() OVER w = count(*) OVER () THEN 1
                       ELSE LEAST(1, SUM(CASE WHEN t.value = 'percent'
                            THEN t.value_amount / 100
                            ELSE t.value_amount / NULLIF(abs(f.gross), 0) END) OVER w)
                       END
             FROM account_payment_term_line t
            WHERE t.payment_id = f.term_id
           WINDOW w AS (ORDER BY t.id)
           ) s ON TRUE
    """,
    term_due=_TERM_DUE,
)


def build_days(days):
    """Return the rows of VALUES: company, its today."""
    return SQL(", ").join(
        SQL("(%s::int4, %s::date)", company, day) for company, day in days.items()
    )


def _build_dated(days):
    """Return the instalments with the days on which they are due and expected.

    Held work and retained shares without a release have no day. Money that goes out
    is paid when it is due; a credit or an unmatched payment counts from its own day.
    What is promised is expected on the day of the promise; what is disputed not before
    the end of the dispute, and on no day while it has no end.
    """
    due, today = SQL("q.due"), SQL("q.today")
    return SQL(
        """
        SELECT q.*, q.due AS date_due,
               CASE WHEN q.due IS NOT NULL THEN GREATEST(q.due, q.today) END
               AS date_plain,
               CASE WHEN q.due IS NULL THEN NULL
                    WHEN q.direction != 'in' OR q.gross_company <= 0
                      OR q.kind = 'manual' THEN GREATEST(q.due, q.today)
                    WHEN q.source = 'instalment' THEN %(paused)s
                    WHEN q.source = 'entry' THEN %(expected)s
                    ELSE %(usual)s END AS date_expected
          FROM (SELECT f.id, f.nr, f.tracker_id, f.forecast_line_id, f.kind,
                       f.direction, f.source,
                       f.project_id, f.user_id, f.rule_id, f.item_id, f.partner_id,
                       f.company_id, f.currency_id, f.company_currency_id, f.move_id,
                       f.move_line_id, f.is_held, f.is_retained, f.date_invoice,
                       f.today, f.gross_company,
                       CASE WHEN f.is_held OR f.due >= DATE '2099-12-31' THEN NULL
                            ELSE f.due END AS due,
                       %(amount)s AS amount, %(amount_company)s AS amount_company
                  FROM pieces f) q
          %(habits)s
          %(pauses)s
        """,
        paused=select_paused(select_expected(due, today)),
        pauses=join_pauses(days, "q"),
        amount=_build_part(SQL("f.gross"), SQL("f.rounding")),
        amount_company=_build_part(SQL("f.gross_company"), SQL("f.rounding_company")),
        expected=select_expected(due, today),
        usual=select_usual(due, today),
        habits=join_habits(SQL("q.company_id"), SQL("q.partner_id"), due, today),
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


def build_cash(days):
    """Return the money in bank and cash accounts today, one row for each company.

    Accounts that are left out of the forecast do not count.

    :param days: ``{company id: today}``
    """
    return SQL(
        """
        SELECT c.id, 'cash' AS source, 'open' AS stage, NULL::int4 AS project_id,
               NULL::int4 AS user_id, NULL::int4 AS rule_id, NULL::int4 AS item_id,
               NULL::int4 AS partner_id, c.id AS company_id, c.currency_id,
               c.currency_id AS company_currency_id, NULL::int4 AS move_id,
               NULL::int4 AS move_line_id, FALSE AS is_payable, FALSE AS is_held,
               FALSE AS is_retained, NULL::date AS date_planned,
               NULL::date AS date_invoiced, d.today AS date_due, d.today,
               SUM(l.balance) AS gross,
               SUM(l.balance) AS gross_company
          FROM account_account a
          JOIN account_move_line l ON l.account_id = a.id
          JOIN (VALUES %(days)s) d (company_id, today)
            ON d.company_id = l.company_id AND l.date <= d.today
          JOIN res_company c ON c.id = l.company_id
         WHERE a.account_type = 'asset_cash' AND l.parent_state = 'posted'
           AND a.billing_forecast_excluded IS NOT TRUE
         GROUP BY c.id, d.today
        """,
        days=build_days(days),
    )


def build_other(days):
    """Return what people entered: amounts of today and later.

    :param days: ``{company id: today}``
    """
    return SQL(
        """
        SELECT o.id, 'manual' AS source, 'planned' AS stage, o.project_id, p.user_id,
               NULL::int4 AS rule_id, NULL::int4 AS item_id, o.partner_id,
               o.company_id, c.currency_id, c.currency_id AS company_currency_id,
               NULL::int4 AS move_id, NULL::int4 AS move_line_id,
               o.amount < 0 AS is_payable, FALSE AS is_held, FALSE AS is_retained,
               o.date AS date_planned,
               NULL::date AS date_invoiced, o.date AS date_due, d.today,
               o.amount AS gross, o.amount AS gross_company
          FROM project_billing_forecast_line o
          JOIN (VALUES %(days)s) d (company_id, today)
            ON d.company_id = o.company_id AND o.date >= d.today
          JOIN res_company c ON c.id = o.company_id
          LEFT JOIN project_project p ON p.id = o.project_id
         WHERE o.active
        """,
        days=build_days(days),
    )
