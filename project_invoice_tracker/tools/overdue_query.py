"""Queries of the overdue run: each reads all instalments of a company at once."""

from odoo.tools import SQL


def _build_open(company_id, horizon, condition):
    """Return one row for all that one invoice wants on one day.

    What is retained and not released has no day that is known.
    """
    return SQL(
        """
        SELECT l.move_id, l.date_maturity,
               SUM(l.amount_residual_currency) AS residual,
               SUM(l.amount_residual) AS residual_company,
               SUM(l.amount_currency) AS total
          FROM account_move_line l
          JOIN account_move m ON m.id = l.move_id AND m.move_type = 'out_invoice'
         WHERE l.company_id = %(company)s AND l.parent_state = 'posted'
           AND l.display_type = 'payment_term' AND l.reconciled IS NOT TRUE
           AND l.date_maturity <= %(horizon)s AND l.date_maturity < '2099-12-31'
           AND %(condition)s
         GROUP BY l.move_id, l.date_maturity
        HAVING SUM(l.amount_residual_currency) > 0
        """,
        company=company_id,
        horizon=horizon,
        condition=condition,
    )


def build_instalments(company_id, horizon, policy_ids, default_id, partner_ids=None):
    """Return the query of what customers have not paid, with the policy of each.

    The most special policy holds: the invoice's, the project's (of several projects the
    one with the largest share that has one), the customer's, the company's.

    :param horizon: instalments that are due up to this day
    :param policy_ids: policies that may be used, all of the company
    :param default_id: the company's policy or None
    :param partner_ids: commercial partners; None = all
    """
    condition = SQL("TRUE")
    if partner_ids is not None:
        condition = SQL("m.commercial_partner_id = ANY(%s)", partner_ids)
    return SQL(
        """
        WITH opened AS (%(opened)s), shares AS (
            SELECT s.move_id, s.project_id, SUM(s.gross_company) AS gross
              FROM project_billing_share s
             WHERE s.move_id IN (SELECT move_id FROM opened)
               AND s.project_id IS NOT NULL
             GROUP BY s.move_id, s.project_id
        ), projects AS (
            SELECT s.move_id, array_agg(s.project_id ORDER BY s.project_id) AS ids,
                   (array_agg(p.overdue_policy_id ORDER BY s.gross DESC, p.id)
                    FILTER (WHERE p.overdue_policy_id = ANY(%(valid)s)))[1]
                   AS policy_id
              FROM shares s JOIN project_project p ON p.id = s.project_id
             GROUP BY s.move_id
        )
        SELECT o.move_id, o.date_maturity, o.residual, o.residual_company, o.total,
               m.currency_id, m.commercial_partner_id AS partner_id,
               m.partner_id AS contact_id, m.payment_state,
               COALESCE(m.is_move_sent, FALSE) AS is_sent,
               COALESCE(m.overdue_date_sent, m.invoice_date) AS date_sent,
               c.active AS is_active, COALESCE(r.ids, '{}') AS project_ids,
               EXISTS (SELECT FROM account_move_line n
                        WHERE n.move_id = o.move_id AND n.no_followup
                          AND n.display_type = 'payment_term'
                          AND n.date_maturity = o.date_maturity) AS no_followup,
               COALESCE(
                   CASE WHEN m.overdue_policy_id = ANY(%(valid)s)
                        THEN m.overdue_policy_id END,
                   r.policy_id,
                   CASE WHEN (c.overdue_policy_id->>%(key)s)::int4 = ANY(%(valid)s)
                        THEN (c.overdue_policy_id->>%(key)s)::int4 END,
                   %(default)s::int4
               ) AS policy_id
          FROM opened o
          JOIN account_move m ON m.id = o.move_id
          JOIN res_partner c ON c.id = m.commercial_partner_id
          LEFT JOIN projects r ON r.move_id = o.move_id
         ORDER BY m.commercial_partner_id, o.date_maturity, o.move_id
        """,
        opened=_build_open(company_id, horizon, condition),
        valid=policy_ids,
        key=str(company_id),
        default=default_id,
    )


def build_credits(company_id, partner_ids):
    """Return the query of credit notes and payments that nothing was matched with.

    ``(partner_id, amount, line_ids)``, positive, in the company's currency.
    """
    return SQL(
        """
        SELECT p.commercial_partner_id, -SUM(l.amount_residual), array_agg(l.id)
          FROM account_move_line l
          JOIN account_account a ON a.id = l.account_id
          JOIN res_partner p ON p.id = l.partner_id
         WHERE l.company_id = %(company)s AND l.parent_state = 'posted'
           AND a.account_type = 'asset_receivable' AND l.reconciled IS NOT TRUE
           AND l.amount_residual < 0 AND p.commercial_partner_id = ANY(%(partners)s)
         GROUP BY p.commercial_partner_id
        """,
        company=company_id,
        partners=partner_ids,
    )


def build_history(move_ids):
    """Return the query of what was done about documents, the oldest first."""
    return SQL(
        """
        SELECT x.move_id, x.date_maturity, x.level_id, x.period, x.state,
               COALESCE(x.date_done, x.date), x.date
          FROM account_overdue_action x
         WHERE x.move_id = ANY(%s)
         ORDER BY x.id
        """,
        move_ids,
    )


def build_open_items(company_id, partner_ids):
    """Return the query of all that is open of customers, credits negative.

    A row for each invoice and due date, and for each credit note or payment that is
    not matched. What is retained and not released is left out.
    """
    return SQL(
        """
        SELECT p.commercial_partner_id AS partner_id, l.currency_id, m.name,
               COALESCE(m.invoice_date, m.date) AS date, l.move_id,
               CASE WHEN m.move_type = 'out_invoice' THEN l.date_maturity END
               AS date_due,
               SUM(l.amount_currency) AS total,
               SUM(l.amount_residual_currency) AS amount,
               CASE WHEN m.move_type = 'out_invoice' THEN 'invoice'
                    ELSE 'credit' END AS kind
          FROM account_move_line l
          JOIN account_move m ON m.id = l.move_id
          JOIN account_account a ON a.id = l.account_id
          JOIN res_partner p ON p.id = l.partner_id
         WHERE l.company_id = %(company)s AND l.parent_state = 'posted'
           AND a.account_type = 'asset_receivable' AND l.reconciled IS NOT TRUE
           AND p.commercial_partner_id = ANY(%(partners)s)
           AND (m.move_type = 'out_invoice' AND l.date_maturity < '2099-12-31'
                OR m.move_type != 'out_invoice' AND l.amount_residual < 0)
         GROUP BY p.commercial_partner_id, l.currency_id, m.id,
                  CASE WHEN m.move_type = 'out_invoice' THEN l.date_maturity END,
                  l.move_id
        HAVING SUM(l.amount_residual_currency) != 0
         ORDER BY kind DESC, date_due, m.name, l.move_id
        """,
        company=company_id,
        partners=partner_ids,
    )
