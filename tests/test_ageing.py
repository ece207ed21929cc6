"""The ageing as of any day: borders, ties with the ledger, who sees what, the files."""

import base64
import io
from datetime import date, datetime, timedelta

from openpyxl import load_workbook

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form

from .test_tracker import TODAY, TrackerCommon

NAMES = (
    "current",
    "1_30",
    "31_60",
    "61_90",
    "90_more",
    "retained",
    "unmatched",
    "total",
)


class AgeingCommon(TrackerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(
            "milestone",
            payment_term_id=cls.env.ref("account.account_payment_term_immediate").id,
        )
        cls.item = cls._create_item(cls.rule, amount=1000)

    def _invoice(self, day=date(2026, 6, 1)):
        self.item.date_ready = date(2026, 5, 20)
        invoice = self._bill(day)
        invoice.action_post()
        return invoice

    def _create_report(self, user=None, **kwargs):
        self.env.flush_all()
        self.env.invalidate_all()  # each question of a person is a new transaction
        reports = self.env["project.billing.ageing.report"]
        return reports.with_user(user or self.clerk).create({"date": TODAY, **kwargs})

    def _get_amounts(self, **kwargs):
        """Return ``{column: amount}`` of the totals, zeros left out."""
        totals = self._create_report(**kwargs)._get_values()["totals"]
        return {
            name: totals[f"amount_{name}"] for name in NAMES if totals[f"amount_{name}"]
        }

    def _pay_in_advance(self, amount, **kwargs):
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_id": self.customer.id,
                "amount": amount,
                "date": TODAY,
                **kwargs,
            }
        )
        payment.action_post()
        return payment


