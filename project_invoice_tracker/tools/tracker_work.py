"""Parts of the fact table that are on no invoice yet: items and unbilled time."""

from odoo.tools import SQL

from .exchange import select_rate


def build_values(values):
    """Return ``(VALUES (id, amount), …)`` of a mapping, also of an empty one."""
    rows = [SQL("(%s::int4, %s::numeric)", key, worth) for key, worth in values.items()]
    return SQL("(VALUES %s)", SQL(", ").join(rows or [SQL("(NULL::int4, 0::numeric)")]))


# is the item ready on the day? (i: item, s: milestone, d: days)
_IS_READY = SQL(
    """
    COALESCE(CASE i.trigger
        WHEN 'date' THEN i.date_planned <= d.today
        WHEN 'tasks_done' THEN s.is_reached OR (
             SELECT bool_and(t.state IN ('1_done', '1_canceled')) FROM project_task t
              WHERE t.milestone_id = i.milestone_id AND t.active)
        ELSE i.date_ready <= d.today END, FALSE)
    """
)


def _limit(column, projects):
    """Return the condition that rows are of some projects, if any are given."""
    return SQL("AND %s IN (%s)", column, projects) if projects else SQL()


def build_items(earned, projects=None):
    """Return amounts that are on no invoice: held, ready, planned.

    :param earned: ``{item id: amount}`` of progress items, in the rule's currency
    :param projects: SQL of a query of ids, the projects wanted
    """
    return SQL(
        """
        SELECT 4 * i.id + v.nr AS row_id, 'item' AS source, v.stage, i.project_id,
               i.rule_id, i.id AS item_id, i.milestone_id,
               COALESCE(rp.commercial_partner_id, pp.commercial_partner_id)
               AS partner_id, i.company_id, i.currency_id, NULL::int4 AS move_id,
               NULL::int4 AS move_line_id, FALSE AS is_payable, v.nr = 1 AS is_held,
               FALSE AS is_retained,
               COALESCE(i.date_ready, i.date_planned) AS date_planned,
               NULL::date AS date_invoiced, NULL::date AS date_due,
               NULL::date AS date_paid, v.amount AS net, v.amount AS gross,
               round(v.amount * x.rate, cc.digits) AS net_company,
               round(v.amount * x.rate, cc.digits) AS gross_company, i.today
          FROM (SELECT i.*, d.today, COALESCE(i.billing_held_amount, 0) AS held,
                       i.billable_amount - COALESCE(i.billed_amount, 0)
                       - COALESCE(i.billing_held_amount, 0) AS free,
                       CASE WHEN i.kind = 'progress'
                            THEN GREATEST(0, COALESCE(e.amount, 0)
                                 - COALESCE(i.billed_amount, 0)
                                 - COALESCE(i.billing_held_amount, 0))
                            WHEN %(is_ready)s
                            THEN i.billable_amount - COALESCE(i.billed_amount, 0)
                                 - COALESCE(i.billing_held_amount, 0)
                            ELSE 0 END AS ready
                  FROM project_billing_item i
                  JOIN days d ON d.company_id = i.company_id
                  LEFT JOIN project_milestone s ON s.id = i.milestone_id
                  LEFT JOIN %(earned)s e (item_id, amount) ON e.item_id = i.id
                 WHERE i.active AND i.kind NOT IN ('retention', 'opening')
                   AND i.billable_amount != COALESCE(i.billed_amount, 0)
                   %(own)s) i
          JOIN project_billing_rule r ON r.id = i.rule_id AND r.active
          JOIN project_project p
            ON p.id = i.project_id AND NOT COALESCE(p.is_template, FALSE)
          LEFT JOIN res_partner rp ON rp.id = r.partner_id
          LEFT JOIN res_partner pp ON pp.id = p.partner_id
          JOIN res_company c ON c.id = i.company_id
          JOIN digits cc ON cc.id = c.currency_id
         CROSS JOIN LATERAL (%(rate)s) x
         CROSS JOIN LATERAL (VALUES (0, 'ready', i.ready), (1, 'ready', i.held),
                                    (2, 'planned', i.free - i.ready)
                                    ) v (nr, stage, amount)
         WHERE v.amount != 0
        """,
        is_ready=_IS_READY,
        own=_limit(SQL("i.project_id"), projects),
        earned=build_values(earned),
        rate=select_rate(SQL("i.currency_id"), SQL("i.today")),
    )


