"""A year of every kind of deal on one project, against a table computed by hand.

Northwind's project has a deposit of 8,000, a fixed price of four milestones with 10 %
retention, time and materials on a rate card with a price step and a cap of 6,000, a
monthly fee with five included hours, costs at 10 % mark-up and two change orders. VAT
is 20 %. It is billed on the last day of every month; on the way there are a cancelled
invoice, a partial credit note, a concession, a changed vendor bill and a write-off.
"""

from collections import namedtuple
from contextlib import contextmanager
from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import Command
from odoo.tests import freeze_time

from .cost_common import CostCommon

Month = namedtuple("Month", "invoice contract billed retained deposit wip receivable")
# invoice: net of the month's invoice; the rest at the end of the month. contract, net
# billed less credited, retained, deposit left, work not invoiced: net; receivable:
# gross, what is retained included
TABLE = {
    # the deposit of 2 January, and 10,000 less 20 % of the deposit
    1: Month(8000, 57000, 16000, 1000, 6000, 0, 19200),
    # fee 1,000, 10 h x 100, the sixth support hour at 90
    2: Month(2090, 57000, 18090, 1000, 6000, 0, 21708),
    # fee, 12 h x 100, hosting 1,000 + 10 %; February's 2,508.00 are paid
    3: Month(3300, 57000, 21390, 1000, 6000, 0, 23160),
    # fee, 8 h x 100, second milestone less deposit
    4: Month(9800, 57000, 31190, 2000, 4000, 0, 34920),
    # fee, cancelled: held; change order of 5,000
    5: Month(1000, 62000, 31190, 2000, 4000, 1000, 34920),
    # both fees; 3 h of April credited and held
    6: Month(2000, 62000, 32890, 2000, 4000, 300, 36960),
    # fee, 3 h x 100 again, 10 h x 110, third milestone; 200 less for February's hours
    7: Month(10400, 62000, 43090, 3000, 2000, 0, 49200),
    # fee, change order, 2,100 of 20 h x 110: the cap is reached
    8: Month(8100, 62000, 51190, 3000, 2000, 100, 58920),
    # fee, the bill is 200 dearer + 10 %; 5 h x 110 over the cap
    9: Month(1220, 62000, 52410, 3000, 2000, 650, 60384),
    # fee, the cap is raised by 500: 0.91 h x 110 = 100.10 for 100.00 of August's work,
    # so 399.90 of September's
    10: Month(1500, 62500, 53910, 3000, 2000, 150.1, 62184),
    # fee, last milestone, deposit used up; what is over the cap is written off
    11: Month(9000, 62500, 62910, 4000, 0, 0, 72984),
    12: Month(1000, 62500, 63910, 4000, 0, 0, 74184),
}
EXTRAS = {2: 10, 3: 12, 4: 8, 7: 10, 8: 20, 9: 5}  # hours
SUPPORT = {2: 6, 3: 5}
REACHED = {1: 0, 4: 1, 7: 2, 11: 3}  # month: milestone


def last_day(month):
    return date(2026, month, 1) + relativedelta(months=1, days=-1)


