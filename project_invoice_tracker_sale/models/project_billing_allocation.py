from odoo import models
from odoo.tools import SQL

from odoo.addons.project_invoice_tracker.exceptions import AlreadyBilledError


class ProjectBillingAllocation(models.Model):
    """Ledger rows cannot count again once Sales owns their work."""

    _inherit = "project.billing.allocation"

    def _check_free(self, what):
        self._check_not_sold(what)
        return super()._check_free(what)

    def _check_reversible(self, what):
        self._check_not_sold(what)
        return super()._check_reversible(what)

    def _is_billable_by(self, subject, rule):
        return super()._is_billable_by(subject, rule) and not self._is_sold(subject)

    def _is_sold(self, subject):
        """Return whether a sales order bills an entry or the milestone of an item."""
        if subject._name != "account.analytic.line":
            return subject._is_sold()
        subject.flush_recordset()
        return bool(
            self.env.execute_query(
                SQL(
                    "SELECT 1 FROM account_analytic_line e WHERE e.id = %s AND %s",
                    subject.id,
                    subject._get_sales_owner_sql(),
                )
            )
        )

    def _check_not_sold(self, what):
        """Raise :class:`AlreadyBilledError` naming the sales orders that own the work.

        :param what: text of what was tried
        """
        rows = self.sudo().filtered("quantity")
        milestones = rows.filtered(lambda row: not row.analytic_line_id).item_id
        orders = rows.analytic_line_id.so_line.order_id
        orders |= milestones.milestone_id.sale_line_id.order_id
        if orders:
            raise AlreadyBilledError(
                self.env._(
                    "%(what)s cannot be changed: its work belongs to %(orders)s "
                    "meanwhile. Remove the sales order item from it first.",
                    what=what,
                    orders=", ".join(orders.mapped("name")),
                )
            )
