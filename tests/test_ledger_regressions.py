"""What the stateful test found, each as the shortest sequence that showed it."""

from .common import BillingCommon


class TestLedgerRegressions(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100)

    def test_twenty_minutes_can_be_credited(self):
        entry = self._create_entry(0.333333)
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice)
        self.assertEqual(entry.billed_quantity, 0)
        self.assertAlmostEqual(entry.billing_held_quantity, 0.333333, 6)
        self.assertConserved()
