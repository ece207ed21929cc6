"""One statement that finds rule, role and price of time entries."""

from odoo.tools import SQL


def build_valuation_query(env, condition):
    """Return the UPDATE that fills rule, role and price of unbilled entries.

    The rule is the first by ``sequence`` among the project's active rules whose type
    owns time and whose company, dates, tasks, tags, employees and roles match; one
    chosen by hand stays. The price is the entry's own, else the employee's rate, the
    role's, the rule's, the product's (rates of the rule before those of its card),
    each the latest valid on the entry's date, per unit of the rule and in the currency
    in which it was agreed.

    :param condition: SQL on ``e`` (account_analytic_line)
    """
    hour = env.ref("uom.product_uom_hour")
    time_units = env["uom.uom"].with_context(active_test=False)
    time_units = time_units.search([("id", "child_of", hour.id)]).ids
    sales = env["account.analytic.line"]._get_sales_owner_sql()
    return SQL(
        """
        UPDATE account_analytic_line l
           SET billing_role_id = v.role_id,
               billing_rule_id = v.rule_id,
               billing_price = v.price,
               billing_price_source = v.source,
               billing_price_currency_id = v.currency_id
          FROM (%(values)s) v
         WHERE l.id = v.id
           AND (l.billing_role_id, l.billing_rule_id, l.billing_price,
                l.billing_price_source, l.billing_price_currency_id)
               IS DISTINCT FROM
               (v.role_id, v.rule_id, v.price, v.source, v.currency_id)
        """,
        values=_select_values(condition, sales, time_units),
    )


def _select_values(condition, sales, time_units):
    return SQL(
        """
        SELECT e.id, role.id AS role_id, r.id AS rule_id,
               round(CASE
                 WHEN r.id IS NULL THEN 0
                 WHEN e.billing_override_price != 0 THEN e.billing_override_price
                 WHEN rate.price IS NOT NULL
                 THEN rate.price * ru.factor / tu.factor
                 WHEN r.price != 0 THEN r.price
                 WHEN pu.id = ANY(%(time_units)s)
                 THEN pt.list_price * ru.factor / pu.factor
                 ELSE pt.list_price
               END::numeric, 6) AS price,
               CASE
                 WHEN r.id IS NULL THEN NULL
                 WHEN e.billing_override_price != 0 THEN 'entry'
                 WHEN rate.price IS NOT NULL THEN rate.source
                 WHEN r.price != 0 THEN 'rule'
                 ELSE 'product'
               END AS source,
               CASE
                 WHEN e.billing_override_price != 0 THEN r.currency_id
                 WHEN rate.price IS NOT NULL THEN rate.currency_id
                 WHEN r.price != 0 THEN r.currency_id
                 ELSE co.currency_id
               END AS currency_id
          FROM account_analytic_line e
          LEFT JOIN hr_employee emp ON emp.id = e.employee_id
          LEFT JOIN LATERAL (%(member)s) m ON TRUE
          CROSS JOIN LATERAL (
                SELECT CASE WHEN e.billing_role_manual THEN e.billing_role_id
                       ELSE COALESCE(m.role_id, emp.billing_role_id) END AS id) role
          LEFT JOIN LATERAL (%(rule)s) r ON TRUE
          LEFT JOIN LATERAL (%(rate)s) rate ON TRUE
          LEFT JOIN uom_uom ru ON ru.id = r.uom_id
          LEFT JOIN uom_uom tu ON tu.id = rate.uom_id
          LEFT JOIN res_company co ON co.id = r.company_id
          LEFT JOIN product_product pp ON pp.id = r.product_id
          LEFT JOIN product_template pt ON pt.id = pp.product_tmpl_id
          LEFT JOIN uom_uom pu ON pu.id = pt.uom_id
         WHERE e.project_id IS NOT NULL
           AND COALESCE(e.billed_quantity, 0) = 0
           AND (%(condition)s)
        """,
        member=_MEMBER,
        rule=_select_rule(sales),
        rate=_RATE,
        time_units=time_units,
        condition=condition,
    )


