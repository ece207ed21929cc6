"""What customers read of a reminder is in their language, and names nothing of ours."""

from datetime import timedelta

from lxml import html

from odoo.tests import freeze_time
from odoo.tools import format_date

from .overdue_common import DUE
from .test_overdue_mixture import plain
from .test_overdue_send import DAY, SendCommon

# subject of the level's own text, a sentence of it, head of a column, foot of the table
EXPECTED = {
    "en_US": (
        "Reminder: open invoices of Firm",
        "it may have slipped through: the following is overdue at Firm.",
        "Due on",
        "Due now",
    ),
    "de_DE": (
        "Zahlungserinnerung: offene Rechnungen von Firm",
        "Die folgenden Beträge sind bei Firm überfällig.",
        "Fällig am",
        "Jetzt fällig",
    ),
    "fr_FR": (
        "Rappel : factures impayées de Firm",
        "les montants suivants, dus à Firm, restent impayés à ce jour.",
        "Échéance",
        "À régler maintenant",
    ),
    "nl_NL": (
        "Betalingsherinnering: openstaande facturen van Firm",
        "voor de volgende bedragen van Firm is de betaaltermijn verstreken.",
        "Vervaldatum",
        "Nu te betalen",
    ),
    "es_ES": (
        "Recordatorio de pago: facturas pendientes de Firm",
        "los siguientes importes con Firm están vencidos.",
        "Vence el",
        "Vencido a día de hoy",
    ),
}
# subjects of the courtesy note, the second and the last reminder
SUBJECTS = {
    "de_DE": ("Ihre Rechnungen von", "1. Mahnung:", "Letzte Mahnung:"),
    "fr_FR": ("Vos factures de", "Deuxième rappel :", "Dernier rappel :"),
    "nl_NL": ("Uw facturen van", "Tweede herinnering:", "Laatste herinnering:"),
    "es_ES": ("Sus facturas de", "Segundo recordatorio", "Último recordatorio"),
}
ENGLISH = ("Hello", "Please", "invoice", "overdue", "Due", "Days late", "Reminder")


class TestLanguages(SendCommon):
    """Languages as an administrator installs them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.name = "Firm"
        for code in EXPECTED:
            cls.env["res.lang"]._activate_lang(code)
        cls.env["ir.module.module"]._load_module_terms(
            ["project_invoice_tracker"], list(EXPECTED)
        )

    def _create_customer(self, code):
        partner = self.env["res.partner"].create(
            {"name": f"Anna {code}", "email": f"{code}@x.example", "lang": code}
        )
        self._create_invoice(1234.5, partner_id=partner.id)
        return partner

    def _get_words(self, message):
        body = html.fromstring(self._get_text(message))
        return plain(body.text_content())

    def test_each_customer_gets_subject_and_words_in_the_own_language(self):
        for code in EXPECTED:
            self._create_customer(code)
        self._send()
        mails = {mail.recipients[0]: mail for mail in self.sink.messages}
        self.assertEqual(len(mails), len(EXPECTED))
        for code, (subject, *words) in EXPECTED.items():
            mail = mails[f"{code}@x.example".lower()]
            text = self._get_words(mail)
            with self.subTest(code):
                self.assertEqual(plain(mail["Subject"]), subject)
                for word in words:
                    self.assertIn(word, text)
                self.assertIn(format_date(self.env, DUE, lang_code=code), text)
                if code != "en_US":
                    self.assertFalse([word for word in ENGLISH if word in text])

    def test_the_head_names_the_company_and_nothing_of_ours(self):
        self.policy.level_ids[0].name = "Soft nudge"
        self._create_customer("de_DE")
        self._send()
        [mail] = self.sink.messages
        text = self._get_words(mail)
        page = html.fromstring(self._get_text(mail))
        cells = page.xpath("//td[not(.//table)]")
        self.assertEqual(cells[0].text_content().strip(), "Firm")
        for word in ("Soft nudge", "Your ", "Odoo"):
            self.assertNotIn(word, text + mail["Subject"])

    def test_each_level_has_its_subject_in_each_language(self):
        names = ("courtesy", "second", "last")
        texts = [
            self.env.ref(f"project_invoice_tracker.mail_template_overdue_{name}")
            for name in names
        ]
        notice = self._create_notice()
        for code, subjects in SUBJECTS.items():
            notice.lang = code
            for text, expected in zip(texts, subjects, strict=True):
                self.policy.level_ids[0].mail_template_id = text
                subject = plain(notice._get_letter_subject())
                body = plain(notice._get_letter_body())
                with self.subTest(code, text=text.name):
                    self.assertTrue(subject.startswith(expected), subject)
                    self.assertFalse([w for w in ENGLISH[:4] if w in body])

    def _create_notice(self):
        self._create_customer("de_DE")
        return self._remind(DAY, send=False).sudo().notice_ids

    def _get_letter(self, notice, day):
        with freeze_time(f"{day} 12:00:00"):
            reports = self.env["ir.actions.report"].with_user(self.clerk)
            page = reports._render_qweb_html(
                "project_invoice_tracker.report_overdue_letter", notice.ids
            )[0]
        return plain(html.fromstring(page).text_content())

    def test_a_letter_that_was_held_bears_the_day_on_which_it_is_printed(self):
        self.policy.level_ids.write({"channel": "letter", "deadline_days": 10})
        self._create_customer("de_DE")
        notice = self._remind(DAY).notice_ids
        printed = DAY + timedelta(days=9)
        with freeze_time(f"{printed} 12:00:00"):
            notice.with_user(self.clerk).action_print()
        text = self._get_letter(notice, printed + timedelta(days=3))
        self.assertIn(printed.strftime("%d.%m.%Y"), text)
        self.assertNotIn(DAY.strftime("%d.%m.%Y"), text)
        deadline = printed + timedelta(days=10)
        self.assertIn(f"Bitte zahlen Sie bis zum {deadline:%d.%m.%Y}.", text)

    def test_a_letter_that_waits_bears_the_day_of_today(self):
        self.policy.level_ids.channel = "letter"
        self._create_customer("fr_FR")
        notice = self._remind(DAY).notice_ids
        today = DAY + timedelta(days=2)
        self.assertIn(today.strftime("%d/%m/%Y"), self._get_letter(notice, today))
