import io
from datetime import date

from lxml import html
from PyPDF2 import PdfReader

from odoo import Command

from odoo.addons.project_invoice_tracker.exceptions import BillingError, LockedError
from odoo.addons.project_invoice_tracker.hooks import uninstall_hook
from odoo.addons.project_invoice_tracker.report.annex import (
    AnnexRow,
    add_up,
    group_by_line,
    read_annex,
)

from .common import ADDON, BillingCommon


class AnnexCommon(BillingCommon):
    def _get_rows(self, move):
        """Return the rows of the stored annex."""
        return read_annex(move.billing_annex_id.raw)[1]

    def _get_texts(self, move):
        return [row.text for row in self._get_rows(move)]

    def _print(self, move):
        """Return the text of the invoice as it is printed."""
        report = self.env["ir.actions.report"].with_user(self.clerk)
        content, _kind = report._render_qweb_html("account.account_invoices", move.ids)
        return " ".join(html.fromstring(content).text_content().split())


class TestAnnex(AnnexCommon):
    """The annex is frozen at posting: the same bytes whatever happens later."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100, customer_order="PO-77")
        cls.entry = cls._create_entry(8, name="Wireframes")

    def test_draft_has_no_annex_yet(self):
        self.assertFalse(self._bill().billing_annex_id)

    def test_posted_invoice_lists_its_work(self):
        invoice = self._bill()
        invoice.action_post()
        [row] = self._get_rows(invoice)
        self.assertEqual(
            row,
            AnnexRow(
                line=1,
                heading="Design",
                date="2026-06-15",
                person="Ann Archer",
                task="Design",
                text="Wireframes",
                hours="8",
                quantity="8",
                unit="Hours",
                price="100",
                amount="800.00",
            ),
        )

    def test_bytes_stay_when_everything_changes(self):
        run = self._propose()
        self.entry.with_user(self.manager).billing_text = "Wireframes, agreed"
        run.action_invoice()
        invoice = run.move_ids
        invoice.action_post()
        before = invoice.billing_annex_id.raw
        self.assertIn(b"Wireframes, agreed", before)
        self.entry.name = "Something else"
        self.entry.with_user(self.manager).billing_text = "Reworded"
        self.ann.name = "Ann Married"
        self.task.name = "Renamed"
        self.rule.with_user(self.administrator).person_display = "none"
        self.customer.name = "Southwind"
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(invoice.billing_annex_id.raw, before)
        self.assertIn("Wireframes, agreed", self._print(invoice))
        self.assertNotIn("Reworded", self._print(invoice))

    def test_text_edited_in_the_review_appears(self):
        self.entry.with_user(self.manager).billing_text = "Workshop with the customer"
        invoice = self._bill()
        invoice.action_post()
        self.assertEqual(self._get_texts(invoice), ["Workshop with the customer"])

    def test_draft_prints_a_preview_that_follows_changes(self):
        invoice = self._bill()
        self.assertIn("Wireframes", self._print(invoice))
        self.entry.billing_text = "Click dummy"
        self.assertIn("Click dummy", self._print(invoice))

    def test_annex_cannot_be_written_by_hand(self):
        invoice = self._bill()
        invoice.action_post()
        with self.assertRaises(LockedError):
            invoice.with_user(self.clerk).billing_annex_file = b"eA=="

    def test_annex_cannot_be_replaced_or_deleted_as_an_attachment(self):
        invoice = self._bill()
        invoice.action_post()
        annex = invoice.billing_annex_id.with_user(self.clerk)
        with self.assertRaises(LockedError):
            annex.raw = b"x"
        with self.assertRaises(LockedError):
            annex.unlink()

    def test_people_are_shown_as_the_rule_says(self):
        role = self.env["project.role"].create({"name": "Designer"})
        self.entry.billing_role_id = role
        for display, shown in (
            ("name", "Ann Archer"),
            ("initials", "AA"),
            ("role", "Designer"),
            ("none", ""),
        ):
            with self.subTest(display):
                self.rule.person_display = display
                invoice = self._bill()
                invoice.action_post()
                self.assertEqual([r.person for r in self._get_rows(invoice)], [shown])
                invoice.button_draft()
                invoice.button_cancel()
                self.entry.action_billing_release()

    def test_rule_without_annex_makes_none(self):
        self.rule.annex = False
        invoice = self._bill()
        invoice.action_post()
        self.assertFalse(invoice.billing_annex_id)

    def test_invoice_by_hand_has_none(self):
        invoice = self.init_invoice("out_invoice", partner=self.customer, amounts=[10])
        invoice.action_post()
        self.assertFalse(invoice.billing_annex_id)
        with self.assertRaises(BillingError):
            invoice.action_open_billing_annex()

    def test_only_rules_with_annex_are_listed(self):
        silent = self._create_rule(
            "milestone", annex=False, customer_order="PO-77", sequence=20
        )
        item = self._create_item(silent, name="Kick-off", amount=500)
        item.action_set_ready()
        invoice = self._bill(cutoff=date(2030, 1, 1))
        invoice.action_post()
        self.assertEqual(len(invoice.invoice_line_ids), 2)
        self.assertEqual(self._get_texts(invoice), ["Wireframes"])

    def test_milestones_alone_get_no_annex(self):
        project = self._create_project("Fixed price")
        rule = self._create_rule("milestone", project=project)
        self._create_item(rule, name="Kick-off", amount=500).action_set_ready()
        invoice = self._bill(cutoff=date(2030, 1, 1), projects=project)
        self.assertFalse(invoice.billing_has_annex)
        invoice.action_post()
        self.assertFalse(invoice.billing_annex_id)
        self.assertFalse(invoice.billing_has_annex)

    def test_button_opens_the_annex_of_draft_and_posted_invoice(self):
        invoice = self._bill()
        self.assertTrue(invoice.billing_has_annex)
        draft = invoice.action_open_billing_annex()
        invoice.action_post()
        self.assertTrue(invoice.billing_has_annex)
        posted = invoice.action_open_billing_annex()
        for action in (draft, posted):
            self.assertEqual(action["type"], "ir.actions.report")

    def test_milestone_shows_the_day_of_acceptance(self):
        rule = self._create_rule(
            "milestone", annex=True, customer_order="PO-77", sequence=20
        )
        item = self._create_item(rule, name="Go-live", amount=5000, trigger="accepted")
        item.action_set_ready()
        item.date_ready = date(2026, 6, 20)
        invoice = self._bill()
        invoice.action_post()
        row = self._get_rows(invoice)[-1]
        self.assertEqual(
            (row.text, row.date, row.amount, row.hours, row.person),
            ("Go-live", "2026-06-20", "5000.00", "", ""),
        )

    def test_lines_sum_to_the_net_total(self):
        self.rule.write({"price": 99.95, "rounding_method": "none"})
        for minutes in (10, 50, 25, 7):
            self._create_entry(minutes / 60)
        self._create_entry(3, task=self._create_task("Build"))
        invoice = self._bill()
        invoice.invoice_line_ids[0].write({"price_unit": 90, "discount": 10})
        invoice.action_post()
        rows = self._get_rows(invoice)
        for line, (heading, own) in zip(
            invoice.invoice_line_ids, group_by_line(rows), strict=True
        ):
            self.assertEqual(heading, line.name)
            self.assertAlmostEqual(float(add_up(own, "amount")), line.price_subtotal)
        self.assertAlmostEqual(float(add_up(rows, "amount")), invoice.amount_untaxed)
        self.assertIn("Rounding and adjustments", self._get_texts(invoice))

    def test_tax_included_in_prices_is_shown_apart(self):
        tax = self.env["account.tax"].create(
            {"name": "20 incl", "amount": 20, "price_include_override": "tax_included"}
        )
        self.hours_product.taxes_id = [Command.set(tax.ids)]
        invoice = self._bill()
        invoice.action_post()
        rows = self._get_rows(invoice)
        self.assertEqual(rows[-1].text, "Tax included in the prices")
        self.assertAlmostEqual(float(add_up(rows, "amount")), invoice.amount_untaxed)

    def test_late_entries_stand_under_their_month(self):
        self._bill().action_post()
        self._create_entry(2, date(2026, 6, 3), name="Forgotten")
        invoice = self._bill(cutoff=date(2026, 7, 31))
        invoice.action_post()
        [row] = self._get_rows(invoice)
        self.assertEqual(row.heading, "Design (June 2026)")
        self.assertEqual(row.date, "2026-06-03")

    def test_annex_is_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        self.hour.with_context(lang="fr_FR").name = "Heures"
        self.entry.unit_amount = 1.25
        invoice = self._bill()
        invoice.action_post()
        raw = invoice.billing_annex_id.raw.decode()
        self.assertIn(";1,25;", raw)
        [row] = self._get_rows(invoice)
        self.assertEqual((row.hours, row.unit), ("1.25", "Heures"))
        page = self._print(invoice)
        self.assertIn("15/06/2026", page)
        self.assertIn("1,25", page)

    def test_two_companies_each_have_theirs(self):
        other = self.setup_other_company()["company"]
        project = self._create_project("Elsewhere", company_id=other.id)
        self.env.user.company_ids |= other
        for user in (self.clerk, self.manager):
            user.company_ids |= other
        employee = self._create_employee("Cat Cole", company_id=other.id)
        rule = self._create_rule(project=project, company_id=other.id, price=10)
        rule.product_id.with_company(other).taxes_id = [Command.clear()]
        self._create_entry(
            1,
            task=self._create_task("Abroad", project),
            employee=employee,
            company_id=other.id,
        )
        run = self.env["project.billing.run"].create(
            {
                "company_id": other.id,
                "cutoff_date": "2026-06-30",
                "date": "2026-06-30",
                "project_ids": [Command.set(project.ids)],
            }
        )
        run.action_propose()
        run.action_invoice()
        moves = self._bill() | run.move_ids
        moves.action_post()
        self.assertEqual(len(moves), 2)
        for move in moves:
            self.assertEqual(move.billing_annex_id.company_id, move.company_id)
            self.assertEqual(len(self._get_rows(move)), 1)

    # -- credit notes and new versions -------------------------------------------------

    def test_credit_note_lists_the_hours_taken_back(self):
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(invoice, hours={self.entry: 3.5})
        [row] = self._get_rows(credit)
        self.assertEqual(
            (row.text, row.hours, row.quantity, row.amount),
            ("Wireframes", "3.5", "3.5", "350.00"),
        )

    def test_concession_is_listed_without_work(self):
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(
            invoice,
            "price_reduction",
            quantities={invoice.invoice_line_ids: 1},
        )
        [row] = self._get_rows(credit)
        self.assertEqual(
            (row.text, row.hours, row.person, row.amount),
            ("Price reduction", "", "", "100.00"),
        )

    def test_posting_again_makes_a_new_version_and_keeps_the_old(self):
        invoice = self._bill()
        invoice.action_post()
        old = invoice.billing_annex_id
        before = old.raw
        invoice.button_draft()
        self.assertFalse(invoice.billing_annex_id)
        self.entry.billing_text = "Clickable wireframes"
        invoice.action_post()
        self.assertNotEqual(invoice.billing_annex_id, old)
        self.assertEqual(self._get_texts(invoice), ["Clickable wireframes"])
        self.assertEqual(old.raw, before)
        self.assertFalse(old.res_field)
        self.assertIn("detached by", old.name)

    def test_invoice_cancelled_and_drafted_again_is_listed_from_the_ledger(self):
        # X28: nothing is missing on the second invoice after a cancel
        self._create_entry(2, name="Review")
        invoice = self._bill()
        invoice.action_post()
        before = invoice.billing_annex_id.raw
        invoice.button_draft()
        invoice.button_cancel()
        invoice.button_draft()
        invoice.action_post()
        self.assertEqual(invoice.billing_annex_id.raw, before)

    def test_work_billed_again_after_a_cancel_keeps_its_text(self):
        # X28, on a new invoice
        self.entry.billing_text = "Workshop"
        first = self._bill()
        first.button_cancel()
        self.entry.with_user(self.clerk).action_billing_release()
        second = self._bill()
        second.action_post()
        self.assertEqual(self._get_texts(second), ["Workshop"])

    def test_replacement_lists_what_it_took_over(self):
        invoice = self._bill()
        invoice.action_post()
        replacement = self._replace(invoice)
        replacement.action_post()
        self.assertEqual(self._get_texts(replacement), ["Wireframes"])

    def test_duplicate_bills_nothing_and_has_none(self):
        invoice = self._bill()
        invoice.action_post()
        copy = invoice.with_user(self.clerk).copy()
        copy.invoice_date = date(2026, 7, 1)
        copy.action_post()
        self.assertFalse(copy.billing_annex_id)

    def test_queries_do_not_grow_with_the_invoices(self):
        self._count_queries(1)  # fills the caches of access rules
        few, many = self._count_queries(2), self._count_queries(8)
        self.assertEqual(few, many)

    def _count_queries(self, count):
        """Return the number of queries in which ``count`` annexes are frozen."""
        projects = self.env["project.project"]
        for number in range(count):
            project = self._create_project(f"P{count} {number}")
            self._create_rule(project=project, price=100)
            task = self._create_task("Work", project)
            for _entry in range(3):
                self._create_entry(0.25, task=task)
            projects |= project
        moves = self._bill(projects=projects)
        moves.action_post()
        self.assertEqual(len(moves.billing_annex_id), count)
        moves._detach_attachments()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        moves._freeze_annexes()
        return self.env.cr.sql_log_count - before

    # -- invoice on paper --------------------------------------------------------------

    def test_invoice_shows_order_and_period_once(self):
        self._create_entry(1, date(2026, 6, 3))
        invoice = self._bill()
        invoice.action_post()
        page = self._print(invoice)
        self.assertIn("Your Order PO-77", page)
        self.assertEqual(page.count("PO-77"), 1)
        self.assertIn("06/03/2026 – 06/15/2026", page)

    def test_credit_note_shows_order_and_reason(self):
        invoice = self._bill()
        invoice.action_post()
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "reason": "wrong rate"})
        )
        wizard.refund_moves()
        credit = wizard.new_move_ids
        self.assertIn("wrong rate", credit.ref)
        credit.action_post()
        page = self._print(credit)
        self.assertIn("Your Order PO-77", page)
        self.assertIn("wrong rate", page)

    def test_order_survives_reversal_replacement_and_copy(self):
        invoice = self._bill()
        invoice.action_post()
        copy = invoice.with_user(self.clerk).copy()
        replacement = self._replace(invoice)
        for move in copy | replacement | invoice.reversal_move_ids:
            self.assertEqual(move.billing_customer_order, "PO-77", move.move_type)

    # -- mail --------------------------------------------------------------------------

    def test_annex_goes_along_by_mail(self):
        self.customer.email = "northwind@example.com"
        invoice = self._bill()
        invoice.action_post()
        wizard = (
            self.env["account.move.send.wizard"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({})
        )
        names = [values["name"] for values in wizard.mail_attachments_widget]
        self.assertIn(invoice.billing_annex_id.name, names)
        wizard.action_send_and_print()
        message = invoice.message_ids.filtered("attachment_ids")[:1]
        sent = {a.name: a.raw for a in message.attachment_ids}
        self.assertEqual(
            sent[invoice.billing_annex_id.name], invoice.billing_annex_id.raw
        )
        self.assertEqual(len([n for n in sent if n.endswith(".csv")]), 1)

    # -- the add-on goes ---------------------------------------------------------------

    def test_uninstalling_leaves_the_annex_on_its_invoice(self):
        invoice = self._bill()
        invoice.action_post()
        annex, before = invoice.billing_annex_id, invoice.billing_annex_id.raw
        uninstall_hook(self.env)
        self.assertFalse(annex.res_field)
        self.assertEqual((annex.res_id, annex.raw), (invoice.id, before))


class TestAnnexOnPaper(AnnexCommon):
    """Real PDFs, by the wkhtmltopdf that the set-up puts on the path."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_rule(price=100, customer_order="PO-77")
        cls._create_entry(8, name="Wireframes")

    def _render(self, report, move):
        """Return ``(PDF, text of its pages)``."""
        content, kind = (
            self.env["ir.actions.report"]
            .with_context(force_report_rendering=True)
            ._render_qweb_pdf(report, move.ids)
        )
        self.assertEqual(kind, "pdf")
        pages = PdfReader(io.BytesIO(content)).pages
        return content, [" ".join(page.extract_text().split()) for page in pages]

    def test_annex_follows_the_invoice_on_its_own_page(self):
        invoice = self._bill()
        invoice.action_post()
        _content, [first, second] = self._render("account.account_invoices", invoice)
        self.assertIn("PO-77", first)
        self.assertNotIn("Wireframes", first)
        self.assertIn("Wireframes", second)
        self.assertIn("Ann Archer", second)

    def test_annex_pdf_is_laid_out_once_for_each_version(self):
        report = f"{ADDON}.action_report_billing_annex"
        invoice = self._bill()
        invoice.action_post()
        before, [page] = self._render(report, invoice)
        self.assertIn("Wireframes", page)
        self.company.name = "Renamed company"
        self.assertEqual(self._render(report, invoice)[0], before)
        invoice.button_draft()
        invoice.invoice_line_ids.quantity = 6
        invoice.action_post()
        again, [page] = self._render(report, invoice)
        self.assertNotEqual(again, before)
        self.assertIn("600.00", page)
