"""The ageing as of a day: what is open of the fact table, one column for each age."""

from odoo.tools import SQL

from .tracker import build_tracker_query

# column of the report: in the order of the report
COLUMNS = (
    "current",
    "1_30",
    "31_60",
    "61_90",
    "90_more",
    "retained",
    "unmatched",
)
SIDES = {"receivable": "asset_receivable", "payable": "liability_payable"}


def build_ageing_query(days, side):
    """Return the query of open amounts of one side of the ledger, aged on a day.

    What customers owe (or we owe to vendors) is positive, payments and credits that
    no document was matched with are negative: the sum is the balance of the accounts.

    :param days: ``{company id: day}``
    :param side: ``receivable`` or ``payable``
    """
    return SQL(
        """
        SELECT t.id, t.source, t.stage, t.project_id, t.user_id, t.rule_id,
               t.partner_id, t.company_id, t.currency_id, t.company_currency_id,
               t.move_id, t.move_line_id, t.date_invoiced, t.date_due, t.days_overdue,
               t.is_disputed, t.is_promised,
               k.kind, %(sign)s * t.gross AS amount_currency,
               %(amounts)s, %(sign)s * t.gross_company AS amount_total
          FROM (%(tracker)s) t
          JOIN account_move_line l ON l.id = t.move_line_id
          JOIN account_account a ON a.id = l.account_id AND a.account_type = %(type)s
         CROSS JOIN LATERAL (
               SELECT CASE
                   WHEN t.is_retained AND t.stage = 'open' THEN 'retained'
                   WHEN %(sign)s * l.balance < 0
                        OR l.balance = 0 AND %(sign)s * l.amount_currency < 0
                   THEN 'unmatched'
                   ELSE t.bucket END AS kind) k
         WHERE t.stage IN ('open', 'overdue')
        """,
        sign=SQL("1") if side == "receivable" else SQL("-1"),
        amounts=SQL(", ").join(_build_amount(name, side) for name in COLUMNS),
        tracker=build_tracker_query(days, is_past=True, parts=("open", "entry")),
        type=SIDES[side],
    )


def _build_amount(name, side):
    return SQL(
        "CASE WHEN k.kind = %s THEN %s t.gross_company ELSE 0 END AS %s",
        name,
        SQL("") if side == "receivable" else SQL("-"),
        SQL.identifier(f"amount_{name}"),
    )
