"""A year of days over real books: what runs do is what a plain oracle says.

Each history travels through a year in the company's own zone, from 11 hours behind to
14 ahead: invoices and instalments, money in full and in part, credits, money that
bounces, disputes, promises, holds; days without a run, days with two. ``PIT_HISTORIES``
says how many histories (8 in CI).
"""

import os
from collections import Counter
from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.tests import tagged

from .overdue_oracle import Rung
from .overdue_world import ACTIONS, World
from .test_overdue_send import SendCommon

HISTORIES = int(os.environ.get("PIT_HISTORIES", "8"))
START = date(2026, 1, 1)
ZONES = (
    "Pacific/Pago_Pago",  # 11 hours behind
    "Pacific/Kiritimati",  # 14 ahead
    "America/St_Johns",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "UTC",
)
SMALL = st.integers(0, 11)
RUNG = st.builds(
    Rung,
    st.sampled_from(["before", "after", "after", "month_end", "previous"]),
    st.integers(0, 40),
    st.sampled_from([0, 0, 1000]),
    st.sampled_from([0, 0, 9, 30]),
)
FIRST = RUNG.filter(lambda rung: rung.kind != "previous")
EVENT = st.tuples(st.integers(0, 364), st.sampled_from(ACTIONS), SMALL, SMALL)
PLANS = st.fixed_dictionaries(
    {
        "zone": st.sampled_from(ZONES),
        "rungs": st.tuples(FIRST, st.lists(RUNG, max_size=3)).map(
            lambda rungs: [rungs[0], *rungs[1]]
        ),
        "interval": st.sampled_from([0, 0, 7, 20]),
        "is_stepwise": st.booleans(),
    }
)


@tagged("heavy")
class TestTimeTravel(SendCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.partner"].create(
            {"name": "Contoso", "email": "pay@contoso.example", "lang": "en_US"}
        )
        cls.term = cls.env["account.payment.term"].create(
            {
                "name": "30/70",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": part, "nb_days": days}
                    )
                    for part, days in ((30, 10), (70, 45))
                ],
            }
        )
        cls.counts = Counter()

    @settings(
        max_examples=HISTORIES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(
        plan=PLANS,
        bills=st.lists(
            st.tuples(
                st.integers(0, 60),
                st.sampled_from(["bill_one", "bill_split"]),
                SMALL,
                SMALL,
            ),
            min_size=1,
            max_size=3,
        ),
        events=st.lists(EVENT, min_size=8, max_size=16),
    )
    def test_a_year_of_any_days(self, plan, bills, events):
        days = sorted([*bills, *events], key=lambda event: event[0])
        savepoint = self.env.cr.savepoint()
        try:
            world = World(self, plan)
            world.play([(START + timedelta(days=day), *event) for day, *event in days])
            self.assert_invariants(world)
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all()
            self.sink.messages.clear()

    # -- after each event --------------------------------------------------------------

    def compare(self, world, when):
        """What is open, charged and said is the same in the books and in the oracle."""
        self.env.flush_all()
        opened, charged = {}, {}
        for bill in world.oracle.bills:
            for part in bill.parts:
                opened[bill.key, part.due] = part.open
        moves = self.env["account.move"].browse(bill.key for bill in world.oracle.bills)
        found = Counter()
        for line in moves.line_ids:
            if line.display_type == "payment_term":
                key = line.move_id.id, line.date_maturity
                found[key] += round(line.amount_residual * 100)
        self.assertEqual(dict(found), opened, f"open after {when}")
        for bill in world.bills.values():
            charged[bill.key] = sum(p.fees + p.interest for p in bill.parts)
        for key, cents in charged.items():
            notes = world.moves[key].debit_note_ids.filtered(
                lambda move: move.state == "posted"
            )
            total = round(sum(notes.mapped("amount_total")) * 100)
            self.assertEqual(total, cents, f"fees and interest after {when}")
        for pause in world.oracle.pauses:
            state = world.pauses[id(pause)].state
            if pause.kind == "promise" and pause.state == "kept":
                # a credit note settles it, but is no kept word
                self.assertIn(state, ("kept", "ended"), f"promise after {when}")
            else:
                self.assertEqual(state, pause.state, f"{pause.kind} after {when}")

    # -- at the end, from the table of actions alone ---------------------------------

    def assert_invariants(self, world):
        actions = self.env["account.overdue.action"].search(
            [("move_id", "in", list(world.moves))], order="id"
        )
        once = Counter((x.move_id, x.date_maturity, x.level_id) for x in actions)
        self.assertFalse([key for key, count in once.items() if count > 1], "twice")
        for (move, due), own in actions.grouped(
            lambda x: (x.move_id, x.date_maturity)
        ).items():
            sequences = own.level_id.mapped("sequence")
            self.assertEqual(sequences, sorted(sequences), "upwards")
            days = own.mapped("date_done")
            gaps = [b - a for a, b in zip(days, days[1:], strict=False)]
            least = timedelta(days=max(world.oracle.interval, 1))
            self.assertTrue(all(gap >= least for gap in gaps), (move.name, due, days))
            bill = world.bills[move.id]
            self.assertFalse(
                [day for day in days if world.oracle.is_paused(bill, day)], "paused"
            )
        self.counts["actions"] += len(actions)
