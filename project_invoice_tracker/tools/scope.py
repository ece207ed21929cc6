"""Which parts of a union a domain can find rows in: the others need not be read.

PostgreSQL leaves out a part itself only where nothing stands between its constants and
the question, and plans all of them each time.
"""

from collections.abc import Collection

from odoo.fields import Domain

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
