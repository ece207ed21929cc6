"""Bills all projects up to today, as the button does, and prints what came of it.

The invoices stay drafts unless a rule says otherwise.
"""

import argparse
from collections import defaultdict

from odoo_env import environment

INVOICED = ["customer", "invoice", "project", "rules", "net", "tax", "total", "state"]
SKIPPED = ["project", "rule", "state", "lines", "reason"]
NUMBERS = {"net", "tax", "total", "lines"}
WIDEST = 60


def print_table(title, columns, rows):
    """Print rows of text below a title; columns of numbers stand right."""
    print(f"\n{title}")
    if not rows:
        print("  nothing")
        return
    rows = [
        [cell if len(cell) <= WIDEST else cell[: WIDEST - 1] + "…" for cell in row]
        for row in rows
    ]
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    for row in [columns, ["-" * width for width in widths], *rows]:
        cells = [
            cell.rjust(width) if column in NUMBERS else cell.ljust(width)
            for column, cell, width in zip(columns, row, widths, strict=True)
        ]
        print("  " + "  ".join(cells).rstrip())


def bill(company, cutoff=None, projects=None):
    """Run the main job for a company and return its `project.billing.run`."""
    run = (
        company.env["project.billing.run"]
        .with_company(company)
        .create(
            {
                "company_id": company.id,
                "project_ids": [(6, 0, projects.ids if projects else [])],
                **({"cutoff_date": cutoff} if cutoff else {}),
            }
        )
    )
    run.action_propose()
    run.action_invoice()
    return run


def invoiced_rows(run):
    lines_of = run.line_ids.grouped("move_id")
    for move in run.move_ids:
        lines = lines_of.get(move, run.line_ids.browse())
        yield [
            move.partner_id.display_name,
            move.name if move.name and move.name != "/" else f"draft {move.id}",
            ", ".join(lines.project_id.mapped("name")),
            ", ".join(lines.rule_id.mapped("display_name")),
            *(
                move.currency_id.format(amount)
                for amount in (move.amount_untaxed, move.amount_tax, move.amount_total)
            ),
            dict(move._fields["state"]._description_selection(move.env))[move.state],
        ]


def skipped_rows(run):
    """One row for each project, rule and reason, with the number of lines."""
    counted = defaultdict(int)
    for line in run.line_ids.filtered(
        lambda line: line.state not in ("invoiced", "proposed", "approved")
    ):
        key = (
            line.project_id.name or "",
            line.rule_id.display_name or "",
            line.state,
            line.reason or line.reason_code or "",
        )
        counted[key] += 1
    for (project, rule, state, reason), count in sorted(counted.items()):
        yield [project, rule, state, str(count), reason]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--config",
        required=True,
        help="Odoo's configuration file; it names the database",
    )
    options = parser.parse_args()
    with environment(options.config) as env:
        if "project.billing.run" not in env:
            print("\nThis add-on has no billing run yet: nothing was billed.")
            return
        invoiced, skipped = [], []
        for company in env["res.company"].sudo().search([]):
            run = bill(
                env(context={**env.context, "allowed_company_ids": company.ids})[
                    "res.company"
                ].browse(company.id)
            )
            invoiced += invoiced_rows(run)
            skipped += skipped_rows(run)
        print_table(
            "Invoiced now" if invoiced else "Invoiced now: nothing left to bill",
            INVOICED,
            invoiced,
        )
        print_table("Not invoiced, and why", SKIPPED, skipped)


if __name__ == "__main__":
    main()
