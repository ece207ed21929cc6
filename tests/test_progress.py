from datetime import date

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import (
    BillingRuleError,
    LockedError,
)

from .common import BillingCommon


class ProgressCommon(BillingCommon):
    """A progress rule of 30,000.00: design 10,000.00 and build 20,000.00."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule("progress", amount=30000, name="Website")
        cls.design = cls._create_value(cls.rule, "Design", 10000)
        cls.build = cls._create_value(cls.rule, "Build", 20000)

    @classmethod
    def _create_value(cls, rule, name, amount=None, **kwargs):
        """Return an item of a schedule of values."""
        whole = rule.item_ids.filtered(lambda i: i.amount_type == "remainder")
        if whole and not whole.billed_amount:
            whole.active = False
        values = {"rule_id": rule.id, "name": name, "amount": amount or 0.0}
        return cls.env["project.billing.item"].create({**values, **kwargs})

    def _set_progress(self, percentages, user=None):
        """Type percentages as the project manager does: ``{item: percentage}``."""
        rule = next(iter(percentages)).rule_id
        action = rule.with_user(user or self.manager).action_update_progress()
        wizard = self.env["project.billing.progress"].with_user(user or self.manager)
        with Form(wizard.with_context(**action["context"])) as form:
            for index, item in enumerate(rule.item_ids):
                with form.line_ids.edit(index) as line:
                    line.percentage = percentages.get(item, line.percentage)
        form.record.action_apply()

    def _get_amounts(self, moves):
        return sorted(moves.invoice_line_ids.mapped("price_subtotal"))

    def _get_skips(self, run, reason):
        lines = run.line_ids.filtered(lambda line: line.reason_code == reason)
        return {line.item_id: line.amount for line in lines}


class TestProgressClaims(ProgressCommon):
    """Claim = earned to date less what was billed before."""

    def test_first_claim_is_what_is_earned(self):
        self._set_progress({self.design: 40, self.build: 10})
        self.assertEqual(self._get_amounts(self._bill()), [2000, 4000])
        self.assertConserved()

    def test_next_claim_is_less_what_was_billed_before(self):
        self._set_progress({self.design: 40})
        self._bill().action_post()
        self._set_progress({self.design: 75, self.build: 5})
        self.assertEqual(self._get_amounts(self._bill()), [1000, 3500])
        self.assertConserved()

    def test_progress_that_did_not_move_claims_nothing(self):
        self._set_progress({self.design: 40})
        self._bill()
        run = self._propose()
        self.assertFalse(self._get_lines(run, "proposed"))

    def test_line_says_percentage_value_and_billed_before(self):
        self._set_progress({self.design: 40})
        self._bill()
        self._set_progress({self.design: 62.5})
        lines = self._bill().invoice_line_ids | self.design.move_ids.invoice_line_ids
        self.assertEqual(
            lines.sorted("id").mapped("name"),
            [
                "Design: 40 % of 10,000.00, billed before 0.00",
                "Design: 62.50 % of 10,000.00, billed before 4,000.00",
            ],
        )

    def test_hundred_percent_is_exactly_the_worth(self):
        odd = self._create_value(self._create_rule("progress"), "Odd", 100.01)
        for percentage in (33.333333, 66.666667, 100):
            self._set_progress({odd: percentage})
            self._bill()
        self.assertAlmostEqual(odd.billed_amount, 100.01, 2)
        self.assertEqual(len(odd.move_ids), 3)
        self.assertConserved()

    def test_item_without_progress_says_what_it_waits_for(self):
        run = self._propose()
        self.assertEqual(set(run.line_ids.mapped("reason_code")), {"not_reached"})
        self.assertIn("no progress yet", run.line_ids[0].reason)

    def test_postponed_claim_is_not_offered_before_its_day(self):
        self._set_progress({self.design: 40})
        run = self._propose()
        self._get_lines(run, "proposed").action_postpone()
        self.assertIn("after_cutoff", self._propose().line_ids.mapped("reason_code"))
        self.assertEqual(self._get_amounts(self._bill(date(2026, 7, 31))), [4000])

    def test_rule_with_just_an_amount_has_one_item_of_the_whole_contract(self):
        rule = self._create_rule("progress", amount=5000, name="Study")
        self.assertRecordValues(
            rule.item_ids,
            [{"kind": "progress", "billable_amount": 5000, "name": "Study"}],
        )
        rule.amount = 6000
        self.assertEqual(rule.item_ids.billable_amount, 6000)

    def test_claim_in_another_currency_is_rounded_to_it(self):
        yen = self.setup_other_currency("JPY", rounding=1.0, decimal_places=0)
        rule = self._create_rule("progress", amount=1000, currency_id=yen.id)
        self._set_progress({rule.item_ids: 33.35})
        invoice = self._bill()
        self.assertEqual(invoice.currency_id, yen)
        self.assertEqual(invoice.amount_untaxed, 334)
        self.assertConserved()


class TestFallingProgress(ProgressCommon):
    """What is billed ahead is shown, and never credited by itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.design.progress_percentage = 60

    def test_fallen_progress_is_a_skip_with_the_amount(self):
        self._bill().action_post()
        self._set_progress({self.design: 45})
        run = self._propose()
        self.assertEqual(self._get_skips(run, "over_billed"), {self.design: -1500})
        self.assertFalse(self._get_lines(run, "proposed"))

    def test_fallen_progress_of_a_wholly_billed_item_is_a_skip_too(self):
        self._set_progress({self.design: 100})
        self._bill().action_post()
        self._set_progress({self.design: 80})
        run = self._propose()
        self.assertEqual(self._get_skips(run, "over_billed"), {self.design: -2000})

    def test_item_and_rule_show_what_is_billed_ahead(self):
        self._bill()
        self._set_progress({self.design: 45, self.build: 5})
        self.assertRecordValues(
            self.rule,
            [
                {
                    "earned_amount": 5500,
                    "over_billed_amount": 1500,
                    "under_billed_amount": 1000,
                }
            ],
        )
        self.assertEqual(self.design.over_billed_amount, 1500)
        self.assertEqual(self.build.under_billed_amount, 1000)

    def test_progress_that_catches_up_bills_the_difference_only(self):
        self._bill()
        self._set_progress({self.design: 45})
        self._set_progress({self.design: 70})
        self.assertEqual(self._get_amounts(self._bill()), [1000])

    def test_progress_that_falls_after_the_review_is_not_billed(self):
        run = self._propose()
        self._set_progress({self.design: 0})
        run.action_invoice()
        self.assertFalse(run.move_ids)
        self.assertEqual(run.line_ids.filtered("item_id")[0].state, "skipped")

    def test_credited_progress_is_held_and_not_billed_by_itself(self):
        invoice = self._bill()
        invoice.action_post()
        line = invoice.invoice_line_ids
        self._reverse(invoice, quantities={line: 0.5})
        self.assertEqual(self.design.billed_amount, 3000)
        run = self._propose()
        self.assertFalse(self._get_lines(run, "proposed"))
        self.assertEqual(self._get_lines(run, "held").amount, 3000)
        self.assertConserved()

    def test_more_held_than_earned_is_not_billed_ahead(self):
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice, quantities={invoice.invoice_line_ids: 0.5})
        self._set_progress({self.design: 40})
        self.assertNotIn("over_billed", self._propose().line_ids.mapped("reason_code"))

    def test_written_off_rest_leaves_nothing_billed_ahead(self):
        self._bill()
        wizard = self.env["project.billing.settle"].with_user(self.manager)
        wizard.create(
            {
                "action": "write_off",
                "reason": "Goodwill",
                "item_ids": [Command.set(self.design.ids)],
            }
        ).action_settle()
        self.assertEqual(self.design.over_billed_amount, 0)
        self._set_progress({self.design: 100})
        self.assertFalse(self._get_lines(self._propose(), "proposed"))


