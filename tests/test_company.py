from datetime import date

from psycopg2.errors import ForeignKeyViolation

from odoo.tests import freeze_time
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import BillingRuleError

from .common import ADDON, BillingCommon


class TestTwoCompanies(BillingCommon):
    """Each company bills with its own journal, taxes, dates, currency, language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.franc = cls.setup_other_currency("CHF")
        cls.sister = cls._create_company(name="Sister", currency_id=cls.franc.id)
        cls.sister.partner_id.tz = "Pacific/Kiritimati"
        cls.clerk.company_ids |= cls.sister
        cls.sister_tax = cls.env["account.tax"].search(
            [("company_id", "=", cls.sister.id), ("type_tax_use", "=", "sale")], limit=1
        )
        cls.hours_product.taxes_id = cls.sister_tax
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.french = cls.env["res.partner"].create({"name": "Client", "lang": "fr_FR"})
        cls.rule = cls._create_rule(price=100)
        cls.entry = cls._create_entry(8)
        cls.sister_project = cls._create_project(
            "Sister's", company_id=cls.sister.id, partner_id=cls.french.id
        )
        cls.sister_rule = cls._create_rule(
            project=cls.sister_project,
            company_id=cls.sister.id,
            price=50,
            line_grouping="day",
        )
        cls.eve = cls._create_employee("Eve", company_id=cls.sister.id)
        cls.sister_entry = cls._create_entry(
            2, task=cls._create_task("T", cls.sister_project), employee=cls.eve
        )

    def test_one_job_bills_both_with_their_own_books(self):
        for company in self.company | self.sister:
            company.write(
                {"billing_schedule_active": True, "billing_schedule_date": "2026-07-01"}
            )
        # 30 June in Greenwich is 1 July on Kiritimati, 14 hours ahead
        for moment in ("2026-06-30 11:00:00", "2026-07-01 00:30:00"):
            with freeze_time(moment), self.enter_registry_test_mode():
                cron = self.env.ref(f"{ADDON}.ir_cron_project_billing").sudo()
                self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()
        runs = self.env["project.billing.run"].search([("is_scheduled", "=", True)])
        self.assertEqual(len(runs), 2)
        moves = {run.company_id: run.move_ids for run in runs}
        own, sisters = moves[self.company], moves[self.sister]
        self.assertEqual(own.journal_id.company_id, self.company)
        self.assertEqual(sisters.journal_id.company_id, self.sister)
        self.assertEqual(own.currency_id, self.company.currency_id)
        self.assertEqual(sisters.currency_id, self.franc)
        self.assertFalse(own.invoice_line_ids.tax_ids)
        self.assertEqual(sisters.invoice_line_ids.tax_ids, self.sister_tax)
        self.assertEqual(sisters.amount_untaxed, 100)
        self.assertEqual(sisters.invoice_date, date(2026, 7, 1))
        self.assertIn("15/06/2026", sisters.invoice_line_ids.name)

    def test_run_of_one_company_leaves_the_other_alone(self):
        moves = self._bill(projects=self.env["project.project"])
        self.assertEqual(moves.company_id, self.company)
        self.assertEqual(self.sister_entry.billed_quantity, 0)

    def test_run_works_in_its_company_whichever_the_clerk_is_in(self):
        run = (
            self.env["project.billing.run"]
            .with_user(self.clerk)
            .with_context(allowed_company_ids=(self.company | self.sister).ids)
            .create(
                {
                    "company_id": self.sister.id,
                    "cutoff_date": "2026-06-30",
                    "date": "2026-06-30",
                }
            )
        )
        run.action_propose()
        run.action_invoice()
        self.assertEqual(run.move_ids.company_id, self.sister)
        self.assertEqual(run.move_ids.currency_id, self.franc)
        run.move_ids.action_post()
        self.assertEqual(run.move_ids.line_ids.company_id, self.sister)

    def test_rule_of_another_company_on_a_project_is_refused(self):
        with self.assertRaises(BillingRuleError):
            self.sister_rule.company_id = self.company

    def test_shared_project_is_billed_by_each_company_s_own_rule(self):
        shared = self._create_project("Shared", company_id=False)
        task = self._create_task("T", shared)
        ours = self._create_rule(project=shared, price=100)
        theirs = self._create_rule(project=shared, price=60, company_id=self.sister.id)
        mine = self._create_entry(1, task=task)
        hers = self._create_entry(1, task=task, employee=self.eve)
        self.assertEqual(mine.billing_rule_id, ours)
        self.assertEqual(hers.company_id, self.sister)
        self.assertEqual(hers.billing_rule_id, theirs)

    def test_contract_in_a_foreign_currency_is_invoiced_in_it(self):
        project = self._create_project("Foreign")
        self._create_rule(project=project, price=80, currency_id=self.franc.id)
        self._create_entry(2, task=self._create_task("T", project))
        invoice = self._bill(projects=project)
        self.assertEqual(invoice.currency_id, self.franc)
        self.assertEqual(invoice.amount_untaxed, 160)
        self.assertConserved(project)


class TestTimeZones(BillingCommon):
    """Today is today in the company: from UTC-11 to UTC+14."""

    def test_today_in_every_corner_of_the_world(self):
        for zone, moment, today in (
            ("Pacific/Pago_Pago", "2026-07-01 10:59:00", date(2026, 6, 30)),
            ("Pacific/Pago_Pago", "2026-07-01 11:01:00", date(2026, 7, 1)),
            ("Pacific/Kiritimati", "2026-06-30 09:59:00", date(2026, 6, 30)),
            ("Pacific/Kiritimati", "2026-06-30 10:01:00", date(2026, 7, 1)),
            ("UTC", "2026-06-30 23:59:00", date(2026, 6, 30)),
        ):
            self.company.partner_id.tz = zone
            with self.subTest(zone=zone, moment=moment), freeze_time(moment):
                self.assertEqual(self.company._get_billing_today(), today)

    def test_zone_of_the_calendar_counts_where_the_partner_has_none(self):
        self.company.partner_id.tz = False
        self.company.resource_calendar_id.tz = "Pacific/Kiritimati"
        with freeze_time("2026-06-30 10:01:00"):
            self.assertEqual(self.company._get_billing_today(), date(2026, 7, 1))

    def test_zone_of_the_user_does_not_count(self):
        self.clerk.tz = "Pacific/Kiritimati"
        company = self.company.with_user(self.clerk).with_context(
            tz="Pacific/Kiritimati"
        )
        with freeze_time("2026-06-30 10:01:00"):
            self.assertEqual(company._get_billing_today(), date(2026, 6, 30))

    def test_milestone_is_ready_on_the_company_s_day(self):
        rule = self._create_rule("milestone", amount=100)
        for zone, ready in (
            ("Pacific/Pago_Pago", date(2026, 6, 30)),
            ("Pacific/Kiritimati", date(2026, 7, 1)),
        ):
            self.company.partner_id.tz = zone
            item = self._create_item(rule, amount=10)
            with self.subTest(zone=zone), freeze_time("2026-07-01 05:00:00"):
                item.milestone_id.with_user(self.manager).is_reached = True
                self.assertEqual(item.date_ready, ready)

    def test_schedule_is_due_on_the_company_s_day(self):
        self.company.write(
            {"billing_schedule_active": True, "billing_schedule_date": "2026-07-01"}
        )
        for zone, due in (
            ("Pacific/Pago_Pago", False),
            ("UTC", True),
            ("Pacific/Kiritimati", True),
        ):
            self.company.partner_id.tz = zone
            with self.subTest(zone=zone), freeze_time("2026-07-01 05:00:00"):
                today = self.company._get_billing_today()
                period = self.company._get_billing_schedule_period(today)
                self.assertEqual(bool(period), due)

    def test_new_run_and_rule_take_the_company_s_day(self):
        self.company.partner_id.tz = "Pacific/Kiritimati"
        with freeze_time("2026-06-30 10:01:00"):
            run = self.env["project.billing.run"].with_user(self.clerk).create({})
            rule = self.env["project.billing.rule"].create(
                {"project_id": self.project.id, "price": 1}
            )
        self.assertEqual(run.date, date(2026, 7, 1))
        self.assertEqual(rule.bill_from, date(2026, 7, 1))


class TestDays(BillingCommon):
    """A company that records its time in days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.project_time_mode_id = cls.day
        cls.company.timesheet_encode_uom_id = cls.day

    def test_entry_in_days_is_billed_in_hours(self):
        self._create_rule(price=100)
        entry = self._create_entry(1.5)
        self.assertEqual(entry.product_uom_id, self.day)
        self.assertEqual(entry.billable_quantity, 12)
        self.assertRecordValues(
            self._bill().invoice_line_ids, [{"quantity": 12, "price_unit": 100}]
        )
        self.assertConserved()

    def test_entry_in_days_is_billed_in_days(self):
        self._create_rule(price=800, uom_id=self.day.id)
        self._create_entry(1.5)
        self.assertRecordValues(
            self._bill().invoice_line_ids,
            [{"quantity": 1.5, "price_unit": 800, "product_uom_id": self.day.id}],
        )
        self.assertConserved()

    def test_rate_per_day_is_converted_to_hours(self):
        rule = self._create_rule(price=1)
        self.env["project.billing.rate"].create(
            {
                "rule_id": rule.id,
                "employee_id": self.ann.id,
                "price": 800,
                "uom_id": self.day.id,
            }
        )
        self._create_entry(1)
        self.assertRecordValues(
            self._bill().invoice_line_ids, [{"quantity": 8, "price_unit": 100}]
        )

    def test_more_than_three_days_in_a_day_are_doubtful(self):
        self._create_rule(price=100)
        self._create_entry(3.5)
        self.assertEqual(self._propose().line_ids.reason_code, "over_24h")

    def test_partial_credit_of_a_day(self):
        self._create_rule(price=800, uom_id=self.day.id)
        entry = self._create_entry(1)
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice, hours={entry: 2})
        self.assertEqual(entry.billed_quantity, 6)
        self.assertEqual(entry.billing_held_quantity, 2)
        self.assertConserved()


