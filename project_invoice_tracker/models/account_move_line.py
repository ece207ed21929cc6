from odoo import api, fields, models
from odoo.tools import float_compare

from ..exceptions import LedgerError


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["project.billing.retention.line.mixin", "account.move.line"]

    billing_allocation_ids = fields.One2many(
        "project.billing.allocation", "move_line_id", string="Billed work"
    )
    billing_origin_line_id = fields.Many2one(
        "account.move.line",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        export_string_translation=False,
        help="The line that this one was copied from: by a reversal, a replacement or "
        "a debit note.",
    )
    billing_is_copy = fields.Boolean(
        readonly=True,
        copy=False,
        export_string_translation=False,
        help="Made from a line that bills work. It bills none itself, unless it is on "
        "a replacement, which takes the work over.",
    )
    billing_released = fields.Json(
        copy=False,
        groups=fields.NO_ACCESS,
        export_string_translation=False,
        help="Work that was taken off this draft line, the latest last. A raised "
        "quantity takes it back. It becomes ledger rows: the ledger alone writes it.",
    )
    billing_is_adjusted = fields.Boolean(
        compute="_compute_billing_is_adjusted",
        help="Quantity or price differ from the work that the line bills, or the line "
        "is a copy that bills none.",
    )

    @api.depends("quantity", "price_unit", "billing_allocation_ids", "billing_is_copy")
    def _compute_billing_is_adjusted(self):
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(
                [("move_line_id", "in", self._origin.ids), ("kind", "=", "bill")],
                ["move_line_id"],
                ["invoiced_quantity:sum", "price:max"],
            )
        )
        found = {line.id: figures for line, *figures in rows}
        for line in self:
            quantity, price = found.get(line._origin.id, (line.quantity, None))
            line.billing_is_adjusted = (
                # a deduction has no quantity of work
                float_compare(quantity or line.quantity, line.quantity, 4) != 0
                or price is not None
                and float_compare(price, line.price_unit, precision_digits=4) != 0
                or bool(price is not None and line.discount)
                or line._is_workless()
            )

    def _is_workless(self):
        """Return whether the line asks for money for work that it does not bill.

        It was copied from a line that does, or its work is gone for good.
        """
        self.ensure_one()
        return bool(
            self.quantity
            and self.move_id.move_type == "out_invoice"
            and (self.billing_is_copy or self.sudo().billing_released)
            and not self.sudo().billing_allocation_ids
        )

    def _compute_product_uom_id(self):
        # 8 h of another product are 8 h: its unit would make 8 days of them
        working = self.filtered(lambda line: line._origin.sudo().billing_allocation_ids)
        return super(AccountMoveLine, self - working)._compute_product_uom_id()

    @api.model
    def default_get(self, fields_list):
        # a user's own default would be an input
        allowed = [name for name in fields_list if name != "billing_released"]
        return super().default_get(allowed)

    def _get_billing_amount(self):
        """Return quantity x price less discount, document currency.

        Negative on a credit note. The amount as priced: with price-included taxes it
        is the gross amount, like the rule's price.
        """
        self.ensure_one()
        amount = self.quantity * self.price_unit * (1 - self.discount / 100.0)
        sign = -1 if self.move_id.move_type == "out_refund" else 1
        return sign * self.currency_id.round(amount)

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        if not self.env.context.get("billing_creating"):
            lines._mark_copies()
        return lines

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for line, vals in zip(self, vals_list, strict=True):
            if line.billing_is_copy or line.sudo().billing_allocation_ids:
                vals["billing_is_copy"] = True
        return vals_list

    def _mark_copies(self):
        """Mark new lines that read like one of their draft that bills work.

        The web client duplicates lines by creating them with the same values.
        """
        new = self.filtered(
            lambda line: (
                line.display_type == "product"
                and line.name
                and line.move_id.move_type == "out_invoice"
            )
        )
        if not new:
            return
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            .search([("move_id", "in", new.move_id.ids), ("kind", "=", "bill")])
        )
        known = {self._get_reading(line) for line in rows.move_line_id}
        copies = new.filtered(
            lambda line: not line.billing_is_copy and self._get_reading(line) in known
        )
        if copies:
            copies.with_context(skip_invoice_sync=True).billing_is_copy = True

    @api.model
    def _get_reading(self, line):
        return line.move_id.id, line.product_id.id, line.name

    def _copy_data_extend_business_fields(self, values):
        result = super()._copy_data_extend_business_fields(values)
        if self.display_type == "product" and self.move_id.is_sale_document():
            values["billing_origin_line_id"] = self.id
        return result

    def write(self, vals):
        if vals.get("product_uom_id"):
            self._check_unit(self.env["uom.uom"].browse(vals["product_uom_id"]))
        moved = {}
        if "move_id" in vals:
            moved = {line.id: line.move_id.id for line in self}
        result = super().write(vals)
        if moved:
            self._follow_move()
        if "analytic_distribution" in vals:
            moves = self.move_id.filtered(lambda move: move.state == "posted")
            self.env["project.billing.share"].sudo()._rebuild(moves.sudo())
        return result

    def _check_unit(self, unit):
        """Refuse another unit of time on lines that bill work.

        One day instead of eight hours would read as a quantity lowered by seven.
        """
        lines = self.filtered(
            lambda line: (
                line.product_uom_id != unit
                and line.product_uom_id._has_common_reference(unit)
            )
        )
        if lines.sudo().billing_allocation_ids:
            raise LedgerError(
                self.env._(
                    "The unit of a line that bills work cannot change. Delete the "
                    "line, set the unit on the billing rule and bill again."
                )
            )

    def _follow_move(self):
        """Lines merged into another invoice take their ledger rows along."""
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            .search([("move_line_id", "in", self.ids)])
        )
        for line, own in rows.grouped("move_line_id").items():
            line.move_id._check_accepts_rows(own)
            own.move_id = line.move_id
        rows.move_id._follow_retention()

    def unlink(self):
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            .search([("move_line_id", "in", self.ids)])
        )
        if rows:
            self.move_id._release_rows(rows)
        return super().unlink()

    def action_view_billing_allocations(self):
        """Open what this line bills."""
        self.ensure_one()
        action = self.move_id.action_view_billing_allocations()
        return {**action, "domain": [("move_line_id", "=", self.id)]}
