"""Acceptance cases of area A: from time entries to invoices."""

from datetime import date, timedelta

from odoo.fields import Domain
from odoo.tests import freeze_time

from odoo.addons.project_invoice_tracker.exceptions import BillingError, LockedError

from .common import BillingCommon

DAY = date(2026, 6, 15)
YESTERDAY = DAY - timedelta(days=1)


class CasesCommon(BillingCommon):
    """The clerk bills, the project manager approves."""

    def _get_shown(self, invoices):
        lines = invoices.invoice_line_ids.sorted("id")
        return [(line.quantity, line.price_subtotal) for line in lines]

    def _get_proposed(self, cutoff=DAY):
        run = self._propose(cutoff)
        return sum(self._get_lines(run, "proposed").mapped("amount"))

    def _tax(self, percent):
        self.hours_product.taxes_id = self.env["account.tax"].create(
            {
                "name": f"VAT {percent}",
                "amount": percent,
                "type_tax_use": "sale",
                "company_id": self.company.id,
            }
        )


class TestCasesCutoff(CasesCommon):
    """Which time is offered when, and only once."""

    def test_a01_cutoff_invoicing(self):
        rule = self._create_rule(price=20.00)
        self._create_entry(3, YESTERDAY)
        self._create_entry(2, DAY, task=self.env["project.task"])
        self.assertEqual(rule.open_amount, 100.00)
        first = self._bill(YESTERDAY)
        self.assertEqual(first.amount_untaxed, 60.00)
        self.assertEqual(self._get_proposed(YESTERDAY), 0.00)
        self.assertEqual(self._get_proposed(DAY), 40.00)
        second = self._bill(DAY)
        self.assertEqual(second.amount_untaxed, 40.00)
        self._create_entry(4, DAY)
        rule.invalidate_recordset()
        self.assertEqual(rule.open_amount, 80.00)
        third = self._bill(DAY)
        self.assertEqual(third.amount_untaxed, 80.00)
        rule.invalidate_recordset()
        self.assertEqual((rule.billed_amount, rule.open_amount), (180.00, 0.00))
        self.assertEqual(len(first | second | third), 3)
        self.assertConserved()

    def test_a05_date_window(self):
        rule = self._create_rule(price=90)
        self._create_entry(10, DAY - timedelta(days=6))
        self._create_entry(20, DAY - timedelta(days=1))
        self._create_entry(10, DAY - timedelta(days=5))
        total = 0
        for start, end, hours, amount in (
            (-16, -10, 0, 0),
            (-10, -6, 10, 900.00),
            (-16, -4, 10, 900.00),
            (-4, 0, 20, 1800.00),
        ):
            rule.with_user(self.administrator).bill_from = DAY + timedelta(days=start)
            run = self._propose(DAY + timedelta(days=end))
            if not hours:
                with self.assertRaises(BillingError):
                    run.action_invoice()
                self.assertFalse(run.move_ids)
                continue
            run.action_invoice()
            self.assertEqual(self._get_shown(run.move_ids), [(hours, amount)])
            total += run.move_ids.amount_untaxed
        self.assertEqual(total, 3600.00)
        self.assertConserved()

    def test_a12_unbilled_time_without_invoice(self):
        self._create_rule(price=90)
        self._create_entry(10, date(2026, 1, 2))
        self._create_entry(10, date(2026, 1, 5))
        for day, unbilled in ((1, 0), (3, 900), (7, 1800)):
            with self.subTest(day=day), freeze_time(date(2026, 1, day)):
                self.assertEqual(self._get_proposed(date(2026, 1, day)), unbilled)

    def test_a12_unbilled_time_between_invoices(self):
        self._create_rule(price=90)
        seen = {}
        for day in range(1, 10):
            today = date(2026, 1, day)
            with freeze_time(today):
                if day in (2, 6):
                    self._create_entry(10, today)
                if day in (4, 8):
                    self._bill(today).action_post()
                seen[day] = self._get_proposed(today)
        for day, unbilled in ((2, 900), (5, 0), (7, 900), (9, 0)):
            with self.subTest(day=day):
                self.assertEqual(seen[day], unbilled)
                self.assertEqual(self._get_unbilled_at(date(2026, 1, day)), unbilled)

    def _get_unbilled_at(self, day):
        """Return what was unbilled at the end of a day, afterwards, from the ledger."""
        entries = self.env["account.analytic.line"].search(
            [("project_id", "=", self.project.id), ("date", "<=", day)]
        )
        worked = sum(entry.billable_quantity * 90 for entry in entries)
        rows = entries.billing_allocation_ids.filtered(
            lambda row: row.is_live and row.move_id.invoice_date <= day
        )
        return worked - sum(rows.mapped("amount"))

    def test_a28_two_projects_of_one_customer_separately(self):
        invoices = self._bill_two_projects("project")
        self.assertEqual(len(invoices), 2)
        self.assertEqual(self._get_shown(invoices[0]), [(2, 200)])
        self.assertEqual(self._get_shown(invoices[1]), [(2, 200)])

    def test_a28_two_projects_of_one_customer_consolidated(self):
        invoice = self._bill_two_projects("customer")
        self.assertEqual(len(invoice), 1)
        self.assertEqual(self._get_shown(invoice), [(2, 200), (2, 200)])

    def _bill_two_projects(self, grouping):
        projects = self.project | self._create_project("Shop")
        for project in projects:
            self._create_rule(price=100, project=project, invoice_grouping=grouping)
            self._create_entry(2, task=self._create_task("Work", project))
        return self._bill(projects=projects)


