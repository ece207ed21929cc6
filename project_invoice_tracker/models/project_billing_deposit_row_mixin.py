from odoo import api, models

from ..exceptions import AlreadyBilledError, LedgerError


class ProjectBillingDepositRowMixin(models.AbstractModel):
    """Ledger rows of deposits, and of what invoices take off them.

    The deposit's own row has the kind ``bill``. A deduction is a row of the kind
    ``draw`` on the deposit's item, with a negative amount and the deposit's row as
    ``origin_id``; a credit note that gives the deposit back has one with a positive
    amount. So what is left of a deposit invoice is one sum.
    """

    _name = "project.billing.deposit.row.mixin"
    _description = "Ledger Rows of Deposits"

    def _filter_deposits(self):
        """Return the rows by which deposits were invoiced."""
        return self.filtered(
            lambda row: row.kind == "bill" and row.item_id.kind == "deposit"
        )

    def _filter_deductions(self):
        """Return the rows by which invoices take deposits off, or give them back."""
        return self.filtered(
            lambda row: row.kind == "draw" and row.item_id.kind == "deposit"
        )

    @api.model
    def _search_open_deposits(self, company, projects):
        """Return the live rows of the projects' deposit invoices, oldest first."""
        rows = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("is_live", "=", True),
                ("item_id.kind", "=", "deposit"),
                ("kind", "=", "bill"),
                ("move_id", "!=", False),
                ("rule_id.project_id", "in", projects.ids),
            ],
            order="id",
        )
        return rows.sorted(lambda row: (str(row.move_id.invoice_date or ""), row.id))

    def _get_lefts(self):
        """Return ``{deposit's row: amount}`` that may still be deducted or refunded.

        As invoiced (price and quantity of the line), in the currency of the invoice.
        """
        groups = self.sudo()._read_group(
            [("origin_id", "in", self.ids), ("is_live", "=", True)],
            ["origin_id"],
            ["amount:sum", "adjustment:sum"],
        )
        taken = {origin.id: amount + rest for origin, amount, rest in groups}
        return {
            row: row.currency_id.round(
                row.amount + row.adjustment + taken.get(row.id, 0.0)
            )
            for row in self
        }

    def _search_deductions(self):
        """Return the live rows that take these deposits off or give them back."""
        return (
            self.sudo()
            .search([("origin_id", "in", self.ids), ("is_live", "=", True)])
            ._filter_deductions()
        )

    def _get_deducting_names(self):
        """Return the names of the invoices that take these deposits off, net."""
        net = {}
        for row in self._search_deductions():
            # what a credit note gave back is taken off its invoice's part
            line = row.move_line_id
            source = line.billing_origin_line_id if row.amount > 0 else line
            net[source] = net.get(source, 0.0) + row.amount
        lines = [line for line, amount in net.items() if round(amount, 6) < 0]
        return ", ".join(
            dict.fromkeys(line.move_id._get_ledger_name() for line in lines)
        )

    def _check_not_deducted(self):
        """Refuse to change deposits that invoices take off.

        :raise LedgerError: naming the invoices
        """
        names = self._get_deducting_names()
        if names:
            raise LedgerError(
                self.env._(
                    "%(deposit)s is a deposit that %(invoices)s takes off. Credit or "
                    "cancel that invoice first.",
                    deposit=self._get_document_names(),
                    invoices=names,
                )
            )

    def _check_deductible(self, what):
        """Refuse that these deductions count (again) where too little is left.

        :param what: name of the document that is changed
        :raise AlreadyBilledError: naming the invoices that take the deposit off
        """
        lost = self.filtered(
            lambda row: (
                not row.origin_id.is_live or row.origin_id.move_id.state != "posted"
            )
        )
        lefts = self.origin_id._get_lefts()
        for origin, own in self.grouped("origin_id").items():
            short = sum(own.mapped("amount")) + lefts.get(origin, 0.0)
            if own & lost or own.currency_id[:1].compare_amounts(short, 0.0) < 0:
                raise AlreadyBilledError(
                    self.env._(
                        "%(what)s cannot be changed: it takes off the deposit "
                        "%(deposit)s, which is no longer posted or is taken off by "
                        "%(invoices)s.",
                        what=what,
                        deposit=origin._get_document_names() or own.item_id[:1].name,
                        invoices=origin._get_deducting_names()
                        or self.env._("no other invoice"),
                    )
                )

    def _search_given_back(self):
        """Return the live rows of credit notes that give these deductions back."""
        return (
            self.sudo()
            .search(
                [
                    ("kind", "=", "draw"),
                    ("is_live", "=", True),
                    (
                        "move_line_id.billing_origin_line_id",
                        "in",
                        self.move_line_id.ids,
                    ),
                    ("move_id.move_type", "=", "out_refund"),
                ]
            )
            ._filter_deductions()
        )

    def _check_still_given(self, what):
        """Refuse to unpost a credit note whose given-back deposit was used again.

        :param what: name of the credit note
        :raise AlreadyBilledError: naming the invoices that take the deposit off
        """
        lefts = self.origin_id._get_lefts()
        for origin, own in self.grouped("origin_id").items():
            given = sum(own.mapped("amount"))
            if own.currency_id[:1].compare_amounts(given, lefts[origin]) > 0:
                raise AlreadyBilledError(
                    self.env._(
                        "%(what)s cannot be changed: the deposit %(deposit)s that it "
                        "gave back is taken off by %(invoices)s or was refunded.",
                        what=what,
                        deposit=origin._get_document_names(),
                        invoices=origin._get_deducting_names()
                        or self.env._("no invoice"),
                    )
                )

    def _set_amount(self, amount, invoiced, price):
        """Let a draft's row follow its line; the difference is freed or claimed.

        :param amount: of the line, document currency
        :param invoiced: quantity of the line
        """
        self.ensure_one()
        delta = self.currency_id.round(amount - self.amount)
        worth = self.item_id.billable_amount
        quantity = round(delta / worth, 6) if worth else 0.0
        if self.currency_id.is_zero(delta) and self.price == price:
            return
        deltas = self._as_deltas(1, True, quantity, delta)
        self.write(
            {
                "amount": amount,
                "invoiced_quantity": invoiced,
                "price": price,
                "quantity": self.quantity + quantity,
            }
        )
        self.flush_model()
        if not self.currency_id.is_zero(delta):
            reason = self.env._("Taken off %s", self.move_id._get_ledger_name())
            self._apply(deltas, reason)

    def _prepare_deduction(self, line, amount):
        """Return the row by which a line takes a deposit off (< 0) or gives back.

        ``self`` is the deposit's row.
        """
        worth = self.item_id.billable_amount + self.item_id.billing_written_off_amount
        return {
            **self._prepare_row(line),
            "kind": "draw",
            "origin_id": self.id,
            "quantity": round(amount / worth, 6) if worth else 0.0,
            "invoiced_quantity": line.quantity,
            "amount": amount,
            "price": line.price_unit,
        }
