"""Prepaid hours: included in a fee or sold as a pack, drawn down by time."""

from datetime import date

from odoo import Command
from odoo.tests import freeze_time, tagged

from odoo.addons.project_invoice_tracker.tools.draws import format_hours

from .prepaid_common import JULY_1, JULY_31, JUNE_1, JUNE_30, PrepaidCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-30")
class TestPacks(PrepaidCommon):
    def test_an_overrun_pack_has_less_than_nothing_left(self):
        """A27: a pack of 20 hours, 22 hours worked: -2, shown as -02:00."""
        pack = self._create_pack()
        for _index in range(22):
            self._create_entry(1.0)
        self.assertEqual(pack.prepaid_left, -2.0)
        self.assertEqual(format_hours(pack.prepaid_left), "-02:00")
        self.assertEqual(self._get_balance(self.packs), (20.0, 0.0, 22.0, 0.0, -2.0))

    def test_hours_of_minutes_are_not_rounded_twice(self):
        """A27: 66 times 20 minutes are 22 hours."""
        pack = self._create_pack()
        for _index in range(66):
            self._create_entry(1 / 3)
        self.assertEqual(round(pack.prepaid_left, 2), -2.0)
        self.assertEqual(format_hours(pack.prepaid_left), "-02:00")

    def test_time_uses_up_the_pack_before_anything_is_invoiced(self):
        pack = self._create_pack()
        entries = [self._create_entry(8.0, date(2026, 6, day)) for day in (8, 9, 10)]
        run = self._propose(JUNE_30)
        draw = self._get_draw_lines(run)
        self.assertEqual((draw.quantity, draw.amount), (20.0, 0.0))
        self.assertEqual(draw.name, "Drawn from prepaid hours: Pack of 20 hours")
        bill = self._get_lines(run, "proposed") - draw
        self.assertEqual((bill.quantity, bill.amount), (4.0, 400.0))
        run.action_invoice()
        self.assertEqual(
            (draw.state, draw.move_id.id), ("invoiced", False), draw.reason
        )
        self.assertEqual(run.move_ids.amount_untaxed, 400.0)
        self.assertEqual(pack.drawn_quantity, 20.0)
        self.assertEqual([e.billed_quantity for e in entries], [8.0] * 3)
        self.assertEqual(len(self._get_draws()), 3)
        self.assertConserved()

    def test_a_second_run_draws_and_bills_nothing(self):
        self._create_pack()
        self._create_entry(22.0, billing_confirmed=True)
        self._bill(JUNE_30)
        run = self._propose(JUNE_30)
        self.assertFalse(self._get_lines(run, "proposed"))

    def test_the_balance_is_settled_when_the_overage_is_invoiced(self):
        pack = self._create_pack()
        self._create_entry(22.0, billing_confirmed=True)
        self._bill(JUNE_30)
        pack.invalidate_recordset()
        self.assertEqual((pack.prepaid_used, pack.prepaid_left), (20.0, 0.0))

    def test_the_earliest_work_is_drawn_first(self):
        self._create_pack(8.0)
        late = self._create_entry(8.0, date(2026, 6, 20))
        early = self._create_entry(8.0, date(2026, 6, 2))
        self._bill(JUNE_30)
        self.assertEqual(early.billing_state, "drawn")
        self.assertEqual(late.billing_state, "draft")

    def test_a_pack_is_valid_from_its_first_day_to_its_last(self):
        self._create_pack(start=date(2026, 6, 10), prepaid_expiry=date(2026, 6, 20))
        states = []
        entries = [
            self._create_entry(1.0, date(2026, 6, day)) for day in (9, 10, 20, 21)
        ]
        self._bill(JUNE_30)
        states = [entry.billing_state for entry in entries]
        self.assertEqual(states, ["draft", "drawn", "drawn", "draft"])

    def test_a_pack_without_a_first_day_is_valid_when_it_is_ready(self):
        pack = self._create_pack(start=False)
        self._create_entry(1.0, JUNE_30)
        self.assertFalse(self._get_draw_lines(self._propose(JUNE_30)))
        pack.with_user(self.manager).action_set_ready()
        self.assertEqual(self._get_draw_lines(self._propose(JUNE_30)).quantity, 1.0)

    def test_what_expires_first_is_used_first(self):
        lasting = self._create_pack(5.0)
        expiring = self._create_pack(5.0, prepaid_expiry=JULY_31)
        self._create_entry(6.0)
        self._bill(JUNE_30)
        self.assertEqual((expiring.drawn_quantity, lasting.drawn_quantity), (5.0, 1.0))

    def test_first_hours_at_one_price_then_at_another(self):
        """R43: 20 hours at 90, everything beyond at 100."""
        pack = self._create_pack(trigger="date", date_planned=JUNE_1)
        self._create_entry(22.0, billing_confirmed=True)
        move = self._bill(JUNE_30)
        self.assertEqual(
            sorted(move.invoice_line_ids.mapped("price_subtotal")), [200.0, 1800.0]
        )
        self.assertEqual(pack.billed_amount, 1800.0)

    def test_paid_hours_need_no_price(self):
        self._create_pack()
        rule = self._create_rule(
            name="No price",
            sequence=1,
            prepaid_rule_ids=[Command.link(self.packs.id)],
        )
        entry = self._create_entry(2.0)
        self.assertEqual(entry.billing_rule_id, rule)
        run = self._propose(JUNE_30)
        run.action_invoice()
        self.assertEqual(entry.billing_state, "drawn")

    def _create_unpriced(self):
        return self._create_rule(
            name="No price",
            sequence=1,
            prepaid_rule_ids=[Command.link(self.packs.id)],
        )

    def test_paid_hours_that_are_not_drawn_yet_say_who_pays_them(self):
        self._create_pack(8.0)
        self._create_unpriced()
        entry = self._create_entry(2.0)
        self.assertEqual(
            entry.with_user(self.manager).billing_explanation,
            "Paid by prepaid hours: Pack of 8 hours. The next run draws them.",
        )

    def test_hours_beyond_the_pack_without_price_say_so(self):
        self._create_pack(8.0)
        self._create_unpriced()
        first = self._create_entry(8.0, date(2026, 6, 1))
        second = self._create_entry(2.0, date(2026, 6, 2))
        self.assertIn("Paid by prepaid hours", first.billing_explanation)
        self.assertIn("No price", second.billing_explanation)

    def test_hours_that_need_another_look_say_so_although_they_are_paid(self):
        self._create_pack()
        twins = [self._create_entry(2.0, name="Same") for _index in range(2)]
        self.assertIn("duplicate", twins[1].billing_explanation)

    def test_two_rules_share_a_pack_by_date(self):
        self._create_pack(8.0)
        other = self._create_task("Training")
        rule = self._create_rule(
            name="Training",
            price=200,
            sequence=1,
            task_ids=[Command.link(other.id)],
            prepaid_rule_ids=[Command.link(self.packs.id)],
        )
        self._create_entry(6.0, date(2026, 6, 3))
        self._create_entry(6.0, date(2026, 6, 4), task=other)
        move = self._bill(JUNE_30)
        self.assertEqual(move.amount_untaxed, 800.0)
        rule.invalidate_recordset()
        self.assertEqual(rule.billed_amount, 800.0)

    def test_a_pack_serves_another_project_of_the_customer(self):
        self._create_pack()
        project = self._create_project("Shop")
        task = self._create_task("Checkout", project)
        self._create_rule(
            project=project,
            price=100,
            prepaid_rule_ids=[Command.link(self.packs.id)],
        )
        entry = self._create_entry(3.0, task=task)
        run = self._propose(JUNE_30, project)
        run.action_invoice()
        self.assertEqual(entry.billing_state, "drawn")
        self.assertConserved(project | self.project)

    def test_a_correction_gives_hours_back_to_the_pack(self):
        pack = self._create_pack()
        self._create_entry(5.0, date(2026, 6, 2))
        self._bill(JUNE_30)
        self._create_entry(-2.0, date(2026, 6, 3))
        self._propose(JUNE_30).action_invoice()
        self.assertEqual(pack.drawn_quantity, 3.0)
        self.assertConserved()

    def test_doubtful_time_is_drawn_after_a_person_confirmed_it(self):
        pack = self._create_pack()
        self._create_entry(25.0)
        run = self._propose(JUNE_30)
        line = run.line_ids.filtered(lambda x: x.reason_code == "over_24h")
        line.with_user(self.manager).action_approve()
        self.assertEqual((line.quantity, line.amount), (25.0, 500.0))
        run.action_invoice()
        self.assertEqual(pack.drawn_quantity, 20.0)
        self.assertEqual(run.move_ids.amount_untaxed, 500.0)
        self.assertConserved()

    def test_what_is_worth_invoicing_leaves_paid_hours_out(self):
        self._create_pack()
        self._create_entry(22.0)
        self.assertEqual(self.overage.open_amount, 200.0)


