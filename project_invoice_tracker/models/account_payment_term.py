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
        """Spread what is not retained: a retained share has a due date of its own.

        It is taken off the amount without tax as far as it has none, which a discount
        of that amount then leaves out. Where the invoice's tax is reduced by the
        discount already (computation *mixed*), the discount is that of the whole
        invoice: as much is offered as was left out of the tax base.
        """
        withheld, net = self.env.context.get("billing_withheld", ((0.0, 0.0),) * 2)
        if self.early_pay_discount_computation == "mixed":
            net = (0.0, 0.0)
        return super()._compute_terms(
            date_ref=date_ref,
            currency=currency,
            company=company,
            tax_amount=tax_amount - (withheld[1] - net[1]),
            tax_amount_currency=tax_amount_currency - (withheld[0] - net[0]),
            sign=sign,
            untaxed_amount=untaxed_amount - net[1],
            untaxed_amount_currency=untaxed_amount_currency - net[0],
            cash_rounding=cash_rounding,
        )