class TestArchived(BillingCommon):
    """Archived people, customers, rules and projects."""

    def test_time_of_an_archived_employee_is_billed_at_the_own_rate(self):
        rule = self._create_rule(price=100)
        self.env["project.billing.rate"].create(
            {"rule_id": rule.id, "employee_id": self.ann.id, "price": 120}
        )
        self._create_entry(8)
        self.ann.active = False
        self.assertEqual(self._bill().amount_untaxed, 960)

    def test_archived_customer_is_skipped(self):
        self._create_rule(price=100)
        self._create_entry(8)
        self.customer.active = False
        self.assertEqual(self._propose().line_ids.reason_code, "archived_partner")

    def test_archived_rule_still_explains_its_invoices(self):
        rule = self._create_rule(price=100)
        entry = self._create_entry(8)
        self._bill().action_post()
        rule.active = False
        self.assertEqual(entry.billing_rule_id, rule)
        self.assertConserved()

    def test_archived_rule_hands_its_free_time_to_the_next(self):
        first = self._create_rule(price=100)
        second = self._create_rule(price=50, sequence=20)
        entry = self._create_entry(8)
        self.assertEqual(entry.billing_rule_id, first)
        first.active = False
        entry.invalidate_recordset()
        self.assertEqual(entry.billing_rule_id, second)

    def test_archived_project_is_not_billed(self):
        self._create_rule(price=100)
        entry = self._create_entry(8)
        self.project.active = False
        run = self._propose(projects=self.env["project.project"])
        self.assertNotIn(self.project, run.line_ids.project_id)
        self.assertEqual(entry.billed_quantity, 0)

    def test_credit_of_work_of_archived_people_comes_back(self):
        rule = self._create_rule(price=100)
        entry = self._create_entry(8)
        invoice = self._bill()
        invoice.action_post()
        self.ann.active = False
        rule.active = False
        self._reverse(invoice)
        self.assertEqual(entry.billing_held_quantity, 8)
        self.assertConserved()

    def test_used_employee_cannot_be_deleted_with_the_rate(self):
        rule = self._create_rule(price=100)
        eve = self._create_employee("Eve")
        self.env["project.billing.rate"].create(
            {"rule_id": rule.id, "employee_id": eve.id, "price": 1}
        )
        with mute_logger("odoo.sql_db"), self.assertRaises(ForeignKeyViolation):
            eve.unlink()
