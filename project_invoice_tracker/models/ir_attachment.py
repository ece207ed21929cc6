from odoo import api, models

from ..exceptions import LockedError

ANNEX_FIELD = "billing_annex_file"
# what would change an annex, or take it away from its invoice
FROZEN_FIELDS = frozenset(
    {"raw", "datas", "db_datas", "store_fname", "mimetype", "res_model", "res_id"}
)


class IrAttachment(models.Model):
    """The annex of a posted invoice cannot be rewritten or deleted, by nobody."""

    _inherit = "ir.attachment"

    def write(self, vals):
        if vals.keys() & FROZEN_FIELDS:
            self._check_no_annex()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_annex(self):
        self._check_no_annex()

    def _check_no_annex(self):
        """Raise :class:`LockedError` for annexes of documents that still exist."""
        annexes = self.sudo().filtered(
            lambda a: a.res_model == "account.move" and a.res_field == ANNEX_FIELD
        )
        if not annexes:
            return
        moves = self.env["account.move"].browse(annexes.mapped("res_id")).exists()
        if moves:
            raise LockedError(
                self.env._(
                    "The annex of %s never changes. Reset the invoice to draft and "
                    "post it again.",
                    ", ".join(moves.sudo().mapped("display_name")),
                )
            )
