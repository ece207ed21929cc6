from datetime import date
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .common import ADDON, BillingCommon

RUN = "odoo.addons.project_invoice_tracker.models.project_billing_run_invoice_mixin"


class RunCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100)
        cls.entry = cls._create_entry(8)

    @classmethod
    def _create_deal(cls, name, hours=1, partner=None, **rule):
        """Return a further project with a rule of 100.00 an hour and one entry."""
        project = cls._create_project(name, partner_id=(partner or cls.customer).id)
        cls._create_rule(project=project, **{"price": 100, **rule})
        cls._create_entry(hours, task=cls._create_task("Work", project))
        return project


class TestRun(RunCommon):
    """Propose, invoice, undo: what a run does, and that it does it once."""

    def test_proposing_changes_nothing_else(self):
        run = self._propose()
        self.assertFalse(run.move_ids)
        self.assertFalse(self.entry.billing_allocation_ids)
        self.assertRecordValues(
            run.line_ids, [{"state": "proposed", "quantity": 8, "amount": 800}]
        )

    def test_proposing_twice_gives_the_same(self):
        run = self._propose()
        before = run.line_ids.read(["rule_id", "state", "quantity", "amount"])
        run.action_propose()
        after = run.line_ids.read(["rule_id", "state", "quantity", "amount"])
        for values in before + after:
            values.pop("id")
        self.assertEqual(before, after)

    def test_invoiced_run_is_not_invoiced_again(self):
        run = self._propose()
        run.action_invoice()
        for action in (run.action_invoice, run.action_propose):
            with self.subTest(action=action), self.assertRaises(BillingError):
                action()
        self.assertEqual(len(run.move_ids), 1)
        self.assertConserved()

    def test_second_run_finds_nothing(self):
        self._bill()
        run = self._propose()
        self.assertFalse(self._get_lines(run, "proposed"))
        with self.assertRaises(BillingError):
            run.action_invoice()

    def test_work_that_comes_after_the_review_is_not_invoiced_unseen(self):
        run = self._propose()
        late = self._create_entry(1)
        run.action_invoice()
        self.assertEqual(run.move_ids.invoice_line_ids.quantity, 8)
        self.assertEqual(late.billed_quantity, 0)

    def test_run_without_lines_says_that_it_must_propose(self):
        run = (
            self.env["project.billing.run"]
            .with_user(self.clerk)
            .create({"company_id": self.company.id})
        )
        with self.assertRaisesRegex(BillingError, "Propose first"):
            run.action_invoice()

    def test_cutoff_day_is_included(self):
        run = self._propose(date(2026, 6, 15))
        self.assertEqual(self._get_lines(run, "proposed").quantity, 8)

    def test_three_dates_are_kept_apart(self):
        invoice = self._bill(
            date(2026, 6, 30), date=date(2026, 7, 2), accounting_date=date(2026, 7, 5)
        )
        self.assertEqual(invoice.invoice_date, date(2026, 7, 2))
        self.assertEqual(invoice.date, date(2026, 7, 5))
        self.assertEqual(invoice.billing_date_start, date(2026, 6, 15))
        invoice.action_post()
        self.assertEqual(invoice.date, date(2026, 7, 5))

    def test_lock_date_moves_the_accounting_date_before_posting(self):
        self.company.sale_lock_date = date(2026, 6, 30)
        run = self._propose(date(2026, 6, 30))
        self.assertGreater(run.accounting_date, date(2026, 6, 30))
        self.assertTrue(run.lock_message)
        shown = run.accounting_date
        run.action_invoice()
        run.move_ids.action_post()
        self.assertEqual(run.move_ids.date, shown)
        self.assertEqual(run.move_ids.invoice_date, date(2026, 6, 30))

    def test_late_entries_are_labelled_with_their_month(self):
        self._bill()
        self._create_entry(1, date(2026, 6, 20))
        self._create_entry(2, date(2026, 7, 20))
        run = self._propose(date(2026, 7, 31))
        self.assertTrue(self._get_lines(run, "proposed").is_late)
        run.action_invoice()
        lines = run.move_ids.invoice_line_ids.sorted("quantity")
        self.assertEqual(lines.mapped("quantity"), [1, 2])
        self.assertIn("June 2026", lines[0].name)
        self.assertNotIn("2026", lines[1].name)

    def test_history_keeps_totals(self):
        run = self._propose()
        run.action_invoice()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.move_count, 1)
        self.assertIn("800.00", run.total_text)
        self.assertEqual(run.user_id, self.clerk)

    def test_invoice_says_where_it_comes_from(self):
        run = self._propose()
        run.action_invoice()
        invoice = run.move_ids
        self.assertEqual(invoice.billing_run_id, run)
        self.assertEqual(invoice.billing_project_ids, self.project)
        self.assertIn(run.name, "".join(invoice.message_ids.mapped("body")))

    def test_undo_deletes_drafts_and_holds_their_work(self):
        run = self._propose()
        run.action_invoice()
        run.action_undo()
        self.assertFalse(run.move_ids)
        self.entry.invalidate_recordset()
        self.assertEqual(self.entry.billed_quantity, 0)
        self.assertEqual(self.entry.billing_held_quantity, 8)
        self.assertIn("undone", self.entry.billing_held_reason)
        self.assertConserved()

    def test_undo_of_a_posted_invoice_is_refused(self):
        run = self._propose()
        run.action_invoice()
        run.move_ids.action_post()
        with self.assertRaisesRegex(BillingError, run.move_ids.name):
            run.action_undo()
        self.assertConserved()

    def test_undone_run_can_propose_again(self):
        run = self._propose()
        run.action_invoice()
        run.action_undo()
        run.action_propose()
        self._get_lines(run, "held").action_approve()
        run.action_invoice()
        self.assertEqual(run.move_ids.amount_untaxed, 800)
        self.assertConserved()

    def test_result_of_the_rule_posts_the_invoice(self):
        self.rule.result = "post"
        self.assertEqual(self._bill().state, "posted")

    def test_result_send_hands_over_to_the_host(self):
        self.rule.result = "send"
        invoice = self._bill()
        self.assertEqual(invoice.state, "posted")
        self.assertTrue(invoice.sending_data)

    def test_invoice_of_careful_and_careless_rules_stays_a_draft(self):
        self.rule.write({"result": "send", "invoice_grouping": "customer"})
        self._create_deal("Shop", invoice_grouping="customer")
        invoice = self._bill(projects=self.env["project.project"])
        self.assertEqual(len(invoice), 1)
        self.assertEqual(invoice.state, "draft")

    def test_empty_project_list_bills_every_project(self):
        self._create_deal("Shop", 2)
        moves = self._bill(projects=self.env["project.project"])
        self.assertEqual(sorted(moves.mapped("amount_untaxed")), [200, 800])

    def test_run_of_many_invoices_is_handed_to_the_scheduled_job(self):
        projects = self.project | self._create_deal("Shop") | self._create_deal("App")
        run = self._propose(projects=projects)
        with patch(f"{RUN}.HAND_OVER", 1):
            run.action_invoice()
            self.assertEqual(run.state, "running")
            self.assertFalse(run.move_ids)
            with self.enter_registry_test_mode():
                cron = self.env.ref(f"{ADDON}.ir_cron_project_billing").sudo()
                self.assertIs(cron.method_direct_trigger(), True)
        run.invalidate_recordset()
        self.assertEqual(run.state, "done")
        self.assertEqual(len(run.move_ids), 3)
        self.assertConserved(projects)

    def test_button_of_the_project_proposes_its_work(self):
        shop = self._create_deal("Shop")
        action = shop.with_user(self.manager).action_bill()
        run = self.env["project.billing.run"].browse(action["res_id"])
        self.assertEqual(run.line_ids.project_id, shop)


