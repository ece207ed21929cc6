"""Recurring fees: every period is an item that is invoiced once."""

from datetime import date

import psycopg2

from odoo import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import BillingRuleError

from .recurring_common import RecurringCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-01-10")
class TestPlanning(RecurringCommon):
    def test_periods_are_planned_twelve_months_ahead(self):
        rule = self._create_fee()
        periods = self._get_periods(rule)
        self.assertEqual(len(periods), 13)
        self.assertEqual(str(periods[-1].date_start), "2027-01-01")
        self.assertEqual(set(periods.mapped("kind")), {"period"})
        self.assertEqual(periods[2].name, "Support, March 2026")
        self.assertEqual(periods[5].stage, "planned")

    def test_planning_again_changes_nothing(self):
        rule = self._create_fee()
        before = self._get_periods(rule)
        rule._plan_periods()
        self.env["project.billing.rule"]._cron_plan_periods()
        self.assertEqual(self._get_periods(rule), before)

    def test_the_scheduled_job_plans_what_comes_into_sight(self):
        rule = self._create_fee()
        with freeze_time("2026-03-02"), self.enter_registry_test_mode():
            cron = self.env.ref(
                "project_invoice_tracker.ir_cron_project_billing_periods"
            )
            self.assertIs(cron.sudo().method_direct_trigger(), True)
        self.assertEqual(len(self._get_periods(rule)), 15)

    def test_the_first_and_last_month_are_prorated_by_days(self):
        rule = self._create_fee(start="2026-01-15", date_end="2026-03-10")
        self.assertEqual(self._get_amounts(rule), [548.39, 1000.0, 322.58])
        self.assertEqual(rule._get_contract_amounts(), {rule: 1870.97})

    def test_a_leap_february_is_shared_by_29_days(self):
        rule = self._create_fee(amount=2900, start="2028-02-20", bill_from="2026-01-01")
        with freeze_time("2028-02-20"):
            rule._plan_periods()
        self.assertEqual(self._get_amounts(rule, 1), [1000.0])

    def test_periods_from_the_31st_follow_month_ends(self):
        rule = self._create_fee(start="2026-01-31", recurring_anchor="start")
        self.assertEqual(
            self._get_days(rule),
            [
                ("2026-01-31", "2026-02-27"),
                ("2026-02-28", "2026-03-30"),
                ("2026-03-31", "2026-04-29"),
            ],
        )
        self.assertEqual(self._get_amounts(rule), [1000.0] * 3)

    def test_weeks_go_over_the_end_of_the_year(self):
        rule = self._create_fee(
            amount=700, start="2026-12-29", recurring_interval="week"
        )
        self.assertEqual(
            self._get_days(rule, 2),
            [("2026-12-29", "2027-01-03"), ("2027-01-04", "2027-01-10")],
        )
        self.assertEqual(self._get_amounts(rule, 2), [600.0, 700.0])

    def test_an_open_ended_fee_has_no_contract_amount(self):
        rule = self._create_fee()
        self.assertEqual(rule._get_contract_amounts(), {rule: 0.0})

    def test_a_fee_without_a_first_day_is_refused(self):
        with self.assertRaises(BillingRuleError):
            self._create_rule("recurring", amount=10)

    def test_periods_due_before_the_start_of_billing_are_not_offered(self):
        rule = self._create_fee(bill_from="2026-03-01")
        self.assertEqual(self._get_days(rule, 1), [("2026-03-01", "2026-03-31")])
        run = self._propose(date(2026, 3, 31))
        self.assertIn("before_bill_from", run.line_ids.mapped("reason_code"))
        old = run.line_ids.filtered(lambda x: x.reason_code == "before_bill_from")
        self.assertEqual(
            (str(old.date_from), str(old.date_to)), ("2026-01-01", "2026-02-28")
        )

    def test_a_period_that_a_person_archived_does_not_come_back(self):
        rule = self._create_fee()
        self._get_periods(rule)[1].active = False
        rule._plan_periods()
        self.assertEqual(
            self._get_days(rule, 2),
            [("2026-01-01", "2026-01-31"), ("2026-03-01", "2026-03-31")],
        )

    def test_a_milestone_has_no_place_in_a_recurring_fee(self):
        rule = self._create_fee()
        with self.assertRaises(BillingRuleError):
            self.env["project.billing.item"].create(
                {"rule_id": rule.id, "kind": "milestone", "name": "Extra", "amount": 5}
            )

    def test_the_database_has_each_period_once(self):
        rule = self._create_fee()
        period = self._get_periods(rule)[0]
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            self.env["project.billing.item"].create(
                {
                    "rule_id": rule.id,
                    "kind": "period",
                    "name": "Twice",
                    "date_start": period.date_start,
                    "date_end": period.date_end,
                }
            )

    def test_an_unused_rule_goes_with_its_periods(self):
        rule = self._create_fee()
        rule.unlink()
        self.assertFalse(
            self.env["project.billing.item"].search(
                [("project_id", "=", self.project.id)]
            )
        )

    def test_a_copied_rule_plans_periods_of_its_own(self):
        rule = self._create_fee()
        copy = rule.copy()
        self.assertEqual(len(self._get_periods(copy)), 13)

    def test_a_rule_of_a_template_plans_nothing(self):
        template = self._create_project("Template", is_template=True)
        rule = self._create_rule("recurring", project=template, amount=10)
        self.assertFalse(self._get_periods(rule))

    def test_a_project_from_a_template_plans_from_its_first_day(self):
        template = self._create_project("Template", is_template=True, partner_id=False)
        fee = self._create_rule(
            "recurring", project=template, amount=900, included_hours=10
        )
        self._create_rule(
            project=template, price=100, prepaid_rule_ids=[Command.link(fee.id)]
        )
        project = template.action_create_from_template(
            {"name": "Care", "partner_id": self.customer.id}
        )
        fee, time = project.billing_rule_ids.sorted("billing_type")
        self.assertEqual(self._get_days(fee, 1), [("2026-01-01", "2026-01-31")])
        self.assertEqual(time.prepaid_rule_ids, fee)

    def test_the_administrator_plans_without_rights_to_anything_else(self):
        rule = (
            self.env["project.billing.rule"]
            .with_user(self.administrator)
            .create(
                {
                    "project_id": self.project.id,
                    "billing_type": "recurring",
                    "date_start": "2026-01-01",
                    "bill_from": "2026-01-01",
                    "amount": 10,
                    "pause_ids": [
                        Command.create(
                            {
                                "date_start": "2026-02-01",
                                "date_end": "2026-02-28",
                                "reason": "Move",
                            }
                        )
                    ],
                }
            )
        )
        self.assertEqual(len(self._get_periods(rule)), 12)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-10")
