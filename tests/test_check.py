"""The ledger check: each kind of difference, made for real, is listed and no other."""

from contextlib import contextmanager
from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, MissingError

from .test_tracker import TODAY, MilestoneCommon

PAST = date(2026, 6, 30)


class CheckCommon(MilestoneCommon):
    """A posted invoice of 1,000 in three instalments, partly paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.amount = 1000

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice()
        self._pay(self.invoice, 450, date(2026, 7, 1))

    def _get_check(self, user=None, day=None, companies=None):
        self.env.flush_all()
        self.env.invalidate_all()  # each question of a person is a new transaction
        check = self.env["project.billing.check"].with_user(user or self.clerk)
        if day:
            check = check.with_context(billing_tracker_date=day)
        if companies:
            check = check.with_context(allowed_company_ids=companies.ids)
        return check.search([])

    def _get_found(self, **kwargs):
        """Return ``{kind: (subject, documents)}``; no kind stands there twice."""
        rows = self._get_check(**kwargs)
        self.assertEqual(len(rows), len(set(rows.mapped("kind"))))
        return {row.kind: (row.subject, row.document_names) for row in rows}

    def _execute(self, query, *params):
        """Change the database as no button does."""
        self.env.flush_all()
        self.env.cr.execute(query, params)
        self.assertTrue(self.env.cr.rowcount, "the test changes nothing")
        self.env.invalidate_all()

    def _type_entry(self, balance=500, partner=None, day=TODAY):
        """Return a posted miscellaneous entry on the receivable account."""
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": day,
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data[name].id,
                            "balance": amount,
                            "partner_id": partner.id if partner else False,
                        }
                    )
                    for name, amount in (
                        ("default_account_receivable", balance),
                        ("default_account_revenue", -balance),
                    )
                ],
            }
        )
        move.action_post()
        return move


class TestHealthyBooks(CheckCommon):
    def test_healthy_books_list_nothing(self):
        self._create_rule(price=100, sequence=20)
        self._create_entry(2.5, date(2026, 6, 3))
        self._create_entry(-1, date(2026, 5, 3))
        self._create_entry(3, date(2026, 7, 3))
        self._bill(PAST).action_post()
        account = str(self.project.account_id.id)
        self._init_invoice_line({account: 60}, "in_invoice")
        self._init_invoice_line({account: 100}, "out_invoice")
        payment = self.env["account.payment"].create(
            {"payment_type": "inbound", "partner_id": self.customer.id, "amount": 77}
        )
        payment.action_post()
        self.assertFalse(self._get_check())
        for day in (date(2026, 5, 1), PAST, date(2026, 7, 1), TODAY):
            self.assertFalse(self._get_check(day=day), day)

    def test_credits_write_offs_and_drafts_list_nothing(self):
        self._reverse(self.invoice, "price_reduction", post=False)
        self.assertFalse(self._get_check())
        rule = self._create_rule(price=99.99, sequence=20)
        entry = self._create_entry(1 / 3, date(2026, 6, 3))
        self._create_entry(2, date(2026, 6, 4))
        invoice = self._bill(PAST)
        self.assertFalse(self._get_check())
        invoice.invoice_line_ids[0].price_unit = 80  # an extra, kept as adjustment
        invoice.action_post()
        self.assertFalse(self._get_check())
        self._reverse(invoice, hours={entry: entry.billed_quantity})
        self.assertFalse(self._get_check())
        self.assertTrue(rule)

    def test_taxes_and_a_foreign_currency_list_nothing(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 3.0)])
        tax = self.company_data["default_tax_sale"].copy(
            {"name": "Included", "price_include_override": "tax_included"}
        )
        self.milestone_product.taxes_id = tax
        rule = self._create_rule(
            "milestone", currency_id=euro.id, payment_term_id=self.thirds.id
        )
        self._create_item(rule, amount=777.77).date_ready = date(2026, 5, 20)
        invoice = self._bill(date(2026, 6, 2))
        invoice.action_post()
        self._pay(invoice, 333.33)
        self.assertFalse(self._get_check())


class TestDifferences(CheckCommon):
    def _get_share(self):
        return self.env["project.billing.share"].search(
            [("move_id", "=", self.invoice.id)], order="gross", limit=1
        )

    def test_a_changed_share_is_listed_where_it_matters(self):
        open_line = self.invoice.line_ids.filtered("date_maturity")[-1]
        self._execute(
            "UPDATE project_billing_share SET gross = gross + 10,"
            " gross_company = gross_company + 10 WHERE move_line_id = %s",
            open_line.id,
        )
        where = (self.customer.name, self.invoice.name)
        found = self._get_found()
        self.assertEqual(found, {"receivable": where, "instalment": where})
        row = self._get_check().filtered(lambda r: r.kind == "receivable")
        self.assertEqual((row.expected, row.found), (550, 560))
        self.assertEqual((row.difference, row.severity), (-10, "difference"))

    def test_a_share_of_another_project_is_listed(self):
        self._execute(
            "UPDATE project_billing_share SET project_id = %s WHERE move_id = %s",
            self.shop.id,
            self.invoice.id,
        )
        rows = self._get_check()
        self.assertEqual(set(rows.mapped("kind")), {"project"})
        self.assertEqual(
            {(row.subject, row.expected, row.found) for row in rows},
            {(self.project.name, 1000, 0), (self.shop.name, 0, 1000)},
        )
        self.assertEqual(set(rows.mapped("document_names")), {self.invoice.name})

    def test_lost_net_is_listed_with_its_rule(self):
        self._execute(
            "UPDATE project_billing_share SET net = net - 5 WHERE id = %s",
            self._get_share().id,
        )
        self.assertEqual(
            self._get_found(),
            {
                "stages": (self.rule.display_name, self.invoice.name),
                "project": (self.project.name, self.invoice.name),
            },
        )

    def test_missing_shares_are_listed_and_written_again_by_a_button(self):
        self._execute(
            "DELETE FROM project_billing_share WHERE move_id = %s", self.invoice.id
        )
        rows = self._get_check()
        self.assertEqual(set(rows.mapped("kind")), {"stages", "instalment", "project"})
        self.assertEqual(set(rows.mapped("document_names")), {self.invoice.name})
        rows.action_write_shares()
        self.assertFalse(self._get_check())

    def test_a_lost_match_is_listed(self):
        """What is open was changed behind the matches' back."""
        line = self.invoice.line_ids.filtered("date_maturity")[-1]
        self._execute(
            "UPDATE account_move_line SET amount_residual = amount_residual - 7,"
            " amount_residual_currency = amount_residual_currency - 7 WHERE id = %s",
            line.id,
        )
        found = self._get_found()
        self.assertEqual(found["receivable"], (self.customer.name, self.invoice.name))
        self.assertEqual(found["stages"], (self.rule.display_name, self.invoice.name))

    def test_two_errors_that_cancel_out_are_listed(self):
        terms = self.invoice.line_ids.filtered("date_maturity").sorted("date_maturity")
        self._execute(
            "UPDATE project_billing_share SET gross_company = gross_company"
            " + CASE WHEN move_line_id = %s THEN 10 ELSE -10 END"
            " WHERE move_line_id = ANY(%s)",
            terms[1].id,
            terms[1:].ids,
        )
        kinds = self._get_check().mapped("kind")
        self.assertEqual(kinds.count("receivable"), 1)
        self.assertEqual(kinds.count("instalment"), 2)

    def test_a_changed_invoice_line_is_listed(self):
        line = self.invoice.invoice_line_ids
        self._execute(
            "UPDATE account_move_line SET price_unit = price_unit + 1 WHERE id = %s",
            line.id,
        )
        [(kind, (_subject, documents))] = self._get_found().items()
        self.assertEqual((kind, documents), ("line", self.invoice.name))

    def test_a_changed_journal_item_is_listed(self):
        """Invoice line and its rows agree, its booking does not."""
        self._execute(
            "UPDATE account_move_line SET amount_currency = amount_currency - 40,"
            " balance = balance - 40 WHERE id = %s",
            self.invoice.invoice_line_ids.id,
        )
        self.assertEqual(
            self._get_found(),
            {
                "stages": (self.rule.display_name, self.invoice.name),
                "project": (self.project.name, self.invoice.name),
            },
        )

    def test_totals_of_an_item_are_compared_with_the_ledger(self):
        self._execute(
            "UPDATE project_billing_item SET billed_amount = 900 WHERE id = %s",
            self.item.id,
        )
        found = self._get_found()
        self.assertEqual(found["item"], (self.item.display_name, self.invoice.name))
        self.assertEqual(found["stages"][0], self.rule.display_name)
        row = self._get_check().filtered(lambda r: r.kind == "item")
        self.assertEqual((row.expected, row.found, row.unit), (1000, 900, "USD"))

    def test_totals_of_an_entry_are_compared_with_the_ledger(self):
        rule = self._create_rule(price=100, sequence=20)
        entry = self._create_entry(8, date(2026, 6, 3))
        invoice = self._bill(PAST)
        invoice.action_post()
        self._execute(
            "UPDATE account_analytic_line SET billed_quantity = 5 WHERE id = %s",
            entry.id,
        )
        found = self._get_found()
        self.assertEqual(
            found,
            {
                "entry": (entry.display_name, invoice.name),
                "stages": (rule.display_name, ""),
            },
        )
        row = self._get_check().filtered(lambda r: r.kind == "entry")
        self.assertEqual((row.expected, row.found, row.unit), (8, 5, "h"))

    def test_a_row_that_counts_without_its_document_is_listed(self):
        self._execute(
            "UPDATE project_billing_allocation SET is_live = FALSE WHERE move_id = %s",
            self.invoice.id,
        )
        found = self._get_found()
        self.assertEqual(found["state"], (self.rule.display_name, self.invoice.name))
        self.assertEqual(found["item"][0], self.item.display_name)


