"""How late payers pay: learned from the ledger, used for what is open."""

from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import freeze_time

from odoo.addons.project_invoice_tracker.tools.habit import (
    BEYOND_ALL,
    Instalment,
    learn,
)

from .common import BillingCommon

DAY = date(2026, 6, 30)


def make(payer, days_late, is_paid=True, due=date(2026, 3, 1)):
    """Return one instalment for each number of days, a week apart."""
    return [
        Instalment(payer, due + timedelta(days=7 * index), days, is_paid)
        for index, days in enumerate(days_late)
    ]


class TestHabit(BillingCommon):
    """The arithmetic, without a ledger."""

    def test_a_payers_habit_is_the_average_and_the_companys_counts_once(self):
        habits = learn(make("a", [10, 12, 14]) + make("b", [0, 0, 0, 0]), DAY)
        self.assertEqual(habits.company, (0, 7))
        self.assertEqual(habits.payers["a"], (9, 3))  # (10 + 12 + 14 + 0) / 4
        self.assertEqual(habits.payers["b"], (0, 4))

    def test_one_odd_payment_makes_no_habit(self):
        usual = make("a", [5] * 9)
        odd = make("a", [300], due=date(2026, 2, 1))
        self.assertEqual(learn(usual + odd, DAY).payers["a"].days, 5)

    def test_only_the_last_20_payments_count(self):
        old = make("a", [60] * 30, due=date(2024, 8, 1))
        new = make("a", [2] * 20, due=date(2026, 1, 1))
        habit = learn(old + new, date(2026, 6, 30)).payers["a"]
        self.assertEqual((habit.days, habit.count), (5, 20))  # company: 60

    def test_who_is_late_now_is_late_by_habit(self):
        paid = make("a", [0, 0, 0])
        late = make("a", [60], is_paid=False, due=date(2026, 4, 1))
        self.assertEqual(learn(paid, DAY).payers["a"].days, 0)
        self.assertEqual(learn(paid + late, DAY).payers["a"].days, 12)

    def test_what_is_not_due_yet_makes_no_company_habit(self):
        early = make("a", [-20, -20], due=date(2026, 7, 15))
        habits = learn(early, DAY)
        self.assertIsNone(habits.company)
        self.assertEqual(habits.expect("a", date(2026, 7, 30)), date(2026, 7, 30))

    def test_a_payer_without_payments_pays_like_the_company(self):
        habits = learn(make("a", [8, 8, 8]), DAY)
        self.assertEqual(habits.expect("new", DAY), date(2026, 7, 8))

    def test_without_any_payment_the_due_date_is_expected(self):
        habits = learn([], DAY)
        self.assertEqual(habits.expect("a", DAY), DAY)
        self.assertEqual(habits.expect("a", DAY, DAY + timedelta(days=3)).day, 3)

    def test_who_is_later_than_the_habit_is_expected_as_others_so_late_were(self):
        habits = learn(make("a", [0, 0, 0, 0, 8, 12]), DAY)
        self.assertEqual(habits.payers["a"].days, 3)
        due = date(2026, 6, 20)
        today = due + timedelta(days=4)  # 1 day beyond: those were 5 and 9 beyond
        self.assertEqual(habits.expect("a", due, today), due + timedelta(days=10))
        today = due + timedelta(days=11)  # 8 beyond: one was 9
        self.assertEqual(habits.expect("a", due, today), due + timedelta(days=12))

    def test_later_than_anybody_was_is_expected_in_two_weeks(self):
        habits = learn(make("a", [0, 1, 2, 3]), DAY)
        today = DAY + timedelta(days=100)
        expected = today + timedelta(days=BEYOND_ALL)
        self.assertEqual(habits.expect("a", DAY, today), expected)

    def test_nothing_open_is_expected_before_today(self):
        habits = learn(make("a", [-15, -15, -15]), DAY)
        due = DAY + timedelta(days=3)
        self.assertGreaterEqual(habits.expect("a", due, DAY), DAY)
        self.assertEqual(habits.expect("a", due), due - timedelta(days=15))


