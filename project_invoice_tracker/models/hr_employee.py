from odoo import fields, models


class HrEmployee(models.Model):
    _inherit = "hr.employee"

    billing_role_id = fields.Many2one(
        "project.role",
        string="Default billing role",
        groups="hr.group_hr_user",
        help="Role of this person's time on projects where no membership says "
        "otherwise; decides the rate.",
    )

    def write(self, vals):
        result = super().write(vals)
        if "billing_role_id" in vals:
            entries = self.env["account.analytic.line"].sudo()
            entries.search(
                [("employee_id", "in", self.ids), ("billed_quantity", "=", 0)]
            )._billing_refresh()
        return result
