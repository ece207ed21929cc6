"""From the dashboard to the document, in a browser, as two people."""

from datetime import date, timedelta

from odoo import Command
from odoo.tests import HttpCase, tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestDashboardTours(BillingCommon, HttpCase):
    """600 late of the manager's project, 77 of another's; days count from today."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._get_billing_today()
        cls._owe(cls.project, 1000, (40, 10, -20))
        other = cls.env["res.partner"].create({"name": "Southwind"})
        foreign = cls._create_project(
            "Foreign", partner_id=other.id, user_id=cls.administrator.id
        )
        cls._owe(foreign, 77, (5, 5, 5))

    @classmethod
    def _owe(cls, project, amount, late):
        """Post an invoice in three instalments: 30, 30, 40 %, so many days late."""
        term = cls.env["account.payment.term"].create(
            {
                "name": "Thirds",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": part, "nb_days": days}
                    )
                    for part, days in ((30, 0), (30, 1), (40, 2))
                ],
            }
        )
        rule = cls._create_rule("milestone", project, payment_term_id=term.id)
        cls._create_item(rule, amount=amount, date_ready=date(2026, 1, 1))
        run = cls.env["project.billing.run"].create(
            {
                "company_id": cls.company.id,
                "cutoff_date": cls.today,
                "project_ids": [Command.set(project.ids)],
            }
        )
        run.action_propose()
        run.action_invoice()
        run.move_ids.action_post()
        terms = run.move_ids.line_ids.filtered("date_maturity")
        terms = terms.sorted("date_maturity")
        for line, days in zip(terms, late, strict=True):
            line.date_maturity = cls.today - timedelta(days=days)

    def test_a_project_manager_follows_what_is_late(self):
        self.start_tour(
            "/odoo",
            "project_billing_dashboard_manager_tour",
            login=self.manager.login,
        )

    def test_an_accountant_follows_a_debt_to_the_invoice(self):
        self.start_tour(
            "/odoo",
            "project_billing_dashboard_accountant_tour",
            login=self.clerk.login,
        )
