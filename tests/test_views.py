from datetime import date

from odoo.tests import Form

from .common import ADDON, BillingCommon


class TestViews(BillingCommon):
    """Each screen opens for each role, and says what to do when it is empty."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rule = cls._create_rule(price=100)
        cls._create_rate(rule)
        milestones = cls._create_rule("milestone", amount=1000)
        cls._create_item(milestones, amount_type="remainder")
        cls._create_entry(8)
        cls.env["project.billing.member"].create(
            {"project_id": cls.project.id, "employee_id": cls.ann.id}
        )

    @classmethod
    def _create_rate(cls, rule):
        return cls.env["project.billing.rate"].create(
            {"rule_id": rule.id, "employee_id": cls.ann.id, "price": 120}
        )

    def _get_actions(self):
        names = self.env["ir.model.data"].search(
            [("module", "=", ADDON), ("model", "=", "ir.actions.act_window")]
        )
        return self.env["ir.actions.act_window"].browse(names.mapped("res_id"))

    def _open(self, action, user):
        """Do what the web client does: load the views, then search and read."""
        model = self.env[action.res_model].with_user(user)
        views = [*action.views, (action.search_view_id.id, "search")]
        loaded = model.get_views(views)["views"]
        for view_type in {"list", "kanban"} & loaded.keys():
            fields = loaded[view_type]["arch"]
            names = set(model.fields_get(attributes=["type"]))
            names = {name for name in names if f'name="{name}"' in fields}
            domain = self._get_domain(action)
            model.web_search_read(domain, {name: {} for name in names}, limit=5)

    def _get_domain(self, action):
        return eval(action.domain or "[]", {"active_id": self.project.id})  # noqa: S307

    def _assert_opens(self, user, left_out=()):
        actions = self._get_actions().filtered(
            lambda action: (
                action.res_model not in left_out
                and (not action.group_ids or action.group_ids & user.all_group_ids)
            )
        )
        self.assertGreater(len(actions), 9)
        for action in actions:
            with self.subTest(action=action.name, user=user.login):
                self._open(action, user)

    def test_project_manager_opens_every_screen(self):
        self._propose(user=self.manager)
        self._assert_opens(self.manager, {"res.config.settings"})

    def test_clerk_opens_every_screen(self):
        self._bill()
        self._assert_opens(self.clerk, {"res.config.settings"})

    def test_administrator_opens_every_screen(self):
        self._bill()
        self.administrator.group_ids |= self.env.ref("base.group_system")
        self._assert_opens(self.administrator)

    def test_every_action_says_what_to_do_first(self):
        for action in self._get_actions():
            self.assertTrue((action.help or "").strip(), action.name)

    def test_every_menu_leads_somewhere(self):
        menus = self.env["ir.model.data"].search(
            [("module", "=", ADDON), ("model", "=", "ir.ui.menu")]
        )
        for menu in self.env["ir.ui.menu"].browse(menus.mapped("res_id")):
            self.assertTrue(menu.action or menu.child_id, menu.complete_name)

    def test_rule_asks_only_project_type_and_price(self):
        form = Form(self.env["project.billing.rule"].with_user(self.administrator))
        form.project_id = self.project
        form.price = 90
        rule = form.save()
        self.assertRecordValues(
            rule,
            [
                {
                    "name": "Time and materials",
                    "bill_partner_id": self.customer.id,
                    "currency_id": self.company.currency_id.id,
                    "uom_id": self.hour.id,
                    "product_id": self.hours_product.id,
                    "result": "draft",
                    "line_grouping": "task",
                    "invoice_grouping": "project",
                    "rounding_method": "none",
                    "annex": True,
                }
            ],
        )

    def test_annex_is_the_default_of_time_and_can_be_chosen_for_milestones(self):
        form = Form(self.env["project.billing.rule"].with_user(self.administrator))
        form.project_id = self.project
        self.assertTrue(form.annex)
        form.billing_type = "milestone"
        self.assertFalse(form.annex)
        form.annex = True
        self.assertTrue(form.save().annex)

    def test_milestone_rule_takes_its_items_in_the_form(self):
        milestones = [self._create_milestone(name) for name in ("Start", "End")]
        form = Form(self.env["project.billing.rule"].with_user(self.administrator))
        form.project_id = self.project
        form.billing_type = "milestone"
        form.amount = 1000
        for milestone in milestones:
            with form.item_ids.new() as item:
                item.milestone_id = milestone
                item.amount_type = "percent"
                item.percentage = 50
        rule = form.save()
        self.assertEqual(rule.item_ids.mapped("billable_amount"), [500, 500])
        self.assertEqual(rule.item_ids.mapped("name"), ["Start", "End"])
        self.assertEqual(rule.item_ids.mapped("trigger"), ["reached", "reached"])

    def test_project_manager_edits_texts_in_the_list_of_time(self):
        entry = self._create_entry(2)
        view = f"{ADDON}.account_analytic_line_view_form_billing"
        with Form(entry.with_user(self.manager), view=view) as form:
            form.billing_text = "What the customer reads"
        self.assertEqual(entry.billing_text, "What the customer reads")
        self.assertNotEqual(entry.name, entry.billing_text)

    def test_run_form_approves_all_lines_of_own_projects(self):
        other = self._create_project("Other", user_id=self.administrator.id)
        self._create_rule(project=other, price=50)
        self._create_entry(1, task=self._create_task("Other task", other))
        run = self._propose(projects=self.project | other)
        run.with_user(self.manager).action_approve_all()
        approved = self._get_lines(run, "approved")
        self.assertEqual(approved.project_id, self.project)
        self.assertEqual(run.approved_count, len(approved))

    def test_project_says_what_is_ready_or_that_nothing_is(self):
        project = self.project.with_user(self.manager)
        self.assertIn("8.00 h ready", project.billing_status)
        self._bill()
        self.env.invalidate_all()
        self.assertIn("nothing to invoice", project.billing_status)
        self.assertNotIn(" h ", project.billing_status)

    def test_hours_of_a_credit_can_start_from_none(self):
        invoice = self._bill()
        invoice.action_post()
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        self.assertEqual(wizard.billing_hour_ids.mapped("quantity"), [8])
        wizard.action_billing_take_none()
        self.assertEqual(wizard.billing_hour_ids.mapped("quantity"), [0])

    def test_milestone_is_not_made_non_billable(self):
        item = self._create_item(
            self._create_rule("milestone", amount=500), amount_type="remainder"
        )
        wizard = self.env["project.billing.settle"].with_user(self.clerk)
        wizard = wizard.create(
            {"action": "nonbillable", "reason": "No", "item_ids": [(6, 0, item.ids)]}
        )
        with self.assertRaisesRegex(Exception, "written off"):
            wizard.action_settle()

    def test_ledger_adds_up_hours_without_milestones(self):
        self._create_item(
            self._create_rule("milestone", amount=500), amount_type="remainder"
        ).action_set_ready()
        rows = self._bill(cutoff=date(2030, 1, 1)).billing_allocation_ids
        self.assertEqual(sorted(rows.mapped("quantity")), [1, 8])
        self.assertEqual(sorted(rows.mapped("hours")), [0, 8])

    def test_ledger_row_opens_its_invoice(self):
        invoice = self._bill()
        row = invoice.billing_allocation_ids.with_user(self.clerk)
        self.assertEqual(row.action_open_document()["res_id"], invoice.id)
