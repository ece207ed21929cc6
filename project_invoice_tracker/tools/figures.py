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
    "contract_left",
    "order_left",
)


def build_figures_query(facts, projects, companies, rooms, deals, today, company_id):
    """Return the query of the figures: ``project_id``, amounts, next date, state.

    :param facts: SQL of the fact table, without what is paid
    :param projects: SQL condition on ``p`` (project_project)
    :param companies: ids of the companies whose rules and documents count
    :param rooms: ``[(billing type, claims time, kinds of its items)]``
    :param deals: ``{rule id: amount}`` of rules whose room alone knows their worth
    :param today: the company's day, rates of which convert
    :param company_id: its currency holds for projects without a company
    """
    return SQL(
        """
        WITH %(digits)s, homes AS MATERIALIZED (
            SELECT p.id, p.partner_id, c.currency_id, c.id AS company_id
              FROM project_project p
              JOIN res_company c ON c.id = COALESCE(p.company_id, %(company)s)
             WHERE %(projects)s
        ), facts AS MATERIALIZED (%(facts)s), %(rules)s, amounts AS (
            %(fact_amounts)s UNION ALL %(share_amounts)s
            UNION ALL %(rule_amounts)s UNION ALL %(order_amounts)s
        ), converted AS (
            SELECT a.*, h.id AS home_id,
                   CASE WHEN a.money_id = h.currency_id THEN 1 ELSE (
                        SELECT x.rate FROM (%(rate)s) x) END AS rate
              FROM amounts a
              JOIN homes h ON h.id = a.project_id
              JOIN res_company c ON c.id = h.company_id
        )
        SELECT h.id AS project_id, %(sums)s,
               MIN(a.next_date) AS next_date, COUNT(a.rule_id) AS rules
          FROM homes h
          JOIN digits cu ON cu.id = h.currency_id
          LEFT JOIN converted a ON a.home_id = h.id
         GROUP BY h.id, cu.digits
        """,
        digits=DIGITS,
        company=company_id,
        projects=projects,
        facts=facts,
        rules=_build_rules(rooms, deals, companies),
        fact_amounts=_FACTS,
        share_amounts=_build_shares(companies),
        rule_amounts=_RULES,
        order_amounts=_ORDERS,
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


# stage of the fact table -> kind of amount
_FACTS = SQL(
    """
    SELECT f.project_id, NULL::int4 AS rule_id, f.company_currency_id AS money_id,
           v.kind, v.amount, v.next_date
      FROM facts f
     CROSS JOIN LATERAL (
           SELECT CASE WHEN f.stage = 'ready' AND f.is_held THEN 'held'
                       ELSE f.stage END AS kind, f.net_company AS amount,
                  CASE WHEN f.stage = 'ready' AND NOT f.is_held THEN f.today
                       WHEN f.stage = 'planned'
                       THEN GREATEST(f.date_planned, f.today) END AS next_date
            WHERE f.stage IN ('draft', 'ready', 'planned')
           UNION ALL
           SELECT 'open', f.gross_company, NULL
            WHERE f.stage IN ('open', 'overdue')
           UNION ALL
           SELECT 'open_net', f.net_company, NULL
            WHERE f.stage IN ('open', 'overdue')
           UNION ALL
           SELECT 'overdue', f.gross_company, NULL WHERE f.stage = 'overdue'
           ) v
     WHERE f.project_id IS NOT NULL AND NOT f.is_payable
    """
)


def _build_shares(companies):
    return SQL(
        """
        SELECT s.project_id, NULL::int4, s.company_currency_id, 'billed',
               s.net_company, NULL::date
          FROM project_billing_share s
          JOIN account_move m ON m.id = s.move_id
         WHERE s.project_id IS NOT NULL AND s.company_id = ANY(%s)
           AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
        """,
        companies,
    )


def _build_rules(rooms, deals, companies):
    """Return CTE ``deals``: what each rule comes to and what of it was billed."""
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
              JOIN rooms ON rooms.billing_type = r.billing_type
              LEFT JOIN %(deals)s known (rule_id, amount) ON known.rule_id = r.id
             WHERE r.active AND r.company_id = ANY(%(companies)s)
        ), used AS (
            SELECT a.rule_id, a.order_id, SUM(a.amount + a.adjustment) AS amount
              FROM project_billing_allocation a
              LEFT JOIN project_billing_item i ON i.id = a.item_id
             WHERE a.is_live AND a.kind IN ('bill', 'credit')
               AND (a.item_id IS NULL OR i.kind != 'deposit')
             GROUP BY 1, 2
        )
        """,
        rooms=SQL(", ").join(
            SQL("(%s::varchar, %s::bool, %s::varchar[])", key, claims, list(kinds))
            for key, claims, kinds in rooms
        ),
        deals=build_values(deals),
        companies=companies,
    )


_RULES = SQL(
    """
    SELECT d.project_id, d.id, d.currency_id,
           CASE WHEN d.is_change THEN 'changes' ELSE 'contract' END,
           d.amount::numeric, NULL::date
      FROM deals d
     UNION ALL
    SELECT d.project_id, NULL, d.currency_id, 'contract_left',
           d.amount - COALESCE((SELECT SUM(u.amount) FROM used u
                                 WHERE u.rule_id = d.id), 0), NULL
      FROM deals d
     WHERE d.amount != 0
    """
)

_ORDERS = SQL(
    """
    SELECT DISTINCT d.project_id, NULL::int4, o.currency_id, 'order_left',
           o.amount - COALESCE((SELECT SUM(u.amount) FROM used u
                                 WHERE u.order_id = o.id), 0), NULL::date
      FROM deals d JOIN project_billing_order o ON o.id = d.order_id
     WHERE o.active AND o.amount != 0
    """
)
