"""What tests of recurring fees share."""

from odoo.tests import freeze_time, tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-01-10")
class RecurringCommon(BillingCommon):
    @classmethod
    def _create_fee(cls, amount=1000.0, start="2026-01-01", **kwargs):
        values = {"name": "Support", "date_start": start, "amount": amount, **kwargs}
        return cls._create_rule("recurring", **values)

    def _get_periods(self, rule):
        return self.env["project.billing.item"].search(
            [("rule_id", "=", rule.id)], order="date_start"
        )

    def _get_days(self, rule, count=3):
        periods = self._get_periods(rule)[:count]
        return [(str(item.date_start), str(item.date_end)) for item in periods]

    def _get_amounts(self, rule, count=3):
        return self._get_periods(rule)[:count].mapped("billable_amount")

    def _pause(self, rule, start, end, reason="Closed"):
        return self.env["project.billing.pause"].create(
            {
                "rule_id": rule.id,
                "date_start": start,
                "date_end": end,
                "reason": reason,
            }
        )
