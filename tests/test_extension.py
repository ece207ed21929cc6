from odoo import api, fields, models
from odoo.orm.model_classes import add_to_registry

from odoo.addons.project_invoice_tracker.tools.quantity import Share
from odoo.addons.project_invoice_tracker.tools.spec import LineSpec, Proposal

from .common import BillingCommon


class RuleWithSubscription(models.Model):
    """What another add-on writes first: the key of its billing type."""

    _module = None
    _name = "project.billing.rule"
    _inherit = ["project.billing.rule"]

    billing_type = fields.Selection(
        selection_add=[("subscription", "Subscription")],
        ondelete={"subscription": "cascade"},
    )


class SubscriptionRoom(models.AbstractModel):
    """And second: one room. It bills each item of its rules as one unit."""

    _module = None
    _name = "project.billing.type.subscription"
    _inherit = "project.billing.type"
    _description = "Billing Type: Subscription"

    @api.model
    def _get_free_items(self, rules):
        return rules.item_ids.filtered("open_amount")

    @api.model
    def _propose(self, rules, run):
        return [
            Proposal(
                rule_id=item.rule_id.id,
                project_id=item.project_id.id,
                item_id=item.id,
                amount=item.open_amount,
                quantity=1,
                name=item.name,
            )
            for item in self._get_free_items(rules)
        ]

    @api.model
    def _prepare_lines(self, run_lines):
        return {line.id: [self._prepare_spec(line)] for line in run_lines}

    @api.model
    def _prepare_spec(self, line):
        amount = line.item_id.open_amount
        share = Share(
            key=line.item_id.id, quantity=1, price=amount, invoiced=1, amount=amount
        )
        return LineSpec(
            rule_id=line.rule_id.id,
            name=f"Subscription {line.item_id.name}",
            product_id=line.rule_id.product_id.id,
            uom_id=line.rule_id.product_id.uom_id.id,
            quantity=1,
            price=amount,
            shares=[share],
        )


class TestExtension(BillingCommon):
    """Another add-on adds a billing type without touching a file of this one."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self._restore_registry)
        for definition in (RuleWithSubscription, SubscriptionRoom):
            definition._module = "billing_subscription"
            add_to_registry(self.registry, definition)
        names = ["project.billing.rule", "project.billing.type.subscription"]
        self.registry._setup_models__(self.env.cr, names)

    def _restore_registry(self):
        model = self.registry["project.billing.rule"]
        model._base_classes__ = tuple(
            base for base in model._base_classes__ if base is not RuleWithSubscription
        )
        room = "project.billing.type.subscription"
        self.registry["project.billing.type"]._inherit_children.discard(room)
        del self.registry.models[room]
        self.registry._setup_models__(self.env.cr, ["project.billing.rule"])

    def test_type_of_another_add_on_is_proposed_and_billed(self):
        rule = self._create_rule("subscription", amount=500)
        item = self._create_item(rule, amount=500, name="June")
        run = self._propose()
        self.assertRecordValues(run.line_ids, [{"state": "proposed", "amount": 500}])
        run.action_invoice()
        self.assertEqual(run.move_ids.amount_untaxed, 500)
        self.assertEqual(run.move_ids.invoice_line_ids.name, "Subscription June")
        self.assertEqual(item.billed_amount, 500)
        self.assertConserved()

    def test_type_of_another_add_on_is_billed_once(self):
        rule = self._create_rule("subscription", amount=500)
        self._create_item(rule, amount=500, name="June")
        self._bill()
        self.assertFalse(self._propose().line_ids)

    def test_type_of_another_add_on_is_credited_like_ours(self):
        rule = self._create_rule("subscription", amount=500)
        item = self._create_item(rule, amount=500, name="June")
        invoice = self._bill()
        invoice.action_post()
        self._reverse(invoice)
        self.assertEqual(item.billing_held_amount, 500)
        self.assertConserved()

    def test_type_of_another_add_on_shares_invoices_with_ours(self):
        self._create_rule(price=100)
        self._create_entry(1)
        rule = self._create_rule("subscription", amount=500)
        self._create_item(rule, amount=500, name="June")
        self.assertEqual(self._bill().amount_untaxed, 600)
