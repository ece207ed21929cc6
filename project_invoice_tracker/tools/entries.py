"""Queries over the entries of timesheet rules: one row each, with its reason."""

from collections import namedtuple

from odoo.tools import SQL

EntryRow = namedtuple(
    "EntryRow",
    "id rule_id project_id task_id employee_id role_id date text free held"
    " held_reason price price_source currency_id override confirmed late reason",
)


def build_entry_query(env, rule_ids, cutoff, entry_ids=None, reviewed=False):
    """Return the query of unbilled entries between 'bill from' and the cut-off.

    Each row carries the reason why it may not be billed (NULL = it may): a closed
    list, the first that holds. Quantities in hours.

    :param reviewed: the entries were proposed and reviewed; long days and likely
        duplicates are not looked for again

    Long days and twins are materialized: right after an import PostgreSQL has no
    statistics, expects one row, and would sum the days again for every entry.
    """
    lines = env["account.analytic.line"]
    lines.flush_model()
    for model in ("project.billing.rule", "project.task", "project.project"):
        env[model].flush_model()
    chosen = SQL("TRUE") if entry_ids is None else SQL("e.id = ANY(%s)", entry_ids)
    return SQL(
        """
        WITH mine AS MATERIALIZED (
            SELECT e.*, r.bill_at_zero, r.partner_id AS rule_partner_id,
                   r.last_cutoff_date
              FROM account_analytic_line e
              JOIN project_billing_rule r ON r.id = e.billing_rule_id
             WHERE e.billing_rule_id = ANY(%(rules)s)
               AND e.billed_quantity != e.billable_quantity
               AND NOT COALESCE(e.billing_nonbillable, FALSE)
               AND e.date >= r.bill_from
               AND e.date <= %(cutoff)s
               AND COALESCE(e.billing_date_postponed, e.date) <= %(cutoff)s
               AND %(chosen)s
        ), days AS MATERIALIZED (%(days)s
        ), twins AS MATERIALIZED (%(twins)s
        )
        SELECT e.id, e.billing_rule_id, e.project_id, e.task_id, e.employee_id,
               e.billing_role_id, e.date,
               COALESCE(NULLIF(e.billing_text, ''), NULLIF(e.name, '/')),
               (e.billable_quantity - e.billed_quantity
                - COALESCE(e.billing_held_quantity, 0))::float8,
               COALESCE(e.billing_held_quantity, 0)::float8,
               e.billing_held_reason,
               COALESCE(e.billing_price, 0)::float8, e.billing_price_source,
               e.billing_price_currency_id,
               COALESCE(e.billing_override_quantity
                        / NULLIF(e.billable_quantity, 0), 0)::float8,
               COALESCE(e.billing_confirmed, FALSE),
               e.date <= e.last_cutoff_date,
               CASE
                 WHEN %(sales)s THEN 'owned_by_sales'
                 WHEN %(absent)s THEN 'time_off'
                 WHEN NOT (%(approved)s) THEN 'not_approved'
                 WHEN tp.commercial_partner_id != pp.commercial_partner_id
                  AND tp.commercial_partner_id
                      != COALESCE(rp.commercial_partner_id, 0) THEN 'other_customer'
                 WHEN COALESCE(e.billing_price, 0) = 0
                  AND NOT COALESCE(e.bill_at_zero, FALSE) THEN 'no_rate'
                 WHEN NOT COALESCE(e.billing_confirmed, FALSE)
                  AND d.date IS NOT NULL THEN 'over_24h'
                 WHEN NOT COALESCE(e.billing_confirmed, FALSE)
                  AND w.first_id IS NOT NULL THEN 'duplicate'
               END
          FROM mine e
          JOIN project_project p ON p.id = e.project_id
          LEFT JOIN res_partner pp ON pp.id = p.partner_id
          LEFT JOIN res_partner rp ON rp.id = e.rule_partner_id
          LEFT JOIN project_task t ON t.id = e.task_id
          LEFT JOIN res_partner tp ON tp.id = t.partner_id
          LEFT JOIN days d ON d.employee_id = e.employee_id AND d.date = e.date
          LEFT JOIN twins w ON w.employee_id IS NOT DISTINCT FROM e.employee_id
                AND w.date = e.date AND w.project_id = e.project_id
                AND w.task_id IS NOT DISTINCT FROM e.task_id
                AND w.unit_amount = e.unit_amount AND w.name = e.name
                AND w.first_id < e.id
         ORDER BY e.date, e.id
        """,
        rules=rule_ids,
        cutoff=cutoff,
        chosen=chosen,
        days=_NO_DAYS if reviewed else _select_long_days(env),
        twins=_NO_TWINS if reviewed else _TWINS,
        sales=lines._get_sales_owner_sql(),
        absent=_get_absent_sql(lines),
        approved=_get_approved_sql(lines),
    )


