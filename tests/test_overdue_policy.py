"""Which policy holds for an invoice, which level is due, who gets the reminder."""

from datetime import date, timedelta

from odoo import Command

from odoo.addons.project_invoice_tracker.exceptions import BillingRuleError

from .overdue_common import DUE, OverdueCommon

DAY = DUE + timedelta(days=30)


class TestResolution(OverdueCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._create_policy([{"name": "Other", "delay_days": 1}])

    def _bill_project(self, project=None):
        """Return a sent invoice of a project, due on 2 March."""
        project = project or self.project
        rule = self._create_rule("milestone", project)
        self._create_item(rule, amount=100, date_ready=DUE)
        invoice = self._bill(DUE, projects=project)
        invoice.write({"invoice_date_due": DUE, "is_move_sent": True})
        invoice.invoice_payment_term_id = False
        invoice.action_post()
        invoice.overdue_date_sent = DUE
        return invoice

    def _get_policy(self):
        return self._propose_reminders(DAY).line_ids.policy_id

    def test_the_companys_policy_holds_where_nothing_else_is_said(self):
        self._create_invoice()
        self.assertEqual(self._get_policy(), self.policy)

    def test_the_customers_policy_comes_before_the_companys(self):
        self._create_invoice()
        self.customer.with_company(self.company).overdue_policy_id = self.other
        self.assertEqual(self._get_policy(), self.other)

    def test_a_contacts_invoice_follows_the_policy_of_its_company(self):
        contact = self.env["res.partner"].create(
            {"name": "Eva", "parent_id": self.customer.id, "email": "e@example.com"}
        )
        self._create_invoice(partner_id=contact.id)
        self.customer.with_company(self.company).overdue_policy_id = self.other
        self.assertEqual(self._get_policy(), self.other)

    def test_a_customer_of_two_companies_has_a_policy_in_each(self):
        self._create_invoice()
        elsewhere = self.env["res.company"].create({"name": "Second"})
        theirs = self.env["account.overdue.policy"].search(
            [("company_id", "=", elsewhere.id)], limit=1
        )
        self.customer.with_company(elsewhere).overdue_policy_id = theirs
        self.assertEqual(self._get_policy(), self.policy)

    def test_the_projects_policy_comes_before_the_customers(self):
        self._bill_project()
        self.customer.with_company(self.company).overdue_policy_id = self.policy
        self.project.overdue_policy_id = self.other
        self.assertEqual(self._get_policy(), self.other)

    def test_the_invoices_policy_comes_first(self):
        invoice = self._bill_project()
        self.project.overdue_policy_id = self.policy
        invoice.overdue_policy_id = self.other
        self.assertEqual(self._get_policy(), self.other)

    def test_an_archived_policy_does_not_hold(self):
        self._create_invoice().overdue_policy_id = self.other
        self.other.active = False
        self.assertEqual(self._get_policy(), self.policy)

    def test_a_project_keeps_its_name_on_the_line(self):
        self._bill_project()
        self.assertEqual(
            self._propose_reminders(DAY).line_ids.project_ids, self.project
        )


class TestDueLevels(OverdueCommon):
    def _get_due(self, days):
        run = self._propose_reminders(DUE + timedelta(days=days))
        return run.line_ids.level_id.name

    def test_the_day_before_the_day_and_the_day_after(self):
        self._create_invoice()
        self.assertEqual(
            [self._get_due(d) for d in (4, 5, 6)], [False] + ["Level 1"] * 2
        )

    def test_only_the_highest_level_that_is_due(self):
        self._create_invoice()
        self.assertEqual(self._get_due(39), "Level 2")
        self.assertEqual(self._get_due(40), "Level 3")
        self.assertEqual(self._get_due(4000), "Level 3")

    def test_one_level_after_the_other_where_the_policy_wants_it(self):
        self.policy.is_stepwise = True
        self._create_invoice()
        self.assertEqual(
            self._remind(DUE + timedelta(days=400)).action_ids.level_id.name, "Level 1"
        )
        self.assertEqual(
            self._remind(DUE + timedelta(days=401)).action_ids.level_id.name, "Level 2"
        )

    def test_a_level_before_the_due_date_is_over_with_it(self):
        self.company.overdue_policy_id = self._create_policy(
            [{"delay_type": "before", "delay_days": 3}, 5]
        )
        self._create_invoice()
        due = [self._get_due(days) for days in (-4, -3, 0, 1, 5)]
        self.assertEqual(due, [False, "Level 1", "Level 1", False, "Level 2"])

    def test_the_end_of_the_month(self):
        self.company.overdue_policy_id = self._create_policy(
            [{"delay_type": "month_end", "delay_days": 28}]
        )
        self._create_invoice(due=date(2026, 2, 3))  # 28 days later: 3 March
        run = self._propose_reminders(date(2026, 3, 30))
        self.assertFalse(run.line_ids)
        self.assertTrue(self._propose_reminders(date(2026, 3, 31)).line_ids)

    def test_days_after_the_previous_level(self):
        self.company.overdue_policy_id = self._create_policy(
            [5, {"delay_type": "previous", "delay_days": 10}]
        )
        self._create_invoice()
        self.assertEqual(self._get_due(100), "Level 1")
        self._remind(DUE + timedelta(days=100))
        self.assertEqual(self._get_due(109), False)
        self.assertEqual(self._get_due(110), "Level 2")

    def test_the_last_level_comes_again_where_it_shall(self):
        self.company.overdue_policy_id = self._create_policy(
            [{"delay_days": 5, "repeat_days": 14}]
        )
        self._create_invoice()
        first = self._remind(DUE + timedelta(days=5)).action_ids
        self.assertEqual(self._get_due(18), False)
        again = self._remind(DUE + timedelta(days=19)).action_ids
        self.assertEqual((first.period, again.period), (0, 1))

    def test_instalments_are_reminded_each_by_its_own_date(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "30/70",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 30, "nb_days": 0}
                    ),
                    Command.create(
                        {"value": "percent", "value_amount": 70, "nb_days": 30}
                    ),
                ],
            }
        )
        self._create_invoice(invoice_payment_term_id=term.id, invoice_date_due=False)
        first = self._remind(DUE + timedelta(days=6)).action_ids
        second = self._remind(DUE + timedelta(days=36)).action_ids
        self.assertEqual(first.amount, 30)
        self.assertEqual(
            {(x.amount, x.level_id.name) for x in second},
            {(30, "Level 2"), (70, "Level 1")},
        )

    def test_a_first_level_cannot_wait_for_a_previous_one(self):
        with self.assertRaises(BillingRuleError):
            self._create_policy([{"delay_type": "previous", "delay_days": 10}])

    def test_a_level_that_was_used_is_archived_not_deleted(self):
        self._create_invoice()
        self._remind(DAY)
        with self.assertRaises(BillingRuleError):
            self.policy.with_user(self.administrator).level_ids.unlink()
        self.policy.with_user(self.administrator).level_ids.action_archive()


