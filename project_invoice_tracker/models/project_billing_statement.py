from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

SENT = ("comment", "email_outgoing")


class ProjectBillingStatement(models.Model):
    """A statement for one customer: contract, milestones, invoices, what is due.

    One customer, one company, one or several projects, as of a day. The figures are
    read when it is shown or printed; what was sent is kept as the attachment of the
    message, in the statement's own chatter and not in the project's, whose followers
    may be other customers.
    """

    _name = "project.billing.statement"
    _description = "Customer's Project Statement"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _rec_name = "partner_id"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="cascade",
        index=True,
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    project_ids = fields.Many2many(
        "project.project", string="Projects", required=True, check_company=True
    )
    date = fields.Date(
        string="As of",
        required=True,
        tracking=True,
        default=lambda self: self.env.company._get_billing_today(),
        help="Invoices and payments up to the end of this day.",
    )
    preview = fields.Html(compute="_compute_preview", sanitize=False)
    unmatched_note = fields.Char(compute="_compute_unmatched_note")
    date_sent = fields.Datetime(
        string="Sent on", compute="_compute_date_sent", help="The last time."
    )

    @api.depends("partner_id", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for statement in self:
            day = format_date(self.env, statement.date)
            statement.display_name = f"{statement.partner_id.name}, {day}"

    @api.depends("partner_id", "company_id", "project_ids", "date")
    def _compute_preview(self):
        for statement in self:
            statement.preview = self.env["ir.qweb"]._render(
                "project_invoice_tracker.billing_statement_sections",
                {"o": statement, "sections": statement._get_sections()},
            )

    @api.depends("partner_id", "company_id", "date")
    @api.depends_context("uid")
    def _compute_unmatched_note(self):
        """Tell the clerk of payments that the customer would miss."""
        officer = "project_invoice_tracker.group_billing_officer"
        self.unmatched_note = False
        if not self.env.user.has_group(officer):
            return
        for statement in self.filtered(lambda s: s.partner_id and s.date):
            amount = statement._get_unmatched()
            if amount:
                statement.unmatched_note = self.env._(
                    "%(partner)s has %(amount)s of payments or credits that no invoice "
                    "was matched with. Match them before you send the statement.",
                    partner=statement.partner_id.commercial_partner_id.name,
                    amount=statement.company_id.currency_id.format(-amount),
                )

    def _get_unmatched(self):
        """Return the customer's unmatched payments, negative, company currency."""
        self.ensure_one()
        company = self.company_id
        ageing = (
            self.env["project.billing.ageing"]
            .with_company(company)
            .with_context(
                allowed_company_ids=company.ids,
                billing_tracker_date=fields.Date.to_string(self.date),
            )
        )
        customer = self.partner_id.commercial_partner_id
        [[amount]] = ageing._read_group(
            [
                ("partner_id.commercial_partner_id", "=", customer.id),
                ("kind", "=", "unmatched"),
                ("company_id", "=", company.id),
            ],
            aggregates=["amount_total:sum"],
        )
        return company.currency_id.round(amount or 0.0)

    @api.depends("message_ids")
    def _compute_date_sent(self):
        groups = self.env["mail.message"]._read_group(
            Domain("model", "=", self._name)
            & Domain("res_id", "in", self.ids)
            & Domain("message_type", "in", SENT)
            & Domain("is_internal", "=", False),
            ["res_id"],
            ["date:max"],
        )
        sent = dict(groups)
        for statement in self:
            statement.date_sent = sent.get(statement._origin.id, False)

    # -- figures ---------------------------------------------------------------------

    def _get_sections(self):
        """Return ``[(project name, blocks)]``, see ``_get_billing_statement``.

        Projects without anything to tell are left out, unless there is no other.
        """
        self.ensure_one()
        if not (self.partner_id and self.date and self.company_id):
            return []
        projects = self.project_ids.sudo().sorted("name").with_env(self.env)
        sections = [
            (
                project.sudo().name,
                project._origin._get_billing_statement(
                    self.partner_id, self.date, self.company_id
                ),
            )
            for project in projects
        ]
        return [section for section in sections if section[1]] or sections

    def _get_dues(self, sections):
        """Return ``[(currency, due, overdue)]`` over all projects."""
        dues = {}
        for _name, blocks in sections:
            for block in blocks:
                currency = self.env["res.currency"].browse(block["currency_id"])
                due, overdue = dues.get(currency, (0.0, 0.0))
                totals = block["totals"]
                dues[currency] = due + totals["due"], overdue + totals["overdue"]
        return [(currency, *amounts) for currency, amounts in dues.items()]

    # -- made and sent ---------------------------------------------------------------

    @api.model
    def _prepare_for(self, projects, company):
        """Return a statement for each customer, new or not sent yet.

        :param projects: checked by the caller
        """
        statements = self.browse()
        today = company._get_billing_today()
        own = self.search(
            [("create_uid", "=", self.env.uid), ("company_id", "=", company.id)],
            limit=500,
        ).filtered(lambda s: not s.date_sent)
        for contact, theirs in projects._get_billing_payers(company).values():
            theirs = theirs.with_env(self.env)
            same = own.filtered(
                lambda s, contact=contact, theirs=theirs: (
                    s.partner_id.id == contact.id and s.project_ids == theirs
                )
            )[:1]
            if same:
                same.date = today
            statements |= same or self.create(
                {
                    "partner_id": contact.id,
                    "company_id": company.id,
                    "project_ids": [fields.Command.set(theirs.ids)],
                    "date": today,
                }
            )
        return statements

    def _open(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_statement_action"
        )
        if len(self) == 1:
            views = [(False, "form")]
            return {**action, "res_id": self.id, "views": views, "view_mode": "form"}
        return {**action, "domain": [("id", "in", self.ids)], "context": {}}

    def action_send(self):
        """Open the mail to the customer with the PDF; a person sends it.

        Of several statements each customer gets a mail with the own PDF.
        """
        self.check_access("read")
        template = self.env.ref("project_invoice_tracker.mail_template_statement")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send statement"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": template.id,
                "default_composition_mode": "comment"
                if len(self) == 1
                else "mass_mail",
                "default_email_layout_xmlid": "mail.mail_notification_light",
                "force_email": True,
            },
        }

    def action_print(self):
        """Return the PDF."""
        report = self.env.ref("project_invoice_tracker.action_report_statement")
        return report.report_action(self)

    def _get_file_name(self):
        """Return the name of the PDF in the customer's language, without ending."""
        self.ensure_one()
        text = self.with_context(lang=self.partner_id.lang).env._("Statement")
        return f"{text} {self.partner_id.name} {self.date}"
