"""What time and materials will bring if people go on as they did."""

from odoo.tools import SQL

from .forecast_cash import build_days
from .tracker_work import build_values, select_rate, select_value

# whole weeks that the rate is the average of
RATE_WEEKS = 8
# how far a project without an end goes on
HORIZON_WEEKS = 26


def build_run_rate(days, limits):
    """Return one row for each timesheet rule and coming month, as invoiced at its end.

    The rate is the value of the last eight weeks' entries per day (of the weeks since
    the first entry where there are fewer), in the rule's currency, from tomorrow to the
    end of the rule, of the project, or the horizon, and not beyond a cap. Time that
    prepaid hours pay for is no rate.

    :param days: ``{company id: today}``
    :param limits: ``{rule id: amount}`` that a cap leaves, unbilled time taken off
    """
    return SQL(
        """
        SELECT q.rule_id::int8 * 16 + q.nr AS id, 'run_rate' AS source,
               'planned' AS stage, q.project_id, q.user_id, q.rule_id,
               NULL::int4 AS item_id, q.partner_id, q.company_id, q.currency_id,
               q.company_currency_id, NULL::int4 AS move_id,
               NULL::int4 AS move_line_id, FALSE AS is_payable, FALSE AS is_held,
               FALSE AS is_retained, q.month_end AS date_planned,
               NULL::date AS date_invoiced, NULL::date AS date_due, q.today,
               round(q.amount, q.digits) AS gross,
               round(q.amount * q.rate, q.digits_company) AS gross_company
          FROM (SELECT m.*, LEAST(m.upto, COALESCE(g.amount, m.upto))
                       - LEAST(m.upto - m.daily * m.length,
                               COALESCE(g.amount, m.upto)) AS amount
                  FROM (%(months)s) m
                  LEFT JOIN %(limits)s g (rule_id, amount) ON g.rule_id = m.rule_id
                OFFSET 0) q
         WHERE round(q.amount, q.digits) != 0
        """,
        months=_build_months(days),
        limits=build_values(limits),
    )


def _build_months(days):
    """Return the coming months of every rule that has a rate."""
    return SQL(
        """
        SELECT s.*, y.nr, y.month_end, y.length,
               SUM(s.daily * y.length) OVER (PARTITION BY s.rule_id ORDER BY y.nr)
               AS upto
          FROM (SELECT w.rule_id, r.project_id, p.user_id, r.company_id, r.currency_id,
                       c.currency_id AS company_currency_id, w.today, x.rate,
                       COALESCE(rp.commercial_partner_id, pp.commercial_partner_id)
                       AS partner_id, cu.digits, cc.digits AS digits_company,
                       LEAST(r.date_end, p.date, w.today + %(horizon)s) AS until,
                       SUM(w.amount * z.rate / x.rate)
                       / LEAST(%(weeks)s, ceil((w.today - min(w.first) + 1) / 7.0))
                       / 7 AS daily
                  FROM (%(work)s) w
                  JOIN project_billing_rule r ON r.id = w.rule_id
                  JOIN project_project p ON p.id = r.project_id AND p.active
                  JOIN res_company c ON c.id = r.company_id
                  JOIN digits cu ON cu.id = r.currency_id
                  JOIN digits cc ON cc.id = c.currency_id
                  LEFT JOIN res_partner rp ON rp.id = r.partner_id
                  LEFT JOIN res_partner pp ON pp.id = p.partner_id
                 CROSS JOIN LATERAL (%(rate)s) x
                 CROSS JOIN LATERAL (%(price_rate)s) z
                 GROUP BY w.rule_id, r.project_id, p.user_id, r.company_id,
                       r.currency_id, c.currency_id, w.today, x.rate, rp.id, pp.id,
                       cu.digits, cc.digits, r.date_end, p.date) s
         CROSS JOIN LATERAL (
               SELECT nr, (start + interval '1 month - 1 day')::date AS month_end,
                      LEAST(s.until, (start + interval '1 month - 1 day')::date)
                      - GREATEST(s.today, start::date - 1) AS length
                 FROM generate_series(0, %(horizon)s / 28 + 1) nr
                CROSS JOIN LATERAL (SELECT date_trunc('month', s.today + 1)
                                           + nr * interval '1 month' AS start) b
               ) y
         WHERE y.length > 0 AND s.daily > 0
        """,
        work=_build_work(days),
        weeks=RATE_WEEKS,
        horizon=HORIZON_WEEKS * 7,
        rate=select_rate(SQL("r.currency_id"), SQL("w.today")),
        price_rate=select_rate(SQL("w.price_currency"), SQL("w.today")),
    )


def _build_work(days):
    """Return the value of recent work by rule and currency of the price."""
    return SQL(
        """
        SELECT e.billing_rule_id AS rule_id, d.today,
               COALESCE(e.billing_price_currency_id, r.currency_id) AS price_currency,
               SUM(%(value)s)::numeric AS amount, min(e.date) AS first
          FROM (VALUES %(days)s) d (company_id, today)
          JOIN project_billing_rule r ON r.company_id = d.company_id AND r.active
          JOIN account_analytic_line e ON e.billing_rule_id = r.id
           AND e.date BETWEEN d.today - %(length)s + 1 AND d.today
           AND e.date >= r.bill_from AND e.billing_price != 0
          JOIN uom_uom u ON u.id = r.uom_id
          JOIN uom_uom h ON h.id = (
               SELECT k.res_id FROM ir_model_data k
                WHERE k.module = 'uom' AND k.name = 'product_uom_hour')
         WHERE r.claims_time AND r.billing_type = 'timesheet'
           AND NOT EXISTS (SELECT 1 FROM project_billing_allocation a
                            WHERE a.analytic_line_id = e.id AND a.kind = 'draw'
                              AND a.is_live)
         GROUP BY 1, 2, 3
        """,
        days=build_days(days),
        length=RATE_WEEKS * 7,
        value=select_value(SQL("e.billable_quantity")),
    )