@tagged("post_install", "-at_install")
@freeze_time("2026-06-30")
class TestRetainer(PrepaidCommon):
    def test_hours_of_a_partial_period_are_prorated(self):
        rule = self._create_rule(
            "recurring",
            name="Retainer",
            amount=900,
            included_hours=10,
            date_start="2026-06-16",
        )
        self.assertEqual(rule.item_ids.sorted("date_start")[0].prepaid_hours, 5.0)

    def test_only_hours_above_the_included_ones_are_invoiced(self):
        """R12, R14: on the same invoice as the fee."""
        self._create_retainer()
        self._create_entry(12.5)
        move = self._bill(JUNE_30)
        self.assertEqual(
            sorted(move.invoice_line_ids.mapped("price_subtotal")), [250.0, 900.0]
        )

    def test_unused_hours_expire_with_the_period(self):
        rule = self._create_retainer()
        self._create_entry(4.0, JUNE_30)
        self._create_entry(12.0, JULY_1)
        with freeze_time("2026-07-31"):
            move = self._bill(JULY_31)
        july = self._get_item(rule, JULY_1)
        self.assertEqual(july.drawn_quantity, 10.0)
        self.assertEqual(move.amount_untaxed, 2 * 900.0 + 200.0)

    def test_unused_hours_are_carried_over_for_some_months(self):
        rule = self._create_retainer(rollover="carry", rollover_months=1)
        self._create_entry(4.0, JUNE_30)
        self._create_entry(12.0, JULY_1)
        with freeze_time("2026-07-31"):
            self._bill(JULY_31)
        items = self._get_item(rule, JUNE_1), self._get_item(rule, JULY_1)
        self.assertEqual([item.drawn_quantity for item in items], [10.0, 6.0])
        self.assertEqual(items[0].prepaid_expiry, JULY_31)

    def test_carried_hours_have_a_limit(self):
        rule = self._create_retainer(
            rollover="carry", rollover_months=1, rollover_limit=2.0
        )
        self._create_entry(4.0, JUNE_30)
        self._create_entry(13.0, JULY_1)
        with freeze_time("2026-07-31"):
            self._bill(JULY_31)
        items = self._get_item(rule, JUNE_1), self._get_item(rule, JULY_1)
        self.assertEqual([item.drawn_quantity for item in items], [6.0, 10.0])

    def test_late_time_of_a_period_uses_hours_of_that_period(self):
        rule = self._create_retainer()
        with freeze_time("2026-07-31"):
            self._bill(JULY_31)
            late = self._create_entry(3.0, JUNE_30)
            self._propose(JULY_31).action_invoice()
        self.assertEqual(late.billing_state, "drawn")
        self.assertEqual(self._get_item(rule, JUNE_1).drawn_quantity, 3.0)

    def test_hours_can_be_used_before_the_fee_in_arrears_is_invoiced(self):
        rule = self._create_retainer(recurring_timing="arrears")
        entry = self._create_entry(3.0, date(2026, 6, 10))
        self._propose(date(2026, 6, 15)).action_invoice()
        self.assertEqual(entry.billing_state, "drawn")
        self.assertFalse(self._get_item(rule, JUNE_1).billed_amount)

    def test_time_draws_from_a_period_that_no_job_has_planned_yet(self):
        """Found by the sequences of deals: the hours' room was asked before."""
        rule = self._create_retainer()
        day = date(2027, 7, 20)
        self.assertLess(rule.planned_until, day)
        with freeze_time("2027-07-31"):
            entry = self._create_entry(3.0, day)
            run = self._propose(date(2027, 7, 31))
        self.assertEqual(self._get_draw_lines(run).entry_ids, entry)

    def test_a_fee_of_nothing_can_include_hours(self):
        rule = self._create_retainer()
        rule.amount = 0
        self._create_entry(12.0)
        move = self._bill(JUNE_30)
        self.assertEqual(move.amount_untaxed, 200.0)

    def test_the_hours_of_an_invoiced_period_stay_as_sold(self):
        rule = self._create_retainer()
        self._bill(JUNE_30)
        rule.included_hours = 12
        self.assertEqual(self._get_item(rule, JUNE_1).prepaid_hours, 10.0)
        self.assertEqual(self._get_item(rule, JULY_1).prepaid_hours, 12.0)

    def test_the_balance_names_what_was_carried_used_and_left(self):
        rule = self._create_retainer(rollover="carry")
        self._create_entry(8.0, JUNE_30)
        self._create_entry(5.0, JULY_1)
        with freeze_time("2026-07-15"):
            self.assertEqual(self._get_balance(rule), (10.0, 2.0, 5.0, 0.0, 7.0))
            june = self._get_item(rule, JUNE_1)
            self.assertEqual((june.prepaid_used, june.prepaid_left), (10.0, 0.0))

    def test_the_manager_reads_the_balance_without_accounting_rights(self):
        rule = self._create_retainer()
        self._create_entry(8.0, JUNE_30)
        self.assertEqual(rule.with_user(self.manager).prepaid_left, 2.0)
        status = self.project.with_user(self.manager).billing_prepaid_status
        self.assertEqual(status, "Retainer: 02:00 h left")

    def test_the_invoice_sums_the_hours_up(self):
        self._create_retainer(rollover="carry")
        self._create_entry(8.0, JUNE_30)
        self._create_entry(16.5, JULY_1)
        with freeze_time("2026-07-31"):
            move = self._bill(JULY_31)
            move.action_post()
        (block,) = move.billing_summary
        self.assertEqual(
            block["title"], "Prepaid hours: Retainer, 07/01/2026 – 07/31/2026"
        )
        self.assertEqual(
            [tuple(row) for row in block["rows"]],
            [
                ("Included", "10:00"),
                ("Carried over", "02:00"),
                ("Used", "12:00"),
                ("Left", "00:00"),
                ("Beyond, on this invoice", "04:30"),
            ],
        )

    def test_what_nobody_reviewed_is_not_told_to_the_customer(self):
        self._create_retainer()
        held = self._create_entry(3.0, JUNE_30)
        held.with_user(self.manager).action_billing_hold()
        move = self._bill(JUNE_30)
        move.action_post()
        rows = dict(tuple(row) for row in move.billing_summary[0]["rows"])
        self.assertEqual(rows["Used"], "00:00")

    def test_a_fee_without_hours_says_nothing(self):
        rule = self._create_retainer(hours=0.0)
        move = self._bill(JUNE_30)
        move.action_post()
        self.assertFalse(move.billing_summary)
        self.assertFalse(rule.has_prepaid)


