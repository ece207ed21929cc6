from odoo import api, fields, models

from ..exceptions import LedgerError


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = [
        "account.overdue.pause.move.mixin",
        "project.billing.accrual.move.mixin",
        "project.billing.bad.debt.mixin",
        "project.billing.annex.mixin",
        "project.billing.receipts.mixin",
        "project.billing.summary.mixin",
        "project.billing.documents.mixin",
        "project.billing.deposit.ledger.mixin",
        "project.billing.share.mixin",
        "project.billing.days.mixin",
        "account.overdue.mixin",
        "account.overdue.charge.move.mixin",
        "project.billing.retention.mixin",
        "project.billing.retention.discount.mixin",
        "project.billing.ledger.mixin",
        "account.move",
    ]

    billing_run_id = fields.Many2one(
        "project.billing.run",
        string="Billing run",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )
    billing_customer_order = fields.Char(
        string="Customer order (PO)",
        tracking=True,
        help="The customer's order number, as it stands on the invoice.",
    )
    billing_date_start = fields.Date(string="Service from", readonly=True)
    billing_date_end = fields.Date(string="Service to", readonly=True)
    billing_project_ids = fields.Many2many(
        "project.project", compute="_compute_billing_projects", string="Projects"
    )
    billing_entry_count = fields.Integer(compute="_compute_billing_projects")
    billing_has_work = fields.Boolean(compute="_compute_billing_projects")
    billing_has_annex = fields.Boolean(compute="_compute_billing_projects")
    billing_warning = fields.Char(compute="_compute_billing_warning")
    billing_duplicate_of_id = fields.Many2one(
        "account.move",
        readonly=True,
        copy=False,
        ondelete="set null",
        export_string_translation=False,
    )

    @api.depends("billing_allocation_ids", "billing_annex_id", "state")
    def _compute_billing_projects(self):
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(
                [("move_id", "in", self._origin.ids)],
                ["move_id"],
                ["rule_id:recordset", "analytic_line_id:count_distinct"],
            )
        )
        found = {move.id: (rules, count) for move, rules, count in rows}
        none = self.env["project.billing.rule"]
        for move in self:
            rules, count = found.get(move._origin.id, (none, 0))
            move.billing_project_ids = rules.sudo().project_id
            move.billing_entry_count = count
            move.billing_has_work = bool(rules)
            # a draft shows what it would get
            move.billing_has_annex = bool(move.sudo().billing_annex_id) or (
                move.state == "draft" and any(rules.sudo().mapped("annex"))
            )

    @api.depends(
        "billing_allocation_ids",
        "line_ids.quantity",
        "line_ids.billing_is_adjusted",
        "state",
    )
    def _compute_billing_warning(self):
        for move in self:
            move.billing_warning = move._get_billing_warning()

    def _get_billing_warning(self):
        """Return the banner of a customer document that people must not misread."""
        self.ensure_one()
        if not self.is_sale_document(include_receipts=True) or self.state == "cancel":
            return False
        rows = self.sudo().billing_allocation_ids
        if self.move_type == "out_refund":
            if self.billing_credit_mode == "unexplained":
                return self.env._(
                    "This credit note was not made from its invoice by the reversal "
                    "button: it lowers the amount, and no work is billed again."
                )
            return False
        copies = self.invoice_line_ids.filtered(
            lambda line: line.billing_is_copy and line._is_workless()
        )
        is_copy = self.billing_duplicate_of_id or copies
        if is_copy and not rows.filtered("is_live"):
            return self.env._(
                "This copy bills no work: the hours and milestones stay on the "
                "original document."
            )
        texts = list(filter(None, [self._get_deposit_warning()]))
        if copies:
            texts.append(
                self.env._(
                    "Marked lines are copies and bill no work: the hours and "
                    "milestones stay on the lines that they were made from."
                )
            )
        others = self.invoice_line_ids - copies
        if any(others.mapped("billing_is_adjusted")):
            texts.append(
                self.env._(
                    "Quantity or price of marked lines differ from the work that they "
                    "bill; the difference is kept as an adjustment."
                )
            )
        return " ".join(texts) or False

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if self.env.context.get("include_business_fields"):
            return vals_list
        for move, vals in zip(self, vals_list, strict=True):
            if move.sudo().billing_allocation_ids:
                vals["billing_duplicate_of_id"] = move.id
        return vals_list

    def _get_billing_results(self):
        """Return ``{move: result}``: the most careful of the rules that bill work.

        Deductions of deposits and what is retained have no say.

        :return: each ``draft`` (also without rules), ``post`` or ``send``
        """
        careful = ["draft", "post", "send"]
        results = dict.fromkeys(self, "draft")
        for move, rules in (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(
                [("move_id", "in", self.ids), ("kind", "in", ("bill", "credit"))],
                ["move_id"],
                ["rule_id:recordset"],
            )
        ):
            found = set(rules.mapped("result"))
            results[move.with_env(self.env)] = min(found, key=careful.index)
        return results

    def _billing_send(self):
        """Hand posted invoices to the host's sending job, each customer's own way."""
        if not self:
            return
        self.sending_data = {
            "author_user_id": self.env.user.id,
            "author_partner_id": self.env.user.partner_id.id,
        }
        self.env.ref("account.ir_cron_account_move_send").sudo()._trigger()

    def _billing_open(self):
        """Return the action that opens these documents."""
        if not self:
            raise LedgerError(self.env._("There is no invoice yet."))
        action = {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "name": self.env._("Invoices"),
            # shows the columns of customer invoices
            "context": {"default_move_type": "out_invoice", "create": False},
        }
        if len(self) == 1:
            return {**action, "res_id": self.id, "views": [(False, "form")]}
        views = [(False, "list"), (False, "form")]
        return {**action, "domain": [("id", "in", self.ids)], "views": views}

    def action_view_billing_allocations(self):
        """Open what this document bills: entries and items with their prices."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_allocation_action"
        )
        return {**action, "domain": [("move_id", "=", self.id)]}

    def action_view_billing_projects(self):
        """Open the projects of this document."""
        self.ensure_one()
        projects = self.billing_project_ids
        action = {
            "type": "ir.actions.act_window",
            "res_model": "project.project",
            "name": self.env._("Projects"),
        }
        if len(projects) == 1:
            return {**action, "res_id": projects.id, "views": [(False, "form")]}
        views = [(False, "list"), (False, "form")]
        return {**action, "domain": [("id", "in", projects.ids)], "views": views}
