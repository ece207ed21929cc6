"""Why a run does nothing about an instalment, each with its fix; limits of a day."""

from datetime import timedelta

from odoo.tests import freeze_time

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .overdue_common import DUE, OverdueCommon

DAY = DUE + timedelta(days=6)


class TestReasons(OverdueCommon):
    def assertSkipped(self, reason, day=DAY):
        run = self._propose_reminders(day)
        self.assertEqual(self._get_reason(run), reason)
        self.assertTrue(run.line_ids.reason)
        with self.assertRaises(BillingError), freeze_time(day):
            run.action_execute()
        return run

    def assertProposed(self, day=DAY):
        run = self._propose_reminders(day)
        self.assertEqual(run.line_ids.mapped("state"), ["proposed"])

    def test_a_policy_that_is_off_does_nothing(self):
        self._create_invoice()
        self.policy.is_on = False
        self.assertSkipped("policy_off")
        self.policy.is_on = True
        self.assertProposed()

    def test_no_policy(self):
        self._create_invoice()
        self.company.overdue_policy_id = False
        self.assertSkipped("no_policy")

    def test_a_draft_is_not_due(self):
        self._create_invoice().button_draft()
        self.assertFalse(self._propose_reminders(DAY).line_ids)

    def test_a_cancelled_invoice_is_not_due(self):
        invoice = self._create_invoice()
        invoice.button_draft()
        invoice.button_cancel()
        self.assertFalse(self._propose_reminders(DAY).line_ids)

    def test_a_paid_invoice_is_not_due(self):
        self._pay(self._create_invoice(), 100, DUE)
        self.assertFalse(self._propose_reminders(DAY).line_ids)

    def test_a_part_payment_leaves_the_rest_due(self):
        self._pay(self._create_invoice(), 40, DUE)
        run = self._propose_reminders(DAY)
        self.assertEqual((run.line_ids.amount, run.line_ids.amount_total), (60, 100))

    def test_old_debts_from_before_the_start(self):
        self._create_invoice()
        self.policy.date_start = DUE + timedelta(days=1)
        self.assertSkipped("before_start")
        self.policy.date_start = DUE
        self.assertProposed()

    def test_an_invoice_that_was_not_sent(self):
        invoice = self._create_invoice(is_move_sent=False)
        self.assertSkipped("not_sent")
        with freeze_time(DUE):
            invoice.is_move_sent = True
        self.assertEqual(invoice.overdue_date_sent, DUE)
        self.assertProposed()

    def test_in_payment(self):
        invoice = self._create_invoice()
        self.env.flush_all()
        # a bridge to banks sets it; the community edition knows the state only
        invoice.payment_state = "in_payment"
        self.assertSkipped("in_payment")

    def test_no_followup(self):
        self._create_invoice().no_followup = True
        self.assertSkipped("no_followup")

    def test_archived_customer(self):
        self._create_invoice()
        self.customer.active = False
        self.assertSkipped("archived_partner")

    def test_below_the_minimum(self):
        self._create_invoice()
        self.policy.amount_min = 100.01
        self.assertSkipped("below_minimum")
        self.policy.amount_min = 100
        self.assertProposed()

    def test_the_minimum_of_a_level_comes_before_the_policys(self):
        self._create_invoice()
        self.policy.amount_min = 10
        self.policy.level_ids.amount_min = 200
        self.assertSkipped("below_minimum")

    def test_a_level_that_the_amount_does_not_reach_is_passed_over(self):
        self._create_invoice()
        self.policy.level_ids[1].amount_min = 200
        run = self._propose_reminders(DUE + timedelta(days=30))
        self.assertEqual(run.line_ids.level_id.name, "Level 1")

    def test_the_minimum_is_converted_into_the_invoices_currency(self):
        foreign = self.setup_other_currency("EUR", rates=[("2020-01-01", 4.0)])
        self._create_invoice(100, currency_id=foreign.id)  # worth 25
        self.policy.amount_min = 26
        self.assertSkipped("below_minimum")
        self.policy.amount_min = 25
        self.assertProposed()

    def test_without_exchange_rate_a_minimum_cannot_be_compared(self):
        foreign = self.env["res.currency"].with_context(active_test=False)
        foreign = foreign.search([("name", "=", "ISK")])
        foreign.active = True
        self.env["res.currency.rate"].search([]).unlink()
        self._create_invoice(100, currency_id=foreign.id)
        self.policy.amount_min = 26
        self.assertSkipped("no_exchange_rate")

    def test_too_soon_after_the_invoice_was_sent(self):
        invoice = self._create_invoice()
        self.policy.interval_days = 7
        self.assertSkipped("too_soon")
        invoice.overdue_date_sent = DAY - timedelta(days=7)
        self.assertProposed()

    def test_too_soon_after_the_last_reminder(self):
        self._create_invoice()
        self._remind(DUE + timedelta(days=18))
        self.policy.interval_days = 7
        self.assertSkipped("too_soon", DUE + timedelta(days=24))
        self.assertProposed(DUE + timedelta(days=25))

    def test_a_reminder_of_one_invoice_does_not_silence_the_others(self):
        self.policy.interval_days = 7
        self._create_invoice(due=DUE - timedelta(days=10))
        self._remind(DUE)
        other = self._create_invoice(due=DUE - timedelta(days=5))
        run = self._propose_reminders(DUE + timedelta(days=3))
        self.assertEqual(self._get_levels(run), {other: "Level 1"})

    def test_a_reminder_that_failed_is_under_way(self):
        self._create_invoice()
        run = self._remind(DAY, send=False)
        run.sudo().notice_ids._note_failed("550 no such user")
        self.assertSkipped("under_way", DUE + timedelta(days=30))

    def test_skipped_by_a_person_it_comes_again_after_the_interval(self):
        self.policy.interval_days = 3
        self._create_invoice()
        self._propose_reminders(DAY).line_ids.action_skip_once()
        self.assertSkipped("skipped_once", DAY + timedelta(days=2))
        self.assertProposed(DAY + timedelta(days=3))

    def test_no_address(self):
        self.customer.email = False
        self._create_invoice()
        self.assertSkipped("no_address")
        self.policy.level_ids.channel = "mail_or_letter"
        run = self._propose_reminders(DAY)
        self.assertEqual(run.line_ids.channel, "letter")

    def test_what_was_paid_since_the_proposal_is_left_out(self):
        invoice, other = self._create_invoice(), self._create_invoice()
        run = self._propose_reminders(DAY)
        self._pay(invoice, 100, DAY)
        with freeze_time(DAY):
            run.action_execute()
        self.assertEqual(run.action_ids.move_id, other)
        line = run.line_ids.filtered(lambda x: x.move_id == invoice)
        self.assertEqual(line.reason_code, "changed_meanwhile")


