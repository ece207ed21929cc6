"""Items in the work in progress: what is earned, billed and written off of each."""

from odoo.tools import SQL


def select_items(date_from, date_to):
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
                      LEFT JOIN (%(ledger)s) l ON l.item_id = i.id
                    OFFSET 0) i OFFSET 0) i
             WHERE i.earned_old != i.earned_new OR i.billed_old != i.billed_new
                OR i.lost_old != i.lost_new
                OR i.earned_new - i.billed_new - i.lost_new != 0
        """,
        facts=_FACTS,
        ledger=_select_ledger(date_from, date_to),
        share_old=_get_share(
            SQL("(%s::date - 1)", date_from), SQL("p.old"), SQL("l.drawn_old")
        ),
        share_new=_get_share(
            SQL("%s::date", date_to), SQL("p.new"), SQL("l.drawn_new")
        ),
    )


def _select_ledger(date_from, date_to):
    """Return what posted documents and decisions did to items, at both moments.

    ``drawn``: hours that entries took from a pack or a fee, by the day of the work.
    """
    return SQL(
        """
                        SELECT a.item_id,
                               SUM(v) FILTER (WHERE sort = 'b' AND day < %(start)s)
                               AS value_old,
                               SUM(v) FILTER (WHERE sort = 'b' AND day <= %(end)s)
                               AS value_new,
                               SUM(v) FILTER (WHERE sort = 'w' AND day < %(start)s)
                               AS lost_old,
                               SUM(v) FILTER (WHERE sort = 'w' AND day <= %(end)s)
                               AS lost_new,
                               SUM(q) FILTER (WHERE sort = 'h' AND day < %(start)s)
                               AS drawn_old,
                               SUM(q) FILTER (WHERE sort = 'h' AND day <= %(end)s)
                               AS drawn_new
                          FROM (%(rows)s) a
                         GROUP BY a.item_id
        """,
        start=date_from,
        end=date_to,
        rows=_ROWS,
    )


# rows of items with the day they count on; b: billed, w: written off, h: hours drawn
_ROWS = SQL(
    """
                        SELECT a.item_id, a.quantity AS q, a.amount AS v,
                               CASE WHEN a.analytic_line_id IS NOT NULL THEN 'h'
                                    WHEN a.kind = 'write_off' THEN 'w'
                                    ELSE 'b' END AS sort,
                               CASE WHEN a.analytic_line_id IS NOT NULL THEN a.date
                                    ELSE COALESCE(m.date, a.accounting_date,
                                    CASE WHEN a.kind != 'write_off' THEN a.date END,
                                    (a.create_date AT TIME ZONE 'UTC'
                                     AT TIME ZONE f.zone)::date) END AS day
                          FROM project_billing_allocation a
                          JOIN firm f ON f.id = a.company_id
                          LEFT JOIN account_move m ON m.id = a.move_id
                         WHERE a.item_id IS NOT NULL AND a.is_live
                           AND a.kind != 'withhold'
                           AND (a.analytic_line_id IS NULL OR a.kind = 'draw')
                           AND (a.move_id IS NULL OR m.state = 'posted')
    """
)


_FACTS = SQL(
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
