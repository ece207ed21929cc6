from datetime import date

from odoo import Command
from odoo.tests import Form

from odoo.addons.project_invoice_tracker.exceptions import (
    BillingError,
    BillingRuleError,
)

from .cost_common import CostCommon


class TestCosts(CostCommon):
    """Which costs are passed on, and at which amount."""

    def test_bill_is_passed_on_at_cost_plus_markup(self):
        self._create_bill(1000)
        invoice = self._bill()
        self.assertRecordValues(
            invoice.invoice_line_ids,
            [
                {
                    "name": "Hosting Ltd R-100: Server",
                    "quantity": 1,
                    "price_unit": 1100,
                    "product_id": self.cost_product.id,
                }
            ],
        )
        self.assertConserved()

    def test_bill_is_not_passed_on_twice(self):
        self._create_bill(1000)
        self._bill()
        self.assertFalse(self._get_lines(self._propose(), "proposed"))

    def test_proposing_again_makes_no_second_item(self):
        self._create_bill(1000)
        self._propose()
        item = self._get_items()
        self._propose()
        self.assertEqual(self._get_items(), item)
        self.assertEqual(item.billable_amount, 1100)

    def test_draft_bill_is_no_cost_yet(self):
        bill = self._create_bill(1000, post=False)
        self.assertFalse(self._propose().line_ids)
        bill.action_post()
        self.assertEqual(self._propose().line_ids.amount, 1100)

    def test_receipt_is_a_cost(self):
        self._create_bill(50, move_type="in_receipt")
        self.assertEqual(self._propose().line_ids.amount, 55)

    def test_journal_entry_on_an_expense_account_is_a_cost(self):
        self._create_entry_move(200)
        self.assertEqual(self._propose().line_ids.amount, 220)

    def test_journal_entry_is_none_where_only_bills_are_passed_on(self):
        self.rule.cost_sources = "bills"
        self._create_entry_move(200)
        run = self._propose()
        self.assertEqual(run.line_ids.reason_code, "no_rule")

    def _create_entry_move(self, amount):
        """A company-paid expense is booked so by the host."""
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": date(2026, 6, 11),
                "line_ids": [
                    Command.create(
                        {
                            "name": "Train",
                            "account_id": self.expense_account.id,
                            "debit": amount,
                            "analytic_distribution": {str(self.account.id): 100},
                        }
                    ),
                    Command.create(
                        {
                            "name": "Bank",
                            "account_id": self.company_data[
                                "default_account_assets"
                            ].id,
                            "credit": amount,
                        }
                    ),
                ],
            }
        )
        move.action_post()
        return move

    def test_cost_typed_by_hand_is_passed_on(self):
        entry = self._create_hand_cost(30)
        self._bill()
        item = self._get_items()
        self.assertEqual(item.cost_analytic_line_id, entry)
        self.assertEqual(item.billed_amount, 33)

    def test_revenue_typed_by_hand_is_no_cost(self):
        self._create_hand_cost(-30)
        self.assertFalse(self._propose().line_ids)

    def test_own_customer_invoice_is_never_a_cost(self):
        self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.customer.id,
                "invoice_date": date(2026, 6, 10),
                "invoice_line_ids": [
                    Command.create(self._prepare_bill_line(80, self._own()))
                ],
            }
        ).action_post()
        self.assertFalse(self._propose().line_ids)

    def _own(self):
        return {str(self.account.id): 100}

    def test_cost_of_time_is_never_passed_on(self):
        self.ann.hourly_cost = 50
        self._create_entry(8)
        self.assertEqual(self._get_codes(self._propose()), ["no_rule"])
        self.assertFalse(self._get_items())

    def test_balance_sheet_line_is_no_cost(self):
        asset = self.company_data["default_account_assets"]
        self._create_bill({"price_unit": 500, "account_id": asset.id})
        self.assertFalse(self._propose().line_ids)

    def test_depreciation_is_no_cost(self):
        account = self.expense_account.copy({"account_type": "expense_depreciation"})
        self._create_bill({"price_unit": 500, "account_id": account.id})
        self.assertFalse(self._propose().line_ids)

    def test_bill_of_another_project_is_none_of_this_one(self):
        shop = self._create_project("Shop")
        shop._ensure_billing_account()
        self._create_bill(100, distribution={str(shop.account_id.id): 100})
        self.assertFalse(self._propose().line_ids)

    def test_two_projects_share_a_bill_to_the_cent(self):
        shop = self._create_project("Shop")
        other = self._create_rule("expense", shop)
        self.rule.markup_percentage = 0
        self._create_bill(
            0.05,
            33.33,
            distribution={str(self.account.id): 50, str(shop.account_id.id): 50},
        )
        self._propose(projects=self.project | shop)
        bases = [
            self._get_items(rule).mapped("cost_base") for rule in self.rule | other
        ]
        self.assertAlmostEqual(sum(map(sum, bases)), 33.38, 6)
        self.assertEqual(sorted(sum(bases, [])), [0.02, 0.03, 16.66, 16.67])

    def test_sixty_forty(self):
        shop = self._create_project("Shop")
        other = self._create_rule("expense", shop, markup_percentage=0)
        self._create_bill(
            100.01,
            distribution={str(self.account.id): 60, str(shop.account_id.id): 40},
        )
        self._bill(projects=self.project | shop)
        self.assertEqual(self._get_items().cost_base, 60.01)
        self.assertEqual(self._get_items().billed_amount, 66.01)
        self.assertEqual(self._get_items(other).billed_amount, 40.0)

    def test_distribution_over_several_plans_counts_once(self):
        plan = self.env["account.analytic.plan"].create({"name": "Cost centre"})
        sales, support = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("Sales", "Support")]
        )
        self._create_bill(
            100,
            distribution={
                f"{self.account.id},{sales.id}": 70,
                f"{support.id},{self.account.id}": 30,
            },
        )
        self.assertEqual(self._propose().line_ids.amount, 110)

    def test_account_of_several_projects_belongs_to_none(self):
        self._create_project("Copy", account_id=self.account.id)
        self._create_bill(100)
        run = self._propose()
        self.assertEqual(run.line_ids.reason_code, "shared_account")
        self.assertFalse(self._get_items())

    def test_vat_that_cannot_be_deducted_is_part_of_the_cost(self):
        tax = self.env["account.tax"].create(
            {
                "name": "21 % half deductible",
                "amount": 21,
                "type_tax_use": "purchase",
                "invoice_repartition_line_ids": self._split_tax(),
                "refund_repartition_line_ids": self._split_tax(),
            }
        )
        self._create_bill({"price_unit": 100, "tax_ids": [Command.set(tax.ids)]})
        run = self._propose()
        self.assertAlmostEqual(sum(run.line_ids.mapped("amount")), 121.55, 2)

    def _split_tax(self, deductible=50):
        vat = self.company_data["default_account_tax_purchase"]
        parts = [(deductible, vat.id), (100 - deductible, False)]
        return [
            Command.create({"repartition_type": "base"}),
            *(
                Command.create(
                    {
                        "repartition_type": "tax",
                        "factor_percent": percent,
                        "account_id": account,
                    }
                )
                for percent, account in parts
                if percent
            ),
        ]

    def test_price_with_tax_included_passes_on_the_net_amount(self):
        tax = self.env["account.tax"].create(
            {
                "name": "25 % included",
                "amount": 25,
                "type_tax_use": "purchase",
                "price_include_override": "tax_included",
                "invoice_repartition_line_ids": self._split_tax(100),
                "refund_repartition_line_ids": self._split_tax(100),
            }
        )
        self._create_bill({"price_unit": 125, "tax_ids": [Command.set(tax.ids)]})
        self.assertEqual(self._propose().line_ids.amount, 110)

    def test_thousands_of_costs_take_no_query_each(self):
        few = self._count_queries(10)
        many = self._count_queries(500)
        self.assertLess(many, few + 60)

    def _count_queries(self, count):
        project = self._create_project(f"With {count}")
        self._create_rule("expense", project)
        project._ensure_billing_account()
        self._create_bill(
            *range(1, count + 1), distribution={str(project.account_id.id): 100}
        )
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        run = self._propose(projects=project)
        after = self.env.cr.sql_log_count
        self.assertEqual(len(self._get_lines(run, "proposed")), count)
        return after - before


