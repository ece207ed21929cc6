import io
from datetime import date

from openpyxl import load_workbook
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .common import ADDON
from .wip_common import JUNE, WipCommon


class MonthEndCommon(WipCommon):
    """9,600 of work in progress on 30 June; accounts are set."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=120)
        cls._create_entry(80, billing_confirmed=True)
        cls.accrued = cls.env["account.account"].create(
            {
                "name": "Accrued income",
                "code": "140900",
                "account_type": "asset_current",
            }
        )
        cls.company.billing_accrual_account_id = cls.accrued
        cls.revenue = cls.company_data["default_account_revenue"]
        cls.company.billing_accrual_income_account_id = cls.revenue

    def _create_page(self, day=JUNE, user=None):
        pages = self.env["project.billing.month.end"].with_user(user or self.clerk)
        return pages.create({"company_id": self.company.id, "date": day})

    def _get_balances(self, move):
        return {
            (line.account_id, line.name.split(":")[0]): line.balance
            for line in move.line_ids
        }


class TestAccrual(MonthEndCommon):
    def test_accrual_and_its_reversal_on_the_first_of_the_next_month(self):
        page = self._create_page()
        self.assertEqual(page.wip, 9600)
        page.action_post_accrual()
        accrual, reversal = page.accrual_move_id, page.reversal_move_id
        self.assertEqual((accrual.date, accrual.state), (JUNE, "draft"))
        self.assertEqual(reversal.date, date(2026, 7, 1))
        self.assertEqual(
            self._get_balances(accrual),
            {(self.accrued, "Website"): 9600, (self.revenue, "Website"): -9600},
        )
        self.assertEqual(
            self._get_balances(reversal),
            {(self.accrued, "Website"): -9600, (self.revenue, "Website"): 9600},
        )
        self.assertEqual(page.accrued_amount, 9600)

    def test_pressed_twice_there_is_still_one(self):
        page = self._create_page()
        page.action_post_accrual()
        first = page.accrual_move_id | page.reversal_move_id
        page.action_post_accrual()
        self.assertFalse(first.exists())
        moves = self.env["account.move"].search(
            [("line_ids.account_id", "=", self.accrued.id)]
        )
        self.assertEqual(moves, page.accrual_move_id | page.reversal_move_id)

    def test_pressed_again_it_follows_the_work(self):
        page = self._create_page()
        page.action_post_accrual()
        self._create_entry(10)
        page.action_refresh()
        self.assertIn("post the accrual again", page.accrual_warning)
        page.action_post_accrual()
        self.assertEqual(page.accrued_amount, 10800)
        self.assertFalse(page.accrual_warning)

    def test_accrual_of_nothing_removes_the_drafts(self):
        page = self._create_page()
        page.action_post_accrual()
        self._post_bill(JUNE)
        action = page.action_post_accrual()
        self.assertEqual(action["tag"], "display_notification")
        self.assertFalse(page.accrual_move_id | page.reversal_move_id)

    def test_each_project_has_its_lines_and_its_analytic_account(self):
        shop = self._create_project("Shop")
        self._create_rule(price=50, project=shop)
        self._create_entry(1, project=shop, task=self._create_task("Shop", shop))
        page = self._create_page()
        page.action_post_accrual()
        incomes = page.accrual_move_id.line_ids.filtered(
            lambda line: line.account_id == self.revenue
        )
        found = {
            line.name.split(":")[0]: line.analytic_distribution for line in incomes
        }
        self.assertEqual(
            found,
            {
                "Website": {str(self.project.account_id.id): 100},
                "Shop": {str(shop.account_id.id): 100},
            },
        )
        self.assertEqual(sorted(incomes.mapped("credit")), [50, 9600])

    def test_posting_the_accrual_posts_its_reversal(self):
        page = self._create_page()
        page.action_post_accrual()
        page.accrual_move_id.action_post()
        self.assertEqual(page.accrual_move_id.state, "posted")
        self.assertEqual(page.reversal_move_id.state, "posted")
        self.assertEqual(page.reversal_move_id.date, date(2026, 7, 1))

    @freeze_time("2026-06-30")
    def test_reversal_of_a_later_day_waits_for_its_date(self):
        page = self._create_page()
        page.action_post_accrual()
        page.accrual_move_id.action_post()
        reversal = page.reversal_move_id
        self.assertEqual((reversal.state, reversal.auto_post), ("draft", "at_date"))
        with freeze_time("2026-07-01"), self.enter_registry_test_mode():
            cron = self.env.ref("account.ir_cron_auto_post_draft_entry")
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()
        self.assertEqual(reversal.state, "posted")

    def test_reversal_without_its_accrual_is_refused(self):
        page = self._create_page()
        page.action_post_accrual()
        with self.assertRaisesRegex(BillingError, "is not posted"):
            page.reversal_move_id.action_post()

    def test_posted_accrual_is_not_replaced(self):
        page = self._create_page()
        page.action_post_accrual()
        page.accrual_move_id.action_post()
        with self.assertRaisesRegex(BillingError, "reset it to draft"):
            page.action_post_accrual()

    def test_accrual_reset_to_draft_is_replaced_and_kept_as_cancelled(self):
        page = self._create_page()
        page.action_post_accrual()
        first = page.accrual_move_id | page.reversal_move_id
        page.accrual_move_id.action_post()
        page.accrual_move_id.button_draft()
        self.assertEqual(first.mapped("state"), ["draft", "draft"])
        self._create_entry(10)
        page.action_post_accrual()
        self.assertEqual(page.accrued_amount, 10800)
        live = self.env["account.move"].search(
            [("line_ids.account_id", "=", self.accrued.id), ("state", "!=", "cancel")]
        )
        self.assertEqual(live, page.accrual_move_id | page.reversal_move_id)

    def test_deleted_accrual_takes_its_reversal_along(self):
        page = self._create_page()
        page.action_post_accrual()
        reversal = page.reversal_move_id
        page.accrual_move_id.unlink()
        self.assertFalse(reversal.exists())
        self.assertFalse(page.accrual_move_id)

    def test_locked_month_is_refused_with_its_lock_date(self):
        page = self._create_page()
        self.company.fiscalyear_lock_date = JUNE
        with self.assertRaisesRegex(BillingError, "locked up to 06/30/2026"):
            page.action_post_accrual()

    def test_month_locked_before_posting_is_refused(self):
        page = self._create_page()
        page.action_post_accrual()
        self.company.fiscalyear_lock_date = JUNE
        with self.assertRaisesRegex(BillingError, "locked up to"):
            page.accrual_move_id.action_post()

    def test_missing_account_says_where_to_set_it(self):
        self.company.billing_accrual_account_id = False
        self.company.revenue_accrual_account_id = False
        with self.assertRaisesRegex(BillingError, "Settings > Month-end"):
            self._create_page().action_post_accrual()

    def test_accounts_of_the_host_are_the_default(self):
        self.company.write(
            {
                "billing_accrual_account_id": False,
                "billing_accrual_income_account_id": False,
                "revenue_accrual_account_id": self.accrued.id,
            }
        )
        income = self.revenue.copy({"code": "400999"})
        self.hours_product.with_company(
            self.company
        ).property_account_income_id = income
        page = self._create_page()
        page.action_post_accrual()
        accounts = page.accrual_move_id.line_ids.account_id
        self.assertEqual(accounts, self.accrued | income)

    def test_accrued_income_is_no_cost_of_the_project(self):
        rule = self._create_rule(
            "progress", amount=1000, progress_source="cost", expected_cost=100
        )
        page = self._create_page()
        page.action_post_accrual()
        page.accrual_move_id.action_post()
        costs = self.env["project.billing.type.progress"]._get_costs(rule)
        self.assertEqual(costs[rule.id][0], 0)

    def test_manager_does_not_see_month_ends(self):
        page = self._create_page()
        with self.assertRaises(AccessError):
            page.with_user(self.manager).read(["wip"])
        with self.assertRaises(AccessError):
            page.with_user(self.manager).action_post_accrual()

    def test_state_and_entries_are_set_by_buttons_only(self):
        page = self._create_page()
        page.action_post_accrual()
        for values in ({"state": "closed"}, {"accrual_move_id": False}):
            with self.assertRaises(AccessError):
                page.write(values)


class TestMonthEndPage(MonthEndCommon):
    def test_any_day_stands_for_its_month(self):
        page = self._create_page(date(2026, 6, 12))
        self.assertEqual((page.date, page.name), (JUNE, "June 2026"))

    def test_month_has_one_page(self):
        self._create_page()
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self._create_page(date(2026, 6, 2))

    def test_missing_time_is_the_calendar_less_what_was_logged(self):
        self.env["project.billing.member"].create(
            {"project_id": self.project.id, "employee_id": self.ben.id}
        )
        page = self._create_page()
        found = {t.employee_id: t for t in page.time_ids}
        # June 2026: 22 working days of 8 hours
        self.assertEqual(found[self.ben].missing_hours, 176)
        self.assertEqual(found[self.ann].expected_hours, 176)
        self.assertEqual(found[self.ann].missing_hours, 96)

    def test_time_off_is_not_missing(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "resource_id": self.ann.resource_id.id,
                "calendar_id": self.ann.resource_calendar_id.id,
                "date_from": "2026-06-15 00:00:00",
                "date_to": "2026-06-15 23:59:59",
            }
        )
        self.assertEqual(self._create_page().time_ids.expected_hours, 168)

    def test_drafts_and_open_lines_are_counted_and_opened(self):
        page = self._create_page()
        self.assertEqual((page.draft_count, page.review_count), (0, 0))
        run = self._propose()
        page.invalidate_recordset()
        self.assertEqual((page.draft_count, page.review_count), (0, 1))
        run.action_invoice()
        page.invalidate_recordset()
        self.assertEqual((page.draft_count, page.review_count), (1, 0))
        action = page.with_context(check="draft").action_open_check()
        moves = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(moves, run.move_ids)

    def test_time_typed_after_the_month_is_late(self):
        # what the tests type is typed today, months after June
        page = self._create_page()
        self.assertEqual(page.late_count, 1)
        self.env.cr.execute(
            "UPDATE account_analytic_line SET create_date = '2026-06-30 23:59:59'"
        )
        page.invalidate_recordset()
        self.assertEqual(page.late_count, 0)

    def test_closed_month_keeps_its_figures(self):
        page = self._create_page()
        page.action_close()
        self.rule.price = 200
        with self.assertRaisesRegex(BillingError, "is closed"):
            page.action_refresh()
        self.assertEqual(page.wip, 9600)
        self.assertEqual(page.closed_user_id, self.clerk)
        page.action_post_accrual()
        self.assertEqual(page.accrued_amount, 9600)

    @freeze_time("2026-06-30")
    def test_month_is_not_closed_before_it_is_over(self):
        with self.assertRaisesRegex(BillingError, "not over yet"):
            self._create_page().action_close()

    def test_used_page_is_not_deleted(self):
        page = self._create_page()
        page.action_post_accrual()
        with self.assertRaisesRegex(BillingError, "closed or accrued"):
            page.unlink()

    def test_other_company_has_its_own_page(self):
        company = self.setup_other_company(name="Elsewhere")["company"]
        page = self.env["project.billing.month.end"].create(
            {"company_id": company.id, "date": JUNE}
        )
        self.assertFalse(page.line_ids)
        with self.assertRaises(AccessError):
            page.with_user(self.clerk).read(["wip"])


@tagged("post_install", "-at_install")
class TestWipExport(MonthEndCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk.password = cls.manager.password = "Northwind-2026"

    def _download(self, record, user=None):
        self.authenticate((user or self.clerk).login, "Northwind-2026")
        return self.url_open(record.action_export_wip()["url"])

    def test_spreadsheet_has_rows_and_sums(self):
        answer = self._download(self._create_page())
        sheet = load_workbook(io.BytesIO(answer.content)).active
        rows = list(sheet.values)
        head = rows[3]
        self.assertEqual(rows[4][head.index("Project")], "Website")
        self.assertEqual(rows[4][head.index("WIP")], 9600)
        self.assertEqual(rows[5][0], "Total")
        self.assertIn("=SUM(", rows[5][head.index("WIP")])

    def test_manager_downloads_own_projects_only(self):
        shop = self._create_project("Shop", user_id=self.clerk.id)
        self._create_rule(price=50, project=shop)
        self._create_entry(1, project=shop, task=self._create_task("Shop", shop))
        report = self.env["project.billing.wip.report"].with_user(self.manager)
        answer = self._download(report.create({"date_to": JUNE}), self.manager)
        rows = list(load_workbook(io.BytesIO(answer.content)).active.values)
        self.assertEqual([row[0] for row in rows[4:]], ["Website", "Total"])

    def test_manager_gets_no_month_end(self):
        page = self._create_page()
        self.assertEqual(self._download(page, self.manager).status_code, 404)

    def test_other_models_are_not_found(self):
        self.authenticate(self.clerk.login, "Northwind-2026")
        answer = self.url_open(f"/project_billing/wip/res.partner/{self.customer.id}")
        self.assertEqual(answer.status_code, 404)

    def test_pdf_shows_the_roll_forward(self):
        page = self._create_page()
        html, _kind = (
            self.env["ir.actions.report"]
            .with_user(self.clerk)
            ._render_qweb_html(f"{ADDON}.project_billing_month_end_pdf", page.ids)
        )
        self.assertIn("9,600.00", html.decode())
        self.assertIn("Website", html.decode())

    def test_report_of_a_reversed_period_is_refused(self):
        report = self.env["project.billing.wip.report"].with_user(self.manager)
        report = report.create({"date_to": JUNE})
        report.date_from = date(2026, 7, 1)
        with self.assertRaisesRegex(BillingError, "ends before it begins"):
            report.action_show()


@tagged("post_install", "-at_install")
class TestMonthEndTour(MonthEndCommon, HttpCase):
    """The accountant closes a month in the browser."""

    def test_refusal_is_read_and_the_accrual_is_posted(self):
        accounts = self.company.billing_accrual_account_id
        self.company.billing_accrual_account_id = False
        self.company.revenue_accrual_account_id = False
        with mute_logger("odoo.http"):
            self.start_tour(
                "/odoo",
                "project_billing_month_end_refused_tour",
                login=self.clerk.login,
            )
        self.company.billing_accrual_account_id = accounts
        self.start_tour(
            "/odoo", "project_billing_month_end_tour", login=self.clerk.login
        )
        self.env.invalidate_all()
        page = self.env["project.billing.month.end"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertRecordValues(page, [{"accrued_amount": 9600, "state": "open"}])
        self.assertEqual(page.accrual_move_id.state, "draft")
        accruals = self.env["account.move.line"].search(
            [("account_id", "=", self.accrued.id)]
        )
        self.assertEqual(accruals.mapped("balance"), [-9600, 9600])
