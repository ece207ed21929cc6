from datetime import timedelta

from odoo import api, fields, models

from ..exceptions import BillingError
from ..tools.overdue import simulate

AHEAD = 60  # days in which an invoice is looked for to show


class AccountOverdueMailPreview(models.TransientModel):
    """The first mail that a policy would send, as the customer would read it."""

    _name = "account.overdue.mail.preview"
    _description = "Preview of a Reminder"

    recipient = fields.Char(readonly=True)
    subject = fields.Char(readonly=True)
    body = fields.Html(readonly=True, sanitize=False)
    level = fields.Char(readonly=True)

    @api.model
    def _open_for(self, company, policies):
        """Return the action that shows the first mail of policies; sends nothing.

        The reminder is written, rendered and taken back.

        :raise BillingError: no invoice is open that it could be about
        """
        instalment, level = self._find_example(company, policies)
        with self.env.cr.savepoint() as savepoint:
            values = self._render(company, instalment, level)
            savepoint.rollback()
        self.env.invalidate_all()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview of a reminder"),
            "res_model": self._name,
            "res_id": self.create(values).id,
            "views": [(False, "form")],
            "target": "new",
        }

    @api.model
    def _find_example(self, company, policies):
        """Return an open instalment and the level that it would get."""
        plan = self.env["account.overdue.plan"]
        day = company._get_billing_today()
        due = plan._get_plan(company, day, is_preview=True)
        for own in due:
            if own.policy_id in policies.ids and not own.reason and own.recipient_id:
                if own.channel != "none":
                    return own, own.due.level.id
        return self._find_later(company, policies, day)

    @api.model
    def _find_later(self, company, policies, day):
        """Return the next instalment that will get a reminder, if nobody pays."""
        plan, until = self.env["account.overdue.plan"], day + timedelta(days=AHEAD)
        terms, found, _stops = plan._get_outlook(company, day, until)
        for own in found:
            policy = terms.get(own.policy_id)
            if not policy or policy.id not in policies.ids:
                continue
            for due in simulate(policy, [], own.date_maturity, None, day, until):
                if due.level.channel != "none":
                    own.recipient_id = own.contact_id
                    return own, due.level.id
        raise BillingError(
            self.env._(
                "There is no open invoice to show a reminder of, or no level sends "
                "anything. Open the text of a level to read it."
            )
        )

    @api.model
    def _render(self, company, instalment, level_id):
        level = self.env["account.overdue.level"].sudo().browse(level_id)
        day = company._get_billing_today()
        contact = self.env["res.partner"].browse(instalment.recipient_id)
        notice = (
            self.env["account.overdue.notice"]
            .sudo()
            .create(
                {
                    "company_id": company.id,
                    "partner_id": instalment.partner_id,
                    "contact_id": contact.id,
                    "lang": contact.lang or company.partner_id.lang,
                    "level_id": level.id,
                    "channel": "mail",
                    "date": day,
                    "date_deadline": level.deadline_days
                    and day + timedelta(days=level.deadline_days),
                }
            )
        )
        return {
            "recipient": contact.email_formatted or contact.display_name,
            "subject": notice._get_letter_subject(),
            "body": notice._get_letter_body(),
            "level": level.name,
        }