class TestCostRules(CostCommon):
    """Which rule passes a cost on, from when, with which mark-up."""

    def test_first_rule_that_matches_owns_the_cost(self):
        category = self.env["product.category"].create({"name": "Travel"})
        below = self.env["product.category"].create(
            {"name": "Rail", "parent_id": category.id}
        )
        ticket = self.env["product.product"].create(
            {"name": "Ticket", "categ_id": below.id, "type": "service"}
        )
        travel = self._create_rule(
            "expense", sequence=5, cost_category_ids=[Command.set(category.ids)]
        )
        self._create_bill(100, {"price_unit": 40, "product_id": ticket.id})
        self._propose()
        self.assertEqual(self._get_items(travel).cost_base, 40)
        self.assertEqual(self._get_items().cost_base, 100)

    def test_rule_for_a_vendor_leaves_others_alone(self):
        other = self.env["res.partner"].create({"name": "Cloud AG"})
        self.rule.cost_vendor_ids = other
        self._create_bill(100)
        self._create_bill(70, partner_id=other.id)
        run = self._propose()
        self.assertEqual(self._get_lines(run, "proposed").amount, 77)
        self.assertEqual(self._get_codes(run), ["no_rule"])

    def test_rule_for_an_account_leaves_others_alone(self):
        account = self.expense_account.copy()
        self.rule.cost_account_ids = account
        self._create_bill(100, {"price_unit": 70, "account_id": account.id})
        run = self._propose()
        self.assertEqual(self._get_lines(run, "proposed").amount, 77)

    def test_dates_of_a_rule_are_those_of_the_books(self):
        self.rule.write({"date_start": "2026-06-01", "date_end": "2026-06-30"})
        for day in (date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 30)):
            self._create_bill(day.day, day=day)
        self._create_bill(7, day=date(2026, 7, 1))
        self._propose(date(2026, 7, 31))
        self.assertEqual(self._get_items().mapped("cost_base"), [1, 30])

    def test_costs_before_bill_from_are_counted_not_offered(self):
        self.rule.bill_from = date(2026, 6, 1)
        self._create_bill(10, 20, day=date(2026, 5, 31))
        self._create_bill(30, day=date(2026, 6, 1))
        run = self._propose()
        self.assertEqual(self._get_lines(run, "proposed").amount, 33)
        skip = self._get_lines(run, "skipped")
        self.assertEqual(skip.reason_code, "before_bill_from")
        self.assertIn("2 costs", skip.reason)

    def test_cost_after_the_cutoff_waits(self):
        self._create_bill(10, day=date(2026, 7, 1))
        self.assertEqual(self._get_codes(self._propose()), ["after_cutoff"])
        later = self._propose(date(2026, 7, 1))
        self.assertEqual(self._get_lines(later, "proposed").amount, 11)

    def test_rule_changes_take_unbilled_costs_along(self):
        self._create_bill(100)
        self._propose()
        other = self._create_rule("expense", sequence=1, markup_percentage=50)
        self._propose()
        self.assertFalse(self._get_items())
        self.assertEqual(self._get_items(other).billable_amount, 150)

    def test_billed_cost_keeps_rule_and_markup(self):
        self._create_bill(100)
        self._bill()
        self._create_rule("expense", sequence=1, markup_percentage=50)
        self.rule.markup_percentage = 20
        run = self._propose()
        self.assertFalse(run.line_ids)
        self.assertEqual(self._get_items().billed_amount, 110)

    def test_markup_by_category_comes_before_the_rules(self):
        parent = self.env["product.category"].create({"name": "Hardware"})
        child = self.env["product.category"].create(
            {"name": "Laptops", "parent_id": parent.id}
        )
        products = self.env["product.product"].create(
            [
                {"name": "Cable", "categ_id": parent.id},
                {"name": "Laptop", "categ_id": child.id},
            ]
        )
        self.rule.markup_ids = [
            Command.create({"category_id": parent.id, "percentage": 20}),
            Command.create({"category_id": child.id, "percentage": 5}),
        ]
        self._create_bill(
            100, *({"price_unit": 100, "product_id": p.id} for p in products)
        )
        self._propose()
        self.assertEqual(self._get_items().mapped("billable_amount"), [110, 120, 105])

    def test_markup_is_rounded_once_for_each_cost(self):
        self.rule.markup_percentage = 7.5
        self._create_bill(0.99, 33.33)
        invoice = self._bill()
        # 0.99 x 1.075 = 1.06425, 33.33 x 1.075 = 35.82975
        self.assertEqual(invoice.invoice_line_ids.mapped("price_unit"), [1.06, 35.83])

    def test_reviewer_chooses_the_markup_of_one_cost(self):
        self._create_bill(100, 200)
        run = self._propose()
        line = run.line_ids.filtered(lambda x: x.amount == 110)
        line.with_user(self.manager).cost_markup = 25
        self.assertEqual(line.amount, 125)
        run.action_invoice()
        self.assertEqual(run.move_ids.amount_untaxed, 345)

    def test_markup_chosen_in_the_review_survives_the_next_proposal(self):
        self._create_bill(100)
        self._propose().line_ids.with_user(self.manager).cost_markup = 0
        self.assertEqual(self._propose().line_ids.amount, 100)

    def test_impossible_markups_are_refused(self):
        category = self.env["product.category"].create({"name": "Travel"})
        for markup in (-1, 1001):
            with self.subTest(markup=markup):
                with self.assertRaises(BillingRuleError):
                    self.rule.markup_percentage = markup
                with self.assertRaises(BillingRuleError):
                    self.rule.markup_ids = [
                        Command.create(
                            {"category_id": category.id, "percentage": markup}
                        )
                    ]

    def test_administrator_makes_a_rule_in_its_form(self):
        rules = self.env["project.billing.rule"].with_user(self.administrator)
        with Form(rules) as form:
            form.project_id = self._create_project("Shop")
            form.billing_type = "expense"
            form.markup_percentage = 15
        self.assertEqual(form.record.product_id, self.cost_product)

    def test_milestone_has_no_markup(self):
        item = self._create_item(self._create_rule("milestone"), amount=100)
        with self.assertRaises(BillingError):
            item.with_user(self.manager)._set_cost_markup(10)


