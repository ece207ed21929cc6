"""Debit notes of random histories against interest computed day by day."""

import os
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from odoo.addons.project_invoice_tracker.tools.interest import round_money, to_fraction

from .charge_common import DUE, ChargeCommon, late
from .test_interest_property import get_plain_interest

HISTORIES = int(os.environ.get("PIT_HISTORIES", "12"))


@tagged("heavy")
class TestDebitNotesOfRandomHistories(ChargeCommon):
    """Payments before, between and after charges, on any day, entered at any time."""

    @settings(
        max_examples=HISTORIES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(
        amount=st.integers(100, 5_000_000).map(lambda cents: cents / 100),
        rate=st.integers(1, 3000).map(lambda points: points / 100),
        day_count=st.sampled_from(["365", "360", "actual"]),
        steps=st.lists(
            st.tuples(st.booleans(), st.integers(1, 40), st.integers(1, 99)),
            min_size=2,
            max_size=7,
        ),
    )
    def test_debit_notes_sum_to_the_plain_interest(
        self, amount, rate, day_count, steps
    ):
        savepoint = self.env.cr.savepoint()
        self.addCleanup(self.env.invalidate_all)
        level = self._create_level(
            interest_type="agreed", interest_rate=rate, interest_day_count=day_count
        )
        invoice = self._create_invoice(amount)
        day, payments = DUE, []
        for is_payment, days, percent in steps:
            day += timedelta(days=days)
            if not is_payment:
                self._charge(invoice, level, day)
                continue
            part = round(invoice.amount_residual * percent / 100, 2)
            if part > 0:
                self._pay(invoice, day, part)
                payments.append((day, part))
        self._charge(invoice, level, day + timedelta(days=1))
        charged = sum(
            to_fraction(round(note.amount_total, 2)) for note in invoice.debit_note_ids
        )
        plain = get_plain_interest(
            DUE,
            day + timedelta(days=1),
            amount,
            payments,
            lambda _day: to_fraction(rate),
            day_count,
            0,
        )
        self.assertEqual(charged, round_money(plain))
        self.assertEqual(invoice.amount_total, amount)
        savepoint.close(rollback=True)
        self.env.invalidate_all()


@tagged("heavy")
class TestManyCharges(ChargeCommon):
    """What is asked of the database does not grow with the instalments."""

    def test_proposals_for_many_invoices_take_few_statements(self):
        level = self._create_level(interest_type="agreed", interest_rate=10)
        counts = []
        for number in (3, 30):
            moves = self.env["account.move"].union(
                *(self._create_invoice(100) for _number in range(number))
            )
            lines = self._get_lines(moves)
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.charges.with_user(self.clerk)._propose(lines, level, late(9))
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)
