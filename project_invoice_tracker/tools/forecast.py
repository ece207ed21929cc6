"""Cash that will come in and go out, day by day, as one query over the fact table.

The rows of the tracker that are not paid yet, and the run rate of time and materials
beside them, pass four steps: on which day is it invoiced; which instalments does the
payment term make of it; when is each of them due; when is it expected. What is posted
has its instalments, and the tracker knows when they are expected. Then every
instalment stands on its expected day and on its due day: two rows, unless both are the
same, each with its amount in the column of its own date. Days that have passed count
as today, for money cannot come in yesterday; what has no day at all has none here.
"""

from odoo.tools import SQL

from .forecast_terms import COLUMNS, build_coming, build_drafts
from .pauses import NEVER
from .share import DIGITS

# columns of the fact table that the steps read
FACTS = (
    *(name for name in COLUMNS if name not in ("id", "tracker_id", "forecast_line_id")),
    "source",
    "stage",
    "date_planned",
    "date_invoiced",
    "date_due",
    "gross",
)
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
# parts of the tracker that are read as one
OWED = ("open", "entry")
WORK = ("item", "time")
# kinds of facts that number their rows apart
TRACKER, RUN_RATE, CASH, OTHER = range(4)
PARTS = 4
# instalments of one amount
TERMS = 64


def build_forecast_query(owed=None, draft=None, work=None, **beside):
    """Return the query of the forecast; what is not given is left out.

    :param owed: query of the fact table, of ``OWED``, with expected days
    :param draft: the same of drafts
    :param work: the same of ``WORK``
    :param beside: ``run_rate`` of :func:`.forecast_rate.build_run_rate`, ``cash`` and
        ``other`` of :mod:`.forecast_cash`
    """
    coming = [
        _number(rows, part)
        for rows, part in ((work, TRACKER), (beside.get("run_rate"), RUN_RATE))
        if rows
    ]
    pieces = [
        build(rows)
        for build, rows in (
            (_build_owed, owed and _number(owed, TRACKER, expected=True)),
            (build_drafts, draft and _number(draft, TRACKER)),
            (build_coming, SQL(" UNION ALL ").join(coming)),
            (_build_dated, beside.get("cash") and _number(beside["cash"], CASH)),
            (_build_dated, beside.get("other") and _number(beside["other"], OTHER)),
        )
        if rows
    ]
    return SQL(
        """
        WITH %(digits)s, dated AS MATERIALIZED (%(pieces)s)
        SELECT (p.id * %(terms)s + p.nr) * 2 AS id, p.date_expected AS date,
               TRUE AS on_expected,
               p.date_expected IS NOT DISTINCT FROM p.date_plain AS on_due,
               %(columns)s, p.amount_company AS expected,
               CASE WHEN p.date_expected IS NOT DISTINCT FROM p.date_plain
                    THEN p.amount_company ELSE 0 END AS due
          FROM dated p
         UNION ALL
        SELECT (p.id * %(terms)s + p.nr) * 2 + 1, p.date_plain, FALSE, TRUE,
               %(columns)s, 0, p.amount_company
          FROM dated p
         WHERE p.date_expected IS DISTINCT FROM p.date_plain
        """,
        digits=DIGITS,
        pieces=SQL(" UNION ALL ").join(map(_select_piece, pieces)),
        terms=TERMS,
        columns=_COLUMNS,
    )


_COLUMNS = SQL(
    """
    p.tracker_id, p.forecast_line_id, p.kind, p.direction, p.project_id, p.user_id,
    p.rule_id, p.item_id, p.partner_id, p.company_id, p.currency_id,
    p.company_currency_id, p.move_id, p.move_line_id, p.is_held, p.is_retained,
    p.date_invoice, p.due AS date_due, p.date_expected, p.amount
    """
)


def _select_piece(piece):
    """Return what the forecast says of instalments, computed once for both rows."""
    return SQL(
        """
        SELECT p.id, p.tracker_id, p.forecast_line_id, p.kind,
               CASE WHEN p.kind = 'cash' THEN 'cash' WHEN p.is_payable THEN 'out'
                    ELSE 'in' END AS direction,
               p.project_id, p.user_id, p.rule_id, p.item_id, p.partner_id,
               p.company_id, p.currency_id, p.company_currency_id, p.move_id,
               p.move_line_id, p.is_held, p.is_retained, p.date_invoice, p.nr, p.due,
               p.date_plain, p.date_expected, p.amount, p.amount_company
          FROM (%s) p
        """,
        piece,
    )


def _number(rows, part, expected=False):
    """Return facts with a number among all parts, and where they come from."""
    return SQL(
        """
        SELECT t.id::int8 * %(parts)s + %(part)s AS id, %(tracker)s AS tracker_id,
               %(line)s AS forecast_line_id, %(columns)s%(expected)s
          FROM (%(rows)s) t
        """,
        parts=PARTS,
        part=part,
        tracker=SQL("t.id") if part == TRACKER else SQL("NULL::int8"),
        line=SQL("t.id") if part == OTHER else SQL("NULL::int4"),
        columns=SQL(", ").join(SQL.identifier("t", name) for name in FACTS),
        expected=SQL(", t.date_expected") if expected else SQL(),
        rows=rows,
    )


def _build_owed(rows):
    """Return what is posted: an instalment is due and expected on its days.

    A payment that no document was matched with counts from its own day.
    """
    return SQL(
        """
        SELECT q.*, CASE WHEN q.due IS NOT NULL THEN GREATEST(q.due, q.today) END
               AS date_plain
          FROM (SELECT f.*, 0 AS nr, f.gross AS amount,
                       f.gross_company AS amount_company,
                       CASE WHEN f.source = 'entry' THEN 'entry'
                            WHEN f.is_payable THEN 'bill' ELSE 'invoice' END AS kind,
                       f.date_invoiced AS date_invoice,
                       CASE WHEN f.date_due >= %(never)s THEN NULL
                            ELSE COALESCE(f.date_due, f.date_invoiced) END AS due
                  FROM (%(rows)s) f) q
        """,
        rows=rows,
        never=NEVER,
    )


def _build_dated(rows):
    """Return amounts that have a day of their own."""
    return SQL(
        """
        SELECT f.*, 0 AS nr, f.gross AS amount, f.gross_company AS amount_company,
               f.source AS kind, f.date_due AS date_invoice, d.due,
               d.due AS date_plain, d.due AS date_expected
          FROM (%(rows)s) f
         CROSS JOIN LATERAL (SELECT CASE WHEN f.date_due < %(never)s
                                         THEN f.date_due END AS due) d
        """,
        rows=rows,
        never=NEVER,
    )
