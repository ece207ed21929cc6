from odoo import api, models
from odoo.fields import Domain


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    @api.model
    def _timesheet_domain_get_invoiced_lines(self, sale_line_delivery):
        # entries on a project invoice are billed already
        domain = Domain(
            super()._timesheet_domain_get_invoiced_lines(sale_line_delivery)
        )
        return domain & Domain("billed_quantity", "=", 0)

    def _sale_can_be_reinvoice(self):
        return super()._sale_can_be_reinvoice() and not self._is_passed_on()

    def _is_passed_on(self):
        """Return whether a project invoice bills this cost already."""
        self.ensure_one()
        items = self.env["project.billing.item"].sudo()
        domain = [("cost_move_line_id", "=", self.id), ("billed_amount", "!=", 0)]
        return bool(items.search_count(domain, limit=1))
