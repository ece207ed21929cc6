from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.entries import EntryRow, build_entry_query

BILLING_STATES = [
    ("none", "No billing rule"),
    ("non_billable", "Non-billable"),
    ("ready", "To invoice"),
    ("held", "Held"),
    ("draft", "On a draft invoice"),
    ("partial", "Partly invoiced"),
    ("invoiced", "Invoiced"),
    ("drawn", "Drawn from prepaid hours"),
    ("written_off", "Written off"),
]

PAID_ALREADY = (None, "no_rate")  # hours that are paid already need no price


class ProjectBillingEntryStateMixin(models.AbstractModel):
    """Where an entry stands: derived from the live invoices, never typed."""

    _name = "project.billing.entry.state.mixin"
    _description = "Billing State of Entries"

    billing_state = fields.Selection(
        BILLING_STATES, compute="_compute_billing_state", search="_search_billing_state"
    )
    billing_explanation = fields.Char(
        compute="_compute_billing_state",
        string="Billing",
        help="Where the entry is billed, or why it is not.",
    )

    @api.depends(
        "billable_quantity",
        "billed_quantity",
        "billing_held_quantity",
        "billing_rule_id",
    )
    def _compute_billing_state(self):
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            .search([("analytic_line_id", "in", self.ids), ("is_live", "=", True)])
        )
        rows = rows.grouped("analytic_line_id")
        skips = self._get_skip_codes()
        prepaid = self.env["project.billing.prepaid"]._get_payers_of_time(self._origin)
        for line in self:
            own = rows.get(line, self.env["project.billing.allocation"].sudo())
            line.billing_state = line._get_billing_state(own)
            line.billing_explanation = line._get_billing_explanation(
                own, skips.get(line.id), prepaid.get(line._origin.id)
            )

    def _get_skip_codes(self):
        """Return ``{entry id: reason code}`` of what a run up to today would skip."""
        lines = self.sudo()._origin
        codes = {line.id: "before_bill_from" for line in lines if line.billing_is_old}
        rules = lines.billing_rule_id
        if not rules:
            return codes
        query = build_entry_query(
            self.env, rules.ids, fields.Date.context_today(self), lines.ids
        )
        rows = [EntryRow(*row) for row in self.env.execute_query(query)]
        codes.update({row.id: row.reason for row in rows if row.reason})
        blocks = {rule: rule._get_block() for rule in rules}
        for line in lines:
            block = blocks.get(line.billing_rule_id)
            if block:
                codes[line.id] = block
        return codes

    def _get_billing_state(self, rows):
        self.ensure_one()
        if self.billed_quantity:
            if abs(self.billed_quantity) + 1e-6 < abs(self.billable_quantity):
                return "held" if self.billing_held_quantity else "partial"
            bills = rows.filtered(lambda row: row.kind == "bill")
            if not bills and rows.filtered(lambda row: row.kind == "draw"):
                return "drawn"
            is_draft = any(move.state == "draft" for move in bills.move_id)
            return "draft" if is_draft else "invoiced"
        if self.billing_nonbillable:
            return "non_billable"
        if self.billing_written_off_quantity and not self.billable_quantity:
            return "written_off"
        if not self.billing_rule_id:
            return "none"
        return "held" if self.billing_held_quantity else "ready"

    def _get_billing_explanation(self, rows, skip_code, prepaid=None):
        """Return where the entry is billed, or why it is not.

        :param rows: live ledger rows of the entry
        :param skip_code: why a run of today would leave it out
        :param prepaid: items whose hours pay for all of it
        """
        self.ensure_one()
        labels = dict(self._fields["billing_state"]._description_selection(self.env))
        detail = rows._get_document_names()
        if self.billing_state == "held":
            detail = ", ".join(filter(None, [self.billing_held_reason, detail]))
        elif self.billing_state == "non_billable":
            detail = self.billing_reason
        elif self.billing_state == "ready" and prepaid and skip_code in PAID_ALREADY:
            return self.env._(
                "Paid by prepaid hours: %s. The next run draws them.",
                ", ".join(prepaid.mapped("name")),
            )
        elif self.billing_state == "ready" and skip_code:
            return self.env["project.billing.run"]._get_reason_text(skip_code)
        elif self.billing_state == "none" and self.project_id:
            return self.env["project.billing.run"]._get_reason_text("no_rule")
        label = labels[self.billing_state]
        return f"{label}: {detail}" if detail else label

    def _search_billing_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        conditions = {
            "none": SQL(
                "l.billing_rule_id IS NULL AND l.billed_quantity = 0"
                " AND NOT COALESCE(l.billing_nonbillable, FALSE)"
            ),
            "non_billable": SQL("l.billing_nonbillable"),
            "ready": SQL(
                "l.billing_rule_id IS NOT NULL AND l.billed_quantity = 0"
                " AND l.billable_quantity != 0 AND l.billing_held_quantity = 0"
            ),
            "held": SQL("l.billing_held_quantity != 0"),
            "partial": SQL(
                "l.billed_quantity != 0 AND l.billing_held_quantity = 0"
                " AND abs(l.billed_quantity) + 0.000001 < abs(l.billable_quantity)"
            ),
            "draft": self._get_billed_sql("draft"),
            "invoiced": self._get_billed_sql("posted"),
            "drawn": SQL(
                "l.billed_quantity != 0 AND EXISTS (SELECT 1"
                " FROM project_billing_allocation a WHERE a.analytic_line_id = l.id"
                " AND a.is_live AND a.kind = 'draw')"
            ),
            "written_off": SQL("l.billing_written_off_quantity != 0"),
        }
        chosen = [conditions[key] for key in value if key in conditions]
        if not chosen:
            return Domain.FALSE
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s.id IN (SELECT l.id FROM account_analytic_line l WHERE"
                " l.project_id IS NOT NULL AND (%s))",
                SQL.identifier(alias),
                SQL(" OR ").join(SQL("(%s)", part) for part in chosen),
            )
        )

    @api.model
    def _get_billed_sql(self, state):
        return SQL(
            "l.billed_quantity != 0 AND EXISTS (SELECT 1"
            " FROM project_billing_allocation a JOIN account_move m ON m.id = a.move_id"
            " WHERE a.analytic_line_id = l.id AND a.is_live AND a.kind = 'bill'"
            " AND m.state = %s)",
            state,
        )