_NO_DAYS = SQL("SELECT NULL::int4 AS employee_id, NULL::date AS date WHERE FALSE")
_NO_TWINS = SQL(
    "SELECT id AS first_id, employee_id, date, project_id, task_id, unit_amount, name"
    " FROM account_analytic_line WHERE FALSE"
)
_TWINS = SQL(
    """
            SELECT min(e.id) AS first_id, e.employee_id, e.date, e.project_id,
                   e.task_id, e.unit_amount, e.name
              FROM account_analytic_line e
             WHERE e.project_id IN (SELECT DISTINCT project_id FROM mine)
               AND e.name NOT IN ('', '/')
             GROUP BY e.employee_id, e.date, e.project_id, e.task_id, e.unit_amount,
                      e.name
            HAVING count(*) > 1
    """
)


def _select_long_days(env):
    return SQL(
        """
            SELECT e.employee_id, e.date
              FROM account_analytic_line e
              JOIN uom_uom u ON u.id = e.product_uom_id
              JOIN uom_uom h ON h.id = %s
             WHERE e.project_id IS NOT NULL
               AND e.employee_id IN (SELECT DISTINCT employee_id FROM mine)
             GROUP BY e.employee_id, e.date
            HAVING SUM(e.unit_amount * u.factor / h.factor) > 24.000001
        """,
        env.ref("uom.product_uom_hour").id,
    )


def build_aside_query(env, rule_ids, cutoff):
    """Return the query that counts what is out of range, per rule and reason."""
    return SQL(
        """
        SELECT e.billing_rule_id, e.project_id,
               CASE WHEN e.billing_nonbillable THEN 'non_billable'
                    WHEN e.date < r.bill_from THEN 'before_bill_from'
                    ELSE 'after_cutoff' END AS code,
               SUM(CASE WHEN e.billing_nonbillable
                        THEN e.unit_amount * u.factor / h.factor
                        ELSE (e.billable_quantity - e.billed_quantity)::float8 END),
               count(*), min(e.date), max(e.date)
          FROM account_analytic_line e
          JOIN project_billing_rule r ON r.id = e.billing_rule_id
          JOIN uom_uom h ON h.id = %(hour)s
          JOIN uom_uom u ON u.id = e.product_uom_id
         WHERE e.billing_rule_id = ANY(%(rules)s)
           AND (e.billed_quantity != e.billable_quantity OR e.billing_nonbillable)
           AND (e.billing_nonbillable OR e.date < r.bill_from OR e.date > %(cutoff)s
                OR e.billing_date_postponed > %(cutoff)s)
         GROUP BY 1, 2, 3
         ORDER BY 1, 2, 3
        """,
        rules=rule_ids,
        cutoff=cutoff,
        hour=env.ref("uom.product_uom_hour").id,
    )


def build_orphan_query(env, project_ids, company_id, cutoff):
    """Return the query that counts time that no rule of the company owns."""
    lines = env["account.analytic.line"]
    return SQL(
        """
        SELECT NULL::int4, e.project_id,
               CASE WHEN %(sales)s THEN 'owned_by_sales'
                    WHEN e.company_id != %(company)s THEN 'other_company'
                    WHEN e.billing_nonbillable THEN 'non_billable'
                    ELSE 'no_rule' END AS code,
               SUM(e.unit_amount * u.factor / h.factor), count(*),
               min(e.date), max(e.date)
          FROM account_analytic_line e
          JOIN uom_uom h ON h.id = %(hour)s
          JOIN uom_uom u ON u.id = e.product_uom_id
         WHERE e.project_id = ANY(%(projects)s)
           AND e.billing_rule_id IS NULL
           AND COALESCE(e.billed_quantity, 0) = 0
           AND COALESCE(e.billing_written_off_quantity, 0) = 0
           AND e.date <= %(cutoff)s
         GROUP BY 2, 3
         ORDER BY 2, 3
        """,
        sales=lines._get_sales_owner_sql(),
        company=company_id,
        projects=project_ids,
        cutoff=cutoff,
        hour=env.ref("uom.product_uom_hour").id,
    )


def _get_absent_sql(lines):
    columns = [
        name for name in ("holiday_id", "global_leave_id") if name in lines._fields
    ]
    if not columns:
        return SQL("FALSE")
    return SQL(" OR ").join(
        SQL("%s IS NOT NULL", SQL.identifier("e", name)) for name in columns
    )


def _get_approved_sql(lines):
    domain = lines._get_approved_domain()
    if domain.is_true():
        return SQL("TRUE")
    query = lines.sudo()._search(domain)
    return SQL("e.id IN (%s)", query.select())
