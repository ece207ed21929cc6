"""Reminders that really leave: mail server and jobs are processes of their own.

What has arrived is what the mail server says, whatever the database believes.
"""

import base64
import email
import email.policy
import random
import signal
from collections import Counter
from threading import Event

from odoo.tests import tagged

from .process_common import Process, ProcessCase

CUSTOMERS = 5


@tagged("post_install", "-at_install", "standard", "heavy")
class TestReminderProcesses(ProcessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sink = Process("sink.py")
        cls.addClassCleanup(cls.sink.close)
        cls.port = cls.sink.receive()["ok"]
        cls.first, cls.second = cls.workers
        cls.first.call("set_up", projects=0)
        cls.first.call("set_up_reminders", port=cls.port)
        cls.random = random.Random(19)
        cls.arrived = Counter()

    def setUp(self):
        super().setUp()
        self.sink.call("behave")

    def _owe(self, prefix, customers=CUSTOMERS):
        """Return ``{address: invoice id}`` of new customers who are late."""
        ids = self.first.call("owe", prefix=prefix, customers=customers)["ok"]
        return {
            f"{prefix}{number}@buyer.example": move_id
            for number, move_id in enumerate(ids)
        }

    def _take(self):
        """Return the mails that arrived since, and count them by address."""
        mails = []
        for mail in self.sink.call("take")["ok"]:
            content = base64.b64decode(mail["content"])
            message = email.message_from_bytes(content, policy=email.policy.default)
            mails.append((mail["recipients"], message))
            self.arrived.update(mail["recipients"])
        return mails

    def _get_notices(self, owed):
        """Return ``{address: (state, state of its action, reason)}``, one for each."""
        rows = self._fetch(
            """
            SELECT x.move_id, n.state, x.state, n.reason
              FROM account_overdue_action x
              JOIN account_overdue_notice n ON n.id = x.notice_id
             WHERE x.move_id = ANY(%s)
            """,
            list(owed.values()),
        )
        self.assertEqual(len(rows), len(owed), "an action is missing or there twice")
        by_move = {move_id: row for move_id, *row in rows}
        return {address: tuple(by_move[move]) for address, move in owed.items()}

    def _assert_all_sent(self, owed):
        self._take()
        states = {address: row[:2] for address, row in self._get_notices(owed).items()}
        self.assertEqual(states, dict.fromkeys(owed, ("sent", "done")))
        self.assertEqual({a: self.arrived[a] for a in owed}, dict.fromkeys(owed, 1))
        self._assert_charged_once(owed)

    def _assert_charged_once(self, owed):
        """Each late invoice has one fee of 10.00 in the books."""
        rows = self._fetch(
            """
            SELECT d.debit_origin_id, count(*), sum(d.amount_total)
              FROM account_move d
             WHERE d.debit_origin_id = ANY(%s) AND d.state = 'posted'
             GROUP BY d.debit_origin_id
            """,
            list(owed.values()),
        )
        self.assertEqual(
            {row[0]: row[1:] for row in rows},
            {move_id: (1, 10) for move_id in owed.values()},
        )

    # -- the mail server is not well ---------------------------------------------------

    def test_refused_recipients_are_listed_and_the_others_get_theirs(self):
        owed = self._owe("refused")
        bad = "refused2@buyer.example"
        self.sink.call("behave", refuse={bad: "550 no such mailbox"})
        self.first.call("remind_and_send")
        self._take()
        notices = self._get_notices(owed)
        self.assertEqual(notices[bad][:2], ("failed", "failed"))
        self.assertIn("no such mailbox", notices[bad][2])
        self.assertEqual(self.arrived[bad], 0)
        self.sink.call("behave")
        self.first.call("let_retry")
        self.first.call("job")
        self._assert_all_sent(owed)

    def test_a_mail_server_that_is_down_loses_nothing(self):
        owed = self._owe("down")
        self.first.call("move_server", port=9)
        self.first.call("remind_and_send")
        notices = self._get_notices(owed)
        self.assertEqual({row[:2] for row in notices.values()}, {("failed", "failed")})
        self.assertTrue(all(row[2] for row in notices.values()))
        self.first.call("move_server", port=self.port)
        self.first.call("let_retry")
        self.first.call("job")
        self._assert_all_sent(owed)

    def test_a_slow_mail_server_gets_each_reminder_once(self):
        owed = self._owe("slow", 3)
        self.sink.call("behave", slow={"TEXT": 0.5, "MAIL": 0.2})
        self.first.call("remind_and_send")
        self._assert_all_sent(owed)

    def test_an_answer_that_comes_too_late_is_unknown_and_not_sent_again(self):
        """The server has the text; we have given up waiting for its answer."""
        owed = self._owe("late", 2)
        self.first.call("remind")
        self.sink.call("behave", slow={"TEXT": 3})
        self.first.call("job", timeout=1)
        notices = self._get_notices(owed)
        states = {row[:2] for row in notices.values()}
        self.assertEqual(states, {("unknown", "unknown")})
        self.assertTrue(all(row[2] for row in notices.values()))
        self.sink.call("behave")
        self.first.call("let_retry")
        self.first.call("job")
        self._take()
        self.assertEqual({a: self.arrived[a] for a in owed}, dict.fromkeys(owed, 1))

    def test_a_server_that_does_not_greet_in_time_is_tried_again(self):
        owed = self._owe("greeting", 2)
        self.first.call("remind")
        self.sink.call("behave", slow={"EHLO": 2})
        self.first.call("job", timeout=1)
        states = {row[0] for row in self._get_notices(owed).values()}
        self.assertEqual(states, {"failed"})
        self.sink.call("behave")
        self.first.call("let_retry")
        self.first.call("job")
        self._assert_all_sent(owed)

    # -- at the same moment ------------------------------------------------------------

    def test_two_servers_with_the_job_due_do_each_action_once(self):
        for number in range(6):
            owed = self._owe(f"servers{number}x")
            self.first.call("make_job_due")
            for worker in self.workers:
                worker.send("serve")
            self.first.receive(), self.second.receive()
            self._assert_all_sent(owed)

    def test_two_workers_share_the_queue(self):
        """As if nothing kept the job itself from running twice."""
        for number in range(6):
            owed = self._owe(f"workers{number}x")
            self.first.call("remind")
            for worker in self.workers:
                worker.send("job", batch=1)
            self.first.receive(), self.second.receive()
            self.first.call("job")
            self._assert_all_sent(owed)

    def test_a_person_who_holds_it_at_the_last_moment_is_heard(self):
        [(address, move_id)] = self._owe("held", 1).items()
        self.first.call("remind")
        made = self.first.call("begin_late", move_id=move_id)["ok"]
        self.assertFalse(made["begun"])
        self._take()
        self.assertEqual(self.arrived[address], 0)
        # nothing of the first attempt stands in the way of another process
        self.second.call("send_now", notice_id=made["notice"])
        self.second.call("job")
        self._assert_all_sent({address: move_id})

    def test_execute_pressed_twice_does_it_once_and_logs_no_error(self):
        """The same run, or another one over the same debts."""
        for number in range(2):
            owed = self._owe(f"pressed{number}x", 2)
            first, other = self.first.call("propose_reminders")["ok"]
            self.first.call("take_errors")
            values = {"run_id": (first, other)[number], "first_id": first}
            reply = self.first.call("press_while", **values)
            self.assertIn("this very moment", reply["refused"])
            reply = self.first.call("press_execute", **values)
            if number:
                self.assertIn("ok", reply)  # and found nothing to do
            else:
                self.assertIn("has been executed", reply["refused"])
            self.assertEqual(self.first.call("take_errors")["ok"], [])
            self.first.call("job")
            self._assert_all_sent(owed)

    # -- killed ------------------------------------------------------------------------

    def _wait_until_gone(self):
        """The server ends the session of a killed process, which held a reminder."""
        self._wait_for_the_dead()
        for _attempt in range(600):
            [(left,)] = self._fetch(
                "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = database"
                " WHERE locktype = 'advisory' AND datname = %s",
                self.database,
            )
            if not left:
                return
            Event().wait(0.05)
        raise AssertionError("the killed process still holds a reminder")

    def _assert_nothing_lost(self, owed, where):
        """Each is sent and has arrived, or is listed; none has arrived twice."""
        self._take()
        for address, (state, action, reason) in self._get_notices(owed).items():
            told = f"{address}: {state}, killed at {where}"
            self.assertLessEqual(self.arrived[address], 1, told)
            if state == "unknown":
                self.assertEqual(action, "unknown", told)
                self.assertTrue(reason, told)
            else:
                self.assertEqual((state, action), ("sent", "done"), told)
                self.assertEqual(self.arrived[address], 1, told)
        self._assert_charged_once(owed)

    def _owe_and_schedule(self, prefix, customers):
        owed = self._owe(prefix, customers)
        self.first.call("make_job_due")
        return owed

    def test_a_killed_job_sends_nothing_twice_and_loses_nothing(self):
        owed = self._owe_and_schedule("whole", CUSTOMERS)
        calls = self.first.call("job", die=0)["calls"]
        self._assert_all_sent(owed)
        owed, places = {}, []
        while len(places) < 30:
            if self._is_done(owed):
                owed |= self._owe_and_schedule(f"killed{len(places)}x", 20)
            place = self.random.randint(1, calls // 2)
            reply = self.first.call("job", die=place)
            if "killed" in reply:
                self.assertEqual(reply["killed"], signal.SIGKILL)
                places.append(place)
                self._wait_until_gone()
        self.first.call("let_retry")
        self.first.call("job")
        self._assert_nothing_lost(owed, places)
        states = Counter(row[0] for row in self._get_notices(owed).values())
        self.assertLessEqual(states["unknown"], len(places))
        self.assertTrue(states["unknown"], "it was never killed while it was sending")
        self.assertGreater(states["sent"], states["unknown"])

    def _is_done(self, owed):
        """Whether nothing of it is left for another job."""
        [(done,)] = self._fetch(
            """
            SELECT count(*) FROM account_overdue_action
             WHERE move_id = ANY(%s) AND state IN ('done', 'unknown')
            """,
            list(owed.values()),
        )
        return done == len(owed)
