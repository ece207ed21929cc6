from odoo import models


class ProjectProject(models.Model):
    _inherit = "project.project"

    def _compute_partner_id(self):
        # the host empties the customer of every project that Sales does not bill; one
        # with billing rules has a customer all the same
        kept = self.filtered(
            lambda project: (
                not project.allow_billable
                and project.sudo().billing_rule_ids
                and project._has_partner_of_company()
            )
        )
        return super(ProjectProject, self - kept)._compute_partner_id()

    def _has_partner_of_company(self):
        self.ensure_one()
        company = self.partner_id.company_id
        return not company or not self.company_id or company == self.company_id
