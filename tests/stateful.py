"""What people do to projects and invoices, as actions that a machine can shuffle.

Every action takes three small numbers that choose its records and values, works as the
user whose job it is, and either succeeds or is refused by a :class:`UserError`.
"""

from datetime import date, timedelta

from odoo import Command

from .stateful_documents import HOURS, PRICES, Documents, pick

TODAY = date(2026, 6, 30)


class Firm(Documents):
    """Three projects of two customers, seven rules, three employees' time.

    :param case: the test case (:class:`.common.BillingCommon`) that owns the records
    """

    beginnings = ("post", "credit", "cancel", "credit_named_hours", "replace")

    def __init__(self, case):
        self.case, self.env = case, case.env
        self.last_run_id = None
        self.first_move_id = max(self.env["account.move"].search([]).ids, default=0)
        self._create_projects()
        self._create_rules()

    def _create_projects(self):
        case = self.case
        other = self.env["res.partner"].create({"name": "Contoso"})
        self.projects = (
            case.project
            | case._create_project("Shop")
            | case._create_project("Portal", partner_id=other.id)
        )
        self.tasks = self.env["project.task"].concat(
            *(
                case._create_task(f"{name} of {project.name}", project)
                for project in self.projects
                for name in ("Design", "Build")
            )
        )
        self.people = case.ann | case.ben

    def _create_rules(self):
        case, (web, shop, portal) = self.case, self.projects
        euro = case.setup_other_currency("EUR")
        case._create_rule(
            project=web,
            price=80,
            line_grouping="entry",
            sequence=1,
            task_ids=[Command.set(self.tasks[1].ids)],
            invoice_grouping="customer",
        )
        case._create_rule(project=web, price=100, invoice_grouping="customer")
        case._create_rule(
            project=shop,
            price=777.77,
            uom_id=case.day.id,
            line_grouping="employee",
            invoice_grouping="customer",
            rounding_method="up",
            rounding_step=0.25,
            rounding_minimum=0.5,
            rounding_scope="person_day",
        )
        case._create_rule(
            project=portal,
            currency_id=euro.id,
            price=66.67,
            line_grouping="one",
            rounding_method="nearest",
            rounding_step=0.5,
            rounding_scope="line",
            quantity_factor=150,
            rate_ids=[
                Command.create(
                    {
                        "employee_id": case.ben.id,
                        "price": 90,
                        "currency_id": case.company.currency_id.id,
                    }
                )
            ],
        )
        self.contracts = [
            case._create_rule(
                "milestone", project=web, amount=1000, invoice_grouping="customer"
            ),
            case._create_rule("milestone", project=shop, currency_id=euro.id),
            case._create_rule("milestone", project=portal, amount=100.01),
        ]
        split, fixed, thirds = self.contracts
        case._create_item(split, name="Start", amount_type="percent", percentage=33.33)
        case._create_item(split, name="Half", amount_type="percent", percentage=33.33)
        case._create_item(split, name="End", amount_type="remainder")
        case._create_item(fixed, name="Licence", amount=333.33)
        case._create_item(fixed, name="Setup", amount=0.05, trigger="manual")
        for part, name in ((33.333333, "A"), (33.333333, "B"), (33.333334, "C")):
            case._create_item(thirds, name=name, amount_type="percent", percentage=part)

    # -- what there is -----------------------------------------------------------------

    @property
    def entries(self):
        return self.env["account.analytic.line"].search(
            [("project_id", "in", self.projects.ids)], order="id"
        )

    @property
    def items(self):
        return self.env["project.billing.item"].search(
            [("project_id", "in", self.projects.ids)], order="id"
        )

    def get_facts(self):
        """Return what exists, e.g. ``{"draft out_invoice"}``, for preconditions."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT DISTINCT state || ' ' || move_type FROM account_move WHERE id > %s",
            [self.first_move_id],
        )
        return {fact for (fact,) in self.env.cr.fetchall()}

    # -- work --------------------------------------------------------------------------

    def log(self, a, b, c):
        self.case._create_entry(
            HOURS[a % len(HOURS)],
            day=TODAY - timedelta(days=c * 4),
            task=pick(self.tasks, b),
            employee=pick(self.people, a + b),
            billing_confirmed=True,
        )

    def edit_hours(self, a, b, c):
        pick(self.entries, a).write({"unit_amount": HOURS[b % len(HOURS)]})

    def move_entry(self, a, b, c):
        task = pick(self.tasks, b)
        pick(self.entries, a).write(
            {"task_id": task.id, "project_id": task.project_id.id}
        )

    def move_task(self, a, b, c):
        pick(self.tasks, a).write({"project_id": pick(self.projects, b).id})

    def delete_entry(self, a, b, c):
        if b % 3:  # what was billed once is refused, and little else is left
            self.log(a, b, c)
            self.entries[-1:].unlink()
        else:
            pick(self.entries, a).unlink()

    def set_own_price(self, a, b, c):
        pick(self.entries, a).write(
            {"billing_override_price": PRICES[b % len(PRICES)] if c % 2 else 0}
        )

    def set_own_hours(self, a, b, c):
        pick(self.entries, a).write(
            {"billing_override_quantity": abs(HOURS[b % len(HOURS)]) if c % 2 else 0}
        )

    def make_billable_again(self, a, b, c):
        gone = self.entries.filtered("billing_nonbillable")
        pick(gone, a).write({"billing_nonbillable": False})

    def settle(self, a, b, c):
        action = ("nonbillable", "write_off", "elsewhere")[c % 3]
        values = {"action": action, "reason": "Agreed"}
        if b % 3 == 0 and action != "nonbillable":
            values["item_ids"] = [Command.set(pick(self.items, a).ids)]
        else:
            values["entry_ids"] = [Command.set(pick(self.entries, a).ids)]
        wizard = self.env["project.billing.settle"].with_user(self.case.clerk)
        wizard.create(values).action_settle()

    def hold(self, a, b, c):
        pick(self.entries, a).with_user(self.case.manager).action_billing_hold()

    def release(self, a, b, c):
        entries = self.entries.filtered("billing_held_quantity")
        items = self.items.filtered("billing_held_amount")
        if c % 3 == 0:
            (entries if b % 2 else pick(entries, a)).action_billing_release()
        else:
            (items if b % 2 else pick(items, a)).action_release()

    def reach(self, a, b, c):
        item = pick(self.items, a)
        if item.trigger == "manual":
            item.action_set_ready()
        else:
            item.milestone_id.with_user(self.case.manager).is_reached = True

    def unreach(self, a, b, c):
        item = pick(self.items, a)
        if item.trigger == "manual":
            item.action_set_not_ready()
        else:
            item.milestone_id.with_user(self.case.manager).is_reached = False

    def change_contract(self, a, b, c):
        rule = pick(self.contracts, a)
        if rule.amount and c % 2:
            rule.amount = rule.amount + PRICES[b % len(PRICES)]
        else:
            pick(rule.item_ids, b).write({"amount": PRICES[c % len(PRICES)]})

    def change_rule(self, a, b, c):
        rules = self.projects.billing_rule_ids.filtered("claims_time").sorted("id")
        values = ({"price": PRICES[b % len(PRICES)]}, {"sequence": c})[c % 2]
        pick(rules, a).write(values)

    # -- runs --------------------------------------------------------------------------

    def _propose(self, a, b, **kwargs):
        projects = self.projects if b % 2 else pick(self.projects, b // 2)
        cutoff = TODAY - timedelta(days=a % 4 * 10)
        run = self.case._propose(cutoff, projects, **kwargs)
        self.last_run_id = run.id
        return run

    def _log_for_run(self, b, c):
        """Log work first, mostly: a run of nothing is refused and proves little."""
        if c % 3:
            self.log(b + c, b // 2 * 2, 10)

    def bill(self, a, b, c):
        self._log_for_run(b, c)
        self._propose(a, b).action_invoice()

    def bill_by_schedule(self, a, b, c):
        self._log_for_run(b, c)
        run = self.env["project.billing.run"].create(
            {
                "company_id": self.case.company.id,
                "cutoff_date": TODAY - timedelta(days=a % 4 * 10),
                "date": TODAY,
                "is_scheduled": True,
            }
        )
        self.last_run_id = run.id
        run.action_propose()
        run._invoice()
        run.state = "done"

    def review(self, a, b, c):
        self._log_for_run(b, c)
        run = self._propose(a, b)
        line = pick(run.line_ids.sorted("id"), c)
        step = ("action_hold", "action_approve", "action_postpone", "edit")[b % 4]
        if step != "edit":
            getattr(line, step)()
        elif line.entry_ids:
            pick(line.entry_ids, c).billing_text = "As agreed"
        else:
            line.text = "As agreed"
        run.action_invoice()

    def undo(self, a, b, c):
        runs = self.get_moves(state="draft").billing_run_id.sorted("id")
        pick(runs, a).with_user(self.case.clerk).action_undo()

    # -- the end of a sequence ---------------------------------------------------------

    def free_all(self):
        """Release all held work, reach all milestones, forget all postponements."""
        self.entries.action_billing_release()
        self.entries.write({"billing_confirmed": True, "billing_date_postponed": False})
        self.items.action_release()
        self.items.write({"date_postponed": False})
        self.items.filtered(lambda i: i.trigger == "manual").action_set_ready()
        self.items.milestone_id.is_reached = True

    def propose_all(self):
        return self.case._propose(
            TODAY + timedelta(days=400), self.projects, date=TODAY
        )

    def get_unexplained(self, run):
        """Return hours of rules that are neither billed nor skipped with a reason."""
        skipped = {}
        for line in run.line_ids.filtered(
            lambda line: line.reason_code and line.reason_code != "non_billable"
        ):
            skipped[line.rule_id] = skipped.get(line.rule_id, 0) + line.quantity
        found = {}
        for owner, entries in self.entries.grouped("billing_rule_id").items():
            left = sum(e.billable_quantity - e.billed_quantity for e in entries)
            if owner and abs(left) > 0.01 and abs(left - skipped.get(owner, 0)) > 0.02:
                found[owner.display_name] = (left, skipped.get(owner, 0))
        return found


# what must exist for an action ("state move_type"), else it would be an empty step
NEEDS = {
    "": "log edit_hours move_entry move_task delete_entry set_own_price set_own_hours"
    " make_billable_again settle hold release reach unreach change_contract change_rule"
    " bill bill_by_schedule review",
    "draft out_invoice": "undo lower raise_quantity change_price delete_line add_line"
    " delete_draft post",
    "out_invoice": "cancel redraft duplicate",
    "posted out_invoice": "credit credit_named_hours credit_typed_quantity replace"
    " debit",
    "draft out_refund": "post_credit edit_credit delete_credit",
    "posted out_refund": "reset_credit",
    "out_refund": "cancel_credit",
}
# who does it; a machine that chose among all actions would hardly ever credit
GROUPS = {
    "work": NEEDS[""].split()[:-3],
    "run": NEEDS[""].split()[-3:],
    "draft": NEEDS["draft out_invoice"].split(),
    "state": ["post", *NEEDS["out_invoice"].split()],
    "credit": NEEDS["posted out_invoice"].split(),
    "credited": "post_credit edit_credit delete_credit reset_credit cancel_credit"
    " reset_credit".split(),
}
