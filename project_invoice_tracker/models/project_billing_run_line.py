from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, float_compare

from ..exceptions import BillingError
from ..reasons import CONFIRMABLE, get_reason_selection
from ..tools.plans import forget_plans
from ..tools.quantity import HOUR_DIGITS


class ProjectBillingRunLine(models.Model):
    """What a run would invoice by one rule, or leaves out for one reason.

    The entries are those seen in the review: what comes in later is not invoiced
    unseen. Amounts are in the rule's currency, at what the invoice would show.
    """

    _name = "project.billing.run.line"
    _inherit = ["project.billing.run.line.cap.mixin"]
    _description = "Billing Run Line"
    _order = "run_id desc, state_order, partner_id, project_id, id"

    run_id = fields.Many2one(
        "project.billing.run", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="run_id.company_id", store=True, precompute=True
    )
    run_state = fields.Selection(related="run_id.state", string="Run state")
    project_id = fields.Many2one(
        "project.project", required=True, ondelete="cascade", index=True
    )
    rule_id = fields.Many2one(
        "project.billing.rule", ondelete="cascade", index="btree_not_null"
    )
    item_id = fields.Many2one(
        "project.billing.item", ondelete="cascade", index="btree_not_null"
    )
    draw_item_id = fields.Many2one(
        "project.billing.item",
        string="Draws from",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
        help="The time uses up prepaid hours of this item: nothing to pay.",
    )
    partner_id = fields.Many2one("res.partner", ondelete="cascade", string="Customer")
    customer_order = fields.Char(string="Customer order (PO)")
    currency_id = fields.Many2one("res.currency", ondelete="cascade")
    name = fields.Char()
    text = fields.Char(
        string="Text for the customer",
        help="Text of the invoice line of an item; empty: the item's name. The text of "
        "time is edited on the entries.",
    )
    acceptance_text = fields.Text(
        related="item_id.acceptance_text", string="Customer's answer"
    )
    cost_markup = fields.Float(
        string="Mark-up (%)",
        digits=(16, 6),
        compute="_compute_cost_markup",
        inverse="_inverse_cost_markup",
        help="Of a cost that is passed on: for this cost only.",
    )
    is_cost = fields.Boolean(compute="_compute_cost_markup")
    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("approved", "Approved"),
            ("held", "Held"),
            ("skipped", "Skipped"),
            ("invoiced", "Invoiced"),
            ("failed", "Failed"),
        ],
        required=True,
        default="proposed",
        readonly=True,
    )
    state_order = fields.Integer(
        compute="_compute_state_order", store=True, precompute=True
    )
    reason_code = fields.Selection(
        lambda self: get_reason_selection(self.env), readonly=True
    )
    reason = fields.Char(readonly=True, help="Why it is left out, and what to do.")
    is_confirmable = fields.Boolean(compute="_compute_is_confirmable")
    is_late = fields.Boolean(
        string="Late entries",
        readonly=True,
        help="Some of the time is from a period that was invoiced before; its lines "
        "name the month.",
    )
    quantity = fields.Float(
        aggregator=None,
        digits=(16, 2),
        readonly=True,
        help="Hours worked; items count one.",
    )
    amount = fields.Monetary(readonly=True)
    entry_count = fields.Integer(readonly=True)
    date_from = fields.Date(readonly=True)
    date_to = fields.Date(readonly=True)
    entry_ids = fields.Many2many(
        "account.analytic.line",
        "project_billing_run_line_entry_rel",
        "run_line_id",
        "entry_id",
        readonly=True,
    )
    move_id = fields.Many2one(
        "account.move", readonly=True, ondelete="set null", index="btree_not_null"
    )
    move_ids = fields.Many2many(
        "account.move",
        compute="_compute_move_ids",
        compute_sudo=True,
        string="Invoices",
        help="Several payers get an invoice each.",
    )
    approved_by_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    approved_date = fields.Datetime(readonly=True)

    _run_state_idx = models.Index("(run_id, state)")

    @api.depends("state")
    def _compute_state_order(self):
        order = ["failed", "proposed", "approved", "invoiced", "held", "skipped"]
        for line in self:
            line.state_order = order.index(line.state)

    @api.depends("reason_code", "state")
    def _compute_is_confirmable(self):
        for line in self:
            line.is_confirmable = (
                line.state == "skipped" and line.reason_code in CONFIRMABLE
            )

    @api.depends("move_id", "state")
    def _compute_move_ids(self):
        rows = self._get_ledger().search([("run_line_id", "in", self._origin.ids)])
        rows = rows.grouped("run_line_id")
        for line in self:
            own = rows.get(line._origin, self._get_ledger())
            moves = own.move_id.filtered(lambda m: m.move_type == "out_invoice")
            line.move_ids = (line.move_id | moves).sorted("id")

    @api.depends("name", "project_id")
    def _compute_display_name(self):
        for line in self:
            names = [line.project_id.sudo().name, line.name]
            line.display_name = ": ".join(filter(None, names))

    @api.depends("item_id.cost_markup", "item_id.cost_source")
    def _compute_cost_markup(self):
        for line in self:
            line.cost_markup = line.item_id.cost_markup
            line.is_cost = bool(line.item_id.cost_source)

    def _inverse_cost_markup(self):
        for line in self:
            line.item_id._set_cost_markup(line.cost_markup, line.run_id.date)
            line.sudo()._refresh_amounts()

    # -- making ----------------------------------------------------------------------

    @api.model
    def _create_from(self, run, proposals):
        """Store proposals as lines of a run, with their entries, in two statements."""
        rules = self.env["project.billing.rule"].sudo()
        values = []
        for proposal in proposals:
            rule = rules.browse(proposal.rule_id or [])
            project = self.env["project.project"].sudo().browse(proposal.project_id)
            values.append(
                {
                    "run_id": run.id,
                    "project_id": project.id,
                    "rule_id": rule.id,
                    "item_id": proposal.item_id,
                    "draw_item_id": proposal.draw_item_id,
                    "partner_id": (rule.bill_partner_id or project.partner_id).id,
                    "customer_order": rule._get_customer_order() if rule else False,
                    "currency_id": (rule.currency_id or run.company_id.currency_id).id,
                    "name": proposal.name,
                    "state": proposal.state,
                    "reason_code": proposal.reason_code,
                    "reason": run._get_reason_text(
                        proposal.reason_code, proposal.detail
                    ),
                    "is_late": proposal.is_late,
                    "quantity": proposal.quantity,
                    "amount": proposal.amount,
                    "entry_count": proposal.entry_count,
                    "review_prices": self._get_prices(proposal.specs),
                    "date_from": proposal.date_from,
                    "date_to": proposal.date_to,
                }
            )
        lines = self.sudo().create(values)
        lines.flush_recordset()
        lines._link_entries([proposal.entry_ids for proposal in proposals])
        return lines

    def _link_entries(self, entry_ids):
        pairs = [
            (line.id, entry_id)
            for line, own in zip(self, entry_ids, strict=True)
            for entry_id in own
        ]
        if not pairs:
            return
        line_ids, ids = zip(*pairs, strict=True)
        forget_plans(self.env.cr, len(pairs))
        self.env.cr.execute(
            SQL(
                "INSERT INTO project_billing_run_line_entry_rel (run_line_id, entry_id)"
                " SELECT * FROM unnest(%s::int4[], %s::int4[])",
                list(line_ids),
                list(ids),
            )
        )
        self.invalidate_model(["entry_ids"])

    def _get_entry_owners(self):
        """Return ``{entry id: line id}`` of the entries seen in the review."""
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT entry_id, run_line_id"
                    " FROM project_billing_run_line_entry_rel"
                    " WHERE run_line_id = ANY(%s)",
                    self.ids,
                )
            )
        )

    def _take_whole_invoices(self, limit):
        """Return about ``limit`` lines, never a part of what shares an invoice."""
        taken = self.browse()
        for lines in self.grouped(
            lambda line: line.rule_id._get_invoice_key()
        ).values():
            if taken and len(taken) + len(lines) > limit:
                break
            taken |= lines
        return taken

    def _skip(self, code, detail=""):
        """Turn lines into skips with a reason of the closed list."""
        for line in self:
            line.write(
                {
                    "state": "skipped",
                    "reason_code": code,
                    "reason": line.run_id._get_reason_text(code, detail),
                }
            )

    def _get_moves(self):
        """Return the invoices of these lines; several payers get one each."""
        self.invalidate_recordset(["move_ids"])
        return self.move_ids.sorted("id")

    def _get_room(self):
        """Return the room that makes the invoice lines of these lines, of one kind."""
        first = next(iter(self))  # self[0] would be read alone, not with the others
        rule = first.rule_id
        is_deposit = first.item_id.kind == "deposit"
        return rule._get_room("deposit" if is_deposit else rule.billing_type)

    def _refresh_amounts(self):
        """Compute quantity and amount again after entries or items changed."""
        for line in self.filtered("rule_id"):
            try:
                room = line._get_room().sudo().with_context(billing_review=True)
                prepared = room._prepare_lines(line.sudo())
            except BillingError as error:
                line._skip("no_exchange_rate", str(error))
                continue
            terms = self.env["project.billing.terms"].sudo()
            terms = terms.with_context(billing_review=True)
            settlement = terms._settle(line.run_id, prepared)
            specs = settlement.prepared.get(line.id, [])
            line.sudo().write(line._get_figures(specs))
            if line.id in settlement.skips:
                line.sudo()._skip(*settlement.skips[line.id])

    def _is_repriced(self, specs):
        """Return whether the same work costs another amount than in the review."""
        self.ensure_one()
        now = self._get_figures(specs)
        same_work = not float_compare(
            now["quantity"], self.quantity, precision_digits=2
        )
        return same_work and bool(
            self.currency_id.compare_amounts(now["amount"], self.amount)
        )

    def _get_figures(self, specs):
        """Return quantity, amount, count and prices of this line's invoice lines."""
        self.ensure_one()
        shares = [share for spec in specs for share in spec.shares]
        return {
            "amount": sum(spec.get_amount(self.currency_id) for spec in specs),
            "quantity": round(sum(share.quantity for share in shares), HOUR_DIGITS),
            "entry_count": len({share.key for share in shares}),
            "review_prices": self._get_prices(specs),
        }

    def write(self, vals):
        # the review is made by buttons; only the customer's text is typed
        if not self.env.su:
            if vals.keys() - {"text", "cost_markup"}:
                raise AccessError(
                    self.env._("Lines of a run are changed by their buttons only.")
                )
            self._check_reviewable()
        return super().write(vals)

    # -- review ----------------------------------------------------------------------

    def _check_reviewable(self):
        self.check_access("read")
        if any(line.run_id.state != "proposed" for line in self):
            raise BillingError(
                self.env._("Only a run that is being reviewed can be changed.")
            )
        self.project_id._check_billing_reviewable()

    def action_approve(self):
        """Approve lines; a held line is released, a doubtful one confirmed."""
        self._check_reviewable()
        for line in self.sudo():
            if line.state == "held":
                line._get_ledger()._release(line.entry_ids, line.item_id)
            elif line.is_confirmable:
                line.entry_ids.billing_confirmed = True
                line.item_id.billing_confirmed = True
            elif line.state != "proposed":
                raise BillingError(
                    self.env._(
                        "%(line)s cannot be approved: %(reason)s",
                        line=line.display_name,
                        reason=line.reason or line.state,
                    )
                )
            line.write(
                {
                    "state": "approved",
                    "reason_code": False,
                    "reason": False,
                    "approved_by_id": self.env.user.id,
                    "approved_date": fields.Datetime.now(),
                }
            )
            line._refresh_amounts()

    def action_unapprove(self):
        """Take an approval back."""
        self._check_reviewable()
        lines = self.sudo().filtered(lambda line: line.state == "approved")
        lines.write(
            {"state": "proposed", "approved_by_id": False, "approved_date": False}
        )

    def action_hold(self):
        """Hold the work of lines until somebody releases it."""
        self._check_reviewable()
        for line in self.sudo().filtered(lambda x: x.state in ("proposed", "approved")):
            reason = self.env._("by %s", self.env.user.name)
            line._get_ledger()._hold(reason, line.entry_ids, line.item_id)
            line.write(
                {
                    "state": "held",
                    "reason_code": "held",
                    "reason": line.run_id._get_reason_text("held", reason),
                }
            )

    def action_postpone(self):
        """Move the work of lines to the next period: after this run's cut-off date."""
        self._check_reviewable()
        for line in self.sudo().filtered(lambda x: x.state in ("proposed", "approved")):
            day = fields.Date.add(line.run_id.cutoff_date, days=1)
            line.entry_ids.write({"billing_date_postponed": day})
            line.item_id.write({"date_postponed": day})
            line._skip("after_cutoff")

    def _take_back_draws(self, reason):
        """Free the hours that these lines drew; they are held until released."""
        draws = self._get_ledger().search(
            [("run_line_id", "in", self.ids), ("kind", "=", "draw")]
        )
        draws = draws.filtered("analytic_line_id")
        lines = draws.run_line_id.filtered(lambda line: line.state == "invoiced")
        lines.write({"state": "held", "reason_code": "held"})
        draws._take_back(reason)

    def _get_ledger(self):
        return self.env["project.billing.allocation"]

    def action_open_settle(self):
        """Ask what happens to work that is not invoiced, and why.

        :return: action that opens the wizard: write off, non-billable or billed
            elsewhere
        """
        self._check_reviewable()
        return {
            "type": "ir.actions.act_window",
            "res_model": "project.billing.settle",
            "views": [(False, "form")],
            "target": "new",
            "name": self.env._("Not invoiced"),
            "context": {
                "default_entry_ids": self.entry_ids.ids,
                "default_item_ids": self.item_id.ids,
                "default_run_line_ids": self.ids,
            },
        }

    # -- opening ---------------------------------------------------------------------

    def action_view_entries(self):
        """Open the entries of a line: their texts can be edited before invoicing."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_analytic_line_billing_action"
        )
        domain = [("id", "in", self.entry_ids.ids)]
        if not self.entry_ids:
            domain = [
                ("project_id", "=", self.project_id.id),
                ("date", ">=", self.date_from),
                ("date", "<=", self.date_to),
                ("billing_rule_id", "=", self.rule_id.id),
            ]
        return {**action, "domain": domain, "name": self.display_name}

    def action_view_move(self):
        """Open the invoices of a line: one, or one for each payer."""
        return self._get_moves()._billing_open()
