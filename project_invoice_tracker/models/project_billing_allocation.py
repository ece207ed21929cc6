from odoo import api, fields, models
from odoo.tools import SQL

from ..exceptions import AlreadyBilledError
from ..tools.plans import forget_plans

COLUMNS = {  # column: PostgreSQL type of the bulk insert
    "kind": "varchar",
    "company_id": "int4",
    "currency_id": "int4",
    "rule_id": "int4",
    "analytic_line_id": "int4",
    "cost_move_line_id": "int4",
    "item_id": "int4",
    "order_id": "int4",
    "move_line_id": "int4",
    "move_id": "int4",
    "origin_id": "int4",
    "run_line_id": "int4",
    "is_live": "bool",
    "is_held": "bool",
    "date": "date",
    "accounting_date": "date",
    "quantity": "numeric",
    "invoiced_quantity": "numeric",
    "amount": "numeric",
    "adjustment": "numeric",
    "price": "numeric",
    "price_source": "varchar",
    "reference": "varchar",
}


class ProjectBillingAllocation(models.Model):
    """The ledger: this entry or item, this quantity and amount, on this invoice line.

    Rows are written by named methods only, never by hand. Quantities of entries are
    hours, exact; of items the billed fraction. Amounts are in ``currency_id``, the
    currency of the invoice. Rows of kind ``credit`` are negative. Only live rows
    count: a row stops counting when its invoice is cancelled, or its credit note is
    not posted. The totals on entries and items are changed by delta in ``_apply``,
    the one statement that PostgreSQL's REPEATABLE READ turns into a serialization
    failure when two transactions bill the same work; the host retries it.
    """

    _name = "project.billing.allocation"
    _inherit = [
        "project.billing.cap.ledger.mixin",
        "project.billing.cost.mixin",
        "project.billing.draw.mixin",
        "project.billing.deposit.row.mixin",
        "project.billing.totals.mixin",
        "project.billing.credit.mixin",
    ]
    _description = "Billing Allocation"
    _order = "id desc"
    _log_access = True

    kind = fields.Selection(
        [
            ("bill", "Billed"),
            ("credit", "Credited"),
            ("draw", "Drawn from a prepaid pack"),
            ("withhold", "Withheld"),
            ("write_off", "Written off"),
        ],
        required=True,
        readonly=True,
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    rule_id = fields.Many2one(
        "project.billing.rule",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    project_id = fields.Many2one(related="rule_id.project_id")
    analytic_line_id = fields.Many2one(
        "account.analytic.line",
        string="Entry",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    cost_move_line_id = fields.Many2one(
        "account.move.line",
        string="Cost",
        readonly=True,
        # drafts of bills are edited freely; the item keeps label, vendor and number
        ondelete="set null",
        index="btree_not_null",
    )
    item_id = fields.Many2one(
        "project.billing.item",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    work_name = fields.Char(
        compute="_compute_work_name",
        string="Work",
        help="Who did what, or the name of the item.",
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Invoice line",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    origin_id = fields.Many2one(
        "project.billing.allocation",
        string="Takes back",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The row of the invoice that this row of a credit note takes back.",
    )
    run_line_id = fields.Many2one(
        "project.billing.run.line",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    is_live = fields.Boolean(readonly=True, string="Counts")
    is_held = fields.Boolean(
        readonly=True, help="Work that this row gives back is held until released."
    )
    date = fields.Date(readonly=True, help="Date of the work or of the item.")
    accounting_date = fields.Date(
        readonly=True,
        help="Day on which a write-off counts. Empty: the date of the document, else "
        "the day on which the row was written.",
    )
    quantity = fields.Float(
        digits=(16, 6), readonly=True, help="Hours, exact; of an item the fraction."
    )
    hours = fields.Float(
        compute="_compute_hours",
        digits=(16, 6),
        string="Worked (h)",
        help="Hours worked, exact; empty for milestones and other items.",
    )
    invoiced_quantity = fields.Float(
        digits=(16, 6),
        readonly=True,
        help="In the unit of the invoice line, after rounding; the rows of a line sum "
        "to its quantity.",
    )
    amount = fields.Monetary(readonly=True, help="Quantity at the rule's price.")
    adjustment = fields.Monetary(
        readonly=True,
        help="Amount of the invoice line less the amounts at rule price: rounding, or "
        "a price or quantity changed by hand. Kept on one row of the line.",
    )
    price = fields.Float(digits=(16, 6), readonly=True, aggregator="avg")
    price_source = fields.Char(readonly=True)
    reference = fields.Char(
        readonly=True, help="Reason of a write-off, or the document billed elsewhere."
    )

    _one_subject = models.Constraint(
        "CHECK (num_nonnulls(analytic_line_id, cost_move_line_id) <= 1"
        " AND num_nonnulls(analytic_line_id, cost_move_line_id, item_id) >= 1)",
        "An allocation is for one entry, one cost or one item.",
    )

    _entry_once = models.UniqueIndex(
        "(move_line_id, analytic_line_id, kind) WHERE analytic_line_id IS NOT NULL"
        " AND move_line_id IS NOT NULL",
        "The entry is already on this invoice line.",
    )

    _item_once = models.UniqueIndex(
        "(move_line_id, item_id, kind) WHERE item_id IS NOT NULL"
        " AND analytic_line_id IS NULL AND move_line_id IS NOT NULL",
        "The item is already on this invoice line.",
    )

    # few rows, which the work in progress asks for; billing adds none
    _without_document_idx = models.Index("(analytic_line_id) WHERE move_id IS NULL")
    # none where no hours are prepaid; which time they paid for the run rate asks
    _draw_idx = models.Index("(analytic_line_id) WHERE kind = 'draw'")

    @api.depends("kind", "analytic_line_id", "item_id")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for row in self:
            what = row.item_id.name or row.analytic_line_id.sudo().name or ""
            row.display_name = f"{labels.get(row.kind)}: {what}"

    @api.depends("analytic_line_id", "quantity")
    def _compute_hours(self):
        for row in self:
            row.hours = row.quantity if row.analytic_line_id else 0.0

    @api.depends("analytic_line_id", "item_id")
    def _compute_work_name(self):
        for row in self:
            entry = row.analytic_line_id.sudo()
            text = entry.billing_text or entry.name
            person = entry.employee_id.name
            row.work_name = row.item_id.name or ": ".join(filter(None, [person, text]))

    # -- the statements that change the ledger ---------------------------------------

    @api.model
    def _insert(self, rows, reason=None):
        """Write ledger rows in one statement and apply those that are live.

        :param rows: list of dicts with keys of :data:`COLUMNS`
        :param reason: why work that comes back is held
        :return: the new records, in the order of ``rows``
        :raise psycopg2.errors.CheckViolation: work would be billed twice
        """
        if not rows:
            return self
        rows = self._name_orders(rows)
        names = list(COLUMNS)
        uid = self.env.uid
        self.flush_model()
        forget_plans(self.env.cr, len(rows))
        query = SQL(
            "INSERT INTO project_billing_allocation"
            " (create_uid, create_date, write_uid, write_date, %(columns)s)"
            " SELECT %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s,"
            " now() AT TIME ZONE 'UTC', d.* FROM unnest(%(values)s) AS d"
            " RETURNING id",
            columns=SQL(", ").join(map(SQL.identifier, names)),
            uid=uid,
            values=SQL(", ").join(
                self._to_sql_array([row.get(name) for row in rows], sql_type)
                for name, sql_type in COLUMNS.items()
            ),
        )
        ids = [row_id for (row_id,) in self.env.execute_query(query)]
        records = self.browse(ids)
        records.invalidate_model()
        self._apply(rows, reason)
        return records

    @api.model
    def _to_sql_array(self, values, sql_type):
        """Return a column of a bulk insert; what all rows share is sent once."""
        first = values[0]
        if all(value == first for value in values):
            return SQL(
                "array_fill(%s::" + sql_type + ", ARRAY[%s])",
                self._to_sql_value(first, sql_type),
                len(values),
            )
        return SQL(
            "%s::" + sql_type + "[]",
            [self._to_sql_value(value, sql_type) for value in values],
        )

    @api.model
    def _to_sql_value(self, value, sql_type):
        """Return a value for a bulk insert; an empty relation or text is NULL."""
        if sql_type in ("bool", "numeric"):
            return bool(value) if sql_type == "bool" else value or 0.0
        return value or None

    def _set_live(self, live, hold=None, reason=None):
        """Make rows count, or stop counting; the work returns to where it was.

        :param live: True = the rows count again
        :param hold: freed work is held until a person releases it; None = as the row
            itself says (rows of credit notes)
        """
        rows = self.sudo().filtered(lambda row: row.is_live != live)
        if not rows:
            return
        sign = 1 if live else -1
        rows.is_live = live
        rows.flush_recordset(["is_live"])
        self._apply(rows._as_deltas(sign, hold), reason)

    def _shrink(self, pieces, hold=True, reason=None):
        """Release parts of live or draft rows.

        :param pieces: ``{row: (quantity, invoiced_quantity, amount)}`` to take away
        """
        deltas = []
        for row, (quantity, invoiced, amount) in pieces.items():
            if row.is_live:
                deltas += row._as_deltas(-1, hold, quantity, amount)
            row.quantity -= quantity
            row.invoiced_quantity -= invoiced
            row.amount -= amount
        gone = self.browse(
            [
                row.id
                for row, (quantity, invoiced, amount) in pieces.items()
                if not row.quantity and not row.invoiced_quantity
            ]
        )
        gone.unlink()
        self.flush_model()
        self._apply(deltas, reason)

    def _remove(self, hold=True, reason=None):
        """Delete rows of a document that goes away; their work is freed."""
        rows = self.sudo()
        deltas = rows.filtered("is_live")._as_deltas(-1, hold)
        credited = self.sudo().search([("origin_id", "in", rows.ids)])
        credited.filtered(lambda row: not row.is_live).origin_id = False
        rows.unlink()
        self.flush_model()
        self._apply(deltas, reason)

    def _as_deltas(self, sign, hold, quantity=None, amount=None):
        """Return rows as dicts for :meth:`_apply`, each times ``sign``."""
        return [
            {
                "kind": row.kind,
                "rule_id": row.rule_id.id,
                "analytic_line_id": row.analytic_line_id.id,
                "item_id": row.item_id.id,
                "quantity": sign * (row.quantity if quantity is None else quantity),
                "amount": sign * (row.amount if amount is None else amount),
                "is_live": True,
                "is_held": row.is_held if hold is None else hold,
            }
            for row in self
        ]

    # -- reading ---------------------------------------------------------------------

    def _check_free(self, what):
        """Refuse to make rows count again whose work is billed on other documents.

        :param what: text of what was tried
        :raise AlreadyBilledError: naming the documents
        """
        self._lift_costs(1)
        self._lift_periods(1)
        self.env["account.analytic.line"].flush_model()
        self.env["project.billing.item"].flush_model()
        conflicts = self.env.execute_query(
            SQL(
                """
                SELECT a.analytic_line_id, a.item_id
                  FROM (SELECT analytic_line_id, item_id,
                               SUM(quantity) AS quantity, SUM(amount) AS amount
                          FROM project_billing_allocation
                         WHERE id = ANY(%s) AND NOT is_live
                           AND kind NOT IN ('write_off', 'withhold')
                         GROUP BY analytic_line_id, item_id) a
                  LEFT JOIN account_analytic_line l ON l.id = a.analytic_line_id
                  LEFT JOIN project_billing_item i ON i.id = a.item_id
                 WHERE abs(l.billed_quantity + a.quantity)
                       > abs(l.billable_quantity) + 0.000001
                    OR (l.billed_quantity + a.quantity) * sign(l.billable_quantity) < 0
                    OR (a.analytic_line_id IS NULL AND (
                       abs(i.billed_amount + a.amount)
                       > abs(i.billable_amount) + 0.000001
                    OR (i.billed_amount + a.amount) * sign(i.billable_amount) < 0))
                """,
                self.ids,
            )
        )
        if not conflicts:
            return
        items = [item for entry, item in conflicts if item and not entry]
        entries = [entry for entry, _item in conflicts if entry]
        self.filtered(
            lambda row: (
                row.analytic_line_id.id in entries
                or (not row.analytic_line_id and row.item_id.id in items)
            )
        )._raise_billed(what)

    def _raise_billed(self, what):
        """Raise :class:`AlreadyBilledError` naming the other documents."""
        own = self.move_id
        items = self.filtered(lambda row: not row.analytic_line_id).item_id
        others = self.sudo().search(
            [
                ("is_live", "=", True),
                "|",
                ("kind", "=", "bill"),
                "&",
                ("kind", "=", "draw"),
                ("analytic_line_id", "!=", False),
                ("move_id", "not in", own.ids),
                "|",
                ("analytic_line_id", "in", self.analytic_line_id.ids),
                "&",
                ("item_id", "in", items.ids),
                ("analytic_line_id", "=", False),
            ]
        )
        others -= self.origin_id
        raise AlreadyBilledError(
            self.env._(
                "%(what)s cannot be changed: its work was billed again on "
                "%(documents)s. Cancel or credit that document first.",
                what=what,
                documents=others._get_document_names() or self.env._("no invoice"),
            )
        )

    def _get_document_names(self):
        """Return the names of the documents of these rows, for a message."""
        names = [
            move.name or self.env._("Draft invoice %s", move.id)
            for move in self.move_id
        ]
        names += [row.reference for row in self if not row.move_id and row.reference]
        names += [
            row.item_id.name
            for row in self
            if row.kind == "draw" and row.analytic_line_id
        ]
        return ", ".join(dict.fromkeys(names))

    def action_open_document(self):
        """Open the invoice of a ledger row."""
        self.ensure_one()
        return self.move_id._billing_open()
