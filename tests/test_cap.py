from datetime import date

from odoo import Command
from odoo.tests import Form

from odoo.addons.project_invoice_tracker.exceptions import (
    BillingError,
    BillingRuleError,
)

from .common import BillingCommon


class TestCap(BillingCommon):
    """Not to exceed: a rule's cap stops the run exactly, the rest stays visible."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=95, cap_amount=1000)

    def _get_over(self, run):
        return run.line_ids.filtered(lambda line: line.reason_code == "over_cap")

    def _get_used(self, rule=None):
        rule = rule or self.rule
        self.env.flush_all()
        rule.invalidate_recordset()
        return rule.cap_used

    def assertBilled(self, invoice, total=1000):
        self.assertEqual(invoice.amount_untaxed, total)
        self.assertConserved()

    # -- exactly ---------------------------------------------------------------------

    def test_run_stops_exactly_at_the_cap(self):
        self._create_entry(12)
        self.assertBilled(self._bill())
        self.assertEqual(self._get_used(), 1000)
        self.assertEqual(self.rule.cap_left, 0)

    def test_quantity_is_rounded_up_and_the_excess_deducted(self):
        entry = self._create_entry(12)
        lines = self._bill().invoice_line_ids.sorted("sequence")
        self.assertRecordValues(
            lines,
            [
                {"quantity": 10.53, "price_unit": 95, "price_subtotal": 1000.35},
                {"quantity": 1, "price_unit": -0.35, "price_subtotal": -0.35},
            ],
        )
        self.assertEqual(lines[1].name, "Not to exceed 1,000.00")
        self.assertAlmostEqual(entry.billed_quantity, 10.526316, 6)
        self.assertFalse(any(lines.mapped("billing_is_adjusted")))

    def test_deduction_is_an_adjustment_of_no_work(self):
        self._create_entry(12)
        row = self._bill().invoice_line_ids.sorted("sequence")[1].billing_allocation_ids
        self.assertRecordValues(
            row, [{"quantity": 0, "amount": 0, "adjustment": -0.35, "kind": "bill"}]
        )

    def test_no_deduction_where_quantity_times_price_hits_the_cap(self):
        self.rule.price = 100
        self._create_entry(12)
        invoice = self._bill()
        self.assertEqual(invoice.invoice_line_ids.quantity, 10)
        self.assertBilled(invoice)

    def test_cap_that_is_not_reached_changes_nothing(self):
        self._create_entry(10)
        run = self._propose()
        self.assertFalse(self._get_over(run))
        run.action_invoice()
        self.assertBilled(run.move_ids, 950)
        self.assertEqual(self._get_used(), 950)
        self.assertEqual(self.rule.cap_left, 50)

    def test_cap_that_is_met_exactly_needs_no_cut(self):
        self.rule.cap_amount = 950
        self._create_entry(10)
        run = self._propose()
        self.assertFalse(self._get_over(run))
        run.action_invoice()
        self.assertBilled(run.move_ids, 950)

    def test_no_crumbs_of_hours_stay_behind(self):
        entry = self._create_entry(10.528)
        run = self._propose()
        self.assertFalse(self._get_over(run))
        run.action_invoice()
        self.assertBilled(run.move_ids)
        self.assertEqual(entry.billed_quantity, entry.billable_quantity)

    def test_oldest_work_is_billed_first(self):
        old = self._create_entry(6, date(2026, 6, 1))
        new = self._create_entry(6, date(2026, 6, 20))
        self.assertBilled(self._bill())
        self.assertEqual(old.billed_quantity, 6)
        self.assertAlmostEqual(new.billed_quantity, 4.526316, 6)

    def test_oldest_work_is_billed_first_over_all_lines(self):
        other = self._create_task("Build")
        late = self._create_entry(6, date(2026, 6, 20))
        early = self._create_entry(6, date(2026, 6, 1), task=other)
        invoice = self._bill()
        self.assertBilled(invoice)
        self.assertEqual(len(invoice.invoice_line_ids), 3)
        self.assertEqual(early.billed_quantity, 6)
        self.assertAlmostEqual(late.billed_quantity, 4.526316, 6)

    def _assert_all_groupings(self, **kwargs):
        other = self._create_task("Build")
        for grouping in ("task", "entry", "employee", "day", "one"):
            rule = self._create_rule(
                project=(project := self._create_project(grouping)),
                price=95,
                cap_amount=1000,
                line_grouping=grouping,
                **kwargs,
            )
            other.project_id = project
            for index in range(9):
                self._create_entry(
                    1.37,
                    date(2026, 6, 1 + index // 2),
                    task=other,
                    employee=self.ben if index % 2 else self.ann,
                )
            with self.subTest(grouping=grouping):
                invoice = self._bill(projects=project)
                self.assertEqual(invoice.amount_untaxed, 1000)
                self.assertEqual(self._get_used(rule), 1000)
                self.assertConserved(project)
            invoice.unlink()

    def test_every_grouping_stops_at_the_cap(self):
        self._assert_all_groupings()

    def test_rounded_quantities_stop_at_the_cap(self):
        self._assert_all_groupings(rounding_method="up", rounding_step=0.25)

    def test_rounding_by_person_and_day_stops_at_the_cap(self):
        self._assert_all_groupings(
            rounding_method="up", rounding_step=0.5, rounding_scope="person_day"
        )

    def test_days_stop_at_the_cap(self):
        rule = self._create_rule(
            project=(shop := self._create_project("Shop")),
            price=777,
            uom_id=self.day.id,
            cap_amount=1000,
        )
        self._create_entry(16, task=self._create_task("T", shop))
        self.assertEqual(self._bill(projects=shop).amount_untaxed, 1000)
        self.assertEqual(self._get_used(rule), 1000)
        self.assertConserved(shop)

    # -- the rest --------------------------------------------------------------------

    def test_overflow_is_listed_with_hours_and_value(self):
        self._create_entry(12)
        run = self._propose(user=self.manager)
        self.assertRecordValues(
            run.line_ids,
            [
                {"state": "proposed", "quantity": 10.53, "amount": 1000},
                {"state": "skipped", "quantity": 1.47, "amount": 140},
            ],
        )
        over = self._get_over(run)
        self.assertIn("Raise the cap", over.reason)
        self.assertIn("1,000.00", over.reason)

    def test_overflow_of_a_full_cap_is_listed_whole(self):
        self._create_entry(12)
        self._bill()
        run = self._propose()
        self.assertAlmostEqual(run.line_ids.quantity, 1.47, 2)
        self.assertAlmostEqual(run.line_ids.amount, 139.65, 2)  # 1.47 x 95
        self.assertEqual(run.line_ids.reason_code, "over_cap")

    def test_nothing_is_invoiced_over_a_full_cap(self):
        self._create_entry(12)
        self._bill()
        run = self._propose()
        with self.assertRaises(BillingError):
            run.action_invoice()

    def test_raised_cap_releases_the_overflow(self):
        self._create_entry(12)
        self._bill()
        self.rule.with_user(self.administrator).cap_amount = 1100
        run = self._propose()
        self.assertEqual(self._get_lines(run, "proposed").amount, 100)
        run.action_invoice()
        self.assertBilled(run.move_ids, 100)
        self.assertEqual(self._get_used(), 1100)

    def test_raised_cap_waits_for_the_next_proposal(self):
        self._create_entry(12)
        run = self._propose()
        self.rule.cap_amount = 2000
        run.action_invoice()
        self.assertBilled(run.move_ids)

    def assertRepriced(self, run):
        """Check that nothing is invoiced unseen, and that a new proposal is."""
        with self.subTest("not unseen"):
            run.action_invoice()
            self.assertFalse(run.move_ids)
            lines = run.line_ids.filtered("amount") - self._get_over(run)
            self.assertEqual(lines.mapped("reason_code"), ["changed_meanwhile"])
        again = self._propose()
        again.action_invoice()
        self.assertConserved()
        return again.move_ids

    def test_cut_line_whose_price_rose_is_not_invoiced_unseen(self):
        self._create_entry(12)
        run = self._propose()
        self.rule.with_user(self.administrator).price = 120
        invoice = self.assertRepriced(run)
        self.assertBilled(invoice)
        self.assertEqual(self._get_used(), 1000)

    def test_cut_line_whose_price_fell_is_not_invoiced_unseen(self):
        self._create_entry(12)
        run = self._propose()
        self.rule.with_user(self.administrator).price = 85
        self.assertBilled(self.assertRepriced(run))

    def test_line_that_a_new_price_lifts_over_the_cap_is_not_invoiced_unseen(self):
        self._create_entry(10)
        run = self._propose()
        self.rule.with_user(self.administrator).price = 120
        self.assertBilled(self.assertRepriced(run))

    def test_cut_line_of_which_work_was_deleted_is_invoiced(self):
        first = self._create_entry(6, date(2026, 6, 1))
        self._create_entry(6, date(2026, 6, 2))
        run = self._propose()
        first.unlink()
        run.action_invoice()
        self.assertBilled(run.move_ids, 570)

    def test_cut_line_whose_room_shrank_is_invoiced_up_to_the_cap(self):
        self._create_entry(12)
        run = self._propose()
        self.rule.cap_amount = 900
        run.action_invoice()
        self.assertBilled(run.move_ids, 900)

    def test_cut_line_keeps_the_reviewers_own_price(self):
        entry = self._create_entry(12)
        run = self._propose(user=self.manager)
        line = self._get_lines(run, "proposed")
        entry.with_user(self.manager).billing_override_price = 120
        line.action_approve()
        self.assertEqual((line.state, line.amount), ("approved", 1000))
        self.assertAlmostEqual(line.quantity, 8.33, 2)
        run.with_user(self.clerk).action_invoice()
        self.assertBilled(run.sudo().move_ids)

    def test_lowered_cap_shows_by_how_much_it_is_exceeded(self):
        self._create_entry(10)
        self._bill()
        self.rule.cap_amount = 900
        self.assertEqual(self.rule.cap_over, 50)
        self.assertEqual(self.rule.cap_left, 0)
        self._create_entry(1)
        self.assertEqual(self._propose().line_ids.reason_code, "over_cap")

    def test_cap_lowered_since_the_review_holds(self):
        self._create_entry(10)
        run = self._propose()
        self.rule.cap_amount = 500
        run.action_invoice()
        self.assertBilled(run.move_ids, 500)
        self.assertRecordValues(run.line_ids, [{"state": "invoiced", "amount": 500}])
        self.assertIn("Over the cap", run.line_ids.reason)

    def test_line_that_no_longer_fits_is_skipped_with_the_reason(self):
        self._create_entry(10)
        run = self._propose()
        self._create_entry(12, date(2026, 6, 1))
        self._bill(cutoff=date(2026, 6, 10))
        run.action_invoice()
        self.assertEqual(run.line_ids.reason_code, "over_cap")
        self.assertFalse(run.move_ids)

    def test_overflow_is_written_off_and_the_reviewed_line_stays(self):
        entry = self._create_entry(12)
        run = self._propose(user=self.manager)
        over = self._get_over(run)
        opened = over.action_open_settle()
        self.env["project.billing.settle"].with_user(self.manager).with_context(
            **opened["context"]
        ).create({"action": "write_off", "reason": "Cap"}).action_settle()
        self.assertAlmostEqual(entry.billing_written_off_quantity, 1.473684, 6)
        run.with_user(self.clerk).action_invoice()
        self.assertBilled(run.sudo().move_ids)
        self.assertFalse(self._propose().line_ids)

    # -- rules and lines that share --------------------------------------------------

    def test_held_line_gets_only_what_others_leave(self):
        entry = self._create_entry(6, date(2026, 6, 1))
        entry.with_user(self.manager).action_billing_hold()
        self._create_entry(8, date(2026, 6, 2))
        run = self._propose(user=self.manager)
        held = self._get_lines(run, "held")
        held.action_approve()
        self.assertEqual(held.amount, 240)
        run.with_user(self.clerk).action_invoice()
        self.assertBilled(run.sudo().move_ids)

    def test_released_line_over_the_cap_is_skipped(self):
        entry = self._create_entry(6, date(2026, 6, 1))
        entry.with_user(self.manager).action_billing_hold()
        self._create_entry(12, date(2026, 6, 2))
        run = self._propose(user=self.manager)
        held = self._get_lines(run, "held")
        held.action_approve()
        self.assertEqual(held.reason_code, "over_cap")

    def test_approved_lines_stop_at_the_cap(self):
        self.company.billing_approval_required = True
        self._create_entry(12)
        run = self._propose(user=self.manager)
        line = self._get_lines(run, "proposed")
        line.action_approve()
        self.assertEqual(line.amount, 1000)
        run.with_user(self.clerk).action_invoice()
        self.assertBilled(run.sudo().move_ids)

    def test_review_shows_what_is_left(self):
        self._create_entry(4)
        self._bill()
        self._create_entry(2)
        run = self._propose(user=self.manager)
        line = run.line_ids.with_user(self.manager)
        self.assertTrue(line.has_cap)
        self.assertEqual(line.cap_left, 620)

    def test_milestone_is_cut_in_money(self):
        rule = self._create_rule("milestone", amount=3000, cap_amount=2500)
        item = self._create_item(rule, amount=3000)
        item.milestone_id.is_reached = True
        today = self.company._get_billing_today()
        run = self._propose(cutoff=today)
        self.assertEqual(self._get_lines(run, "proposed").amount, 2500)
        self.assertEqual(self._get_over(run).amount, 500)
        run.action_invoice()
        self.assertBilled(run.move_ids, 2500)
        self.assertEqual(item.open_amount, 500)
        rule.cap_amount = 3000
        self.assertBilled(self._bill(cutoff=today), 500)

    def test_overflow_of_a_milestone_is_written_off(self):
        rule = self._create_rule("milestone", amount=3000, cap_amount=2500)
        item = self._create_item(rule, amount=3000)
        item.milestone_id.is_reached = True
        run = self._propose(cutoff=self.company._get_billing_today(), user=self.manager)
        opened = self._get_over(run).action_open_settle()
        self.env["project.billing.settle"].with_user(self.manager).with_context(
            **opened["context"]
        ).create({"action": "write_off", "reason": "Cap"}).action_settle()
        self.assertEqual(item.billing_written_off_amount, 500)
        run.with_user(self.clerk).action_invoice()
        self.assertBilled(run.sudo().move_ids, 2500)

    def test_time_at_price_zero_needs_no_room(self):
        self.rule.write({"price": 0, "bill_at_zero": True})
        self.hours_product.lst_price = 0
        self._create_entry(3)
        self.rule.cap_amount = 1
        self.assertFalse(self._get_over(self._propose()))

    def test_opening_position_uses_the_cap(self):
        old = self._create_entry(8, date(2026, 5, 1))
        self.env["project.billing.settle"].with_user(self.manager).with_context(
            active_model="account.analytic.line", active_ids=old.ids
        ).create({"action": "elsewhere", "reason": "Old system"}).action_settle()
        self._create_entry(8)
        self.assertBilled(self._bill(), 240)
        self.assertEqual(self._get_used(), 1000)

    def test_cap_in_another_currency_is_in_the_currency_of_the_rule(self):
        currency = self.env.ref("base.JPY")
        currency.active = True
        shop = self._create_project("Shop")
        self._create_rule(
            project=shop, price=7777, currency_id=currency.id, cap_amount=50000
        )
        self._create_entry(12, task=self._create_task("T", shop))
        invoice = self._bill(projects=shop)
        self.assertEqual(invoice.currency_id, currency)
        self.assertEqual(invoice.amount_untaxed, 50000)
        self.assertConserved(shop)

    # -- events ----------------------------------------------------------------------

    def _get_posted(self):
        self.entry = self._create_entry(12)
        invoice = self._bill()
        invoice.action_post()
        return invoice

    def test_credit_note_frees_the_cap(self):
        invoice = self._get_posted()
        self._reverse(invoice)
        self.assertEqual(self._get_used(), 0)
        self.assertConserved()
        self.entry.with_user(self.manager).action_billing_release()
        self.assertBilled(self._bill())

    def test_credit_of_named_hours_leaves_the_deduction(self):
        invoice = self._get_posted()
        credit = self._reverse(invoice, hours={self.entry: 5})
        self.assertEqual(len(credit.invoice_line_ids), 1)
        self.assertEqual(self._get_used(), 1000 - credit.amount_untaxed)
        self.assertConserved()
        self.entry.with_user(self.manager).action_billing_release()
        self._bill()
        self.assertEqual(self._get_used(), 1000)
        self.assertConserved()

    def test_reversal_wizard_lists_no_entry_twice(self):
        invoice = self._get_posted()
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        self.assertEqual(len(wizard.billing_hour_ids), 1)

    def test_price_reduction_frees_the_cap_and_no_hours(self):
        invoice = self._get_posted()
        self._reverse(invoice, mode="price_reduction")
        self.assertEqual(self._get_used(), 0)
        self.assertAlmostEqual(self.entry.billed_quantity, 10.526316, 6)
        self.assertConserved()

    def test_written_off_credit_frees_the_cap(self):
        self._reverse(self._get_posted(), mode="write_off")
        self.assertEqual(self._get_used(), 0)
        self.assertConserved()

    def test_replaced_invoice_uses_the_cap_once(self):
        draft = self._replace(self._get_posted())
        self.assertEqual(draft.amount_untaxed, 1000)
        self.assertEqual(self._get_used(), 1000)
        draft.action_post()
        self.assertEqual(self._get_used(), 1000)
        self.assertConserved()

    def test_cancelled_invoice_frees_the_cap_and_takes_it_again(self):
        self._create_entry(12)
        invoice = self._bill()
        invoice.button_cancel()
        self.assertEqual(self._get_used(), 0)
        invoice.button_draft()
        self.assertEqual(self._get_used(), 1000)
        self.assertConserved()

    def test_lowered_draft_frees_the_cap(self):
        entry = self._create_entry(12)
        invoice = self._bill()
        with Form(invoice) as form, form.invoice_line_ids.edit(0) as line:
            line.quantity = 4
        self.assertEqual(self._get_used(), 380 - 0.35)
        self.assertConserved()
        entry.with_user(self.manager).action_billing_release()
        self._bill()
        self.assertEqual(self._get_used(), 1000)
        self.assertConserved()

    def test_raised_draft_shows_by_how_much_the_cap_is_exceeded(self):
        self._create_entry(12)
        invoice = self._bill()
        with Form(invoice) as form, form.invoice_line_ids.edit(0) as line:
            line.quantity = 12
        self.assertEqual(self._get_used(), 1140 - 0.35)
        self.assertAlmostEqual(self.rule.cap_over, 139.65)

    def test_deleted_deduction_shows_by_how_much_the_cap_is_exceeded(self):
        self._create_entry(12)
        invoice = self._bill()
        with Form(invoice) as form:
            form.invoice_line_ids.remove(1)
        self.assertEqual(self._get_used(), 1000.35)
        self.assertAlmostEqual(self.rule.cap_over, 0.35)
        self.assertConserved()

    def test_edited_deduction_stays_an_adjustment(self):
        self._create_entry(12)
        invoice = self._bill()
        deduction = invoice.invoice_line_ids.sorted("sequence")[1]
        for quantity, price, used in (
            (1, -5, 995.35),
            (0, -5, 1000.35),
            (-1, 1, 999.35),
        ):
            with Form(invoice) as form, form.invoice_line_ids.edit(1) as line:
                line.quantity, line.price_unit = quantity, price
            self.assertEqual(self._get_used(), used)
            self.assertTrue(deduction.billing_allocation_ids)
            self.assertConserved()
        self.assertTrue(deduction.billing_is_adjusted)

    def test_duplicate_uses_no_cap(self):
        self._get_posted().copy()
        self.assertEqual(self._get_used(), 1000)

    def test_undone_run_frees_the_cap(self):
        self._create_entry(12)
        run = self._propose()
        run.action_invoice()
        run.action_undo()
        self.assertEqual(self._get_used(), 0)
        self.assertConserved()

    # -- rights and input ------------------------------------------------------------

    def test_negative_cap_is_refused(self):
        with self.assertRaisesRegex(BillingRuleError, "negative"):
            self.rule.cap_amount = -1

    def test_manager_without_accounting_rights_reads_the_cap(self):
        self._create_entry(4)
        self._bill()
        rule = self.rule.with_user(self.manager)
        self.assertEqual((rule.cap_used, rule.cap_left), (380, 620))

    def test_change_of_the_cap_is_tracked(self):
        tracked = self.env["project.billing.rule"]._fields["cap_amount"].tracking
        self.assertTrue(tracked)


class TestCapExtension(BillingCommon):
    """Types of other add-ons, that cannot be cut, wait as a whole."""

    def test_type_that_cannot_be_cut_is_skipped_whole(self):
        rule = self._create_rule("milestone", amount=500, cap_amount=400)
        item = self._create_item(rule, amount=500)
        item.milestone_id.is_reached = True
        room = type(self.env["project.billing.type.milestone"])
        self.patch(room, "_divisible", False)
        run = self._propose(cutoff=self.company._get_billing_today())
        self.assertRecordValues(
            run.line_ids, [{"reason_code": "over_cap", "amount": 500}]
        )
        rule.cap_amount = 500
        run = self._propose(cutoff=self.company._get_billing_today())
        rule.cap_amount = 400
        run.action_invoice()
        self.assertEqual(run.line_ids.reason_code, "over_cap")
        self.assertFalse(item.billed_amount)


class TestCustomerOrder(BillingCommon):
    """A customer's order is a cap that rules share."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._create_order("4711", amount=1000)
        cls.shop = cls._create_project("Shop")
        cls.first = cls._create_rule(price=100, order_id=cls.order.id)
        cls.second = cls._create_rule(
            project=cls.shop, price=100, order_id=cls.order.id
        )
        cls.shop_task = cls._create_task("Build", cls.shop)
        cls.both = cls.project | cls.shop

    @classmethod
    def _create_order(cls, name, **kwargs):
        return cls.env["project.billing.order"].create(
            {
                "name": name,
                "partner_id": cls.customer.id,
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                **kwargs,
            }
        )

    def _get_used(self):
        self.env.flush_all()
        self.order.invalidate_recordset()
        return self.order.used_amount

    def test_order_gives_its_number(self):
        self.assertEqual(self.first._get_customer_order(), "4711")
        self.order.name = "4712"
        self.assertEqual(self.first.customer_order, "4712")
        self._create_entry(1)
        self.assertEqual(self._bill().billing_customer_order, "4712")

    def test_two_rules_of_two_projects_never_exceed_it_together(self):
        self._create_entry(7)
        self._create_entry(7, task=self.shop_task)
        invoices = self._bill(projects=self.both)
        self.assertEqual(sorted(invoices.mapped("amount_untaxed")), [300, 700])
        self.assertEqual(self._get_used(), 1000)
        self.assertEqual(self.order.left_amount, 0)
        self.assertConserved(self.both)

    def test_rules_of_all_types_share_it(self):
        milestones = self._create_rule(
            "milestone", sequence=5, amount=800, order_id=self.order.id
        )
        item = self._create_item(milestones, amount=800)
        item.milestone_id.is_reached = True
        self._create_entry(7)
        today = self.company._get_billing_today()
        invoice = self._bill(cutoff=today)
        self.assertEqual(invoice.amount_untaxed, 1000)
        self.assertEqual(item.billed_amount, 800)

    def test_sequence_says_who_comes_first(self):
        self.second.sequence = 5
        self._create_entry(7)
        self._create_entry(7, task=self.shop_task)
        run = self._propose(projects=self.both)
        amounts = {
            line.rule_id: line.amount for line in self._get_lines(run, "proposed")
        }
        self.assertEqual(amounts, {self.second: 700, self.first: 300})

    def test_smaller_of_cap_and_order_holds(self):
        self.first.cap_amount = 400
        self._create_entry(7)
        self._create_entry(7, task=self.shop_task)
        invoices = self._bill(projects=self.both)
        self.assertEqual(sorted(invoices.mapped("amount_untaxed")), [400, 600])

    def test_raised_amount_releases_the_overflow(self):
        self._create_entry(12)
        self._bill()
        self.order.with_user(self.administrator).amount = 1100
        self.assertEqual(self._bill().amount_untaxed, 100)

    def test_lowered_amount_is_shown(self):
        self._create_entry(8)
        self._bill()
        self.order.amount = 500
        self.assertEqual(self.order.over_amount, 300)
        self._create_entry(1, task=self.shop_task)
        self.assertEqual(
            self._propose(projects=self.both).line_ids.reason_code, "over_cap"
        )

    def test_order_without_amount_is_no_cap(self):
        self.order.amount = 0
        self._create_entry(20)
        self.assertEqual(self._bill().amount_untaxed, 2000)

    def test_expired_order_is_a_skip_with_its_reason(self):
        self.order.date_end = date(2026, 6, 29)
        self._create_entry(1)
        run = self._propose()
        self.assertEqual(run.line_ids.reason_code, "order_expired")
        self.assertIn("4711", run.line_ids.reason)

    def test_order_is_valid_on_its_last_day(self):
        self.order.date_end = date(2026, 6, 30)
        self._create_entry(1)
        self.assertEqual(self._bill().amount_untaxed, 100)

    def test_order_that_expired_since_the_review_is_a_skip(self):
        self._create_entry(1)
        run = self._propose()
        self.order.date_end = date(2026, 6, 29)
        run.action_invoice()
        self.assertEqual(run.line_ids.reason_code, "order_expired")
        self.assertFalse(run.move_ids)

    def test_expired_line_uses_nothing_of_another_rule(self):
        old = self._create_order("0815", amount=500, date_end=date(2026, 1, 1))
        self.first.order_id = old
        self._create_entry(7)
        self._create_entry(3, task=self.shop_task)
        self.assertEqual(self._bill(projects=self.both).amount_untaxed, 300)

    def test_next_order_starts_at_nothing(self):
        self._create_entry(10)
        self._bill()
        following = self._create_order("4712", amount=500)
        self.first.order_id = following
        self.assertEqual((following.used_amount, self._get_used()), (0, 1000))
        self._create_entry(6)
        self.assertEqual(self._bill().amount_untaxed, 500)

    def test_order_that_is_entered_late_counts_what_was_billed(self):
        late = self._create_project("Late")
        rule = self._create_rule(project=late, price=100, customer_order="99")
        self._create_entry(4, task=self._create_task("T", late))
        self._bill(projects=late)
        order = self._create_order("99", amount=1000)
        rule.order_id = order
        self.assertEqual(order.used_amount, 400)

    def test_credit_counts_for_the_order_of_its_invoice(self):
        self._create_entry(10)
        invoice = self._bill()
        invoice.action_post()
        following = self._create_order("4712", amount=500)
        self.first.order_id = following
        self._reverse(invoice)
        self.assertEqual((following.used_amount, self._get_used()), (0, 0))

    def test_review_of_the_manager_shows_what_is_left_of_the_order(self):
        self._create_entry(4)
        self._bill()
        self._create_entry(1)
        line = self._propose(user=self.manager).line_ids
        self.assertTrue(line.has_order)
        self.assertEqual(line.order_left, 600)

    def test_manager_sees_orders_of_own_projects_only(self):
        orders = self.env["project.billing.order"].with_user(self.manager)
        self.assertIn(self.order, orders.search([]))
        self.both.user_id = self.administrator
        self.assertFalse(orders.search([("id", "=", self.order.id)]))

    def test_second_company_does_not_see_it(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.administrator.company_ids |= other
        orders = self.env["project.billing.order"].with_user(self.administrator)
        own = orders.with_context(allowed_company_ids=other.ids)
        self.assertFalse(own.search([("id", "=", self.order.id)]))

    # -- refused -----------------------------------------------------------------------

    def test_other_currency_is_refused(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        with self.assertRaisesRegex(BillingRuleError, "EUR"):
            self._create_rule(
                project=self.shop, currency_id=euro.id, order_id=self.order.id
            )
        with self.assertRaisesRegex(BillingRuleError, "EUR"):
            self.order.currency_id = euro

    def test_order_in_another_currency_is_a_cap_in_it(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        order = self._create_order("E1", amount=300, currency_id=euro.id)
        fair = self._create_project("Fair")
        self._create_rule(
            project=fair, price=100, currency_id=euro.id, order_id=order.id
        )
        self._create_entry(4, task=self._create_task("T", fair))
        invoice = self._bill(projects=fair)
        self.assertEqual(invoice.currency_id, euro)
        self.assertEqual(invoice.amount_untaxed, 300)

    def test_other_customer_is_refused(self):
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        with self.assertRaisesRegex(BillingRuleError, "Stranger"):
            self.first.partner_id = stranger
        with self.assertRaisesRegex(BillingRuleError, "Stranger"):
            self.project.partner_id = stranger
        with self.assertRaisesRegex(BillingRuleError, "Stranger"):
            self.order.partner_id = stranger

    def test_branch_of_the_customer_is_accepted(self):
        branch = self.env["res.partner"].create(
            {"name": "Branch", "parent_id": self.customer.id}
        )
        self.first.partner_id = branch
        self._create_entry(1)
        self.assertEqual(self._bill().billing_customer_order, "4711")

    def test_negative_amount_is_refused(self):
        with self.assertRaisesRegex(BillingRuleError, "negative"):
            self.order.amount = -1

    # -- alerts ------------------------------------------------------------------------

    def _get_alerts(self):
        return self.order.activity_ids.filtered(lambda a: a.user_id == self.manager)

    def test_manager_is_told_at_80_and_100_percent_once_each(self):
        self._create_entry(7.9)
        self._bill()
        self.assertFalse(self._get_alerts())
        self._create_entry(0.1)
        self._bill()
        self.assertEqual(len(self._get_alerts()), 1)
        self.assertIn("80 %", self._get_alerts().summary)
        self._create_entry(1)
        self._bill()
        self.assertEqual(len(self._get_alerts()), 1)
        self._create_entry(1)
        self._bill()
        self.assertEqual(len(self._get_alerts()), 2)
        self._create_entry(1)
        self.env["project.billing.run"]._alert_caps()
        self.assertEqual(len(self._get_alerts()), 2)

    def test_unbilled_work_counts_for_alerts(self):
        self._create_entry(5)
        self._create_entry(4, task=self.shop_task)
        self.env["project.billing.run"]._alert_caps()
        self.assertEqual(len(self._get_alerts()), 1)

    def test_raised_amount_is_told_of_again(self):
        self._create_entry(8)
        self._bill()
        self.order.amount = 2000
        self.env["project.billing.run"]._alert_caps()
        self.assertEqual(len(self._get_alerts()), 1)
        self._create_entry(8)
        self._bill()
        self.assertEqual(len(self._get_alerts()), 2)

    def test_percentage_of_alerts_is_the_company_s(self):
        self.company.billing_cap_alert_percentage = 50
        self._create_entry(5)
        self._bill()
        self.assertIn("50 %", self._get_alerts().summary)

    def test_cap_of_a_rule_is_told_of_on_the_rule(self):
        self.first.write({"order_id": False, "cap_amount": 500})
        self._create_entry(6)
        self._bill()
        alert = self.first.activity_ids
        self.assertEqual(alert.user_id, self.manager)
        self.assertIn("100 %", alert.summary)

    def test_form_and_list_open_for_all_roles(self):
        with Form(
            self.env["project.billing.order"].with_user(self.administrator)
        ) as form:
            form.name = "5000"
            form.partner_id = self.customer
            form.amount = 10
        self.env["project.billing.order"].with_user(self.manager).get_views(
            [(False, "list"), (False, "form"), (False, "search")]
        )
        self.assertEqual(self.order.action_view_rules()["res_model"], self.first._name)
        self.order.attachment_ids = [Command.create({"name": "po.pdf", "raw": b"x"})]