class TestNotices(CheckCommon):
    def test_an_entry_typed_on_the_receivable_account_is_listed(self):
        move = self._type_entry(partner=self.customer)
        self.assertEqual(
            self._get_found(), {"stray": (self.customer.display_name, move.name)}
        )
        row = self._get_check()
        self.assertEqual((row.severity, row.expected), ("notice", 500))
        self.assertTiesWithLedger()

    def test_an_open_entry_without_partner_is_listed(self):
        move = self._type_entry()
        self.assertEqual(self._get_found(), {"stray": ("Without partner", move.name)})

    def test_an_entry_is_listed_until_it_is_matched(self):
        move = self._type_entry(-550, partner=self.customer, day=date(2026, 7, 10))
        (move | self.invoice).line_ids.filtered(
            lambda x: x.account_type == "asset_receivable" and not x.reconciled
        ).reconcile()
        self.assertFalse(self._get_check())
        # before it was typed and matched nothing was to be known about it
        self.assertFalse(self._get_check(day=date(2026, 7, 9)))

    def test_an_account_of_several_projects_is_listed_with_its_documents(self):
        account = self.project.account_id
        typed = self._init_invoice_line({str(account.id): 100}, "out_invoice")
        self.assertFalse(self._get_check())
        self.shop.account_id = account
        self.env["project.billing.share"]._rebuild(typed)
        self.assertEqual(
            self._get_found(), {"account": (account.display_name, typed.name)}
        )
        row = self._get_check()
        self.assertEqual(row.expected, typed.amount_untaxed)
        self.assertEqual(row.action_open_documents()["res_id"], typed.id)
        projects = row.action_open_subject()
        self.assertEqual(
            self.env["project.project"].search(projects["domain"]),
            self.project | self.shop,
        )

    def test_a_shared_account_without_documents_opens_its_projects(self):
        self.shop.account_id = self.project.account_id
        row = self._get_check()
        self.assertEqual((row.kind, row.document_count), ("account", 0))
        action = row.action_open_documents()
        self.assertEqual(action["res_model"], "project.project")

    def test_shares_older_than_a_shared_account_are_listed(self):
        account = self.project.account_id
        typed = self._init_invoice_line({str(account.id): 100}, "out_invoice")
        self.shop.account_id = account
        rows = self._get_check().filtered(lambda r: r.kind == "project")
        self.assertEqual(set(rows.mapped("document_names")), {typed.name})
        rows.action_write_shares()
        self.assertEqual(self._get_check().mapped("kind"), ["account"])

    def test_what_no_item_plans_of_a_contract_is_listed(self):
        self.rule.amount = 1200
        row = self._get_check()
        self.assertEqual((row.kind, row.severity), ("plan", "notice"))
        self.assertEqual((row.expected, row.found), (1200, 1000))
        self.assertEqual(row.action_open_documents()["res_id"], self.rule.id)


