import base64
from datetime import date

import psycopg2

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from odoo.addons.project_invoice_tracker.exceptions import (
    BillingRuleError,
    LockedError,
)

from .common import ADDON, BillingCommon

FILE = base64.b64encode(b"signed")


class DocumentCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sheet = cls.env.ref(f"{ADDON}.document_type_time_sheet")
        cls.acceptance = cls.env.ref(f"{ADDON}.document_type_acceptance")

    @classmethod
    def _create_needy(cls, billing_type="milestone", types=None, **kwargs):
        types = types or cls.acceptance
        return cls._create_rule(
            billing_type, document_type_ids=[Command.set(types.ids)], **kwargs
        )

    def _file(self, rule, document_type, user=None, **kwargs):
        """File a document, as the project manager does."""
        return (
            self.env["project.billing.document"]
            .with_user(user or self.manager)
            .create(
                {
                    "rule_id": rule.id,
                    "type_id": document_type.id,
                    "file": FILE,
                    "file_name": "signed.pdf",
                    **kwargs,
                }
            )
        )

    def _create_ready(self, rule, **kwargs):
        item = self._create_item(rule, amount=100, **kwargs)
        item._set_ready()
        item.date_ready = date(2026, 6, 15)
        return item


class TestItemDocuments(DocumentCommon):
    def test_item_without_its_document_says_what_is_missing(self):
        rule = self._create_needy(types=self.acceptance | self.sheet)
        self._create_ready(rule)
        run = self._propose()
        line = self._get_lines(run, "skipped")
        self.assertEqual(line.reason_code, "document_missing")
        self.assertIn("Signed time sheet, Acceptance", line.reason)
        self.assertFalse(self._get_lines(run, "proposed"))

    def test_filed_document_makes_the_item_ready(self):
        rule = self._create_needy()
        item = self._create_ready(rule)
        self._file(rule, self.acceptance, item_id=item.id)
        self.assertEqual(self._bill().amount_untaxed, 100)

    def test_document_of_another_item_does_not_help(self):
        rule = self._create_needy()
        first = self._create_ready(rule, name="First")
        second = self._create_ready(rule, name="Second")
        self._file(rule, self.acceptance, item_id=second.id)
        run = self._propose()
        self.assertEqual(self._get_lines(run, "proposed").item_id, second)
        self.assertEqual(self._get_lines(run, "skipped").item_id, first)

    def test_one_of_two_documents_is_not_enough(self):
        rule = self._create_needy(types=self.acceptance | self.sheet)
        item = self._create_ready(rule)
        self._file(rule, self.acceptance, item_id=item.id)
        reason = self._get_lines(self._propose(), "skipped").reason
        self.assertIn("Signed time sheet", reason)
        self.assertNotIn("Acceptance", reason)

    def test_document_of_the_rule_is_for_all_its_items(self):
        rule = self._create_needy()
        self._create_ready(rule, name="First")
        self._create_ready(rule, name="Second")
        self._file(rule, self.acceptance)
        self.assertEqual(self._bill().amount_untaxed, 200)

    def test_deposit_needs_no_document(self):
        self.env.ref(f"{ADDON}.product_project_deposit").taxes_id = [Command.clear()]
        rule = self._create_needy(deposit_type="amount", deposit_amount=50, amount=100)
        rule.deposit_item_ids.date_ready = date(2026, 6, 1)
        self.assertEqual(self._bill().amount_untaxed, 50)

    def test_document_deleted_after_the_review_stops_the_invoice(self):
        rule = self._create_needy()
        item = self._create_ready(rule)
        document = self._file(rule, self.acceptance, item_id=item.id)
        run = self._propose()
        document.unlink()
        run.action_invoice()
        self.assertFalse(run.move_ids)
        self.assertEqual(run.line_ids.reason_code, "document_missing")

    def test_document_that_an_invoice_relies_on_stays(self):
        rule = self._create_needy()
        item = self._create_ready(rule)
        document = self._file(rule, self.acceptance, item_id=item.id)
        invoice = self._bill()
        invoice.action_post()
        with self.assertRaises(LockedError) as caught:
            document.unlink()
        self.assertIn(invoice.name, str(caught.exception))
        with self.assertRaises(LockedError):
            document.file = base64.b64encode(b"other")


