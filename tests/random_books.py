"""What happens to the books of a small firm, as actions that hypothesis shuffles.

Every action takes three small numbers that choose its records and values, works as the
clerk, and either succeeds or is refused by a :class:`UserError`.
"""

from datetime import date, timedelta

from odoo import Command

TODAY = date(2026, 6, 30)
FIRST = date(2026, 1, 1)
HOURS = (1, 0.25, 8, 1 / 3, -1, 7.99, 2.5)
PRICES = (100, 33.33, 0.05, 777.77, 1234.56, 0.01)
PARTS = (1, 0.5, 1 / 3, 0.1, 0.99)
ACTIONS = (
    "log ready bill bill post post type type type_bill pay pay pay_in_advance match"
    " credit credit_part unmatch redraft cancel write_entry archive"
).split()


def pick(records, number):
    """Return one of the records, or none where there is none."""
    return records[number % len(records)] if records else records


def day(number):
    """Return a day of the last five months."""
    return TODAY - timedelta(days=number * 13)


class Books:
    """Two projects of two customers, four rules in two currencies, two terms.

    :param case: the test case (:class:`.test_share.ShareCommon`) that owns the records
    """

    def __init__(self, case):
        self.case, self.env = case, case.env
        self.euro = case.setup_other_currency(
            "EUR", rates=[(str(FIRST), 1.1), ("2026-04-15", 1.37)]
        )
        self.other = self.env["res.partner"].create({"name": "Contoso"})
        self.projects = case.project | case.shop
        case.shop.partner_id = self.other
        self.projects._ensure_billing_account()
        self.terms = [self._create_term((30, 0), (70, 45)), case.thirds]
        self._create_rules()
        self.env.flush_all()
        self.first_id = max(self.env["account.move"].search([]).ids, default=0)

    def _create_term(self, *parts):
        return self.env["account.payment.term"].create(
            {
                "name": "Parts",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": part, "nb_days": days}
                    )
                    for part, days in parts
                ],
            }
        )

    def _create_rules(self):
        case, (web, shop) = self.case, self.projects
        term = {"payment_term_id": self.terms[0].id, "invoice_grouping": "customer"}
        contract = case._create_rule("milestone", web, amount=1000.01, **term)
        case._create_item(contract, amount_type="percent", percentage=33.33)
        case._create_item(contract, amount_type="percent", percentage=33.33)
        case._create_item(contract, amount_type="remainder")
        foreign = case._create_rule("milestone", shop, currency_id=self.euro.id)
        case._create_item(foreign, amount=777.77)
        case._create_rule(project=web, price=99.99, sequence=20, **term)
        case._create_rule(
            project=shop, price=66.67, sequence=20, currency_id=self.euro.id
        )
        self.tasks = case.task | case.shop_task

    # -- what there is -----------------------------------------------------------------

    @property
    def items(self):
        return self.env["project.billing.item"].search(
            [("project_id", "in", self.projects.ids)], order="id"
        )

    @property
    def entries(self):
        return self.env["account.analytic.line"].search(
            [("project_id", "in", self.projects.ids)], order="id"
        )

    def get_moves(self, state="posted", kinds=("out_invoice", "in_invoice")):
        moves = self.env["account.move"].with_user(self.case.clerk)
        return moves.search(
            [
                ("id", ">", self.first_id),
                ("state", "=", state),
                ("move_type", "in", kinds),
            ],
            order="id",
        )

    def get_open_lines(self):
        """Return the open receivable lines of payments and invoices."""
        return self.env["account.move.line"].search(
            [
                ("move_id", ">", self.first_id),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
            ],
            order="id",
        )

    # -- work --------------------------------------------------------------------------

    def log(self, a, b, c):
        self.case._create_entry(
            HOURS[a % len(HOURS)],
            day=day(c),
            task=pick(self.tasks, b),
            billing_confirmed=True,
        )

    def ready(self, a, b, c):
        pick(self.items, a).date_ready = day(b)

    def bill(self, a, b, c):
        projects = pick(self.projects, a) if b % 2 else self.projects
        moves = self.case._bill(TODAY, projects, date=day(c))
        if b % 3:
            moves.action_post()

    def post(self, a, b, c):
        kinds = ("out_invoice", "in_invoice", "out_refund")
        pick(self.get_moves("draft", kinds), a).action_post()

    def archive(self, a, b, c):
        item = pick(self.items, a)
        item.active = not item.active

    # -- documents that people type ----------------------------------------------------

    def type(self, a, b, c, move_type="out_invoice"):
        """An invoice of one or two lines, for none, one or two projects."""
        web, shop = (str(project.account_id.id) for project in self.projects)
        shared = ({web: 100}, {shop: 100}, {web: 60, shop: 30}, False, {web: 33.33})
        tax = self.case.company_data["default_tax_sale"]
        lines = [
            {
                "name": "Typed",
                "price_unit": PRICES[(a + number) % len(PRICES)],
                "quantity": 1 + number * b,
                "analytic_distribution": shared[(b + number) % len(shared)],
                "tax_ids": [Command.set(tax.ids if a % 2 else [])],
            }
            for number in range(1 + a % 2)
        ]
        move = self.env["account.move"].with_user(self.case.clerk)
        move = move.create(
            {
                "move_type": move_type,
                "partner_id": (self.other if b % 2 else self.case.customer).id,
                "invoice_date": day(c),
                "date": day(c),
                "currency_id": (
                    self.euro if c % 2 else self.case.company.currency_id
                ).id,
                "invoice_payment_term_id": (self.terms * 2 + [False])[a % 5]
                and self.terms[a % 2].id,
                "invoice_line_ids": [Command.create(values) for values in lines],
            }
        )
        if a % 4:
            move.action_post()

    def type_bill(self, a, b, c):
        self.type(a, b, c, "in_invoice")

    def write_entry(self, a, b, c):
        """An opening balance, or whatever an accountant types on the account."""
        data = self.case.company_data
        amount = PRICES[a % len(PRICES)] * (-1 if b % 2 else 1)
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": day(c),
                "journal_id": data["default_journal_misc"].id,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": data[f"default_account_{name}"].id,
                            "balance": balance,
                            "partner_id": self.other.id if b % 3 else False,
                        }
                    )
                    for name, balance in (("receivable", amount), ("revenue", -amount))
                ],
            }
        )
        move.action_post()

    # -- money -------------------------------------------------------------------------

    def pay(self, a, b, c):
        """A part of a document, in its currency or the company's."""
        move = pick(self.get_moves(), a)
        if not move or not move.amount_residual:
            return
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        values = {"payment_date": max(day(c % 7), move.date), "group_payment": True}
        if b % 3 == 0:
            values["currency_id"] = self.case.company.currency_id.id
        wizard = wizard.create(values)
        wizard.amount = max(0.01, round(wizard.amount * PARTS[b % len(PARTS)], 2))
        wizard._create_payments()

    def pay_in_advance(self, a, b, c):
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_id": (self.other if b % 2 else self.case.customer).id,
                "amount": PRICES[a % len(PRICES)],
                "date": day(c),
            }
        )
        payment.action_post()

    def match(self, a, b, c):
        """Credits and debits, also of two customers."""
        lines = self.get_open_lines()
        credits = lines.filtered(lambda line: line.balance < 0)
        debits = lines - credits
        if credits and debits:
            (pick(credits, a) | pick(debits, b)).reconcile()

    def unmatch(self, a, b, c):
        matched = self.get_moves().line_ids.filtered(
            lambda line: line.matched_debit_ids or line.matched_credit_ids
        )
        pick(matched.sudo(), a).remove_move_reconcile()

    def credit(self, a, b, c):
        move = pick(self.get_moves(kinds=("out_invoice",)), a)
        if move:
            modes = ("work_back", "price_reduction", "write_off")
            self.case._reverse(move, modes[b % 3], post=bool(c % 3))

    def credit_part(self, a, b, c):
        move = pick(self.get_moves(kinds=("out_invoice",)), a)
        if move:
            credit = self.case._reverse(move, "price_reduction", post=False)
            line = pick(credit.invoice_line_ids, b)
            line.price_unit = round(line.price_unit * PARTS[c % len(PARTS)], 2)
            credit.action_post()

    def redraft(self, a, b, c):
        pick(self.get_moves(kinds=("out_invoice", "out_refund")), a).button_draft()

    def cancel(self, a, b, c):
        move = pick(self.get_moves(kinds=("out_invoice", "in_invoice")), a)
        move.button_draft()
        move.button_cancel()