class TestCostLines(CostCommon):
    """What the customer reads and pays."""

    def test_one_line_for_all_costs(self):
        self.rule.write({"cost_grouping": "one", "name": "Travel costs"})
        self._create_bill(100, 33.33, 0.01)
        invoice = self._bill()
        self.assertRecordValues(
            invoice.invoice_line_ids,
            [{"name": "Travel costs", "quantity": 1, "price_unit": 146.67}],
        )
        self.assertEqual(len(invoice.billing_allocation_ids), 3)
        self.assertConserved()

    def test_one_line_for_each_category(self):
        self.rule.cost_grouping = "category"
        category = self.env["product.category"].create({"name": "Licences"})
        product = self.env["product.product"].create(
            {"name": "Tool", "categ_id": category.id}
        )
        self._create_bill(
            10, 20, *({"price_unit": 5, "product_id": product.id} for _i in range(2))
        )
        lines = self._bill().invoice_line_ids
        self.assertEqual(
            {line.name: line.price_unit for line in lines},
            {"Other costs": 33, "Licences": 11},
        )

    def test_credits_stand_on_a_line_of_their_own(self):
        self.rule.write({"cost_grouping": "one", "name": "Costs"})
        self._create_bill(100)
        self._create_bill(30, move_type="in_refund")
        lines = self._bill().invoice_line_ids
        self.assertEqual(
            {line.name: line.price_unit for line in lines},
            {"Costs": 110, "Costs: credits": -33},
        )
        self.assertConserved()

    def test_vendor_can_be_left_out(self):
        self.rule.cost_show_vendor = False
        self._create_bill(100)
        self.assertEqual(self._bill().invoice_line_ids.name, "Server")

    def test_cost_and_markup_can_be_shown(self):
        self.rule.write({"cost_show_vendor": False, "cost_show_markup": True})
        self._create_bill(100)
        name = self._bill().invoice_line_ids.name
        self.assertRegex(name, r"^Server \(cost .*100\.00.* \+ 10\.00 %\)$")

    def test_text_of_the_review_is_what_the_customer_reads(self):
        self._create_bill(100)
        run = self._propose()
        run.line_ids.with_user(self.manager).text = "Hosting in June"
        run.action_invoice()
        self.assertEqual(run.move_ids.invoice_line_ids.name, "Hosting in June")

    def test_tax_is_the_sale_products(self):
        tax = self.company_data["default_tax_sale"]
        self.cost_product.taxes_id = tax
        self._create_bill(100)
        self.assertEqual(self._bill().invoice_line_ids.tax_ids, tax)

    def test_disbursement_has_neither_markup_nor_tax(self):
        self.cost_product.taxes_id = self.company_data["default_tax_sale"]
        self.rule.is_disbursement = True
        self._create_bill(100)
        line = self._bill().invoice_line_ids
        self.assertEqual(line.price_unit, 100)
        self.assertFalse(line.tax_ids)
        self.assertIn("on your behalf", line.name)

    def test_disbursement_has_the_companys_tax(self):
        tax = self.company_data["default_tax_sale"].copy(
            {"name": "Outside the scope", "amount": 0}
        )
        self.company.billing_disbursement_tax_id = tax
        self.rule.is_disbursement = True
        self._create_bill(100)
        line = self._bill().invoice_line_ids
        self.assertEqual(line.tax_ids, tax)
        self.assertEqual(line.move_id.amount_total, 100)

    def test_invoice_names_the_period_of_the_costs(self):
        self._create_bill(10, day=date(2026, 6, 3))
        self._create_bill(10, day=date(2026, 6, 20))
        invoice = self._bill()
        self.assertEqual(invoice.billing_date_start, date(2026, 6, 3))
        self.assertEqual(invoice.billing_date_end, date(2026, 6, 20))


