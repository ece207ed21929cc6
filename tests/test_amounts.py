"""Amounts given at creation: invoices are the host's, to the last cent and tag."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from odoo.addons.project_invoice_tracker.tools import plans

from .common import BillingCommon

COMPARED = (
    "account_id",
    "amount_currency",
    "balance",
    "credit",
    "debit",
    "display_type",
    "price_subtotal",
    "price_total",
    "tax_base_amount",
    "tax_ids",
    "tax_line_id",
    "tax_repartition_line_id",
    "tax_tag_ids",
)


@tagged("post_install", "-at_install")
class TestAmounts(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tag = cls.env["account.account.tag"].create(
            {"name": "base", "applicability": "taxes"}
        )
        cls.tax = cls.company.account_sale_tax_id.copy(
            {"name": "21 %", "amount": 21, "price_include_override": "tax_excluded"}
        )
        lines = cls.tax.invoice_repartition_line_ids
        lines.filtered(lambda x: x.repartition_type == "base").tag_ids = cls.tag
        cls.product = cls.hours_product.copy({"taxes_id": [Command.set(cls.tax.ids)]})

    def _log(self, hours=(4.44, 3.33, 1.11), **kwargs):
        """Return a project with an entry, so an invoice line, for each of the hours."""
        project = self._create_project("Website")
        task = self._create_task("Design", project)
        rule = {"price": 33.33, "product_id": self.product.id, **kwargs}
        self._create_rule(project=project, line_grouping="entry", **rule)
        for number in hours:
            self._create_entry(number, task=task, billing_confirmed=number < 0)
        return project

    @contextmanager
    def _without_amounts(self):
        mixin = self.env.registry["project.billing.invoicing"]
        with patch.object(mixin, "_complete_lines", lambda *args: None):
            yield

    def _assert_like_host(self, **kwargs):
        """Bill the same work with and without given amounts; return the first."""
        move = self._bill(projects=self._log(**kwargs))
        with self._without_amounts():
            other = self._bill(projects=self._log(**kwargs))
        self.assertEqual(*(self._dump(both) for both in (move, other)))
        return move

    def _dump(self, move):
        lines = move.sudo().line_ids.sorted(lambda x: (x.display_type, x.id))
        return lines.read(COMPARED, load=None) and [
            {
                name: line[name].ids if line._fields[name].relational else line[name]
                for name in COMPARED
            }
            for line in lines
        ]

    def test_taxed_lines_are_like_the_hosts(self):
        move = self._assert_like_host()
        self.assertEqual(move.invoice_line_ids.tax_tag_ids, self.tag)

    def test_shared_rounding_is_the_hosts(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        self._assert_like_host()

    def test_rounding_by_line_is_the_hosts(self):
        self.company.tax_calculation_rounding_method = "round_per_line"
        self._assert_like_host()

    def test_lines_without_tax_share_the_hosts_rounding(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        self.product.taxes_id = [Command.clear()]
        self._assert_like_host()

    def test_one_line_without_tax_is_like_the_hosts(self):
        self.product.taxes_id = [Command.clear()]
        self._assert_like_host(hours=(4.44,))

    def test_tax_included_in_the_price_is_taken_out_by_the_host(self):
        self.tax.price_include_override = "tax_included"
        move = self._assert_like_host()
        self.assertLess(move.amount_untaxed, move.amount_total)

    def test_tax_removed_by_a_fiscal_position_leaves_no_tag(self):
        self.customer.property_account_position_id = self.env[
            "account.fiscal.position"
        ].create({"name": "Export"})
        move = self._assert_like_host()
        self.assertFalse(move.invoice_line_ids.tax_tag_ids)

    def test_another_currency_is_converted_by_the_host(self):
        franc = self.setup_other_currency("CHF")
        move = self._assert_like_host(currency_id=franc.id)
        self.assertEqual(move.currency_id, franc)

    def test_a_correction_is_like_the_hosts(self):
        move = self._assert_like_host(hours=(4.44, -1.11))
        self.assertEqual(len(move.invoice_line_ids), 2)

    def test_host_has_the_last_word(self):
        mixin = self.env.registry["project.billing.invoicing"]
        wrong = {"amount_currency": -1.0, "balance": -1.0}
        for taxes in (self.tax, self.tax.browse()):
            self.product.taxes_id = taxes
            with patch.object(mixin, "_prepare_amounts", lambda *args: dict(wrong)):
                move = self._bill(projects=self._log(hours=(1.0, 2.0)))
            self.assertEqual(move.amount_untaxed, 99.99)
            self.assertEqual(sum(move.invoice_line_ids.mapped("balance")), -99.99)

    def test_lines_are_not_written_again(self):
        written = []
        lines = self.env.registry["account.move.line"]
        write = lines.write

        def spy(records, vals):
            written.extend(vals)
            return write(records, vals)

        with patch.object(lines, "write", spy):
            self._bill(projects=self._log(hours=(1.0, 2.0)))
        self.assertNotIn("balance", written)
        self.assertNotIn("tax_tag_ids", written)

    def test_keys_of_many_rows_are_checked_by_fresh_plans(self):
        seen = []
        cursor = type(self.env.cr)
        execute = cursor.execute

        def spy(cr, query, *args, **kwargs):
            seen.append(getattr(query, "code", query))
            return execute(cr, query, *args, **kwargs)

        with patch.object(plans, "MANY", 3), patch.object(cursor, "execute", spy):
            self._bill(projects=self._log())
        inserts = [i for i, sql in enumerate(seen) if "billing_allocation (" in sql]
        self.assertEqual([seen[i - 1] for i in inserts], ["DISCARD PLANS"])

    def test_drafts_count_as_never_changed_by_hand(self):
        self.assertFalse(self._bill(projects=self._log()).is_manually_modified)
