"""Sample files of the host's CSV import, offered by its own dialogue."""

from odoo import api, models

FOLDER = "/project_invoice_tracker/static/csv"


class ProjectBillingRule(models.Model):
    _inherit = "project.billing.rule"

    @api.model
    def get_import_templates(self):
        """Return the sample file of billing rules, for the import dialogue."""
        return [
            {
                "label": self.env._("Import Template for Billing Rules"),
                "template": f"{FOLDER}/project_billing_rule.csv",
            }
        ]


class ProjectBillingItem(models.Model):
    _inherit = "project.billing.item"

    @api.model
    def get_import_templates(self):
        """Return the sample files of items and of opening figures."""
        return [
            {
                "label": self.env._("Import Template for Billing Items"),
                "template": f"{FOLDER}/project_billing_item.csv",
            },
            {
                "label": self.env._("Import Template for Opening Figures"),
                "template": f"{FOLDER}/project_billing_opening.csv",
            },
        ]


class ProjectBillingRate(models.Model):
    _inherit = "project.billing.rate"

    @api.model
    def get_import_templates(self):
        """Return the sample file of rates, for the import dialogue."""
        return [
            {
                "label": self.env._("Import Template for Rates"),
                "template": f"{FOLDER}/project_billing_rate.csv",
            }
        ]
