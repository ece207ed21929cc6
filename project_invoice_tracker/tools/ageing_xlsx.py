"""The ageing as a spreadsheet: numbers as numbers, dates as dates, one table."""

import io

# rows above the table: title, company and day, an empty one
TOP = 3
# what a document's row says before its amounts, with the width of the column
DOCUMENT = (
    ("document", 22),
    ("partner", 28),
    ("invoiced", 12),
    ("due", 12),
    ("days", 9),
    ("currency", 9),
    ("in_currency", 14),
)


def build_ageing_xlsx(values, texts):
    """Return the content of the file.

    With documents every row is a document that names its group, so that the table can
    be filtered and summed; else every row is a group. The totals are formulas.

    :param values: of ``project.billing.ageing.report._get_values()``
    :param texts: the words, in the reader's language
    """
    import xlsxwriter  # noqa: PLC0415  as the host does: only who exports needs it

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    _Sheet(book, values, texts).fill()
    book.close()
    return stream.getvalue()


class _Sheet:
    """Writes one report on one sheet."""

    def __init__(self, book, values, texts):
        self.values, self.texts = values, texts
        self.sheet = book.add_worksheet(texts["sheet"][:31])
        places = values["currency"].decimal_places
        number = "#,##0" + (f".{'0' * places}" if places else "")
        head = {"bold": True, "bg_color": "#e9ecef", "text_wrap": True}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.bold = book.add_format({"bold": True})
        self.head = book.add_format({**head, "valign": "top"})
        self.head_right = book.add_format({**head, "valign": "top", "align": "right"})
        self.money = book.add_format({"num_format": number})
        self.plain = book.add_format({"num_format": "#,##0.00"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self.total = book.add_format({**head, "num_format": number, "top": 1})
        self.texts_before = self._get_text_columns()

    def _get_text_columns(self):
        """Return the labels and widths of the columns before the amounts."""
        texts = self.texts
        columns = [(self.values["group_label"], 32)]
        if self.values["show_documents"]:
            columns += [(texts[name], width) for name, width in DOCUMENT]
        return columns

    def fill(self):
        self._write_head()
        row = TOP + 1
        for group in self.values["groups"]:
            if self.values["show_documents"]:
                for document in group["documents"]:
                    self._write_document(row, group, document)
                    row += 1
            else:
                self.sheet.write_string(row, 0, group["name"])
                self._write_amounts(row, group["amounts"])
                row += 1
        last = max(row - 1, TOP + 1)
        self.sheet.autofilter(TOP, 0, last, self._get_width() - 1)
        self._write_totals(row)
        self._write_ledger(row + 2)
        self.sheet.freeze_panes(TOP + 1, 1)
        self.sheet.set_landscape()
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(TOP)

    def _get_width(self):
        return len(self.texts_before) + len(self.values["columns"])

    def _write_head(self):
        values, texts = self.values, self.texts
        self.sheet.write_string(0, 0, values["title"], self.title)
        self.sheet.write_string(1, 0, f"{values['company']}, {texts['as_of']}")
        self.sheet.write_datetime(1, 1, values["date"], self.day)
        self.sheet.write_string(1, 2, values["currency"].name)
        for column, (label, width) in enumerate(self.texts_before):
            self.sheet.set_column(column, column, width)
            self.sheet.write_string(TOP, column, label, self.head)
        first = len(self.texts_before)
        self.sheet.set_column(first, self._get_width() - 1, 14)
        for column, (_name, label) in enumerate(values["columns"], first):
            self.sheet.write_string(TOP, column, label, self.head_right)

    def _write_document(self, row, group, document):
        sheet = self.sheet
        # texts are never read as formulas, whatever a name begins with
        sheet.write_string(row, 0, group["name"])
        sheet.write_string(row, 1, document["document"] or "")
        sheet.write_string(row, 2, document["partner"])
        for column, name in ((3, "invoiced"), (4, "due")):
            if document[name]:
                sheet.write_datetime(row, column, document[name], self.day)
        sheet.write_number(row, 5, document["days"])
        sheet.write_string(row, 6, document["currency"].name)
        sheet.write_number(row, 7, document["in_currency"], self.plain)
        self._write_amounts(row, document["amounts"])

    def _write_amounts(self, row, amounts):
        first = len(self.texts_before)
        for column, (name, _label) in enumerate(self.values["columns"], first):
            self.sheet.write_number(row, column, amounts[name], self.money)

    def _write_totals(self, row):
        from xlsxwriter.utility import xl_range  # noqa: PLC0415

        self.sheet.write_string(row, 0, self.texts["total"], self.total)
        first = len(self.texts_before)
        for column in range(1, first):
            self.sheet.write_blank(row, column, None, self.total)
        for column, (name, _label) in enumerate(self.values["columns"], first):
            amount = self.values["totals"][name]
            if row == TOP + 1:
                self.sheet.write_number(row, column, amount, self.total)
                continue
            cells = xl_range(TOP + 1, column, row - 1, column)
            formula = f"=SUM({cells})"
            self.sheet.write_formula(row, column, formula, self.total, amount)

    def _write_ledger(self, row):
        if self.values["ledger"] is None:
            return
        last = self._get_width() - 1
        for line, name in enumerate(("ledger", "difference"), row):
            self.sheet.write_string(line, 0, self.texts[name], self.bold)
            self.sheet.write_number(line, last, self.values[name], self.money)
