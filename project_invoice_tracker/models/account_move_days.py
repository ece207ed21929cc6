from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.comparison import build_comparison


class ProjectBillingDaysMixin(models.AbstractModel):
    """Days by which a document is late: of its oldest unpaid instalment.

    Counted from the company's own today; due today is not late. What is retained and
    not released is due on no day that is known.
    """

    _name = "project.billing.days.mixin"
    _description = "Days Overdue of Documents"

    overdue_days = fields.Integer(
        string="Days overdue",
        compute="_compute_overdue_days",
        search="_search_overdue_days",
        aggregator="max",
        help="Days since the oldest unpaid instalment was due.",
    )

    @api.depends("state", "line_ids.date_maturity", "line_ids.reconciled", "company_id")
    def _compute_overdue_days(self):
        for move in self:
            days = move.line_ids.filtered(
                lambda line: line.display_type == "payment_term" and not line.reconciled
            ).mapped("date_maturity")
            days = list(filter(None, days)) if move.state == "posted" else []
            today = move.company_id._get_billing_today() if days else None
            move.overdue_days = max((today - min(days)).days, 0) if days else 0

    @api.model
    def _search_overdue_days(self, operator, value):
        column = self._get_overdue_days_sql("m")
        empty = SQL("%s = 0", column)
        condition = build_comparison(column, operator, value, empty)
        if condition is None:
            return NotImplemented
        query = SQL("(SELECT m.id FROM account_move m WHERE %s)", condition)
        return Domain("id", "in", query)

    def _field_to_sql(self, alias, field_expr, query=None):
        """Let the database sort and group by it, as by a stored field."""
        if field_expr != "overdue_days":
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        return self._get_overdue_days_sql(alias)

    @api.model
    def _get_overdue_days_sql(self, alias):
        """Return the expression of the days, for the table ``alias``."""
        self.env["account.move.line"].flush_model(["date_maturity", "reconciled"])
        self.flush_model(["state"])
        today = SQL(" ").join(
            SQL("WHEN %s THEN %s::date", company.id, company._get_billing_today())
            for company in self.env["res.company"].sudo().search([])
        )
        return SQL(
            """
            (CASE WHEN %(state)s != 'posted' THEN 0 ELSE GREATEST(0, COALESCE((
             SELECT CASE %(company)s %(today)s END - MIN(line.date_maturity)
               FROM account_move_line line
              WHERE line.move_id = %(id)s AND line.display_type = 'payment_term'
                AND line.reconciled IS NOT TRUE), 0)) END)
            """,
            state=SQL.identifier(alias, "state"),
            company=SQL.identifier(alias, "company_id"),
            id=SQL.identifier(alias, "id"),
            today=today,
        )
