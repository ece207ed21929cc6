"""Entries in the work in progress: their hours at two moments, and what lies between.

An entry's own totals say what was billed and written off of it so far; what it was on a
past day is that less what was written since. So only those rows of the ledger are read
that belong to documents of the period or later, to drafts, or to no document.
"""

from odoo.tools import SQL

from .exchange import select_exchange


def select_recent(date_from, date_to):
    """Return what the ledger wrote of entries since the period began, by entry.

    ``since`` counts from the period's first day on, ``later`` after its last one,
    ``waiting`` on drafts. ``elsewhere``: billed by another system or drawn from prepaid
    hours (``drawn``), which counts with the work itself.
    """
    return SQL(
        """
            SELECT a.entry_id, max(a.rule_id) AS rule_id,
                   max(a.currency_id) AS currency_id,
                   SUM(q) FILTER (WHERE sort = 'd') AS waiting,
                   SUM(q) FILTER (WHERE sort = 'b') AS billed_since,
                   SUM(q) FILTER (WHERE sort = 'b' AND day > %(end)s) AS billed_later,
                   SUM(q) FILTER (WHERE sort = 'w' AND day >= %(start)s)
                   AS written_since,
                   SUM(q) FILTER (WHERE sort = 'w' AND day > %(end)s) AS written_later,
                   SUM(q) FILTER (WHERE sort = 'e') AS elsewhere,
                   SUM(q) FILTER (WHERE sort = 'e' AND kind = 'draw') AS drawn,
                   SUM(v) FILTER (WHERE sort = 'b' AND day <= %(end)s) AS value,
                   SUM(v) FILTER (WHERE sort = 'w' AND day BETWEEN %(start)s
                                                               AND %(end)s) AS lost,
                   SUM(v) FILTER (WHERE sort = 'e') AS value_elsewhere
              FROM (%(documents)s UNION ALL %(others)s) a
             GROUP BY a.entry_id
        """,
        start=date_from,
        end=date_to,
        documents=_select_documents(date_from),
        others=_OTHERS,
    )


def _select_documents(date_from):
    """Return the rows on documents of the period or later, and on drafts."""
    return SQL(
        """
            SELECT a.analytic_line_id AS entry_id, a.rule_id, a.currency_id, a.kind,
                   a.quantity AS q, a.amount AS v, m.date AS day,
                   CASE WHEN m.state != 'posted' THEN 'd'
                        WHEN a.kind = 'write_off' THEN 'w' ELSE 'b' END AS sort
              FROM (SELECT id, state, date FROM account_move WHERE date >= %(start)s
                     UNION ALL
                    -- in this form the host's own index finds the drafts
                    SELECT id, state, date FROM account_move
                     WHERE journal_id = ANY(ARRAY(SELECT id FROM account_journal))
                       AND state = 'draft'
                       AND (date < %(start)s OR date IS NULL)) m
             -- OFFSET 0: looked up one by one, the ledger is far longer
             CROSS JOIN LATERAL (
                   SELECT * FROM project_billing_allocation a
                    WHERE a.move_id = m.id OFFSET 0) a
             WHERE a.analytic_line_id IS NOT NULL AND a.is_live
               AND a.kind != 'withhold'
        """,
        start=date_from,
    )


# rows on no document: written off, drawn, billed by another system
_OTHERS = SQL(
    """
            SELECT a.analytic_line_id, a.rule_id, a.currency_id, a.kind, a.quantity,
                   a.amount, COALESCE(a.accounting_date, (a.create_date
                   AT TIME ZONE 'UTC' AT TIME ZONE f.zone)::date),
                   CASE WHEN a.kind = 'write_off' THEN 'w' ELSE 'e' END
              FROM project_billing_allocation a
              JOIN firm f ON f.id = a.company_id
             WHERE a.move_id IS NULL AND a.analytic_line_id IS NOT NULL AND a.is_live
               AND a.kind != 'withhold'
    """
)


