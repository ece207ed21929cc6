from datetime import date

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.tests import freeze_time
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import (
    AlreadyBilledError,
    BillingRuleError,
    LockedError,
)

from .common import BillingCommon


class MilestoneCommon(BillingCommon):
    """A contract of 1,000.00 whose items the tests make."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule("milestone", amount=1000)

    @classmethod
    def _create_percents(cls, *percentages):
        return cls.env["project.billing.item"].create(
            [
                {
                    "rule_id": cls.rule.id,
                    "name": f"Part {number}",
                    "amount_type": "percent",
                    "percentage": percentage,
                    "milestone_id": cls._create_milestone(f"Part {number}").id,
                }
                for number, percentage in enumerate(percentages)
            ]
        )

    def _reach(self, items):
        items.milestone_id.with_user(self.manager).is_reached = True

    def _bill_item(self, **kwargs):
        """Return an item of 1,000.00 and its draft invoice."""
        item = self._create_item(self.rule, amount=1000, **kwargs)
        self._reach(item)
        return item, self._bill(self.company._get_billing_today())

    def assertAmounts(self, item, billed, held):
        self.env.flush_all()
        item.invalidate_recordset()
        self.assertAlmostEqual(item.billed_amount, billed, 2)
        self.assertAlmostEqual(item.billing_held_amount, held, 2)
        self.assertConserved()


class TestMilestoneLife(MilestoneCommon):
    """The state of a milestone comes from its live invoice, never from a click."""

    def test_reached_milestone_is_billed_once(self):
        item, invoice = self._bill_item()
        self.assertEqual(invoice.amount_untaxed, 1000)
        self.assertEqual(item.stage, "draft")
        run = self._propose(self.company._get_billing_today())
        self.assertFalse(self._get_lines(run, "proposed"))
        self.assertAmounts(item, 1000, 0)

    def test_milestone_says_where_it_is_billed(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        self.assertIn(invoice.name, item.milestone_id.billing_state)
        self.assertEqual(item.stage, "invoiced")

    def test_paid_invoice_makes_the_milestone_paid(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        self.env["account.payment.register"].with_user(self.clerk).with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()
        item.invalidate_recordset()
        self.assertEqual(item.stage, "paid")

    def test_billed_milestone_is_not_unreached(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        with self.assertRaises(LockedError) as caught:
            item.milestone_id.with_user(self.manager).is_reached = False
        self.assertIn(invoice.name, str(caught.exception))
        self.assertTrue(item.milestone_id.is_reached)

    def test_milestone_on_a_draft_is_not_unreached(self):
        item, _invoice = self._bill_item()
        with self.assertRaises(LockedError):
            item.milestone_id.with_user(self.manager).is_reached = False

    def test_billed_milestone_is_not_deleted(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        with self.assertRaises(LockedError) as caught:
            item.milestone_id.unlink()
        self.assertIn(invoice.name, str(caught.exception))

    def test_milestone_of_a_rule_is_not_deleted(self):
        item = self._create_item(self.rule, amount=10)
        with self.assertRaises(LockedError):
            item.milestone_id.unlink()

    def test_billed_item_is_not_repriced(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        for values in (
            {"amount": 900},
            {"amount_type": "percent", "percentage": 50},
            {"active": False},
            {"milestone_id": False},
            {"trigger": "manual"},
        ):
            with self.subTest(values=values), self.assertRaises(LockedError) as caught:
                item.with_user(self.administrator).write(values)
            self.assertIn(invoice.name, str(caught.exception))
        self.assertEqual(item.billable_amount, 1000)

    def test_contract_of_billed_percentages_is_not_changed(self):
        first, _second = self._create_percents(40, 60)
        self._reach(first)
        invoice = self._bill(self.company._get_billing_today())
        invoice.action_post()
        with self.assertRaises(LockedError) as caught:
            self.rule.with_user(self.administrator).amount = 2000
        self.assertIn(invoice.name, str(caught.exception))

    def test_contract_of_a_billed_fixed_item_may_be_raised(self):
        item = self._create_item(self.rule, amount=400)
        rest = self._create_item(self.rule, amount_type="remainder")
        self._reach(item)
        self._bill(self.company._get_billing_today()).action_post()
        self.rule.with_user(self.administrator).amount = 1500
        self.assertEqual(rest.billable_amount, 1100)
        self.assertAmounts(item, 400, 0)

    def test_used_item_is_not_deleted(self):
        item, invoice = self._bill_item()
        invoice.button_cancel()
        with self.assertRaises(LockedError):
            item.unlink()

    def test_milestone_of_a_cancelled_invoice_may_be_unreached(self):
        item, invoice = self._bill_item()
        invoice.button_cancel()
        self.assertAmounts(item, 0, 1000)
        item.milestone_id.with_user(self.manager).is_reached = False
        item.with_user(self.administrator).action_release()
        run = self._propose(self.company._get_billing_today())
        self.assertEqual(set(run.line_ids.mapped("reason_code")), {"not_reached"})

    def test_milestone_whose_credit_took_it_back_may_be_repriced(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        self._reverse(invoice)
        item.with_user(self.administrator).amount = 900
        self.assertEqual(item.billable_amount, 900)
        self.assertConserved()

    def test_reset_credit_of_a_repriced_milestone_is_refused(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        credit = self._reverse(invoice)
        item.with_user(self.administrator).amount = 900
        with self.assertRaises(AlreadyBilledError):
            credit.button_draft()
        self.assertConserved()


class TestPartialCredits(MilestoneCommon):
    """A part of a milestone that was credited can be released and billed again."""

    def test_credited_part_is_held_and_billed_after_release(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        self._reverse(invoice, quantities={invoice.invoice_line_ids: 0.4})
        self.assertAmounts(item, 600, 400)
        run = self._propose(self.company._get_billing_today())
        self.assertFalse(self._get_lines(run, "proposed"))
        item.with_user(self.administrator).action_release()
        again = self._bill(self.company._get_billing_today())
        self.assertEqual(again.amount_untaxed, 400)
        self.assertAmounts(item, 1000, 0)

    def test_amount_typed_on_the_credit_note_is_what_comes_back(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        credit = self._reverse(invoice, post=False)
        credit.invoice_line_ids.price_unit = 400
        credit.action_post()
        self.assertAmounts(item, 600, 400)

    def test_price_reduction_reopens_nothing(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        self._reverse(
            invoice, mode="price_reduction", quantities={invoice.invoice_line_ids: 0.4}
        )
        self.assertAmounts(item, 1000, 0)

    def test_written_off_part_is_given_up(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        self._reverse(
            invoice, mode="write_off", quantities={invoice.invoice_line_ids: 0.4}
        )
        self.assertAmounts(item, 600, 0)
        self.assertEqual(item.billing_written_off_amount, 400)

    def test_held_part_is_released_by_the_project_manager(self):
        item, invoice = self._bill_item()
        invoice.button_cancel()
        run = self._propose(self.company._get_billing_today(), user=self.manager)
        self._get_lines(run, "held").action_approve()
        self.assertAmounts(item, 0, 0)
        run.with_user(self.clerk).action_invoice()
        self.assertAmounts(item, 1000, 0)

    def test_replacement_moves_the_milestone(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        self._replace(invoice)
        self.assertAmounts(item, 1000, 0)
        self.assertEqual(item.stage, "draft")

    def test_lowered_quantity_of_a_draft_holds_the_rest(self):
        item, invoice = self._bill_item()
        invoice.invoice_line_ids.write({"quantity": 0.5})
        self.assertAmounts(item, 500, 500)


class TestAmounts(MilestoneCommon):
    """Percentages are money; items never come to more than the contract."""

    def test_third_of_a_contract_is_billed_to_the_cent(self):
        (item,) = self._create_percents(33.33)
        self._reach(item)
        invoice = self._bill(self.company._get_billing_today())
        self.assertEqual(invoice.amount_untaxed, 333.30)
        self.assertConserved()

    def test_three_thirds_make_the_whole_contract(self):
        items = self._create_percents(33.33, 33.33, 33.34)
        self.assertEqual(items.mapped("billable_amount"), [333.3, 333.3, 333.4])
        self._reach(items)
        invoice = self._bill(self.company._get_billing_today())
        self.assertEqual(invoice.amount_untaxed, 1000)

    def test_last_percentage_takes_the_remainder(self):
        self.rule.amount = 100.01
        items = self._create_percents(50, 25, 25)
        self.assertAlmostEqual(sum(items.mapped("billable_amount")), 100.01, 6)

    def test_the_rest_takes_the_remainder(self):
        self._create_percents(33.33, 33.33)
        rest = self._create_item(self.rule, amount_type="remainder")
        self.assertEqual(rest.billable_amount, 333.4)

    def test_the_rest_follows_a_deleted_item(self):
        first, _second = self._create_percents(30, 30)
        rest = self._create_item(self.rule, amount_type="remainder")
        first.unlink()
        self.assertEqual(rest.billable_amount, 700)

    def test_two_rests_are_refused(self):
        self._create_item(self.rule, amount_type="remainder")
        with self.assertRaises(BillingRuleError):
            self._create_item(self.rule, amount_type="remainder")

    def test_more_than_a_hundred_percent_is_refused(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self._create_percents(150)

    def test_percentages_that_exceed_the_contract_are_refused(self):
        with self.assertRaises(BillingRuleError):
            self._create_percents(60, 41)

    def test_hundred_percent_is_accepted(self):
        items = self._create_percents(60, 40)
        self.assertEqual(sum(items.mapped("billable_amount")), 1000)

    def test_fixed_items_that_exceed_the_contract_are_refused(self):
        self._create_item(self.rule, amount=600)
        self._create_item(self.rule, amount=400)
        with self.assertRaises(BillingRuleError):
            self._create_item(self.rule, amount=0.01)

    def test_fixed_items_without_contract_are_the_contract(self):
        rule = self._create_rule("milestone", name="Free")
        item = self._create_item(rule, amount=250)
        self.assertEqual(item.billable_amount, 250)

    def test_percentage_without_contract_is_refused(self):
        rule = self._create_rule("milestone", name="Free")
        with self.assertRaises(BillingRuleError):
            self._create_item(rule, amount_type="percent", percentage=10)

    def test_negative_amount_is_refused(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self._create_item(self.rule, amount=-1)

    def test_milestone_is_an_item_of_a_rule_once(self):
        item = self._create_item(self.rule, amount=1)
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.env["project.billing.item"].create(
                {"rule_id": self.rule.id, "milestone_id": item.milestone_id.id}
            )

    def test_change_order_is_a_further_rule(self):
        item, _invoice = self._bill_item()
        order = self._create_rule("milestone", name="Change order 1", amount=250)
        extra = self._create_item(order, amount_type="percent", percentage=100)
        self._reach(extra)
        invoice = self._bill(self.company._get_billing_today())
        self.assertEqual(invoice.amount_untaxed, 250)
        self.assertAmounts(item, 1000, 0)

    def test_yen_have_no_cents(self):
        yen = self.setup_other_currency("JPY", rounding=1.0)
        rule = self._create_rule("milestone", amount=100, currency_id=yen.id)
        item = self._create_item(rule, amount_type="percent", percentage=33.33)
        self.assertEqual(item.billable_amount, 33)


class TestTriggers(MilestoneCommon):
    """What makes an item ready: reached, date, tasks done, by hand, accepted."""

    def _get_proposed(self, cutoff):
        return self._get_lines(self._propose(cutoff), "proposed").item_id

    def test_unreached_milestone_is_skipped_with_its_trigger(self):
        self._create_item(self.rule, amount=1000)
        run = self._propose(self.company._get_billing_today())
        line = run.line_ids
        self.assertEqual(line.reason_code, "not_reached")
        self.assertIn("Milestone reached", line.reason)

    @freeze_time("2026-06-15 12:00:00")
    def test_reached_counts_from_the_day_on_which_it_was_reached(self):
        item = self._create_item(self.rule, amount=1000)
        self._reach(item)
        self.assertEqual(item.date_ready, date(2026, 6, 15))
        self.assertFalse(self._get_proposed(date(2026, 6, 14)))
        self.assertEqual(self._get_proposed(date(2026, 6, 15)), item)
        self.assertEqual(self._get_proposed(date(2026, 6, 16)), item)

    @freeze_time("2026-06-30 23:30:00")
    def test_day_of_readiness_is_the_company_s_own(self):
        self.company.partner_id.tz = "Pacific/Auckland"
        item = self._create_item(self.rule, amount=1000)
        self._reach(item)
        self.assertEqual(item.date_ready, date(2026, 7, 1))

    @freeze_time("2026-07-01 00:30:00")
    def test_day_of_readiness_west_of_greenwich_is_still_yesterday(self):
        self.company.partner_id.tz = "America/New_York"
        item = self._create_item(self.rule, amount=1000)
        self._reach(item)
        self.assertEqual(item.date_ready, date(2026, 6, 30))

    def test_planned_date_is_ready_on_the_day(self):
        item = self._create_item(
            self.rule, amount=1000, trigger="date", date_planned=date(2026, 6, 15)
        )
        self.assertFalse(self._get_proposed(date(2026, 6, 14)))
        self.assertEqual(self._get_proposed(date(2026, 6, 15)), item)
        self.assertEqual(self._get_proposed(date(2026, 6, 16)), item)

    def test_planned_date_follows_the_deadline_of_the_milestone(self):
        item = self._create_item(self.rule, amount=1000, trigger="date")
        item.milestone_id.with_user(self.manager).deadline = date(2026, 6, 20)
        self.assertFalse(self._get_proposed(date(2026, 6, 19)))
        self.assertEqual(self._get_proposed(date(2026, 6, 20)), item)

    def test_closed_tasks_make_it_ready(self):
        item = self._create_item(self.rule, amount=1000, trigger="tasks_done")
        today = self.company._get_billing_today()
        self.assertFalse(self._get_proposed(today), "a milestone without tasks")
        tasks = self.task | self._create_task("Build")
        tasks.milestone_id = item.milestone_id
        self.task.with_user(self.manager).state = "1_done"
        self.assertFalse(self._get_proposed(today), "one task is open")
        tasks.with_user(self.manager).state = "1_done"
        self.assertEqual(self._get_proposed(today), item)

    def test_reopened_task_makes_it_wait_again(self):
        item = self._create_item(self.rule, amount=1000, trigger="tasks_done")
        self.task.milestone_id = item.milestone_id
        self.task.with_user(self.manager).state = "1_done"
        run = self._propose(self.company._get_billing_today())
        self.task.with_user(self.manager).state = "01_in_progress"
        run.action_invoice()
        self.assertFalse(run.move_ids)
        self.assertAmounts(item, 0, 0)

    def test_item_without_milestone_is_ready_by_hand(self):
        item = self.env["project.billing.item"].create(
            {"rule_id": self.rule.id, "name": "Kick-off", "amount": 1000}
        )
        self.assertEqual(item.trigger, "manual")
        today = self.company._get_billing_today()
        self.assertFalse(self._get_proposed(today))
        item.with_user(self.administrator).action_set_ready()
        self.assertEqual(self._get_proposed(today), item)
        item.with_user(self.administrator).action_set_not_ready()
        self.assertFalse(self._get_proposed(today))

    def test_billed_item_is_not_set_back(self):
        item, invoice = self._bill_item()
        invoice.action_post()
        with self.assertRaises(LockedError):
            item.with_user(self.administrator).action_set_not_ready()

    def test_reached_milestone_gets_an_item_that_is_ready(self):
        milestone = self._create_milestone("Done already", is_reached=True)
        item = self.env["project.billing.item"].create(
            {"rule_id": self.rule.id, "milestone_id": milestone.id, "amount": 1000}
        )
        self.assertEqual(self._get_proposed(self.company._get_billing_today()), item)

    def test_project_shows_what_is_ready_not_what_is_planned(self):
        ready = self._create_item(self.rule, name="Design", amount=400)
        self._create_item(self.rule, name="Launch", amount=600)
        ready.milestone_id.with_user(self.manager).is_reached = True
        self.assertRecordValues(self.rule, [{"open_amount": 1000, "ready_amount": 400}])
        status = self.project.with_user(self.manager).billing_status
        self.assertIn(self.rule.currency_id.format(400), status)
        self.assertNotIn(self.rule.currency_id.format(1000), status)

    def test_unreaching_is_refused_whatever_made_the_item_ready(self):
        item = self._create_item(self.rule, name="By hand", trigger="manual", amount=9)
        item.milestone_id.is_reached = True
        item.with_user(self.administrator).action_set_ready()
        self._bill(self.company._get_billing_today())
        with self.assertRaises(LockedError):
            item.milestone_id.with_user(self.manager).is_reached = False
