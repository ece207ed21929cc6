from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

OPEN = SQL("COALESCE(billable_amount, 0) != COALESCE(billed_amount, 0)")


class ProjectBillingItemStageMixin(models.AbstractModel):
    """Where an item stands: derived from the live invoices, never typed."""

    _name = "project.billing.item.stage.mixin"
    _description = "Stage of Billing Items"

    currency_id = fields.Many2one("res.currency")

    open_amount = fields.Monetary(
        compute="_compute_open_amount",
        search="_search_open_amount",
        help="What the item is worth and is on no invoice.",
    )
    stage = fields.Selection(
        [
            ("planned", "Planned"),
            ("ready", "Ready"),
            ("held", "Held"),
            ("partial", "Partly invoiced"),
            ("draft", "Draft invoice"),
            ("invoiced", "Invoiced"),
            ("paid", "Paid"),
            ("written_off", "Written off"),
        ],
        compute="_compute_stage",
        compute_sudo=True,
    )
    is_ready = fields.Boolean(
        compute="_compute_is_ready",
        search="_search_is_ready",
        help="The item, or the rest of it, may be invoiced today.",
    )
    move_ids = fields.Many2many(
        "account.move", compute="_compute_stage", compute_sudo=True, string="Invoices"
    )

    @api.depends("billable_amount", "billed_amount", "billing_held_amount")
    def _compute_open_amount(self):
        for item in self:
            item.open_amount = item.billable_amount - item.billed_amount

    @api.model
    def _search_open_amount(self, operator, value):
        if operator not in ("in", "not in") or [*value] != [0.0]:
            return NotImplemented  # only: something is left, or nothing
        table = SQL.identifier(self._table)
        condition = OPEN if operator == "not in" else SQL("NOT (%s)", OPEN)
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s.id IN (SELECT id FROM %s WHERE %s)",
                SQL.identifier(alias),
                table,
                condition,
            )
        )

    @api.depends(
        "billable_amount", "billed_amount", "billing_held_amount", "date_ready"
    )
    def _compute_stage(self):
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(
                [
                    ("item_id", "in", self.ids),
                    ("is_live", "=", True),
                    ("kind", "=", "bill"),
                ],
                ["item_id", "move_id"],
            )
        )
        moves = {}
        for item, move in rows:
            moves.setdefault(item.id, self.env["account.move"].sudo())
            moves[item.id] |= move
        ready = self._filter_ready(self.env.company._get_billing_today())
        for item in self:
            own = moves.get(item.id, self.env["account.move"].sudo())
            item.stage = item._get_stage(own, item in ready)
            item.move_ids = own

    def _get_stage(self, moves, is_ready):
        self.ensure_one()
        is_billed = not self.currency_id.is_zero(self.billed_amount)
        if not self.currency_id.is_zero(self.billing_held_amount):
            return "held"
        if not self.currency_id.is_zero(self.open_amount):
            if is_billed:
                return "partial"
            return "ready" if is_ready else "planned"
        if not is_billed:
            is_given_up = not self.currency_id.is_zero(self.billing_written_off_amount)
            return "written_off" if is_given_up else "planned"
        if any(move.state == "draft" for move in moves):
            return "draft"
        paid = all(m.payment_state in ("paid", "in_payment") for m in moves)
        return "paid" if moves and paid else "invoiced"

    @api.depends("billable_amount", "billed_amount", "date_ready", "date_postponed")
    def _compute_is_ready(self):
        ready = self._filter_billable_today()
        for item in self:
            item.is_ready = item in ready

    @api.model
    def _search_is_ready(self, operator, value):
        if operator != "in":
            return NotImplemented
        ready = self.search([("open_amount", "!=", 0)])._filter_billable_today()
        return [("id", "in", ready.ids)]

    def _filter_billable_today(self):
        """Return the items of which a run of today would invoice something.

        As far as the item itself knows: terms such as caps or documents may stop it.
        """
        today = self.env.company._get_billing_today()
        items = self.filtered(
            lambda item: (
                not item.currency_id.is_zero(
                    item.open_amount - item.billing_held_amount
                )
                and not (item.date_postponed and item.date_postponed > today)
            )
        )
        return items._filter_ready(today)