class TestTimeDocuments(DocumentCommon):
    def test_time_without_a_signed_sheet_is_left_out(self):
        self._create_needy("timesheet", self.sheet, price=100)
        self._create_entry(8)
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"document_missing": 8})
        self.assertIn("06/15/2026", self._get_lines(run, "skipped").reason)

    def test_signed_days_are_billed_the_others_wait(self):
        rule = self._create_needy("timesheet", self.sheet, price=100)
        inside = self._create_entry(8, date(2026, 5, 31))
        outside = self._create_entry(2, date(2026, 6, 1))
        self._file(
            rule, self.sheet, date_from=date(2026, 5, 1), date_to=date(2026, 5, 31)
        )
        run = self._propose()
        self.assertEqual(self._get_lines(run, "proposed").entry_ids, inside)
        self.assertEqual(self._get_lines(run, "proposed").amount, 800)
        self.assertEqual(self._get_lines(run, "skipped").entry_ids, outside)
        run.action_invoice()
        self.assertEqual(run.move_ids.amount_untaxed, 800)
        self.assertConserved()
        self._file(
            rule, self.sheet, date_from=date(2026, 6, 1), date_to=date(2026, 6, 30)
        )
        self.assertEqual(self._bill().amount_untaxed, 200)

    def test_first_and_last_day_are_included(self):
        rule = self._create_needy("timesheet", self.sheet, price=100)
        for day in (date(2026, 6, 1), date(2026, 6, 30)):
            self._create_entry(1, day)
        self._file(
            rule, self.sheet, date_from=date(2026, 6, 1), date_to=date(2026, 6, 30)
        )
        self.assertEqual(self._bill().amount_untaxed, 200)

    def test_time_of_a_rule_without_documents_is_not_asked(self):
        self._create_rule(price=100)
        self._create_entry(8)
        self.assertEqual(self._bill().amount_untaxed, 800)

    def test_two_payers_wait_for_the_same_sheet(self):
        rule = self._create_needy("timesheet", self.sheet, price=100)
        other = self.env["res.partner"].create({"name": "Second"})
        rule.payer_ids = [
            Command.create({"partner_id": self.customer.id, "percentage": 50}),
            Command.create({"partner_id": other.id, "percentage": 50}),
        ]
        self._create_entry(8, date(2026, 5, 31))
        self._create_entry(2, date(2026, 6, 1))
        self._file(
            rule, self.sheet, date_from=date(2026, 5, 1), date_to=date(2026, 5, 31)
        )
        invoices = self._bill()
        self.assertEqual(invoices.mapped("amount_untaxed"), [400, 400])


class TestDocumentsAttached(DocumentCommon):
    def _bill_with(self, attach):
        rule = self._create_needy(document_attach=attach)
        item = self._create_ready(rule)
        other = self._create_item(rule, name="Other", amount=100)
        self._file(rule, self.acceptance, item_id=item.id)
        self._file(rule, self.acceptance, item_id=other.id, file_name="another.pdf")
        invoice = self._bill()
        invoice.action_post()
        return invoice

    def test_documents_go_along_where_the_rule_says_so(self):
        invoice = self._bill_with(True)
        files = invoice.billing_document_attachment_ids
        self.assertEqual(files.mapped("name"), ["signed.pdf"])
        self.assertEqual(base64.b64decode(files.datas), b"signed")
        widget = self.env["account.move.send"]._get_default_mail_attachments_widget(
            invoice, self.env.ref("account.email_template_edi_invoice")
        )
        self.assertIn(files.id, [values["id"] for values in widget])

    def test_documents_stay_at_home_by_default(self):
        self.assertFalse(self._bill_with(False).billing_document_attachment_ids)

    def test_posting_again_attaches_them_once(self):
        invoice = self._bill_with(True)
        invoice.button_draft()
        invoice.action_post()
        self.assertEqual(len(invoice.billing_document_attachment_ids), 1)


class TestDocumentInput(DocumentCommon):
    def test_item_of_another_rule_is_refused(self):
        rule, other = self._create_needy(), self._create_needy()
        item = self._create_ready(other)
        with self.assertRaises(BillingRuleError):
            self._file(rule, self.acceptance, item_id=item.id)

    @mute_logger("odoo.sql_db")
    def test_period_needs_two_days_in_order(self):
        rule = self._create_needy("timesheet", self.sheet)
        for values in (
            {"date_from": date(2026, 6, 2), "date_to": date(2026, 6, 1)},
            {"date_from": date(2026, 6, 2)},
        ):
            with (
                self.subTest(values=values),
                self.assertRaises(psycopg2.errors.CheckViolation),
            ):
                self._file(rule, self.sheet, **values)

    def test_manager_of_another_project_files_nothing_here(self):
        rule = self._create_needy()
        stranger = self._create_user(
            "stranger", "base.group_user,project.group_project_user"
        )
        with self.assertRaises(AccessError):
            self._file(rule, self.acceptance, stranger)

    def test_who_and_when_is_kept(self):
        rule = self._create_needy()
        document = self._file(rule, self.acceptance)
        self.assertEqual(document.user_id, self.manager)
        self.assertEqual(document.date, self.company._get_billing_today())

    def test_document_of_another_company_is_not_seen(self):
        rule = self._create_needy()
        document = self._file(rule, self.acceptance)
        second = self.setup_other_company()["company"]
        outsider = self._create_user(
            "outsider",
            "base.group_user,account.group_account_invoice",
        )
        outsider.write(
            {"company_ids": [Command.set(second.ids)], "company_id": second.id}
        )
        found = self.env["project.billing.document"].with_user(outsider).search([])
        self.assertNotIn(document, found)