class TestDefaults(OverdueCommon):
    def test_a_new_company_has_the_usual_policy_switched_off(self):
        company = self.env["res.company"].create({"name": "Young"})
        policy = company.overdue_policy_id
        self.assertFalse(policy.is_on)
        self.assertFalse(company.overdue_schedule_active)
        self.assertEqual(
            policy.level_ids.mapped("delay_type"), ["before"] + ["after"] * 3
        )


class TestRecipients(OverdueCommon):
    def _get_line(self):
        return self._propose_reminders(DAY).line_ids

    def _create_contact(self, **kwargs):
        return self.env["res.partner"].create(
            {"parent_id": self.customer.id, "name": "Contact", **kwargs}
        )

    def test_the_contact_for_invoices_gets_it(self):
        contact = self._create_contact(type="invoice", email="bills@northwind.example")
        self._create_invoice()
        self.assertEqual(self._get_line().recipient_id, contact)

    def test_without_address_the_invoices_contact_gets_it(self):
        self._create_contact(type="invoice")
        person = self._create_contact(type="contact", email="eva@northwind.example")
        self._create_invoice(partner_id=person.id)
        self.assertEqual(self._get_line().recipient_id, person)

    def test_else_the_company_itself(self):
        person = self._create_contact(type="contact")
        self._create_invoice(partner_id=person.id)
        self.assertEqual(self._get_line().recipient_id, self.customer)
