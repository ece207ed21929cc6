"""Statements that keep the items of costs: made, worthed, bounded, all as sets."""

from odoo.tools import SQL

from .costs import build_cost_query


def _match(env, project_ids, company_id, sources=None):
    """Return the query of costs beside their items, either may be missing.

    Columns: item_id and those of :func:`build_cost_query`. Right after an import
    PostgreSQL has no statistics and expects one cost: it would read all costs for
    each item. A FULL JOIN can only be hashed or merged, however few it expects;
    queries must materialize it, or it is turned into another join.
    """
    chosen = SQL("TRUE")
    if sources is not None:
        chosen = SQL(
            "(i.cost_move_line_id = ANY(%s) OR i.cost_analytic_line_id = ANY(%s))",
            *sources,
        )
    return SQL(
        """
        SELECT i.item_id, c.*
          FROM (%(costs)s) c
          FULL JOIN (
               SELECT i.id AS item_id, i.project_id,
                      COALESCE(i.cost_move_line_id, -i.cost_analytic_line_id) AS key
                 FROM project_billing_item i
                WHERE i.project_id = ANY(%(projects)s)
                  AND i.cost_source IS NOT NULL AND %(chosen)s) i
            ON i.project_id = c.project_id AND i.key = c.key
        """,
        costs=build_cost_query(env, project_ids, company_id, sources),
        projects=list(project_ids),
        chosen=chosen,
    )


def build_insert(env, project_ids, company_id, defaults):
    """Return the statement that makes an item of each new cost that a rule passes on.

    Two runs at once: the second waits for the first and finds the items made; under
    REPEATABLE READ the host repeats it.

    :param defaults: ``{column: value}`` that all new items have in common
    """
    return SQL(
        """
        WITH costs AS MATERIALIZED (%(costs)s)
        INSERT INTO project_billing_item (
            rule_id, project_id, company_id, currency_id, name, cost_label,
            cost_source, cost_move_line_id, cost_analytic_line_id, %(columns)s)
        SELECT c.rule_id, c.project_id, r.company_id, r.currency_id, c.label, c.label,
               CASE WHEN c.key > 0 THEN 'bill' ELSE 'entry' END,
               NULLIF(GREATEST(c.key, 0), 0), NULLIF(GREATEST(-c.key, 0), 0),
               %(values)s
          FROM costs c
          JOIN project_billing_rule r ON r.id = c.rule_id
         WHERE c.item_id IS NULL AND c.base != 0 AND NOT (c.is_old OR c.is_sold)
         ORDER BY c.date, c.key
            ON CONFLICT DO NOTHING
        """,
        columns=SQL(", ").join(map(SQL.identifier, defaults)),
        values=SQL(", ").join(SQL("%s", value) for value in defaults.values()),
        costs=_match(env, project_ids, company_id),
    )


def build_update(env, project_ids, company_id, rates, sources=None):
    """Return the statement that gives items of costs what they come to, if it changed.

    What is on live invoices keeps its rule, exchange rate and mark-up; its base
    follows the books. Returns id, base before and base now of the items that changed.

    :param rates: ``{rule id: factor from company currency to the rule's}``
    :param sources: see :func:`build_cost_query`
    """
    return SQL(
        """
        WITH costs AS MATERIALIZED (%(costs)s), rates AS (
            SELECT * FROM unnest(%(rules)s::int4[], %(factors)s::float8[])
                          AS u (rule_id, factor)
        ), found AS (%(found)s), worth AS (
            SELECT f.*,
                   round((f.base * f.factor::numeric * (1 + f.markup::numeric / 100))
                         / u.rounding::numeric) * u.rounding::numeric AS amount
              FROM found f JOIN res_currency u ON u.id = f.currency_id
        )
        UPDATE project_billing_item i
           SET rule_id = v.rule_id, currency_id = v.currency_id, name = v.name,
               cost_label = v.label, cost_date = v.date, date_ready = v.date,
               cost_vendor_id = v.vendor_id, cost_reference = v.reference,
               cost_category_id = v.category_id, cost_base = v.base,
               cost_rate = v.factor, cost_markup = v.markup, cost_amount = v.amount
          FROM worth v
         WHERE v.id = i.id
           AND (i.rule_id, i.currency_id, i.name, i.cost_label, i.cost_date,
                i.date_ready, i.cost_vendor_id, i.cost_reference, i.cost_category_id,
                i.cost_base, i.cost_rate, i.cost_markup, i.cost_amount)
               IS DISTINCT FROM
               (v.rule_id, v.currency_id, v.name, v.label, v.date,
                v.date, v.vendor_id, v.reference, v.category_id,
                v.base, v.factor, v.markup, v.amount)
        RETURNING i.id, COALESCE(v.before, 0)::float8, v.base::float8
        """,
        costs=_match(env, project_ids, company_id, sources),
        rules=list(rates),
        factors=list(rates.values()),
        found=_FOUND,
    )


