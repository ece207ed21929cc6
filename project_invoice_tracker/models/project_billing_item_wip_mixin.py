from odoo import api, fields, models


class ProjectBillingItemWipMixin(models.AbstractModel):
    """Progress as it was: percentages are kept day by day, for past dates of WIP."""

    _name = "project.billing.item.wip.mixin"
    _description = "Billing Item: Progress of Past Days"

    @api.model_create_multi
    def create(self, vals_list):
        items = super().create(vals_list)
        items.filtered("progress_percentage")._log_progress()
        return items

    def write(self, vals):
        result = super().write(vals)
        if "progress_percentage" in vals:
            self._log_progress()
        return result

    def _log_progress(self, date=None):
        """Keep the percentages of progress items as those of a day; its last one stays.

        :param date: default: today of the item's company
        """
        items = self.filtered(lambda item: item.kind == "progress")
        if not items:
            return
        room = self.env["project.billing.type.progress"]
        found = room._get_percentages(items)
        rows = [
            (item.id, date or item.company_id._get_billing_today(), percentage)
            for item, (percentage, reason) in found.items()
            if not reason
        ]
        self.env["project.billing.wip.progress"]._keep(rows)

    def _get_progress_at(self, day):
        """Return ``{item: percentage}`` at the end of a day, 0 to 100.

        Today's and later: as of now. A past day's: the last one kept until then; where
        none was kept, a typed percentage counts from the day it was typed on, another
        one as of now.
        """
        past = self.filtered(lambda i: day < i.company_id._get_billing_today())
        kept = self.env["project.billing.wip.progress"]._get_kept(past, day)
        now = self.env["project.billing.type.progress"]._get_percentages(
            self.filtered(lambda item: item.id not in kept)
        )
        shares = {}
        for item in self:
            percentage, _reason = now.get(item, (0.0, False))
            if item in past and item._is_typed_after(day):
                percentage = 0.0
            shares[item] = kept.get(item.id, percentage)
        return shares

    def _is_typed_after(self, day):
        self.ensure_one()
        source = self.progress_source or self.rule_id.progress_source
        if source != "typed" or not self.progress_date:
            return False
        zoned = self.with_context(tz=self.company_id._get_billing_timezone())
        return fields.Datetime.context_timestamp(zoned, self.progress_date).date() > day
