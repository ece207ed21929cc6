"""Late fees: approval, waiving, events of the debit note, access."""

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import ChargeError

from .charge_common import DUE, ChargeCommon, late


class TestChargeEvents(ChargeCommon):
    """Approval, waiving, and what happens to the debit note."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.level = cls._create_level(interest_type="agreed", interest_rate=36.5)
        cls.fixed = cls._create_level(fee_type="fixed", fee_amount=10)
        cls.invoice = cls._create_invoice(1000)

    # -- approval --------------------------------------------------------------------

    def _charge_above(self):
        self.level.fee_approval_amount = 9.99
        return self._charge(self.invoice, self.level, late(10))

    def test_charge_above_the_limit_waits_for_a_second_person(self):
        charge = self._charge_above()
        self.assertEqual(charge.state, "to_approve")
        self.assertFalse(charge.debit_move_id)
        self.assertFalse(self._charge(self.invoice, self.level, late(10)))
        with self.assertRaisesRegex(AccessError, "another person"):
            charge.with_user(self.clerk).action_approve()

    def test_second_person_approves_and_it_is_booked(self):
        charge = self._charge_above()
        colleague = self._create_user(
            "colleague", "base.group_user,account.group_account_invoice"
        )
        charge.with_user(colleague).action_approve()
        self.assertEqual(charge.state, "charged")
        self.assertEqual(charge.approved_by_id, colleague)
        self.assertEqual(charge.debit_move_id.amount_total, 10)
        with self.assertRaises(ChargeError):
            charge.with_user(self.administrator).action_approve()

    def test_amount_at_the_limit_needs_nobody(self):
        self.level.fee_approval_amount = 10
        charge = self._charge(self.invoice, self.level, late(10))
        self.assertEqual(charge.state, "charged")

    # -- waiving ---------------------------------------------------------------------

    def test_waived_charge_is_credited_with_its_reason(self):
        charge = self._charge(self.invoice, self.level, late(10))
        charge.with_user(self.clerk)._waive("First delay in ten years")
        self.assertEqual(charge.state, "waived")
        self.assertEqual(charge.waived_by_id, self.clerk)
        self.assertEqual(charge.waived_reason, "First delay in ten years")
        self.assertEqual(charge.credit_move_id.amount_total, 10)
        self.assertEqual(charge.credit_move_id.state, "posted")
        self.assertEqual(charge.debit_move_id.amount_residual, 0)
        self.assertEqual(self._get_receivable(self.invoice), 1000)
        self.assertEqual(self.invoice.overdue_charge_amount, 0)

    def test_waived_days_are_not_charged_again(self):
        self._charge(self.invoice, self.level, late(10)).with_user(self.clerk)._waive(
            "-"
        )
        charge = self._charge(self.invoice, self.level, late(15))
        self.assertEqual((charge.date_from, charge.interest_amount), (late(11), 5))

    def test_waived_fee_is_not_charged_again(self):
        self._charge(self.invoice, self.fixed, late(10)).with_user(self.clerk)._waive(
            "-"
        )
        self.assertFalse(self._charge(self.invoice, self.fixed, late(20)))

    def test_charge_to_approve_is_waived_without_a_document(self):
        charge = self._charge_above()
        charge.with_user(self.clerk)._waive("Too hard")
        self.assertEqual(charge.state, "waived")
        self.assertFalse(charge.debit_move_id | charge.credit_move_id)

    def test_waiving_asks_for_a_reason_and_happens_once(self):
        charge = self._charge(self.invoice, self.level, late(10)).with_user(self.clerk)
        with self.assertRaisesRegex(ChargeError, "why"):
            charge._waive(" ")
        charge._waive("Agreed")
        with self.assertRaisesRegex(ChargeError, "already"):
            charge._waive("Again")

    def test_charge_that_was_wrong_is_taken_back_and_charged_again(self):
        charge = self._charge(self.invoice, self.level, late(10))
        self._pay(self.invoice, late(3))
        proposal = self._propose_charge(self.invoice, self.level, late(30))
        self.assertEqual(proposal.reason, "overcharged")
        charge.with_user(self.clerk)._waive("Paid on the third", recall=True)
        self.assertEqual(charge.state, "cancelled")
        self.assertEqual(charge.debit_move_id.payment_state, "reversed")
        again = self._charge(self.invoice, self.level, late(30))
        self.assertEqual(again.interest_amount, 3)

    def test_dialogue_waives_several(self):
        charges = self._charge(self.invoice, self.level, late(10))
        charges |= self._charge(self.invoice, self.fixed, late(10))
        wizard = (
            self.env["account.overdue.waive"]
            .with_user(self.clerk)
            .with_context(active_model=charges._name, active_ids=charges.ids)
            .create({"reason": "Agreed"})
        )
        wizard.action_waive()
        self.assertEqual(charges.mapped("waived_reason"), ["Agreed", "Agreed"])
        self.assertEqual(set(charges.mapped("state")), {"waived"})

    # -- events of the debit note ----------------------------------------------------

    def test_cancelled_debit_note_does_not_count(self):
        charge = self._charge(self.invoice, self.level, late(10))
        charge.debit_move_id.button_draft()
        self.assertEqual(charge.state, "draft")
        self.assertFalse(self._charge(self.invoice, self.level, late(10)))
        charge.debit_move_id.button_cancel()
        self.assertEqual(charge.state, "cancelled")
        again = self._charge(self.invoice, self.level, late(10))
        self.assertEqual(again.interest_amount, 10)

    def test_deleted_debit_note_does_not_count(self):
        charge = self._charge(self.invoice, self.level, late(10))
        charge.debit_move_id.button_draft()
        charge.debit_move_id.with_context(force_delete=True).unlink()
        self.assertEqual(charge.state, "cancelled")
        self.assertTrue(self._charge(self.invoice, self.level, late(10)))

    @mute_logger("odoo.sql_db")
    def test_cancelled_debit_note_does_not_come_back_beside_another(self):
        charge = self._charge(self.invoice, self.level, late(10))
        debit = charge.debit_move_id
        debit.button_draft()
        debit.button_cancel()
        self._charge(self.invoice, self.level, late(12))
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            debit.button_draft()
            self.env.flush_all()

    @mute_logger("odoo.sql_db")
    def test_two_runs_cannot_charge_the_same_days(self):
        charges = self.charges.with_user(self.clerk)
        lines = self._get_lines(self.invoice)
        one = charges._propose(lines, self.level, late(10))
        two = charges._propose(lines, self.level, late(12))
        charges._make(one)
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            charges._make(two)
            self.env.flush_all()


class TestChargeAccess(ChargeCommon):
    """Officers charge and waive; managers see what concerns their projects."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.level = cls._create_level(interest_type="agreed", interest_rate=36.5)
        cls.invoice = cls._create_invoice(1000)

    def test_manager_charges_and_waives_nothing(self):
        charge = self._charge(self.invoice, self.level, late(10))
        with self.assertRaises(AccessError):
            self._charge(self.invoice.sudo(), self.level, late(20), user=self.manager)
        with self.assertRaises(AccessError):
            charge.with_user(self.manager)._waive("Mine")

    def test_manager_sees_own_projects_only(self):
        charge = self._charge(self.invoice, self.level, late(10)).with_user(
            self.manager
        )
        self.assertEqual(charge.search([]), charge)
        self.assertEqual(charge.row_ids.mapped("amount"), [10])
        self.project.user_id = self.clerk
        charge.invalidate_recordset()
        self.assertFalse(charge.search([]))

    def test_nobody_writes_charges_by_hand(self):
        charge = self._charge(self.invoice, self.level, late(10))
        for user in (self.clerk, self.administrator):
            with self.assertRaises(AccessError):
                charge.with_user(user).write({"interest_amount": 1})
            with self.assertRaises(AccessError):
                charge.with_user(user).unlink()

    def test_other_company_is_neither_charged_nor_seen(self):
        other = self._create_company(name="Second firm")
        policy = self.policy.copy({"company_id": other.id})
        level = self.level.copy({"policy_id": policy.id})
        proposal = self._propose_charge(self.invoice, level, late(10))
        self.assertEqual(proposal.reason, "not_chargeable")
        charge = self._charge(self.invoice, self.level, late(10))
        stranger = self._create_user(
            "stranger", "base.group_user,account.group_account_invoice"
        )
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        self.assertFalse(self.charges.with_user(stranger).search([]))
        self.assertTrue(charge)

    def test_each_company_charges_in_its_own_books(self):
        other = self.setup_other_company(name="Second firm")
        firm = other["company"]
        self.clerk.company_ids |= firm
        product = self.milestone_product.with_company(firm)
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": firm.id,
                "journal_id": other["default_journal_sale"].id,
                "partner_id": self.customer.id,
                "invoice_date": DUE,
                "invoice_date_due": DUE,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create({"product_id": product.id, "price_unit": 1000})
                ],
            }
        )
        invoice.invoice_line_ids.tax_ids = [Command.clear()]
        invoice.action_post()
        policy = self.policy.copy({"company_id": firm.id})
        level = self.level.copy({"policy_id": policy.id})
        charges = self.charges.with_user(self.clerk)
        proposals = [
            *charges._propose(self._get_lines(self.invoice), self.level, late(10)),
            *charges._propose(self._get_lines(invoice), level, late(10)),
        ]
        made = charges._make(proposals)
        for charge, own, company in zip(
            made, (self.invoice, invoice), (self.company, firm), strict=True
        ):
            debit = charge.debit_move_id
            self.assertEqual(debit.company_id, company)
            self.assertEqual(debit.journal_id, own.journal_id)
            self.assertEqual(debit.debit_origin_id, own)
            self.assertIn(company, debit.line_ids.account_id.company_ids)
            self.assertEqual(debit.amount_total, 10)

    def test_debit_note_speaks_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.customer.lang = "de_DE"
        charge = self._charge(self.invoice, self.level, late(10))
        self.assertIn("10.04.2026", charge.debit_move_id.invoice_line_ids.name)

    def test_dialogue_shows_what_it_would_charge_and_charges_it(self):
        paid = self._create_invoice(500)
        self._pay(paid, DUE)
        moves = self.invoice | paid
        wizard = (
            self.env["account.overdue.charge.wizard"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({"level_id": self.level.id, "date": late(10)})
        )
        self.assertEqual(wizard.line_ids.mapped("interest_amount"), [10, 0])
        self.assertEqual(wizard.charge_count, 1)
        wizard.action_charge()
        self.assertEqual(self.invoice.overdue_charge_amount, 10)
        with self.assertRaises(ChargeError):
            wizard.action_charge()
