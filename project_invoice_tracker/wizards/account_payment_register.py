from odoo import api, models


class AccountPaymentRegister(models.TransientModel):
    _inherit = "account.payment.register"

    @api.depends("line_ids")
    def _compute_batches(self):
        """Leave retained shares out where paying the rest early is discounted.

        The host applies a discount to all that it pays. A retained share is paid by a
        payment of its own, after its release; chosen alone it is payable any time.
        """
        result = super()._compute_batches()
        for wizard in self:
            wizard.batches = [wizard._take_retained_out(own) for own in wizard.batches]
        return result

    def _take_retained_out(self, batch):
        lines = batch["lines"]
        moves = lines.filtered(lambda x: not x.billing_is_retention).move_id
        discounted = moves.filtered(lambda m: m._is_discounted_beside_retention())
        rest = lines.filtered(
            lambda x: not (x.billing_is_retention and x.move_id in discounted)
        )
        return {**batch, "lines": rest}
