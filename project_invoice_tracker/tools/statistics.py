"""What PostgreSQL believes of the size of tables."""

from odoo.tools import SQL

# the tables over which the statements of a run join
TABLES = (
    "account_analytic_line",
    "account_move",
    "account_move_line",
    "project_billing_allocation",
    "project_billing_item",
    "project_billing_run_line",
)


def forbid_compilation(cr):
    """Let this transaction run its statements without compiling them (JIT).

    PostgreSQL expects a hundred analytic accounts on each journal item. From some
    hundred items on it compiles the statement for ten seconds, and runs it in one.
    """
    cr.execute("SET LOCAL jit = off")


def prepare_large_query(cr):
    """Let this transaction read the large tables of tracking fast.

    Compiling such a statement takes longer than any run of it, and what is sorted and
    hashed of 100,000 invoices fits into memory: each step may take 32 MB, eight times
    what PostgreSQL allows by default.
    """
    forbid_compilation(cr)
    cr.execute("SET LOCAL work_mem = '32MB'")


def refresh_statistics(cr, tables=TABLES):
    """Count the rows of tables that PostgreSQL takes for (nearly) empty.

    A vacuum after an import that was rolled back, or while one runs, notes pages
    without rows. Until the next one, minutes later, all of a table is expected to be
    a row or two, and joins read it as a whole for each row: 20,000 costs took more
    than ten minutes. Rows of these tables are small; fewer rows than pages means that
    the note is wrong. Nothing is read when it is right, 30,000 pages at most else.

    :return: names of the tables that were counted
    """
    cr.execute(
        """
        SELECT relname FROM pg_class
         WHERE relname = ANY(%s) AND relnamespace = current_schema::regnamespace
           AND reltuples >= 0 AND reltuples < relpages
        """,
        [list(tables)],
    )
    wrong = [name for (name,) in cr.fetchall()]
    if wrong:
        names = SQL(", ").join(map(SQL.identifier, wrong))
        # whoever counts the same table at this moment does it for us, too
        cr.execute(SQL("ANALYZE (SKIP_LOCKED) %s", names))
    return wrong
