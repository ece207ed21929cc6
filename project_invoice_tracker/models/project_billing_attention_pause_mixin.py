from datetime import timedelta
from functools import partial

from odoo import api, models
from odoo.fields import Domain

PAUSES = "project_invoice_tracker.account_overdue_pause_action"
PAYABLE = ("not_paid", "partial")
BROKEN_DAYS = 365  # older ones have had their hand


class ProjectBillingAttentionPauseMixin(models.AbstractModel):
    """Projects with disputed invoices, and with promises that were not kept."""

    _name = "project.billing.attention.pause.mixin"
    _description = "Projects that Need a Hand: Disputes and Promises"

    @api.model
    def _get_paused(self, projects, today):
        """Return disputes and broken promises of the projects' unpaid invoices."""
        pauses = self._search_paused(today)
        shares = self.env["project.billing.share"].sudo()
        groups = shares._read_group(
            [
                ("move_id", "in", pauses.sudo().move_id.ids),
                ("project_id", "in", projects.ids),
            ],
            ["project_id"],
            ["move_id:recordset"],
        )
        texts = {
            "dispute": self.env._("disputed by the customer: %s"),
            "promise": self.env._("promise to pay broken: %s"),
        }
        for project, moves in groups:
            mine = pauses.filtered(lambda p, moves=moves: p.sudo().move_id in moves)
            for kind, own in mine.grouped("kind").items():
                names = ", ".join(own.sudo().move_id.mapped("name"))
                domain = Domain("id", "in", own.ids)
                text = texts[kind] % names
                builder = partial(self._build_reason, kind, text, PAUSES, domain)
                yield project.with_env(self.env), builder, 0.0

    @api.model
    def _search_paused(self, today):
        """Return the pauses, read as the user, whose invoices are not paid."""
        dispute = Domain("state", "=", "open") & Domain("kind", "=", "dispute")
        broken = Domain("state", "=", "broken")
        broken &= Domain("date_end", ">=", today - timedelta(days=BROKEN_DAYS))
        pauses = self.env["account.overdue.pause"].search(
            Domain("company_id", "in", self.env.companies.ids)
            & Domain("move_id", "!=", False)
            & (dispute | broken)
        )
        # a project manager may not read invoices, but whether they are paid
        return pauses.filtered(lambda p: p.sudo().move_id.payment_state in PAYABLE)
