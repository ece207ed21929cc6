import io

import xlsxwriter

from odoo import models

HOURS = (
    "opening_hours",
    "worked_hours",
    "excluded_hours",
    "billed_hours",
    "written_off_hours",
    "closing_hours",
)
AMOUNTS = (
    "opening",
    "worked",
    "excluded",
    "billed",
    "written_off",
    "revalued",
    "closing",
    "wip",
    "advance",
)
DOCUMENT = ("wip_doc", "advance_doc")


class ProjectBillingWipPrintMixin(models.AbstractModel):
    """Work in progress as PDF and spreadsheet; users say which rows and which title."""

    _name = "project.billing.wip.print.mixin"
    _description = "Printed Work in Progress"

    def _get_title(self):
        """Return the heading; implemented by the models that print."""
        raise NotImplementedError(self._name)

    def _get_wip_rows(self):
        """Return rows with the fields of ``project.billing.wip``, of the user's rights.

        Implemented by the models that print.
        """
        raise NotImplementedError(self._name)

    # -- PDF -------------------------------------------------------------------------

    def action_print_wip(self):
        """Button: the table as PDF."""
        self.ensure_one()
        report = f"{self._name.replace('.', '_')}_pdf"
        return self.env.ref(f"project_invoice_tracker.{report}").report_action(self)

    def _get_wip_tables(self):
        """Return ``[(currency, [(project, rows)], totals)]``, one table a currency.

        Rows of several companies are not summed over their currencies.
        """
        tables = []
        rows = self._get_wip_rows()
        for currency, own in rows.grouped("company_currency_id").items():
            projects = own.grouped("project_id").items()
            totals = {name: sum(own.mapped(name)) for name in AMOUNTS}
            tables.append((currency, list(projects), totals))
        return tables

    # -- spreadsheet -----------------------------------------------------------------

    def action_export_wip(self):
        """Button: the table as a spreadsheet (XLSX), with sums as formulas."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/project_billing/wip/{self._name}/{self.id}",
            "target": "download",
        }

    def _get_wip_xlsx(self):
        """Return the spreadsheet as bytes."""
        rows = self._get_wip_rows()
        output = io.BytesIO()
        book = xlsxwriter.Workbook(output, {"in_memory": True})
        sheet = book.add_worksheet(self.env._("WIP"))
        bold = book.add_format({"bold": True})
        head = book.add_format({"bold": True, "text_wrap": True, "bg_color": "#e9ecef"})
        number = book.add_format({"num_format": "#,##0.00"})
        total = book.add_format({"num_format": "#,##0.00", "bold": True, "top": 1})
        sheet.write(0, 0, self._get_title(), bold)
        columns = self._get_xlsx_columns(rows)
        for column, (label, _values, _is_sum) in enumerate(columns):
            sheet.write(2, column, label, head)
        last = len(rows) + 3
        for column, (_label, values, is_sum) in enumerate(columns):
            sheet.set_column(column, column, 14 if is_sum is not None else 26)
            for line, value in enumerate(values, start=3):
                if is_sum is None:
                    sheet.write_string(line, column, value)
                else:
                    sheet.write_number(line, column, value, number)
            if is_sum and rows:
                letter = xlsxwriter.utility.xl_col_to_name(column)
                formula = f"=SUM({letter}4:{letter}{last})"
                sheet.write_formula(last, column, formula, total, sum(values))
        sheet.freeze_panes(3, 2)
        book.close()
        return output.getvalue()

    def _get_xlsx_columns(self, rows):
        """Return ``[(label, values, sum)]``; sum: None = text, False = not summed."""
        fields = rows._fields

        def label(name):
            return fields[name]._description_string(self.env)

        texts = [
            (label(name), [row[name].display_name or "" for row in rows], None)
            for name in ("project_id", "rule_id", "partner_id", "user_id")
        ]
        same = len(rows.company_currency_id) <= 1
        currencies = [
            (
                self.env._("Currency"),
                [row.company_currency_id.name or "" for row in rows],
                None,
            )
        ]
        numbers = [
            (label(name), rows.mapped(name), name in HOURS or same)
            for name in (*HOURS, *AMOUNTS)
        ]
        document = [
            (
                self.env._("Document currency"),
                [row.currency_id.name or "" for row in rows],
                None,
            )
        ]
        document += [(label(name), rows.mapped(name), False) for name in DOCUMENT]
        return texts + currencies + numbers + document
