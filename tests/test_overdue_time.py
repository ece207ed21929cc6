"""A year of days: no level twice, none after payment, none missed beyond a run."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.project_invoice_tracker.tools.overdue import (
    Level,
    Past,
    Policy,
    find_due,
    find_next,
    get_level_date,
    get_wait,
    net_credits,
    simulate,
)

START = date(2026, 1, 1)
KINDS = ("before", "after", "month_end", "previous")


@st.composite
def policies(draw):
    levels = []
    for rank in range(draw(st.integers(1, 4))):
        kinds = KINDS if rank else KINDS[:3]
        levels.append(
            Level(
                id=rank + 1,
                rank=rank,
                delay_type=draw(st.sampled_from(kinds)),
                days=draw(st.integers(0, 60)),
                repeat_days=0,
                amount_min=0,
                channel="mail",
            )
        )
    interval, stepwise = draw(st.integers(0, 20)), draw(st.booleans())
    return Policy(1, True, None, interval, stepwise, 0, levels)


def run(policy, history, maturity, day):
    """Do what a run of that day would do; return the level done, or None."""
    due = find_due(policy, history, maturity, day)
    if not due or get_wait(policy, history, None, day):
        return None
    level = due.level
    history.append(Past(level.id, level.rank, due.period, "done", day, day))
    return level


@tagged("post_install", "-at_install", "standard")
class TestTime(BaseCase):
    @settings(max_examples=300, deadline=None)
    @given(
        policy=policies(),
        maturity=st.integers(0, 120),
        days=st.sets(st.integers(0, 364), max_size=120),
        paid=st.integers(0, 364),
    )
    def test_any_days_of_runs(self, policy, maturity, days, paid):
        maturity, history = START + timedelta(days=maturity), []
        for number in sorted(days):
            if number >= paid:
                break  # what is paid is no instalment any more
            day = START + timedelta(days=number)
            run(policy, history, maturity, day)
            # doubled: the second run of a day finds nothing
            self.assertIsNone(run(policy, history, maturity, day))
        self._assert_order(policy, history, maturity)

    def test_a_missed_courtesy_note_does_not_stop_what_follows_it(self):
        """The invoice was sent after its due date, say."""
        rungs = (("before", 3), ("previous", 10), ("previous", 10))
        levels = [
            Level(n, n, kind, days, 0, 0, "mail")
            for n, (kind, days) in enumerate(rungs)
        ]
        policy = Policy(1, True, None, 0, False, 0, levels)
        history, done = [], []
        for number in range(1, 40):
            if level := run(policy, history, START, START + timedelta(days=number)):
                done.append((level.id, number))
        self.assertEqual(done, [(1, 10), (2, 20)])
        until = START + timedelta(days=40)
        preview = simulate(policy, [], START, None, START + timedelta(days=1), until)
        days = [(due.level.id, (due.date - START).days) for due in preview]
        self.assertEqual(days, done)

    def _assert_order(self, policy, history, maturity):
        ranks = [past.rank for past in history]
        self.assertEqual(ranks, sorted(set(ranks)), "once each, upwards")
        base = maturity
        for past in history:
            level = policy.levels[past.rank]
            due = get_level_date(level, maturity, base)
            base = past.date
            self.assertTrue(due and due <= past.date, "never too early")
            if level.delay_type == "before":
                self.assertLessEqual(past.date, maturity)

    @settings(max_examples=200, deadline=None)
    @given(policy=policies(), maturity=st.integers(0, 90))
    def test_a_missed_day_is_caught_up_by_the_next_run(self, policy, maturity):
        maturity = START + timedelta(days=maturity)
        day = START + timedelta(days=364)
        due = find_due(policy, [], maturity, day)
        reached, base = [], maturity
        for level in policy.levels:
            if level.delay_type != "before":
                reached_on, base = get_level_date(level, maturity, base), None
                if reached_on and reached_on <= day:
                    reached.append(level)
        if not reached:
            self.assertIsNone(due)
        elif not policy.is_stepwise:
            self.assertEqual(due.level, reached[-1])

    @settings(max_examples=200, deadline=None)
    @given(policy=policies(), maturity=st.integers(0, 90))
    def test_the_preview_is_what_daily_runs_do(self, policy, maturity):
        maturity = START + timedelta(days=maturity)
        until = START + timedelta(days=120)
        preview = simulate(policy, [], maturity, None, START, until)
        foreseen = [(due.level.id, due.date) for due in preview]
        history, done = [], []
        for number in range(121):
            day = START + timedelta(days=number)
            level = run(policy, history, maturity, day)
            if level:
                done.append((level.id, day))
        self.assertEqual(foreseen, done)

    @settings(max_examples=100, deadline=None)
    @given(policy=policies(), maturity=st.integers(0, 60))
    def test_the_next_step_is_not_before_its_day(self, policy, maturity):
        maturity = START + timedelta(days=maturity)
        due = find_next(policy, [], maturity, START, START + timedelta(days=200))
        if due:
            yesterday = due.date - timedelta(days=1)
            if yesterday >= START:
                self.assertIsNone(find_due(policy, [], maturity, yesterday))

    @settings(max_examples=200, deadline=None)
    @given(
        amounts=st.lists(st.integers(1, 500), max_size=8), credit=st.integers(0, 2000)
    )
    def test_credits_cover_whole_instalments_oldest_first(self, amounts, credit):
        rows = [(key, START, amount) for key, amount in enumerate(amounts)]
        covered, left = net_credits(rows, credit)
        self.assertEqual(sorted(covered), list(range(len(covered))))
        self.assertEqual(left, credit - sum(amounts[key] for key in covered))
        self.assertGreaterEqual(left, 0)
        if len(covered) < len(amounts):
            self.assertLess(left, amounts[len(covered)])
