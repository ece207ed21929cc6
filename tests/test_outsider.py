from datetime import date, timedelta

from odoo.exceptions import UserError
from odoo.tests import freeze_time

from .common import ADDON, BillingCommon


class TestOutsider(BillingCommon):
    """What somebody who never saw the code would try first (checks b, c, e and f)."""

    def _run_job(self, day):
        self.company.write(
            {"billing_schedule_active": True, "billing_schedule_date": day}
        )
        with freeze_time(f"{day} 06:00:00"), self.enter_registry_test_mode():
            cron = self.env.ref(f"{ADDON}.ir_cron_project_billing").sudo()
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()
        return self.env["project.billing.run"].search(
            [("is_scheduled", "=", True)], order="id desc", limit=1
        )

    def _bill_eight_hours(self):
        self._create_rule(price=100)
        entry = self._create_entry(8)
        invoice = self._bill()
        invoice.action_post()
        return entry, invoice

    def assertHours(self, entry, billed, held):
        self.env.flush_all()
        entry.invalidate_recordset()
        self.assertEqual(entry.billed_quantity, billed)
        self.assertEqual(entry.billing_held_quantity, held)
        self.assertConserved()

    def test_credited_hours_are_billed_after_their_release_only(self):
        entry, invoice = self._bill_eight_hours()
        self._reverse(invoice, hours={entry: 3.5})
        self.assertHours(entry, 4.5, 3.5)
        self.assertFalse(self._run_job("2026-07-01").move_ids)
        entry.with_user(self.clerk).action_billing_release()
        following = self._run_job("2026-08-01").move_ids
        self.assertEqual(following.state, "draft")
        self.assertEqual(following.invoice_line_ids.quantity, 3.5)
        self.assertHours(entry, 8, 0)

    def test_concession_of_a_hundred_reopens_no_hours(self):
        entry, invoice = self._bill_eight_hours()
        credit = self._reverse(invoice, mode="price_reduction", post=False)
        credit.invoice_line_ids.write({"quantity": 1, "price_unit": 100})
        credit.action_post()
        self.assertEqual(credit.amount_total, 100)
        self.assertHours(entry, 8, 0)
        self.assertFalse(self._run_job("2026-07-01").move_ids)

    def test_reverse_and_create_leaves_eight_hours_on_one_live_draft(self):
        entry, invoice = self._bill_eight_hours()
        replacement = self._replace(invoice)
        self.assertEqual(replacement.state, "draft")
        self.assertEqual(replacement.invoice_line_ids.quantity, 8)
        self.assertHours(entry, 8, 0)
        self.assertFalse(self._run_job("2026-07-01").move_ids)

    def test_thousand_old_entries_are_counted_and_never_offered(self):
        with freeze_time("2026-06-20 12:00:00"):
            first = date(2023, 8, 1)
            self.env["account.analytic.line"].create(
                [
                    {
                        "name": f"Old work {number}",
                        "project_id": self.project.id,
                        "task_id": self.task.id,
                        "employee_id": self.ann.id,
                        "unit_amount": 1.5,
                        "date": first + timedelta(days=number),
                    }
                    for number in range(1000)
                ]
            )
            last = first + timedelta(days=999)
            self.assertLess(last, date(2026, 6, 1))
            self._create_entry(1, date(2026, 5, 31))
            self._create_entry(2, date(2026, 6, 1))
            rule = (
                self.env["project.billing.rule"]
                .with_user(self.administrator)
                .create({"project_id": self.project.id, "price": 100})
            )
            self.assertEqual(rule.bill_from, date(2026, 6, 1))
            self.assertEqual(rule.old_entry_count, 1001)
            self.assertEqual(rule.old_entry_hours, 1501)
            run = self._propose(date(2026, 6, 20))
        proposed = self._get_lines(run, "proposed")
        self.assertEqual((proposed.quantity, proposed.entry_count), (2, 1))
        old = run.line_ids.filtered(lambda x: x.reason_code == "before_bill_from")
        self.assertEqual((old.quantity, old.entry_count), (1501, 1001))
        self.assertEqual(self.project.billing_ready_hours, 2)

    def test_two_orders_of_one_customer_are_two_invoices(self):
        shop = self._create_project("Shop")
        for project, order in ((self.project, "PO-1"), (shop, "PO-2")):
            self._create_rule(
                project=project,
                price=100,
                customer_order=order,
                invoice_grouping="customer",
            )
        self._create_entry(8)
        self._create_entry(1, task=self._create_task("T", shop))
        moves = self._bill(projects=self.project | shop)
        found = {move.billing_customer_order: move.amount_untaxed for move in moves}
        self.assertEqual(found, {"PO-1": 800, "PO-2": 100})
        self.assertEqual(sorted(moves.mapped("ref")), ["PO-1", "PO-2"])

    def test_two_orders_on_one_project_are_two_invoices(self):
        build = self._create_task("Build")
        self._create_rule(price=100, customer_order="PO-1", task_ids=self.task.ids)
        self._create_rule(price=100, customer_order="PO-2", task_ids=build.ids)
        self._create_entry(8)
        self._create_entry(1, task=build)
        self.assertEqual(sorted(self._bill().mapped("amount_untaxed")), [100, 800])

    def test_required_order_that_is_missing_is_a_skip(self):
        self.customer.billing_order_required = True
        self._create_rule(price=100)
        self._create_entry(8)
        run = self._propose()
        self.assertEqual(run.line_ids.reason_code, "po_missing")
        with self.assertRaises(UserError):
            run.action_invoice()

    def test_order_that_is_required_by_the_parent_company_is_required(self):
        self.customer.billing_order_required = True
        contact = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": self.customer.id}
        )
        self._create_rule(price=100, partner_id=contact.id)
        self._create_entry(8)
        self.assertEqual(self._propose().line_ids.reason_code, "po_missing")

    def test_order_survives_a_reversal(self):
        self._create_rule(price=100, customer_order="PO-1")
        self._create_entry(8)
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(invoice)
        self.assertEqual(credit.billing_customer_order, "PO-1")

    @freeze_time("2026-07-03 12:00:00")
    def test_dates_shown_before_posting_equal_those_after(self):
        self._create_rule(price=100)
        self._create_entry(8)
        self.company.sale_lock_date = date(2026, 6, 30)
        run = self._propose(date(2026, 6, 30), date=date(2026, 6, 30))
        self.assertTrue(run.lock_message)
        shown = (run.date, run.accounting_date)
        self.assertGreater(run.accounting_date, date(2026, 6, 30))
        run.action_invoice()
        invoice = run.move_ids
        self.assertEqual((invoice.invoice_date, invoice.date), shown)
        invoice.action_post()
        self.assertEqual((invoice.invoice_date, invoice.date), shown)

    @freeze_time("2026-07-03 12:00:00")
    def test_posting_run_in_a_locked_month_keeps_the_shown_dates(self):
        self._create_rule(price=100, result="post")
        self._create_entry(8)
        self.company.fiscalyear_lock_date = date(2026, 6, 30)
        run = self._propose(date(2026, 6, 30), date=date(2026, 6, 30))
        shown = (run.date, run.accounting_date)
        run.action_invoice()
        invoice = run.move_ids
        self.assertEqual(invoice.state, "posted")
        self.assertEqual((invoice.invoice_date, invoice.date), shown)
