from odoo import api, fields, models

from ..exceptions import BillingError
from ..tools.cost_items import build_insert, build_update
from ..tools.statistics import forbid_compilation, refresh_statistics

# what an item of a cost is when it is made; the rest is found by the update
NEW_COST = {
    "active": True,
    "amount": 0,
    "amount_type": "fixed",
    "billed_amount": 0,
    "billable_amount": 0,
    "billing_held_amount": 0,
    "billing_written_off_amount": 0,
    "cost_base": 0,
    "kind": "cost",
    "sequence": 10,
    "trigger": "manual",
}


class ProjectBillingItemCostMixin(models.AbstractModel):
    """The cost that an item passes on.

    One item for each cost and project. The item follows the cost: its base is what
    the books say (company currency), ``cost_amount`` that with mark-up in the rule's
    currency. Once billed, exchange rate and mark-up stay as billed.
    """

    _name = "project.billing.item.cost.mixin"
    _description = "Billing Item: Cost"

    currency_id = fields.Many2one("res.currency")
    company_currency_id = fields.Many2one(
        "res.currency", compute="_compute_company_currency_id"
    )

    cost_source = fields.Selection(
        [("bill", "Journal item"), ("entry", "Analytic line")],
        readonly=True,
        copy=False,
        help="Empty: not a cost of the books.",
    )
    cost_move_line_id = fields.Many2one(
        "account.move.line",
        string="Cost",
        readonly=True,
        copy=False,
        # a draft bill may be edited; what was billed keeps label, vendor and number
        ondelete="set null",
        index="btree_not_null",
        help="The line of the vendor bill or other journal entry.",
    )
    cost_analytic_line_id = fields.Many2one(
        "account.analytic.line",
        string="Analytic line",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="A cost that was typed by hand.",
    )
    cost_label = fields.Char(readonly=True, copy=False)
    cost_date = fields.Date(
        readonly=True, copy=False, string="Accounting date", help="Of the bill."
    )
    cost_vendor_id = fields.Many2one(
        "res.partner", string="Vendor", readonly=True, copy=False, ondelete="set null"
    )
    cost_reference = fields.Char(string="Bill", readonly=True, copy=False)
    cost_category_id = fields.Many2one(
        "product.category",
        string="Category",
        readonly=True,
        copy=False,
        ondelete="set null",
    )
    cost_base = fields.Monetary(
        string="Cost at books",
        currency_field="company_currency_id",
        readonly=True,
        copy=False,
        help="The project's share of the cost, in company currency.",
    )
    cost_rate = fields.Float(
        string="Exchange rate",
        readonly=True,
        copy=False,
        help="From company currency to the rule's, at the invoice date of the run; "
        "fixed with the first invoice.",
    )
    cost_markup = fields.Float(
        string="Mark-up (%)",
        digits=(16, 6),
        readonly=True,
        copy=False,
        help="Percent on top of the cost; fixed with the first invoice.",
    )
    cost_markup_manual = fields.Boolean(
        readonly=True, copy=False, export_string_translation=False
    )
    cost_amount = fields.Monetary(
        string="Cost with mark-up",
        readonly=True,
        copy=False,
        help="What the cost comes to now, in the rule's currency.",
    )
    cost_claim = fields.Monetary(
        readonly=True,
        copy=False,
        export_string_translation=False,
        help="What of the cost may be on invoices: less what was written off.",
    )
    cost_difference = fields.Monetary(
        string="Difference",
        compute="_compute_cost_difference",
        help="What the cost comes to now less what is billed of it: negative = more "
        "is billed than the cost comes to.",
    )
    billing_confirmed = fields.Boolean(
        string="Bill anyway",
        readonly=True,
        copy=False,
        help="A person looked at a doubt and confirmed it.",
    )

    _cost_once = models.UniqueIndex(
        "(cost_move_line_id, project_id) WHERE cost_move_line_id IS NOT NULL",
        "This cost of the project is already an item.",
    )
    _cost_entry_once = models.UniqueIndex(
        "(cost_analytic_line_id, project_id) WHERE cost_analytic_line_id IS NOT NULL",
        "This cost of the project is already an item.",
    )

    @api.depends("company_id")
    def _compute_company_currency_id(self):
        for item in self:
            item.company_currency_id = item.company_id.currency_id

    @api.depends("cost_claim", "billed_amount", "cost_source")
    def _compute_cost_difference(self):
        for item in self:
            is_billed = item.cost_source and item.billed_amount
            difference = item.cost_claim - item.billed_amount if is_billed else 0.0
            item.cost_difference = difference

    def _is_cost_over_billed(self):
        """Return whether more is billed of a cost than it comes to (either sign)."""
        self.ensure_one()
        billed, claim = self.billed_amount, self.cost_claim
        difference = self.currency_id.compare_amounts(abs(claim), abs(billed))
        return bool(billed) and (difference < 0 or claim * billed < 0)

    # -- following the books ---------------------------------------------------------

    @api.model
    def _refresh_costs(self, rules, rates):
        """Make items of new costs and give all items of costs their worth, set-wise.

        :param rules: rules of type ``expense`` of one company
        :param rates: ``{rule: factor from company currency to the rule's currency}``
        """
        self.env.flush_all()
        projects, company = rules.project_id.ids, rules.company_id.id
        forbid_compilation(self.env.cr)
        self.env.cr.execute(build_insert(self.env, projects, company, self._new_cost()))
        # the first costs of a firm are a table that was empty a moment ago
        refresh_statistics(self.env.cr, ["project_billing_item"])
        self.invalidate_model()
        self._update_costs(rules, rates)
        self._delete_lost_costs(rules)

    @api.model
    def _new_cost(self):
        return {**NEW_COST, "create_uid": self.env.uid, "write_uid": self.env.uid}

    @api.model
    def _update_costs(self, rules, rates, items=None):
        """Give items of costs their worth.

        :param items: only these; None = all of the rules' projects
        """
        sources = None
        if items is not None:
            lines, entries = items.cost_move_line_id, items.cost_analytic_line_id
            sources = (lines.ids, entries.ids)
        query = build_update(
            self.env,
            rules.project_id.ids,
            rules.company_id.id,
            {rule.id: factor for rule, factor in rates.items()},
            sources,
        )
        self.env.flush_all()
        forbid_compilation(self.env.cr)
        changed = self.env.execute_query(query)
        if changed:
            self.invalidate_model()
            ids = [item_id for item_id, _before, _base in changed]
            self.env["project.billing.allocation"]._bound_costs(ids)
            self._log_cost_changes(changed)

    @api.model
    def _log_cost_changes(self, changed):
        """Say on items on live invoices what their cost was and is."""
        moved = {
            item_id: (before, base)
            for item_id, before, base in changed
            if before != base
        }
        items = self.browse(moved).filtered("billed_amount")
        bodies = {}
        for item in items:
            before, base = map(item.company_currency_id.format, moved[item.id])
            bodies[item.id] = self.env._(
                "The cost changed in the books from %(before)s to %(base)s.",
                before=before,
                base=base,
            )
        items._message_log_batch(bodies=bodies)

    @api.model
    def _delete_lost_costs(self, rules):
        """Delete items of costs that are gone; those on documents explain these."""
        lost = self.with_context(active_test=False).search(
            [
                ("rule_id", "in", rules.ids),
                ("cost_source", "!=", False),
                ("cost_move_line_id", "=", False),
                ("cost_analytic_line_id", "=", False),
            ]
        )
        lost.filtered(lambda item: not item.allocation_ids).unlink()

    # -- decisions of who reviews ----------------------------------------------------

    def action_confirm_cost(self):
        """Button: bill a cost about which there was a doubt."""
        self._check_reviewable()
        self.sudo().billing_confirmed = True

    def _set_cost_markup(self, percentage, date=None):
        """Give costs a mark-up of their own, in percent; None = the rule's again.

        :param date: of the exchange rate; None = today
        :raise BillingError: not an item of a cost
        :raise BillingRuleError: an impossible percentage
        """
        self._check_reviewable()
        if not all(item.cost_source for item in self):
            raise BillingError(self.env._("Only costs passed on have a mark-up."))
        manual = percentage is not None
        if manual:
            markups = self.env["project.billing.markup"]
            markups._check_markup(percentage, ", ".join(self.mapped("name")))
        values = {"cost_markup_manual": manual}
        if manual:
            values["cost_markup"] = percentage
        self.sudo().write(values)
        room = self.env["project.billing.type.expense"].sudo()
        room._refresh_items(self.sudo(), date)
