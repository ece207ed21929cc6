"""Where each project stands in money: one row per project, in one statement.

Built on the fact table for what is on no invoice, in drafts and still open, on the
shares of instalments for what was billed, and on the rules for what was agreed.
"""

from odoo.tools import SQL

from .share import DIGITS
from .tracker_work import build_values, select_rate

# kinds of amounts, each a column
SUMS = (
    "contract",
    "changes",
    "billed",
    "draft",
    "ready",
    "held",
    "planned",
    "open",
    "overdue",
    "open_net",
    "lost",
    "contract_left",
    "order_left",
)
# column of the figures -> parts of the fact table that it comes from
FACTS = {
    "open": {"open"},
    "overdue": {"open"},
    "open_net": {"open"},
    "lost": {"lost"},
    "draft": {"draft"},
    "ready": {"item", "time"},
    "held": {"item", "time"},
    "planned": {"item"},
    "next_date": {"item", "time"},
}


def build_figures_query(
    facts, columns, projects, companies, rooms, deals, today, company_id
):
    """Return the query of the figures: ``project_id``, amounts, next date, rules.

    Amounts that nobody asks for are 0, and are not read.

    :param facts: SQL of those parts of the fact table that :func:`get_parts` names,
        or None where it names none
    :param columns: names of what is asked for: of ``SUMS``, ``next_date``, ``rules``
    :param projects: SQL condition on ``p`` (project_project)
    :param companies: ids of the companies whose rules and documents count
    :param rooms: ``[(billing type, claims time, kinds of its items)]``
    :param deals: ``{rule id: amount}`` of rules whose room alone knows their worth
    :param today: the company's day, rates of which convert
    :param company_id: its currency holds for projects without a company
    """
    amounts = [_NOTHING]
    if facts is not None:
        amounts.append(_build_facts(facts))
    if "billed" in columns:
        amounts.append(_build_shares(companies))
    if columns & {"contract", "changes", "rules"}:
        amounts.append(_RULES)
    if "contract_left" in columns:
        amounts.append(_LEFT)
    if "order_left" in columns:
        amounts.append(_ORDERS)
    return SQL(
        """
        WITH %(digits)s, homes AS MATERIALIZED (
            SELECT q.id, q.company_id, (SELECT c.currency_id FROM res_company c
                                         WHERE c.id = q.company_id) AS currency_id
              FROM (SELECT p.id, COALESCE(p.company_id, %(company)s) AS company_id
                      FROM project_project p WHERE %(projects)s) q
        ), %(rules)s, amounts AS (%(amounts)s
        ), converted AS (
            SELECT a.*, CASE WHEN a.money_id = h.currency_id THEN 1 ELSE (
                   SELECT x.rate FROM (%(rate)s) x) END AS rate
              FROM amounts a
              JOIN homes h ON h.id = a.project_id
              LEFT JOIN res_company c ON c.id = h.company_id
        )
        SELECT h.id AS project_id, %(sums)s,
               MIN(a.next_date) AS next_date, COUNT(a.rule_id) AS rules
          FROM homes h
          JOIN digits cu ON cu.id = h.currency_id
          LEFT JOIN converted a ON a.project_id = h.id
         GROUP BY h.id, cu.digits
        """,
        digits=DIGITS,
        company=company_id,
        projects=projects,
        rules=_build_rules(rooms, deals, companies),
        amounts=SQL(" UNION ALL ").join(amounts),
        rate=select_rate(SQL("a.money_id"), SQL("%s::date", today)),
        sums=SQL(", ").join(
            SQL(
                "COALESCE(SUM(round(a.amount * a.rate, cu.digits))"
                " FILTER (WHERE a.kind = %s), 0) AS %s",
                name,
                SQL.identifier(name),
            )
            for name in SUMS
        ),
    )


def get_parts(columns):
    """Return the names of the parts of the fact table that columns come from."""
    return set().union(*(FACTS.get(name, ()) for name in columns))


_NOTHING = SQL(
    """
    SELECT NULL::int4 AS project_id, NULL::int4 AS rule_id, NULL::int4 AS money_id,
           NULL::text AS kind, NULL::numeric AS amount, NULL::date AS next_date
     WHERE FALSE
    """
)

# amounts in the project's own currency are summed before they are converted: they are
# rounded already. Others are converted one by one
_ALIKE = "CASE WHEN %s = h.currency_id THEN 0 ELSE %s END"


