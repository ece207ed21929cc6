"""SQL of rates between currencies, as the host finds them."""

from odoo.tools import SQL

# rates belong to the root of a branch
_ROOT = SQL("split_part(c.parent_path, '/', 1)::int4")


def select_exchange(source, target, day, root):
    """Return SQL of the rate from a currency to another one, on a day.

    The latest rate of the day, of the root company before shared ones; before the
    first rate the first one; without any 1.

    :param source: SQL of the id of the currency of the amounts
    :param target: SQL of the id of the currency wanted
    :param day: SQL of the day
    :param root: SQL of the id of the root company
    """
    return SQL(
        "(%(target)s / %(source)s)::numeric",
        target=_select_rate(target, day, root),
        source=_select_rate(source, day, root),
    )


def select_rate(currency, day):
    """Return the query of the rate from a currency to that of a company (``c``)."""
    own = SQL("c.currency_id")
    return SQL(
        "SELECT CASE WHEN %s = %s THEN 1 ELSE %s END AS rate",
        currency,
        own,
        select_exchange(currency, own, day, _ROOT),
    )


def _select_rate(currency, day, root):
    return SQL(
        """COALESCE(
            (SELECT z.rate FROM res_currency_rate z
              WHERE z.currency_id = %(currency)s AND z.name <= %(day)s
                AND (z.company_id IS NULL OR z.company_id = %(root)s)
              ORDER BY z.company_id, z.name DESC LIMIT 1),
            (SELECT z.rate FROM res_currency_rate z
              WHERE z.currency_id = %(currency)s
                AND (z.company_id IS NULL OR z.company_id = %(root)s)
              ORDER BY z.company_id, z.name LIMIT 1), 1.0)""",
        currency=currency,
        day=day,
        root=root,
    )
