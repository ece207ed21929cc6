"""A process of its own that does what one user or the scheduled job does.

Started by ``tests/test_processes.py`` with Odoo's options as arguments. It loads the
registry once, then reads one command a line (JSON) from its input and answers each with
one line: ``{"ok": ...}``, ``{"refused": text}`` or ``{"error": traceback}``. Commands
run through the host's ``retrying``, as every button does. A command with ``"die": n``
runs in a child process that kills itself (SIGKILL) at its n-th call of the database or
of the mail server.
"""

import json
import os
import signal
import smtplib
import sys
import time
import traceback
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import accrual
import mixture
import reminders

import odoo.service.model
import odoo.sql_db
from odoo import Command, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tools import config

HOURS = (1, 0.25, 0.1, 0.333333, 2.5, 0.83, 3, 1 / 3)


# -- what can be asked: each gets an environment and the command's own values ----------


def set_up(env, projects):
    """Make a firm with a chart of accounts and projects with one rule each."""
    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company)
    user = env["res.users"].create(
        {
            "name": "Clerk",
            "login": "processes_clerk",
            "group_ids": [Command.link(env.ref("account.group_account_invoice").id)],
        }
    )
    env.ref("project_invoice_tracker.product_project_hours").taxes_id = [
        Command.clear()
    ]
    first = company._get_billing_today().replace(day=1)
    employee = env["hr.employee"].create({"name": "Ann", "company_id": company.id})
    for number in range(projects):
        project = env["project.project"].create(
            {
                "name": f"Project {number:02}",
                "partner_id": env["res.partner"].create({"name": f"Buyer {number}"}).id,
                "company_id": company.id,
                "allow_timesheets": True,
            }
        )
        env["project.task"].create({"name": "Work", "project_id": project.id})
        env["project.billing.rule"].create(
            {
                "project_id": project.id,
                "company_id": company.id,
                "billing_type": "timesheet",
                "price": 100 + number,
                "line_grouping": "entry",
                "bill_from": first - timedelta(days=400),
                "result": "post" if number % 3 == 0 else "draft",
            }
        )
    return {"user": user.id, "employee": employee.id}


def log_work(env, entries):
    """Log the same work on every project, last month."""
    company = env.company
    day = company._get_billing_today().replace(day=1) - timedelta(days=5)
    tasks = env["project.task"].search([("project_id.name", "like", "Project %")])
    lines = env["account.analytic.line"].create(
        [
            {
                "name": f"Work {number}",
                "project_id": task.project_id.id,
                "task_id": task.id,
                "employee_id": env["hr.employee"].search([("name", "=", "Ann")]).id,
                "unit_amount": HOURS[number % len(HOURS)],
                "date": day,
                "billing_confirmed": True,
            }
            for task in tasks
            for number in range(entries)
        ]
    )
    return lines.ids


def log_hours(env, projects, hours, name):
    """Log one entry of ``hours`` on each project, last month."""
    employee = env["hr.employee"].search([("name", "=", "Ann")])
    env["account.analytic.line"].create(
        [
            {
                "name": name,
                "project_id": project.id,
                "task_id": project.task_ids[:1].id,
                "employee_id": employee.id,
                "unit_amount": hours,
                "date": env.company._get_billing_today().replace(day=1)
                - timedelta(days=5),
                "billing_confirmed": True,
            }
            for project in projects
        ]
    )


def propose(env):
    run = env["project.billing.run"].create({"company_id": env.company.id})
    run.action_propose()
    return run.id


def invoice(env, run_id):
    """Invoice a proposed run; nothing left to invoice is no error here."""
    run = env["project.billing.run"].browse(run_id)
    run.action_invoice()
    return run.sudo().move_ids.ids


def bill(env):
    return invoice(env, propose(env))


def set_up_order(env, projects):
    """Make projects of one customer whose rules share one order; return all ids."""
    company = env.company
    partner = env["res.partner"].create({"name": "Buyer with an order"})
    order = env["project.billing.order"].create(
        {
            "name": "4711",
            "partner_id": partner.id,
            "company_id": company.id,
            "currency_id": company.currency_id.id,
            "amount": 1,
        }
    )
    ids = []
    for number in range(projects):
        project = env["project.project"].create(
            {
                "name": f"Shared {number}",
                "partner_id": partner.id,
                "company_id": company.id,
                "allow_timesheets": True,
            }
        )
        env["project.task"].create({"name": "Work", "project_id": project.id})
        env["project.billing.rule"].create(
            {
                "project_id": project.id,
                "company_id": company.id,
                "billing_type": "timesheet",
                "price": 95,
                "order_id": order.id,
                "bill_from": "2020-01-01",
            }
        )
        ids.append(project.id)
    return {"order": order.id, "projects": ids}


