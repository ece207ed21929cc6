"""Where the tracker and the books disagree: one query, one row for each difference.

What the tracker shows is compared with what it is made from, read another way: journal
items with their matches, invoice lines, rows of the ledger. Nothing is looked up for
each record: every part is a handful of joins over sums.
"""

from odoo.tools import SQL

from .check_columns import COLUMNS
from .check_gross import build_open_lines, build_receivables, build_strays
from .check_ledger import ENTRIES, ITEMS, LINES, STATES, TOTALS
from .check_net import build_plans, build_stages
from .check_share import ACCOUNTS, INSTALMENTS, PROJECTS
from .share import build_share_keys

# each part of the union numbers its rows apart
PARTS = 16
MOST_DOCUMENTS = 1000


def build_check_query(days, now, facts, rooms, notices, prepaid=None, day_facts=None):
    """Return the query of the differences.

    :param days: ``{company id: day}``, only these companies are read
    :param now: ``{company id: today}``
    :param facts: SQL of the fact table as it is now, with what is paid
    :param rooms: ``[(billing type, kinds of its items)]`` of fixed prices
    :param notices: kinds that are no mistake
    :param prepaid: ``{rule id: amount}``, unbilled time that is paid for already
    :param day_facts: SQL of the fact table on the (past) days; None = they are today
    """
    past = day_facts is not None
    parts = (
        build_receivables(past),
        build_strays(),
        build_stages(_build_days(now), prepaid or {}),
        build_plans(rooms),
        INSTALMENTS,
        PROJECTS,
        ACCOUNTS,
        LINES,
        STATES,
        ENTRIES,
        ITEMS,
    )
    return SQL(
        """
        WITH %(days)s,
        facts AS MATERIALIZED (%(facts)s),
        day_facts AS MATERIALIZED (%(day_facts)s),
        open_lines AS MATERIALIZED (%(open_lines)s),
        %(totals)s, %(keys)s
        SELECT c.*, CASE WHEN c.kind = ANY(%(notices)s) THEN 'notice'
                         ELSE 'difference' END AS severity,
               round((c.expected - c.found)::numeric, 2) AS difference,
               cardinality(c.documents) AS document_count,
               to_jsonb(c.documents[1:%(most)s]) AS document_ids
          FROM (%(parts)s) c
        """,
        notices=list(notices),
        most=MOST_DOCUMENTS,
        days=_build_days(days),
        facts=_select_facts(facts),
        day_facts=_select_facts(day_facts) if past else SQL("SELECT * FROM facts"),
        open_lines=build_open_lines(past),
        totals=TOTALS,
        keys=build_share_keys(
            SQL("m.company_id IN (SELECT company_id FROM days)"), SQL("line_rows")
        ),
        parts=SQL(" UNION ALL ").join(
            SQL("(%s)", _number(part, number)) for number, part in enumerate(parts)
        ),
    )


def _build_days(days):
    return SQL(
        "days (company_id, today) AS (VALUES %s)",
        SQL(", ").join(
            SQL("(%s::int4, %s::date)", company, day) for company, day in days.items()
        ),
    )


def _number(part, number):
    return SQL(
        "SELECT q.row_id::int8 * %s + %s AS id, %s,"
        " COALESCE(q.documents, '{}') AS documents FROM (%s) q",
        PARTS,
        number,
        SQL(", ").join(SQL.identifier("q", name) for name in COLUMNS),
        part,
    )


def _select_facts(facts):
    return SQL(
        """
        SELECT f.source, f.stage, f.rule_id, f.company_id, f.currency_id, f.partner_id,
               f.is_payable, f.move_id, f.move_line_id, f.net, f.gross_company
          FROM (%s) f
        """,
        facts,
    )
