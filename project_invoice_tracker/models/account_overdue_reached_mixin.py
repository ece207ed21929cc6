from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

USER = "project_invoice_tracker.group_billing_user"


class AccountOverdueReachedMixin(models.AbstractModel):
    """The level that an invoice has reached, to be searched and grouped by.

    Not stored: a payment and a mail on its way would write the same invoice, and a
    reminder that has left could not be noted as sent.
    """

    _name = "account.overdue.reached.mixin"
    _description = "Overdue Level of Invoices"

    overdue_action_ids = fields.One2many("account.overdue.action", "move_id")
    overdue_level_id = fields.Many2one(
        "account.overdue.level",
        string="Reminded at",
        compute="_compute_overdue_level_id",
        compute_sudo=True,
        search="_search_overdue_level_id",
        groups=USER,
        help="The last level that was done of an unpaid instalment.",
    )

    @api.depends("overdue_action_ids.state", "line_ids.reconciled", "state")
    def _compute_overdue_level_id(self):
        for move in self:
            actions = move.overdue_action_ids.filtered(
                lambda x: x.state in ("done", "unknown") and not x.is_resolved
            )
            last = actions.sorted(lambda x: (x.level_id.sequence, x.id))[-1:]
            move.overdue_level_id = last.level_id

    @api.model
    def _search_overdue_level_id(self, operator, value):
        levels = self.env["account.overdue.level"].with_context(active_test=False)
        if operator == "any":
            value = levels.search(value).ids
        elif operator != "in":
            return NotImplemented
        known = [level for level in value if isinstance(level, int) and level]
        column = self._get_overdue_level_sql("m")
        condition = SQL("%s = ANY(%s::int4[])", column, known)
        if False in value:
            condition = SQL("(%s OR %s IS NULL)", condition, column)
        return Domain(
            "id", "in", SQL("(SELECT m.id FROM account_move m WHERE %s)", condition)
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        """Let the database sort and group by it, as by a stored field."""
        if field_expr != "overdue_level_id":
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        return self._get_overdue_level_sql(alias)

    @api.model
    def _get_overdue_level_sql(self, alias):
        """Return the expression of the level's id, for the table ``alias``."""
        self.env["account.move.line"].flush_model(["date_maturity", "reconciled"])
        self.env["account.overdue.action"].flush_model(["state", "level_id"])
        self.flush_model(["state"])
        return SQL(
            """
            (SELECT action.level_id
               FROM account_overdue_action action
               JOIN account_overdue_level level ON level.id = action.level_id
              WHERE action.move_id = %(id)s AND %(state)s = 'posted'
                AND action.state IN ('done', 'unknown')
                AND EXISTS (
                    SELECT FROM account_move_line line
                     WHERE line.move_id = action.move_id
                       AND line.date_maturity = action.date_maturity
                       AND line.display_type = 'payment_term'
                       AND line.reconciled IS NOT TRUE)
              ORDER BY level.sequence DESC, action.id DESC LIMIT 1)
            """,
            id=SQL.identifier(alias, "id"),
            state=SQL.identifier(alias, "state"),
        )