class TestAgeing(AgeingCommon):
    def test_borders_of_the_columns(self):
        """Case C19: due today is current, one day late is 1-30, 91 is over 90."""
        term = self._invoice().line_ids.filtered("date_maturity")
        for days, column in (
            (-1, "current"),
            (0, "current"),
            (1, "1_30"),
            (30, "1_30"),
            (31, "31_60"),
            (60, "31_60"),
            (61, "61_90"),
            (90, "61_90"),
            (91, "90_more"),
        ):
            with self.subTest(days=days):
                term.date_maturity = TODAY - timedelta(days=days)
                self.assertEqual(self._get_amounts(), {column: 1000, "total": 1000})

    def test_fifteen_day_terms_sixteen_days_old_are_one_day_late(self):
        """Case C19, second part."""
        self.rule.payment_term_id = self.env["account.payment.term"].create(
            {
                "name": "15 days",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 15}
                    )
                ],
            }
        )
        self._invoice(TODAY - timedelta(days=16))
        report = self._create_report(show_documents=True)
        [group] = report._get_values()["groups"]
        self.assertEqual(group["documents"][0]["days"], 1)
        self.assertEqual(self._get_amounts(), {"1_30": 1000, "total": 1000})

    def test_instalments_part_payment_and_credit(self):
        """Case C20: 60/100/40; 40 paid leaves 20/100/40, a credit of 100 0/20/40."""
        self.item.amount = 200
        self.rule.payment_term_id = self.env["account.payment.term"].create(
            {
                "name": "30/50/20",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": part, "nb_days": days}
                    )
                    for part, days in ((30, 0), (50, 30), (20, 60))
                ],
            }
        )
        invoice = self._invoice()
        self._pay(invoice, 40)
        self.assertEqual(self._get_open(), [20, 100, 40])
        credit = self._reverse(invoice, "price_reduction", post=False)
        credit.invoice_line_ids.price_unit = 100
        credit.action_post()
        lines = (invoice | credit).line_ids.filtered(
            lambda x: x.account_type == "asset_receivable" and not x.reconciled
        )
        lines.reconcile()
        self.assertEqual(self._get_open(), [20, 40])
        # due on 1 June, 1 and 31 July
        self.assertEqual(self._get_amounts(), {"current": 40, "1_30": 20, "total": 60})

    def _get_open(self):
        [group] = self._create_report(show_documents=True)._get_values()["groups"]
        return [row["amounts"]["amount_total"] for row in group["documents"]]

    def test_a_credit_that_is_not_matched_stands_apart(self):
        invoice = self._invoice()
        self._pay_in_advance(77)
        credit = self._reverse(invoice, "price_reduction", post=False)
        credit.invoice_line_ids.price_unit = 100
        credit.action_post()
        credit.line_ids.filtered("date_maturity").remove_move_reconcile()
        values = self._create_report()._get_values()
        self.assertEqual(values["totals"]["amount_unmatched"], -177)
        self.assertEqual(values["totals"]["amount_total"], 823)

    def test_the_total_is_the_ledgers_at_any_day(self):
        invoice = self._invoice()
        self._pay(invoice, 450.1, date(2026, 7, 1))
        self._pay_in_advance(77, date=date(2026, 7, 10))
        for day, ledger in (
            (date(2026, 5, 31), 0),
            (date(2026, 6, 1), 1000),
            (date(2026, 6, 30), 1000),
            (date(2026, 7, 1), 549.9),
            (date(2026, 7, 9), 549.9),
            (date(2026, 7, 10), 472.9),
            (TODAY + timedelta(days=400), 472.9),
        ):
            with self.subTest(day=day):
                values = self._create_report(date=day)._get_values()
                self.assertEqual(values["ledger"], ledger)
                self.assertEqual(values["difference"], 0)

    def test_what_is_retained_stands_apart_until_it_is_due(self):
        self.rule.retention_percentage = 10
        invoice = self._invoice()
        self.assertEqual(
            self._get_amounts(), {"31_60": 900, "retained": 100, "total": 1000}
        )
        share = invoice.line_ids.filtered("billing_is_retention")
        share.date_maturity = TODAY - timedelta(days=1)
        self.assertEqual(
            self._get_amounts(), {"1_30": 100, "31_60": 900, "total": 1000}
        )

    def test_groups_by_customer_project_and_manager(self):
        self._invoice()
        self._pay_in_advance(77)
        for group_by, groups in (
            ("partner_id", [("Northwind", 923)]),
            ("project_id", [("Website", 1000), ("Without project", -77)]),
            (
                "user_id",
                [(self.manager.name, 1000), ("Without project manager", -77)],
            ),
        ):
            with self.subTest(group_by=group_by):
                values = self._create_report(group_by=group_by)._get_values()
                self.assertEqual(
                    [
                        (group["name"], group["amounts"]["amount_total"])
                        for group in values["groups"]
                    ],
                    groups,
                )

    def test_foreign_currency_is_told_beside_the_companys(self):
        self.rule.currency_id = euro = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0)]
        )
        self._pay(self._invoice(), 300)
        report = self._create_report(show_documents=True)
        [group] = report._get_values()["groups"]
        self.assertEqual(group["amounts"]["amount_total"], 350)
        self.assertEqual(group["currencies"], [(euro, 700)])
        self.assertEqual(group["documents"][0]["in_currency"], 700)
        self.assertEqual(report._get_values()["difference"], 0)

    def test_payables_are_an_option(self):
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.customer.id,
                "invoice_date": date(2026, 6, 1),
                "invoice_date_due": date(2026, 6, 20),
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create({"name": "Tiles", "price_unit": 50, "tax_ids": []})
                ],
            }
        )
        bill.action_post()
        self.assertEqual(self._get_amounts(), {})
        report = self._create_report(side="payable")
        self.assertEqual(report._get_values()["totals"]["amount_1_30"], 50)
        self.assertEqual(report._get_values()["ledger"], 50)
        self.assertEqual(report._get_values()["difference"], 0)

    def test_the_screen_follows_the_day(self):
        self._invoice()
        form = Form(self.env["project.billing.ageing.report"].with_user(self.clerk))
        self.assertEqual(form.date, TODAY)
        self.assertIn("1,000.00", form.table)
        self.assertIn("Ledger balance", form.table)
        form.date = date(2026, 5, 1)
        self.assertIn("Nothing was open", form.table)

    def test_documents_open_as_of_the_day(self):
        invoice = self._invoice()
        self._pay(invoice, 1000, date(2026, 7, 1))
        report = self._create_report(date=date(2026, 6, 30), group_by="project_id")
        action = report.action_view_documents()
        self.assertEqual(action["views"][0][1], "list")
        self.assertEqual(report.action_view_pivot()["views"][0][1], "pivot")
        rows = self.env["project.billing.ageing"].with_user(self.clerk)
        rows = rows.with_context(**action["context"]).search(action["domain"])
        self.assertEqual(rows.amount_total, 1000)
        self.assertEqual(rows.action_open_source()["res_id"], invoice.id)


