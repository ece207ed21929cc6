from datetime import timedelta

from odoo import Command, api, models
from odoo.tools import SQL, format_date


class AccountOverdueChargeDocumentMixin(models.AbstractModel):
    """From proposals to posted debit notes: a bulk create for all, one posting."""

    _name = "account.overdue.charge.document.mixin"
    _description = "Debit Notes of Late Fees"

    @api.model
    def _charge(self, lines, level, date):
        """Charge what ``level`` asks for instalments up to ``date``, see ``_propose``.

        Asked again for the same day it charges nothing: the next charge begins where
        the last one ended.

        :return: the new charges
        :raise AccessError: the user does not make invoices
        """
        return self._make(self._propose(lines, level, date))

    @api.model
    def _make(self, proposals):
        """Make and post the debit notes of proposals without a reason.

        Those above the level's limit wait for approval. Two that charge the same days
        at the same time collide in the database.

        :param proposals: ``[Proposal]`` of any number of levels, of one day
        :return: account.overdue.charge records
        :raise AccessError: the user does not make invoices
        """
        self._check_officer()
        wanted = [proposal for proposal in proposals if not proposal.reason]
        projects = self._get_projects({proposal.move_id for proposal in wanted})
        vals_list = [self._prepare_charge(proposal, projects) for proposal in wanted]
        # sudo: nobody writes charges by hand, who makes them was checked above
        charges = self.env["account.overdue.charge"].sudo().create(vals_list)
        charges = charges.sudo(self.env.su)
        charges.filtered(lambda x: not x.needs_approval)._create_debit_notes()
        return charges

    @api.model
    def _prepare_charge(self, proposal, projects):
        return {
            "company_id": proposal.company_id,
            "move_id": proposal.move_id,
            "date_maturity": proposal.date_maturity,
            "level_id": proposal.level_id,
            "date": proposal.date,
            "date_from": proposal.first,
            "date_to": proposal.last,
            "currency_id": proposal.currency_id,
            "fee_amount": proposal.fee,
            "compensation_amount": proposal.compensation,
            "interest_amount": proposal.interest,
            "terms": proposal.terms,
            "needs_approval": proposal.needs_approval,
            "project_ids": [Command.set(projects.get(proposal.move_id, []))],
            "row_ids": [Command.create(row) for row in proposal.rows],
        }

    @api.model
    def _get_projects(self, move_ids):
        """Return ``{invoice id: [project ids]}`` of its shares, one statement."""
        query = SQL(
            "SELECT move_id, array_agg(DISTINCT project_id) FROM project_billing_share"
            " WHERE move_id = ANY(%s) AND project_id IS NOT NULL GROUP BY move_id",
            list(move_ids),
        )
        return dict(self.env.execute_query(query))

    # -- debit notes -----------------------------------------------------------------

    def _create_debit_notes(self):
        """Create and post the debit notes of charges, per company in its context."""
        for company, charges in self.grouped("company_id").items():
            env = company.with_env(self.env)._in_billing_context().env
            charges = charges.with_env(env).sorted(
                lambda x: (x.partner_id.id, x.move_id.id, x.date_maturity)
            )
            moves = env["account.move"].create(
                [charge._prepare_debit_note() for charge in charges]
            )
            for charge, move in zip(charges.sudo(), moves, strict=True):
                charge.debit_move_id = move
            moves.action_post()
            charges._log_debit_notes()

    def _prepare_debit_note(self):
        """Return the values of the debit note of one charge.

        The customer's data, currency and journal are those of the invoice, which stays
        as it is.
        """
        self.ensure_one()
        invoice = self.move_id
        level = self.level_id.sudo()
        charge = self.with_context(lang=invoice.partner_id.lang)
        return {
            "move_type": "out_invoice",
            "debit_origin_id": invoice.id,
            "company_id": self.company_id.id,
            "journal_id": invoice.journal_id.id,
            "partner_id": invoice.partner_id.id,
            "partner_shipping_id": invoice.partner_shipping_id.id,
            "partner_bank_id": invoice.partner_bank_id.id,
            "fiscal_position_id": invoice.fiscal_position_id.id,
            "invoice_user_id": invoice.invoice_user_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": self.date,
            "invoice_date_due": self.date + timedelta(days=level.fee_due_days),
            "invoice_payment_term_id": False,
            "ref": charge.env._("Late payment of %s", invoice.name),
            "invoice_line_ids": [
                Command.create(values) for values in charge._prepare_debit_lines()
            ],
        }

    def _prepare_debit_lines(self):
        """Return the values of the lines: fee, lump sum, interest, each if any."""
        product = self._get_fee_product()
        common = {
            "product_id": product.id,
            "quantity": 1.0,
            "tax_ids": [Command.set(self._get_fee_taxes(product).ids)],
            "analytic_distribution": self.move_id._get_billing_distribution(),
        }
        texts = self._get_fee_texts()
        amounts = {name: self[f"{name}_amount"] for name in texts}
        return [
            {**common, "name": texts[name], "price_unit": amount}
            for name, amount in amounts.items()
            if amount
        ]

    def _get_fee_texts(self):
        """Return the texts of the lines, in the language of the context."""
        names = {"invoice": self.move_id.name, "due": self._format(self.date_maturity)}
        return {
            "fee": self.env._("Late fee for %(invoice)s, due on %(due)s", **names),
            "compensation": self.env._(
                "Compensation for recovery costs of %(invoice)s, due on %(due)s",
                **names,
            ),
            "interest": self.env._(
                "Interest on %(invoice)s, due on %(due)s, from %(first)s to %(last)s",
                first=self._format(self.date_from),
                last=self._format(self.date_to),
                **names,
            ),
        }

    def _format(self, day):
        return format_date(self.env, day) if day else ""

    def _get_fee_product(self):
        xmlid = "project_invoice_tracker.product_late_payment"
        default = self.env.ref(xmlid, raise_if_not_found=False)
        return self.level_id.sudo().fee_product_id or default or self._no_product()

    def _no_product(self):
        return self.env["product.product"]

    def _get_fee_taxes(self, product):
        """Return the product's taxes in this company; none means no tax at all."""
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        return self.move_id.fiscal_position_id.map_tax(taxes)

    def _log_debit_notes(self):
        """Tell it in the history of each invoice; the invoice is not changed."""
        bodies = {}
        for charge in self:
            text = self.env._(
                "%(amount)s charged for late payment: %(link)s",
                amount=charge.currency_id.format(charge.amount),
                link=charge.debit_move_id._get_html_link(),
            )
            before = bodies.get(charge.move_id.id)
            bodies[charge.move_id.id] = before + "<br/>" + text if before else text
        self.move_id._message_log_batch(bodies)

    # -- waiving ---------------------------------------------------------------------

    def _credit(self, reason, date):
        """Credit the debit notes of charges in full and reconcile them."""
        if not self:
            return
        env = self.company_id.with_env(self.env)._in_billing_context().env
        charges = self.with_env(env)
        values = [
            {
                "date": date,
                "invoice_date": date,
                "ref": env._(
                    "%(debit)s waived: %(reason)s",
                    debit=charge.debit_move_id.name,
                    reason=reason,
                ),
            }
            for charge in charges
        ]
        credits = charges.debit_move_id._reverse_moves(values, cancel=True)
        for charge, credit in zip(charges.sudo(), credits, strict=True):
            charge.credit_move_id = credit
