"""Those who remind: this add-on, and OCA's ``account_credit_control``.

``fill`` makes the data in a database with the host's modules only, ``prepare`` switches
a contestant on in a copy of it with its add-on; ``remind`` works on a fresh copy of
that in a process of its own: warms up on a few older debts, reminds of all others, and
writes what came of it. Nothing leaves the house.
"""

import argparse
import cProfile
import json
import re
import sys
import time
from datetime import date
from pathlib import Path

import overdue_data
from measure import Meter
from tracking import vacuum

from odoo import SUPERUSER_ID, fields

sys.path.insert(0, str(Path(__file__).parents[1] / "setup"))
from odoo_env import environment  # noqa: E402

NAMES = re.compile(rf"{overdue_data.PREFIX}/\d+")


class Contestant:
    """One way to get from overdue invoices to mails in the queue."""

    def __init__(self, env, files):
        self.env = env(context={"allowed_company_ids": env.company.ids})
        self.files = files
        self.clock = None
        self.stages = {}

    def prepare(self):
        """Switch the add-on on: one level, by mail, for all that is open."""

    def set_files(self):
        """Attach what ``files`` says: nothing, one PDF a mail, or the default."""

    def remind(self, day):
        """Find what is due on a day, write the reminders, queue their mails."""
        raise NotImplementedError

    def get_made(self):
        """Return rows ``(partner id, instalments, amount, mails, their text)``."""
        raise NotImplementedError

    def lap(self, stage):
        """Note the time of a stage; commits, as a person's click does."""
        self.env.cr.commit()
        now = time.perf_counter()
        if self.clock:
            self.stages[stage] = round(now - self.clock, 2)
        self.clock = now


class Tracker(Contestant):
    """This add-on: a run proposes and executes, the scheduled job writes the mails.

    The job would hand each mail over right after it was written; it is stopped there.
    """

    def prepare(self):
        # from the first level on, however old a debt is, and all of them today
        self.env.company.overdue_policy_id.write(
            {"is_on": True, "is_stepwise": True, "daily_cap": 0}
        )

    def set_files(self):
        if self.files != "default":
            self.env.company.overdue_policy_id.level_ids.write(
                {"attach_invoices": False, "attach_statement": self.files == "one"}
            )

    def remind(self, day):
        self.lap("start")
        run = self.env["account.overdue.run"].create({"date": day})
        run.action_propose()
        self.lap("propose")
        run.action_execute()
        self.env.cr.commit()
        if run.state == "running":  # large: handed over to the scheduled job
            self._as_job(run)._continue_running()
        self.lap("execute")
        notices = self._as_job(run.notice_ids)
        for batch in notices._split_queue():
            batch._prepare_mails()
        self.lap("mails")

    def _as_job(self, records):
        return records.with_env(self.env(user=SUPERUSER_ID, su=True))

    def get_made(self):
        self.env.cr.execute(
            """
            SELECT n.partner_id, sum(a.number), sum(a.amount), count(m.id),
                   string_agg(m.body_html, ' '), sum(m.files)
              FROM account_overdue_notice n
              JOIN (SELECT notice_id, count(*) AS number, sum(amount) AS amount
                      FROM account_overdue_action WHERE state = 'pending'
                     GROUP BY notice_id) a ON a.notice_id = n.id
              JOIN (SELECT m.*, (SELECT count(*) FROM message_attachment_rel r
                     WHERE r.message_id = m.mail_message_id) AS files
                      FROM mail_mail m) m ON m.id = n.mail_id
             WHERE n.state = 'ready' AND n.date = %s
             GROUP BY n.partner_id
            """,
            [date.today()],
        )
        return self.env.cr.fetchall()


