"""Reads logs, milestones and rate cards from CSV files into plain rows; knows no Odoo.

A file is known by its columns, not by its name. A row that cannot be used is refused
with a reason; none is lost silently.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

DOLLARS = {"USD", "DAI", "USDC", "USDT"}  # the coins are pegged to the dollar
DONE = {"finished", "completed"}


class UnusableRow(Exception):
    """Why a row is refused; `hours` of work that are left out with it."""

    def __init__(self, reason, hours=0):
        super().__init__(reason)
        self.hours = hours


@dataclass(frozen=True)
class Entry:
    project: str
    person: str
    date: date
    hours: Decimal
    text: str


@dataclass(frozen=True)
class Milestone:
    project: str
    number: int
    amount: Decimal
    currency: str
    planned: date | None
    reached: date | None


@dataclass(frozen=True)
class Rate:
    card: str
    role: str
    price: Decimal  # for an hour
    currency: str


@dataclass(frozen=True)
class Refused:
    file: str
    line: int
    reason: str
    hours: Decimal = Decimal()


@dataclass(frozen=True)
class Source:
    """One file: what it holds and what was refused of it."""

    shape: "Shape"
    file: str
    records: list
    refused: list[Refused]


@dataclass(frozen=True)
class Shape:
    name: str
    columns: frozenset[str]
    parse: Callable[[dict], list]


def number(row, column):
    text = row[column].replace("$", "").replace(",", "").strip()
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise UnusableRow(f"{column} is not a number") from None
    if value <= 0:
        raise UnusableRow(f"{column} is not above 0")
    return value


def text(row, column):
    if not (value := row[column].strip()):
        raise UnusableRow(f"{column} is empty")
    return value


def day(row, column):
    """Return a date, or None where the column is empty."""
    if not (value := row[column].strip()):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UnusableRow(f"{column} is not a date") from None


def parse_cesaw(row):
    """Minutes of one person on one day."""
    try:
        start = datetime.strptime(row["time_log_start_date"], "%m/%d/%Y %H:%M")
    except ValueError:
        raise UnusableRow("time_log_start_date is not a date") from None
    minutes = number(row, "time_log_delta_minutes")
    project, person = text(row, "project_key"), text(row, "person_key")
    what = f"{row['phase_short_name']} (plan item {row['plan_item_key']})"
    return [Entry(f"CESAW {project}", person, start.date(), minutes / 60, what)]


def parse_sip(row):
    """A task's hours of its developer, on the day of its completion.

    A task that is open or cancelled has hours, but no day: work is spread over months
    and its sum still changes. Billed on the day of its start it would stand in the
    wrong month, so it is refused.
    """
    hours, person = number(row, "DeveloperHoursActual"), text(row, "DeveloperID")
    if not (done := day(row, "done")):
        status = row["StatusCode"].strip().lower() or "no status"
        raise UnusableRow(
            f"task is not completed ({status}): its hours have no day", hours
        )
    what = f"{row['TaskNumber']} {row['Summary']}"
    return [Entry(f"SIP {text(row, 'ProjectCode')}", person, done, hours, what)]


def parse_w3f(row):
    """A milestone of a grant, reached when it was accepted."""
    currency = "USD" if row["currency"] in DOLLARS else text(row, "currency")
    return [
        Milestone(
            project=text(row, "project"),
            number=int(number(row, "seq")),
            amount=number(row, "amount"),
            currency=currency,
            planned=day(row, "planned_date"),
            reached=day(row, "accepted_date"),
        )
    ]


def parse_ccs(row):
    """A milestone paid in monero, reached when it was finished."""
    return [
        Milestone(
            project=text(row, "project"),
            number=int(number(row, "seq")),
            amount=number(row, "amount_xmr"),
            currency="XMR",
            planned=None,
            reached=day(row, "done_date") if row["status"] in DONE else None,
        )
    ]


def parse_gsa_prices(row):
    role = f"{text(row, 'Labor Category')} ({text(row, 'COMPANY NAME')})"
    return [Rate("GSA hourly prices", role, number(row, "CurrentYearPricing"), "USD")]


def parse_gsa_s70(row):
    if row[S70_UNIT].strip() != "Hour":
        raise UnusableRow(f"priced by {row[S70_UNIT]!r}, not by the hour")
    role = f"{text(row, S70_ROLE)} ({text(row, 'VENDOR NAME')})"
    return [Rate("GSA schedule 70", role, number(row, S70_PRICE), "USD")]


def parse_sfia(row):
    """Prices of a day at one level, by skill; made prices of an hour."""
    hours, card = number(row, "day_hours"), f"{row['framework']}, {row['supplier']}"
    level, currency = f"{row['level_no']} {row['level']}", text(row, "currency")
    return [
        Rate(card, f"{level}: {skill}", round(number(row, skill) / hours, 2), currency)
        for skill in SFIA_SKILLS
        if row[skill].strip()
    ]


S70_ROLE = "SERVICE PROPOSED (e.g. Job Title/Task)"
S70_UNIT = "UNIT OF ISSUE (e.g. Hour, Task, Sq ft)"
S70_PRICE = "PRICE OFFERED TO GSA (including IFF)"
SFIA_SKILLS = (
    "strategy_architecture",
    "business_change",
    "solution_development",
    "service_management",
    "procurement_management_support",
    "client_interface",
)
SHAPES = [
    Shape(name, frozenset(columns), parse)
    for name, columns, parse in (
        (
            "CESAW",
            (
                "project_key",
                "person_key",
                "time_log_start_date",
                "time_log_delta_minutes",
                "phase_short_name",
                "plan_item_key",
            ),
            parse_cesaw,
        ),
        (
            "SIP",
            (
                "ProjectCode",
                "DeveloperID",
                "DeveloperHoursActual",
                "done",
                "StatusCode",
                "TaskNumber",
                "Summary",
            ),
            parse_sip,
        ),
        (
            "W3F",
            ("project", "seq", "amount", "currency", "planned_date", "accepted_date"),
            parse_w3f,
        ),
        ("CCS", ("project", "seq", "amount_xmr", "status", "done_date"), parse_ccs),
        (
            "GSA prices",
            ("Labor Category", "COMPANY NAME", "CurrentYearPricing"),
            parse_gsa_prices,
        ),
        ("GSA 70", (S70_ROLE, S70_UNIT, S70_PRICE, "VENDOR NAME"), parse_gsa_s70),
        (
            "SFIA",
            (
                "framework",
                "supplier",
                "level_no",
                "level",
                "day_hours",
                "currency",
                *SFIA_SKILLS,
            ),
            parse_sfia,
        ),
    )
]


def find_shape(columns):
    return next((shape for shape in SHAPES if shape.columns <= set(columns)), None)


def read_file(path):
    """Return the :class:`Source` of a file, or None where its shape is unknown."""
    with open(path, newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        if not (shape := find_shape(reader.fieldnames or ())):
            return None
        records, refused = [], []
        for row in reader:
            try:
                records += shape.parse({key: row[key] or "" for key in row if key})
            except UnusableRow as reason:
                line = reader.line_num
                refused.append(Refused(path.name, line, str(reason), reason.hours))
    return Source(shape, path.name, records, refused)


def read_folder(folder):
    """Return ``(sources, names of files of unknown shape)``."""
    sources, unknown = [], []
    for path in sorted(Path(folder).glob("*.csv")):
        if source := read_file(path):
            sources.append(source)
        else:
            unknown.append(path.name)
    return sources, unknown
