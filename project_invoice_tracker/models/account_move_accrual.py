from odoo import models

from ..exceptions import BillingError


class ProjectBillingAccrualMoveMixin(models.AbstractModel):
    """Accruals and their reversals live together.

    A reversal without its accrual would take revenue away that was never booked, so
    it is posted with it (on its own date), reset with it and deleted with it.
    """

    _name = "project.billing.accrual.move.mixin"
    _description = "Accrual Entries"

    def _get_accrual_pages(self, field="accrual_move_id"):
        """Return the month-end pages whose accrual (or reversal) is among these."""
        pages = self.env["project.billing.month.end"].sudo()
        entries = self.filtered(lambda move: move.move_type == "entry")
        return pages.search([(field, "in", entries.ids)]) if entries else pages

    def _post(self, soft=True):
        self._check_reversals()
        pages = self._get_accrual_pages()
        pages._check_accrual_dates()
        posted = super()._post(soft)
        for page in pages.filtered(lambda p: p.accrual_move_id in posted):
            reversal = page.reversal_move_id.with_env(self.env)
            if reversal.state == "draft":
                # soft: of a later day it waits for its date, posted by the host's job
                reversal.with_env(page.company_id._in_billing_context().env)._post()
        return posted

    def _check_reversals(self):
        for page in self._get_accrual_pages("reversal_move_id"):
            accrual = page.accrual_move_id
            if accrual.state != "posted" and accrual not in self:
                raise BillingError(
                    self.env._(
                        "The accrual of %s is not posted, so there is nothing to "
                        "reverse. Post the accrual; its reversal follows on its date.",
                        page.name,
                    )
                )

    def button_draft(self):
        reversals = self._get_accrual_reversals()
        result = super().button_draft()
        posted = reversals.filtered(lambda move: move.state == "posted")
        if posted:
            posted.button_draft()
        if reversals:
            reversals.auto_post = "no"
        return result

    def button_cancel(self):
        drafts = self._get_accrual_reversals().filtered(lambda m: m.state == "draft")
        result = super().button_cancel()
        if drafts:
            drafts.button_cancel()
        return result

    def unlink(self):
        drafts = self._get_accrual_reversals().filtered(lambda m: m.state == "draft")
        result = super().unlink()
        if drafts:
            drafts.unlink()
        return result

    def _get_accrual_reversals(self):
        """Return the reversals of the accruals among these entries."""
        reversals = self._get_accrual_pages().reversal_move_id - self
        return reversals.with_env(self.env)
