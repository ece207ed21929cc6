from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import format_date

from ..exceptions import BillingError

OWN_FIELDS = frozenset(
    {
        "state",
        "closed_date",
        "closed_user_id",
        "refreshed_date",
        "accrual_move_id",
        "reversal_move_id",
        "accrued_amount",
        "difference_count",
    }
)


class ProjectBillingMonthEnd(models.Model):
    """What the end of a month still needs: one page for each company and month.

    Its figures are those of the last refresh; closing keeps them. Time that is typed
    after its month was closed counts from the first day of the next open month, so a
    closed month stays as it was (see ``tools/wip.py``). Amounts in company currency.
    """

    _name = "project.billing.month.end"
    _description = "Month-end of Project Billing"
    _inherit = [
        "project.billing.accrual.mixin",
        "project.billing.wip.print.mixin",
        "project.billing.check.mixin",
        "mail.thread",
    ]
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(
        string="Month end",
        required=True,
        default=lambda self: self._default_date(),
        help="Any day of the month; the page is about the whole month.",
    )
    date_from = fields.Date(compute="_compute_date_from")
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")],
        required=True,
        default="open",
        readonly=True,
        copy=False,
        tracking=True,
    )
    closed_date = fields.Datetime(string="Closed on", readonly=True, copy=False)
    closed_user_id = fields.Many2one(
        "res.users",
        string="Closed by",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    refreshed_date = fields.Datetime(
        string="Figures of", readonly=True, copy=False, help="The last refresh."
    )
    line_ids = fields.One2many(
        "project.billing.month.end.line", "month_end_id", readonly=True
    )
    time_ids = fields.One2many(
        "project.billing.month.end.time", "month_end_id", readonly=True
    )
    wip = fields.Monetary(compute="_compute_totals", string="WIP")
    advance = fields.Monetary(compute="_compute_totals", string="Billed in advance")
    closing = fields.Monetary(compute="_compute_totals")
    missing_count = fields.Integer(compute="_compute_counts", string="Missing time")
    review_count = fields.Integer(compute="_compute_counts", string="To review")
    draft_count = fields.Integer(compute="_compute_counts", string="Drafts")
    late_count = fields.Integer(compute="_compute_counts", string="Late entries")

    overdue_count = fields.Integer(compute="_compute_counts", string="Overdue")

    _month_once = models.UniqueIndex(
        "(company_id, date)", "This month of the company has its page already."
    )

    # -- defaults and computes -------------------------------------------------------

    @api.model
    def _default_date(self):
        return self.env.company._get_billing_today().replace(day=1) - relativedelta(
            days=1
        )

    @api.depends("date", "company_id")
    def _compute_name(self):
        for page in self:
            month = page.date and format_date(self.env, page.date, date_format="MMMM y")
            page.name = month or self.env._("Month-end")

    @api.depends("date")
    def _compute_date_from(self):
        for page in self:
            page.date_from = page.date and page.date.replace(day=1)

    @api.depends("line_ids.wip", "line_ids.advance", "line_ids.closing")
    def _compute_totals(self):
        sums = {
            page.id: own
            for page, *own in self.env["project.billing.month.end.line"]._read_group(
                [("month_end_id", "in", self._origin.ids)],
                ["month_end_id"],
                ["wip:sum", "advance:sum", "closing:sum"],
            )
        }
        for page in self:
            found = sums.get(page._origin.id, (0.0, 0.0, 0.0))
            page.wip, page.advance, page.closing = found

    @api.depends("date", "company_id", "time_ids")
    def _compute_counts(self):
        for page in self:
            if not page.date:
                page.missing_count = page.review_count = 0
                page.draft_count = page.late_count = page.overdue_count = 0
                continue
            page.missing_count = len(page.time_ids)
            for name, (model, domain) in page._get_checks().items():
                if name != "difference":  # reads all books: counted by a refresh
                    page[f"{name}_count"] = self.env[model].search_count(domain)

    def _get_checks(self):
        """Return ``{check: (model, domain)}`` of what the month still needs.

        Another add-on adds checks with a ``<name>_count`` field of its own.
        """
        self.ensure_one()
        return {
            "review": ("project.billing.run.line", self._get_review_domain()),
            "draft": ("account.move", self._get_draft_domain()),
            "late": ("account.analytic.line", self._get_late_domain()),
            "overdue": ("account.move", self._get_overdue_domain()),
            "difference": (
                "project.billing.check",
                Domain("company_id", "=", self.company_id.id),
            ),
        }

    def _get_review_domain(self):
        """Lines of runs up to the month's end that nobody has decided upon."""
        return (
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "proposed")
            & Domain("run_id.state", "=", "proposed")
            & Domain("run_id.cutoff_date", "<=", self.date)
        )

    def _get_draft_domain(self):
        """Drafts that bill work: they lower WIP when they are posted, not before."""
        return (
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "draft")
            & Domain("move_type", "in", ("out_invoice", "out_refund"))
            & (
                Domain("billing_run_id", "!=", False)
                | Domain("billing_allocation_ids", "!=", False)
                | Domain("reversed_entry_id.billing_allocation_ids", "!=", False)
            )
            & (Domain("date", "<=", self.date) | Domain("date", "=", False))
        )

    def _get_late_domain(self):
        """Time of the month that was typed after its last day."""
        end = self.env["project.billing.wip"]._get_end_of_day(
            self.company_id, self.date
        )
        return (
            Domain("billing_rule_id.company_id", "=", self.company_id.id)
            & Domain("date", ">=", self.date_from)
            & Domain("date", "<=", self.date)
            & Domain("create_date", ">=", end)
        )

    def _get_overdue_domain(self):
        """Invoices of projects, due by the month's end and open: bad debts to be."""
        return (
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "posted")
            & Domain("move_type", "=", "out_invoice")
            & Domain("payment_state", "in", ("not_paid", "partial"))
            & Domain("invoice_date_due", "<=", self.date)
            & Domain("billing_allocation_ids", "!=", False)
        )

    # -- CRUD ------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_input(vals)
            if vals.get("date"):
                vals["date"] = self._get_month_end(vals["date"])
        pages = super().create(vals_list)
        for page in pages:
            page._check_input({"state": page.state} if page.state != "open" else {})
            if page.date != self._get_month_end(page.date):
                page.date = self._get_month_end(page.date)
            page._refresh()
        return pages

    def write(self, vals):
        self._check_input(vals)
        if "date" in vals:
            vals = {**vals, "date": self._get_month_end(vals["date"])}
        if vals.keys() & {"date", "company_id"} and (
            self.filtered("accrual_move_id") or "closed" in self.mapped("state")
        ):
            raise BillingError(
                self.env._(
                    "The page of a closed or accrued month stays with its month. Make "
                    "a page for the other month."
                )
            )
        result = super().write(vals)
        if vals.keys() & {"date", "company_id"}:
            for page in self:
                page._refresh()
        return result

    @api.model
    def _get_month_end(self, day):
        return fields.Date.to_date(day) + relativedelta(day=31)

    def _check_input(self, vals):
        if not self.env.su and vals.keys() & OWN_FIELDS:
            raise AccessError(
                self.env._("State and entries of a month are set by its buttons only.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = self.filtered(lambda page: page.state != "open" or page.accrual_move_id)
        if used:
            raise BillingError(
                self.env._(
                    "%s is closed or accrued. Open it again and delete its accrual "
                    "first.",
                    ", ".join(used.mapped("name")),
                )
            )

    # -- figures ---------------------------------------------------------------------

    def action_refresh(self):
        """Button: work the figures of open months out again."""
        self.check_access("write")
        self._check_state_open()
        for page in self:
            page._refresh()
        return True

    def _refresh(self):
        self.ensure_one()
        page = self.with_env(self.company_id._in_billing_context().env).sudo()
        page._keep_progress()
        self.env["project.billing.month.end.line"].sudo()._fill(page)
        self.env["project.billing.month.end.time"].sudo()._fill(page)
        page._count_differences()
        page.refreshed_date = fields.Datetime.now()

    def _keep_progress(self):
        """Keep the progress that tasks, hours or costs measure now as the month's.

        What people typed was kept on the day they typed it.
        """
        items = self.env["project.billing.item"].search(
            [("kind", "=", "progress"), ("company_id", "=", self.company_id.id)]
        )
        measured = items.filtered(
            lambda i: (i.progress_source or i.rule_id.progress_source) != "typed"
        )
        if self.date < self.company_id._get_billing_today():
            measured._log_progress(self.date)

    # -- closing ---------------------------------------------------------------------

    def action_close(self):
        """Button: keep the figures; time typed from now on counts in later months."""
        self.check_access("write")
        self._check_state_open()
        for page in self:
            if page.date >= page.company_id._get_billing_today():
                raise BillingError(
                    self.env._("%s is not over yet: close it afterwards.", page.name)
                )
            page._refresh()
            page.sudo().write(
                {
                    "state": "closed",
                    "closed_date": self.env.cr.now(),
                    "closed_user_id": self.env.uid,
                }
            )
        return True

    def action_reopen(self):
        """Button: late time counts in its month again, until the month is closed."""
        self.check_access("write")
        self.sudo().write(
            {"state": "open", "closed_date": False, "closed_user_id": False}
        )
        return True

    def _check_state_open(self):
        closed = self.filtered(lambda page: page.state == "closed")
        if closed:
            raise BillingError(
                self.env._(
                    "%s is closed and keeps its figures. Open it again to change them.",
                    ", ".join(closed.mapped("name")),
                )
            )

    @api.model
    def _get_closing_moments(self, companies, day):
        """Return ``{company id: moment}`` at which a day was closed; open ones not.

        A day is closed with its own month or, where that was left out, a later one.
        """
        groups = self.sudo()._read_group(
            [
                ("company_id", "in", companies.ids),
                ("state", "=", "closed"),
                ("date", ">=", day),
            ],
            ["company_id"],
            ["closed_date:min"],
        )
        return {company.id: moment for company, moment in groups}

    @api.model
    def _check_open(self, companies, day):
        """Refuse a date in a closed month.

        :raise BillingError: naming the month and the first open day
        """
        closed = self.sudo().search(
            [
                ("company_id", "in", companies.ids),
                ("state", "=", "closed"),
                ("date", ">=", day),
            ],
            order="date desc",
            limit=1,
        )
        if day and closed:
            raise BillingError(
                self.env._(
                    "%(month)s is closed. Choose %(day)s or later, or open the month "
                    "again.",
                    month=closed.name,
                    day=format_date(self.env, closed.date + relativedelta(days=1)),
                )
            )

    # -- printing --------------------------------------------------------------------

    def _get_title(self):
        return self.env._(
            "Work in progress, %(month)s, %(company)s",
            month=self.name,
            company=self.company_id.name,
        )

    def _get_wip_rows(self):
        return self.line_ids

    # -- opening records -------------------------------------------------------------

    def _open(self, model, name, domain, **kwargs):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "list,form",
            "domain": list(domain),
            "context": {"create": False},
            **kwargs,
        }

    def action_open_check(self):
        """Button: open the records of the check named in the context."""
        self.ensure_one()
        name = self.env.context["check"]
        model, domain = self._get_checks()[name]
        labels = {
            "review": self.env._("Lines to review, %s", self.name),
            "draft": self.env._("Draft invoices, %s", self.name),
            "late": self.env._("Typed after the end of %s", self.name),
            "overdue": self.env._("Due by the end of %s and open", self.name),
            "difference": self.env._("Ledger check, %s", self.name),
        }
        context = {"create": False}
        if name == "difference":
            context |= self._get_check_context()
        return self._open(model, labels.get(name, name), domain, context=context)

    def action_open_wip(self):
        """Button: open the work in progress of the month as it is now."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.project_billing_wip_action"
        )
        title = self.env._("WIP of %s", self.name)
        return {
            **action,
            "display_name": title,
            "name": title,
            "domain": [("company_id", "=", self.company_id.id)],
            "context": {
                "billing_wip_from": str(self.date_from),
                "billing_wip_to": str(self.date),
            },
        }
