"""Files of reminders, really printed: together, and each goes to whom it belongs."""

import io
from unittest.mock import patch

from PyPDF2 import PdfReader

from odoo import Command
from odoo.tests import freeze_time

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from .overdue_common import DUE, OverdueCommon

DAY = "2026-03-09"
NAMES = ("Contoso", "Fabrikam", "Tailspin")


class TestFiles(OverdueCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        levels = cls.policy.level_ids
        levels.write({"attach_statement": True, "attach_invoices": True})
        cls.moves = {name: cls._owe(name) for name in NAMES}

    @classmethod
    def _owe(cls, name):
        """Return the overdue invoice of a new customer's project."""
        partner = cls.env["res.partner"].create(
            {"name": name, "email": f"{name.lower()}@firm.example", "lang": "en_US"}
        )
        project = cls._create_project(f"{name} project", partner_id=partner.id)
        line = {"name": "Work", "price_unit": 100, "tax_ids": []}
        line["analytic_distribution"] = {str(project.account_id.id): 100}
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "invoice_date": DUE,
                "invoice_date_due": DUE,
                "invoice_payment_term_id": False,
                "is_move_sent": True,
                "invoice_line_ids": [Command.create(line)],
            }
        )
        move.overdue_date_sent = DUE
        move.action_post()
        return move

    def _print_all(self):
        """Write the mails with real files; return notices and starts of the printer."""
        notices = self._remind(DAY, send=False).sudo().notice_ids
        notices = notices.with_context(force_report_rendering=True)
        real = IrActionsReport._run_wkhtmltopdf
        with (
            freeze_time(f"{DAY} 12:00:00", tick=True),
            patch.object(
                IrActionsReport, "_run_wkhtmltopdf", autospec=True, side_effect=real
            ) as printer,
        ):
            notices._prepare_mails()
        return notices, printer.call_count

    def _read(self, attachment):
        pages = PdfReader(io.BytesIO(attachment.raw)).pages
        return " ".join(" ".join(page.extract_text().split()) for page in pages)

    def test_printed_together_each_file_goes_to_its_own_customer(self):
        notices, starts = self._print_all()
        self.assertEqual(starts, 2)  # invoices, statements
        for notice in notices:
            name = notice.partner_id.name
            invoice, statement = notice.mail_id.attachment_ids.sorted("id")
            self.assertIn(self.moves[name].name, self._read(invoice))
            self.assertIn(f"{name} project", self._read(statement))
            for other in set(NAMES) - {name}:
                self.assertNotIn(other, self._read(invoice))
                self.assertNotIn(other, self._read(statement))