class TestGrouping(RunCommon):
    """One invoice per customer, currency, order, payment term, and project or not."""

    def _bill_all(self):
        return self._bill(projects=self.env["project.project"])

    def test_projects_get_invoices_of_their_own(self):
        self._create_deal("Shop")
        self.assertEqual(len(self._bill_all()), 2)

    def test_projects_share_an_invoice_per_customer_where_asked(self):
        self.rule.invoice_grouping = "customer"
        self._create_deal("Shop", invoice_grouping="customer")
        invoice = self._bill_all()
        self.assertEqual(len(invoice), 1)
        self.assertEqual(len(invoice.billing_project_ids), 2)

    def test_customers_are_never_mixed(self):
        other = self.env["res.partner"].create({"name": "Southwind"})
        self.rule.invoice_grouping = "customer"
        self._create_deal("Shop", partner=other, invoice_grouping="customer")
        moves = self._bill_all()
        self.assertEqual(moves.partner_id, self.customer | other)
        self.assertEqual(len(moves), 2)

    def test_currencies_are_never_mixed(self):
        franc = self.setup_other_currency("CHF")
        self.rule.invoice_grouping = "customer"
        self._create_deal("Shop", currency_id=franc.id, invoice_grouping="customer")
        moves = self._bill_all()
        self.assertEqual(moves.currency_id, self.company.currency_id | franc)

    def test_customer_orders_are_never_mixed(self):
        self.rule.invoice_grouping = "customer"
        self.rule.customer_order = "PO-1"
        self._create_deal("Shop", customer_order="PO-2", invoice_grouping="customer")
        moves = self._bill_all()
        self.assertEqual(
            sorted(moves.mapped("billing_customer_order")), ["PO-1", "PO-2"]
        )

    def test_payment_terms_are_never_mixed(self):
        self.rule.invoice_grouping = "customer"
        self._create_deal(
            "Shop", payment_term_id=self.pay_terms_b.id, invoice_grouping="customer"
        )
        moves = self._bill_all()
        self.assertEqual(len(moves), 2)
        self.assertIn(self.pay_terms_b, moves.invoice_payment_term_id)

    def test_rules_of_a_project_share_its_invoice(self):
        milestones = self._create_rule("milestone", amount=500)
        item = self._create_item(milestones, amount=500)
        item.milestone_id.is_reached = True
        invoice = self._bill(self.company._get_billing_today())
        self.assertEqual(invoice.amount_untaxed, 1300)

    def test_invoices_are_made_in_the_order_of_customers_and_projects(self):
        other = self.env["res.partner"].create({"name": "Aardvark"})
        self._create_deal("Zoo", partner=other)
        self._create_deal("App")
        moves = self._bill_all().sorted("id")
        self.assertEqual(moves.mapped("invoice_origin"), ["Zoo", "App", "Website"])


