from contextlib import contextmanager
from datetime import date
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user
from odoo.tools import mute_logger

from .common import ADDON, BillingCommon


class TestSchedule(BillingCommon):
    """The scheduled job: due and not done, once, whatever the hour."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100)
        cls.entry = cls._create_entry(8)
        cls.company.write(
            {
                "billing_schedule_active": True,
                "billing_schedule_date": date(2026, 7, 1),
            }
        )

    def _run_job(self):
        with self.enter_registry_test_mode():
            cron = self.env.ref(f"{ADDON}.ir_cron_project_billing").sudo()
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()
        return self.env["project.billing.run"].search(
            [("is_scheduled", "=", True), ("company_id", "=", self.company.id)]
        )

    def test_job_is_off_until_it_is_switched_on(self):
        self.company.billing_schedule_active = False
        with freeze_time("2026-07-01 06:00:00"):
            self.assertFalse(self._run_job())

    def test_nothing_happens_the_day_before(self):
        with freeze_time("2026-06-30 23:59:00"):
            self.assertFalse(self._run_job())

    def test_job_bills_up_to_the_day_before(self):
        late = self._create_entry(1, date(2026, 6, 30))
        today = self._create_entry(2, date(2026, 7, 1))
        with freeze_time("2026-07-01 00:01:00"):
            run = self._run_job()
        self.assertRecordValues(
            run,
            [
                {
                    "state": "done",
                    "cutoff_date": date(2026, 6, 30),
                    "date": date(2026, 7, 1),
                }
            ],
        )
        self.assertEqual(run.move_ids.amount_untaxed, 900)
        self.assertEqual(late.billed_quantity, 1)
        self.assertEqual(today.billed_quantity, 0)
        self.assertEqual(run.move_ids.state, "draft")
        self.assertEqual(self.company.billing_schedule_date, date(2026, 8, 1))
        self.assertConserved()

    def test_job_that_runs_every_hour_makes_one_run(self):
        for hour in (1, 2, 23):
            with freeze_time(f"2026-07-01 {hour:02}:00:00"):
                runs = self._run_job()
        self.assertEqual(len(runs), 1)
        self.assertEqual(len(runs.move_ids), 1)

    def test_missed_months_are_caught_up_by_one_run(self):
        self._create_entry(2, date(2026, 8, 20))
        with freeze_time("2026-09-10 06:00:00"):
            run = self._run_job()
        self.assertEqual(run.cutoff_date, date(2026, 8, 31))
        self.assertEqual(run.move_ids.amount_untaxed, 1000)
        self.assertEqual(self.company.billing_schedule_date, date(2026, 10, 1))

    def test_weekly_job_runs_every_week(self):
        self.company.billing_schedule_interval = "week"
        with freeze_time("2026-07-01 06:00:00"):
            self._run_job()
        self.assertEqual(self.company.billing_schedule_date, date(2026, 7, 8))

    def test_job_leaves_held_work_alone(self):
        self._bill().unlink()
        with freeze_time("2026-07-01 06:00:00"):
            run = self._run_job()
        self.assertFalse(run.move_ids)
        self.assertEqual(run.line_ids.reason_code, "held")
        self.assertEqual(self.entry.billing_held_quantity, 8)

    def test_job_waits_for_approval_where_the_company_asks_for_it(self):
        self.company.billing_approval_required = True
        with freeze_time("2026-07-01 06:00:00"):
            run = self._run_job()
            self.assertFalse(run.move_ids)
            self.assertEqual(run.state, "proposed")
            run.line_ids.with_user(self.manager).action_approve()
            run.with_user(self.clerk).action_invoice()
        self.assertEqual(run.move_ids.amount_untaxed, 800)
        self.assertConserved()

    def test_bad_project_does_not_stop_the_job(self):
        product = self.hours_product.copy({"name": "Wrong account"})
        product.property_account_income_id = self.company_data[
            "default_account_receivable"
        ]
        bad = self._create_project("Bad")
        self._create_rule(project=bad, price=100, product_id=product.id)
        self._create_entry(1, task=self._create_task("T", bad))
        with freeze_time("2026-07-01 06:00:00"):
            run = self._run_job()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.move_ids.amount_untaxed, 800)
        self.assertEqual(self._get_lines(run, "failed").project_id, bad)
        self.assertConserved(self.project | bad)

    def test_broken_rule_does_not_stop_the_job(self):
        bad = self._create_project("Bad")
        rule = self._create_rule(project=bad, price=100)
        self._create_entry(1, task=self._create_task("T", bad))
        self.env.flush_all()
        # as an add-on with a billing type of its own leaves it when it is removed
        self.env.cr.execute(
            "UPDATE project_billing_rule SET billing_type = 'gone' WHERE id = %s",
            [rule.id],
        )
        self.env.invalidate_all()
        with freeze_time("2026-07-01 06:00:00"):
            run = self._run_job()
        self.assertEqual(run.move_ids.amount_untaxed, 800)
        self.assertIn(bad, self._get_lines(run, "failed").project_id)

    def test_killed_run_is_carried_on_by_the_next_job(self):
        run = self._propose()
        run.sudo().state = "running"
        with freeze_time("2026-06-30 12:00:00"):
            self._run_job()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.move_ids.amount_untaxed, 800)
        self.assertConserved()

    def test_failing_run_does_not_stop_the_next(self):
        shop = self._create_project("Shop")
        self._create_rule(project=shop, price=100)
        self._create_entry(1, task=self._create_task("T", shop))
        bad, good = self._propose(), self._propose(projects=shop)
        (bad | good).sudo().state = "running"
        model = type(bad)
        finish = model._finish

        def broken(run, moves):
            if run.id == bad.id:
                raise ValueError("no room on the disk")
            finish(run, moves)

        with (
            freeze_time("2026-06-30 12:00:00"),
            patch.object(model, "_finish", broken),
            mute_logger(
                f"odoo.addons.{ADDON}.models.project_billing_run_schedule_mixin"
            ),
        ):
            self._run_job()
        self.assertEqual((bad.state, good.state), ("running", "done"))
        self.assertFalse(bad.move_ids)
        with freeze_time("2026-06-30 12:00:00"):
            self._run_job()
        self.assertEqual(bad.state, "done")
        self.assertConserved(self.project | shop)

    def test_switching_on_asks_for_no_date(self):
        company = self.company
        company.write(
            {"billing_schedule_active": False, "billing_schedule_date": False}
        )
        with freeze_time("2026-07-15 12:00:00"):
            company.billing_schedule_active = True
            self.assertEqual(company.billing_schedule_date, date(2026, 8, 1))

    def test_preview_shows_what_the_job_would_bill(self):
        runs = self.env["project.billing.run"].with_user(self.clerk)
        with freeze_time("2026-06-30 12:00:00"):
            action = runs._open_preview(self.company)
        run = runs.browse(action["res_id"])
        self.assertEqual(self._get_lines(run, "proposed").amount, 800)
        self.assertFalse(run.move_ids)

    # -- failures are seen -------------------------------------------------------------

    @contextmanager
    def _broken(self, name, text="no room on the disk"):
        """Let a step of the job fail, until the block ends."""

        def fail(*_args, **_kwargs):
            raise ValueError(text)

        model = type(self.env["project.billing.run"])
        logger = f"odoo.addons.{ADDON}.models.project_billing_run_schedule_mixin"
        with patch.object(model, name, fail), mute_logger(logger):
            yield

    def _get_activities(self, run):
        return self.env["mail.activity"].search(
            [("res_model", "=", run._name), ("res_id", "in", run.ids)]
        )

    def test_company_whose_run_cannot_start_gets_a_run_that_says_why(self):
        self.company.billing_schedule_user_id = self.clerk
        with freeze_time("2026-07-01 06:00:00"), self._broken("_propose"):
            run = self._run_job()
        self.assertRecordValues(
            run,
            [
                {
                    "state": "draft",
                    "error": "no room on the disk",
                    "cutoff_date": date(2026, 6, 30),
                }
            ],
        )
        activity = self._get_activities(run)
        self.assertEqual(activity.user_id, self.clerk)
        self.assertIn("no room on the disk", activity.note)
        self.assertFalse(run.line_ids)
        self.assertEqual(self.company.billing_schedule_date, date(2026, 7, 1))

    def test_failure_is_told_once_however_often_the_job_runs(self):
        self.company.billing_schedule_user_id = self.clerk
        mails = self.env["mail.mail"].search_count([])
        for hour, text in ((6, "first"), (7, "first"), (8, "second")):
            with (
                freeze_time(f"2026-07-01 {hour:02}:00:00"),
                self._broken("_propose", text),
            ):
                run = self._run_job()
        self.assertEqual(len(run), 1)
        self.assertEqual(run.error, "second")
        self.assertEqual(len(self._get_activities(run)), 1)
        notes = run.message_ids.filtered(lambda m: "stopped" in (m.body or ""))
        self.assertEqual(len(notes), 1)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)

    def test_job_that_gets_through_clears_the_failure_and_bills_once(self):
        self.company.billing_schedule_user_id = self.clerk
        with freeze_time("2026-07-01 06:00:00"), self._broken("_propose"):
            stopped = self._run_job()
        with freeze_time("2026-07-02 06:00:00"):
            run = self._run_job()
        self.assertEqual(run, stopped)
        self.assertRecordValues(
            run, [{"state": "done", "error": False, "date": date(2026, 7, 2)}]
        )
        self.assertFalse(self._get_activities(run))
        self.assertEqual(run.move_ids.amount_untaxed, 800)
        self.assertEqual(self.company.billing_schedule_date, date(2026, 8, 1))
        self.assertConserved()

    def test_run_that_stops_half_way_keeps_the_error_and_nothing_else(self):
        self.company.billing_schedule_user_id = self.clerk
        with freeze_time("2026-07-01 06:00:00"), self._broken("_finish"):
            run = self._run_job()
        self.assertRecordValues(
            run, [{"state": "running", "error": "no room on the disk"}]
        )
        self.assertFalse(run.move_ids)
        self.assertEqual(self.entry.billed_quantity, 0)
        self.assertEqual(self._get_activities(run).user_id, self.clerk)
        with freeze_time("2026-07-01 07:00:00"):
            self._run_job()
        self.assertRecordValues(run, [{"state": "done", "error": False}])
        self.assertFalse(self._get_activities(run))
        self.assertConserved()

    def test_who_handed_a_run_over_is_told_that_it_stopped(self):
        self.company.billing_schedule_user_id = self.administrator
        run = self._propose()
        run.sudo().state = "running"
        with freeze_time("2026-06-30 12:00:00"), self._broken("_finish"):
            self._run_job()
        self.assertEqual(self._get_activities(run).user_id, self.clerk)

    def test_nobody_is_told_of_what_he_may_not_read(self):
        self.company.billing_schedule_user_id = new_test_user(
            self.env, login="visitor", groups="base.group_user"
        )
        with freeze_time("2026-07-01 06:00:00"), self._broken("_propose"):
            run = self._run_job()
        self.assertTrue(run.error)
        self.assertFalse(self._get_activities(run))

    def test_who_switches_the_schedule_on_is_responsible(self):
        company = self.company
        company.write(
            {"billing_schedule_active": False, "billing_schedule_user_id": False}
        )
        administrator = self.administrator
        administrator.group_ids |= self.env.ref("base.group_system")
        own = company.with_user(administrator)
        own.billing_schedule_active = True
        self.assertEqual(own.billing_schedule_user_id, administrator)

    def test_error_of_a_run_is_not_typed(self):
        run = self._propose()
        with self.assertRaises(AccessError):
            run.with_user(self.clerk).error = "Nothing happened"
