"""Everything with a customer in order: invoiced, sent, said, promised, paid."""

from datetime import date

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import freeze_time

from .test_pause import DAY, PauseCommon
from .test_tracker import TODAY


class TestTimeline(PauseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stranger = cls._create_user(
            "stranger", "base.group_user,project.group_project_user"
        )

    def _get_rows(self, user=None, partner=None):
        action = self._as(self.clerk, partner or self.customer)
        action = action.action_view_overdue_timeline()
        rows = self.env["account.overdue.timeline"].with_user(user or self.clerk)
        rows.invalidate_model()
        return rows.search(action["domain"])

    def _get_kinds(self, **kwargs):
        """Return what happened, the oldest first."""
        return self._get_rows(**kwargs).mapped("kind")[::-1]

    def _write_mail(self, text, day, author, move=None, **kwargs):
        move = move or self.invoice
        with freeze_time(f"{day} 09:00:00"):
            return move.with_context(mail_post_autofollow=False).message_post(
                body=text,
                author_id=author.id,
                message_type=kwargs.pop("message_type", "comment"),
                subtype_xmlid=kwargs.pop("subtype_xmlid", "mail.mt_comment"),
            )

    def test_all_that_happened_stands_in_order(self):
        eva = self.env["res.partner"].create(
            {"name": "Eva", "parent_id": self.customer.id}
        )
        office = self.clerk.partner_id
        self._write_mail("Your invoice", date(2026, 6, 11), office)
        self._write_mail("Which hours?", date(2026, 6, 20), eva)
        note = {"subtype_xmlid": "mail.mt_note"}
        self._write_mail("They always ask", date(2026, 6, 21), office, **note)
        self._as(self.clerk).action_overdue_call("Will look at it")
        self._promise(days=1, reason="Holiday")
        with freeze_time("2026-07-18 12:00:00"):
            self._get_pauses()._cron_settle()
            self._dispute("Wrong hours")
            self._pay(self.invoice, 60, TODAY + 3 * DAY)
        with freeze_time("2026-07-20 12:00:00"):
            self._as(self.clerk).action_overdue_end()
            self._pay(self.invoice, 40, TODAY + 5 * DAY)
        kinds = self._get_kinds()
        self.assertEqual(kinds[:4], ["invoice", "sent", "said", "note"])
        self.assertEqual(set(kinds[4:6]), {"call", "promise"})
        self.assertEqual(kinds[6], "broken")
        self.assertEqual(set(kinds[7:9]), {"dispute", "paid"})
        self.assertEqual(set(kinds[9:]), {"ended", "paid"})
        self.assertEqual(len(kinds), 11)

    def test_rows_say_what_was_said_how_much_and_who(self):
        self._promise(days=1, amount=30, reason="Holiday")
        row = self._get_rows().filtered(lambda r: r.kind == "promise")
        self.assertEqual(row.text, "promised for 07/16/2026: Holiday")
        self.assertEqual((row.amount, row.date), (30, TODAY))
        self.assertEqual(row.author_id, self.clerk.partner_id)
        self.assertEqual(row.document_name, self.invoice.name)

    def test_call_with_the_customer_stands_in_the_timeline_of_all_contacts(self):
        eva = self.env["res.partner"].create(
            {"name": "Eva", "parent_id": self.customer.id}
        )
        self._as(self.clerk, eva).action_overdue_call("Pays all in May")
        rows = self._get_rows(partner=eva)
        [call] = rows.filtered(lambda r: r.kind == "call")
        self.assertEqual(call.text, "Pays all in May")

    def test_credit_note_settles_and_money_pays(self):
        self._reverse(self.invoice, mode="price_reduction")
        kinds = self._get_kinds()
        self.assertEqual(sorted(kinds), ["credit", "invoice", "settled"])

    def test_drafts_and_bills_do_not_stand_in_it(self):
        self._invoice(move_type="in_invoice")
        self._invoice(amount=5).button_draft()
        self.assertEqual(self._get_kinds(), ["invoice"])

    def test_message_stands_on_the_day_of_the_companys_zone(self):
        self.company.partner_id.tz = "Pacific/Auckland"
        with freeze_time("2026-07-15 20:00:00"):
            self._as(self.clerk).action_overdue_call("Late call")
        row = self._get_rows().filtered(lambda r: r.kind == "call")
        self.assertEqual(row.date, date(2026, 7, 16))

    def test_project_manager_reads_own_projects_and_no_notes(self):
        office = self.clerk.partner_id
        other = self._create_project("Other", user_id=self.stranger.id)
        foreign = self._invoice(amount=7)
        foreign.button_draft()
        line = foreign.invoice_line_ids
        line.analytic_distribution = {other.account_id.id: 100}
        foreign.action_post()
        self._dispute("Not ours", move=foreign)
        self._as(self.clerk, self.customer).action_overdue_hold("Merger")
        self._write_mail("Note", TODAY, office, subtype_xmlid="mail.mt_note")
        self._dispute("Ours")
        rows = self._get_rows(user=self.manager)
        self.assertEqual(rows.mapped("kind"), ["dispute", "invoice"])
        self.assertEqual(rows.mapped("document_name"), [self.invoice.name] * 2)
        self.assertEqual(rows[0].text, "disputed: Ours")
        theirs = self._get_rows(user=self.stranger)
        self.assertEqual(set(theirs.mapped("document_name")), {foreign.name})

    def test_invoice_shared_with_anothers_project_tells_neither_manager(self):
        other = self._create_project("Other", user_id=self.stranger.id)
        shared = self._invoice(amount=10)
        shared.button_draft()
        shared.invoice_line_ids.analytic_distribution = {
            self.project.account_id.id: 50,
            other.account_id.id: 50,
        }
        shared.action_post()
        for user in (self.manager, self.stranger):
            rows = self._get_rows(user=user)
            self.assertNotIn(shared.id, rows.move_id.ids)
        self.assertIn(shared.id, self._get_rows().move_id.ids)

    def test_clerk_of_another_company_reads_nothing(self):
        other = self._create_company(name="Other firm")
        clerk = self._create_user("far", "account.group_account_invoice")
        clerk.write({"company_id": other.id, "company_ids": [Command.set(other.ids)]})
        self._dispute()
        self.assertFalse(self._get_rows(user=clerk))

    def test_employee_without_billing_rights_reads_nothing(self):
        nobody = self._create_user("nobody", "base.group_user")
        with self.assertRaises(AccessError):
            self._get_rows(user=nobody)

    def test_rows_open_what_they_are_about(self):
        pause = self._dispute()
        rows = self._get_rows()
        found = {r.kind: r.action_open_source() for r in rows}
        self.assertEqual(found["dispute"]["res_id"], pause.id)
        self.assertEqual(found["invoice"]["res_model"], "account.move")
        row = self._get_rows(user=self.manager).filtered(lambda r: r.kind == "invoice")
        action = row.action_open_source()
        self.assertEqual(action["res_model"], "project.billing.tracker")
