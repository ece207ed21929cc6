from odoo import api, fields, models
from odoo.tools import format_date, html2plaintext

from ..tools.timeline import build_timeline_query

KINDS = [
    ("invoice", "Invoiced"),
    ("credit", "Credited"),
    ("sent", "Sent"),
    ("reminder", "Reminded"),
    ("failed", "Reminder failed"),
    ("unknown", "Reminder sent or not"),
    ("said", "Customer wrote"),
    ("call", "Call"),
    ("note", "Note"),
    ("promise", "Promised"),
    ("dispute", "Disputed"),
    ("hold", "Put on hold"),
    ("kept", "Promise kept"),
    ("broken", "Promise broken"),
    ("ended", "Ended"),
    ("paid", "Paid"),
    ("settled", "Settled"),
]
# what the query reads: written to the database before it runs
SOURCES = (
    "account.move",
    "account.move.line",
    "account.overdue.action",
    "account.overdue.pause",
    "account.partial.reconcile",
    "mail.message",
    "project.billing.statement",
    "res.partner",
)
TEXT_LENGTH = 300


class AccountOverdueTimeline(models.Model):
    """Everything between the firm and a customer about money, in order.

    One row each: invoices and credit notes, mails and calls in the chatter of
    invoices, customers and statements, reminders, disputes, promises, holds and what
    came of them, payments. Days are those of the company's zone. Project managers
    read what is about invoices of own projects only, without internal notes.
    """

    _name = "account.overdue.timeline"
    _description = "Customer's Timeline"
    _auto = False
    _order = "date desc, time desc, id desc"
    _rec_name = "kind"

    kind = fields.Selection(KINDS, string="What", readonly=True)
    date = fields.Date(readonly=True)
    time = fields.Datetime(readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    author_id = fields.Many2one("res.partner", string="By", readonly=True)
    message_id = fields.Many2one("mail.message", readonly=True)
    pause_id = fields.Many2one("account.overdue.pause", readonly=True)
    action_id = fields.Many2one("account.overdue.action", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(readonly=True, aggregator=None)
    text = fields.Char(compute="_compute_text")
    document_name = fields.Char(compute="_compute_text", string="Invoice no.")

    @property
    def _table_query(self):
        for model in SOURCES:
            self.env[model].flush_model()
        companies = self.env.companies
        zones = {one.id: one._get_billing_timezone() for one in companies}
        return build_timeline_query(zones)

    @api.depends("kind", "message_id", "pause_id", "action_id", "move_id")
    def _compute_text(self):
        # read with the rights of the row: who sees it sees its words
        for row in self:
            known = row.sudo()
            row.document_name = known.move_id.name
            row.text = False
            if known.message_id:
                row.text = row._get_message_text(known.message_id)
            elif known.pause_id:
                row.text = known.pause_id._get_sentence()
            elif known.action_id:
                row.text = known.action_id.level_id.name
            elif row.kind == "invoice":
                day = format_date(row.env, known.move_id.invoice_date_due)
                row.text = row.env._("due on %s", day)

    @api.model
    def _get_message_text(self, message):
        """Return subject and the first words of a message."""
        words = " ".join(html2plaintext(message.body or "").split())
        text = ": ".join(filter(None, [message.subject, words]))
        return text[:TEXT_LENGTH]

    def action_open_source(self):
        """Open the dispute or promise, else the invoice or the customer."""
        self.ensure_one()
        self.check_access("read")
        facts = self.env["project.billing.tracker"]
        if self.pause_id:
            return facts._open_form(self.pause_id)
        if self.move_id and self.env["account.move"].has_access("read"):
            return self.move_id._billing_open()
        if self.move_id:
            rows = facts.search([("move_id", "=", self.move_id.id)], limit=1)
            return facts._open_form(rows)
        return facts._open_form(self.partner_id)

    def action_remind_now(self):
        """Propose what is due of this timeline's customer today, and of nobody else.

        :return: action that opens the run, to be reviewed
        :raise BillingError: the customer owes several companies
        """
        customer = self.env.context.get("overdue_partner_id")
        partners = self.env["res.partner"].browse(customer) or self.partner_id
        rows = self.env["account.overdue.customer"]
        rows = rows.search([("partner_id", "in", partners.ids)])
        companies = rows.company_id or self.env.company
        return rows._propose_reminders(companies, partners)

    @api.model
    def _open(self, partner, domain=()):
        """Return the action of a customer's timeline."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_overdue_timeline_action"
        )
        customer = partner.sudo().commercial_partner_id
        return {
            **action,
            "name": self.env._("Timeline of %s", customer.name),
            "domain": [("partner_id", "=", customer.id), *domain],
            "context": {"overdue_partner_id": customer.id},
        }
