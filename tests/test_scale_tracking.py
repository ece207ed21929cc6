"""Thousands of projects, invoices and entries: what the screens of tracking read.

Counted are the rows that plans touch and the statements, never seconds.
"""

from datetime import date

from odoo.tests import tagged
from odoo.tools.constants import PREFETCH_MAX

from .plans import recorded_plans
from .test_scale import COUNT, ScaleCommon

PROJECTS = 400
ROWS_EACH = 60  # rows of all nodes of one plan, for each project


@tagged("heavy")
class TestScaleFigures(ScaleCommon):
    """Projects with a contract each, by the hundred."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.active = False
        cls.contract = cls._create_rule("milestone", amount=1000)

    def _clone_projects(self, count=PROJECTS):
        """Give each of many projects a contract of its own."""
        self._clone(self.project, count, "'sequence', 10 + g")
        self.env.cr.execute(
            """
            WITH clones AS (
                SELECT id, row_number() OVER (ORDER BY id) AS nr FROM project_project
                 WHERE id > %s AND account_id IS NOT DISTINCT FROM %s
            )
            INSERT INTO project_billing_rule
            SELECT r.* FROM project_billing_rule t, clones c,
                   LATERAL jsonb_populate_record(t, jsonb_build_object(
                       'id', nextval('project_billing_rule_id_seq'),
                       'project_id', c.id, 'amount', 1000 + c.nr)) r
             WHERE t.id = %s
            """,
            [self.project.id, self.project.account_id.id or None, self.contract.id],
        )
        self.assertEqual(self.env.cr.rowcount, count)
        # as PostgreSQL does by itself some minutes after an import
        self.env.cr.execute("ANALYZE project_project, project_billing_rule")
        self.env.invalidate_all()

    def _list_recorded(self, **kwargs):
        projects = self.env["project.project"].with_user(self.clerk)
        with recorded_plans(self) as plans:
            found = projects.web_search_read(
                kwargs.pop("domain", []),
                {"name": {}, "billing_current_amount": {}, "billing_state": {}},
                limit=80,
                **kwargs,
            )
        rows, text = max(plans)
        self.assertLess(rows, ROWS_EACH * PROJECTS, text)
        return found

    def test_projects_sorted_by_a_figure_are_read_once(self):
        self._clone_projects()
        found = self._list_recorded(order="billing_left_amount desc")
        amounts = [row["billing_current_amount"] for row in found["records"]]
        self.assertEqual(amounts[0], 1000 + PROJECTS)
        self.assertEqual(amounts, sorted(amounts, reverse=True))

    def test_projects_found_by_a_figure_are_read_once(self):
        self._clone_projects()
        domain = [("billing_left_amount", ">", 1000 + PROJECTS - 30)]
        found = self._list_recorded(domain=domain)
        self.assertEqual(found["length"], 30)

    def test_figures_of_a_long_list_are_read_at_once(self):
        self._clone_projects(PREFETCH_MAX + 1)
        projects = self.env["project.project"].with_user(self.clerk)
        with recorded_plans(self) as plans:
            found = projects.web_search_read(
                [("billing_rule_ids.amount", ">", 1000)],
                {"billing_current_amount": {}, "billing_state": {}},
            )
        amounts = sorted(row["billing_current_amount"] for row in found["records"])
        self.assertEqual(amounts, [1001 + nr for nr in range(PREFETCH_MAX + 1)])
        states = {row["billing_state"] for row in found["records"]}
        self.assertEqual(states, {"planned"})
        self.assertEqual(len([text for _rows, text in plans if "homes" in text]), 1)

    def test_a_figure_of_what_is_owed_reads_no_ledger_of_work(self):
        query = self.env["project.project"]._select_billing_figures(
            names=["billing_overdue_amount"]
        )
        for table in ("account_analytic_line", "project_billing_allocation"):
            self.assertNotIn(table, query.code)

    def test_the_dashboard_reads_no_rule_of_projects_in_order(self):
        self._clone_projects()
        dashboard = self.env["project.billing.dashboard"].with_user(self.clerk)
        dashboard.get_data({})
        name = self.env["project.billing.rule"]._fields["name"]
        self.assertLess(len(name._get_cache(dashboard.env)), PROJECTS / 10)


@tagged("heavy")
class TestScaleTracker(ScaleCommon):
    """Parts of the fact table are left out where nothing can be found in them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.active = False
        cls.hours = cls._create_rule(price=100)

    def _get_recorded(self, domain, model="project.billing.tracker"):
        facts = self.env[model].with_user(self.clerk)
        with recorded_plans(self) as plans:
            facts._read_group(domain, ["company_id"], ["__count"])
        return "".join(text for _rows, text in plans if model in text.replace("_", "."))

    def test_what_is_owed_reads_neither_time_nor_payments(self):
        domain = [("stage", "in", ("open", "overdue")), ("is_payable", "=", False)]
        text = self._get_recorded(domain)
        self.assertIn("project_billing_share", text)
        self.assertNotIn("account_analytic_line", text)
        self.assertNotIn("account_partial_reconcile", text)

    def test_either_of_two_stages_is_found(self):
        self._create_entry(2)
        domain = ["|", ("stage", "=", "paid"), ("stage", "=", "ready")]
        facts = self.env["project.billing.tracker"].with_user(self.clerk)
        ours = [("project_id", "=", self.project.id)]
        self.assertEqual(facts.search([*ours, *domain]).mapped("gross"), [200])
        self.assertFalse(facts.search([*ours, "!", *domain]))
        negated = ["!", "!", ("stage", "=", "ready")]
        self.assertEqual(len(facts.search([*ours, *negated])), 1)

    def test_expected_payments_of_invoices_read_no_time(self):
        domain = [("kind", "=", "invoice")]
        text = self._get_recorded(domain, "project.billing.forecast")
        self.assertIn("project_billing_share", text)
        self.assertNotIn("account_analytic_line", text)

    def test_the_dashboard_reads_what_is_owed_once(self):
        dashboard = self.env["project.billing.dashboard"].with_user(self.clerk)
        with recorded_plans(self) as plans:
            dashboard.get_data({})
        texts = [text for _rows, text in plans]
        self.assertEqual(sum("FROM open_lines" in text for text in texts), 1)
        self.assertFalse([text for text in texts if "project_billing_forecast" in text])

    def test_what_was_paid_is_read_of_the_days_that_are_asked(self):
        paid = [("stage", "=", "paid"), ("date_paid", ">=", "2026-07-01")]
        self.assertIn("x.max_date >=", self._get_recorded(paid))
        either = ["|", ("stage", "=", "open"), "&", *paid]
        self.assertNotIn("x.max_date >=", self._get_recorded(either))

    def test_what_was_sold_reads_no_payments(self):
        facts = self.env["project.billing.tracker"].with_user(self.clerk)
        facts = facts.with_context(billing_tracker_invoiced=True)
        with recorded_plans(self) as plans:
            facts._read_group([], ["company_id"], ["__count"])
        text = max(plans, key=lambda plan: len(plan[1]))[1]
        self.assertIn("FROM project_billing_share", text)
        self.assertNotIn("FROM account_partial_reconcile", text)


