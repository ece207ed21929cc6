"""How long the screens of tracking take with N invoices and 10 N entries.

``fill`` makes such a firm in a database that has the add-on only; ``measure`` asks what
each screen asks the server for and prints one JSON line for each: ``screen, n, seconds,
cpu_s, queries``. Changes nothing: what is posted to be timed is taken back.
"""

import argparse
import json
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import psycopg2
from measure import Meter
from tracking_data import Firm

sys.path.insert(0, str(Path(__file__).parents[1] / "setup"))
from odoo_env import environment  # noqa: E402

ROUNDS = 3
POSTED = 100  # invoices whose posting is timed
FIGURES = (
    "billing_state",
    "billing_next_date",
    "billing_current_amount",
    "billing_left_amount",
    "billing_order_left_amount",
    "billing_earned_amount",
    "billing_wip_amount",
    "billing_draft_amount",
    "billing_billed_amount",
    "billing_paid_amount",
    "billing_open_amount",
    "billing_overdue_amount",
)


def get_screens(env):
    """Return ``{screen: call}``, each what the web client asks the server for."""
    tracker = env["project.billing.tracker"]
    customers = [("is_payable", "=", False)]
    owed = [*customers, ("stage", "in", ("open", "overdue"))]
    month = date.today().replace(day=1)
    last = month - timedelta(days=1)
    ageing = env["project.billing.ageing"].with_context(billing_tracker_date=str(last))
    ages = [f"{name}:sum" for name in ageing._get_amount_fields()]
    wip = env["project.billing.wip"].with_context(
        billing_wip_from=str(last.replace(day=1)), billing_wip_to=str(last)
    )
    forecast = env["project.billing.forecast"]
    user = env["res.users"].search([("login", "=", "manager0")])
    dashboard = env["project.billing.dashboard"]
    return {
        "dashboard": lambda: dashboard.get_data({}),
        "dashboard_of_a_manager": lambda: dashboard.with_user(user).get_data({}),
        "projects": lambda: list_projects(env),
        "projects_by_overdue": lambda: list_projects(
            env, order="billing_overdue_amount desc"
        ),
        "projects_overdue": lambda: list_projects(
            env, [("billing_overdue_amount", ">", 1000)]
        ),
        "projects_all": lambda: list_projects(env, limit=None),
        "tracker_by_stage": lambda: tracker.formatted_read_group(
            customers, ["stage"], ["net_company:sum", "gross_company:sum", "__count"]
        ),
        "tracker_by_month": lambda: tracker.formatted_read_group(
            customers, ["date_due:month", "stage"], ["net_company:sum"]
        ),
        "tracker_unpaid_by_month": lambda: tracker.formatted_read_group(
            [*customers, ("stage", "!=", "paid")],
            ["date_due:month", "stage"],
            ["net_company:sum"],
        ),
        "tracker_kanban": lambda: tracker.web_read_group(
            [*customers, ("stage", "!=", "paid")], ["stage"], ["net_company:sum"]
        ),
        "tracker_list": lambda: tracker.web_search_read(
            [*customers, ("stage", "=", "overdue")],
            {"project_id": {}, "stage": {}, "date_due": {}, "gross_company": {}},
            limit=80,
        ),
        "tracker_owed_by_customer": lambda: tracker.formatted_read_group(
            owed, ["partner_id", "bucket"], ["gross_company:sum"]
        ),
        "ageing_by_customer": lambda: ageing.formatted_read_group(
            [], ["partner_id"], ages
        ),
        "forecast_by_month": lambda: forecast.formatted_read_group(
            [], ["date:month", "kind"], ["expected:sum", "due:sum"]
        ),
        "forecast_by_week": lambda: forecast.formatted_read_group(
            [("direction", "=", "in")], ["date:week"], ["expected:sum", "due:sum"]
        ),
        "wip_last_month": lambda: wip.formatted_read_group(
            [], ["project_id"], ["opening:sum", "worked:sum", "billed:sum", "wip:sum"]
        ),
        "ledger_check": lambda: env["project.billing.check"].search_count([]),
        "habits": lambda: env["project.billing.habit"]._cron_refresh(),
    }


def list_projects(env, domain=(), order=None, limit=80):
    """Ask for a page of the list of projects, with all figures."""
    return env["project.project"].web_search_read(
        [("is_template", "=", False), *domain],
        {"name": {}, **{name: {} for name in FIGURES}},
        limit=limit,
        order=order,
    )


def measure(env, call):
    """Return the figures of the fastest of some rounds, the first one cold."""
    rounds = []
    for _round in range(ROUNDS):
        env.cr.rollback()  # each question of a person is a transaction
        env.invalidate_all()
        with Meter(env.cr, own_backend=True) as meter:
            call()
        rounds.append(meter.figures)
    env.cr.rollback()
    best = min(rounds, key=lambda figures: figures["cpu_s"])
    return {key: best[key] for key in ("seconds", "cpu_s", "postgres_s", "queries")}


def measure_posting(env):
    """Return the figures of posting with the shares, and the ratio to without."""
    project = env["project.project"].search(
        [("account_id", "!=", False), ("partner_id", "!=", False)], limit=1
    )
    line = {"name": "Work", "price_unit": 100.0}
    line["analytic_distribution"] = {str(project.account_id.id): 100}
    values = {
        "move_type": "out_invoice",
        "partner_id": project.partner_id.id,
        "invoice_date": date.today(),
        "invoice_line_ids": [(0, 0, line)],
    }
    shares = type(env["project.billing.share"])
    rebuild = shares._rebuild
    figures = {"with": [], "without": []}
    for name in ("without", "with") * (ROUNDS + 1):
        shares._rebuild = rebuild if name == "with" else lambda *args: None
        moves = env["account.move"].create([values] * POSTED)
        env.flush_all()
        with Meter(env.cr, own_backend=True) as meter:
            moves.action_post()
            env.flush_all()
        figures[name].append(meter.figures)
        env.cr.rollback()
        env.invalidate_all()
    shares._rebuild = rebuild
    own, bare = (
        min(figures[name][1:], key=lambda one: one["cpu_s"])  # the first was cold
        for name in ("with", "without")
    )
    return {
        "seconds": own["seconds"],
        "cpu_s": own["cpu_s"],
        "queries": own["queries"],
        "ratio": round(own["cpu_s"] / bare["cpu_s"], 3),
    }


def vacuum(name):
    """Count the rows and note what everybody sees, as PostgreSQL does by itself."""
    connection = psycopg2.connect(dbname=name)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connection.close()


def show(screen, count, figures):
    print(json.dumps({"screen": screen, "n": count, **figures}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("action", choices=["fill", "measure"])
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--screens", help="only these, separated by commas")
    args = parser.parse_args()
    with environment(args.config) as env:
        env = env(context={"allowed_company_ids": env.company.ids})
        if args.action == "fill":
            clock = time.perf_counter()
            Firm(env, args.count).fill()
            vacuum(env.cr.dbname)
            seconds = round(time.perf_counter() - clock, 1)
            print(f"filled in {seconds} s", file=sys.stderr)
            return
        wanted = args.screens and args.screens.split(",")
        for screen, call in get_screens(env).items():
            if not wanted or screen in wanted:
                show(screen, args.count, measure(env, call))
        if not wanted or "posting" in wanted:
            show("posting", args.count, measure_posting(env))


if __name__ == "__main__":
    main()
