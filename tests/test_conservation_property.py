"""Both sentences of conservation over random books, against plain sums.

What must come out is summed here from journal items, their matches, invoice lines and
rows of the ledger, one after the other.
"""

import os
from collections import defaultdict
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .random_books import ACTIONS, TODAY, Books
from .test_share import ShareCommon

HISTORIES = int(os.environ.get("PIT_HISTORIES", "8"))
SMALL = st.integers(0, 11)
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTIONS), SMALL, SMALL, SMALL), min_size=3, max_size=8
)
SIDES = {"asset_receivable": False, "liability_payable": True}
NOWHERE = ("retention", "opening")  # items that are in no stage


def add(sums):
    """Return the sums that are something, in cents."""
    return {key: round(value, 2) for key, value in sums.items() if round(value, 2)}


@tagged("heavy")
@freeze_time(TODAY)
class TestConservationOfRandomBooks(ShareCommon):
    # -- gross: the oracle reads lines and their matches -------------------------------

    def _read_open(self, day):
        """Return ``[(line, open, open in its currency)]`` at the end of a day.

        :param day: None = as it is now, whatever the dates
        """
        lines = self.env["account.move.line"].search(
            [
                ("account_type", "in", list(SIDES)),
                ("parent_state", "=", "posted"),
                ("company_id", "=", self.company.id),
                *([("date", "<=", day)] if day else []),
            ]
        )
        paid = defaultdict(lambda: [0.0, 0.0])
        for match in self.env["account.partial.reconcile"].search([]):
            if day and match.max_date > day:
                continue
            for line, sign, amount in (
                (match.debit_move_id, 1, match.debit_amount_currency),
                (match.credit_move_id, -1, match.credit_amount_currency),
            ):
                paid[line][0] += sign * match.amount
                paid[line][1] += sign * amount
        return [
            (line, line.balance - paid[line][0], line.amount_currency - paid[line][1])
            for line in lines
        ]

    def _is_late(self, line, amount, today):
        """Whether what is open of a line is overdue: a waiting payment never is."""
        if line.display_type == "payment_term":
            return line.date_maturity < today
        owed = (line.account_type == "asset_receivable") == (amount > 0)
        return owed and (line.date_maturity or line.date) < today

    def _expect_gross(self, day):
        expected, late = defaultdict(float), defaultdict(float)
        for line, company, currency in self._read_open(day):
            who = line.partner_id.id, SIDES[line.account_type]
            expected[who + ("company",)] += company
            expected[who + (line.currency_id.id,)] += currency
            if self._is_late(line, company, day or TODAY):
                late[who] += company
        return add(expected), add(late)

    def _prove_gross(self, facts, day):
        found, late = defaultdict(float), defaultdict(float)
        for fact in facts.filtered(lambda f: f.stage in ("open", "overdue")):
            who = fact.partner_id.id, fact.is_payable
            found[who + ("company",)] += fact.gross_company
            found[who + (fact.currency_id.id,)] += fact.gross
            if fact.stage == "overdue":
                late[who] += fact.gross_company
        self.assertEqual((add(found), add(late)), self._expect_gross(day))

    def _prove_paid(self, facts, day):
        """What is paid of documents is what their instalments were matched with."""
        found, expected = defaultdict(float), defaultdict(float)
        for fact in facts.filtered(lambda f: f.stage == "paid"):
            found[fact.move_line_id.id] += fact.gross_company
        for line, company, _currency in self._read_open(day):
            if line.display_type == "payment_term":
                expected[line.id] += line.balance - company
        self.assertEqual(add(found), add(expected))

    # -- net: the oracle reads invoice lines and rows of the ledger --------------------

    def _expect_documents(self, day):
        """Return ``{(rule, currency): net}`` of invoice lines."""
        expected = defaultdict(float)
        for line in self.env["account.move.line"].search(
            [
                ("billing_allocation_ids", "!=", False),
                ("parent_state", "in", ["posted"] if day else ["posted", "draft"]),
                *([("date", "<=", day)] if day else []),
            ]
        ):
            rule = line.billing_allocation_ids.rule_id
            expected[rule.id, line.currency_id.id] -= line.amount_currency
        return expected

    def _add_work(self, expected):
        """Add what is on no invoice yet, by the rows of the ledger."""
        for item in self.books.items.filtered("active"):
            if item.kind in NOWHERE:
                continue
            rows = item.allocation_ids.filtered(
                lambda r: r.is_live and r.kind in ("bill", "credit")
            )
            left = item.billable_amount - sum(rows.mapped("amount"))
            expected[item.rule_id.id, item.currency_id.id] += left
        months = defaultdict(float)
        for entry in self.books.entries:
            rule, rows = entry.billing_rule_id, entry.billing_allocation_ids
            rows = rows.filtered(lambda r: r.is_live and r.kind in ("bill", "credit"))
            hours = entry.billable_quantity - sum(rows.mapped("quantity"))
            held = entry.billing_held_quantity
            key = rule.id, entry.billing_price_currency_id.id, entry.date.month
            for is_held, part in ((True, held), (False, hours - held)):
                months[key + (is_held,)] += part * entry.billing_price
        for (rule, currency, _month, _held), amount in months.items():
            expected[rule, currency] += round(amount + 1e-9, 2)

    def _prove_net(self, facts, day):
        found = defaultdict(float)
        for fact in facts.filtered("rule_id"):
            found[fact.rule_id.id, fact.currency_id.id] += fact.net
        expected = self._expect_documents(day)
        if not day:
            self._add_work(expected)
        for key in found.keys() | expected.keys():
            self.assertAlmostEqual(found[key], expected[key], delta=0.011, msg=str(key))

    # -- the proof ---------------------------------------------------------------------

    def _prove(self, day):
        self.env.flush_all()
        self.env.invalidate_all()
        facts = self.env["project.billing.tracker"].with_user(self.clerk)
        facts = facts.with_context(billing_tracker_date=day).search([])
        self.assertEqual(len(facts), len(set(facts.ids)))
        self._prove_gross(facts, day)
        self._prove_paid(facts, day)
        self._prove_net(facts, day)

    def _prove_check(self):
        """The ledger check finds nothing, unless somebody breaks the books."""
        rows = self.env["project.billing.check"].with_user(self.clerk)
        rows = rows.search([("severity", "=", "difference")])
        self.assertFalse(rows, rows.mapped(lambda r: (r.kind, r.expected, r.found)))

    def _do(self, action, *numbers):
        try:
            with self.env.cr.savepoint():
                getattr(self.books, action)(*numbers)
                self.env.flush_all()
            self.done[action] += 1
        except (UserError, IntegrityError):
            self.env.invalidate_all()  # refused: nothing has changed

    def _live_through(self, steps, days):
        self._do("type", 3, 2, 4)
        self._do("log", 0, 0, 3)
        self._do("ready", 0, 2, 0)
        self._do("bill", 0, 1, 2)
        self._do("log", 4, 1, 8)  # a correction of an earlier month
        self._do("log", 2, 1, 1)
        for number, step in enumerate(steps):
            self._do(*step)
            self._prove(None)
            self._prove(TODAY - timedelta(days=days[number % len(days)]))
        self._prove_check()

    @mute_logger("odoo.sql_db")
    def test_nothing_is_lost_between_tracker_and_books(self):
        self.books, self.done = Books(self), defaultdict(int)

        @settings(
            max_examples=HISTORIES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(steps=STEPS, days=st.lists(st.integers(0, 170), min_size=1, max_size=4))
        def prove(steps, days):
            savepoint = self.env.cr.savepoint()
            try:
                self._live_through(steps, days)
            finally:
                savepoint.close(rollback=True)
                self.env.invalidate_all()

        prove()
        never = set(ACTIONS) - self.done.keys()
        self.assertLessEqual(len(never), 4, f"chance left out too much: {never}")