class ScaleBilledCommon(ScaleCommon):
    """An entry of May that was billed, repeated with its row in the ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.active = False
        cls._create_rule(price=100)
        cls.old = cls._create_entry(1, day=date(2026, 5, 20))

    def setUp(self):
        super().setUp()
        day = date(2026, 5, 31)
        self.moves = self._bill(day, date=day)
        self.moves.action_post()
        self._clone_billed(self.old, COUNT)

    def _clone_billed(self, entry, count):
        """Repeat an entry and its row in the ledger, on the same document."""
        self._clone(entry, count, "'name', 'Old ' || g")
        self.env.cr.execute(
            """
            INSERT INTO project_billing_allocation
            SELECT r.* FROM project_billing_allocation t, account_analytic_line e,
                   LATERAL jsonb_populate_record(t, jsonb_build_object(
                       'id', nextval('project_billing_allocation_id_seq'),
                       'analytic_line_id', e.id)) r
             WHERE t.analytic_line_id = %s AND e.name LIKE 'Old %%'
            """,
            [entry.id],
        )
        self.assertEqual(self.env.cr.rowcount, count)
        self.env.cr.execute("ANALYZE account_analytic_line, project_billing_allocation")
        self.env.invalidate_all()


@tagged("heavy")
class TestScaleWip(ScaleBilledCommon):
    """Work in progress of a month beside much that was billed before."""

    def test_work_that_was_billed_before_the_month_is_not_read(self):
        self._create_entry(2, day=date(2026, 6, 10))
        month = (date(2026, 6, 1), date(2026, 6, 30))
        wip = self.env["project.billing.wip"].with_user(self.clerk)._in_period(*month)
        with recorded_plans(self) as plans:
            groups = wip._read_group([], [], ["opening:sum", "worked:sum", "wip:sum"])
        self.assertEqual(groups, [(0.0, 200.0, 200.0)])
        rows, text = max(plan for plan in plans if "project_billing_wip" in plan[1])
        # whether an entry is unbilled may be asked of each, once
        self.assertLess(rows, 2 * COUNT, text)


@tagged("heavy")
class TestScaleCheck(ScaleBilledCommon):
    """The ledger check of many entries on one invoice line."""

    def test_the_check_reads_each_row_of_the_ledger_a_few_times(self):
        checks = self.env["project.billing.check"].with_user(self.clerk)
        with recorded_plans(self) as plans:
            found = checks.search([("company_id", "=", self.company.id)])
        # the line bills one hour, its rows are those of all entries
        self.assertEqual(set(found.mapped("kind")), {"line"})
        self.assertEqual(found.document_ids, self.moves.ids)
        rows, text = max(plan for plan in plans if "entry_gaps" in plan[1])
        self.assertLess(rows, 16 * COUNT, text)
