from odoo import api, models

from .account_overdue_notice_create_mixin import HOLD_ACTIVITY


class AccountOverdueNoticeEffectMixin(models.AbstractModel):
    """What a level does in the house: fee, activity, hold of the project, own action.

    Done when the reminder goes, not when it was proposed: a reminder that a manager
    holds back costs the customer nothing.
    """

    _name = "account.overdue.notice.effect.mixin"
    _description = "Reminders: What Levels Do"

    def _go(self):
        """Do what the levels ask for, once, and make the reminders ready to leave.

        What has nothing to send is done with it.
        """
        self._cancel_settled()
        notices = self.filtered(lambda n: n.state in ("ready", "waiting"))
        fresh = notices.filtered(lambda notice: not notice.is_effective)
        actions = fresh.action_ids.filtered(lambda x: x.state != "cancelled")
        for level, own in actions.grouped("level_id").items():
            self._charge(level, own)
            self._assign(level, own)
            if level.hold_project:
                own.project_ids._hold_overdue(level)
        fresh.is_effective = True
        for notice in fresh:
            if notice.level_id.server_action_id:
                notice._run_server_action()
        for channel, state in (("mail", "ready"), ("letter", "to_print")):
            notices.filtered(lambda n, c=channel: n.channel == c)._set_state(state)
        notices.filtered(lambda n: n.channel == "none")._set_state("sent")
        self.activity_unlink([HOLD_ACTIVITY])

    # -- fee -------------------------------------------------------------------------

    @api.model
    def _charge(self, level, actions):
        """Let the level's fee and interest be booked, as debit notes of their own."""
        if not level._has_charge():
            return
        keys = {(action.move_id.id, action.date_maturity) for action in actions}
        lines = actions.move_id.line_ids.filtered(
            lambda line: (
                line.display_type == "payment_term"
                and (line.move_id.id, line.date_maturity) in keys
            )
        )
        charges = self.env["account.overdue.charge"]
        for date, own in actions.grouped("date").items():
            moves = own.move_id
            due = lines.filtered(lambda line, m=moves: line.move_id in m)
            proposals = charges._propose(due, level, date)
            charges._make(proposals)
            self._note_uncharged(own, proposals)

    @api.model
    def _note_uncharged(self, actions, proposals):
        """Say on the reminder why the level's fee was not booked."""
        notices = {action.move_id.id: action.notice_id for action in actions}
        for proposal in proposals:
            if proposal.reason:
                text = f"{notices[proposal.move_id].level_id.name}: {proposal.message}"
                notices[proposal.move_id]._message_log(body=text)

    # -- activity --------------------------------------------------------------------

    @api.model
    def _assign(self, level, actions):
        """Give the person whom the level names one activity for each reminder."""
        if not level.activity_role:
            return
        todo = self.env.ref("mail.mail_activity_data_todo")
        model = self.env["ir.model"]._get_id(self._name)
        values = []
        for notice, own in actions.grouped("notice_id").items():
            for user in notice._get_assignees(level, own):
                texts = notice.with_context(lang=user.lang)
                values.append(
                    {
                        "activity_type_id": todo.id,
                        "res_model_id": model,
                        "res_id": notice.id,
                        "user_id": user.id,
                        "date_deadline": notice.date,
                        "summary": texts._get_activity_summary(level),
                        "note": ", ".join(own.move_id.mapped("name")),
                    }
                )
        quiet = self.env["mail.activity"].with_context(mail_activity_quick_update=True)
        quiet.create(values)

    def _get_activity_summary(self, level):
        return level.with_env(self.env).activity_note or self.env._(
            "%(level)s: talk to %(customer)s",
            level=level.with_env(self.env).name,
            customer=self.partner_id.name,
        )

    def _get_assignees(self, level, actions):
        """Return who gets the level's activity; the accountant where there is none."""
        self.ensure_one()
        accountant = self.company_id.overdue_user_id
        users = {
            "manager": actions.project_ids.user_id,
            "salesperson": actions.move_id.invoice_user_id,
            "accountant": accountant,
            "user": level.activity_user_id,
        }[level.activity_role]
        users = users.filtered(lambda user: user.active and not user.share)
        return users or accountant

    # -- own action ------------------------------------------------------------------

    def _run_server_action(self):
        self.ensure_one()
        self.level_id.server_action_id.with_context(
            active_model=self._name, active_id=self.id, active_ids=self.ids
        ).run()