def _build_facts(facts):
    """Return the amounts of the fact table: its stages are kinds of amounts."""
    return SQL(
        """
        SELECT f.project_id, NULL::int4 AS rule_id, f.company_currency_id AS money_id,
               v.kind, v.amount, v.next_date
          FROM (
            SELECT f.project_id, f.company_currency_id, f.stage, f.is_held, f.today,
                   SUM(f.net_company) AS net, SUM(f.gross_company) AS gross,
                   MIN(GREATEST(f.date_planned, f.today)) AS planned
              FROM (%(facts)s) f
              JOIN homes h ON h.id = f.project_id
             WHERE NOT f.is_payable
             GROUP BY f.project_id, f.company_currency_id, f.stage, f.is_held, f.today,
                   %(alike)s) f
         CROSS JOIN LATERAL (
               SELECT CASE WHEN f.stage = 'ready' AND f.is_held THEN 'held'
                           ELSE f.stage END AS kind, f.net AS amount,
                      CASE WHEN f.stage = 'ready' AND NOT f.is_held THEN f.today
                           WHEN f.stage = 'planned' THEN f.planned END AS next_date
                WHERE f.stage IN ('draft', 'ready', 'planned')
               UNION ALL
               SELECT 'open', f.gross, NULL WHERE f.stage IN ('open', 'overdue')
               UNION ALL
               SELECT 'open_net', f.net, NULL WHERE f.stage IN ('open', 'overdue')
               UNION ALL
               SELECT 'overdue', f.gross, NULL WHERE f.stage = 'overdue'
               UNION ALL
               SELECT 'lost', f.net, NULL WHERE f.stage = 'bad_debt'
               ) v
        """,
        facts=facts,
        alike=SQL(_ALIKE, SQL("f.company_currency_id"), SQL("f.id")),
    )


def _build_shares(companies):
    return SQL(
        """
        SELECT s.project_id, NULL::int4, s.company_currency_id, 'billed',
               SUM(s.net_company), NULL::date
          FROM project_billing_share s
          JOIN homes h ON h.id = s.project_id
          JOIN account_move m ON m.id = s.move_id
         WHERE s.company_id = ANY(%(companies)s)
           AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
         GROUP BY s.project_id, s.company_currency_id, %(alike)s
        """,
        companies=companies,
        alike=SQL(_ALIKE, SQL("s.company_currency_id"), SQL("s.id")),
    )


def _build_rules(rooms, deals, companies):
    """Return CTE ``deals``: what each rule comes to."""
    return SQL(
        """
        rooms (billing_type, claims_time, kinds) AS (VALUES %(rooms)s
        ), deals AS (
            SELECT r.id, r.project_id, r.currency_id, r.order_id,
                   r.parent_id IS NOT NULL OR r.change_reference IS NOT NULL
                   AS is_change,
                   COALESCE(known.amount, CASE WHEN rooms.claims_time THEN r.cap_amount
                        ELSE COALESCE(NULLIF(r.amount, 0), NULLIF((
                             SELECT SUM(i.billable_amount
                                        + COALESCE(i.billing_written_off_amount, 0))
                               FROM project_billing_item i
                              WHERE i.rule_id = r.id AND i.active
                                AND i.kind = ANY(rooms.kinds)), 0), r.cap_amount)
                        END, 0) AS amount
              FROM project_billing_rule r
              JOIN homes h ON h.id = r.project_id
              JOIN rooms ON rooms.billing_type = r.billing_type
              LEFT JOIN %(deals)s known (rule_id, amount) ON known.rule_id = r.id
             WHERE r.active AND r.company_id = ANY(%(companies)s)
        )
        """,
        rooms=SQL(", ").join(
            SQL("(%s::varchar, %s::bool, %s::varchar[])", key, claims, list(kinds))
            for key, claims, kinds in rooms
        ),
        deals=build_values(deals),
        companies=companies,
    )


# what the ledger bills of a rule or an order; deposits are no part of the contract
_USED = SQL(
    """
    SELECT SUM(a.amount + a.adjustment) AS amount
      FROM project_billing_allocation a
      LEFT JOIN project_billing_item i ON i.id = a.item_id
     WHERE a.is_live AND a.kind IN ('bill', 'credit')
       AND (a.item_id IS NULL OR i.kind != 'deposit')
    """
)

_RULES = SQL(
    """
    SELECT d.project_id, d.id, d.currency_id,
           CASE WHEN d.is_change THEN 'changes' ELSE 'contract' END,
           d.amount::numeric, NULL::date
      FROM deals d
    """
)

_LEFT = SQL(
    """
    SELECT d.project_id, NULL::int4, d.currency_id, 'contract_left',
           d.amount - COALESCE(u.amount, 0), NULL::date
      FROM deals d
     CROSS JOIN LATERAL (%s AND a.rule_id = d.id) u
     WHERE d.amount != 0
    """,
    _USED,
)

_ORDERS = SQL(
    """
    SELECT q.project_id, NULL::int4, o.currency_id, 'order_left',
           o.amount - COALESCE(u.amount, 0), NULL::date
      FROM (SELECT DISTINCT project_id, order_id FROM deals
             WHERE order_id IS NOT NULL) q
      JOIN project_billing_order o ON o.id = q.order_id
     CROSS JOIN LATERAL (%s AND a.order_id = o.id) u
     WHERE o.active AND o.amount != 0
    """,
    _USED,
)
