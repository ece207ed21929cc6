"""When will an invoice be paid? A backtest of the expected payment date.

Stands at the end of each month of a real ledger, knows only what was invoiced and paid
by that evening, and predicts the payment of (open) the invoices open that evening and
(new) those issued during the next month. Compared with the day on which they were
paid, and with two guesses that know no payer: the plain due date, and the due date or,
once it has passed, the next day. See docs/forecast.md.

    python3 benchmarks/forecast.py [--csv FILE] [--warm-up MONTHS]
"""

import argparse
import csv
import importlib.util
import os
import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import mean
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("PIT_SHARED") or REPOSITORY.parent / "shared")
LEDGER = SHARED / "data" / "receivables_ibm_2012.csv"
ONE_DAY = timedelta(days=1)


def _load_habit():
    """The add-on's own module, without Odoo around it."""
    path = REPOSITORY / "project_invoice_tracker" / "tools" / "habit.py"
    spec = importlib.util.spec_from_file_location("habit", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


habit = _load_habit()


class Invoice(NamedTuple):
    payer: str
    invoiced: date
    due: date
    paid: date
    amount: Decimal = Decimal(0)


class Guess(NamedTuple):
    """Errors in days of one invoice, seen from one month end."""

    month_end: date
    plain: int  # the due date
    moved: int  # the due date, or the next day once it has passed
    expected: int


def read_ledger(path):
    """Return the invoices of the file; its dates are month/day/year."""

    def day(text):
        return datetime.strptime(text, "%m/%d/%Y").date()

    with open(path, newline="", encoding="utf-8-sig") as stream:
        return [
            Invoice(
                row["customerID"],
                day(row["InvoiceDate"]),
                day(row["DueDate"]),
                day(row["SettledDate"]),
                Decimal(row["InvoiceAmount"]),
            )
            for row in csv.DictReader(stream)
        ]


def get_month_ends(ledger):
    """Return the month ends on which something was open."""
    day = min(one.invoiced for one in ledger)
    last = max(one.paid for one in ledger)
    ends = []
    while (day := _end_month(day)) < last:
        ends.append(day)
        day += ONE_DAY
    return ends


def _end_month(day):
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - ONE_DAY


def get_known(ledger, day):
    """Return what was known in the evening of a day, and no more."""
    return [
        habit.Instalment(
            one.payer,
            one.due,
            (min(one.paid, day) - one.due).days,
            one.paid <= day,
        )
        for one in ledger
        if one.invoiced <= day
    ]


def backtest_open(ledger, month_ends):
    """Return guesses for the invoices that are open in the evening of each day."""
    guesses = []
    for end in month_ends:
        habits = habit.learn(get_known(ledger, end), end)
        for one in ledger:
            if one.invoiced <= end < one.paid:
                expected = habits.expect(one.payer, one.due, end + ONE_DAY)
                guesses.append(_compare(end, one, expected))
    return guesses


def backtest_new(ledger, month_ends):
    """Return guesses for the invoices issued during the month after each day."""
    guesses = []
    for end in month_ends:
        habits = habit.learn(get_known(ledger, end), end)
        for one in ledger:
            if end < one.invoiced <= _end_month(end + ONE_DAY):
                expected = habits.expect(one.payer, one.due)
                guesses.append(_compare(end, one, expected))
    return guesses


def _compare(end, one, expected):
    days = (one.due, max(one.due, end + ONE_DAY), expected)
    return Guess(end, *(abs((one.paid - day).days) for day in days))


def get_errors(guesses):
    """Return the mean errors in days, a :class:`Guess` without a month end."""
    _ends, *days = zip(*guesses, strict=True)
    return Guess(None, *map(mean, days))


def get_gain(guesses):
    """Return by how much less the expected date errs than the due date; 0.4 = 40 %."""
    errors = get_errors(guesses)
    return 1 - errors.expected / errors.plain


def print_table(title, guesses, warm_up):
    print(f"\n{title}\n")
    print("| month end | n | due date | due or next day | expected | gain |")
    print("|---|---|---|---|---|---|")
    rows = {}
    for one in guesses:
        rows.setdefault(str(one.month_end), []).append(one)
    first = list(rows)[warm_up]
    later = [one for one in guesses if str(one.month_end) >= first]
    rows |= {"**all**": guesses, f"**from {first}**": later}
    for name, own in rows.items():
        errors = get_errors(own)
        days = " | ".join(f"{one:.2f}" for one in errors[1:])
        print(f"| {name} | {len(own)} | {days} | {get_gain(own):.1%} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", type=Path, default=LEDGER)
    parser.add_argument("--warm-up", type=int, default=2, metavar="MONTHS")
    args = parser.parse_args()
    ledger = read_ledger(args.csv)
    ends = get_month_ends(ledger)
    print(f"{len(ledger)} invoices; mean absolute error in days")
    for title, backtest in (
        ("Open at the month end", backtest_open),
        ("Issued in the month after", backtest_new),
    ):
        print_table(title, backtest(ledger, ends), args.warm_up)


if __name__ == "__main__":
    main()