def select_touched(date_from, date_to, after_closing):
    """Return the ids of entries that have a position or a flow in the period.

    All others were settled before it began: of a million entries most are. In their
    order, so that those looked up one after the other lie together.

    :param after_closing: ask for entries that were typed after their month was closed
    """
    late = SQL(
        """
             UNION
            SELECT e.id FROM account_analytic_line e
             WHERE e.date <= %s AND e.billing_rule_id IS NOT NULL
               AND e.create_date > (SELECT min(closed_before) FROM firm)
        """,
        date_to,
    )
    return SQL(
        """
            -- as an array: PostgreSQL believes that two columns hardly ever are the
            -- same, would expect all entries here and read them all, over and over
            SELECT unnest(ARRAY(
                   SELECT e.id FROM account_analytic_line e
                    WHERE e.billed_quantity != e.billable_quantity
                      AND e.date <= %(end)s AND e.billing_rule_id IS NOT NULL)) AS id
             UNION
            SELECT e.id FROM account_analytic_line e
             WHERE e.date BETWEEN %(start)s AND %(end)s
               AND e.billing_rule_id IS NOT NULL
            %(late)s
             UNION
            SELECT entry_id FROM recent
             ORDER BY 1
        """,
        start=date_from,
        end=date_to,
        late=late if after_closing else SQL(),
    )


def select_entries(env, date_from, date_to):
    """Return the hours of entries at both moments, and their price for one hour.

    An entry counts from its date on. One that was typed after its month was closed
    counts from the first day after the last closed month.
    """
    return SQL(
        """
            SELECT e.rule_id, TRUE AS is_time, e.hours_old, e.hours_new,
                   e.grown * e.worked AS worked_hours,
                   e.grown * (e.worked - e.billable + e.drawn) AS excluded_hours,
                   e.billed AS billed_hours, e.written AS written_off_hours,
                   e.hours_old * e.price AS old, e.hours_new * e.price AS new,
                   CASE WHEN e.grown > 0
                        THEN (e.hours_new - e.hours_old + e.worked - e.billable
                              + e.drawn) * e.price + e.value + e.lost END AS worked,
                   e.grown * (e.worked - e.billable + e.drawn) * e.price AS excluded,
                   e.value AS billed, e.lost AS written_off,
                   e.hours_old * sign(e.worked) < 0 AS is_old_ahead,
                   e.hours_new * sign(e.worked) < 0 AS is_new_ahead
              FROM (%(positions)s) e
             WHERE e.grown > 0 OR e.hours_old != 0 OR e.hours_new != 0
                OR e.billed != 0 OR e.written != 0
        """,
        positions=_select_positions(env, date_from, date_to),
    )


def _select_positions(env, date_from, date_to):
    """Return hours, price and flows of each entry that the period touches."""
    return SQL(
        """
                SELECT x.rule_id, x.grown, x.worked, x.billable, x.price, x.drawn,
                       x.is_old * (x.billable - x.elsewhere) + x.elsewhere
                       + x.billed_since + x.written_since - x.settled AS hours_old,
                       (x.is_old + x.grown) * (x.billable - x.elsewhere) + x.elsewhere
                       + x.billed_later + x.written_later - x.settled AS hours_new,
                       x.billed, x.written,
                       CASE WHEN x.is_alike
                            THEN x.value + x.grown * x.value_elsewhere
                            ELSE x.price * x.billed END AS value,
                       CASE WHEN x.is_alike THEN x.lost
                            ELSE x.price * x.written END AS lost
                  FROM (
                    SELECT x.*, x.is_new - x.is_old AS grown,
                           CASE WHEN x.is_free THEN 0 ELSE x.worked END AS billable,
                           x.billed_since - x.billed_later
                           + (x.is_new - x.is_old) * (x.elsewhere - x.drawn) AS billed,
                           x.written_since - x.written_later AS written
                      FROM (%(facts)s) x
                    -- OFFSET 0: worked out once, not once in each sum
                    OFFSET 0) x OFFSET 0
        """,
        facts=_select_facts(env, date_from, date_to),
    )


