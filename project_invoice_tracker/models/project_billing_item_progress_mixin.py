from odoo import api, fields, models

from ..exceptions import BillingRuleError
from .project_billing_rule_progress_mixin import PROGRESS_SOURCES


class ProjectBillingItemProgressMixin(models.AbstractModel):
    """How much of an item is earned so far.

    Percentages are cumulative and as of now: 40 % means that 40 % is done in all.
    """

    _name = "project.billing.item.progress.mixin"
    _description = "Billing Item: Progress"

    currency_id = fields.Many2one("res.currency")

    progress_source = fields.Selection(
        PROGRESS_SOURCES, string="Progress from", help="Empty: as the rule says."
    )
    progress_percentage = fields.Float(
        string="Done (%)",
        digits=(16, 6),
        copy=False,
        tracking=True,
        aggregator=None,
        help="How much of the item is done in all, 0 to 100.",
    )
    progress_date = fields.Datetime(string="Typed on", readonly=True, copy=False)
    progress_user_id = fields.Many2one(
        "res.users",
        string="Typed by",
        readonly=True,
        copy=False,
        ondelete="set null",
    )
    earned_percentage = fields.Float(
        string="Earned (%)",
        digits=(16, 6),
        compute="_compute_earned",
        compute_sudo=True,
        aggregator=None,
    )
    earned_amount = fields.Monetary(
        string="Earned",
        compute="_compute_earned",
        compute_sudo=True,
        help="Value x percentage, rounded to the rule's currency.",
    )
    over_billed_amount = fields.Monetary(
        string="Billed ahead",
        compute="_compute_earned",
        compute_sudo=True,
        help="On invoices, but not earned: progress fell, or was billed ahead.",
    )
    under_billed_amount = fields.Monetary(
        string="Earned, not billed", compute="_compute_earned", compute_sudo=True
    )
    progress_reason = fields.Char(
        compute="_compute_earned",
        compute_sudo=True,
        help="Why there is no percentage.",
    )

    @api.model
    def _get_earned_fields(self):
        return [
            "earned_percentage",
            "earned_amount",
            "over_billed_amount",
            "under_billed_amount",
            "progress_reason",
        ]

    @api.depends(
        "billable_amount",
        "billed_amount",
        "progress_percentage",
        "progress_source",
        "rule_id.progress_source",
        "rule_id.expected_cost",
    )
    def _compute_earned(self):
        progress = self.filtered(lambda item: item.kind == "progress")
        found = self.env["project.billing.type.progress"]._get_percentages(progress)
        for item in self:
            percentage, reason = found.get(item, (0.0, False))
            item.earned_percentage, item.progress_reason = percentage, reason
            item.earned_amount = item._get_earned(percentage)
            ahead = item.billed_amount - item.earned_amount
            ahead = item.currency_id.round(ahead) if item in progress else 0.0
            # without a percentage nobody knows what is ahead of it
            item.over_billed_amount = 0.0 if reason else max(ahead, 0.0)
            item.under_billed_amount = max(-ahead, 0.0)

    def _get_earned(self, percentage):
        """Return what ``percentage`` of an item comes to, in the rule's currency.

        100 is exactly its worth. What was written off is not earned any more.
        """
        self.ensure_one()
        value = self.billable_amount + self.billing_written_off_amount
        earned = self.currency_id.round(value * percentage / 100.0)
        return min(earned, self.billable_amount)

    def _filter_earned(self):
        """Return the progress items of which more is earned than billed."""
        return self.filtered(lambda item: item.under_billed_amount)

    def _can_be_worth(self, worth):
        """Return whether the value may change although a part is on invoices.

        Of a schedule of values the rest is open to change, never below what is billed.
        """
        self.ensure_one()
        return self.kind == "progress" and (
            self.currency_id.compare_amounts(worth, self.billed_amount) >= 0
        )

    @api.constrains("progress_percentage")
    def _check_progress_percentage(self):
        for item in self:
            if not 0.0 <= item.progress_percentage <= 100.0:
                raise BillingRuleError(
                    self.env._(
                        "%(item)s: %(percentage)s %% is no progress. Enter how much is "
                        "done in all, from 0 to 100.",
                        item=item.name,
                        percentage=item.progress_percentage,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._sign_progress(vals) for vals in vals_list])

    def write(self, vals):
        if "progress_percentage" in vals and all(
            item.progress_percentage == vals["progress_percentage"] for item in self
        ):
            return super().write(vals)
        return super().write(self._sign_progress(vals))

    @api.model
    def _sign_progress(self, vals):
        """Add who typed a percentage, and when."""
        if not vals.get("progress_percentage") and "progress_percentage" not in vals:
            return vals
        return {
            **vals,
            "progress_date": fields.Datetime.now(),
            "progress_user_id": self.env.uid,
        }
