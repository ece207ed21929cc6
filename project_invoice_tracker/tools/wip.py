"""One statement for the work in progress of any period: a row for each billing rule.

Net position = earned - billed - written off, of each entry and item, at two moments:
the end of the day before the period, and the end of the period. Above zero it is work
in progress (a contract asset), below zero billed in advance (a contract liability,
IFRS 15.105). What lies between the two moments is the roll-forward, so that

    opening + worked - not billable - billed - written off + revaluation = closing

holds to the cent. Amounts are at the rule's price, summed exactly and rounded once for
each rule. ``docs/decisions.md`` says which date counts for what.
"""

from odoo.tools import SQL

FLOWS = ("worked", "excluded", "billed", "written_off", "revalued")


def build_wip_query(env, date_from, date_to, firms, progress):
    """Return the SELECT of the work in progress, columns as in ``project.billing.wip``.

    :param date_from: first day of the period
    :param date_to: last day of the period
    :param firms: ``[(company id, root company id, time zone, closed before, closed)]``:
        the moments (UTC) at which the months of the day before the period and of its
        last day were closed, or None
    :param progress: ``[(item id, percentage before, percentage at the end)]``
    """
    lines = env["account.analytic.line"]
    columns = list(zip(*firms, strict=True)) or [[]] * 5
    percents = list(zip(*progress, strict=True)) or [[]] * 3
    return SQL(
        """
        WITH firm AS MATERIALIZED (
            SELECT * FROM unnest(%(ids)s::int4[], %(roots)s::int4[], %(zones)s::text[],
                                 %(before)s::timestamp[], %(closed)s::timestamp[])
                   AS f (id, root_id, zone, closed_before, closed)
        ), percent AS (
            SELECT * FROM unnest(%(items)s::int4[], %(old)s::numeric[],
                                 %(new)s::numeric[]) AS p (id, old, new)
        ), touched AS MATERIALIZED (%(touched)s
        ), ledger AS MATERIALIZED (%(ledger)s
        ), part AS (%(entries)s UNION ALL %(item_parts)s
        ), deal AS (%(deals)s
        )
        %(report)s
        """,
        ids=list(columns[0]),
        roots=list(columns[1]),
        zones=list(columns[2]),
        before=list(columns[3]),
        closed=list(columns[4]),
        items=list(percents[0]),
        old=list(percents[1]),
        new=list(percents[2]),
        touched=_select_touched(date_from, date_to, any(columns[3])),
        ledger=_select_ledger(date_from, date_to),
        entries=_select_entries(env, lines, date_from, date_to),
        item_parts=_select_items(date_from, date_to),
        deals=_select_deals(date_from, date_to),
        report=_REPORT,
    )


def _select_touched(date_from, date_to, after_closing):
    """Return the ids of entries that have a position or a flow in the period.

    All others were settled before it began: of a million entries most are.

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
            SELECT a.analytic_line_id FROM project_billing_allocation a
              JOIN account_move m ON m.id = a.move_id
             WHERE a.analytic_line_id IS NOT NULL AND a.is_live
               AND (m.date >= %(start)s OR m.state = 'draft')
             UNION
            SELECT a.analytic_line_id FROM project_billing_allocation a
             WHERE a.move_id IS NULL AND a.analytic_line_id IS NOT NULL AND a.is_live
        """,
        start=date_from,
        end=date_to,
        late=late if after_closing else SQL(),
    )


