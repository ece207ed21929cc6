"""Thousands of fresh rows: statements stay linear whatever PostgreSQL believes.

Counted are queries and the rows that plans touch, never seconds. A join that reads
5,000 rows for each of 5,000 touches 25 millions.
"""

from odoo.tests import tagged

from odoo.addons.project_invoice_tracker.tools.statistics import (
    TABLES,
    refresh_statistics,
)

from .cost_common import CostCommon
from .plans import recorded_plans

COUNT = 5000
ROWS_EACH = 400  # rows of all nodes of one plan, for each cost or entry
CLONE = """
    INSERT INTO {table}
    SELECT r.* FROM {table} t, generate_series(1, %s) g,
           LATERAL jsonb_populate_record(t, jsonb_build_object(
               'id', nextval('{table}_id_seq'), {values})) r
     WHERE t.id = %s
"""


class ScaleCommon(CostCommon):
    """Rows as an import leaves them: inserted by statement, never analyzed."""

    def _clone(self, record, count, values):
        self.env.flush_all()
        query = CLONE.format(table=record._table, values=values)
        self.env.cr.execute(query, [count, record.id])
        self.env.invalidate_all()

    def _clone_costs(self, count):
        bill = self._create_bill(1)
        amount = "1 + g %% 97"
        values = f"'name', 'Cost ' || g, 'balance', {amount}, 'debit', {amount}"
        self._clone(bill.invoice_line_ids, count - 1, values)

    def _clone_entries(self, count):
        entry = self._create_entry(1)
        # 20 of an hour each on a day, no two alike
        values = "'name', 'Log ' || g, 'date', DATE '2026-06-15' - g / 20"
        self._clone(entry, count - 1, values)

    def _believe_empty(self):
        """Leave the note of a vacuum that met an import that was rolled back."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE pg_class SET reltuples = 0, relpages = 100 WHERE relname = ANY(%s)",
            [list(TABLES)],
        )

    def _bill_recorded(self):
        """Propose twice and invoice; return the run and its plans."""
        with recorded_plans(self) as plans:
            run = self._propose()
            run.action_propose()
            run.sudo()._invoice()
        return run, plans

    def assertLinear(self, plans, count):
        self.assertTrue(plans)
        rows, text = max(plans)
        self.assertLess(rows, ROWS_EACH * count, text)


@tagged("heavy")
class TestScaleCosts(ScaleCommon):
    """Costs passed on, in thousands."""

    def test_thousands_of_fresh_costs_are_billed_by_linear_statements(self):
        self._clone_costs(COUNT)
        self.rule.cost_grouping = "one"
        run, plans = self._bill_recorded()
        self.assertLinear(plans, COUNT)
        self.assertEqual(len(run.move_ids.billing_allocation_ids), COUNT)
        self.assertConserved()

    def test_costs_after_a_failed_import_are_billed_by_linear_statements(self):
        self._clone_costs(COUNT)
        self._believe_empty()
        self.rule.cost_grouping = "one"
        run, plans = self._bill_recorded()
        self.assertLinear(plans, COUNT)
        self.assertEqual(len(run.move_ids.billing_allocation_ids), COUNT)

    def test_queries_of_a_proposal_do_not_grow_with_the_costs(self):
        counts = []
        for count in (200, 2000):
            self._clone_costs(count)
            self._propose()  # fills the caches, makes the items
            before = self.env.cr.sql_log_count
            self._propose()
            counts.append(self.env.cr.sql_log_count - before)
        # the host inserts lines of the review by hundreds
        self.assertLessEqual(counts[1], counts[0] + 2000 / 100 + 5)


@tagged("heavy")
class TestScaleEntries(ScaleCommon):
    """Hours, in thousands."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.active = False
        cls.hours = cls._create_rule(price=100, line_grouping="one")

    def test_thousands_of_fresh_entries_are_billed_by_linear_statements(self):
        self._clone_entries(COUNT)
        run, plans = self._bill_recorded()
        self.assertLinear(plans, COUNT)
        self.assertEqual(sum(run.move_ids.mapped("amount_untaxed")), 100 * COUNT)

    def test_entries_after_a_failed_import_are_billed_by_linear_statements(self):
        self._clone_entries(COUNT)
        self._believe_empty()
        run, plans = self._bill_recorded()
        self.assertLinear(plans, COUNT)
        self.assertEqual(sum(run.move_ids.mapped("amount_untaxed")), 100 * COUNT)


class TestStatistics(ScaleCommon):
    """Tables that PostgreSQL takes for empty are counted, others are left alone."""

    def test_table_that_is_taken_for_empty_is_counted(self):
        self._clone_costs(200)
        self._believe_empty()
        self.assertIn("account_move_line", refresh_statistics(self.env.cr))
        self.env.cr.execute(
            "SELECT reltuples FROM pg_class WHERE relname = 'account_move_line'"
        )
        self.assertGreaterEqual(self.env.cr.fetchone()[0], 200)

    def test_right_statistics_are_left_alone(self):
        # a table that no test fills and empties again
        self.env.cr.execute("ANALYZE res_country")
        self.assertFalse(refresh_statistics(self.env.cr, ["res_country"]))
