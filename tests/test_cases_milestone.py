"""Acceptance cases of area B that fixed price in milestones covers."""

from datetime import date

from odoo.tests import freeze_time

from .common import BillingCommon


@freeze_time("2026-06-15")
class TestCasesMilestone(BillingCommon):
    """Items of a contract become invoices; people reach, invoice, pay and cancel."""

    def _add(self, rule, name="Part", **kwargs):
        return self._create_item(rule, name=name, **kwargs)

    def _reach(self, items):
        items.milestone_id.with_user(self.manager).write({"is_reached": True})

    def _get_proposed(self, day=date(2026, 6, 30)):
        return sum(self._get_lines(self._propose(day), "proposed").mapped("amount"))

    def _pay(self, invoice, day):
        self.env["account.payment.register"].with_user(self.clerk).with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": day})._create_payments()

    def test_b01_percentage_of_a_reached_milestone_is_what_can_be_billed(self):
        rule = self._create_rule("milestone", amount=20 * 30.00)
        item = self._add(rule, amount_type="percent", percentage=50)
        self._reach(item)
        self.assertEqual(self._get_proposed(), 300.00)
        item.with_user(self.administrator).percentage = 75
        self.assertEqual(self._get_proposed(), 450.00)
        item.with_user(self.administrator).unlink()
        self.assertEqual(self._get_proposed(), 0)

    def test_b01_milestones_reached_in_turn(self):
        rule = self._create_rule("milestone", amount=30 * 35.00)
        first = self._add(rule, "First", amount_type="percent", percentage=20)
        second = self._add(rule, "Second", amount_type="percent", percentage=40)
        self._reach(first)
        self.assertEqual(self._bill().amount_untaxed, 210.00)
        self._reach(second)
        self.assertEqual(self._bill().amount_untaxed, 420.00)
        self.assertEqual(rule.billed_amount, 630.00)
        self.assertConserved()

    def test_b03_a_copied_plan_has_four_quarters(self):
        price = 30.00
        plan = self._create_rule("milestone", amount=20 * price)
        for number in range(4):
            self._add(plan, f"Quarter {number}", amount_type="percent", percentage=25)
        other = self._create_project("Next one")
        rule = plan.copy({"project_id": other.id})
        self.assertEqual(len(rule.item_ids), 4)
        self.assertEqual(set(rule.item_ids.mapped("percentage")), {25})
        self.assertEqual(set(rule.item_ids.mapped("billable_amount")), {5 * price})
        self.assertEqual(rule.item_ids.project_id, other)

    def test_b04_fixed_advance_and_the_rest(self):
        rule = self._create_rule("milestone", amount=1 * 40 + 5 * 40 + 10 * 20)
        start = self._add(
            rule, "Start", amount=100.00, trigger="date", date_planned="2026-06-01"
        )
        end = self._add(rule, "End", amount_type="remainder")
        first = self._bill()
        self.assertEqual(first.amount_untaxed, 100.00)
        self._reach(end)
        second = self._bill()
        self.assertEqual(second.amount_untaxed, 340.00)
        self.assertEqual(rule.billed_amount, 440.00)
        self.assertEqual((start | end).mapped("open_amount"), [0, 0])

    def test_b06_percent_advance_then_a_milestone_then_nothing_is_left(self):
        rule = self._create_rule("milestone", amount=480.00)
        advance = self._add(
            rule, "Advance", amount_type="percent", percentage=30, trigger="manual"
        )
        half = self._add(rule, "Half is delivered", amount=336.00, trigger="manual")
        rest = self._add(rule, "Rest", amount_type="remainder", trigger="manual")
        advance.with_user(self.manager).action_set_ready()
        self.assertEqual(self._bill().amount_untaxed, 144.00)
        run = self._propose()  # delivered 200 of 480: nobody has set it ready
        self.assertFalse(self._get_lines(run, "proposed"))
        self.assertEqual(self._get_lines(run, "skipped").reason_code, "not_reached")
        (half | rest).with_user(self.manager).action_set_ready()
        self.assertEqual(self._bill().amount_untaxed, 336.00)
        self.assertEqual(rest.open_amount, 0)
        self.assertFalse(self._propose().line_ids)

    def test_b07_cancelled_advance_and_plan_leave_nothing(self):
        rule = self._create_rule("milestone", amount=480.00)
        advance = self._add(rule, "Advance", amount_type="percent", percentage=30)
        rest = self._add(rule, "Rest", amount_type="remainder")
        self._reach(advance)
        invoice = self._bill()
        invoice.with_user(self.clerk).button_cancel()
        self.assertEqual(advance.stage, "held")
        self.assertEqual(rule.billed_amount, 0)
        (advance | rest).with_user(self.administrator).write({"active": False})
        self.env.invalidate_all()
        self.assertEqual((rule.billed_amount, rule.open_amount), (0, 0))
        self.assertFalse(self._propose().line_ids)

    def test_b08_plan_is_assigned_invoiced_and_paid(self):
        rule = self._create_rule("milestone", amount=380.00)
        first = self._add(rule, "First", amount=100.00)
        second = self._add(rule, "Second", amount_type="remainder")
        items = first | second
        self.assertEqual(sum(items.mapped("billable_amount")), 380.00)
        self.assertEqual(items.mapped("billable_amount"), [100.00, 280.00])
        self._reach(first)
        invoice = self._bill()
        invoice.with_user(self.clerk).action_post()
        self.assertEqual(rule.billed_amount, 100.00)
        self.assertEqual(first.stage, "invoiced")
        self._pay(invoice, "2026-06-15")
        self.env.invalidate_all()
        self.assertEqual(first.stage, "paid")
        self.assertEqual(second.stage, "planned")

    def test_b08_an_invoice_line_of_another_amount_is_flagged(self):
        rule = self._create_rule("milestone", amount=380.00)
        first = self._add(rule, "First", amount=100.00)
        self._reach(first)
        invoice = self._bill()
        self.assertFalse(invoice.billing_warning)
        line = invoice.invoice_line_ids
        line.with_user(self.clerk).price_unit = 110.00
        self.assertTrue(line.billing_is_adjusted)
        self.assertTrue(invoice.billing_warning)
        self.assertEqual(line.billing_allocation_ids.adjustment, 10.00)
        self.assertEqual(first.billed_amount, 100.00)
        self.assertConserved()


