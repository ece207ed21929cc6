"""What the host would say by itself, and a run says once for all its invoices."""

from datetime import date

from odoo import Command

from .common import BillingCommon


class TestQuietRun(BillingCommon):
    @classmethod
    def default_env_context(cls):
        return {}  # messages and followers are what these tests are about

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={})
        cls.rule = cls._create_rule(project=cls.project, price=100, result="post")

    def _bill_hours(self):
        self._create_entry(2)
        return self._bill().with_env(self.env)

    def _get_tracked(self, move):
        return move.message_ids.sudo().tracking_value_ids.field_id.mapped("name")

    def test_invoice_of_a_run_has_the_followers_of_one_made_by_hand(self):
        move = self._bill_hours()
        by_hand = (
            self.env["account.move"]
            .with_user(self.clerk)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": move.partner_id.id,
                    "invoice_date": date(2026, 6, 30),
                    "invoice_user_id": move.invoice_user_id.id,
                    "invoice_line_ids": [Command.create({"price_unit": 1})],
                }
            )
        )
        by_hand.action_post()
        expected = by_hand.sudo().message_follower_ids
        self.assertTrue(expected)
        followers = move.message_follower_ids
        self.assertEqual(followers.partner_id, expected.partner_id)
        self.assertEqual(followers.subtype_ids, expected.subtype_ids)

    def test_invoice_of_a_run_says_who_made_and_posted_it(self):
        move = self._bill_hours()
        notes = " ".join(move.message_ids.mapped("body"))
        self.assertEqual(move.state, "posted")
        self.assertIn("Made by", notes)
        self.assertIn("Posted by", notes)
        self.assertEqual(move.message_ids.author_id, self.clerk.partner_id)

    def test_restrictive_audit_trail_keeps_the_tracking_of_the_host(self):
        self.company.restrictive_audit_trail = True
        move = self._bill_hours()
        self.cr.flush()
        self.assertIn("state", self._get_tracked(move))

    def test_run_without_audit_trail_tracks_no_state(self):
        move = self._bill_hours()
        self.cr.flush()
        self.assertEqual(move.state, "posted")
        self.assertNotIn("state", self._get_tracked(move))