class TestCheckAccess(CheckCommon):
    def test_every_row_opens_its_documents(self):
        second = self._init_invoice_line({}, "out_invoice")
        self._execute("DELETE FROM project_billing_share")
        rows = self._get_check()
        receivable = rows.filtered(lambda r: r.kind == "instalment")
        opened = receivable[0].action_open_documents()
        self.assertIn(opened["res_id"], (self.invoice | second).ids)
        for row in rows:
            self.assertEqual(row.action_open_documents()["res_model"], "account.move")
            self.assertTrue(row.explanation)
            self.assertTrue(row.display_name)

    def test_project_managers_and_customers_do_not_read_it(self):
        self._type_entry()
        for user in (self.manager, self.env.ref("base.public_user")):
            with self.assertRaises(AccessError):
                self._get_check(user=user)
        row = self._get_check()
        with self.assertRaises(AccessError):
            row.with_user(self.manager).action_write_shares()
        with self.assertRaises(AccessError):
            row.with_user(self.manager).action_open_documents()

    def test_an_officer_reads_own_companies_only(self):
        other = self.setup_other_company(name="Other")["company"]
        self._type_entry()
        row = self._get_check()
        officer = self._create_user("elsewhere", "account.group_account_invoice")
        officer.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertFalse(self._get_check(user=officer, companies=other))
        with self.assertRaises(AccessError):
            self._get_check(user=officer, companies=self.company)
        with self.assertRaises(MissingError):
            row.with_user(officer).with_company(other).action_write_shares()
        self.clerk.company_ids |= other
        self.assertEqual(self._get_check(companies=self.company | other), row)
        self.assertFalse(self._get_check(companies=other))

    def test_the_past_is_checked_as_it_was(self):
        move = self._type_entry(day=date(2026, 7, 10))
        self.assertFalse(self._get_check(day=date(2026, 7, 9)))
        row = self._get_check(day=date(2026, 7, 10))
        self.assertEqual(row.document_names, move.name)
        self._execute(
            "UPDATE project_billing_share SET gross_company = gross_company + 10"
            " WHERE move_line_id = %s",
            self.invoice.line_ids.filtered("date_maturity")[-1].id,
        )
        kinds = self._get_check(day=date(2026, 5, 31)).mapped("kind")
        self.assertEqual(kinds, ["instalment"], "nothing was invoiced, nothing open")
        kinds = self._get_check(day=date(2026, 6, 1)).mapped("kind")
        self.assertEqual(set(kinds), {"instalment", "receivable"})


