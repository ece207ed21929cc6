from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_date


class AccountOverdueRun(models.Model):
    """Propose, review, execute: what is done about a company's overdue instalments.

    ``action_propose`` fills ``line_ids`` and changes nothing else; ``action_execute``
    does what the proposed lines say and leaves ``action_ids``.
    """

    _name = "account.overdue.run"
    _description = "Overdue Run"
    _inherit = ["billing.run.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name", store=True)
    date = fields.Date(
        required=True,
        default=lambda self: self._default_date(),
        tracking=True,
        help="What is due by the end of this day.",
    )
    user_id = fields.Many2one(
        "res.users", default=lambda self: self.env.user, readonly=True, copy=False
    )
    line_ids = fields.One2many("account.overdue.run.line", "run_id")
    action_ids = fields.One2many("account.overdue.action", "run_id", string="Actions")
    notice_ids = fields.One2many("account.overdue.notice", "run_id", string="Reminders")

    @api.model
    def _default_date(self):
        return self.env.company._get_billing_today()

    @api.depends("date", "is_scheduled")
    def _compute_name(self):
        for run in self:
            day = format_date(self.env, run.date)
            run.name = (
                self.env._("Scheduled reminders of %s", day)
                if run.is_scheduled
                else self.env._("Reminders of %s", day)
            )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_input(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_input(vals)
        return super().write(vals)

    def _check_input(self, vals):
        own = {"error", "is_scheduled", "state", "user_id"}
        if not self.env.su and vals.keys() & own:
            raise AccessError(
                self.env._("State and history of a run are set by its buttons only.")
            )
