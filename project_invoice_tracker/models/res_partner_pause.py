from odoo import api, fields, models

CLERK = "project_invoice_tracker.group_billing_officer"


class ResPartnerPauseMixin(models.AbstractModel):
    """What was said with a customer about money, in the current company."""

    _name = "account.overdue.pause.partner.mixin"
    _description = "Disputes, Promises and Holds of Customers"

    overdue_pause_count = fields.Integer(
        string="Paused",
        compute="_compute_overdue_pause_count",
        groups=CLERK,
        help="Disputes, promises and holds that are open.",
    )
    overdue_broken_count = fields.Integer(
        string="Broken promises", compute="_compute_overdue_pause_count", groups=CLERK
    )
    overdue_kept_count = fields.Integer(
        string="Kept promises", compute="_compute_overdue_pause_count", groups=CLERK
    )

    overdue_warning = fields.Char(compute="_compute_overdue_warning", groups=CLERK)

    @api.depends("commercial_partner_id")
    @api.depends_context("allowed_company_ids")
    def _compute_overdue_warning(self):
        warning = self.env["account.overdue.warning"]
        payers = self.commercial_partner_id._origin
        texts = warning._get_warnings(payers, with_reasons=True)
        for partner in self:
            payer = partner.commercial_partner_id._origin.id
            partner.overdue_warning = texts.get(payer, False)

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_overdue_pause_count(self):
        groups = self.env["account.overdue.pause"]._read_group(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
            ],
            ["partner_id", "state"],
            ["__count"],
        )
        counts = {(partner.id, state): count for partner, state, count in groups}
        for partner in self:
            payer = partner.commercial_partner_id.id
            partner.overdue_pause_count = counts.get((payer, "open"), 0)
            partner.overdue_broken_count = counts.get((payer, "broken"), 0)
            partner.overdue_kept_count = counts.get((payer, "kept"), 0)

    def action_overdue_follow_up(self):
        """Button: note a call, promise, dispute or hold for all open invoices."""
        self.ensure_one()
        return self.env["account.overdue.pause.wizard"]._open(partner=self)

    def action_overdue_dispute(self, reason, date_end=None, user_id=None):
        """Note that the customer disputes all its invoices; see ``account.move``."""
        vals = {"reason": reason, "date_end": date_end, "user_id": user_id}
        return self._overdue_log("dispute", **vals)

    def action_overdue_hold(self, reason, date_end=None, user_id=None):
        """Hold reminders to the customer back in the current company."""
        vals = {"reason": reason, "date_end": date_end, "user_id": user_id}
        return self._overdue_log("hold", **vals)

    def action_overdue_promise(self, date_end, amount=None, reason="", user_id=None):
        """Note a promise for all invoices; amount in company currency."""
        vals = {"reason": reason, "date_end": date_end, "user_id": user_id}
        return self._overdue_log("promise", amount=amount, **vals)

    def action_overdue_call(self, text, date_next=None):
        """Note what was said in a call; ``date_next`` plans the next one."""
        self.ensure_one()
        date_next = fields.Date.to_date(date_next)
        pauses = self.env["account.overdue.pause"]
        pauses._log_call(text, partner=self, date_next=date_next)
        return True

    def _overdue_log(self, kind, **vals):
        self.ensure_one()
        pauses = self.env["account.overdue.pause"]
        return pauses._log(kind, partner=self, **vals).id

    def action_view_overdue_pauses(self):
        """Open what was noted about the customer and all its invoices."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_overdue_pause_action"
        )
        domain = [("partner_id", "=", self.commercial_partner_id.id)]
        return {**action, "domain": domain, "context": {}}

    def action_view_overdue_timeline(self):
        """Open everything that was sent, said, promised, disputed and paid."""
        self.ensure_one()
        return self.env["account.overdue.timeline"]._open(self)
