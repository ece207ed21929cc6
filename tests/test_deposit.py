from datetime import date

from odoo import Command
from odoo.tests import Form

from odoo.addons.project_invoice_tracker.exceptions import (
    BillingError,
    BillingRuleError,
    LockedError,
)

from .common import BillingCommon
from .invariants import find_violations


class DepositCommon(BillingCommon):
    """Deposits on milestone rules, without taxes unless a test gives one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.deposit_product = cls.env.ref(
            "project_invoice_tracker.product_project_deposit"
        )
        cls.deposit_product.taxes_id = [Command.clear()]
        cls.vat_21 = cls._create_tax(21)
        cls.vat_9 = cls._create_tax(9)

    @classmethod
    def _create_tax(cls, percent, **kwargs):
        return cls.env["account.tax"].create(
            {
                "name": f"VAT {percent} % {len(kwargs) or ''}",
                "amount": percent,
                "type_tax_use": "sale",
                "company_id": cls.company.id,
                **kwargs,
            }
        )

    @classmethod
    def _set_tax(cls, tax, deposit_tax=None):
        cls.milestone_product.taxes_id = [Command.set(tax.ids)]
        cls.deposit_product.taxes_id = [Command.set((deposit_tax or tax).ids)]

    @classmethod
    def _create_deal(cls, amounts, deposit=None, **kwargs):
        """Return a milestone rule with fixed items, and its items.

        :param deposit: amount in the rule's currency
        """
        if deposit:
            kwargs = {"deposit_type": "amount", "deposit_amount": deposit, **kwargs}
        rule = cls._create_rule("milestone", **kwargs)
        items = [
            cls._create_item(
                rule, name=f"Part {number}", amount=amount, sequence=number
            )
            for number, amount in enumerate(amounts, 1)
        ]
        return rule, items

    def _bill_item(self, item, day=None, **kwargs):
        """Make an item ready and return the invoice of a run."""
        item._set_ready()
        item.date_ready = day or date(2026, 6, 15)
        return self._bill(day, **kwargs)

    def _bill_deposit(self, rule, day=None, post=True, **kwargs):
        """Return the invoice of the deposits of the project."""
        items = rule.project_id.billing_rule_ids.deposit_item_ids
        items.filtered("date_ready").date_ready = date(2026, 1, 1)
        invoice = self._bill(day or date(2026, 1, 5), **kwargs)
        if post:
            invoice.action_post()
        return invoice

    def _get_deductions(self, move):
        rows = move.sudo().billing_allocation_ids.filtered(lambda r: r.kind == "draw")
        return rows.move_line_id

    def assertDeposit(self, rule, billed, drawn, left):
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertRecordValues(
            rule,
            [
                {
                    "deposit_billed_amount": billed,
                    "deposit_drawn_amount": drawn,
                    "deposit_left_amount": left,
                }
            ],
        )
        self._assert_drawn(rule)
        self.assertConserved(rule.project_id)
        broken = find_violations(self.env)
        if self.milestone_product.taxes_id | self.deposit_product.taxes_id:
            # that query reads net amounts; rows are as priced, gross where the tax is
            # included: assertConserved has compared them
            broken.pop("amounts of lines", None)
        self.assertFalse(broken)

    def _assert_drawn(self, rule):
        """What the items say is what the live rows come to."""
        for item in rule.deposit_item_ids:
            rows = item.allocation_ids.filtered(
                lambda r: r.is_live and r.kind == "draw"
            )
            self.assertAlmostEqual(item.drawn_amount, -sum(rows.mapped("amount")), 2)
            for row in rows:
                amount = row.move_line_id._get_billing_amount()
                self.assertAlmostEqual(row.amount + row.adjustment, amount, 2)


class TestDepositInvoice(DepositCommon):
    """The deposit itself: an amount or a percentage, invoiced once."""

    def test_deposit_is_proposed_and_invoiced_once(self):
        rule, _items = self._create_deal([30000], 10000)
        invoice = self._bill_deposit(rule)
        self.assertRecordValues(
            invoice.invoice_line_ids,
            [
                {
                    "name": "Deposit",
                    "quantity": 1,
                    "price_unit": 10000,
                    "product_id": self.deposit_product.id,
                }
            ],
        )
        self.assertFalse(self._get_lines(self._propose(), "proposed"))
        self.assertDeposit(rule, 10000, 0, 10000)

    def test_deposit_is_no_part_of_the_contract(self):
        rule, items = self._create_deal([20000, 10000], 10000, amount=30000)
        self.assertEqual(rule._get_contract_amounts(), {rule: 30000})
        self._bill_deposit(rule)
        self.env.invalidate_all()
        self.assertEqual(rule.billed_amount, 0)
        self.assertEqual(rule.open_amount, 30000)
        items[0].amount = 15000  # the items may still change
        self.assertEqual(rule._get_contract_amounts(), {rule: 30000})

    def test_percent_deposit_follows_the_contract_until_invoiced(self):
        rule, items = self._create_deal([440])
        rule.write({"deposit_type": "percent", "deposit_percentage": 30})
        item = rule.deposit_item_ids
        self.assertEqual(item.billable_amount, 132)
        items[0].amount = 480
        self.assertEqual(item.billable_amount, 144)
        invoice = self._bill_deposit(rule)
        self.assertEqual(invoice.amount_untaxed, 144)
        self.assertEqual(
            invoice.invoice_line_ids.name.replace("\xa0", " "),
            "Deposit: 30 % of $ 480.00",
        )
        items[0].amount = 600
        self.assertEqual(item.billable_amount, 144)

    def test_percent_deposit_is_rounded_to_the_currency(self):
        rule, _items = self._create_deal([100.01], deposit_type="none")
        rule.write({"deposit_type": "percent", "deposit_percentage": 33.33})
        self.assertEqual(rule.deposit_item_ids.billable_amount, 33.33)

    def test_time_without_contract_amount_refuses_a_percentage(self):
        with self.assertRaises(BillingRuleError) as caught:
            self._create_rule(price=100, deposit_type="percent", deposit_percentage=10)
        self.assertIn("no", str(caught.exception))

    def test_time_takes_a_deposit_of_an_amount(self):
        rule = self._create_rule(price=100, deposit_type="amount", deposit_amount=500)
        self._create_entry(8)
        self._bill_deposit(rule)
        invoice = self._bill()
        self.assertEqual(invoice.amount_untaxed, 300)
        self.assertDeposit(rule, 500, 500, 0)

    def test_impossible_input_is_refused(self):
        for values in (
            {"deposit_type": "percent", "deposit_percentage": 150},
            {"deposit_type": "percent", "deposit_percentage": 0},
            {"deposit_type": "percent", "deposit_percentage": -5},
            {"deposit_type": "amount", "deposit_amount": -1},
            {"deposit_type": "amount", "deposit_amount": 0},
            {"deposit_type": "amount", "deposit_amount": 1001},
            {
                "deposit_type": "amount",
                "deposit_amount": 10,
                "deposit_trigger": "date",
            },
        ):
            with self.subTest(values=values), self.assertRaises(BillingRuleError):
                self._create_rule("milestone", amount=1000, **values)

    def test_deposit_by_hand_waits_for_a_person(self):
        rule, _items = self._create_deal([1000], 100, deposit_trigger="manual")
        run = self._propose()
        self.assertIn("not_reached", run.line_ids.mapped("reason_code"))
        rule.deposit_item_ids.with_user(self.manager).action_set_ready()
        rule.deposit_item_ids.date_ready = date(2026, 6, 1)
        self.assertEqual(self._bill().amount_untaxed, 100)

    def test_deposit_on_a_date_waits_for_it(self):
        rule, _items = self._create_deal(
            [1000], 100, deposit_trigger="date", deposit_date=date(2026, 3, 1)
        )
        run = self._propose(date(2026, 2, 28))
        self.assertFalse(self._get_lines(run, "proposed"))
        self.assertEqual(self._bill(date(2026, 3, 1)).amount_untaxed, 100)
        self.assertDeposit(rule, 100, 0, 100)

    def test_invoiced_deposit_cannot_be_changed_on_the_rule(self):
        rule, _items = self._create_deal([1000], 100)
        invoice = self._bill_deposit(rule)
        with self.assertRaises(LockedError) as caught:
            rule.with_user(self.administrator).deposit_amount = 200
        self.assertIn(invoice.name, str(caught.exception))
        with self.assertRaises(LockedError):
            rule.with_user(self.administrator).deposit_type = "none"

    def test_unused_deposit_is_dropped_with_the_type(self):
        rule, _items = self._create_deal([1000], 100)
        rule.with_user(self.administrator).deposit_type = "none"
        self.assertFalse(rule.deposit_item_ids)

    def test_administrator_sets_a_deposit_in_the_form(self):
        rule, _items = self._create_deal([1000])
        with Form(rule.with_user(self.administrator)) as form:
            form.deposit_type = "percent"
            form.deposit_percentage = 20
        self.assertEqual(rule.deposit_item_ids.billable_amount, 200)
        self.assertEqual(rule.deposit_product_id, self.deposit_product)

    def test_rule_with_an_unused_deposit_can_be_deleted(self):
        rule, _items = self._create_deal([1000], 100)
        rule.with_user(self.administrator).unlink()
        self.assertFalse(rule.exists())

    def test_account_of_deposits_is_a_liability_where_the_company_has_one(self):
        account = self.env["account.account"].create(
            {
                "name": "Customer advances",
                "code": "219000",
                "account_type": "liability_current",
            }
        )
        self.company.billing_deposit_account_id = account
        rule, items = self._create_deal([1000], 100)
        deposit = self._bill_deposit(rule)
        self.assertEqual(deposit.invoice_line_ids.account_id, account)
        final = self._bill_item(items[0])
        line = self._get_deductions(final)
        self.assertEqual(line.account_id, account)
        self.assertEqual(
            (final.invoice_line_ids - line).account_id.account_type, "income"
        )
        final.action_post()
        lines = (deposit | final).line_ids.filtered(lambda x: x.account_id == account)
        self.assertEqual(sum(lines.mapped("balance")), 0)


class TestDeduction(DepositCommon):
    """What later invoices take off."""

    def test_b19_advance_is_deducted_on_the_final_invoice(self):
        rule = self._create_rule(price=20, deposit_type="amount", deposit_amount=10)
        self._create_entry(5)
        advance = self._bill_deposit(rule)
        self.assertEqual(advance.amount_untaxed, 10)
        final = self._bill()
        self.assertRecordValues(
            final.invoice_line_ids,
            [
                {"quantity": 5, "price_unit": 20, "price_subtotal": 100},
                {"quantity": -1, "price_unit": 10, "price_subtotal": -10},
            ],
        )
        self.assertEqual(final.amount_untaxed, 90)

    def test_b19_cancelled_advance_is_not_deducted(self):
        rule = self._create_rule(price=20, deposit_type="amount", deposit_amount=10)
        self._create_entry(5)
        advance = self._bill_deposit(rule)
        advance.button_draft()
        advance.button_cancel()
        self.assertEqual(self._bill().amount_untaxed, 100)
        self.assertDeposit(rule, 0, 0, 0)

    def test_vat_of_deposit_and_final_invoice_is_that_of_the_whole(self):
        self._set_tax(self.vat_21)
        rule, items = self._create_deal([30000], 10000)
        deposit = self._bill_deposit(rule)
        self.assertRecordValues(
            deposit, [{"amount_untaxed": 10000, "amount_tax": 2100}]
        )
        final = self._bill_item(items[0])
        line = self._get_deductions(final)
        self.assertRecordValues(
            line,
            [
                {
                    "quantity": -1,
                    "price_unit": 10000,
                    "price_subtotal": -10000,
                    "price_total": -12100,
                    "tax_ids": self.vat_21.ids,
                    "account_id": deposit.invoice_line_ids.account_id.id,
                }
            ],
        )
        self.assertEqual(line.name, f"Deposit {deposit.name} of 5 January 2026")
        final.action_post()
        self.assertEqual(deposit.amount_tax + final.amount_tax, 6300)
        self.assertEqual(final.amount_total, 24200)
        self.assertDeposit(rule, 10000, 10000, 0)

    def test_draft_deposit_is_mentioned_and_not_deducted(self):
        rule, items = self._create_deal([30000], 10000)
        self._bill_deposit(rule, post=False)
        items[0]._set_ready()
        items[0].date_ready = date(2026, 6, 1)
        run = self._propose()
        self.assertIn("draft", self._get_lines(run, "proposed").reason)
        run.action_invoice()
        self.assertEqual(run.move_ids.amount_untaxed, 30000)
        self.assertDeposit(rule, 10000, 0, 10000)

    def test_posted_deposit_is_announced_in_the_review(self):
        rule, items = self._create_deal([30000], 10000)
        deposit = self._bill_deposit(rule)
        items[0].date_ready = date(2026, 6, 1)
        line = self._get_lines(self._propose(), "proposed")
        self.assertIn(deposit.name, line.reason)
        self.assertIn("10,000.00", line.reason)

    def test_deposit_is_used_up_over_several_invoices(self):
        rule, items = self._create_deal([600, 700, 500], 1000)
        self._bill_deposit(rule)
        first = self._bill_item(items[0])
        self.assertEqual(first.amount_untaxed, 0)
        self.assertDeposit(rule, 1000, 600, 400)
        second = self._bill_item(items[1])
        self.assertEqual(second.amount_untaxed, 300)
        third = self._bill_item(items[2])
        self.assertEqual(third.amount_untaxed, 500)
        (first | second | third).action_post()
        self.assertDeposit(rule, 1000, 1000, 0)

    def test_pro_rata_takes_the_same_percent_of_each_invoice(self):
        rule, items = self._create_deal([600, 300, 100])
        rule.write(
            {
                "deposit_type": "percent",
                "deposit_percentage": 20,
                "deposit_deduction": "pro_rata",
            }
        )
        self._bill_deposit(rule)
        totals = [self._bill_item(item).amount_untaxed for item in items]
        self.assertEqual(totals, [480, 240, 80])
        self.assertDeposit(rule, 200, 200, 0)

    def test_pro_rata_leaves_no_cents_behind(self):
        rule, items = self._create_deal([33.33, 33.33, 33.34])
        rule.write(
            {
                "deposit_type": "amount",
                "deposit_amount": 10.01,
                "deposit_deduction": "pro_rata",
            }
        )
        self._bill_deposit(rule)
        for item in items:
            self._bill_item(item)
        self.assertDeposit(rule, 10.01, 10.01, 0)

    def test_pro_rata_without_contract_is_refused(self):
        with self.assertRaises(BillingRuleError):
            self._create_rule(
                price=100,
                deposit_type="amount",
                deposit_amount=100,
                deposit_deduction="pro_rata",
            )

    def test_deposit_is_taken_off_its_own_rule_only(self):
        rule, _items = self._create_deal([1000], 300)
        time = self._create_rule(price=100, sequence=20)
        self._create_entry(2)
        self._bill_deposit(rule)
        invoice = self._bill()
        self.assertEqual(invoice.amount_untaxed, 200)
        self.assertEqual(time.billed_amount, 200)
        self.assertDeposit(rule, 300, 0, 300)

    def test_deposit_of_the_project_is_taken_off_all_its_rules(self):
        rule, _items = self._create_deal([1000], 300, deposit_scope="project")
        self._create_rule(price=100, sequence=20)
        self._create_entry(2)
        self._bill_deposit(rule)
        self.assertEqual(self._bill().amount_untaxed, 0)
        self.assertDeposit(rule, 300, 200, 100)

    def test_deposit_is_capped_at_the_part_of_its_rule(self):
        rule, items = self._create_deal([100], 300)
        self._create_rule(price=100, sequence=20)
        self._create_entry(2)
        self._bill_deposit(rule)
        invoice = self._bill_item(items[0])
        self.assertEqual(invoice.amount_untaxed, 200)
        self.assertDeposit(rule, 300, 100, 200)

    def test_deposit_of_another_project_is_left_alone(self):
        rule, _items = self._create_deal([1000], 300, deposit_scope="project")
        self._bill_deposit(rule)
        shop = self._create_project("Shop")
        _rule, items = self._create_deal([500], project=shop)
        invoice = self._bill_item(items[0], projects=shop)
        self.assertEqual(invoice.amount_untaxed, 500)

    def test_deposit_of_another_customer_is_left_alone(self):
        rule, items = self._create_deal([1000], 300)
        self._bill_deposit(rule)
        rule.partner_id = self.env["res.partner"].create({"name": "Southwind"})
        self.assertEqual(self._bill_item(items[0]).amount_untaxed, 1000)

    def test_two_deposits_of_a_project_are_two_lines(self):
        first, items = self._create_deal([1000], 200, deposit_scope="project")
        second, _items = self._create_deal([500], 300, deposit_scope="project")
        self._bill_deposit(first)
        invoice = self._bill_item(items[0])
        lines = self._get_deductions(invoice)
        self.assertEqual(sorted(lines.mapped("price_subtotal")), [-300, -200])
        self.assertDeposit(first, 200, 200, 0)
        self.assertDeposit(second, 300, 300, 0)

    def test_text_and_date_are_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        rule, items = self._create_deal([1000], 300)
        deposit = self._bill_deposit(rule)
        line = self._get_deductions(self._bill_item(items[0]))
        self.assertIn("5 janvier 2026", line.name)
        self.assertIn(deposit.name, line.name)

    def test_review_and_invoice_agree_on_the_work(self):
        rule, items = self._create_deal([1000], 300)
        self._bill_deposit(rule)
        items[0].date_ready = date(2026, 6, 1)
        run = self._propose()
        self.assertEqual(self._get_lines(run, "proposed").amount, 1000)
        run.action_invoice()
        self.assertEqual(self._get_lines(run, "invoiced").move_id.amount_untaxed, 700)

    def test_posted_invoice_says_what_became_of_the_deposit(self):
        rule, items = self._create_deal([600, 900], 1000)
        self._bill_deposit(rule)
        self._bill_item(items[0]).action_post()
        final = self._bill_item(items[1])
        final.action_post()
        (block,) = [
            block for block in final.billing_summary if block["title"] == "Deposit"
        ]
        values = [value.replace("\xa0", " ") for _label, value in block["rows"]]
        self.assertEqual(values, ["$ 1,000.00", "$ 600.00", "$ 400.00", "$ 0.00"])


class TestDeductionTaxes(DepositCommon):
    """Taxes, currencies, fiscal positions, companies."""

    def test_changed_rate_is_shown_and_never_guessed(self):
        self._set_tax(self.vat_9, self.vat_21)
        rule, items = self._create_deal([30000], 10000)
        self._bill_deposit(rule)
        items[0].date_ready = date(2026, 6, 1)
        run = self._propose()
        self.assertIn("VAT 21", self._get_lines(run, "proposed").reason)
        run.action_invoice()
        final = run.move_ids
        line = self._get_deductions(final)
        self.assertEqual(line.tax_ids, self.vat_21)
        self.assertEqual(line.price_total, -12100)
        self.assertIn("VAT 21", final.billing_warning)
        final.action_post()
        self.assertEqual(final.amount_total, 32700 - 12100)

    def test_invoice_of_a_lower_rate_does_not_become_negative(self):
        self._set_tax(self.vat_9, self.vat_21)
        rule, items = self._create_deal([10000], 10000)
        self._bill_deposit(rule)
        final = self._bill_item(items[0])
        self.assertGreaterEqual(final.amount_total, 0)
        self.assertLess(final.amount_total, 0.02)
        final.action_post()
        self.assertDeposit(rule, 10000, 9008.26, 991.74)

    def test_invoice_of_many_lines_rounded_by_line_is_not_negative(self):
        self._set_tax(self.vat_21)
        self.company.tax_calculation_rounding_method = "round_per_line"
        rule, items = self._create_deal([0.33, 0.33, 0.34], 1)
        self._bill_deposit(rule)
        for item in items:
            item.date_ready = date(2026, 6, 1)
        final = self._bill()
        self.assertGreaterEqual(final.amount_total, 0)
        final.action_post()

    def test_two_taxes_on_a_deposit_are_both_kept(self):
        eco = self._create_tax(2)
        self._set_tax(self.vat_21 | eco)
        rule, items = self._create_deal([3000], 1000)
        self._bill_deposit(rule)
        final = self._bill_item(items[0])
        line = self._get_deductions(final)
        self.assertEqual(line.tax_ids, self.vat_21 | eco)
        self.assertEqual(line.price_total, -1230)
        self.assertEqual(final.amount_total, 2460)

    def test_deposits_of_two_taxes_are_deducted_each_with_its_own(self):
        self._set_tax(self.vat_21)
        low_product = self.deposit_product.copy(
            {"taxes_id": [Command.set(self.vat_9.ids)]}
        )
        rule, items = self._create_deal([5000], 1000, deposit_scope="project")
        self._create_deal(
            [500], 300, deposit_scope="project", deposit_product_id=low_product.id
        )
        self._bill_deposit(rule)
        lines = self._get_deductions(self._bill_item(items[0]))
        self.assertRecordValues(
            lines.sorted("price_unit"),
            [
                {"price_unit": 300, "tax_ids": self.vat_9.ids},
                {"price_unit": 1000, "tax_ids": self.vat_21.ids},
            ],
        )

    def test_price_with_tax_included(self):
        included = self._create_tax(
            21, name="VAT 21 % included", price_include_override="tax_included"
        )
        self._set_tax(included)
        rule, items = self._create_deal([36300], 12100)
        deposit = self._bill_deposit(rule)
        self.assertRecordValues(
            deposit, [{"amount_untaxed": 10000, "amount_tax": 2100}]
        )
        final = self._bill_item(items[0])
        final.action_post()
        self.assertRecordValues(final, [{"amount_untaxed": 20000, "amount_tax": 4200}])
        self.assertDeposit(rule, 12100, 12100, 0)

    def test_included_deposit_on_excluded_work_fits_the_invoice(self):
        included = self._create_tax(
            21, name="VAT 21 % included", price_include_override="tax_included"
        )
        self._set_tax(self.vat_21, included)
        rule, items = self._create_deal([10000], 14520)
        self._bill_deposit(rule)
        final = self._bill_item(items[0])
        self.assertRecordValues(final, [{"amount_untaxed": 0, "amount_total": 0}])
        self.assertDeposit(rule, 14520, 12100, 2420)

    def test_fiscal_position_of_the_deposit_is_kept(self):
        self._set_tax(self.vat_21)
        abroad = self.env["account.fiscal.position"].create({"name": "Abroad"})
        zero = self._create_tax(
            0,
            name="VAT 0 % abroad",
            fiscal_position_ids=[Command.set(abroad.ids)],
            original_tax_ids=[Command.set(self.vat_21.ids)],
        )
        self.customer.property_account_position_id = abroad
        rule, items = self._create_deal([30000], 10000)
        deposit = self._bill_deposit(rule)
        self.assertEqual(deposit.invoice_line_ids.tax_ids, zero)
        line = self._get_deductions(self._bill_item(items[0]))
        self.assertEqual(line.tax_ids, zero)
        self.assertEqual(line.price_total, -10000)

    def test_two_currencies_are_not_mixed(self):
        other = self.setup_other_currency("HRK")
        rule, items = self._create_deal([1000], 300, deposit_scope="project")
        foreign, others = self._create_deal(
            [5000], 2000, currency_id=other.id, deposit_scope="project"
        )
        self._bill_deposit(rule)
        items[0].date_ready = others[0].date_ready = date(2026, 6, 1)
        invoices = self._bill()
        self.assertEqual(
            {move.currency_id: move.amount_untaxed for move in invoices},
            {self.company.currency_id: 700, other: 3000},
        )
        self.assertDeposit(rule, 300, 300, 0)
        self.assertDeposit(foreign, 2000, 2000, 0)

    def _bill_time_less_deposit(self, result):
        """Bill 8 h of a rule with its own result, less the deposit of a draft rule."""
        rule, _items = self._create_deal([6000], 300, deposit_scope="project")
        self.assertEqual(rule.result, "draft")
        self.hours_product.taxes_id = [Command.clear()]
        self._bill_deposit(rule)
        self._create_rule(price=100, result=result)
        self._create_entry(8)
        invoice = self._bill()
        self.assertEqual(invoice.amount_untaxed, 500)
        return invoice

    def test_deduction_of_a_draft_rule_does_not_keep_an_invoice_from_posting(self):
        self.assertEqual(self._bill_time_less_deposit("post").state, "posted")

    def test_deduction_of_a_draft_rule_does_not_keep_an_invoice_from_sending(self):
        self.assertTrue(self._bill_time_less_deposit("send").sending_data)

    def test_deduction_of_a_posting_rule_does_not_post_a_draft(self):
        rule, _items = self._create_deal([6000], 300, deposit_scope="project")
        self._bill_deposit(rule)
        rule.result = "post"
        self._create_rule(price=100)
        self._create_entry(8)
        self.assertEqual(self._bill().state, "draft")

    def test_deposit_of_a_draft_rule_stays_a_draft(self):
        rule, _items = self._create_deal([6000], 300)
        self.assertEqual(self._bill_deposit(rule, post=False).state, "draft")

    def test_second_company_has_deposits_of_its_own(self):
        second = self.setup_other_company()["company"]
        self.clerk.company_ids |= second
        project = self._create_project("Abroad", company_id=second.id)
        rule, _items = self._create_deal([1000], 300, deposit_scope="project")
        own = self.env["project.billing.rule"].create(
            {
                "project_id": project.id,
                "company_id": second.id,
                "billing_type": "milestone",
                "bill_from": "2000-01-01",
                "deposit_type": "amount",
                "deposit_amount": 50,
            }
        )
        item = self._create_item(own, amount=400)
        self._bill_deposit(rule)
        clerk = self.clerk.with_company(second)
        own.deposit_item_ids.date_ready = date(2026, 1, 1)
        run = self._propose(date(2026, 1, 5), project, company_id=second.id, user=clerk)
        run.with_company(second).action_invoice()
        run.move_ids.action_post()
        self.assertEqual(run.move_ids.company_id, second)
        item.date_ready = date(2026, 6, 1)
        run = self._propose(projects=project, company_id=second.id, user=clerk)
        run.with_company(second).action_invoice()
        self.assertEqual(run.move_ids.amount_untaxed, 350)
        self.assertDeposit(rule, 300, 0, 300)


class TestRefund(DepositCommon):
    """The rest goes back when the project closes."""

    def test_rest_is_refunded_per_tax_and_ends_the_deposit(self):
        self._set_tax(self.vat_21)
        rule, items = self._create_deal([6000], 10000)
        deposit = self._bill_deposit(rule)
        self._bill_item(items[0]).action_post()
        action = rule.with_user(self.clerk).action_refund_deposit()
        credit = self.env["account.move"].browse(action["res_id"])
        self.assertRecordValues(
            credit,
            [
                {
                    "move_type": "out_refund",
                    "state": "draft",
                    "reversed_entry_id": deposit.id,
                    "amount_untaxed": 4000,
                    "amount_tax": 840,
                }
            ],
        )
        self.assertDeposit(rule, 10000, 6000, 4000)
        credit.action_post()
        self.assertDeposit(rule, 6000, 6000, 0)
        self.assertFalse(self._get_lines(self._propose(), "proposed"))
        self.assertFalse(self._get_lines(self._propose(), "held"))

    def test_unused_deposit_is_refunded_wholly(self):
        rule, items = self._create_deal([6000], 1000)
        self._bill_deposit(rule)
        action = rule.with_user(self.clerk).action_refund_deposit()
        self.env["account.move"].browse(action["res_id"]).action_post()
        self.assertDeposit(rule, 0, 0, 0)
        self.assertEqual(self._bill_item(items[0]).amount_untaxed, 6000)

    def test_second_press_opens_the_first_credit_note(self):
        rule, _items = self._create_deal([6000], 1000)
        self._bill_deposit(rule)
        first = rule.with_user(self.clerk).action_refund_deposit()
        second = rule.with_user(self.clerk).action_refund_deposit()
        self.assertEqual(first["res_id"], second["res_id"])

    def test_used_up_deposit_has_nothing_to_refund(self):
        rule, items = self._create_deal([6000], 1000)
        self._bill_deposit(rule)
        self._bill_item(items[0])
        with self.assertRaises(BillingError):
            rule.with_user(self.clerk).action_refund_deposit()

    def test_project_manager_may_not_refund(self):
        rule, _items = self._create_deal([6000], 1000)
        self._bill_deposit(rule)
        with self.assertRaises(BillingError):
            rule.with_user(self.manager).action_refund_deposit()

    def test_project_manager_reads_what_is_left(self):
        rule, items = self._create_deal([600], 1000)
        self._bill_deposit(rule)
        self._bill_item(items[0])
        self.env.invalidate_all()
        own = rule.with_user(self.manager)
        self.assertEqual(own.deposit_left_amount, 400)
        status = self.project.with_user(self.manager).billing_deposit_status
        self.assertIn("400.00", status)
        form = Form(self.project.with_user(self.manager))
        self.assertEqual(form.billing_deposit_status, status)

    def test_project_without_deposit_shows_none(self):
        self._create_deal([600])
        form = Form(self.project.with_user(self.manager))
        self.assertFalse(form.billing_deposit_status)
        self.assertTrue(form._get_modifier("billing_deposit_status", "invisible"))
