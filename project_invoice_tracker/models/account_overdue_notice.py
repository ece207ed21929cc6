from odoo import api, fields, models

from ..exceptions import BillingError

OFFICER = "project_invoice_tracker.group_billing_officer"
# state of the actions of a notice
ACTION_STATES = {
    "waiting": "pending",
    "held": "pending",
    "ready": "pending",
    "to_print": "pending",
    "sending": "sending",
    "sent": "done",
    "failed": "failed",
    "unknown": "unknown",
    "ignored": "ignored",
    "cancelled": "cancelled",
}
# states in which a person may still decide
OPEN_STATES = ("waiting", "held", "ready", "to_print", "failed")


class AccountOverdueNotice(models.Model):
    """One reminder to one customer: a mail or letter with all that is open.

    ``sending`` is committed before the mail is handed over. What a crash leaves there
    becomes ``unknown``: it is listed, and never sent again by itself.
    """

    _name = "account.overdue.notice"
    _description = "Reminder"
    _inherit = [
        "account.overdue.notice.create.mixin",
        "account.overdue.notice.items.mixin",
        "account.overdue.notice.check.mixin",
        "account.overdue.notice.effect.mixin",
        "account.overdue.notice.files.mixin",
        "account.overdue.notice.send.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "date desc, id desc"
    _rec_name = "partner_id"
    _mail_post_access = "read"

    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    run_id = fields.Many2one(
        "account.overdue.run", ondelete="set null", index="btree_not_null"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="restrict",
        index=True,
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Sent to",
        required=True,
        ondelete="restrict",
        help="The contact for invoices where the customer has one.",
    )
    lang = fields.Char(string="Language")
    level_id = fields.Many2one(
        "account.overdue.level",
        required=True,
        ondelete="restrict",
        index=True,
        help="The highest level of the invoices in it.",
    )
    channel = fields.Selection(
        [("none", "None"), ("mail", "Email"), ("letter", "Letter")], required=True
    )
    date = fields.Date(required=True)
    date_deadline = fields.Date(string="New deadline")
    hold_until = fields.Datetime(
        string="Goes at", help="Until then the project's manager may hold it."
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("held", "Held"),
            ("ready", "Ready"),
            ("to_print", "To print"),
            ("sending", "Being sent"),
            ("sent", "Done"),
            ("failed", "Failed"),
            ("unknown", "Sent or not: unknown"),
            ("ignored", "Skipped once"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="ready",
        index=True,
    )
    reason = fields.Char(help="Why it failed, is held or was cancelled.")
    is_effective = fields.Boolean(
        export_string_translation=False,
        help="Fee, activity and hold of the project are done.",
    )
    date_sent = fields.Datetime(string="Sent on")
    attempts = fields.Integer(help="How often sending failed.")
    date_retry = fields.Datetime(string="Next attempt")
    mail_id = fields.Many2one(
        "mail.mail",
        string="Email",
        ondelete="set null",
        index="btree_not_null",
        groups=OFFICER,
    )
    action_ids = fields.One2many("account.overdue.action", "notice_id")
    project_ids = fields.Many2many(
        "project.project", compute="_compute_project_ids", string="Projects"
    )

    _queue_idx = models.Index(
        "(state, id) WHERE state IN ('waiting', 'ready', 'sending', 'failed')"
    )

    @api.depends("partner_id", "level_id")
    def _compute_display_name(self):
        for notice in self.sudo():
            notice.display_name = f"{notice.partner_id.name}: {notice.level_id.name}"

    @api.depends("action_ids.project_ids")
    def _compute_project_ids(self):
        for notice in self:
            notice.project_ids = notice.action_ids.project_ids

    def _set_state(self, state, reason=False, **values):
        """Set the state of notices and of their actions; who and why is kept.

        :param reason: text for people
        """
        if not self:
            return
        self.write({"state": state, "reason": reason, **values})
        actions = {"state": ACTION_STATES[state], "reason": reason}
        for company, own in self.grouped("company_id").items():
            day = company._get_billing_today() if state == "sent" else False
            own.action_ids.filtered(lambda x: x.state != "cancelled").write(
                {**actions, "date_done": day}
            )

    # -- buttons ---------------------------------------------------------------------

    def _check_open(self, states=OPEN_STATES):
        self.check_access("read")
        for notice in self.sudo():
            if notice.state not in states:
                label = dict(notice._fields["state"]._description_selection(self.env))
                raise BillingError(
                    self.env._(
                        "%(notice)s cannot be changed any more: %(state)s.",
                        notice=notice.display_name,
                        state=label[notice.state],
                    )
                )

    def _check_may_hold(self):
        """Who invoices may hold any reminder, a project's manager those of the own."""
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group(OFFICER):
            projects = self.sudo().action_ids.project_ids.with_env(self.env)
            if not projects._filter_billing_reviewable():
                raise BillingError(
                    self.env._("You may hold reminders of your own projects only.")
                )

    def _check_officer(self):
        if not self.env.su and not self.env.user.has_group(OFFICER):
            raise BillingError(
                self.env._(
                    "Sending reminders needs the invoicing right. You may hold a "
                    "reminder of your projects."
                )
            )

    def action_hold(self):
        """Hold reminders that have not gone yet, until somebody releases them.

        :raise BillingError: it has gone, or is about another one's project
        """
        self._check_may_hold()
        self._check_open(("waiting", "ready", "to_print", "failed"))
        text = self.env._("held by %s", self.env.user.name)
        self.sudo()._lock_open()._set_state("held", text)
        return True

    def action_release(self):
        """Let held reminders go on."""
        self._check_may_hold()
        self._check_open(("held",))
        self.sudo()._set_state("ready", hold_until=False, date_retry=False)
        self.sudo()._go()
        self._trigger_job()
        return True

    def action_send_now(self):
        """Send without waiting; what is unknown is sent again because a person says so.

        :raise BillingError: it has gone, or the right is missing
        """
        self._check_officer()
        self._check_open(("waiting", "held", "ready", "failed", "unknown"))
        notices = self.sudo()._lock_open()
        notices._set_state("ready", hold_until=False, date_retry=False, attempts=0)
        notices._go()
        self._trigger_job()
        return True

    def action_skip_once(self):
        """Do not send it; the level comes again after the policy's interval."""
        self._check_officer()
        self._check_open()
        text = self.env._("by %s", self.env.user.name)
        notices = self.sudo()._lock_open()
        notices._set_state("ignored", text)
        for company, own in notices.grouped("company_id").items():
            own.action_ids.date_done = company._get_billing_today()
        notices._drop_mail()
        return True

    def action_mark_sent(self):
        """A person has seen that it arrived, or has sent it in another way."""
        self._check_officer()
        self._check_open((*OPEN_STATES, "unknown"))
        text = self.env._("marked by %s", self.env.user.name)
        self.sudo()._set_state("sent", text, date_sent=fields.Datetime.now())
        return True

    def _lock_open(self):
        """Return the notices locked, or refuse: a worker is sending them just now."""
        locked = self.try_lock_for_update()
        if locked != self:
            raise BillingError(
                self.env._("It is being sent just now. Look again in a minute.")
            )
        return locked

    @api.model
    def _trigger_job(self):
        self.env["account.overdue.run"]._trigger_job()

    def action_print(self):
        """Return the letters as PDF; with it reminders count as done.

        What was paid or paused since is dropped and not printed.

        :return: action of the report, or a note where no letter is left
        """
        self._check_officer()
        letters = self.filtered(lambda notice: notice.channel == "letter")
        waiting = letters.filtered(lambda notice: notice.state == "to_print")
        waiting = waiting.sudo()._lock_open()
        waiting._cancel_settled()
        waiting = waiting.filtered(lambda notice: notice.state == "to_print")
        waiting._renew_deadlines()
        waiting._keep_letters()
        waiting._set_state("sent", date_sent=fields.Datetime.now())
        printed = letters.filtered(lambda notice: notice.state == "sent")
        if not printed:
            return self._tell_nothing_printed()
        report = self.env.ref("project_invoice_tracker.action_report_overdue_letter")
        return report.report_action(printed)

    def _tell_nothing_printed(self):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": self.env._(
                    "No letter is left to print: each was paid, paused or cancelled "
                    "since it was made. The reasons stand in the list."
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
