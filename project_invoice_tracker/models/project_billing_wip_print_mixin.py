from odoo import models

from ..tools.xlsx import Column, build_xlsx

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
        columns = self._get_xlsx_columns(rows)
        return build_xlsx(
            self.env._("WIP"),
            (self._get_title(), []),
            [column for column, _values in columns],
            list(zip(*(values for _column, values in columns), strict=True)),
            self.env._("Total"),
        )

    def _get_xlsx_columns(self, rows):
        """Return ``[(column, values)]``; amounts of one currency only are summed."""
        same = len(rows.company_currency_id) <= 1

        def get_label(name):
            return rows._fields[name]._description_string(self.env)

        def get_texts(name, label=None):
            column = Column(label or get_label(name), width=26)
            return column, [row[name].display_name or "" for row in rows]

        def get_numbers(name, is_summed):
            column = Column(get_label(name), "number", is_summed)
            return column, rows.mapped(name)

        return [
            *map(get_texts, ("project_id", "rule_id", "partner_id", "user_id")),
            get_texts("company_currency_id", self.env._("Currency")),
            *(get_numbers(name, True) for name in HOURS),
            *(get_numbers(name, same) for name in AMOUNTS),
            get_texts("currency_id", self.env._("Document currency")),
            *(get_numbers(name, False) for name in DOCUMENT),
        ]
