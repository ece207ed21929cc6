from contextlib import contextmanager

from odoo import models


class ProjectBillingRetentionDiscountMixin(models.AbstractModel):
    """Early payment discount beside a retained share.

    The host discounts invoices of one instalment only, and looks for that one among
    all receivable lines. A retained share is none of them: it is due later, nothing is
    discounted for it, and paying the rest early leaves it alone.
    """

    _name = "project.billing.retention.discount.mixin"
    _description = "Early Payment Discount beside Retention"

    def _get_terms_without_retention(self):
        """Return the receivable lines of invoices that are not retained."""
        return self.line_ids.filtered(
            lambda x: x.display_type == "payment_term" and not x.billing_is_retention
        )

    def _is_discounted_beside_retention(self):
        """Return whether early payment of the rest is discounted, on some day."""
        self.ensure_one()
        return bool(
            self.line_ids.filtered("billing_is_retention")
            and self._is_eligible_for_early_payment_discount(self.currency_id, None)
        )

    @contextmanager
    def _without_retained_lines(self):
        """Let the host find the one instalment that it discounts.

        It filters ``line_ids`` itself; nothing is written, and the cache is as before
        afterwards.
        """
        field, lines = self._fields["line_ids"], self.line_ids
        rest = lines.filtered(lambda line: not line.billing_is_retention)
        field._update_cache(self, rest._ids)
        try:
            yield
        finally:
            field._update_cache(self, lines._ids)

    def _is_eligible_for_early_payment_discount(self, currency, reference_date):
        eligible = super()._is_eligible_for_early_payment_discount
        if not self.line_ids.filtered("billing_is_retention"):
            return eligible(currency, reference_date)
        if not eligible(currency, None):
            return False
        # the host looks at the first term only, which may be the retained one
        last_day = self._get_terms_without_retention()[:1].discount_date
        if not reference_date or not self.invoice_date:
            return True
        return bool(last_day and reference_date <= last_day)

    def _get_invoice_counterpart_amls_for_early_payment_discount_per_payment_term_line(
        self,
    ):
        with self._without_retained_lines():
            return super()._get_invoice_counterpart_amls_for_early_payment_discount_per_payment_term_line()  # noqa: E501

    def _get_invoice_next_payment_values(self, custom_amount=None):
        if len(self) != 1 or not self._is_discounted_beside_retention():
            return super()._get_invoice_next_payment_values(custom_amount)
        with self._without_retained_lines():
            values = super()._get_invoice_next_payment_values(custom_amount)
        if values.get("installment_state") == "epd":
            # the host's only instalment is all that is open
            terms = self._get_terms_without_retention()
            values["next_amount_to_pay"] = abs(
                sum(terms.mapped("amount_residual_currency"))
            )
        return values
