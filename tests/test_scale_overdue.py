"""A run of reminders costs no query for an instalment more.

Counted are queries, never seconds.
"""

from datetime import timedelta

from odoo import Command
from odoo.tests import freeze_time

from .overdue_common import DUE, OverdueCommon

CUSTOMERS = 50
FEW, MANY = 2, 20  # instalments of each
DAY = DUE + timedelta(days=30)
SPARE = 10
WRITINGS = 2  # of run line and action, by the host: a statement for a hundred rows


class TestScaleOverdue(OverdueCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.level_ids[1:].active = False
        cls._create_debtors(2, FEW)
        cls._run_reminders()  # fills the caches

    @classmethod
    def _create_debtors(cls, count, number):
        """Return customers who owe so many instalments each, all overdue."""
        partners = cls.env["res.partner"].create(
            [
                {"name": f"Debtor {i}", "email": f"debtor{number}.{i}@firm.example"}
                for i in range(count)
            ]
        )
        term = cls.env["account.payment.term"].create(
            {
                "name": f"{number} instalments",
                "line_ids": [
                    Command.create(
                        {
                            "value": "percent",
                            "value_amount": 100 / number,
                            "delay_type": "days_after",
                            "nb_days": i,
                        }
                    )
                    for i in range(number)
                ],
            }
        )
        line = {
            "name": "Work",
            "product_id": cls.milestone_product.id,
            "price_unit": 1000,
            "tax_ids": [],
        }
        moves = cls.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": DUE,
                    "invoice_payment_term_id": term.id,
                    "company_id": cls.company.id,
                    "is_move_sent": True,
                    "invoice_line_ids": [Command.create(line)],
                }
                for partner in partners
            ]
        )
        moves.overdue_date_sent = DUE
        moves.action_post()
        return partners

    @classmethod
    def _run_reminders(cls):
        """Propose, execute and write the mails of who was not reminded yet."""
        runs = cls.env["account.overdue.run"].with_user(cls.clerk)
        cls.env.flush_all()
        cls.env.invalidate_all()
        with freeze_time(f"{DAY} 12:00:00"):
            run = runs.create({"company_id": cls.company.id, "date": DAY})
            run.action_propose()
            run.action_execute()
            for batch in run.sudo().notice_ids._split_queue():
                batch._prepare_mails()
        cls.env.flush_all()
        return run.sudo()

    def _count(self, customers, instalments):
        """Return the queries of a run; each customer gets one mail with all."""
        self._create_debtors(customers, instalments)
        before = self.env.cr.sql_log_count
        run = self._run_reminders()
        queries = self.env.cr.sql_log_count - before
        self.assertEqual(len(run.notice_ids.mail_id), customers)
        self.assertEqual(len(run.action_ids), customers * instalments)
        return queries

    def test_queries_do_not_grow_with_the_instalments_of_a_customer(self):
        few = self._count(CUSTOMERS, FEW)
        many = self._count(CUSTOMERS, MANY)
        rows = CUSTOMERS * (MANY - FEW)
        self.assertLessEqual(many, few + SPARE + WRITINGS * rows / 100)

    def test_customers_are_not_read_one_by_one(self):
        few = self._count(CUSTOMERS // 5, FEW)
        many = self._count(CUSTOMERS, FEW)
        # fifty mails are written at a time
        self.assertLessEqual(many, few + SPARE)
