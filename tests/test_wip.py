from datetime import date, timedelta

from odoo import Command
from odoo.tests import freeze_time

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .wip_common import JUNE, WipCommon

JULY = date(2026, 7, 31)


class TestWipOfTime(WipCommon):
    """Time at the rule's price, as of any date."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=90)

    def test_unbilled_time_as_of_a_date(self):
        """Acceptance case A12 (i)."""
        self._create_entry(10, date(2026, 1, 2))
        self._create_entry(10, date(2026, 1, 5))
        for day, expected in ((1, 0), (3, 900), (7, 1800)):
            self.assertEqual(self._get_wip(date(2026, 1, day))["wip"], expected)

    def test_invoiced_time_leaves_on_the_date_of_its_invoice(self):
        """Acceptance case A12 (ii)."""
        self._create_entry(10, date(2026, 1, 2))
        self._post_bill(date(2026, 1, 4))
        self._create_entry(10, date(2026, 1, 6))
        self._post_bill(date(2026, 1, 8))
        for day, expected in ((2, 900), (5, 0), (7, 900), (9, 0)):
            self.assertEqual(self._get_wip(date(2026, 1, day))["wip"], expected)

    def test_period_shows_what_came_and_went(self):
        self._create_entry(10, date(2026, 5, 20))
        self._create_entry(6, date(2026, 6, 10))
        self._post_bill(date(2026, 6, 15), cutoff=date(2026, 5, 31))
        gone = self._create_entry(1, date(2026, 6, 12))
        self._settle(gone, date=date(2026, 6, 20))
        self._create_entry(2, date(2026, 6, 13), billing_nonbillable=True)
        wip = self._get_wip(JUNE)
        figures = ("opening", "worked", "excluded", "billed", "written_off", "closing")
        self.assertEqual([wip[n] for n in figures], [900, 810, 180, 900, 90, 540])
        hours = [wip[f"{n}_hours"] for n in figures]
        self.assertEqual(hours, [10, 9, 2, 10, 1, 6])
        self.assertEqual(wip["revalued"], 0)

    def test_draft_is_work_in_progress_until_it_is_posted(self):
        self._create_entry(10)
        invoice = self._bill(JUNE)
        self.assertEqual(self._get_wip(JUNE)["wip"], 900)
        invoice.action_post()
        self.assertEqual(self._get_wip(JUNE)["wip"], 0)

    def test_credit_gives_back_on_its_own_date(self):
        self._create_entry(10)
        invoice = self._post_bill(JUNE)
        with freeze_time("2026-07-05"):
            credit = self._reverse(invoice)
        self.assertEqual(credit.date, date(2026, 7, 5))
        self.assertEqual(self._get_wip(JUNE)["wip"], 0)
        wip = self._get_wip(JULY)
        figures = ("opening", "worked", "billed", "revalued", "closing")
        self.assertEqual([wip[n] for n in figures], [0, 0, -900, 0, 900])

    def test_price_changed_after_a_credit_is_a_revaluation(self):
        self._create_entry(10)
        invoice = self._post_bill(JUNE)
        with freeze_time("2026-07-05"):
            self._reverse(invoice)
        self.rule.price = 100
        self.assertEqual(self._get_wip(JUNE)["wip"], 0)
        wip = self._get_wip(JULY)
        figures = ("opening", "billed", "revalued", "closing")
        self.assertEqual([wip[n] for n in figures], [0, -900, 100, 1000])

    def test_credit_as_write_off_gives_back_and_gives_up(self):
        self._create_entry(10)
        invoice = self._post_bill(JUNE)
        with freeze_time("2026-07-05"):
            self._reverse(invoice, mode="write_off")
        wip = self._get_wip(JULY)
        figures = ("opening", "billed", "written_off", "closing")
        self.assertEqual([wip[n] for n in figures], [0, -900, 900, 0])

    def test_price_reduction_changes_no_work_in_progress(self):
        self._create_entry(10)
        invoice = self._post_bill(JUNE)
        with freeze_time("2026-07-05"):
            self._reverse(invoice, mode="price_reduction")
        self.assertEqual(self._get_wip(JULY)["closing"], 0)

    def test_cents_of_parts_come_to_the_amount_of_the_whole(self):
        for _number in range(3):
            self._create_entry(1 / 3, date(2026, 6, 10))
        self.rule.price = 100
        self.assertEqual(self._get_wip(JUNE)["wip"], 100)
        self._post_bill(date(2026, 7, 1))
        wip = self._get_wip(JULY)
        figures = ("opening", "billed", "revalued", "closing")
        self.assertEqual([wip[n] for n in figures], [100, 100, 0, 0])

    def test_work_billed_before_it_was_done_is_a_liability_until_then(self):
        self._create_entry(10, date(2026, 7, 2))
        self._post_bill(JUNE, cutoff=date(2026, 7, 2))
        wip = self._get_wip(JUNE)
        figures = ("worked", "billed", "closing", "wip", "advance")
        self.assertEqual([wip[n] for n in figures], [0, 900, -900, 0, 900])
        wip = self._get_wip(JULY)
        self.assertEqual([wip[n] for n in figures], [900, 0, 0, 0, 0])

    def test_negative_time_lowers_work_in_progress(self):
        self._create_entry(10)
        self._create_entry(-2)
        wip = self._get_wip(JUNE)
        self.assertEqual((wip["wip"], wip["advance"]), (720, 0))

    def test_work_billed_elsewhere_was_never_in_progress(self):
        entry = self._create_entry(10)
        self._settle(entry, "elsewhere")
        wip = self._get_wip(JUNE)
        figures = ("worked", "billed", "closing", "closing_hours")
        self.assertEqual([wip[n] for n in figures], [900, 900, 0, 0])

    def test_time_before_the_start_of_billing_is_not_in_progress(self):
        self._create_entry(10, date(2026, 5, 31))
        self._create_entry(1, date(2026, 6, 1))
        self.rule.bill_from = date(2026, 6, 1)
        self.assertEqual(self._get_wip(JUNE)["closing"], 90)

    def test_days_and_own_prices_are_valued_as_they_are_billed(self):
        self.rule.write({"uom_id": self.day.id, "price": 800})
        self._create_entry(4)
        self._create_entry(8, billing_override_price=1000)
        self.assertEqual(self._get_wip(JUNE)["wip"], 1400)
        self.assertEqual(self._post_bill(JUNE).amount_untaxed, 1400)

    def test_entry_moved_to_another_rule_takes_its_history_along(self):
        entry = self._create_entry(10)
        invoice = self._post_bill(JUNE)
        with freeze_time("2026-07-05"):
            self._reverse(invoice)
        other = self._create_rule(price=50, sequence=20)
        entry.billing_rule_id = other
        self.assertEqual(self._get_wip(JUNE)["closing"], 0)
        self.assertEqual(self._get_wip(JULY)["closing"], 500)


class TestLateTime(WipCommon):
    """What is typed after its month was closed belongs to the next open month."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=90)

    def _close(self, day=JUNE):
        page = self.env["project.billing.month.end"].with_user(self.clerk)
        page = page.create({"company_id": self.company.id, "date": day})
        page.action_close()
        return page

    def _type_later(self, entry, page):
        """Let an entry be as if it was typed after the month was closed."""
        typed = page.closed_date + timedelta(hours=1)
        self.env.cr.execute(
            "UPDATE account_analytic_line SET create_date = %s WHERE id = %s",
            [typed, entry.id],
        )
        entry.invalidate_recordset()

    def test_late_time_counts_in_the_next_month(self):
        self._create_entry(10)
        page = self._close()
        self._type_later(self._create_entry(2), page)
        self.assertEqual(self._get_wip(JUNE)["closing"], 900)
        wip = self._get_wip(JULY)
        figures = ("opening", "worked", "closing")
        self.assertEqual([wip[n] for n in figures], [900, 180, 1080])

    def test_late_time_of_an_open_month_counts_in_its_month(self):
        page = self._close(date(2026, 5, 31))
        self._type_later(self._create_entry(2), page)
        self.assertEqual(self._get_wip(JUNE)["closing"], 180)

    def test_month_opened_again_takes_its_late_time_back(self):
        page = self._close()
        self._type_later(self._create_entry(2), page)
        page.action_reopen()
        self.assertEqual(self._get_wip(JUNE)["closing"], 180)

    def test_month_left_out_is_closed_with_a_later_one(self):
        page = self._close()
        self._type_later(self._create_entry(2, date(2026, 5, 20)), page)
        self.assertEqual(self._get_wip(date(2026, 5, 31))["closing"], 0)
        self.assertEqual(self._get_wip(JUNE)["closing"], 0)
        self.assertEqual(self._get_wip(JULY)["closing"], 180)

    def test_write_off_into_a_closed_month_is_refused(self):
        entry = self._create_entry(10)
        self._close()
        with self.assertRaisesRegex(BillingError, "June 2026 is closed"):
            self._settle(entry, date=JUNE)
        self._settle(entry, date=date(2026, 7, 1))
        self.assertEqual(self._get_wip(JUNE)["closing"], 900)
        self.assertEqual(self._get_wip(JULY)["written_off"], 900)


