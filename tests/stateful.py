"""What people do to projects and invoices, as actions that a machine can shuffle.

Every action takes three small numbers that choose its records and values, works as the
user whose job it is, and either succeeds or is refused by a :class:`UserError`.
"""

from datetime import date, timedelta

from odoo import Command

TODAY = date(2026, 6, 30)
HOURS = (1, 0.25, 8, 2.5, 0.1, 0.333333, 0.83, 7.99, 50 / 60, 3, -1, 0.05)
FACTORS = (0.5, 0.25, 1 / 3, 0.9, 0.99, 0.1)
PRICES = (99.99, 0.01, 150, 33.33, 1234.56)
MODES = ("work_back", "price_reduction", "write_off")


def pick(records, number):
    """Return one of the records, or none where there is none."""
    return records[number % len(records)] if records else records


class Firm:
    """Three projects of two customers, seven rules, three employees' time.

    :param case: the test case (:class:`.common.BillingCommon`) that owns the records
    """

    def __init__(self, case):
        self.case, self.env = case, case.env
        self.first_move_id = max(self.env["account.move"].search([]).ids, default=0)
        other = self.env["res.partner"].create({"name": "Contoso"})
        euro = case.setup_other_currency("EUR")
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
        self._create_rules(euro)

    def _create_rules(self, euro):
        case, (web, shop, portal) = self.case, self.projects
        case._create_rule(
            project=web, price=80, line_grouping="entry", sequence=1,
            task_ids=[Command.set(self.tasks[1].ids)], invoice_grouping="customer",
        )
        case._create_rule(project=web, price=100, invoice_grouping="customer")
        case._create_rule(
            project=shop, price=777.77, uom_id=case.day.id, line_grouping="employee",
            invoice_grouping="customer", rounding_method="up", rounding_step=0.25,
            rounding_minimum=0.5, rounding_scope="person_day",
        )
        case._create_rule(
            project=portal, currency_id=euro.id, price=66.67, line_grouping="one",
            rounding_method="nearest", rounding_step=0.5, rounding_scope="line",
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

    # -- what there is ---------------------------------------------------------------

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

    def get_moves(self, move_type="out_invoice", state=None, billed=None):
        domain = [("move_type", "=", move_type), ("id", ">", self.first_move_id)]
        if state:
            domain.append(("state", "=", state))
        if billed:
            domain.append(("billing_allocation_ids", "!=", False))
        clerk = self.env["account.move"].with_user(self.case.clerk)
        return clerk.search(domain, order="id")

    def get_facts(self):
        """Return what exists, e.g. ``{"draft out_invoice"}``, for preconditions."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT DISTINCT state || ' ' || move_type FROM account_move WHERE id > %s",
            [self.first_move_id],
        )
        return {fact for (fact,) in self.env.cr.fetchall()}

    def pick_line(self, number):
        """Return an invoice line that bills work on a draft, or none."""
        lines = self.get_moves(state="draft", billed=True).invoice_line_ids
        return pick(lines.filtered("billing_allocation_ids").sorted("id"), number)

    # -- work ---------------------------------------------------------------------------

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

    # -- runs ---------------------------------------------------------------------------

    def _propose(self, a, b, **kwargs):
        projects = self.projects if b % 2 else self.projects[b // 2 % 3]
        cutoff = TODAY - timedelta(days=a % 4 * 10)
        return self.case._propose(cutoff, projects, **kwargs)

    def bill(self, a, b, c):
        self._propose(a, b).action_invoice()

    def bill_by_schedule(self, a, b, c):
        run = self._propose(a, 1, user=self.env.user, is_scheduled=True)
        run._invoice()
        run.state = "done"

    def review(self, a, b, c):
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

    # -- the end of a sequence ------------------------------------------------------------

    def free_all(self):
        """Release all held work, reach all milestones, forget all postponements."""
        self.entries.action_billing_release()
        self.entries.write({"billing_confirmed": True, "billing_date_postponed": False})
        self.items.action_release()
        self.items.write({"date_postponed": False})
        self.items.filtered(lambda i: i.trigger == "manual").action_set_ready()
        self.items.milestone_id.is_reached = True

    def propose_all(self):
        return self.case._propose(TODAY + timedelta(days=400), self.projects, date=TODAY)

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

    # -- drafts -------------------------------------------------------------------------

    def _edit(self, line, command):
        line.move_id.write({"invoice_line_ids": [command]})

    def lower(self, a, b, c):
        if line := self.pick_line(a):
            quantity = round(line.quantity * FACTORS[b % len(FACTORS)], 2)
            self._edit(line, Command.update(line.id, {"quantity": quantity}))

    def raise_quantity(self, a, b, c):
        if line := self.pick_line(a):
            quantity = line.quantity + HOURS[b % 10]
            self._edit(line, Command.update(line.id, {"quantity": quantity}))

    def change_price(self, a, b, c):
        if line := self.pick_line(a):
            price = {"price_unit": PRICES[b % len(PRICES)]}
            discount = {"discount": 10.0 * (b % 4)}
            values = discount if c % 2 else price
            self._edit(line, Command.update(line.id, values))

    def delete_line(self, a, b, c):
        if line := self.pick_line(a):
            self._edit(line, Command.delete(line.id))

    def add_line(self, a, b, c):
        if move := pick(self.get_moves(state="draft"), a):
            values = {"name": "Travel", "quantity": 1, "price_unit": PRICES[b % 5]}
            move.write({"invoice_line_ids": [Command.create(values)]})

    def delete_draft(self, a, b, c):
        pick(self.get_moves(state="draft"), a).unlink()

    # -- states ---------------------------------------------------------------------------

    def post(self, a, b, c):
        pick(self.get_moves(state="draft"), a).action_post()

    def cancel(self, a, b, c):
        moves = self.get_moves(state="draft" if c % 2 else None)
        pick(moves.filtered(lambda m: m.state != "cancel"), a).button_cancel()

    def redraft(self, a, b, c):
        moves = self.get_moves(state="cancel" if c % 2 else None)
        pick(moves.filtered(lambda m: m.state != "draft"), a).button_draft()

    # -- credit ---------------------------------------------------------------------------

    def _pick_billed(self, number):
        moves = self.get_moves(state="posted")
        return pick(moves.filtered("billing_allocation_ids") or moves, number)

    def credit(self, a, b, c):
        if move := self._pick_billed(a):
            self.case._reverse(move, MODES[b % 3], post=c % 3 != 0)

    def credit_named_hours(self, a, b, c):
        if move := self._pick_billed(a):
            rows = move.sudo().billing_allocation_ids.filtered("analytic_line_id")
            row = pick(rows.filtered(lambda r: r.kind == "bill").sorted("id"), b)
            hours = {row.analytic_line_id: row.quantity * (1, 0.5, 0.3)[c % 3]}
            self.case._reverse(move, "work_back", hours=hours if row else None)

    def credit_typed_quantity(self, a, b, c):
        if move := self._pick_billed(a):
            credit = self.case._reverse(move, MODES[b % 3], post=False)
            line = pick(credit.invoice_line_ids.sorted("id"), b)
            quantity = round(line.quantity * (0.5, 0.25, 2, 1 / 3)[c % 4], 2)
            self._edit(line, Command.update(line.id, {"quantity": quantity}))
            credit.action_post()

    def replace(self, a, b, c):
        if move := self._pick_billed(a):
            self.case._replace(move)

    def post_credit(self, a, b, c):
        pick(self.get_moves("out_refund", "draft"), a).action_post()

    def reset_credit(self, a, b, c):
        pick(self.get_moves("out_refund", "posted"), a).button_draft()

    def edit_credit(self, a, b, c):
        lines = self.get_moves("out_refund", "draft").invoice_line_ids.sorted("id")
        if line := pick(lines, a):
            quantity = round(line.quantity * FACTORS[b % len(FACTORS)], 2)
            self._edit(line, Command.update(line.id, {"quantity": quantity}))

    def cancel_credit(self, a, b, c):
        moves = self.get_moves("out_refund").filtered(lambda m: m.state != "cancel")
        pick(moves, a).button_cancel()

    def delete_credit(self, a, b, c):
        pick(self.get_moves("out_refund", "draft"), a).unlink()

    # -- copies ---------------------------------------------------------------------------

    def duplicate(self, a, b, c):
        if move := pick(self.get_moves(), a):
            move.copy()

    def debit(self, a, b, c):
        if move := pick(self.get_moves(state="posted"), a):
            self.env["account.debit.note"].with_user(self.case.clerk).create(
                {"move_ids": [Command.set(move.ids)], "copy_lines": bool(b % 2)}
            ).create_debit()


# action: what must exist for it ("state move_type"), else it would be an empty step
ACTIONS = {
    **dict.fromkeys(
        (
            "log", "edit_hours", "move_entry", "move_task", "delete_entry",
            "set_own_price", "set_own_hours", "make_billable_again", "settle", "hold",
            "release", "reach", "unreach", "change_contract", "change_rule", "bill",
            "bill_by_schedule", "review",
        )
    ),
    **dict.fromkeys(
        (
            "undo", "lower", "raise_quantity", "change_price", "delete_line",
            "add_line", "delete_draft", "post",
        ),
        "draft out_invoice",
    ),
    **dict.fromkeys(("cancel", "redraft", "duplicate"), "out_invoice"),
    **dict.fromkeys(
        ("credit", "credit_named_hours", "credit_typed_quantity", "replace", "debit"),
        "posted out_invoice",
    ),
    **dict.fromkeys(
        ("post_credit", "edit_credit", "delete_credit"), "draft out_refund"
    ),
    "reset_credit": "posted out_refund",
    "cancel_credit": "out_refund",
}
