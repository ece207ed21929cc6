from odoo import Command, api, fields, models

from ..exceptions import ChargeError


class AccountOverdueChargeWizard(models.TransientModel):
    """Charge late fees and interest by hand: look first, then book."""

    _name = "account.overdue.charge.wizard"
    _description = "Charge Late Fees"

    move_ids = fields.Many2many(
        "account.move", string="Invoices", default=lambda self: self._default_moves()
    )
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    level_id = fields.Many2one(
        "account.overdue.level",
        string="By the terms of",
        required=True,
        default=lambda self: self._default_level(),
        domain="[('company_id', '=', company_id), '|', ('fee_type', '!=', 'none'),"
        " ('interest_type', '!=', 'none')]",
        help="The level of an overdue policy whose fee and interest are charged.",
    )
    date = fields.Date(
        string="Up to",
        required=True,
        default=lambda self: self.env.company._get_billing_today(),
        help="Date of the debit notes and last day that bears interest.",
    )
    line_ids = fields.One2many(
        "account.overdue.charge.wizard.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    charge_count = fields.Integer(compute="_compute_charge_count")

    @api.model
    def _default_moves(self):
        if self.env.context.get("active_model") != "account.move":
            return self.env["account.move"]
        return self.env["account.move"].browse(self.env.context.get("active_ids"))

    @api.model
    def _default_level(self):
        company = self._default_moves()[:1].company_id or self.env.company
        return self.env["account.overdue.level"].search(
            [
                ("company_id", "=", company.id),
                "|",
                ("fee_type", "!=", "none"),
                ("interest_type", "!=", "none"),
            ],
            limit=1,
        )

    @api.depends("move_ids")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.move_ids[:1].company_id or self.env.company

    @api.depends("move_ids", "level_id", "date")
    def _compute_line_ids(self):
        for wizard in self:
            proposals = wizard._get_proposals() if wizard.level_id else []
            wizard.line_ids = [
                Command.clear(),
                *[Command.create(self._prepare_line(one)) for one in proposals],
            ]

    @api.depends("line_ids.reason")
    def _compute_charge_count(self):
        for wizard in self:
            wizard.charge_count = len(wizard.line_ids.filtered(lambda x: not x.reason))

    @api.model
    def _prepare_line(self, proposal):
        return {
            "move_id": proposal.move_id,
            "date_maturity": proposal.date_maturity,
            "currency_id": proposal.currency_id,
            "fee_amount": proposal.fee + proposal.compensation,
            "interest_amount": proposal.interest,
            "reason": proposal.message if proposal.reason else False,
        }

    def _get_proposals(self):
        lines = self.move_ids._origin.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        charges = self.env["account.overdue.charge"]
        return charges._propose(lines, self.level_id._origin, self.date)

    def action_charge(self):
        """Button: make and post the debit notes, each in the invoice's currency.

        :return: action that opens what was charged
        :raise AccessError: the user does not make invoices
        :raise ChargeError: there is nothing to charge
        """
        self.ensure_one()
        charges = self.env["account.overdue.charge"]._make(self._get_proposals())
        if not charges:
            raise ChargeError(
                self.env._(
                    "There is nothing to charge: each line says why. Choose another "
                    "level or day."
                )
            )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_overdue_charge_action"
        )
        return {**action, "domain": [("id", "in", charges.ids)], "context": {}}


class AccountOverdueChargeWizardLine(models.TransientModel):
    """One instalment: what would be charged, or why nothing is."""

    _name = "account.overdue.charge.wizard.line"
    _description = "Late Fee to Charge"

    wizard_id = fields.Many2one(
        "account.overdue.charge.wizard", required=True, ondelete="cascade"
    )
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    date_maturity = fields.Date(string="Due date", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    fee_amount = fields.Monetary(string="Fee", readonly=True, help="With the lump sum.")
    interest_amount = fields.Monetary(string="Interest", readonly=True)
    reason = fields.Char(string="Why nothing", readonly=True)