class TestScheduleOfValues(ProgressCommon):
    """Values may change, never below what is billed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.amount = 0
        cls.design.progress_percentage = 40

    def test_value_may_rise_after_billing(self):
        self._bill()
        self.design.with_user(self.administrator).amount = 20000
        self.assertEqual(self._get_amounts(self._bill()), [4000])

    def test_value_may_fall_to_what_is_billed(self):
        self._bill()
        self.design.with_user(self.administrator).amount = 4000
        self.assertEqual(self.design.billable_amount, 4000)

    def test_value_may_not_fall_below_what_is_billed(self):
        self._bill()
        with self.assertRaises(LockedError):
            self.design.with_user(self.administrator).amount = 3999.99

    def test_value_of_a_billed_milestone_still_may_not_change(self):
        rule = self._create_rule("milestone")
        item = self._create_item(rule, amount_type="fixed", amount=100)
        item.milestone_id.is_reached = True
        self._bill(date(2026, 12, 31))
        with self.assertRaises(LockedError):
            item.amount = 200


class TestProgressInput(ProgressCommon):
    """Who types progress, and what is refused."""

    def test_more_than_hundred_percent_is_refused(self):
        with self.assertRaises(BillingRuleError):
            self._set_progress({self.design: 150})

    def test_negative_progress_is_refused(self):
        with self.assertRaises(BillingRuleError):
            self._set_progress({self.design: -0.000001})

    def test_six_decimals_are_kept(self):
        self._set_progress({self.design: 33.333333})
        self.design.invalidate_recordset()
        self.assertEqual(self.design.progress_percentage, 33.333333)

    def test_who_and_when_are_kept(self):
        self._set_progress({self.design: 40})
        self.assertEqual(self.design.progress_user_id, self.manager)
        self.assertTrue(self.design.progress_date)
        self.assertFalse(self.build.progress_user_id)

    def test_negative_expected_cost_is_refused(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.rule.expected_cost = -1
            self.env.flush_all()

    def test_manager_of_another_project_types_nothing(self):
        other = self._create_user("other", "base.group_user,project.group_project_user")
        with self.assertRaises(AccessError):
            self.rule.with_user(other).action_update_progress()

    def test_member_who_reviews_the_project_types_progress_too(self):
        other = self._create_user(
            "member", "base.group_user,project.group_project_user"
        )
        employee = self._create_employee("Mia Member", user_id=other.id)
        self.env["project.billing.member"].create(
            {"project_id": self.project.id, "employee_id": employee.id}
        )
        self._set_progress({self.design: 40}, user=other)
        self.assertEqual(self.design.progress_user_id, other)

    def test_manager_may_not_change_the_schedule(self):
        with self.assertRaises(AccessError):
            self.design.with_user(self.manager).amount = 1


class TestProgressSources(ProgressCommon):
    """Where the percentage comes from."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.task.unlink()
        cls.build.unlink()
        cls.rule.write({"amount": 0, "progress_source": "tasks"})

    def _assert_percentage(self, percentage, item=None):
        item = item or self.design
        self.env.flush_all()
        item.invalidate_recordset()
        self.assertAlmostEqual(item.earned_percentage, percentage, 6)
        self.assertFalse(item.progress_reason)

    def _assert_reason(self, text):
        self.design.invalidate_recordset()
        self.assertIn(text, self.design.progress_reason)
        run = self._propose()
        line = run.line_ids.filtered("item_id")
        self.assertEqual(line.reason_code, "not_reached")
        self.assertIn(text, line.reason)

    def test_closed_tasks_of_the_project(self):
        for state in ("1_done", "01_in_progress", "03_approved"):
            self._create_task("A task", state=state)
        self._assert_percentage(33.333333)
        self.assertEqual(self._get_amounts(self._bill()), [3333.33])

    def test_cancelled_tasks_are_left_out(self):
        for state in ("1_done", "01_in_progress", "1_canceled"):
            self._create_task("A task", state=state)
        self._assert_percentage(50)

    def test_closed_tasks_of_the_items_milestone(self):
        milestone = self._create_milestone("Design")
        self._create_task("A", milestone_id=milestone.id, state="1_done")
        self._create_task("B")
        self.design.milestone_id = milestone
        self._assert_percentage(100)

    def test_closed_tasks_of_the_rule_with_their_sub_tasks(self):
        parent = self._create_task("A", state="1_done")
        self._create_task("B", parent_id=parent.id)
        self._create_task("C", state="1_done")
        self.rule.task_ids = parent
        self._assert_percentage(50)

    def test_no_task_is_a_reason(self):
        self._assert_reason("no tasks")

    def test_hours_spent_to_allocated(self):
        self.rule.progress_source = "hours"
        task = self._create_task("A", allocated_hours=40)
        self._create_entry(10, task=task)
        self._assert_percentage(25)

    def test_more_hours_than_allocated_are_hundred_percent(self):
        self.rule.progress_source = "hours"
        task = self._create_task("A", allocated_hours=4)
        self._create_entry(10, task=task)
        self._assert_percentage(100)

    def test_hours_of_a_sub_task_are_allocated_once(self):
        self.rule.progress_source = "hours"
        parent = self._create_task("A", allocated_hours=40)
        child = self._create_task("B", parent_id=parent.id, allocated_hours=10)
        self._create_entry(10, task=child)
        self._assert_percentage(25)

    def test_hours_of_the_items_milestone(self):
        self.rule.progress_source = "hours"
        milestone = self._create_milestone("Design")
        task = self._create_task("A", milestone_id=milestone.id, allocated_hours=20)
        other = self._create_task("B", allocated_hours=80)
        self._create_entry(5, task=task)
        self._create_entry(60, task=other)
        self.design.milestone_id = milestone
        self._assert_percentage(25)

    def test_no_allocated_hours_are_a_reason(self):
        self.rule.progress_source = "hours"
        self._create_entry(10, task=self._create_task("A"))
        self._assert_reason("no hours are allocated")

    def _add_cost(self, amount, **kwargs):
        self.env["account.analytic.line"].create(
            {
                "name": "Cost",
                "account_id": self.project.account_id.id,
                "amount": -amount,
                "company_id": self.company.id,
                **kwargs,
            }
        )

    def test_cost_so_far_to_expected_cost(self):
        self.rule.write({"progress_source": "cost", "expected_cost": 8000})
        self._add_cost(3000)
        self._assert_percentage(37.5)
        self.assertEqual(self.rule.cost_to_date, 3000)

    def test_our_own_invoices_are_no_cost(self):
        self.rule.write({"progress_source": "cost", "expected_cost": 8000})
        self._add_cost(3000)
        self._bill().action_post()
        self._assert_percentage(37.5)

    def test_no_expected_cost_is_a_reason(self):
        self.rule.write({"progress_source": "cost", "expected_cost": 0})
        self._assert_reason("no expected cost")

    def test_account_of_several_projects_measures_none(self):
        self.rule.write({"progress_source": "cost", "expected_cost": 8000})
        self._create_project("Shop", account_id=self.project.account_id.id)
        self._assert_reason("several projects")

    def test_item_may_have_a_source_of_its_own(self):
        self.design.write({"progress_source": "typed", "progress_percentage": 20})
        self._assert_percentage(20)

    def test_queries_do_not_grow_with_items(self):
        self._create_task("A", state="1_done")
        rules = self.rule
        for number in range(6):
            rules |= self._create_rule(
                "progress", amount=100, progress_source="tasks", name=f"R{number}"
            )
        room = self.env["project.billing.type.progress"]
        items = room._get_items(rules)

        def count(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            room._get_claims(some, date(2026, 6, 30))
            return self.env.cr.sql_log_count - before

        self.assertLessEqual(count(items), count(items[:2]))
