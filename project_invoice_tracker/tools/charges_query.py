"""What late fees are computed from: instalments, payments, paid interest."""

# instalments of the lines asked for, however many lines each has
INSTALMENTS = """
    SELECT l.move_id, l.date_maturity, m.company_id, m.currency_id,
           array_agg(l.id), sum(l.amount_currency),
           (SELECT count(DISTINCT x.date_maturity) = 1 FROM account_move_line x
             WHERE x.move_id = l.move_id AND x.display_type = 'payment_term')
      FROM account_move_line l
      JOIN account_move m ON m.id = l.move_id
     WHERE (l.move_id, l.date_maturity) IN (
           SELECT a.move_id, a.date_maturity FROM account_move_line a
            WHERE a.id = ANY(%s))
       AND l.display_type = 'payment_term' AND m.state = 'posted'
       AND m.move_type IN ('out_invoice', 'out_receipt')
       AND NOT EXISTS (
           SELECT FROM account_overdue_charge c WHERE c.debit_move_id = m.id)
     GROUP BY 1, 2, 3, 4
    HAVING sum(l.amount_currency) > 0
"""
PAYMENTS = """
    SELECT l.move_id, l.date_maturity, p.max_date, sum(p.debit_amount_currency)
      FROM account_partial_reconcile p
      JOIN account_move_line l ON l.id = p.debit_move_id
     WHERE p.debit_move_id = ANY(%s) AND p.max_date <= %s
     GROUP BY 1, 2, 3
"""
# what was paid of debit notes, the share of their interest
PAID_INTEREST = """
    SELECT c.move_id, c.date_maturity, p.max_date,
           sum(p.debit_amount_currency * c.interest_amount / m.amount_total)
      FROM account_overdue_charge c
      JOIN account_move m ON m.id = c.debit_move_id AND m.amount_total > 0
      JOIN account_move_line l ON l.move_id = m.id AND l.display_type = 'payment_term'
      JOIN account_partial_reconcile p ON p.debit_move_id = l.id
     WHERE c.move_id = ANY(%s) AND c.state = 'charged' AND p.max_date <= %s
     GROUP BY 1, 2, 3
"""

# instalments that were paid late, whose interest up to the payment is not charged
PAID_LATE = """
    SELECT l.id
      FROM account_move_line l
      JOIN account_move m ON m.id = l.move_id
      JOIN LATERAL (
           SELECT max(p.max_date) AS day FROM account_partial_reconcile p
            WHERE p.debit_move_id = l.id) paid ON paid.day > l.date_maturity
     WHERE l.company_id = %s AND l.date_maturity >= %s AND l.reconciled
       AND l.display_type = 'payment_term' AND m.state = 'posted'
       AND m.move_type IN ('out_invoice', 'out_receipt') AND l.amount_currency > 0
       AND NOT EXISTS (
           SELECT FROM account_overdue_charge c WHERE c.debit_move_id = m.id)
       AND NOT EXISTS (
           SELECT FROM account_overdue_charge c
            WHERE c.move_id = m.id AND c.date_maturity = l.date_maturity
              AND c.state != 'cancelled' AND c.date_to >= paid.day)
     ORDER BY l.date_maturity, l.id
"""
