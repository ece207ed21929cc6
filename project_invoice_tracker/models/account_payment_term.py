from odoo import models


class AccountPaymentTerm(models.Model):
    _inherit = "account.payment.term"

    def _compute_terms(
        self,
        date_ref,
        currency,
        company,
        tax_amount,
        tax_amount_currency,
        sign,
        untaxed_amount,
        untaxed_amount_currency,
        cash_rounding=None,
    ):
        """Spread what is not retained: a retained share has a due date of its own."""
        withheld = self.env.context.get("billing_withheld", (0.0, 0.0))
        return super()._compute_terms(
            date_ref=date_ref,
            currency=currency,
            company=company,
            tax_amount=tax_amount,
            tax_amount_currency=tax_amount_currency,
            sign=sign,
            untaxed_amount=untaxed_amount - withheld[1],
            untaxed_amount_currency=untaxed_amount_currency - withheld[0],
            cash_rounding=cash_rounding,
        )