class TestCredits(OverdueCommon):
    def test_credits_cover_the_oldest_debts_first(self):
        old = self._create_invoice(100, DUE - timedelta(days=3))
        new = self._create_invoice(100, DUE)
        self._credit(120)
        run = self._propose_reminders(DAY)
        self.assertEqual(self._get_levels(run), {new: "Level 1"})
        self.assertEqual(self._get_reason(run, old), "credit")

    def test_a_payment_that_nothing_is_matched_with_counts_too(self):
        self._create_invoice()
        payment = self.env["account.payment"].create(
            {
                "partner_id": self.customer.id,
                "amount": 100,
                "payment_type": "inbound",
                "partner_type": "customer",
                "date": DUE,
            }
        )
        payment.action_post()
        run = self._propose_reminders(DAY)
        self.assertEqual(self._get_reason(run), "credit")

    def test_the_accountant_is_told_of_unmatched_credits_once(self):
        self.company.overdue_user_id = self.clerk
        self._create_invoice(100, DUE - timedelta(days=3))
        self._create_invoice(100, DUE)
        self._credit(120)
        self._remind(DAY)
        run = self._remind(DUE + timedelta(days=21))
        self.assertEqual(run.credit_note, "Northwind")
        kind = self.env.ref("project_invoice_tracker.mail_activity_overdue_credit")
        activities = self.env["mail.activity"]
        activity = activities.search([("activity_type_id", "=", kind.id)])
        self.assertEqual(activity.user_id, self.clerk)
        self.assertEqual(activity.res_id, run.id)

    def test_another_customers_credit_does_not_count(self):
        self._create_invoice()
        other = self.env["res.partner"].create({"name": "Other"})
        self._credit(100, partner_id=other.id)
        self.assertTrue(self._get_levels(self._propose_reminders(DAY)))


class TestCap(OverdueCommon):
    def _create_customers(self, number):
        partners = self.env["res.partner"].create(
            [{"name": f"C{n}", "email": f"c{n}@example.com"} for n in range(number)]
        )
        for days, partner in enumerate(partners):
            day = DUE - timedelta(days=days)
            self._create_invoice(partner_id=partner.id, due=day)
        return partners

    def _get_names(self, run):
        return sorted(run.action_ids.partner_id.mapped("name"))

    def test_the_cap_of_the_day_lets_the_oldest_debts_go_first(self):
        self._create_customers(5)
        self.policy.daily_cap = 2
        run = self._remind(DAY)
        self.assertEqual(self._get_names(run), ["C3", "C4"])
        self.assertEqual(set(run.line_ids.mapped("reason_code")), {False, "over_cap"})

    def test_a_second_run_of_the_day_does_not_exceed_the_cap(self):
        self._create_customers(5)
        self.policy.daily_cap = 2
        self._remind(DAY)
        run = self._propose_reminders(DAY)
        self.assertEqual(set(run.line_ids.mapped("reason_code")), {"over_cap"})

    def test_the_others_follow_on_the_next_days(self):
        self._create_customers(5)
        self.policy.daily_cap = 2
        names = [
            self._get_names(self._remind(DAY + timedelta(days=n))) for n in range(4)
        ]
        self.assertEqual(names, [["C3", "C4"], ["C1", "C2"], ["C0"], []])

    def test_several_invoices_of_a_customer_count_once(self):
        [first, _second] = self._create_customers(2)
        self._create_invoice(partner_id=first.id)
        self.policy.daily_cap = 2
        self.assertEqual(len(self._remind(DAY).action_ids), 3)
