"""The expected payment date on a real ledger: how good it is, and the same from books.

The backtest is that of ``benchmarks/forecast.py``: at each month end, with nothing but
what was known that evening.
"""

from datetime import date, timedelta

from odoo.tests import tagged

from .common import BillingCommon
from .ledger_2012 import Ledger2012Common, backtest, read_ledger

THIRD_MONTH = date(2012, 3, 31)


@tagged("shared_data")
class TestForecastError(BillingCommon):
    """The aim: 40 % less error, in days, than the plain due date."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = read_ledger()
        cls.ends = backtest.get_month_ends(cls.ledger)

    def test_open_invoices_err_40_percent_less_once_there_is_a_quarter(self):
        ends = [end for end in self.ends if end >= THIRD_MONTH]
        guesses = backtest.backtest_open(self.ledger, ends)
        self.assertEqual(len(guesses), 1013)
        self.assertGreaterEqual(backtest.get_gain(guesses), 0.40)

    def test_open_invoices_err_a_third_less_from_the_first_day(self):
        guesses = backtest.backtest_open(self.ledger, self.ends)
        self.assertEqual(len(guesses), 1188)
        self.assertGreaterEqual(backtest.get_gain(guesses), 0.36)

    def test_new_invoices_err_a_third_less(self):
        ends = [end for end in self.ends if end >= THIRD_MONTH]
        guesses = backtest.backtest_new(self.ledger, ends)
        self.assertGreaterEqual(backtest.get_gain(guesses), 0.36)

    def test_no_month_is_worse_than_the_due_date(self):
        guesses = backtest.backtest_open(self.ledger, self.ends)
        for end in self.ends:
            own = [one for one in guesses if one.month_end == end]
            self.assertGreaterEqual(backtest.get_gain(own), 0, end)

    def test_the_future_is_not_known(self):
        end = date(2012, 6, 30)
        past = [one for one in self.ledger if one.invoiced <= end]
        blind = [
            one._replace(paid=end + timedelta(days=400)) if one.paid > end else one
            for one in past
        ]
        self.assertEqual(
            backtest.get_known(blind, end), backtest.get_known(self.ledger, end)
        )


@tagged("shared_data", "heavy")
class TestForecastLedger(Ledger2012Common):
    """The habits of the same payers, learned from the books."""

    def test_the_books_teach_what_the_file_teaches(self):
        habits = self.env["project.billing.habit"]
        names = {partner.id: name for name, partner in self.partners.items()}
        for day in (date(2012, 3, 31), date(2012, 5, 15), date(2012, 6, 30)):
            known = backtest.get_known(self.ledger, day)
            want = backtest.habit.learn(known, day)
            got = habits._get_habits(self.company, day)
            payers = {names[payer]: tuple(one) for payer, one in got.payers.items()}
            self.assertEqual(payers, {k: tuple(v) for k, v in want.payers.items()})
            self.assertEqual(tuple(got.company), tuple(want.company))
            self.assertEqual(got.waits, want.waits)

    def test_the_database_expects_what_the_arithmetic_expects(self):
        habits = self.env["project.billing.habit"]
        for day in (date(2012, 4, 30), date(2012, 6, 30)):
            known = habits._get_habits(self.company, day)
            habits._store(self.company, known, day)
            terms = self.moves.line_ids.filtered("date_maturity")
            expected = habits._get_expected_dates(terms, day)
            for term in terms:
                want = known.expect(term.partner_id.id, term.date_maturity, day)
                self.assertEqual(expected[term], want, term.name)