class TestAgeingAccess(AgeingCommon):
    def setUp(self):
        super().setUp()
        self._invoice()
        self.foreign = self._create_project("Foreign", user_id=self.administrator.id)
        rule = self._create_rule("milestone", project=self.foreign)
        self._create_item(rule, amount=5).date_ready = date(2026, 5, 20)
        self._bill(date(2026, 6, 1), self.foreign).action_post()
        self._pay_in_advance(77)

    def test_project_manager_sees_own_projects_without_accounting_rights(self):
        report = self._create_report(user=self.manager, show_documents=True)
        values = report._get_values()
        self.assertEqual(values["totals"]["amount_total"], 1000)
        self.assertIsNone(values["ledger"])
        self.assertTrue(values["groups"][0]["documents"][0]["document"])
        html = self._render(report)
        self.assertIn("1,000.00", html)
        self.assertNotIn("Ledger balance", html)

    def _render(self, report):
        reports = self.env["ir.actions.report"].with_user(report.env.user)
        name = "project_invoice_tracker.report_billing_ageing"
        return reports._render_qweb_html(name, report.ids)[0].decode()

    def test_nobody_prints_anothers_report(self):
        report = self._create_report(user=self.clerk)
        self.assertIn("928.00", self._render(report))
        with self.assertRaises(AccessError):
            self._render(report.with_user(self.manager))
        with self.assertRaises(AccessError):
            report.with_user(self.manager).read(["table"])

    def test_rows_of_others_are_not_read_by_rpc(self):
        facts = self.env["project.billing.ageing"].with_user(self.manager)
        groups = facts.formatted_read_group([], ["project_id"], ["amount_total:sum"])
        self.assertEqual([group["amount_total:sum"] for group in groups], [1000])
        hidden = self.env["project.billing.ageing"].with_user(self.clerk)
        hidden = hidden.search([("project_id", "=", self.foreign.id)])
        self.assertTrue(hidden)
        with self.assertRaises(AccessError):
            hidden.with_user(self.manager).read(["amount_total"])

    def test_another_companys_report_is_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        for user in (self.manager, self.clerk):
            report = self._create_report(user=user).sudo()
            report.company_id = other
            with self.assertRaises(AccessError):
                report.with_user(user)._get_values()

    def test_two_companies_are_two_reports(self):
        other = self.setup_other_company(name="Other")["company"]
        self.clerk.company_ids |= other
        move = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": TODAY,
                    "invoice_line_ids": [
                        Command.create({"name": "Work", "price_unit": 3, "tax_ids": []})
                    ],
                }
            )
        )
        move.action_post()
        for company, total in ((self.company, 928), (other, 3)):
            report = self._create_report(company_id=company.id)
            values = report._get_values()
            self.assertEqual(values["totals"]["amount_total"], total)
            self.assertEqual(values["difference"], 0)


class TestAgeingFile(AgeingCommon):
    def _read(self, report):
        content = base64.b64decode(report.xlsx)
        return load_workbook(io.BytesIO(content), data_only=True).active

    def test_the_file_has_the_figures_of_the_report(self):
        self.rule.currency_id = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0)]
        )
        self.customer.name = "=1+1"  # a name is never a formula
        self._invoice()
        self._pay_in_advance(77)
        report = self._create_report(show_documents=True)
        sheet = self._read(report)
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
        self.assertEqual(rows[0][:3], ["Customer", "Document", "Customer"])
        self.assertEqual(sheet["B2"].value, datetime(2026, 7, 15))
        invoice, payment, total = rows[1:4]
        self.assertEqual(invoice[0], "=1+1")
        self.assertEqual(invoice[3:8], [datetime(2026, 6, 1)] * 2 + [44, "EUR", 1000])
        self.assertEqual(invoice[8:], [0, 0, 500, 0, 0, 0, 0, 500])
        self.assertEqual(payment[14:], [-77, -77])
        self.assertEqual(total[8:], [0, 0, 500, 0, 0, 0, -77, 423])
        self.assertEqual(rows[5][0], "Ledger balance")
        self.assertEqual((rows[5][-1], rows[6][-1]), (423, 0))
        self.assertEqual(sheet.freeze_panes, "B5")

    def test_totals_are_formulas_over_the_groups(self):
        self._invoice()
        report = self._create_report()
        content = base64.b64decode(report.xlsx)
        sheet = load_workbook(io.BytesIO(content)).active
        self.assertEqual(sheet["I6"].value, "=SUM(I5)")
        self.assertEqual(sheet["I5"].number_format, "#,##0.00")

    def test_an_empty_day_makes_an_empty_file(self):
        sheet = self._read(self._create_report(date=date(2000, 1, 1)))
        self.assertEqual(sheet["A5"].value, "Total")
        self.assertEqual(sheet["I5"].value, 0)
