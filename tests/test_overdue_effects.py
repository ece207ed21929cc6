"""What levels do beside mails: fees, letters, activities, stopped work."""

from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import freeze_time

from odoo.addons.project_invoice_tracker.exceptions import BillingError
from odoo.addons.project_invoice_tracker.models import (
    account_overdue_run_execute_mixin as execute,
)

from .overdue_common import DUE, OverdueCommon

DAY = DUE + timedelta(days=6)


def after(days):
    return DUE + timedelta(days=days)


class EffectCommon(OverdueCommon):
    def _use(self, *levels, **kwargs):
        policy = self._create_policy(levels, **kwargs)
        self.company.overdue_policy_id = policy
        return policy

    def _bill_project(self):
        """Return a sent invoice of the project, 100.00, due on 2 March."""
        rule = self._create_rule("milestone")
        self._create_item(rule, amount=100, date_ready=DUE)
        invoice = self._bill(DUE)
        invoice.invoice_payment_term_id = False
        invoice.write({"invoice_date_due": DUE, "is_move_sent": True})
        invoice.action_post()
        invoice.overdue_date_sent = DUE
        return invoice


class TestFees(EffectCommon):
    def _get_receivable(self):
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )
        return sum(lines.mapped("balance"))

    def test_c03_fees_by_level(self):
        self._use(
            {"delay_days": 5, "fee_type": "fixed", "fee_amount": 10},
            {"delay_days": 10, "fee_type": "percent", "fee_percentage": 15},
        )
        self._create_invoice()
        self._remind(after(5))
        self.assertEqual(self._get_receivable(), 110)
        self._remind(after(10))
        self.assertEqual(self._get_receivable(), 125)

    def test_the_mail_lists_the_fee(self):
        self._use({"delay_days": 5, "fee_type": "fixed", "fee_amount": 10})
        self._create_invoice()
        notice = self._remind(after(5), send=False).notice_ids
        debit = self.env["account.overdue.charge"].search([]).debit_move_id
        self.assertIn(debit.name, notice.with_user(self.clerk).items_html)

    def test_a_reminder_that_is_held_costs_nothing(self):
        self._use(
            {"delay_days": 5, "fee_type": "fixed", "fee_amount": 10}, hold_hours=24
        )
        self._bill_project()
        run = self._remind(after(5), send=False)
        self.assertEqual(run.notice_ids.state, "waiting")
        self.assertEqual(self._get_receivable(), 100)
        run.notice_ids.with_user(self.manager).action_hold()
        self.assertEqual(self._get_receivable(), 100)

    def test_a_fee_is_charged_once_however_often_the_mail_fails(self):
        self._use({"delay_days": 5, "fee_type": "fixed", "fee_amount": 10})
        self._create_invoice()
        notice = self._remind(after(5), send=False).sudo().notice_ids
        notice._note_failed("550")
        with freeze_time(after(6)):
            notice.with_user(self.clerk).action_send_now()
        self.assertEqual(self._get_receivable(), 110)


class TestLetters(EffectCommon):
    def _send_letter(self):
        self._use({"delay_days": 5, "channel": "letter"})
        self.invoice = self._create_invoice()
        return self._remind(after(5)).notice_ids

    def test_a_letter_waits_to_be_printed(self):
        notice = self._send_letter()
        self.assertEqual(notice.state, "to_print")
        with freeze_time(after(8)):
            notice.with_user(self.clerk).action_print()
        self.assertEqual(notice.state, "sent")
        self.assertEqual(notice.action_ids.date_done, after(8))

    def _render(self, notice):
        reports = self.env["ir.actions.report"].with_user(self.clerk)
        return reports._render_qweb_html(
            "project_invoice_tracker.report_overdue_letter", notice.ids
        )[0].decode()

    def test_a_letter_printed_again_says_what_it_said(self):
        notice = self._send_letter()
        with freeze_time(after(8)):
            notice.with_user(self.clerk).action_print()
        before = self._render(notice)
        with freeze_time(after(9)):
            self._pay(self.invoice, 40, after(9))
            notice.invalidate_recordset()
            self.assertEqual(self._render(notice), before)
        self.assertIn("100.00", before)

    def test_a_letter_says_what_is_open(self):
        notice = self._send_letter()
        html = self._render(notice)
        self.assertIn(self.invoice.name, html)
        self.assertIn("100.00", html)
        self.assertIn("Reminder: open invoices", html)