class TestReceipts(CostCommon):
    """Files of the vendor's bills."""

    def _attach(self, record, name="receipt.pdf"):
        return self.env["ir.attachment"].create(
            {
                "name": name,
                "raw": b"%PDF-1.4 receipt",
                "res_model": record._name,
                "res_id": record.id,
            }
        )

    def _get_files(self, invoice):
        return self.env["ir.attachment"].search(
            [
                ("res_model", "=", "account.move"),
                ("res_id", "=", invoice.id),
                ("res_field", "=", False),
            ]
        )

    def test_receipt_goes_along_once(self):
        self.rule.attach_receipts = True
        bill = self._create_bill(100, 200)
        file = self._attach(bill)
        invoice = self._bill()
        files = self._get_files(invoice)
        self.assertEqual(files.mapped("name"), ["receipt.pdf"])
        self.assertEqual(files.raw, file.raw)
        self.assertEqual(file.res_id, bill.id)

    def test_receipt_is_mailed_like_a_file_attached_by_hand(self):
        self.rule.attach_receipts = True
        self._attach(self._create_bill(100))
        invoice = self._bill()
        invoice.action_post()
        send = self.env["account.move.send"]
        widget = send._get_default_mail_attachments_widget(
            invoice, self.env["mail.template"]
        )
        manual = [values["name"] for values in widget if values.get("manual")]
        self.assertEqual(manual, ["receipt.pdf"])

    def test_receipt_stays_inside_unless_wanted(self):
        self._attach(self._create_bill(100))
        self.assertFalse(self._get_files(self._bill()))

    def test_cost_without_its_required_receipt_waits(self):
        self.rule.receipt_required = True
        bill = self._create_bill(100)
        self.assertEqual(self._get_codes(self._propose()), ["document_missing"])
        self._attach(bill)
        self.assertEqual(self._get_lines(self._propose(), "proposed").amount, 110)

    def test_receipt_of_a_hand_typed_cost_is_on_its_item(self):
        self.rule.write({"receipt_required": True, "attach_receipts": True})
        self._create_hand_cost(10)
        self._propose()
        self._attach(self._get_items(), "ticket.pdf")
        self.assertEqual(self._get_files(self._bill()).name, "ticket.pdf")


