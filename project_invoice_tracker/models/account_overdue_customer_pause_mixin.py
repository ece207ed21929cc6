from odoo import fields, models


class AccountOverdueCustomerPauseMixin(models.AbstractModel):
    """From the list of overdue customers: note what was said, read what was."""

    _name = "account.overdue.customer.pause.mixin"
    _description = "Overdue Customer: Promises"

    broken_count = fields.Integer(
        string="Broken promises", compute="_compute_broken_count"
    )

    def _compute_broken_count(self):
        groups = self.env["account.overdue.pause"]._read_group(
            [
                ("state", "=", "broken"),
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
            ],
            ["partner_id", "company_id"],
            ["__count"],
        )
        counts = {(partner, company): count for partner, company, count in groups}
        for row in self:
            row.broken_count = counts.get((row.partner_id, row.company_id), 0)

    def action_overdue_follow_up(self):
        """Note a call, promise, dispute or hold for all open invoices."""
        self.ensure_one()
        wizard = self.env["account.overdue.pause.wizard"]
        return wizard._open(partner=self.partner_id, company=self.company_id)

    def action_view_overdue_timeline(self):
        """Open everything that was sent, said, promised, disputed and paid."""
        self.ensure_one()
        return self.env["account.overdue.timeline"]._open(self.partner_id)
