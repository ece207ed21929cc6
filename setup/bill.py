"""Bills all projects up to today, as the button does, and prints what came of it.

The invoices stay drafts unless a rule says otherwise.
"""

import argparse
from collections import Counter

from dateutil.relativedelta import relativedelta
from odoo_env import environment

from odoo import fields

SCHEDULED_JOB = "project_invoice_tracker.ir_cron_project_billing"
INVOICED = "customer invoice project rules net tax total state".split()
TOTALS = "customer currency invoices net tax total".split()
SKIPPED = "project rule state lines reason".split()
NOTHING_LEFT = "Invoiced now: nothing left to bill"
RIGHT = {
    "net",
    "tax",
    "total",
    "lines",
    "invoices",
    "due",
    "late",
}  # columns of numbers
WIDEST = 110  # characters of a cell
LONGEST = 40  # rows of a table


def shorten(cell):
    return cell if len(cell) <= WIDEST else cell[: WIDEST - 1] + "…"


def print_table(title, columns, rows):
    """Print rows of text below a title; of a long table only the beginning."""
    print(f"\n{title}")
    shown = [[shorten(cell) for cell in row] for row in rows[:LONGEST]]
    widths = [max(map(len, cells)) for cells in zip(columns, *shown, strict=True)]
    for row in [columns, ["-" * width for width in widths], *shown] if shown else ():
        cells = [
            cell.rjust(width) if column in RIGHT else cell.ljust(width)
            for column, cell, width in zip(columns, row, widths, strict=True)
        ]
        print("  " + "  ".join(cells).rstrip())
    if len(rows) > LONGEST:
        print(f"  ... and {len(rows) - LONGEST} more: see the runs in Odoo")


def is_ready(run):
    states = ["approved"] if run.approval_required else ["proposed", "approved"]
    return any(line.state in states for line in run.line_ids)


def bill(company, cutoff=None, projects=None):
    """Run the main job for a company and return its `project.billing.run`.

    :param cutoff: last day of the work and date of the invoices; today if left out
    :param projects: `project.project` records; all of the company if left out
    """
    values = {"company_id": company.id}
    if projects:
        values["project_ids"] = [(6, 0, projects.ids)]
    if cutoff:
        values |= {"cutoff_date": cutoff, "date": cutoff}
    run = company.env["project.billing.run"].with_company(company).create(values)
    run.action_propose()
    if is_ready(run):
        run.action_invoice()
    while run.state == "running":  # a large run is handed over to the scheduled job
        run.env.cr.commit()
        run.env.ref(SCHEDULED_JOB).sudo().method_direct_trigger()
        run.env.invalidate_all()
    return run


def month_ends(first, last):
    """Yield the last day of each month that has ended, from the month of `first` on."""
    end = first + relativedelta(day=31)
    while end < last:
        yield end
        end += relativedelta(days=1, day=31)


def bill_monthly(company, prefix):
    """Yield one run for each past month of the projects whose name begins so."""
    projects = company.env["project.project"].search([("name", "=like", f"{prefix}%")])
    dates = company.env["account.analytic.line"].search(
        [("project_id", "in", projects.ids), ("billed_quantity", "=", 0)]
    )
    first, last = min(dates.mapped("date"), default=None), fields.Date.today()
    for end in month_ends(first, last) if first else ():
        if run := bill(company, end, projects):
            yield run


def invoiced_rows(run):
    rules_of = dict(
        run.env["project.billing.allocation"]._read_group(
            [("move_id", "in", run.move_ids.ids)], ["move_id"], ["rule_id:recordset"]
        )
    )
    for move in run.move_ids:
        rules = rules_of.get(move, run.env["project.billing.rule"])
        states = dict(move._fields["state"]._description_selection(move.env))
        amounts = (move.amount_untaxed, move.amount_tax, move.amount_total)
        yield [
            move.partner_id.display_name,
            move.name if move.name and move.name != "/" else f"draft {move.id}",
            ", ".join(rules.project_id.mapped("name")),
            ", ".join(rules.mapped("name")),
            *map(move.currency_id.format, amounts),
            states[move.state],
        ]


def total_rows(moves):
    """One row for each customer and currency."""
    groups = moves.grouped(lambda move: (move.partner_id, move.currency_id))
    for (partner, currency), own in groups.items():
        sums = (
            currency.format(sum(own.mapped(name)))
            for name in ("amount_untaxed", "amount_tax", "amount_total")
        )
        yield [partner.display_name, currency.name, str(len(own)), *sums]


def skipped_rows(run):
    """One row for each project, rule and reason, with the number of lines."""
    counted = Counter(
        (
            line.project_id.name or "",
            line.rule_id.name or "",
            line.state,
            line.reason or line.reason_code or "",
        )
        for line in run.line_ids
        if line.state not in ("invoiced", "proposed", "approved")
    )
    for (project, rule, state, reason), count in sorted(counted.items()):
        yield [project, rule, state, str(count), reason]


def get_companies(env):
    """Return the companies that have billing rules, each with itself alone allowed."""
    groups = env["project.billing.rule"].sudo()._read_group([], ["company_id"])
    for (company,) in groups:
        context = {**env.context, "allowed_company_ids": company.ids}
        yield env(context=context)["res.company"].browse(company.id)


def bill_all(env, monthly=()):
    """Bill everything there is; return the rows of the three tables."""
    invoiced, totals, skipped = [], [], []
    for company in get_companies(env):
        runs = [run for prefix in monthly for run in bill_monthly(company, prefix)]
        runs.append(bill(company))
        for run in runs:
            invoiced += invoiced_rows(run)
        totals += total_rows(runs[0].union(*runs).move_ids)
        skipped += skipped_rows(runs[-1])
    return invoiced, totals, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="Odoo's configuration file")
    parser.add_argument(
        "--monthly",
        action="append",
        default=[],
        metavar="PREFIX",
        help="bill the projects whose name begins so month by month",
    )
    options = parser.parse_args()
    with environment(options.config) as env:
        if "project.billing.run" not in env:
            print("\nThis add-on has no billing run yet: nothing was billed.")
            return
        invoiced, totals, skipped = bill_all(env, options.monthly)
    print_table("Invoiced now" if invoiced else NOTHING_LEFT, INVOICED, invoiced)
    if totals:
        print_table("In all", TOTALS, totals)
    if skipped:
        print_table("Not invoiced, and why", SKIPPED, skipped)


if __name__ == "__main__":
    main()
