from odoo import fields, models


class ProjectBillingHabitWait(models.Model):
    """When those paid who were as late as an open instalment is now.

    One row for each number of days beyond the payer's own habit, for a company. What is
    later than the last row is later than anybody was. Written with the habits.
    """

    _name = "project.billing.habit.wait"
    _description = "Payment Habit: Late Payers"
    _order = "company_id, beyond"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    beyond = fields.Integer(string="Days beyond the habit today", readonly=True)
    days = fields.Integer(string="Days beyond the habit when paid", readonly=True)

    _beyond_uniq = models.UniqueIndex("(company_id, beyond)")
