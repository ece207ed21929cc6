"""Prints what the overdue job would do on a day: who is reminded of what, who not.

Reminders are off until a policy is switched on. To show what it would do, the policies
are on while this looks, and everything is taken back: nothing is sent, nothing kept.
"""

import argparse
from collections import Counter
from datetime import timedelta

from bill import print_table
from odoo_env import environment

REMINDED = "company customer items due level late goes".split()
SKIPPED = "company customer items due reason".split()
WOULD = "Overdue: what the job would send on {day} if reminders were on"
AS_SENT = ", these invoices had been sent and nobody paid"
NOTHING = "Nothing was sent: the policies are off again, and nothing of this was kept."
NOBODY = "Overdue: no reminder would go on {day}"
LEFT_OUT = "Overdue on {day}, but not reminded, and why"


def format_amounts(amounts):
    """Return amounts of several currencies as one text."""
    return " + ".join(currency.format(amount) for currency, amount in amounts.items())


def mark_sent(company):
    """Take what is posted as sent on its date, as in a firm that is at work."""
    moves = company.env["account.move"].search(
        [
            ("company_id", "=", company.id),
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("is_move_sent", "=", False),
        ]
    )
    moves.sudo().is_move_sent = True
    for move in moves.sudo():
        move.overdue_date_sent = move.invoice_date


def propose(company, ahead):
    """Return a proposed `account.overdue.run`, all policies switched on.

    :param ahead: days from today; what is to come is looked at as if nobody paid
    """
    env = company.env
    policies = env["account.overdue.policy"].sudo()
    policies.search([("company_id", "=", company.id)]).is_on = True
    run = env["account.overdue.run"].create({"company_id": company.id})
    run.date += timedelta(days=ahead)
    run.action_propose()
    return run


def group(lines, *names):
    """Return ``{values of fields: lines}``, the customers by name."""
    groups = lines.grouped(lambda line: tuple(line[name] for name in names))
    return sorted(groups.items(), key=lambda pair: pair[0][0].display_name)


def count_items(lines):
    """Return the invoices of lines as text, and what is open of them."""
    names = list(dict.fromkeys(lines.move_id.mapped("name")))
    amounts = Counter()
    for line in lines:
        amounts[line.currency_id] += line.amount
    shown = ", ".join(names[:3]) + (f" +{len(names) - 3}" if names[3:] else "")
    return shown, format_amounts(amounts)


def reminded_rows(run):
    """One row for each customer and level: one mail or letter has all of a customer."""
    lines = run.line_ids.filtered(lambda line: line.state == "proposed")
    channels = dict(lines._fields["channel"]._description_selection(lines.env))
    keys = "partner_id", "level_id", "channel", "recipient_id"
    for (partner, level, channel, recipient), own in group(lines, *keys):
        address = recipient.email if channel == "mail" else recipient.display_name
        days = f"{max(own.mapped('days_overdue'))} days"
        text = f"{channels[channel]} to {address}"
        items, amount = count_items(own)
        company = run.company_id.name
        yield [company, partner.display_name, items, amount, level.name, days, text]


def skipped_rows(run):
    """One row for each customer and reason."""
    lines = run.line_ids.filtered(lambda line: line.state == "skipped")
    for (partner, reason), own in group(lines, "partner_id", "reason"):
        company = run.company_id.name
        yield [company, partner.display_name, *count_items(own), reason]


def look(env, as_sent, ahead):
    """Return the day and the rows of both tables; everything is taken back."""
    reminded, skipped = [], []
    savepoint = env.cr.savepoint()
    for company in env["res.company"].sudo().search([]):
        context = {**env.context, "allowed_company_ids": company.ids}
        own = env(context=context)["res.company"].browse(company.id)
        if as_sent:
            mark_sent(own)
        run = propose(own, ahead)
        reminded += reminded_rows(run)
        skipped += skipped_rows(run)
    day = str(run.date)
    savepoint.close(rollback=True)
    return day, reminded, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="Odoo's configuration file")
    parser.add_argument(
        "--as-sent",
        action="store_true",
        help="as if all posted invoices had been sent on their dates (demo data)",
    )
    parser.add_argument(
        "--ahead", type=int, default=0, metavar="DAYS", help="on a later day than today"
    )
    options = parser.parse_args()
    with environment(options.config) as env:
        day, reminded, skipped = look(env, options.as_sent, options.ahead)
    if reminded:
        title = WOULD + AS_SENT * options.as_sent
        print_table(title.format(day=day), REMINDED, reminded)
        print(f"  {NOTHING}")
    elif skipped:
        print(f"\n{NOBODY.format(day=day)}")
    if skipped:
        print_table(LEFT_OUT.format(day=day), SKIPPED, skipped)


if __name__ == "__main__":
    main()
