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
