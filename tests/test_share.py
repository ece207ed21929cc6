"""Instalments shared by projects and rules: to the cent, in both currencies."""

from datetime import date

from odoo import Command

from .common import BillingCommon


class ShareCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.thirds = cls.env["account.payment.term"].create(
            {
                "name": "30/30/40",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": part, "nb_days": days}
                    )
                    for part, days in ((30, 0), (30, 30), (40, 60))
                ],
            }
        )
        cls.shop = cls._create_project("Shop")
        cls.shop_task = cls._create_task("Build", cls.shop)

    def _get_shares(self, move):
        return self.env["project.billing.share"].search(
            [("move_id", "=", move.id)], order="move_line_id, id"
        )

    def assertTies(self, move):
        """Shares sum to every instalment, and to the net amount of the document."""
        shares = self._get_shares(move)
        terms = move.line_ids.filtered(lambda x: x.display_type == "payment_term")
        for term in terms:
            own = shares.filtered(lambda s, term=term: s.move_line_id == term)
            self.assertAlmostEqual(sum(own.mapped("gross")), term.amount_currency, 2)
            self.assertAlmostEqual(sum(own.mapped("gross_company")), term.balance, 2)
        self.assertAlmostEqual(
            sum(shares.mapped("net")),
            -sum(self._get_product_lines(move).mapped("amount_currency")),
            2,
        )
        self.assertAlmostEqual(
            sum(shares.mapped("net_company")),
            -sum(self._get_product_lines(move).mapped("balance")),
            2,
        )
        return shares

    def _get_product_lines(self, move):
        return move.line_ids.filtered(lambda x: x.display_type == "product")

    def _init_invoice_line(self, distribution, move_type="out_invoice"):
        invoice = self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": self.customer.id,
                "invoice_date": date(2026, 6, 30),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Consulting",
                            "price_unit": 100,
                            "tax_ids": [],
                            "analytic_distribution": distribution,
                        }
                    )
                ],
            }
        )
        invoice.action_post()
        return invoice


class TestShares(ShareCommon):
    def _bill_both(self, **kwargs):
        """Return one posted invoice over two projects: 100.01 and 200.02."""
        for project, task, price in (
            (self.project, self.task, 100.01),
            (self.shop, self.shop_task, 200.02),
        ):
            self._create_rule(
                project=project,
                price=price,
                invoice_grouping="customer",
                payment_term_id=self.thirds.id,
                **kwargs,
            )
            self._create_entry(1, task=task)
        invoice = self._bill(projects=self.project | self.shop)
        invoice.action_post()
        return invoice

    def test_an_invoice_of_two_projects_is_shared_in_proportion(self):
        invoice = self._bill_both()
        shares = self.assertTies(invoice)
        self.assertEqual(len(shares), 6)
        by_project = {
            project: round(sum(own.mapped("net")), 2)
            for project, own in shares.grouped("project_id").items()
        }
        self.assertEqual(by_project, {self.project: 100.01, self.shop: 200.02})
        self.assertEqual(shares.rule_id.project_id, self.project | self.shop)

    def test_shares_in_another_currency_tie_in_both(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 1.7)])
        shares = self.assertTies(self._bill_both(currency_id=euro.id))
        self.assertEqual(shares.currency_id, euro)

    def test_tax_is_shared_like_the_net_amount(self):
        tax = self.company_data["default_tax_sale"]
        self.hours_product.taxes_id = [Command.set(tax.ids)]
        invoice = self._bill_both()
        shares = self.assertTies(invoice)
        self.assertEqual(round(sum(shares.mapped("gross")), 2), invoice.amount_total)

    def test_an_invoice_typed_by_hand_follows_its_distribution(self):
        self.project._ensure_billing_account()
        self.shop._ensure_billing_account()
        invoice = self._init_invoice_line(
            {str(self.project.account_id.id): 60, str(self.shop.account_id.id): 30}
        )
        shares = self.assertTies(invoice)
        net = {s.project_id.name or "": s.net for s in shares}
        self.assertEqual(net, {"Website": 60, "Shop": 30, "": 10})
        self.assertFalse(shares.rule_id)

    def test_an_account_of_several_projects_belongs_to_none(self):
        self.project._ensure_billing_account()
        self.shop.account_id = self.project.account_id
        invoice = self._init_invoice_line({str(self.project.account_id.id): 100})
        self.assertFalse(self.assertTies(invoice).project_id)

    def test_a_vendor_bill_stands_on_the_payable_side(self):
        self.project._ensure_billing_account()
        bill = self._init_invoice_line(
            {str(self.project.account_id.id): 100}, "in_invoice"
        )
        shares = self.assertTies(bill)
        self.assertEqual(shares.mapped("gross"), [-100])
        self.assertEqual(shares.project_id, self.project)

    def test_a_credit_note_is_negative(self):
        invoice = self._bill_both()
        credit = self._reverse(invoice)
        shares = self.assertTies(credit)
        self.assertEqual(round(sum(shares.mapped("net")), 2), -300.03)

    def test_an_invoice_of_zero_is_shared_without_error(self):
        self._create_rule(price=0, bill_at_zero=True)
        self._create_entry(1)
        invoice = self._bill()
        invoice.action_post()
        self.assertTies(invoice)

    def test_back_to_draft_has_no_shares_and_posting_again_has_them_once(self):
        invoice = self._bill_both()
        invoice.button_draft()
        self.assertFalse(self._get_shares(invoice))
        invoice.action_post()
        self.assertEqual(len(self.assertTies(invoice)), 6)

    def test_changed_distribution_changes_the_shares(self):
        self.project._ensure_billing_account()
        self.shop._ensure_billing_account()
        invoice = self._init_invoice_line({str(self.project.account_id.id): 100})
        invoice.invoice_line_ids.with_user(self.clerk).analytic_distribution = {
            str(self.shop.account_id.id): 100
        }
        self.assertEqual(self.assertTies(invoice).project_id, self.shop)

    def test_rebuilt_shares_are_the_same(self):
        invoice = self._bill_both()
        names = ["move_line_id", "project_id", "rule_id", "gross", "net"]
        before = self._get_shares(invoice).read(names)
        self.env["project.billing.share"]._rebuild()
        after = self._get_shares(invoice).read(names)
        for row in (*before, *after):
            row.pop("id")
        self.assertEqual(before, after)
