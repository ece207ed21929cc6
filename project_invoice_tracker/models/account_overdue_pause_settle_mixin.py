from datetime import timedelta

from odoo import api, fields, models

from ..tools.pauses import build_fulfilment

# payments are matched late, or bounce: promises are looked at again for so long
LATE_DAYS = 90
PAID = ("paid", "in_payment", "reversed")


class AccountOverduePauseSettleMixin(models.AbstractModel):
    """Pauses end by themselves: what came of them is read in the ledger.

    Whether a pause is in force depends on its dates; this only writes down what came
    of it. It can run twice, late, or never, with the same end.
    """

    _name = "account.overdue.pause.settle.mixin"
    _description = "End of Pauses"

    @api.model
    def _cron_settle(self):
        """Note what came of pauses; every hour, as companies live in many zones."""
        self._search_unsettled()._settle()

    @api.model
    def _search_unsettled(self, extra=()):
        """Return open pauses, and promises that a late payment could still change."""
        since = fields.Date.today() - timedelta(days=LATE_DAYS)
        return self.sudo().search(
            [
                *extra,
                "|",
                ("state", "=", "open"),
                "&",
                "&",
                ("kind", "=", "promise"),
                ("state", "in", ("kept", "broken")),
                ("date_end", ">=", since),
            ]
        )

    def _settle(self):
        """Write the states that ledger and calendar say; return what changed."""
        changes = self._get_changes()
        for (state, ended, closed), pauses in changes.items():
            vals = {"state": state, "date_closed": closed}
            if ended:
                vals["date_ended"] = ended
            pauses.write(vals)
        done = self.browse().union(*changes.values())
        done._tell_owners()
        return done

    def _get_changes(self):
        """Return ``{(state, ended on or False, today): pauses}`` of what changes."""
        promises = self.filtered(lambda p: p.kind == "promise")
        facts = promises._get_fulfilment()
        changes = {}
        for pause in self:
            today = pause.company_id._get_billing_today()
            state, ended = pause._get_outcome(facts.get(pause.id), today)
            if state != pause.state:
                closed = self._get_closed_day(pause, state, today)
                known = changes.get((state, ended, closed), self.browse())
                changes[state, ended, closed] = known | pause
        return changes

    @api.model
    def _get_closed_day(self, pause, state, today):
        """Return the day for the history: it is over the day after its last one."""
        if state in ("broken", "ended") and pause.date_end:
            return min(today, pause.date_end + timedelta(days=1))
        return today

    def _get_fulfilment(self):
        """Return ``{promise id: (kept, by money)}``."""
        if not self:
            return {}
        for model in ("account.move.line", "account.partial.reconcile", self._name):
            self.env[model].flush_model()
        rows = self.env.execute_query(build_fulfilment(self.ids))
        return {promise: (kept, money) for promise, kept, money in rows}

    def _get_outcome(self, fact, today):
        """Return ``(state, day on which it ended early or False)``.

        :param fact: of a promise: ``(kept, by money)``
        """
        self.ensure_one()
        over = bool(self.date_end) and self.date_end < today
        move = self.move_id
        if move and move.state == "cancel":
            return "ended", max(today, self.date_start)
        if self.kind == "promise":
            kept, by_money = fact or (False, False)
            if kept:
                # a credit note settles it, but is no kept word
                return ("kept" if by_money else "ended"), False
            return ("broken" if over else self.state), False
        if over:
            return "ended", False
        if move and move.payment_state in PAID:
            return "ended", max(today, self.date_start)
        return self.state, False

    def _tell_owners(self):
        """Owners learn of broken promises, and that a pause ended with money open."""
        for pause in self:
            pause = pause.with_context(lang=pause.user_id.lang)
            text = pause._get_news()
            if text:
                about = pause.sudo().move_id.name or pause.sudo().partner_id.name
                pause._give_activity(f"{about}: {text}", pause._get_note())

    def _get_news(self):
        self.ensure_one()
        if self.state == "broken":
            return self.env._("Promise broken")
        if self.state == "ended" and self.kind != "promise" and not self.date_ended:
            return self.env._("Ended by itself, reminders go on")
        return ""
