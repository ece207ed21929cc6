from odoo import models
from odoo.tools import float_compare

from ..exceptions import LedgerError


class ProjectBillingDepositLedgerMixin(models.AbstractModel):
    """What happens to deposits when their invoice, or one that takes them off, changes.

    Stands before the ledger mixin, which knows rows of work only. A deposit's amount
    follows its invoice line: there is no adjustment, so that no more is taken off than
    the customer was asked for.
    """

    _name = "project.billing.deposit.ledger.mixin"
    _description = "Deposit Events of Invoices"

    # -- states ----------------------------------------------------------------------

    def _follow_state(self, before, state):
        changed = self.filtered(
            lambda m: before[m.id] != state and m.move_type == "out_invoice"
        )
        if state in ("draft", "cancel"):
            changed._get_rows()._filter_deposits()._check_not_deducted()
        return super()._follow_state(before, state)

    def _claim_again(self):
        for move in self:
            rows = move._get_rows().filtered(lambda row: not row.is_live)
            rows._filter_deductions()._check_deductible(move._get_ledger_name())
        return super()._claim_again()

    def _unpost_credit(self):
        for move in self:
            rows = move._get_rows().filtered("is_live")._filter_deductions()
            rows._check_still_given(move._get_ledger_name())
        return super()._unpost_credit()

    def _post(self, soft=True):
        self._check_deductions()
        return super()._post(soft)

    def _check_deductions(self):
        """Refuse to post invoices whose deductions do not fit the ledger any more."""
        for row in self._get_rows()._filter_deductions():
            line = row.move_line_id
            if row.move_id.state != "draft" or row.move_id.move_type != "out_invoice":
                continue
            amount = line._get_billing_amount()
            if not row.is_live or row.currency_id.compare_amounts(amount, row.amount):
                raise LedgerError(
                    self.env._(
                        "%(invoice)s: the line %(line)s takes another amount off the "
                        "deposit than the ledger says. Save the invoice again or "
                        "delete the line.",
                        invoice=row.move_id._get_ledger_name(),
                        line=line.name,
                    )
                )

    # -- drafts ----------------------------------------------------------------------

    def _fit_rows(self):
        rows = self._get_rows()
        for row in rows._filter_deposits():
            row.move_id._fit_deposit(row, row.move_line_id)
        for row in rows._filter_deductions():
            row.move_id._fit_deduction(row, row.move_line_id)
        return super()._fit_rows()

    def _fit_deposit(self, row, line):
        """Let a deposit's row follow its draft line, at most up to the deposit."""
        amount = line._get_billing_amount()
        more = amount - row.amount
        item = row.item_id
        free = item.billable_amount - item.billed_amount
        if row.currency_id.compare_amounts(more, max(free, 0.0)) > 0:
            raise LedgerError(
                self.env._(
                    "%(invoice)s asks for more than the deposit of %(amount)s. Delete "
                    "the draft, raise the deposit on the billing rule and bill again.",
                    invoice=self._get_ledger_name(),
                    amount=row.currency_id.format(item.billable_amount),
                )
            )
        row._set_amount(amount, line.quantity, line.price_unit)

    def _fit_deduction(self, row, line):
        """Let a deduction follow its draft line, at most up to what is left."""
        amount = line._get_billing_amount()
        left = row.origin_id._get_lefts().get(row.origin_id, 0.0)
        more = row.amount - amount
        too_much = row.currency_id.compare_amounts(more, left) > 0
        if amount > 0 or (more > 0 and too_much):
            raise LedgerError(
                self.env._(
                    "%(invoice)s: %(line)s can take off at most %(left)s, which is "
                    "what is left of the deposit, and nothing can be added to it.",
                    invoice=self._get_ledger_name(),
                    line=line.name,
                    left=row.currency_id.format(left - row.amount),
                )
            )
        row._set_amount(amount, line.quantity, line.price_unit)

    # -- credit notes ----------------------------------------------------------------

    def _prepare_credit_rows(self, line):
        rows = line.billing_origin_line_id.sudo().billing_allocation_ids
        rows = rows.filtered("is_live")
        deposits, deductions = rows._filter_deposits(), rows._filter_deductions()
        if not rows:  # a line typed on the credit note of a deposit
            bills = self.reversed_entry_id._get_rows().filtered(
                lambda row: row.kind == "bill" and row.is_live
            )
            deposits = bills._filter_deposits()
            deposits = deposits if deposits == bills else bills.browse()
        if deposits:
            return self._prepare_deposit_credit(line, deposits[0])
        if deductions:
            return self._prepare_give_back(line, deductions[0])
        return super()._prepare_credit_rows(line)

    def _prepare_deposit_credit(self, line, row):
        """Return the rows of a credit note line that refunds a deposit.

        Work back: the deposit can be invoiced again; else it ends with that part.
        """
        amount = self.currency_id.round(-line._get_billing_amount())
        left = row._get_lefts()[row]
        if self.currency_id.compare_amounts(amount, left) > 0:
            raise LedgerError(
                self.env._(
                    "%(credit)s refunds %(amount)s of the deposit %(deposit)s, of "
                    "which %(left)s is left: %(invoices)s takes off the rest. Credit "
                    "or cancel that invoice first, or lower the credit note.",
                    credit=self._get_ledger_name(),
                    amount=self.currency_id.format(amount),
                    deposit=row._get_document_names(),
                    left=self.currency_id.format(left),
                    invoices=row._get_deducting_names()
                    or self.env._("an earlier credit note"),
                )
            )
        part = amount / row.amount if row.amount else 0.0
        quantity = round(row.quantity * part, 6)
        invoiced = round(row.invoiced_quantity * part, 6)
        credit = row._prepare_credit(line, quantity, invoiced, amount)
        credit["is_held"] = self.billing_credit_mode == "work_back"
        if self.billing_credit_mode in ("work_back", "replaced"):
            return [credit]
        return [credit, row._prepare_write_off(line, quantity, amount)]

    def _prepare_give_back(self, line, row):
        """Return the row of a credit note line that gives a deposit back.

        The books restore what is owed to the customer by the same line, so the ledger
        does, whatever becomes of the work.
        """
        amount = self.currency_id.round(line._get_billing_amount())
        if self.currency_id.is_zero(amount):
            return []
        given = sum(row._search_given_back().mapped("amount"))
        if amount < 0 or float_compare(amount, -row.amount - given, 6) > 0:
            raise LedgerError(
                self.env._(
                    "%(credit)s gives back more of a deposit than %(invoice)s took "
                    "off: at most %(amount)s.",
                    credit=self._get_ledger_name(),
                    invoice=row._get_document_names(),
                    amount=self.currency_id.format(-row.amount - given),
                )
            )
        return [row.origin_id._prepare_deduction(line, amount)]

    def _drop_deductions(self):
        """Take the deductions off draft credit notes that only lower the price.

        The deposit stays used: the price of the work is lowered, not what was paid.
        """
        lines = self.filtered(lambda m: m.state == "draft").invoice_line_ids
        lines.filtered(
            lambda line: (
                line.billing_origin_line_id.sudo().billing_allocation_ids
            )._filter_deductions()
        ).unlink()

    def _claim_from_origin(self, credit_notes):
        result = super()._claim_from_origin(credit_notes)
        ledger = self.env["project.billing.allocation"].sudo()
        rows = []
        for line in self.invoice_line_ids.filtered("billing_origin_line_id"):
            source = line.billing_origin_line_id.sudo().billing_allocation_ids
            deductions = source._filter_deductions().filtered(lambda x: x.amount < 0)
            given = deductions._search_given_back().filtered(
                lambda row: row.move_id in credit_notes
            )
            if not deductions:
                continue
            amount = sum(given.mapped("amount"))
            if line.currency_id.compare_amounts(-line._get_billing_amount(), amount):
                line.price_unit = -amount / line.quantity if line.quantity else 0.0
            if given:
                rows.append(given[0].origin_id._prepare_deduction(line, -amount))
        ledger._insert(rows)
        return result

    # -- refund ----------------------------------------------------------------------

    def _refund_deposit(self, row, left):
        """Return the draft credit note for what is left of a deposit invoice.

        A draft that was made before is brought up to date instead of a second one.

        :param row: the deposit's ledger row
        :param left: amount in the currency of the invoice, as priced
        """
        self.ensure_one()
        credit = self.reversal_move_ids.filtered(
            lambda m: m.state == "draft" and m.billing_credit_mode == "write_off"
        )[:1]
        if not credit:
            today = self.company_id._get_billing_today()
            values = {
                "billing_credit_mode": "write_off",
                "invoice_date": today,
                "date": today,
                "ref": self.env._("Refund of the rest of deposit %s", self.name),
            }
            credit = self._reverse_moves([values])
        lines = credit.invoice_line_ids
        own = lines.filtered(
            lambda line: line.billing_origin_line_id.id == row.move_line_id.id
        )
        (lines - own).unlink()
        own.write({"quantity": 1.0, "price_unit": left, "discount": 0.0})
        return credit

    # -- what people must see --------------------------------------------------------

    def _get_deposit_warning(self):
        """Return the banner of an invoice whose deposit was taxed otherwise."""
        self.ensure_one()
        rows = self.sudo().billing_allocation_ids.filtered("is_live")
        taxes = {
            row.move_line_id: row.move_line_id.tax_ids
            for row in rows._filter_deductions()
            if row.amount < 0
        }
        if not taxes:
            return False
        work = self.invoice_line_ids.filtered(
            lambda line: line.display_type == "product" and line not in taxes
        )
        for line, own in taxes.items():
            if own not in [other.tax_ids for other in work]:
                return self.env._(
                    "%(deposit)s was invoiced with %(tax)s and keeps it; the work on "
                    "this invoice has other taxes. Check which VAT rate applies.",
                    deposit=line.name,
                    tax=", ".join(own.mapped("name")) or self.env._("no tax"),
                )
        return False
