from datetime import date

import psycopg2

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import BillingRuleError
from odoo.addons.project_invoice_tracker.tools.quantity import share_rest

from .common import BillingCommon


class PayerCommon(BillingCommon):
    """Two payers of one rule: 60 % and 40 %."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.city = cls.env["res.partner"].create({"name": "City"})
        cls.state = cls.env["res.partner"].create({"name": "State"})
        deposit = cls.env.ref("project_invoice_tracker.product_project_deposit")
        deposit.taxes_id = [Command.clear()]

    @classmethod
    def _get_payers(cls, *shares):
        """Return the commands of payers: (partner, percentage)."""
        return [
            Command.create(
                {"partner_id": partner.id, "percentage": share, "sequence": number}
            )
            for number, (partner, share) in enumerate(shares)
        ]

    @classmethod
    def _create_shared(cls, billing_type="milestone", shares=None, **kwargs):
        shares = shares or [(cls.city, 60), (cls.state, 40)]
        return cls._create_rule(
            billing_type, payer_ids=cls._get_payers(*shares), **kwargs
        )

    def _bill_ready(self, item, day=date(2026, 6, 15), **kwargs):
        item._set_ready()
        item.date_ready = day
        return self._bill(**kwargs)

    def _of(self, moves, partner):
        return moves.filtered(lambda move: move.partner_id == partner)

    def assertTotals(self, moves, **totals):
        found = {move.partner_id.name.lower(): move.amount_untaxed for move in moves}
        self.assertEqual(found, totals)
        self.assertConserved()


class TestShares(PayerCommon):
    """Who pays what."""

    def test_each_payer_gets_an_invoice_of_the_share(self):
        rule = self._create_shared()
        item = self._create_item(rule, name="Design", amount=1000)
        invoices = self._bill_ready(item)
        self.assertTotals(invoices, city=600, state=400)
        lines = invoices.invoice_line_ids
        self.assertEqual(
            sorted(lines.mapped("name")), ["40 % of Design", "60 % of Design"]
        )
        self.assertEqual(item.billed_amount, 1000)
        self.assertFalse(self._get_lines(self._propose(), "proposed"))

    def test_last_payer_takes_the_remainder(self):
        third = self.env["res.partner"].create({"name": "Union"})
        rule = self._create_shared(
            shares=[(self.city, 33.33), (self.state, 33.33), (third, 33.34)]
        )
        item = self._create_item(rule, amount=0.05)
        self.assertTotals(self._bill_ready(item), city=0.02, state=0.02, union=0.01)

    def test_time_is_shared_by_quantity_as_shown(self):
        rule = self._create_shared("timesheet", price=100)
        entry = self._create_entry(8.33)
        invoices = self._bill()
        self.assertEqual(self._of(invoices, self.city).invoice_line_ids.quantity, 5.0)
        self.assertEqual(self._of(invoices, self.state).invoice_line_ids.quantity, 3.33)
        rows = entry.sudo().billing_allocation_ids
        self.assertEqual(len(rows), 2)
        self.assertAlmostEqual(sum(rows.mapped("quantity")), 8.33, 6)
        self.assertAlmostEqual(entry.billed_quantity, 8.33, 6)
        self.assertTotals(invoices, city=500, state=333)
        self.assertEqual(rule.bill_partner_id, self.customer)

    def test_many_entries_are_shared_without_losing_a_second(self):
        self._create_shared("timesheet", price=97.13)
        entries = [
            self._create_entry(hours, date(2026, 6, day))
            for day, hours in enumerate([0.1, 0.333333, 1.666667, 7.25, 0.01], 1)
        ]
        invoices = self._bill()
        for entry in entries:
            self.assertAlmostEqual(
                entry.billed_quantity, entry.billable_quantity, 6, entry.name
            )
        self.assertEqual(len(invoices), 2)
        shown = sum(invoices.invoice_line_ids.mapped("quantity"))
        self.assertAlmostEqual(shown, 9.36, 2)
        self.assertConserved()

    def test_text_is_in_the_payers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.state.lang = "fr_FR"
        rule = self._create_shared(shares=[(self.city, 62.5), (self.state, 37.5)])
        invoices = self._bill_ready(self._create_item(rule, name="Design", amount=80))
        self.assertIn(
            "62.5 % of Design", self._of(invoices, self.city).invoice_line_ids.name
        )

    def test_payer_has_own_terms_and_fiscal_position(self):
        term = self.env["account.payment.term"].create({"name": "60 days"})
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        self.state.property_payment_term_id = term
        self.state.property_account_position_id = position
        invoices = self._bill_ready(self._create_item(self._create_shared(), amount=10))
        own = self._of(invoices, self.state)
        self.assertEqual(own.invoice_payment_term_id, term)
        self.assertEqual(own.fiscal_position_id, position)
        self.assertNotEqual(self._of(invoices, self.city).invoice_payment_term_id, term)

    def test_payers_replace_a_missing_customer(self):
        project = self._create_project("Public", partner_id=False)
        rule = self._create_shared(project=project)
        item = self._create_item(rule, amount=100)
        invoices = self._bill_ready(item, projects=project)
        self.assertEqual(len(invoices), 2)

    def test_review_names_the_payers_and_the_whole_amount(self):
        rule = self._create_shared()
        self._create_item(rule, amount=1000)._set_ready()
        rule.item_ids.date_ready = date(2026, 6, 1)
        line = self._get_lines(self._propose(), "proposed")
        self.assertEqual(line.amount, 1000)
        self.assertIn("City 60 %, State 40 %", line.reason)

    def test_approved_time_of_two_payers_is_invoiced(self):
        self.company.billing_approval_required = True
        self._create_shared("timesheet", price=33.33)
        self._create_entry(8.33)
        run = self._propose(user=self.clerk)
        line = self._get_lines(run, "proposed")
        line.with_user(self.manager).action_approve()
        run.action_invoice()
        self.assertEqual(len(run.move_ids), 2)
        self.assertEqual(line.amount, sum(run.move_ids.mapped("amount_untaxed")))

    def test_posted_result_posts_the_invoices_of_all_payers(self):
        rule = self._create_shared(result="post")
        invoices = self._bill_ready(self._create_item(rule, amount=1000))
        self.assertEqual(invoices.mapped("state"), ["posted", "posted"])

    def test_line_of_two_payers_leads_to_both_invoices(self):
        self._create_shared("timesheet", price=100)
        self._create_entry(8)
        run = self._propose()
        run.action_invoice()
        line = run.line_ids.filtered(lambda x: x.state == "invoiced")
        self.assertEqual(line.move_ids, run.move_ids)
        self.assertEqual(len(run.move_ids), 2)
        action = line.with_user(self.clerk).action_view_move()
        self.assertEqual(set(action["domain"][0][2]), set(run.move_ids.ids))

    def test_line_still_leads_to_the_invoice_that_is_left(self):
        self._create_shared("timesheet", price=100)
        self._create_entry(8)
        run = self._propose()
        run.action_invoice()
        line = run.line_ids.filtered(lambda x: x.state == "invoiced")
        line.move_id.unlink()
        self.assertEqual(len(line.move_ids), 1)
        action = line.with_user(self.clerk).action_view_move()
        self.assertEqual(action["res_id"], run.move_ids.id)

    def test_archived_payer_is_a_reason(self):
        rule = self._create_shared()
        item = self._create_item(rule, amount=1000)
        item.date_ready = date(2026, 6, 1)
        self.state.active = False
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"archived_partner": 1.0})
        self.assertIn("State", run.line_ids.reason)

    def test_payer_archived_after_the_review_gets_no_invoice(self):
        rule = self._create_shared()
        self._create_item(rule, amount=1000).date_ready = date(2026, 6, 1)
        run = self._propose()
        self.state.active = False
        run.action_invoice()
        self.assertFalse(run.move_ids)
        self.assertEqual(run.line_ids.reason_code, "archived_partner")

    def test_payer_who_wants_an_order_number_is_a_reason(self):
        self.state.billing_order_required = True
        rule = self._create_shared()
        self._create_item(rule, amount=1000).date_ready = date(2026, 6, 1)
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"po_missing": 1.0})
        rule.customer_order = "4711"
        self.assertEqual(len(self._bill()), 2)

    def test_two_currencies_are_shared_alike(self):
        other = self.setup_other_currency("HRK")
        rule = self._create_shared(currency_id=other.id)
        invoices = self._bill_ready(self._create_item(rule, amount=999.99))
        self.assertTotals(invoices, city=599.99, state=400)
        self.assertEqual(invoices.currency_id, other)

    def test_rest_goes_to_the_last_with_a_share(self):
        self.assertEqual(share_rest(0.05, [1, 1, 1], 2), [0.02, 0.02, 0.01])
        self.assertEqual(share_rest(10, [3, 0, 1, 0], 2), [7.5, 0, 2.5, 0])
        self.assertEqual(share_rest(-1, [1, 1, 1], 2), [-0.33, -0.33, -0.34])


class TestPayerInput(PayerCommon):
    """Impossible shares."""

    def test_shares_must_come_to_a_hundred(self):
        for shares in ([60, 30], [60, 60], [100, 1], [99.9999, 0.0002]):
            with self.subTest(shares=shares), self.assertRaises(BillingRuleError):
                self._create_shared(
                    shares=[(self.city, shares[0]), (self.state, shares[1])]
                )

    def test_share_must_be_positive(self):
        for shares in ([150, -50], [100, 0]):
            with self.subTest(shares=shares), self.assertRaises(BillingRuleError):
                self._create_shared(
                    shares=[(self.city, shares[0]), (self.state, shares[1])]
                )

    @mute_logger("odoo.sql_db")
    def test_payer_has_one_share(self):
        with self.assertRaises(psycopg2.errors.UniqueViolation):
            self._create_shared(shares=[(self.city, 50), (self.city, 50)])

    def test_one_share_is_not_changed_alone(self):
        rule = self._create_shared()
        with self.assertRaises(BillingRuleError):
            rule.payer_ids[0].with_user(self.administrator).percentage = 50
        with self.assertRaises(BillingRuleError):
            rule.payer_ids[0].with_user(self.administrator).unlink()

    def test_administrator_changes_both_shares_on_the_rule(self):
        rule = self._create_shared()
        city, state = rule.payer_ids
        rule.with_user(self.administrator).payer_ids = [
            Command.update(city.id, {"percentage": 70}),
            Command.update(state.id, {"percentage": 30}),
        ]
        self.assertEqual(rule.payer_ids.mapped("percentage"), [70, 30])
        self.assertIn("City 70 %, State 30 %", rule.message_ids[0].body)

    def test_project_manager_reads_and_does_not_change_payers(self):
        rule = self._create_shared()
        payers = rule.payer_ids.with_user(self.manager)
        self.assertEqual(payers[0].percentage, 60)
        with self.assertRaises(AccessError):
            payers[0].percentage = 50


class TestPayerEvents(PayerCommon):
    """Credits keep the split."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_shared("timesheet", price=100)
        cls.entry = cls._create_entry(10)

    def setUp(self):
        super().setUp()
        self.invoices = self._bill()
        self.invoices.action_post()

    def test_credited_share_is_billed_to_its_payer_again(self):
        self._reverse(self._of(self.invoices, self.city))
        self.assertAlmostEqual(self.entry.billed_quantity, 4)
        self.entry.with_user(self.clerk).action_billing_release()
        again = self._bill(date(2026, 7, 31))
        self.assertTotals(again, city=600)
        self.assertAlmostEqual(self.entry.billed_quantity, 10)

    def test_both_shares_credited_are_both_billed_again(self):
        for invoice in self.invoices:
            self._reverse(invoice)
        self.entry.with_user(self.clerk).action_billing_release()
        self.assertTotals(self._bill(date(2026, 7, 31)), city=600, state=400)

    def test_partly_credited_share_comes_back_in_part(self):
        own = self._of(self.invoices, self.city)
        self._reverse(own, quantities={own.invoice_line_ids: 2})
        self.entry.with_user(self.clerk).action_billing_release()
        self.assertTotals(self._bill(date(2026, 7, 31)), city=200)

    def test_deleted_draft_of_one_payer_comes_back_to_that_payer(self):
        later = self._create_entry(5, date(2026, 7, 10))
        drafts = self._bill(date(2026, 7, 31))
        self._of(drafts, self.state).unlink()
        later.with_user(self.clerk).action_billing_release()
        self.assertTotals(self._bill(date(2026, 7, 31)), state=200)

    def test_replacement_keeps_the_share(self):
        replacement = self._replace(self._of(self.invoices, self.state))
        self.assertTotals(replacement, state=400)
        self.assertAlmostEqual(self.entry.billed_quantity, 10)

    def test_share_of_a_milestone_credited_comes_back_to_its_payer(self):
        project = self._create_project("Plan")
        rule = self._create_shared(project=project)
        item = self._create_item(rule, amount=1000)
        invoices = self._bill_ready(item, projects=project)
        invoices.action_post()
        self._reverse(self._of(invoices, self.state))
        item.with_user(self.clerk).action_release()
        self.assertTotals(self._bill(date(2026, 7, 31), project), state=400)
        self.assertEqual(item.billed_amount, 1000)


