from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_date

from ..tools.ageing import SIDES

# groups that the screen shows; the list, the PDF and the file show all
SHOWN = 200


class ProjectBillingAgeingReport(models.TransientModel):
    """The ageing as of a day: on screen, as PDF, as spreadsheet, or as a list.

    All four read ``project.billing.ageing`` with the rights of who asks: a project
    manager gets own projects. Who sees all projects also gets the balance of the
    ledger's accounts on that day, and the difference.
    """

    _name = "project.billing.ageing.report"
    _inherit = "project.billing.ageing.sheet.mixin"
    _description = "Ageing Report"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date = fields.Date(
        string="As of",
        required=True,
        default=lambda self: self.env.company._get_billing_today(),
        help="What was open at the end of this day.",
    )
    side = fields.Selection(
        [("receivable", "Receivable (customers)"), ("payable", "Payable (vendors)")],
        string="Accounts",
        required=True,
        default="receivable",
    )
    group_by = fields.Selection(
        [
            ("partner_id", "Customer or vendor"),
            ("project_id", "Project"),
            ("user_id", "Project manager"),
        ],
        string="By",
        required=True,
        default="partner_id",
    )
    show_documents = fields.Boolean(
        string="Documents", help="Also each document, on the PDF and in the file."
    )
    table = fields.Html(compute="_compute_table", sanitize=False)

    @api.depends("date", "side")
    def _compute_display_name(self):
        for report in self:
            day = format_date(self.env, report.date)
            report.display_name = f"{report._get_title()}, {day}"

    @api.depends("company_id", "date", "side", "group_by")
    def _compute_table(self):
        qweb = self.env["ir.qweb"]
        for report in self:
            report.table = False
            if report.date and report.company_id:
                values = report._get_values(show_documents=False)
                hidden = len(values["groups"]) - SHOWN
                values["groups"] = values["groups"][:SHOWN]
                report.table = qweb._render(
                    "project_invoice_tracker.billing_ageing_table",
                    {"ageing": values, "hidden": max(0, hidden)},
                )

    # -- figures ---------------------------------------------------------------------

    def _get_facts(self):
        """Return the ageing as of the report's day, with the user's own rights.

        :raise AccessError: another company's figures
        """
        self.ensure_one()
        company = self.company_id
        if not self.env.su and company not in self.env.user.company_ids:
            raise AccessError(
                self.env._(
                    "You do not work for %s. Choose one of your companies.",
                    company.sudo().name,
                )
            )
        return (
            self.env["project.billing.ageing"]
            .with_company(company)
            .with_context(
                allowed_company_ids=company.ids,
                billing_tracker_date=fields.Date.to_string(self.date),
                billing_ageing_side=self.side,
            )
        )

    def _get_values(self, show_documents=None):
        """Return the report as plain values, amounts in company currency.

        ``columns`` are (field, label); ``groups`` and their ``documents`` have
        ``amounts`` by field, ``currencies`` tell foreign documents apart. ``ledger``
        is None for who sees own projects only.
        """
        facts = self._get_facts()
        names = facts._get_amount_fields()
        if show_documents is None:
            show_documents = self.show_documents
        groups = self._get_groups(facts, names)
        if show_documents:
            self._add_documents(facts, names, groups)
        currency = self.company_id.sudo().currency_id
        totals = {
            name: currency.round(sum(group["amounts"][name] for group in groups))
            for name in names
        }
        ledger = self._get_ledger_balance()
        return {
            "title": self._get_title(),
            "group_label": self._get_group_label(),
            "company": self.company_id.sudo().name,
            "date": self.date,
            "currency": currency,
            "columns": [(name, self._get_label(facts, name)) for name in names],
            "groups": groups,
            "totals": totals,
            "show_documents": show_documents,
            "ledger": ledger,
            "difference": ledger is not None
            and currency.round(totals["amount_total"] - ledger),
        }

    @api.model
    def _get_label(self, facts, name):
        return facts._fields[name]._description_string(self.env)

    def _get_groups(self, facts, names):
        """Return the groups by name, what belongs to none last."""
        groups = {}
        for key, currency, in_currency, *amounts in facts._read_group(
            [],
            [self.group_by, "currency_id"],
            ["amount_currency:sum", *(f"{name}:sum" for name in names)],
        ):
            group = groups.setdefault(
                key.id,
                {
                    "id": key.id,
                    "name": self._get_group_name(key),
                    "amounts": dict.fromkeys(names, 0.0),
                    "currencies": [],
                    "documents": [],
                },
            )
            for name, amount in zip(names, amounts, strict=True):
                group["amounts"][name] += amount or 0.0
            if currency != self.company_id.sudo().currency_id:
                group["currencies"].append((currency, in_currency))
        for group in groups.values():
            self._round(group["amounts"])
        return sorted(groups.values(), key=lambda g: (not g["id"], g["name"].lower()))

    def _round(self, amounts):
        for name, amount in amounts.items():
            amounts[name] = self.company_id.sudo().currency_id.round(amount)

    def _get_group_name(self, key):
        if key:
            return key.sudo().display_name
        return {
            "partner_id": self.env._("Without customer"),
            "project_id": self.env._("Without project"),
            "user_id": self.env._("Without project manager"),
        }[self.group_by]

    def _add_documents(self, facts, names, groups):
        """Add to each group its open documents, by due date."""
        by_id = {group["id"]: group for group in groups}
        found = {}
        for row in facts.search([("company_id", "=", self.company_id.id)]):
            key = (row[self.group_by].id, row.move_line_id.id)
            document = found.get(key)
            if document is None:
                document = found[key] = self._prepare_document(row, names)
                by_id[key[0]]["documents"].append(document)
            document["in_currency"] += row.amount_currency
            for name in names:
                document["amounts"][name] += row[name]
        for document in found.values():
            self._round(document["amounts"])
            document["in_currency"] = document["currency"].round(
                document["in_currency"]
            )
        for group in groups:
            group["documents"].sort(  # payments without a due date last
                key=lambda d: (str(d["due"] or "9999"), d["document"] or "")
            )

    @api.model
    def _prepare_document(self, row, names):
        return {
            "document": row.document_name,
            "partner": row.sudo().partner_id.display_name or "",
            "invoiced": row.date_invoiced,
            "due": row.date_due,
            "days": row.days_overdue,
            "currency": row.currency_id,
            "in_currency": 0.0,
            "amounts": dict.fromkeys(names, 0.0),
        }

    def _get_ledger_balance(self):
        """Return the balance of the accounts on the day, or None for own projects.

        Read apart from the report, from journal items: what the total must equal.
        """
        officer = "project_invoice_tracker.group_billing_officer"
        if not self.env.su and not self.env.user.has_group(officer):
            return None
        self._get_facts()  # checks the company
        [[balance]] = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("account_type", "=", SIDES[self.side]),
                    ("parent_state", "=", "posted"),
                    ("company_id", "=", self.company_id.id),
                    ("date", "<=", self.date),
                ],
                aggregates=["balance:sum"],
            )
        )
        sign = 1 if self.side == "receivable" else -1
        return self.company_id.sudo().currency_id.round(sign * (balance or 0.0))

    def _get_partner_label(self):
        if self.side == "payable":
            return self.env._("Vendor")
        return self.env._("Customer")

    def _get_group_label(self):
        """Return what the groups of the report are."""
        if self.group_by == "partner_id":
            return self._get_partner_label()
        labels = dict(self._fields["group_by"]._description_selection(self.env))
        return labels[self.group_by]

    def _get_title(self):
        """Return what the report shows, as its heading."""
        if self.side == "payable":
            return self.env._("Payables by age")
        return self.env._("Receivables by age")

    def _get_file_name(self):
        return f"{self._get_title()} {self.date}"

    # -- buttons ---------------------------------------------------------------------

    def action_print(self):
        """Return the PDF."""
        report = self.env.ref("project_invoice_tracker.action_report_billing_ageing")
        return report.report_action(self)

    def action_view_documents(self):
        """Open the documents as a list by group, as of the report's day."""
        return self._open_facts("list,pivot,form")

    def action_view_pivot(self):
        """Open the ageing as a pivot, as of the report's day."""
        return self._open_facts("pivot,list,form")

    def _open_facts(self, modes):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_ageing_action"
        )
        # views come in the order of their modes
        views = sorted(
            ((view, mode) for view, mode in action["views"] if mode in modes),
            key=lambda view: modes.index(view[1]),
        )
        filters = {
            "partner_id": "search_default_group_partner",
            "project_id": "search_default_group_project",
            "user_id": "search_default_group_user",
        }
        return {
            **action,
            "name": self.display_name,
            "display_name": self.display_name,
            "views": views,
            "domain": [("company_id", "=", self.company_id.id)],
            "context": {
                "billing_tracker_date": fields.Date.to_string(self.date),
                "billing_ageing_side": self.side,
                filters[self.group_by]: 1,
            },
        }
