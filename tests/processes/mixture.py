"""Two companies, three languages, three currencies, 30/70: what the firm looks like."""

from datetime import timedelta

import odoo.init  # noqa: F401 makes the names below
from odoo import Command

SEND = "project_invoice_tracker.mail_template_overdue_first"
WORDS = {"fr_FR": "Rappel de", "de_DE": "Zahlungserinnerung von"}
AMOUNT = 1234.5


def set_up_mixture(env, port):
    """Make it; the scheduled job is switched on in both companies.

    :return: today and the day on which the invoices were made
    """
    first = env.company
    second = env["res.company"].create(
        {"name": "Zweite GmbH", "currency_id": env.ref("base.EUR").id}
    )
    env["account.chart.template"].try_loading("generic_coa", second)
    second.currency_id = env.ref("base.EUR")
    first.write({"name": "First Inc", "email": "office@first.example"})
    second.email = "office@zweite.example"
    for code in WORDS:
        env["res.lang"]._activate_lang(code)
    (env.ref("base.EUR") | env.ref("base.GBP") | env.ref("base.USD")).active = True
    template = env.ref(SEND)
    for code, words in WORDS.items():
        subject = f"{words} {{{{ object.company_id.name }}}}"
        template.with_context(lang=code).subject = subject
    env["ir.mail_server"].search([]).active = False
    env["ir.mail_server"].create(
        {
            "name": "Sink",
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_encryption": "none",
        }
    )
    day = first._get_billing_today() - timedelta(days=40)
    _owe(first, "Anglo", "en_US", "USD", day)
    _owe(first, "Franco", "fr_FR", "EUR", day)
    _owe(second, "Germano", "de_DE", "GBP", day)
    _owe(second, "Franco", "fr_FR", "EUR", day)
    for company in first | second:
        _switch_on(company)
    return {"day": str(day), "today": str(first._get_billing_today())}


def _owe(company, name, lang, currency, day):
    """An invoice of a project, 30 % at once and 70 % after 30 days; 30 % is paid."""
    env = (
        company.with_company(company).with_context(allowed_company_ids=company.ids).env
    )
    term = env["account.payment.term"].create(
        {
            "name": "30/70",
            "line_ids": [
                Command.create({"value_amount": 30, "nb_days": 0}),
                Command.create({"value_amount": 70, "nb_days": 30}),
            ],
        }
    )
    partner = env["res.partner"].search([("name", "=", name)]) or env[
        "res.partner"
    ].create({"name": name, "email": f"ap@{name.lower()}.example", "lang": lang})
    project = env["project.project"].create(
        {"name": f"Site of {name}", "partner_id": partner.id, "company_id": company.id}
    )
    project._create_analytic_account()
    move = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": day,
            "currency_id": env.ref(f"base.{currency}").id,
            "invoice_payment_term_id": term.id,
            "is_move_sent": True,
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": "Work",
                        "price_unit": AMOUNT,
                        "tax_ids": [],
                        "analytic_distribution": {str(project.account_id.id): 100},
                    }
                )
            ],
        }
    )
    move.action_post()
    move.overdue_date_sent = day


def _switch_on(company):
    company.overdue_schedule_active = True
    company.overdue_policy_id = company.env["account.overdue.policy"].create(
        {
            "name": "Kind",
            "company_id": company.id,
            "is_on": True,
            "daily_cap": 0,
            "level_ids": [
                Command.create(
                    {
                        "name": "First",
                        "delay_days": 5,
                        "deadline_days": 14,
                        "mail_template_id": company.env.ref(SEND).id,
                    }
                )
            ],
        }
    )


TASKS = {"set_up_mixture": set_up_mixture}
