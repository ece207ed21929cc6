from odoo import api, fields, models
from odoo.tools import SQL


class ProjectBillingWipProgress(models.Model):
    """How much of a progress item was done on a day, in all."""

    _name = "project.billing.wip.progress"
    _description = "Progress of a Day"
    _order = "item_id, date desc"

    item_id = fields.Many2one(
        "project.billing.item", required=True, readonly=True, ondelete="cascade"
    )
    date = fields.Date(required=True, readonly=True)
    percentage = fields.Float(digits=(16, 6), readonly=True)

    _day_once = models.UniqueIndex(
        "(item_id, date)", "The progress of an item is kept once for each day."
    )

    @api.model
    def _keep(self, rows):
        """Keep ``[(item id, day, percentage)]`` in one statement."""
        if not rows:
            return
        ids, days, percentages = map(list, zip(*rows, strict=True))
        self.env["project.billing.item"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO project_billing_wip_progress (item_id, date, percentage)
                SELECT * FROM unnest(%s::int4[], %s::date[], %s::numeric[])
                    ON CONFLICT (item_id, date)
                    DO UPDATE SET percentage = EXCLUDED.percentage
                """,
                ids,
                days,
                percentages,
            )
        )
        self.invalidate_model()

    @api.model
    def _get_kept(self, items, day):
        """Return ``{item id: percentage}`` kept last, on a day or before."""
        if not items:
            return {}
        return {
            item_id: float(percentage)
            for item_id, percentage in self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT ON (item_id) item_id, percentage
                      FROM project_billing_wip_progress
                     WHERE item_id = ANY(%s) AND date <= %s
                     ORDER BY item_id, date DESC
                    """,
                    items.ids,
                    day,
                )
            )
        }
