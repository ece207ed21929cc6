"""Which part of a share of an instalment a payment covers, to the cent."""

from odoo.tools import SQL

# where a share lies in its instalment: running totals over the instalment's shares
PLACES = SQL(
    """
    SUM(s.gross) OVER w AS upto, SUM(s.gross) OVER a AS total,
    SUM(s.gross_company) OVER w AS upto_company,
    SUM(s.gross_company) OVER a AS total_company
    """
)
PLACES_WINDOW = SQL(
    """
    WINDOW a AS (PARTITION BY s.move_line_id),
           w AS (PARTITION BY s.move_line_id ORDER BY s.id)
    """
)


def build_part(paid, paid_company):
    """Return the columns that say which part of a share such a payment covers.

    Running totals on both sides, rounded, then subtracted: the parts of a payment sum
    to it, and those of a share to the share.
    """
    return SQL(
        """
        CASE WHEN s.total = 0 THEN s.gross ELSE
             round(%(paid)s * s.upto / s.total, s.digits)
             - round(%(paid)s * (s.upto - s.gross) / s.total, s.digits) END
        AS gross_paid,
        CASE WHEN s.total_company = 0 THEN s.gross_company ELSE
             round(%(company)s * s.upto_company / s.total_company, s.digits_company)
             - round(%(company)s * (s.upto_company - s.gross_company)
                     / s.total_company, s.digits_company) END AS company_paid
        """,
        paid=paid,
        company=paid_company,
    )


# net amounts go along with the gross ones
NET_PART = SQL(
    """
    CASE WHEN s.gross = 0 THEN s.net ELSE
         round(s.net * s.gross_paid / s.gross, s.digits) END AS net_paid,
    CASE WHEN s.gross_company = 0 THEN s.net_company ELSE
         round(s.net_company * s.company_paid / s.gross_company, s.digits_company)
         END AS net_company_paid
    """
)