def build_time(prepaid, projects=None):
    """Return unbilled time: one row for each rule, month, price currency, held or not.

    A row has the number of the first of its entries. What belongs to a month is joined
    from outside: PostgreSQL knows nothing about the columns of what was grouped, and
    would expect next to no rows of an inner join.

    :param prepaid: ``{rule id: amount}`` of work that a pack or a fee pays for: taken
        off the oldest months
    :param projects: SQL of a query of ids, the projects wanted
    """
    return SQL(
        """
        SELECT 2 * w.entry_id::int8 + v.nr AS row_id, 'time' AS source,
               'ready' AS stage, w.project_id, w.rule_id,
               NULL::int4 AS item_id, NULL::int4 AS milestone_id,
               COALESCE(rp.commercial_partner_id, pp.commercial_partner_id)
               AS partner_id, w.company_id, w.price_currency AS currency_id,
               NULL::int4 AS move_id, NULL::int4 AS move_line_id,
               FALSE AS is_payable, v.nr = 1 AS is_held,
               FALSE AS is_retained, w.month AS date_planned,
               NULL::date AS date_invoiced, NULL::date AS date_due,
               NULL::date AS date_paid, round(v.amount, cu.digits) AS net,
               round(v.amount, cu.digits) AS gross,
               round(v.amount * x.rate, cc.digits) AS net_company,
               round(v.amount * x.rate, cc.digits) AS gross_company, w.today
          FROM (%(months)s) w
          LEFT JOIN project_project p ON p.id = w.project_id
          LEFT JOIN res_partner rp ON rp.id = w.rule_partner_id
          LEFT JOIN res_partner pp ON pp.id = p.partner_id
          LEFT JOIN res_company c ON c.id = w.company_id
          LEFT JOIN digits cu ON cu.id = w.price_currency
          LEFT JOIN digits cc ON cc.id = c.currency_id
         CROSS JOIN LATERAL (%(rate)s) x
         CROSS JOIN LATERAL (VALUES (0, w.due), (1, w.held)) v (nr, amount)
         WHERE round(v.amount, cu.digits) != 0
        """,
        months=_build_due_months(prepaid, projects),
        rate=select_rate(SQL("w.price_currency"), SQL("w.today")),
    )


def _build_due_months(prepaid, projects):
    """Return the months of :func:`build_months` with what is ``due`` of them.

    Most rules have nothing prepaid: their months need no running totals.
    """
    plain = build_months(projects=projects, condition=_is_of(prepaid, "!= ALL"))
    months = SQL("SELECT m.*, m.free AS due FROM (%s) m", plain)
    if not prepaid:
        return months
    return SQL(
        """
        %(plain)s
        UNION ALL
        SELECT m.*, CASE WHEN m.free < 0 THEN m.free ELSE
                    GREATEST(0, SUM(GREATEST(0, m.free)) OVER w - g.amount)
                    - GREATEST(0, SUM(GREATEST(0, m.free)) OVER w
                                  - GREATEST(0, m.free) - g.amount) END AS due
          FROM (%(months)s) m
          JOIN %(prepaid)s g (rule_id, amount) ON g.rule_id = m.rule_id
        WINDOW w AS (PARTITION BY m.rule_id ORDER BY m.month, m.price_currency)
        """,
        plain=months,
        months=build_months(projects=projects, condition=_is_of(prepaid, "= ANY")),
        prepaid=build_values(prepaid),
    )


def _is_of(prepaid, operator):
    """Return the condition on the rule of an entry, none where nothing is prepaid."""
    if not prepaid:
        return SQL()
    return SQL(f"AND r.id {operator}(%s::int4[])", list(prepaid))


_FREE = SQL(
    "(e.billable_quantity - e.billed_quantity - COALESCE(e.billing_held_quantity, 0))"
)


def build_months(entries=None, projects=None, condition=None):
    """Return unbilled time at its price, free and held, by rule, month and currency.

    :param entries: SQL of the entries to read; default: the table
    :param projects: SQL of a query of ids, the projects wanted
    :param condition: more SQL on the entry (``e``) or the rule (``r``)
    """
    return SQL(
        """
        SELECT m.*, (m.start + interval '1 month' - interval '1 day')::date AS month
          FROM (
            SELECT min(e.id) AS entry_id, r.id AS rule_id, r.project_id, r.company_id,
                   r.partner_id AS rule_partner_id, d.today,
                   date_trunc('month', e.date::timestamp) AS start,
                   COALESCE(e.billing_price_currency_id, r.currency_id)
                   AS price_currency, SUM(%(free)s)::numeric AS free,
                   COALESCE(SUM(%(held)s) FILTER (
                            WHERE e.billing_held_quantity != 0), 0)::numeric AS held
              FROM %(entries)s e
              JOIN project_billing_rule r ON r.id = e.billing_rule_id AND r.active
              JOIN days d ON d.company_id = r.company_id
              JOIN uom_uom u ON u.id = r.uom_id
              JOIN uom_uom h ON h.id = (
                   SELECT k.res_id FROM ir_model_data k
                    WHERE k.module = 'uom' AND k.name = 'product_uom_hour')
             WHERE e.billed_quantity != e.billable_quantity AND e.date >= r.bill_from
               AND e.date <= d.today AND e.billing_price != 0 %(own)s %(condition)s
             GROUP BY r.id, d.today, start, price_currency) m
        """,
        free=select_value(_FREE),
        held=select_value(SQL("e.billing_held_quantity")),
        entries=entries or SQL("account_analytic_line"),
        own=_limit(SQL("r.project_id"), projects),
        condition=condition or SQL(),
    )


def select_value(hours):
    """Return the value of hours of an entry (``e``) at the price of the rule's unit.

    Mostly that is the hour (``u`` is ``h``), and a division is the dearest step of all.
    """
    return SQL(
        """
        CASE WHEN u.id = h.id THEN %(hours)s * e.billing_price
             ELSE %(hours)s * h.factor / u.factor * e.billing_price END
        """,
        hours=hours,
    )
