"""Payments as the ledger knows them, and the expected date as an SQL expression."""

from odoo.tools import SQL

from .habit import BEYOND_ALL, EARLIEST

# what fell due earlier says little about how a customer pays today
HISTORY_DAYS = 730


def build_instalments_query(company_id, day):
    """Return the query of what is known of a company's instalments on a day.

    Rows: commercial partner, due date, days late, whether paid. Days late of an
    instalment that was paid in parts are weighted by amount. Only money counts:
    instalments settled by a credit note or a write-off are left out, retained shares
    too, for their due date is ours.
    """
    return SQL(
        """
        WITH lines AS (
            SELECT l.id, l.date_maturity, l.balance, m.commercial_partner_id
              FROM account_move_line l
              JOIN account_move m ON m.id = l.move_id
             WHERE l.company_id = %(company)s AND l.date <= %(day)s
               AND l.date_maturity > %(day)s::date - %(history)s
               AND l.parent_state = 'posted' AND l.display_type = 'payment_term'
               AND m.move_type IN ('out_invoice', 'out_receipt') AND l.balance > 0
               AND NOT COALESCE(l.billing_is_retention, FALSE)
        ), paid AS (
            SELECT l.id, SUM(p.amount) AS amount,
                   SUM(p.amount) FILTER (WHERE j.is_money) AS money,
                   SUM(p.amount * (p.max_date - l.date_maturity))
                   FILTER (WHERE j.is_money) AS money_days
              FROM lines l
              JOIN account_partial_reconcile p
                ON p.debit_move_id = l.id AND p.max_date <= %(day)s
              JOIN account_move_line c ON c.id = p.credit_move_id
              JOIN (SELECT id, type IN ('bank', 'cash', 'credit') AS is_money
                      FROM account_journal) j ON j.id = c.journal_id
             GROUP BY l.id
        )
        SELECT l.commercial_partner_id, l.date_maturity,
               CASE WHEN paid.amount >= l.balance
                    THEN round(paid.money_days / paid.money)::int4
                    ELSE %(day)s::date - l.date_maturity END,
               COALESCE(paid.amount >= l.balance, FALSE)
          FROM lines l
          LEFT JOIN paid ON paid.id = l.id
         WHERE l.commercial_partner_id IS NOT NULL
           AND (paid.amount IS NULL OR paid.amount < l.balance OR paid.money > 0)
        """,
        company=company_id,
        day=day,
        history=HISTORY_DAYS,
    )


def join_habits(company, partner):
    """Return joins that :func:`select_expected` reads; arguments are SQL of columns.

    Each joins one row at most, so that the database leaves out what is not asked for.
    How long those waited who were as late is one array for each company, looked into
    at a place: there is a row for each number of days.
    """
    return SQL(
        """
        LEFT JOIN project_billing_habit habit
               ON habit.company_id = %(company)s AND habit.partner_id = %(partner)s
        LEFT JOIN project_billing_habit habits
               ON habits.company_id = %(company)s AND habits.partner_id IS NULL
        LEFT JOIN (SELECT company_id, min(beyond) AS first,
                          array_agg(days ORDER BY beyond) AS days
                     FROM project_billing_habit_wait
                    GROUP BY company_id) waits ON waits.company_id = %(company)s
        """,
        company=company,
        partner=partner,
    )


def select_expected(due, today):
    """Return when an open instalment is expected (:meth:`.habit.Habits.expect`)."""
    return SQL(
        """
        CASE WHEN habits.id IS NULL THEN GREATEST(%(due)s, %(today)s)
             ELSE GREATEST(%(today)s, COALESCE(
                  %(due)s + COALESCE(habit.days, habits.days)
                  + waits.days[GREATEST(%(earliest)s, %(today)s - %(due)s
                                        - COALESCE(habit.days, habits.days))
                               - waits.first + 1],
                  %(today)s + %(beyond)s)) END
        """,
        due=due,
        today=today,
        earliest=EARLIEST,
        beyond=BEYOND_ALL,
    )


def select_usual(due, today):
    """Return when an amount that is not invoiced yet is expected."""
    return SQL(
        "GREATEST(%(today)s, %(due)s + COALESCE(habit.days, habits.days, 0))",
        due=due,
        today=today,
    )
