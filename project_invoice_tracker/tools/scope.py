"""What a domain can find rows in: the rest of a large query need not be read.

PostgreSQL leaves out a part itself only where nothing stands between its constants and
the question, and plans all of them each time.
"""

from collections.abc import Collection
from datetime import date

from odoo.fields import Domain
from odoo.orm.domains import DomainAnd, DomainCondition

EQUAL = ("=", "in")
UNEQUAL = ("!=", "not in")


def find_parts(domain, parts):
    """Return the names of the parts that can hold rows of a domain.

    :param parts: ``{name: {field: values that its rows may have}}``
    """
    domain = Domain(domain)
    if "!" in list(domain):  # within a negation *may* would have to be *must*
        return tuple(parts)
    return tuple(
        name
        for name, values in parts.items()
        if not domain.map_conditions(lambda one, v=values: _may(one, v)).is_false()
    )


def _may(condition, values):
    """Return whether rows may fulfil a condition, as a domain: true or false."""
    known, asked = values.get(condition.field_expr), condition.value
    asked = {asked} if isinstance(asked, str) else asked
    if known is None or not isinstance(asked, Collection):
        return Domain.TRUE
    if condition.operator in EQUAL:
        return Domain(bool(known.intersection(asked)))
    if condition.operator in UNEQUAL:
        return Domain(bool(known.difference(asked)))
    return Domain.TRUE


def find_bounds(domain, name):
    """Return the first and the last day that a date of a domain's rows can have.

    Each is None where the domain says nothing of it, or not so that it holds for all
    its rows. Days that count from today are not looked at.

    :param name: name of the field
    """
    days = {">": [], "<": []}
    for condition in _get_conditions(Domain(domain)):
        day = condition.field_expr == name and _get_day(condition.value)
        if day and condition.operator in (">", ">=", "<", "<="):
            days[condition.operator[0]].append(day)
    return max(days[">"], default=None), min(days["<"], default=None)


def _get_conditions(domain):
    """Return the conditions that all rows of a domain fulfil."""
    if isinstance(domain, DomainCondition):
        return [domain]
    if isinstance(domain, DomainAnd):
        return [one for child in domain.children for one in _get_conditions(child)]
    return []


def _get_day(value):
    """Return a date or a text of one as a date, None for anything else."""
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