class TestCasesClaim(CasesCommon):
    """A billed entry is locked; a credit frees it; nothing is billed twice."""

    def test_a06_billed_entries_are_locked_from_the_draft_on(self):
        self._create_rule(price=90)
        entry = self._create_entry(10.5)
        first = self._bill()
        self.assertEqual(first.amount_untaxed, 945.00)
        self.assertEqual(first.state, "draft")
        self.assertEqual(entry.billing_state, "draft")
        self.assertEqual(entry.billing_allocation_ids.move_id, first)
        with self.assertRaises(LockedError):
            entry.unit_amount = 11

    def test_a06_a_day_of_many_hours_is_billed_when_a_person_says_so(self):
        self._create_rule(price=90)
        self._create_entry(10.5)
        self.assertEqual(self._bill().amount_untaxed, 945.00)
        self._create_entry(39.5, DAY + timedelta(days=1))
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"over_24h": 39.5})
        with self.assertRaises(BillingError):
            run.action_invoice()
        run.line_ids.with_user(self.manager).action_approve()
        run.action_invoice()
        self.assertEqual(run.move_ids.amount_untaxed, 3555.00)
        self.assertConserved()

    def test_a08_full_reversal_releases_the_entry(self):
        self._create_rule(price=100)
        entry = self._create_entry(5)
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice)
        self.assertEqual(entry.billed_quantity, 0)
        entry.unit_amount = 7
        entry.with_user(self.clerk).action_billing_release()
        self.assertEqual(self._get_shown(self._bill()), [(7, 700)])
        self.assertConserved()

    def test_a08_credit_of_one_line_leaves_the_other(self):
        self._create_rule(price=100)
        first = self._create_entry(5)
        second = self._create_entry(5, task=self._create_task("Build"))
        invoice = self._bill()
        self.assertEqual(self._get_shown(invoice), [(5, 500), (5, 500)])
        invoice.action_post()
        self._reverse(invoice, hours={first: 5})
        self.assertEqual((first.billed_quantity, second.billed_quantity), (0, 5))
        self.assertEqual(second.billing_state, "invoiced")
        self.assertConserved()

    def test_a10_billable_time_has_a_price_and_a_cost(self):
        self.ann.hourly_cost = 20
        self._create_rule(price=50)
        entry = self._create_entry(2)
        self.assertEqual(entry.billable_quantity, 2)
        self.assertEqual(entry.amount, -40.00)
        self.assertEqual(self._bill().amount_untaxed, 100.00)

    def test_a10_non_billable_time_is_never_invoiced(self):
        self._create_rule(price=50)
        entry = self._create_entry(2, billing_nonbillable=True)
        self.assertEqual(entry.billable_quantity, 0)
        run = self._propose()
        self.assertFalse(self._get_lines(run, "proposed"))
        self.assertEqual(self._get_reasons(run), {"non_billable": 2})

    def test_a11_an_entry_on_an_invoice_is_refused_to_another(self):
        self._create_rule(price=100)
        self._create_entry(2)
        first = self._bill()
        run = self._propose()
        with self.assertRaises(BillingError):
            run.action_invoice()
        self.assertFalse(run.move_ids)
        self.assertEqual(self._get_shown(first), [(2, 200)])

    def test_a11_a_run_proposed_before_the_other_bills_nothing(self):
        self._create_rule(price=100)
        self._create_entry(2)
        slow, fast = self._propose(), self._propose()
        fast.action_invoice()
        slow.action_invoice()
        self.assertFalse(slow.move_ids)
        self.assertEqual(slow.line_ids.reason_code, "nothing_left")
        self.assertEqual(self._get_shown(fast.move_ids), [(2, 200)])
        self.assertConserved()

    def test_a11_time_that_is_not_approved_is_refused(self):
        self._create_rule(price=100)
        self._create_entry(2, name="approved")
        self._create_entry(3, name="submitted")
        self.patch(
            self.env.registry["account.analytic.line"],
            "_get_approved_domain",
            lambda self: Domain("name", "=", "approved"),
        )
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"not_approved": 3})
        run.action_invoice()
        self.assertEqual(self._get_shown(run.move_ids), [(2, 200)])


