"""A table as a spreadsheet: numbers as numbers, dates as dates, sums as formulas."""

import io
from typing import NamedTuple

# rows above the table: title, what it is of, an empty one
TOP = 3


class Column(NamedTuple):
    """One column: its kind is text, day, count, number (two places) or money."""

    label: str
    kind: str = "text"
    is_summed: bool = False
    width: int = 14


def build_xlsx(name, head, columns, rows, total, places=2, foot=()):
    """Return the content of a file with one table, to be filtered and summed.

    :param name: of the sheet
    :param head: title, and a list of texts and days that say what the table is of
    :param columns: :class:`Column`
    :param rows: lists of values, one for each column; None stays empty
    :param total: the word before the sums
    :param places: decimal places of money
    :param foot: ``[(text, amount)]`` below the sums, in the last column
    """
    import xlsxwriter  # noqa: PLC0415  as the host does: only who exports needs it

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = _Sheet(book, name, columns, places)
    sheet.write_head(*head)
    sheet.write_table(rows, total)
    sheet.write_foot(len(rows) + TOP + 3, foot)
    book.close()
    return stream.getvalue()


class _Sheet:
    def __init__(self, book, name, columns, places):
        self.columns = columns
        self.sheet = book.add_worksheet(name[:31])
        money = "#,##0" + (f".{'0' * places}" if places else "")
        numbers = {"count": "0", "number": "#,##0.00", "money": money}
        head = {"bold": True, "bg_color": "#e9ecef", "text_wrap": True}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.bold = book.add_format({"bold": True})
        self.head = book.add_format({**head, "valign": "top"})
        self.head_right = book.add_format({**head, "valign": "top", "align": "right"})
        self.formats = {
            kind: book.add_format({"num_format": text})
            for kind, text in numbers.items()
        }
        self.formats["day"] = book.add_format(
            {"num_format": "yyyy-mm-dd", "align": "left"}
        )
        self.totals = {
            kind: book.add_format({**head, "num_format": text, "top": 1})
            for kind, text in numbers.items()
        }

    def write_head(self, title, subject):
        self.sheet.write_string(0, 0, title, self.title)
        for column, value in enumerate(subject):
            self._write(1, column, "text" if isinstance(value, str) else "day", value)
        for column, (label, kind, _is_summed, width) in enumerate(self.columns):
            self.sheet.set_column(column, column, width)
            is_text = kind in ("text", "day")
            style = self.head if is_text else self.head_right
            self.sheet.write_string(TOP, column, label, style)

    def write_table(self, rows, total):
        for line, values in enumerate(rows, TOP + 1):
            for column, value in enumerate(values):
                self._write(line, column, self.columns[column].kind, value)
        last = TOP + max(1, len(rows))
        self.sheet.autofilter(TOP, 0, last, len(self.columns) - 1)
        self._write_totals(rows, total)
        self.sheet.freeze_panes(TOP + 1, 1)
        self.sheet.set_landscape()
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(TOP)

    def write_foot(self, line, foot):
        for number, (text, amount) in enumerate(foot, line):
            self.sheet.write_string(number, 0, text, self.bold)
            self._write(number, len(self.columns) - 1, "money", amount)

    def _write(self, line, column, kind, value):
        if value is None:
            return
        if kind == "text":
            # never read as a formula, whatever a name begins with
            self.sheet.write_string(line, column, value)
        elif kind == "day":
            self.sheet.write_datetime(line, column, value, self.formats[kind])
        else:
            self.sheet.write_number(line, column, value, self.formats[kind])

    def _write_totals(self, rows, total):
        from xlsxwriter.utility import xl_range  # noqa: PLC0415

        line = TOP + 1 + len(rows)
        for column, (_label, kind, is_summed, _width) in enumerate(self.columns):
            style = self.totals.get(kind, self.head)
            if column == 0:
                self.sheet.write_string(line, column, total, style)
            elif not is_summed:
                self.sheet.write_blank(line, column, None, style)
            elif rows:
                cells = xl_range(TOP + 1, column, line - 1, column)
                amount = sum(row[column] for row in rows)
                self.sheet.write_formula(line, column, f"=SUM({cells})", style, amount)
            else:
                self.sheet.write_number(line, column, 0, style)