class TestCasesRealPlans(BillingCommon):
    """Plans that really happened, on their days."""

    def _accept(self, item, day):
        with freeze_time(day):
            item.with_user(self.manager).action_set_ready()

    def _invoice(self, day):
        with freeze_time(day):
            invoice = self._bill(day)
            invoice.with_user(self.clerk).action_post()
        return invoice

    def _pay(self, invoice, day):
        with freeze_time(day):
            self.env["account.payment.register"].with_user(self.clerk).with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"payment_date": day})._create_payments()

    def test_b13_real_plan_ties(self):
        rule = self._create_rule("milestone")
        plan = [
            (55.00, date(2023, 9, 20), date(2023, 11, 3), 44),
            (55.00, date(2023, 11, 26), date(2023, 12, 1), 5),
            (56.95, date(2024, 2, 11), date(2024, 3, 9), 27),
        ]
        items = self.env["project.billing.item"].concat(
            *[
                self._create_item(rule, name=f"Part {n}", amount=row[0])
                for n, row in enumerate(plan)
            ]
        )
        self.assertAlmostEqual(sum(items.mapped("billable_amount")), 166.95)
        invoices = self.env["account.move"]
        for item, (amount, reached, paid, days) in zip(items, plan, strict=True):
            if reached > date(2023, 12, 31):
                self.env.invalidate_all()
                self.assertAlmostEqual(rule.billed_amount, 110.00)
                self.assertAlmostEqual(rule.open_amount, 56.95)
                self.assertAlmostEqual(sum(invoices.mapped("amount_total")), 110.00)
                self.assertAlmostEqual(sum(invoices.mapped("amount_residual")), 0.00)
            with freeze_time(reached):
                item.milestone_id.with_user(self.manager).is_reached = True
            invoice = self._invoice(reached)
            self.assertAlmostEqual(invoice.amount_total, amount)
            self._pay(invoice, paid)
            self.assertEqual(invoice.amount_residual, 0)
            payment = invoice.matched_payment_ids
            self.assertEqual((payment.date - invoice.invoice_date).days, days)
            invoices |= invoice
        self.env.invalidate_all()
        self.assertEqual(set(items.mapped("stage")), {"paid"})
        self.assertAlmostEqual(rule.billed_amount, 166.95)
        self.assertConserved()

    def test_b17_slip_of_real_milestones(self):
        rule = self._create_rule("milestone")
        plan = [
            (15_000, date(2022, 2, 5), date(2022, 2, 8)),
            (15_000, date(2022, 3, 8), date(2022, 3, 9)),
            (20_000, date(2022, 4, 7), date(2022, 4, 29)),
        ]
        items = self.env["project.billing.item"].concat(
            *[
                self._create_item(
                    rule,
                    name=f"Delivery {n}",
                    amount=amount,
                    date_planned=planned,
                    trigger="accepted",
                )
                for n, (amount, planned, _accepted) in enumerate(plan)
            ]
        )
        for item, (_amount, _planned, accepted) in zip(items[:2], plan, strict=False):
            self._accept(item, accepted)
        with freeze_time("2022-03-31"):
            self.env.invalidate_all()
            ready = items.filtered(lambda item: item.stage == "ready")
            self.assertEqual(sum(ready.mapped("billable_amount")), 30_000)
            share = 30_000 / sum(items.mapped("billable_amount"))
            self.assertAlmostEqual(share, 0.60)
            invoice = self._bill(date(2022, 3, 31))
            self.assertEqual(invoice.amount_untaxed, 30_000)
        with freeze_time("2022-04-15"):
            self.env.invalidate_all()
            run = self._propose(date(2022, 4, 15))
            late = self._get_lines(run, "skipped")
            self.assertEqual(late.reason_code, "not_reached")
            self.assertEqual(late.amount, 20_000)
            self.assertLess(late.item_id.date_planned, date(2022, 4, 15))
        self._accept(items[2], plan[2][2])
        slips = [(item.date_ready - item.date_planned).days for item in items]
        self.assertEqual(slips, [3, 1, 22])
        self.assertEqual(self._invoice(date(2022, 4, 29)).amount_untaxed, 20_000)
        self.assertConserved()
