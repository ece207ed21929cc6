"""What tests about passed-on costs share: vendors, bills, a rule."""

from datetime import date

from odoo import Command

from .common import ADDON, BillingCommon


class CostCommon(BillingCommon):
    """A rule that passes on the costs of a project with 10 % mark-up."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cost_product = cls.env.ref(f"{ADDON}.product_project_cost")
        cls.cost_product.taxes_id = [Command.clear()]
        cls.vendor = cls.env["res.partner"].create({"name": "Hosting Ltd"})
        cls.expense_account = cls.company_data["default_account_expense"]
        cls.rule = cls._create_rule("expense", markup_percentage=10)
        cls.account = cls.project.account_id

    @classmethod
    def _create_bill(cls, *amounts, distribution=None, post=True, day=None, **kwargs):
        """Return a vendor bill, one line for each amount, of the test's project.

        :param amounts: net amounts in the bill's currency, or dicts of line values
        """
        own = {str(cls.account.id): 100} if distribution is None else distribution
        day = day or date(2026, 6, 10)
        bill = cls.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": cls.vendor.id,
                "invoice_date": day,
                "date": day,
                "ref": "R-100",
                "invoice_line_ids": [
                    Command.create(cls._prepare_bill_line(amount, own))
                    for amount in amounts
                ],
                **kwargs,
            }
        )
        if post:
            bill.action_post()
        return bill

    @classmethod
    def _prepare_bill_line(cls, amount, distribution):
        values = amount if isinstance(amount, dict) else {"price_unit": amount}
        return {
            "name": "Server",
            "quantity": 1,
            "account_id": cls.expense_account.id,
            "tax_ids": [Command.clear()],
            "analytic_distribution": distribution,
            **values,
        }

    @classmethod
    def _create_hand_cost(cls, amount, **kwargs):
        """Return an analytic line typed by hand; ``amount`` is the cost (positive)."""
        return cls.env["account.analytic.line"].create(
            {
                "name": "Courier",
                "account_id": cls.account.id,
                "amount": -amount,
                "date": date(2026, 6, 12),
                "company_id": cls.company.id,
                **kwargs,
            }
        )

    @classmethod
    def _get_items(cls, rules=None):
        return cls.env["project.billing.item"].search(
            [("rule_id", "in", (rules or cls.rule).ids)], order="cost_date, id"
        )

    @classmethod
    def _change_bill(cls, bill, price):
        """Reset a bill to draft, change its first line's price, post it again."""
        bill.button_draft()
        line = bill.invoice_line_ids[0]
        bill.invoice_line_ids = [Command.update(line.id, {"price_unit": price})]
        bill.action_post()

    def _get_codes(self, run):
        return sorted(run.line_ids.filtered("reason_code").mapped("reason_code"))