class TestFailures(RunCommon):
    """One bad project never stops a run, and is listed with its reason."""

    def _create_bad_deal(self):
        """Return a project whose product points at an account that nobody accepts."""
        product = self.hours_product.copy({"name": "Wrong account"})
        product.property_account_income_id = self.company_data[
            "default_account_receivable"
        ]
        return self._create_deal("Bad", product_id=product.id)

    def test_bad_project_is_listed_and_the_others_are_billed(self):
        bad = self._create_bad_deal()
        run = self._propose(projects=self.project | bad)
        run.action_invoice()
        failed = self._get_lines(run, "failed")
        self.assertEqual(failed.project_id, bad)
        self.assertIn("receivable", failed.reason)
        self.assertEqual(run.move_ids.amount_untaxed, 800)
        self.assertConserved(self.project | bad)

    def test_bad_project_can_be_billed_once_it_is_repaired(self):
        bad = self._create_bad_deal()
        self._propose(projects=bad).action_invoice()
        bad.billing_rule_ids.product_id.property_account_income_id = self.company_data[
            "default_account_revenue"
        ]
        self.assertEqual(self._bill(projects=bad).amount_untaxed, 100)

    def test_missing_account_is_named_as_such(self):
        journal = self.company_data["default_journal_sale"]
        journal.default_account_id = False
        self.hours_product.categ_id.property_account_income_categ_id = False
        self.hours_product.property_account_income_id = False
        self.env["ir.default"].search(
            [("field_id.name", "=", "property_account_income_categ_id")]
        ).unlink()
        self.company.income_account_id = False
        run = self._propose()
        with mute_logger("odoo.sql_db"):
            run.action_invoice()
        self.assertEqual(run.line_ids.state, "failed")
        self.assertIn("account", run.line_ids.reason)
        self.assertConserved()

    def test_archived_journal_fails_with_a_reason(self):
        self.env["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", self.company.id)]
        ).active = False
        run = self._propose()
        run.action_invoice()
        self.assertEqual(run.line_ids.state, "failed")
        self.assertIn("journal", run.line_ids.reason)
        self.assertConserved()

    def test_failed_posting_leaves_a_draft_and_says_why(self):
        self.rule.result = "post"
        with patch.object(
            type(self.env["account.move"]), "action_post", _refuse_to_post
        ):
            run = self._propose()
            run.action_invoice()
        self.assertEqual(run.move_ids.state, "draft")
        self.assertIn("the stars are wrong", run.line_ids.reason)
        self.assertConserved()


def _refuse_to_post(moves):
    raise UserError(moves.env._("the stars are wrong"))
