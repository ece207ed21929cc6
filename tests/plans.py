"""Counts what PostgreSQL does for a statement: rows, not seconds."""

import json
from contextlib import contextmanager

from psycopg2.errors import QueryCanceled

from odoo.sql_db import Savepoint
from odoo.tools import SQL

TOO_LONG = "60s"  # a linear statement takes a tenth of a second
EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


def count_rows(plan):
    """Return how many rows all nodes of a plan produced or threw away."""
    own = plan["Actual Rows"]
    for key in ("Rows Removed by Filter", "Rows Removed by Join Filter"):
        own += plan.get(key, 0)
    return own * plan["Actual Loops"] + sum(map(count_rows, plan.get("Plans", ())))


def _explain(cr, execute, statement):
    """Return the rows of a statement; without end: its plan, as the test's error."""
    execute(SQL("EXPLAIN %s", statement))
    plan = "\n".join(line for (line,) in cr.fetchall())
    execute("SET LOCAL statement_timeout = %s", [TOO_LONG])
    try:
        execute(SQL("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) %s", statement))
    except QueryCanceled as error:
        raise AssertionError(f"no end of\n{plan}") from error
    (row,) = cr.fetchone()
    return count_rows((json.loads(row) if isinstance(row, str) else row)[0]["Plan"])


@contextmanager
def recorded_plans(test):
    """Explain every statement that runs inside; yields ``[(rows, text)]``, unsorted.

    Each statement runs twice, the first time explained and taken back.
    """
    cr, found = test.env.cr, []
    execute = cr.execute

    def explain(query, params=None, **kwargs):
        statement = query
        if params:
            named = isinstance(params, dict)
            statement = SQL(query, **params) if named else SQL(query, *params)
        text = getattr(statement, "code", statement)
        if isinstance(text, str) and text.lstrip().upper().startswith(EXPLAINED):
            point = Savepoint(cr._obj)
            found.append((_explain(cr, execute, statement), text))
            point.close(rollback=True)
        return execute(query, params, **kwargs)

    cr.execute = explain
    try:
        yield found
    finally:
        del cr.execute
