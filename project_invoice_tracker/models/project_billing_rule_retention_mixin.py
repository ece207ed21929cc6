from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from ..exceptions import BillingRuleError
from .project_billing_rule_release_mixin import RELEASE_FIELDS

# nobody knows yet when it is released: never overdue, and sorted last everywhere
FAR_DATE = date(2099, 12, 31)


class ProjectBillingRuleRetentionMixin(models.AbstractModel):
    """The share of each invoice that is due later.

    Invoices are made in full, with their whole VAT; the retained share is a receivable
    instalment of its own with a due date of its own.
    """

    _name = "project.billing.rule.retention.mixin"
    _inherit = "project.billing.rule.release.mixin"
    _description = "Billing Rule: Retention"

    currency_id = fields.Many2one("res.currency")
    project_id = fields.Many2one("project.project")

    retention_percentage = fields.Float(
        string="Retention (%)",
        digits=(16, 6),
        tracking=True,
        aggregator=None,
        help="Share of each invoice of this rule that the customer keeps until the "
        "release; 0 = none. Deposits are paid in full.",
    )
    retention_base = fields.Selection(
        [("net", "Amount without tax"), ("gross", "Amount with tax")],
        string="Retained of",
        required=True,
        default="net",
        tracking=True,
        help="Which amount of an invoice the percentage is taken of. The tax itself is "
        "always invoiced in full.",
    )
    retention_limit = fields.Monetary(
        string="Retain at most",
        tracking=True,
        help="All invoices of the rule together retain no more than this; 0 = no "
        "limit.",
    )
    retention_limit_percentage = fields.Float(
        string="Retain at most (% of contract)",
        digits=(16, 6),
        tracking=True,
        aggregator=None,
        help="The same as a percentage of the contract; the lower limit holds.",
    )
    retention_release = fields.Selection(
        [
            ("acceptance", "The customer accepts"),
            ("milestone", "A milestone is reached"),
            ("date", "A date"),
        ],
        string="Released when",
        required=True,
        default="acceptance",
        tracking=True,
    )
    retention_date = fields.Date(string="Release date", tracking=True)
    retention_milestone_id = fields.Many2one(
        "project.milestone",
        string="Release milestone",
        ondelete="restrict",
        domain="[('project_id', '=', project_id)]",
        copy=False,
        tracking=True,
        index="btree_not_null",
    )
    retention_months = fields.Integer(
        string="Months after the release",
        tracking=True,
        aggregator=None,
        help="The retained share is due so many months after the release, e.g. at the "
        "end of the guarantee.",
    )
    retention_released_date = fields.Date(
        string="Released on",
        copy=False,
        tracking=True,
        help="Day of the acceptance, or on which the milestone was reached.",
    )
    retained_amount = fields.Monetary(
        string="Retained",
        compute="_compute_retained",
        compute_sudo=True,
        help="Retained by all invoices so far, less credit notes.",
    )
    retention_released_amount = fields.Monetary(
        string="Released",
        compute="_compute_retained",
        compute_sudo=True,
        help="Of that, released: it is due some day that is known.",
    )
    retention_open_amount = fields.Monetary(
        string="Retention not paid",
        compute="_compute_retained",
        compute_sudo=True,
        help="On posted invoices and not paid yet.",
    )

    _retention_positive = models.Constraint(
        "CHECK (retention_limit >= 0 AND retention_months >= 0)",
        "Limit and months of a retention cannot be negative.",
    )

    # -- figures ---------------------------------------------------------------------

    def _compute_retained(self):
        retained = self._get_retained_amounts()
        lines = self.env["account.move.line"]._read_group(
            [
                ("billing_retention_rule_id", "in", self.ids),
                ("parent_state", "=", "posted"),
            ],
            ["billing_retention_rule_id"],
            ["amount_residual_currency:sum"],
        )
        unpaid = {rule.id: amount for rule, amount in lines}
        for rule in self:
            released = rule.retention_released_date
            is_released = released and released <= rule.company_id._get_billing_today()
            rule.retained_amount = retained.get(rule.id, 0.0)
            rule.retention_released_amount = rule.retained_amount * bool(is_released)
            rule.retention_open_amount = unpaid.get(rule.id, 0.0)

    def _get_retained_amounts(self):
        """Return ``{rule id: amount}`` retained so far, less credit notes."""
        domain = [
            ("rule_id", "in", self.ids),
            ("kind", "=", "withhold"),
            ("is_live", "=", True),
        ]
        groups = (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(domain, ["rule_id"], ["amount:sum"])
        )
        return {rule.id: amount for rule, amount in groups}

    def _get_retention_limits(self):
        """Return ``{rule id: most that may be retained}``; no key = no limit."""
        limited = self.filtered("retention_limit_percentage")
        contracts = limited.sudo()._get_contract_amounts()
        limits = {rule.id: rule.retention_limit for rule in self}
        for rule, contract in contracts.items():
            part = contract * rule.retention_limit_percentage / 100.0
            limit = rule.currency_id.round(part)
            limits[rule.id] = min(limit, limits[rule.id] or limit)
        # without a contract amount a percentage of it limits nothing
        return {rule_id: limit for rule_id, limit in limits.items() if limit}

    def _get_retention_due_date(self):
        """Return the day on which what the rule retains is due.

        Before the release: planned release plus months while that is to come, else
        :data:`FAR_DATE`, so that nothing is overdue that is not released.
        """
        self.ensure_one()
        months = relativedelta(months=self.retention_months)
        if self.retention_released_date:
            return self.retention_released_date + months
        planned = self.sudo().retention_milestone_id.deadline
        if self.retention_release == "milestone" and planned:
            due = planned + months
            if due > self.company_id._get_billing_today():
                return due
        return FAR_DATE

    def _get_retention_due_label(self, due):
        """Return when a retained share is due, as the customer reads it."""
        self.ensure_one()
        if self.retention_released_date:
            return self.env["ir.qweb.field.date"].value_to_html(due, {})
        event = {
            "milestone": self.sudo().retention_milestone_id.name,
            "date": "",
            "acceptance": self.env._("acceptance"),
        }[self.retention_release]
        if not self.retention_months:
            return event
        return self.env._(
            "%(months)s months after %(event)s",
            months=self.retention_months,
            event=event,
        )

    def _get_retention_item(self):
        """Return the item that stands for the retention in the ledger (archived)."""
        self.ensure_one()
        items = self.env["project.billing.item"].sudo().with_context(active_test=False)
        item = items.search(
            [("rule_id", "=", self.id), ("kind", "=", "retention")], limit=1
        )
        return item or items.create(
            {
                "rule_id": self.id,
                "kind": "retention",
                "name": self.env._("Retention"),
                "active": False,
            }
        )

    # -- input -----------------------------------------------------------------------

    @api.constrains("retention_percentage", "retention_limit_percentage")
    def _check_retention_percentage(self):
        for rule in self:
            for value in (rule.retention_percentage, rule.retention_limit_percentage):
                if not 0.0 <= value <= 100.0:
                    raise BillingRuleError(
                        self.env._(
                            "%(rule)s: a retention of %(value)s %% is impossible. "
                            "Enter a percentage from 0 to 100.",
                            rule=rule.display_name,
                            value=value,
                        )
                    )

    @api.constrains("retention_percentage", *sorted(RELEASE_FIELDS), "project_id")
    def _check_retention_release(self):
        for rule in self.filtered("retention_percentage"):
            if rule.retention_release == "date" and not rule.retention_date:
                raise BillingRuleError(
                    self.env._("%s: enter the date of release.", rule.display_name)
                )
            milestone = rule.sudo().retention_milestone_id
            if rule.retention_release == "milestone" and (
                milestone.project_id != rule.project_id
            ):
                raise BillingRuleError(
                    self.env._(
                        "%s: choose a milestone of its project that releases the "
                        "retention.",
                        rule.display_name,
                    )
                )
