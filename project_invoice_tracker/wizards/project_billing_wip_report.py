from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from ..exceptions import BillingError


class ProjectBillingWipReport(models.TransientModel):
    """Work in progress of any period: on screen, as PDF, as a spreadsheet."""

    _name = "project.billing.wip.report"
    _inherit = "project.billing.wip.print.mixin"
    _description = "Work in Progress as of a Date"

    date_from = fields.Date(
        string="From",
        required=True,
        compute="_compute_date_from",
        store=True,
        readonly=False,
        precompute=True,
    )
    date_to = fields.Date(
        string="As of",
        required=True,
        default=lambda self: self.env.company._get_billing_today(),
        help="Closing is the work in progress at the end of this day.",
    )
    project_ids = fields.Many2many(
        "project.project", string="Projects", help="Empty: all you may see."
    )

    @api.depends("date_to")
    def _compute_date_from(self):
        for report in self:
            if report.date_to and (
                not report.date_from or report.date_from > report.date_to
            ):
                report.date_from = report.date_to.replace(day=1)

    def _check_period(self):
        if self.date_from > self.date_to:
            raise BillingError(
                self.env._("The period ends before it begins. Change one of its days.")
            )

    def _get_title(self):
        return self.env._(
            "Work in progress, %(start)s to %(end)s",
            start=format_date(self.env, self.date_from),
            end=format_date(self.env, self.date_to),
        )

    def _get_domain(self):
        projects = self.project_ids
        return Domain("project_id", "in", projects.ids) if projects else Domain.TRUE

    def _get_wip_rows(self):
        self._check_period()
        wip = self.env["project.billing.wip"]._in_period(self.date_from, self.date_to)
        return wip.search(self._get_domain())

    def action_show(self):
        """Button: open the table, to group, pivot and export."""
        self.ensure_one()
        self._check_period()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_wip_action"
        )
        return {
            **action,
            "display_name": self._get_title(),
            "name": self._get_title(),
            "domain": list(self._get_domain()),
            "context": {
                "billing_wip_from": str(self.date_from),
                "billing_wip_to": str(self.date_to),
            },
        }
