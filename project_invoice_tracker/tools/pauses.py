"""Disputes, promises and holds as SQL: what is in force on a day, and what came of it.

A pause is in force from its first day to its end date, both included, or until the day
before it was ended by hand. That depends on dates only, not on the state that a job
writes: whether the job ran does not matter, and any past day can be asked.
"""

from odoo.tools import SQL

# kinds in the order in which they are told
KINDS = ("dispute", "hold", "promise")
# journals that money comes through; what else settles an invoice is no payment
MONEY = ("bank", "cash", "credit")
# due dates from here on mean: not known (what is retained and not released)
NEVER = SQL("DATE '2099-12-31'")


def is_in_force(day):
    """Return the condition that a pause ``s`` is in force on a day.

    :param day: SQL of a date
    """
    return SQL(
        """
        (s.date_start <= %(day)s AND (s.date_end IS NULL OR s.date_end >= %(day)s)
         AND (s.date_ended IS NULL OR s.date_ended > %(day)s))
        """,
        day=day,
    )


def build_paused(move_ids, day):
    """Return the query of ``(invoice, pause)``: one pause that tells, each invoice.

    The invoice's own pauses before its customer's; disputes, holds, then promises.
    """
    return SQL(
        """
        SELECT DISTINCT ON (q.move_id) q.move_id, q.id
          FROM (SELECT s.move_id, s.id, s.kind, 0 AS nr
                  FROM account_overdue_pause s
                 WHERE s.move_id = ANY(%(moves)s) AND %(in_force)s
                 UNION ALL
                SELECT m.id, s.id, s.kind, 1
                  FROM account_overdue_pause s
                  JOIN res_partner p ON p.id = s.partner_id
                  JOIN account_move m
                    ON m.commercial_partner_id = p.commercial_partner_id
                   AND m.company_id = s.company_id AND m.id = ANY(%(moves)s)
                 WHERE s.move_id IS NULL AND %(in_force)s) q
         ORDER BY q.move_id, array_position(%(kinds)s::varchar[], q.kind), q.nr,
                  q.id DESC
        """,
        moves=list(move_ids),
        kinds=list(KINDS),
        in_force=is_in_force(SQL("%s::date", day)),
    )


def join_pauses(days, row):
    """Return joins that :func:`select_flag` and :func:`select_paused` read.

    Each joins one row at most, so that the database leaves out what is not asked for.

    :param days: ``{company id: day}``
    :param row: alias with ``source``, ``company_id``, ``partner_id``, ``move_id`` and
        ``move_line_id``
    """
    values = SQL(", ").join(
        SQL("(%s::int4, %s::date)", company, day) for company, day in days.items()
    )
    return SQL(
        """
        LEFT JOIN (SELECT s.move_id, %(flags)s
                     FROM account_overdue_pause s
                     JOIN (VALUES %(days)s) d (company_id, today)
                       ON d.company_id = s.company_id
                    WHERE s.move_id IS NOT NULL AND %(in_force)s
                    GROUP BY s.move_id) paused ON paused.move_id = %(move)s
        LEFT JOIN (SELECT s.company_id, p.commercial_partner_id AS partner_id, %(flags)s
                     FROM account_overdue_pause s
                     JOIN res_partner p ON p.id = s.partner_id
                     JOIN (VALUES %(days)s) d (company_id, today)
                       ON d.company_id = s.company_id
                    WHERE s.move_id IS NULL AND %(in_force)s
                    GROUP BY s.company_id, p.commercial_partner_id) payer
               ON payer.company_id = %(company)s AND payer.partner_id = %(partner)s
              AND %(source)s = 'instalment'
        LEFT JOIN (%(promised)s) promised ON promised.move_line_id = %(line)s
        """,
        flags=_FLAGS,
        days=values,
        in_force=is_in_force(SQL("d.today")),
        promised=_build_promised(values),
        move=SQL.identifier(row, "move_id"),
        line=SQL.identifier(row, "move_line_id"),
        partner=SQL.identifier(row, "partner_id"),
        company=SQL.identifier(row, "company_id"),
        source=SQL.identifier(row, "source"),
    )


_FLAGS = SQL(
    """
    bool_or(s.kind = 'dispute') AS is_disputed,
    bool_or(s.kind = 'promise') AS is_promised,
    MAX(COALESCE(s.date_end, 'infinity'::date)) FILTER (WHERE s.kind = 'dispute')
    AS disputed_until
    """
)


