from dateutil.relativedelta import relativedelta

from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    billing_approval_required = fields.Boolean(
        related="company_id.billing_approval_required", readonly=False
    )
    billing_disbursement_tax_id = fields.Many2one(
        related="company_id.billing_disbursement_tax_id", readonly=False
    )
    billing_cap_alert_percentage = fields.Float(
        related="company_id.billing_cap_alert_percentage", readonly=False
    )
    billing_deposit_account_id = fields.Many2one(
        related="company_id.billing_deposit_account_id", readonly=False
    )
    billing_accrual_account_id = fields.Many2one(
        related="company_id.billing_accrual_account_id", readonly=False
    )
    billing_accrual_income_account_id = fields.Many2one(
        related="company_id.billing_accrual_income_account_id", readonly=False
    )
    billing_accrual_journal_id = fields.Many2one(
        related="company_id.billing_accrual_journal_id", readonly=False
    )
    billing_bad_debt_account_id = fields.Many2one(
        related="company_id.billing_bad_debt_account_id", readonly=False
    )
    billing_schedule_active = fields.Boolean(
        related="company_id.billing_schedule_active", readonly=False
    )
    billing_schedule_interval = fields.Selection(
        related="company_id.billing_schedule_interval", readonly=False, required=False
    )
    billing_schedule_date = fields.Date(
        related="company_id.billing_schedule_date", readonly=False
    )

    billing_schedule_user_id = fields.Many2one(
        related="company_id.billing_schedule_user_id", readonly=False
    )

    overdue_policy_id = fields.Many2one(
        related="company_id.overdue_policy_id", readonly=False
    )
    overdue_policy_on = fields.Boolean(related="overdue_policy_id.is_on")
    overdue_user_id = fields.Many2one(
        related="company_id.overdue_user_id", readonly=False
    )
    overdue_promise_days = fields.Integer(
        related="company_id.overdue_promise_days", readonly=False
    )
    overdue_schedule_active = fields.Boolean(
        related="company_id.overdue_schedule_active", readonly=False
    )

    @api.onchange("billing_schedule_active")
    def _onchange_billing_schedule_active(self):
        """Propose what the company proposes: the first of next month, the user."""
        if self.billing_schedule_active and not self.billing_schedule_user_id:
            self.billing_schedule_user_id = self.env.user
        if self.billing_schedule_active and not self.billing_schedule_date:
            today = self.company_id._get_billing_today()
            self.billing_schedule_date = today + relativedelta(months=1, day=1)

    def action_preview_billing(self):
        """Open what the scheduled job would invoice today; makes no invoice."""
        self.ensure_one()
        return self.env["project.billing.run"]._open_preview(self.company_id)

    def action_preview_overdue(self):
        """Open what happens to overdue invoices in the next days; sends nothing."""
        self.ensure_one()
        return self.env["account.overdue.preview"]._open_for(self.company_id)

    def action_preview_overdue_mail(self):
        """Show the first mail that the company's policy would send; sends nothing."""
        self.ensure_one()
        previews = self.env["account.overdue.mail.preview"]
        return previews._open_for(self.company_id, self.overdue_policy_id)
