"""A project template brings its deal along: rules, items, rates, members."""

from datetime import date

from odoo import Command

from .common import BillingCommon


class TestTemplates(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.time = cls._create_rule(
            price=100,
            sequence=20,
            date_start="2026-01-01",
            date_end="2026-12-31",
            task_ids=[Command.set(cls.task.ids)],
            partner_id=cls.customer.id,
            customer_order="PO-1",
            rate_ids=[Command.create({"employee_id": cls.ann.id, "price": 120})],
        )
        cls.fixed = cls._create_rule("milestone", amount=1000, sequence=10)
        cls._create_item(
            cls.fixed, name="Start", amount_type="percent", percentage=40
        ).date_planned = "2026-01-15"
        cls._create_item(cls.fixed, name="End", amount_type="remainder")
        cls.env["project.billing.member"].create(
            {"project_id": cls.project.id, "employee_id": cls.ben.id}
        )

    def _make_template(self):
        action = self.project.action_create_template_from_project()
        template = self.env["project.project"].browse(action["params"]["project_id"])
        template.write({"date_start": "2026-01-01", "date": "2026-12-31"})
        return template

    def _make_project(self, template=None, **values):
        template = template or self._make_template()
        return template.action_create_from_template(
            {"name": "New", "date_start": date(2027, 3, 1), **values}
        )

    def test_template_and_its_projects_have_rules_items_rates_members(self):
        template = self._make_template()
        for project in (template, self._make_project(template)):
            rules = project.billing_rule_ids
            self.assertEqual(
                rules.mapped("billing_type"), ["milestone", "timesheet"], project.name
            )
            items = rules[0].item_ids
            self.assertEqual(items.mapped("name"), ["Start", "End"])
            self.assertEqual(items.mapped("billable_amount"), [400, 600])
            self.assertEqual(rules[1].rate_ids.mapped("price"), [120])
            self.assertEqual(rules[1].rate_ids.employee_id, self.ann)
            self.assertEqual(project.billing_member_ids.employee_id, self.ben)

    def test_copies_refer_to_copied_tasks_and_milestones(self):
        project = self._make_project()
        fixed, time = project.billing_rule_ids
        self.assertEqual(time.task_ids.project_id, project)
        self.assertEqual(time.task_ids.mapped("name"), ["Design"])
        self.assertEqual(fixed.item_ids.milestone_id.project_id, project)
        self.assertEqual(fixed.item_ids.milestone_id.mapped("name"), ["Start", "End"])

    def test_dates_move_with_the_start_of_the_project(self):
        fixed, time = self._make_project().billing_rule_ids
        self.assertEqual(time.date_start, date(2027, 3, 1))
        self.assertEqual(fixed.item_ids[0].date_planned, date(2027, 3, 15))

    def test_what_belongs_to_one_customer_stays_behind(self):
        time = self._make_project().billing_rule_ids[1]
        self.assertFalse(time.partner_id)
        self.assertFalse(time.customer_order)

    def test_a_copied_project_bills_its_own_work_only(self):
        old = self._create_entry(3)
        project = self._make_project(partner_id=self.customer.id)
        time = project.billing_rule_ids[1]
        time.write({"bill_from": "2027-01-01"})
        self._create_entry(2, date(2027, 3, 5), task=time.task_ids)
        milestone = project.milestone_ids.filtered(lambda m: m.name == "Start")
        milestone.is_reached = True
        invoice = self._bill(date(2027, 3, 31), project)
        self.assertEqual(invoice.amount_untaxed, 2 * 120 + 400)
        self.assertEqual(old.billed_quantity, 0)

    def test_a_schedule_of_values_is_copied_without_its_progress(self):
        rule = self._create_rule("progress", amount=900, sequence=30)
        rule.item_ids.write({"amount_type": "fixed", "amount": 300})
        self._create_item(rule, name="Rest", amount_type="remainder")
        rule.item_ids.progress_percentage = 50
        copy = self._make_project().billing_rule_ids.filtered(
            lambda r: r.billing_type == "progress"
        )
        items = copy.item_ids
        self.assertEqual(items.mapped("billable_amount"), [300, 600])
        self.assertEqual(items.mapped("progress_percentage"), [0, 0])
        self.assertEqual(set(items.mapped("kind")), {"progress"})

    def test_a_claim_of_one_item_is_copied_once(self):
        self._create_rule("progress", amount=900, sequence=30)
        copy = self._make_project().billing_rule_ids.filtered(
            lambda r: r.billing_type == "progress"
        )
        self.assertEqual(copy.item_ids.mapped("billable_amount"), [900])

    def test_templates_are_never_billed(self):
        template = self._make_template()
        template.partner_id = self.customer
        template.billing_rule_ids.item_ids.date_ready = date(2026, 1, 1)
        run = self._propose(projects=self.project | template)
        self.assertNotIn(template, run.line_ids.project_id)

    def test_a_plain_duplicate_copies_no_deal(self):
        copy = self.project.copy()
        self.assertFalse(copy.billing_rule_ids)