def _select_ledger(date_from, date_to):
    """Return what posted documents and decisions did to entries and items.

    ``sort``: ``b`` on documents of ours, ``w`` written off, ``e`` elsewhere: billed by
    another system or drawn from prepaid hours, which count with the work itself.
    """
    return SQL(
        """
            SELECT a.entry_id, a.item_id, a.is_hours, max(a.rule_id) AS rule_id,
                   max(a.currency_id) AS currency_id,
                   SUM(q) FILTER (WHERE sort = 'b' AND day < %(start)s) AS billed_old,
                   SUM(q) FILTER (WHERE sort = 'b' AND day <= %(end)s) AS billed_new,
                   SUM(q) FILTER (WHERE sort = 'w' AND day < %(start)s) AS written_old,
                   SUM(q) FILTER (WHERE sort = 'w' AND day <= %(end)s) AS written_new,
                   SUM(q) FILTER (WHERE sort = 'e') AS elsewhere,
                   SUM(q) FILTER (WHERE is_drawn) AS drawn,
                   SUM(q) AS settled,
                   SUM(v) FILTER (WHERE sort = 'b' AND day < %(start)s) AS value_old,
                   SUM(v) FILTER (WHERE sort = 'b' AND day <= %(end)s) AS value_new,
                   SUM(v) FILTER (WHERE sort = 'w' AND day < %(start)s) AS lost_old,
                   SUM(v) FILTER (WHERE sort = 'w' AND day <= %(end)s) AS lost_new,
                   SUM(v) FILTER (WHERE sort = 'e') AS value_elsewhere,
                   SUM(q) FILTER (WHERE is_drawn AND work_day < %(start)s) AS drawn_old,
                   SUM(q) FILTER (WHERE is_drawn AND work_day <= %(end)s) AS drawn_new
              FROM (SELECT CASE WHEN g.is_pool THEN NULL ELSE a.analytic_line_id END
                           AS entry_id,
                           CASE WHEN g.is_pool OR a.analytic_line_id IS NULL
                                THEN a.item_id END AS item_id,
                           g.is_pool AS is_hours, a.rule_id, a.currency_id,
                           a.quantity AS q, a.amount AS v, a.date AS work_day,
                           a.kind = 'draw' AND a.analytic_line_id IS NOT NULL
                           AS is_drawn,
                           CASE WHEN a.kind = 'write_off' THEN 'w'
                                WHEN a.move_id IS NOT NULL THEN 'b'
                                WHEN a.analytic_line_id IS NOT NULL THEN 'e'
                                ELSE 'b' END AS sort,
                           COALESCE(m.date, a.accounting_date,
                                    CASE WHEN a.kind != 'write_off' THEN a.date END,
                                    (a.create_date AT TIME ZONE 'UTC'
                                     AT TIME ZONE f.zone)::date) AS day
                      FROM (
                        -- OFFSET 0: looked up one by one, the ledger is far longer
                        SELECT a.* FROM touched t
                         CROSS JOIN LATERAL (
                               SELECT * FROM project_billing_allocation a
                                WHERE a.analytic_line_id = t.id OFFSET 0) a
                         UNION ALL
                        SELECT a.* FROM project_billing_allocation a
                         WHERE a.item_id IS NOT NULL AND NOT EXISTS (
                               SELECT 1 FROM touched t
                                WHERE t.id = a.analytic_line_id)) a
                      JOIN firm f ON f.id = a.company_id
                      LEFT JOIN account_move m ON m.id = a.move_id
                      -- prepaid hours: once for the entry, once for what pays for it
                      JOIN (VALUES (FALSE), (TRUE)) g (is_pool)
                        ON NOT g.is_pool
                        OR (a.kind = 'draw' AND a.analytic_line_id IS NOT NULL)
                     WHERE a.is_live AND a.kind != 'withhold'
                       AND (a.move_id IS NULL OR m.state = 'posted')) a
             GROUP BY a.entry_id, a.item_id, a.is_hours
        """,
        start=date_from,
        end=date_to,
    )