class TestMonthEndCheck(CheckCommon):
    def _create_page(self, day=PAST):
        pages = self.env["project.billing.month.end"].with_user(self.clerk)
        return pages.create({"company_id": self.company.id, "date": day})

    def test_the_month_end_page_lists_the_differences_of_its_day(self):
        page = self._create_page()
        self.assertFalse(page.check_ids)
        self.assertEqual(page.difference_count, 0)
        july = self._type_entry()
        june = self._type_entry(300, day=PAST)
        page.action_refresh()
        self.env.invalidate_all()
        self.assertEqual(page.check_ids.mapped("document_names"), [june.name])
        self.assertEqual(page.difference_count, 1)
        action = page.with_context(check="difference").action_open_check()
        self.assertEqual(action["context"]["billing_tracker_date"], "2026-06-30")
        rows = self.env[action["res_model"]].with_user(self.clerk)
        rows = rows.with_context(**action["context"]).search(action["domain"])
        self.assertEqual(rows.mapped("document_names"), [june.name])
        page = self._create_page(date(2026, 7, 31))  # not over yet: as it is now
        self.assertEqual(
            set(page.check_ids.mapped("document_names")), {june.name, july.name}
        )

    def test_opening_the_page_of_a_healthy_month_reads_no_books(self):
        page = self._create_page()
        self._type_entry(day=PAST)
        self.env.flush_all()
        self.env.invalidate_all()
        with self._count_checks() as reads:
            page.web_read({"difference_count": {}, "check_ids": {"fields": {}}})
        self.assertEqual((page.difference_count, reads), (0, []))
        with self._count_checks() as reads:
            page.action_refresh()
        self.assertTrue(reads)
        self.assertEqual(page.difference_count, 1)

    @contextmanager
    def _count_checks(self):
        """Give a list that grows with each statement of the check."""
        reads, execute = [], type(self.env.cr).execute

        def listen(cursor, query, *args, **kwargs):
            text = getattr(query, "code", query)
            if "day_facts" in str(text):
                reads.append(text)
            return execute(cursor, query, *args, **kwargs)

        with patch.object(type(self.env.cr), "execute", listen):
            yield reads

    def test_another_companys_books_are_not_on_the_page(self):
        other = self.setup_other_company(name="Other")["company"]
        self.clerk.company_ids |= other
        self._type_entry(day=PAST)
        pages = self.env["project.billing.month.end"].with_user(self.clerk)
        page = pages.create({"company_id": other.id, "date": PAST})
        self.assertFalse(page.check_ids)
