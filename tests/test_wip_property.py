"""Work in progress of random histories, against sums made entry by entry."""

import os
from collections import defaultdict
from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .stateful import NEEDS, TODAY, Firm
from .wip_common import WipCommon

HISTORIES = int(os.environ.get("PIT_HISTORIES", "12"))
SMALL = st.integers(0, 11)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(" ".join(NEEDS.values()).split())), SMALL, SMALL, SMALL
    ),
    min_size=4,
    max_size=14,
)
ENDS = [date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 14), TODAY]
LAST = date(2030, 12, 31)
FLOWS = ("worked", "excluded", "billed", "written_off")
NET_KINDS = ("bill", "credit", "draw", "write_off")


@tagged("heavy")
class TestWipOfRandomHistories(WipCommon):
    """Logs, edits, bills, credits, write-offs, cancellations in any order."""

    def _live_through(self, firm, steps):
        for number in range(4):
            firm.log(number, number * 2, number * 3)
        firm.bill(0, 1, 1)
        for action, a, b, c in steps:
            try:
                with self.env.cr.savepoint():
                    getattr(firm, action)(a, b, c)
            except (UserError, IntegrityError):
                self.env.invalidate_all()  # refused: nothing has changed
        self.env.flush_all()

    def _close_and_type_late(self, firm, late):
        """Close May, with some entries typed before and some after it."""
        page = self.env["project.billing.month.end"].create(
            {"company_id": self.company.id, "date": ENDS[1]}
        )
        page.action_close()
        entries = firm.entries
        for position, entry in enumerate(entries):
            moment = page.closed_date + timedelta(hours=1 if position in late else -1)
            self.env.cr.execute(
                "UPDATE account_analytic_line SET create_date = %s WHERE id = %s",
                [moment, entry.id],
            )
        self.env.invalidate_all()
        return set(entries[position].id for position in late if position < len(entries))

    # -- the oracle: one entry after the other ----------------------------------------

    def _get_day(self, entry, late):
        """Return the day from which an entry counts."""
        is_late = entry.id in late and entry.date <= ENDS[1]
        return ENDS[1] + timedelta(days=1) if is_late else entry.date

    def _get_row_day(self, row, entry, late):
        if row.move_id:
            return row.move_id.date
        if row.kind == "write_off":
            return row.accounting_date
        return self._get_day(entry, late)  # elsewhere: with the work

    def _get_open_hours(self, entry, day, late):
        counts = self._get_day(entry, late) <= day
        hours = entry.unit_amount if counts and not entry.billing_nonbillable else 0.0
        for row in entry.billing_allocation_ids:
            posted = not row.move_id or row.move_id.state == "posted"
            if row.is_live and posted and row.kind in NET_KINDS:
                if self._get_row_day(row, entry, late) <= day:
                    hours -= row.quantity
        return hours

    def _get_expected(self, firm, day, late):
        """Return ``{rule: (hours, amount)}`` of time at the end of a day."""
        found = defaultdict(lambda: [0.0, 0.0])
        for entry in firm.entries:
            rule = entry.billing_rule_id
            if not rule:
                continue
            hours = self._get_open_hours(entry, day, late)
            price = entry.billing_price
            if entry.billing_price_currency_id != rule.currency_id:
                price *= self.env["res.currency"]._get_conversion_rate(
                    entry.billing_price_currency_id,
                    rule.currency_id,
                    rule.company_id,
                    entry.date,
                )
            per_unit = rule.uom_id.factor / self.hour.factor
            found[rule][0] += hours
            found[rule][1] += hours / per_unit * price
        return found

    # -- the proof -------------------------------------------------------------------

    def _read(self, firm, date_from, date_to):
        wip = self.env["project.billing.wip"].with_user(self.clerk)
        rows = wip._in_period(date_from, date_to).search(
            [("project_id", "in", firm.projects.ids)]
        )
        self._assert_rolls(rows)
        names = [n for n, f in rows._fields.items() if f.type in ("float", "monetary")]
        return {row.rule_id.id: {name: row[name] for name in names} for row in rows}

    def _prove(self, firm, late):
        days = [*ENDS, LAST]
        periods = [
            self._read(firm, start + timedelta(days=1), end)
            for start, end in zip(days, days[1:], strict=False)
        ]
        for day, period in zip(days[1:], periods, strict=True):
            self._prove_closing(firm, day, period, late)
        for before, after in zip(periods, periods[1:], strict=False):
            for rule in before.keys() | after.keys():
                closing, opening = before.get(rule, {}), after.get(rule, {})
                for name in ("", "_doc", "_hours"):
                    self.assertAlmostEqual(
                        closing.get(f"closing{name}", 0.0),
                        opening.get(f"opening{name}", 0.0),
                        5,
                    )
        whole = self._read(firm, days[0] + timedelta(days=1), LAST)
        for rule, figures in whole.items():
            for flow in FLOWS:
                parts = sum(p.get(rule, {}).get(f"{flow}_hours", 0.0) for p in periods)
                self.assertAlmostEqual(figures[f"{flow}_hours"], parts, 5)
            billed = sum(p.get(rule, {}).get("billed_doc", 0.0) for p in periods)
            self.assertAlmostEqual(figures["billed_doc"], billed, 5)

    def _prove_closing(self, firm, day, period, late):
        expected = self._get_expected(firm, day, late)
        for rule in firm.projects.billing_rule_ids.filtered("claims_time"):
            hours, amount = expected.get(rule, (0.0, 0.0))
            figures = period.get(rule.id, {})
            self.assertAlmostEqual(figures.get("closing_hours", 0.0), hours, 4)
            found = figures.get("closing_doc", 0.0)
            # a cent where a float sum lies just beside a half
            self.assertLess(abs(found - amount), 0.00501 + 1e-6 * abs(amount), rule)

    @mute_logger("odoo.sql_db")
    def test_random_histories_reconcile_to_the_cent(self):
        firm = Firm(self)

        @settings(
            max_examples=HISTORIES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(steps=STEPS, late=st.sets(SMALL, max_size=4))
        def prove(steps, late):
            savepoint = self.env.cr.savepoint()
            try:
                with freeze_time(TODAY):
                    self._live_through(firm, steps)
                self._prove(firm, self._close_and_type_late(firm, late))
            finally:
                savepoint.close(rollback=True)
                self.env.invalidate_all()

        prove()