def _select_facts(env, date_from, date_to):
    """Return each touched entry with what the ledger wrote of it."""
    return SQL(
        """
                    SELECT r.id AS rule_id, %(worked)s AS worked, %(price)s AS price,
                           COALESCE(e.billing_nonbillable, FALSE) AS is_free,
                           (e.date < %(start)s AND e.create_date <= COALESCE(
                            f.closed_before, 'infinity'))::int AS is_old,
                           (e.date <= %(end)s AND e.create_date <= COALESCE(
                            f.closed, 'infinity'))::int AS is_new,
                           COALESCE(l.currency_id = r.currency_id, FALSE) AS is_alike,
                           %(settled)s AS settled,
                           COALESCE(l.billed_since, 0) AS billed_since,
                           COALESCE(l.billed_later, 0) AS billed_later,
                           COALESCE(l.written_since, 0) AS written_since,
                           COALESCE(l.written_later, 0) AS written_later,
                           COALESCE(l.elsewhere, 0) AS elsewhere,
                           COALESCE(l.drawn, 0) AS drawn,
                           COALESCE(l.value, 0) AS value,
                           COALESCE(l.lost, 0) AS lost,
                           COALESCE(l.value_elsewhere, 0) AS value_elsewhere
                      FROM (SELECT e.* FROM touched
                             CROSS JOIN LATERAL (
                                   SELECT * FROM account_analytic_line e
                                    WHERE e.id = touched.id OFFSET 0) e
                            OFFSET 0) e
                      LEFT JOIN recent l ON l.entry_id = e.id
                      JOIN project_billing_rule r
                        ON r.id = COALESCE(e.billing_rule_id, l.rule_id)
                      JOIN firm f ON f.id = r.company_id
                      JOIN unit u ON u.id = r.uom_id
                     WHERE e.project_id IS NOT NULL
                       AND (e.billing_rule_id IS NOT NULL OR l.entry_id IS NOT NULL)
                       AND (e.date <= %(end)s OR l.entry_id IS NOT NULL)
                    OFFSET 0
        """,
        start=date_from,
        end=date_to,
        worked=_get_worked(env["account.analytic.line"]),
        settled=_SETTLED,
        price=_PRICE,
    )


# what was billed and written off of an entry so far, drafts left out
_SETTLED = SQL(
    """
    COALESCE(e.billed_quantity, 0) + COALESCE(e.billing_written_off_quantity, 0)
    - COALESCE(l.waiting, 0)
    """
)

# for one hour, in the rule's currency; mostly the price is for an hour already, and a
# division is the dearest step of all
_PRICE = SQL(
    """
    COALESCE(CASE WHEN u.factor = u.hour THEN e.billing_price
                  ELSE e.billing_price * u.hour / u.factor END, 0)
    * CASE WHEN COALESCE(e.billing_price_currency_id, r.currency_id) = r.currency_id
           THEN 1 ELSE %s END
    """,
    select_exchange(
        SQL("e.billing_price_currency_id"),
        SQL("r.currency_id"),
        SQL("e.date"),
        SQL("f.root_id"),
    ),
)


def _get_worked(lines):
    """Return SQL of the hours that an entry counts with."""
    return SQL(
        """
        CASE -- older than the deal's billing: what was billed, no more
             WHEN e.date < r.bill_from OR %(absent)s
             THEN CASE WHEN e.billing_nonbillable THEN 0 ELSE %(settled)s END
             WHEN e.billing_nonbillable
             THEN round((e.unit_amount * COALESCE((
                  SELECT t.factor FROM unit t WHERE t.id = e.product_uom_id), u.hour)
                  / u.hour)::numeric, 6)
             ELSE COALESCE(e.billable_quantity, 0)
                  + COALESCE(e.billing_written_off_quantity, 0) END
        """,
        absent=_get_absent(lines),
        settled=_SETTLED,
    )


def _get_absent(lines):
    """Return SQL that is true for time off, which nobody is invoiced."""
    columns = [
        name for name in ("holiday_id", "global_leave_id") if name in lines._fields
    ]
    if not columns:
        return SQL("FALSE")
    return SQL(
        "num_nonnulls(%s) > 0",
        SQL(", ").join(SQL.identifier("e", name) for name in columns),
    )
