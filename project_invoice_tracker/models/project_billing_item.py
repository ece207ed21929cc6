from odoo import api, fields, models
from odoo.tools import float_compare

from odoo.addons.project.models.project_task import CLOSED_STATES

from ..exceptions import BillingRuleError, LockedError

AMOUNT_FIELDS = frozenset(
    {"amount", "percentage", "amount_type", "rule_id", "sequence", "active"}
)


class ProjectBillingItem(models.Model):
    """An amount that is invoiced once: a milestone's, a period's, a deposit.

    ``billable_amount`` is what the item is worth in the rule's currency, rounded to
    that currency; ``billed_amount`` follows the live invoices and is changed only by
    the ledger (``project.billing.allocation``).
    """

    _name = "project.billing.item"
    _description = "Project Billing Item"
    _inherit = [
        "project.billing.item.stage.mixin",
        "project.billing.item.period.mixin",
        "project.billing.item.wip.mixin",
        "project.billing.item.progress.mixin",
        "project.billing.item.cost.mixin",
        "project.billing.item.deposit.mixin",
        "project.billing.item.opening.mixin",
        "project.billing.item.acceptance.mixin",
        "mail.thread",
    ]
    _order = "rule_id, sequence, date_planned, id"
    _check_company_auto = True

    name = fields.Char(
        required=True,
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
        help="Text on the invoice.",
    )
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    rule_id = fields.Many2one(
        "project.billing.rule", required=True, ondelete="restrict", index=True
    )
    project_id = fields.Many2one(related="rule_id.project_id", store=True, index=True)
    company_id = fields.Many2one(related="rule_id.company_id", store=True)
    currency_id = fields.Many2one(related="rule_id.currency_id", store=True)
    kind = fields.Selection(
        [
            ("milestone", "Milestone"),
            ("period", "Period"),
            ("deposit", "Deposit"),
            ("progress", "Progress claim"),
            ("cost", "Cost"),
            ("pack", "Prepaid hours"),
            ("retention", "Retention"),
            ("opening", "Billed elsewhere"),
        ],
        required=True,
        compute="_compute_kind",
        store=True,
        readonly=False,
        precompute=True,
    )
    milestone_id = fields.Many2one(
        "project.milestone",
        ondelete="restrict",
        index="btree_not_null",
        domain="[('project_id', '=', project_id)]",
        copy=False,
    )
    trigger = fields.Selection(
        [
            ("reached", "Milestone reached"),
            ("tasks_done", "All tasks of the milestone closed"),
            ("date", "Planned date"),
            ("accepted", "Accepted by the customer"),
            ("manual", "By hand"),
        ],
        required=True,
        compute="_compute_trigger",
        store=True,
        readonly=False,
        precompute=True,
        help="What makes the item ready to be invoiced.",
    )
    date_planned = fields.Date(
        compute="_compute_date_planned",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    date_ready = fields.Date(
        readonly=True,
        copy=False,
        tracking=True,
        help="Day on which the item became ready, in the company's time zone.",
    )
    date_postponed = fields.Date(
        copy=False, help="Not offered by runs with an earlier cut-off date."
    )
    amount_type = fields.Selection(
        [
            ("fixed", "Amount"),
            ("percent", "Percent of the contract"),
            ("remainder", "The rest"),
        ],
        required=True,
        default="fixed",
        tracking=True,
    )
    percentage = fields.Float(digits=(16, 6), tracking=True)
    amount = fields.Monetary(tracking=True, help="Amount of a fixed item.")
    billable_amount = fields.Monetary(
        readonly=True,
        copy=False,
        help="What the item is worth less what was written off, in the rule's "
        "currency.",
    )
    billed_amount = fields.Monetary(
        readonly=True, copy=False, default=0.0, help="On live invoices, at rule price."
    )
    billing_held_amount = fields.Monetary(readonly=True, copy=False, default=0.0)
    billing_held_reason = fields.Char(readonly=True, copy=False)
    billing_written_off_amount = fields.Monetary(readonly=True, copy=False, default=0.0)
    allocation_ids = fields.One2many("project.billing.allocation", "item_id")
    project_partner_id = fields.Many2one(
        related="rule_id.bill_partner_id", string="Customer"
    )

    _not_billed_twice = models.Constraint(
        "CHECK (billed_amount * sign(billable_amount) >= 0"
        " AND abs(billed_amount) <= abs(billable_amount) + 0.000001)",
        "This amount is already on an invoice. Nothing is billed twice.",
    )

    _percentage = models.Constraint(
        "CHECK (amount_type != 'percent' OR (percentage > 0 AND percentage <= 100))",
        "The percentage of an item must be above 0 and at most 100.",
    )

    _amount_positive = models.Constraint(
        "CHECK (amount >= 0)", "The amount of an item cannot be negative."
    )

    _milestone_once = models.UniqueIndex(
        "(rule_id, milestone_id) WHERE milestone_id IS NOT NULL AND active",
        "The milestone is already an item of this rule.",
    )

    # -- computes --------------------------------------------------------------------

    @api.depends("rule_id")
    def _compute_kind(self):
        kinds = {
            "recurring": "period",
            "progress": "progress",
            "expense": "cost",
            "timesheet": "opening",
        }
        for item in self:
            billing_type = item.rule_id.billing_type
            item.kind = item.kind or kinds.get(billing_type, "milestone")

    @api.depends("milestone_id")
    def _compute_name(self):
        default = self.env._("Milestone")
        for item in self:
            if not item.name or item.name == default:  # what was typed stays
                item.name = item.milestone_id.name or default

    @api.depends("milestone_id")
    def _compute_trigger(self):
        for item in self:
            if item.milestone_id and item.trigger in (False, "manual"):
                item.trigger = "reached"
            item.trigger = item.trigger or "manual"

    @api.depends("milestone_id.deadline")
    def _compute_date_planned(self):
        for item in self:
            item.date_planned = item.milestone_id.deadline or item.date_planned

    # -- readiness -------------------------------------------------------------------

    def _filter_ready(self, date):
        """Return the items that are ready to be invoiced on ``date``."""
        done = self._get_done_milestones()
        progress = self.filtered(lambda item: item.kind == "progress")
        return progress._filter_earned() | (self - progress).filtered(
            lambda item: (
                item.date_planned and item.date_planned <= date
                if item.trigger == "date"
                else item.milestone_id in done
                if item.trigger == "tasks_done"
                else item.date_ready and item.date_ready <= date
            )
        )

    def _get_done_milestones(self):
        """Return the milestones of ``tasks_done`` items with no open task."""
        # not the host's can_be_marked_as_done: it depends on nothing, so it stays in
        # the cache when a task is closed or reopened
        milestones = self.filtered(lambda i: i.trigger == "tasks_done").milestone_id
        states = (
            self.env["project.task"]
            .sudo()
            ._read_group(
                [("milestone_id", "in", milestones.ids)],
                ["milestone_id"],
                ["state:array_agg_distinct"],
            )
        )
        closed = {
            milestone for milestone, own in states if not {*own} - {*CLOSED_STATES}
        }
        return milestones.filtered(lambda m: m.is_reached or m in closed)

    def _set_ready(self):
        """Note the day on which the items became ready, once."""
        for company, items in self.grouped("company_id").items():
            items.filtered(lambda i: not i.date_ready).sudo().write(
                {"date_ready": company._get_billing_today()}
            )

    def _set_not_ready(self):
        """Take readiness back; refused while the amount is on a live invoice."""
        self._check_not_billed()
        self.sudo().write({"date_ready": False})
        self._withdraw_acceptance()

    def _check_reviewable(self):
        self.check_access("read")
        self.sudo().project_id.with_env(self.env)._check_billing_reviewable()

    def action_set_ready(self):
        """Button: the item may be invoiced (also: the customer has accepted it)."""
        self._check_reviewable()
        waiting = self.filtered(lambda i: not i.date_ready)
        self._set_ready()
        waiting._withdraw_acceptance()  # it was given otherwise

    def action_set_not_ready(self):
        """Button: the item may not be invoiced yet."""
        self._check_reviewable()
        self._set_not_ready()

    # -- amounts ---------------------------------------------------------------------

    def _update_amounts(self):
        """Fill ``billable_amount`` of all items of the rules of ``self``.

        Percentages become currency-rounded amounts; where they make up 100 the last
        one takes the remainder, as an item of type *the rest* does. Refused where the
        items exceed the contract, or an item on a live invoice would change.
        """
        rules = self.rule_id
        items = self.with_context(active_test=False).search(
            [("rule_id", "in", rules.ids)]
        )
        for rule in rules:
            own = items.filtered(lambda i, rule=rule: i.rule_id == rule and i.active)
            own = own.filtered(lambda i: not i.cost_source)  # the books say their worth
            own = own.filtered(lambda i: i.kind != "period")  # planned by their rule
            deposits = own.filtered(lambda i: i.kind == "deposit")  # paid in advance
            for item, amount in (own - deposits)._compute_worth(rule):
                item._set_worth(amount)
            for item in deposits:
                item._set_worth(item.amount)
            rule._sync_deposit()

    def _compute_worth(self, rule):
        """Return ``[(item, amount)]`` in the rule's currency (no side effect)."""
        currency = rule.currency_id
        fixed = self.filtered(lambda i: i.amount_type == "fixed")
        percent = self.filtered(lambda i: i.amount_type == "percent")
        rest = self.filtered(lambda i: i.amount_type == "remainder")
        contract = rule.amount or (
            sum(fixed.mapped("amount")) if not percent and not rest else 0.0
        )
        worth = {item: item.amount for item in fixed}
        weights = percent.mapped("percentage")
        for item in percent:
            worth[item] = currency.round(contract * item.percentage / 100.0)
        if percent and float_compare(sum(weights), 100.0, precision_digits=4) == 0:
            others = sum(worth[item] for item in percent[:-1])
            worth[percent[-1]] = currency.round(contract - others)
        left = currency.round(contract - sum(worth.values()))
        # of a few cents many rounded-up parts leave less than nothing to the last one
        smallest = min([left, *worth.values()])
        self._check_contract(rule, contract, smallest, len(rest))
        for item in rest:
            worth[item] = left
        return [(item, worth[item]) for item in self]

    def _check_contract(self, rule, contract, left, rest_count):
        if (len(self) and not contract and not rest_count == 0) or rest_count > 1:
            raise BillingRuleError(
                self.env._(
                    "%(rule)s: one item may take the rest, and only of a contract "
                    "amount. Enter the amount on the rule.",
                    rule=rule.name,
                )
            )
        percent = any(i.amount_type == "percent" for i in self)
        if percent and not contract:
            raise BillingRuleError(
                self.env._(
                    "%(rule)s: percentages need the contract amount. Enter it on the "
                    "rule.",
                    rule=rule.name,
                )
            )
        if rule.currency_id.compare_amounts(left, 0.0) < 0:
            raise BillingRuleError(
                self.env._(
                    "%(rule)s: the items come to more than the contract of "
                    "%(amount)s. Lower an item, or add a rule for the change order.",
                    rule=rule.name,
                    amount=rule.currency_id.format(contract),
                )
            )

    def _set_worth(self, amount):
        self.ensure_one()
        worth = self.currency_id.round(amount - self.billing_written_off_amount)
        if self.currency_id.compare_amounts(worth, self.billable_amount) == 0:
            return
        if not self._can_be_worth(worth):
            self._check_not_billed()
        if worth < 0 < self.billing_written_off_amount:
            raise LockedError(
                self.env._(
                    "%(amount)s of %(item)s are written off: it cannot be worth less.",
                    amount=self.currency_id.format(self.billing_written_off_amount),
                    item=self.name,
                )
            )
        held = min(self.billing_held_amount, max(worth - self.billed_amount, 0.0))
        if self.currency_id.is_zero(self.billed_amount):
            held = 0.0
        self.sudo().write({"billable_amount": worth, "billing_held_amount": held})

    # -- guards ----------------------------------------------------------------------

    def _check_not_billed(self):
        """Raise :class:`LockedError` naming the invoices that bill these items."""
        billed = self.filtered(lambda i: not i.currency_id.is_zero(i.billed_amount))
        if not billed:
            return
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            .search([("item_id", "in", billed.ids), ("is_live", "=", True)])
        )
        raise LockedError(
            self.env._(
                "%(items)s cannot be changed: billed on %(documents)s. Cancel or "
                "credit the invoice first.",
                items=", ".join(billed.mapped("name")),
                documents=rows._get_document_names(),
            )
        )

    @api.model_create_multi
    def create(self, vals_list):
        items = super().create(vals_list)
        items._update_amounts()
        reached = items.filtered(
            lambda i: i.trigger == "reached" and i.milestone_id.is_reached
        )
        reached._set_ready()
        return items

    def write(self, vals):
        rules = self.rule_id
        if vals.keys() & {"rule_id", "milestone_id", "active"} or (
            vals.get("trigger") and any(i.trigger != vals["trigger"] for i in self)
        ):
            self._check_not_billed()
        result = super().write(vals)
        if vals.keys() & AMOUNT_FIELDS and not self.env.context.get("billing_opening"):
            (self | rules.item_ids)._update_amounts()
        if vals.keys() & {"milestone_id", "trigger"}:
            self.filtered(
                lambda i: i.trigger == "reached" and i.milestone_id.is_reached
            )._set_ready()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = (
            self.env["project.billing.allocation"]
            .sudo()
            .search([("item_id", "in", self.ids)])
        )
        if used:
            raise LockedError(
                self.env._(
                    "%(items)s: %(documents)s explain themselves by this item. Archive "
                    "it instead of deleting it.",
                    items=", ".join(used.item_id.mapped("name")),
                    documents=used._get_document_names(),
                )
            )

    def unlink(self):
        rules = self.rule_id
        result = super().unlink()
        rules.item_ids._update_amounts()
        return result

    # -- buttons ---------------------------------------------------------------------

    def action_release(self):
        """Release held amounts: runs offer them again."""
        self._check_reviewable()
        self.env["project.billing.allocation"]._release(items=self)

    def action_view_invoices(self):
        """Open the invoices that bill this item."""
        return self.move_ids._billing_open()
