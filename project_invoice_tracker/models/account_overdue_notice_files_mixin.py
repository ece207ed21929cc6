from odoo import api, fields, models

INVOICE_REPORT = "account.account_invoices"
STATEMENT_REPORT = "project_invoice_tracker.report_statement"


class AccountOverdueNoticeFilesMixin(models.AbstractModel):
    """What is attached to a reminder: the invoices it is about, and a statement."""

    _name = "account.overdue.notice.files.mixin"
    _description = "Reminders: Files"

    def _make_attachments(self):
        """Return the files of one reminder, new attachments of it."""
        self.ensure_one()
        files = []
        if self.level_id.attach_invoices:
            files += self._get_invoice_files()
        if self.level_id.attach_statement:
            files += self._get_statement_file()
        return self.env["ir.attachment"].create(
            [
                {
                    "name": name,
                    "raw": content,
                    "mimetype": "application/pdf",
                    "res_model": self._name,
                    "res_id": self.id,
                }
                for name, content in files
            ]
        )

    def _get_invoice_files(self):
        """Return the invoices as they were sent; what was never made is made now."""
        moves = self.action_ids.filtered(lambda x: x.state != "cancelled").move_id
        files = []
        for move in moves.sorted("name"):
            stored = move.invoice_pdf_report_id
            content = stored.raw or self._render_pdf(INVOICE_REPORT, move)
            files.append((stored.name or move._get_invoice_report_filename(), content))
        return files

    def _get_statement_file(self):
        """Return the customer's statement over the projects of the reminder, if any.

        Made for this mail only: what was sent is kept with the mail.
        """
        projects = self.action_ids.project_ids
        if not projects:
            return []
        statement = self.env["project.billing.statement"].create(
            {
                "partner_id": self.contact_id.id,
                "company_id": self.company_id.id,
                "project_ids": [(6, 0, projects.ids)],
                "date": self.company_id._get_billing_today(),
            }
        )
        name = f"{statement._get_file_name()}.pdf"
        content = self._render_pdf(STATEMENT_REPORT, statement)
        statement.unlink()
        return [(name, content)]

    # -- letter ----------------------------------------------------------------------

    def _get_letter_date(self):
        """Return the day on which the letter leaves, not the one it was proposed on.

        Of one that was printed that day, else today, in the company's time zone.
        """
        self.ensure_one()
        zoned = self.with_context(tz=self.company_id._get_billing_timezone())
        return fields.Date.context_today(zoned, self.date_sent or None)

    def _get_letter_subject(self):
        """Return the subject of the level's text, in the customer's language."""
        self.ensure_one()
        return self._render_letter("subject")

    def _get_letter_body(self):
        """Return the level's text as it would be mailed, in the customer's language."""
        self.ensure_one()
        return self._render_letter("body_html")

    def _render_letter(self, name):
        template = self.sudo().level_id.mail_template_id
        return template._render_field(name, self.ids, compute_lang=True)[self.id]

    @api.model
    def _render_pdf(self, report, record):
        reports = self.env["ir.actions.report"].with_context(lang=self.lang)
        return reports._render_qweb_pdf(report, record.ids)[0]
