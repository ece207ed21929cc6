"""Those who bill: this add-on, ``sale_timesheet``, and the host's bare create and post.

``prepare`` fills a template database; ``bill`` works on a fresh copy of it in a process
of its own, warms up on a few other projects, bills, and writes what came of it.
"""

import argparse
import cProfile
import json
import sys
from pathlib import Path

import data
from measure import Meter
from moves import dump_moves

sys.path.insert(0, str(Path(__file__).parents[1] / "setup"))
from odoo_env import environment  # noqa: E402


class Contestant:
    """One way to turn entries into posted invoices."""

    def __init__(self, env):
        self.env = env(context={"allowed_company_ids": env.company.ids})

    @property
    def product(self):
        return self.env["product.product"].search([("name", "=", data.PRODUCT)])

    def prepare(self):
        """Add what this contestant needs to the base data."""

    def load(self, projects, count):
        """Insert the entries, in the state in which logging leaves them."""
        data.load_entries(self.env, projects, count)

    def get_work(self, projects):
        """Return what ``bill`` needs and a user would not wait for."""
        return projects

    def bill(self, work):
        """Make and post the invoices; return them."""
        raise NotImplementedError


class Floor(Contestant):
    """The host alone: ``account.move.create`` of the same moves, then posting."""

    def prepare(self):
        data.prepare(self.env)

    def get_work(self, projects):
        self.env.cr.execute(
            "SELECT project_id, sum(unit_amount) FROM account_analytic_line"
            " WHERE project_id = ANY(%s) AND move_line_id IS NULL GROUP BY project_id",
            [projects.ids],
        )
        hours = dict(self.env.cr.fetchall())
        product = self.product
        return [
            {
                "move_type": "out_invoice",
                "partner_id": project.partner_id.id,
                "invoice_date": data.INVOICE_DATE,
                "invoice_origin": project.name,
                "invoice_user_id": project.user_id.id,
                "invoice_line_ids": [
                    (
                        0,
                        0,
                        {
                            "sequence": 10,
                            "product_id": product.id,
                            "name": project.task_ids.name,
                            "quantity": hours[project.id],
                            "price_unit": data.PRICE,
                            "analytic_distribution": {str(project.account_id.id): 100},
                        },
                    )
                ],
            }
            for project in projects
        ]

    def bill(self, work):
        moves = self.env["account.move"].create(work)
        self.env.cr.commit()  # drafts are made in one request, posted in another
        moves.action_post()
        return moves


class FloorAtOnce(Floor):
    """The same in one transaction, where the host logs less: not how people work."""

    def bill(self, work):
        moves = self.env["account.move"].create(work)
        moves.action_post()
        return moves


class SaleTimesheet(Contestant):
    """Odoo's own way: a sales order for each project."""

    def prepare(self):
        product = self.product
        product.write(
            {"invoice_policy": "delivery", "service_type": "timesheet", "sale_ok": True}
        )
        projects = data.get_projects(self.env, None)
        for start in range(0, len(projects), data.BATCH):
            self._prepare_orders(product, projects[start : start + data.BATCH])

    def _prepare_orders(self, product, projects):
        orders = self.env["sale.order"].create(
            [
                {
                    "partner_id": project.partner_id.id,
                    "project_id": project.id,
                    "order_line": [
                        (0, 0, {"product_id": product.id, "product_uom_qty": 1})
                    ],
                }
                for project in projects
            ]
        )
        orders.action_confirm()
        for project, order in zip(projects, orders, strict=True):
            project.write({"sale_line_id": order.order_line.id})
            project.task_ids.write({"sale_line_id": order.order_line.id})

    def load(self, projects, count):
        data.load_entries(
            self.env,
            projects,
            count,
            so_line="t.sale_line_id",
            order_id="(SELECT order_id FROM sale_order_line WHERE id = t.sale_line_id)",
            timesheet_invoice_type="'billable_time'",
        )
        # what logging has long computed: the delivered hours of the orders
        entries = self.env["account.analytic.line"].search(
            [("project_id", "in", projects.ids)]
        )
        entries.modified(["so_line", "unit_amount"])
        self.env.flush_all()

    def get_work(self, projects):
        return projects.sale_line_id.order_id

    def bill(self, work):
        moves = work._create_invoices()
        self.env.cr.commit()  # as the floor
        moves.action_post()
        return moves


class Tracker(Contestant):
    """This add-on: a billing run that proposes, makes and posts the invoices."""

    def prepare(self):
        product = self.product
        self.env["project.billing.rule"].create(
            [
                {
                    "project_id": project.id,
                    "company_id": self.env.company.id,
                    "billing_type": "timesheet",
                    "product_id": product.id,
                    "price": data.PRICE,
                    "bill_from": data.FIRST_DAY,
                    "result": "post",
                }
                for project in data.get_projects(self.env, None)
            ]
        )

    def load(self, projects, count):
        zero = dict.fromkeys(
            (
                "billed_quantity",
                "billed_amount",
                "billing_held_quantity",
                "billing_written_off_quantity",
            ),
            "0",
        )
        data.load_entries(
            self.env, projects, count, billable_quantity="n.hours", **zero
        )
        projects._refresh_billing_entries()

    def bill(self, work):
        run = self.env["project.billing.run"].create(
            {
                "company_id": self.env.company.id,
                "cutoff_date": data.INVOICE_DATE,
                "date": data.INVOICE_DATE,
                "project_ids": [(6, 0, work.ids)],
            }
        )
        run.action_propose()
        run.action_invoice()
        if run.state == "running":  # large: handed over to the scheduled job
            run.sudo()._continue_running()  # it works as the system
        return run.move_ids


CONTESTANTS = {
    "floor": Floor,
    "floor_at_once": FloorAtOnce,
    "sale_timesheet": SaleTimesheet,
    "tracker": Tracker,
}


def bill(contestant, count, number, profile=None):
    """Bill ``count`` entries of ``number`` projects; return figures and moves."""
    env = contestant.env
    warm, projects = data.get_warm_projects(env), data.get_projects(env, number)
    contestant.load(warm, 100)
    contestant.load(projects, count)
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    contestant.bill(contestant.get_work(warm))  # cold: not counted
    env.cr.commit()
    work = contestant.get_work(projects)
    env.invalidate_all()
    with Meter(env.cr) as meter:
        if profile:
            profile.enable()
        moves = contestant.bill(work)
        env.cr.commit()
        if profile:
            profile.disable()
    env.invalidate_all()
    return {"figures": meter.figures, "moves": dump_moves(env, moves)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("contestant", choices=CONTESTANTS)
    parser.add_argument("action", choices=["prepare", "bill"])
    parser.add_argument("--entries", type=int)
    parser.add_argument("--projects", type=int)
    parser.add_argument("--result", type=Path, help="file for figures and moves")
    parser.add_argument("--profile", type=Path, help="file for the profile")
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    with environment(options.config) as env:
        contestant = CONTESTANTS[options.contestant](env)
        if options.action == "prepare":
            contestant.prepare()
            return
        result = bill(contestant, options.entries, options.projects, profile)
    options.result.write_text(json.dumps(result, default=str))
    if profile:
        profile.dump_stats(options.profile)


if __name__ == "__main__":
    main()
