import base64

from odoo import api, fields, models

from ..tools.xlsx import Column, build_xlsx


class ProjectBillingAgeingSheetMixin(models.AbstractModel):
    """The ageing as a spreadsheet.

    With documents every row is a document that names its group, so that the table can
    be filtered and summed; else every row is a group. The totals are formulas.
    """

    _name = "project.billing.ageing.sheet.mixin"
    _description = "Ageing as a Spreadsheet"

    xlsx = fields.Binary(compute="_compute_xlsx", attachment=False)

    def action_export(self):
        """Return the spreadsheet as a download."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/xlsx/"
            f"{self._get_file_name()}.xlsx?download=true",
            "target": "download",
        }

    @api.depends("company_id", "date", "side", "group_by", "show_documents")
    def _compute_xlsx(self):
        for report in self:
            values = report._get_values()
            content = build_xlsx(
                self.env._("Ageing"),
                (values["title"], report._get_sheet_subject(values)),
                report._get_sheet_columns(values),
                report._get_sheet_rows(values),
                self.env._("Total"),
                places=values["currency"].decimal_places,
                foot=report._get_sheet_foot(values),
            )
            report.xlsx = base64.b64encode(content)

    def _get_sheet_subject(self, values):
        as_of = f"{values['company']}, {self.env._('As of')}"
        return [as_of, values["date"], values["currency"].name]

    def _get_sheet_columns(self, values):
        columns = [Column(values["group_label"], width=32)]
        if values["show_documents"]:
            columns += [
                Column(self.env._("Document"), width=22),
                Column(self._get_partner_label(), width=28),
                Column(self.env._("Invoiced on"), "day", width=12),
                Column(self.env._("Due"), "day", width=12),
                Column(self.env._("Days late"), "count", width=9),
                Column(self.env._("Currency"), width=9),
                Column(self.env._("Open in currency"), "number"),
            ]
        return columns + [
            Column(label, "money", is_summed=True) for _name, label in values["columns"]
        ]

    def _get_sheet_rows(self, values):
        def get_amounts(row):
            return [row["amounts"][name] for name, _label in values["columns"]]

        if not values["show_documents"]:
            return [[one["name"], *get_amounts(one)] for one in values["groups"]]
        return [
            [
                group["name"],
                document["document"] or "",
                document["partner"],
                document["invoiced"] or None,
                document["due"] or None,
                document["days"],
                document["currency"].name,
                document["in_currency"],
                *get_amounts(document),
            ]
            for group in values["groups"]
            for document in group["documents"]
        ]

    def _get_sheet_foot(self, values):
        if values["ledger"] is None:
            return []
        return [
            (self.env._("Ledger balance"), values["ledger"]),
            (self.env._("Difference"), values["difference"]),
        ]
