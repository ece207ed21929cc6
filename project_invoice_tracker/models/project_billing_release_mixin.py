from odoo import fields, models
from odoo.tools import float_round

from ..tools.quantity import HOUR_DIGITS, Share, take

# what tells the rows of one invoice line apart
ROW_KEY = ("kind", "analytic_line_id", "cost_move_line_id", "item_id")
NUMBERS = ("quantity", "invoiced_quantity", "amount")


class ProjectBillingReleaseMixin(models.AbstractModel):
    """What a lowered draft line gives back, and what a raised one takes again.

    The invoice line remembers the pieces that were taken off it, the latest last
    (``billing_released``). A raise takes them back in the opposite order, as far as
    they are still free or held, so that no hour is paid by an adjustment of this line
    and by another invoice. A piece has the names of ledger columns.
    """

    _name = "project.billing.release.mixin"
    _description = "Work Taken off Drafts"

    def _release_newest(self, excess, line):
        """Take ``excess`` (invoice unit) out of rows; return those that stay."""
        digits = line.currency_id.decimal_places
        shares = self._sort_newest()._as_shares()
        pieces = {
            self.browse(share.key): (quantity, invoiced, amount)
            for share, quantity, invoiced, amount in take(
                shares, excess, amount_digits=digits
            )
        }
        memory = [row._prepare_piece(line, *taken) for row, taken in pieces.items()]
        reason = self.env._("Taken off %s", line.move_id._get_ledger_name())
        self._shrink(pieces, hold=True, reason=reason)
        self._remember(line, (line.billing_released or []) + memory)
        return self.exists()

    def _prepare_piece(self, line, quantity, invoiced, amount):
        """Return what an invoice line remembers of work that is taken off it."""
        self.ensure_one()
        row = {name: value or None for name, value in self._prepare_row(line).items()}
        return {
            **row,
            "kind": self.kind,
            "run_line_id": self.run_line_id.id or None,
            "date": fields.Date.to_string(self.date) or None,
            "quantity": quantity,
            "invoiced_quantity": invoiced,
            "amount": amount,
            "product_uom_id": line.product_uom_id.id,
        }

    def _remember(self, line, pieces):
        """Keep what was taken off; the host need not look at the line again."""
        quiet = line.with_context(skip_invoice_sync=True, check_move_validity=False)
        quiet.billing_released = pieces or False

    def _reclaim(self, wanted, line):
        """Take ``wanted`` (invoice unit) of the line's pieces back; return its rows.

        :param wanted: by how much the line's quantity exceeds that of its rows
        """
        pieces = list(reversed(line.billing_released or []))
        parts = self._get_claimable_parts(pieces, line)
        shares = [
            Share(
                key=index,
                quantity=round(piece["quantity"] * part, HOUR_DIGITS),
                invoiced=round(piece["invoiced_quantity"] * part, HOUR_DIGITS),
                amount=line.currency_id.round(piece["amount"] * part),
            )
            for index, (piece, part) in enumerate(zip(pieces, parts, strict=True))
            if part
        ]
        digits = line.currency_id.decimal_places
        rows = self
        for share, *taken in take(shares, wanted, amount_digits=digits):
            piece, numbers = pieces[share.key], dict(zip(NUMBERS, taken, strict=True))
            rows = rows._grow({**piece, **numbers}, line)
            for name, value in numbers.items():
                piece[name] = float_round(
                    piece[name] - value, precision_digits=HOUR_DIGITS
                )
        if shares:
            left = [piece for piece in pieces if any(piece[key] for key in NUMBERS)]
            self._remember(line, left[::-1])
            rows._restore_owner()
        return rows

    def _get_claimable_parts(self, pieces, line):
        """Return which part (0 to 1) of each piece this line may bill again."""
        free, parts = {}, []
        for piece in pieces:
            subject = self._get_piece_subject(piece)
            is_entry = subject._name == "account.analytic.line"
            size = piece["quantity" if is_entry else "amount"]
            left = 0.0
            if subject and self._is_same_deal(piece, subject, line):
                left = free.setdefault(subject, self._get_free(subject))
            part = min(1.0, left / size) if left * size > 0 else 0.0
            free[subject] = left - size * part
            parts.append(part)
        return parts

    def _get_piece_subject(self, piece):
        """Return the entry or item whose total a piece counts in, if it still is."""
        if piece["analytic_line_id"]:
            entry = self.env["account.analytic.line"].browse(piece["analytic_line_id"])
            return entry.exists()
        return self.env["project.billing.item"].browse(piece["item_id"]).exists()

    def _is_same_deal(self, piece, subject, line):
        """Return whether a piece can stand on its line as it did before.

        Its price may have changed: the line bills at the price that it was made with.
        """
        rule = self.env["project.billing.rule"].browse(piece["rule_id"]).exists()
        return (
            piece["currency_id"] == line.currency_id.id
            and piece["company_id"] == line.company_id.id
            and piece["product_uom_id"] == line.product_uom_id.id
            and bool(rule)
            and self._is_billable_by(subject, rule)
        )

    def _is_billable_by(self, subject, rule):
        """Return whether an entry or item still belongs to the deal of ``rule``.

        The bridge with Sales overrides it: what an order bills does not.
        """
        if subject._name == "account.analytic.line":
            return subject.project_id == rule.project_id
        return subject.active and subject.rule_id == rule

    def _get_free(self, subject):
        """Return what is free or held of an entry (hours) or an item (money)."""
        names = self._get_total_columns(subject._table)
        return subject[names["total"]] - subject[names["billed"]]

    def _grow(self, piece, line):
        """Add a piece to the row of its work on this line, or write a new row."""
        own = self.filtered(
            lambda row: all(
                (row[name] if name == "kind" else row[name].id or None) == piece[name]
                for name in ROW_KEY
            )
        )
        delta = {**piece, "is_live": True, "is_held": True}  # the held part first
        if own:
            for name in NUMBERS:
                own[name] += piece[name]
            own.flush_recordset()
            self._apply([delta])
            return self
        run_line = self.env["project.billing.run.line"].browse(piece["run_line_id"])
        values = {"move_line_id": line.id, "move_id": line.move_id.id}
        values["run_line_id"] = run_line.exists().id
        row = self._insert([{**delta, **values}])
        row.is_held = False
        return self | row