class TestActivities(EffectCommon):
    def _get_users(self, **level):
        self._use({"delay_days": 5, "channel": "none", **level})
        notice = self._remind(DAY).notice_ids
        self.assertEqual(notice.state, "sent")
        return notice.sudo().activity_ids.user_id

    def test_the_projects_manager_is_told(self):
        self._bill_project()
        self.assertEqual(self._get_users(activity_role="manager"), self.manager)

    def test_without_project_the_accountant_is_told(self):
        self.company.overdue_user_id = self.clerk
        self._create_invoice()
        self.assertEqual(self._get_users(activity_role="manager"), self.clerk)

    def test_the_salesperson_is_told(self):
        self._create_invoice(invoice_user_id=self.administrator.id)
        self.assertEqual(
            self._get_users(activity_role="salesperson"), self.administrator
        )

    def test_a_named_person_is_told(self):
        self._create_invoice()
        users = self._get_users(activity_role="user", activity_user_id=self.clerk.id)
        self.assertEqual(users, self.clerk)

    def test_an_own_action_runs_once_for_each_reminder(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Tag",
                "model_id": self.env["ir.model"]._get_id("account.overdue.notice"),
                "state": "code",
                "code": "record.partner_id.write({'ref': 'LATE'})",
            }
        )
        self._create_invoice()
        self._use({"delay_days": 5, "server_action_id": action.id})
        self._remind(DAY)
        self.assertEqual(self.customer.ref, "LATE")


class TestProjectHold(EffectCommon):
    def _stop(self, kind):
        self._use({"delay_days": 5, "channel": "none", "hold_project": kind})
        invoice = self._bill_project()
        self._remind(DAY)
        return invoice

    def _log_time(self, **kwargs):
        user = self._create_user(
            "ann", "base.group_user,hr_timesheet.group_timesheet_manager"
        )
        return (
            self.env["account.analytic.line"]
            .with_user(user)
            .create(
                {
                    "name": "More work",
                    "project_id": self.project.id,
                    "employee_id": self.ann.id,
                    "unit_amount": 1,
                    "date": DAY,
                    **kwargs,
                }
            )
        )

    def test_a_warning_lets_work_go_on(self):
        self._stop("warn")
        self.assertEqual(self.project.overdue_hold, "warn")
        self.assertTrue(self._log_time())

    def test_who_logs_time_is_warned(self):
        groups = "base.group_user,hr_timesheet.group_hr_timesheet_user"
        user = self._create_user("ben", groups)
        lines = self.env["account.analytic.line"].with_user(user)
        asked = {"project_id": self.project.id}, ["project_id"], {"project_id": {}}
        self.assertNotIn("warning", lines.onchange(*asked))
        self._stop("warn")
        warning = lines.onchange(*asked)["warning"]
        self.assertIn(self.project.name, warning["message"])
        self.assertIn("overdue", warning["message"])

    def test_stopped_work_takes_no_time(self):
        self._stop("block")
        with self.assertRaises(BillingError):
            self._log_time()

    def test_time_of_before_may_be_lowered_and_not_raised(self):
        entry = self._log_time()
        self._stop("block")
        entry.unit_amount = 0.5
        with self.assertRaises(BillingError):
            entry.unit_amount = 2

    def test_work_goes_on_by_itself_once_paid(self):
        invoice = self._stop("block")
        projects = self.env["project.project"]
        self.assertFalse(projects._release_overdue_holds())
        self._pay(invoice, 100, DAY)
        self.assertEqual(projects._release_overdue_holds(), self.project)
        self.assertTrue(self._log_time())

    def test_who_invoices_may_let_work_go_on(self):
        self._stop("block")
        with self.assertRaises(BillingError):
            self.project.with_user(self.manager).action_release_overdue_hold()
        self.project.with_user(self.administrator).action_release_overdue_hold()
        self.assertFalse(self.project.overdue_hold)


class TestHoursToObject(EffectCommon):
    def setUp(self):
        super().setUp()
        self._use({"delay_days": 5}, hold_hours=24)
        self.invoice = self._bill_project()
        with freeze_time(f"{DAY} 12:00:00"):
            run = self._propose_reminders(DAY)
            run.action_execute()
        self.notice = run.notice_ids

    def _pass(self, hours):
        with freeze_time(fields.Datetime.add(self._now(), hours=hours)):
            self.env["account.overdue.notice"]._pass_hours()

    def _now(self):
        return fields.Datetime.to_datetime(f"{DAY} 12:00:00")

    def test_it_waits_for_the_manager_who_is_told(self):
        self.assertEqual(self.notice.state, "waiting")
        self.assertEqual(self.notice.sudo().activity_ids.user_id, self.manager)
        self._pass(23)
        self.assertEqual(self.notice.state, "waiting")

    def test_it_goes_when_the_hours_are_over(self):
        self._pass(24)
        self.assertEqual(self.notice.state, "ready")
        self.assertFalse(self.notice.sudo().activity_ids)

    def test_the_manager_holds_and_releases_it(self):
        notice = self.notice.with_user(self.manager)
        notice.action_hold()
        self._pass(48)
        self.assertEqual(self.notice.state, "held")
        notice.action_release()
        self.assertEqual(self.notice.state, "ready")

    def test_the_manager_does_not_send_nor_skip(self):
        notice = self.notice.with_user(self.manager)
        for button in ("action_send_now", "action_skip_once", "action_print"):
            with self.assertRaises(BillingError):
                getattr(notice, button)()

    def test_another_manager_neither_sees_nor_holds_it(self):
        stranger = self._create_user(
            "stranger", "base.group_user,project.group_project_user"
        )
        notice = self.notice.with_user(stranger)
        self.assertFalse(notice.search([]))
        with self.assertRaises(AccessError):
            notice.action_hold()

    def test_without_project_nobody_is_waited_for(self):
        self._create_invoice(
            partner_id=self.env["res.partner"]
            .create({"name": "Plain", "email": "plain@example.com"})
            .id
        )
        run = self._remind(DAY, send=False)
        self.assertEqual(run.notice_ids.state, "ready")

    def test_what_is_paid_within_the_hours_does_not_go(self):
        self._pay(self.invoice, 100, DAY)
        self._pass(24)
        self.assertEqual(self.notice.state, "cancelled")


