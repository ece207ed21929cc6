"""Disputes and promises where the money is shown: tracker, ageing, forecast."""

from datetime import date, timedelta

from odoo.tests import freeze_time

from .test_pause import DAY, PauseCommon
from .test_tracker import TODAY


class PauseTrackerCommon(PauseCommon):
    def _get_flags(self, day=None, user=None):
        """Return ``{document: (disputed, promised)}`` of what is open."""
        facts = self._get_facts(user=user, day=day)
        return {
            fact.move_id: (fact.is_disputed, fact.is_promised)
            for fact in facts
            if fact.stage in ("open", "overdue")
        }

    def _get_expected(self, move=None):
        """Return the expected days of what is open, in tracker and forecast alike."""
        move = move or self.invoice
        facts = self._get_facts(move_id=move.id).sorted("date_due")
        days = facts.filtered(lambda f: f.stage != "paid").mapped("date_expected")
        rows = self._get_forecast(move_id=move.id, on_expected=True).sorted("date_due")
        self.assertEqual(days, rows.mapped("date_expected"))
        self.assertEqual(days, rows.mapped("date"))
        return days

    def _invoice_in_parts(self, amounts, due=TODAY):
        """Return a posted invoice with an instalment each week from a day on."""
        move = self._invoice(sum(amounts), due)
        move.button_draft()
        term = self.env["account.payment.term"].create(
            {
                "name": "Parts",
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "value": "percent",
                            "value_amount": 100 * amount / sum(amounts),
                            "nb_days": 30 + 7 * week,
                        },
                    )
                    for week, amount in enumerate(amounts)
                ],
            }
        )
        move.invoice_payment_term_id = term
        move.action_post()
        return move


class TestPauseFlags(PauseTrackerCommon):
    """Flags of today and of past days."""

    def test_dispute_and_promise_are_flags_of_the_invoice_only(self):
        other = self._invoice(amount=50)
        self._dispute()
        self._promise(move=other)
        self.assertEqual(
            self._get_flags(),
            {self.invoice: (True, False), other: (False, True)},
        )

    def test_hold_is_neither(self):
        self._as(self.clerk).action_overdue_hold("Talks")
        self.assertEqual(self._get_flags(), {self.invoice: (False, False)})

    def test_customers_dispute_flags_all_its_invoices(self):
        other = self._invoice(amount=50)
        self._as(self.clerk, self.customer).action_overdue_dispute("All wrong")
        self.assertEqual(set(self._get_flags().values()), {(True, False)})
        self.assertIn(other, self._get_flags())

    def test_past_day_shows_what_was_in_force_on_it(self):
        self._promise(days=2)
        self.assertEqual(self._get_flags(day="2026-07-14")[self.invoice], (False,) * 2)
        with freeze_time("2026-08-01 12:00:00"):
            flags = self._get_flags(day="2026-07-17")
            self.assertEqual(flags[self.invoice], (False, True))
            self.assertEqual(self._get_flags()[self.invoice], (False, False))

    def test_ended_dispute_was_in_force_until_then(self):
        pause = self._dispute()
        with freeze_time("2026-07-20 12:00:00"):
            pause.with_user(self.clerk).action_end()
            self.assertEqual(self._get_flags()[self.invoice], (False, False))
            flags = self._get_flags(day="2026-07-19")
        self.assertEqual(flags[self.invoice], (True, False))

    def test_what_is_paid_has_no_flag(self):
        self._dispute()
        self._pay(self.invoice, 40)
        facts = self._get_facts(move_id=self.invoice.id)
        flags = {fact.stage: fact.is_disputed for fact in facts}
        self.assertEqual(flags, {"overdue": True, "paid": False})

    def test_amounts_stay_tied_with_the_ledger(self):
        self._as(self.clerk, self.customer).action_overdue_dispute("All wrong")
        self._dispute()
        self._promise()
        self._as(self.clerk, self.customer).action_overdue_promise("2026-07-20")
        self.assertTiesWithLedger()

    def test_project_manager_filters_own_projects_by_dispute(self):
        self._dispute()
        facts = self._get_facts(user=self.manager, is_disputed=True)
        self.assertEqual(facts.move_id, self.invoice)

    def test_ageing_of_a_day_can_be_filtered_by_dispute(self):
        self._dispute()
        ageing = self.env["project.billing.ageing"].with_user(self.clerk)
        rows = ageing.search([("is_disputed", "=", True)])
        self.assertEqual(rows.mapped("amount_1_30"), [100])
        past = ageing.with_context(billing_tracker_date="2026-07-14")
        self.assertFalse(past.search([("is_disputed", "=", True)]))


