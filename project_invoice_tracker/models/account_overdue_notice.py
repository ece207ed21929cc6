from odoo import api, fields, models


class AccountOverdueNotice(models.Model):
    """One reminder to one customer: a mail or letter with all that is open.

    ``sending`` is committed before the mail is handed over. What a crash leaves there
    becomes ``unknown``: it is listed, and never sent again by itself.
    """

    _name = "account.overdue.notice"
    _description = "Reminder"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _rec_name = "partner_id"

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
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="ready",
        index=True,
        tracking=True,
    )
    reason = fields.Char(help="Why it failed, is held or was cancelled.")
    date_sent = fields.Datetime(string="Sent on")
    action_ids = fields.One2many("account.overdue.action", "notice_id")

    items_html = fields.Html(
        compute="_compute_items_html",
        sanitize=False,
        groups="project_invoice_tracker.group_billing_officer",
        help="All that is open of the customer, for mail and letter.",
    )

    @api.depends("partner_id", "action_ids", "lang")
    def _compute_items_html(self):
        self.items_html = False

    @api.depends("partner_id", "level_id")
    def _compute_display_name(self):
        for notice in self.sudo():
            notice.display_name = f"{notice.partner_id.name}: {notice.level_id.name}"
