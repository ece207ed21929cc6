"""Projects that need a hand: each reason, and the records that it opens."""

from datetime import date, timedelta

from .test_dashboard import DashboardCommon
from .test_tracker import TODAY


class TestAttention(DashboardCommon):
    def _get_own_reasons(self, **kwargs):
        return self._get_reasons(**kwargs).get("Website", {})

    def _open(self, code):
        """Return the records that a reason opens."""
        (project,) = self._get_data()["projects"]["records"]
        (reason,) = [r for r in project["reasons"] if r["code"] == code]
        action = self.env["ir.actions.act_window"]._for_xml_id(reason["action"])
        model = self.env[action["res_model"]].with_user(self.clerk)
        return model.search(reason["domain"])

    def test_a_project_in_order_needs_no_hand(self):
        self.item.date_ready = TODAY
        self.assertEqual(self._get_own_reasons(), {})

    def test_overdue_says_for_how_long_and_opens_the_instalments(self):
        self._invoice()
        self.assertEqual(
            self._get_own_reasons(), {"overdue": "overdue for up to 44 days"}
        )
        self.assertEqual(sum(self._open("overdue").mapped("gross")), 600)

    def test_ready_work_needs_a_hand_after_30_days_without_invoice(self):
        for days, needs in ((29, False), (30, True), (31, True)):
            with self.subTest(days=days):
                self.item.date_ready = TODAY - timedelta(days=days)
                self.assertEqual("quiet" in self._get_own_reasons(), needs)
        self.assertEqual(
            self._get_own_reasons()["quiet"], "ready for 31 days, never billed"
        )
        self.assertEqual(self._open("quiet").item_id, self.item)

    def test_an_invoice_of_this_month_is_reason_enough_to_wait(self):
        self.rule.payment_term_id = False
        self._invoice()
        late = self._create_item(self.rule, name="Two", amount=10)
        late.date_ready = date(2026, 5, 1)
        reasons = self._get_own_reasons()
        self.assertEqual(reasons["quiet"], "ready, nothing billed for 44 days")
        another = self._create_item(self.rule, name="Three", amount=10)
        another.date_ready = TODAY
        run = self._propose(TODAY, date=TODAY)
        run.line_ids.filtered(lambda x: x.item_id == late).action_hold()
        run.action_invoice()
        run.move_ids.action_post()
        self.assertNotIn("quiet", self._get_own_reasons())

    def test_more_billed_than_the_cap(self):
        self._invoice()
        self.rule.cap_amount = 900
        excess = self.company.currency_id.format(100)
        self.assertEqual(self._get_own_reasons()["over_cap"], f"over cap by {excess}")
        self.assertEqual(self._open("over_cap"), self.rule)

    def test_time_that_no_rule_bills(self):
        entry = self._create_entry(2.5, TODAY)
        old = TODAY - timedelta(days=91)
        self._create_entry(1, old)
        self.assertEqual(
            self._get_own_reasons(), {"no_rule": "02:30 h without billing rule"}
        )
        self.assertEqual(self._open("no_rule"), entry)

    def test_time_without_a_price(self):
        rule = self._create_rule(sequence=20)
        self.hours_product.lst_price = 0
        entry = self._create_entry(3, TODAY)
        self.assertEqual(self._get_own_reasons(), {"no_rate": "03:00 h without price"})
        self.assertEqual(self._open("no_rate"), entry)
        rule.bill_at_zero = True
        self.assertEqual(self._get_own_reasons(), {})

    def test_a_required_order_number_that_is_missing(self):
        self.item.date_ready = TODAY
        self.customer.billing_order_required = True
        self.assertRegex(
            self._get_own_reasons()["po_missing"], "Customer order number missing"
        )
        self.assertEqual(self._open("po_missing"), self.rule)
        self.project.billing_customer_order = "PO 1"
        self.assertEqual(self._get_own_reasons(), {})

    def test_a_required_document_that_is_missing(self):
        kind = self.env["project.billing.document.type"].create({"name": "Sign-off"})
        self.rule.document_type_ids = kind
        self.item.date_ready = TODAY
        self.assertRegex(
            self._get_own_reasons()["document_missing"],
            "Required document missing.*Sign-off",
        )
        self.env["project.billing.document"].create(
            {
                "type_id": kind.id,
                "rule_id": self.rule.id,
                "item_id": self.item.id,
                "file": "c2lnbmVk",
            }
        )
        self.assertEqual(self._get_own_reasons(), {})

    def test_days_of_time_without_their_signed_sheet(self):
        kind = self.env["project.billing.document.type"].create({"name": "Sheet"})
        rule = self._create_rule(sequence=20, price=100, document_type_ids=kind.ids)
        self._create_entry(1, TODAY)
        self._create_entry(1, TODAY - timedelta(days=1))
        sheet = self.env["project.billing.document"].create(
            {
                "type_id": kind.id,
                "rule_id": rule.id,
                "date_from": TODAY,
                "date_to": TODAY,
                "file": "c2lnbmVk",
            }
        )
        self.assertIn("document_missing", self._get_own_reasons())
        sheet.date_from = TODAY - timedelta(days=1)
        self.assertEqual(self._get_own_reasons(), {})

    def test_what_the_customer_rejected(self):
        self.item.trigger = "accepted"
        self.item.acceptance_state = "rejected"
        self.assertEqual(
            self._get_own_reasons(), {"rejected": "rejected by the customer: Milestone"}
        )
        self.assertEqual(self._open("rejected"), self.item)

    def test_the_project_with_most_money_at_stake_comes_first(self):
        self._invoice()
        other = self._create_project("Shop")
        rule = self._create_rule("milestone", project=other)
        self._create_item(rule, amount=700, date_ready=date(2026, 5, 1))
        projects = self._get_data()["projects"]
        self.assertEqual(projects["count"], 2)
        self.assertEqual(
            [(p["name"], p["amount"]) for p in projects["records"]],
            [("Shop", 700), ("Website", 600)],
        )
