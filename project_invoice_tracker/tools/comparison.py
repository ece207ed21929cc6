"""Search by a value that the database computes, as by a stored field."""

from odoo.tools import SQL

_ORDERED = {key: SQL(key) for key in ("<", ">", "<=", ">=")}


def build_comparison(column, operator, value, is_empty):
    """Return the SQL condition of a domain's operator, None where there is none.

    :param column: SQL of the value
    :param operator: as ``search`` methods get it
    :param is_empty: SQL of the condition that stands for an empty value
    """
    if operator in ("in", "not in"):
        condition = SQL("%s = ANY(%s)", column, [one for one in value if one])
        if not all(value):
            condition = SQL("(%s OR %s)", condition, is_empty)
        return SQL("(%s) IS NOT TRUE", condition) if operator == "not in" else condition
    if operator in _ORDERED:
        return SQL("%s %s %s", column, _ORDERED[operator], value)
    return None
