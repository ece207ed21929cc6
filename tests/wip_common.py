"""What tests of work in progress share: reading it, and its roll-forward."""

from datetime import date

from odoo import Command

from .common import BillingCommon

FLOWS = ("worked", "excluded", "billed", "written_off", "revalued")
JUNE = date(2026, 6, 30)


class WipCommon(BillingCommon):
    """A company whose books begin in January 2026; WIP read as the clerk."""

    def _get_wip(self, date_to, date_from=None, user=None, projects=None):
        """Return ``{figure: amount}`` of a project's rules in a period, summed."""
        projects = self.project if projects is None else projects
        rows = (
            self.env["project.billing.wip"]
            .with_user(user or self.clerk)
            ._in_period(date_from or date_to.replace(day=1), date_to)
            .search([("project_id", "in", projects.ids)])
        )
        self._assert_rolls(rows)
        names = [n for n, f in rows._fields.items() if f.type in ("float", "monetary")]
        return {name: sum(rows.mapped(name)) for name in names}

    def _assert_rolls(self, rows):
        """opening + worked - ... = closing = wip - advance, to the cent."""
        for row in rows:
            for suffix in ("", "_doc"):
                value = {
                    name: row[f"{name}{suffix}"]
                    for name in (*FLOWS, "opening", "closing", "wip", "advance")
                }
                expected = (
                    value["opening"]
                    + value["worked"]
                    - value["excluded"]
                    - value["billed"]
                    - value["written_off"]
                    + value["revalued"]
                )
                self.assertAlmostEqual(value["closing"], expected, 4)
                self.assertAlmostEqual(
                    value["closing"], value["wip"] - value["advance"], 4
                )
            hours = (
                row.opening_hours
                + row.worked_hours
                - row.excluded_hours
                - row.billed_hours
                - row.written_off_hours
            )
            self.assertAlmostEqual(row.closing_hours, hours, 5)

    def _post_bill(self, day, cutoff=None, **kwargs):
        moves = self._bill(cutoff or day, date=day, **kwargs)
        moves.action_post()
        return moves

    def _settle(self, entries, action="write_off", **kwargs):
        wizard = self.env["project.billing.settle"].with_user(self.clerk)
        wizard.create(
            {
                "action": action,
                "reason": "Agreed",
                "entry_ids": [Command.set(entries.ids)],
                **kwargs,
            }
        ).action_settle()
