"""A real ledger of 2012-2013 (see ``benchmarks/forecast.py``) in the host's books."""

import sys
from datetime import date

from odoo import Command

from .common import BillingCommon
from .conftest import REPOSITORY, SHARED

if (folder := str(REPOSITORY / "benchmarks")) not in sys.path:
    sys.path.append(folder)

import forecast as backtest  # noqa: E402

UNTIL = date(2012, 6, 30)


def read_ledger():
    """Return the invoices of the file: payer, invoiced, due, paid, amount."""
    return backtest.read_ledger(SHARED / "data" / "receivables_ibm_2012.csv")


class Ledger2012Common(BillingCommon):
    """The first half of 2012, posted and paid by the host: 611 invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = [one for one in read_ledger() if one.invoiced <= UNTIL]
        names = sorted({one.payer for one in cls.ledger})
        partners = cls.env["res.partner"].create([{"name": name} for name in names])
        cls.partners = dict(zip(names, partners, strict=True))
        cls.moves = cls._post_invoices()
        # in one transaction nobody else gathers statistics, and plans go wrong
        cls.env.flush_all()
        cls.env.cr.execute("ANALYZE account_move, account_move_line")
        cls._pay_invoices()

    @classmethod
    def _post_invoices(cls):
        moves = cls.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": cls.partners[one.payer].id,
                    "invoice_date": one.invoiced,
                    "invoice_date_due": one.due,
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "Service",
                                "price_unit": float(one.amount),
                                "tax_ids": [],
                            }
                        )
                    ],
                }
                for one in cls.ledger
            ]
        )
        moves.action_post()
        return moves

    @classmethod
    def _pay_invoices(cls):
        """Pay each invoice on its day by a journal entry of the bank."""
        journal = cls.company_data["default_journal_bank"]
        receivable = cls.company_data["default_account_receivable"]
        entries = cls.env["account.move"].create(
            [
                {
                    "move_type": "entry",
                    "journal_id": journal.id,
                    "date": one.paid,
                    "line_ids": [
                        Command.create(
                            {
                                "account_id": journal.default_account_id.id,
                                "debit": move.amount_total,
                            }
                        ),
                        Command.create(
                            {
                                "account_id": receivable.id,
                                "partner_id": move.partner_id.id,
                                "credit": move.amount_total,
                            }
                        ),
                    ],
                }
                for one, move in zip(cls.ledger, cls.moves, strict=True)
            ]
        )
        entries.action_post()
        for move, entry in zip(cls.moves, entries, strict=True):
            lines = (move | entry).line_ids
            lines.filtered(lambda x: x.account_id == receivable).reconcile()
