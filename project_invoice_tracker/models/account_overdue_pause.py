from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_date

from ..exceptions import PauseError
from ..tools.pauses import build_paused

KINDS = [("dispute", "Dispute"), ("promise", "Promise"), ("hold", "Hold")]
STATES = [
    ("open", "Open"),
    ("kept", "Kept"),
    ("broken", "Broken"),
    ("ended", "Ended"),
]
# what people may change once it is noted
EDITABLE = frozenset({"reason", "user_id", "date_end"})
CLERK = "project_invoice_tracker.group_billing_officer"


class AccountOverduePause(models.Model):
    """Why an invoice, or all of a customer's, is not chased for a while.

    A *dispute* (the customer does not agree), a *promise* (will pay by a day), a
    *hold* (ours). In force from ``date_start`` to ``date_end``, both included, in the
    company's own days; it ends by itself, a promise re-arms the day after. Nothing is
    deleted: what was said, by whom and what came of it stays.

    ``state`` follows the ledger: a promise is kept when its amount was paid by its day,
    and broken otherwise, also when a payment is matched late or bounces. Amounts are
    in the invoice's currency, of a customer in the company's.
    """

    _name = "account.overdue.pause"
    _description = "Dispute, Promise or Hold"
    _inherit = [
        "account.overdue.pause.portal.mixin",
        "account.overdue.pause.log.mixin",
        "account.overdue.pause.settle.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "date_start desc, id desc"
    _check_company_auto = True
    _mail_post_access = "read"

    kind = fields.Selection(KINDS, required=True, readonly=True)
    state = fields.Selection(
        STATES, required=True, readonly=True, default="open", tracking=True, index=True
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        readonly=True,
        check_company=True,
        ondelete="cascade",
        index="btree_not_null",
        help="Empty: all invoices of the customer in the company.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    reason = fields.Text(tracking=True)
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        required=True,
        tracking=True,
        domain=[("share", "=", False)],
        help="Deals with it, and is told when it ends or a promise is broken.",
    )
    amount = fields.Monetary(
        string="Promised",
        readonly=True,
        help="In the invoice's currency; of a customer in the company's.",
    )
    amount_open = fields.Monetary(
        string="Open then",
        readonly=True,
        groups=CLERK,
        help="What was open when the customer promised, same currency.",
    )
    date_start = fields.Date(
        string="From", required=True, readonly=True, help="The first day, included."
    )
    date_end = fields.Date(
        string="Until",
        tracking=True,
        help="The last day, included; the day of a promise. Empty: until somebody "
        "ends it.",
    )
    date_ended = fields.Date(
        string="Ended on",
        readonly=True,
        help="The first day on which it no longer counted, where it was ended early.",
    )
    date_closed = fields.Date(
        string="Outcome on",
        readonly=True,
        help="The day on which it was seen what came of it.",
    )
    is_from_customer = fields.Boolean(string="By the customer", readonly=True)
    signer = fields.Char(
        string="Name given", readonly=True, help="As the customer typed it."
    )
    contact_id = fields.Many2one(
        "res.partner",
        readonly=True,
        ondelete="set null",
        help="Of the portal account, if one was used.",
    )
    document_name = fields.Char(compute="_compute_document_name", string="Invoice no.")
    noted_on = fields.Datetime(
        string="Noted at", readonly=True, default=fields.Datetime.now
    )

    _dates_in_order = models.Constraint(
        "CHECK (date_end IS NULL OR date_end >= date_start)",
        "It cannot end before it begins. Enter a later end date.",
    )
    _promise_has_a_day = models.Constraint(
        "CHECK (kind != 'promise' OR (date_end IS NOT NULL AND amount > 0))",
        "A promise needs a day and an amount above 0.",
    )
    _one_open_per_invoice = models.UniqueIndex(
        "(move_id, kind) WHERE state = 'open' AND move_id IS NOT NULL",
        "This is noted on the invoice already.",
    )
    _one_open_per_customer = models.UniqueIndex(
        "(partner_id, company_id, kind) WHERE state = 'open' AND move_id IS NULL",
        "This is noted on the customer already.",
    )

    def write(self, vals):
        if not self.env.su:
            self._check_editable(vals)
        return super().write(vals)

    def _check_editable(self, vals):
        """Raise unless chatter, activities, reason, owner or end date are written."""
        thread = ("message_", "activity_")
        if any(name not in EDITABLE and not name.startswith(thread) for name in vals):
            raise AccessError(
                self.env._(
                    "What was said is kept as it was said. Change reason, owner or end "
                    "date only, or end it and note a new one."
                )
            )
        if "reason" in vals and any(self.mapped("is_from_customer")):
            raise AccessError(
                self.env._(
                    "The customer's words are kept as they were given. Write a remark "
                    "in the chatter instead."
                )
            )
        if "date_end" in vals:
            self._check_new_end(fields.Date.to_date(vals["date_end"]))
        if "user_id" in vals:
            for pause in self:
                pause._check_owner(vals["user_id"], pause.move_id, pause.company_id)

    def _check_new_end(self, day):
        for pause in self:
            if pause.kind == "promise":
                raise PauseError(
                    self.env._(
                        "The day of a promise stays. Note the new promise; it replaces "
                        "this one."
                    )
                )
            pause._check_end(day, pause.company_id._get_billing_today())

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise PauseError(
            self.env._(
                "Disputes, promises and holds are not deleted: they are the history of "
                "the customer. End them instead."
            )
        )

    @api.depends("move_id")
    def _compute_document_name(self):
        for pause in self:  # a project manager may not read invoices, but their names
            pause.document_name = pause.sudo().move_id.name or self.env._("all")

    @api.depends("kind", "date_end", "move_id", "partner_id")
    def _compute_display_name(self):
        for pause in self.sudo():
            of = pause.move_id.name or pause.partner_id.display_name
            pause.display_name = f"{of}: {pause._get_title()}"

    def _get_title(self):
        """Return *Dispute until 30 Nov 2026*, *Promise for 30 Nov 2026*, *Hold*."""
        self.ensure_one()
        day = self.date_end and format_date(self.env, self.date_end)
        values = {"day": day}
        if self.kind == "promise":
            return self.env._("promised for %(day)s", **values)
        if self.kind == "dispute":
            return (
                self.env._("disputed, until %(day)s", **values)
                if day
                else self.env._("disputed")
            )
        return (
            self.env._("on hold until %(day)s", **values)
            if day
            else self.env._("on hold")
        )

    def _get_sentence(self):
        """Return the title, with the reason where there is one."""
        self.ensure_one()
        title, reason = self._get_title(), (self.reason or "").strip()
        return f"{title}: {reason}" if reason else title

    # -- what is paused --------------------------------------------------------------

    @api.model
    def _get_paused(self, move_ids, date):
        """Return ``{move id: (kind, reason)}`` of invoices that are not to be chased.

        Two queries for any number of invoices. Of several pauses the one that tells
        most: disputes, holds, promises; the invoice's own before the customer's.

        :param move_ids: ids of ``account.move``
        :param date: day in the company's own zone, also a past one
        :return: kind ``dispute``, ``hold`` or ``promise``; the reason as a sentence
        """
        pauses = self._get_pauses(move_ids, date)
        return {
            move_id: (pause.kind, pause._get_sentence())
            for move_id, pause in pauses.items()
        }

    @api.model
    def _get_pauses(self, move_ids, date):
        """Return ``{move id: pause (superuser)}``, see :meth:`_get_paused`."""
        if not move_ids:
            return {}
        self.env["account.move"].flush_model(["commercial_partner_id", "company_id"])
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        self.flush_model()
        rows = self.env.execute_query(build_paused(move_ids, date))
        pauses = self.sudo().browse(pause for _move, pause in rows)
        return {move: pause for (move, _id), pause in zip(rows, pauses, strict=True)}

    # -- buttons ---------------------------------------------------------------------

    def action_end(self):
        """Button: it is settled; reminders go on from today. Ended twice: nothing."""
        self._check_may_end()
        for pause in self.sudo().filtered(lambda p: p.state == "open"):
            today = pause.company_id._get_billing_today()
            ended = max(today, pause.date_start)
            pause.write({"state": "ended", "date_ended": ended, "date_closed": today})
            pause.activity_unlink(["mail.mail_activity_data_todo"])
            pause._tell_invoice(
                self.env._("Ended: %s", pause._get_sentence()), self.env.user.partner_id
            )
        return True

    def _check_may_end(self):
        """Raise unless clerk, or project manager of an invoice's dispute or hold."""
        self.check_access("read")
        if self.env.su or self.env.user.has_group(CLERK):
            return
        if any(not p.move_id or p.kind == "promise" for p in self.sudo()):
            raise AccessError(
                self.env._(
                    "Promises and what holds for a whole customer are ended by "
                    "the accounting department."
                )
            )
        self._check_pausable(self.sudo().move_id)

    def action_open_invoice(self):
        """Open the invoice; a project manager gets the tracker's row instead."""
        self.ensure_one()
        self.check_access("read")
        if self.env["account.move"].has_access("read"):
            return self.move_id._billing_open()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_tracker_action"
        )
        domain = [("move_id", "=", self.sudo().move_id.id)]
        return {
            **action,
            "domain": domain,
            "context": {},
            "view_mode": "list,form",
            "views": [(False, "list"), (False, "form")],
        }