_MEMBER = SQL(
    """
    SELECT b.role_id FROM project_billing_member b
     WHERE b.project_id = e.project_id AND b.employee_id = e.employee_id
       AND b.role_id IS NOT NULL
       AND (b.date_start IS NULL OR b.date_start <= e.date)
       AND (b.date_end IS NULL OR b.date_end >= e.date)
     ORDER BY b.date_start DESC NULLS LAST, b.id DESC LIMIT 1
    """
)

_RATE = SQL(
    """
    SELECT t.price, t.currency_id, t.uom_id,
           CASE WHEN t.card_id IS NOT NULL THEN 'card_' ELSE '' END ||
           CASE WHEN t.employee_id IS NOT NULL THEN 'employee'
                WHEN t.role_id IS NOT NULL THEN 'role' ELSE 'rule' END AS source
      FROM project_billing_rate t
     WHERE (t.rule_id = r.id
            OR t.card_id = r.rate_card_id
               AND (r.price = 0 OR num_nonnulls(t.employee_id, t.role_id) = 1))
       AND (t.employee_id IS NULL OR t.employee_id = e.employee_id)
       AND (t.role_id IS NULL OR t.role_id = role.id)
       AND (t.date_start IS NULL OR t.date_start <= e.date)
     ORDER BY t.employee_id IS NULL, t.role_id IS NULL, t.rule_id IS NULL,
              t.date_start DESC NULLS LAST, t.id DESC
     LIMIT 1
    """
)


def _select_rule(sales):
    return SQL(
        """
        SELECT p.* FROM project_billing_rule p
         WHERE p.project_id = e.project_id AND p.claims_time
           AND NOT (%(sales)s)
           AND CASE WHEN e.billing_rule_manual AND e.billing_rule_id IS NOT NULL
               THEN p.id = e.billing_rule_id ELSE
               p.active
           AND p.company_id = COALESCE(e.company_id, p.company_id)
           AND (p.date_start IS NULL OR p.date_start <= e.date)
           AND (p.date_end IS NULL OR p.date_end >= e.date)
           AND (NOT EXISTS (SELECT 1 FROM project_billing_rule_employee_rel x
                             WHERE x.rule_id = p.id)
                OR EXISTS (SELECT 1 FROM project_billing_rule_employee_rel x
                            WHERE x.rule_id = p.id AND x.employee_id = e.employee_id))
           AND (NOT EXISTS (SELECT 1 FROM project_billing_rule_role_rel x
                             WHERE x.rule_id = p.id)
                OR EXISTS (SELECT 1 FROM project_billing_rule_role_rel x
                            WHERE x.rule_id = p.id AND x.role_id = role.id))
           AND (NOT EXISTS (SELECT 1 FROM project_billing_rule_tag_rel x
                             WHERE x.rule_id = p.id)
                OR EXISTS (SELECT 1 FROM project_billing_rule_tag_rel x
                             JOIN project_tags_project_task_rel y
                               ON y.project_tags_id = x.tag_id
                            WHERE x.rule_id = p.id AND y.project_task_id = e.task_id))
           AND (NOT EXISTS (SELECT 1 FROM project_billing_rule_task_rel x
                             WHERE x.rule_id = p.id)
                OR EXISTS (WITH RECURSIVE up AS (
                               SELECT id, parent_id FROM project_task
                                WHERE id = e.task_id
                               UNION ALL
                               SELECT t.id, t.parent_id FROM project_task t
                                 JOIN up ON t.id = up.parent_id)
                           SELECT 1 FROM project_billing_rule_task_rel x
                             JOIN up ON up.id = x.task_id
                            WHERE x.rule_id = p.id))
               END
         ORDER BY p.sequence, p.id LIMIT 1
        """,
        sales=sales,
    )
