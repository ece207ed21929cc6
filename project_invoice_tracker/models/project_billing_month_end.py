from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
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
        "project.billing.month.end.needs.mixin",
        "project.billing.month.end.close.mixin",
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

    # -- printing --------------------------------------------------------------------

    def _get_title(self):
        return self.env._(
            "Work in progress, %(month)s, %(company)s",
            month=self.name,
            company=self.company_id.name,
        )

    def _get_wip_rows(self):
        return self.line_ids

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