def _select_entries(env, lines, date_from, date_to):
    """Return the hours of entries at both moments, and their price for one hour.

    An entry counts from its date on. One that was typed after its month was closed
    counts from the first day after the last closed month.
    """
    return SQL(
        """
            SELECT e.rule_id, TRUE AS is_time, e.hours_old, e.hours_new,
                   (e.is_new - e.is_old) * e.worked AS worked_hours,
                   (e.is_new - e.is_old) * (e.worked - e.billable + e.drawn)
                   AS excluded_hours,
                   e.billed_new - e.billed_old
                   + (e.is_new - e.is_old) * (e.elsewhere - e.drawn) AS billed_hours,
                   e.written_new - e.written_old AS written_off_hours,
                   e.hours_old * e.price AS old,
                   e.hours_new * e.price AS new,
                   CASE WHEN e.is_new > e.is_old
                        THEN e.hours_new * e.price - e.hours_old * e.price
                             + (e.worked - e.billable + e.drawn) * e.price
                             + e.value + e.lost END AS worked,
                   (e.is_new - e.is_old) * (e.worked - e.billable + e.drawn) * e.price
                   AS excluded,
                   e.value AS billed, e.lost AS written_off,
                   e.hours_old * sign(e.worked) < 0 AS is_old_ahead,
                   e.hours_new * sign(e.worked) < 0 AS is_new_ahead
              FROM (
                SELECT x.*,
                       is_old * (billable - elsewhere) - billed_old - written_old
                       AS hours_old,
                       is_new * (billable - elsewhere) - billed_new - written_new
                       AS hours_new
                  FROM (
                    SELECT r.id AS rule_id, w.worked, n.is_old, n.is_new, p.price,
                           CASE WHEN e.billing_nonbillable THEN 0 ELSE w.worked END
                           AS billable,
                           COALESCE(l.elsewhere, 0) AS elsewhere,
                           COALESCE(l.drawn, 0) AS drawn,
                           COALESCE(l.billed_old, 0) AS billed_old,
                           COALESCE(l.billed_new, 0) AS billed_new,
                           COALESCE(l.written_old, 0) AS written_old,
                           COALESCE(l.written_new, 0) AS written_new,
                           CASE WHEN l.currency_id = r.currency_id
                                THEN COALESCE(l.value_new, 0)
                                     - COALESCE(l.value_old, 0)
                                     + (n.is_new - n.is_old)
                                     * COALESCE(l.value_elsewhere, 0)
                                ELSE p.price * (COALESCE(l.billed_new, 0)
                                     - COALESCE(l.billed_old, 0)
                                     + (n.is_new - n.is_old)
                                     * (COALESCE(l.elsewhere, 0)
                                        - COALESCE(l.drawn, 0))) END AS value,
                           CASE WHEN l.currency_id = r.currency_id
                                THEN COALESCE(l.lost_new, 0) - COALESCE(l.lost_old, 0)
                                ELSE p.price * (COALESCE(l.written_new, 0)
                                     - COALESCE(l.written_old, 0)) END AS lost
                      FROM touched
                     CROSS JOIN LATERAL (
                           SELECT * FROM account_analytic_line e
                            WHERE e.id = touched.id OFFSET 0) e
                      LEFT JOIN ledger l ON l.entry_id = e.id
                      JOIN project_billing_rule r
                        ON r.id = COALESCE(e.billing_rule_id, l.rule_id)
                      JOIN firm f ON f.id = r.company_id
                      JOIN res_company c ON c.id = r.company_id
                      JOIN uom_uom h ON h.id = %(hour)s
                      JOIN uom_uom u ON u.id = r.uom_id
                      LEFT JOIN uom_uom t ON t.id = e.product_uom_id
                     CROSS JOIN LATERAL (
                        SELECT (e.date < %(start)s AND e.create_date <= COALESCE(
                                    f.closed_before, 'infinity'))::int AS is_old,
                               (e.date <= %(end)s AND e.create_date <= COALESCE(
                                    f.closed, 'infinity'))::int AS is_new) n
                     CROSS JOIN LATERAL (
                        SELECT CASE
                          -- older than the deal's billing: what was billed, no more
                          WHEN (e.date < r.bill_from OR %(absent)s)
                               AND NOT COALESCE(e.billing_nonbillable, FALSE)
                          THEN COALESCE(l.settled, 0)
                          WHEN e.date < r.bill_from OR %(absent)s THEN 0
                          WHEN e.billing_nonbillable
                          THEN round((e.unit_amount * COALESCE(t.factor, h.factor)
                                      / h.factor)::numeric, 6)
                          ELSE COALESCE(e.billable_quantity, 0)
                               + COALESCE(e.billing_written_off_quantity, 0)
                          END AS worked) w
                     CROSS JOIN LATERAL (
                        SELECT COALESCE(e.billing_price, 0) * h.factor::numeric
                               / u.factor::numeric
                               * CASE WHEN COALESCE(e.billing_price_currency_id,
                                                    r.currency_id) = r.currency_id
                                      THEN 1 ELSE %(exchange)s END AS price) p
                     WHERE e.project_id IS NOT NULL
                       AND (e.billing_rule_id IS NOT NULL OR l.entry_id IS NOT NULL)
                       AND (e.date <= %(end)s OR l.entry_id IS NOT NULL)
                    -- OFFSET 0: worked out once, not once in each sum
                    OFFSET 0) x OFFSET 0) e
             WHERE e.is_new > e.is_old OR e.hours_old != 0 OR e.hours_new != 0
                OR e.billed_new != e.billed_old OR e.written_new != e.written_old
        """,
        hour=env.ref("uom.product_uom_hour").id,
        start=date_from,
        end=date_to,
        absent=_get_absent(lines),
        exchange=select_exchange(
            SQL("e.billing_price_currency_id"), SQL("r.currency_id"), SQL("e.date")
        ),
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


def select_exchange(source, target, day):
    """Return SQL of the rate from a currency to another one, as the host finds it.

    The latest rate of the day, of the root company ``f.root_id`` before shared ones;
    before the first rate the first one; without any 1.

    :param source: SQL of the id of the currency of the amounts
    :param target: SQL of the id of the currency wanted
    :param day: SQL of the day
    """
    return SQL(
        "(%(target)s / %(source)s)::numeric",
        target=_select_rate(target, day),
        source=_select_rate(source, day),
    )


def _select_rate(currency, day):
    return SQL(
        """COALESCE(
            (SELECT z.rate FROM res_currency_rate z
              WHERE z.currency_id = %(currency)s AND z.name <= %(day)s
                AND (z.company_id IS NULL OR z.company_id = f.root_id)
              ORDER BY z.company_id, z.name DESC LIMIT 1),
            (SELECT z.rate FROM res_currency_rate z
              WHERE z.currency_id = %(currency)s
                AND (z.company_id IS NULL OR z.company_id = f.root_id)
              ORDER BY z.company_id, z.name LIMIT 1), 1.0)""",
        currency=currency,
        day=day,
    )


def _select_items(date_from, date_to):
    """Return the amounts of items at both moments.

    Earned: a milestone when it is reached, a fee by its days, progress by its
    percentage, a cost on the date of its bill, prepaid hours as they are used or
    lapse, a deposit never. What was written off counts as earned and given up.
    """
    return SQL(
        """
            SELECT i.rule_id, FALSE, 0, 0, 0, 0, 0, 0,
                   i.earned_old - i.billed_old - i.lost_old,
                   i.earned_new - i.billed_new - i.lost_new,
                   i.earned_new - i.earned_old,
                   0, i.billed_new - i.billed_old, i.lost_new - i.lost_old,
                   (i.earned_old - i.billed_old - i.lost_old) * i.direction < 0,
                   (i.earned_new - i.billed_new - i.lost_new) * i.direction < 0
              FROM (
                SELECT i.*,
                       CASE WHEN i.is_neutral THEN i.billed_old + i.lost_old
                            WHEN i.kind = 'deposit' THEN 0
                            ELSE i.direction * LEAST(
                                i.direction * round(i.worth * i.share_old, i.digits),
                                i.direction * (i.worth - i.lost_old)) + i.lost_old
                            END AS earned_old,
                       CASE WHEN i.is_neutral THEN i.billed_new + i.lost_new
                            WHEN i.kind = 'deposit' THEN 0
                            ELSE i.direction * LEAST(
                                i.direction * round(i.worth * i.share_new, i.digits),
                                i.direction * (i.worth - i.lost_new)) + i.lost_new
                            END AS earned_new
                  FROM (
                    SELECT i.rule_id, i.kind, i.worth, m.decimal_places AS digits,
                           CASE WHEN i.worth < 0 THEN -1 ELSE 1 END AS direction,
                           NOT COALESCE(i.active, FALSE)
                           OR i.kind IN ('opening', 'retention')
                           OR (COALESCE(i.billed_amount, 0) = 0
                               AND i.own_day < i.bill_from) AS is_neutral,
                           COALESCE(l.value_old, 0) AS billed_old,
                           COALESCE(l.value_new, 0) AS billed_new,
                           CASE WHEN i.kind = 'deposit' THEN 0
                                ELSE COALESCE(l.lost_old, 0) END AS lost_old,
                           CASE WHEN i.kind = 'deposit' THEN 0
                                ELSE COALESCE(l.lost_new, 0) END AS lost_new,
                           %(share_old)s AS share_old,
                           %(share_new)s AS share_new
                      FROM (%(facts)s) i
                      JOIN res_currency m ON m.id = i.currency_id
                      LEFT JOIN percent p ON p.id = i.id
                      LEFT JOIN ledger l ON l.item_id = i.id AND NOT l.is_hours
                      LEFT JOIN ledger d ON d.item_id = i.id AND d.is_hours
                    OFFSET 0) i OFFSET 0) i
             WHERE i.earned_old != i.earned_new OR i.billed_old != i.billed_new
                OR i.lost_old != i.lost_new
                OR i.earned_new - i.billed_new - i.lost_new != 0
        """,
        facts=_ITEM_FACTS,
        share_old=_get_share(
            SQL("(%s::date - 1)", date_from), SQL("p.old"), SQL("d.drawn_old")
        ),
        share_new=_get_share(
            SQL("%s::date", date_to), SQL("p.new"), SQL("d.drawn_new")
        ),
    )


_ITEM_FACTS = SQL(
    """
                    SELECT i.*, r.bill_from,
                           COALESCE(i.billable_amount, 0)
                           + COALESCE(i.billing_written_off_amount, 0) AS worth,
                           CASE i.kind WHEN 'cost' THEN i.cost_date
                                WHEN 'period' THEN i.date_planned END AS own_day,
                           CASE WHEN i.kind = 'cost'
                                THEN COALESCE(i.cost_date, i.date_ready)
                                WHEN i.trigger = 'date' THEN i.date_planned
                                WHEN i.trigger = 'tasks_done' THEN COALESCE(
                                    i.date_ready, s.reached_date, t.done_date)
                                ELSE i.date_ready END AS ready_day
                      FROM project_billing_item i
                      JOIN project_billing_rule r ON r.id = i.rule_id
                      JOIN firm f ON f.id = i.company_id
                      LEFT JOIN project_milestone s ON s.id = i.milestone_id
                      LEFT JOIN LATERAL (
                        SELECT max(k.date_last_stage_update)::date AS done_date
                          FROM project_task k
                         WHERE k.milestone_id = i.milestone_id
                           AND i.trigger = 'tasks_done'
                        HAVING bool_and(k.state IN ('1_done', '1_canceled'))) t ON TRUE
    """
)


def _get_share(day, percentage, drawn):
    """Return SQL of the share of an item that is earned at the end of a day."""
    return SQL(
        """CASE i.kind
             WHEN 'progress' THEN COALESCE(%(percentage)s, 0) / 100
             WHEN 'period' THEN CASE
                  WHEN i.date_start IS NULL
                  THEN (i.date_planned <= %(day)s)::int::numeric
                  ELSE GREATEST(0, LEAST(%(day)s, i.date_end) - i.date_start + 1
                       )::numeric / (i.date_end - i.date_start + 1) END
             WHEN 'pack' THEN CASE
                  WHEN i.prepaid_expiry < %(day)s
                    OR COALESCE(i.prepaid_hours, 0) = 0 AND i.ready_day <= %(day)s
                  THEN 1
                  ELSE COALESCE(LEAST(1, COALESCE(%(drawn)s, 0)
                                / NULLIF(i.prepaid_hours, 0)), 0) END
             ELSE COALESCE((i.ready_day <= %(day)s)::int, 0) END""",
        percentage=percentage,
        day=day,
        drawn=drawn,
    )


def _select_deals(date_from, date_to):
    """Return the sums of each rule, rounded to its currency, and the rates."""
    return SQL(
        """
            SELECT s.*, r.project_id, r.company_id, r.currency_id, r.billing_type,
                   p.user_id, COALESCE(r.partner_id, p.partner_id, y.partner_id)
                   AS partner_id,
                   c.currency_id AS company_currency_id, m.decimal_places AS digits,
                   CASE WHEN c.currency_id = r.currency_id THEN 1
                        ELSE %(rate_old)s END AS rate_old,
                   CASE WHEN c.currency_id = r.currency_id THEN 1
                        ELSE %(rate_new)s END AS rate_new
              FROM (
                SELECT q.rule_id,
                       SUM(hours_old) AS opening_hours,
                       SUM(worked_hours) AS worked_hours,
                       SUM(excluded_hours) AS excluded_hours,
                       SUM(billed_hours) AS billed_hours,
                       SUM(written_off_hours) AS written_off_hours,
                       SUM(hours_new) AS closing_hours,
                       round(SUM(old), max(m.decimal_places)) AS opening,
                       round(SUM(COALESCE(worked, 0)), max(m.decimal_places)) AS worked,
                       round(SUM(excluded), max(m.decimal_places)) AS excluded,
                       round(SUM(billed), max(m.decimal_places)) AS billed,
                       round(SUM(written_off), max(m.decimal_places)) AS written_off,
                       round(SUM(new), max(m.decimal_places)) AS closing,
                       round(COALESCE(SUM(-new) FILTER (WHERE is_new_ahead), 0),
                             max(m.decimal_places)) AS advance
                  FROM part q
                  JOIN project_billing_rule r ON r.id = q.rule_id
                  JOIN res_currency m ON m.id = r.currency_id
                 GROUP BY q.rule_id) s
              JOIN project_billing_rule r ON r.id = s.rule_id
              JOIN project_project p ON p.id = r.project_id
              JOIN res_company c ON c.id = r.company_id
              JOIN firm f ON f.id = r.company_id
              JOIN res_currency m ON m.id = c.currency_id
              LEFT JOIN LATERAL (
                SELECT b.partner_id FROM project_billing_payer b
                 WHERE b.rule_id = r.id ORDER BY b.id LIMIT 1) y ON TRUE
             WHERE s.opening_hours != 0 OR s.closing_hours != 0 OR s.worked_hours != 0
                OR s.opening != 0 OR s.closing != 0 OR s.worked != 0 OR s.billed != 0
                OR s.written_off != 0 OR s.billed_hours != 0 OR s.excluded_hours != 0
        """,
        rate_old=select_exchange(
            SQL("r.currency_id"),
            SQL("c.currency_id"),
            SQL("(%s::date - 1)", date_from),
        ),
        rate_new=select_exchange(
            SQL("r.currency_id"), SQL("c.currency_id"), SQL("%s::date", date_to)
        ),
    )


# what price changes, exchange rates and rounding did is what is left over
_REPORT = SQL(
    """
        SELECT rule_id AS id, rule_id, project_id, company_id, partner_id, user_id,
               billing_type, currency_id, company_currency_id,
               opening_hours, worked_hours, excluded_hours, billed_hours,
               written_off_hours, closing_hours,
               d.opening AS opening_doc, d.worked AS worked_doc,
               d.excluded AS excluded_doc, d.billed AS billed_doc,
               d.written_off AS written_off_doc,
               d.closing - d.opening - d.worked + d.excluded + d.billed
               + d.written_off AS revalued_doc,
               d.closing AS closing_doc, d.closing + d.advance AS wip_doc,
               d.advance AS advance_doc,
               own.opening, own.worked, own.excluded, own.billed, own.written_off,
               own.closing - own.opening - own.worked + own.excluded + own.billed
               + own.written_off AS revalued,
               own.closing, own.closing + own.advance AS wip, own.advance
          FROM deal d
         CROSS JOIN LATERAL (
            SELECT round(d.opening * rate_old, digits) AS opening,
                   round(d.worked * rate_new, digits) AS worked,
                   round(d.excluded * rate_new, digits) AS excluded,
                   round(d.billed * rate_new, digits) AS billed,
                   round(d.written_off * rate_new, digits) AS written_off,
                   round(d.closing * rate_new, digits) AS closing,
                   round(d.advance * rate_new, digits) AS advance) own
    """
)