# items of costs with what the books and their rule say
_FOUND = SQL(
    """
    SELECT i.id, i.cost_base AS before, w.rule_id, r.currency_id,
           CASE WHEN i.name = i.cost_label AND c.key IS NOT NULL THEN c.label
                ELSE i.name END AS name,
           COALESCE(c.label, i.cost_label) AS label,
           COALESCE(c.date, i.cost_date) AS date,
           CASE WHEN c.key IS NULL THEN i.cost_vendor_id ELSE c.vendor_id
                END AS vendor_id,
           CASE WHEN c.key IS NULL THEN i.cost_reference ELSE c.reference
                END AS reference,
           CASE WHEN c.key IS NULL THEN i.cost_category_id ELSE c.category_id
                END AS category_id,
           CASE WHEN c.is_sold THEN 0
                WHEN w.used OR c.rule_id IS NOT NULL AND NOT c.is_old
                THEN COALESCE(c.base, 0) ELSE 0 END AS base,
           CASE WHEN i.billed_amount != 0 THEN i.cost_rate
                ELSE COALESCE(f.factor, 0) END AS factor,
           CASE WHEN i.cost_markup_manual OR i.billed_amount != 0 THEN i.cost_markup
                WHEN r.is_disbursement THEN 0
                ELSE COALESCE(m.percentage, r.markup_percentage, 0) END AS markup
      FROM costs c
      JOIN project_billing_item i ON i.id = c.item_id
     CROSS JOIN LATERAL (
           SELECT a.used, CASE WHEN a.used THEN i.rule_id
                               ELSE COALESCE(c.rule_id, i.rule_id) END AS rule_id
             FROM (SELECT EXISTS (SELECT FROM project_billing_allocation x
                                   WHERE x.item_id = i.id) AS used) a) w
      JOIN project_billing_rule r ON r.id = w.rule_id
      JOIN rates f ON f.rule_id = r.id
      LEFT JOIN LATERAL (
           SELECT k.percentage FROM project_billing_markup k
             JOIN product_category g ON g.id = k.category_id
             JOIN product_category own ON own.id = COALESCE(
                  c.category_id, i.cost_category_id)
            WHERE k.rule_id = r.id AND starts_with(own.parent_path, g.parent_path)
            ORDER BY length(g.parent_path) DESC LIMIT 1) m ON TRUE
    """
)


def build_bounds(item_ids):
    """Return the statement that bounds what may be billed of items of costs.

    ``cost_claim``: what they come to less what was given up, except what is billed of
    it. ``billable_amount``: that, and never less than what is on live invoices, so
    that a cost that shrank after billing breaks no CHECK and shows as a difference.
    An item that was held as a whole stays so, even if its bill was a draft meanwhile.
    """
    return SQL(
        """
        UPDATE project_billing_item i
           SET cost_claim = v.claim, billable_amount = v.billable,
               billing_held_amount = CASE
                   WHEN v.held != 0 AND v.held = v.before - v.billed
                     OR v.before = 0 AND v.billed = 0 AND v.reason IS NOT NULL
                   THEN v.billable - v.billed
                   ELSE sign(v.billable) * GREATEST(0, LEAST(
                        sign(v.billable) * v.held, abs(v.billable) - abs(v.billed)))
               END
          FROM (SELECT c.*, CASE WHEN c.billed = 0 OR sign(c.claim) = sign(c.billed)
                                  AND abs(c.claim) >= abs(c.billed)
                                 THEN c.claim ELSE c.billed END AS billable
                  FROM (SELECT t.id, t.billable_amount AS before,
                               t.billed_amount AS billed,
                               t.billing_held_reason AS reason,
                               COALESCE(t.billing_held_amount, 0) AS held,
                               sign(t.cost_amount) * GREATEST(
                                   0,
                                   sign(t.cost_amount) * (
                                       t.cost_amount - COALESCE(
                                           t.billing_written_off_amount, 0)),
                                   LEAST(abs(t.cost_amount),
                                         sign(t.cost_amount) * t.billed_amount)
                               ) AS claim
                          FROM project_billing_item t
                         WHERE t.id = ANY(%s) AND t.cost_source IS NOT NULL) c) v
         WHERE v.id = i.id
           AND (i.cost_claim, i.billable_amount) IS DISTINCT FROM (v.claim, v.billable)
        """,
        item_ids,
    )


