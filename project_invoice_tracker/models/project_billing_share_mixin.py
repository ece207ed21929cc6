from odoo import models


class ProjectBillingShareMixin(models.AbstractModel):
    """Documents keep the shares of their instalments: made at posting, gone with it."""

    _name = "project.billing.share.mixin"
    _description = "Shares of Documents"

    def _post(self, soft=True):
        posted = super()._post(soft)
        self.env["project.billing.share"].sudo()._rebuild(posted.sudo())
        return posted

    def button_draft(self):
        result = super().button_draft()
        self.env["project.billing.share"].sudo()._rebuild(self.sudo())
        return result
