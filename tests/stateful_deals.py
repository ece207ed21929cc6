"""A firm with every kind of deal, and what people do to deals.

Retainer and pack with time that draws from them, time on a rate card under a cap and a
customer's order, progress with retention, deposits (pro rata and in full), passed-on
costs, two payers.
"""

from odoo import Command

from .common import ADDON
from .stateful import GROUPS, NEEDS, TODAY, Firm
from .stateful_deal_actions import DealActions
from .stateful_documents import pick

FACTS = """
SELECT 'drawn hours' WHERE EXISTS (
    SELECT 1 FROM project_billing_allocation
     WHERE kind = 'draw' AND is_live AND analytic_line_id IS NOT NULL)
 UNION ALL
SELECT 'deposit left' WHERE EXISTS (
    SELECT 1 FROM project_billing_item
     WHERE kind = 'deposit' AND billed_amount - drawn_amount > 0.005)
"""


class Deals(DealActions, Firm):
    """Two projects of two customers with every kind of deal, time of two employees.

    At the beginning the deposits are asked for and part of each contract is done; the
    clinic's part is invoiced already.
    """

    beginnings = (*Firm.beginnings, "pay", "take_draws_back", "change_bill", "reach")

    def __init__(self, case):
        super().__init__(case)
        self.propose_all().action_invoice()
        drafts = self.get_moves(state="draft")
        rows = drafts.sudo().billing_allocation_ids
        deposits = rows.filtered(lambda row: row.item_id.kind == "deposit").move_id
        deposits.action_post()
        (drafts - deposits).unlink()
        self.items.action_release()
        self.type_progress(0, 0, 0)
        self.receive_bill(1, 0, 1)
        for rule in self.depositing:
            rule.item_ids.milestone_id[0].is_reached = True
        case._bill(TODAY, self.projects[1]).action_post()
        self.env.flush_all()

    def _create_projects(self):
        case = self.case
        self.customer = case.customer
        self.other, self.city, self.state, self.vendor = self.env["res.partner"].create(
            [{"name": name} for name in ("Contoso", "City", "State", "Hosting Ltd")]
        )
        self.projects = case.project | case._create_project(
            "Clinic", partner_id=self.other.id
        )
        web, clinic = self.projects
        self.tasks = self.env["project.task"].concat(
            case._create_task("Support", web),
            case._create_task("Extras", web),
            case._create_task("Care", clinic),
        )
        self.people = case.ann | case.ben
        case._create_entry(1, task=self.tasks[1]).unlink()  # makes analytic accounts
        tax = self.env["account.tax"].create(
            {"name": "21 %", "amount": 21, "company_id": case.company.id}
        )
        for name, taxes in (
            ("milestone", tax),
            ("deposit", tax),
            ("cost", tax.browse()),
        ):
            product = self.env.ref(f"{ADDON}.product_project_{name}")
            product.taxes_id = [Command.set(taxes.ids)]

    def _create_rules(self):
        web, clinic = self.projects
        self._create_hours(web)
        self._create_time(web, clinic)
        self._create_contracts(web, clinic)
        self.case._create_rule("expense", project=web, markup_percentage=10)

    def _create_hours(self, web):
        """A fee and a pack whose hours support uses up."""
        create = self.case._create_rule
        self.fee = create(
            "recurring",
            project=web,
            amount=300,
            included_hours=3,
            rollover="carry",
            rollover_months=1,
            date_start="2026-05-01",
            date_end="2026-08-31",
        )
        self.packs = create("milestone", project=web)
        self._create_pack()
        create(
            project=web,
            sequence=1,
            price=90,
            task_ids=[Command.set(self.tasks[0].ids)],
            prepaid_rule_ids=[Command.set((self.fee | self.packs).ids)],
        )

    def _create_pack(self, hours=5, start="2026-06-01"):
        self.env["project.billing.item"].create(
            {
                "rule_id": self.packs.id,
                "kind": "pack",
                "name": "Pack",
                "prepaid_hours": hours,
                "amount": hours * 80,
                "date_start": start,
            }
        )

    def _create_time(self, web, clinic):
        """Time on a rate card, capped; time that two payers share."""
        prices = [{"price": 100}, {"price": 110.01, "date_start": "2026-06-15"}]
        self.card = self.env["project.billing.rate.card"].create(
            {
                "name": "Standard",
                "currency_id": self.case.company.currency_id.id,
                "rate_ids": [Command.create(values) for values in prices],
            }
        )
        self.order = self.env["project.billing.order"].create(
            {"name": "PO-1", "partner_id": self.customer.id, "amount": 2500}
        )
        self.extras = self.case._create_rule(
            project=web,
            sequence=5,
            rate_card_id=self.card.id,
            cap_amount=1500,
            order_id=self.order.id,
        )
        self.shared = self.case._create_rule(
            project=clinic,
            price=66.67,
            line_grouping="one",
            payer_ids=self._prepare_payers(60),
        )

    def _prepare_payers(self, share):
        shares = {self.city: share, self.state: 100 - share}
        return [Command.clear()] + [
            Command.create({"partner_id": partner.id, "percentage": part})
            for partner, part in shares.items()
        ]

    def _create_contracts(self, web, clinic):
        """Progress, and milestones with each kind of deposit."""
        create, item = self.case._create_rule, self.case._create_item
        self.claim = create(
            "progress",
            project=clinic,
            amount=10000,
            retention_percentage=10,
            retention_limit=600,
        )
        values = {"rule_id": self.claim.id, "amount_type": "fixed", "amount": 3333.33}
        self.env["project.billing.item"].create({"name": "Design", **values})
        thirds = create(
            "milestone",
            project=clinic,
            amount=1000,
            deposit_type="percent",
            deposit_percentage=20,
            deposit_deduction="pro_rata",
            retention_percentage=5,
            payer_ids=self._prepare_payers(60),
        )
        item(thirds, name="A", amount_type="percent", percentage=33.333333)
        item(thirds, name="B", amount_type="percent", percentage=33.333333)
        item(thirds, name="C", amount_type="remainder")
        parts = create(
            "milestone",
            project=web,
            deposit_type="amount",
            deposit_amount=500,
            order_id=self.order.id,
        )
        item(parts, name="Part 1", amount=450.05)
        item(parts, name="Part 2", amount=300)
        self.contracts = [thirds, parts, self.claim]
        self.depositing = thirds | parts

    # -- what there is -----------------------------------------------------------------

    @property
    def bills(self):
        return self.env["account.move"].search(
            [("move_type", "=", "in_invoice"), ("id", ">", self.first_move_id)],
            order="id",
        )

    @property
    def draws(self):
        rows = self.env["project.billing.allocation"].search(
            [
                ("kind", "=", "draw"),
                ("analytic_line_id", "!=", False),
                ("is_live", "=", True),
            ],
            order="id",
        )
        return rows.filtered(lambda row: row.rule_id.project_id in self.projects)

    def _pick_billed(self, number):
        moves = self.get_moves(state="posted").filtered("billing_allocation_ids")
        return pick(moves[::-1], number)  # the deposits are the first ones

    def get_facts(self):
        facts = super().get_facts()
        self.env.cr.execute(FACTS)
        return facts | {fact for (fact,) in self.env.cr.fetchall()}

    # -- the end of a sequence ---------------------------------------------------------

    def free_all(self):
        result = super().free_all()
        self.claim.item_ids.progress_percentage = 100
        return result

    def get_unexplained(self, run):
        """Return hours, and amounts of items, neither billed nor skipped."""
        found = super().get_unexplained(run)
        known = run.line_ids.filtered("reason_code").item_id
        for item in self.items.filtered("date_ready"):
            if abs(item.open_amount) > 0.01 and item not in known:
                found[item.display_name] = item.open_amount
        return found


DEAL_NEEDS = {
    "": NEEDS[""] + " type_progress limit change_order change_fee pause sell_pack"
    " share_otherwise release_retention withdraw_release receive_bill",
    "draft out_invoice": NEEDS["draft out_invoice"] + " copy_line change_product",
    "posted out_invoice": NEEDS["posted out_invoice"] + " pay",
    "draft in_invoice": "post_bill cancel_bill delete_bill",
    "posted in_invoice": "reset_bill credit_bill",
    "in_invoice": "change_bill",
    "drawn hours": "take_draws_back",
    "deposit left": "refund_deposit",
}
DEAL_NEEDS = {**NEEDS, **DEAL_NEEDS}
DEAL_GROUPS = {
    **GROUPS,
    "deal": "type_progress limit change_order change_fee pause sell_pack"
    " share_otherwise release_retention withdraw_release type_progress reach"
    " take_draws_back refund_deposit".split(),
    "cost": "receive_bill post_bill cancel_bill delete_bill reset_bill credit_bill"
    " change_bill".split(),
    "draft": [*GROUPS["draft"], "copy_line", "change_product"],
    "state": [*GROUPS["state"], "pay"],
}
