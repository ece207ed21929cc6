from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..exceptions import BillingError
from ..tools.overdue import simulate

AHEAD = 60  # days in which the next step is looked for


class AccountOverdueCustomer(models.Model):
    """What each customer owes too late: how much, how long, what was done, what next.

    One row for each company and customer with something overdue, computed by one
    query; amounts in company currency, credits that nothing was matched with deducted.
    """

    _name = "account.overdue.customer"
    _inherit = ["account.overdue.customer.pause.mixin"]
    _description = "Overdue Customer"
    _auto = False
    _order = "date_oldest, amount_overdue desc, id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount_overdue = fields.Monetary(
        string="Overdue",
        readonly=True,
        help="Less the unmatched credits; 0 where these are higher: match them.",
    )
    amount_open = fields.Monetary(
        string="Open in all", readonly=True, help="With what is due later."
    )
    amount_credit = fields.Monetary(
        string="Unmatched credits",
        readonly=True,
        help="Credit notes and payments that nothing was matched with.",
    )
    invoice_count = fields.Integer(string="Late invoices", readonly=True)
    date_oldest = fields.Date(string="Oldest due date", readonly=True)
    days_overdue = fields.Integer(string="Days late", readonly=True, aggregator="max")
    action_id = fields.Many2one(
        "account.overdue.action", string="Last step", readonly=True
    )
    last_date = fields.Date(string="Last done on", readonly=True)
    level_id = fields.Many2one(
        "account.overdue.level", readonly=True, help="Of the last step."
    )
    next_date = fields.Date(string="Next step on", compute="_compute_next")
    next_text = fields.Char(string="Next step", compute="_compute_next")
    pause_text = fields.Char(string="Paused", compute="_compute_pause_text")

    @property
    def _table_query(self):
        companies = self.env.companies
        days = SQL(", ").join(
            SQL("(%s::int4, %s::date)", company.id, company._get_billing_today())
            for company in companies.sudo()
        )
        return SQL(
            """
            WITH days (company_id, today) AS (VALUES %(days)s),
            opened AS (
                SELECT l.company_id, p.commercial_partner_id AS partner_id,
                       SUM(l.amount_residual) AS open,
                       SUM(l.amount_residual) FILTER (
                           WHERE l.amount_residual < 0) AS credit,
                       SUM(l.amount_residual) FILTER (
                           WHERE l.amount_residual > 0
                             AND l.date_maturity < d.today) AS late,
                       COUNT(DISTINCT l.move_id) FILTER (
                           WHERE l.amount_residual > 0
                             AND l.date_maturity < d.today) AS number,
                       MIN(l.date_maturity) FILTER (
                           WHERE l.amount_residual > 0
                             AND l.date_maturity < d.today) AS oldest
                  FROM account_move_line l
                  JOIN days d ON d.company_id = l.company_id
                  JOIN account_account a ON a.id = l.account_id
                  JOIN res_partner p ON p.id = l.partner_id
                 WHERE l.parent_state = 'posted' AND l.reconciled IS NOT TRUE
                   AND a.account_type = 'asset_receivable'
                   AND (l.date_maturity IS NULL OR l.date_maturity < '2099-12-31')
                 GROUP BY l.company_id, p.commercial_partner_id
                HAVING SUM(l.amount_residual) FILTER (
                       WHERE l.amount_residual > 0
                         AND l.date_maturity < d.today) > 0
            ), done AS (
                SELECT DISTINCT ON (x.company_id, x.partner_id)
                       x.company_id, x.partner_id, x.id, x.level_id,
                       COALESCE(x.date_done, x.date) AS day
                  FROM account_overdue_action x
                  JOIN account_move_line l ON l.move_id = x.move_id
                   AND l.date_maturity = x.date_maturity
                   AND l.display_type = 'payment_term' AND l.reconciled IS NOT TRUE
                 WHERE x.state NOT IN ('ignored', 'cancelled')
                 ORDER BY x.company_id, x.partner_id,
                          COALESCE(x.date_done, x.date) DESC, x.id DESC
            )
            SELECT o.partner_id::int8 * 10000 + o.company_id AS id, o.partner_id,
                   o.company_id, c.currency_id, o.open AS amount_open,
                   -COALESCE(o.credit, 0) AS amount_credit,
                   GREATEST(o.late + COALESCE(o.credit, 0), 0) AS amount_overdue,
                   o.number AS invoice_count, o.oldest AS date_oldest,
                   d.today - o.oldest AS days_overdue, done.id AS action_id,
                   done.day AS last_date, done.level_id
              FROM opened o
              JOIN days d ON d.company_id = o.company_id
              JOIN res_company c ON c.id = o.company_id
              LEFT JOIN done ON done.company_id = o.company_id
                            AND done.partner_id = o.partner_id
            """,
            days=days,
        )

    def _compute_next(self):
        """The next step of any instalment if nobody pays."""
        plan = self.env["account.overdue.plan"]
        self.next_date = self.next_text = False
        for company, customers in self.grouped("company_id").items():
            day = company._get_billing_today()
            until = day + timedelta(days=AHEAD)
            policies, found, stops = plan._get_outlook(
                company, day, until, customers.partner_id.ids
            )
            steps = {}
            for own in found:
                policy = policies.get(own.policy_id)
                if not policy or not policy.is_on or stops[own.key][0]:
                    continue
                args = own.history, own.date_maturity, own.date_sent, day, until
                due = next(simulate(policy, *args), None)
                if due:
                    steps.setdefault(own.partner_id, []).append(due)
            for customer in customers.filtered(lambda c, s=steps: c.partner_id.id in s):
                due = min(
                    steps[customer.partner_id.id],
                    key=lambda step: (step.date, -step.level.rank),
                )
                level = self.env["account.overdue.level"].browse(due.level.id)
                customer.next_date = due.date
                customer.next_text = level.sudo().name

    def _compute_pause_text(self):
        """What is disputed, promised or on hold of the customer."""
        pauses = self.env["account.overdue.pause"].search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("state", "=", "open"),
            ]
        )
        texts = {}
        for pause in pauses:
            key = pause.partner_id.commercial_partner_id, pause.company_id
            texts.setdefault(key, []).append(
                f"{pause.document_name}: {pause._get_title()}"
            )
        for customer in self:
            key = customer.partner_id, customer.company_id
            customer.pause_text = "; ".join(texts.get(key, [])) or False

    # -- buttons ---------------------------------------------------------------------

    def action_view_invoices(self):
        """Open the customer's invoices that are not paid."""
        self.ensure_one()
        moves = self.env["account.move"].search(
            [
                ("commercial_partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "posted"),
                ("move_type", "=", "out_invoice"),
                ("payment_state", "in", ("not_paid", "partial")),
            ]
        )
        return moves._billing_open()

    def action_view_notices(self):
        """Open the reminders that the customer got."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_overdue_notice_action"
        )
        domain = [
            ("partner_id", "=", self.partner_id.id),
            ("company_id", "=", self.company_id.id),
        ]
        return {**action, "domain": domain, "context": {}}

    def action_remind_now(self):
        """Propose what is due of these customers today, and of nobody else.

        Without any customer ticked: of all of the current company.

        :return: action that opens the run, to be reviewed
        :raise BillingError: customers of several companies
        """
        return self._propose_reminders(
            self.company_id or self.env.company, self.partner_id
        )

    @api.model
    def _propose_reminders(self, companies, partners):
        """Return the action of a new run over customers, none: all of the company."""
        if len(companies) > 1:
            raise BillingError(
                self.env._(
                    "These customers owe different companies: %s. Choose those of one "
                    "company; each has a run of its own.",
                    ", ".join(companies.mapped("name")),
                )
            )
        run = self.env["account.overdue.run"].create(
            {
                "company_id": companies.id,
                "partner_ids": [fields.Command.set(partners.ids)],
            }
        )
        run.action_propose()
        return run._open()
