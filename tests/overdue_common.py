"""What tests of overdue actions share: policies, invoices, runs, a mail sink."""

from datetime import date

from odoo import Command
from odoo.tests import freeze_time

from .common import BillingCommon

DUE = date(2026, 3, 2)


class OverdueCommon(BillingCommon):
    """A customer who owes 100.00 since 2 March 2026, and a policy that is on.

    Nothing is sent by other paths: each test travels to the days of its runs.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"email": "ap@northwind.example", "lang": "en_US"})
        cls.template = cls.env.ref(
            "project_invoice_tracker.mail_template_overdue_first"
        )
        cls.policy = cls._create_policy([5, 20, 40])
        cls.company.overdue_policy_id = cls.policy

    @classmethod
    def _create_policy(cls, days, **kwargs):
        """Return a policy that is on, with a mail so many days after the due date."""
        levels = [
            {"name": f"Level {number}", "delay_days": own}
            if isinstance(own, int)
            else {"name": f"Level {number}", **own}
            for number, own in enumerate(days, 1)
        ]
        return cls.env["account.overdue.policy"].create(
            {
                "name": "Test",
                "company_id": cls.company.id,
                "is_on": True,
                "interval_days": 0,
                "daily_cap": 0,
                **kwargs,
                "level_ids": [
                    Command.create(
                        {
                            "sequence": number,
                            "mail_template_id": cls.template.id,
                            "attach_statement": False,
                            "attach_invoices": False,
                            **level,
                        }
                    )
                    for number, level in enumerate(levels)
                ],
            }
        )

    @classmethod
    def _create_invoice(cls, amount=100.0, due=DUE, **kwargs):
        """Return a posted invoice that was sent; ``invoice_date`` is the due date."""
        values = {
            "move_type": "out_invoice",
            "partner_id": cls.customer.id,
            "invoice_date": due,
            "invoice_date_due": due,
            "company_id": cls.company.id,
            "is_move_sent": True,
            **kwargs,
        }
        if not values.get("invoice_payment_term_id"):
            values["invoice_payment_term_id"] = False
        values["invoice_line_ids"] = [
            Command.create(
                {
                    "name": "Work",
                    "product_id": cls.milestone_product.id,
                    "quantity": 1,
                    "price_unit": amount,
                    "tax_ids": [Command.clear()],
                }
            )
        ]
        move = cls.env["account.move"].create(values)
        move.overdue_date_sent = values["is_move_sent"] and values["invoice_date"]
        move.action_post()
        return move

    @classmethod
    def _credit(cls, amount, day=DUE, **kwargs):
        """Return a posted credit note that nothing is matched with."""
        move = cls._create_invoice(
            amount, day, move_type="out_refund", is_move_sent=False, **kwargs
        )
        return move

    def _pay(self, move, amount, day):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"amount": amount, "payment_date": day, "group_payment": True})
        )
        return wizard._create_payments()

    def _propose_reminders(self, day, user=None, **kwargs):
        """Return a run of that day, proposed by the clerk."""
        with freeze_time(f"{day} 12:00:00"):
            run = (
                self.env["account.overdue.run"]
                .with_user(user or self.clerk)
                .create({"company_id": self.company.id, "date": day, **kwargs})
            )
            run.action_propose()
        return run

    def _remind(self, day, send=True, user=None):
        """Return the run of that day, executed, its mails accepted by the server."""
        run = self._propose_reminders(day, user)
        if run.proposed_count:
            with freeze_time(f"{day} 12:00:00"):
                run.action_execute()
                if send:
                    self._accept(run)
        return run

    def _accept(self, run):
        """The mail server takes what is ready: as if the job had sent it."""
        notices = run.sudo().notice_ids.filtered(lambda n: n.state == "ready")
        notices._set_state("sending")
        notices._note_result(False)

    def _get_levels(self, run, state="proposed"):
        """Return ``{invoice: level name}`` of what a run proposes."""
        lines = run.line_ids.filtered(lambda line: line.state == state)
        return {line.move_id: line.level_id.name for line in lines}

    def _get_reason(self, run, move=None):
        lines = run.line_ids.filtered(lambda line: not move or line.move_id == move)
        [code] = lines.mapped("reason_code")
        return code