class TestPauseExpected(PauseTrackerCommon):
    """When money of disputed and promised invoices is expected."""

    def test_promise_moves_the_expected_day_to_its_day(self):
        self._teach(12)
        self._promise(days=3)
        self.assertEqual(self._get_expected(), [TODAY + 3 * DAY])

    def test_broken_promise_moves_it_no_more(self):
        self._promise(days=3)
        with freeze_time("2026-07-19 12:00:00"):
            self.assertEqual(self._get_expected(), [date(2026, 7, 19)])

    def test_dispute_without_end_is_expected_on_no_day_and_stays_due(self):
        self._dispute()
        self.assertEqual(self._get_expected(), [False])
        self.assertFalse(
            {day for day in self._get_days(move_id=self.invoice.id) if day}
        )
        due = self._get_days("due", move_id=self.invoice.id)
        self.assertEqual(due, {TODAY: 100})

    def test_dispute_with_an_end_is_expected_then(self):
        self._dispute(date_end=TODAY + 20 * DAY)
        self.assertEqual(self._get_expected(), [TODAY + 20 * DAY])

    def test_habit_later_than_the_end_of_the_dispute_stands(self):
        other = self._invoice(due=TODAY)
        self._teach(12)
        self._dispute(move=other, date_end=TODAY + DAY)
        self.assertEqual(self._get_expected(other), [TODAY + 12 * DAY])

    def test_promise_of_a_disputed_invoice_waits_for_the_end_of_the_dispute(self):
        self._promise(days=3)
        self._dispute(date_end=TODAY + 9 * DAY)
        self.assertEqual(self._get_expected(), [TODAY + 9 * DAY])

    def test_hold_moves_nothing(self):
        before = self._get_expected()
        self._as(self.clerk).action_overdue_hold("Talks")
        self.assertEqual(self._get_expected(), before)

    def test_promise_of_a_part_moves_the_instalments_that_it_covers(self):
        move = self._invoice_in_parts([30, 70])
        self._promise(move=move, days=3, amount=30)
        self.assertEqual(self._get_expected(move), [TODAY + 3 * DAY, TODAY + 7 * DAY])

    def test_promise_of_less_than_an_instalment_moves_none(self):
        move = self._invoice_in_parts([30, 70])
        self._promise(move=move, days=3, amount=29.99)
        self.assertEqual(self._get_expected(move), [TODAY, TODAY + 7 * DAY])

    def test_promise_still_covers_the_rest_after_a_part_is_paid(self):
        move = self._invoice_in_parts([30, 70])
        self._promise(move=move, days=3)
        self._pay(move, 50)
        self.assertEqual(self._get_expected(move), [TODAY + 3 * DAY])

    def test_customers_promise_covers_what_was_due_first(self):
        late = self._invoice(amount=500, due=TODAY + 10 * DAY)
        partner = self._as(self.clerk, self.customer)
        partner.action_overdue_promise(TODAY + 3 * DAY, 100)
        self.assertEqual(self._get_expected(), [TODAY + 3 * DAY])
        self.assertEqual(self._get_expected(late), [TODAY + 10 * DAY])

    def test_invoice_made_after_the_customers_promise_is_not_covered(self):
        partner = self._as(self.clerk, self.customer)
        partner.action_overdue_promise(TODAY + 3 * DAY)
        with freeze_time("2026-07-16 12:00:00"):
            due = date(2026, 7, 30)
            new = self._invoice(due=due, invoice_date=date(2026, 7, 16))
            self.assertEqual(self._get_expected(new), [due])
            self.assertEqual(self._get_expected(), [TODAY + 3 * DAY])

    def test_forecast_says_why(self):
        self._promise(days=3)
        [fact] = self._get_forecast(move_id=self.invoice.id, on_expected=True)
        self.assertEqual(fact.habit, "promised for 07/18/2026")

    def test_columns_of_the_forecast_sum_to_the_same_with_pauses(self):
        self._invoice_in_parts([30, 70])
        self._promise(days=3)
        self._as(self.clerk, self.customer).action_overdue_dispute("All")
        facts = self._get_forecast(kind="invoice")
        self.assertEqual(sum(facts.mapped("expected")), sum(facts.mapped("due")))

    def test_a_payers_habit_learns_nothing_from_a_dispute(self):
        self._teach(12)
        habits = self.env["project.billing.habit"].search_read([], ["days"])
        self._dispute()
        self.company._refresh_billing_habits()
        found = self.env["project.billing.habit"].search_read([], ["days"])
        self.assertEqual([h["days"] for h in found], [h["days"] for h in habits])

    def test_dispute_of_a_vendor_who_is_a_customer_too_leaves_bills_alone(self):
        bill = self._invoice(move_type="in_invoice", due=TODAY + timedelta(days=4))
        self._as(self.clerk, self.customer).action_overdue_dispute("All")
        [fact] = self._get_forecast(move_id=bill.id)
        self.assertEqual(fact.date_expected, TODAY + timedelta(days=4))
