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
    from*), is_sold (Sales invoices it), date, base (company currency), label,
    vendor_id, reference, category_id.

    :param sources: ``(journal item ids, analytic line ids)`` to restrict the query to

    PostgreSQL cannot estimate how many lines name an account and expects one or two.
    So lines are read once (``parts``), and what they refer to is looked up one by one,
    where joins could read them again for each document.
    """
    lines, entries = sources or (None, None)
    return SQL(
        """
        WITH homes AS NOT MATERIALIZED (
            SELECT p.id AS project_id, p.account_id
              FROM project_project p
             WHERE p.id = ANY(%(projects)s)
               AND NOT EXISTS (%(shared)s)
        ), parts AS MATERIALIZED (
            %(parts)s
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
        parts=_select_parts(env, project_ids, company_id, lines),
        items=_select_items(env),
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


def _select_items(env):
    """Return the part of the query that reads journal items."""
    return SQL(
        """
            SELECT l.id AS key, h.project_id, l.date,
                   round(l.balance * l.upto / l.rounding) * l.rounding
                   - round(l.balance * (l.upto - l.part) / l.rounding) * l.rounding
                       AS base,
                   COALESCE(NULLIF(l.name, ''), NULLIF(m.ref, ''), m.name) AS label,
                   COALESCE(m.commercial_partner_id, (
                       SELECT v.commercial_partner_id FROM res_partner v
                        WHERE v.id = l.partner_id)) AS vendor_id,
                   COALESCE(NULLIF(m.ref, ''), m.name) AS reference,
                   (%(category)s) AS category_id, l.account_id,
                   m.move_type = ANY(%(bills)s) AS is_bill,
                   EXISTS (SELECT FROM account_analytic_line e
                            WHERE e.move_line_id = l.id AND %(sales)s) AS is_sold
              FROM parts l
              JOIN homes h ON h.account_id = l.analytic_id
             CROSS JOIN LATERAL (
                   SELECT * FROM account_move m WHERE m.id = l.move_id OFFSET 0) m
             WHERE m.move_type = ANY(%(moves)s)
               AND (SELECT a.account_type FROM account_account a
                     WHERE a.id = l.account_id) = ANY(%(types)s)
               AND (m.move_type != 'entry' OR NOT (%(technical)s))
        """,
        bills=list(BILL_TYPES),
        types=list(COST_ACCOUNT_TYPES),
        moves=list(COST_MOVE_TYPES),
        category=_select_category("l"),
        technical=_TECHNICAL,
        sales=env["account.analytic.line"]._get_sales_owner_sql(),
    )


def _select_parts(env, project_ids, company_id, ids):
    """Return the query of journal items by analytic account: share, and sum up to it.

    Shares of one plan are summed in the order of its accounts.
    """
    accounts = env["project.project"].browse(project_ids).account_id.ids
    return SQL(
        """
            SELECT l.id, l.move_id, l.date, l.balance, l.name, l.partner_id,
                   l.product_id, l.account_id, x.id AS analytic_id,
                   %(rounding)s::numeric AS rounding,
                   SUM(k.value::numeric) / 100 AS part,
                   SUM(SUM(k.value::numeric) / 100) OVER (
                       PARTITION BY l.id, x.root_plan_id ORDER BY x.id) AS upto
              FROM account_move_line l
             CROSS JOIN LATERAL jsonb_each_text(l.analytic_distribution) k
             CROSS JOIN LATERAL unnest(string_to_array(k.key, ',')) n (id)
              JOIN account_analytic_account x ON x.id = n.id::int
             WHERE l.parent_state = 'posted' AND l.company_id = %(company)s
               AND %(keys)s && %(accounts)s AND %(chosen)s
             GROUP BY l.id, x.root_plan_id, x.id
        """,
        rounding=env["res.company"].browse(company_id).currency_id.rounding,
        company=company_id,
        keys=env["account.move.line"]._query_analytic_accounts("l"),
        accounts=[str(account_id) for account_id in accounts],
        chosen=SQL("TRUE") if ids is None else SQL("l.id = ANY(%s)", ids),
    )


def _select_category(alias):
    """Return the query of the product category of a cost."""
    return SQL(
        """
    SELECT t.categ_id FROM product_product p
      JOIN product_template t ON t.id = p.product_tmpl_id
     WHERE p.id = %s
        """,
        SQL.identifier(alias, "product_id"),
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
                   (SELECT v.commercial_partner_id FROM res_partner v
                     WHERE v.id = e.partner_id),
                   e.ref, (%(category)s), e.general_account_id, FALSE, %(sales)s
              FROM homes h JOIN account_analytic_line e ON e.account_id = h.account_id
             WHERE e.company_id = %(company)s AND e.amount < 0
               AND e.move_line_id IS NULL AND e.employee_id IS NULL
               AND e.project_id IS NULL AND COALESCE(e.category, 'other') = 'other'
               AND %(chosen)s
        """,
        category=_select_category("e"),
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
