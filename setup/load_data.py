"""Loads real logs, milestones and rate cards from a folder of CSV files into Odoo.

Each project of a file becomes a project with one billing rule; what was loaded before
is left alone. See data_files.py for the files.
"""

import argparse
from collections import Counter
from decimal import Decimal
from itertools import groupby

from data_files import Entry, Milestone, Rate, read_folder

# dollars for an hour: of a person, or of anybody (None)
PRICES = {
    "CESAW": {
        "210": Decimal("102.88"),
        "202": Decimal("88.50"),
        "211": Decimal("83.13"),
    },
    "SIP": {None: Decimal("88.50")},
}
# dollars for one: the files have no exchange rates and the ledger needs one
ASSUMED_RATES = {"EUR": Decimal("1.10"), "XMR": Decimal("150")}
XMR = {"name": "XMR", "symbol": "ɱ", "full_name": "Monero", "rounding": 0.00001}
FIRST_DAY = "1990-01-01"
BATCH = 2000


class Loader:
    """Writes the rows of one company's files; `notes` says what it decided."""

    # kind of record: how it is loaded, and what makes a project
    methods = {
        Entry: ("load_entries", "project"),
        Milestone: ("load_milestones", "project"),
        Rate: ("load_rates", "card"),
    }

    def __init__(self, env, company=None):
        """Load into a company; by default into the first one."""
        self.company = company or env["res.company"].search([], limit=1, order="id")
        self.env = env(
            su=True,
            context={
                **env.context,
                "allowed_company_ids": self.company.ids,
                "tracking_disable": True,
                "mail_create_nosubscribe": True,
            },
        )
        self.found = {}
        self.notes = []

    def prepare_company(self):
        company = self.company.with_env(self.env)
        if not company.chart_template:
            company.currency_id = self.env.ref("base.USD")
            self.env["account.chart.template"].try_loading(
                "generic_coa", company, install_demo=False
            )

    def get(self, model, name, **values):
        """Return the record of that name, made where there is none."""
        key = (model, name)
        if key not in self.found:
            records = self.env[model].search([("name", "=", name)], limit=1)
            self.found[key] = records or records.create({"name": name, **values})
        return self.found[key]

    def currency(self, name):
        currency = self.env["res.currency"].with_context(active_test=False)
        currency = currency.search([("name", "=", name)]) or currency.create(XMR)
        currency.active = True
        if name == "XMR":
            precision = self.env["decimal.precision"]
            precision.search([("name", "=", "Product Price")]).digits = 5
        if name in ASSUMED_RATES and not currency.rate_ids:
            rate = {"name": FIRST_DAY, "rate": float(1 / ASSUMED_RATES[name])}
            currency.rate_ids = [(0, 0, rate)]
            self.notes.append(
                f"no exchange rates in the files: 1 {name} = {ASSUMED_RATES[name]} USD"
                " is assumed in the ledger"
            )
        return currency

    def rule(self, customer, project, billing_type, **values):
        """Return the new rule of a new project, or None where the project is there."""
        if self.env["project.project"].search_count([("name", "=", project)]):
            return None
        partner = customer and self.get("res.partner", customer, is_company=True).id
        record = self.get(
            "project.project",
            project,
            partner_id=partner,
            company_id=self.company.id,
            allow_timesheets=True,
            allow_milestones=True,
        )
        return self.env["project.billing.rule"].create(
            {
                "project_id": record.id,
                "company_id": self.company.id,
                "billing_type": billing_type,
                "bill_from": FIRST_DAY,
                **values,
            }
        )

    # -- one method for each kind of record; each returns how many it has loaded ------

    def load_entries(self, source, project, entries):
        prices = PRICES[source.shape.name]
        rule = self.rule(
            f"Customer of {source.shape.name}",
            project,
            "timesheet",
            price=float(prices.get(None, 0)),
            line_grouping="employee",
        )
        if not rule:
            return 0
        people = {
            person: self.get("hr.employee", f"{source.shape.name} {person}").id
            for person in {entry.person for entry in entries}
        }
        self.env["project.billing.rate"].create(
            [
                {
                    "rule_id": rule.id,
                    "employee_id": people[person],
                    "price": float(price),
                }
                for person, price in prices.items()
                if person in people
            ]
        )
        values = [
            {
                "project_id": rule.project_id.id,
                "employee_id": people[entry.person],
                "date": entry.date,
                "unit_amount": float(entry.hours),
                "name": entry.text,
                # whole tasks and parallel sessions: long days and twins are right here
                "billing_confirmed": True,
            }
            for entry in entries
        ]
        for start in range(0, len(values), BATCH):
            self.env["account.analytic.line"].create(values[start : start + BATCH])
        return len(values)

    def load_milestones(self, source, project, milestones):
        loaded = 0
        by_currency = sorted(milestones, key=lambda milestone: milestone.currency)
        for name, group in groupby(by_currency, lambda milestone: milestone.currency):
            group = list(group)
            rule = self.rule(
                f"Customer of {source.shape.name}",
                project if name == by_currency[0].currency else f"{project} {name}",
                "milestone",
                currency_id=self.currency(name).id,
            )
            if rule:
                self._create_items(rule, group)
                loaded += len(group)
        return loaded

    def _create_items(self, rule, milestones):
        records = self.env["project.milestone"].create(
            [
                {
                    "name": f"Milestone {milestone.number}",
                    "project_id": rule.project_id.id,
                    "deadline": milestone.planned,
                    "is_reached": bool(milestone.reached),
                }
                for milestone in milestones
            ]
        )
        self.env["project.billing.item"].create(
            [
                {
                    "rule_id": rule.id,
                    "milestone_id": record.id,
                    "sequence": milestone.number,
                    "amount": float(milestone.amount),
                    "trigger": "accepted",
                    "date_ready": milestone.reached,
                }
                for record, milestone in zip(records, milestones, strict=True)
            ]
        )

    def load_rates(self, source, card, rates):
        rule = self.rule(None, f"Rate card {card}", "timesheet")
        if not rule:
            return 0
        prices = {(rate.role, rate.currency): rate.price for rate in reversed(rates)}
        if len(prices) < len(rates):
            twins = len(rates) - len(prices)
            self.notes.append(
                f"{card}: {twins} further prices of a role: the first holds"
            )
        self.env["project.billing.rate"].create(
            [
                {
                    "rule_id": rule.id,
                    "role_id": self.get("project.role", role).id,
                    "price": float(price),
                    "currency_id": self.currency(currency).id,
                }
                for (role, currency), price in prices.items()
            ]
        )
        return len(rates)

    def load(self, source):
        """Load one file; return how many of its records are new."""
        new, groups = 0, {}
        for record in source.records:
            method, attribute = self.methods[type(record)]
            groups.setdefault((method, getattr(record, attribute)), []).append(record)
        for (method, name), records in groups.items():
            new += getattr(self, method)(source, name, records)
        return new


def report(source, new):
    known = len(source.records) - new
    print(
        f"  {source.file}: {new} loaded",
        f", {known} were there" if known else "",
        sep="",
    )
    for reason, count in Counter(row.reason for row in source.refused).most_common():
        own = [row for row in source.refused if row.reason == reason]
        hours = sum(row.hours for row in own)
        where = ", ".join(str(row.line) for row in own[:5])
        where += ", …" if count > 5 else ""
        worth = f" ({hours:,.2f} h)" if hours else ""
        print(f"    refused {count}{worth}: {reason}; line {where}")


def main():
    from odoo_env import environment

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="Odoo's configuration file")
    parser.add_argument("folder")
    options = parser.parse_args()
    sources, unknown = read_folder(options.folder)
    if not sources:
        raise SystemExit(f"{options.folder} has no CSV file of a known shape")
    print(f"Loading {options.folder}")
    with environment(options.config) as env:
        loader = Loader(env)
        loader.prepare_company()
        for source in sources:
            report(source, loader.load(source))
    for note in loader.notes:
        print(f"  note: {note}")
    if unknown:
        print(f"  not logs, milestones or rate cards: {', '.join(unknown)}")


if __name__ == "__main__":
    main()
