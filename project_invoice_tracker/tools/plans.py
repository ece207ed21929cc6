"""What large statements need from PostgreSQL."""

MANY = 500  # rows


def forget_plans(cr, rows):
    """Let PostgreSQL plan anew before it checks the foreign keys of many rows.

    A connection keeps the plan of each key's check. One made while the other table
    was nearly empty reads all of it for every row: the first large run after the
    installation would take 11 s for 50,000 ledger rows instead of 2.

    :param rows: number of rows that are about to be written
    """
    if rows >= MANY:
        cr.execute("DISCARD PLANS")
