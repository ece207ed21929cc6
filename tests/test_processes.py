import random
import signal
from contextlib import closing

import odoo.sql_db
from odoo.tests import tagged

from .invariants import find_broken
from .process_common import ProcessCase

ENTRIES = 6
PROJECTS = 5


@tagged("post_install", "-at_install", "standard", "heavy")
class TestProcesses(ProcessCase):
    """Real processes on a database of their own: at once, against each other, killed.

    Nothing here shares a transaction with the test: what it sees is committed.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.workers[0].call("set_up", projects=PROJECTS)["ok"]["user"]
        cls.random = random.Random(19)

    # -- what is in the database -------------------------------------------------------

    def _assert_invariants(self):
        with closing(odoo.sql_db.db_connect(self.database).cursor()) as cr:
            self.assertFalse(find_broken(cr))

    def _assert_billed_once(self, entry_ids):
        """Each entry has one live row, with all its hours; nothing is lost."""
        wrong = self._fetch(
            """
            SELECT e.id, e.unit_amount, e.billed_quantity, count(a.id), sum(a.quantity)
              FROM account_analytic_line e
              LEFT JOIN project_billing_allocation a
                     ON a.analytic_line_id = e.id AND a.is_live
             WHERE e.id = ANY(%s)
             GROUP BY e.id
            HAVING count(a.id) != 1 OR abs(sum(a.quantity) - e.unit_amount) > 0.000002
                OR abs(e.billed_quantity - e.unit_amount) > 0.000002
            """,
            entry_ids,
        )
        self.assertFalse(wrong)
        self._assert_invariants()

    def _get_last_move(self):
        [(last,)] = self._fetch("SELECT COALESCE(max(id), 0) FROM account_move")
        return last

    def _get_invoices(self, after):
        """Return what was invoiced since, in words that do not depend on ids."""
        return self._fetch(
            """
            SELECT p.partner_id, p.state, p.invoice_date, p.amount_total,
                   array_agg((l.quantity, l.price_unit, l.price_subtotal)::text
                             ORDER BY l.quantity, l.price_unit)
              FROM account_move p
              JOIN account_move_line l ON l.move_id = p.id AND display_type = 'product'
             WHERE p.id > %s
             GROUP BY p.id ORDER BY 1, 2, 4
            """,
            after,
        )

    # -- at the same moment ------------------------------------------------------------

    def test_two_processes_bill_the_same_work_once(self):
        first, second = self.workers
        conflicts = 0
        for number in range(50):
            entry_ids = first.call("log_work", entries=ENTRIES)["ok"]
            commands = [("bill", {}), ("bill", {})]
            if number % 2:  # both have seen the same work in their reviews
                commands = [
                    ("invoice", worker.call("propose", user=self.user)["ok"])
                    for worker in self.workers
                ]
                commands = [(task, {"run_id": run}) for task, run in commands]
            for worker, (task, values) in zip(self.workers, commands, strict=True):
                worker.send(task, user=self.user, **values)
            replies = [first.receive(), second.receive()]
            self._assert_billed_once(entry_ids)
            billed = [reply for reply in replies if reply.get("ok")]
            self.assertTrue(billed)
            conflicts += len(billed) < 2
        self.assertTrue(conflicts, "the processes never met")

    def test_two_processes_never_exceed_one_customer_order(self):
        first, second = self.workers
        made = first.call("set_up_order", projects=2)["ok"]
        met = 0
        for _number in range(25):
            # 760.00 of work for 500.00 that may be billed
            total = first.call(
                "extend_order", order_id=made["order"], amount=500, hours=4
            )["ok"]
            for worker, project in zip(self.workers, made["projects"], strict=True):
                worker.send("bill_project", user=self.user, project_id=project)
            replies = [first.receive(), second.receive()]
            [(used,)] = self._fetch(
                "SELECT sum(amount + adjustment) FROM project_billing_allocation"
                " WHERE order_id = %s AND is_live",
                made["order"],
            )
            self.assertLessEqual(used, total)
            met += all(reply.get("ok") for reply in replies)
            for project in made["projects"]:
                first.call("bill_project", user=self.user, project_id=project)
            [(used,)] = self._fetch(
                "SELECT sum(amount + adjustment) FROM project_billing_allocation"
                " WHERE order_id = %s AND is_live",
                made["order"],
            )
            self.assertEqual(float(used), total)
            self._assert_invariants()
        self.assertTrue(met, "the processes never shared an amount")

    def test_two_processes_never_draw_one_pack_twice(self):
        first, second = self.workers
        made = first.call("set_up_pack", projects=2)["ok"]
        query = """
            SELECT i.drawn_quantity, sum(a.quantity)
              FROM project_billing_item i
              JOIN project_billing_allocation a ON a.item_id = i.id AND a.is_live
             WHERE i.id = %s AND a.kind = 'draw'
             GROUP BY i.id
        """
        met = 0
        for _number in range(20):
            # 8 hours of work for 5 hours that are paid
            hours = first.call("extend_pack", pack_id=made["pack"], hours=5, worked=4)[
                "ok"
            ]
            for worker, project in zip(self.workers, made["projects"], strict=True):
                worker.send("bill_project", user=self.user, project_id=project)
            replies = [first.receive(), second.receive()]
            [(drawn, ledger)] = self._fetch(query, made["pack"])
            self.assertEqual(drawn, ledger)
            self.assertAlmostEqual(float(drawn), hours, 5)
            met += all("ok" in reply for reply in replies)
            self._assert_invariants()
        self.assertTrue(met, "the processes never shared a pack")

    def test_two_processes_never_deduct_one_deposit_twice(self):
        first, second = self.workers
        for _number in range(10):
            made = first.call("set_up_deposit")["ok"]
            for worker, run in zip(self.workers, made["runs"], strict=True):
                worker.send("invoice", user=self.user, run_id=run)
            replies = [first.receive(), second.receive()]
            self.assertTrue(all("ok" in reply for reply in replies), replies)
            [(drawn, billed, ledger, documents)] = self._fetch(
                """
                SELECT i.drawn_amount, i.billed_amount, -sum(a.amount),
                       count(DISTINCT a.move_id)
                  FROM project_billing_item i
                  JOIN project_billing_allocation a
                       ON a.item_id = i.id AND a.is_live AND a.kind = 'draw'
                 WHERE i.id = %s
                 GROUP BY i.id
                """,
                made["item"],
            )
            # 1,600.00 of work, 1,000.00 paid in advance: 800.00 and the other 200.00
            self.assertEqual((drawn, billed, ledger, documents), (1000, 1000, 1000, 2))
            self._assert_invariants()

    def test_two_contacts_who_answer_at_once_get_the_same_answer(self):
        contacts = (("accepted", "Eva"), ("rejected", "Tom"))
        for _number in range(15):
            item_id = self.workers[0].call("ask_customer")["ok"]
            for worker, (reply, signer) in zip(self.workers, contacts, strict=True):
                worker.send("answer_item", item_id=item_id, reply=reply, signer=signer)
            first, second = [worker.receive()["ok"] for worker in self.workers]
            self.assertEqual(first, second)
            [(answers, is_ready, is_accepted)] = self._fetch(
                """
                SELECT count(a.id), i.date_ready IS NOT NULL,
                       bool_and(a.answer = 'accepted')
                  FROM project_billing_item i
                  JOIN project_billing_acceptance a ON a.item_id = i.id
                 WHERE i.id = %s GROUP BY i.id
                """,
                item_id,
            )
            self.assertEqual((answers, is_ready), (1, is_accepted))

    def test_two_presses_of_post_accrual_leave_one_entry(self):
        self.workers[0].call("log_work", entries=ENTRIES)
        page = self.workers[0].call("set_up_month")["ok"]
        for _number in range(5):
            for worker in self.workers:
                worker.send("post_accrual", user=self.user, page_id=page)
            replies = [worker.receive() for worker in self.workers]
            pairs = [reply["ok"] for reply in replies if "ok" in reply]
            refused = [reply["refused"] for reply in replies if "ok" not in reply]
            self.assertTrue(pairs)
            self.assertTrue(all("at this moment" in text for text in refused), refused)
            entries = self._fetch(
                """
                SELECT m.id, m.reversed_entry_id
                  FROM account_move m
                 WHERE m.move_type = 'entry' AND EXISTS (
                       SELECT 1 FROM account_move_line l
                         JOIN account_account a ON a.id = l.account_id
                        WHERE l.move_id = m.id AND a.name->>'en_US' = 'Accrued')
                 ORDER BY m.id
                """
            )
            [(entry, _none), (reversal, reversed_entry)] = entries
            self.assertEqual(reversed_entry, entry)
            self.assertIn([entry, reversal], pairs)

    def test_billing_while_another_changes_the_work(self):
        biller, other = self.workers
        acts = ("edit", "delete", "nonbillable", "hold", "cancel", "discard")
        for number in range(18):
            entry_ids = biller.call("log_work", entries=ENTRIES)["ok"]
            biller.send("bill", user=self.user)
            other.send("disturb", what=acts[number % len(acts)], number=number)
            biller.receive(), other.receive()
            self._assert_invariants()
            biller.call("release")
            biller.call("bill", user=self.user)
            gone = self._fetch(
                "SELECT id FROM account_analytic_line WHERE id = ANY(%s)"
                " AND NOT COALESCE(billing_nonbillable, FALSE)",
                entry_ids,
            )
            self._assert_billed_once([entry_id for (entry_id,) in gone])

    # -- killed ------------------------------------------------------------------------

    def _run_job(self, die=0):
        """Run the scheduled job once in a process that dies at a database call."""
        return self.workers[0].call("cron", batch=2, die=die)

    def _start_round(self):
        entry_ids = self.workers[0].call("log_work", entries=ENTRIES)["ok"]
        self.workers[0].call("schedule")
        return entry_ids, self._get_last_move()

    def test_a_killed_job_ends_like_an_undisturbed_one(self):
        entry_ids, last = self._start_round()
        calls = self._run_job()["calls"]
        self._assert_billed_once(entry_ids)
        expected = self._get_invoices(last)
        self.assertEqual(len(expected), PROJECTS)
        for _number in range(30):
            entry_ids, last = self._start_round()
            die = self.random.randint(1, calls)
            reply = self._run_job(die)
            if "killed" in reply:
                self.assertEqual(reply["killed"], signal.SIGKILL)
                self._wait_for_the_dead()
                self._assert_invariants()
            self._run_job()
            self._assert_billed_once(entry_ids)
            self.assertEqual(self._get_invoices(last), expected, f"killed at {die}")
            self._assert_runs_are_done()

    def _assert_runs_are_done(self):
        left = self._fetch(
            """
            SELECT r.id, r.state, l.state FROM project_billing_run r
              LEFT JOIN project_billing_run_line l ON l.run_id = r.id
               AND l.state IN ('proposed', 'approved', 'failed')
             WHERE r.is_scheduled AND (r.state != 'done' OR l.id IS NOT NULL)
            """
        )
        self.assertFalse(left)
