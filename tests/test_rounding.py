"""Quantity x price = amount, whatever the rounding: the room of timesheets."""

from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import Command

from .common import BillingCommon

DAY = date(2026, 6, 15)


class TestRounding(BillingCommon):
    """What the customer reads for worked minutes."""

    def _create_rounding(self, method="none", scope="entry", **terms):
        """Return a rule at 100 an hour that rounds to quarters of an hour."""
        defaults = {
            "price": 100,
            "rounding_method": method,
            "rounding_step": 0.25,
            "rounding_scope": scope,
        }
        return self._create_rule(**{**defaults, **terms})

    def _bill_hours(self, *hours):
        """Return what the customer reads for entries of one person, day and task."""
        for worked in hours:
            self._create_entry(worked)
        return self._get_shown(self._bill())

    def _get_shown(self, invoice):
        lines = invoice.invoice_line_ids.sorted("id")
        return [(line.quantity, line.price_unit, line.price_subtotal) for line in lines]

    def test_three_times_ten_minutes_up_to_quarters_are_half_an_hour(self):
        self._create_rounding("up", "person_day")
        self.assertEqual(self._bill_hours(*[10 / 60] * 3), [(0.5, 100, 50)])

    def test_three_times_twenty_minutes_down_to_quarters_are_an_hour(self):
        self._create_rounding("down", "line")
        self.assertEqual(self._bill_hours(*[20 / 60] * 3), [(1, 100, 100)])

    def test_an_hour_down_to_ten_minutes_stays_an_hour(self):
        self._create_rounding("down", price=60, rounding_step=10 / 60)
        self.assertEqual(self._bill_hours(1), [(1, 60, 60)])

    def test_person_day_is_rounded_once_over_several_lines(self):
        self._create_rounding("up", "person_day")
        self._create_entry(5 / 60)
        self._create_entry(5 / 60, task=self._create_task("Build"))
        invoice = self._bill()
        self.assertEqual(len(invoice.invoice_line_ids), 2)
        self.assertAlmostEqual(sum(invoice.invoice_line_ids.mapped("quantity")), 0.25)
        self.assertEqual(invoice.amount_untaxed, 25)
        self.assertConserved()

    def test_each_person_and_each_day_is_rounded_on_its_own(self):
        self._create_rounding("up", "person_day")
        self._create_entry(5 / 60)
        self._create_entry(5 / 60, employee=self.ben)
        self._create_entry(5 / 60, DAY + timedelta(days=1))
        self.assertEqual(self._get_shown(self._bill()), [(0.75, 100, 75)])

    def test_line_is_rounded_once(self):
        self._create_rounding("up", "line")
        self._create_entry(5 / 60)
        self._create_entry(5 / 60, DAY + timedelta(days=1))
        self.assertEqual(self._get_shown(self._bill()), [(0.25, 100, 25)])

    def test_minimum_is_for_each_entry(self):
        self._create_rounding(rounding_minimum=0.5)
        self.assertEqual(self._bill_hours(0.1, 0.7), [(1.2, 100, 120)])

    def test_hours_chosen_by_hand_are_rounded_in_no_scope(self):
        rule = self._create_rounding("up", rounding_step=1)
        entry = self._create_entry(1.1)
        for scope in ("entry", "person_day", "line"):
            with self.subTest(scope=scope):
                rule.rounding_scope = scope
                entry.billing_override_quantity = 1.3
                run = self._propose()
                self.assertEqual(self._get_lines(run, "proposed").amount, 130)

    def test_worked_time_never_changes(self):
        self._create_rounding("up", rounding_step=1)
        entry = self._create_entry(0.7)
        invoice = self._bill()
        self.assertEqual(invoice.invoice_line_ids.quantity, 1)
        self.assertEqual(entry.unit_amount, 0.7)
        self.assertEqual(entry.billed_quantity, 0.7)
        row = invoice.billing_allocation_ids
        self.assertEqual((row.quantity, row.invoiced_quantity), (0.7, 1))
        self.assertEqual((row.amount, row.adjustment), (70, 30))

    def test_fifty_minutes_show_what_they_cost(self):
        self._create_rounding()
        self._create_entry(50 / 60)
        invoice = self._bill()
        self.assertEqual(self._get_shown(invoice), [(0.83, 100, 83)])
        row = invoice.billing_allocation_ids
        self.assertEqual((row.amount, row.adjustment), (83.33, -0.33))

    def test_half_a_hundredth_of_an_hour_is_rounded_up(self):
        self._create_rounding()
        self.assertEqual(self._bill_hours(18 / 3600), [(0.01, 100, 1)])

    def test_less_than_half_a_hundredth_is_not_rounded_twice(self):
        self._create_rounding()
        self.assertEqual(self._bill_hours(0.83496), [(0.83, 100, 83)])

    def test_half_a_cent_is_rounded_away_from_zero(self):
        self._create_rounding(price=90.03)
        self._create_entry(50 / 60)
        row = self._bill().billing_allocation_ids
        self.assertEqual(row.amount, 75.03)  # 75.025

    def test_three_thousand_thirds_of_an_hour_lose_nothing(self):
        rule = self._create_rounding(price=90)
        self.env["account.analytic.line"].create(
            [
                {
                    "name": f"Call {index}",
                    "project_id": self.project.id,
                    "task_id": self.task.id,
                    "employee_id": self.ann.id,
                    "unit_amount": 20 / 60,
                    "date": DAY - timedelta(days=index // 50),
                }
                for index in range(3000)
            ]
        )
        rule.bill_from = "2020-01-01"
        self.assertEqual(self._get_shown(self._bill()), [(1000, 90, 90_000)])
        self.assertConserved()

    def test_correction_lowers_the_line_exactly(self):
        self._create_rounding()
        self.assertEqual(self._bill_hours(8, -1 / 3), [(7.67, 100, 767)])
        self.assertConserved()

    def test_correction_alone_is_skipped_as_negative(self):
        self._create_rounding()
        self._create_entry(-1)
        run = self._propose()
        self.assertFalse(self._get_lines(run, "proposed"))
        self.assertEqual(self._get_reasons(run), {"negative": -1})

    def test_time_rounded_to_nothing_is_invoiced_as_nothing_once(self):
        self._create_rounding("down")
        entry = self._create_entry(0.1)
        self._create_entry(1)
        self.assertEqual(self._get_shown(self._bill()), [(1, 100, 100)])
        self.assertEqual(entry.billed_quantity, 0.1)
        self.assertConserved()

    def test_days_of_eight_hours(self):
        self._create_rounding(price=800, uom_id=self.day.id)
        self._create_entry(8)
        self._create_entry(2)
        invoice = self._bill()
        self.assertEqual(self._get_shown(invoice), [(1.25, 800, 1000)])
        self.assertEqual(invoice.invoice_line_ids.product_uom_id, self.day)
        self.assertEqual(
            sorted(invoice.billing_allocation_ids.mapped("amount")), [200, 800]
        )

    def test_time_typed_in_days_is_billed_in_hours(self):
        self._create_rounding()
        entry = self._create_entry(1, product_uom_id=self.day.id)
        self.assertEqual(entry.billable_quantity, 8)
        self.assertEqual(self._get_shown(self._bill()), [(8, 100, 800)])

    def test_time_typed_in_days_is_billed_in_days(self):
        self._create_rounding(price=800, uom_id=self.day.id)
        self._create_entry(1, product_uom_id=self.day.id)
        self.assertEqual(self._get_shown(self._bill()), [(1, 800, 800)])

    def test_yen_have_no_cents(self):
        yen = self._get_currency("JPY", 150)
        self._create_rounding(price=9999, currency_id=yen.id)
        self._create_entry(50 / 60)
        invoice = self._bill()
        self.assertEqual(self._get_shown(invoice), [(0.83, 9999, 8299)])
        row = invoice.billing_allocation_ids
        self.assertEqual((row.amount, row.adjustment), (8333, -34))

    def test_dinars_have_three_decimals(self):
        dinar = self._get_currency("KWD", 0.3)
        self._create_rounding(price=33.33, currency_id=dinar.id)
        self._create_entry(50 / 60)
        invoice = self._bill()
        self.assertEqual(self._get_shown(invoice), [(0.83, 33.33, 27.664)])
        row = invoice.billing_allocation_ids
        self.assertEqual((row.amount, row.adjustment), (27.775, -0.111))

    def _get_currency(self, name, rate):
        currency = self.env.ref(f"base.{name}")
        currency.write(
            {
                "active": True,
                "rate_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "name": "2026-01-01",
                            "rate": rate,
                            "company_id": self.company.id,
                        }
                    ),
                ],
            }
        )
        return currency


