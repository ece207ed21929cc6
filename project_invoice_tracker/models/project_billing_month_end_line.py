from odoo import api, fields, models
from odoo.tools import SQL

COLUMNS = (
    "rule_id",
    "project_id",
    "company_id",
    "partner_id",
    "user_id",
    "currency_id",
    "company_currency_id",
    "opening_hours",
    "worked_hours",
    "excluded_hours",
    "billed_hours",
    "written_off_hours",
    "closing_hours",
    "opening",
    "worked",
    "excluded",
    "billed",
    "written_off",
    "revalued",
    "closing",
    "wip",
    "advance",
    "wip_doc",
    "advance_doc",
)


class ProjectBillingMonthEndLine(models.Model):
    """Work in progress of a month as it was when its page was refreshed last.

    What was closed and accrued stays readable, whatever happens to the work later.
    """

    _name = "project.billing.month.end.line"
    _description = "Work in Progress of a Month"
    _order = "month_end_id, project_id, rule_id"

    month_end_id = fields.Many2one(
        "project.billing.month.end", required=True, ondelete="cascade", index=True
    )
    rule_id = fields.Many2one("project.billing.rule", ondelete="set null")
    rule_name = fields.Char(related="rule_id.name", string="Rule name")
    project_id = fields.Many2one("project.project", ondelete="set null")
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", readonly=True, ondelete="set null"
    )
    user_id = fields.Many2one(
        "res.users", string="Project manager", readonly=True, ondelete="set null"
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    opening_hours = fields.Float("Opening (h)", digits=(16, 2), readonly=True)
    worked_hours = fields.Float("Worked (h)", digits=(16, 2), readonly=True)
    excluded_hours = fields.Float("Not billable (h)", digits=(16, 2), readonly=True)
    billed_hours = fields.Float("Billed (h)", digits=(16, 2), readonly=True)
    written_off_hours = fields.Float("Written off (h)", digits=(16, 2), readonly=True)
    closing_hours = fields.Float("Closing (h)", digits=(16, 2), readonly=True)
    opening = fields.Monetary(currency_field="company_currency_id", readonly=True)
    worked = fields.Monetary(currency_field="company_currency_id", readonly=True)
    excluded = fields.Monetary(
        "Not billable", currency_field="company_currency_id", readonly=True
    )
    billed = fields.Monetary(currency_field="company_currency_id", readonly=True)
    written_off = fields.Monetary(currency_field="company_currency_id", readonly=True)
    revalued = fields.Monetary(
        "Revaluation", currency_field="company_currency_id", readonly=True
    )
    closing = fields.Monetary(currency_field="company_currency_id", readonly=True)
    wip = fields.Monetary("WIP", currency_field="company_currency_id", readonly=True)
    advance = fields.Monetary(
        "Billed in advance", currency_field="company_currency_id", readonly=True
    )
    wip_doc = fields.Monetary(
        "WIP (document)", currency_field="currency_id", readonly=True
    )
    advance_doc = fields.Monetary(
        "Billed in advance (document)", currency_field="currency_id", readonly=True
    )

    @api.model
    def _fill(self, month_end):
        """Write the lines of a month anew, in one statement."""
        company = month_end.company_id
        wip = self.env["project.billing.wip"].with_context(
            allowed_company_ids=company.ids
        )
        query = wip._build_query(month_end.date_from, month_end.date)
        month_end.flush_recordset()
        columns = SQL(", ").join(map(SQL.identifier, COLUMNS))
        self.env.cr.execute(
            SQL(
                "DELETE FROM project_billing_month_end_line WHERE month_end_id = %s",
                month_end.id,
            )
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO project_billing_month_end_line"
                " (month_end_id, create_uid, create_date, %(columns)s)"
                " SELECT %(month)s, %(uid)s, now() AT TIME ZONE 'UTC', %(columns)s"
                " FROM (%(query)s) w",
                columns=columns,
                month=month_end.id,
                uid=self.env.uid,
                query=query,
            )
        )
        self.invalidate_model()
        month_end.invalidate_recordset(["line_ids"])

    def action_open_rule(self):
        """Button: open the rule whose work this is."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "project.billing.rule",
            "res_id": self.rule_id.id,
            "view_mode": "form",
        }
