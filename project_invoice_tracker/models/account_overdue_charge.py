from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..exceptions import ChargeError


class AccountOverdueCharge(models.Model):
    """What was charged for a late instalment by one level: a debit note of its own.

    The instalment is named by its invoice and due date: receivable lines get new ids
    when an invoice is reset. Amounts are in document currency. Charges are made by
    ``_charge`` (or ``_propose`` and ``_make``), never by hand; one that is cancelled
    does not count, its days can be charged again.
    """

    _name = "account.overdue.charge"
    _description = "Late Fee"
    _inherit = [
        "mail.thread",
        "account.overdue.charge.propose.mixin",
        "account.overdue.charge.document.mixin",
    ]
    _order = "date desc, id desc"
    _mail_post_access = "read"
    _rec_names_search = ["move_id.name", "debit_move_id.name", "partner_id.name"]

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        related="move_id.commercial_partner_id",
        store=True,
        precompute=True,
        index=True,
    )
    project_ids = fields.Many2many(
        "project.project",
        "account_overdue_charge_project_rel",
        "charge_id",
        "project_id",
        string="Projects",
        readonly=True,
    )
    date_maturity = fields.Date(string="Due date", required=True, readonly=True)
    level_id = fields.Many2one(
        "account.overdue.level",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    date = fields.Date(string="Charged on", required=True, readonly=True)
    date_from = fields.Date(string="Interest from", readonly=True)
    date_to = fields.Date(string="Interest to", readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    fee_amount = fields.Monetary(string="Fee", readonly=True)
    compensation_amount = fields.Monetary(string="Lump sum", readonly=True)
    interest_amount = fields.Monetary(string="Interest", readonly=True)
    amount = fields.Monetary(
        compute="_compute_amount", store=True, precompute=True, tracking=True
    )
    terms = fields.Json(
        readonly=True,
        export_string_translation=False,
        help="How the interest of these days runs, see the level's fields.",
    )
    row_ids = fields.One2many(
        "account.overdue.charge.row", "charge_id", string="Calculation", readonly=True
    )
    needs_approval = fields.Boolean(readonly=True)
    approved_by_id = fields.Many2one("res.users", readonly=True, tracking=True)
    debit_move_id = fields.Many2one(
        "account.move",
        string="Debit note",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    debit_payment_state = fields.Selection(
        related="debit_move_id.payment_state", string="Payment"
    )
    waived_date = fields.Date(string="Waived on", readonly=True)
    waived_by_id = fields.Many2one("res.users", string="Waived by", readonly=True)
    waived_reason = fields.Char(string="Reason", readonly=True, tracking=True)
    is_recalled = fields.Boolean(
        string="Taken back",
        readonly=True,
        help="It was wrong: its days and fees can be charged again.",
    )
    credit_move_id = fields.Many2one(
        "account.move",
        string="Credit note",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    state = fields.Selection(
        [
            ("to_approve", "To approve"),
            ("draft", "Draft"),
            ("charged", "Charged"),
            ("waived", "Waived"),
            ("cancelled", "Cancelled"),
        ],
        compute="_compute_state",
        store=True,
        index=True,
        tracking=True,
    )

    _fee_once = models.UniqueIndex(
        "(move_id, date_maturity, level_id)"
        " WHERE fee_amount > 0 AND state != 'cancelled'",
        "This level has charged its fee for this instalment already.",
    )
    _compensation_once = models.UniqueIndex(
        "(move_id, date_maturity)"
        " WHERE compensation_amount > 0 AND state != 'cancelled'",
        "The lump sum of this instalment has been charged already.",
    )
    _interest_once = models.UniqueIndex(
        "(move_id, date_maturity, date_from)"
        " WHERE date_from IS NOT NULL AND state != 'cancelled'",
        "The interest of these days has been charged already.",
    )

    @api.depends("fee_amount", "compensation_amount", "interest_amount")
    def _compute_amount(self):
        for charge in self:
            charge.amount = (
                charge.fee_amount + charge.compensation_amount + charge.interest_amount
            )

    @api.depends("debit_move_id.state", "is_recalled", "needs_approval", "waived_date")
    def _compute_state(self):
        states = {"draft": "draft", "posted": "charged", "cancel": "cancelled"}
        for charge in self:
            debit = charge.sudo().debit_move_id
            if charge.waived_date:
                charge.state = "cancelled" if charge.is_recalled else "waived"
            elif debit:
                charge.state = states[debit.state]
            else:
                charge.state = "to_approve" if charge.needs_approval else "cancelled"

    @api.depends("move_id", "level_id")
    def _compute_display_name(self):
        for charge in self.sudo():
            charge.display_name = f"{charge.move_id.name}: {charge.level_id.name}"

    # -- buttons ---------------------------------------------------------------------

    def action_approve(self):
        """Button: book charges that were too large to be booked unseen.

        :raise AccessError: not an officer, or the one who charged (unless
            administrator)
        :raise ChargeError: not waiting for approval
        """
        self._check_officer()
        for charge in self:
            if charge.state != "to_approve":
                raise ChargeError(
                    self.env._(
                        "%s is not waiting for approval: nothing is to be done.",
                        charge.display_name,
                    )
                )
        manager = self.env.user.has_group(
            "project_invoice_tracker.group_billing_manager"
        )
        if not manager and self.env.user in self.create_uid:
            raise AccessError(
                self.env._(
                    "Who charged a fee above the limit does not approve it: ask "
                    "another person or an administrator."
                )
            )
        self.sudo().write({"approved_by_id": self.env.user.id})
        self._create_debit_notes()

    def action_waive(self):
        """Button: open the dialogue that asks for the reason."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_overdue_waive_action"
        )
        return {**action, "context": {"default_charge_ids": self.ids}}

    def _waive(self, reason, recall=False):
        """Give charges up: what is booked is credited, the days are not charged again.

        :param recall: they were wrong: what is due can be charged again
        :raise ChargeError: without a reason, or nothing is left to waive
        """
        self._check_officer()
        self._check_waivable(reason)
        values = {
            "waived_reason": reason,
            "waived_by_id": self.env.user.id,
            "is_recalled": recall,
        }
        for company, charges in self.grouped("company_id").items():
            today = company._get_billing_today()
            posted = charges.filtered(lambda charge: charge.state == "charged")
            drafts = charges.filtered(lambda charge: charge.state == "draft")
            charges.sudo().write({**values, "waived_date": today})
            drafts.debit_move_id.button_cancel()
            posted._credit(reason, today)

    def _check_waivable(self, reason):
        if not (reason or "").strip():
            raise ChargeError(self.env._("Say why the fee is waived: it is kept."))
        for charge in self:
            if charge.state not in ("to_approve", "draft", "charged"):
                raise ChargeError(
                    self.env._(
                        "%s is waived or cancelled already: nothing is to be done.",
                        charge.display_name,
                    )
                )

    def _check_officer(self):
        officer = "project_invoice_tracker.group_billing_officer"
        if not (self.env.su or self.env.user.has_group(officer)):
            raise AccessError(
                self.env._("Late fees are charged, approved and waived by officers.")
            )

    @api.model
    def action_view_paid_late(self):
        """Open invoices of the company that were paid late, interest not charged.

        Those due since the start of the company's policy, else within a year.
        """
        company = self.env.company
        year = company._get_billing_today() - relativedelta(years=1)
        start = company.sudo().overdue_policy_id.date_start or year
        moves = self._get_paid_late_lines(company, start).move_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Paid late"),
            "res_model": "account.move",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", moves.ids)],
            "context": {"create": False, "default_move_type": "out_invoice"},
            "help": self.env._(
                "No invoice was paid late whose interest is not charged yet. Tick "
                "invoices here and choose Charge late fees among their actions."
            ),
        }