def _build_promised(days):
    """Return the day on which an open instalment is promised to be paid.

    A promise covers the instalments that were due first, as far as its amount goes.
    """
    return SQL(
        """
        SELECT q.move_line_id, MAX(q.date_end) AS day
          FROM (SELECT l.id AS move_line_id, s.date_end, s.amount_open - s.amount
                       + SUM(l.residual) OVER (PARTITION BY s.id
                             ORDER BY l.date_maturity, l.id) AS upto,
                       SUM(l.residual) OVER (PARTITION BY s.id) AS total,
                       c.rounding
                  FROM account_overdue_pause s
                  JOIN (VALUES %(days)s) d (company_id, today)
                    ON d.company_id = s.company_id
                  JOIN res_currency c ON c.id = s.currency_id
                  JOIN res_partner p ON p.id = s.partner_id
                 CROSS JOIN LATERAL (
                       SELECT l.id, l.date_maturity,
                              l.amount_residual_currency AS residual
                         FROM account_move_line l
                        WHERE l.move_id = s.move_id AND %(is_open)s
                        UNION ALL
                       SELECT l.id, l.date_maturity, l.amount_residual
                         FROM account_move_line l
                        WHERE s.move_id IS NULL AND %(is_open)s
                          AND l.partner_id = p.commercial_partner_id
                          AND l.company_id = s.company_id
                          AND l.date <= s.date_start) l
                 WHERE s.kind = 'promise' AND %(in_force)s AND l.residual > 0) q
         WHERE q.upto < q.total + q.rounding / 2
         GROUP BY q.move_line_id
        """,
        days=days,
        in_force=is_in_force(SQL("d.today")),
        is_open=SQL(
            """
            l.display_type = 'payment_term' AND l.parent_state = 'posted'
            AND l.reconciled IS NOT TRUE
            """
        ),
    )


def select_flag(name, row):
    """Return whether an open instalment of a customer is ``is_disputed``, …"""
    return SQL(
        """
        (%(row)s.source = 'instalment' AND %(row)s.stage IN ('open', 'overdue')
         AND NOT %(row)s.is_payable
         AND (COALESCE(paused.%(name)s, FALSE) OR COALESCE(payer.%(name)s, FALSE)))
        """,
        row=SQL.identifier(row),
        name=SQL.identifier(name),
    )


def select_paused(expected):
    """Return the expected day of an open instalment with its pauses.

    A promise beats the payer's habit; a dispute moves the day to its end, or to no
    day while it has none.
    """
    return SQL(
        """
        NULLIF(GREATEST(COALESCE(promised.day, %s),
                        paused.disputed_until, payer.disputed_until), 'infinity'::date)
        """,
        expected,
    )


def build_fulfilment(pause_ids):
    """Return ``(promise, kept, by money)``: what was paid by its day.

    Of an invoice: what is open of it at the end of the day is down by the amount.
    Of a customer: money since the promise, matched or not.
    """
    return SQL(
        """
        SELECT s.id, r.residual < s.amount_open - s.amount + c.rounding / 2,
               COALESCE(r.money, 0) > 0
          FROM account_overdue_pause s
          JOIN res_currency c ON c.id = s.currency_id
         CROSS JOIN LATERAL (
               SELECT SUM(l.amount_currency - COALESCE(b.amount, 0)) AS residual,
                      SUM(b.money) AS money
                 FROM account_move_line l
                 LEFT JOIN LATERAL (
                      SELECT SUM(p.debit_amount_currency) AS amount,
                             SUM(p.amount) FILTER (WHERE j.type = ANY(%(money)s))
                             AS money
                        FROM account_partial_reconcile p
                        JOIN account_move_line o ON o.id = p.credit_move_id
                        JOIN account_journal j ON j.id = o.journal_id
                       WHERE p.debit_move_id = l.id AND p.max_date <= s.date_end
                      ) b ON TRUE
                WHERE l.move_id = s.move_id AND l.display_type = 'payment_term') r
         WHERE s.id = ANY(%(ids)s) AND s.move_id IS NOT NULL
         UNION ALL
        SELECT s.id, COALESCE(SUM(-l.balance), 0) > s.amount - c.rounding / 2,
               COALESCE(SUM(-l.balance), 0) > 0
          FROM account_overdue_pause s
          JOIN res_partner p ON p.id = s.partner_id
          JOIN res_currency c ON c.id = s.currency_id
          LEFT JOIN (account_move_line l
                     JOIN account_account a ON a.id = l.account_id
                      AND a.account_type = 'asset_receivable'
                     JOIN account_journal j ON j.id = l.journal_id
                      AND j.type = ANY(%(money)s)
                     JOIN res_partner o ON o.id = l.partner_id)
            ON o.commercial_partner_id = p.commercial_partner_id
           AND l.company_id = s.company_id AND l.parent_state = 'posted'
           AND l.date BETWEEN s.date_start AND s.date_end
         WHERE s.id = ANY(%(ids)s) AND s.move_id IS NULL
         GROUP BY s.id, s.amount, c.rounding
        """,
        ids=list(pause_ids),
        money=list(MONEY),
    )