MINUTES = st.lists(
    st.tuples(
        st.integers(-90, 600),  # minutes
        st.integers(0, 3),  # day
        st.booleans(),  # person
        st.booleans(),  # task
    ),
    min_size=1,
    max_size=8,
)
TERMS = st.fixed_dictionaries(
    {
        "price": st.integers(1, 30_000).map(lambda cents: cents / 100),
        "rounding_method": st.sampled_from(["none", "up", "nearest", "down"]),
        "rounding_step": st.sampled_from([0.1, 0.166667, 0.25, 0.5, 1.0]),
        "rounding_minimum": st.sampled_from([0.0, 0.5]),
        "rounding_scope": st.sampled_from(["entry", "person_day", "line"]),
        "line_grouping": st.sampled_from(
            ["task", "entry", "employee", "role", "day", "one"]
        ),
        "quantity_factor": st.sampled_from([100.0, 133.0, 200.0]),
    }
)


class TestRoundingProperties(BillingCommon):
    """For random minutes, prices, roundings and groupings (X13, X14, X14b)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_task = cls._create_task("Build")
        cls.rule = cls._create_rule(price=100)
        # rounded globally, the host moves a cent between lines and total (A23)
        cls.company.tax_calculation_rounding_method = "round_per_line"

    def _enter(self, work):
        return self.env["account.analytic.line"].create(
            [
                {
                    "name": f"Work {index}",
                    "project_id": self.project.id,
                    "task_id": (self.other_task if other_task else self.task).id,
                    "employee_id": (self.ben if is_ben else self.ann).id,
                    "unit_amount": minutes / 60,
                    "date": DAY + timedelta(days=day),
                    "billing_confirmed": True,
                }
                for index, (minutes, day, is_ben, other_task) in enumerate(work)
            ]
        )

    def _assert_lines_tell_the_truth(self, invoice):
        for line in invoice.invoice_line_ids:
            rows = line.billing_allocation_ids
            shown = line.quantity * line.price_unit
            self.assertAlmostEqual(shown, line.price_subtotal, delta=0.005000001)
            self.assertAlmostEqual(
                sum(rows.mapped("invoiced_quantity")), line.quantity, 6
            )
            money = sum(rows.mapped("amount")) + sum(rows.mapped("adjustment"))
            self.assertAlmostEqual(money, line.price_subtotal, 6)

    @settings(
        deadline=None,
        max_examples=40,
        # each example makes an invoice: shrinking would take minutes
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(MINUTES, TERMS, st.booleans())
    def test_shown_quantity_times_price_is_the_amount(self, work, terms, in_days):
        with self.env.cr.savepoint() as savepoint:
            unit = self.day if in_days else self.hour
            self.rule.write({**terms, "uom_id": unit.id})
            entries = self._enter(work)
            run = self._propose()
            proposed = self._get_lines(run, "proposed")
            if proposed:
                run.action_invoice()
                invoice = run.move_ids
                self._assert_lines_tell_the_truth(invoice)
                self.assertAlmostEqual(proposed.amount, invoice.amount_untaxed, 6)
                rows = invoice.billing_allocation_ids
                billed = rows.analytic_line_id
                self.assertAlmostEqual(
                    sum(rows.mapped("quantity")),
                    sum(billed.mapped("unit_amount")),
                    delta=1e-6 * len(work),
                )
                worked = sum(m for m, *_rest in work) / 60
                if billed == entries.filtered("unit_amount"):
                    self.assertAlmostEqual(
                        sum(rows.mapped("quantity")), worked, delta=1e-5
                    )
            self.assertConserved()
            savepoint.rollback()
        self.env.invalidate_all()
