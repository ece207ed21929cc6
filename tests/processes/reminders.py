"""What a worker can be asked about reminders, for ``test_overdue_processes.py``."""

import logging
from datetime import timedelta

import odoo.init  # noqa: F401 makes the names below
from odoo import Command

from odoo.addons.base.models import ir_mail_server

errors = []


class Errors(logging.Handler):
    """Keeps what the log of a server would show as an error."""

    def emit(self, record):
        errors.append(record.getMessage())


logging.getLogger("odoo").addHandler(Errors(logging.ERROR))
LATE = 6  # days after which the first level is due
SEND = "project_invoice_tracker.mail_template_overdue_first"


def set_up_reminders(env, port):
    """Send through the sink; a policy whose first level is due after 5 days."""
    company = env.company
    company.email = "office@firm.example"
    env["ir.mail_server"].search([]).active = False
    env["ir.mail_server"].create(
        {
            "name": "Sink",
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_encryption": "none",
        }
    )
    company.overdue_policy_id = env["account.overdue.policy"].create(
        {
            "name": "Kind",
            "company_id": company.id,
            "is_on": True,
            "interval_days": 0,
            "daily_cap": 0,
            "level_ids": [
                Command.create(
                    {
                        "name": "First",
                        "delay_days": 5,
                        "mail_template_id": env.ref(SEND).id,
                        "attach_statement": False,
                        "attach_invoices": False,
                        "fee_type": "fixed",
                        "fee_amount": 10,
                    }
                )
            ],
        }
    )


def move_server(env, port):
    """Look for the mail server at another port."""
    env["ir.mail_server"].search([]).smtp_port = port


def owe(env, prefix, customers):
    """Make customers with an invoice each that is late; return the invoices' ids."""
    company = env.company
    due = company._get_billing_today() - timedelta(days=LATE)
    partners = env["res.partner"].create(
        [
            {"name": f"{prefix} {number}", "email": f"{prefix}{number}@buyer.example"}
            for number in range(customers)
        ]
    )
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": due,
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "is_move_sent": True,
                "invoice_line_ids": [
                    Command.create({"name": "Work", "price_unit": 100, "tax_ids": []})
                ],
            }
            for partner in partners
        ]
    )
    moves.action_post()
    moves.overdue_date_sent = due
    return moves.ids


def remind(env):
    """Propose and execute a run by hand, as the button does."""
    _make_small(1)
    run = env["account.overdue.run"].create({"company_id": env.company.id})
    run.action_propose()
    run.action_execute()
    return run.id


def remind_and_send(env):
    """What a person and then the scheduled job do, in one process."""
    remind(env)
    env.cr.commit()
    job(env)


def job(env, batch=2, timeout=60):
    """Do what the scheduled job does, in small batches; it commits by itself."""
    _make_small(batch)
    ir_mail_server.SMTP_TIMEOUT = timeout
    env["account.overdue.run"]._cron_overdue()


def serve(env):
    """Look for jobs that are due and do them, as each worker of a server does."""
    _make_small(2)
    env.cr.commit()  # nothing is open meanwhile
    env["ir.cron"]._process_jobs(env.cr.dbname)


def make_job_due(env):
    """Only the job of reminders is due; the day's run has not been made."""
    job = env.ref("project_invoice_tracker.ir_cron_overdue")
    (env["ir.cron"].search([]) - job).active = False
    job.nextcall = "2020-01-01"
    env.company.overdue_schedule_active = True
    env["account.overdue.run"].search(
        [("is_scheduled", "=", True)]
    ).is_scheduled = False


def let_retry(env):
    """The time for another attempt has come."""
    failed = env["account.overdue.notice"].search([("state", "=", "failed")])
    failed.date_retry = "2020-01-01"
    return len(failed)


def begin_late(env, move_id):
    """Begin to send a reminder that a person holds at this very moment.

    :return: its id
    """
    notices = env["account.overdue.notice"]
    notice = notices.search([("action_ids.move_id", "=", move_id)])
    notice._prepare_mails()
    with notice._advisory_lock() as is_mine:
        env.cr.execute("SELECT state FROM account_overdue_notice")
        with env.registry.cursor() as cr:
            notice.with_env(env(cr=cr)).action_hold()
        begun = is_mine and notice._try_begin()
    return {"notice": notice.id, "begun": begun}


def propose_reminders(env):
    """Return the ids of two proposed runs of today over the same debts."""
    runs = env["account.overdue.run"].create([{}, {}])
    runs.action_propose()
    return runs.ids


pressed = []


def press_execute(env, run_id, first_id):
    """Press Execute just when somebody else has pressed it on ``first_id``."""
    env.cr.execute("SELECT count(*) FROM account_overdue_action")
    runs = env["account.overdue.run"]
    if first_id not in pressed:
        pressed.append(first_id)
        with env.registry.cursor() as cr:
            runs.with_env(env(cr=cr)).browse(first_id).action_execute()
    runs.browse(run_id).action_execute()


def take_errors(env):
    """Return the errors that were logged since."""
    found = errors.copy()
    errors.clear()
    return found


def press_while(env, run_id, first_id):
    """Press Execute while somebody else's, on ``first_id``, is still at work."""
    runs = env["account.overdue.run"]
    with env.registry.cursor() as cr:
        runs.with_env(env(cr=cr)).browse(first_id).action_execute()
        cr.flush()
        try:
            runs.browse(run_id).action_execute()
        finally:
            env.cr.rollback()


def send_now(env, notice_id):
    notice = env["account.overdue.notice"].browse(notice_id)
    if notice.state == "held":
        notice.action_release()
    notice.action_send_now()


def _make_small(batch):
    """Small batches: a round of a handful of customers has many."""
    from odoo.addons.project_invoice_tracker.models import (
        account_overdue_notice_send_mixin,
        account_overdue_run_execute_mixin,
    )

    account_overdue_run_execute_mixin.HAND_OVER = batch
    account_overdue_notice_send_mixin.SEND_BATCH = batch


TASKS = {
    task.__name__: task
    for task in (
        set_up_reminders,
        move_server,
        owe,
        remind,
        remind_and_send,
        job,
        serve,
        make_job_due,
        let_retry,
        begin_late,
        propose_reminders,
        press_execute,
        press_while,
        take_errors,
        send_now,
    )
}
