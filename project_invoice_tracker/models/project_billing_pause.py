from odoo import api, fields, models
from odoo.tools import format_date

from ..exceptions import BillingRuleError


class ProjectBillingPause(models.Model):
    """Days of a recurring fee that are not charged, with the reason.

    Both days are included. A pause that has no last day holds until it gets one.
    """

    _name = "project.billing.pause"
    _description = "Pause of a Recurring Fee"
    _order = "rule_id, date_start, id"

    rule_id = fields.Many2one(
        "project.billing.rule", required=True, ondelete="cascade", index=True
    )
    project_id = fields.Many2one(related="rule_id.project_id", store=True, index=True)
    company_id = fields.Many2one(related="rule_id.company_id", store=True)
    date_start = fields.Date(string="First day", required=True)
    date_end = fields.Date(string="Last day", help="Empty: until further notice.")
    reason = fields.Char(required=True)

    _dates = models.Constraint(
        "CHECK (date_start <= date_end)",
        "The last day of a pause is not before its first one.",
    )

    @api.depends("date_start", "date_end", "reason")
    def _compute_display_name(self):
        for pause in self:
            days = [format_date(self.env, pause.date_start)]
            days.append(format_date(self.env, pause.date_end) or "…")
            pause.display_name = f"{' – '.join(days)}: {pause.reason or ''}"

    @api.constrains("rule_id", "date_start", "date_end")
    def _check_overlap(self):
        for rule in self.rule_id:
            before = None
            for pause in rule.pause_ids.sorted("date_start"):
                if before and (
                    not before.date_end or before.date_end >= pause.date_start
                ):
                    raise BillingRuleError(
                        self.env._(
                            "The pauses %(first)s and %(second)s overlap. Change the "
                            "days of one of them.",
                            first=before.display_name,
                            second=pause.display_name,
                        )
                    )
                before = pause

    @api.model_create_multi
    def create(self, vals_list):
        pauses = super().create(vals_list)
        pauses._after_change(self.env._("Pause added"))
        return pauses

    def write(self, vals):
        rules = self.rule_id
        result = super().write(vals)
        self._after_change(self.env._("Pause changed"))
        (rules - self.rule_id)._plan_periods()
        return result

    def unlink(self):
        rules = self.rule_id
        self._log_on_rule(self.env._("Pause removed"))
        result = super().unlink()
        rules._plan_periods()
        return result

    def _after_change(self, what):
        self._log_on_rule(what)
        self.rule_id._plan_periods()

    def _log_on_rule(self, what):
        """A pause is money: who made one is kept in the rule's chatter."""
        for rule, pauses in self.grouped("rule_id").items():
            names = ", ".join(pauses.mapped("display_name"))
            rule._message_log(body=f"{what}: {names}")
