from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.habit import Instalment, learn
from ..tools.habit_query import (
    build_instalments_query,
    join_habits,
    select_expected,
)

# what the query reads: written to the database before it runs
SOURCES = ("account.move", "account.move.line", "account.partial.reconcile")


class ProjectBillingHabit(models.Model):
    """How many days late a payer usually pays a company: one row for each of them.

    The row without a partner is the company's own habit, for payers of whom nothing is
    known. Written anew by a daily job, never by hand: a day more or less of history
    moves no habit, and screens need not read years of payments each time. The method
    is that of ``tools/habit.py``; how good it is stands in ``docs/forecast.md``.
    """

    _name = "project.billing.habit"
    _description = "Payment Habit"
    _order = "days desc, payment_count desc, id"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Payer",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="Empty: all payers of the company together.",
    )
    days = fields.Integer(
        string="Days late",
        readonly=True,
        aggregator="avg",
        help="After the due date; negative: before it. Average of the last 20 "
        "payments without the highest and lowest tenth.",
    )
    payment_count = fields.Integer(
        string="Payments",
        readonly=True,
        help="Instalments paid in full by money, of the last two years. At most the "
        "last 20 of a payer.",
    )
    date = fields.Date(string="As of", readonly=True)

    _payer_uniq = models.UniqueIndex(
        "(company_id, partner_id) WHERE partner_id IS NOT NULL"
    )
    _company_uniq = models.UniqueIndex("(company_id) WHERE partner_id IS NULL")

    @api.depends("days", "payment_count", "partner_id")
    def _compute_display_name(self):
        for habit in self:
            habit.display_name = habit._get_sentence()

    def _get_sentence(self):
        """Return the habit in words, as an accountant would say it."""
        self.ensure_one()
        when, count = self._get_days_in_words(), self.payment_count
        if not self.partner_id:
            return self.env._(
                "Customers usually pay %(when)s (%(count)s payments)",
                when=when,
                count=count,
            )
        if count == 1:
            return self.env._("Usually pays %(when)s (one payment)", when=when)
        return self.env._(
            "Usually pays %(when)s (last %(count)s payments)", when=when, count=count
        )

    def _get_days_in_words(self):
        if not self.days:
            return self.env._("on the due date")
        if abs(self.days) == 1:
            late, early = self.env._("1 day late"), self.env._("1 day early")
        else:
            late = self.env._("%(days)s days late", days=self.days)
            early = self.env._("%(days)s days early", days=-self.days)
        return late if self.days > 0 else early

    @api.model
    def _get_expected_dates(self, lines, today):
        """Return ``{line: day}`` on which open instalments of customers are expected.

        :param lines: receivable journal items with a due date
        :param today: they are open on this day
        """
        today, due = SQL("%s::date", today), SQL("line.date_maturity")
        query = SQL(
            """
            SELECT line.id, %(expected)s
              FROM account_move_line line
              LEFT JOIN res_partner p ON p.id = line.partner_id
              %(habits)s
             WHERE line.id = ANY(%(ids)s) AND line.date_maturity IS NOT NULL
            """,
            expected=select_expected(due, today),
            habits=join_habits(SQL("line.company_id"), SQL("p.commercial_partner_id")),
            ids=lines.ids,
        )
        for model in (lines._name, "res.partner", self._name, f"{self._name}.wait"):
            self.env[model].flush_model()
        return {lines.browse(one): day for one, day in self.env.execute_query(query)}

    # -- learning --------------------------------------------------------------------

    @api.model
    def _cron_refresh(self):
        """Learn the habits of all companies."""
        companies = self.env["res.company"].sudo().search([("active", "=", True)])
        companies._refresh_billing_habits()

    @api.model
    def _get_habits(self, company, day):
        """Return the :class:`..tools.habit.Habits` of a company as known on a day."""
        for model in SOURCES:
            self.env[model].flush_model()
        query = build_instalments_query(company.id, day)
        rows = self.env.execute_query(query)
        return learn([Instalment(*row) for row in rows], day)

    @api.model
    def _store(self, company, habits, day):
        """Put these habits in the place of all that were known of a company."""
        waits = self.env["project.billing.habit.wait"].sudo()
        self.sudo().search([("company_id", "=", company.id)]).unlink()
        waits.search([("company_id", "=", company.id)]).unlink()
        if habits.company is None:
            return
        known = {False: habits.company, **habits.payers}
        self.sudo().create(
            [
                {
                    "company_id": company.id,
                    "partner_id": partner_id,
                    "days": habit.days,
                    "payment_count": habit.count,
                    "date": day,
                }
                for partner_id, habit in known.items()
            ]
        )
        waits.create(
            [
                {"company_id": company.id, "beyond": beyond, "days": days}
                for beyond, days in habits.waits.items()
            ]
        )
