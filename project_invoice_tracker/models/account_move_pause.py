from odoo import api, fields, models

USER = "project_invoice_tracker.group_billing_user"  # customers read their invoices
PAYABLE = ("not_paid", "partial")


class AccountMovePauseMixin(models.AbstractModel):
    """What was said about an invoice: disputes, promises, holds, calls.

    The actions are buttons without arguments (they open the wizard) and calls for
    everybody else with them; each checks who asks, also project managers without
    accounting rights for invoices of their own projects.
    """

    _name = "account.overdue.pause.move.mixin"
    _description = "Disputes, Promises and Holds of Invoices"

    billing_share_ids = fields.One2many(
        "project.billing.share",
        "move_id",
        export_string_translation=False,
        groups=USER,
    )
    overdue_pause_ids = fields.One2many(
        "account.overdue.pause",
        "move_id",
        string="Disputes, promises, holds",
        groups=USER,
    )
    overdue_pause_kind = fields.Selection(
        [("dispute", "Disputed"), ("hold", "On hold"), ("promise", "Promised")],
        string="Paused",
        compute="_compute_overdue_pause",
        compute_sudo=True,
        groups=USER,
        help="Why this invoice is not chased today: of the invoice, or its customer.",
    )
    overdue_pause_text = fields.Char(
        string="Why paused",
        compute="_compute_overdue_pause",
        compute_sudo=True,
        groups=USER,
    )
    overdue_is_payable = fields.Boolean(
        compute="_compute_overdue_is_payable",
        compute_sudo=True,
        export_string_translation=False,
        groups=USER,
    )

    @api.depends("overdue_pause_ids.state", "commercial_partner_id", "payment_state")
    def _compute_overdue_pause(self):
        pauses = self.env["account.overdue.pause"]
        found = {}
        payable = self._origin.filtered("overdue_is_payable")
        for company, moves in payable.grouped("company_id").items():
            today = company._get_billing_today()
            found.update(pauses._get_paused(moves.ids, today))
        for move in self:
            kind, text = found.get(move._origin.id, (False, False))
            move.overdue_pause_kind = kind
            move.overdue_pause_text = text

    @api.depends("state", "move_type", "payment_state")
    def _compute_overdue_is_payable(self):
        for move in self:
            move.overdue_is_payable = (
                move.state == "posted"
                and move.move_type in ("out_invoice", "out_receipt")
                and move.payment_state in PAYABLE
            )

    # -- buttons and calls -----------------------------------------------------------

    def action_overdue_follow_up(self):
        """Button: note a call, promise, dispute or hold."""
        self.ensure_one()
        return self.env["account.overdue.pause.wizard"]._open(move=self)

    def action_overdue_dispute(self, reason, date_end=None, user_id=None):
        """Note that the customer disputes this invoice; disputed twice: once.

        :param date_end: last day (date or text), None = until it is ended
        :param user_id: who deals with it; default: the current user
        :return: id of the ``account.overdue.pause``
        :raise PauseError: paid or not posted, no reason, an end in the past
        """
        vals = {"reason": reason, "date_end": date_end, "user_id": user_id}
        return self._overdue_log("dispute", **vals)

    def action_overdue_hold(self, reason, date_end=None, user_id=None):
        """Hold reminders of this invoice back; arguments as for a dispute."""
        vals = {"reason": reason, "date_end": date_end, "user_id": user_id}
        return self._overdue_log("hold", **vals)

    def action_overdue_promise(self, date_end, amount=None, reason="", user_id=None):
        """Note that the customer promised to pay; replaces an earlier open promise.

        :param date_end: the day of the promise; re-armed the day after
        :param amount: in the invoice's currency; None = what is open and not retained
        :return: id of the ``account.overdue.pause``
        :raise PauseError: paid, a day in the past, more than is open
        """
        vals = {"reason": reason, "date_end": date_end, "user_id": user_id}
        return self._overdue_log("promise", amount=amount, **vals)

    def action_overdue_call(self, text, date_next=None):
        """Note what was said in a call; ``date_next`` plans the next one."""
        self.ensure_one()
        date_next = fields.Date.to_date(date_next)
        self.env["account.overdue.pause"]._log_call(text, self, date_next=date_next)
        return True

    def action_overdue_end(self):
        """Button: end what is paused of this invoice itself; reminders go on."""
        pauses = self.env["account.overdue.pause"]
        pauses.search(
            [("move_id", "in", self.ids), ("state", "=", "open")]
        ).action_end()
        return True

    def _overdue_log(self, kind, **vals):
        self.ensure_one()
        return self.env["account.overdue.pause"]._log(kind, self, **vals).id

    def action_view_overdue_pauses(self):
        """Open everything that was noted about this invoice and its customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_overdue_pause_action"
        )
        partner = self.commercial_partner_id
        domain = [
            ("partner_id", "=", partner.id),
            ("move_id", "in", [False, self.id]),
            ("company_id", "=", self.company_id.id),
        ]
        return {**action, "domain": domain, "context": {}}

    def action_view_overdue_timeline(self):
        """Open the timeline of the customer."""
        self.ensure_one()
        return self.env["account.overdue.timeline"]._open(self.commercial_partner_id)

    # -- events ----------------------------------------------------------------------

    def _invoice_paid_hook(self):
        """What is paid is disputed no more, and a promise is kept at once."""
        result = super()._invoice_paid_hook()
        pauses = self.env["account.overdue.pause"]
        pauses._search_unsettled([("move_id", "in", self.ids)])._settle()
        return result
