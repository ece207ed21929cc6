from datetime import date

from odoo.addons.project_invoice_tracker.exceptions import BillingRuleError

from .common import BillingCommon


class TestChangeOrder(BillingCommon):
    """A change order is a further rule; original, changes and current are shown."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule(price=100, cap_amount=1000, name="Development")

    def _create_change(self, parent=None, billing_type="timesheet", **kwargs):
        parent = parent or self.rule
        return (
            self.env["project.billing.rule"]
            .with_user(self.administrator)
            .create(
                {
                    "project_id": parent.project_id.id,
                    "company_id": parent.company_id.id,
                    "billing_type": billing_type,
                    "bill_from": "2000-01-01",
                    "sequence": 20,
                    "parent_id": parent.id,
                    "change_reference": "CO-1",
                    "change_date": date(2026, 6, 10),
                    **kwargs,
                }
            )
        )

    def assertDeal(self, rule, original, changes, current):
        self.env.flush_all()
        rule.invalidate_recordset()
        self.assertEqual(
            (rule.original_amount, rule.change_amount, rule.current_amount),
            (original, changes, current),
        )

    # -- the cap of the family ---------------------------------------------------------

    def test_change_order_releases_the_overflow(self):
        self._create_entry(12)
        self._bill()
        self.assertEqual(self._propose().line_ids.reason_code, "over_cap")
        self._create_change(cap_amount=150)
        run = self._propose()
        self.assertEqual(self._get_lines(run, "proposed").amount, 150)
        run.action_invoice()
        self.rule.invalidate_recordset()
        self.assertEqual((self.rule.cap_total, self.rule.cap_used), (1150, 1150))
        self.assertConserved()

    def test_family_shares_one_cap(self):
        change = self._create_change(
            cap_amount=500, price=100, task_ids=[self._create_task("Extra").id]
        )
        self._create_entry(12)
        self._create_entry(12, task=change.task_ids)
        # the change owns its task only once it comes first
        change.sequence = 5
        self.assertEqual(self._bill().amount_untaxed, 1500)
        for rule in self.rule | change:
            rule.invalidate_recordset()
            self.assertEqual((rule.cap_total, rule.cap_used), (1500, 1500))
        self.assertConserved()

    def test_change_without_a_cap_shares_that_of_its_parent(self):
        change = self._create_change(price=100, sequence=5)
        self._create_entry(12)
        self.assertEqual(self._bill().amount_untaxed, 1000)
        self.assertEqual(change.cap_total, 1000)

    def test_change_of_a_change_adds_to_the_same_cap(self):
        first = self._create_change(cap_amount=200)
        second = self._create_change(first, cap_amount=50, change_reference="CO-2")
        self.assertEqual(second.cap_total, 1250)
        self.assertEqual(second.change_root_id, self.rule)

    def test_change_with_a_contract_amount_stands_beside(self):
        change = self._create_change(billing_type="milestone", amount=3000)
        item = self._create_item(change, amount=3000)
        item.milestone_id.is_reached = True
        self._create_entry(12)
        today = self.company._get_billing_today()
        self.assertEqual(self._bill(cutoff=today).amount_untaxed, 4000)
        self.assertEqual(self.rule.cap_used, 1000)

    def test_cap_of_a_change_of_an_open_ended_rule_is_its_own(self):
        self.rule.cap_amount = 0
        change = self._create_change(cap_amount=300, price=100, sequence=5)
        self._create_entry(12)
        self.assertEqual(self._bill().amount_untaxed, 300)
        self.assertFalse(self.rule.cap_total)
        self.assertEqual(change.cap_total, 300)

    def test_archived_change_adds_nothing(self):
        change = self._create_change(cap_amount=500)
        change.active = False
        self.rule.invalidate_recordset()
        self.assertEqual(self.rule.cap_total, 1000)

    # -- original, changes, current ----------------------------------------------------

    def test_deal_of_time_and_materials_is_its_cap(self):
        change = self._create_change(cap_amount=500)
        self.assertDeal(self.rule, 1000, 500, 1500)
        self.assertDeal(change, 1000, 500, 1500)

    def test_deal_of_fixed_prices_is_the_contract(self):
        rule = self._create_rule("milestone", amount=8000)
        self._create_change(rule, "milestone", amount=2000)
        self._create_change(rule, "milestone", amount=500, change_reference="CO-2")
        self.assertDeal(rule, 8000, 2500, 10500)

    def test_deal_without_changes_is_the_original(self):
        self.assertDeal(self.rule, 1000, 0, 1000)

    def test_project_shows_the_contract_in_company_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "name": date(2020, 1, 1),
                "currency_id": euro.id,
                "company_id": self.company.id,
                "rate": 0.5,
            }
        )
        self._create_rule("milestone", amount=1000, currency_id=euro.id)
        self._create_change(cap_amount=250)
        project = self.project.with_user(self.manager)
        self.assertEqual(
            (
                project.billing_contract_amount,
                project.billing_change_amount,
                project.billing_current_amount,
            ),
            (3000, 250, 3250),
        )

    def test_project_of_others_shows_no_contract(self):
        self.project.user_id = self.administrator
        self.assertEqual(self.project.with_user(self.manager).billing_current_amount, 0)

    def test_review_shows_the_current_contract(self):
        self._create_change(cap_amount=250)
        self._create_entry(1)
        line = self._propose(user=self.manager).line_ids
        self.assertEqual(line.deal_amount, 1250)

    # -- refused -----------------------------------------------------------------------

    def test_circular_change_is_refused(self):
        change = self._create_change()
        with self.assertRaisesRegex(BillingRuleError, "itself"):
            self.rule.parent_id = change

    def test_change_of_itself_is_refused(self):
        with self.assertRaisesRegex(BillingRuleError, "itself"):
            self.rule.parent_id = self.rule

    def test_change_on_another_project_is_refused(self):
        shop = self._create_project("Shop")
        with self.assertRaisesRegex(BillingRuleError, "same project"):
            self._create_change(project_id=shop.id)

    def test_change_in_another_currency_is_refused(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        with self.assertRaisesRegex(BillingRuleError, "currency"):
            self._create_change(currency_id=euro.id)

    def test_changed_rule_cannot_move_away_from_its_changes(self):
        self._create_change()
        with self.assertRaisesRegex(BillingRuleError, "same project"):
            self.rule.project_id = self._create_project("Shop")

    def test_copy_of_a_rule_is_no_change(self):
        copy = self._create_change(cap_amount=5).copy()
        self.assertFalse(copy.parent_id or copy.change_reference or copy.change_root_id)
