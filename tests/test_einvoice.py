import base64
from datetime import date

from lxml import etree

from odoo import Command

from .common import BillingCommon

UBL = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
# EN 16931, BT-125: media types of attached documents
MEDIA_TYPES = {
    "application/pdf",
    "image/png",
    "image/jpeg",
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.spreadsheet",
}
BELGIAN = {
    "street": "Rue de la Loi 1",
    "city": "Bruxelles",
    "zip": "1000",
}


class TestEInvoice(BillingCommon):
    """BIS Billing 3 of invoice and credit note: order, period, annex, no errors."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        belgium = cls.env.ref("base.be")
        cls.company.partner_id.write(
            {**BELGIAN, "country_id": belgium.id, "vat": "BE0477472701"}
        )
        cls.customer.write(
            {
                **BELGIAN,
                "country_id": belgium.id,
                "vat": "BE0239843188",
                "is_company": True,
                "invoice_edi_format": "ubl_bis3",
                "email": "northwind@example.com",
            }
        )
        cls.env["res.partner.bank"].create(
            {
                "acc_number": "BE71096123456769",
                "partner_id": cls.company.partner_id.id,
                "allow_out_payment": True,
            }
        )
        tax = cls.env["account.tax"].create(
            {
                "name": "21 %",
                "amount": 21,
                "type_tax_use": "sale",
                "country_id": cls.company.account_fiscal_country_id.id,
                "ubl_cii_tax_category_code": "S",
            }
        )
        cls.hours_product.taxes_id = [Command.set(tax.ids)]
        cls.rule = cls._create_rule(price=100, customer_order="PO-77")
        cls.entry = cls._create_entry(8, date(2026, 6, 15), name="Wireframes")
        cls._create_entry(2, date(2026, 6, 3))

    def _bill_and_post(self):
        invoice = self._bill()
        invoice.action_post()
        return invoice

    def _export(self, move):
        """Return the root of the exported XML; fails on any error of the host."""
        builder = self.env["account.edi.xml.ubl_bis3"].with_user(self.clerk)
        xml, errors = builder._export_invoice(move.with_user(self.clerk))
        self.assertFalse(errors)
        return etree.fromstring(xml)

    def _find(self, root, path):
        return root.xpath(path, namespaces=UBL)

    def _get_text(self, root, path):
        """Return the text of the one element there is."""
        [node] = self._find(root, path)
        return node.text

    def assertCarriesBilling(self, root, move):
        self.assertEqual(self._get_text(root, "cac:OrderReference/cbc:ID"), "PO-77")
        self.assertEqual(
            self._get_text(root, "cac:InvoicePeriod/cbc:StartDate"), "2026-06-03"
        )
        self.assertEqual(
            self._get_text(root, "cac:InvoicePeriod/cbc:EndDate"), "2026-06-15"
        )
        [document] = self._find(root, "cac:AdditionalDocumentReference")
        [binary] = self._find(
            document, "cac:Attachment/cbc:EmbeddedDocumentBinaryObject"
        )
        self.assertIn(binary.get("mimeCode"), MEDIA_TYPES)
        self.assertEqual(binary.get("filename"), move.billing_annex_id.name)
        self.assertEqual(base64.b64decode(binary.text), move.billing_annex_id.raw)
        self.assertIn(b"Wireframes", base64.b64decode(binary.text))

    def test_invoice_carries_order_period_and_annex(self):
        invoice = self._bill_and_post()
        root = self._export(invoice)
        self.assertEqual(etree.QName(root).localname, "Invoice")
        self.assertCarriesBilling(root, invoice)

    def test_elements_stand_in_the_order_of_the_schema(self):
        root = self._export(self._bill_and_post())
        names = [etree.QName(node).localname for node in root]
        wanted = [
            "DocumentCurrencyCode",
            "InvoicePeriod",
            "OrderReference",
            "AdditionalDocumentReference",
            "AccountingSupplierParty",
        ]
        self.assertEqual([name for name in names if name in wanted], wanted)

    def test_credit_note_carries_order_period_annex_and_its_invoice(self):
        invoice = self._bill_and_post()
        credit = self._reverse(invoice)
        self.assertIn("Reversal of", credit.ref)
        root = self._export(credit)
        self.assertEqual(etree.QName(root).localname, "CreditNote")
        self.assertCarriesBilling(root, credit)
        path = "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"
        self.assertEqual(self._get_text(root, path), invoice.name)
        names = [etree.QName(node).localname for node in root]
        wanted = [
            "InvoicePeriod",
            "OrderReference",
            "BillingReference",
            "AdditionalDocumentReference",
            "AccountingSupplierParty",
        ]
        self.assertEqual([name for name in names if name in wanted], wanted)

    def test_partial_credit_note_carries_what_it_takes_back(self):
        invoice = self._bill_and_post()
        credit = self._reverse(invoice, hours={self.entry: 3.5})
        root = self._export(credit)
        self.assertCarriesBilling(root, credit)
        self.assertIn(b"3.5", credit.billing_annex_id.raw)
        path = "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount"
        self.assertEqual(self._get_text(root, path), "350.00")

    def test_buyer_reference_is_the_one_the_customer_gave(self):
        self.customer.ref = "Cost centre 12"
        root = self._export(self._bill_and_post())
        self.assertEqual(self._get_text(root, "cbc:BuyerReference"), "Cost centre 12")

    def test_replacement_carries_the_order(self):
        replacement = self._replace(self._bill_and_post())
        replacement.action_post()
        self.assertCarriesBilling(self._export(replacement), replacement)

    def test_invoice_without_order_stays_as_the_host_makes_it(self):
        self.rule.customer_order = False
        invoice = self._bill_and_post()
        root = self._export(invoice)
        self.assertEqual(
            self._get_text(root, "cac:OrderReference/cbc:ID"), invoice.name
        )

    def test_invoice_by_hand_is_left_alone(self):
        invoice = self.init_invoice(
            "out_invoice",
            partner=self.customer,
            amounts=[10],
            taxes=self.hours_product.taxes_id,
            post=True,
        )
        root = self._export(invoice)
        self.assertFalse(self._find(root, "cac:InvoicePeriod"))
        self.assertFalse(self._find(root, "cac:AdditionalDocumentReference"))

    def test_sent_file_has_the_annex_once(self):
        invoice = self._bill_and_post()
        wizard = (
            self.env["account.move.send.wizard"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({})
        )
        wizard.action_send_and_print()
        root = etree.fromstring(invoice.ubl_cii_xml_id.raw)
        path = "cac:AdditionalDocumentReference/cbc:ID"
        names = [node.text for node in self._find(root, path)]
        self.assertEqual(names.count(invoice.billing_annex_id.name), 1)
        self.assertEqual(len(names), 2)  # and the invoice's own PDF

    def test_factur_x_carries_order_and_period(self):
        invoice = self._bill_and_post()
        xml, _errors = self.env["account.edi.xml.cii"]._export_invoice(invoice)
        root = etree.fromstring(xml)
        [order] = root.xpath("//*[local-name()='BuyerOrderReferencedDocument']/*")
        self.assertEqual(order.text, "PO-77")
        [period] = root.xpath(
            "//*[local-name()='ApplicableHeaderTradeSettlement']"
            "/*[local-name()='BillingSpecifiedPeriod']"
        )
        self.assertEqual(
            ["".join(part.itertext()).strip() for part in period],
            ["20260603", "20260615"],
        )
