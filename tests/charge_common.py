"""A firm that charges late payment: invoices, payments, levels with fees."""

from datetime import date, timedelta

from odoo import Command

from .common import BillingCommon

DUE = date(2026, 3, 31)


class ChargeCommon(BillingCommon):
    """Levels with fees, invoices of the project, payments on a day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["account.overdue.policy"].create(
            {"name": "Fees", "company_id": cls.company.id}
        )
        cls.charges = cls.env["account.overdue.charge"]

    @classmethod
    def _create_level(cls, **kwargs):
        cls._level_number = getattr(cls, "_level_number", 0) + 1
        return cls.env["account.overdue.level"].create(
            {
                "policy_id": cls.policy.id,
                "name": f"Level {cls._level_number}",
                "sequence": cls._level_number,
                "channel": "none",
                **kwargs,
            }
        )

    @classmethod
    def _create_rate(cls, rate, day=date(2000, 1, 1), authority="other", **kwargs):
        rates = cls.env["account.interest.rate"]
        rates.search([("authority", "=", authority), ("date", "=", day)]).unlink()
        return rates.create(
            {"authority": authority, "date": day, "rate": rate, **kwargs}
        )

    @classmethod
    def _create_invoice(cls, amount=100.0, due=DUE, post=True, **kwargs):
        """Return an invoice of the project, due on a day, without taxes."""
        account = str(cls.project.account_id.id)
        invoice = (
            cls.env["account.move"]
            .with_user(cls.clerk)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": cls.customer.id,
                    "invoice_date": due - timedelta(days=30),
                    "invoice_date_due": due,
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "product_id": cls.milestone_product.id,
                                "name": "Work",
                                "price_unit": amount,
                                "tax_ids": [Command.clear()],
                                "analytic_distribution": {account: 100},
                            }
                        )
                    ],
                    **kwargs,
                }
            )
        )
        if post:
            invoice.action_post()
        return invoice

    def _pay(self, move, day, amount=None):
        """Pay a document on a day, as the clerk does."""
        wizard = (
            self.env["account.payment.register"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"payment_date": day})
        )
        if amount is not None:
            wizard.amount = amount
        return wizard._create_payments()

    def _get_lines(self, moves):
        return moves.line_ids.filtered(lambda x: x.display_type == "payment_term")

    def _charge(self, moves, level, day, user=None):
        """Charge late invoices up to a day, as the clerk does."""
        charges = self.charges.with_user(user or self.clerk)
        return charges._charge(self._get_lines(moves), level, day)

    def _propose_charge(self, moves, level, day):
        (proposal,) = self.charges.with_user(self.clerk)._propose(
            self._get_lines(moves), level, day
        )
        return proposal

    def _get_receivable(self, invoice):
        """Return what the customer owes for an invoice with its debit notes."""
        return sum((invoice | invoice.debit_note_ids).mapped("amount_residual"))


def late(days, due=DUE):
    """Return the day that is so many days after the due date."""
    return due + timedelta(days=days)
