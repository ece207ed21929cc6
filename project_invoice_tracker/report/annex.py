"""The itemised annex of an invoice as a file: RFC 4180 text, UTF-8, one row per piece
of work.

Nothing here knows Odoo's records: the same rows give the same bytes. The file is the
annex; pages for people are laid out from it alone. Where the customer's language
writes decimals with a comma, fields are separated by semicolons, as spreadsheets of
such languages expect; the reader tells the two apart by the header.
"""

import csv
import io
import re
from decimal import Decimal
from typing import NamedTuple

from odoo.tools import groupby

BYTE_ORDER_MARK = "\ufeff"  # spreadsheets take a file without it for Latin-1
# what spreadsheets would run as a formula; the host's own export guards it likewise
FORMULA = re.compile(r"'*[=+\-@\t\r]")


class AnnexRow(NamedTuple):
    """One row of the annex; empty strings where a column does not apply.

    ``hours`` are worked hours, ``quantity`` is in ``unit`` as invoiced, ``amount`` in
    the currency of the document, with its sign. Numbers are decimal text with a point.
    """

    line: int  # number of the invoice line within the annex, from 1
    heading: str  # text of the invoice line
    date: str = ""  # ISO
    person: str = ""
    task: str = ""
    text: str = ""
    hours: str = ""
    quantity: str = ""
    unit: str = ""
    price: str = ""
    amount: str = ""


COLUMNS = AnnexRow._fields
NUMBERS = tuple(
    COLUMNS.index(name) for name in ("hours", "quantity", "price", "amount")
)
TEXTS = tuple(
    COLUMNS.index(name) for name in ("heading", "person", "task", "text", "unit")
)


def write_annex(labels, rows, decimal_point="."):
    """Return the annex as bytes.

    :param labels: column titles in the order of :class:`AnnexRow`, customer's language
    :param rows: iterable of :class:`AnnexRow`
    :param decimal_point: of the customer's language
    """
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=_get_delimiter(decimal_point))
    writer.writerow(labels)
    writer.writerows(_encode(row, decimal_point) for row in rows)
    return (BYTE_ORDER_MARK + stream.getvalue()).encode()


def read_annex(content):
    """Return ``(labels, rows)`` of the bytes that :func:`write_annex` made."""
    text = content.decode().removeprefix(BYTE_ORDER_MARK)
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    decimal_point = "," if delimiter == ";" else "."
    labels, *records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return labels, [_decode(record, decimal_point) for record in records]


def group_by_line(rows):
    """Return ``[(heading, rows)]``, one pair per invoice line, in the order given."""
    return [(own[0].heading, own) for _line, own in groupby(rows, lambda r: r.line)]


def add_up(rows, column):
    """Return the exact sum of a number column; rows without a number add nothing."""
    values = (getattr(row, column) for row in rows)
    return sum((Decimal(value) for value in values if value), Decimal())


def get_shown_columns(rows):
    """Return the columns worth a place on paper; the file always has all.

    A task that only repeats the text of its invoice line is left out, and hours that
    only repeat the quantity.
    """
    shown = {name for name in ("date", "person") if any(getattr(r, name) for r in rows)}
    if any(r.task and not r.heading.startswith(r.task) for r in rows):
        shown.add("task")
    pairs = [(Decimal(r.hours), Decimal(r.quantity or 0)) for r in rows if r.hours]
    if any(abs(hours - quantity) >= Decimal("0.01") for hours, quantity in pairs):
        shown.add("hours")
    return shown


def get_initials(name):
    """Return the first letter of each word of a name."""
    return "".join(part[0] for part in (name or "").split())


def _get_delimiter(decimal_point):
    return ";" if decimal_point == "," else ","


def _encode(row, decimal_point):
    cells = list(row)
    if decimal_point != ".":
        for index in NUMBERS:
            cells[index] = cells[index].replace(".", decimal_point)
    for index in TEXTS:
        if FORMULA.match(cells[index]):
            cells[index] = f"'{cells[index]}"
    return cells


def _decode(cells, decimal_point):
    for index in NUMBERS:
        cells[index] = cells[index].replace(decimal_point, ".")
    for index in TEXTS:
        if cells[index].startswith("'") and FORMULA.match(cells[index][1:]):
            cells[index] = cells[index][1:]
    return AnnexRow(int(cells[0]), *cells[1:])
