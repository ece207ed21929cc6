from odoo.tests import HttpCase, freeze_time, tagged

from .charge_common import ChargeCommon, late


@tagged("post_install", "-at_install")
class TestLateFeeTour(ChargeCommon, HttpCase):
    """The clerk charges interest in a browser, and waives it."""

    def test_clerk_charges_a_late_invoice_and_waives_it(self):
        self._create_level(interest_type="agreed", interest_rate=36.5)
        invoice = self._create_invoice(1000)
        with freeze_time(f"{late(10)} 12:00:00"):
            self.start_tour(
                f"/odoo/action-account.action_move_out_invoice_type/{invoice.id}",
                "project_billing_late_fee_tour",
                login=self.clerk.login,
            )
        self.env.invalidate_all()
        charge = invoice.overdue_charge_ids
        self.assertEqual(charge.state, "waived")
        self.assertEqual(charge.waived_reason, "First delay in ten years")
        self.assertEqual(charge.credit_move_id.amount_total, 10)
