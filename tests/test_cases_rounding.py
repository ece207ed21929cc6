"""Acceptance cases of area E: rounding of taxes and terms, on real invoices."""

from datetime import date

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import freeze_time
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import BillingRuleError

from .common import BillingCommon

DAY = date(2026, 6, 15)


@freeze_time("2026-06-15")
class TestCasesRounding(BillingCommon):
    """Numbers of the case, invoices of a milestone rule, made by the clerk."""

    def _tax(self, percent):
        """Give the products a sales tax, as an administrator does."""
        tax = self.env["account.tax"].create(
            {
                "name": f"VAT {percent}",
                "amount": percent,
                "type_tax_use": "sale",
                "company_id": self.company.id,
            }
        )
        products = self.hours_product | self.milestone_product
        products.taxes_id = [Command.set(tax.ids)]

    def _bill_amounts(self, *amounts, day=DAY, **terms):
        """Return the invoice of one reached milestone for each amount."""
        project = self._create_project(f"Contract {day} {amounts}")
        rule = self._create_rule("milestone", project, **terms)
        for index, amount in enumerate(amounts):
            item = self._create_item(rule, name=f"Part {index}", amount=amount)
            item.milestone_id.with_user(self.manager).is_reached = True
        return self._bill(day, project)

    def _assert_totals(self, invoice, net, tax, gross):
        self.assertAlmostEqual(invoice.amount_untaxed, net)
        self.assertAlmostEqual(invoice.amount_tax, tax)
        self.assertAlmostEqual(invoice.amount_total, gross)

    def test_e01_tax_of_two_lines_rounded_per_line(self):
        self._tax(10)
        self.company.tax_calculation_rounding_method = "round_per_line"
        self._assert_totals(self._bill_amounts(1.24, 1.24), 2.48, 0.24, 2.72)

    def test_e01_tax_of_two_lines_rounded_globally(self):
        self._tax(10)
        self.company.tax_calculation_rounding_method = "round_globally"
        self._assert_totals(self._bill_amounts(1.24, 1.24), 2.48, 0.25, 2.73)

    def test_e03_tax_of_ten_lines_rounded_per_line(self):
        self._tax(20)
        self.company.tax_calculation_rounding_method = "round_per_line"
        invoice = self._bill_amounts(*[11.31] * 10)
        self._assert_totals(invoice, 113.10, 22.60, 135.70)

    def test_e03_tax_of_ten_lines_rounded_globally(self):
        self._tax(20)
        self.company.tax_calculation_rounding_method = "round_globally"
        invoice = self._bill_amounts(*[11.31] * 10)
        self._assert_totals(invoice, 113.10, 22.62, 135.72)

    def _create_term(self, *lines):
        return self.env["account.payment.term"].create(
            {
                "name": "Terms",
                "company_id": self.company.id,
                "line_ids": [
                    Command.create({"value": "percent", **line}) for line in lines
                ],
            }
        )

    def _get_instalments(self, invoice):
        invoice.action_post()
        lines = invoice.line_ids.filtered("date_maturity").sorted("date_maturity")
        return [(line.date_maturity, line.amount_currency) for line in lines]

    def test_e04_thirty_percent_now_the_rest_thirty_days_end_of_month(self):
        term = self._create_term(
            {"value_amount": 30, "nb_days": 0},
            {
                "value_amount": 70,
                "nb_days": 30,
                "delay_type": "days_end_of_month_on_the",
                "days_next_month": "0",
            },
        )
        for invoiced, due in (
            (date(2013, 1, 18), date(2013, 2, 28)),
            (date(2013, 2, 15), date(2013, 3, 31)),
            (date(2013, 3, 15), date(2013, 4, 30)),
        ):
            with self.subTest(invoiced=invoiced), freeze_time(invoiced):
                invoice = self._bill_amounts(
                    1500, day=invoiced, payment_term_id=term.id
                )
                self.assertEqual(
                    self._get_instalments(invoice), [(invoiced, 450), (due, 1050)]
                )

    def test_e05_three_equal_items_of_a_contract(self):
        for contract, parts in (
            (280.00, [93.33, 93.33, 93.34]),
            (1000.00, [333.33, 333.33, 333.34]),
        ):
            with self.subTest(contract=contract):
                project = self._create_project(f"Contract of {contract}")
                rule = self._create_rule("milestone", project, amount=contract)
                items = self.env["project.billing.item"].create(
                    [
                        {
                            "rule_id": rule.id,
                            "name": f"Third {index}",
                            "sequence": index,
                            "amount_type": "percent",
                            "percentage": percentage,
                        }
                        for index, percentage in enumerate(
                            [33.333333, 33.333333, 33.333334]
                        )
                    ]
                )
                self.assertEqual(items.mapped("billable_amount"), parts)
                items.with_user(self.manager).action_set_ready()
                invoice = self._bill(DAY, project)
                self.assertEqual(
                    invoice.invoice_line_ids.mapped("price_subtotal"), parts
                )
                self.assertEqual(invoice.amount_untaxed, contract)

    def test_e05_two_thirds_and_the_rest(self):
        rule = self._create_rule("milestone", amount=280.00)
        shares = [("percent", 33.333333), ("percent", 33.333333), ("remainder", 0)]
        items = self.env["project.billing.item"].create(
            [
                {
                    "rule_id": rule.id,
                    "name": f"Third {index}",
                    "sequence": index,
                    "amount_type": amount_type,
                    "percentage": percentage,
                }
                for index, (amount_type, percentage) in enumerate(shares)
            ]
        )
        self.assertEqual(items.mapped("billable_amount"), [93.33, 93.33, 93.34])

    def test_e05_terms_typed_with_two_decimals_sum_to_the_total(self):
        term = self._create_term(
            {"value_amount": 33.33, "nb_days": 0},
            {"value_amount": 33.33, "nb_days": 30},
            {"value_amount": 33.34, "nb_days": 60},
        )
        invoice = self._bill_amounts(280, payment_term_id=term.id)
        amounts = [amount for _day, amount in self._get_instalments(invoice)]
        self.assertEqual(amounts, [93.32, 93.32, 93.36])
        self.assertAlmostEqual(sum(amounts), 280)

    def test_e06_terms_summing_to_fifty_percent_are_refused(self):
        with self.assertRaises(ValidationError):
            self._create_term({"value_amount": 50})

    def test_e06_items_of_more_than_the_contract_are_refused(self):
        rule = self._create_rule("milestone", amount=1000)
        self._create_item(rule, amount_type="percent", percentage=60)
        with self.assertRaises(BillingRuleError):
            self._create_item(rule, amount_type="percent", percentage=50)

    def test_e06_two_rests_of_one_contract_are_refused(self):
        rule = self._create_rule("milestone", amount=1000)
        self._create_item(rule, amount_type="remainder")
        with self.assertRaises(BillingRuleError):
            self._create_item(rule, amount_type="remainder")

    @mute_logger("odoo.sql_db")
    def test_e06_the_same_milestone_twice_is_refused(self):
        rule = self._create_rule("milestone")
        item = self._create_item(rule, amount=100)
        with self.assertRaises(UniqueViolation):
            self.env["project.billing.item"].create(
                {
                    "rule_id": rule.id,
                    "milestone_id": item.milestone_id.id,
                    "amount": 100,
                }
            )

    @mute_logger("odoo.sql_db")
    def test_e06_negative_amounts_and_percentages_are_refused(self):
        rule = self._create_rule("milestone", amount=1000)
        for values in (
            {"amount": -1},
            {"amount_type": "percent", "percentage": -1},
            {"amount_type": "percent", "percentage": 0},
            {"amount_type": "percent", "percentage": 150},
        ):
            with (
                self.subTest(**values),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self._create_item(rule, **values).flush_recordset()
