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

from .exchange import select_exchange
from .wip_entries import select_entries, select_recent, select_touched
from .wip_items import select_items


def build_wip_query(env, date_from, date_to, firms, progress):
    """Return the SELECT of the work in progress, columns as in ``project.billing.wip``.

    :param date_from: first day of the period
    :param date_to: last day of the period
    :param firms: ``[(company id, root company id, time zone, closed before, closed)]``:
        the moments (UTC) at which the months of the day before the period and of its
        last day were closed, or None
    :param progress: ``[(item id, percentage before, percentage at the end)]``
    """
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
        ), unit AS MATERIALIZED (
            SELECT u.id, u.factor, h.factor AS hour
              FROM uom_uom u JOIN uom_uom h ON h.id = %(hour)s
        ), recent AS MATERIALIZED (%(recent)s
        ), touched AS MATERIALIZED (%(touched)s
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
        hour=env.ref("uom.product_uom_hour").id,
        recent=select_recent(date_from, date_to),
        touched=select_touched(date_from, date_to, any(columns[3])),
        entries=select_entries(env, date_from, date_to),
        item_parts=select_items(date_from, date_to),
        deals=_select_deals(date_from, date_to),
        report=_REPORT,
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
              FROM (%(sums)s) s
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
            -- OFFSET 0: rates are looked up once, not once in each amount
            OFFSET 0
        """,
        sums=_SUMS,
        rate_old=select_exchange(
            SQL("r.currency_id"),
            SQL("c.currency_id"),
            SQL("(%s::date - 1)", date_from),
            SQL("f.root_id"),
        ),
        rate_new=select_exchange(
            SQL("r.currency_id"),
            SQL("c.currency_id"),
            SQL("%s::date", date_to),
            SQL("f.root_id"),
        ),
    )


# summed first: 100,000 entries need not meet their rules and currencies
_SUMS = SQL(
    """
                SELECT q.rule_id, q.opening_hours, q.worked_hours, q.excluded_hours,
                       q.billed_hours, q.written_off_hours, q.closing_hours,
                       round(q.opening, m.decimal_places) AS opening,
                       round(q.worked, m.decimal_places) AS worked,
                       round(q.excluded, m.decimal_places) AS excluded,
                       round(q.billed, m.decimal_places) AS billed,
                       round(q.written_off, m.decimal_places) AS written_off,
                       round(q.closing, m.decimal_places) AS closing,
                       round(q.advance, m.decimal_places) AS advance
                  FROM (
                    SELECT q.rule_id, SUM(hours_old) AS opening_hours,
                           SUM(worked_hours) AS worked_hours,
                           SUM(excluded_hours) AS excluded_hours,
                           SUM(billed_hours) AS billed_hours,
                           SUM(written_off_hours) AS written_off_hours,
                           SUM(hours_new) AS closing_hours, SUM(old) AS opening,
                           COALESCE(SUM(worked), 0) AS worked,
                           SUM(excluded) AS excluded, SUM(billed) AS billed,
                           SUM(written_off) AS written_off, SUM(new) AS closing,
                           COALESCE(SUM(-new) FILTER (WHERE is_new_ahead), 0)
                           AS advance
                      FROM part q
                     GROUP BY q.rule_id) q
                  JOIN project_billing_rule r ON r.id = q.rule_id
                  JOIN res_currency m ON m.id = r.currency_id
    """
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