class TestPayerDeposit(PayerCommon):
    """A deposit is shared, and taken off each payer's own invoices."""

    def test_deposit_follows_the_payer(self):
        rule = self._create_shared(deposit_type="amount", deposit_amount=500)
        item = self._create_item(rule, amount=2000)
        rule.deposit_item_ids.date_ready = date(2026, 1, 1)
        deposits = self._bill(date(2026, 1, 5))
        self.assertTotals(deposits, city=300, state=200)
        deposits.action_post()
        finals = self._bill_ready(item)
        self.assertTotals(finals, city=900, state=600)
        for final in finals:
            names = final.invoice_line_ids.mapped("name")
            own = self._of(deposits, final.partner_id)
            self.assertTrue(any(own.name in name for name in names))

    def test_unpaid_share_of_a_deposit_is_not_taken_off_the_other(self):
        rule = self._create_shared(deposit_type="amount", deposit_amount=500)
        item = self._create_item(rule, amount=2000)
        rule.deposit_item_ids.date_ready = date(2026, 1, 1)
        self._of(self._bill(date(2026, 1, 5)), self.city).action_post()
        self.assertTotals(self._bill_ready(item), city=900, state=800)

    def test_summary_tells_each_payer_of_their_own_deposit(self):
        rule = self._create_shared(deposit_type="amount", deposit_amount=500)
        item = self._create_item(rule, amount=2000)
        rule.deposit_item_ids.date_ready = date(2026, 1, 1)
        self._bill(date(2026, 1, 5)).action_post()
        finals = self._bill_ready(item)
        finals.action_post()
        for final, amount in ((self.city, "300.00"), (self.state, "200.00")):
            (block,) = [
                block
                for block in self._of(finals, final).billing_summary
                if block["title"] == "Deposit"
            ]
            self.assertIn(amount, block["rows"][0][1])
