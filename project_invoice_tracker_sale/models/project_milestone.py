from odoo import models

from odoo.addons.project_invoice_tracker.exceptions import AlreadyBilledError


class ProjectMilestone(models.Model):
    _inherit = "project.milestone"

    def write(self, vals):
        if not vals.get("sale_line_id"):
            return super().write(vals)
        ours = self._filter_billing_owned(vals["sale_line_id"])
        if ours and self.env.context.get("billing_leave_milestones"):
            return (self - ours)._write_share(vals, len(self))
        ours._check_not_billing_owned()
        return super().write(vals)

    def _filter_billing_owned(self, sale_line_id):
        """Return the milestones of a billing rule that would go to another owner."""
        return self.sudo().filtered(
            lambda m: m.billing_item_ids and m.sale_line_id.id != sale_line_id
        )

    def _write_share(self, vals, count):
        """Give a confirmed order the free milestones: they share its quantity."""
        if self and "product_uom_qty" in vals:
            quantity = vals["product_uom_qty"] * count / len(self)
            vals = {**vals, "product_uom_qty": quantity}
        return self.write(vals)

    def _check_not_billing_owned(self):
        """Raise :class:`AlreadyBilledError`: a billing rule bills these milestones."""
        if not self:
            return
        items = self.billing_item_ids
        items._check_not_billed()
        raise AlreadyBilledError(
            self.env._(
                "%(milestones)s is billed by the rule %(rules)s. Archive its billing "
                "item first if the sales order shall bill it.",
                milestones=", ".join(self.mapped("name")),
                rules=", ".join(items.rule_id.mapped("display_name")),
            )
        )
