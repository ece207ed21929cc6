from odoo import api, models
from odoo.exceptions import AccessError

from ..exceptions import BillingError, LockedError

# an entry on a live invoice keeps these; its cost may still change
LOCKED_FIELDS = frozenset(
    {
        "unit_amount",
        "product_uom_id",
        "date",
        "employee_id",
        "project_id",
        "task_id",
        "billing_rule_id",
        "billing_role_id",
        "billing_nonbillable",
        "billing_override_price",
        "billing_override_quantity",
    }
)
# the ledger's and the valuation's: no person writes them
LEDGER_FIELDS = frozenset(
    {
        "billable_quantity",
        "billed_amount",
        "billed_quantity",
        "billing_held_quantity",
        "billing_held_reason",
        "billing_price",
        "billing_price_currency_id",
        "billing_price_source",
        "billing_written_off_quantity",
    }
)
# decided by who reviews the project, not by who logs the time
REVIEW_FIELDS = frozenset(
    {
        "billing_confirmed",
        "billing_date_postponed",
        "billing_override_price",
        "billing_override_quantity",
        "billing_rule_id",
        "billing_rule_manual",
    }
)
# what a new entry has none of, unless somebody typed it or had it filled in
DECISION_FIELDS = REVIEW_FIELDS - {"billing_rule_id"} | {
    "billed_amount",
    "billed_quantity",
    "billing_held_quantity",
    "billing_held_reason",
    "billing_written_off_quantity",
}
# may be changed by who logged the time or by who reviews the project
TEXT_FIELDS = frozenset(
    {
        "billing_nonbillable",
        "billing_reason",
        "billing_role_id",
        "billing_role_manual",
        "billing_text",
    }
)


class ProjectBillingEntryGuardMixin(models.AbstractModel):
    """Who may change what of an entry.

    Billed time stays as the customer reads it, totals belong to the ledger, decisions
    to who reviews the project.
    """

    _name = "project.billing.entry.guard.mixin"
    _description = "Guards of Entries"

    def _is_claimed(self):
        """Return whether a live document bills (part of) this entry."""
        self.ensure_one()
        return bool(self.sudo().billed_quantity)

    def _compute_project_id(self):
        # a moved task takes its free entries along, never those on an invoice
        return super(
            ProjectBillingEntryGuardMixin,
            self.filtered(lambda line: not line._is_claimed()),
        )._compute_project_id()

    def _compute_partner_id(self):
        return super(
            ProjectBillingEntryGuardMixin,
            self.filtered(lambda line: not line._is_claimed()),
        )._compute_partner_id()

    def _is_readonly(self):
        return super()._is_readonly() or self._is_claimed()

    def _check_can_write(self, values):
        if values.keys() & LOCKED_FIELDS:
            self._check_not_claimed(values)
        self._check_billing_input(values)
        if values and not values.keys() - REVIEW_FIELDS - TEXT_FIELDS:
            projects = self.sudo().project_id.with_env(self.env)
            if projects and projects._filter_billing_reviewable() == projects:
                return None  # who reviews a project edits what the customer reads
        return super()._check_can_write(values)

    def _check_billing_input(self, values):
        """Refuse what people may not type: totals of the ledger, others' decisions."""
        if self.env.su:
            return
        if values.keys() & LEDGER_FIELDS:
            raise AccessError(
                self.env._(
                    "Billed and held time follows the invoices; it is not typed."
                )
            )
        if values.keys() & REVIEW_FIELDS:
            self._check_billing_reviewable()

    @api.constrains("billing_override_quantity")
    def _check_override_sign(self):
        for line in self:
            if line.billing_override_quantity * line.unit_amount < 0:
                raise BillingError(
                    self.env._(
                        "Hours to invoice of %s have the sign of the worked hours: to "
                        "invoice none, write them off.",
                        line.display_name,
                    )
                )

    def _get_billing_decisions(self):
        """Return the fields of a new entry that only reviewers or the ledger fill."""
        self.ensure_one()
        return {name: self[name] for name in DECISION_FIELDS if self[name]}

    def _check_written_off(self):
        """Refuse to take away, from written-off work, more than is left of it.

        :raise LockedError: less work than was given up would be negative time
        """
        for line in self.sudo().filtered("billing_written_off_quantity"):
            if line.billable_quantity * line.billing_written_off_quantity < 0:
                raise LockedError(
                    self.env._(
                        "%(hours)s h of %(entry)s are written off: an entry cannot be "
                        "less than that, nor non-billable.",
                        hours=line.billing_written_off_quantity,
                        entry=line.display_name,
                    )
                )

    def _check_billing_reviewable(self):
        self.check_access("read")
        self.sudo().project_id.with_env(self.env)._check_billing_reviewable()

    def _check_not_claimed(self, values=None):
        """Raise :class:`LockedError` when a live document bills one of the entries."""
        claimed = self.sudo().filtered(lambda line: line._is_claimed())
        if values is not None:
            claimed = claimed.filtered(lambda line: line._would_change(values))
        if not claimed:
            return
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            .search([("analytic_line_id", "in", claimed.ids), ("is_live", "=", True)])
        )
        raise LockedError(
            self.env._(
                "%(count)s time entries are on %(documents)s: hours, date, person, "
                "project and task stay as the customer reads them. Cancel or credit "
                "the invoice first; the cost may change at any time.",
                count=len(claimed),
                documents=rows._get_document_names(),
            )
        )

    def _would_change(self, values):
        self.ensure_one()
        return any(
            self._fields[name].convert_to_write(self[name], self) != values[name]
            for name in LOCKED_FIELDS & values.keys()
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        self._check_not_claimed()
        used = (
            self.env["project.billing.allocation"]
            .sudo()
            .search([("analytic_line_id", "in", self.ids)])
        )
        if used:
            raise LockedError(
                self.env._(
                    "These time entries explain %(documents)s and cannot be deleted. "
                    "Mark them as non-billable instead.",
                    documents=used._get_document_names() or used[0].reference,
                )
            )
