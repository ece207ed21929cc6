"""Queries over the costs of projects: one row for each cost and project.

A cost is a line of a posted journal entry on an expense account whose analytic
distribution names the project's analytic account, or an analytic line with a negative
amount that was typed by hand. ``base`` is the project's share of it in company
currency: balance x percent. The shares of one line are cut off its balance one after
the other, so that they sum to it exactly.
"""

from odoo.tools import SQL

# depreciation is a calculation: nobody sent a bill for it
COST_ACCOUNT_TYPES = ("expense", "expense_direct_cost", "expense_other")
BILL_TYPES = ("in_invoice", "in_refund", "in_receipt")
# never lines of our own customer documents
COST_MOVE_TYPES = (*BILL_TYPES, "entry")


def build_cost_query(env, project_ids, company_id, sources=None):
    """Return the query of all costs of projects in one company, with their rules.

    Columns: key (id of the journal item; of an analytic line its id times -1),
    project_id, rule_id (None: no rule matches), is_old (before the rule's *Bill
    from*), date, base (company currency), label, vendor_id, reference, category_id.

    :param sources: ``(journal item ids, analytic line ids)`` to restrict the query to
    """
    lines, entries = sources or (None, None)
    return SQL(
        """
        WITH homes AS MATERIALIZED (
            SELECT p.id AS project_id, p.account_id, a.root_plan_id
              FROM project_project p
              JOIN account_analytic_account a ON a.id = p.account_id
             WHERE p.id = ANY(%(projects)s)
               AND NOT EXISTS (%(shared)s)
        ), costs AS MATERIALIZED (
            %(items)s
            UNION ALL
            %(entries)s
        )
        SELECT c.*, r.id AS rule_id, c.date < r.bill_from AS is_old
          FROM costs c LEFT JOIN LATERAL (%(owner)s) r ON TRUE
        """,
        projects=list(project_ids),
        shared=_SHARED,
        items=_select_items(env, project_ids, company_id, lines),
        entries=_select_entries(env, company_id, entries),
        owner=_select_owner(company_id),
    )


# an account of several projects says nothing of whose cost it is
_SHARED = SQL(
    """
    SELECT FROM project_project q
     WHERE q.account_id = p.account_id AND q.id != p.id
    """
)


def _select_items(env, project_ids, company_id, ids):
    """Return the part of the query that reads journal items."""
    accounts = env["project.project"].browse(project_ids).account_id.ids
    lines = env["account.analytic.line"]
    return SQL(
        """
            SELECT l.id AS key, h.project_id, l.date,
                   round(l.balance * s.upto / u.rounding::numeric)
                       * u.rounding::numeric
                   - round(l.balance * (s.upto - s.part) / u.rounding::numeric)
                       * u.rounding::numeric AS base,
                   COALESCE(NULLIF(l.name, ''), NULLIF(m.ref, ''), m.name) AS label,
                   COALESCE(m.commercial_partner_id, v.commercial_partner_id)
                       AS vendor_id,
                   COALESCE(NULLIF(m.ref, ''), m.name) AS reference,
                   t.categ_id AS category_id, l.account_id,
                   m.move_type = ANY(%(bills)s) AS is_bill
              FROM (SELECT l.id, x.root_plan_id, x.id AS account_id,
                           SUM(k.value::numeric) / 100 AS part,
                           SUM(SUM(k.value::numeric) / 100) OVER (
                               PARTITION BY l.id, x.root_plan_id ORDER BY x.id) AS upto
                      FROM account_move_line l
                     CROSS JOIN LATERAL jsonb_each_text(l.analytic_distribution) k
                     CROSS JOIN LATERAL unnest(string_to_array(k.key, ',')) n (id)
                      JOIN account_analytic_account x ON x.id::text = n.id
                     WHERE l.parent_state = 'posted' AND l.company_id = %(company)s
                       AND %(keys)s && %(accounts)s AND %(chosen)s
                     GROUP BY l.id, x.root_plan_id, x.id) s
              JOIN homes h ON h.account_id = s.account_id
              JOIN account_move_line l ON l.id = s.id
              JOIN account_move m ON m.id = l.move_id
              JOIN account_account a ON a.id = l.account_id
              JOIN res_company o ON o.id = l.company_id
              JOIN res_currency u ON u.id = o.currency_id
              LEFT JOIN res_partner v ON v.id = l.partner_id
              LEFT JOIN product_product p ON p.id = l.product_id
              LEFT JOIN product_template t ON t.id = p.product_tmpl_id
             WHERE a.account_type = ANY(%(types)s)
               AND m.move_type = ANY(%(moves)s)
               AND (m.move_type != 'entry' OR NOT (%(technical)s))
               AND NOT EXISTS (SELECT FROM account_analytic_line e
                                WHERE e.move_line_id = l.id AND %(sales)s)
        """,
        bills=list(BILL_TYPES),
        company=company_id,
        keys=env["account.move.line"]._query_analytic_accounts("l"),
        accounts=[str(account_id) for account_id in accounts],
        chosen=SQL("TRUE") if ids is None else SQL("l.id = ANY(%s)", ids),
        types=list(COST_ACCOUNT_TYPES),
        moves=list(COST_MOVE_TYPES),
        technical=_TECHNICAL,
        sales=lines._get_sales_owner_sql(),
    )


