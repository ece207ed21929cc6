from odoo import api, fields, models

from ..exceptions import BillingRuleError, LockedError
from ..tools.draws import EPSILON


class ProjectBillingItemPeriodMixin(models.AbstractModel):
    """Period and prepaid hours of an item, and what was drawn of them.

    A period of a recurring fee has its days and, of a rule with included hours, its
    share of them. A pack is an item of a milestone rule that is sold with hours.
    ``drawn_quantity`` follows the ledger rows of kind ``draw`` and holds by CHECK.
    """

    _name = "project.billing.item.period.mixin"
    _inherit = "project.billing.prepaid.figures.mixin"
    _description = "Billing Item: Period and Hours"

    currency_id = fields.Many2one("res.currency")

    date_start = fields.Date(
        string="First day",
        help="Of a period. Of prepaid hours: the first day of work that can use them; "
        "empty: the day on which the item became ready.",
    )
    date_end = fields.Date(string="Last day", help="Of a period, included.")
    date_whole_end = fields.Date(
        readonly=True,
        copy=False,
        export_string_translation=False,
        help="Last day of the whole period, of which the contract may cover a part.",
    )
    period_amount = fields.Monetary(
        readonly=True,
        copy=False,
        help="What the period is worth by the rule as it is now. It differs from the "
        "amount where more has been billed.",
    )
    prepaid_hours = fields.Float(
        digits=(16, 6),
        help="Hours that are paid by this amount: time of the rules that draw from it "
        "uses them up and is not invoiced.",
    )
    prepaid_expiry = fields.Date(
        string="Hours valid until",
        help="Last day of work that can use the hours; empty: without end.",
    )
    prepaid_alert_level = fields.Integer(
        readonly=True,
        copy=False,
        export_string_translation=False,
        help="Alerts made: 1 = the rule's percentage, 2 = all hours used.",
    )
    drawn_quantity = fields.Float(
        string="Drawn hours",
        digits=(16, 6),
        readonly=True,
        copy=False,
        default=0.0,
        help="Hours of time entries that used up the included hours.",
    )
    prepaid_warning = fields.Char(
        compute="_compute_prepaid_warning",
        help="Hours were used although their fee was credited or given up.",
    )

    _drawn_hours = models.Constraint(
        "CHECK (drawn_quantity >= -0.000001"
        " AND drawn_quantity <= COALESCE(prepaid_hours, 0) + 0.000001)",
        "These prepaid hours are used up. No hour is drawn twice.",
    )

    _prepaid_hours_positive = models.Constraint(
        "CHECK (prepaid_hours >= 0)", "Prepaid hours cannot be negative."
    )

    _period_days = models.Constraint(
        "CHECK (date_start <= date_end AND date_start <= prepaid_expiry)",
        "The last day of a period or of prepaid hours is not before the first one.",
    )

    _period_once = models.UniqueIndex(
        "(rule_id, date_start) WHERE kind = 'period' AND active",
        "The period is already an item of this rule.",
    )

    @api.model
    def _get_prepaid_depends(self):
        return [
            "prepaid_hours",
            "prepaid_expiry",
            "drawn_quantity",
            "date_start",
            "date_ready",
        ]

    def _get_prepaid_balances(self):
        return self.env["project.billing.prepaid"]._get_item_balances(self)

    @api.depends(
        "drawn_quantity",
        "billed_amount",
        "billing_held_amount",
        "billing_written_off_amount",
        "billable_amount",
    )
    def _compute_prepaid_warning(self):
        for item in self:
            item.prepaid_warning = False
            if item.drawn_quantity < EPSILON:
                continue
            given_up = item._is_given_up()
            # freed by a credit note, a cancelled or deleted invoice
            credited = not item.billed_amount and item.billing_held_amount
            if given_up or credited:
                item.prepaid_warning = self.env._(
                    "%(hours).2f hours of this item were used, and it is on no "
                    "invoice any more. Invoice it again, or take the draws back under "
                    "Ledger so that the time is invoiced.",
                    hours=item.drawn_quantity,
                )

    def _is_alert_due(self):
        """Return whether the hours can be used today and somebody can be told."""
        self.ensure_one()
        today = self.company_id._get_billing_today()
        start = self.date_start or self.date_ready
        expired = self.prepaid_expiry and self.prepaid_expiry < today
        return bool(self.project_id.user_id and start and start <= today) and (
            not expired
        )

    def _is_given_up(self):
        """Return whether the item was written off wholly: its hours lapse."""
        self.ensure_one()
        return bool(
            self.billing_written_off_amount
            and self.currency_id.is_zero(self.billable_amount)
        )

    @api.constrains("prepaid_hours", "kind")
    def _check_prepaid_kind(self):
        for item in self:
            if item.prepaid_hours and item.kind not in ("period", "pack"):
                raise BillingRuleError(
                    self.env._(
                        "%(item)s: hours are sold by an item of the kind Prepaid hours "
                        "or included in the periods of a recurring fee.",
                        item=item.name,
                    )
                )

    @api.constrains("prepaid_hours")
    def _check_prepaid_drawn(self):
        for item in self:
            if item.drawn_quantity > item.prepaid_hours + EPSILON:
                raise LockedError(
                    self.env._(
                        "%(hours).2f hours of %(item)s are used: it cannot hold less. "
                        "Take draws back under Ledger first.",
                        hours=item.drawn_quantity,
                        item=item.name,
                    )
                )

    @api.constrains("active", "kind", "date_start", "prepaid_expiry")
    def _check_drawn_validity(self):
        """Hours that work has used stay where and when they were used."""
        drawn = self.filtered(lambda i: i.drawn_quantity > EPSILON)
        rows = drawn and drawn.sudo().allocation_ids.filtered(
            lambda row: row.kind == "draw" and row.is_live and row.analytic_line_id
        )
        for row in rows or ():
            item = row.item_id
            start = item.date_start or item.date_ready or row.date
            expiry = item.prepaid_expiry or row.date
            if not item.active or not start <= row.date <= expiry:
                raise LockedError(
                    self.env._(
                        "%(item)s: work of %(day)s has used its hours. Take the draw "
                        "back under Ledger before you archive the item or change its "
                        "days.",
                        item=item.name,
                        day=row.date,
                    )
                )

    @api.constrains("kind", "rule_id")
    def _check_period_kind(self):
        for item in self:
            recurring = item.rule_id.billing_type == "recurring"
            if (item.kind == "period") != recurring and item.kind in (
                "period",
                "milestone",
                "pack",
            ):
                raise BillingRuleError(
                    self.env._(
                        "%(rule)s: periods belong to recurring fees, and a recurring "
                        "fee plans its periods by itself. Add a rule of the type "
                        "Milestones for other amounts.",
                        rule=item.rule_id.name,
                    )
                )

    @api.onchange("prepaid_hours")
    def _onchange_prepaid_hours(self):
        # what is sold with hours is a pack, without anybody choosing a kind
        if self.kind in ("milestone", "pack"):
            self.kind = "pack" if self.prepaid_hours else "milestone"

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(
            [
                {"kind": "pack", **vals} if vals.get("prepaid_hours") else vals
                for vals in vals_list
            ]
        )

    def write(self, vals):
        if vals.get("prepaid_hours") and "kind" not in vals:
            plain = self.filtered(lambda i: i.kind == "milestone")
            super(ProjectBillingItemPeriodMixin, plain).write({"kind": "pack"})
        return super().write(vals)

    # -- planning --------------------------------------------------------------------

    def _is_used(self):
        """Return whether the item was billed, drawn, given up or decided upon."""
        self.ensure_one()
        return bool(
            self.billed_amount
            or self.billing_held_amount
            or self.billing_written_off_amount
            or self.drawn_quantity
            or self.date_postponed
            or self.sudo().allocation_ids
        )

    def _get_period_values(self, amount):
        """Return what a period is worth, for :meth:`_write_periods`.

        ``billable_amount`` never falls below what is billed: a period that is billed
        and worth less now keeps its total, and the room shows the difference.

        :param amount: by the rule as it is now, currency of the rule
        """
        self.ensure_one()
        worth = self.currency_id.round(amount - self.billing_written_off_amount)
        billable = max(worth, self.billed_amount, 0.0)
        held = self.billing_held_amount
        was_open = self.currency_id.round(self.billable_amount - self.billed_amount)
        still_open = self.currency_id.round(billable - self.billed_amount)
        values = {
            "amount": amount,
            "period_amount": amount,
            "billable_amount": billable,
        }
        if held and not self.currency_id.compare_amounts(held, was_open):
            held = still_open  # all of it was held
        elif self.billed_amount and still_open > was_open:
            # nobody was told when it was invoiced: a person decides
            held = self.currency_id.round(held + still_open - was_open)
            values["billing_held_reason"] = self.env._(
                "The fee of an invoiced period changed"
            )
        return {**values, "billing_held_amount": min(held, still_open)}

    def _write_changed(self, values):
        """Write what differs; return whether anything did."""
        self.ensure_one()
        changed = {
            name: value
            for name, value in values.items()
            if self._fields[name].convert_to_write(self[name], self) != value
        }
        if changed:
            self.write(changed)
        return bool(changed)
