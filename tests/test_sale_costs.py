"""X26 for costs: what Sales invoices again on its order is not passed on by a rule."""

from odoo import Command
from odoo.tests import tagged

from .cost_common import CostCommon
from .test_sale import SaleCommon


@tagged("sale")
class TestSaleCosts(SaleCommon, CostCommon):
    """A product that Sales re-invoices, bought for a project that has an order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order_line = cls._sell()
        cls.order = cls.order_line.order_id
        cls.order.project_id = cls.project
        cls.resold = cls.env["product.product"].create(
            {
                "name": "Licence",
                "type": "service",
                "expense_policy": "cost",
                "invoice_policy": "delivery",
                "taxes_id": [Command.clear()],
            }
        )

    def _buy(self, **kwargs):
        """Return a bill over a licence of 100 that Sales re-invoices."""
        line = {"product_id": self.resold.id, "price_unit": 100, "name": "Licence"}
        return self._create_bill({**line, **kwargs})

    def test_cost_that_sales_invoices_again_is_left_to_it(self):
        self._buy()
        self.assertEqual(self.order.order_line.filtered("is_expense").price_unit, 100)
        run = self._propose()
        self.assertIn("owned_by_sales", run.line_ids.mapped("reason_code"))
        self.assertFalse(run.line_ids.filtered(lambda line: line.state == "proposed"))
        self.assertFalse(self._get_items())

    def test_other_costs_of_the_same_project_are_passed_on(self):
        self._buy()
        self._create_bill(40)
        self.assertEqual(self._bill().amount_untaxed, 44)  # with 10 %

    def test_cost_typed_by_hand_for_an_order_is_left_to_sales(self):
        self._create_hand_cost(30, so_line=self.order_line.id)
        run = self._propose()
        self.assertIn("owned_by_sales", run.line_ids.mapped("reason_code"))
        self.assertFalse(self._get_items())

    def test_free_cost_that_comes_to_an_order_is_not_billed(self):
        cost = self._create_hand_cost(30)
        run = self._propose()
        cost.so_line = self.order_line
        run.action_invoice()
        self.assertFalse(run.move_ids)
        self.assertIn("owned_by_sales", self._propose().line_ids.mapped("reason_code"))

    def test_cost_that_is_billed_is_not_invoiced_again_by_sales(self):
        self.order.project_id = False
        bill = self._buy()
        self._bill().action_post()
        self.order.project_id = self.project
        bill.button_draft()
        bill.action_post()
        self.assertFalse(self.order.order_line.filtered("is_expense"))
        self.assertNotIn("over_billed", self._propose().line_ids.mapped("reason_code"))
