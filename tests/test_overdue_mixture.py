"""Two companies, three languages and currencies, 30/70 terms: one job, real mails."""

import base64
import email
import email.policy
import io
from datetime import date, timedelta

from lxml import html
from PyPDF2 import PdfReader

from odoo.tests import tagged

from .process_common import Process, ProcessCase

# customer and sender: first words of the subject, form of dates, 30 %, 70 %, all
EXPECTED = {
    ("ap@anglo.example", "office@first.example"): (
        "Reminder: open invoices of First Inc",
        "%m/%d/%Y",
        ("$ 370.35", "$ 864.15", "$ 1,234.50"),
    ),
    ("ap@franco.example", "office@first.example"): (
        "Rappel de First Inc",
        "%d/%m/%Y",
        ("370,35 €", "864,15 €", "1 234,50 €"),
    ),
    ("ap@germano.example", "office@zweite.example"): (
        "Zahlungserinnerung von Zweite GmbH",
        "%d.%m.%Y",
        ("£ 370,35", "£ 864,15", "£ 1.234,50"),
    ),
    ("ap@franco.example", "office@zweite.example"): (
        "Rappel de Zweite GmbH",
        "%d/%m/%Y",
        ("370,35 €", "864,15 €", "1 234,50 €"),
    ),
}


def plain(text):
    """Return a text with plain blanks: amounts are kept together by special ones."""
    for blank in ("\xa0", "\u202f", "&nbsp;", "\ufeff"):
        text = text.replace(blank, " " if blank != "\ufeff" else "")
    return " ".join(text.split())


@tagged("post_install", "-at_install", "standard", "heavy")
class TestOverdueMixture(ProcessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sink = Process("sink.py")
        cls.addClassCleanup(sink.close)
        port = sink.receive()["ok"]
        worker = cls.workers[0]
        worker.call("set_up", projects=0)
        made = worker.call("set_up_mixture", port=port)["ok"]
        cls.day, cls.today = (date.fromisoformat(made[k]) for k in ("day", "today"))
        worker.call("job", batch=20)
        cls.mails = {}
        cls.count = 0
        for mail in sink.call("take")["ok"]:
            message = email.message_from_bytes(
                base64.b64decode(mail["content"]), policy=email.policy.default
            )
            [address] = mail["recipients"]
            sender = message["From"].addresses[0].addr_spec
            cls.mails[address, sender] = message
            cls.count += 1

    def test_each_customer_gets_one_mail_from_each_company(self):
        self.assertEqual(set(self.mails), set(EXPECTED))
        self.assertEqual(self.count, len(EXPECTED))

    def test_answers_go_to_the_company(self):
        for (_address, sender), message in self.mails.items():
            answer = message["Reply-To"] or message["From"]
            self.assertEqual(answer.addresses[0].addr_spec, sender)

    def test_words_dates_and_amounts_are_the_customers(self):
        for key, (subject, form, amounts) in EXPECTED.items():
            message = self.mails[key]
            body = html.fromstring(message.get_body(("html",)).get_content())
            text = plain(body.text_content())
            days = (self.day, self.day + timedelta(30), self.today + timedelta(14))
            with self.subTest(key):
                self.assertEqual(message["Subject"], subject)
                for day in days:
                    self.assertIn(day.strftime(form), text)
                for amount in amounts:
                    self.assertIn(amount, text)

    def test_statement_and_invoice_can_be_read(self):
        for key, (_subject, _form, amounts) in EXPECTED.items():
            files = [
                plain(
                    " ".join(
                        page.extract_text()
                        for page in PdfReader(io.BytesIO(part.get_content())).pages
                    )
                )
                for part in self.mails[key].iter_attachments()
            ]
            with self.subTest(key):
                self.assertEqual(len(files), 2)
                for text in files:
                    self.assertIn(amounts[2].strip("$€£ "), text)
