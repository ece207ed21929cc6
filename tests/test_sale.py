import psycopg2

from odoo import Command
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.project_invoice_tracker.exceptions import (
    AlreadyBilledError,
    BillingRuleError,
    LockedError,
)
from odoo.addons.sale_timesheet.tests.common import TestCommonSaleTimesheet

from .common import ADDON, BillingCommon


class SaleCommon(BillingCommon):
    """A firm that bills some projects by sales orders and some by billing rules."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._create_user(
            "seller",
            "base.group_user,base.group_partner_manager,"
            "sales_team.group_sale_manager,account.group_account_invoice,"
            "hr_timesheet.group_hr_timesheet_approver,project.group_project_manager",
        )
        cls.project.allow_billable = True
        cls.project.partner_id = cls.customer
        cls.rule = cls._create_rule(price=100)

    @classmethod
    def _create_service(cls, service_type="timesheet", **kwargs):
        return cls.env["product.product"].create(
            {
                "name": "Sold service",
                "type": "service",
                "invoice_policy": "delivery",
                "service_type": service_type,
                "list_price": 90,
                "uom_id": cls.hour.id,
                "taxes_id": [Command.clear()],
                **kwargs,
            }
        )

    @classmethod
    def _sell(cls, quantity=10, product=None, **kwargs):
        """Return the line of a confirmed sales order; ``kwargs`` are the line's."""
        product = product or cls._create_service()
        order = cls.env["sale.order"].create(
            {
                "partner_id": cls.customer.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_qty": quantity,
                            **kwargs,
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        return order.order_line

    def _invoice_order(self, order_line):
        """Return the draft invoice of an order, made by the seller."""
        order = order_line.order_id.with_user(self.seller)
        return order._create_invoices()

    def _commit_values(self):
        """Do what the end of a request does before it commits."""
        self.env.flush_all()
        self.env.cr.precommit.run()


@tagged("sale")
class TestSaleEntries(SaleCommon):
    """X26: each hour has one owner, the sales order or the billing rule."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order_line = cls._sell()
        cls.order = cls.order_line.order_id

    def test_time_of_an_order_is_left_to_sales(self):
        entry = self._create_entry(8, so_line=self.order_line.id)
        run = self._propose()
        self.assertEqual(self._get_reasons(run), {"owned_by_sales": 8})
        self.assertFalse(self._get_lines(run, "proposed"))
        self.assertFalse(entry.billing_rule_id)
        self.assertIn(self.order.name, entry.billing_explanation)

    def test_entry_given_to_an_order_leaves_its_rule(self):
        entry = self._create_entry(8)
        self.assertEqual(entry.billing_rule_id, self.rule)
        entry.with_user(self.seller).so_line = self.order_line
        self.assertFalse(entry.billing_rule_id)
        self.assertEqual(entry.billing_price, 0)

    def test_entry_taken_off_an_order_gets_its_rule_back(self):
        entry = self._create_entry(8, so_line=self.order_line.id)
        entry.with_user(self.seller).so_line = False
        self.assertEqual(entry.billing_rule_id, self.rule)
        self.assertEqual(self._bill().invoice_line_ids.quantity, 8)

    def test_hand_chosen_rule_gives_way_to_the_order_and_back(self):
        entry = self._create_entry(8)
        entry.billing_rule_id = self.rule
        entry.with_user(self.seller).so_line = self.order_line
        self.assertFalse(entry.billing_rule_id)
        entry.with_user(self.seller).so_line = False
        self.assertEqual(entry.billing_rule_id, self.rule)

    def test_order_on_the_task_takes_its_free_time_along(self):
        entry = self._create_entry(8)
        self.task.with_user(self.seller).sale_line_id = self.order_line
        self._commit_values()
        self.assertEqual(entry.so_line, self.order_line)
        self.assertFalse(entry.billing_rule_id)
        self.task.with_user(self.seller).sale_line_id = False
        self._commit_values()
        self.assertEqual(entry.billing_rule_id, self.rule)

    def test_order_on_the_task_leaves_billed_time_alone(self):
        entry = self._create_entry(8)
        self._bill()
        self.task.with_user(self.seller).sale_line_id = self.order_line
        self._commit_values()
        self.assertFalse(entry.so_line)
        self.assertEqual(entry.billing_rule_id, self.rule)
        self.assertConserved()

    def test_order_of_the_project_leaves_billed_time_alone(self):
        entry = self._create_entry(8, task=self.task)
        self._bill()
        self.project.with_user(self.seller).sale_line_id = self.order_line
        self._commit_values()
        self.assertFalse(entry.so_line)

    def test_billed_entry_cannot_be_given_to_an_order(self):
        entry = self._create_entry(8)
        invoice = self._bill()
        invoice.action_post()
        with self.assertRaisesRegex(AlreadyBilledError, invoice.name):
            entry.with_user(self.seller).so_line = self.order_line

    @mute_logger("odoo.sql_db")
    def test_database_refuses_two_owners(self):
        entry = self._create_entry(8)
        self._bill()
        self.env.flush_all()
        with self.assertRaises(psycopg2.errors.CheckViolation):
            with self.env.cr.savepoint():
                self.env.cr.execute(
                    "UPDATE account_analytic_line SET so_line = %s WHERE id = %s",
                    (self.order_line.id, entry.id),
                )

    def test_order_and_rule_bill_different_hours(self):
        ours = self._create_entry(8)
        theirs = self._create_entry(2, so_line=self.order_line.id)
        billed = self._bill()
        invoice = self._invoice_order(self.order_line)
        self.assertEqual(billed.invoice_line_ids.quantity, 8)
        self.assertEqual(invoice.invoice_line_ids.quantity, 2)
        self.assertEqual(theirs.timesheet_invoice_id, invoice)
        self.assertFalse(ours.timesheet_invoice_id)
        invoice.action_post()
        self.assertFalse(self._get_lines(self._propose(), "proposed"))
        self.assertConserved()

    def test_time_on_a_sales_invoice_stays_with_sales_without_its_order_line(self):
        entry = self._create_entry(8, so_line=self.order_line.id)
        self._invoice_order(self.order_line)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_analytic_line SET so_line = NULL WHERE id = %s",
            (entry.id,),
        )
        self.env.invalidate_all()
        self.assertEqual(self._get_reasons(self._propose()), {"owned_by_sales": 8})

    def test_time_sold_between_review_and_invoice_is_left_out(self):
        entry = self._create_entry(8)
        run = self._propose()
        line = self._get_lines(run, "proposed")
        entry.with_user(self.seller).so_line = self.order_line
        run.action_invoice()
        self.assertFalse(run.move_ids)
        self.assertEqual(line.reason_code, "nothing_left")
        self.assertFalse(entry.billed_quantity)

    def test_cancelled_sales_invoice_stays_cancelled_once_a_rule_billed(self):
        entry = self._create_entry(8, so_line=self.order_line.id)
        sold = self._invoice_order(self.order_line)
        sold.button_cancel()
        entry.with_user(self.seller).so_line = False
        billed = self._bill()
        self.assertEqual(entry.billed_quantity, 8)
        billed.action_post()
        with self.assertRaisesRegex(AlreadyBilledError, billed.name):
            sold.button_draft()

    def test_cancelled_project_invoice_stays_cancelled_once_sold(self):
        entry = self._create_entry(8)
        billed = self._bill()
        billed.button_cancel()
        entry.with_user(self.seller).so_line = self.order_line
        with self.assertRaisesRegex(AlreadyBilledError, self.order.name):
            billed.button_draft()

    def test_sold_hours_do_not_come_back_to_a_raised_line(self):
        entry = self._create_entry(8)
        invoice = self._bill()
        invoice.write(
            {
                "invoice_line_ids": [
                    Command.update(invoice.invoice_line_ids.id, {"quantity": 0})
                ]
            }
        )
        entry.with_user(self.seller).so_line = self.order_line
        invoice.write(
            {
                "invoice_line_ids": [
                    Command.update(invoice.invoice_line_ids.id, {"quantity": 8})
                ]
            }
        )
        self.assertEqual(entry.billed_quantity, 0)
        self.assertFalse(invoice.sudo().billing_allocation_ids)

    def test_credit_note_is_not_reset_once_its_work_is_sold(self):
        entry = self._create_entry(8)
        billed = self._bill()
        billed.action_post()
        credit = self._reverse(billed)
        entry.with_user(self.seller).so_line = self.order_line
        with self.assertRaisesRegex(AlreadyBilledError, self.order.name):
            credit.button_draft()

    def test_work_taken_back_may_go_to_an_order(self):
        entry = self._create_entry(8)
        billed = self._bill()
        billed.action_post()
        self._reverse(billed)
        entry.with_user(self.seller).so_line = self.order_line
        self.assertFalse(self._get_lines(self._propose(), "proposed"))
        invoice = self._invoice_order(self.order_line)
        self.assertEqual(invoice.invoice_line_ids.quantity, 8)


@tagged("sale")
class TestSaleProject(SaleCommon):
    """Billing rules live beside Sales' own fields of a project."""

    def test_project_with_rules_keeps_its_customer_without_sales(self):
        self.project.with_user(self.seller).allow_billable = False
        self._commit_values()
        self.assertEqual(self.project.partner_id, self.customer)
        self._create_entry(8)
        self.assertEqual(self._bill().partner_id, self.customer)

    def test_customer_can_be_typed_on_a_project_that_sales_does_not_bill(self):
        self.project.allow_billable = False
        other = self.env["res.partner"].create({"name": "Southwind"})
        with Form(self.project.with_user(self.administrator)) as form:
            form.partner_id = other
        self.assertEqual(self.project.partner_id, other)

    def test_project_without_rules_loses_its_customer_as_before(self):
        project = self._create_project("Plain", allow_billable=True)
        project.allow_billable = False
        self.assertFalse(project.partner_id)

    def test_no_field_belongs_to_both(self):
        sale = {"sale", "sale_project", "sale_timesheet", "sale_management"}
        rows = self.env.execute_query(
            SQL(
                "SELECT f.model, f.name, array_agg(d.module) FROM ir_model_fields f"
                " JOIN ir_model_data d ON d.model = 'ir.model.fields'"
                " AND d.res_id = f.id WHERE f.name NOT IN ('id', 'display_name')"
                " GROUP BY f.model, f.name"
            )
        )
        both = [
            (model, name)
            for model, name, modules in rows
            if ADDON in modules and sale.intersection(modules)
        ]
        self.assertFalse(both)


@tagged("sale")
class TestSaleMilestones(SaleCommon):
    """Each milestone has one owner, the sales order or the billing rule."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._create_rule("milestone", amount=1000, sequence=20)
        cls.today = cls.company._get_billing_today()
        cls.service = cls._create_service(
            "milestones",
            service_tracking="task_in_project",
            uom_id=cls.env.ref("uom.product_uom_unit").id,
        )

    def test_item_of_a_sold_milestone_is_refused(self):
        order_line = self._sell(1, self.service)
        milestone = self._create_milestone("Go live", sale_line_id=order_line.id)
        with self.assertRaisesRegex(BillingRuleError, order_line.order_id.name):
            self.env["project.billing.item"].with_user(self.administrator).create(
                {"rule_id": self.plan.id, "milestone_id": milestone.id, "amount": 400}
            )

    def test_milestone_of_a_rule_cannot_be_sold(self):
        item = self._create_item(self.plan, amount=400)
        order_line = self._sell(1, self.service)
        with self.assertRaisesRegex(AlreadyBilledError, self.plan.name):
            item.milestone_id.with_user(self.seller).sale_line_id = order_line

    def test_billed_milestone_cannot_be_sold(self):
        item = self._create_item(self.plan, amount=400)
        item.milestone_id.is_reached = True
        invoice = self._bill(self.today)
        invoice.action_post()
        order_line = self._sell(1, self.service)
        with self.assertRaisesRegex(LockedError, invoice.name):
            item.milestone_id.with_user(self.seller).sale_line_id = order_line

    def test_archived_item_frees_its_milestone_for_an_order(self):
        item = self._create_item(self.plan, amount=400)
        item.with_user(self.administrator).active = False
        order_line = self._sell(1, self.service)
        item.milestone_id.with_user(self.seller).sale_line_id = order_line
        self.assertEqual(item.milestone_id.sale_line_id, order_line)
        with self.assertRaises(BillingRuleError):
            item.with_user(self.administrator).active = True

    def test_confirmed_order_takes_the_free_milestones_only(self):
        item = self._create_item(self.plan, amount=400)
        free = self._create_milestone("Two") + self._create_milestone("Three")
        order_line = self._sell(10, self.service, project_id=self.project.id)
        self.assertFalse(item.milestone_id.sale_line_id)
        self.assertEqual(free.sale_line_id, order_line)
        self.assertEqual(free.mapped("product_uom_qty"), [5, 5])

    def test_confirmed_order_gets_a_milestone_where_all_are_taken(self):
        item = self._create_item(self.plan, amount=400)
        order_line = self._sell(10, self.service, project_id=self.project.id)
        self.assertFalse(item.milestone_id.sale_line_id)
        own = self.project.milestone_ids - item.milestone_id
        self.assertRecordValues(
            own, [{"sale_line_id": order_line.id, "quantity_percentage": 1}]
        )

    def test_milestone_sold_before_the_bridge_is_left_to_the_order(self):
        item = self._create_item(self.plan, amount=400)
        item.milestone_id.is_reached = True
        run = self._propose(self.today)
        order_line = self._sell(1, self.service)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE project_milestone SET sale_line_id = %s WHERE id = %s",
            (order_line.id, item.milestone_id.id),
        )
        self.env.invalidate_all()
        run.action_invoice()
        self.assertFalse(run.move_ids)
        again = self._propose(self.today)
        line = again.line_ids.filtered("item_id")
        self.assertRecordValues(
            line, [{"state": "skipped", "reason_code": "owned_by_sales"}]
        )


@tagged("post_install", "-at_install", "sale")
class TestSaleHost(TestCommonSaleTimesheet):
    """Sales bills as it does without this add-on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.task = cls.env["project.task"].create(
            {"name": "Sold work", "project_id": cls.project_task_rate.id}
        )

    def _log(self, hours):
        return self.env["account.analytic.line"].create(
            {
                "name": "Work",
                "project_id": self.project_task_rate.id,
                "task_id": self.task.id,
                "employee_id": self.employee_user.id,
                "unit_amount": hours,
            }
        )

    def test_order_bills_delivered_time(self):
        order_line = self.so.order_line[0]
        self.task.sale_line_id = order_line
        entry = self._log(3)
        self.assertEqual(entry.so_line, order_line)
        self.assertEqual(order_line.qty_delivered, 3)
        invoice = self.so._create_invoices()
        line = invoice.invoice_line_ids.filtered(
            lambda x: x.sale_line_ids == order_line
        )
        self.assertEqual(line.quantity, 3)
        invoice.action_post()
        self.assertEqual(entry.timesheet_invoice_id, invoice)
        self.assertFalse(entry.billed_quantity)
        self.assertFalse(invoice.sudo().billing_allocation_ids)

    def test_credited_order_can_be_billed_again_by_the_order_only(self):
        self.task.sale_line_id = self.so.order_line[0]
        entry = self._log(3)
        self.env["project.billing.rule"].create(
            {"project_id": self.project_task_rate.id, "price": 100}
        )
        invoice = self.so._create_invoices()
        invoice.action_post()
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        wizard.refund_moves()
        wizard.new_move_ids.action_post()
        self.assertFalse(entry.timesheet_invoice_id)
        self.assertFalse(entry.billing_rule_id)
        self.assertEqual(entry.so_line, self.so.order_line[0])
