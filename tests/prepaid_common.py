"""What tests of prepaid hours share: a pack, a retainer, time that draws from them."""

from datetime import date

from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import BillingCommon

JUNE_1, JUNE_30 = date(2026, 6, 1), date(2026, 6, 30)
JULY_1, JULY_31 = date(2026, 7, 1), date(2026, 7, 31)


@tagged("post_install", "-at_install")
@freeze_time("2026-06-30")
class PrepaidCommon(BillingCommon):
    """A pack of 20 hours for 1,800, time beyond it at 100 an hour."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.packs = cls._create_rule("milestone", name="Packs")
        cls.overage = cls._create_rule(
            name="Support", price=100, prepaid_rule_ids=[Command.link(cls.packs.id)]
        )

    @classmethod
    def _create_pack(cls, hours=20.0, start=JUNE_1, amount=1800.0, **kwargs):
        return cls.env["project.billing.item"].create(
            {
                "rule_id": cls.packs.id,
                "kind": "pack",
                "name": f"Pack of {hours:g} hours",
                "prepaid_hours": hours,
                "amount": amount,
                "date_start": start,
                **kwargs,
            }
        )

    @classmethod
    def _create_retainer(cls, hours=10.0, **kwargs):
        rule = cls._create_rule(
            "recurring",
            name="Retainer",
            amount=900,
            included_hours=hours,
            date_start="2026-06-01",
            **kwargs,
        )
        cls.overage.prepaid_rule_ids = [Command.set(rule.ids)]
        return rule

    def _get_draws(self, items=None):
        domain = [("kind", "=", "draw"), ("rule_id", "=", self.overage.id)]
        if items:
            domain.append(("item_id", "in", items.ids))
        return self.env["project.billing.allocation"].search(domain)

    def _get_draw_lines(self, run):
        return run.line_ids.filtered("draw_item_id")

    def _get_item(self, rule, day):
        return rule.item_ids.filtered(lambda i: i.date_start == day)

    def _get_balance(self, record):
        record.invalidate_recordset()
        names = ("included", "carried", "used", "expired", "left")
        return tuple(record[f"prepaid_{name}"] for name in names)
