from datetime import timedelta

import pytz
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

INTERVALS = {
    "day": relativedelta(days=1),
    "week": relativedelta(weeks=1),
    "month": relativedelta(months=1),
}


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["account.overdue.company.mixin", "res.company"]

    billing_approval_required = fields.Boolean(
        string="Approve before invoicing",
        help="Only approved lines of a billing run become invoices.",
    )
    billing_disbursement_tax_id = fields.Many2one(
        "account.tax",
        string="Tax of disbursements",
        domain=[("type_tax_use", "=", "sale")],
        help="On costs passed on as disbursements without VAT; empty: no tax. "
        "E-invoices want a tax of 0 % (outside the scope) on each line.",
    )
    billing_cap_alert_percentage = fields.Float(
        string="Alert at (%)",
        default=80.0,
        help="Project managers are told when billed work and work that is ready to be "
        "invoiced reach this share of a cap or customer order, and again at 100 %.",
    )
    billing_deposit_account_id = fields.Many2one(
        "account.account",
        string="Account of deposits",
        check_company=True,
        domain=[("account_type", "in", ("liability_current", "liability_non_current"))],
        help="What customers paid in advance is owed to them until it is deducted. "
        "Empty: the income account of the deposit's product, as the host does it.",
    )
    billing_accrual_account_id = fields.Many2one(
        "account.account",
        string="Accrued income",
        check_company=True,
        domain=[("account_type", "in", ("asset_current", "asset_non_current"))],
        help="Work that is done and not billed at the end of a month (a contract "
        "asset). Empty: the host's account for moving the period of a revenue.",
    )
    billing_accrual_income_account_id = fields.Many2one(
        "account.account",
        string="Revenue of accruals",
        check_company=True,
        domain=[("internal_group", "=", "income")],
        help="Empty: the income account of each billing rule's product.",
    )
    billing_accrual_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of accruals",
        check_company=True,
        domain=[("type", "=", "general")],
        help="Empty: the host's journal for moving periods, else the first journal of "
        "miscellaneous operations.",
    )
    billing_bad_debt_account_id = fields.Many2one(
        "account.account",
        string="Bad debts",
        check_company=True,
        domain=[("internal_group", "=", "expense")],
        help="Expense account of invoices that will not be paid any more.",
    )
    billing_schedule_active = fields.Boolean(string="Scheduled billing")
    billing_schedule_interval = fields.Selection(
        [("day", "Every day"), ("week", "Every week"), ("month", "Every month")],
        default="month",
        required=True,
    )
    billing_schedule_date = fields.Date(
        string="Next billing run",
        compute="_compute_billing_schedule_date",
        store=True,
        readonly=False,
        help="The scheduled job bills on this day, or as soon as it runs afterwards, "
        "everything up to the day before.",
    )

    billing_schedule_user_id = fields.Many2one(
        "res.users",
        string="Responsible for scheduled billing",
        compute="_compute_billing_schedule_user_id",
        store=True,
        readonly=False,
        domain=[("share", "=", False)],
        help="Gets an activity when the scheduled job cannot go on.",
    )

    _billing_cap_alert = models.Constraint(
        "CHECK (billing_cap_alert_percentage BETWEEN 0 AND 100)",
        "The alert of caps is a percentage between 0 and 100.",
    )
    _billing_schedule_dated = models.Constraint(
        "CHECK (NOT billing_schedule_active OR billing_schedule_date IS NOT NULL)",
        "Scheduled billing needs the date of its next run.",
    )

    @api.depends("billing_schedule_active")
    def _compute_billing_schedule_date(self):
        for company in self:
            if company.billing_schedule_active and not company.billing_schedule_date:
                today = company._get_billing_today()
                company.billing_schedule_date = today + relativedelta(months=1, day=1)

    @api.depends("billing_schedule_active")
    def _compute_billing_schedule_user_id(self):
        for company in self:
            if company.billing_schedule_active and not company.billing_schedule_user_id:
                company.billing_schedule_user_id = self.env.user

    def _get_billing_timezone(self):
        """Return the name of the zone in which this company's days begin and end.

        The company partner's zone, else its calendar's, else UTC: scheduled jobs run
        as OdooBot in UTC, whose "today" is yesterday or tomorrow for half the world.
        """
        self.ensure_one()
        company = self.sudo()
        zone = company.partner_id.tz or company.resource_calendar_id.tz or "UTC"
        return zone if zone in pytz.all_timezones_set else "UTC"

    def _get_billing_today(self):
        """Return today's date in the company's own time zone."""
        self.ensure_one()
        zoned = self.with_context(tz=self._get_billing_timezone())
        return fields.Date.context_today(zoned)

    def _in_billing_context(self):
        """Return this company with an environment of its own company, zone and user.

        Every run works in it, so that taxes, terms, sequences and dates are those of
        the document's company, whichever companies the user has ticked.
        """
        self.ensure_one()
        return self.with_company(self).with_context(
            allowed_company_ids=self.ids, tz=self._get_billing_timezone()
        )

    def _get_billing_schedule_period(self, today):
        """Return ``(cutoff date, next run's date)`` of a run that is due, else None.

        Late or missed runs catch up with one run: the question is "due and not done",
        never "is today the day".
        """
        self.ensure_one()
        due = self.billing_schedule_date
        if not self.billing_schedule_active or not due or due > today:
            return None
        step = INTERVALS[self.billing_schedule_interval]
        following = due
        while following <= today:
            due, following = following, following + step
        return due - timedelta(days=1), following

    def _refresh_billing_habits(self):
        """Learn how late customers pay these companies, each as of its own today."""
        habits = self.env["project.billing.habit"]
        for company in self:
            day = company._get_billing_today()
            habits._store(company, habits._get_habits(company, day), day)
