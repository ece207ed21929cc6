from odoo import api, fields, models


class ProjectBillingMember(models.Model):
    """Who works on a project in which role, and when (days, bounds included).

    The host's ``project.role`` gives nobody a role by itself. The role of an entry is:
    chosen on the entry, else the member's, else the employee's default.
    """

    _name = "project.billing.member"
    _description = "Project Billing Member"
    _order = "project_id, employee_id, date_start desc, id desc"

    project_id = fields.Many2one(
        "project.project", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="project_id.company_id", store=True)
    employee_id = fields.Many2one(
        "hr.employee", required=True, ondelete="restrict", index=True
    )
    user_id = fields.Many2one(
        related="employee_id.user_id", store=True, index="btree_not_null"
    )
    role_id = fields.Many2one("project.role", ondelete="restrict")
    date_start = fields.Date(help="First day; empty = from the beginning.")
    date_end = fields.Date(help="Last day; empty = open.")

    _dates = models.Constraint(
        "CHECK (date_end IS NULL OR date_start IS NULL OR date_start <= date_end)",
        "A member's first day must not be after the last one.",
    )

    @api.depends("employee_id", "role_id")
    def _compute_display_name(self):
        for member in self:
            name = member.employee_id.sudo().name or ""
            role = member.role_id.name
            member.display_name = f"{name} ({role})" if role else name

    @api.model_create_multi
    def create(self, vals_list):
        members = super().create(vals_list)
        members.project_id._refresh_billing_entries()
        return members

    def write(self, vals):
        projects = self.project_id
        result = super().write(vals)
        (projects | self.project_id)._refresh_billing_entries()
        return result

    def unlink(self):
        projects = self.project_id
        result = super().unlink()
        projects._refresh_billing_entries()
        return result
