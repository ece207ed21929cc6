from odoo import api, fields, models
from odoo.tools import LazyTranslate

from ..exceptions import BillingRuleError

_lt = LazyTranslate(__name__)

# name, delay type, days, channel, template, further values
DEFAULT_LEVELS = [
    (_lt("Courtesy note"), "before", 3, "mail", "mail_template_overdue_courtesy", {}),
    (_lt("Reminder"), "after", 7, "mail", "mail_template_overdue_first", {}),
    (
        _lt("Second reminder"),
        "after",
        21,
        "mail_or_letter",
        "mail_template_overdue_second",
        {"deadline_days": 10},
    ),
    (
        _lt("Last reminder"),
        "after",
        42,
        "mail_or_letter",
        "mail_template_overdue_last",
        {"deadline_days": 10, "activity_role": "manager"},
    ),
]


class AccountOverduePolicy(models.Model):
    """How a company treats what is not paid: levels, and the limits of all of them.

    Of several policies the most special one holds: the invoice's, else the project's,
    else the customer's, else the company's. One that is off does nothing.
    """

    _name = "account.overdue.policy"
    _description = "Overdue Policy"
    _inherit = ["mail.thread"]
    _order = "company_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    is_on = fields.Boolean(
        string="On",
        copy=False,
        tracking=True,
        help="Nothing leaves the house and no fee is booked while this is off.",
    )
    level_ids = fields.One2many("account.overdue.level", "policy_id", copy=True)
    amount_min = fields.Monetary(
        string="Minimum amount",
        tracking=True,
        help="In the company's currency: smaller open amounts of an instalment are "
        "left alone. Converted into the invoice's currency at the rate of the day.",
    )
    interval_days = fields.Integer(
        string="Minimum interval (days)",
        default=7,
        tracking=True,
        help="Days between two reminders of the same instalment, and between the "
        "sending of the invoice and its first reminder.",
    )
    date_start = fields.Date(
        string="Not due before",
        tracking=True,
        help="Instalments that were due before this day are left alone, so that "
        "switching on does not stir up old debts.",
    )
    daily_cap = fields.Integer(
        string="At most per day",
        default=50,
        tracking=True,
        help="Customers who get a reminder on one day; the others follow on the next "
        "days, the oldest debts first. 0: no limit.",
    )
    hold_hours = fields.Integer(
        string="Hours to object",
        help="So many hours a project's manager can hold a reminder before it goes.",
    )
    charge_paid_late = fields.Boolean(
        string="Interest of late payments",
        tracking=True,
        help="Runs also propose the interest of what was paid late, up to the day of "
        "payment, where a level that charges interest was reached before it was paid.",
    )
    is_stepwise = fields.Boolean(
        string="One level after the other",
        tracking=True,
        help="Also a debt that is long overdue begins at the first level. Otherwise "
        "the highest level that is due comes at once, and the lower ones never.",
    )

    _positive = models.Constraint(
        "CHECK (amount_min >= 0 AND interval_days >= 0 AND daily_cap >= 0"
        " AND hold_hours >= 0)",
        "Minimum amount, interval, limit and hours of a policy are not negative.",
    )

    @api.constrains("company_id")
    def _check_company_used(self):
        for policy in self:
            used = self.env["account.overdue.action"].sudo()
            if used.search_count(
                [
                    ("policy_id", "=", policy.id),
                    ("company_id", "!=", policy.company_id.id),
                ],
                limit=1,
            ):
                raise BillingRuleError(
                    self.env._(
                        "%s has been used. Make a new policy for the other company.",
                        policy.name,
                    )
                )

    def action_preview(self):
        """Open what this policy would do in the next days; sends nothing."""
        self.ensure_one()
        return self.env["account.overdue.preview"]._open_for(self.company_id, self)

    def action_preview_mail(self):
        """Show the first mail that this policy would send; sends nothing."""
        self.ensure_one()
        previews = self.env["account.overdue.mail.preview"]
        return previews._open_for(self.company_id, self)

    @api.model
    def _create_default(self, companies):
        """Give companies without any policy the usual one, switched off.

        A courtesy note before the due date and three levels after it.

        :return: the new policies; each is its company's default
        """
        policies = self.sudo().with_context(active_test=False)
        having = policies.search([("company_id", "in", companies.ids)]).company_id
        created = policies.browse()
        for company in companies - having:
            policy = policies.create(
                {
                    "name": self.env._("Standard"),
                    "company_id": company.id,
                    "level_ids": [
                        fields.Command.create(self._prepare_default_level(number, row))
                        for number, row in enumerate(DEFAULT_LEVELS, 1)
                    ],
                }
            )
            company.sudo().overdue_policy_id = policy
            created += policy
        return created

    @api.model
    def _prepare_default_level(self, number, row):
        name, delay_type, days, channel, template, further = row
        module = "project_invoice_tracker"
        return {
            "sequence": number * 10,
            "name": self.env._(name),
            "delay_type": delay_type,
            "delay_days": days,
            "channel": channel,
            "mail_template_id": self.env.ref(f"{module}.{template}").id,
            **further,
        }
