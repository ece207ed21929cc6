"""A real ledger of 2012-2013 as posted invoices and payments, aged at several dates.

What must come out is computed here straight from the CSV file, with decimals.
"""

import csv
from datetime import date, datetime
from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from .common import BillingCommon
from .conftest import SHARED

BORDERS = ((0, "current"), (30, "1_30"), (60, "31_60"), (90, "61_90"))


def read_ledger():
    """Return ``[(customer, number, invoiced, due, paid, amount)]``."""

    def day(text):
        return datetime.strptime(text, "%m/%d/%Y").date()

    path = SHARED / "data" / "receivables_ibm_2012.csv"
    with open(path, newline="", encoding="utf-8-sig") as stream:
        return [
            (
                row["customerID"],
                row["invoiceNumber"],
                day(row["InvoiceDate"]),
                day(row["DueDate"]),
                day(row["SettledDate"]),
                Decimal(row["InvoiceAmount"]),
            )
            for row in csv.DictReader(stream)
        ]


def age(ledger, day):
    """Return ``{bucket: (count, amount)}`` of what is open at the end of a day."""
    ageing = {}
    for _customer, _number, invoiced, due, paid, amount in ledger:
        if invoiced > day or paid <= day:
            continue
        late = (day - due).days
        bucket = next((name for top, name in BORDERS if late <= top), "90_more")
        count, total = ageing.get(bucket, (0, Decimal(0)))
        ageing[bucket] = (count + 1, total + amount)
    return ageing


def age_by_customer(ledger, day):
    """Return ``{customer: {bucket: amount}}`` of what is open at the end of a day."""
    return {
        customer: {bucket: amount for bucket, (_count, amount) in age(own, day).items()}
        for customer in {row[0] for row in ledger}
        if age(own := [row for row in ledger if row[0] == customer], day)
    }


@tagged("shared_data", "heavy")
class TestRealReceivables(BillingCommon):
    """Invoices up to mid-2012, posted and paid by the host."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.until = date(2012, 6, 30)
        cls.ledger = [row for row in read_ledger() if row[2] <= cls.until]
        names = sorted({row[0] for row in cls.ledger})
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
                    "partner_id": cls.partners[customer].id,
                    "invoice_date": invoiced,
                    "invoice_date_due": due,
                    "invoice_payment_term_id": False,
                    "ref": number,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "Service",
                                "price_unit": float(amount),
                                "tax_ids": [],
                            }
                        )
                    ],
                }
                for customer, number, invoiced, due, _paid, amount in cls.ledger
            ]
        )
        moves.action_post()
        return moves

    @classmethod
    def _pay_invoices(cls):
        """Pay each invoice on its day by a journal entry of the bank."""
        journal = cls.company_data["default_journal_bank"]
        receivable = cls.company_data["default_account_receivable"]
        days = [row[4] for row in cls.ledger]
        entries = cls.env["account.move"].create(
            [
                {
                    "move_type": "entry",
                    "journal_id": journal.id,
                    "date": day,
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
                for move, day in zip(cls.moves, days, strict=True)
            ]
        )
        entries.action_post()
        for move, entry in zip(cls.moves, entries, strict=True):
            lines = (move | entry).line_ids
            lines.filtered(lambda x: x.account_id == receivable).reconcile()

    def _get_ageing(self, day):
        facts = (
            self.env["project.billing.tracker"]
            .with_user(self.clerk)
            .with_context(billing_tracker_date=day)
        )
        groups = facts._read_group(
            [
                ("stage", "in", ("open", "overdue")),
                ("move_id", "in", self.moves.ids),
            ],
            ["bucket"],
            ["__count", "gross_company:sum"],
        )
        return {
            bucket: (count, Decimal(f"{amount:.2f}"))
            for bucket, count, amount in groups
        }

    def test_ageing_and_totals_at_several_dates(self):
        for day in (
            date(2012, 2, 29),
            date(2012, 3, 31),
            date(2012, 5, 15),
            date(2012, 6, 29),
            date(2012, 6, 30),
        ):
            with self.subTest(day=day):
                self.assertEqual(self._get_ageing(day), age(self.ledger, day))

    def test_the_published_figures_of_mid_2012(self):
        """Case C21."""
        self.assertEqual(len(self.moves), 611)
        self.assertEqual(
            self._get_ageing(self.until),
            {
                "current": (83, Decimal("4594.36")),
                "1_30": (15, Decimal("909.73")),
            },
        )

    def test_the_report_by_customer(self):
        """Case C21 by customer: each column of the report, and its files' totals."""
        for day in (date(2012, 3, 31), date(2012, 5, 15), self.until):
            with self.subTest(day=day):
                report = (
                    self.env["project.billing.ageing.report"]
                    .with_user(self.clerk)
                    .create({"date": day})
                )
                values = report._get_values()
                found = {
                    group["name"]: {
                        name.removeprefix("amount_"): Decimal(f"{amount:.2f}")
                        for name, amount in group["amounts"].items()
                        if amount and name != "amount_total"
                    }
                    for group in values["groups"]
                    if group["id"] in {p.id for p in self.partners.values()}
                }
                self.assertEqual(found, age_by_customer(self.ledger, day))
                self.assertEqual(values["difference"], 0)
