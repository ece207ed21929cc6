from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .common import ADDON, BillingCommon

MODELS = (
    "project.billing.rule",
    "project.billing.rate",
    "project.billing.member",
    "project.billing.item",
    "project.billing.allocation",
    "project.billing.run",
    "project.billing.run.line",
)


class AccessCommon(BillingCommon):
    """A project of the manager and one of somebody else, both billed and proposed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._create_project("Secret", user_id=cls.administrator.id)
        cls.records = {}
        for project in cls.project | cls.other:
            cls.records[project] = cls._fill(project)

    @classmethod
    def _fill(cls, project):
        """Return one record of each model that belongs to ``project``."""
        task = cls._create_task("Work", project)
        rule = cls._create_rule(project=project, price=100)
        contract = cls._create_rule("milestone", project=project, amount=500)
        rate = cls.env["project.billing.rate"].create(
            {"rule_id": rule.id, "employee_id": cls.ben.id, "price": 120}
        )
        member = cls.env["project.billing.member"].create(
            {"project_id": project.id, "employee_id": cls.ben.id}
        )
        item = cls._create_item(contract, amount=500)
        entry = cls._create_entry(8, task=task)
        run = cls.env["project.billing.run"].create(
            {
                "company_id": cls.company.id,
                "cutoff_date": "2026-06-30",
                "date": "2026-06-30",
                "project_ids": [Command.set(project.ids)],
            }
        )
        run.action_propose()
        line = run.line_ids.filtered(lambda x: x.state == "proposed")
        run.action_invoice()
        records = (rule, rate, member, item, entry.billing_allocation_ids, run, line)
        return dict(zip(MODELS, records, strict=True))


class TestAccess(AccessCommon):
    def test_every_model_of_ours_has_access_rules(self):
        names = [
            name
            for name, model in self.env.registry.items()
            if model._original_module == ADDON and not model._abstract
        ]
        self.assertLessEqual(set(MODELS), set(names))
        for model in map(self.env["ir.model"]._get, names):
            with self.subTest(model=model.model):
                self.assertTrue(model.access_ids)
                self.assertTrue(all(model.access_ids.mapped("group_id")))

    def test_every_stored_model_with_a_company_has_a_company_rule(self):
        for name in MODELS:
            model = self.env["ir.model"]._get(name)
            rules = model.rule_ids.filtered(lambda r: not r.groups)
            with self.subTest(model=name):
                self.assertIn("company_ids", "".join(rules.mapped("domain_force")))

    def test_manager_sees_own_projects_only(self):
        for name in MODELS:
            mine = self.records[self.project][name]
            foreign = self.records[self.other][name]
            model = self.env[name].with_user(self.manager)
            with self.subTest(model=name):
                self.assertEqual(
                    mine.with_user(self.manager).read(["id"])[0]["id"], mine.id
                )
                found = model.search([("id", "in", (mine | foreign).ids)])
                self.assertEqual(found.ids, mine.ids)
                grouped = model.formatted_read_group(
                    [("id", "in", (mine | foreign).ids)], [], ["__count"]
                )
                self.assertEqual(grouped[0]["__count"], len(mine))
                with self.assertRaises(AccessError):
                    foreign.with_user(self.manager).read(["display_name"])

    def test_manager_finds_no_foreign_name(self):
        for name in MODELS:
            foreign = self.records[self.other][name]
            with self.subTest(model=name):
                found = (
                    self.env[name].with_user(self.manager).name_search("", limit=None)
                )
                self.assertFalse(set(foreign.ids) & {row[0] for row in found})

    def test_member_sees_the_project(self):
        user = self._create_user("member", "base.group_user,project.group_project_user")
        self.ben.user_id = user
        rule = self.records[self.other]["project.billing.rule"]
        self.assertEqual(rule.with_user(user).name, rule.name)

    def test_manager_cannot_change_rules_rates_or_items(self):
        for name in MODELS[:4]:
            mine = self.records[self.project][name].with_user(self.manager)
            with self.subTest(model=name):
                with self.assertRaises(AccessError):
                    mine.write({"create_date": False})
                with self.assertRaises(UserError):  # or because it is used
                    mine.unlink()
                with self.assertRaises(AccessError):
                    mine.copy()

    def test_clerk_cannot_change_rules_rates_or_items(self):
        values = {
            "project.billing.rule": {"price": 1},
            "project.billing.rate": {"price": 1},
            "project.billing.member": {"date_start": "2026-01-01"},
            "project.billing.item": {"amount": 1},
        }
        for name, vals in values.items():
            record = self.records[self.project][name].with_user(self.clerk)
            with self.subTest(model=name), self.assertRaises(AccessError):
                record.write(vals)

    def test_accountant_reads_what_the_messages_of_a_project_ask_for(self):
        collaborators = self.project.with_user(self.clerk).collaborator_ids
        self.assertFalse(collaborators.mapped("partner_id"))

    def test_administrator_changes_rules(self):
        rule = self.records[self.other]["project.billing.rule"]
        rule.with_user(self.administrator).price = 90
        self.assertEqual(rule.price, 90)

    def test_nobody_writes_the_ledger_by_hand(self):
        row = self.records[self.project]["project.billing.allocation"]
        for user in self.manager | self.clerk | self.administrator:
            own = row.with_user(user)
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    own.write({"quantity": 1})
                with self.assertRaises(AccessError):
                    own.unlink()
                with self.assertRaises(AccessError):
                    own.create(
                        {
                            "kind": "bill",
                            "company_id": self.company.id,
                            "currency_id": self.company.currency_id.id,
                            "rule_id": row.rule_id.id,
                            "analytic_line_id": row.analytic_line_id.id,
                        }
                    )

    def test_nobody_types_what_the_ledger_says(self):
        entry = self.records[self.project][
            "project.billing.allocation"
        ].analytic_line_id
        for user in self.manager | self.clerk | self.administrator:
            for name in ("billed_quantity", "billing_held_quantity", "billed_amount"):
                with (
                    self.subTest(user=user.login, name=name),
                    self.assertRaises(UserError),
                ):
                    entry.with_user(user).write({name: 0})

    def test_nobody_types_the_state_of_a_run(self):
        run = self.records[self.project]["project.billing.run"]
        for user in self.manager | self.clerk:
            with self.subTest(user=user.login), self.assertRaises(UserError):
                run.with_user(user).write({"state": "proposed"})

    def test_nobody_types_the_state_of_a_line(self):
        line = self.records[self.project]["project.billing.run.line"]
        for user in self.manager | self.clerk:
            with self.subTest(user=user.login), self.assertRaises(UserError):
                line.with_user(user).write({"state": "approved"})

    def test_manager_proposes_own_projects_only(self):
        run = self._propose(projects=self.project | self.other, user=self.manager)
        self.assertNotIn(self.other, run.sudo().line_ids.project_id)

    def test_manager_makes_and_posts_no_invoice(self):
        self._create_entry(1)
        run = self._propose(user=self.manager)
        with self.assertRaises(UserError):
            run.action_invoice()
        invoice = self.records[self.project]["project.billing.run"].move_ids
        with self.assertRaises(AccessError):
            invoice.with_user(self.manager).action_post()
        with self.assertRaises(AccessError):
            invoice.with_user(self.manager).read(["amount_total"])
        with self.assertRaises(UserError):
            run.with_user(self.manager).action_undo()

    def test_manager_reads_state_and_invoice_of_own_entries(self):
        entry = self.records[self.project][
            "project.billing.allocation"
        ].analytic_line_id
        row = self.records[self.project]["project.billing.allocation"]
        self.assertEqual(entry.with_user(self.manager).billing_state, "draft")
        self.assertEqual(row.with_user(self.manager).quantity, 8)

    def test_manager_settles_own_projects_only(self):
        entry = self._create_entry(1, task=self._create_task("T", self.other))
        with self.assertRaises(UserError):
            self.env["project.billing.settle"].with_user(self.manager).create(
                {
                    "action": "write_off",
                    "reason": "No",
                    "entry_ids": [Command.set(entry.ids)],
                }
            ).action_settle()
        self.assertEqual(entry.billing_written_off_quantity, 0)

    def test_portal_and_public_get_nothing(self):
        portal = new_test_user(self.env, "billing_portal", "base.group_portal")
        for user in portal | self.env.ref("base.public_user"):
            for name in (*MODELS, "project.billing.settle"):
                with (
                    self.subTest(user=user.login, model=name),
                    self.assertRaises(AccessError),
                ):
                    self.env[name].with_user(user).search([])

    def test_employee_without_project_rights_gets_nothing(self):
        user = self._create_user("employee", "base.group_user")
        for name in MODELS:
            with self.subTest(model=name), self.assertRaises(AccessError):
                self.env[name].with_user(user).search([])


class TestCompanyAccess(AccessCommon):
    """Users of another company see nothing."""

    def test_users_of_another_company_see_nothing(self):
        other = self.env["res.company"].create({"name": "Sister"})
        user = new_test_user(
            self.env,
            "billing_sister",
            "base.group_user,account.group_account_manager,project.group_project_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for name in MODELS:
            mine = self.records[self.project][name]
            model = self.env[name].with_user(user)
            with self.subTest(model=name):
                self.assertFalse(model.search([]) & mine)
                if name != "project.billing.member":
                    with self.assertRaises(AccessError):
                        mine.with_user(user).read(["display_name"])

    def test_company_that_is_not_ticked_is_not_seen(self):
        other = self.env["res.company"].create({"name": "Sister"})
        self.clerk.company_ids |= other
        model = self.env["project.billing.rule"].with_user(self.clerk)
        rules = self.records[self.project]["project.billing.rule"]
        seen = model.with_context(allowed_company_ids=other.ids).search([])
        self.assertFalse(seen & rules)
