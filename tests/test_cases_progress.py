from datetime import date

from odoo.tests import freeze_time

from .test_progress import ProgressCommon
from .test_retention import RetentionCommon


class TestCasesProgress(ProgressCommon):
    """Acceptance cases A03, B01, B10, D06 and D08, with their figures."""

    def test_a03_cumulative_percentages_less_already_billed(self):
        # Tryton project_invoice, scenario progress: 1 h and 5 h at 20, and 50 fixed
        rule = self._create_rule("progress", project=self._create_project("Tryton"))
        own, task, fixed = (
            self._create_value(rule, name, amount)
            for name, amount in (("Project", 20), ("Task", 100), ("Fixed", 50))
        )
        self._set_progress({own: 0, task: 50, fixed: 50})
        first = self._bill(projects=rule.project_id)
        self.assertEqual(self._get_amounts(first), [25, 50])
        self.assertEqual(first.amount_untaxed, 75)
        self._set_progress({own: 80, task: 75, fixed: 90})
        second = self._bill(projects=rule.project_id)
        self.assertEqual(self._get_amounts(second), [16, 20, 25])
        self.assertEqual(second.amount_untaxed, 61)
        self.assertEqual(rule.billed_amount, 136)

    def test_b01_progress_follows_the_percentage(self):
        rule = self._create_rule("progress", project=self._create_project("Lines"))
        item = self._create_value(rule, "20 x 30.00", 600)
        for percentage, billed in ((50, 300), (75, 450)):
            self._set_progress({item: percentage})
            self._bill(projects=rule.project_id).action_post()
            self.assertEqual(item.billed_amount, billed)
        # the host lowers a delivered quantity to 0; here it is shown, not credited
        self._set_progress({item: 0})
        run = self._propose(projects=rule.project_id)
        self.assertEqual(self._get_skips(run, "over_billed"), {item: -450})
        self.assertEqual(item.billed_amount, 450)

    def test_b01_milestones_of_20_and_40_percent_reached_in_turn(self):
        rule = self._create_rule("milestone", amount=1050)
        items = [
            self._create_item(rule, amount_type="percent", percentage=part, name=name)
            for part, name in ((20, "First"), (40, "Second"))
        ]
        for item, billed in zip(items, (210, 630), strict=True):
            item.milestone_id.is_reached = True
            self._bill(date(2026, 12, 31))
            rule.invalidate_recordset()
            self.assertEqual(rule.billed_amount, billed)

    def _create_fence(self):
        """Case D06: four sides of 1,000, one a day; done 100, 100, 50 and 0 %."""
        rule = self._create_rule(
            "progress", project=self._create_project("Fence"), expected_cost=4000
        )
        sides = [self._create_value(rule, f"Side {side}", 1000) for side in range(4)]
        for number, side in enumerate(sides, 1):
            side.date_planned = date(2026, 6, number)
        self._set_progress(dict(zip(sides, (100, 100, 50, 0), strict=True)))
        self.env["account.analytic.line"].create(
            [
                {
                    "name": "Posts and planks",
                    "account_id": rule.project_id.account_id.id,
                    "amount": -cost,
                    "date": date(2026, 6, number),
                    "company_id": self.company.id,
                }
                for number, cost in enumerate((1000, 1200, 600), 1)
            ]
        )
        self.env.invalidate_all()
        return rule

    @freeze_time("2026-06-03 18:00:00")
    def test_d06_earned_value_of_a_fence(self):
        rule = self._create_fence().with_user(self.manager)
        self.assertEqual(rule.cost_to_date, 2800)
        self.assertEqual((rule.planned_value, rule.earned_value), (3000, 2500))
        self.assertEqual((rule.cost_variance, rule.schedule_variance), (-300, -500))
        self.assertAlmostEqual(rule.cost_index, 0.893, 3)
        self.assertAlmostEqual(rule.schedule_index, 0.833, 3)
        # the source rounds the index first: 4,479
        self.assertAlmostEqual(rule.final_cost, 4480, 2)

    def test_d06_earned_value_is_no_matter_of_the_price(self):
        with freeze_time("2026-06-03"):
            rule = self._create_fence()
            rule.item_ids.amount = 1500
            rule.invalidate_recordset()
            self.assertEqual((rule.planned_value, rule.earned_value), (3000, 2500))
        with freeze_time("2026-06-02"):
            rule.invalidate_recordset()
            self.assertEqual((rule.planned_value, rule.schedule_index), (2000, 1.25))
        with freeze_time("2026-05-31"):
            rule.invalidate_recordset()
            self.assertEqual((rule.planned_value, rule.schedule_index), (0, 0))

    def test_d06_there_is_no_earned_value_without_an_expected_cost(self):
        rule = self._create_fence()
        rule.expected_cost = 0
        rule.invalidate_recordset()
        self.assertFalse(rule.earned_value or rule.planned_value or rule.cost_variance)
        self.assertFalse(rule.cost_index or rule.schedule_index or rule.final_cost)

    def test_d08_over_billed_then_under_billed(self):
        rule = self._create_rule(
            "progress", project=self._create_project("Fixed price"), amount=100000
        )
        item = rule.item_ids
        self._set_progress({item: 45})
        invoice = self._bill(projects=rule.project_id)
        invoice.action_post()
        rule.write({"progress_source": "cost", "expected_cost": 80000})
        self.env["account.analytic.line"].create(
            {
                "name": "Cost so far",
                "account_id": rule.project_id.account_id.id,
                "amount": -30000,
                "company_id": self.company.id,
            }
        )
        self.env.invalidate_all()
        self.assertAlmostEqual(item.earned_percentage, 37.5, 6)
        self.assertRecordValues(
            rule,
            [
                {
                    "billed_amount": 45000,
                    "earned_amount": 37500,
                    "over_billed_amount": 7500,
                    "under_billed_amount": 0,
                }
            ],
        )
        credit = self._reverse(invoice, post=False)
        credit.invoice_line_ids.price_unit = 15000
        credit.action_post()
        self.env.invalidate_all()
        self.assertRecordValues(
            rule,
            [
                {
                    "billed_amount": 30000,
                    "earned_amount": 37500,
                    "over_billed_amount": 0,
                    "under_billed_amount": 7500,
                }
            ],
        )


