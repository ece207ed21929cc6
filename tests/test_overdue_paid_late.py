"""Interest of what was paid late, by the run: where the policy says so, once."""

from datetime import timedelta

from odoo.tests import freeze_time

from .overdue_common import DUE
from .test_overdue_effects import EffectCommon


def after(days):
    return DUE + timedelta(days=days)


class TestPaidLate(EffectCommon):
    """100,000.00 at 3.65 % a year: 10.00 a day; interest from level 2 on, day 20."""

    def setUp(self):
        super().setUp()
        self.terms = {"interest_type": "agreed", "interest_rate": 3.65}
        self.own = self._use(
            {"delay_days": 5, "channel": "none"},
            {"delay_days": 20, "channel": "none", "fee_type": "fixed", "fee_amount": 7}
            | self.terms,
        )
        self.own.charge_paid_late = True
        self.invoice = self._create_invoice(100000)

    def _pay_on(self, days, amount=100000):
        self._pay(self.invoice, amount, after(days))

    def _get_interest(self):
        notes = self.invoice.debit_note_ids.filtered(lambda m: m.state == "posted")
        return sum(notes.mapped("amount_total"))

    def test_what_was_paid_after_the_level_was_reached_bears_interest(self):
        self._pay_on(25)
        run = self._propose_reminders(after(30))
        line = run.line_ids
        self.assertEqual((line.state, line.amount), ("proposed", 250))
        self.assertTrue(line.is_paid_late)
        self.assertIn("Paid late", line.reason)
        self.assertEqual(line.days_overdue, 25)
        with freeze_time(after(30)):
            run.action_execute()
        self.assertEqual(self._get_interest(), 250)  # and no fee
        self.assertEqual((line.state, run.state), ("done", "done"))
        self.assertFalse(run.action_ids)
        self.assertFalse(run.notice_ids)

    def test_it_is_charged_once(self):
        self._pay_on(25)
        self._remind(after(30))
        self.assertFalse(self._propose_reminders(after(30)).line_ids)
        # what is left is the debit note, which was not sent
        later = self._propose_reminders(after(60)).line_ids
        self.assertFalse(later.filtered("is_paid_late"))
        self.assertEqual(later.move_id, self.invoice.debit_note_ids)

    def test_it_goes_on_where_the_last_charge_ended(self):
        self._remind(after(20))  # 20 days and the fee
        self.assertEqual(self._get_interest(), 207)
        self._pay_on(25)
        self._remind(after(30))
        self.assertEqual(self._get_interest(), 257)

    def test_who_paid_before_the_level_pays_none(self):
        self._pay_on(19)
        self.assertFalse(self._propose_reminders(after(30)).line_ids)
        self._create_invoice(5)  # the day itself counts
        self.invoice = self._create_invoice(100000, partner_id=self._create_other())
        self._pay_on(20)
        run = self._propose_reminders(after(30))
        self.assertEqual(run.line_ids.filtered("is_paid_late").amount, 200)

    def _create_other(self):
        return self.env["res.partner"].create({"name": "Contoso"}).id

    def test_nothing_is_proposed_unless_the_policy_says_so(self):
        self._pay_on(25)
        self.own.charge_paid_late = False
        self.assertFalse(self._propose_reminders(after(30)).line_ids)
        fresh = self.env["account.overdue.policy"].create({"name": "New"})
        self.assertFalse(fresh.charge_paid_late)

    def test_a_policy_that_is_off_charges_nothing(self):
        self._pay_on(25)
        self.own.is_on = False
        self.assertFalse(self._propose_reminders(after(30)).line_ids)

    def test_the_customers_own_policy_holds(self):
        self._pay_on(25)
        self.customer.with_company(self.company).overdue_policy_id = self.policy
        self.assertFalse(self._propose_reminders(after(30)).line_ids)

    def test_what_was_due_before_the_start_is_left_alone(self):
        self._pay_on(25)
        self.own.date_start = after(1)
        self.assertFalse(self._propose_reminders(after(30)).line_ids)

    def test_a_hold_on_the_customer_stops_it_and_says_so(self):
        self._pay_on(25)
        with freeze_time(f"{after(26)} 12:00:00"):
            self.customer.with_user(self.clerk).action_overdue_hold("Merger")
        run = self._propose_reminders(after(30))
        self.assertEqual(self._get_reason(run), "on_hold")
        self.assertIn("Merger", run.line_ids.reason)

    def test_a_missing_rate_is_told(self):
        self.own.level_ids[1].write(
            {"interest_type": "statutory", "interest_statute": "eu"}
        )
        self.env["account.interest.rate"].search([]).unlink()
        self._pay_on(25)
        run = self._propose_reminders(after(30))
        self.assertEqual(self._get_reason(run), "interest_waits")
        self.assertIn("No reference rate", run.line_ids.reason)

    def test_a_part_payment_is_no_end(self):
        self._remind(after(5))
        self._pay_on(10, 60000)
        self._pay_on(25, 40000)
        self._remind(after(30))
        self.assertEqual(self._get_interest(), 100 + 15 * 4)

    def test_it_is_left_out_this_time_and_comes_again(self):
        self._pay_on(25)
        run = self._propose_reminders(after(30))
        run.line_ids.action_skip_once()
        self.assertEqual(self._get_reason(run), "skipped_once")
        self.assertTrue(self._propose_reminders(after(31)).line_ids)

    def test_charged_by_hand_meanwhile_it_is_left_out(self):
        self._pay_on(25)
        run = self._propose_reminders(after(30))
        charges = self.env["account.overdue.charge"].with_user(self.clerk)
        lines = self.invoice.line_ids.filtered("date_maturity")
        charges._charge(lines, self.own.level_ids[1], after(30))
        with freeze_time(after(30)):
            run.action_execute()
        self.assertEqual(run.line_ids.reason_code, "changed_meanwhile")
        self.assertEqual(len(self.invoice.debit_note_ids), 1)

    def test_with_late_payments_others_are_reminded_as_ever(self):
        self._pay_on(25)
        other = self._create_invoice(80)
        run = self._remind(after(30))
        self.assertEqual(run.action_ids.move_id, other)
        self.assertEqual(self._get_interest(), 250)

    def test_charges_above_the_limit_wait_for_approval(self):
        self.own.level_ids[1].fee_approval_amount = 100
        self._pay_on(25)
        self._remind(after(30))
        charge = self.env["account.overdue.charge"].search(
            [("move_id", "=", self.invoice.id)]
        )
        self.assertEqual((charge.state, charge.amount), ("to_approve", 250))
        self.assertFalse(self._propose_reminders(after(31)).line_ids)