class TestHabitLedger(BillingCommon):
    """What counts as a payment, on the host's own invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.slow = cls.env["res.partner"].create({"name": "Slow"})

    def setUp(self):
        super().setUp()
        frozen = freeze_time("2026-06-30 12:00:00")
        frozen.start()
        self.addCleanup(frozen.stop)

    def _invoice(self, partner=None, due=date(2026, 5, 1), amount=100.0):
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": (partner or self.slow).id,
                "invoice_date": due - timedelta(days=30),
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Work", "price_unit": amount, "tax_ids": []}
                    )
                ],
            }
        )
        move.action_post()
        return move

    def _pay(self, move, days, amount=None):
        """Pay ``days`` after the due date, all of it unless told."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(
                {
                    "payment_date": move.invoice_date_due + timedelta(days=days),
                    "amount": amount or move.amount_residual,
                }
            )
        )
        wizard._create_payments()
        return move

    def _get_habits(self, day=DAY):
        return self.env["project.billing.habit"]._get_habits(self.company, day)

    def _get_days(self, day=DAY):
        return self._get_habits(day).payers.get(self.slow.id)

    def test_days_late_are_read_from_payments(self):
        for due in (date(2026, 3, 1), date(2026, 4, 1)):
            self._pay(self._invoice(due=due), 12)
        self.assertEqual(self._get_days(), (12, 2))

    def test_days_of_part_payments_are_weighted_by_amount(self):
        move = self._invoice()
        self._pay(move, 0, 75.0)
        self.assertIsNone(self._get_days())
        self._pay(move, 40, 25.0)
        self.assertEqual(self._get_days(), (10, 1))

    def test_each_instalment_is_a_payment(self):
        move = self._invoice()
        move.button_draft()
        move.invoice_payment_term_id = self.env["account.payment.term"].create(
            {
                "name": "Halves",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (0, 30)
                ],
            }
        )
        move.action_post()
        self._pay(move, 0)  # on the later due date: 30 and 0 days late
        habit = self._get_days()
        self.assertEqual((habit.days, habit.count), (15, 2))

    def test_a_credit_note_is_no_payment(self):
        move = self._invoice()
        self._reverse(move, "price_reduction")
        self.assertEqual(move.payment_state, "reversed")
        self.assertIsNone(self._get_habits().company)

    def test_a_write_off_is_no_payment(self):
        move = self._invoice()
        account = self.company_data["default_account_expense"]
        receivable = self.company_data["default_account_receivable"]
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": DAY,
                "line_ids": [
                    Command.create({"account_id": account.id, "debit": 100.0}),
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "partner_id": self.slow.id,
                            "credit": 100.0,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        lines = (move | entry).line_ids
        lines.filtered(lambda line: line.account_id == receivable).reconcile()
        self.assertIsNone(self._get_habits().company)

    def test_a_past_day_knows_only_its_own_payments(self):
        self._pay(self._invoice(due=date(2026, 3, 1)), 10)
        self._pay(self._invoice(due=date(2026, 4, 1)), 50)
        self.assertEqual(self._get_days(date(2026, 4, 30)), (20, 1))  # 10, 29 so far
        self.assertEqual(self._get_days(), (30, 2))

    def test_the_invoicing_address_pays_as_its_company(self):
        address = self.env["res.partner"].create(
            {"name": "Accounts", "parent_id": self.slow.id, "type": "invoice"}
        )
        self._pay(self._invoice(address), 6)
        self.assertEqual(self._get_days(), (6, 1))

    def test_the_daily_job_learns_and_learns_anew(self):
        self._pay(self._invoice(), 12)
        job = self.env.ref("project_invoice_tracker.ir_cron_project_billing_habits")
        with self.enter_registry_test_mode():
            self.assertIs(job.method_direct_trigger(), True)
        habits = self.env["project.billing.habit"].with_user(self.clerk)
        domain = [("company_id", "=", self.company.id)]
        found = habits.search(domain)
        self.assertEqual(found.mapped("days"), [12, 12])
        self.assertEqual(found.partner_id, self.slow)
        self.assertEqual(
            self.slow.with_user(self.clerk).billing_habit,
            "Usually pays 12 days late (one payment)",
        )
        self._pay(self._invoice(due=date(2026, 6, 1)), 0)
        self.company._refresh_billing_habits()
        self.assertEqual(
            habits.search(domain + [("partner_id", "=", self.slow.id)]).days, 6
        )

    def test_a_habit_reads_as_an_accountant_says_it(self):
        habit = self.env["project.billing.habit"].create(
            {"company_id": self.company.id, "partner_id": self.slow.id}
        )
        for days, count, sentence in (
            (12, 20, "Usually pays 12 days late (last 20 payments)"),
            (1, 1, "Usually pays 1 day late (one payment)"),
            (0, 2, "Usually pays on the due date (last 2 payments)"),
            (-1, 2, "Usually pays 1 day early (last 2 payments)"),
            (-9, 2, "Usually pays 9 days early (last 2 payments)"),
        ):
            habit.write({"days": days, "payment_count": count})
            self.assertEqual(habit.display_name, sentence)
        habit.write({"partner_id": False, "days": 3, "payment_count": 40})
        self.assertEqual(
            habit.display_name, "Customers usually pay 3 days late (40 payments)"
        )

    def test_open_instalments_are_expected_by_habit(self):
        for due in (date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)):
            self._pay(self._invoice(due=due), 12)
        invoices = self._invoice(due=date(2026, 6, 25))
        invoices |= self._invoice(self.customer, due=date(2026, 7, 10))
        invoices |= self._invoice(due=date(2026, 6, 1))
        self.company._refresh_billing_habits()
        lines = invoices.line_ids.filtered("date_maturity")
        expected = self.env["project.billing.habit"]._get_expected_dates(lines, DAY)
        self.assertEqual(
            [expected[line] for line in lines],
            [date(2026, 7, 10), date(2026, 7, 22), date(2026, 7, 14)],
        )

    def test_habits_are_read_by_officers_only(self):
        habits = self.env["project.billing.habit"]
        with self.assertRaises(AccessError):
            habits.with_user(self.manager).search([])
        self.assertIsNotNone(habits.with_user(self.clerk).search([]))
        with self.assertRaises(AccessError):
            self.slow.with_user(self.manager).read(["billing_habit"])

    def test_another_companys_habits_are_not_read(self):
        self._pay(self._invoice(), 12)
        self.company._refresh_billing_habits()
        other = self.env["res.company"].create({"name": "Other"})
        user = self._create_user("far", "account.group_account_invoice")
        user.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        habits = self.env["project.billing.habit"].with_user(user).with_company(other)
        self.assertFalse(habits.search([("partner_id", "=", self.slow.id)]))
