"""A year of a small firm's receivables, done by real users and told to the oracle.

Every event takes a day of the company and two small numbers that choose its records
and values. What is impossible (a promise on a paid invoice) is left out here as there.
"""

from datetime import date, datetime, timedelta
from heapq import heapify, heappop, heappush

import pytz

from odoo import Command
from odoo.tests import freeze_time

from .overdue_oracle import DAY, LATE_DAYS, Bill, Oracle, Part, Paused

HOURS = (0, 5, 12, 23)  # of the company's day; half past
SHARES = (100, 100, 30, 55)  # % of what is open
LAST = date(2026, 12, 31)
EDGES = 6  # runs of a history on the edge of something
RUNS = ("clerk", "clerk_twice", "job", "job_twice")
ACTIONS = (
    *("bill_one", "bill_split") * 2,
    *RUNS * 4,
    *("send", "pay", "pay", "credit", "match", "bounce"),
    *("dispute", "hold_customer", "promise", "promise", "end"),
)


class World:
    """Two customers of the case's company, one policy, a clock in the company's zone.

    :param case: a test case of ``SendCommon``: mails arrive in its sink
    """

    def __init__(self, case, plan):
        self.case, self.env = case, case.env
        self.zone = pytz.timezone(plan["zone"])
        case.company.partner_id.tz = plan["zone"]
        case.company.overdue_schedule_active = True
        self.oracle = Oracle(plan["rungs"], plan["interval"], plan["is_stepwise"])
        policy = case._create_policy(
            [self._prepare_level(rung) for rung in plan["rungs"]],
            interval_days=plan["interval"],
            is_stepwise=plan["is_stepwise"],
        )
        case.company.overdue_policy_id = policy
        self.levels = {level: n for n, level in enumerate(policy.level_ids.sorted())}
        self.customers = [case.customer, case.other]
        self.moves, self.bills, self.credits, self.payments = {}, {}, {}, []
        self.pauses, self.last_job = {}, None

    def _prepare_level(self, rung):
        values = {"delay_type": rung.kind, "delay_days": rung.days}
        if rung.fee:
            values |= {"fee_type": "fixed", "fee_amount": rung.fee / 100}
        if rung.rate:
            values |= {"interest_type": "agreed", "interest_rate": rung.rate}
        return values

    def play(self, events):
        """Do the events in their order; each ends with books and oracle compared.

        Runs come also on the days on which something just becomes due, or does not.
        """
        self.queue = [(day, n, *event) for n, (day, *event) in enumerate(events)]
        heapify(self.queue)
        self.edges = 0
        with freeze_time("2026-01-01 12:00:00") as self.clock:
            while self.queue:
                day, number, action, a, b = heappop(self.queue)
                local = datetime(day.year, day.month, day.day, HOURS[b % 4], 30)
                now = self.zone.localize(local).astimezone(pytz.utc)
                self.now = now.replace(tzinfo=None)
                self.clock.move_to(self.now)
                self._settle(day)  # the hourly job has been there before
                getattr(self, action)(day, a, b)
                self._settle(day)
                self.case.compare(self, f"{number}: {action} on {day}")

    def _look_at(self, today, day):
        """Let runs come on the last day before something changes, and on that day."""
        for edge in (day - DAY, day):
            if self.edges < EDGES and today < edge <= LAST:
                self.edges += 1
                event = ("clerk", "job")[self.edges % 2], 0, self.edges
                heappush(self.queue, (edge, 1000 + self.edges, *event))

    def _settle(self, day):
        self.env["account.overdue.pause"]._cron_settle()
        since = self.now.date() - timedelta(days=LATE_DAYS)
        self.oracle.settle(day, since)

    def _pick(self, bills, number):
        return bills[number % len(bills)] if bills else None

    def _pick_open(self, number):
        return self._pick([b for b in self.bills.values() if b.open], number)

    def _as_clerk(self, record):
        return record.with_user(self.case.clerk)

    # -- invoices, money, credits ----------------------------------------------------

    def _create_move(self, customer, cents, day, **values):
        move = self._as_clerk(self.env["account.move"]).create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customers[customer].id,
                "invoice_date": day,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Work",
                            "product_id": self.case.milestone_product.id,
                            "price_unit": cents / 100,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
                **values,
            }
        )
        move.action_post()
        return move.sudo()

    def bill_one(self, day, a, b):
        due = day + DAY * (5 * a)
        cents = 10000 + 3333 * b
        values = {"invoice_date_due": due}
        self._bill(day, a, cents, [Part(due, cents)], values)

    def bill_split(self, day, a, b):
        """30 % in ten days, the rest in 45."""
        cents = 99999 + a
        first = round(cents * 0.3)
        parts = [Part(day + 10 * DAY, first), Part(day + 45 * DAY, cents - first)]
        values = {"invoice_payment_term_id": self.case.term.id}
        self._bill(day, a + b, cents, parts, values, is_sent=b % 4 != 1)

    def _bill(self, day, number, cents, parts, values, is_sent=True):
        customer = number % 2
        move = self._create_move(customer, cents, day, **values)
        bill = Bill(move.id, customer, day, parts)
        self.moves[move.id], self.bills[move.id] = move, bill
        self.oracle.bills.append(bill)
        if is_sent:
            self._send(bill, day)
        self._look_at(day, parts[0].due + DAY * self.oracle.rungs[0].days)

    def _send(self, bill, day):
        self._as_clerk(self.moves[bill.key]).is_move_sent = True
        bill.sent = bill.sent or day

    def send(self, day, a, b):
        for bill in self.bills.values():
            self._send(bill, day)

    def pay(self, day, a, b):
        bill = self._pick_open(a)
        if not bill:
            return
        cents = max(1, bill.open * SHARES[b % 4] // 100)
        wizard = self._as_clerk(self.env["account.payment.register"]).with_context(
            active_model="account.move", active_ids=[bill.key]
        )
        wizard = wizard.create({"payment_date": day, "group_payment": True})
        wizard.amount = cents / 100
        payment = wizard._create_payments()
        bill.settle(cents, day, payment.id)
        self.payments.append((bill, payment))

    def bounce(self, day, a, b):
        if not self.payments:
            return
        bill, payment = self.payments.pop(a % len(self.payments))
        payment.move_id.line_ids.remove_move_reconcile()
        payment.action_draft()
        bill.take_back(payment.id)

    def credit(self, day, a, b):
        """A credit note that nothing is matched with."""
        cents = (5000, 10000, 50000, 100)[b % 4]
        move = self._create_move(a % 2, cents, day, move_type="out_refund")
        credit = {"customer": a % 2, "left": cents, "date": day, "move": move}
        self.oracle.credits.append(credit)

    def match(self, day, a, b):
        """Match a credit note with an invoice, as the button on the invoice does."""
        credit = self._pick([c for c in self.oracle.credits if c["left"]], a)
        bills = [x for x in self.bills.values() if x.open]
        bills = [x for x in bills if credit and x.customer == credit["customer"]]
        bill = self._pick(bills, b)
        if not bill:
            return
        line = credit["move"].line_ids.filtered(
            lambda x: x.account_type == "asset_receivable"
        )
        self._as_clerk(self.moves[bill.key]).js_assign_outstanding_line(line.id)
        cents = min(credit["left"], bill.open)
        bill.settle(cents, max(bill.date, credit["date"]), ("credit", id(credit)))
        credit["left"] -= cents

    # -- what customers say ----------------------------------------------------------

    def _note(self, pause, record_id):
        self.oracle.pauses.append(pause)
        self.pauses[id(pause)] = self.env["account.overdue.pause"].browse(record_id)

    def dispute(self, day, a, b):
        self._pause(day, a, b, "dispute", self._pick_open(a))

    def hold_customer(self, day, a, b):
        self._pause(day, a, b, "hold", None)

    def _pause(self, day, a, b, kind, bill):
        if kind == "dispute" and not bill:
            return
        end = day + DAY * (7 * (b // 4)) if b >= 4 else None
        target = self.moves[bill.key] if bill else self.customers[a % 2]
        button = getattr(self._as_clerk(target), f"action_overdue_{kind}")
        known = self.oracle.find_open(kind, bill, a % 2)
        record_id = button("So they said", date_end=end)
        if known:
            self.case.assertEqual(self.pauses[id(known)].id, record_id)
        else:
            self._note(Paused(kind, day, end, bill, a % 2), record_id)

    def promise(self, day, a, b):
        bill = self._pick_open(a)
        if not bill:
            return
        end = day + DAY * (3 * b)
        amount = max(1, bill.open * SHARES[a % 4] // 100)
        known = self.oracle.find_open("promise", bill, None)
        if known and (known.end, known.amount) == (end, amount):
            return
        if known:
            known.state, known.ended = "ended", day
        move = self._as_clerk(self.moves[bill.key])
        record_id = move.action_overdue_promise(end, amount=amount / 100)
        pause = Paused("promise", day, end, bill, bill.customer)
        pause.amount, pause.opened = amount, bill.open
        self._note(pause, record_id)
        self._look_at(day, end + DAY)

    def end(self, day, a, b):
        pauses = [pause for pause in self.oracle.pauses if pause.state == "open"]
        pause = self._pick(pauses, a)
        if pause:
            self._as_clerk(self.pauses[id(pause)]).action_end()
            pause.state, pause.ended = "ended", max(day, pause.start)

    # -- runs ------------------------------------------------------------------------

    def clerk(self, day, a, b):
        """The clerk proposes, executes what is proposed, and the queue sends it."""
        expected = self.oracle.expect(day)
        run = self._as_clerk(self.env["account.overdue.run"]).create(
            {"company_id": self.case.company.id}
        )
        self.case.assertEqual(run.date, day)
        run.action_propose()
        lines = run.line_ids.filtered(lambda x: x.state == "proposed")
        self.case.assertEqual(self._get_steps(lines), expected, f"proposed on {day}")
        if expected:
            run.action_execute()
            self.env["account.overdue.notice"]._send_queue()
        self._check(expected, day)

    def clerk_twice(self, day, a, b):
        self.clerk(day, a, b)
        self.case.assertFalse(self.oracle.expect(day))
        self.clerk(day, a, b)

    def job(self, day, a, b):
        """The scheduled job: one run of a day, however often it comes."""
        expected = {} if self.last_job == day else self.oracle.expect(day)
        self.last_job = day
        with self.case.enter_registry_test_mode():
            cron = self.env.ref("project_invoice_tracker.ir_cron_overdue").sudo()
            self.case.assertIs(cron.method_direct_trigger(), True)
        self._check(expected, day)

    def job_twice(self, day, a, b):
        self.job(day, a, b)
        self.job(day, a, b)

    def _get_steps(self, records):
        return {
            (x.move_id.id, x.date_maturity): self.levels[x.level_id] for x in records
        }

    def _check(self, expected, day):
        """Compare what was done with what had to be done, and take the fees over."""
        case = self.case
        actions = self.env["account.overdue.action"].search(
            [("id", ">", max(getattr(self, "seen", [0])))]
        )
        case.assertEqual(self._get_steps(actions), expected, f"done on {day}")
        case.assertEqual(len(actions), len(expected))
        case.assertTrue(all(x.state == "done" for x in actions))
        case.assertTrue(all(x.date_done == day for x in actions))
        self.seen = actions.ids or getattr(self, "seen", [0])
        told = {self.bills[key].customer for key, _due in expected}
        # colleagues are told of broken promises and the like
        sent = [to for mail in case.sink.messages for to in mail.recipients]
        addresses = {customer.email for customer in self.customers}
        case.assertEqual(
            sorted(to for to in sent if to in addresses),
            sorted(self.customers[customer].email for customer in told),
            f"mails of {day}",
        )
        case.sink.messages.clear()
        self._take_charges(self.oracle.do(expected, day), day)
        if expected and self.oracle.interval:
            self._look_at(day, day + self.oracle.interval * DAY)

    def _take_charges(self, charged, day):
        """The debit notes of a day are debts of their own, never sent nor reminded."""
        charges = self.env["account.overdue.charge"].search([("date", "=", day)])
        by_key = {(x.move_id.id, x.date_maturity): x for x in charges}
        for key, (fee, interest) in charged.items():
            self.case.assertIn(key, by_key, f"nothing charged on {day}")
            debit = by_key[key].debit_move_id
            due = day + DAY * 14
            bill = Bill(debit.id, self.bills[key[0]].customer, day, [])
            bill.parts = [Part(due, fee + interest)]
            self.oracle.bills.append(bill)
