from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..exceptions import BillingError
from ..tools.valuation import build_valuation_query
from .project_billing_entry_guard_mixin import LOCKED_FIELDS

VALUE_FIELDS = frozenset(LOCKED_FIELDS | {"billing_rule_manual"})
# a reviewer's own price or hours are what the review shall show
REPRICING_FIELDS = frozenset({"billing_override_price", "billing_override_quantity"})
# what a reviewer saw when approving
APPROVED_FIELDS = VALUE_FIELDS | {"billing_text", "name"}


class AccountAnalyticLine(models.Model):
    """An entry: time on a project that a billing rule may own.

    Quantities here are hours whatever unit the entry was typed in.
    ``billable_quantity`` = worked, less non-billable and written off, not rounded.
    ``billed_quantity`` and ``billing_held_quantity`` belong to the ledger.
    """

    _name = "account.analytic.line"
    _inherit = [
        "project.billing.entry.state.mixin",
        "project.billing.entry.guard.mixin",
        "project.overdue.entry.mixin",
        "account.analytic.line",
    ]

    billing_rule_id = fields.Many2one(
        "project.billing.rule",
        string="Billing rule",
        ondelete="set null",
        index="btree_not_null",
        copy=False,
        domain="[('project_id', '=', project_id), ('claims_time', '=', True)]",
        help="The first rule of the project that matches; a rule chosen by hand stays.",
    )
    billing_rule_manual = fields.Boolean(
        copy=False, export_string_translation=False, help="Chosen by hand."
    )
    billing_role_id = fields.Many2one(
        "project.role",
        string="Billing role",
        ondelete="restrict",
        index="btree_not_null",
        help="Decides the rate: chosen here, else the member's, else the employee's.",
    )
    billing_role_manual = fields.Boolean(copy=False, export_string_translation=False)
    billing_text = fields.Char(
        string="Text for the customer",
        copy=False,
        help="What the customer reads; empty: the description. The description stays "
        "as it was written.",
    )
    billing_nonbillable = fields.Boolean(string="Non-billable", copy=False)
    billing_reason = fields.Char(
        string="Reason", copy=False, help="Why the entry is not billed."
    )
    billing_confirmed = fields.Boolean(
        string="Bill anyway",
        copy=False,
        help="A person looked at a likely duplicate, a day of more than 24 hours or a "
        "negative entry and confirmed it.",
    )
    billing_date_postponed = fields.Date(
        string="Not before",
        copy=False,
        help="Not offered by runs with an earlier cut-off date.",
    )
    billing_override_price = fields.Float(
        string="Own price",
        digits="Product Price",
        copy=False,
        help="Price of one unit of the rule, in its currency, for this entry only.",
    )
    billing_override_quantity = fields.Float(
        string="Hours to invoice",
        digits=(16, 6),
        copy=False,
        help="Invoiced instead of the worked hours (before no rounding); 0 = by rule.",
    )
    billable_quantity = fields.Float(
        string="Billable hours",
        digits=(16, 6),
        compute="_compute_billable_quantity",
        store=True,
        copy=False,
    )
    billed_quantity = fields.Float(
        string="Billed hours", digits=(16, 6), readonly=True, default=0.0, copy=False
    )
    billing_held_quantity = fields.Float(
        string="Held hours", digits=(16, 6), readonly=True, default=0.0, copy=False
    )
    billing_held_reason = fields.Char(readonly=True, copy=False)
    billing_written_off_quantity = fields.Float(
        string="Written off hours",
        digits=(16, 6),
        readonly=True,
        default=0.0,
        copy=False,
    )
    billed_amount = fields.Float(
        digits=(16, 6),
        readonly=True,
        default=0.0,
        copy=False,
        help="At rule price, in the currency of the rule.",
    )
    billing_price = fields.Float(
        aggregator="avg",
        digits=(16, 6),
        readonly=True,
        copy=False,
        help="Price of one unit of the rule; own price, employee's, role's, rule's, "
        "product's, in this order.",
    )
    billing_price_source = fields.Selection(
        [
            ("entry", "Own price"),
            ("employee", "Rate of the employee"),
            ("role", "Rate of the role"),
            ("rule", "Rule"),
            ("card_employee", "Rate card: employee"),
            ("card_role", "Rate card: role"),
            ("card_rule", "Rate card"),
            ("product", "Product"),
        ],
        readonly=True,
        copy=False,
    )
    billing_price_currency_id = fields.Many2one(
        "res.currency", readonly=True, copy=False
    )
    billing_value = fields.Float(
        string="Value to invoice",
        digits=(16, 2),
        compute="_compute_billing_value",
        help="Unbilled hours at the price, in the price's currency.",
    )
    billing_is_old = fields.Boolean(
        compute="_compute_billing_is_old", search="_search_billing_is_old"
    )
    billing_allocation_ids = fields.One2many(
        "project.billing.allocation",
        "analytic_line_id",
        # others have no access to the ledger: reading all fields must not fail
        groups="project_invoice_tracker.group_billing_user",
    )

    _not_billed_twice = models.Constraint(
        "CHECK (billed_quantity * sign(billable_quantity) >= 0"
        " AND abs(billed_quantity) <= abs(billable_quantity) + 0.000001)",
        "These hours are already on an invoice. Nothing is billed twice.",
    )

    # what is not billed yet, a few of a hundred, with all that the tracker asks of it:
    # it is read from the index alone. Billing an entry adds nothing to the index
    _billing_open_idx = models.Index(
        "(billing_rule_id, date) INCLUDE (id, billable_quantity, billed_quantity,"
        " billing_held_quantity, billing_price, billing_price_currency_id)"
        " WHERE billed_quantity != billable_quantity"
    )

    # -- computes --------------------------------------------------------------------

    @api.depends("unit_amount", "product_uom_id", "project_id", "billing_nonbillable")
    def _compute_billable_quantity(self):
        hour = self.env.ref("uom.product_uom_hour")
        for line in self:
            hours = 0.0
            if line.project_id and not line.billing_nonbillable:
                unit = line.product_uom_id
                in_hours = unit and unit != hour and unit._has_common_reference(hour)
                factor = unit.factor / hour.factor if in_hours else 1.0
                hours = round(line.unit_amount * factor, 6)
            line.billable_quantity = hours - line.billing_written_off_quantity

    @api.depends("billable_quantity", "billed_quantity", "billing_price")
    def _compute_billing_value(self):
        hour = self.env.ref("uom.product_uom_hour")
        for line in self:
            unit = line.billing_rule_id.uom_id or hour
            hours = line.billable_quantity - line.billed_quantity
            line.billing_value = hours * hour.factor / unit.factor * line.billing_price

    def _compute_billing_is_old(self):
        for line in self:
            rule = line.billing_rule_id
            line.billing_is_old = bool(rule) and line.date < rule.bill_from

    def _search_billing_is_old(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%(line)s.id IN (SELECT l.id FROM account_analytic_line l"
                " JOIN project_billing_rule r ON r.id = l.billing_rule_id"
                " WHERE l.date < r.bill_from AND l.billed_quantity = 0"
                " AND l.billable_quantity != 0)",
                line=SQL.identifier(alias),
            )
        )

    # -- ownership: who may change what ----------------------------------------------

    @api.model
    def _get_approved_domain(self):
        """Return the domain of approved entries; all, where no module approves time."""
        if "validated" in self._fields:
            return Domain("validated", "=", True)
        return Domain.TRUE

    @api.model
    def _get_sales_owner_sql(self):
        """Return SQL that is true for entries (alias ``e``) owned by sales orders.

        The bridge with ``sale_timesheet`` overrides it.
        """
        return SQL("FALSE")

    # -- owner, role and price -------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._mark_manual(vals)
        lines = super().create(vals_list)
        for line, vals in zip(lines, vals_list, strict=True):
            # a default, of the context or the user's own, is an input as well
            line._check_billing_input({**line._get_billing_decisions(), **vals})
        lines.filtered("project_id")._billing_refresh()
        return lines

    def write(self, vals):
        self._mark_manual(vals)
        result = super().write(vals)
        if vals.keys() & VALUE_FIELDS:
            entries = self.filtered("project_id")
            entries._check_written_off()
            entries._clamp_held()
            entries._billing_refresh()
        if vals.keys() & APPROVED_FIELDS:
            self._recall_approvals()
        if vals.keys() & REPRICING_FIELDS:
            self._refresh_run_lines()
        return result

    def _clamp_held(self):
        """Held hours are never more than what is left to bill, and of its sign."""
        for line in self.sudo().filtered("billing_held_quantity"):
            left = line.billable_quantity - line.billed_quantity
            held = line.billing_held_quantity
            if abs(held) > abs(left) or held * left < 0:
                line.billing_held_quantity = left

    @api.model
    def _mark_manual(self, vals):
        for name in ("rule", "role"):
            if f"billing_{name}_id" in vals:
                vals[f"billing_{name}_manual"] = bool(vals[f"billing_{name}_id"])

    def _billing_refresh(self):
        """Fill rule, role and price of unbilled entries in one statement."""
        if self:
            self._billing_revalue(SQL("e.id = ANY(%s)", self.ids))

    @api.model
    def _billing_revalue(self, condition):
        """Fill rule, role and price where they changed.

        :param condition: SQL on the entry, alias ``e``; billed entries keep theirs
        :return: number of entries that changed
        """
        self.env.flush_all()
        self.env.cr.execute(build_valuation_query(self.env, condition))
        changed = self.env.cr.rowcount
        if changed:
            self.invalidate_model(
                [
                    "billing_rule_id",
                    "billing_role_id",
                    "billing_price",
                    "billing_price_source",
                    "billing_price_currency_id",
                    "billing_state",
                    "billing_explanation",
                    "billing_value",
                ]
            )
        return changed

    @api.model
    def _billing_init_quantities(self):
        """Fill billable hours and owner of all entries at installation, set-wise."""
        self._billing_revalue(SQL("e.project_id IS NOT NULL"))

    # -- actions ---------------------------------------------------------------------

    def action_billing_release(self):
        """Release held hours: the next run offers them."""
        self._check_billing_reviewable()
        self.env["project.billing.allocation"]._release(entries=self)
        self._refresh_run_lines()

    def action_billing_hold(self):
        """Hold unbilled hours: runs skip them until somebody releases them."""
        self._check_billing_reviewable()
        reason = self.env._("by %s", self.env.user.name)
        self.env["project.billing.allocation"]._hold(reason, entries=self)
        self._refresh_run_lines()

    def action_billing_confirm(self):
        """Bill likely duplicates, long days and negative time anyway."""
        self._check_billing_reviewable()
        self.write({"billing_confirmed": True})

    def action_billing_rule_auto(self):
        """Forget a rule or role chosen by hand; the first matching rule owns it."""
        self.write({"billing_rule_id": False, "billing_role_id": False})

    def action_view_billing(self):
        """Open the invoices of this entry."""
        rows = self.sudo().billing_allocation_ids.filtered("is_live")
        if not rows.move_id:
            raise BillingError(self.env._("These entries are on no invoice."))
        return rows.move_id._billing_open()

    def _set_nonbillable(self, reason):
        """Mark unbilled entries as non-billable, with the reason.

        :raise LockedError: when one is on a live document
        """
        self._check_billing_reviewable()
        self._check_not_claimed()
        self.write({"billing_nonbillable": True, "billing_reason": reason})
        self._refresh_run_lines()

    def _recall_approvals(self):
        """What its author changes after the approval has to be approved again."""
        projects = self.sudo().project_id.with_env(self.env)
        foreign = projects - projects._filter_billing_reviewable()
        entries = self.filtered(lambda line: line.project_id in foreign)
        if not entries:
            return
        lines = (
            self.env["project.billing.run.line"]
            .sudo()
            .search([("entry_ids", "in", entries.ids), ("state", "=", "approved")])
        )
        lines.write(
            {"state": "proposed", "approved_by_id": False, "approved_date": False}
        )
        lines._refresh_amounts()

    def _refresh_run_lines(self):
        self.env["project.billing.run.line"].sudo().search(
            [
                ("entry_ids", "in", self.ids),
                ("state", "in", ("proposed", "approved", "held")),
            ]
        )._refresh_amounts()
