"""Cases of area C of the acceptance table: who is reminded of what, when."""

import csv
from datetime import date, timedelta

from odoo import Command
from odoo.tests import freeze_time, tagged

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .conftest import SHARED
from .overdue_common import DUE, OverdueCommon


def after(days):
    return DUE + timedelta(days=days)


class TestLevels(OverdueCommon):
    def test_c01_three_levels_with_blocking(self):
        invoice = self._create_invoice()
        self.assertEqual(self._get_levels(self._propose_reminders(after(4))), {})
        run = self._remind(after(5), send=False)
        self.assertEqual(run.action_ids.level_id.name, "Level 1")
        # the reminder is still to be sent: no second one begins
        waiting = self._propose_reminders(after(30))
        self.assertEqual(self._get_reason(waiting), "under_way")
        self.assertEqual(run.action_ids.state, "pending")
        with freeze_time(after(30)):
            self._accept(run)
        self.assertEqual(run.action_ids.state, "done")
        invoice.no_followup = True
        self.assertEqual(
            self._get_reason(self._propose_reminders(after(30))), "no_followup"
        )
        self.assertEqual(invoice.overdue_level_id.name, "Level 1")
        invoice.no_followup = False
        run = self._remind(after(30))
        self.assertEqual(run.action_ids.level_id.name, "Level 2")
        self._pay(invoice, 100, after(31))
        self.assertFalse(invoice.overdue_level_id)
        self.assertFalse(self._propose_reminders(after(50)).line_ids)

    def test_c02_the_last_level_is_the_last(self):
        self.company.overdue_policy_id = self._create_policy([0])
        self._create_invoice()
        run = self._remind(after(1))
        self.assertEqual(run.action_ids.state, "done")
        self.assertFalse(self._propose_reminders(after(2)).line_ids)
        self.assertFalse(self._propose_reminders(after(400)).line_ids)

    def test_c06_a_credit_note_resolves_a_reminder_while_it_counts(self):
        invoice = self._create_invoice()
        action = self._remind(after(5)).action_ids
        credit = self._reverse(invoice)
        self.assertTrue(action.is_resolved)
        credit.button_draft()
        credit.button_cancel()
        self.assertFalse(action.is_resolved)

    def test_c06_a_credit_note_of_its_own_resolves_nothing(self):
        self._create_invoice()
        action = self._remind(after(5)).action_ids
        self._credit(100, after(6))
        self.assertFalse(action.is_resolved)

    def test_c10_an_ignored_reminder_comes_again_at_its_level(self):
        self._create_invoice()
        for days in (5, 20):
            self._remind(after(days))
        run = self._propose_reminders(after(40))
        run.line_ids.action_skip_once()
        again = self._remind(after(80))
        self.assertEqual(again.action_ids.level_id.name, "Level 3")
        self.assertEqual(run.action_ids.state, "ignored")
        self.assertFalse(self._propose_reminders(after(400)).line_ids)

    def test_c11_a_second_run_of_a_day_adds_nothing(self):
        self._create_invoice()
        self.assertEqual(len(self._remind(after(5)).action_ids), 1)
        self.assertFalse(self._propose_reminders(after(5)).line_ids)

    def test_c11_nor_where_a_long_debt_has_further_levels_to_go(self):
        self.policy.is_stepwise = True
        self._create_invoice()
        self._remind(after(400))
        again = self._propose_reminders(after(400))
        self.assertEqual(self._get_reason(again), "too_soon")

    def test_c11_an_earlier_day_than_the_last_run_is_refused(self):
        self._create_invoice()
        self._remind(after(25))
        with self.assertRaises(BillingError):
            self._propose_reminders(after(10))


@tagged("shared_data")
class TestCalendar(OverdueCommon):
    """C07: the reminder calendar of a quarter, with instalments and payments."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        month_end = {"delay_type": "month_end", "delay_days": 30}
        cls.policies = {
            "3step": cls._create_policy(
                [
                    {"delay_type": "after", "delay_days": 10},
                    month_end,
                    {"delay_type": "previous", "delay_days": 10, "channel": "letter"},
                ],
                is_stepwise=True,
            ),
            "2step": cls._create_policy(
                [month_end, {"delay_type": "previous", "delay_days": 60}],
                is_stepwise=True,
            ),
            "none": cls.env["account.overdue.policy"],
        }
        cls.company.overdue_policy_id = False

    def _read(self, name):
        with (SHARED / "data" / f"dunning_{name}.csv").open() as file:
            return list(csv.DictReader(file))

    def _create_ledger(self):
        """Return ``{ref: invoice}``; each instalment is due as the table says."""
        invoices, rows = {}, {}
        for row in self._read("invoices"):
            rows.setdefault(row["ref"], []).append(row)
        partners = {}
        for ref, own in rows.items():
            first = own[0]
            partner = partners.setdefault(
                first["customer"],
                self.env["res.partner"].create(
                    {"name": first["customer"], "email": f"{ref}@example.com"}
                ),
            )
            invoices[ref] = self._create_dated(partner, first, own)
        return invoices

    def _create_dated(self, partner, first, instalments):
        day = date.fromisoformat(first["invoice_date"])
        term = self.env["account.payment.term"].create(
            self._prepare_term(first, instalments, day)
        )
        invoice = self._create_invoice(
            float(first["amount"]),
            day,
            partner_id=partner.id,
            invoice_date_due=False,
            invoice_payment_term_id=term.id,
            ref=first["ref"],
        )
        invoice.overdue_policy_id = self.policies[first["policy"]]
        return invoice

    def _prepare_term(self, first, instalments, day):
        return {
            "name": first["ref"],
            "line_ids": [
                Command.create(
                    {
                        "value": "percent",
                        "value_amount": 100
                        * float(row["installment_amount"])
                        / float(first["amount"]),
                        "nb_days": (date.fromisoformat(row["due_date"]) - day).days,
                        "delay_type": "days_after",
                    }
                )
                for row in instalments
            ],
        }

    def test_c07_reminder_calendar_of_a_quarter(self):
        invoices = self._create_ledger()
        payments = self._read("payments")
        found = []
        for end in ("2013-01-31", "2013-02-28", "2013-03-31"):
            day = date.fromisoformat(end)
            for row in [row for row in payments if row["date"] <= end]:
                payments.remove(row)
                paid = date.fromisoformat(row["date"])
                self._pay(invoices[row["ref"]], float(row["amount"]), paid)
            run = self._remind(day)
            self._print_letters(run)
            found += [self._describe(end, action) for action in run.action_ids]
        expected = [
            (
                row["run_date"],
                row["ref"],
                row["due_date"],
                int(row["level"]),
                row["channel"],
                float(row["open_balance"]),
                float(row["installment_amount"]),
            )
            for row in self._read("expected_q1")
        ]
        self.assertEqual(sorted(found), sorted(expected))

    def _print_letters(self, run):
        letters = run.notice_ids.filtered(lambda n: n.state == "to_print")
        if letters:
            letters.with_user(self.clerk).action_print()

    def _describe(self, end, action):
        return (
            end,
            action.move_id.ref,
            str(action.date_maturity),
            action.level_id.sequence + 1,
            "letter" if action.level_id.channel == "letter" else "email",
            action.amount,
            action.amount_total,
        )
