from datetime import date

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, freeze_time
from odoo.tools.mail import html_to_inner_content
from odoo.tools.safe_eval import safe_eval

from odoo.addons.project_invoice_tracker.exceptions import (
    BillingRuleError,
    LockedError,
)
from odoo.addons.project_invoice_tracker.models.project_billing_rule_retention_mixin import (  # noqa: E501
    FAR_DATE,
)

from .test_progress import ProgressCommon


@freeze_time("2026-06-30")
class RetentionCommon(ProgressCommon):
    """The progress rule of 30,000.00 retains 10 % until the customer accepts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.retention_percentage = 10
        cls.design.progress_percentage = 100
        cls.tax = cls.env["account.tax"].create(
            {"name": "21 %", "amount": 21, "amount_type": "percent"}
        )

    def _get_terms(self, move):
        """Return the receivable lines of a document: (due first, retained last)."""
        terms = move.line_ids.filtered(lambda x: x.display_type == "payment_term")
        return terms.sorted(lambda x: (x.billing_is_retention, x.date_maturity))

    def assertTerms(self, move, due, retained):
        """Check that instalments, total and ledger agree, in both currencies.

        :param due: amounts of the instalments that are not retained
        :param retained: amounts of the retained ones
        """
        self.env.flush_all()
        self.env.invalidate_all()
        sign = -1 if move.move_type == "out_refund" else 1
        terms = self._get_terms(move)
        shown = [
            (line.billing_is_retention, sign * line.amount_currency) for line in terms
        ]
        expected = [(False, a) for a in due] + [(True, a) for a in retained]
        self.assertEqual(
            [(flag, round(amount, 2)) for flag, amount in shown],
            [(flag, round(amount, 2)) for flag, amount in expected],
        )
        self.assertAlmostEqual(
            sum(terms.mapped("amount_currency")), sign * move.amount_total, 2
        )
        self.assertAlmostEqual(sum(terms.mapped("balance")), move.amount_total_signed)
        self.assertEqual(len(terms.account_id), 1)
        if move.state != "draft" or move.move_type == "out_invoice":
            rows = self._get_withheld(move).filtered("is_live")
            self.assertAlmostEqual(sum(rows.mapped("amount")), sign * sum(retained), 2)
        self.assertConserved()

    def _get_withheld(self, move):
        return move.sudo().billing_allocation_ids.filtered(
            lambda row: row.kind == "withhold"
        )

    def _get_retained(self, move):
        return self._get_terms(move).filtered("billing_is_retention")

    def _pay(self, move, amount=None):
        values = {"payment_date": date(2026, 6, 30)}
        if amount:
            values["amount"] = amount
        return (
            self.env["account.payment.register"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(values)
            ._create_payments()
        )

    def _bill_abroad(self, **kwargs):
        """Return a draft of 100.01 euros, three to one of ours; 10 % are retained."""
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 3.0)])
        project = self._create_project("Abroad")
        rule = self._create_rule(
            "progress",
            project=project,
            amount=100.01,
            currency_id=euro.id,
            retention_percentage=10,
            **kwargs,
        )
        rule.item_ids.progress_percentage = 100
        return self._bill(projects=project)

    def _set_tax(self):
        self.milestone_product.taxes_id = self.tax


@freeze_time("2026-06-30")
class TestRetainedShare(RetentionCommon):
    """Invoiced in full; the retained share is an instalment of its own."""

    def test_share_is_an_instalment_of_its_own(self):
        invoice = self._bill()
        self.assertTerms(invoice, [9000], [1000])
        self.assertEqual(self._get_retained(invoice).date_maturity, FAR_DATE)
        self.assertEqual(invoice.invoice_date_due, date(2026, 6, 30))

    def test_posting_keeps_the_share(self):
        invoice = self._bill()
        invoice.action_post()
        self.assertTerms(invoice, [9000], [1000])
        self.assertEqual(invoice.amount_residual, 10000)

    def test_vat_is_invoiced_in_full(self):
        self._set_tax()
        invoice = self._bill()
        self.assertTerms(invoice, [11100], [1000])
        self.assertEqual(invoice.amount_tax, 2100)
        base = invoice.line_ids.filtered("tax_line_id").tax_base_amount
        self.assertEqual(abs(base), 10000)

    def test_base_may_be_the_amount_with_tax(self):
        self._set_tax()
        self.rule.retention_base = "gross"
        self.assertTerms(self._bill(), [10890], [1210])

    def test_share_is_rounded_to_the_cent(self):
        self.design.amount = 33.33
        self.rule.retention_percentage = 7.5
        self.assertTerms(self._bill(), [30.83], [2.50])

    def test_rule_without_retention_has_plain_terms(self):
        self.rule.retention_percentage = 0
        self.assertTerms(self._bill(), [10000], [])

    def test_whole_invoice_may_be_retained(self):
        self.rule.retention_percentage = 100
        self.assertTerms(self._bill(), [0], [10000])

    def test_time_is_retained_from_like_everything_else(self):
        rule = self._create_rule(price=100, retention_percentage=5)
        self._create_entry(8)
        self.rule.retention_percentage = 0
        invoice = self._bill()
        self.assertTerms(invoice, [10760], [40])
        self.assertEqual(self._get_withheld(invoice).rule_id, rule)

    def test_rules_of_one_invoice_retain_each_for_itself(self):
        self._create_rule(
            price=100,
            retention_percentage=5,
            retention_release="date",
            retention_date="2027-01-31",
        )
        self._create_entry(8)
        invoice = self._bill()
        self.assertTerms(invoice, [9760], [40, 1000])
        self.assertEqual(
            self._get_retained(invoice).mapped("date_maturity"),
            [date(2027, 1, 31), FAR_DATE],
        )

    def test_instalments_of_the_payment_term_carry_the_rest(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "30/70",
                "line_ids": [
                    Command.create({"value_amount": 30, "nb_days": 10}),
                    Command.create({"value_amount": 70, "nb_days": 40}),
                ],
            }
        )
        self.rule.payment_term_id = term
        invoice = self._bill()
        self.assertTerms(invoice, [2700, 6300], [1000])
        invoice.action_post()
        self.assertTerms(invoice, [2700, 6300], [1000])
        self.assertEqual(invoice.invoice_date_due, date(2026, 8, 9))

    def test_fixed_instalment_keeps_its_amount(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "200 at once",
                "line_ids": [
                    Command.create(
                        {"value": "fixed", "value_amount": 200, "nb_days": 5}
                    ),
                    Command.create({"value_amount": 100, "nb_days": 30}),
                ],
            }
        )
        self.rule.payment_term_id = term
        self.assertTerms(self._bill(), [200, 8800], [1000])

    def test_early_payment_discounts_what_is_not_retained(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2 % in 10 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": "included",
                "line_ids": [Command.create({"value_amount": 100, "nb_days": 30})],
            }
        )
        self.rule.payment_term_id = term
        invoice = self._bill()
        invoice.action_post()
        self.assertTerms(invoice, [9000], [1000])
        due, retained = self._get_terms(invoice)
        self.assertEqual(due.discount_amount_currency, 8820)
        self.assertEqual(retained.discount_amount_currency, 1000)
        self.assertTrue(
            invoice._is_eligible_for_early_payment_discount(
                invoice.currency_id, date(2026, 7, 10)
            )
        )
        self.assertFalse(
            invoice._is_eligible_for_early_payment_discount(
                invoice.currency_id, date(2026, 7, 11)
            )
        )

    def test_foreign_currency_sums_to_the_cent_in_both(self):
        invoice = self._bill_abroad()
        self.assertTerms(invoice, [90.01], [10])
        invoice.action_post()
        self.assertTerms(invoice, [90.01], [10])
        self.assertEqual(self._get_retained(invoice).balance, 3.33)
        self.assertEqual(invoice.amount_total_signed, 33.34)

    def test_cash_rounding_rounds_both_parts(self):
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "0.05",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )
        self.design.amount = 33.33
        invoice = self._bill()
        invoice.invoice_cash_rounding_id = rounding
        self.assertTerms(invoice, [30], [3.35])
        self.assertEqual(invoice.amount_total, 33.35)

    def test_label_names_the_retention(self):
        invoice = self._bill()
        invoice.action_post()
        self.assertEqual(
            self._get_retained(invoice).name, f"{invoice.name}: Retention 10 %"
        )

    def test_duplicate_retains_nothing(self):
        invoice = self._bill()
        copy = invoice.copy()
        self.assertTerms(copy, [10000], [])

    def test_many_invoices_take_as_many_queries_as_few(self):
        def bill(count):
            rules = self.env["project.billing.rule"]
            for number in range(count):
                project = self._create_project(f"P{count}{number}")
                rules |= self._create_rule(
                    "progress", project=project, amount=100, retention_percentage=10
                )
            rules.item_ids.progress_percentage = 100
            moves = self._bill(projects=rules.project_id)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["project.billing.term.retention"]._get_shares(moves)
            return self.env.cr.sql_log_count - before

        few = bill(2)
        self.assertLessEqual(bill(6), few)


@freeze_time("2026-06-30")
class TestRetentionLimit(RetentionCommon):
    """All invoices of a rule together retain no more than its limit."""

    def test_invoices_together_retain_no_more_than_the_limit(self):
        self.rule.retention_limit = 1500
        self._bill().action_post()
        self.build.progress_percentage = 50
        second = self._bill()
        self.assertTerms(second, [9500], [500])
        self.build.progress_percentage = 100
        self.assertTerms(self._bill(), [10000], [])
        self.assertEqual(self.rule.retained_amount, 1500)

    def test_limit_as_percent_of_the_contract(self):
        self.rule.retention_limit_percentage = 2
        self.assertTerms(self._bill(), [9400], [600])

    def test_lower_limit_holds(self):
        self.rule.write({"retention_limit_percentage": 2, "retention_limit": 100})
        self.assertTerms(self._bill(), [9900], [100])

    def test_credit_note_gives_room_back(self):
        self.rule.retention_limit = 1000
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice, quantities={invoice.invoice_line_ids: 0.5})
        self.build.progress_percentage = 50
        self.assertTerms(self._bill(), [9500], [500])

    def test_cancelled_invoice_gives_room_back(self):
        self.rule.retention_limit = 1000
        self._bill().button_cancel()
        self.build.progress_percentage = 100
        self.assertTerms(self._bill(), [19000], [1000])


@freeze_time("2026-06-30")
class TestRetentionEvents(RetentionCommon):
    """Whatever happens to the invoice: instalments, total and ledger agree."""

    def test_date_changed_on_the_draft(self):
        invoice = self._bill()
        with Form(invoice) as form:
            form.invoice_date = date(2026, 7, 15)
        self.assertTerms(invoice, [9000], [1000])
        self.assertEqual(self._get_retained(invoice).date_maturity, FAR_DATE)

    def test_payment_term_changed_on_the_draft(self):
        invoice = self._bill()
        with Form(invoice) as form:
            form.invoice_payment_term_id = self.pay_terms_b
        self.assertTerms(invoice, [2700, 6300], [1000])
        with Form(invoice) as form:
            form.invoice_payment_term_id = self.env["account.payment.term"]
            form.invoice_date_due = date(2026, 7, 31)
        self.assertTerms(invoice, [9000], [1000])
        self.assertEqual(invoice.invoice_date_due, date(2026, 7, 31))

    def test_price_lowered_on_the_draft(self):
        invoice = self._bill()
        with Form(invoice) as form, form.invoice_line_ids.edit(0) as line:
            line.price_unit = 5000
        self.assertTerms(invoice, [4500], [500])

    def test_draft_that_comes_to_nothing_retains_nothing(self):
        invoice = self._bill()
        line = invoice.invoice_line_ids
        invoice.invoice_line_ids = [Command.update(line.id, {"price_unit": 0})]
        self.assertFalse(self._get_withheld(invoice))
        self.assertFalse(self._get_retained(invoice))
        invoice.invoice_line_ids = [Command.update(line.id, {"price_unit": 10000})]
        self.assertTerms(invoice, [9000], [1000])

    def test_quantity_lowered_on_the_draft(self):
        invoice = self._bill()
        with Form(invoice) as form, form.invoice_line_ids.edit(0) as line:
            line.quantity = 0.5
        self.assertTerms(invoice, [4500], [500])

    def test_line_added_by_hand_is_not_retained_from(self):
        invoice = self._bill()
        with Form(invoice) as form, form.invoice_line_ids.new() as line:
            line.name = "Travel"
            line.price_unit = 50
        self.assertTerms(invoice, [9050], [1000])

    def test_line_that_retains_deleted(self):
        self._create_rule(price=100)
        self._create_entry(8)
        invoice = self._bill()
        line = self._get_withheld(invoice).move_line_id
        invoice.write({"invoice_line_ids": [Command.delete(line.id)]})
        self.assertTerms(invoice, [800], [])

    def test_amounts_swapped_between_two_rules(self):
        self._create_rule(price=100)
        self._create_entry(10)
        invoice = self._bill()
        retaining = self._get_withheld(invoice).move_line_id
        other = invoice.invoice_line_ids - retaining
        invoice.write(
            {
                "invoice_line_ids": [
                    Command.update(retaining.id, {"price_unit": 9000}),
                    Command.update(other.id, {"price_unit": 200}),
                ]
            }
        )
        self.assertEqual(invoice.amount_total, 11000)
        self.assertTerms(invoice, [10100], [900])

    def test_percentage_of_the_rule_changed_follows_into_drafts(self):
        invoice = self._bill()
        posted = self._bill_posted()
        self.rule.retention_percentage = 5
        self.assertTerms(invoice, [9500], [500])
        self.assertTerms(posted, [9000], [1000])

    def _bill_posted(self):
        self.build.progress_percentage = 50
        invoice = self._bill()
        invoice.action_post()
        return invoice

    def test_reset_to_draft_and_posted_again(self):
        invoice = self._bill()
        invoice.action_post()
        invoice.button_draft()
        self.assertTerms(invoice, [9000], [1000])
        with Form(invoice) as form:
            form.invoice_date = date(2026, 6, 15)
        invoice.action_post()
        self.assertTerms(invoice, [9000], [1000])

    def test_partial_payment_is_taken_off_what_is_due_first(self):
        invoice = self._bill()
        invoice.action_post()
        self._pay(invoice, 4000)
        due, retained = self._get_terms(invoice)
        self.assertEqual((due.amount_residual, retained.amount_residual), (5000, 1000))
        self._pay(invoice, 5000)
        self.assertEqual(invoice.payment_state, "partial")
        self.assertEqual(invoice.amount_residual, 1000)
        self.assertEqual(retained.amount_residual, 1000)
        self.assertTerms(invoice, [9000], [1000])

    def test_paid_then_reset_to_draft_and_posted_again(self):
        invoice = self._bill()
        invoice.action_post()
        self._pay(invoice, 9000)
        invoice.button_draft()
        invoice.action_post()
        self.assertTerms(invoice, [9000], [1000])

    def test_deleted_draft_retains_nothing(self):
        invoice = self._bill()
        invoice.unlink()
        self.assertEqual(self.rule.retained_amount, 0)
        self.assertConserved()

    def test_cancelled_invoice_retains_nothing_until_it_comes_back(self):
        invoice = self._bill()
        invoice.button_cancel()
        self.assertEqual(self.rule.retained_amount, 0)
        invoice.button_draft()
        self.assertTerms(invoice, [9000], [1000])
        invoice.action_post()
        self.assertTerms(invoice, [9000], [1000])

    def test_undone_run_retains_nothing(self):
        run = self._propose()
        run.action_invoice()
        run.action_undo()
        self.assertEqual(self.rule.retained_amount, 0)
        self.assertConserved()

    def test_lines_merged_into_another_draft(self):
        first = self._bill()
        self.build.progress_percentage = 50
        second = self._bill(date(2026, 7, 31))
        second.invoice_line_ids.write({"move_id": first.id})
        # the host counts moved lines when a line of the target changes
        first.invoice_line_ids.sorted("id")[0].price_unit = 9000
        self.assertTerms(first, [17100], [1900])
        self.assertFalse(self._get_withheld(second))

    def test_used_milestone_of_the_release_cannot_be_deleted(self):
        milestone = self._create_milestone("Acceptance")
        self.rule.write(
            {
                "retention_release": "milestone",
                "retention_milestone_id": milestone.id,
            }
        )
        with self.assertRaisesRegex(LockedError, "releases the retention"):
            milestone.unlink()
            self.env.flush_all()


@freeze_time("2026-06-30")
class TestRetentionCredits(RetentionCommon):
    """A credit note gives back its share, and takes it off the retained line."""

    def test_whole_reversal_clears_everything(self):
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(invoice)
        self.assertTerms(credit, [9000], [1000])
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(credit.amount_residual, 0)
        self.assertEqual(self.rule.retained_amount, 0)

    def test_partial_credit_gives_back_its_share(self):
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(invoice, quantities={invoice.invoice_line_ids: 0.2})
        self.assertTerms(credit, [1800], [200])
        due, retained = self._get_terms(invoice)
        self.assertEqual((due.amount_residual, retained.amount_residual), (7200, 800))
        self.assertEqual(self.rule.retained_amount, 800)

    def test_price_reduction_gives_back_its_share(self):
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(invoice, "price_reduction", post=False)
        credit.invoice_line_ids.price_unit = 2000
        credit.action_post()
        self.assertTerms(credit, [1800], [200])
        self.assertEqual(self.rule.retained_amount, 800)

    def test_credits_together_give_back_no_more_than_was_retained(self):
        self.design.amount = 100.05
        invoice = self._bill()
        invoice.action_post()
        line = invoice.invoice_line_ids
        for quantity in (0.33, 0.33, 0.34):
            self._reverse(invoice, quantities={line: quantity})
        self.assertEqual(self.rule.retained_amount, 0)
        self.assertEqual(invoice.amount_residual, 0)

    def test_credit_after_payment_is_no_payment_of_the_retention(self):
        invoice = self._bill()
        invoice.action_post()
        self._pay(invoice, 9000)
        credit = self._reverse(invoice, quantities={invoice.invoice_line_ids: 0.2})
        self.assertEqual(self._get_retained(invoice).amount_residual, 800)
        self.assertEqual(credit.amount_residual, 1800)

    def test_credit_reset_to_draft_retains_again(self):
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(invoice, quantities={invoice.invoice_line_ids: 0.2})
        credit.button_draft()
        self.assertEqual(self.rule.retained_amount, 1000)
        credit.action_post()
        self.assertTerms(credit, [1800], [200])
        self.assertEqual(self.rule.retained_amount, 800)

    def test_credit_in_foreign_currency_clears_both_currencies(self):
        invoice = self._bill_abroad()
        invoice.action_post()
        self._reverse(invoice)
        lines = self._get_terms(invoice)
        self.assertEqual(lines.mapped("amount_residual"), [0, 0])
        self.assertEqual(lines.mapped("amount_residual_currency"), [0, 0])

    def test_replacement_retains_and_the_original_is_cleared(self):
        invoice = self._bill()
        invoice.action_post()
        replacement = self._replace(invoice)
        self.assertTerms(replacement, [9000], [1000])
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(self.rule.retained_amount, 1000)
        replacement.action_post()
        self.assertTerms(replacement, [9000], [1000])

    def test_replacement_bills_the_work_and_not_what_was_retained(self):
        invoice = self._bill()
        invoice.action_post()
        before = self.rule.billed_amount
        replacement = self._replace(invoice)
        billed = replacement.sudo().billing_allocation_ids.filtered(
            lambda row: row.kind == "bill"
        )
        self.assertEqual(set(billed.item_id.mapped("kind")), {"progress"})
        self.assertFalse(any(billed.mapped("adjustment")))
        self.assertEqual(self.rule._get_retention_item().billed_amount, 0)
        self.rule.invalidate_recordset(["billed_amount"])
        self.assertEqual(self.rule.billed_amount, before)
        self.assertConserved()

    def test_credit_without_invoice_retains_nothing(self):
        refund = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.customer.id,
                "invoice_line_ids": [
                    Command.create({"name": "Goodwill", "price_unit": 10})
                ],
            }
        )
        refund.action_post()
        self.assertFalse(self._get_retained(refund))


@freeze_time("2026-06-30")
class TestRelease(RetentionCommon):
    """Due dates of retained shares follow the release, while they are unpaid."""

    def _bill_posted(self):
        invoice = self._bill()
        invoice.action_post()
        return self._get_retained(invoice)

    def test_acceptance_sets_the_due_date(self):
        self.rule.retention_months = 12
        line = self._bill_posted()
        self.rule.with_user(self.manager).action_release_retention()
        self.assertEqual(line.date_maturity, date(2027, 6, 30))
        self.assertEqual(line.billing_release_date, date(2026, 6, 30))

    def test_withdrawn_acceptance_moves_it_back(self):
        line = self._bill_posted()
        self.rule.with_user(self.manager).action_release_retention()
        self.rule.with_user(self.manager).action_withdraw_release()
        self.assertEqual(line.date_maturity, FAR_DATE)
        self.assertFalse(line.billing_release_date)

    def test_paid_share_keeps_its_date(self):
        line = self._bill_posted()
        self.rule.with_user(self.manager).action_release_retention()
        self._pay(line.move_id)
        self.assertTrue(line.reconciled)
        self.rule.with_user(self.manager).action_withdraw_release()
        self.assertEqual(line.date_maturity, date(2026, 6, 30))

    def _release_by_milestone(self, **kwargs):
        milestone = self._create_milestone("Go-live", **kwargs)
        self.rule.write(
            {
                "retention_release": "milestone",
                "retention_milestone_id": milestone.id,
                "retention_months": 2,
            }
        )
        return milestone

    def test_milestone_reached_sets_the_due_date_and_unreached_moves_it_back(self):
        milestone = self._release_by_milestone()
        line = self._bill_posted()
        milestone.with_user(self.manager).is_reached = True
        self.assertEqual(line.date_maturity, date(2026, 8, 30))
        milestone.with_user(self.manager).is_reached = False
        self.assertEqual(line.date_maturity, FAR_DATE)

    def test_planned_milestone_gives_an_expected_date_that_is_never_overdue(self):
        milestone = self._release_by_milestone(deadline=date(2026, 7, 31))
        line = self._bill_posted()
        self.assertEqual(line.date_maturity, date(2026, 9, 30))
        self.assertFalse(line.billing_release_date)
        with freeze_time("2026-09-30"):
            self.env["project.billing.rule"]._cron_refresh_retention()
            self.assertEqual(line.date_maturity, FAR_DATE)
            milestone.deadline = date(2026, 12, 1)
            self.env["project.billing.rule"]._cron_refresh_retention()
            self.assertEqual(line.date_maturity, date(2027, 2, 1))

    def test_date_is_known_from_the_start(self):
        self.rule.write(
            {"retention_release": "date", "retention_date": date(2026, 12, 31)}
        )
        line = self._bill_posted()
        self.assertEqual(line.date_maturity, date(2026, 12, 31))
        self.rule.retention_date = date(2027, 3, 31)
        self.assertEqual(line.date_maturity, date(2027, 3, 31))

    def test_released_amount_counts_from_the_day_of_release(self):
        self.rule.write(
            {"retention_release": "date", "retention_date": date(2026, 12, 31)}
        )
        self._bill_posted()
        for day, released in (("2026-12-30", 0), ("2026-12-31", 1000)):
            with freeze_time(day):
                self.rule.invalidate_recordset()
                self.assertRecordValues(
                    self.rule,
                    [
                        {
                            "retained_amount": 1000,
                            "retention_released_amount": released,
                            "retention_open_amount": 1000,
                        }
                    ],
                )

    def test_nothing_is_retained_when_it_would_be_due_by_the_invoice_date(self):
        self.rule.with_user(self.manager).action_release_retention()
        self.assertTerms(self._bill(), [10000], [])

    def test_work_after_acceptance_is_retained_from_until_the_guarantee_ends(self):
        self.rule.retention_months = 12
        self.rule.with_user(self.manager).action_release_retention()
        invoice = self._bill()
        self.assertTerms(invoice, [9000], [1000])
        self.assertEqual(self._get_retained(invoice).date_maturity, date(2027, 6, 30))

    def test_reset_invoice_keeps_the_released_date(self):
        self.rule.retention_months = 12
        line = self._bill_posted()
        self.rule.with_user(self.manager).action_release_retention()
        invoice = line.move_id
        invoice.button_draft()
        with Form(invoice) as form:
            form.invoice_date = date(2026, 6, 1)
        invoice.action_post()
        self.assertTerms(invoice, [9000], [1000])
        self.assertEqual(self._get_retained(invoice).date_maturity, date(2027, 6, 30))

    def test_date_agreed_by_hand_after_the_release_stays(self):
        line = self._bill_posted()
        self.rule.with_user(self.manager).action_release_retention()
        line.date_maturity = date(2026, 9, 15)
        self.env["project.billing.rule"]._cron_refresh_retention()
        self.assertEqual(line.date_maturity, date(2026, 9, 15))

    def test_locked_period_does_not_stop_the_release(self):
        line = self._bill_posted()
        self.company.fiscalyear_lock_date = date(2026, 6, 30)
        with freeze_time("2026-07-15"):
            self.rule.with_user(self.manager).action_release_retention()
        self.assertEqual(line.date_maturity, date(2026, 7, 15))

    def test_manager_of_another_project_releases_nothing(self):
        other = self._create_user("other", "base.group_user,project.group_project_user")
        with self.assertRaises(AccessError):
            self.rule.with_user(other).action_release_retention()


@freeze_time("2026-06-30")
class TestRetentionInput(RetentionCommon):
    """What is refused."""

    def test_more_than_hundred_percent_is_refused(self):
        for name in ("retention_percentage", "retention_limit_percentage"):
            with self.assertRaises(BillingRuleError):
                self.rule[name] = 150

    def test_negative_percentage_is_refused(self):
        with self.assertRaises(BillingRuleError):
            self.rule.retention_percentage = -1

    def test_release_date_is_asked_for(self):
        with self.assertRaises(BillingRuleError):
            self.rule.retention_release = "date"

    def test_milestone_of_another_project_is_refused(self):
        other = self._create_milestone("Other", self._create_project("Shop"))
        with self.assertRaises(BillingRuleError):
            self.rule.write(
                {
                    "retention_release": "milestone",
                    "retention_milestone_id": other.id,
                }
            )


@freeze_time("2026-06-30")
class TestRetentionScreens(RetentionCommon):
    """What people read of what is retained."""

    def _get_report(self, move):
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice", move.ids
        )
        return " ".join(html_to_inner_content(html.decode()).split())

    def test_pdf_names_the_retained_share_and_what_it_waits_for(self):
        self.rule.retention_months = 12
        invoice = self._bill()
        invoice.action_post()
        text = self._get_report(invoice)
        self.assertRegex(
            text, r"Retention 10 %: \$.1,000\.00, due on 12 months after acceptance"
        )
        self.rule.with_user(self.manager).action_release_retention()
        text = self._get_report(invoice)
        self.assertIn("due on 06/30/2027", text)

    def test_pdf_labels_the_instalment_among_those_of_the_payment_term(self):
        self.rule.payment_term_id = self.pay_terms_b
        self.pay_terms_b.display_on_invoice = True
        invoice = self._bill()
        invoice.action_post()
        text = self._get_report(invoice)
        self.assertIn("due on acceptance (Retention 10 %)", text)
        self.assertNotIn("Retention 10 %:", text)

    def test_list_of_what_is_retained_by_project_and_customer(self):
        invoice = self._bill()
        invoice.action_post()
        action = self.env.ref(
            "project_invoice_tracker.account_move_line_retained_action"
        )
        lines = self.env["account.move.line"].with_user(self.clerk)
        found = lines.search([*safe_eval(action.domain), ("move_id", "=", invoice.id)])
        self.assertRecordValues(
            found,
            [
                {
                    "billing_project_id": self.project.id,
                    "partner_id": self.customer.id,
                    "amount_residual": 1000,
                    "billing_release_date": False,
                    "billing_retention_percentage": 10,
                }
            ],
        )
        opened = found.action_open_retained_move()
        self.assertEqual(opened["res_id"], invoice.id)

    def test_manager_without_accounting_rights_sees_the_figures(self):
        self._bill().action_post()
        rule = self.rule.with_user(self.manager)
        self.assertEqual(
            (rule.retained_amount, rule.retention_open_amount), (1000, 1000)
        )
        project = self.project.with_user(self.manager)
        self.assertEqual(project.billing_retained_amount, 1000)
        self.assertEqual(project.billing_retention_open_amount, 1000)

    def test_figures_of_others_projects_are_not_shown(self):
        self._bill().action_post()
        other = self._create_user("other", "base.group_user,project.group_project_user")
        self.assertEqual(self.project.with_user(other).billing_retained_amount, 0)

    def test_posted_share_keeps_its_label(self):
        invoice = self._bill()
        invoice.action_post()
        self.rule.retention_percentage = 5
        line = self._get_retained(invoice)
        self.assertEqual(line._get_retention_label(), "Retention 10 %")

    def test_figures_of_other_companies_stay_theirs(self):
        other = self.setup_other_company(name="Other company")["company"]
        project = self._create_project("Abroad", company_id=other.id)
        product = self.milestone_product
        rule = self._create_rule(
            "progress",
            project=project,
            company_id=other.id,
            product_id=product.id,
            amount=500,
            retention_percentage=10,
        )
        rule.item_ids.progress_percentage = 100
        self.clerk.write({"company_ids": [Command.link(other.id)]})
        run = (
            self.env["project.billing.run"]
            .with_user(self.clerk)
            .with_context(allowed_company_ids=other.ids)
            .create({"company_id": other.id, "cutoff_date": date(2026, 6, 30)})
        )
        run.action_propose()
        run.action_invoice()
        run.move_ids.action_post()
        self.assertTerms(run.move_ids, [450], [50])
        self.assertEqual(self._get_retained(run.move_ids).company_id, other)
        self.assertEqual(self.rule.retained_amount, 0)


@freeze_time("2026-06-30")
class TestRetentionWithOtherTerms(RetentionCommon):
    """Retention beside payers and deposits."""

    def test_payers_of_one_run_together_retain_no_more_than_the_limit(self):
        other = self.env["res.partner"].create({"name": "City"})
        self.rule.write(
            {
                "retention_limit": 700,
                "payer_ids": [
                    Command.create({"partner_id": self.customer.id, "percentage": 60}),
                    Command.create({"partner_id": other.id, "percentage": 40}),
                ],
            }
        )
        invoices = self._bill()
        first = invoices.filtered(lambda move: move.partner_id == self.customer)
        second = invoices - first
        self.assertEqual((first.amount_total, second.amount_total), (6000, 4000))
        # the first invoice of the run takes its share, the next what is left
        self.assertTerms(second, [3600], [400])
        self.assertTerms(first, [5700], [300])
        self.assertEqual(self.rule.retained_amount, 700)

    def test_deposit_retains_nothing_and_its_deduction_lowers_no_retention(self):
        self.env.ref("project_invoice_tracker.product_project_deposit").taxes_id = [
            Command.clear()
        ]
        self.design.progress_percentage = 0
        self.rule.write({"deposit_type": "amount", "deposit_amount": 2000})
        deposit = self._bill()
        deposit.action_post()
        self.assertEqual(deposit.amount_total, 2000)
        self.assertTerms(deposit, [2000], [])
        self.design.progress_percentage = 100
        invoice = self._bill()
        self.assertEqual(invoice.amount_total, 8000)
        self.assertTerms(invoice, [7000], [1000])
        invoice.action_post()
        self.assertTerms(invoice, [7000], [1000])
