"""The machine that shuffles what people do, and proves the invariants each time."""

import os
import sys
from contextlib import closing
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

from .stateful_readings import Readings

# what people may not type; every other refusal has words of its own
INPUT_CONSTRAINTS = ("account_move_reversal_hour_hours",)
UNTOUCHING = frozenset(
    "duplicate debit replace copy_line change_product limit change_order pay"
    " release_retention withdraw_release share_otherwise type_progress".split()
)
# may take back what was taken off a draft line, and nothing else
RECLAIMING = frozenset("raise_quantity change_price add_line post".split())
FREEING = frozenset(
    "lower delete_line delete_draft undo cancel credit credit_named_hours"
    " credit_typed_quantity post_credit take_draws_back".split()
)
RUNNING = frozenset("bill bill_by_schedule review".split())
PHASES = [Phase.reuse, Phase.generate, Phase.shrink]
if os.environ.get("PIT_QUICK"):  # the first failure as it was found
    PHASES.remove(Phase.shrink)
SMALL = st.integers(0, 11)
CLEANING = 10  # sequences


class Machine(RuleBasedStateMachine):
    """One sequence: what people do, in any order, each step followed by the proof.

    ``firm``, ``actions`` (what each needs), ``counts`` and ``readings`` are given by
    the test; the database goes back to where it was after each sequence.
    """

    firm = counts = actions = readings = None

    def __init__(self):
        super().__init__()
        self.env = self.firm.env
        self.savepoint = self.env.cr.savepoint()
        self.facts, self.totals = set(), self.readings.get_totals()
        self.remembered, self.paid_twice, self.limits = {}, set(), {}

    @initialize(
        entries=st.integers(2, 6),
        reached=st.integers(0, 7),
        bill=SMALL,
        then=st.lists(
            st.runner().flatmap(lambda own: st.sampled_from(own.firm.beginnings)),
            max_size=3,
        ),
    )
    def start(self, entries, reached, bill, then):
        for number in range(entries):
            self.step("log", number, number + bill, number)
        self.step("reach", reached, 0, 0)
        self.step("bill", 0, 1, 0)
        for number, action in enumerate(then):
            if self.has(self.actions[action]):
                self.step(action, number, bill, bill)

    def step(self, action, a, b, c):
        """Do it or be refused (then nothing may have changed), and prove the rest."""
        self.look_before(action)
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
        self.end_request()
        violations = self.readings.find_violations()
        assert not violations, f"{action}: {violations}"
        before, self.totals = self.totals, self.readings.get_totals()
        self.check_change(action, done, before, self.totals)
        if action in RUNNING:
            self.check_run()
        self.facts = self.firm.get_facts()

    def look_before(self, action):
        """Read what the proof of an action compares with, beside the totals."""
        if action in RECLAIMING:
            self.remembered = self.readings.get_remembered()
            self.paid_twice = self.readings.get_paid_twice()
        if action in RUNNING:
            self.limits = self.readings.get_limits()

    def end_request(self):
        """Forget caches and environments, as between two clicks of a user."""
        self.env.flush_all()
        self.env.transaction.reset()

    def check_change(self, action, done, before, after):
        """What an action must leave as it was."""
        if not done or action in UNTOUCHING:
            assert before == after, f"{action} changed the work: {before} > {after}"
        elif action in RECLAIMING:
            self.check_reclaimed(action, before, after)
        if action in FREEING:  # what comes back is held or given up, never free
            costs = self.readings.get_costs()
            for key in before.keys() | after.keys():
                was, now = before.get(key, (0, 0, 0)), after.get(key, (0, 0, 0))
                same = abs(sum(was) - sum(now)) < 0.00005
                whole = key in costs and abs(sum(now) - costs[key]) < 0.00005
                assert same or whole, f"{action} freed {key}"
        if action in ("bill", "bill_by_schedule"):
            for key, (_billed, held, written) in before.items():
                now = after.get(key, (0, 0, 0))
                assert (held, written) == now[1:], f"{action} billed held work {key}"

    def check_run(self):
        """No run bills beyond a cap or an order, or makes a negative invoice."""
        for key, (total, used) in self.readings.get_limits().items():
            most = max(total, self.limits.get(key, (0, 0))[1])
            assert used < most + 0.005, f"a run bills {used} of {key}: {total}"
        negative = self.firm.get_moves(state="draft").filtered(
            lambda move: (
                move.billing_run_id.id == self.firm.last_run_id
                and move.amount_total < 0
            )
        )
        assert not negative, f"a run makes negative invoices: {negative}"

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
        again = self.readings.get_paid_twice() - self.paid_twice
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
        violations = self.readings.find_violations()
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
        self.env.transaction.reset()
        self.counts["sequences"] += 1
        if self.counts["sequences"] % CLEANING == 0:
            self.readings.clean()


def _prepare_rule(name, actions):
    """Return a rule that does one of the actions for which there is something."""

    def get_able(machine):
        return [name for name in actions if machine.has(machine.actions[name])]

    def run(self, data, a, b, c):
        self.step(data.draw(st.sampled_from(get_able(self)), "action"), a, b, c)

    run.__name__ = name
    allowed = precondition(lambda self: bool(get_able(self)))(run)
    return rule(data=st.data(), a=SMALL, b=SMALL, c=SMALL)(allowed)


def run_sequences(name, firm, needs, groups, counts, sequences, steps):
    """Try sequences of actions on a firm; the first that breaks one is made minimal.

    :param name: of the machine; failing sequences are kept under it
    :param needs: ``{what must exist ("state move_type"): actions}``
    :param groups: ``{who: actions}``
    :param counts: a Counter that is filled: ``{(action, was it done): times}``
    :param sequences: how many (:func:`get_count`), and whether to look for new ones
    """
    actions = {action: fact for fact, own in needs.items() for action in own.split()}
    rules = {group: _prepare_rule(group, own) for group, own in groups.items()}
    members = {"firm": firm, "counts": counts, "actions": actions, **rules}
    with closing(Readings(firm.env)) as readings:
        run_state_machine_as_test(
            type(name, (Machine,), {**members, "readings": readings}),
            settings=_prepare_settings(sequences, steps),
        )


def get_count(variable, default):
    """Return ``(sequences, are they new)``.

    CI tries the same sequences each time, ``setup/stateful.sh`` looks for new ones: as
    many as the environment variable says.
    """
    return int(os.environ.get(variable, default)), variable in os.environ


def _prepare_settings(sequences, steps):
    count, is_search = sequences
    storage = os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY")
    return settings(
        max_examples=count,
        stateful_step_count=steps,
        derandomize=not is_search,
        deadline=None,
        print_blob=True,
        database=DirectoryBasedExampleDatabase(Path(storage) / "examples")
        if storage and is_search
        else None,
        suppress_health_check=list(HealthCheck),
        phases=PHASES,
    )


def find_undone(counts, needs):
    """Return ``(actions never done, those of them that were often refused)``.

    A machine whose every step is refused would prove nothing.
    """
    actions = [action for own in needs.values() for action in own.split()]
    lines = [f"{counts['sequences']} sequences"] + [
        f"{action}: {counts[action, True]} done, {counts[action, False]} refused"
        for action in actions
    ]
    sys.stdout.write("\n".join(lines))
    never = [action for action in actions if not counts[action, True]]
    return never, [action for action in never if counts[action, False] >= 10]