class Oca(Contestant):
    """OCA's ``account_credit_control``: its own three-step policy, its own template.

    The four buttons a person presses: compute, to be sent, channel action. Its mails
    would leave when the request is committed: here they stay in the queue.
    """

    def __init__(self, env, files):
        super().__init__(env, files)
        self.env = self.env(
            context={**self.env.context, "mail_notify_force_send": False}
        )

    def prepare(self):
        module = "account_credit_control"
        group = self.env.ref(f"{module}.group_account_credit_control_manager")
        self.env.user.group_ids |= group
        accounts = self.env["account.account"].search(
            [("account_type", "=", "asset_receivable")]
        )
        self.env.ref(f"{module}.credit_control_3_time").account_ids = accounts

    def set_files(self):
        template = self.env.ref(
            "account_credit_control.email_template_credit_control_base"
        )
        if self.files == "none":
            template.report_template_ids = [fields.Command.clear()]

    def remind(self, day):
        self.lap("start")
        run = self.env["credit.control.run"].create({"date": day})
        run.generate_credit_lines()
        self.lap("lines")
        run.set_to_ready_lines()
        self.lap("ready")
        run.run_channel_action()
        self.lap("mails")

    def get_made(self):
        self.env.cr.execute(
            """
            SELECT c.partner_id, sum(a.number), sum(a.amount), count(m.id),
                   string_agg(m.body_html, ' '), sum(m.files)
              FROM credit_control_communication c
              JOIN (SELECT communication_id, count(*) AS number,
                           sum(balance_due) AS amount
                      FROM credit_control_line WHERE state = 'queued' AND date = %s
                     GROUP BY communication_id) a ON a.communication_id = c.id
              JOIN (SELECT m.*, g.model, g.res_id,
                           (SELECT count(*) FROM message_attachment_rel r
                             WHERE r.message_id = g.id) AS files
                      FROM mail_mail m JOIN mail_message g
                        ON g.id = m.mail_message_id) m
                ON m.model = 'credit.control.communication' AND m.res_id = c.id
               AND m.state = 'outgoing'
             GROUP BY c.partner_id
            """,
            [date.today()],
        )
        return self.env.cr.fetchall()


CONTESTANTS = {"oca": Oca, "tracker": Tracker}


def describe(rows):
    """Return what was made, to be compared: plain values for each customer."""
    made = {
        str(partner): [number, round(float(amount), 2), mails, len(set(names))]
        for partner, number, amount, mails, names, _files in (
            (*row[:4], NAMES.findall(row[4]), row[5]) for row in rows
        )
    }
    return {"customers": made, "files": int(sum(row[5] for row in rows))}


def remind(contestant, profile=None):
    """Return figures, stages and what was made."""
    env = contestant.env
    contestant.set_files()
    env.cr.commit()
    today = date.today()
    contestant.remind(today - overdue_data.WARM_RUN)  # cold: not counted
    overdue_data.settle(env.cr, overdue_data.get_warm(env).ids)
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    env.invalidate_all()
    with Meter(env.cr) as meter:
        if profile:
            profile.enable()
        contestant.remind(today)
        if profile:
            profile.disable()
    env.invalidate_all()
    made = describe(contestant.get_made())
    return {"figures": meter.figures, "stages": contestant.stages, "made": made}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("action", choices=["fill", "prepare", "remind"])
    parser.add_argument("--contestant", choices=CONTESTANTS)
    parser.add_argument("--instalments", type=int)
    parser.add_argument("--customers", type=int)
    parser.add_argument("--files", choices=["none", "one", "default"], default="none")
    parser.add_argument("--result", type=Path, help="file for figures and what came")
    parser.add_argument("--profile", type=Path, help="file for the profile")
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    with environment(options.config) as env:
        if options.action == "fill":
            debts = overdue_data.Debts(env, options.instalments, options.customers)
            debts.fill()
            vacuum(env.cr.dbname)
            return
        contestant = CONTESTANTS[options.contestant](env, options.files)
        if options.action == "prepare":
            contestant.prepare()
            return
        result = remind(contestant, profile)
    options.result.write_text(json.dumps(result, default=str))
    if profile:
        profile.dump_stats(options.profile)


if __name__ == "__main__":
    main()
