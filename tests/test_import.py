"""Rules, items, rates and opening figures come in by the host's own import."""

from datetime import date

from odoo.tools import file_open, mute_logger

from odoo.addons.project_invoice_tracker.exceptions import BillingRuleError

from .common import ADDON, BillingCommon


class TestImport(BillingCommon):
    """The sample files, as an administrator imports them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.project.name = "Website relaunch"
        cls.env["project.role"].create({"name": "Developer"})
        cls.env["res.currency"].search([("name", "=", "USD")]).active = True

    def _import(self, model, name, text=None):
        """Import a sample file as the dialogue does; return the new records."""
        if text is None:
            with file_open(f"{ADDON}/static/csv/{name}.csv", "rb") as file:
                text = file.read()
        wizard = (
            self.env["base_import.import"]
            .with_user(self.administrator)
            .create({"res_model": model, "file": text, "file_type": "text/csv"})
        )
        options = {"has_headers": True, "quoting": '"', "separator": ","}
        preview = wizard.parse_preview(options)
        self.assertNotIn("error", preview)
        fields = [
            "/".join(preview["matches"].get(index, []))
            for index in range(len(preview["headers"]))
        ]
        self.assertTrue(all(fields), dict(zip(preview["headers"], fields, strict=True)))
        result = wizard.execute_import(fields, preview["headers"], preview["options"])
        self.assertFalse(result["messages"], result["messages"])
        return self.env[model].browse(result["ids"])

    def test_every_sample_file_is_offered_and_comes_in_whole(self):
        rules = self._import("project.billing.rule", "project_billing_rule")
        self.assertEqual(rules.mapped("billing_type"), ["milestone", "timesheet"])
        items = self._import("project.billing.item", "project_billing_item")
        self.assertEqual(items.mapped("billable_amount"), [14400, 19200, 14400])
        rates = self._import("project.billing.rate", "project_billing_rate")
        self.assertEqual(rates.employee_id, self.ann)
        opening = self._import("project.billing.item", "project_billing_opening")
        self.assertEqual(opening.kind, "opening")
        self.assertEqual(rules[1].billed_amount, 7260)
        offered = [
            template["template"].rpartition("/")[2]
            for model in ("rule", "item", "rate")
            for template in self.env[f"project.billing.{model}"].get_import_templates()
        ]
        self.assertEqual(
            sorted(offered),
            [
                f"project_billing_{name}.csv"
                for name in ("item", "opening", "rate", "rule")
            ],
        )

    def test_a_schedule_of_values_comes_in_and_is_claimed(self):
        [rule] = self._import(
            "project.billing.rule",
            "rule",
            b"id,Project,Name,Billing Type,Contract amount\n"
            b"roll_out,Website relaunch,Roll-out,Progress,1000\n",
        )
        self.assertEqual(rule.item_ids.mapped("billable_amount"), [1000])
        rule.item_ids.write({"amount_type": "fixed", "amount": 400})
        [items] = self._import(
            "project.billing.item",
            "item",
            b"rule_id/id,Name,Amount Type,Amount,Done (%)\n"
            b"roll_out,Other sites,Amount,600,25\n",
        )
        self.assertEqual((items.kind, items.billable_amount), ("progress", 600))
        self.assertEqual((items.earned_amount, items.under_billed_amount), (150, 150))

    def test_what_was_billed_elsewhere_is_not_billed_here(self):
        rules = self._import("project.billing.rule", "project_billing_rule")
        self._import("project.billing.item", "project_billing_item")
        self._import("project.billing.item", "project_billing_opening")
        start = rules[0].item_ids[0]
        start.with_user(self.administrator).write(
            {"opening_amount": 10000, "opening_reference": "RE-2025-900"}
        )
        invoice = self._bill()
        self.assertEqual(invoice.amount_untaxed, 4400)
        self.assertEqual(start.billed_amount, 14400)
        self.assertConserved()

    def test_opening_position_can_be_corrected(self):
        rule = self._create_rule("milestone")
        item = self._create_item(rule, amount=500)
        for amount in (500, 200, 0, 300):
            item.opening_amount = amount
            item.invalidate_recordset()
            self.assertEqual((item.opening_amount, item.billed_amount), (amount,) * 2)
            self.assertEqual(item.billing_held_amount, 0)
            self.assertConserved()

    def test_more_than_the_item_is_worth_cannot_have_been_billed(self):
        rule = self._create_rule("milestone")
        item = self._create_item(rule, amount=500)
        for amount in (501, -1):
            with self.assertRaisesRegex(BillingRuleError, "billed elsewhere"):
                item.opening_amount = amount
        item.milestone_id.is_reached = True
        self._bill(date.today())
        with self.assertRaisesRegex(BillingRuleError, "billed elsewhere"):
            item.opening_amount = 1

    def test_opening_of_a_time_rule_can_be_corrected(self):
        rule = self._create_rule(price=100)
        item = self.env["project.billing.item"].create(
            {"rule_id": rule.id, "name": "Before", "opening_amount": 700}
        )
        self.assertEqual(rule.billed_amount, 700)
        item.opening_amount = 650
        rule.invalidate_recordset()
        self.assertEqual((rule.billed_amount, item.billable_amount), (650, 650))
        run = self._propose()
        self.assertFalse(run.line_ids)
        self.assertConserved()

    def test_a_wrong_row_says_what_and_nothing_comes_in(self):
        before = self.env["project.billing.rule"].search_count([])
        header = b"Project,Name,Billing Type,Contract amount"
        text = header + b"\nWebsite relaunch,A,Milestones,-5\n"
        with mute_logger("odoo.sql_db"), self.assertRaises(AssertionError) as failure:
            self._import("project.billing.rule", "", text)
        self.assertIn("cannot be negative", str(failure.exception))
        self.assertEqual(self.env["project.billing.rule"].search_count([]), before)
