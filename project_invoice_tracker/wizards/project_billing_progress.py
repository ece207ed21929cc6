from odoo import api, fields, models
from odoo.fields import Command


class ProjectBillingProgress(models.TransientModel):
    """How much of each item of a rule is done, typed by who runs the project.

    Rules and items are the administrator's; the progress is the project manager's.
    """

    _name = "project.billing.progress"
    _description = "Progress of Items"

    rule_id = fields.Many2one(
        "project.billing.rule", required=True, ondelete="cascade", readonly=True
    )
    line_ids = fields.One2many(
        "project.billing.progress.line",
        "progress_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    @api.depends("rule_id")
    def _compute_line_ids(self):
        for wizard in self:
            items = wizard.rule_id.item_ids.filtered(lambda i: i.kind == "progress")
            wizard.line_ids = [
                Command.create(
                    {"item_id": item.id, "percentage": item.progress_percentage}
                )
                for item in items
                if (item.progress_source or wizard.rule_id.progress_source) == "typed"
            ]

    def action_apply(self):
        """Write the typed percentages.

        :raise BillingRuleError: a percentage below 0 or above 100
        :raise BillingError: the project is another's
        """
        self.ensure_one()
        self.rule_id._check_progress_editable()
        for line in self.line_ids:
            if line.item_id.rule_id == self.rule_id:
                line.item_id.sudo().progress_percentage = line.percentage
        return {"type": "ir.actions.act_window_close"}


class ProjectBillingProgressLine(models.TransientModel):
    """One item and how much of it is done."""

    _name = "project.billing.progress.line"
    _description = "Progress of an Item"

    progress_id = fields.Many2one(
        "project.billing.progress", required=True, ondelete="cascade"
    )
    item_id = fields.Many2one(
        "project.billing.item", required=True, ondelete="cascade", readonly=True
    )
    currency_id = fields.Many2one(related="item_id.currency_id")
    billable_amount = fields.Monetary(related="item_id.billable_amount", string="Value")
    billed_amount = fields.Monetary(related="item_id.billed_amount", string="Invoiced")
    percentage = fields.Float(string="Done (%)", digits=(16, 6))
    earned_amount = fields.Monetary(
        string="Earned", compute="_compute_amounts", help="Value x percentage."
    )
    claim_amount = fields.Monetary(
        string="To invoice",
        compute="_compute_amounts",
        help="Earned less invoiced; below zero more is billed than earned.",
    )

    @api.depends("percentage", "item_id")
    def _compute_amounts(self):
        for line in self:
            earned = line.item_id._get_earned(line.percentage) if line.item_id else 0.0
            line.earned_amount = earned
            line.claim_amount = earned - line.billed_amount
