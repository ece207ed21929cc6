from odoo import Command, api, fields, models
from odoo.exceptions import AccessError

from ..exceptions import BillingError


class ProjectBillingBadDebt(models.TransientModel):
    """Write off what is left of an invoice that will not be paid any more.

    A journal entry, reconciled with the receivable: debit bad debts, credit the
    customer. The tax stays owed unless the user says otherwise (bad debt relief has
    conditions of its own in each country, Art. 185 and 90 of Directive 2006/112/EC);
    then its share is taken back on the accounts of the invoice's taxes. Amounts in the
    invoice's currency.
    """

    _name = "project.billing.bad.debt"
    _description = "Bad Debt Write-off"
    _check_company_auto = True

    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        readonly=True,
        default=lambda self: self._default_move(),
    )
    company_id = fields.Many2one(related="move_id.company_id")
    currency_id = fields.Many2one(related="move_id.currency_id")
    residual = fields.Monetary(related="move_id.amount_residual", string="Open")
    amount = fields.Monetary(
        required=True,
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        help="With taxes, at most what is open.",
    )
    date = fields.Date(
        required=True, default=lambda self: self.env.company._get_billing_today()
    )
    reason = fields.Char(required=True, help="Kept on the entry and the invoice.")
    account_id = fields.Many2one(
        "account.account",
        string="Bad debts",
        required=True,
        check_company=True,
        domain=[("internal_group", "=", "expense")],
        compute="_compute_account_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    with_tax = fields.Boolean(
        string="Take the tax back",
        help="Only where the tax law allows it now: the tax's share of the amount is "
        "taken back from the accounts of the invoice's taxes.",
    )
    has_tax = fields.Boolean(compute="_compute_has_tax")

    def _default_move(self):
        if self.env.context.get("active_model") != "account.move":
            return self.env["account.move"]
        return self.env["account.move"].browse(self.env.context.get("active_ids"))[:1]

    @api.depends("move_id")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.move_id.amount_residual

    @api.depends("move_id")
    def _compute_account_id(self):
        for wizard in self:
            company = wizard.move_id.company_id.sudo()
            wizard.account_id = company.billing_bad_debt_account_id

    @api.depends("move_id")
    def _compute_has_tax(self):
        for wizard in self:
            wizard.has_tax = bool(wizard._get_tax_lines())

    # -- the button ------------------------------------------------------------------

    def action_write_off(self):
        """Button: post the entry and reconcile it with the invoice.

        :return: action that opens the entry
        :raise BillingError: not an open invoice, more than is open, or somebody else
            works on it at this moment
        :raise AccessError: the user does not make invoices
        """
        self.ensure_one()
        if not self.env.user.has_group("project_invoice_tracker.group_billing_officer"):
            raise AccessError(self.env._("Bad debts are written off by officers."))
        self._check_amount()
        invoice = self.move_id
        self._check_alone()
        entry = self._create_entry()
        entry.action_post()
        self._reconcile(entry)
        invoice._message_log(
            body=self.env._(
                "%(amount)s written off as bad debt by %(user)s: %(reason)s",
                amount=self.currency_id.format(self.amount),
                user=self.env.user.name,
                reason=self.reason,
            )
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": entry.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def _check_alone(self):
        """Of two people only one: what is open must not change under our hands."""
        if not self.move_id.try_lock_for_update():
            raise BillingError(
                self.env._(
                    "Somebody else is changing %s at this moment. Look at what is open "
                    "and try again.",
                    self.move_id.name,
                )
            )

    def _check_amount(self):
        invoice = self.move_id
        if invoice.move_type != "out_invoice" or invoice.state != "posted":
            raise BillingError(
                self.env._(
                    "Only posted customer invoices become bad debts. Delete a draft, "
                    "or cancel it."
                )
            )
        compare = self.currency_id.compare_amounts
        if compare(self.amount, 0.0) <= 0 or compare(self.amount, self.residual) > 0:
            raise BillingError(
                self.env._(
                    "%(invoice)s has %(open)s open: enter an amount above 0 and at "
                    "most that.",
                    invoice=invoice.name,
                    open=self.currency_id.format(self.residual),
                )
            )

    # -- the entry -------------------------------------------------------------------

    def _create_entry(self):
        env = self.company_id._in_billing_context().env
        journal = self._get_journal()
        parts = self._get_parts()
        taxes = self._prepare_tax_lines() if self.with_tax else []
        lines = [self._prepare_receivable_line(*part) for part in parts]
        lines += taxes
        rest = {
            name: -sum(line[name] for line in lines)
            for name in ("amount_currency", "balance")
        }
        lines.append(
            {
                "name": self._get_label(),
                "account_id": self.account_id.id,
                "partner_id": self.move_id.commercial_partner_id.id,
                "currency_id": self.currency_id.id,
                "analytic_distribution": self.move_id._get_billing_distribution(),
                **rest,
            }
        )
        # the tax lines are as computed here: there is no base to compute them from
        moves = (
            self.env["account.move"].with_env(env).with_context(skip_invoice_sync=True)
        )
        return moves.create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "date": self.date,
                "ref": self._get_label(),
                "currency_id": self.currency_id.id,
                "billing_bad_debt_of_id": self.move_id.id,
                "billing_bad_debt_reason": self.reason,
                "line_ids": [Command.create(line) for line in lines],
            }
        ).with_context(skip_invoice_sync=False)

    def _get_journal(self):
        page = self.env["project.billing.month.end"]
        return page.new({"company_id": self.company_id.id})._get_accrual_journal()

    def _get_label(self):
        return self.env._(
            "Bad debt %(invoice)s: %(reason)s",
            invoice=self.move_id.name,
            reason=self.reason,
        )

    def _get_open_lines(self):
        """Return the open receivable lines, the first due first."""
        return self.move_id.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).sorted(lambda line: (line.date_maturity or line.date, line.id))

    def _get_parts(self):
        """Return ``[(receivable line, amount, company amount)]`` to write off."""
        left, parts = self.amount, []
        for line in self._get_open_lines():
            amount = min(left, line.amount_residual_currency)
            if self.currency_id.compare_amounts(amount, 0.0) <= 0:
                continue
            share = amount / line.amount_residual_currency
            own = self.company_id.currency_id.round(line.amount_residual * share)
            parts.append((line, amount, own))
            left = self.currency_id.round(left - amount)
        return parts

    def _prepare_receivable_line(self, line, amount, own):
        return {
            "name": self._get_label(),
            "account_id": line.account_id.id,
            "partner_id": line.partner_id.id,
            "currency_id": self.currency_id.id,
            "amount_currency": -amount,
            "balance": -own,
        }

    def _get_tax_lines(self):
        return self.move_id.line_ids.filtered("tax_repartition_line_id")

    def _prepare_tax_lines(self):
        """Return lines that take the taxes' share of the amount back."""
        share = self.amount / self.move_id.amount_total
        lines = []
        for line in self._get_tax_lines():
            repartition = self._get_refund_repartition(line)
            lines.append(
                {
                    "name": line.name,
                    "account_id": line.account_id.id,
                    "partner_id": line.partner_id.id,
                    "currency_id": self.currency_id.id,
                    "amount_currency": self.currency_id.round(
                        -line.amount_currency * share
                    ),
                    "balance": self.company_id.currency_id.round(-line.balance * share),
                    "tax_repartition_line_id": repartition.id,
                    "tax_tag_ids": [Command.set(repartition.tag_ids.ids)],
                }
            )
        return lines

    def _get_refund_repartition(self, line):
        """Return the line of the tax's credit notes that answers to one of invoices."""
        tax = line.tax_line_id
        own = tax.invoice_repartition_line_ids.filtered(
            lambda r: r.repartition_type == "tax"
        )
        refund = tax.refund_repartition_line_ids.filtered(
            lambda r: r.repartition_type == "tax"
        )
        return refund[own.ids.index(line.tax_repartition_line_id.id)]

    def _reconcile(self, entry):
        mine = entry.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).sorted("id")
        parts = self._get_parts()
        for line, (receivable, _amount, _own) in zip(mine, parts, strict=True):
            (line | receivable).reconcile()
