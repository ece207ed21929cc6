"""What all parts of the check have in common."""

from odoo.tools import SQL

COLUMNS = (
    "kind",
    "company_id",
    "project_id",
    "rule_id",
    "partner_id",
    "item_id",
    "analytic_line_id",
    "account_id",
    "move_line_id",
    "is_payable",
    "currency_id",
    "expected",
    "found",
)
# two ids in one number: int8 has room, and so have the integers of a browser
PAIR = 65536


def select_columns(kind, **columns):
    """Return the columns of a part; those not named are empty."""
    types = {
        "kind": "varchar",
        "is_payable": "bool",
        "expected": "numeric",
        "found": "numeric",
    }
    columns["kind"] = SQL("%s", kind)
    return SQL(", ").join(
        SQL(
            "(%s)::%s AS %s",
            columns.get(name, SQL("NULL")),
            SQL(types.get(name, "int4")),
            SQL.identifier(name),
        )
        for name in COLUMNS
    )
