from odoo import api, models
from odoo.tools import SQL

from odoo.addons.project_invoice_tracker.exceptions import AlreadyBilledError

PENDING = "project_invoice_tracker_sale.owner"  # key in cr.precommit.data


class AccountAnalyticLine(models.Model):
    """One owner for each entry: with a sales order line it belongs to Sales."""

    _inherit = "account.analytic.line"

    _sales_or_billing_rule = models.Constraint(
        "CHECK (so_line IS NULL OR COALESCE(billed_quantity, 0) = 0)",
        "These hours belong to a sales order and to a project invoice at once. "
        "Remove the sales order item, or cancel or credit the project invoice.",
    )

    @api.model
    def _get_sales_owner_sql(self):
        # an entry may have lost its order line while the order's invoice still bills it
        self.env["account.move"].flush_model(["state", "payment_state"])
        return SQL(
            "(e.so_line IS NOT NULL OR EXISTS (SELECT 1 FROM account_move sm"
            " WHERE sm.id = e.timesheet_invoice_id AND (sm.state != 'cancel'"
            " OR sm.payment_state = 'invoicing_legacy')))"
        )

    def _is_not_billed(self):
        # what a project invoice claims is billed for Sales too: it keeps its project,
        # customer and (empty) sales order line whatever the host would compute
        return super()._is_not_billed() and not self._is_claimed()

    def _check_can_write(self, values):
        if values.get("so_line"):
            claimed = self.sudo().filtered(lambda line: line._is_claimed())
            claimed.filtered("project_id")._raise_not_for_sales()
        return super()._check_can_write(values)

    def _raise_not_for_sales(self):
        """Raise :class:`AlreadyBilledError` naming the project invoices."""
        if not self:
            return
        rows = self.env["project.billing.allocation"].sudo()
        rows = rows.search(
            [
                ("analytic_line_id", "in", self.ids),
                ("is_live", "=", True),
                ("kind", "=", "bill"),
            ]
        )
        raise AlreadyBilledError(
            self.env._(
                "%(count)s time entries are on %(documents)s: a sales order cannot "
                "bill them again. Cancel or credit that document first.",
                count=len(self),
                documents=rows._get_document_names(),
            )
        )

    # -- owner: refreshed whenever the sales order line changes -----------------------

    def write(self, vals):
        result = super().write(vals)
        if "so_line" in vals:
            self.filtered("project_id")._billing_refresh()
        return result

    def _compute_so_line(self):
        before = {line: line.so_line for line in self}
        result = super()._compute_so_line()
        changed = self.filtered(
            lambda line: line.project_id and line.so_line != before[line]
        )
        changed._refresh_owner_at_commit()
        return result

    def _refresh_owner_at_commit(self):
        """Find the owner again once, when the transaction has all its values.

        A compute must not write other fields; the entries of one change of an order
        or a task come in many calls and are refreshed by one statement.
        """
        if not self.ids:
            return
        precommit = self.env.cr.precommit
        if PENDING not in precommit.data:
            precommit.data[PENDING] = set()
            precommit.add(self.env[self._name].sudo()._refresh_pending_owners)
        precommit.data[PENDING].update(self.ids)

    @api.model
    def _refresh_pending_owners(self):
        ids = self.env.cr.precommit.data.pop(PENDING, ())
        self.browse(ids)._billing_refresh()

    # -- reading ---------------------------------------------------------------------

    @api.depends("so_line")
    def _compute_billing_state(self):
        return super()._compute_billing_state()

    def _get_billing_explanation(self, rows, *args):
        order = self.sudo().so_line.order_id
        if order and not self.billed_quantity:
            return self.env["project.billing.run"]._get_reason_text(
                "owned_by_sales", order.name
            )
        return super()._get_billing_explanation(rows, *args)
