"""What people do to deals: actions that a machine can shuffle."""

from datetime import date, timedelta

from odoo import Command

from .common import ADDON
from .stateful import TODAY
from .stateful_documents import PRICES, pick

PERCENTAGES = (40, 0, 100, 33.333333, 62.5, 10, 99.99, 5, 75, 1, 150, 50)
COSTS = (100, 33.33, 250.5, 0.07, 1000, 19.99)


class DealActions:
    """Actions on the deals of a :class:`.stateful_deals.Deals`."""

    # -- the deal ----------------------------------------------------------------------

    def type_progress(self, a, b, c):
        wizard = self.env["project.billing.progress"].with_user(self.case.manager)
        wizard = wizard.create({"rule_id": self.claim.id})
        line = pick(wizard.line_ids, a)
        line.percentage = PERCENTAGES[(b + c) % len(PERCENTAGES)]
        wizard.action_apply()

    def limit(self, a, b, c):
        amount = (1500, 800, 0, 2500, 400.01, 5000)[b % 6]
        if c % 2:
            self.extras.cap_amount = amount
        else:
            self.order.amount = amount

    def change_order(self, a, b, c):
        self.case._create_rule(
            project=self.extras.project_id,
            sequence=6,
            parent_id=self.extras.id,
            rate_card_id=self.card.id,
            cap_amount=PRICES[b % len(PRICES)],
        )

    def change_fee(self, a, b, c):
        values = (
            {"amount": (300, 333.33, 250)[b % 3]},
            {"included_hours": (3, 5, 1.5)[b % 3]},
            {"date_end": ("2026-08-31", "2026-06-20", "2026-07-31")[b % 3]},
        )
        self.fee.write(values[c % 3])

    def pause(self, a, b, c):
        if self.fee.pause_ids and c % 3 == 0:
            pick(self.fee.pause_ids, a).unlink()
        else:
            start = date(2026, 5, 1) + timedelta(days=9 * b)
            self.env["project.billing.pause"].create(
                {
                    "rule_id": self.fee.id,
                    "date_start": start,
                    "date_end": start + timedelta(days=3 * c),
                    "reason": "Closed",
                }
            )

    def sell_pack(self, a, b, c):
        self._create_pack((5, 2, 0.5)[b % 3], TODAY - timedelta(days=3 * c))

    def share_otherwise(self, a, b, c):
        rule = self.shared if c % 2 else self.contracts[0]
        rule.payer_ids = self._prepare_payers((60, 50, 33.3333)[b % 3])

    def take_draws_back(self, a, b, c):
        draws = self.draws if c % 3 == 0 else pick(self.draws, a)
        draws.with_user(self.case.manager).action_take_back()

    def refund_deposit(self, a, b, c):
        rules = self.depositing.filtered("deposit_left_amount")
        pick(rules, a).with_user(self.case.clerk).action_refund_deposit()
        if c % 2:
            self.get_moves("out_refund", "draft").action_post()

    def release_retention(self, a, b, c):
        rule = pick(self.contracts[0] | self.claim, a)
        rule.with_user(self.case.manager).action_release_retention()

    def withdraw_release(self, a, b, c):
        rule = pick(self.contracts[0] | self.claim, a)
        rule.with_user(self.case.manager).action_withdraw_release()

    # -- costs -------------------------------------------------------------------------

    def receive_bill(self, a, b, c):
        web, clinic = (str(project.account_id.id) for project in self.projects)
        distribution = {web: 100} if c % 3 else {web: 60, clinic: 40}
        line = {
            "name": "Server",
            "quantity": 1,
            "price_unit": COSTS[b % len(COSTS)],
            "account_id": self.case.company_data["default_account_expense"].id,
            "tax_ids": [Command.clear()],
            "analytic_distribution": distribution,
        }
        day = TODAY - timedelta(days=c)
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.vendor.id,
                "invoice_date": day,
                "date": day,
                "ref": f"R-{len(self.bills)}",
                "invoice_line_ids": [Command.create(line)],
            }
        )
        if a % 3:
            bill.action_post()

    def reset_bill(self, a, b, c):
        pick(self.bills.filtered(lambda m: m.state == "posted"), a).button_draft()

    def post_bill(self, a, b, c):
        pick(self.bills.filtered(lambda m: m.state == "draft"), a).action_post()

    def change_bill(self, a, b, c):
        bill = pick(self.bills.filtered(lambda m: m.state != "cancel"), a)
        if not bill:
            return
        if bill.state == "posted":
            bill.button_draft()
        values = {"price_unit": COSTS[b % len(COSTS)]}
        line = bill.invoice_line_ids[0]
        bill.invoice_line_ids = [Command.update(line.id, values)]
        bill.action_post()

    def cancel_bill(self, a, b, c):
        pick(self.bills.filtered(lambda m: m.state == "draft"), a).button_cancel()

    def delete_bill(self, a, b, c):
        pick(self.bills.filtered(lambda m: m.state == "draft"), a).unlink()

    def credit_bill(self, a, b, c):
        bill = pick(self.bills.filtered(lambda m: m.state == "posted"), a)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=bill.ids)
            .create({"journal_id": bill.journal_id.id, "date": TODAY})
        )
        wizard.refund_moves()
        refund = wizard.new_move_ids
        if c % 2:
            price = refund.invoice_line_ids[0].price_unit / 2
            line = Command.update(refund.invoice_line_ids[0].id, {"price_unit": price})
            refund.invoice_line_ids = [line]
        refund.action_post()

    # -- invoices ----------------------------------------------------------------------

    def copy_line(self, a, b, c):
        if line := self.pick_line(a):
            self._edit(line, Command.create(line.copy_data()[0]))

    def change_product(self, a, b, c):
        if line := self.pick_line(a):
            name = ("cost", "hours", "milestone")[b % 3]
            product = self.env.ref(f"{ADDON}.product_project_{name}")
            self._edit(line, Command.update(line.id, {"product_id": product.id}))

    def pay(self, a, b, c):
        moves = self.get_moves(state="posted").filtered("amount_residual")
        if not moves:
            return
        move = pick(moves, a)
        values = {"payment_date": TODAY}
        if c % 2:
            values["amount"] = move.currency_id.round(move.amount_residual / 2)
        self.env["account.payment.register"].with_user(self.case.clerk).with_context(
            active_model="account.move", active_ids=move.ids
        ).create(values).action_create_payments()