def build_lift(rows, sign):
    """Return the statement that makes room for rows of costs that count again.

    Of a cost that shrank, what a live row bills is more than its worth. A row that
    comes back finds the room that it left, unless the cost is billed elsewhere now.

    :param rows: ledger rows that are switched on (sign 1) or credits switched off (-1)
    """
    return SQL(
        """
        UPDATE project_billing_item i
           SET billable_amount = i.billed_amount + v.amount
          FROM (SELECT a.item_id, %(sign)s * SUM(a.amount) AS amount
                  FROM project_billing_allocation a
                 WHERE a.id = ANY(%(rows)s) AND a.kind != 'write_off'
                   AND a.analytic_line_id IS NULL
                 GROUP BY a.item_id) v
         WHERE v.item_id = i.id AND i.cost_source IS NOT NULL
           AND abs(i.billed_amount + v.amount) > abs(i.billable_amount)
           AND NOT EXISTS (
               SELECT FROM project_billing_allocation x
                WHERE x.item_id = i.id AND x.is_live AND x.kind = 'bill'
                  AND x.id != ALL(%(own)s))
        """,
        sign=sign,
        rows=rows.ids,
        own=(rows | rows.origin_id).ids,
    )


def build_cost_aside_query(env, project_ids, company_id, cutoff):
    """Return the query of costs up to a day that no rule bills.

    Rows: rule id (None = no rule), project id, date, reason code.
    """
    return SQL(
        """
        WITH costs AS MATERIALIZED (%(costs)s)
        SELECT c.rule_id, c.project_id, c.date,
               CASE WHEN c.is_sold THEN 'owned_by_sales'
                    WHEN c.rule_id IS NULL THEN 'no_rule'
                    ELSE 'before_bill_from' END
          FROM costs c LEFT JOIN project_billing_item i ON i.id = c.item_id
         WHERE c.base != 0 AND c.date <= %(cutoff)s
           AND (c.rule_id IS NULL OR c.is_old OR c.is_sold)
           AND COALESCE(i.cost_base, 0) = 0
        """,
        costs=_match(env, project_ids, company_id),
        cutoff=cutoff,
    )


def build_doubt_query(item_ids):
    """Return the query of items of bills whose vendor's hours are billed as well.

    The vendor is the person (work contact, user, work address) of an employee who
    logged billable time on the project, in the month of the bill or the one before.
    Compared are commercial partners, except the company's own. Receipts are none of
    this: people hand in their expenses by them. Rows: item id, name of the person.
    """
    return SQL(
        """
        SELECT i.id, min(w.name)
          FROM project_billing_item i
          JOIN account_move_line l ON l.id = i.cost_move_line_id
          JOIN account_move b ON b.id = l.move_id AND b.move_type = 'in_invoice'
          JOIN res_company o ON o.id = i.company_id
          JOIN res_partner own ON own.id = o.partner_id
          JOIN (SELECT em.id, em.name, p.commercial_partner_id
                  FROM hr_employee em
                  LEFT JOIN res_users us ON us.id = em.user_id
                  LEFT JOIN hr_version v ON v.id = em.current_version_id
                  JOIN res_partner p
                    ON p.id IN (em.work_contact_id, us.partner_id, v.address_id)) w
            ON w.commercial_partner_id = i.cost_vendor_id
           AND w.commercial_partner_id != own.commercial_partner_id
         WHERE i.id = ANY(%s) AND NOT COALESCE(i.billing_confirmed, FALSE)
           AND EXISTS (
               SELECT FROM account_analytic_line e
                WHERE e.employee_id = w.id AND e.project_id = i.project_id
                  AND e.billing_rule_id IS NOT NULL AND e.billable_quantity > 0
                  AND e.date >= date_trunc('month', i.cost_date) - interval '1 month'
                  AND e.date < date_trunc('month', i.cost_date) + interval '1 month')
         GROUP BY i.id
        """,
        item_ids,
    )


def build_receipt_query(item_ids):
    """Return the query of receipts: files of the bill, or of the item itself.

    Rows: item id, attachment id. Files behind fields (PDF of the host, thumbnails)
    do not count.
    """
    return SQL(
        """
        SELECT i.id, t.id
          FROM project_billing_item i
          LEFT JOIN account_move_line l ON l.id = i.cost_move_line_id
          JOIN ir_attachment t ON t.res_field IS NULL AND (
               t.res_model = 'account.move' AND t.res_id = l.move_id
               OR t.res_model = 'project.billing.item' AND t.res_id = i.id)
         WHERE i.id = ANY(%s)
         ORDER BY t.id
        """,
        item_ids,
    )
