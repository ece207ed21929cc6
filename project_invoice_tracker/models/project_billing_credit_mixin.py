from odoo import api, fields, models
from odoo.tools import SQL, float_compare, float_is_zero, float_round

from ..exceptions import LedgerError
from ..tools.quantity import HOUR_DIGITS, Share, take


class ProjectBillingCreditMixin(models.AbstractModel):
    """How rows are shared, adjusted and credited."""

    _name = "project.billing.credit.mixin"
    _inherit = ["project.billing.release.mixin"]
    _description = "Credits of Billed Work"

    def _sort_newest(self):
        """Return rows newest work first: it is released and credited first."""
        return self.sorted(
            lambda row: (row.date or fields.Date.to_date("1900-01-01"), row.id),
            reverse=True,
        )

    def _as_shares(self, net=None):
        """Return rows as plain shares, less what ``net`` says was taken before."""
        shares = []
        for row in self:
            quantity, invoiced, amount = (net or {}).get(row.id, (0.0, 0.0, 0.0))
            shares.append(
                Share(
                    key=row.id,
                    quantity=round(row.quantity + quantity, HOUR_DIGITS),
                    invoiced=round(row.invoiced_quantity + invoiced, HOUR_DIGITS),
                    amount=row.amount + amount,
                )
            )
        return shares

    def _set_adjustment(self, line):
        """Keep the line's amount less the rows' amounts on the first row."""
        if not self:
            return
        rows = self.sorted("id")
        total = sum(rows.mapped("amount"))
        adjustment = line.currency_id.round(line._get_billing_amount() - total)
        if line.currency_id.compare_amounts(rows[0].adjustment, adjustment):
            rows[0].adjustment = adjustment
        others = rows[1:].filtered("adjustment")
        if others:
            others.adjustment = 0.0

    def _get_taken(self):
        """Return ``{row id: (quantity, invoiced, amount)}`` of live credits (< 0)."""
        groups = self.sudo()._read_group(
            [
                ("origin_id", "in", self.ids),
                ("is_live", "=", True),
                ("kind", "=", "credit"),
            ],
            ["origin_id"],
            ["quantity:sum", "invoiced_quantity:sum", "amount:sum"],
        )
        return {origin.id: tuple(sums) for origin, *sums in groups}

    def _has_work_left(self):
        """Return whether credits have left anything of these rows to take over."""
        taken = self._get_taken()
        return any(
            not float_is_zero(share.quantity, precision_digits=HOUR_DIGITS)
            for share in self._as_shares(taken)
        )

    def _get_credited_quantity(self, line):
        """Return how much of these rows a credit note line takes back, in its unit.

        Of hours the quantity. An item is an amount: where the clerk typed a price, its
        share of the invoice line's amount.
        """
        origin = line.billing_origin_line_id
        billed = origin._get_billing_amount()
        is_priced = all(
            float_compare(origin[name], line[name], precision_digits=6) == 0
            for name in ("price_unit", "discount")
        )
        if self.analytic_line_id or is_priced or not billed:
            return line.quantity
        return origin.quantity * abs(line._get_billing_amount() / billed)

    def _take_net(self, wanted, chosen=None):
        """Return ``[(row, quantity, invoiced, amount)]`` to credit, newest first.

        :param wanted: quantity of the credit note line, in its unit
        :param chosen: ``{row id: hours}`` when a person named the hours
        """
        rows = self._sort_newest()
        shares = [
            share
            for share in rows._as_shares(self._get_taken())
            if not float_is_zero(share.quantity, precision_digits=HOUR_DIGITS)
        ]
        digits = self.currency_id[:1].decimal_places
        if chosen:
            shares = self._restrict_shares(shares, chosen, digits)
        return [
            (self.browse(share.key), quantity, invoiced, amount)
            for share, quantity, invoiced, amount in take(
                shares, wanted, amount_digits=digits
            )
        ]

    @api.model
    def _restrict_shares(self, shares, chosen, digits):
        """Return shares cut down to the hours that a person named.

        :param digits: decimal places of the currency; rows hold amounts of money
        """
        cut = []
        for share in shares:
            hours = min(chosen.get(share.key, 0.0), share.quantity)
            if hours <= 0:
                continue
            part = hours / share.quantity
            cut.append(
                Share(
                    key=share.key,
                    quantity=hours,
                    invoiced=round(share.invoiced * part, HOUR_DIGITS),
                    amount=float_round(share.amount * part, precision_digits=digits),
                )
            )
        return cut

    def _prepare_row(self, line):
        """Return the values that a row of another line has in common with this one."""
        self.ensure_one()
        return {
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "rule_id": self.rule_id.id,
            "order_id": self.order_id.id,
            "analytic_line_id": self.analytic_line_id.id,
            "cost_move_line_id": self.cost_move_line_id.id,
            "item_id": self.item_id.id,
            "move_line_id": line.id,
            "move_id": line.move_id.id,
            "is_live": True,
            "is_held": False,
            "date": self.date,
            "price": self.price,
            "price_source": self.price_source,
            "quantity": 0.0,
            "invoiced_quantity": 0.0,
            "amount": 0.0,
            "adjustment": 0.0,
        }

    def _prepare_credit(self, line, quantity, invoiced, amount):
        return {
            **self._prepare_row(line),
            "kind": "credit",
            "origin_id": self.id,
            "quantity": -quantity,
            "invoiced_quantity": -invoiced,
            "amount": -amount,
        }

    def _prepare_write_off(self, line, quantity, amount):
        """Return a row that gives up work credited on ``line``."""
        return {
            **self._prepare_row(line),
            "kind": "write_off",
            "quantity": quantity,
            "amount": amount,
            "reference": line.move_id.ref or line.move_id.name,
        }

    def _prepare_reduction(self, line):
        """Return the row of a credit that lowers the amount and frees no work."""
        if not self:
            return []
        return [
            {
                **self._prepare_row(line),
                "kind": "credit",
                "origin_id": self.id,
                "adjustment": line._get_billing_amount(),
            }
        ]

    def _prepare_claim(self, line):
        """Return the row by which a replacement bills what this credit took back."""
        return {
            **self._prepare_row(line),
            "kind": "bill",
            "run_line_id": self.origin_id.run_line_id.id,
            "quantity": -self.quantity,
            "invoiced_quantity": -self.invoiced_quantity,
            "amount": -self.amount,
        }

    def _drop_unposted(self):
        """Delete the rows of an earlier posting of the same credit note."""
        rows = self.filtered(lambda row: not row.is_live)
        rows.unlink()

    def _check_not_credited(self):
        """Refuse to free work that a posted credit note has taken back already."""
        credits = self.sudo().search(
            [("origin_id", "in", self.ids), ("is_live", "=", True)]
        )
        if credits:
            raise LedgerError(
                self.env._(
                    "%(invoice)s has been credited by %(credit)s, which tells what "
                    "became of its work. Reset that credit note to draft first.",
                    invoice=self._get_document_names(),
                    credit=credits._get_document_names(),
                )
            )

    def _check_reversible(self, what):
        """Refuse to reset a credit note whose work was billed again meanwhile."""
        self._lift_costs(-1)
        self._lift_periods(-1)
        self.env["account.analytic.line"].flush_model()
        self.env["project.billing.item"].flush_model()
        again = self.env.execute_query(
            SQL(
                """
                SELECT a.id FROM project_billing_allocation a
                  LEFT JOIN account_analytic_line l ON l.id = a.analytic_line_id
                  LEFT JOIN project_billing_item i ON i.id = a.item_id
                 WHERE a.id = ANY(%s)
                   AND (abs(l.billed_quantity - a.quantity) > 0.000001 + abs(
                            l.billable_quantity + l.billing_written_off_quantity)
                     OR (a.analytic_line_id IS NULL AND abs(i.billed_amount - a.amount)
                         > 0.000001 + abs(i.billable_amount
                                          + i.billing_written_off_amount)))
                """,
                self.ids,
            )
        )
        if again:
            self.browse([row_id for (row_id,) in again])._raise_billed(what)

    def _check_not_moved(self, what):
        """Refuse to make work count again that left its deal meanwhile.

        :param what: text of what was tried
        :raise LedgerError: naming the projects where the work is now, or the items
            that were archived or given to another rule (their contract may be used up)
        """
        moved = self.filtered(
            lambda row: (
                row.analytic_line_id
                and row.analytic_line_id.project_id != row.rule_id.project_id
            )
        ).analytic_line_id
        if moved:
            raise LedgerError(
                self.env._(
                    "%(what)s cannot be changed: its work was moved to %(projects)s. "
                    "Move it back first, or leave the document as it is.",
                    what=what,
                    projects=", ".join(moved.project_id.mapped("name")),
                )
            )
        gone = self.filtered(lambda row: row._has_left_deal()).item_id
        if gone:
            raise LedgerError(
                self.env._(
                    "%(what)s cannot be changed: %(items)s was archived or given to "
                    "another rule. Undo that first, or leave the document as it is.",
                    what=what,
                    items=", ".join(gone.mapped("name")),
                )
            )

    def _has_left_deal(self):
        """Return whether the item of this row is no longer an item of its rule."""
        self.ensure_one()
        item = self.item_id
        return (
            bool(item and self.quantity)
            and not self.analytic_line_id
            and self.kind in ("bill", "credit")
            and (not item.active or item.rule_id != self.rule_id)
        )

    def _restore_owner(self):
        """Give entries that are billed again to the rule by which they are billed."""
        self.env["account.analytic.line"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_analytic_line l SET billing_rule_id = a.rule_id
                  FROM project_billing_allocation a
                 WHERE a.id = ANY(%s) AND l.id = a.analytic_line_id
                   AND l.billed_quantity != 0 AND l.billing_rule_id != a.rule_id
                """,
                self.ids,
            )
        )
        self.analytic_line_id.invalidate_recordset(["billing_rule_id"])
