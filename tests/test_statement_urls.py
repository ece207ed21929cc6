"""Reports and files by their address: a session of a real user, and its limits."""

import io
from datetime import date

from openpyxl import load_workbook

from odoo import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .test_statement import StatementCommon

PDF = "/report/html/project_invoice_tracker"


@tagged("post_install", "-at_install")
class TestStatementUrls(StatementCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self._invoice()
        self.foreign = self._create_project("Foreign", user_id=self.administrator.id)
        rule = self._create_rule("milestone", project=self.foreign)
        self._create_item(rule, amount=5).date_ready = date(2026, 5, 20)
        self._bill(date(2026, 6, 1), self.foreign).action_post()

    def _open(self, user, url):
        self.env.flush_all()
        self.authenticate(user.login, user.login)
        return self.url_open(url)

    def _create_ageing(self, user):
        reports = self.env["project.billing.ageing.report"].with_user(user)
        return reports.create({"date": date(2026, 7, 15), "show_documents": True})

    @mute_logger("odoo.http")  # refusals are what it wants
    def test_a_statement_opens_for_its_project_manager_only(self):
        own = self._make(user=self.manager)
        foreign = self._make(projects=self.foreign)
        answer = self._open(self.manager, f"{PDF}.report_statement/{own.id}")
        self.assertIn("1,000.00", answer.text)
        for path in (foreign.id, f"{own.id},{foreign.id}"):
            answer = self._open(self.manager, f"{PDF}.report_statement/{path}")
            self.assertGreaterEqual(answer.status_code, 400)
            self.assertNotIn("Foreign", answer.text)

    @mute_logger("odoo.http")  # refusals are what it wants
    def test_an_ageing_opens_for_who_asked_only(self):
        report = self._create_ageing(self.clerk)
        url = f"{PDF}.report_billing_ageing/{report.id}"
        self.assertIn("Ledger balance", self._open(self.clerk, url).text)
        answer = self._open(self.manager, url)
        self.assertGreaterEqual(answer.status_code, 400)
        self.assertNotIn("Ledger balance", answer.text)

    @mute_logger("odoo.http")  # refusals are what it wants
    def test_a_context_in_the_address_shows_nothing_more(self):
        other = self.env["res.company"].create({"name": "Other"})
        report = self._create_ageing(self.manager)
        url = (
            f"{PDF}.report_billing_ageing/{report.id}"
            f'?context={{"allowed_company_ids":[{self.company.id},{other.id}]}}'
        )
        self.assertNotIn("Foreign", self._open(self.manager, url).text)
        own = self._open(self.manager, url.split("?")[0]).text
        self.assertIn("1,000.00", own)
        self.assertNotIn("Ledger balance", own)

    @mute_logger("odoo.http")  # refusals are what it wants
    def test_the_spreadsheet_is_downloaded_by_who_asked_only(self):
        report = self._create_ageing(self.manager)
        url = report.action_export()["url"]
        sheet = load_workbook(io.BytesIO(self._open(self.manager, url).content)).active
        names = {cell.value for cell in sheet["A"]}
        self.assertIn(self.customer.name, names)
        totals = [row[-1].value for row in sheet.iter_rows(min_row=5) if row[1].value]
        self.assertEqual(sum(totals), 1000)
        answer = self._open(self.ann_user, url)
        self.assertGreaterEqual(answer.status_code, 400)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann_user = cls._create_user("ann", "project.group_project_user")
        cls.ann_user.company_ids = [Command.set(cls.company.ids)]
