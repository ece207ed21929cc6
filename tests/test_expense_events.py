from datetime import date

from odoo import Command
from odoo.tests import Form

from odoo.addons.project_invoice_tracker.exceptions import AlreadyBilledError

from .cost_common import CostCommon


class CostEventCommon(CostCommon):
    """One bill of 100, passed on without mark-up."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.markup_percentage = 0
        cls.bill = cls._create_bill(100)

    def _get_item(self):
        return self._get_items()[0]

    def assertItem(self, billable, billed, held=0, claim=None):
        self.env.flush_all()
        item = self._get_item()
        item.invalidate_recordset()
        self.assertEqual(item.billable_amount, billable)
        self.assertEqual(item.billed_amount, billed)
        self.assertEqual(item.billing_held_amount, held)
        if claim is not None:
            self.assertEqual(item.cost_claim, claim)
        self.assertConserved()


class TestChangedBills(CostEventCommon):
    """Bills that change before and after their cost was invoiced."""

    def test_reposted_bill_keeps_its_claim(self):
        self._bill()
        before = self.bill.invoice_line_ids.analytic_line_ids
        self.bill.button_draft()
        self.bill.action_post()
        self.assertNotEqual(self.bill.invoice_line_ids.analytic_line_ids, before)
        self.assertFalse(self._propose().line_ids)
        self.assertItem(100, 100)

    def test_bill_raised_before_billing_is_billed_at_the_new_amount(self):
        self._propose()
        self._change_bill(self.bill, 130)
        self.assertEqual(self._propose().line_ids.amount, 130)

    def test_bill_changed_between_review_and_invoice_is_not_billed_unseen(self):
        run = self._propose()
        self._change_bill(self.bill, 130)
        run.action_invoice()
        self.assertEqual(run.line_ids.reason_code, "changed_meanwhile")
        self.assertItem(130, 0)

    def test_bill_in_draft_meanwhile_is_not_billed(self):
        run = self._propose()
        self.bill.button_draft()
        run.action_invoice()
        self.assertFalse(run.move_ids)
        self.assertItem(0, 0)

    def test_bill_raised_after_billing_offers_the_difference(self):
        self._bill()
        self._change_bill(self.bill, 130)
        invoice = self._bill()
        self.assertEqual(invoice.amount_untaxed, 30)
        self.assertItem(130, 130)

    def test_bill_lowered_after_billing_shows_what_to_credit(self):
        invoice = self._bill()
        self._change_bill(self.bill, 70)
        line = self._propose().line_ids
        self.assertEqual(line.reason_code, "over_billed")
        self.assertEqual(line.amount, -30)
        self.assertIn("30.00", line.reason)
        self.assertIn(invoice._get_ledger_name(), line.reason)
        self.assertEqual(self._get_item().cost_difference, -30)
        self.assertItem(100, 100, claim=70)

    def test_credit_of_the_difference_settles_it(self):
        invoice = self._bill()
        invoice.action_post()
        self._change_bill(self.bill, 70)
        self._propose()
        self._credit(invoice, 30)
        self.assertItem(70, 70)
        self.assertFalse(self._propose().line_ids)

    def _credit(self, invoice, amount, mode="work_back"):
        credit = self._reverse(invoice, mode, post=False)
        with Form(credit) as form, form.invoice_line_ids.edit(0) as line:
            line.price_unit = amount
        credit.action_post()
        return credit

    def test_credit_reset_to_draft_shows_the_difference_again(self):
        invoice = self._bill()
        invoice.action_post()
        self._change_bill(self.bill, 70)
        self._propose()
        credit = self._credit(invoice, 30)
        self._propose()
        credit.button_draft()
        self.assertItem(100, 100, claim=70)

    def test_difference_written_off_is_settled(self):
        invoice = self._bill()
        invoice.action_post()
        self._change_bill(self.bill, 70)
        self._propose()
        self._credit(invoice, 30, "write_off")
        self.assertFalse(self._propose().line_ids)
        self._change_bill(self.bill, 110)
        # 110 less 30 given up
        self.assertEqual(self._propose().line_ids.amount, 10)

    def test_cancelled_bill_shows_all_of_it(self):
        self._bill()
        self.bill.button_draft()
        self.bill.button_cancel()
        line = self._propose().line_ids
        self.assertEqual((line.reason_code, line.amount), ("over_billed", -100))

    def test_deleted_bill_line_leaves_its_explanation(self):
        invoice = self._bill()
        self.bill.button_draft()
        line = self.bill.invoice_line_ids
        self.bill.invoice_line_ids = [
            Command.create(self._prepare_bill_line(60, {str(self.account.id): 100})),
            Command.delete(line.id),
        ]
        self.bill.action_post()
        run = self._propose()
        gone, new = self._get_items().sorted("cost_base")
        self.assertFalse(gone.cost_move_line_id)
        self.assertEqual(gone.cost_vendor_id, self.vendor)
        self.assertEqual(gone.cost_reference, "R-100")
        self.assertEqual(invoice.billing_allocation_ids.item_id, gone)
        self.assertEqual(new.billable_amount, 60)
        self.assertEqual(
            sorted(run.line_ids.mapped("amount")), [-100, 60], "both are shown"
        )

    def test_deleted_bill_that_was_not_billed_leaves_nothing(self):
        self._propose()
        self.bill.button_draft()
        self.bill.with_context(force_delete=True).unlink()
        self.assertFalse(self._propose().line_ids)
        self.assertFalse(self._get_items())

    def test_project_taken_off_a_bill_shows_the_difference(self):
        self._bill()
        self.bill.invoice_line_ids.analytic_distribution = False
        self.assertEqual(self._get_codes(self._propose()), ["over_billed"])

    def test_change_in_the_books_is_noted_on_the_item(self):
        self._bill()
        self._change_bill(self.bill, 70)
        self._propose()
        self.assertIn("70.00", self._get_item().message_ids[0].body)


class TestVendorCredits(CostEventCommon):
    """Credit notes of vendors."""

    def _credit_bill(self, amount=30, **kwargs):
        return self._create_bill(amount, move_type="in_refund", **kwargs)

    def test_vendor_credit_is_netted_on_the_same_invoice(self):
        self._credit_bill()
        invoice = self._bill()
        self.assertEqual(invoice.amount_untaxed, 70)
        self.assertEqual(len(invoice.invoice_line_ids), 2)
        self.assertConserved()

    def test_vendor_credit_alone_makes_no_negative_invoice(self):
        self._bill()
        self._credit_bill()
        run = self._propose()
        self.assertEqual(run.line_ids.reason_code, "negative_total")
        self.assertEqual(run.line_ids.amount, -30)

    def test_vendor_credit_waits_for_the_next_costs(self):
        self._bill()
        self._credit_bill()
        self._create_bill(50)
        self.assertEqual(self._bill().amount_untaxed, 20)
        self.assertConserved()

    def test_vendor_credit_alone_approved_makes_no_negative_invoice(self):
        self.company.billing_approval_required = True
        self._credit_bill()
        run = self._propose()
        negative = run.line_ids.filtered(lambda line: line.amount < 0)
        negative.with_user(self.manager).action_approve()
        run.action_invoice()
        self.assertFalse(run.move_ids)
        self.assertEqual(negative.reason_code, "negative_total")

    def test_vendor_credit_reset_after_billing_is_shown(self):
        credit = self._credit_bill()
        self._bill()
        credit.button_draft()
        line = self._propose().line_ids
        self.assertEqual((line.reason_code, line.amount), ("over_billed", 30))

    def test_held_vendor_credit_stays_held(self):
        credit = self._credit_bill()
        run = self._propose()
        line = run.line_ids.filtered(lambda x: x.amount < 0)
        line.with_user(self.manager).action_hold()
        run = self._propose()
        held = self._get_lines(run, "held")
        self.assertEqual(held.item_id.cost_move_line_id, credit.invoice_line_ids)
        self.assertEqual(held.amount, -30)
        self.assertEqual(self._get_lines(run, "proposed").amount, 100)


class TestInvoiceEvents(CostEventCommon):
    """What happens to costs when their customer invoice changes."""

    def test_deleted_draft_holds_the_cost(self):
        self._bill().unlink()
        self.assertItem(100, 0, held=100)
        self._get_item().action_release()
        self.assertEqual(self._propose().line_ids.state, "proposed")

    def test_deleted_draft_of_a_cost_that_shrank(self):
        invoice = self._bill()
        self._change_bill(self.bill, 70)
        self._propose()
        invoice.unlink()
        self.assertItem(70, 0, held=70)

    def test_cancelled_invoice_comes_back_although_the_cost_shrank(self):
        invoice = self._bill()
        invoice.button_cancel()
        self._change_bill(self.bill, 70)
        self._propose()
        invoice.button_draft()
        self.assertItem(100, 100, claim=70)

    def test_cancelled_invoice_does_not_come_back_over_a_new_one(self):
        invoice = self._bill()
        invoice.button_cancel()
        self._get_item().action_release()
        second = self._bill()
        with self.assertRaises(AlreadyBilledError) as caught:
            invoice.button_draft()
        self.assertIn(second._get_ledger_name(), str(caught.exception))
        self.assertItem(100, 100)

    def test_shrunk_and_billed_again_is_not_billed_by_the_first_invoice(self):
        invoice = self._bill()
        invoice.button_cancel()
        self._change_bill(self.bill, 70)
        self._propose()
        self._get_item().action_release()
        self._bill()
        with self.assertRaises(AlreadyBilledError):
            invoice.button_draft()
        self.assertItem(70, 70)

    def test_lowered_draft_line_frees_a_part(self):
        invoice = self._bill()
        with Form(invoice) as form, form.invoice_line_ids.edit(0) as line:
            line.quantity = 0.4
        self.assertItem(100, 40, held=60)

    def test_credit_note_takes_the_cost_back(self):
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice)
        self.assertItem(100, 0, held=100)

    def test_concession_leaves_the_cost_billed(self):
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice, "price_reduction")
        self.assertItem(100, 100)

    def test_replaced_invoice_bills_the_cost_once(self):
        invoice = self._bill()
        invoice.action_post()
        self._replace(invoice)
        self.assertItem(100, 100)
        self.assertFalse(self._propose().line_ids)

    def test_ledger_rows_name_the_line_of_the_bill(self):
        invoice = self._bill()
        invoice.action_post()
        self._replace(invoice)
        rows = self._get_item().allocation_ids
        self.assertEqual(set(rows.mapped("kind")), {"bill", "credit"})
        self.assertEqual(rows.cost_move_line_id, self.bill.invoice_line_ids)

    def test_held_cost_stays_held_while_its_bill_is_a_draft(self):
        self._bill().unlink()
        self.bill.button_draft()
        self._propose()
        self.assertItem(0, 0)
        self.bill.action_post()
        self.assertEqual(self._propose().line_ids.state, "held")
        self.assertItem(100, 0, held=100)

    def test_undone_run_gives_the_costs_back(self):
        run = self._propose()
        run.action_invoice()
        run.action_undo()
        self.assertItem(100, 0, held=100)

    def test_duplicate_of_the_invoice_bills_nothing(self):
        copy = self._bill().copy()
        self.assertFalse(copy.billing_allocation_ids)
        self.assertItem(100, 100)

    def test_written_off_cost_is_not_offered(self):
        run = self._propose()
        wizard = self.env["project.billing.settle"].with_user(self.manager)
        wizard.create(
            {
                "action": "write_off",
                "reason": "Our mistake",
                "item_ids": [Command.set(self._get_item().ids)],
                "run_line_ids": [Command.set(run.line_ids.ids)],
            }
        ).action_settle()
        self.assertItem(0, 0, claim=0)
        self.assertFalse(self._propose().line_ids)

    def test_half_of_a_joint_line_is_credited(self):
        self.rule.cost_grouping = "one"
        self._create_bill(300)
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice, quantities={invoice.invoice_line_ids: 0.5})
        billed = sum(self._get_items().mapped("billed_amount"))
        self.assertAlmostEqual(billed, 200, 2)
        self.assertConserved()

    def test_deleted_hand_typed_cost_shows_the_difference(self):
        entry = self._create_hand_cost(20)
        self._bill()
        entry.unlink()
        line = self._propose().line_ids
        self.assertEqual((line.reason_code, line.amount), ("over_billed", -20))


class TestCostCurrencies(CostCommon):
    """Bills and rules in other currencies than the company's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.markup_percentage = 10
        cls.gold = cls.env["res.currency"].create(
            {"name": "GLD", "symbol": "g", "rounding": 0.01}
        )

    @classmethod
    def _set_rate(cls, day, rate):
        cls.env["res.currency.rate"].create(
            {
                "currency_id": cls.gold.id,
                "company_id": cls.company.id,
                "name": day,
                "rate": rate,
            }
        )

    def test_foreign_bill_costs_what_the_books_say(self):
        self._set_rate("2026-06-01", 4)
        self._create_bill(400, currency_id=self.gold.id)
        self._propose()
        item = self._get_items()
        self.assertEqual(item.cost_base, 100)
        self.assertEqual(item.billable_amount, 110)

    def _create_foreign_rule(self):
        self.rule.active = False
        return self._create_rule(
            "expense", currency_id=self.gold.id, markup_percentage=10
        )

    def test_foreign_rule_converts_at_the_invoice_date(self):
        rule = self._create_foreign_rule()
        self._set_rate("2026-06-01", 4)
        self._set_rate("2026-06-30", 5)
        self._create_bill(100)
        invoice = self._bill(date(2026, 6, 30))
        self.assertEqual(invoice.currency_id, self.gold)
        self.assertEqual(invoice.amount_untaxed, 550)
        self.assertEqual(self._get_items(rule).cost_base, 100)

    def test_billed_cost_does_not_follow_the_exchange_rate(self):
        self._create_foreign_rule()
        self._set_rate("2026-06-01", 4)
        self._create_bill(100)
        self._bill()
        self._set_rate("2026-07-01", 5)
        self.assertFalse(self._propose(date(2026, 7, 31)).line_ids)

    def test_difference_is_converted_at_the_rate_of_the_first_invoice(self):
        self._create_foreign_rule()
        self._set_rate("2026-06-01", 4)
        bill = self._create_bill(100)
        self._bill()
        self._set_rate("2026-07-01", 5)
        self._change_bill(bill, 110)
        run = self._propose(date(2026, 7, 31))
        self.assertEqual(run.line_ids.amount, 44)

    def test_unbilled_cost_follows_the_exchange_rate(self):
        self._create_foreign_rule()
        self._set_rate("2026-06-01", 4)
        self._create_bill(100)
        self._propose()
        self._set_rate("2026-07-01", 5)
        self.assertEqual(self._propose(date(2026, 7, 31)).line_ids.amount, 550)

    def test_missing_exchange_rate_is_said_aloud(self):
        self._create_foreign_rule()
        self._create_bill(100)
        line = self._propose().line_ids
        self.assertEqual(line.reason_code, "no_exchange_rate")
        self.assertIn("GLD", line.reason)

    def test_missing_exchange_rate_stops_no_other_rule(self):
        self._create_foreign_rule()
        shop = self._create_project("Shop")
        self._create_rule("expense", shop)
        self._create_bill(
            100, distribution={str(self.account.id): 50, str(shop.account_id.id): 50}
        )
        run = self._propose(projects=self.project | shop)
        self.assertEqual(self._get_lines(run, "proposed").amount, 50)


