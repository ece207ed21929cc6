from odoo import api, fields, models
from odoo.tools import SQL

from ..exceptions import BillingError
from ..tools.draws import format_hours


class ProjectProject(models.Model):
    _name = "project.project"
    _inherit = [
        "project.billing.template.mixin",
        "project.billing.figures.mixin",
        "project.billing.retained.mixin",
        "project.billing.statement.mixin",
        "project.overdue.mixin",
        "project.overdue.warning.mixin",
        "project.project",
    ]

    billing_rule_ids = fields.One2many("project.billing.rule", "project_id")
    billing_member_ids = fields.One2many("project.billing.member", "project_id")
    billing_customer_order = fields.Char(
        string="Customer order (PO)",
        tracking=True,
        help="The customer's order number for all billing rules without one.",
    )
    billing_rule_count = fields.Integer(compute="_compute_billing_status")
    billing_status = fields.Char(
        compute="_compute_billing_status",
        string="Billing",
        help="What is ready to be invoiced, or what is missing for it.",
    )
    billing_ready_hours = fields.Float(compute="_compute_billing_status")
    billing_prepaid_status = fields.Char(
        string="Prepaid hours",
        compute="_compute_billing_prepaid_status",
        help="Hours left of the fees and packs that the project gives or uses.",
    )
    billing_invoice_count = fields.Integer(compute="_compute_billing_status")

    billing_deposit_status = fields.Char(
        compute="_compute_billing_deposit_status",
        string="Deposits",
        help="What customers have paid in advance: invoiced, deducted and left.",
    )

    # -- status ----------------------------------------------------------------------

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_billing_deposit_status(self):
        self.billing_deposit_status = False
        rules = (
            self._filter_billing_reviewable()
            .sudo()
            .billing_rule_ids.filtered(lambda r: r.company_id in self.env.companies)
        )
        for project, own in rules._has_deposit().grouped("project_id").items():
            texts = [
                own._get_deposit_status() for own in own.grouped("currency_id").values()
            ]
            project.with_env(self.env).billing_deposit_status = " + ".join(texts)

    @api.depends_context("uid")
    def _compute_billing_status(self):
        shown = self._filter_billing_reviewable()
        hidden = self - shown  # what a project earns is for who reviews it
        hidden.billing_rule_count = hidden.billing_invoice_count = 0
        hidden.billing_ready_hours = 0.0
        hidden.billing_status = False
        shown._fill_billing_status()

    @api.depends_context("uid")
    def _compute_billing_prepaid_status(self):
        shown = self._filter_billing_reviewable()
        rules = self.env["project.billing.rule"].sudo()
        rules = rules.search([("project_id", "in", shown.ids)])
        for project in self:
            own = rules.filtered(lambda r, project=project: r.project_id == project)
            own = (own | own.prepaid_rule_ids).filtered("has_prepaid")
            project.billing_prepaid_status = ", ".join(
                self.env._(
                    "%(rule)s: %(hours)s h left",
                    rule=rule.name,
                    hours=format_hours(rule.prepaid_left),
                )
                for rule in own
            )

    def _fill_billing_status(self):
        rules = (
            self.env["project.billing.rule"]
            .sudo()
            .search(
                [
                    ("project_id", "in", self.ids),
                    ("company_id", "in", self.env.companies.ids),
                ]
            )
        )
        by_project = rules.grouped("project_id")
        hours = self._get_billing_ready_hours()
        invoices = dict(
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(
                [("rule_id", "in", rules.ids), ("move_id", "!=", False)],
                ["rule_id"],
                ["move_id:recordset"],
            )
        )
        for project in self:
            own = by_project.get(project, rules.browse())
            project.billing_rule_count = len(own)
            project.billing_ready_hours = hours.get(project.id, 0.0)
            moves = (
                self.env["account.move"]
                .sudo()
                .union(*(invoices.get(rule, self.env["account.move"]) for rule in own))
            )
            project.billing_invoice_count = len(moves)
            project.billing_status = project._get_billing_status(own)

    def _get_billing_status(self, rules):
        """Return *customer ✓ rule ✓ price ✗ · 12.5 h ready*, or an empty string."""
        self.ensure_one()
        if not rules and not self.partner_id:
            return False
        priced = rules and all(rule._has_price() for rule in rules)
        checks = [
            (
                self.env._("customer"),
                all(r.bill_partner_id for r in rules)
                if rules
                else bool(self.partner_id),
            ),
            (self.env._("rule"), bool(rules)),
            (self.env._("price"), priced),
        ]
        text = " ".join(f"{name} {'✓' if done else '✗'}" for name, done in checks)
        amounts = [
            currency.format(sum(own.mapped("ready_amount")))
            for currency, own in rules.grouped("currency_id").items()
        ]
        if not rules:
            return text
        if not (self.billing_ready_hours or any(rules.mapped("ready_amount"))):
            return f"{text} · {self.env._('nothing to invoice')}"
        if self.billing_ready_hours:
            ready = self.env._("%.2f h ready", self.billing_ready_hours)
            text = f"{text} · {ready}"
        return f"{text} · {self.env._('to invoice: %s', ' + '.join(amounts))}"

    def _get_billing_ready_hours(self):
        """Return ``{project id: hours}`` that a rule owns and nothing holds back."""
        self.env["account.analytic.line"].flush_model()
        return {
            project_id: float(hours)
            for project_id, hours in self.env.execute_query(
                SQL(
                    """
                    SELECT l.project_id, SUM(l.billable_quantity - l.billed_quantity
                                             - l.billing_held_quantity)
                      FROM account_analytic_line l
                      JOIN project_billing_rule r ON r.id = l.billing_rule_id
                     WHERE l.project_id = ANY(%s) AND l.date >= r.bill_from
                       AND r.company_id = ANY(%s)
                     GROUP BY l.project_id
                    """,
                    self.ids,
                    self.env.companies.ids,
                )
            )
        }

    # -- set-up ----------------------------------------------------------------------

    def _ensure_billing_account(self):
        """Give projects without an analytic account one: revenue needs a home."""
        self.sudo().filtered(lambda p: not p.account_id)._create_analytic_account()

    def _refresh_billing_entries(self):
        """Find rule, role and price of the projects' unbilled entries again."""
        if self:
            self.env["account.analytic.line"].sudo()._billing_revalue(
                SQL("e.project_id = ANY(%s)", self.ids)
            )

    def _filter_billing_reviewable(self):
        """Return the projects whose billing the user may review and approve."""
        user = self.env.user
        if self.env.su or user.has_group(
            "project_invoice_tracker.group_billing_officer"
        ):
            return self
        return (
            self.sudo()
            .filtered(
                lambda p: p.user_id == user or user in p.billing_member_ids.user_id
            )
            .with_env(self.env)
        )

    def _check_billing_reviewable(self):
        """Raise :class:`BillingError` unless the user may review these projects."""
        refused = self - self._filter_billing_reviewable()
        if refused:
            raise BillingError(
                self.env._(
                    "You may review and settle the work of projects that you manage "
                    "only, not of: %s.",
                    ", ".join(refused.sudo().mapped("name")),
                )
            )

    # -- buttons ---------------------------------------------------------------------

    def action_bill(self):
        """Propose what can be invoiced on these projects and open the review.

        :return: action that opens the new billing run
        :raise BillingError: projects of several companies
        """
        companies = self.company_id | self.sudo().billing_rule_ids.company_id
        company = self.env.company if self.env.company in companies else companies[:1]
        if any(p.company_id and p.company_id != company for p in self):
            raise BillingError(
                self.env._("Choose projects of one company: a run bills one company.")
            )
        run = self.env["project.billing.run"].create(
            {
                "company_id": (company or self.env.company).id,
                "project_ids": [fields.Command.set(self.ids)],
            }
        )
        run.action_propose()
        return run._open()

    def action_view_billing_rules(self):
        """Open the billing rules of the project."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_rule_action"
        )
        return {
            **action,
            "domain": [("project_id", "=", self.id)],
            "context": {"default_project_id": self.id},
        }

    def action_view_billing_tracker(self):
        """Open where every amount of the project stands."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_tracker_action"
        )
        return {
            **action,
            "domain": [("project_id", "=", self.id)],
            "context": {"search_default_customers": 1},
        }

    def action_view_billing_invoices(self):
        """Open the invoices that bill work of the project."""
        self.ensure_one()
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            .search([("rule_id.project_id", "=", self.id)])
        )
        return rows.move_id.with_env(self.env)._billing_open()

    @api.constrains("partner_id")
    def _check_billing_orders(self):
        rules = self.sudo().billing_rule_ids
        rules.order_id._check_rules(rules)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        # rules without invoices go with the project; used ones refuse by themselves
        self.env["project.billing.rule"].with_context(active_test=False).sudo().search(
            [("project_id", "in", self.ids)]
        ).unlink()
