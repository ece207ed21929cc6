import os
import sys
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import BillingCommon
from .invariants import (
    find_violations,
    get_paid_twice,
    get_remembered,
    get_totals,
)
from .stateful import ACTIONS, GROUPS, TODAY, Firm

# CI tries the same sequences each time; `setup/stateful.sh` looks for new ones
IS_SEARCH = "PIT_SEQUENCES" in os.environ
SEQUENCES = int(os.environ.get("PIT_SEQUENCES", "100"))
STEPS = 25
# what people may not type; every other refusal has words of its own
INPUT_CONSTRAINTS = ("account_move_reversal_hour_hours",)
UNTOUCHING = frozenset("duplicate debit replace".split())
# may take back what was taken off a draft line, and nothing else
RECLAIMING = frozenset("raise_quantity change_price add_line post".split())
FREEING = frozenset(
    "lower delete_line delete_draft undo cancel credit credit_named_hours"
    " credit_typed_quantity post_credit".split()
)
BEGINNINGS = ("post", "credit", "cancel", "credit_named_hours", "replace")
PHASES = [Phase.reuse, Phase.generate, Phase.shrink]
if os.environ.get("PIT_QUICK"):  # the first failure as it was found
    PHASES.remove(Phase.shrink)
SMALL = st.integers(0, 11)


class Machine(RuleBasedStateMachine):
    """One sequence: what people do, in any order, each step followed by the proof.

    ``firm`` and ``counts`` are given by the test; the database goes back to where it
    was after each sequence.
    """

    firm = counts = None

    def __init__(self):
        super().__init__()
        self.env = self.firm.env
        self.savepoint = self.env.cr.savepoint()
        self.facts, self.remembered, self.paid_twice = set(), {}, set()

    @initialize(
        entries=st.integers(2, 6),
        reached=st.integers(0, 7),
        bill=SMALL,
        then=st.lists(st.sampled_from(BEGINNINGS), max_size=3),
    )
    def start(self, entries, reached, bill, then):
        for number in range(entries):
            self.step("log", number, number + bill, number)
        self.step("reach", reached, 0, 0)
        self.step("bill", 0, 1, 0)
        for number, action in enumerate(then):
            if self.has(ACTIONS[action]):
                self.step(action, number, bill, bill)

    def step(self, action, a, b, c):
        """Do it or be refused (then nothing may have changed), and prove the rest."""
        before = get_totals(self.env)
        self.remembered = get_remembered(self.env)
        self.paid_twice = get_paid_twice(self.env)
        try:
            with self.env.cr.savepoint():
                getattr(self.firm, action)(a, b, c)
            done = True
        except UserError:
            done = False
        except IntegrityError as error:  # the host makes a refusal of it
            done = False
            assert error.diag.constraint_name in INPUT_CONSTRAINTS, error
        self.counts[action, done] += 1
        self.env.invalidate_all()
        violations = find_violations(self.env)
        assert not violations, f"{action}: {violations}"
        after = get_totals(self.env)
        self.check_change(action, done, before, after)
        self.facts = self.firm.get_facts()

    def check_change(self, action, done, before, after):
        """What an action must leave as it was."""
        if not done or action in UNTOUCHING:
            assert before == after, f"{action} changed the work: {before} > {after}"
        elif action in RECLAIMING:
            self.check_reclaimed(action, before, after)
        if action in FREEING:  # what comes back is held or given up, never free
            for key in before.keys() | after.keys():
                was, now = before.get(key, (0, 0, 0)), after.get(key, (0, 0, 0))
                assert abs(sum(was) - sum(now)) < 0.00005, f"{action} freed {key}"
        if action in ("bill", "bill_by_schedule"):
            for key, (_billed, held, written) in before.items():
                now = after.get(key, (0, 0, 0))
                assert (held, written) == now[1:], f"{action} billed held work {key}"

    def check_reclaimed(self, action, before, after):
        """What was free or held may be billed where a draft line remembers it."""
        for key in before.keys() | after.keys():
            was, now = before.get(key, (0, 0, 0)), after.get(key, (0, 0, 0))
            grown = abs(now[0]) - abs(was[0])
            assert was[2] == now[2], f"{action} changed what is written off: {key}"
            assert -0.00005 < grown, f"{action} freed {key}"
            assert grown < self.remembered.get(key, 0) + 0.00005, (
                f"{action} billed {key}, which was not taken off: {was} > {now}"
            )
        again = get_paid_twice(self.env) - self.paid_twice
        assert not again, f"{action} is paid for work that is still offered: {again}"

    def has(self, fact):
        return not fact or any(fact in known for known in self.facts)

    def prove_nothing_is_stuck(self):
        """Release and reach everything: one run bills it all, the next one nothing."""
        self.firm.free_all()
        for _attempt in range(2):
            run = self.firm.propose_all()
            lines = run.line_ids.filtered(lambda line: line.state == "proposed")
            if lines and not _attempt:
                run.action_invoice()
        assert not lines, f"a second run bills again: {lines.mapped('display_name')}"
        failed = self.firm.get_unexplained(run)
        assert not failed, f"neither billed nor explained: {failed}"
        violations = find_violations(self.env)
        assert not violations, f"at the end: {violations}"

    def teardown(self):
        try:
            if not sys.exc_info()[0]:
                self.prove_nothing_is_stuck()
        finally:
            self.go_back()

    def go_back(self):
        self.savepoint.close()
        self.env.cr.precommit.clear()
        self.env.cr.postcommit.clear()


def _add_group(name, actions):
    """Add a rule that does one of the actions for which there is something."""

    def get_able(machine):
        return [action for action in actions if machine.has(ACTIONS[action])]

    def run(self, data, a, b, c):
        self.step(data.draw(st.sampled_from(get_able(self)), "action"), a, b, c)

    run.__name__ = name
    allowed = precondition(lambda self: bool(get_able(self)))(run)
    setattr(Machine, name, rule(data=st.data(), a=SMALL, b=SMALL, c=SMALL)(allowed))


for _name, _actions in GROUPS.items():
    _add_group(_name, _actions)


@tagged("heavy")
@freeze_time(TODAY)
class TestStateful(BillingCommon):
    """Any sequence of clicks: no work billed twice, none lost, money is money.

    ``PIT_SEQUENCES`` sequences of up to 25 steps. A failing one is made minimal,
    printed as a script of calls, and kept for the next run.
    """

    def setUp(self):
        super().setUp()
        self.firm = Firm(self)

    def test_no_sequence_bills_twice_or_loses_work(self):
        counts = Counter()
        machine = type("Sequence", (Machine,), {"firm": self.firm, "counts": counts})
        storage = os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY")
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=SEQUENCES,
                stateful_step_count=STEPS,
                derandomize=not IS_SEARCH,
                deadline=None,
                print_blob=True,
                database=DirectoryBasedExampleDatabase(Path(storage) / "examples")
                if storage and IS_SEARCH
                else None,
                suppress_health_check=list(HealthCheck),
                phases=PHASES,
            ),
        )
        self._assert_all_done(counts)

    def _assert_all_done(self, counts):
        """A machine whose every step is refused would prove nothing."""
        lines = [
            f"{action}: {counts[action, True]} done, {counts[action, False]} refused"
            for action in ACTIONS
        ]
        sys.stdout.write("\n".join(lines))
        never = [action for action in ACTIONS if not counts[action, True]]
        refused = [action for action in never if counts[action, False] >= 10]
        self.assertFalse(refused, "always refused")
        self.assertLessEqual(len(never), 3, f"chance left out too much: {never}")