def extend_order(env, order_id, amount, hours):
    """Raise an order by ``amount`` and log ``hours`` on each of its projects."""
    order = env["project.billing.order"].browse(order_id)
    order.amount += amount
    log_hours(env, order.project_ids, hours, f"Work up to {order.amount}")
    # now, so that the alerts of the runs have nothing to write on the order
    env["project.billing.cap.alerts"]._alert_company(env.company)
    return order.amount


def set_up_pack(env, projects):
    """Make projects of one customer that draw from one pack; return all ids."""
    company = env.company
    partner = env["res.partner"].create({"name": "Buyer of a pack"})
    made = env["project.project"].create(
        [
            {
                "name": f"Prepaid {number}",
                "partner_id": partner.id,
                "company_id": company.id,
                "allow_timesheets": True,
                "task_ids": [Command.create({"name": "Work"})],
            }
            for number in range(projects)
        ]
    )
    values = {"company_id": company.id, "bill_from": "2020-01-01"}
    packs = env["project.billing.rule"].create(
        {**values, "project_id": made[0].id, "billing_type": "milestone"}
    )
    env["project.billing.rule"].create(
        [
            {
                **values,
                "project_id": project.id,
                "billing_type": "timesheet",
                "price": 95,
                "prepaid_rule_ids": [Command.link(packs.id)],
            }
            for project in made
        ]
    )
    pack = env["project.billing.item"].create(
        {
            "rule_id": packs.id,
            "name": "Pack",
            "prepaid_hours": 0.01,
            "amount": 0,
            "date_start": "2020-01-01",
        }
    )
    return {"pack": pack.id, "projects": made.ids}


def extend_pack(env, pack_id, hours, worked):
    """Add hours to a pack and log ``worked`` hours on each project that draws."""
    pack = env["project.billing.item"].browse(pack_id)
    pack.prepaid_hours += hours
    projects = pack.rule_id.drawing_rule_ids.project_id
    log_hours(env, projects, worked, f"Work up to {pack.prepaid_hours}")
    return pack.prepaid_hours


def set_up_deposit(env):
    """Make a posted deposit and two runs that would both take it off; return ids."""
    company = env.company
    product = env.ref("project_invoice_tracker.product_project_deposit")
    product.taxes_id = [Command.clear()]
    project = env["project.project"].create(
        {
            "name": "Paid in advance",
            "partner_id": env["res.partner"].create({"name": "Early payer"}).id,
            "company_id": company.id,
        }
    )
    values = {
        "project_id": project.id,
        "company_id": company.id,
        "billing_type": "milestone",
        "bill_from": "2020-01-01",
    }
    deposit = env["project.billing.rule"].create(
        {
            **values,
            "deposit_type": "amount",
            "deposit_amount": 1000,
            "deposit_scope": "project",
        }
    )
    bill_project(env, project.id)
    deposit.deposit_item_ids.move_ids.action_post()
    rules = env["project.billing.rule"].create([values, values])
    for rule in rules:
        item = {"rule_id": rule.id, "name": "Part", "amount": 800}
        env["project.billing.item"].create(item)._set_ready()
    runs = []
    for other in reversed(rules):
        run = env["project.billing.run"].create(
            {"company_id": company.id, "project_ids": [Command.set(project.ids)]}
        )
        run.action_propose()
        run.line_ids.filtered(lambda x, o=other: x.rule_id == o)._skip("held")
        runs.append(run.id)
    return {"item": deposit.deposit_item_ids.id, "runs": runs}


def ask_customer(env):
    """Make an item that waits for its customer's answer; return its id."""
    project = env["project.project"].create(
        {
            "name": "Waiting",
            "partner_id": env["res.partner"]
            .create({"name": "Buyer who looks", "email": "buyer@example.com"})
            .id,
            "company_id": env.company.id,
        }
    )
    rule = env["project.billing.rule"].create(
        {
            "project_id": project.id,
            "company_id": env.company.id,
            "billing_type": "milestone",
        }
    )
    item = env["project.billing.item"].create(
        {"rule_id": rule.id, "name": "Part", "amount": 800, "trigger": "accepted"}
    )
    item.action_ask_acceptance()
    return item.id


def answer_item(env, item_id, reply, signer):
    """Accept or reject an item; return the answer that stands."""
    item = env["project.billing.item"].browse(item_id)
    return item._answer(reply, signer, "As agreed or not")._get_sentence()


