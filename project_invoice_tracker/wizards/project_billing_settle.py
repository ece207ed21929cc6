from odoo import fields, models

from ..exceptions import BillingError


class ProjectBillingSettle(models.TransientModel):
    """Settle work without an invoice of ours: give it up, or say where it was billed.

    A write-off and *billed elsewhere* (opening position) are ledger rows without an
    invoice line; both keep who, when and why.
    """

    _name = "project.billing.settle"
    _description = "Settle Work Without Invoice"

    action = fields.Selection(
        [
            ("write_off", "Write off: the work was billable and is given up"),
            ("nonbillable", "Non-billable: the work was never to be billed"),
            ("elsewhere", "Billed elsewhere: on an invoice of another system"),
        ],
        required=True,
        default="write_off",
    )
    date = fields.Date(
        string="Written off on",
        default=lambda self: self.env.company._get_billing_today(),
        help="Work in progress is lower from this day on.",
    )
    reason = fields.Char(required=True, help="Reason, or the document it is billed on.")
    entry_ids = fields.Many2many(
        "account.analytic.line", default=lambda self: self._default_entries()
    )
    item_ids = fields.Many2many(
        "project.billing.item", default=lambda self: self._default_items()
    )
    run_line_ids = fields.Many2many("project.billing.run.line")

    def _default_entries(self):
        return self._get_active("account.analytic.line")

    def _default_items(self):
        return self._get_active("project.billing.item")

    def _get_active(self, model):
        if self.env.context.get("active_model") == model:
            return self.env[model].browse(self.env.context.get("active_ids", []))
        return self.env[model]

    def action_settle(self):
        """Write the ledger rows (or the flag) and take the work out of its run.

        :raise BillingError: nothing is left to settle
        """
        self.ensure_one()
        projects = self.entry_ids.sudo().project_id | self.item_ids.sudo().project_id
        projects.with_env(self.env)._check_billing_reviewable()
        self.run_line_ids._check_reviewable()
        self._check_month_open()
        if self.action == "nonbillable":
            if self.item_ids:
                raise BillingError(
                    self.env._(
                        "Only time can be non-billable; a milestone is written off."
                    )
                )
            self.entry_ids._set_nonbillable(self.reason)
        else:
            self._write_rows()
        for line in self.run_line_ids.sudo():
            code = "non_billable" if self.action == "nonbillable" else "nothing_left"
            line._skip(code, self.reason)
        self.entry_ids._refresh_run_lines()
        return {"type": "ir.actions.act_window_close"}

    def _check_month_open(self):
        """Refuse write-offs in a month that was closed: its figures stay.

        :raise BillingError: naming the first open day
        """
        if self.action != "write_off":
            return
        companies = self.entry_ids.sudo().billing_rule_id.company_id
        companies |= self.item_ids.sudo().company_id
        self.env["project.billing.month.end"]._check_open(companies, self.date)

    def _write_rows(self):
        kind = "write_off" if self.action == "write_off" else "bill"
        entries, items = self.entry_ids.sudo(), self.item_ids.sudo()
        ledger = self.env["project.billing.allocation"].sudo()
        hours, amounts = self.run_line_ids.sudo()._get_reserved()
        rows = [
            self._prepare_entry_row(kind, entry, hours.get(entry.id, 0.0))
            for entry in entries
            if entry.billing_rule_id
        ]
        rows += [
            self._prepare_item_row(kind, item, amounts.get(item.id, 0.0))
            for item in items
        ]
        rows = [row for row in rows if row["quantity"]]
        if not rows:
            raise BillingError(
                self.env._(
                    "Nothing is left to settle: the work is billed, held by no rule or "
                    "already given up."
                )
            )
        ledger._release(entries, items)
        ledger._insert(rows)

    def _prepare_entry_row(self, kind, entry, reserved=0.0):
        """Return the row that settles an entry.

        :param reserved: hours of it that another line of the review bills
        """
        rule = entry.billing_rule_id
        hour = self.env.ref("uom.product_uom_hour")
        left = round(entry.billable_quantity - entry.billed_quantity - reserved, 6)
        per_unit = rule.uom_id.factor / hour.factor
        return {
            **self._prepare_row(kind, rule),
            "analytic_line_id": entry.id,
            "date": entry.date,
            "quantity": left,
            "amount": rule.currency_id.round(left / per_unit * entry.billing_price),
            "price": entry.billing_price,
            "price_source": entry.billing_price_source,
        }

    def _prepare_item_row(self, kind, item, reserved=0.0):
        """Return the row that settles an item.

        :param reserved: amount of it that another line of the review bills
        """
        left = item.currency_id.round(item.open_amount - reserved)
        fraction = left / item.billable_amount if item.billable_amount else 0.0
        return {
            **self._prepare_row(kind, item.rule_id),
            "item_id": item.id,
            "cost_move_line_id": item.cost_move_line_id.id,
            "date": item.date_ready or item.date_planned,
            "quantity": round(fraction, 6),
            "amount": left,
            "price_source": "item",
        }

    def _prepare_row(self, kind, rule):
        return {
            "kind": kind,
            "company_id": rule.company_id.id,
            "currency_id": rule.currency_id.id,
            "rule_id": rule.id,
            "is_live": True,
            "is_held": False,
            "invoiced_quantity": 0.0,
            "adjustment": 0.0,
            "reference": self.reason,
            # what another system billed counts with the work itself
            "accounting_date": self.date if kind == "write_off" else None,
        }
