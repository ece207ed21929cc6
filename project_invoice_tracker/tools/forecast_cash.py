"""What stands in the forecast beside the fact table: cash, and what people enter."""

from odoo.tools import SQL


def build_days(days):
    """Return the rows of VALUES: company, its today."""
    return SQL(", ").join(
        SQL("(%s::int4, %s::date)", company, day) for company, day in days.items()
    )


def build_cash(days):
    """Return the money in bank and cash accounts today, one row for each company.

    Accounts that are left out of the forecast do not count.

    :param days: ``{company id: today}``
    """
    return SQL(
        """
        SELECT c.id, 'cash' AS source, 'open' AS stage, NULL::int4 AS project_id,
               NULL::int4 AS user_id, NULL::int4 AS rule_id, NULL::int4 AS item_id,
               NULL::int4 AS partner_id, c.id AS company_id, c.currency_id,
               c.currency_id AS company_currency_id, NULL::int4 AS move_id,
               NULL::int4 AS move_line_id, FALSE AS is_payable, FALSE AS is_held,
               FALSE AS is_retained, NULL::date AS date_planned,
               NULL::date AS date_invoiced, d.today AS date_due, d.today,
               b.balance AS gross, b.balance AS gross_company
          FROM (VALUES %(days)s) d (company_id, today)
          JOIN res_company c ON c.id = d.company_id
         CROSS JOIN LATERAL (
               SELECT SUM(l.balance) AS balance
                 FROM account_move_line l
                WHERE l.company_id = d.company_id AND l.date <= d.today
                  AND l.parent_state = 'posted'
                  AND l.account_id = ANY(ARRAY(
                      SELECT a.id FROM account_account a
                       WHERE a.account_type = 'asset_cash'
                         AND a.billing_forecast_excluded IS NOT TRUE))) b
         WHERE b.balance IS NOT NULL
        """,
        days=build_days(days),
    )


def build_other(days):
    """Return what people entered: amounts of today and later.

    :param days: ``{company id: today}``
    """
    return SQL(
        """
        SELECT o.id, 'manual' AS source, 'planned' AS stage, o.project_id, p.user_id,
               NULL::int4 AS rule_id, NULL::int4 AS item_id, o.partner_id,
               o.company_id, c.currency_id, c.currency_id AS company_currency_id,
               NULL::int4 AS move_id, NULL::int4 AS move_line_id,
               o.amount < 0 AS is_payable, FALSE AS is_held, FALSE AS is_retained,
               o.date AS date_planned,
               NULL::date AS date_invoiced, o.date AS date_due, d.today,
               o.amount AS gross, o.amount AS gross_company
          FROM project_billing_forecast_line o
          JOIN (VALUES %(days)s) d (company_id, today)
            ON d.company_id = o.company_id AND o.date >= d.today
          JOIN res_company c ON c.id = o.company_id
          LEFT JOIN project_project p ON p.id = o.project_id
         WHERE o.active
        """,
        days=build_days(days),
    )
