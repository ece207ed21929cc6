from odoo import api, fields, models
from odoo.tools import format_date

from ..exceptions import BillingRuleError, LockedError

PROOF_FIELDS = frozenset(
    {"date_from", "date_to", "file", "item_id", "rule_id", "type_id"}
)


class ProjectBillingDocument(models.Model):
    """A signed time sheet, an acceptance, receipts: what has to be there first.

    A document is for one item, for the days of a period (both included), or, with
    neither, for all that its rule bills.
    """

    _name = "project.billing.document"
    _description = "Billing Document"
    _inherit = ["mail.thread"]
    _order = "rule_id, date_from desc, id desc"
    _check_company_auto = True

    type_id = fields.Many2one(
        "project.billing.document.type", required=True, ondelete="restrict", index=True
    )
    rule_id = fields.Many2one(
        "project.billing.rule", required=True, ondelete="cascade", index=True
    )
    project_id = fields.Many2one(related="rule_id.project_id", store=True, index=True)
    company_id = fields.Many2one(related="rule_id.company_id", store=True)
    item_id = fields.Many2one(
        "project.billing.item",
        ondelete="restrict",
        index="btree_not_null",
        domain="[('rule_id', '=', rule_id)]",
        help="Empty: the document is for the period, or for all of the rule.",
    )
    date_from = fields.Date(tracking=True, help="First day, included.")
    date_to = fields.Date(tracking=True, help="Last day, included.")
    file = fields.Binary(required=True, attachment=True)
    file_name = fields.Char()
    user_id = fields.Many2one(
        "res.users",
        string="Filed by",
        default=lambda self: self.env.user,
        readonly=True,
        copy=False,
    )
    date = fields.Date(
        string="Filed on",
        default=lambda self: self._default_date(),
        readonly=True,
        copy=False,
    )

    _period = models.Constraint(
        "CHECK ((date_from IS NULL) = (date_to IS NULL) AND"
        " (date_from IS NULL OR date_from <= date_to))",
        "A period has a first and a last day, in this order.",
    )

    @api.model
    def _default_date(self):
        return self.env.company._get_billing_today()

    @api.depends("type_id", "item_id", "date_from", "date_to")
    def _compute_display_name(self):
        for document in self:
            period = ""
            if document.date_from:
                first = format_date(self.env, document.date_from)
                period = f"{first} - {format_date(self.env, document.date_to)}"
            names = [document.type_id.name, document.item_id.name, period]
            document.display_name = " · ".join(filter(None, names))

    @api.constrains("item_id", "rule_id")
    def _check_item(self):
        for document in self:
            if document.item_id and document.item_id.rule_id != document.rule_id:
                raise BillingRuleError(
                    self.env._(
                        "%(item)s is no item of %(rule)s. Choose one of its items.",
                        item=document.item_id.name,
                        rule=document.rule_id.name,
                    )
                )

    # -- what they prove -------------------------------------------------------------

    def _covers(self, item, date_from, date_to):
        """Return whether the document is for an item, or for days of time.

        :param item: project.billing.item, empty for time
        """
        self.ensure_one()
        if self.item_id:
            return self.item_id == item
        if not self.date_from:
            return True
        return bool(
            date_from
            and date_to
            and self.date_from <= date_from
            and date_to <= self.date_to
        )

    def _get_missing(self, rule, item, date_from, date_to):
        """Return the required types of a rule that none of these documents proves."""
        own = self.filtered(lambda document: document.rule_id == rule)
        proven = own.filtered(lambda d: d._covers(item, date_from, date_to)).type_id
        return rule.document_type_ids - proven

    def _get_proven_rows(self):
        """Return the live ledger rows of invoices that rely on these documents."""
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            .search(
                [
                    ("rule_id", "in", self.rule_id.ids),
                    ("kind", "=", "bill"),
                    ("is_live", "=", True),
                    ("move_id", "!=", False),
                ]
            )
        )
        needed = self.filtered(lambda d: d.type_id in d.rule_id.document_type_ids)
        return rows.filtered(
            lambda row: (
                row.item_id.kind != "deposit"
                and any(
                    document.rule_id == row.rule_id
                    and document._covers(row.item_id, row.date, row.date)
                    for document in needed
                )
            )
        )

    def _check_not_relied_on(self):
        """Raise :class:`LockedError` naming the invoices that rely on documents."""
        rows = self._get_proven_rows()
        if rows:
            raise LockedError(
                self.env._(
                    "%(documents)s cannot be changed: %(invoices)s relies on it. File "
                    "another document, or cancel the invoice first.",
                    documents=", ".join(self.mapped("display_name")),
                    invoices=rows._get_document_names(),
                )
            )

    def write(self, vals):
        if vals.keys() & PROOF_FIELDS:
            self._check_not_relied_on()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_relied_on(self):
        self._check_not_relied_on()
