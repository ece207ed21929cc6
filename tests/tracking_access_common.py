"""A world of two companies for tests of who reads what: projects, people, customers."""

from collections import Counter
from datetime import date

from odoo import Command
from odoo.tests import new_test_user

from .test_tracker import TODAY, TrackerCommon

# figures that say whether rows are the right ones where ids are not kept
FIGURES = {
    "project.billing.tracker": "net_company",
    "project.billing.ageing": "amount_total",
    "project.billing.forecast": "due",
    "project.billing.wip": "closing",
    "project.billing.item": "billable_amount",
    "project.billing.rule": "amount",
    "project.billing.allocation": "amount",
}
# for accountants alone
BOOKS = ("project.billing.check", "project.billing.share", "project.billing.month.end")
NAMED = ("project.billing.item", "project.billing.rule", "project.billing.allocation")


class WorldCommon(TrackerCommon):
    """Four projects of two companies, each planned, billed, paid in part and typed.

    Two project managers without accounting rights (one of both companies), an officer
    of each company and one of both, and two customers with a portal account.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = cls.setup_other_company(name="Elsewhere")["company"]
        cls.both = cls.company | cls.elsewhere
        people = "base.group_user,base.group_partner_manager,base.group_allow_export"
        project_user = f"{people},project.group_project_user"
        officer = f"{people},account.group_account_invoice"
        cls.pia = cls._create_person("pia", project_user, cls.company)
        cls.pol = cls._create_person("pol", project_user, cls.both)
        cls.officers = {
            cls._create_person("ona", officer, cls.company): cls.company,
            cls._create_person("oto", officer, cls.elsewhere): cls.elsewhere,
            cls._create_person("oli", officer, cls.both): cls.both,
        }
        cls.managers = [cls.pia, cls.pol]
        cls.employees = [
            cls._create_employee(user.name, user_id=user.id) for user in cls.managers
        ]
        cls.customers = cls.customer | cls.customer.create({"name": "Contoso"})
        cls.portal_users = [
            new_test_user(
                cls.env,
                login=f"portal_{partner.name}",
                groups="base.group_portal",
                partner_id=cls.env["res.partner"]
                .create({"name": "Eva", "parent_id": partner.id, "email": "e@x.org"})
                .id,
            )
            for partner in cls.customers
        ]
        cls.worlds = cls.env["project.project"]
        for number, company in enumerate([cls.company] * 3 + [cls.elsewhere]):
            cls.worlds |= cls._fill(f"World {number}", company, number)
        cls.env.flush_all()

    @classmethod
    def _create_person(cls, login, groups, companies):
        user = cls._create_user(login, groups)
        user.write(
            {
                "company_ids": [Command.set(companies.ids)],
                "company_id": companies[0].id,
            }
        )
        return user

    @classmethod
    def _fill(cls, name, company, number):
        """Return a project with an amount in every stage."""
        project = cls._create_project(
            name, company_id=company.id, partner_id=cls.customers[number % 2].id
        )
        project._ensure_billing_account()
        rule = cls._create_rule(
            "milestone", project, company_id=company.id, amount=1000 + number
        )
        for part in range(3):
            cls._create_item(rule, amount=100 + 10 * part + number)
        rule.item_ids[0].date_ready = rule.item_ids[1].date_ready = date(2026, 5, 1)
        time = cls._create_rule(
            project=project, company_id=company.id, price=50 + number, sequence=20
        )
        employee = cls._create_employee("Worker", company_id=company.id)
        cls._create_entry(
            2 + number, task=cls._create_task("Work", project), employee=employee
        )
        moves = cls.env["account.move"].with_company(company)
        moves = moves.create(
            [
                {
                    "move_type": kind,
                    "partner_id": project.partner_id.id,
                    "invoice_date": date(2026, 6, 1),
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "Typed",
                                "price_unit": 77 + number,
                                "tax_ids": [],
                                "analytic_distribution": distribution,
                            }
                        )
                    ],
                }
                for kind in ("out_invoice", "in_invoice")
                for distribution in ({str(project.account_id.id): 60}, False)
            ]
        )
        moves.action_post()
        run = cls.env["project.billing.run"].with_company(company)
        run = run.create(
            {
                "company_id": company.id,
                "cutoff_date": date(2026, 6, 1),
                "date": date(2026, 6, 1),
                "project_ids": [Command.set(project.ids)],
            }
        )
        run.action_propose()
        run.action_invoice()
        run.move_ids.action_post()
        rule.item_ids[2].date_ready = date(2026, 6, 15)
        cls.env["account.payment.register"].with_company(company).with_context(
            active_model="account.move", active_ids=run.move_ids.ids
        ).create({"amount": 25.0, "payment_date": TODAY})._create_payments()
        return time.project_id

    # -- who may read what -------------------------------------------------------------

    def _assign(self, managers, members):
        """Give the projects other managers and members.

        :param managers: for each project the number of its manager, or None
        :param members: for each project the numbers of the people who work on it
        """
        self.worlds.billing_member_ids.unlink()
        for project, manager, own in zip(self.worlds, managers, members, strict=True):
            project.user_id = manager is not None and self.managers[manager]
            for number in own:
                self.env["project.billing.member"].create(
                    {
                        "project_id": project.id,
                        "employee_id": self.employees[number].id,
                    }
                )
        self.assigned = {
            user: self.worlds.filtered(
                lambda p, u=user: (
                    (p.user_id == u or u in p.billing_member_ids.user_id)
                    and p.company_id in u.company_ids
                )
            )
            for user in self.managers
        }

    def _as(self, model, user):
        """Return a model as a user asks for it, in all companies of theirs."""
        self.env.flush_all()
        self.env.invalidate_all()  # each question of a person is a new transaction
        companies = user.company_ids.ids
        return (
            self.env[model].with_user(user).with_context(allowed_company_ids=companies)
        )

    def _get_all(self, model):
        """Return ``[(company id, project id, figure)]`` of both companies."""
        everything = self.env[model].sudo()
        everything = everything.with_context(allowed_company_ids=self.both.ids)
        everything.invalidate_model()
        name = FIGURES[model]
        return [
            (row.company_id.id, row.project_id.id, round(row[name], 2))
            for row in everything.search([])
        ]

    def _get_expected(self, rows, user):
        """Return a Counter of the rows that this person may read."""
        if user in self.officers:
            own = self.officers[user].ids
            return Counter(row for row in rows if row[0] in own)
        own = self.assigned[user].ids
        return Counter(row for row in rows if row[1] in own)


def as_row(values, name):
    """Return a row of ``search_read`` like those of ``_get_all``."""
    company, project = values["company_id"], values["project_id"]
    return (
        company and company[0],
        project and project[0],
        round(values[name], 2),
    )
