from .common import BillingCommon


class TestLedgerEvents(BillingCommon):
    """Each row of the event table: what an invoice's change does to its work."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100)
        cls.entry = cls._create_entry(8)

    def test_draft_claims_at_once(self):
        invoice = self._bill()
        self.assertEqual(self.entry.billed_quantity, 8)
        self.assertRecordValues(
            invoice.invoice_line_ids,
            [{"quantity": 8, "price_unit": 100, "price_subtotal": 800}],
        )
        self.assertConserved()

    def test_partial_credit_holds_named_hours(self):
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice, hours={self.entry: 3.5})
        self.assertEqual(self.entry.billed_quantity, 4.5)
        self.assertEqual(self.entry.billing_held_quantity, 3.5)
        self.assertConserved()
        run = self._propose()
        self.assertFalse(self._get_lines(run, "proposed"))
        self.entry.with_user(self.clerk).action_billing_release()
        self.assertEqual(self._bill().invoice_line_ids.quantity, 3.5)
        self.assertConserved()
