from odoo import api, fields, models

INVOICE_REPORT = "account.account_invoices"
STATEMENT_REPORT = "project_invoice_tracker.report_statement"


class AccountOverdueNoticeFilesMixin(models.AbstractModel):
    """What is attached to a reminder: the invoices it is about, and a statement."""

    _name = "account.overdue.notice.files.mixin"
    _description = "Reminders: Files"

    letter_subject = fields.Char(
        export_string_translation=False, readonly=True, copy=False
    )
    letter_body = fields.Html(
        export_string_translation=False,
        readonly=True,
        copy=False,
        sanitize=False,
        help="The letter as it left; rendered from the level's text.",
    )

    def _make_attachments(self):
        """Return ``{notice: attachments}``, new ones of each.

        What has to be printed is printed together: starting the printer costs more
        than a page.
        """
        files = self._get_invoice_files() + self._get_statement_files()
        attachments = self.env["ir.attachment"].create(
            [
                {
                    "name": name,
                    "raw": content,
                    "mimetype": "application/pdf",
                    "res_model": self._name,
                    "res_id": notice.id,
                }
                for notice, name, content in files
            ]
        )
        made = dict.fromkeys(self, attachments.browse())
        for (notice, _name, _content), own in zip(files, attachments, strict=True):
            made[notice] |= own
        return made

    def _get_invoice_files(self):
        """Return ``[(notice, name, content)]``: the invoices as they were sent.

        What was never made is made now.
        """
        invoices = [
            (notice, move, move.invoice_pdf_report_id.raw)
            for notice in self.filtered("level_id.attach_invoices")
            for move in notice._get_open_actions().move_id.sorted("name")
        ]
        printed = self._print(
            INVOICE_REPORT,
            [(notice.lang, move) for notice, move, content in invoices if not content],
        )
        return [
            (
                notice,
                move.invoice_pdf_report_id.name or move._get_invoice_report_filename(),
                content or printed[move],
            )
            for notice, move, content in invoices
        ]

    def _get_open_actions(self):
        return self.action_ids.filtered(lambda x: x.state != "cancelled")

    def _get_statement_files(self):
        """Return ``[(notice, name, content)]``: statements over the own projects.

        Made for these mails only: what was sent is kept with the mail.
        """
        notices = self.filtered(
            lambda own: own.level_id.attach_statement and own.action_ids.project_ids
        )
        statements = self.env["project.billing.statement"].create(
            [
                {
                    "partner_id": notice.contact_id.id,
                    "company_id": notice.company_id.id,
                    "project_ids": [(6, 0, notice.action_ids.project_ids.ids)],
                    "date": notice.company_id._get_billing_today(),
                }
                for notice in notices
            ]
        )
        printed = self._print(
            STATEMENT_REPORT, list(zip(notices.mapped("lang"), statements, strict=True))
        )
        files = [
            (notice, f"{statement._get_file_name()}.pdf", printed[statement])
            for notice, statement in zip(notices, statements, strict=True)
        ]
        statements.unlink()
        return files

    @api.model
    def _print(self, report, records):
        """Return ``{record: PDF}``; each language is printed at once.

        :param records: list of ``(language, record)``
        """
        by_lang = {}
        for lang, record in records:
            by_lang.setdefault(lang, []).append(record)
        printed = {}
        for lang, own in by_lang.items():
            reports = self.env["ir.actions.report"].with_context(lang=lang)
            together = own[0].concat(*own[1:])
            content, kind = reports._pre_render_qweb_pdf(report, together.ids)
            parts = reports._get_splitted_report(report, content, kind)
            for record in own:  # the host keeps together what it cannot tell apart
                printed[record] = (
                    parts.get(record.id)
                    or (reports._render_qweb_pdf(report, record.ids)[0])
                )
        return printed

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
        return self.sudo().letter_subject or self._render_letter("subject")

    def _get_letter_body(self):
        """Return the level's text as it would be mailed, in the customer's language.

        Of a letter that was printed: as it was then, whatever was paid since.
        """
        self.ensure_one()
        return self.sudo().letter_body or self._render_letter("body_html")

    def _keep_letters(self):
        """Keep what letters say that leave now: printed again, they say the same."""
        for notice in self:
            own = notice.with_context(lang=notice.lang or self.env.lang)
            notice.letter_subject = own._render_letter("subject")
            notice.letter_body = own._render_letter("body_html")

    def _render_letter(self, name):
        template = self.sudo().level_id.mail_template_id
        return template._render_field(name, self.ids, compute_lang=True)[self.id]