class TestSubcontractor(CostCommon):
    """A person's hours and the bill of their firm are both on the project."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_rule("timesheet", price=100)
        contact = cls.env["res.partner"].create(
            {"name": "Ann", "parent_id": cls.vendor.id}
        )
        cls.ann.work_contact_id = contact
        cls._create_entry(8)

    def test_a_persons_hours_and_bill_are_doubted(self):
        self._create_bill(500)
        run = self._propose()
        skip = self._get_lines(run, "skipped")
        self.assertEqual(skip.reason_code, "subcontractor")
        self.assertIn("Ann Archer", skip.reason)

    def test_receipt_of_an_expense_is_not_doubted(self):
        self._create_bill(500, move_type="in_receipt")
        self.assertFalse(self._get_lines(self._propose(), "skipped"))

    def test_bill_of_another_month_is_not_doubted(self):
        self._create_bill(500, day=date(2026, 8, 1))
        run = self._propose(date(2026, 8, 31))
        self.assertFalse(self._get_lines(run, "skipped"))

    def test_bill_of_the_month_after_the_hours_is_doubted(self):
        self._create_bill(500, day=date(2026, 7, 31))
        run = self._propose(date(2026, 7, 31))
        self.assertEqual(self._get_codes(run), ["subcontractor"])

    def test_bill_anyway(self):
        self._create_bill(500)
        run = self._propose()
        self._get_lines(run, "skipped").with_user(self.manager).action_approve()
        run.action_invoice()
        self.assertEqual(self._get_items().billed_amount, 550)

    def test_confirmed_once_is_confirmed_for_good(self):
        self._create_bill(500)
        self._propose()
        self._get_items().with_user(self.manager).action_confirm_cost()
        self.assertFalse(self._get_lines(self._propose(), "skipped"))

    def test_own_company_as_work_address_is_no_doubt(self):
        self.ann.work_contact_id = self.company.partner_id
        self._create_bill(500, partner_id=self.company.partner_id.id)
        self.assertFalse(self._get_lines(self._propose(), "skipped"))

    def test_hours_that_are_not_billable_are_no_doubt(self):
        self.env["account.analytic.line"].search(
            [("employee_id", "=", self.ann.id)]
        ).billing_nonbillable = True
        self._create_bill(500)
        self.assertEqual(self._get_codes(self._propose()), ["non_billable"])