class TestRights(EffectCommon):
    def test_a_manager_starts_no_run(self):
        with self.assertRaises(AccessError):
            self.env["account.overdue.run"].with_user(self.manager).create({})

    def test_nobody_writes_actions_or_reminders_by_hand(self):
        self._create_invoice()
        run = self._remind(DAY)
        for records in (run.action_ids, run.notice_ids, run.line_ids):
            with self.assertRaises(AccessError):
                records.with_user(self.administrator).write({"state": "done"})
        with self.assertRaises(AccessError):
            run.with_user(self.clerk).state = "draft"

    def test_a_clerk_sets_no_policy(self):
        with self.assertRaises(AccessError):
            self.policy.with_user(self.clerk).is_on = False
        self.policy.with_user(self.administrator).is_on = False

    def test_another_company_sees_nothing(self):
        self._create_invoice()
        run = self._remind(DAY)
        second = self.env["res.company"].create({"name": "Second"})
        other = self._create_user(
            "other_clerk", "base.group_user,account.group_account_invoice"
        )
        other.write({"company_ids": [Command.set(second.ids)], "company_id": second.id})
        for model in ("run", "run.line", "action", "notice"):
            records = self.env[f"account.overdue.{model}"].with_user(other)
            self.assertFalse(records.search([]), model)
        with self.assertRaises(AccessError):
            run.with_user(other).action_propose()

    def test_a_manager_sees_the_reminders_of_own_projects(self):
        self._bill_project()
        self._create_invoice()
        actions = self._remind(DAY).action_ids
        own = self.env["account.overdue.action"].with_user(self.manager).search([])
        self.assertEqual(len(own), 1)
        self.assertEqual(len(actions), 2)
        self.assertTrue(own.move_name)


class TestSchedule(EffectCommon):
    def _run_job(self, day):
        with freeze_time(f"{day} 12:00:00"), self.enter_registry_test_mode():
            cron = self.env.ref("project_invoice_tracker.ir_cron_overdue").sudo()
            self.assertIs(cron.method_direct_trigger(), True)

    def _count(self):
        return self.env["account.overdue.action"].search_count(
            [("company_id", "=", self.company.id)]
        )

    def test_nothing_happens_until_it_is_switched_on(self):
        self._create_invoice()
        self._run_job(DAY)
        self.assertEqual(self._count(), 0)
        self.company.overdue_schedule_active = True
        self._run_job(DAY)
        self.assertEqual(self._count(), 1)

    def test_a_second_job_of_the_day_and_missed_days(self):
        self.company.overdue_schedule_active = True
        levels = ({"delay_days": days, "channel": "none"} for days in (5, 20))
        self._use(*levels)
        self._create_invoice()
        self._run_job(DAY)
        self._run_job(DAY)
        self.assertEqual(self._count(), 1)
        self._run_job(after(33))  # the day of level 2 was missed
        self.assertEqual(self._count(), 2)

    def test_today_is_the_companys_day(self):
        self.company.overdue_schedule_active = True
        self.company.partner_id.tz = "Pacific/Kiritimati"  # 14 hours ahead
        self._create_invoice()
        self._run_job(after(4))  # there it is the fifth day by now
        self.assertEqual(self._count(), 1)

    def test_a_run_that_was_killed_is_carried_on(self):
        self._create_invoice()
        run = self._propose_reminders(DAY)
        run.sudo().state = "running"
        self._run_job(DAY)
        self.assertEqual((run.state, self._count()), ("done", 1))

    def test_a_run_that_ran_out_of_time_asks_for_the_job_again(self):
        self._create_invoice()
        second = self.env["res.partner"].create(
            {"name": "Second", "email": "second@example.com"}
        )
        self._create_invoice(partner_id=second.id)
        run = self._propose_reminders(DAY)
        run.sudo().state = "running"
        cron = self.env.ref("project_invoice_tracker.ir_cron_overdue").sudo()
        triggers = self.env["ir.cron.trigger"].sudo()
        triggers.search([("cron_id", "=", cron.id)]).unlink()
        crons = self.registry["ir.cron"]
        with (
            freeze_time(f"{DAY} 12:00:00"),
            patch.object(execute, "HAND_OVER", 1),
            patch.object(crons, "_commit_progress", lambda *args, **kwargs: 0),
        ):
            run._continue_running()
        self.assertEqual((run.state, self._count()), ("running", 1))
        self.assertTrue(triggers.search([("cron_id", "=", cron.id)]))
