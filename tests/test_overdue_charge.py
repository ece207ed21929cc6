"""Late fees and interest on debit notes of their own."""

from datetime import date

from odoo import Command

from odoo.addons.project_invoice_tracker.exceptions import BillingRuleError

from .charge_common import DUE, ChargeCommon, late


class TestCharge(ChargeCommon):
    """36.5 % a year of 1,000.00: one whole unit of interest each day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.level = cls._create_level(interest_type="agreed", interest_rate=36.5)
        cls.fixed = cls._create_level(fee_type="fixed", fee_amount=10)
        cls.invoice = cls._create_invoice(1000)

    def _get_interest(self):
        return sum(self.invoice.overdue_charge_ids.mapped("interest_amount"))

    # -- the document ----------------------------------------------------------------

    def test_debit_note_is_posted_and_linked_and_the_invoice_stays(self):
        before = self.invoice.read(["amount_total", "ref", "invoice_line_ids", "state"])
        charge = self._charge(self.invoice, self.level, late(10))
        debit = charge.debit_move_id
        self.assertEqual(debit.state, "posted")
        self.assertEqual(debit.debit_origin_id, self.invoice)
        self.assertEqual(debit.amount_total, 10)
        self.assertEqual(debit.invoice_date, late(10))
        self.assertEqual(debit.invoice_date_due, late(24))
        self.assertEqual(debit.create_uid, self.clerk)
        self.assertIn(self.invoice.name, debit.invoice_line_ids.name)
        self.assertEqual(debit.journal_id, self.invoice.journal_id)
        names = ["amount_total", "ref", "invoice_line_ids", "state"]
        self.assertEqual(self.invoice.read(names), before)

    def test_debit_note_has_no_tax_unless_its_product_has_one(self):
        self.company.account_sale_tax_id = self.tax_sale_a
        plain = self._charge(self.invoice, self.level, late(10)).debit_move_id
        self.assertFalse(plain.invoice_line_ids.tax_ids)
        product = self.milestone_product.copy(
            {"taxes_id": [Command.set(self.tax_sale_a.ids)]}
        )
        self.level.fee_product_id = product
        taxed = self._charge(self.invoice, self.level, late(20)).debit_move_id
        self.assertEqual(taxed.invoice_line_ids.tax_ids, self.tax_sale_a)
        self.assertEqual(taxed.amount_untaxed, 10)

    def test_fee_belongs_to_the_project_of_the_invoice(self):
        charge = self._charge(self.invoice, self.level, late(10))
        self.assertEqual(charge.project_ids, self.project)
        row = self.env["project.billing.tracker"].search(
            [("move_id", "=", charge.debit_move_id.id)]
        )
        self.assertEqual((row.project_id, row.gross), (self.project, 10))
        account = str(self.project.account_id.id)
        line = charge.debit_move_id.invoice_line_ids
        self.assertEqual(line.analytic_distribution, {account: 100})

    def test_debit_note_has_the_currency_of_the_invoice(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        invoice = self._create_invoice(1000, currency_id=euro.id)
        fee = self._charge(invoice, self.fixed, late(10))
        self.assertEqual(fee.debit_move_id.currency_id, euro)
        self.assertEqual(fee.fee_amount, 20)  # 10 in company currency
        interest = self._charge(invoice, self.level, late(10))
        self.assertEqual(interest.interest_amount, 10)

    def test_history_of_the_invoice_tells_it(self):
        self._charge(self.invoice, self.level, late(10))
        self.assertIn("charged for late payment", self.invoice.message_ids[0].body)

    def test_calculation_is_kept_and_printed(self):
        self._pay(self.invoice, late(4), 400)
        charge = self._charge(self.invoice, self.level, late(10))
        self.assertRecordValues(
            charge.row_ids,
            [
                {"days": 4, "principal": 1000, "rate": 36.5, "amount": 4},
                {"days": 6, "principal": 600, "rate": 36.5, "amount": 3.6},
            ],
        )
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", charge.debit_move_id.ids
        )
        text = html.decode()
        for word in ("Calculation", self.invoice.name, "04/10/2026", "36.50"):
            self.assertIn(word, text)

    # -- periods ---------------------------------------------------------------------

    def test_same_day_again_charges_nothing(self):
        self._charge(self.invoice, self.level, late(10))
        self.assertFalse(self._charge(self.invoice, self.level, late(10)))
        proposal = self._propose_charge(self.invoice, self.level, late(10))
        self.assertEqual(proposal.reason, "nothing")

    def test_earlier_day_charges_nothing(self):
        self._charge(self.invoice, self.level, late(10))
        self.assertFalse(self._charge(self.invoice, self.level, late(5)))

    def test_next_charge_begins_where_the_last_one_ended(self):
        first = self._charge(self.invoice, self.level, late(10))
        second = self._charge(self.invoice, self.level, late(15))
        self.assertEqual((first.date_from, first.date_to), (late(1), late(10)))
        self.assertEqual((second.date_from, second.date_to), (late(11), late(15)))
        self.assertEqual(self._get_interest(), 15)

    def test_interest_runs_once_whichever_level_charges_it(self):
        other = self._create_level(interest_type="agreed", interest_rate=73)
        self._charge(self.invoice, self.level, late(10))
        second = self._charge(self.invoice, other, late(15))
        self.assertEqual(second.interest_amount, 10)  # five days at the higher rate

    def test_fee_of_a_level_is_charged_once(self):
        self._charge(self.invoice, self.fixed, late(5))
        self.assertFalse(self._charge(self.invoice, self.fixed, late(50)))

    def test_lump_sum_is_charged_once_whichever_level(self):
        self.setup_other_currency("EUR", rates=[("2026-01-01", 0.5)])
        levels = [
            self._create_level(fee_type="statutory", interest_statute="eu")
            for _number in range(2)
        ]
        charge = self._charge(self.invoice, levels[0], late(5))
        self.assertEqual(charge.compensation_amount, 80)
        self.assertFalse(self._charge(self.invoice, levels[1], late(50)))

    def test_remainder_of_rounding_is_carried(self):
        invoice = self._create_invoice(4)  # 0.004 a day
        first = self._charge(invoice, self.level, late(2))
        second = self._charge(invoice, self.level, late(5))
        self.assertEqual(first.interest_amount, 0.01)
        self.assertEqual(second.interest_amount, 0.01)  # 0.020 in all

    def test_less_than_half_a_cent_waits(self):
        invoice = self._create_invoice(4)
        self.assertFalse(self._charge(invoice, self.level, late(1)))
        self.assertEqual(self._charge(invoice, self.level, late(3)).date_from, late(1))

    def test_due_date_itself_is_not_late(self):
        proposal = self._propose_charge(self.invoice, self.level, DUE)
        self.assertEqual(proposal.reason, "not_overdue")
        charge = self._charge(self.invoice, self.level, late(1))
        self.assertEqual(charge.interest_amount, 1)

    # -- payments --------------------------------------------------------------------

    def test_interest_is_due_after_the_principal_is_paid(self):
        self._pay(self.invoice, late(7))
        charge = self._charge(self.invoice, self.level, late(60))
        self.assertEqual(charge.interest_amount, 7)
        self.assertFalse(self._charge(self.invoice, self.level, late(90)))

    def test_what_was_paid_late_is_found_until_it_is_charged(self):
        in_time, late_one = (self._create_invoice(1000) for _number in range(2))
        self._pay(in_time, DUE)
        self._pay(late_one, late(7))
        charges = self.charges.with_user(self.clerk)
        found = charges._get_paid_late_lines(self.company, DUE)
        self.assertEqual(found, self._get_lines(late_one))
        self.assertFalse(charges._get_paid_late_lines(self.company, late(1)))
        self.company.overdue_policy_id.date_start = DUE
        domain = charges.action_view_paid_late()["domain"]
        self.assertEqual(self.env["account.move"].search(domain), late_one)
        debit = charges._charge(found, self.level, late(8)).debit_move_id
        self.assertFalse(charges._get_paid_late_lines(self.company, DUE))
        self._pay(debit, late(90))
        self.assertFalse(charges._get_paid_late_lines(self.company, DUE))

    def test_payment_in_time_costs_nothing(self):
        self._pay(self.invoice, DUE)
        self.assertFalse(self._charge(self.invoice, self.level, late(60)))

    def test_payment_of_a_later_day_is_not_known_yet(self):
        self._pay(self.invoice, late(20))
        charge = self._charge(self.invoice, self.level, late(10))
        self.assertEqual(charge.interest_amount, 10)

    def test_credit_note_lowers_the_principal(self):
        credit = self.invoice._reverse_moves(
            [{"date": late(5), "invoice_date": late(5)}], cancel=True
        )
        self.assertEqual(credit.amount_total, 1000)
        charge = self._charge(self.invoice, self.level, late(10))
        self.assertEqual(charge.interest_amount, 5)

    def test_payment_entered_late_corrects_the_next_charge(self):
        self._charge(self.invoice, self.level, late(10))
        self._pay(self.invoice, late(8), 500)  # 10 were charged, 9 are due
        charge = self._charge(self.invoice, self.level, late(14))
        self.assertRecordValues(
            charge.row_ids,
            [
                {"kind": "correction", "days": 0, "amount": -1},
                {"kind": "interest", "days": 4, "amount": 2},
            ],
        )
        self.assertEqual(self._get_interest(), 11)

    def test_too_much_charged_before_is_told_and_not_charged(self):
        self._charge(self.invoice, self.level, late(10))
        self._pay(self.invoice, late(3))
        proposal = self._propose_charge(self.invoice, self.level, late(30))
        self.assertEqual(proposal.reason, "overcharged")
        self.assertIn("7.00", proposal.message)

    def test_rate_entered_late_corrects_the_next_charge(self):
        level = self._create_level(interest_type="statutory", interest_statute="pl")
        level.interest_margin = 0
        self._create_rate(36.5, authority="nbp")
        self._charge(self.invoice, level, late(100))  # until 9 July
        self._create_rate(73, date(2026, 7, 1), authority="nbp")
        charge = self._charge(self.invoice, level, late(101))
        self.assertEqual(charge.row_ids.mapped("amount"), [9, 2])

    def test_moved_due_date_is_followed_by_the_next_charge(self):
        self._charge(self.invoice, self.level, late(10))
        self._charge(self.invoice, self.fixed, late(10))
        self.invoice.button_draft()
        self.invoice.invoice_date_due = late(4)
        self.invoice.action_post()
        proposal = self._propose_charge(self.invoice, self.level, late(12))
        self.assertEqual(proposal.reason, "overcharged")
        self.assertFalse(self._charge(self.invoice, self.fixed, late(20)))
        charge = self._charge(self.invoice, self.level, late(20))
        self.assertEqual(charge.interest_amount, 6)  # 16 days are late, 10 were paid

    # -- instalments -----------------------------------------------------------------

    def test_each_instalment_has_its_own_due_date_and_charge(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "30/70",
                "line_ids": [
                    Command.create({"value_amount": part, "nb_days": days})
                    for part, days in ((30, 30), (70, 60))
                ],
            }
        )
        invoice = self._create_invoice(
            1000, invoice_payment_term_id=term.id, invoice_date_due=False
        )
        charge = self._charge(invoice, self.level, late(10))
        self.assertEqual(charge.interest_amount, 3)  # ten days of 300
        later = self._charge(invoice, self.level, late(40))
        self.assertEqual(sorted(later.mapped("interest_amount")), [7, 9])
        self.assertEqual(len(invoice.debit_note_ids), 3)

    def test_fees_bear_no_fees(self):
        debit = self._charge(self.invoice, self.level, late(10)).debit_move_id
        proposal = self._propose_charge(debit, self.level, late(100))
        self.assertEqual(proposal.reason, "not_chargeable")

    def test_debit_note_made_by_hand_is_a_claim_like_any_other(self):
        other = self._create_invoice(1000, debit_origin_id=self.invoice.id)
        charge = self._charge(other, self.level, late(10))
        self.assertEqual(charge.interest_amount, 10)

    def test_drafts_cost_nothing(self):
        draft = self._create_invoice(1000, post=False)
        proposal = self._propose_charge(draft, self.level, late(10))
        self.assertEqual(proposal.reason, "not_chargeable")

    # -- limits ----------------------------------------------------------------------

    def test_interest_below_the_minimum_waits(self):
        self.level.fee_minimum_amount = 5
        proposal = self._propose_charge(self.invoice, self.level, late(4))
        self.assertEqual(proposal.reason, "below_minimum")
        charge = self._charge(self.invoice, self.level, late(5))
        self.assertEqual(charge.interest_amount, 5)

    def test_limits_are_converted_to_company_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        invoice = self._create_invoice(1000, currency_id=euro.id)
        self.level.fee_minimum_amount = 5  # 10 euro
        self.level.fee_approval_amount = 10  # 20 euro
        proposal = self._propose_charge(invoice, self.level, late(9))
        self.assertEqual(proposal.reason, "below_minimum")
        charge = self._charge(invoice, self.level, late(20))
        self.assertEqual(charge.state, "charged")
        other = self._create_invoice(1000, currency_id=euro.id)
        self.assertEqual(self._charge(other, self.level, late(21)).state, "to_approve")

    def test_unknown_reference_rate_is_told_never_guessed(self):
        level = self._create_level(interest_type="statutory", interest_statute="se")
        proposal = self._propose_charge(self.invoice, level, late(10))
        self.assertEqual(proposal.reason, "no_reference_rate")
        self.assertIn("01/01/2026", proposal.message)

    def test_missing_exchange_rate_is_told_never_guessed(self):
        krone = self.env.ref("base.DKK")
        krone.active = True
        krone.rate_ids.unlink()
        level = self._create_level(fee_type="statutory", interest_statute="dk")
        proposal = self._propose_charge(self.invoice, level, late(10))
        self.assertEqual(proposal.reason, "no_exchange_rate")
        foreign = self._create_invoice(1000, currency_id=krone.id)
        self.assertTrue(self._propose_charge(foreign, self.level, late(10)).amount)
        for limit in ("fee_minimum_amount", "fee_approval_amount"):
            self.level.write({"fee_minimum_amount": 0, limit: 1})
            proposal = self._propose_charge(foreign, self.level, late(10))
            self.assertEqual(proposal.reason, "no_exchange_rate")

    def test_us_interest_ends_after_a_year(self):
        level = self._create_level(interest_type="statutory", interest_statute="us")
        self._create_rate(6, date(2023, 1, 1), authority="us_treasury")
        invoice = self._create_invoice(1500, date(2023, 1, 31))
        self._charge(invoice, level, date(2024, 1, 31))
        self.assertFalse(self._charge(invoice, level, date(2025, 1, 31)))

    # -- levels ----------------------------------------------------------------------

    def test_level_proposes_the_law_of_the_country(self):
        for country, statute, margin in (
            ("de", "de", 9),
            ("nl", "eu", 8),
            ("uk", "uk", 8),
            ("jp", "eu", 8),
        ):
            self.company.country_id = self.env.ref(f"base.{country}")
            level = self._create_level(interest_type="statutory")
            self.assertEqual(level.interest_statute, statute)
            self.assertEqual(level.interest_margin, margin)

    def test_level_without_amounts_is_refused(self):
        for values in (
            {"fee_type": "fixed"},
            {"fee_type": "percent"},
            {"interest_type": "agreed"},
        ):
            with self.assertRaises(BillingRuleError):
                self._create_level(**values)

    def test_levels_without_fee_charge_nothing(self):
        proposal = self._propose_charge(self.invoice, self._create_level(), late(10))
        self.assertEqual(proposal.reason, "no_fee")
