from odoo import fields, models


class ProjectOverdueMixin(models.AbstractModel):
    """What overdue invoices mean for a project."""

    _name = "project.overdue.mixin"
    _description = "Overdue Treatment of a Project"

    overdue_policy_id = fields.Many2one(
        "account.overdue.policy",
        string="Overdue policy",
        ondelete="restrict",
        index="btree_not_null",
        help="Of the project's invoices; empty: of the customer, else of the company.",
    )
    overdue_hold = fields.Selection(
        [("warn", "Warning"), ("block", "Work stopped")],
        string="Hold for late payment",
        readonly=True,
        copy=False,
        help="Set by a level of the overdue policy; ends by itself with the payment.",
    )
    overdue_hold_reason = fields.Char(readonly=True, copy=False)