class TestCasesAmounts(CasesCommon):
    """Prices, roundings, groupings and taxes to the cent."""

    def _set_tax_rounding(self, method):
        self.company.tax_calculation_rounding_method = method

    def _assert_totals(self, invoice, net, tax, gross):
        self.assertAlmostEqual(invoice.amount_untaxed, net)
        self.assertAlmostEqual(invoice.amount_tax, tax)
        self.assertAlmostEqual(invoice.amount_total, gross)

    def _bill_by_employee(self, method):
        self._set_tax_rounding(method)
        self._tax(19)
        third = self._create_employee("Cat Carter")
        # at 1.00 an hour the hours are the case's amounts
        self._create_rule(price=1.00, line_grouping="employee")
        for person, amount in (
            (self.ann, 293.27),
            (self.ben, 84.75),
            (self.ann, 111.11),
            (self.ben, 1947.99),
            (third, 84.00),
        ):
            self._create_entry(amount, employee=person, billing_confirmed=True)
        return self._bill()

    def test_a13_lines_by_employee_rounded_per_line(self):
        invoice = self._bill_by_employee("round_per_line")
        amounts = invoice.invoice_line_ids.mapped("price_subtotal")
        self.assertEqual(amounts, [404.38, 2032.74, 84.00])
        self._assert_totals(invoice, 2521.12, 479.01, 3000.13)

    def test_a13_lines_by_employee_rounded_globally(self):
        invoice = self._bill_by_employee("round_globally")
        amounts = invoice.invoice_line_ids.mapped("price_subtotal")
        self.assertEqual(amounts, [404.38, 2032.74, 84.00])
        self._assert_totals(invoice, 2521.12, 479.01, 3000.13)

    def _bill_seconds_in_one_line(self, method):
        self._set_tax_rounding(method)
        self._tax(19)
        self._create_rule(price=293.27, line_grouping="one")
        for seconds in (3600, 400, 1800):
            self._create_entry(seconds / 3600)
        return self._bill()

    def test_a15_one_line_in_decimal_hours_rounded_per_line(self):
        invoice = self._bill_seconds_in_one_line("round_per_line")
        self.assertEqual(self._get_shown(invoice), [(1.61, 472.16)])
        self._assert_totals(invoice, 472.16, 89.71, 561.87)

    def test_a15_one_line_in_decimal_hours_rounded_globally(self):
        invoice = self._bill_seconds_in_one_line("round_globally")
        self.assertEqual(self._get_shown(invoice), [(1.61, 472.16)])
        self._assert_totals(invoice, 472.16, 89.71, 561.87)

    def _get_amounts_by_source(self, entry, rule, prices):
        """Return amounts as the most specific price is taken away each time."""
        own, employee, role, default, product = prices
        role_record = self.env["project.role"].create({"name": "Developer"})
        self.ann.billing_role_id = role_record
        self.hours_product.list_price = product
        rule.price = default
        rates = self.env["project.billing.rate"].create(
            [
                {"rule_id": rule.id, "employee_id": self.ann.id, "price": employee},
                {"rule_id": rule.id, "role_id": role_record.id, "price": role},
            ]
        )
        entry.billing_override_price = own
        found = []
        for source, remove in (
            ("entry", lambda: entry.write({"billing_override_price": 0})),
            ("employee", lambda: rates[0].with_user(self.administrator).unlink()),
            ("role", lambda: rates[1].with_user(self.administrator).unlink()),
            ("rule", lambda: rule.with_user(self.administrator).write({"price": 0})),
            ("product", lambda: None),
        ):
            self.assertEqual(entry.billing_price_source, source)
            found.append(self._get_proposed())
            remove()
        return found

    def test_a17_rate_precedence(self):
        rule = self._create_rule()
        entry = self._create_entry(0.5)
        amounts = self._get_amounts_by_source(entry, rule, (3, 5, 7, 9, 1))
        self.assertEqual(amounts, [1.50, 2.50, 3.50, 4.50, 0.50])

    def test_a17_fixed_prices_whatever_the_duration(self):
        rule = self._create_rule()
        entry = self._create_entry(0.5, billing_override_quantity=1)
        amounts = self._get_amounts_by_source(entry, rule, (2, 3, 4, 5, 1))
        self.assertEqual(amounts[:4], [2.00, 3.00, 4.00, 5.00])

    def test_a18_overtime_premium(self):
        hourly = 660.00 / 7.5
        self.assertEqual(hourly, 88.00)
        self._create_rule(price=hourly, line_grouping="entry")
        for hours, premium in ((3, 0.33), (4, 0.50), (2, 1.00)):
            self._create_entry(hours, billing_override_price=hourly * (1 + premium))
        invoice = self._bill()
        self.assertEqual(
            invoice.invoice_line_ids.mapped("price_subtotal"),
            [351.12, 528.00, 352.00],
        )
        self.assertAlmostEqual(invoice.amount_untaxed, 1231.12)

    def test_a19_duration_rounding_modes_of_half_an_hour(self):
        rule = self._create_rule(price=100, rounding_step=0.5)
        for method, expected in (
            ("up", [10_800, 9_000, 0]),
            ("nearest", [9_000, 7_200, 0]),
            ("down", [9_000, 7_200, 0]),
        ):
            rule.rounding_method = method
            for seconds, rounded in zip((9_001, 7_525, 0), expected, strict=True):
                with self.subTest(method=method, seconds=seconds):
                    entry = self._create_entry(seconds / 3600)
                    amount = self._get_proposed()
                    self.assertAlmostEqual(amount, rounded / 36)
                    entry.unlink()

    def test_a20_unit_and_factor_rounding(self):
        rule = self._create_rule(price=100, quantity_factor=200)
        for step, method, hours, billed in (
            (0.25, "up", 1, 2.00),
            (0.25, "up", 0.9, 2.00),
            (0.25, "up", 1.1, 2.25),
            (0, "none", 1, 2.00),
            (1.0, "up", 0.6, 2.00),
            (0.25, "nearest", 1.01, 2.00),
        ):
            with self.subTest(step=step, method=method, hours=hours):
                rule.write({"rounding_step": step, "rounding_method": method})
                entry = self._create_entry(hours)
                self.assertEqual(self._get_proposed(), billed * 100)
                entry.unlink()

    def test_a20_sum_of_rounded_entries(self):
        self._create_rule(
            price=100, quantity_factor=200, rounding_step=0.25, rounding_method="up"
        )
        self._create_entry(1)
        self._create_entry(1.1)
        invoice = self._bill()
        self.assertEqual(self._get_shown(invoice), [(4.25, 425)])
        rows = invoice.billing_allocation_ids
        self.assertAlmostEqual(sum(rows.mapped("quantity")), 2.10)

    def test_a20_override_survives(self):
        self._create_rule(price=100, rounding_step=0.25, rounding_method="up")
        entry = self._create_entry(10, billing_override_quantity=111)
        invoice = self._bill()
        self.assertEqual(invoice.invoice_line_ids.quantity, 111)
        invoice.action_post()
        invoice.button_draft()
        self.assertEqual(entry.billing_override_quantity, 111)
        self.assertEqual(invoice.invoice_line_ids.quantity, 111)
        invoice.button_cancel()
        self.assertEqual(entry.billing_override_quantity, 111)
        entry.with_user(self.clerk).action_billing_release()
        self.assertEqual(self._bill().invoice_line_ids.quantity, 111)

    def _bill_drifting(self, grouping):
        self._set_tax_rounding("round_per_line")
        self._create_rule(price=114.75, line_grouping=grouping)
        for seconds in (
            *(900, 1600, 4200, 8763, 3300, 600),
            *(1300, 1837, 4217, 5400, 3283, 600),
        ):
            self._create_entry(seconds / 3600)
        return self._bill()

    def test_a29_each_entry_rounded_drifts_by_a_cent(self):
        invoice = self._bill_drifting("entry")
        self.assertEqual(len(invoice.invoice_line_ids), 12)
        self.assertAlmostEqual(invoice.amount_untaxed, 1147.51)
        self.assertConserved()

    def test_a29_exact_total(self):
        invoice = self._bill_drifting("one")
        self.assertEqual(self._get_shown(invoice), [(10, 1147.50)])
