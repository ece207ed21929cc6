"""A real ledger of 2012-2013 as posted invoices and payments, aged at several dates.

What must come out is computed here straight from the CSV file, with decimals.
"""

from datetime import date
from decimal import Decimal

from odoo.tests import tagged

from .ledger_2012 import UNTIL, Ledger2012Common

BORDERS = ((0, "current"), (30, "1_30"), (60, "31_60"), (90, "61_90"))


def age(ledger, day):
    """Return ``{bucket: (count, amount)}`` of what is open at the end of a day."""
    ageing = {}
    for one in ledger:
        if one.invoiced > day or one.paid <= day:
            continue
        late = (day - one.due).days
        bucket = next((name for top, name in BORDERS if late <= top), "90_more")
        count, total = ageing.get(bucket, (0, Decimal(0)))
        ageing[bucket] = (count + 1, total + one.amount)
    return ageing


def age_by_customer(ledger, day):
    """Return ``{customer: {bucket: amount}}`` of what is open at the end of a day."""
    return {
        customer: {bucket: amount for bucket, (_count, amount) in age(own, day).items()}
        for customer in {one.payer for one in ledger}
        if age(own := [one for one in ledger if one.payer == customer], day)
    }


@tagged("shared_data", "heavy")
class TestRealReceivables(Ledger2012Common):
    """Invoices up to mid-2012, aged at days in between."""

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
            self._get_ageing(UNTIL),
            {
                "current": (83, Decimal("4594.36")),
                "1_30": (15, Decimal("909.73")),
            },
        )

    def test_the_report_by_customer(self):
        """Case C21 by customer: each column of the report, and its files' totals."""
        for day in (date(2012, 3, 31), date(2012, 5, 15), UNTIL):
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
