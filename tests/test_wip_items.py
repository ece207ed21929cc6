from datetime import date

from odoo import Command
from odoo.tests import freeze_time

from .cost_common import CostCommon
from .prepaid_common import PrepaidCommon
from .wip_common import JUNE, WipCommon

JULY = date(2026, 7, 31)
MAY = date(2026, 5, 31)


class TestWipOfMilestones(WipCommon):
    """A reached milestone is earned, whether it is invoiced or not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule("milestone", amount=1000)
        cls.first = cls._create_item(cls.rule, name="First", amount=600)
        cls.second = cls._create_item(cls.rule, name="Second", amount=400)

    def _reach(self, item, day):
        with freeze_time(day):
            item.milestone_id.with_user(self.manager).is_reached = True

    def test_milestone_counts_from_the_day_it_was_reached(self):
        self._reach(self.first, "2026-06-10")
        self.assertEqual(self._get_wip(MAY)["wip"], 0)
        wip = self._get_wip(JUNE)
        self.assertEqual((wip["worked"], wip["wip"]), (600, 600))

    def test_invoiced_milestone_is_not_in_progress(self):
        self._reach(self.first, "2026-06-10")
        self._post_bill(date(2026, 7, 3), cutoff=JUNE)
        self.assertEqual(self._get_wip(JUNE)["wip"], 600)
        wip = self._get_wip(JULY)
        figures = ("opening", "billed", "closing")
        self.assertEqual([wip[n] for n in figures], [600, 600, 0])

    def test_milestone_given_up_before_it_was_reached_changes_nothing(self):
        wizard = self.env["project.billing.settle"].with_user(self.clerk)
        wizard.create(
            {
                "action": "write_off",
                "reason": "Agreed",
                "date": JUNE,
                "item_ids": [Command.set(self.first.ids)],
            }
        ).action_settle()
        wip = self._get_wip(JUNE)
        figures = ("worked", "written_off", "wip", "advance")
        self.assertEqual([wip[n] for n in figures], [600, 600, 0, 0])

    def test_milestone_given_up_after_it_was_reached_leaves(self):
        self._reach(self.first, "2026-06-10")
        wizard = self.env["project.billing.settle"].with_user(self.clerk)
        wizard.create(
            {
                "action": "write_off",
                "reason": "Agreed",
                "date": date(2026, 7, 2),
                "item_ids": [Command.set(self.first.ids)],
            }
        ).action_settle()
        self.assertEqual(self._get_wip(JUNE)["wip"], 600)
        wip = self._get_wip(JULY)
        figures = ("opening", "written_off", "closing")
        self.assertEqual([wip[n] for n in figures], [600, 600, 0])


class TestWipOfFees(WipCommon):
    """A recurring fee is earned by its days."""

    @freeze_time("2026-06-30")
    def test_fee_in_arrears_is_earned_day_by_day(self):
        self._create_rule("recurring", amount=300, date_start="2026-06-01")
        self.assertEqual(self._get_wip(date(2026, 6, 10))["wip"], 100)
        self.assertEqual(self._get_wip(JUNE)["wip"], 300)
        self.assertEqual(
            self._get_wip(date(2026, 6, 20), date(2026, 6, 11))["opening"], 100
        )

    @freeze_time("2026-06-30")
    def test_fee_in_advance_is_a_liability_until_it_is_earned(self):
        rule = self._create_rule(
            "recurring",
            amount=900,
            date_start="2026-07-01",
            recurring_timing="advance",
        )
        self._post_bill(JUNE, cutoff=date(2026, 7, 1))
        self.assertEqual(rule.billed_amount, 900)
        wip = self._get_wip(JUNE)
        self.assertEqual((wip["wip"], wip["advance"]), (0, 900))
        wip = self._get_wip(date(2026, 7, 31))
        figures = ("opening", "worked", "wip", "advance")
        self.assertEqual([wip[n] for n in figures], [-900, 900, 0, 0])


class TestWipOfProgress(WipCommon):
    """Percentage of completion: earned less billed, on either side."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule("progress", amount=100000)
        cls.item = cls.rule.item_ids

    def _type(self, percentage, day):
        with freeze_time(day):
            self.item.progress_percentage = percentage

    def test_over_billed_and_under_billed_as_of_their_dates(self):
        """Acceptance case D08: 37.5 % earned of 100,000, billed 45,000, then 30,000."""
        self._type(45, "2026-06-10")
        invoice = self._post_bill(date(2026, 6, 15))
        self._type(37.5, "2026-06-20")
        wip = self._get_wip(JUNE)
        self.assertEqual((wip["wip"], wip["advance"]), (0, 7500))
        with freeze_time("2026-07-01"):
            self._reverse(invoice)
            self._type(30, "2026-07-01")
            self.item.action_release()
            self._post_bill(date(2026, 7, 1))
            self._type(37.5, "2026-07-02")
        wip = self._get_wip(JULY)
        self.assertEqual((wip["wip"], wip["advance"]), (7500, 0))
        self.assertEqual(self._get_wip(JUNE)["advance"], 7500)

    def test_progress_of_a_past_day_is_what_was_typed_until_then(self):
        self._type(10, "2026-05-20")
        self._type(25, "2026-06-20")
        for day, earned in ((date(2026, 5, 19), 0), (MAY, 10000), (JUNE, 25000)):
            self.assertEqual(self._get_wip(day)["wip"], earned)

    def test_measured_progress_is_kept_at_month_end(self):
        self.rule.write({"progress_source": "tasks"})
        done = self._create_task("Done", state="1_done")
        self._create_task("Open")
        self.task.unlink()
        page = self.env["project.billing.month.end"].with_user(self.clerk)
        page.create({"company_id": self.company.id, "date": JUNE})
        done.state = "01_in_progress"
        self.assertEqual(self._get_wip(JUNE)["wip"], 50000)


