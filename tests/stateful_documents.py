"""What people do to invoices and credit notes: actions that a machine can shuffle."""

from odoo import Command

HOURS = (1, 0.25, 8, 2.5, 0.1, 0.333333, 0.83, 7.99, 50 / 60, 3, -1, 0.05)
FACTORS = (0.5, 0.25, 1 / 3, 0.9, 0.99, 0.1)
PRICES = (99.99, 0.01, 150, 33.33, 1234.56)
MODES = ("work_back", "price_reduction", "write_off")


def pick(records, number):
    """Return one of the records, or none where there is none."""
    return records[number % len(records)] if records else records


class Documents:
    """Actions on the invoices of a :class:`.stateful.Firm`."""

    def get_moves(self, move_type="out_invoice", state=None, billed=None):
        domain = [("move_type", "=", move_type), ("id", ">", self.first_move_id)]
        if state:
            domain.append(("state", "=", state))
        if billed:
            domain.append(("billing_allocation_ids", "!=", False))
        clerk = self.env["account.move"].with_user(self.case.clerk)
        return clerk.search(domain, order="id")

    def pick_line(self, number):
        """Return an invoice line that bills work on a draft, or none."""
        lines = self.get_moves(state="draft", billed=True).invoice_line_ids
        return pick(lines.filtered("billing_allocation_ids").sorted("id"), number)

    # -- drafts ------------------------------------------------------------------------

    def _edit(self, line, command):
        line.move_id.write({"invoice_line_ids": [command]})

    def lower(self, a, b, c):
        if line := self.pick_line(a):
            quantity = round(line.quantity * FACTORS[b % len(FACTORS)], 2)
            self._edit(line, Command.update(line.id, {"quantity": quantity}))

    def raise_quantity(self, a, b, c):
        if line := self.pick_line(a):
            quantity = line.quantity + HOURS[b % 10]
            self._edit(line, Command.update(line.id, {"quantity": quantity}))

    def change_price(self, a, b, c):
        if line := self.pick_line(a):
            price = {"price_unit": PRICES[b % len(PRICES)]}
            discount = {"discount": 10.0 * (b % 4)}
            values = discount if c % 2 else price
            self._edit(line, Command.update(line.id, values))

    def delete_line(self, a, b, c):
        if line := self.pick_line(a):
            self._edit(line, Command.delete(line.id))

    def add_line(self, a, b, c):
        if move := pick(self.get_moves(state="draft"), a):
            values = {"name": "Travel", "quantity": 1, "price_unit": PRICES[b % 5]}
            move.write({"invoice_line_ids": [Command.create(values)]})

    def delete_draft(self, a, b, c):
        pick(self.get_moves(state="draft"), a).unlink()

    # -- states ------------------------------------------------------------------------

    def post(self, a, b, c):
        pick(self.get_moves(state="draft"), a).action_post()

    def cancel(self, a, b, c):
        moves = self.get_moves(state="draft" if c % 2 else None)
        pick(moves.filtered(lambda m: m.state != "cancel"), a).button_cancel()

    def redraft(self, a, b, c):
        moves = self.get_moves(state="cancel" if c % 2 else None)
        pick(moves.filtered(lambda m: m.state != "draft"), a).button_draft()

    # -- credit ------------------------------------------------------------------------

    def _pick_billed(self, number):
        moves = self.get_moves(state="posted")
        return pick(moves.filtered("billing_allocation_ids") or moves, number)

    def credit(self, a, b, c):
        if move := self._pick_billed(a):
            self.case._reverse(move, MODES[b % 3], post=c % 3 != 0)

    def credit_named_hours(self, a, b, c):
        if move := self._pick_billed(a):
            rows = move.sudo().billing_allocation_ids.filtered("analytic_line_id")
            row = pick(rows.filtered(lambda r: r.kind == "bill").sorted("id"), b)
            hours = {row.analytic_line_id: row.quantity * (1, 0.5, 0.3)[c % 3]}
            self.case._reverse(move, "work_back", hours=hours if row else None)

    def credit_typed_quantity(self, a, b, c):
        if move := self._pick_billed(a):
            credit = self.case._reverse(move, MODES[b % 3], post=False)
            line = pick(credit.invoice_line_ids.sorted("id"), b)
            quantity = round(line.quantity * (0.5, 0.25, 2, 1 / 3)[c % 4], 2)
            self._edit(line, Command.update(line.id, {"quantity": quantity}))
            credit.action_post()

    def replace(self, a, b, c):
        if move := self._pick_billed(a):
            self.case._replace(move)

    def post_credit(self, a, b, c):
        pick(self.get_moves("out_refund", "draft"), a).action_post()

    def reset_credit(self, a, b, c):
        pick(self.get_moves("out_refund", "posted"), a).button_draft()

    def edit_credit(self, a, b, c):
        lines = self.get_moves("out_refund", "draft").invoice_line_ids.sorted("id")
        if line := pick(lines, a):
            quantity = round(line.quantity * FACTORS[b % len(FACTORS)], 2)
            self._edit(line, Command.update(line.id, {"quantity": quantity}))

    def cancel_credit(self, a, b, c):
        moves = self.get_moves("out_refund").filtered(lambda m: m.state != "cancel")
        pick(moves, a).button_cancel()

    def delete_credit(self, a, b, c):
        pick(self.get_moves("out_refund", "draft"), a).unlink()

    # -- copies ------------------------------------------------------------------------

    def duplicate(self, a, b, c):
        if move := pick(self.get_moves(), a):
            move.copy()

    def debit(self, a, b, c):
        if move := pick(self.get_moves(state="posted"), a):
            self.env["account.debit.note"].with_user(self.case.clerk).create(
                {"move_ids": [Command.set(move.ids)], "copy_lines": bool(b % 2)}
            ).create_debit()