class TestCostAccess(CostCommon):
    """Who sees and decides what; companies."""

    def test_manager_without_accounting_rights_proposes_and_approves(self):
        self.company.billing_approval_required = True
        self._create_bill(100)
        run = self._propose(user=self.manager)
        line = run.line_ids
        self.assertEqual(line.name, "Hosting Ltd R-100: Server")
        line.action_approve()
        run.with_user(self.clerk).action_invoice()
        self.assertEqual(run.sudo().move_ids.amount_untaxed, 110)

    def test_manager_sees_the_item_and_not_the_bill(self):
        bill = self._create_bill(100)
        self._propose(user=self.manager)
        item = self._get_items().with_user(self.manager)
        self.assertFalse(bill.with_user(self.manager).has_access("read"))
        self.assertEqual(
            (item.cost_base, item.cost_vendor_id.name), (100, "Hosting Ltd")
        )
        self.assertEqual(item.stage, "ready")

    def test_manager_of_another_project_does_not_see_the_costs(self):
        other = self._create_user("other", "base.group_user,project.group_project_user")
        self._create_bill(100)
        self._propose()
        found = self.env["project.billing.item"].with_user(other).search([])
        self.assertNotIn(self._get_items(), found)

    def test_bill_of_another_company_is_not_passed_on(self):
        self.project.company_id = False
        self.account.company_id = False
        other = self.setup_other_company()["company"]
        account = self.env["account.account"].search(
            [("company_ids", "in", other.ids), ("account_type", "=", "expense")],
            limit=1,
        )
        self.env["account.move"].with_company(other).create(
            {
                "move_type": "in_invoice",
                "company_id": other.id,
                "partner_id": self.vendor.id,
                "invoice_date": date(2026, 6, 10),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Server",
                            "price_unit": 100,
                            "account_id": account.id,
                            "tax_ids": [Command.clear()],
                            "analytic_distribution": {str(self.account.id): 100},
                        }
                    )
                ],
            }
        ).action_post()
        self.assertFalse(self._propose().line_ids)