class TestFees(RecurringCommon):
    def test_a_pause_over_two_periods_is_taken_out_of_both(self):
        rule = self._create_fee()
        self._pause(rule, "2026-01-25", "2026-02-07")
        self.assertEqual(self._get_amounts(rule), [774.19, 750.0, 1000.0])

    def test_a_wholly_paused_period_makes_no_item(self):
        rule = self._create_fee()
        self._pause(rule, "2026-02-01", "2026-02-28")
        self.assertEqual(
            self._get_days(rule, 2),
            [("2026-01-01", "2026-01-31"), ("2026-03-01", "2026-03-31")],
        )

    def test_a_pause_without_end_stops_the_fee_until_it_ends(self):
        rule = self._create_fee()
        pause = self._pause(rule, "2026-03-01", False)
        self.assertEqual(len(self._get_periods(rule)), 2)
        pause.date_end = "2026-04-30"
        self.assertEqual(len(self._get_periods(rule)), 11)
        pause.unlink()
        self.assertEqual(len(self._get_periods(rule)), 13)

    def test_overlapping_pauses_are_refused(self):
        rule = self._create_fee()
        self._pause(rule, "2026-02-01", "2026-02-10")
        self._pause(rule, "2026-02-11", "2026-02-12")
        with self.assertRaises(BillingRuleError):
            self._pause(rule, "2026-02-12", "2026-02-20")

    def test_a_pause_in_the_wrong_order_is_refused(self):
        rule = self._create_fee()
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            self._pause(rule, "2026-02-10", "2026-02-01")

    def test_the_fee_rises_over_three_years(self):
        rule = self._create_fee(
            recurring_interval="year",
            index_percentage=2.5,
            index_date="2027-01-01",
            date_end="2029-12-31",
        )
        with freeze_time("2028-06-01"):
            rule._plan_periods()
        self.assertEqual(self._get_amounts(rule, 4), [1000.0, 1025.0, 1050.63, 1076.9])
        self.assertEqual(rule._get_contract_amounts(), {rule: 4152.53})

    def test_a_step_in_the_middle_of_a_period_counts_by_days(self):
        rule = self._create_fee(amount=100)
        rule.rate_ids = [Command.create({"price": 110, "date_start": "2026-01-11"})]
        self.assertEqual(self._get_amounts(rule, 2), [106.77, 110.0])

    def test_a_step_for_a_person_is_refused(self):
        rule = self._create_fee()
        with self.assertRaises(BillingRuleError):
            rule.rate_ids = [
                Command.create(
                    {
                        "price": 110,
                        "date_start": "2026-01-11",
                        "employee_id": self.ann.id,
                    }
                )
            ]

    def test_a_step_in_another_currency_is_refused(self):
        rule = self._create_fee()
        other = self.setup_other_currency("EUR")
        with self.assertRaises(BillingRuleError):
            rule.rate_ids = [
                Command.create(
                    {
                        "price": 110,
                        "date_start": "2026-01-11",
                        "currency_id": other.id,
                    }
                )
            ]

    def test_an_increase_of_150_percent_is_refused(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            self._create_fee(index_percentage=150, index_date="2027-01-01")

    def test_a_negative_fee_is_refused(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            self._create_fee(amount=-1)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-10")
class TestInvoicing(RecurringCommon):
    def test_a_fee_in_advance_is_invoiced_from_its_first_day(self):
        self._create_fee(start="2026-02-01")
        self.assertFalse(self._get_lines(self._propose(date(2026, 1, 31)), "proposed"))
        run = self._propose(date(2026, 2, 1))
        self.assertEqual(self._get_lines(run, "proposed").amount, 1000.0)

    def test_a_fee_in_arrears_is_invoiced_from_its_last_day(self):
        self._create_fee(start="2026-02-01", recurring_timing="arrears")
        self.assertFalse(self._get_lines(self._propose(date(2026, 2, 27)), "proposed"))
        run = self._propose(date(2026, 2, 28))
        self.assertEqual(self._get_lines(run, "proposed").amount, 1000.0)

    def test_a_fee_can_be_invoiced_some_days_ahead(self):
        self._create_fee(start="2026-02-01", recurring_lead_days=1)
        run = self._propose(date(2026, 1, 31))
        self.assertEqual(self._get_lines(run, "proposed").amount, 1000.0)

    def test_the_invoice_names_the_period(self):
        self._create_fee(start="2026-01-15")
        move = self._bill(date(2026, 1, 31))
        self.assertEqual(move.amount_untaxed, 548.39)
        self.assertEqual(
            (str(move.billing_date_start), str(move.billing_date_end)),
            ("2026-01-15", "2026-01-31"),
        )
        self.assertEqual(
            move.invoice_line_ids.name,
            "Support, January 2026\n01/15/2026 – 01/31/2026, 17 of 31 days",
        )

    def test_the_invoice_tells_the_days_of_each_fee(self):
        rule = self._create_fee(amount=100)
        rule.rate_ids = [Command.create({"price": 110, "date_start": "2026-01-11"})]
        move = self._bill(date(2026, 1, 31))
        self.assertIn("10 days at", move.invoice_line_ids.name)
        self.assertIn("21 days at", move.invoice_line_ids.name)

    def test_the_period_reads_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        rule = self._create_fee()
        self.assertEqual(self._get_periods(rule)[2].name, "Support, mars 2026")

    def test_each_period_is_invoiced_once(self):
        self._create_fee()
        first = self._bill(date(2026, 3, 31))
        self.assertEqual(first.amount_untaxed, 3000.0)
        self.assertFalse(self._get_lines(self._propose(date(2026, 3, 31)), "proposed"))
        self.assertConserved()

    def test_a_run_far_ahead_plans_what_it_needs(self):
        rule = self._create_fee(recurring_interval="quarter")
        run = self._propose(date(2028, 12, 31))
        self.assertEqual(len(self._get_lines(run, "proposed")), 12)
        self.assertEqual(len(self._get_periods(rule)), 12)

    def test_only_the_next_of_the_coming_periods_is_listed(self):
        self._create_fee()
        run = self._propose(date(2026, 1, 31))
        self.assertEqual(
            self._get_lines(run, "skipped").mapped("name"), ["Support, February 2026"]
        )

    def test_the_manager_proposes_and_the_periods_are_there(self):
        rule = self._create_fee()
        run = self._propose(date(2027, 6, 30), user=self.manager)
        self.assertEqual(len(self._get_lines(run, "proposed")), 18)
        self.assertEqual(len(self._get_periods(rule)), 18)

    def test_fees_of_two_currencies_make_two_invoices(self):
        other = self.setup_other_currency("EUR")
        self._create_fee()
        self._create_fee(amount=333.333, currency_id=other.id)
        moves = self._bill(date(2026, 1, 31))
        self.assertEqual(
            {move.currency_id: move.amount_untaxed for move in moves},
            {self.company.currency_id: 1000.0, other: 333.33},
        )

    def test_twelve_months_ahead_are_counted_in_the_companys_zone(self):
        self.company.partner_id.tz = "Pacific/Auckland"
        with freeze_time("2026-01-31 12:00:00"):  # 1 February there
            rule = self._create_fee()
        self.assertEqual(str(self._get_periods(rule)[-1].date_start), "2027-02-01")

    def test_a_cancelled_fee_is_held_and_invoiced_again_after_release(self):
        rule = self._create_fee(date_end="2026-01-31")
        move = self._bill(date(2026, 1, 31))
        move.button_cancel()
        period = self._get_periods(rule)
        self.assertEqual((period.stage, period.billing_held_amount), ("held", 1000.0))
        rule._plan_periods()
        self.assertEqual(period.billing_held_amount, 1000.0)
        period.with_user(self.clerk).action_release()
        self.assertEqual(self._bill(date(2026, 1, 31)).amount_untaxed, 1000.0)

    def test_undo_gives_the_period_back(self):
        rule = self._create_fee()
        run = self._propose(date(2026, 1, 31))
        run.action_invoice()
        run.action_undo()
        self.assertEqual(self._get_periods(rule)[0].stage, "held")
        self.assertConserved()