def bill_project(env, project_id):
    """Bill one project; nothing left to invoice is no error here."""
    run = env["project.billing.run"].create(
        {"company_id": env.company.id, "project_ids": [Command.set([project_id])]}
    )
    run.action_propose()
    return invoice(env, run.id)


def schedule(env):
    """Make the scheduled run due."""
    company = env.company
    company.billing_schedule_active = True
    company.billing_schedule_date = company._get_billing_today().replace(day=1)


def cron(env, batch):
    """Do what the scheduled job does, in small batches; it commits by itself."""
    from odoo.addons.project_invoice_tracker.models import (
        billing_run_mixin,
        project_billing_run_invoice_mixin,
    )

    project_billing_run_invoice_mixin.HAND_OVER = batch
    billing_run_mixin.BATCH_SIZE = max(1, batch // 2)
    env["project.billing.run"]._cron_bill()


def disturb(env, what, number):
    """Do to the newest work what a person might do while somebody else bills it."""
    lines = env["account.analytic.line"].search([], order="id desc", limit=12)
    lines = lines.filtered("project_id").with_user(env.ref("base.user_admin"))
    drafts = env["account.move"].search(
        [("move_type", "=", "out_invoice"), ("state", "=", "draft")],
        order="id desc",
        limit=3,
    )
    entry = lines[number % len(lines)]
    if what == "edit":
        entry.unit_amount += 0.5
    elif what == "delete":
        entry.unlink()
    elif what == "nonbillable":
        entry._set_nonbillable("Agreed")
    elif what == "hold":
        lines.action_billing_hold()
    elif what == "cancel":
        drafts.button_cancel()
    elif what == "discard":
        drafts.unlink()
    return entry.id


def release(env):
    env["account.analytic.line"].search(
        [("billing_held_quantity", "!=", 0)]
    ).action_billing_release()


TASKS = (
    {
        task.__name__: task
        for task in (
            set_up,
            log_work,
            propose,
            invoice,
            bill,
            set_up_order,
            extend_order,
            set_up_deposit,
            set_up_pack,
            extend_pack,
            ask_customer,
            answer_item,
            bill_project,
            schedule,
            cron,
            disturb,
            release,
        )
    }
    | accrual.TASKS
    | mixture.TASKS
    | reminders.TASKS
)


# -- how it is done --------------------------------------------------------------------


def run(database, task, user=api.SUPERUSER_ID, **values):
    registry = Registry(database)
    with registry.cursor() as cr:
        env = api.Environment(cr, user, {})
        return retrying(partial(_call, env, task, values), env)


def _call(env, task, values):
    return TASKS[task](env, **values)


def answer(database, command):
    try:
        return {"ok": run(database, **command)}
    except UserError as error:
        return {"refused": str(error)}
    except Exception:
        return {"error": traceback.format_exc()}


def count_calls(die=None):
    """Count calls of database and mail server; at number ``die`` we are gone."""
    calls = {"count": 0}

    def counted(method):
        def call(self, *args, **kwargs):
            calls["count"] += 1
            if calls["count"] == die:
                os.kill(os.getpid(), signal.SIGKILL)
            return method(self, *args, **kwargs)

        return call

    for owner, name in (
        (odoo.sql_db.Cursor, "execute"),
        (odoo.sql_db.Cursor, "commit"),
        (smtplib.SMTP, "send"),
        (smtplib.SMTP, "getreply"),
    ):
        setattr(owner, name, counted(getattr(owner, name)))
    return calls


def answer_in_child(database, command, die):
    """Return the child's answer, or that it was killed."""
    odoo.sql_db.close_all()
    source, target = os.pipe()
    pid = os.fork()
    if not pid:
        calls = count_calls(die or None)
        reply = answer(database, command)
        os.write(target, json.dumps({**reply, "calls": calls["count"]}).encode())
        os._exit(0)
    os.close(target)
    with os.fdopen(source) as pipe:
        text = pipe.read()
    _pid, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return {"killed": os.WTERMSIG(status)}
    return json.loads(text)


def main():
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    config.parse_config(sys.argv[1:])
    # the host waits up to 2, 4, 8 s before it tries again: here a twentieth of that
    odoo.service.model.time = SimpleNamespace(sleep=lambda s: time.sleep(s / 20))
    [database] = config["db_name"]
    Registry(database)
    print(json.dumps({"ok": os.getpid()}), file=channel, flush=True)
    for text in sys.stdin:
        command = json.loads(text)
        die = command.pop("die", None)
        reply = (
            answer(database, command)
            if die is None
            else answer_in_child(database, command, die)
        )
        print(json.dumps(reply), file=channel, flush=True)


if __name__ == "__main__":
    main()
