"""The fact table: where every amount stands, as one query over what is stored.

Parts of the union, each with the same columns: what is open of instalments, what was
paid of them or given up as a bad debt, receivable and payable lines of no document,
lines of drafts, items (planned, ready), unbilled time per rule and month. Days come
from Python as values, one for each company: the database knows neither its zone nor a
past day.
"""

from odoo.tools import SQL

from .pauses import join_pauses, select_flag, select_paused
from .share import DIGITS
from .tracker_open import build_open, build_open_lines, build_others
from .tracker_paid import WHOLE, build_paid
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
    "today",
)
# parts of the union, each numbers its rows apart
PARTS = {
    "open": 0,
    "entry": 1,
    "paid": 2,
    "draft": 3,
    "item": 4,
    "time": 5,
    "lost": 6,
}
# instalments as they were invoiced, paid or not: no stage, only for those who ask
INVOICED = "invoiced"
# what the rows of each part may say
VALUES = {
    "open": {"source": {"instalment"}, "stage": {"open", "overdue"}},
    "entry": {"source": {"entry"}, "stage": {"open", "overdue"}},
    "paid": {"source": {"instalment"}, "stage": {"paid"}},
    "lost": {"source": {"instalment"}, "stage": {"bad_debt"}},
    "draft": {"source": {"draft"}, "stage": {"draft"}},
    "item": {"source": {"item"}, "stage": {"ready", "planned"}},
    "time": {"source": {"time"}, "stage": {"ready"}},
}
PAST_PARTS = ("open", "entry", "paid", "lost")
NUMBERS = 8
UNPAID = PARTS.keys() - {"paid", "lost"}


def build_tracker_query(
    days,
    earned=None,
    prepaid=None,
    is_past=False,
    parts=PARTS,
    projects=None,
    with_expected=False,
    paid_between=(None, None),
):
    """Return the query of the fact table.

    :param days: ``{company id: today}``, only these companies are read
    :param earned: ``{item id: amount}``, what progress items have earned so far
    :param prepaid: ``{rule id: amount}``, unbilled time that is paid for already
    :param is_past: the days are past ones: what is planned or not invoiced is left
        out, for it has no history; instalments stand as they stood then
    :param parts: names of ``PARTS``, others are left out
    :param projects: SQL of a query of ids: rows of other projects may be left out
    :param with_expected: also when open instalments are expected, see habit.py
    :param paid_between: first and last day, each or None: what was paid on other days
        may be left out
    """
    builders = {
        "open": lambda: build_open(projects),
        "entry": build_others,
        "paid": lambda: build_paid(bounds=paid_between),
        "lost": lambda: build_paid(is_lost=True, bounds=paid_between),
        "draft": lambda: _DRAFTS,
        "item": lambda: build_items(earned or {}, projects),
        "time": lambda: build_time(prepaid or {}, projects),
    }
    known = PAST_PARTS if is_past else PARTS
    wanted = [name for name in known if name in parts] or ["entry"]
    rows = [_number(builders[name](), name) for name in wanted]
    if INVOICED in parts:
        rows = [_number(WHOLE, INVOICED)]
    return SQL(
        """
        WITH days (company_id, today) AS (VALUES %(days)s), %(digits)s, %(open)s
        SELECT f.*, c.currency_id AS company_currency_id, p.user_id,
               CASE WHEN f.stage IN ('open', 'overdue')
                    THEN GREATEST(0, f.today - f.date_due) ELSE 0 END AS days_overdue,
               CASE WHEN f.stage NOT IN ('open', 'overdue') THEN NULL
                    WHEN f.today <= f.date_due OR f.date_due IS NULL THEN 'current'
                    WHEN f.today - f.date_due <= 30 THEN '1_30'
                    WHEN f.today - f.date_due <= 60 THEN '31_60'
                    WHEN f.today - f.date_due <= 90 THEN '61_90'
                    ELSE '90_more' END AS bucket, %(expected)s AS date_expected,
               %(disputed)s AS is_disputed, %(promised)s AS is_promised
          FROM (%(parts)s) f
          -- LEFT: an inner join makes PostgreSQL expect next to no rows, for it knows
          -- nothing about the columns of a union
          LEFT JOIN res_company c ON c.id = f.company_id
          LEFT JOIN project_project p ON p.id = f.project_id
          %(pauses)s
        """,
        pauses=join_pauses(days, "f"),
        disputed=select_flag("is_disputed", "f"),
        promised=select_flag("is_promised", "f"),
        expected=_build_expected() if with_expected else SQL("NULL::date"),
        days=SQL(", ").join(
            SQL("(%s::int4, %s::date)", company, day) for company, day in days.items()
        ),
        digits=DIGITS,
        open=build_open_lines(is_past),
        parts=SQL(" UNION ALL ").join(SQL("(%s)", part) for part in rows),
    )


def _build_expected():
    """Return the day on which what is open is expected; nothing else has one."""
    return SQL(
        """
        CASE WHEN f.stage NOT IN ('open', 'overdue') OR f.date_due >= DATE '2099-12-31'
             THEN NULL
             WHEN f.is_payable OR f.gross_company <= 0
             THEN GREATEST(COALESCE(f.date_due, f.date_invoiced), f.today)
             ELSE %s END
        """,
        select_paused(SQL("f.date_usual")),
    )


def _number(part, name):
    """Return a part with numbers of its own and the columns of all parts."""
    usual = SQL("q.date_usual" if name in ("open", "entry") else "NULL::date")
    return SQL(
        "SELECT %(first)s %(columns)s, %(usual)s AS date_usual FROM (%(part)s) q",
        first=SQL("q.row_id::int8 * %s + %s AS id,", NUMBERS, PARTS.get(name, 0)),
        columns=SQL(", ").join(SQL.identifier("q", name) for name in COLUMNS[1:]),
        usual=usual,
        part=part,
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
                 ELSE l.price_total / l.price_subtotal END, cc.digits) AS gross_company,
           d.today
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
