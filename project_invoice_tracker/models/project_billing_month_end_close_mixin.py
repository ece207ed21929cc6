from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import format_date

from ..exceptions import BillingError


class ProjectBillingMonthEndCloseMixin(models.AbstractModel):
    """A month that is closed keeps its figures; time typed later counts later."""

    _name = "project.billing.month.end.close.mixin"
    _description = "Closing of a Month"

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
