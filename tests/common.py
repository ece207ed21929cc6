"""Factories for all tests: a firm, its people, its projects, real users."""

from datetime import date

from odoo import Command
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

ADDON = "project_invoice_tracker"


@tagged("post_install", "-at_install")
class BillingCommon(AccountTestInvoicingCommon):
    """A company with a chart of accounts, a customer, and one user for each role.

    ``self.manager`` runs projects and has no accounting rights, ``self.clerk`` makes
    invoices, ``self.administrator`` sets rules. Amounts are net: the product has no
    tax unless a test gives it one.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # what a test builds needs no rights; what people do runs as those people
        cls.env = cls.env(su=True)
        cls.company = cls.env.company
        cls.company.partner_id.tz = "UTC"
        cls.hours_product = cls.env.ref(f"{ADDON}.product_project_hours")
        cls.milestone_product = cls.env.ref(f"{ADDON}.product_project_milestone")
        (cls.hours_product | cls.milestone_product).taxes_id = [Command.clear()]
        cls.hour = cls.env.ref("uom.product_uom_hour")
        cls.day = cls.env.ref("uom.product_uom_day")
        cls.customer = cls.env["res.partner"].create({"name": "Northwind"})
        groups = "base.group_user,base.group_partner_manager"
        cls.manager = cls._create_user(
            "manager", f"{groups},project.group_project_user"
        )
        cls.clerk = cls._create_user("clerk", f"{groups},account.group_account_invoice")
        cls.administrator = cls._create_user(
            "administrator",
            f"{groups},account.group_account_manager,project.group_project_manager",
        )
        cls.ann = cls._create_employee("Ann Archer")
        cls.ben = cls._create_employee("Ben Baker")
        cls.project = cls._create_project("Website")
        cls.task = cls._create_task("Design")

    @classmethod
    def _create_user(cls, login, groups, **kwargs):
        return new_test_user(
            cls.env,
            login=f"billing_{login}",
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            **kwargs,
        )

    @classmethod
    def _create_employee(cls, name, **kwargs):
        return cls.env["hr.employee"].create(
            {"name": name, "company_id": cls.company.id, **kwargs}
        )

    @classmethod
    def _create_project(cls, name, **kwargs):
        return cls.env["project.project"].create(
            {
                "name": name,
                "partner_id": cls.customer.id,
                "user_id": cls.manager.id,
                "company_id": cls.company.id,
                "allow_timesheets": True,
                "allow_milestones": True,
                **kwargs,
            }
        )

    @classmethod
    def _create_task(cls, name, project=None, **kwargs):
        project = project or cls.project
        return cls.env["project.task"].create(
            {"name": name, "project_id": project.id, **kwargs}
        )

    @classmethod
    def _create_rule(cls, billing_type="timesheet", project=None, **kwargs):
        """Return a rule; ``bill_from`` is long ago unless given."""
        return cls.env["project.billing.rule"].create(
            {
                "project_id": (project or cls.project).id,
                "company_id": cls.company.id,
                "billing_type": billing_type,
                "bill_from": "2000-01-01",
                **kwargs,
            }
        )

    @classmethod
    def _create_entry(cls, hours, day=None, **kwargs):
        """Return a time entry of Ann on the task, with a text of its own."""
        task = kwargs.pop("task", cls.task)
        employee = kwargs.pop("employee", cls.ann)
        project = kwargs.pop("project", task.project_id or cls.project)
        cls._entry_number = getattr(cls, "_entry_number", 0) + 1
        return cls.env["account.analytic.line"].create(
            {
                "name": f"Work {cls._entry_number}",
                "project_id": project.id,
                "task_id": task.id,
                "employee_id": employee.id,
                "unit_amount": hours,
                "date": day or date(2026, 6, 15),
                **kwargs,
            }
        )

    @classmethod
    def _create_milestone(cls, name, project=None, **kwargs):
        project = project or cls.project
        return cls.env["project.milestone"].create(
            {"name": name, "project_id": project.id, **kwargs}
        )

    @classmethod
    def _create_item(cls, rule, **kwargs):
        """Return an item of a milestone rule, with a milestone of its own."""
        name = kwargs.get("name", "Milestone")
        milestone = cls._create_milestone(name, rule.project_id)
        return cls.env["project.billing.item"].create(
            {"rule_id": rule.id, "milestone_id": milestone.id, **kwargs}
        )

    # -- what people do --------------------------------------------------------------

    def _propose(self, cutoff=None, projects=None, user=None, **kwargs):
        """Return a run that has proposed, made by the clerk."""
        day = cutoff or date(2026, 6, 30)
        projects = self.project if projects is None else projects
        run = (
            self.env["project.billing.run"]
            .with_user(user or self.clerk)
            .create(
                {
                    "company_id": self.company.id,
                    "cutoff_date": day,
                    "date": kwargs.pop("date", day),
                    "project_ids": [Command.set(projects.ids)],
                    **kwargs,
                }
            )
        )
        run.action_propose()
        return run

    def _bill(self, cutoff=None, projects=None, **kwargs):
        """Return the draft invoices of a run up to the cut-off date."""
        run = self._propose(cutoff, projects, **kwargs)
        run.action_invoice()
        return run.move_ids

    def _get_lines(self, run, state):
        return run.line_ids.filtered(lambda line: line.state == state)

    def _get_reasons(self, run):
        """Return ``{reason code: hours}`` of what the run leaves out."""
        reasons = {}
        for line in run.line_ids:
            if line.reason_code:
                reasons.setdefault(line.reason_code, 0.0)
                reasons[line.reason_code] += line.quantity
        return reasons

    def _reverse(self, move, mode="work_back", hours=None, quantities=None, post=True):
        """Credit an invoice by the host's wizard, as the clerk does.

        :param hours: ``{entry: hours to take back}``; entries not named give none
        :param quantities: ``{invoice line: quantity}`` typed on the draft credit note
        """
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "billing_credit_mode": mode})
        )
        if hours is not None:
            for hour in wizard.billing_hour_ids:
                hour.quantity = hours.get(hour.allocation_id.analytic_line_id, 0.0)
        wizard.refund_moves()
        credit = wizard.new_move_ids
        for line, quantity in (quantities or {}).items():
            own = credit.invoice_line_ids.filtered(
                lambda x, line=line: x.billing_origin_line_id == line
            )
            with Form(credit) as form:
                index = credit.invoice_line_ids.ids.index(own.id)
                if quantity:
                    with form.invoice_line_ids.edit(index) as line_form:
                        line_form.quantity = quantity
                else:
                    form.invoice_line_ids.remove(index)
        if post:
            credit.action_post()
        return credit

    def _replace(self, move):
        """Reverse and create invoice; return the new draft."""
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id})
        )
        wizard.modify_moves()
        return wizard.new_move_ids

    # -- invariants ------------------------------------------------------------------

    def assertConserved(self, projects=None):
        """Invariants 1 and 2: nothing twice, nothing lost, in hours and money."""
        self.env.flush_all()
        self.env.invalidate_all()
        projects = projects or self.project
        for entry in self.env["account.analytic.line"].search(
            [("project_id", "in", projects.ids)]
        ):
            rows = entry.billing_allocation_ids.filtered("is_live")
            billed = sum(
                rows.filtered(lambda r: r.kind in ("bill", "credit", "draw")).mapped(
                    "quantity"
                )
            )
            written = sum(
                rows.filtered(lambda r: r.kind == "write_off").mapped("quantity")
            )
            self.assertAlmostEqual(entry.billed_quantity, billed, 5, entry.name)
            self.assertAlmostEqual(
                entry.billing_written_off_quantity, written, 5, entry.name
            )
            self.assertLessEqual(
                abs(billed), abs(entry.billable_quantity) + 1e-5, entry.name
            )
            left = entry.billable_quantity - billed
            self.assertLessEqual(
                abs(entry.billing_held_quantity), abs(left) + 1e-5, entry.name
            )
        self._assert_items_conserved(projects)
        self._assert_lines_conserved(projects)

    def _assert_items_conserved(self, projects):
        for item in self.env["project.billing.item"].search(
            [("project_id", "in", projects.ids)]
        ):
            rows = item.allocation_ids.filtered("is_live")
            billed = sum(
                rows.filtered(lambda r: r.kind in ("bill", "credit")).mapped("amount")
            )
            self.assertAlmostEqual(item.billed_amount, billed, 2, item.name)
            self.assertLessEqual(abs(billed), abs(item.billable_amount) + 1e-5)

    def _assert_lines_conserved(self, projects):
        """Invariant 4: rows and adjustments of a live line sum to what it shows."""
        rows = self.env["project.billing.allocation"].search(
            [
                ("rule_id.project_id", "in", projects.ids),
                ("is_live", "=", True),
                ("move_line_id", "!=", False),
                ("kind", "in", ("bill", "credit")),
            ]
        )
        for line, own in rows.grouped("move_line_id").items():
            amount = sum(own.mapped("amount")) + sum(own.mapped("adjustment"))
            self.assertAlmostEqual(line._get_billing_amount(), amount, 2, line.name)
            if own[0].kind == "bill":
                quantity = sum(own.mapped("invoiced_quantity"))
                self.assertLessEqual(abs(quantity), abs(line.quantity) + 1e-4)
