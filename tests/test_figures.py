"""Where each project stands: figures that the database searches, sorts and sums."""

from datetime import date

from .test_tracker import TODAY, MilestoneCommon, TrackerCommon


class TestFigures(MilestoneCommon):
    def _get_project(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.project.with_user(user or self.clerk)

    def assertFigures(self, user=None, **figures):
        project = self._get_project(user)
        self.assertEqual(
            {name: project[f"billing_{name}"] for name in figures}, figures
        )

    def test_figures_follow_an_amount_from_plan_to_payment(self):
        self.assertFigures(
            contract_amount=1000,
            left_amount=1000,
            planned_amount=1000,
            billed_amount=0,
            state="planned",
        )
        self.item.date_ready = date(2026, 7, 1)
        self.assertFigures(
            wip_amount=1000, earned_amount=1000, state="to_invoice", next_date=TODAY
        )
        invoice = self._invoice()
        self.assertFigures(
            billed_amount=1000,
            earned_amount=1000,
            left_amount=0,
            wip_amount=0,
            open_amount=1000,
            overdue_amount=600,
            paid_amount=0,
            state="overdue",
        )
        self._pay(invoice, 700)
        self.assertFigures(
            open_amount=300, overdue_amount=0, paid_amount=700, state="open"
        )
        self._pay(invoice, 300)
        self.assertFigures(open_amount=0, paid_amount=1000, state="done")

    def test_amounts_owed_are_with_tax_and_the_others_without(self):
        tax = self.company_data["default_tax_sale"]
        self.rule.product_id.taxes_id = [(6, 0, tax.ids)]
        invoice = self._invoice()
        self.assertGreater(invoice.amount_total, 1000)
        self.assertFigures(billed_amount=1000, open_amount=invoice.amount_total)

    def test_a_credit_note_lowers_what_was_billed(self):
        invoice = self._invoice()
        self._reverse(invoice)
        self.assertFigures(
            billed_amount=0, held_amount=1000, wip_amount=1000, open_amount=0
        )

    def test_a_change_order_adds_to_the_contract(self):
        rule = self._create_rule("milestone", parent_id=self.rule.id, sequence=20)
        self._create_item(rule, amount=250)
        self.assertFigures(
            contract_amount=1000,
            change_amount=250,
            current_amount=1250,
            left_amount=1250,
        )

    def test_a_fee_without_end_has_no_contract_and_one_with_end_has(self):
        rule = self._create_rule(
            "recurring",
            project=self.shop,
            amount=100,
            date_start=date(2026, 7, 1),
        )
        shop = self.shop.with_user(self.clerk)
        self.assertEqual(shop.billing_contract_amount, 0)
        rule.date_end = date(2026, 12, 31)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(shop.billing_contract_amount, 600)

    def test_an_order_says_what_it_still_allows(self):
        self.rule.order_id = self.env["project.billing.order"].create(
            {"name": "PO 7", "partner_id": self.customer.id, "amount": 1500}
        )
        self._invoice()
        self.assertFigures(order_left_amount=500)

    def test_two_orders_that_allow_as_much_count_twice(self):
        other = self._create_rule("milestone", amount=700)
        for number, rule in enumerate((self.rule, other)):
            rule.order_id = self.env["project.billing.order"].create(
                {
                    "name": f"PO-{number}",
                    "partner_id": self.customer.id,
                    "amount": 500,
                }
            )
        self.assertFigures(order_left_amount=1000)

    def test_a_vendor_bill_is_no_income(self):
        self.project._ensure_billing_account()
        self._init_invoice_line({str(self.project.account_id.id): 100}, "in_invoice")
        self.assertFigures(billed_amount=0, open_amount=0)

    def test_projects_are_found_by_their_figures(self):
        self._invoice()
        projects = self.env["project.project"].with_user(self.clerk)
        ours = self.project | self.shop
        for domain, found in (
            ([("billing_overdue_amount", ">", 0)], self.project),
            ([("billing_overdue_amount", "=", 0)], self.shop),
            ([("billing_overdue_amount", "!=", 600)], self.shop),
            ([("billing_state", "=", "overdue")], self.project),
            ([("billing_state", "=", False)], self.shop),
            ([("billing_state", "!=", "overdue")], self.shop),
            ([("billing_left_amount", "<=", 0)], ours),
        ):
            with self.subTest(domain=domain):
                result = projects.search([("id", "in", ours.ids), *domain])
                self.assertEqual(result.with_env(self.env), found)

    def test_projects_are_sorted_and_summed_by_their_figures(self):
        self._create_rule(price=50, project=self.shop)
        self._create_entry(3, date(2026, 7, 2), task=self.shop_task)
        self._invoice()
        projects = self.env["project.project"].with_user(self.clerk)
        domain = [("id", "in", (self.project | self.shop).ids)]
        names = projects.search(domain, order="billing_wip_amount desc").mapped("name")
        self.assertEqual(names, ["Shop", "Website"])
        names = projects.search(domain, order="billing_wip_amount, id").mapped("name")
        self.assertEqual(names, ["Website", "Shop"])
        field = projects.fields_get(["billing_open_amount"])["billing_open_amount"]
        self.assertTrue(field["sortable"])
        (row,) = projects.formatted_read_group(
            domain, [], ["billing_open_amount:sum", "billing_wip_amount:sum"]
        )
        self.assertEqual(row["billing_open_amount:sum"], 1000)
        self.assertEqual(row["billing_wip_amount:sum"], 150)

    def test_a_manager_neither_reads_nor_finds_others_figures(self):
        self._invoice()
        self.project.user_id = self.administrator
        self.assertFigures(self.manager, open_amount=0, state=False)
        projects = self.env["project.project"].with_user(self.manager)
        self.assertFalse(projects.search([("billing_overdue_amount", ">", 0)]))
        (row,) = projects.formatted_read_group([], [], ["billing_open_amount:sum"])
        self.assertFalse(row["billing_open_amount:sum"])

    def test_figures_of_any_number_of_projects_are_one_statement(self):
        projects = self._get_project()
        projects.mapped("billing_open_amount")
        for number in range(5):
            other = self._create_project(f"Other {number}")
            self._create_item(self._create_rule("milestone", project=other), amount=5)
        self.env.flush_all()
        counts = []
        for records in (projects, projects.search([("partner_id", "!=", False)])):
            records.invalidate_recordset()
            before = self.env.cr.sql_log_count
            records.mapped("billing_open_amount")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)

    def test_a_branch_converts_at_the_rates_of_its_root(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.clerk.company_ids |= branch
        project = self._create_project("Branch site", company_id=branch.id)
        values = {"company_id": branch.id, "currency_id": euro.id, "amount": 1000}
        self._create_rule("milestone", project=project, **values)
        own = project.with_user(self.clerk)
        own = own.with_context(allowed_company_ids=branch.ids)
        self.assertEqual(own.billing_contract_amount, 500)

    def test_amounts_of_a_foreign_rule_are_in_company_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        self.rule.currency_id = euro
        self.assertFigures(contract_amount=500, planned_amount=500)


class TestDaysOverdue(TrackerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_rule("milestone", payment_term_id=cls.thirds.id)
        item = cls._create_item(cls.rule, amount=1000)
        item.date_ready = date(2026, 5, 20)

    def test_days_count_from_the_oldest_unpaid_instalment(self):
        invoice = self._bill(date(2026, 6, 1))
        self.assertEqual(invoice.overdue_days, 0)  # a draft
        invoice.action_post()
        self.assertEqual(invoice.overdue_days, 44)
        self._pay(invoice, 300)
        self.assertEqual(invoice.overdue_days, 14)
        self._pay(invoice, 300)
        self.assertEqual(invoice.overdue_days, 0)

    def test_invoices_are_found_and_sorted_by_days(self):
        invoice = self._bill(date(2026, 6, 1))
        invoice.action_post()
        late = self._init_invoice_line({})
        late.line_ids.filtered("date_maturity").date_maturity = date(2026, 5, 1)
        moves = self.env["account.move"].with_user(self.clerk)
        ours = [("id", "in", (invoice | late).ids)]
        for domain, found in (
            ([("overdue_days", ">", 44)], late),
            ([("overdue_days", "=", 44)], invoice),
            ([("overdue_days", "!=", 44)], late),
            ([("overdue_days", "<=", 0)], moves),
        ):
            with self.subTest(domain=domain):
                self.assertEqual(moves.search([*ours, *domain]), found)
        ordered = moves.search(ours, order="overdue_days desc")
        self.assertEqual(ordered.with_env(self.env), late + invoice)
