from odoo import api, models

LEVELS = (1, 2)  # alerts: at the rule's percentage, at all hours


class ProjectBillingPrepaidAlertMixin(models.AbstractModel):
    """Project managers are told when prepaid hours run out."""

    _name = "project.billing.prepaid.alert.mixin"
    _description = "Prepaid Hours: Alerts"

    @api.model
    def _alert(self, rules=None):
        """Tell project managers once when hours reach the percentage, and when all.

        :param rules: rules that give hours; None = all
        """
        domain = [
            ("prepaid_hours", ">", 0),
            ("prepaid_alert_level", "<", LEVELS[-1]),
            ("rule_id.active", "=", True),
            ("rule_id.prepaid_alert_percent", ">", 0),
        ]
        if rules is not None:
            domain.append(("rule_id", "in", rules.ids))
        items = self.env["project.billing.item"].sudo().search(domain)
        items = items.filtered(lambda item: item._is_alert_due())
        figures = ["prepaid_used", "prepaid_expired", "prepaid_left"]
        items.invalidate_recordset(figures)  # they follow time entries, too
        for item in items:
            share = item.prepaid_used / item.prepaid_hours * 100.0
            level = 2 if round(share, 2) >= 100.0 else 1
            if round(share, 2) < item.rule_id.prepaid_alert_percent:
                continue
            if level > item.prepaid_alert_level:
                self._alert_manager(item, share)
                item.prepaid_alert_level = level

    @api.model
    def _alert_manager(self, item, share):
        user = item.project_id.user_id
        # an activity is what was asked for, no mail
        item = item.with_context(lang=user.lang, mail_activity_quick_update=True)
        item.project_id.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=user.id,
            date_deadline=item.company_id._get_billing_today(),
            summary=item.env._(
                "%(share).0f %% of the hours of %(item)s are used",
                share=share,
                item=item.name,
            ),
            note=item.env._(
                "%(used).2f of %(hours).2f h are used, %(left).2f h are left. More "
                "work is invoiced at the rates of its own rule.",
                used=item.prepaid_used,
                hours=item.prepaid_hours,
                left=item.prepaid_left,
            ),
        )