class TestWipOfDeposits(WipCommon):
    """What customers pay in advance is a liability until it is deducted."""

    def test_deposit_is_billed_in_advance_until_it_is_deducted(self):
        self.env.ref("project_invoice_tracker.product_project_deposit").taxes_id = [
            Command.clear()
        ]
        rule = self._create_rule(
            "milestone", amount=1000, deposit_type="amount", deposit_amount=300
        )
        item = self._create_item(rule, name="Delivery", amount=1000)
        rule.deposit_item_ids.date_ready = date(2026, 5, 1)
        deposit = self._post_bill(date(2026, 5, 2))
        self.assertEqual(deposit.amount_untaxed, 300)
        wip = self._get_wip(MAY)
        self.assertEqual((wip["wip"], wip["advance"]), (0, 300))
        with freeze_time("2026-06-10"):
            item.milestone_id.is_reached = True
        wip = self._get_wip(JUNE)
        self.assertEqual((wip["wip"], wip["advance"]), (1000, 300))
        invoice = self._post_bill(date(2026, 7, 1))
        self.assertEqual(invoice.amount_untaxed, 700)
        wip = self._get_wip(JULY)
        figures = ("opening", "billed", "wip", "advance")
        self.assertEqual([wip[n] for n in figures], [700, 700, 0, 0])


class TestWipOfPacks(WipCommon, PrepaidCommon):
    """Prepaid hours are earned as they are used; their time is not billed again."""

    def test_pack_is_earned_by_the_hours_drawn(self):
        pack = self._create_pack(hours=20, amount=1800)
        pack._set_ready()
        self._create_entry(5, date(2026, 6, 10))
        self._post_bill(JUNE)
        self.assertEqual(pack.drawn_quantity, 5)
        wip = self._get_wip(JUNE)
        figures = ("worked", "excluded", "billed", "wip", "advance")
        self.assertEqual([wip[n] for n in figures], [500 + 450, 500, 1800, 0, 1350])
        self.assertEqual(wip["closing_hours"], 0)

    def test_hours_that_lapse_are_earned(self):
        pack = self._create_pack(hours=20, amount=1800, prepaid_expiry="2026-07-15")
        pack._set_ready()
        self._post_bill(JUNE)
        self.assertEqual(self._get_wip(JUNE)["advance"], 1800)
        self.assertEqual(self._get_wip(JULY)["closing"], 0)


class TestWipOfCosts(CostCommon, WipCommon):
    """Costs that are passed on are in progress from the date of their bill."""

    def test_cost_counts_on_the_date_of_its_bill(self):
        self._create_bill(100, day=date(2026, 6, 10))
        self._propose()
        self.assertEqual(self._get_wip(MAY)["wip"], 0)
        self.assertEqual(self._get_wip(JUNE)["wip"], 110)
        self._post_bill(date(2026, 7, 1))
        self.assertEqual(self._get_wip(JULY)["closing"], 0)
