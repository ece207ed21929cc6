"""How each instalment is shared by projects and rules: one statement for any number."""

from odoo.tools import SQL


def build_share_statement(condition):
    """Return the INSERT that writes the shares of posted documents.

    A line that bills work belongs to its rule's project, any other to the projects of
    its analytic distribution; an account that several projects share belongs to none.
    Every instalment is shared in proportion to the net amounts: gross by running
    totals, so that the shares sum to the instalment, net so that the instalments of a
    share sum to its lines (the last one takes the remainder).

    :param condition: SQL on ``m`` (account_move)
    """
    return SQL(
        """
        WITH %(keys)s, %(terms)s, %(pieces)s
        INSERT INTO project_billing_share (
               move_line_id, move_id, project_id, rule_id, company_id, currency_id,
               company_currency_id, partner_id, ratio, gross, net, gross_company,
               net_company)
        SELECT p.line_id, p.move_id, p.project_id, p.rule_id, p.company_id,
               p.currency_id, p.company_currency_id, p.partner_id, p.ratio,
               p.gross, p.net, p.gross_company, p.net_company
          FROM pieces p
        """,
        keys=build_share_keys(condition),
        terms=_TERMS,
        pieces=_PIECES,
    )


def build_share_keys(condition, owners=None):
    """Return the CTEs up to ``keys``: net per posted document, project and rule.

    :param condition: SQL on ``m`` (account_move)
    :param owners: name of a CTE that knows the rule of each line that bills work
    """
    return SQL(
        """
        docs AS MATERIALIZED (
            SELECT m.id, m.company_id, m.currency_id, m.move_type
              FROM account_move m
             WHERE m.state = 'posted' AND m.move_type IN (
                   'out_invoice', 'out_refund', 'out_receipt',
                   'in_invoice', 'in_refund', 'in_receipt')
               AND (%(condition)s)
        ), %(digits)s, %(parts)s, %(keys)s
        """,
        condition=condition,
        digits=DIGITS,
        parts=_build_parts(owners or _OWNERS),
        keys=_KEYS,
    )


# decimal places of the currencies
DIGITS = SQL(
    """
    digits AS MATERIALIZED (
        SELECT id, GREATEST(0, ceil(-log(rounding)))::int AS digits FROM res_currency
    )
    """
)

# the rule of a line is that of its first row: both ids in one number, so that the
# ledger's rows need not be sorted
OWNER = SQL("(min(a.id::int8 << 32 | a.rule_id) & 4294967295)::int4")

_OWNERS = SQL(
    """
    (SELECT a.move_line_id, %s AS rule_id
       FROM project_billing_allocation a
       JOIN lines ON lines.id = a.move_line_id
      GROUP BY 1)
    """,
    OWNER,
)


def _build_parts(owners):
    """Return what each line is for: document, project, rule, net, balance.

    Signed as the customer sees it.
    """
    return SQL(
        """
    lines AS MATERIALIZED (
        SELECT l.id, l.move_id, -l.amount_currency AS net, -l.balance AS balance,
               l.analytic_distribution
          FROM account_move_line l JOIN docs ON docs.id = l.move_id
         WHERE l.display_type = 'product'
    ), billed AS MATERIALIZED (
        SELECT o.move_line_id AS line_id, o.rule_id, r.project_id
          FROM %s o
          JOIN project_billing_rule r ON r.id = o.rule_id
    ), homes AS MATERIALIZED (
        SELECT account_id, min(id) AS project_id FROM project_project
         WHERE account_id IS NOT NULL
         GROUP BY account_id HAVING count(*) = 1
    ), spread AS MATERIALIZED (
        SELECT l.id AS line_id, h.project_id, SUM(d.value::numeric) / 100 AS part
          FROM lines l
          LEFT JOIN billed b ON b.line_id = l.id
         CROSS JOIN LATERAL jsonb_each_text(
               CASE WHEN jsonb_typeof(l.analytic_distribution) = 'object'
                    THEN l.analytic_distribution ELSE '{}' END) d (key, value)
         CROSS JOIN LATERAL unnest(string_to_array(d.key, ',')) k (account)
          JOIN homes h ON h.account_id = k.account::int
         WHERE b.line_id IS NULL
         GROUP BY 1, 2
    ), known AS (
        SELECT line_id, SUM(part) AS part FROM spread GROUP BY line_id
    ), parts AS (
        SELECT l.move_id, b.project_id, b.rule_id, l.net, l.balance
          FROM lines l JOIN billed b ON b.line_id = l.id
         UNION ALL
        SELECT l.move_id, s.project_id, NULL,
               l.net * s.part / GREATEST(1, k.part),
               l.balance * s.part / GREATEST(1, k.part)
          FROM lines l JOIN spread s ON s.line_id = l.id
          JOIN known k ON k.line_id = l.id
         UNION ALL
        SELECT l.move_id, NULL, NULL,
               l.net * (1 - LEAST(1, COALESCE(k.part, 0))),
               l.balance * (1 - LEAST(1, COALESCE(k.part, 0)))
          FROM lines l LEFT JOIN billed b ON b.line_id = l.id
          LEFT JOIN known k ON k.line_id = l.id
         WHERE b.line_id IS NULL AND COALESCE(k.part, 0) < 1
    )
        """,
        owners,
    )


