from datetime import date

from odoo.tests import freeze_time
from odoo.tools.safe_eval import safe_eval

from .common import ADDON
from .cost_common import CostCommon
from .test_progress import ProgressCommon


class ItemListMixin:
    """The list *Items to invoice* as a project manager opens it."""

    def _search_items(self, *filters, user=None):
        """Return what the list shows with filters of its search view."""
        action = self.env.ref(f"{ADDON}.project_billing_item_action")
        view = self.env.ref(f"{ADDON}.project_billing_item_view_search")
        arch = view._get_combined_arch()
        domain = safe_eval(action.domain)
        for name in filters:
            (node,) = arch.xpath(f"//filter[@name='{name}']")
            domain += safe_eval(node.get("domain"), {"uid": self.env.uid})
        items = self.env["project.billing.item"].with_user(user or self.manager)
        return items.search(domain)


@freeze_time("2026-06-30")
class TestItemStage(ItemListMixin, ProgressCommon):
    """A stage tells what is on invoices, and what is not."""

    def test_partly_billed_progress_says_so(self):
        self._set_progress({self.design: 40})
        self._bill()
        self.assertEqual(self.design.stage, "partial")
        self.assertEqual(self.build.stage, "planned")

    def test_partly_billed_progress_of_which_more_is_earned_says_so(self):
        self._set_progress({self.design: 40})
        self._bill()
        self._set_progress({self.design: 60})
        self.assertEqual(self.design.stage, "partial")

    def test_wholly_billed_progress_is_no_longer_partly_billed(self):
        self._set_progress({self.design: 40})
        self._bill()
        self._set_progress({self.design: 100})
        self._bill()
        self.assertEqual(self.design.stage, "draft")

    def test_partly_credited_milestone_that_is_released_is_partly_billed(self):
        rule = self._create_rule("milestone", amount=1000)
        item = self._create_item(rule, name="Go-live", amount=1000, trigger="manual")
        item.with_user(self.manager).action_set_ready()
        invoice = self._bill()
        invoice.action_post()
        line = invoice.invoice_line_ids
        self._reverse(invoice, quantities={line: 0.4})
        self.assertEqual(item.stage, "held")
        item.with_user(self.manager).action_release()
        self.assertEqual((item.stage, item.open_amount), ("partial", 400))

    def test_list_shows_what_is_ready_of_every_kind(self):
        rule = self._create_rule("milestone", amount=1000)
        today = self._create_item(
            rule, amount=400, trigger="date", date_planned=date(2026, 6, 30)
        )
        self._create_item(
            rule, amount=600, trigger="date", date_planned=date(2026, 7, 1)
        )
        self._set_progress({self.design: 40})
        self.assertEqual(self._search_items("ready"), today | self.design)
        self._bill()
        self.assertFalse(self._search_items("ready"))
        self._set_progress({self.design: 60})
        self.assertEqual(self._search_items("ready"), self.design)

    def test_list_leaves_out_what_is_postponed_or_held(self):
        rule = self._create_rule("milestone", amount=1000)
        item = self._create_item(rule, amount=1000)
        item._set_ready()
        self.assertEqual(self._search_items("ready"), item)
        item.date_postponed = date(2026, 7, 1)
        self.assertFalse(self._search_items("ready"))

    def test_list_filters_what_is_partly_billed(self):
        self._set_progress({self.design: 40})
        self._bill()
        self.assertEqual(self._search_items("partial"), self.design)
        self.assertFalse(self._search_items("invoiced"))
        self.assertEqual(self._search_items("to_invoice"), self.design | self.build)
        self._set_progress({self.design: 100})
        self._bill()
        self.assertFalse(self._search_items("partial"))
        self.assertEqual(self._search_items("invoiced"), self.design)
        self.assertEqual(self._search_items("to_invoice"), self.build)

    def test_list_filters_milestones(self):
        rule = self._create_rule("milestone", amount=1000)
        item = self._create_item(rule, amount=1000)
        self.assertEqual(self._search_items("milestones"), item)
        self.assertEqual(self._search_items("progress"), self.design | self.build)

    def test_list_leaves_out_what_is_no_item_to_invoice(self):
        self.rule.retention_percentage = 10
        self._set_progress({self.design: 40})
        self._bill().action_post()
        kinds = set(self.rule.with_context(active_test=False).item_ids.mapped("kind"))
        self.assertIn("retention", kinds)
        self.assertEqual(set(self._search_items().mapped("kind")), {"progress"})


class TestCostStage(CostCommon):
    """A cost of which a cap leaves a part says so."""

    def test_partly_billed_cost_says_so(self):
        self.rule.cap_amount = 60
        self._create_bill(100)
        self._bill()
        item = self._get_items()
        self.assertEqual((item.billed_amount, item.stage), (60, "partial"))