@tagged("post_install", "-at_install")
@freeze_time("2026-06-30")
class TestAlerts(PrepaidCommon):
    def _get_alerts(self):
        return self.project.activity_ids.filtered(
            lambda activity: activity.user_id == self.manager
        ).mapped("summary")

    def _run_job(self):
        with self.enter_registry_test_mode():
            self.env.ref(
                "project_invoice_tracker.ir_cron_project_billing_periods"
            ).sudo().method_direct_trigger()

    def test_the_manager_is_told_at_80_and_at_100_percent_once_each(self):
        self._create_pack()
        self._create_entry(15.5)
        self._run_job()
        self.assertFalse(self._get_alerts())
        self._create_entry(0.5)
        self._run_job()
        self._run_job()
        first = ["80 % of the hours of Pack of 20 hours are used"]
        self.assertEqual(self._get_alerts(), first)
        self._create_entry(4.0)
        self._run_job()
        self._run_job()
        self.assertEqual(
            sorted(self._get_alerts()),
            ["100 % of the hours of Pack of 20 hours are used", *first],
        )

    def test_a_run_tells_as_well(self):
        self._create_pack()
        self._create_entry(17.0)
        self._propose(JUNE_30).action_invoice()
        self.assertEqual(
            self._get_alerts(), ["85 % of the hours of Pack of 20 hours are used"]
        )

    def test_another_percentage_is_the_rules_choice(self):
        self.packs.prepaid_alert_percent = 50
        self._create_pack()
        self._create_entry(10.0)
        self._run_job()
        self.assertEqual(len(self._get_alerts()), 1)

    def test_without_a_percentage_nobody_is_told(self):
        self.packs.prepaid_alert_percent = 0
        self._create_pack()
        self._create_entry(20.0)
        self._run_job()
        self.assertFalse(self._get_alerts())
