from datetime import timedelta

from odoo import api, fields, models

# asks a project's manager whether a reminder may go
HOLD_ACTIVITY = "project_invoice_tracker.mail_activity_overdue_hold"


class AccountOverdueNoticeCreateMixin(models.AbstractModel):
    """How the actions of a run become reminders."""

    _name = "account.overdue.notice.create.mixin"
    _description = "Reminders: Making"

    @api.model
    def _create_for(self, lines, actions):
        """Return a reminder for each customer, language and way, written at once.

        What is only done in the house (an activity, a fee) gets one that is not sent.
        The highest level says how it is written, and to whom it goes.

        :param lines: account.overdue.run.line
        :param actions: their account.overdue.action, in the same order
        """
        groups = {}
        for line, action in zip(lines, actions, strict=True):
            is_sent = line.channel != "none"
            key = line.company_id, line.partner_id, is_sent and line.lang, is_sent
            groups.setdefault(key, []).append((line, action))
        values = [self._prepare_notice(own) for own in groups.values()]
        notices = self.create(values)
        for notice, own in zip(notices, groups.values(), strict=True):
            none = actions.browse()
            none.concat(*(action for _line, action in own)).notice_id = notice
        notices.filtered(lambda notice: notice.state == "waiting")._ask_managers()
        return notices

    @api.model
    def _prepare_notice(self, group):
        """Return the values of a reminder for pairs of line and action."""
        top, _action = max(
            group, key=lambda own: (own[0].level_id.sequence, own[0].days_overdue)
        )
        level = top.level_id
        hours = self._get_hold_hours([line for line, _action in group])
        return {
            "company_id": top.company_id.id,
            "run_id": top.run_id.id,
            "partner_id": top.partner_id.id,
            "contact_id": (top.recipient_id or top.partner_id).id,
            "lang": top.lang,
            "level_id": level.id,
            "channel": top.channel or "none",
            "date": top.run_id.date,
            "date_deadline": level.deadline_days
            and top.run_id.date + timedelta(days=level.deadline_days),
            "state": "waiting" if hours else "ready",
            "hold_until": hours and fields.Datetime.now() + timedelta(hours=hours),
        }

    def _follow_actions(self):
        """Use the words of the highest level that is left, once others were settled."""
        for notice in self:
            left = notice.action_ids.filtered(lambda x: x.state != "cancelled")
            if notice.level_id not in left.level_id:
                notice.level_id = max(left.level_id, key=lambda own: own.sequence)

    def _renew_deadlines(self):
        """Let the new deadline count from today, when the reminder really goes."""
        for company, notices in self.grouped("company_id").items():
            today = company._get_billing_today()
            for notice in notices:
                days = notice.level_id.deadline_days
                notice.date_deadline = days and today + timedelta(days=days)

    @api.model
    def _get_hold_hours(self, lines):
        """Return how long managers may object: the longest of the policies, or 0."""
        return max(
            (
                line.policy_id.hold_hours
                for line in lines
                if line.policy_id.hold_hours
                and line.channel != "none"
                and line.project_ids.user_id
            ),
            default=0,
        )

    def _ask_managers(self):
        """Tell the projects' managers of reminders they may hold; no mail leaves."""
        question = self.env.ref(HOLD_ACTIVITY)
        model = self.env["ir.model"]._get_id(self._name)
        values = []
        for notice in self:
            for user in notice.action_ids.project_ids.user_id:
                own = notice.with_context(lang=user.lang)
                values.append(
                    {
                        "activity_type_id": question.id,
                        "res_model_id": model,
                        "res_id": notice.id,
                        "user_id": user.id,
                        "automated": True,
                        "date_deadline": fields.Date.to_date(notice.hold_until),
                        "summary": own.env._(
                            "A reminder to %s is about to go: hold it?",
                            notice.partner_id.name,
                        ),
                    }
                )
        quiet = self.env["mail.activity"].with_context(mail_activity_quick_update=True)
        quiet.create(values)