@freeze_time("2026-06-30")
class TestCasesRetention(RetentionCommon):
    """Acceptance cases B10 and B12, with their figures."""

    def _get_figures(self, move):
        """Return ``{label: amount}`` of the application for payment."""
        blocks = [
            block
            for block in move.billing_summary
            if "Application for payment" in block["title"]
        ]
        self.assertEqual(len(blocks), 1)
        return {label: value for label, value in blocks[0]["rows"]}

    def _assert_figures(self, move, figures):
        currency = move.currency_id
        shown = self._get_figures(move)
        self.assertEqual(
            shown, {label: currency.format(value) for label, value in figures.items()}
        )

    def test_b10_application_for_payment_with_ten_percent_retained(self):
        project = self._create_project("Schedule of values")
        rule = self._create_rule(
            "progress", project=project, retention_percentage=10, name="Schedule"
        )
        first, second, third = (
            self._create_value(rule, name, amount)
            for name, amount in (("A", 25000), ("B", 95000), ("C", 145000))
        )
        self._set_progress({first: 100, second: 40000 / 950})
        earlier = self._bill(date(2026, 5, 31), projects=project)
        earlier.action_post()
        self.assertEqual(earlier.amount_total, 65000)
        self._set_progress({first: 100, second: 62500 / 950, third: 45000 / 1450})
        invoice = self._bill(projects=project)
        invoice.action_post()
        self.assertEqual(self._get_amounts(invoice), [22500, 45000])
        self.assertTerms(earlier, [58500], [6500])
        self.assertTerms(invoice, [60750], [6750])
        self.assertRecordValues(
            rule, [{"billed_amount": 132500, "retained_amount": 13250}]
        )
        self._assert_figures(
            invoice,
            {
                "Contract sum": 265000,
                "Completed to date (50.0 %)": 132500,
                "Retained": 13250,
                "Earned less retained": 119250,
                "Less earlier certificates": 58500,
                "Due now": 60750,
                "To finish, including retained": 145750,
            },
        )

    def test_b12_five_percent_guarantee_on_the_amount_with_tax(self):
        self._set_tax()
        self.tax.price_include_override = "tax_included"
        project = self._create_project("Guarantee")
        rule = self._create_rule(
            "progress",
            project=project,
            amount=50000,
            retention_percentage=5,
            retention_base="gross",
            retention_months=12,
        )
        payable = 0
        for percentage, share in ((30, 28.5), (80, 76), (100, 95)):
            self._set_progress({rule.item_ids: percentage})
            invoice = self._bill(projects=project)
            invoice.action_post()
            due, retained = self._get_terms(invoice)
            payable += due.amount_currency
            self.assertAlmostEqual(payable / 500, share, 2)
            self.assertEqual(retained.date_maturity.year, 2099)
            self._pay(invoice, due.amount_currency)
        self.assertEqual(rule.retained_amount, 2500)
        self._assert_figures(
            invoice,
            {
                "Contract sum": 50000,
                "Completed to date (100.0 %)": 50000,
                "Retained": 2500,
                "Earned less retained": 47500,
                "Less earlier certificates": 38000,
                "Due now": 9500,
                "To finish, including retained": 2500,
            },
        )
        with freeze_time("2026-09-15"):
            rule.with_user(self.manager).action_release_retention()
        lines = self.env["account.move.line"].search(
            [("billing_retention_rule_id", "=", rule.id)]
        )
        self.assertEqual(set(lines.mapped("date_maturity")), {date(2027, 9, 15)})
        self.assertEqual(sum(lines.mapped("amount_residual")), 2500)
        for day, overdue in (("2027-09-15", 0), ("2027-09-16", 3)):
            late = lines.search_count(
                [("id", "in", lines.ids), ("date_maturity", "<", day)]
            )
            self.assertEqual(late, overdue)

    def test_application_shows_change_orders_and_amounts_without_tax(self):
        self._set_tax()
        self.rule.write({"amount": 30000, "name": "Website"})
        self._create_rule("progress", amount=2000, name="Blog", parent_id=self.rule.id)
        invoice = self._bill()
        invoice.action_post()
        self._assert_figures(
            invoice,
            {
                "Contract sum": 30000,
                "Changes": 2000,
                "Contract sum to date": 32000,
                "Completed to date (31.2 %)": 10000,
                "Retained": 1000,
                "Earned less retained": 9000,
                "Less earlier certificates": 0,
                "Due now, before tax": 9000,
                "To finish, including retained": 23000,
            },
        )

    def test_application_of_a_credit_note_takes_back(self):
        invoice = self._bill()
        invoice.action_post()
        credit = self._reverse(invoice, quantities={invoice.invoice_line_ids: 0.2})
        figures = self._get_figures(credit)
        currency = credit.currency_id
        self.assertEqual(figures["Retained"], currency.format(800))
        self.assertEqual(figures["Less earlier certificates"], currency.format(9000))
        self.assertEqual(figures["Due now"], currency.format(-1800))

    def test_application_does_not_change_when_it_is_printed_later(self):
        invoice = self._bill()
        invoice.action_post()
        before = invoice.billing_summary
        self.build.progress_percentage = 50
        self._bill().action_post()
        self.assertEqual(invoice.billing_summary, before)

    def test_application_without_retention_says_nothing_of_it(self):
        self.rule.retention_percentage = 0
        invoice = self._bill()
        invoice.action_post()
        self.assertEqual(
            list(self._get_figures(invoice)),
            [
                "Contract sum",
                "Completed to date (33.3 %)",
                "Less earlier certificates",
                "Due now",
                "To finish",
            ],
        )
