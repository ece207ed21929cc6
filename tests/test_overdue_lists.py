"""From lists and forms: who is reminded now, what was done, how far it has come."""

from datetime import timedelta

from odoo.tests import freeze_time

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .overdue_common import DUE
from .test_overdue_effects import EffectCommon

DAY = DUE + timedelta(days=6)


def after(days):
    return DUE + timedelta(days=days)


class TestRemindNow(EffectCommon):
    """From the list of customers or a customer's timeline: those chosen, no others."""

    def setUp(self):
        super().setUp()
        self.other = self.env["res.partner"].create(
            {"name": "Contoso", "email": "pay@contoso.example"}
        )
        self.own = self._create_invoice()
        self._create_invoice(partner_id=self.other.id)

    def _get_rows(self, *partners):
        self.env.flush_all()
        rows = self.env["account.overdue.customer"].with_user(self.clerk)
        return rows.search([("partner_id", "in", [own.id for own in partners])])

    def _press(self, rows, **context):
        action = rows.with_context(**context).action_remind_now()
        return (
            self.env[action["res_model"]].with_user(self.clerk).browse(action["res_id"])
        )

    def test_only_the_chosen_customer_is_proposed_and_reminded(self):
        with freeze_time(f"{DAY} 12:00:00"):
            run = self._press(self._get_rows(self.customer))
            self.assertEqual(run.line_ids.move_id, self.own)
            run.action_propose()
            self.assertEqual(run.line_ids.move_id, self.own)
            run.action_execute()
        self.assertEqual(run.action_ids.partner_id, self.customer)
        self.assertEqual(run.notice_ids.partner_id, self.customer)
        self.assertIn("Northwind", run.name)

    def test_without_a_choice_all_of_the_company_are_proposed(self):
        with freeze_time(f"{DAY} 12:00:00"):
            run = self._press(self._get_rows())
        self.assertEqual(run.line_ids.partner_id, self.customer | self.other)

    def test_the_timelines_customer_only_is_proposed(self):
        with freeze_time(f"{DAY} 12:00:00"):
            action = self.customer.with_user(self.clerk).action_view_overdue_timeline()
            rows = self.env["account.overdue.timeline"].with_user(self.clerk)
            run = self._press(rows, **action["context"])
        self.assertEqual(run.line_ids.move_id, self.own)

    def test_the_day_is_that_of_the_customers_company(self):
        """The clerk sits where it is tomorrow already."""
        second = self.setup_other_company(name="Second firm")["company"]
        second.partner_id.tz = "Pacific/Kiritimati"
        self.company.partner_id.tz = "Pacific/Pago_Pago"
        self.clerk.company_ids |= second
        with freeze_time(f"{DAY} 10:30:00"):
            for company, day in ((self.company, -1), (second, 1)):
                run = self.env["account.overdue.run"].with_user(self.clerk)
                run = run.create({"company_id": company.id})
                self.assertEqual(run.date, DAY + timedelta(days=day))

    def test_customers_of_two_companies_have_a_run_each(self):
        second = self.env["res.company"].create({"name": "Second firm"})
        rows = self.env["account.overdue.customer"].with_user(self.clerk)
        with self.assertRaises(BillingError):
            rows._propose_reminders(self.company | second, self.customer)

    def test_a_scheduled_run_of_the_day_still_reminds_the_others(self):
        self.company.overdue_schedule_active = True
        with freeze_time(f"{DAY} 12:00:00"), self.enter_registry_test_mode():
            self._press(self._get_rows(self.customer)).action_execute()
            cron = self.env.ref("project_invoice_tracker.ir_cron_overdue").sudo()
            self.assertIs(cron.method_direct_trigger(), True)
        actions = self.env["account.overdue.action"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(actions.partner_id, self.customer | self.other)
        self.assertEqual(len(actions), 2)


class TestLastReminder(EffectCommon):
    """The last reminder had no effect: who opens customer or project reads it."""

    def _read(self, record, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        return record.with_user(user or self.manager).overdue_warning

    def test_it_is_told_on_project_task_and_customer_until_it_is_paid(self):
        self._use({"delay_days": 5}, {"delay_days": 9})
        invoice = self._bill_project()
        self._remind(after(5))
        self.assertFalse(self._read(self.project), "another reminder is to come")
        self._remind(after(9))
        text = f"Unpaid after the last reminder: {invoice.name}."
        self.assertEqual(self._read(self.project), text)
        self.assertEqual(self._read(self.task), text)
        self.assertEqual(self._read(self.customer, self.clerk), text)
        self._pay(invoice, 100, after(10))
        self.assertFalse(self._read(self.project))

    def test_it_is_not_told_while_the_reminder_is_on_its_way(self):
        self._use({"delay_days": 5})
        self._bill_project()
        self._remind(after(5), send=False)
        self.assertFalse(self._read(self.project))

    def test_a_stopped_project_is_told_on_its_tasks_to_who_works_there(self):
        self._use({"delay_days": 5, "channel": "none", "hold_project": "warn"})
        self._bill_project()
        worker = self._create_user(
            "worker", "base.group_user,project.group_project_user"
        )
        task = self.task.with_user(worker)
        self.assertFalse(task.overdue_hold)
        self._remind(DAY)
        self.assertEqual(task.overdue_hold, "warn")
        self.assertIn("overdue", task.overdue_hold_reason)
        arch = task.get_view(view_type="form")["arch"]
        self.assertIn("overdue_hold_reason", arch)


class TestTimelineOfReminders(EffectCommon):
    """Reminders stand in the customer's timeline, with how they fared."""

    def _get_rows(self):
        self.env.flush_all()
        rows = self.env["account.overdue.timeline"].with_user(self.clerk)
        rows.invalidate_model()
        domain = [("partner_id", "=", self.customer.id), ("action_id", "!=", False)]
        return rows.search(domain)

    def test_a_reminder_that_went_stands_on_the_day_it_went(self):
        invoice = self._create_invoice()
        run = self._remind(DAY, send=False)
        self.assertFalse(self._get_rows(), "it has not gone yet")
        with freeze_time(f"{after(8)} 12:00:00"):
            self._accept(run)
        row = self._get_rows()
        self.assertEqual(
            (row.kind, row.text, row.date), ("reminder", "Level 1", after(8))
        )
        self.assertEqual((row.document_name, row.amount), (invoice.name, 100))
        self.assertEqual(row.action_open_source()["res_model"], "account.move")

    def test_what_failed_or_is_unknown_is_told_as_such(self):
        self._create_invoice()
        notice = self._remind(DAY, send=False).sudo().notice_ids
        notice._note_failed("550 no such mailbox")
        self.assertEqual(self._get_rows().kind, "failed")
        notice._set_state("sending")
        notice._recover_lost()
        self.assertEqual(self._get_rows().kind, "unknown")

    def test_what_was_dropped_or_skipped_does_not_stand_in_it(self):
        invoice = self._create_invoice()
        run = self._propose_reminders(DAY)
        run.line_ids.action_skip_once()
        self.assertFalse(self._get_rows())
        notice = self._remind(after(9), send=False).sudo().notice_ids
        self._pay(invoice, 100, after(9))
        notice._cancel_settled()
        self.assertEqual(notice.state, "cancelled")
        self.assertFalse(self._get_rows())


class TestInvoiceList(EffectCommon):
    """The level that invoices have reached, searched and grouped by the clerk."""

    def setUp(self):
        super().setUp()
        self.reminded = self._create_invoice(due=DUE - timedelta(days=20))
        self.paid = self._create_invoice()
        self._remind(DAY)
        self._pay(self.paid, 100, DAY)
        self.fresh = self._create_invoice(due=DAY)
        self.env.flush_all()
        self.moves = self.env["account.move"].with_user(self.clerk)
        self.own = [("partner_id", "=", self.customer.id), ("state", "=", "posted")]
        self.own += [("move_type", "=", "out_invoice")]
        self.level = self.policy.level_ids[1]

    def test_it_is_searched_by_id_by_name_and_by_none(self):
        for operator, value, found in (
            ("=", self.level.id, self.reminded),
            ("in", self.policy.level_ids.ids, self.reminded),
            ("ilike", "level 2", self.reminded),
            ("!=", False, self.reminded),
            ("=", False, self.paid | self.fresh),
            ("not in", self.level.ids, self.paid | self.fresh),
            ("not ilike", "level 2", self.paid | self.fresh),
        ):
            with self.subTest(operator=operator, value=value):
                domain = [*self.own, ("overdue_level_id", operator, value)]
                self.assertEqual(
                    self.moves.search(domain), found.with_env(self.moves.env)
                )
                computed = self.moves.search(self.own).filtered_domain(domain)
                self.assertEqual(computed, found.with_env(self.moves.env))

    def test_it_is_grouped_and_sorted_by(self):
        field = self.moves.fields_get(["overdue_level_id"])["overdue_level_id"]
        self.assertTrue(field["groupable"] and field["searchable"])
        groups = self.moves._read_group(self.own, ["overdue_level_id"], ["__count"])
        empty = self.level.browse()
        self.assertEqual(dict(groups), {self.level.with_user(self.clerk): 1, empty: 2})
        first = self.moves.search(self.own, order="overdue_level_id", limit=1)
        self.assertEqual(first.id, self.reminded.id)

    def test_the_columns_and_the_search_agree_for_all_invoices(self):
        for move in self.moves.search(self.own):
            domain = [("id", "=", move.id)]
            level = move.overdue_level_id.id
            found = self.moves.search([*domain, ("overdue_level_id", "=", level)])
            self.assertEqual(found, move)