class TestGrandMixture(CostCommon):
    @classmethod
    def setUpClass(cls):
        with freeze_time("2026-01-01 12:00:00"):
            super().setUpClass()
            cls._set_taxes()
            cls.support = cls._create_task("Support")
            cls.rule.sequence = 50
            cls._create_rules()

    @classmethod
    def _set_taxes(cls):
        cls.vat = cls.env["account.tax"].create(
            {"name": "20 %", "amount": 20, "company_id": cls.company.id}
        )
        names = ("hours", "milestone", "deposit", "cost")
        for name in names:
            product = cls.env.ref(f"project_invoice_tracker.product_project_{name}")
            product.taxes_id = [Command.set(cls.vat.ids)]

    @classmethod
    def _create_rules(cls):
        cls.fixed = cls._create_rule(
            "milestone",
            sequence=10,
            amount=40000,
            deposit_type="amount",
            deposit_amount=8000,
            deposit_deduction="pro_rata",
            retention_percentage=10,
            retention_release="date",
            retention_date="2027-12-31",
        )
        cls.parts = [
            cls._create_item(cls.fixed, name=f"Part {number}", amount=10000)
            for number in range(1, 5)
        ]
        cls.fee = cls._create_rule(
            "recurring",
            sequence=20,
            amount=1000,
            included_hours=5,
            date_start="2026-02-01",
            date_end="2026-12-31",
        )
        cls.hotline = cls._create_rule(
            sequence=30,
            price=90,
            task_ids=[Command.set(cls.support.ids)],
            prepaid_rule_ids=[Command.set(cls.fee.ids)],
        )
        card = cls.env["project.billing.rate.card"].create(
            {
                "name": "Standard",
                "currency_id": cls.company.currency_id.id,
                "rate_ids": [
                    Command.create({"price": 100}),
                    Command.create({"price": 110, "date_start": "2026-07-01"}),
                ],
            }
        )
        cls.extras = cls._create_rule(
            sequence=40, rate_card_id=card.id, cap_amount=6000
        )

    # -- what happens in a month -------------------------------------------------------

    @contextmanager
    def _on(self, month, day):
        with freeze_time(f"2026-{month:02}-{day:02} 12:00:00"):
            yield

    def _work(self, month):
        """What the firm does before the invoice of the month is made."""
        with self._on(month, 10):
            if month in EXTRAS:
                self.hours[month] = self._create_entry(
                    EXTRAS[month], date(2026, month, 5)
                )
            if month in SUPPORT:
                self._create_entry(
                    SUPPORT[month], date(2026, month, 5), task=self.support
                )
            if month in REACHED:
                self.parts[REACHED[month]].milestone_id.is_reached = True
            getattr(self, f"_before_{month}", lambda: None)()

    def _before_1(self):
        with self._on(1, 2):
            deposit = self._bill(date(2026, 1, 2))
        self.assertEqual(deposit.amount_untaxed, 8000)
        deposit.action_post()

    def _before_3(self):
        self.vendor_bill = self._create_bill(1000, day=date(2026, 3, 10))
        invoice = self.invoices[2]
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": date(2026, 3, 20)}).action_create_payments()
        self.assertEqual(invoice.amount_residual, 0)

    def _before_5(self):
        self.change = self._create_rule(
            "milestone",
            sequence=15,
            amount=5000,
            parent_id=self.fixed.id,
            change_reference="CO-1",
            change_date="2026-05-10",
        )
        self.change_item = self._create_item(self.change, name="Shop", amount=5000)

    def _before_6(self):
        self.fee.item_ids.filtered("billing_held_amount").with_user(
            self.clerk
        ).action_release()

    def _before_7(self):
        self.hours[4].with_user(self.clerk).action_billing_release()

    def _before_8(self):
        self.change_item.milestone_id.is_reached = True

    def _before_9(self):
        self._change_bill(self.vendor_bill, 1200)

    def _before_10(self):
        self._create_rule(
            sequence=45,
            parent_id=self.extras.id,
            change_reference="CO-2",
            change_date="2026-10-10",
            cap_amount=500,
        )

    def _before_11(self):
        left = self.hours[8] | self.hours[9]
        left = left.filtered(lambda e: e.billable_quantity - e.billed_quantity > 1e-6)
        self.env["project.billing.settle"].with_user(self.clerk).create(
            {
                "action": "write_off",
                "reason": "Over the cap, agreed",
                "entry_ids": [Command.set(left.ids)],
            }
        ).action_settle()

    # -- what happens after the invoice ----------------------------------------------

    def _after_5(self, invoice):
        invoice.button_draft()
        invoice.button_cancel()

    def _after_6(self, invoice):
        april = self.invoices[4]
        hours = april.invoice_line_ids.filtered(
            lambda x: x.product_id == self.hours_product
        )
        others = april.invoice_line_ids - hours
        credit = self._reverse(
            april,
            hours={self.hours[4]: 3},
            quantities=dict.fromkeys(others, 0),
        )
        self.assertEqual(credit.amount_untaxed, 300)

    def _after_7(self, invoice):
        february = self.invoices[2]
        hours = february.invoice_line_ids.filtered(
            lambda x: self.hours[2] in x.billing_allocation_ids.analytic_line_id
        )
        others = february.invoice_line_ids - hours
        credit = self._reverse(
            february,
            "price_reduction",
            quantities={**dict.fromkeys(others, 0), hours: 2},
        )
        self.assertEqual(credit.amount_untaxed, 200)

    # -- the table ---------------------------------------------------------------------

    def _get_figures(self, net):
        """Return the month's row as records and the journal say, each by its own."""
        self.env.flush_all()
        self.env.invalidate_all()
        rules = self.project.billing_rule_ids
        moves = self.env["account.move"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund")),
            ]
        )
        receivable = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )
        wip = sum(rules.mapped("ready_amount")) + sum(rules.mapped("held_amount"))
        return Month(
            net,
            self.project.billing_current_amount,
            round(sum(moves.mapped("amount_untaxed_signed")), 2),
            self.fixed.retained_amount,
            self.fixed.deposit_left_amount,
            round(wip, 2),
            round(sum(receivable.mapped("amount_residual")), 2),
        )

    def assertTies(self):
        """Ledger of work, retained instalments and journal say the same."""
        self.assertConserved()
        rules = self.project.billing_rule_ids
        rows = self.env["project.billing.allocation"].search(
            [("rule_id", "in", rules.ids), ("is_live", "=", True)]
        )
        rows = rows.filtered(lambda r: r.move_id.state == "posted")
        billed = rows.filtered(lambda r: r.kind in ("bill", "credit"))
        drawn = rows.filtered(lambda r: r.kind == "draw" and r.move_id)
        net = sum((billed | drawn).mapped("amount"))
        net += sum((billed | drawn).mapped("adjustment"))
        moves = rows.move_id
        self.assertAlmostEqual(net, sum(moves.mapped("amount_untaxed_signed")), 2)
        retained = moves.line_ids.filtered("billing_is_retention")
        self.assertAlmostEqual(
            sum(retained.mapped("balance")), self.fixed.retained_amount, 2
        )

    def test_a_year_of_everything_is_right_to_the_cent(self):
        self.hours, self.invoices = {}, {}
        for month, expected in TABLE.items():
            self._work(month)
            with self._on(month, last_day(month).day):
                invoice = self._bill(last_day(month))
                net = invoice.amount_untaxed
                invoice.action_post()
                self.invoices[month] = invoice
                getattr(self, f"_after_{month}", lambda invoice: None)(invoice)
                figures = self._get_figures(net)
                with self.subTest(month=month):
                    self.assertEqual(figures, expected)
                    self.assertTies()
        self._check_end()

    def _check_end(self):
        """The year as the deal tells it."""
        self.assertEqual(self.fixed.deposit_drawn_amount, 8000)
        self.assertEqual(self.extras.cap_left, 0)
        billed = {
            rule: round(rule.billed_amount, 2) for rule in self.project.billing_rule_ids
        }
        self.assertEqual(billed[self.fee], 11000)
        self.assertEqual(billed[self.hotline], 90)
        self.assertEqual(billed[self.rule], 1320)
        self.assertEqual(billed[self.change], 5000)
        with self._on(12, 31):
            run = self._propose(date(2026, 12, 31))
            self.assertFalse(self._get_lines(run, "proposed"))
