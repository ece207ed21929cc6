from odoo import fields, models


class ProjectBillingForecastLine(models.Model):
    """An amount that nothing else knows of: wages, a loan, tax.

    Counts in the forecast up to its day, then it is history.
    """

    _name = "project.billing.forecast.line"
    _description = "Forecast: Other Amount"
    _inherit = ["mail.thread"]
    _order = "date, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    date = fields.Date(required=True, tracking=True)
    amount = fields.Monetary(
        required=True,
        tracking=True,
        help="In the company's currency. Negative: money that goes out.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self._default_company_id()
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    project_id = fields.Many2one(
        "project.project", check_company=True, index="btree_not_null"
    )
    partner_id = fields.Many2one("res.partner", string="Customer or vendor")

    def _default_company_id(self):
        return self.env.company