# net per document, project and rule, rounded so that they sum to the document's net
_KEYS = SQL(
    """
    sums AS (
        SELECT move_id, project_id, rule_id, SUM(net) AS net, SUM(balance) AS balance
          FROM parts GROUP BY 1, 2, 3
    ), running AS (
        SELECT s.*, c.currency_id AS company_currency_id,
               docs.company_id, docs.currency_id, docs.move_type,
               row_number() OVER w AS nr,
               SUM(s.net) OVER w AS net_sum, SUM(s.balance) OVER w AS balance_sum,
               SUM(s.net) OVER m AS total, SUM(s.balance) OVER m AS balance_total,
               count(*) OVER m AS count
          FROM sums s JOIN docs ON docs.id = s.move_id
          JOIN res_company c ON c.id = docs.company_id
        WINDOW m AS (PARTITION BY s.move_id),
               w AS (PARTITION BY s.move_id
                     ORDER BY abs(s.net), s.project_id NULLS FIRST,
                              s.rule_id NULLS FIRST)
    ), keys AS (
        SELECT r.*,
               round(r.net_sum, cu.digits)
               - COALESCE(lag(round(r.net_sum, cu.digits)) OVER k, 0) AS key_net,
               round(r.balance_sum, cc.digits)
               - COALESCE(lag(round(r.balance_sum, cc.digits)) OVER k, 0)
               AS key_balance,
               CASE WHEN r.total != 0 THEN r.net_sum / r.total
                    ELSE r.nr::numeric / r.count END AS upto,
               CASE WHEN r.total != 0 THEN (r.net_sum - r.net) / r.total
                    ELSE (r.nr - 1)::numeric / r.count END AS since
          FROM running r
          JOIN digits cu ON cu.id = r.currency_id
          JOIN digits cc ON cc.id = r.company_currency_id
        WINDOW k AS (PARTITION BY r.move_id ORDER BY r.nr)
    )
    """
)

# the instalments, with what came before them
_TERMS = SQL(
    """
    terms AS (
        SELECT l.id AS line_id, l.move_id, l.partner_id,
               l.amount_currency AS gross, l.balance,
               SUM(l.amount_currency) OVER w AS gross_sum,
               SUM(l.amount_currency) OVER m AS gross_total,
               row_number() OVER w AS nr, count(*) OVER m AS count
          FROM account_move_line l JOIN docs ON docs.id = l.move_id
         WHERE l.display_type = 'payment_term'
        WINDOW m AS (PARTITION BY l.move_id),
               w AS (PARTITION BY l.move_id ORDER BY l.date_maturity, l.id)
    )
    """
)

_PIECES = SQL(
    """
    pieces AS (
        SELECT t.line_id, t.move_id, t.partner_id, k.project_id, k.rule_id,
               k.company_id, k.currency_id, k.company_currency_id,
               k.upto - k.since AS ratio,
               round(t.gross * k.upto, cu.digits)
               - round(t.gross * k.since, cu.digits) AS gross,
               round(t.balance * k.upto, cc.digits)
               - round(t.balance * k.since, cc.digits) AS gross_company,
               round(k.key_net * u.upto, cu.digits)
               - round(k.key_net * u.since, cu.digits) AS net,
               round(k.key_balance * u.upto, cc.digits)
               - round(k.key_balance * u.since, cc.digits) AS net_company
          FROM terms t
          JOIN keys k ON k.move_id = t.move_id
          JOIN digits cu ON cu.id = k.currency_id
          JOIN digits cc ON cc.id = k.company_currency_id
         CROSS JOIN LATERAL (
               SELECT CASE WHEN t.gross_total != 0 THEN t.gross_sum / t.gross_total
                           ELSE t.nr::numeric / t.count END AS upto,
                      CASE WHEN t.gross_total != 0
                           THEN (t.gross_sum - t.gross) / t.gross_total
                           ELSE (t.nr - 1)::numeric / t.count END AS since) u
    )
    """
)