# differences of exchange rates and entries of cash-basis taxes are nobody's bill
_TECHNICAL = SQL(
    """
    m.tax_cash_basis_rec_id IS NOT NULL
    OR m.tax_cash_basis_origin_move_id IS NOT NULL
    OR EXISTS (SELECT FROM account_partial_reconcile x WHERE x.exchange_move_id = m.id)
    """
)


def _select_entries(env, company_id, ids):
    """Return the part of the query that reads analytic lines typed by hand."""
    lines = env["account.analytic.line"]
    return SQL(
        """
            SELECT -e.id, h.project_id, e.date, -e.amount, e.name,
                   v.commercial_partner_id, e.ref, t.categ_id, e.general_account_id,
                   FALSE
              FROM account_analytic_line e
              JOIN homes h ON h.account_id = e.account_id
              LEFT JOIN res_partner v ON v.id = e.partner_id
              LEFT JOIN product_product p ON p.id = e.product_id
              LEFT JOIN product_template t ON t.id = p.product_tmpl_id
             WHERE e.company_id = %(company)s AND e.amount < 0
               AND e.move_line_id IS NULL AND e.employee_id IS NULL
               AND e.project_id IS NULL AND COALESCE(e.category, 'other') = 'other'
               AND NOT (%(sales)s) AND %(chosen)s
        """,
        company=company_id,
        sales=lines._get_sales_owner_sql(),
        chosen=SQL("TRUE") if ids is None else SQL("e.id = ANY(%s)", ids),
    )


def _select_owner(company_id):
    """Return the query of the first rule by sequence that matches a cost ``c``."""
    return SQL(
        """
    SELECT p.id, p.bill_from FROM project_billing_rule p
     WHERE p.project_id = c.project_id AND p.billing_type = 'expense' AND p.active
       AND p.company_id = %s
       AND (p.date_start IS NULL OR p.date_start <= c.date)
       AND (p.date_end IS NULL OR p.date_end >= c.date)
       AND (p.cost_sources = 'all' OR c.is_bill)
       AND (NOT EXISTS (SELECT FROM project_billing_rule_cost_category_rel x
                         WHERE x.rule_id = p.id)
            OR EXISTS (SELECT FROM project_billing_rule_cost_category_rel x
                         JOIN product_category g ON g.id = x.category_id
                         JOIN product_category own ON own.id = c.category_id
                        WHERE x.rule_id = p.id
                          AND starts_with(own.parent_path, g.parent_path)))
       AND (NOT EXISTS (SELECT FROM project_billing_rule_cost_account_rel x
                         WHERE x.rule_id = p.id)
            OR EXISTS (SELECT FROM project_billing_rule_cost_account_rel x
                        WHERE x.rule_id = p.id AND x.account_id = c.account_id))
       AND (NOT EXISTS (SELECT FROM project_billing_rule_cost_vendor_rel x
                         WHERE x.rule_id = p.id)
            OR EXISTS (SELECT FROM project_billing_rule_cost_vendor_rel x
                         JOIN res_partner v ON v.id = x.partner_id
                        WHERE x.rule_id = p.id
                          AND v.commercial_partner_id = c.vendor_id))
     ORDER BY p.sequence, p.id LIMIT 1
        """,
        company_id,
    )
