from datetime import date

from odoo.addons.project_invoice_tracker.exceptions import BillingError

from .common import BillingCommon


class TestSummary(BillingCommon):
    """What an invoice says of the deal: ordered, invoiced before, this one, left."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100, name="Development")
        cls.order = cls.env["project.billing.order"].create(
            {
                "name": "4711",
                "partner_id": cls.customer.id,
                "company_id": cls.company.id,
                "amount": 1000,
            }
        )

    def _post(self, hours, day=None, **kwargs):
        self._create_entry(hours, day or date(2026, 6, 15), **kwargs)
        invoice = self._bill()
        invoice.action_post()
        return invoice

    def _get_blocks(self, move):
        """Return ``{title: {label: value}}`` with plain spaces."""
        return {
            block["title"]: {
                label: value.replace("\xa0", " ")
                .replace("$ ", "")
                .replace("\ufeff", "")
                for label, value in block["rows"]
            }
            for block in move.billing_summary or []
        }

    def test_invoice_shows_the_order(self):
        self.rule.order_id = self.order
        self._post(3)
        second = self._post(2)
        self.assertEqual(
            self._get_blocks(second),
            {
                "Your order 4711": {
                    "Ordered": "1,000.00",
                    "Invoiced before": "300.00",
                    "This invoice": "200.00",
                    "Left": "500.00",
                }
            },
        )

    def test_invoice_shows_the_cap(self):
        self.rule.cap_amount = 500
        invoice = self._post(6)
        self.assertEqual(
            self._get_blocks(invoice),
            {
                "Development": {
                    "Not to exceed": "500.00",
                    "Invoiced before": "0.00",
                    "This invoice": "500.00",
                    "Left": "0.00",
                }
            },
        )

    def test_invoice_shows_cap_and_order(self):
        self.rule.write({"cap_amount": 500, "order_id": self.order.id})
        blocks = self._get_blocks(self._post(1))
        self.assertEqual(list(blocks), ["Development", "Your order 4711"])

    def test_credit_note_shows_what_is_left_again(self):
        self.rule.order_id = self.order
        self._post(3)
        credit = self._reverse(self._post(2))
        block = self._get_blocks(credit)["Your order 4711"]
        self.assertEqual(block["This credit note"], "-200.00")
        self.assertEqual(block["Invoiced before"], "500.00")
        self.assertEqual(block["Left"], "700.00")

    def test_more_than_ordered_is_said(self):
        self.rule.order_id = self.order
        self._create_entry(8)
        invoice = self._bill()
        self.order.amount = 500
        invoice.action_post()
        block = self._get_blocks(invoice)["Your order 4711"]
        self.assertEqual(block["Over by"], "300.00")

    def test_drafts_are_not_invoiced_before(self):
        self.rule.order_id = self.order
        self._create_entry(3)
        self._bill()
        block = self._get_blocks(self._post(2))["Your order 4711"]
        self.assertEqual(block["Invoiced before"], "0.00")

    def test_opening_position_is_invoiced_before(self):
        self.rule.order_id = self.order
        old = self._create_entry(4)
        self.env["project.billing.settle"].with_user(self.manager).with_context(
            active_model="account.analytic.line", active_ids=old.ids
        ).create({"action": "elsewhere", "reason": "Old system"}).action_settle()
        block = self._get_blocks(self._post(2))["Your order 4711"]
        self.assertEqual(block["Invoiced before"], "400.00")

    def test_invoices_posted_together_count_one_after_the_other(self):
        self.rule.order_id = self.order
        shop = self._create_project("Shop")
        self._create_rule(project=shop, price=100, order_id=self.order.id)
        self._create_entry(3)
        self._create_entry(2, task=self._create_task("T", shop))
        invoices = self._bill(projects=self.project | shop)
        invoices.action_post()
        first, second = invoices.sorted("name")
        before = [
            self._get_blocks(move)["Your order 4711"]["Invoiced before"]
            for move in (first, second)
        ]
        self.assertEqual(before[0], "0.00")
        self.assertEqual(before[1], f"{first.amount_untaxed:,.2f}")

    def test_what_was_posted_stays(self):
        self.rule.order_id = self.order
        invoice = self._post(3)
        before = invoice.billing_summary
        self.order.amount = 5000
        self._post(2)
        invoice.invalidate_recordset()
        self.assertEqual(invoice.billing_summary, before)
        self.assertEqual(invoice._get_billing_summary(), before)

    def test_draft_shows_what_it_would_say(self):
        self.rule.order_id = self.order
        self._create_entry(3)
        draft = self._bill()
        self.assertFalse(draft.billing_summary)
        self.assertIn("Your order 4711", draft.billing_summary_html)
        self.assertIn("700.00", draft.billing_summary_html)

    def test_changes_of_the_deal_are_listed(self):
        self.rule.cap_amount = 500
        self._create_rule(
            price=100,
            sequence=20,
            parent_id=self.rule.id,
            cap_amount=250,
            change_reference="CO-1",
            change_date=date(2026, 6, 10),
        )
        blocks = self._get_blocks(self._post(1))
        self.assertEqual(
            blocks["Contract: Development"],
            {
                "Original": "500.00",
                "Change CO-1, 06/10/2026": "250.00",
                "Current": "750.00",
            },
        )
        self.assertEqual(blocks["Development"]["Not to exceed"], "750.00")

    def test_amounts_are_in_the_customer_s_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.customer.lang = "de_DE"
        self.rule.order_id = self.order
        invoice = self._post(3)
        values = [value for _label, value in invoice.billing_summary[0]["rows"]]
        self.assertIn("1.000,00", values[0])

    def test_invoice_without_cap_says_nothing(self):
        invoice = self._post(3)
        self.assertFalse(invoice.billing_summary)
        self.assertFalse(invoice.billing_summary_html)

    def test_summary_is_printed(self):
        self.rule.order_id = self.order
        invoice = self._post(3)
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice", invoice.ids
        )
        self.assertIn("Your order 4711", html.decode())
        self.assertIn("o_billing_summary", html.decode())

    def test_credit_note_prints_it_too(self):
        self.rule.order_id = self.order
        credit = self._reverse(self._post(3))
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice", credit.ids
        )
        self.assertIn("This credit note", html.decode())

    def test_deduction_is_sent_as_an_e_invoice(self):
        self.rule.write({"price": 95, "cap_amount": 1000})
        invoice = self._post(12)
        self.customer.write({"country_id": self.env.ref("base.be").id})
        self.company.country_id = self.env.ref("base.be")
        exporter = self.env["account.edi.xml.ubl_bis3"]
        xml, _errors = exporter._export_invoice(invoice)
        self.assertIn(b">-1.0</", xml.replace(b'">', b">"))
        self.assertNotIn(b'PriceAmount currencyID="USD">-', xml)

    def test_nothing_over_the_cap_is_no_error(self):
        self.rule.cap_amount = 100
        self._post(2)
        with self.assertRaises(BillingError):
            self._bill()
