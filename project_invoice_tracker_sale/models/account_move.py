from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        if vals.get("state") in ("draft", "posted"):
            cancelled = self.filtered(
                lambda m: m.state == "cancel" and m.move_type == "out_invoice"
            )
            cancelled._check_timesheets_free()
        return super().write(vals)

    def _check_timesheets_free(self):
        """Refuse to bring back a sales invoice whose time a project invoice bills.

        The host keeps the link of entries to a cancelled invoice and takes them for
        unbilled; a billing rule may have billed them meanwhile.

        :raise AlreadyBilledError: naming the project invoices
        """
        if not self:
            return
        taken = (
            self.env["account.analytic.line"]
            .sudo()
            .search(
                [("timesheet_invoice_id", "in", self.ids), ("billed_quantity", "!=", 0)]
            )
        )
        taken._raise_not_for_sales()
