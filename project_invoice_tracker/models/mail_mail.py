from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """A reminder that a person sends again by hand is looked at again as well."""
        stopped = self._get_overdue_notices()._stop_untrue()
        return super(MailMail, self - stopped).send(
            auto_commit=auto_commit,
            raise_exception=raise_exception,
            post_send_callback=post_send_callback,
        )

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Tell reminders how their mails fared, and who has got them."""
        failed = failure_reason or failure_type
        for notice in self._get_overdue_notices():
            mail = notice.mail_id
            notice._note_result(
                failed and (failure_reason or mail.failure_reason or failure_type),
                success_pids,
                # copies go first, and the host does not say whether they went
                success_pids
                or success_emails
                or (mail.email_cc and failure_type != "mail_smtp"),
            )
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason, failure_type
        )

    def _get_overdue_notices(self):
        notices = self.env["account.overdue.notice"].sudo()
        if not any(mail.model == notices._name for mail in self):
            return notices
        return notices.search([("mail_id", "in", self.ids)])
