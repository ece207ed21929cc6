"""What posted invoices look like in the database, and how two sets of them differ.

Everything that is stored is compared, except keys of the new records themselves, who
wrote last, and the times of writing: ids of what was there before (accounts, taxes,
partners) are the same in all databases, which are copies of one.
"""

# key of the record; who wrote last and when (the host: now the user, now the system);
# random
NEVER = {"id", "create_date", "write_date", "write_uid", "access_token"}
QUERIES = {
    "account_move": """
        SELECT m.name AS move, m.* FROM account_move m WHERE m.id = ANY(%s)""",
    "account_move_line": """
        SELECT m.name AS move, l.* FROM account_move_line l
          JOIN account_move m ON m.id = l.move_id WHERE m.id = ANY(%s)""",
    "account_move_line_account_tax_rel": """
        SELECT m.name AS move, l.display_type, l.name AS line, x.account_tax_id
          FROM account_move_line_account_tax_rel x
          JOIN account_move_line l ON l.id = x.account_move_line_id
          JOIN account_move m ON m.id = l.move_id WHERE m.id = ANY(%s)""",
    "account_account_tag_account_move_line_rel": """
        SELECT m.name AS move, l.display_type, l.name AS line, x.account_account_tag_id
          FROM account_account_tag_account_move_line_rel x
          JOIN account_move_line l ON l.id = x.account_move_line_id
          JOIN account_move m ON m.id = l.move_id WHERE m.id = ANY(%s)""",
    "account_analytic_line": """
        SELECT m.name AS move, a.* FROM account_analytic_line a
          JOIN account_move_line l ON l.id = a.move_line_id
          JOIN account_move m ON m.id = l.move_id WHERE m.id = ANY(%s)""",
    "mail_followers": """
        SELECT m.name AS move, f.partner_id, (
               SELECT array_agg(x.mail_message_subtype_id ORDER BY 1)
                 FROM mail_followers_mail_message_subtype_rel x
                WHERE x.mail_followers_id = f.id) AS subtypes
          FROM mail_followers f
          JOIN account_move m ON m.id = f.res_id AND f.res_model = 'account.move'
         WHERE m.id = ANY(%s)""",
    "res_partner": """
        SELECT p.name, p.customer_rank, p.supplier_rank FROM res_partner p
         WHERE p.id IN (SELECT partner_id FROM account_move WHERE id = ANY(%s))""",
}
# keys of other new records, which the join has replaced by the move's number
REFERENCES = {
    "account_move_line": {"move_id"},
    "account_analytic_line": {"move_line_id"},
}


def dump_moves(env, moves):
    """Return ``{table: rows}`` of moves and all that belongs to them."""
    env.flush_all()
    dump = {}
    for table, query in QUERIES.items():
        env.cr.execute(query, [moves.ids])
        names = [column.name for column in env.cr.description]
        dump[table] = [
            dict(zip(names, map(str, row), strict=True)) for row in env.cr.fetchall()
        ]
    env.cr.execute(
        "SELECT count(*), sum(amount_total), count(*) FILTER (WHERE state = 'posted')"
        " FROM account_move WHERE id = ANY(%s)",
        [moves.ids],
    )
    dump["totals"] = [str(value) for value in env.cr.fetchone()]
    return dump


def _get_rows(dump, table, columns):
    return sorted(
        (tuple((name, row[name]) for name in columns) for row in dump[table]),
        key=str,
    )


def _get_columns(dump, table):
    names = dump[table][0].keys() if dump[table] else ()
    return [n for n in names if n not in NEVER | REFERENCES.get(table, set())]


def compare_moves(own, other):
    """Return texts that say where ``own`` differs from what the host's path makes.

    :param other: moves of a database without the add-on: its columns count
    """
    found = []
    for table in QUERIES:
        columns = _get_columns(other, table)
        missing = set(columns) - set(_get_columns(own, table))
        if missing:
            found.append(f"{table}: no {', '.join(sorted(missing))}")
            continue
        mine, theirs = _get_rows(own, table, columns), _get_rows(other, table, columns)
        if len(mine) != len(theirs):
            found.append(f"{table}: {len(mine)} rows instead of {len(theirs)}")
        for row, reference in zip(mine, theirs, strict=False):
            if row != reference:
                found.append(
                    f"{table} {row[0][1]}: {_name_differences(row, reference)}"
                )
    return found


def _name_differences(row, reference):
    return ", ".join(
        f"{name} is {value!r} instead of {wanted!r}"
        for (name, value), (_name, wanted) in zip(row, reference, strict=True)
        if value != wanted
    )
