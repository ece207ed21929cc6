from odoo import api, fields, models

from ..exceptions import BillingRuleError
from ..tools.overdue import Level


class AccountOverdueLevel(models.Model):
    """One step of a policy: when an instalment reaches it, and what happens then."""

    _name = "account.overdue.level"
    _description = "Overdue Level"
    _inherit = ["account.overdue.level.fee.mixin"]
    _order = "policy_id, sequence, id"
    _check_company_auto = True

    policy_id = fields.Many2one(
        "account.overdue.policy", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="policy_id.company_id", store=True, precompute=True
    )
    currency_id = fields.Many2one(related="policy_id.company_id.currency_id")
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    delay_type = fields.Selection(
        [
            ("before", "days before the due date"),
            ("after", "days after the due date"),
            ("month_end", "days after the due date, then end of month"),
            ("previous", "days after the previous level"),
        ],
        string="When",
        required=True,
        default="after",
        help="Counted from the due date of the instalment, not of the whole invoice.",
    )
    delay_days = fields.Integer(string="Days", default=7)
    amount_min = fields.Monetary(
        string="Minimum amount",
        help="In the company's currency; empty: the policy's own minimum.",
    )
    deadline_days = fields.Integer(
        string="New deadline (days)",
        help="Days to pay that the reminder grants; 0: none is named.",
    )
    repeat_days = fields.Integer(
        string="Again after (days)",
        help="This level comes again after so many days, as long as no higher one is "
        "due; 0: once.",
    )
    # -- actions
    channel = fields.Selection(
        [
            ("none", "Nothing is sent"),
            ("mail", "Email"),
            ("letter", "Letter"),
            ("mail_or_letter", "Email, or a letter where there is no address"),
        ],
        required=True,
        default="mail",
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        ondelete="restrict",
        domain=[("model", "=", "account.overdue.notice")],
        string="Text",
        help="Of the email and of the letter.",
    )
    attach_statement = fields.Boolean(string="Attach statement", default=True)
    attach_invoices = fields.Boolean(string="Attach invoices", default=True)
    activity_role = fields.Selection(
        [
            ("manager", "Project manager"),
            ("salesperson", "Salesperson"),
            ("accountant", "Accountant"),
            ("user", "This person"),
        ],
        string="Activity for",
    )
    activity_user_id = fields.Many2one(
        "res.users", string="Person", domain=[("share", "=", False)]
    )
    activity_note = fields.Char(string="What to do", translate=True)
    hold_project = fields.Selection(
        [("warn", "Warn"), ("block", "Stop work")],
        string="Project",
        help="Warn: project, tasks and time tell it. Stop work: no time can be logged "
        "until the customer has paid.",
    )
    server_action_id = fields.Many2one(
        "ir.actions.server",
        ondelete="restrict",
        domain=[("model_id.model", "=", "account.overdue.notice")],
    )

    _positive = models.Constraint(
        "CHECK (delay_days >= 0 AND deadline_days >= 0 AND repeat_days >= 0"
        " AND amount_min >= 0)",
        "Days and amounts of a level are not negative; 'before' is chosen apart.",
    )

    def _get_rung(self, rank=0):
        """Return this level as the plain value that says when it is due.

        :param rank: its place among all levels of its policy
        """
        self.ensure_one()
        return Level(
            self.id,
            rank,
            self.delay_type,
            self.delay_days,
            self.repeat_days,
            self.amount_min or self.policy_id.amount_min,
            self.channel,
        )

    def _has_files(self):
        """Return whether reminders of this level may come with files."""
        self.ensure_one()
        return self.attach_invoices or self.attach_statement

    @api.constrains("activity_role", "activity_user_id")
    def _check_activity(self):
        for level in self:
            if level.activity_role == "user" and not level.activity_user_id:
                raise BillingRuleError(
                    self.env._(
                        "Level %s gives an activity to a person: choose the person.",
                        level.name,
                    )
                )

    @api.constrains("channel", "mail_template_id")
    def _check_channel(self):
        for level in self:
            if level.channel != "none" and not level.mail_template_id:
                raise BillingRuleError(
                    self.env._(
                        "Level %s sends something: choose the text of it.", level.name
                    )
                )

    @api.constrains("delay_type", "sequence", "policy_id")
    def _check_first(self):
        """A first level that waits for the previous one would never come."""
        for policy in self.policy_id:
            first = policy.level_ids.sorted()[:1]
            if first.delay_type == "previous":
                raise BillingRuleError(
                    self.env._(
                        "The first level of %s waits for a previous one. Count its "
                        "days from the due date.",
                        policy.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        actions = self.env["account.overdue.action"].sudo()
        used = actions.search([("level_id", "in", self.ids)], limit=1).level_id
        if used:
            raise BillingRuleError(
                self.env._(
                    "Reminders of level %s were made. Archive it instead.", used.name
                )
            )