class TestWipInCurrencies(WipCommon):
    """Document and company currency, and what exchange rates do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-06-30", 4.0), ("2026-07-31", 5.0)]
        )

    def test_company_amount_is_translated_at_the_end_of_the_period(self):
        self._create_rule(price=100, currency_id=self.euro.id)
        self._create_entry(10)
        wip = self._get_wip(JUNE)
        self.assertEqual((wip["wip_doc"], wip["wip"]), (1000, 250))
        wip = self._get_wip(JULY)
        figures = ("opening", "revalued", "closing")
        self.assertEqual([wip[n] for n in figures], [250, -50, 200])
        self.assertEqual(wip["revalued_doc"], 0)

    def test_price_in_another_currency_counts_at_the_rate_of_the_work(self):
        rule = self._create_rule(currency_id=self.euro.id)
        rule.rate_ids = [
            Command.create({"price": 50, "currency_id": self.company.currency_id.id})
        ]
        self._create_entry(10, date(2026, 6, 15))
        for day in (JUNE, JULY):
            self.assertEqual(self._get_wip(day)["wip_doc"], 1000)

    def test_rules_of_a_project_in_two_currencies_add_up_in_company_currency(self):
        self._create_rule(price=100, currency_id=self.euro.id, sequence=20)
        own = self._create_rule(price=90, sequence=1, date_end=date(2026, 6, 15))
        self._create_entry(10, date(2026, 6, 15))
        self._create_entry(10, date(2026, 6, 16))
        self.assertTrue(own)
        self.assertEqual(self._get_wip(JUNE)["wip"], 900 + 250)


class TestWipAccess(WipCommon):
    """Officers see their companies, project managers their projects."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_rule(price=90)
        cls._create_entry(10)
        cls.other = cls._create_project("Shop", user_id=cls.clerk.id)
        cls._create_rule(price=50, project=cls.other)
        cls._create_entry(1, project=cls.other, task=cls._create_task("S", cls.other))

    def test_manager_sees_own_projects_only(self):
        both = self.project | self.other
        self.assertEqual(self._get_wip(JUNE, projects=both)["wip"], 950)
        own = self._get_wip(JUNE, projects=both, user=self.manager)
        self.assertEqual(own["wip"], 900)

    def test_manager_sums_own_projects_only(self):
        wip = self.env["project.billing.wip"].with_user(self.manager)
        groups = wip._in_period(JUNE, JUNE).formatted_read_group(
            [], ["project_id"], ["wip:sum"]
        )
        self.assertEqual([group["wip:sum"] for group in groups], [900])

    def test_other_company_is_not_seen(self):
        company = self.setup_other_company(name="Elsewhere")["company"]
        project = self._create_project("Abroad", company_id=company.id)
        self.env["project.billing.rule"].with_company(company).create(
            {
                "project_id": project.id,
                "company_id": company.id,
                "price": 100,
                "bill_from": "2000-01-01",
            }
        )
        self._create_entry(
            10,
            project=project,
            task=self._create_task("Abroad", project),
            employee=self._create_employee("Cleo", company_id=company.id),
            company_id=company.id,
        )
        self.assertFalse(self._get_wip(JUNE, projects=project)["wip"])
        self.clerk.write(
            {"company_ids": [Command.set(company.ids)], "company_id": company.id}
        )
        self.assertEqual(self._get_wip(JUNE, projects=project)["wip"], 1000)
        self.assertFalse(self._get_wip(JUNE)["wip"])

    def test_two_periods_in_one_transaction_do_not_mix(self):
        wip = self.env["project.billing.wip"].with_user(self.clerk)
        may = wip._in_period(date(2026, 5, 1), date(2026, 5, 31))
        june = wip._in_period(date(2026, 6, 1), JUNE)
        row = june.search([("project_id", "=", self.project.id)])
        self.assertEqual(row.wip, 900)
        self.assertFalse(may.search([("project_id", "=", self.project.id)]))
        july = row.with_context(billing_wip_from="2026-07-01", billing_wip_to=JULY)
        self.assertEqual((row.worked, july.worked), (900, 0))

    def test_projects_are_summed_for_other_code(self):
        wip = self.env["project.billing.wip"].with_user(self.clerk)
        found = wip._get_by_project(JUNE, self.project | self.other)
        self.assertEqual(found, {self.project.id: (900, 0), self.other.id: (50, 0)})
