from dataclasses import dataclass, field

from odoo import api, models
from odoo.fields import Domain

# amounts that are agreed once; periods, costs and openings are seen on invoices
SHOWN_KINDS = ("milestone", "progress", "deposit", "pack")
BADGES = {
    "planned": "text-bg-light",
    "asked": "text-bg-warning",
    "rejected": "text-bg-danger",
    "accepted": "text-bg-success",
    "ready": "text-bg-info",
    "part": "text-bg-info",
    "invoiced": "text-bg-info",
    "paid": "text-bg-success",
    "overdue": "text-bg-danger",
    "open": "text-bg-info",
    "credited": "text-bg-light",
    "retained": "text-bg-warning",
    "written_off": "text-bg-light",
}


@dataclass
class PortalRow:
    """One line of the customer's page: an item or an invoice, as they may read it."""

    name: str
    url: str
    state: str
    label: str
    currency: object
    amount: float = 0.0
    date: object = None
    date_due: object = None
    open: float = 0.0
    retained: float = 0.0
    written_off: float = 0.0
    overdue: float = 0.0
    answer: str = ""
    pay_url: str = ""
    answer_url: str = ""
    paused: str = ""
    others: bool = False
    documents: list = field(default_factory=list)

    @property
    def badge(self):
        return BADGES[self.state]


class ProjectBillingPortal(models.AbstractModel):
    """What a customer may see of a project's billing: plain values, nothing else.

    Customers have no right to any model of this add-on. Every page of theirs is made
    from the values that these methods return for one commercial partner: what their
    own rules bill, their own share of it, their own posted invoices.
    """

    _name = "project.billing.portal"
    _description = "Customer's View of Billing"

    # -- whose ------------------------------------------------------------------------

    @api.model
    def _get_rules_domain(self, partner):
        """Return the rules that bill a commercial partner, wholly or a share."""
        own = ("commercial_partner_id", "=", partner.id)
        return Domain.OR(
            [
                Domain("partner_id", "any", [own]),
                Domain("partner_id", "=", False)
                & Domain("project_id.partner_id", "any", [own]),
                Domain("payer_ids.partner_id", "any", [own]),
            ]
        )

    @api.model
    def _get_rules(self, partner, projects=None):
        """Return the rules (superuser) that bill a partner, of some or all projects."""
        domain = self._get_rules_domain(partner)
        if projects is not None:
            domain &= Domain("project_id", "in", projects.ids)
        return self.env["project.billing.rule"].sudo().search(domain)

    @api.model
    def _may_answer(self, item, partner):
        """Return whether a commercial partner is the customer who accepts an item.

        Of several payers it is the rule's customer; the others pay, and look.
        """
        customer = item.sudo().acceptance_partner_id.commercial_partner_id
        return bool(partner) and customer == partner

    @api.model
    def _get_share(self, rule, partner):
        """Return the share (0 to 1) of what a rule bills that a partner pays."""
        if not rule.payer_ids:
            return 1.0
        own = rule.payer_ids.filtered(
            lambda payer: payer.partner_id.commercial_partner_id == partner
        )
        return sum(own.mapped("percentage")) / 100.0

    @api.model
    def _get_awaited_items(self, partner):
        """Return the items (superuser) that wait for the answer of a partner."""
        rules = self._get_rules(partner)
        items = self.env["project.billing.item"].sudo()
        items = items.search(
            [("rule_id", "in", rules.ids), ("acceptance_state", "=", "asked")]
        )
        return items.filtered(
            lambda item: item._is_answer_awaited() and self._may_answer(item, partner)
        )

    # -- items ------------------------------------------------------------------------

    @api.model
    def _get_item_rows(self, items, partner):
        """Return a :class:`PortalRow` for each item, in the partner's own amounts.

        :param items: ``project.billing.item``, superuser
        """
        billed = self._get_own_billed(items, partner)
        ready = self._filter_ready(items)
        return [
            self._prepare_item_row(item, partner, billed.get(item), item in ready)
            for item in items
        ]

    @api.model
    def _get_listed_items(self, rules):
        """Return the items of rules that customers are shown."""
        return rules.env["project.billing.item"].search(
            [
                ("rule_id", "in", rules.ids),
                ("billable_amount", "!=", 0),
                "|",
                ("kind", "in", SHOWN_KINDS),
                ("acceptance_state", "!=", False),
            ]
        )

    @api.model
    def _filter_ready(self, items):
        ready = items.browse()
        for company, own in items.grouped("company_id").items():
            ready |= own._filter_ready(company._get_billing_today())
        return ready

    @api.model
    def _get_own_billed(self, items, partner):
        """Return ``{item: (amount, posted invoices)}`` of a partner's own invoices."""
        rows = (
            self.env["project.billing.allocation"]
            .sudo()
            ._read_group(
                [
                    ("item_id", "in", items.ids),
                    ("is_live", "=", True),
                    ("kind", "in", ("bill", "credit")),
                    ("move_id.state", "=", "posted"),
                    ("move_id.commercial_partner_id", "=", partner.id),
                ],
                ["item_id"],
                ["amount:sum", "move_id:recordset"],
            )
        )
        return {item: (amount, moves) for item, amount, moves in rows}

    @api.model
    def _prepare_item_row(self, item, partner, billed, is_ready):
        currency = item.currency_id
        share = self._get_share(item.rule_id, partner)
        amount = currency.round(item.billable_amount * share)
        answers = self._may_answer(item, partner)
        state = self._get_item_state(item, amount, billed, is_ready)
        shown = answers and item.acceptance_state in ("accepted", "rejected")
        moves = billed[1] if billed else self.env["account.move"]
        return PortalRow(
            name=item.name,
            url=item.access_url if answers and item.acceptance_asking else "",
            state=state,
            label=self._get_item_labels(answers)[state],
            currency=currency,
            amount=amount,
            date=item.date_ready or item.date_planned,
            answer=item.acceptance_text if shown else "",
            documents=[
                (move.name, move.get_portal_url())
                for move in moves.filtered(lambda m: m.move_type == "out_invoice")
            ],
        )

    @api.model
    def _get_item_state(self, item, amount, billed, is_ready):
        """Return how an item stands for a partner: drafts and holds are not told."""
        currency = item.currency_id
        own_amount, moves = billed or (0.0, self.env["account.move"])
        if currency.compare_amounts(own_amount, 0.0) > 0:
            if currency.compare_amounts(own_amount, amount) < 0:
                return "part"
            paid = {"paid", "in_payment", "reversed"}
            is_paid = {*moves.mapped("payment_state")} <= paid
            is_lost = any(moves.mapped("billing_bad_debt_amount"))
            return "paid" if is_paid and not is_lost else "invoiced"
        if item.acceptance_state:
            return item.acceptance_state
        return "ready" if is_ready else "planned"

    @api.model
    def _get_item_labels(self, answers):
        asked = self.env._("Waiting for your answer")
        return {
            "planned": self.env._("Planned"),
            "asked": asked if answers else self.env._("Waiting for acceptance"),
            "rejected": self.env._("Rejected"),
            "accepted": self.env._("Accepted"),
            "ready": self.env._("Done"),
            "part": self.env._("Partly invoiced"),
            "invoiced": self.env._("Invoiced"),
            "paid": self.env._("Paid"),
        }

    # -- invoices ---------------------------------------------------------------------

    @api.model
    def _get_moves(self, project, partner):
        """Return a partner's own posted invoices and credit notes of a project.

        :return: ``account.move``, superuser, the newest first
        """
        own = [
            ("move_id.state", "=", "posted"),
            ("move_id.move_type", "in", ("out_invoice", "out_refund", "out_receipt")),
            ("move_id.commercial_partner_id", "=", partner.id),
        ]
        rules = self.env["project.billing.rule"].sudo().with_context(active_test=False)
        rules = rules.search([("project_id", "=", project.id)])
        moves = self.env["account.move"].sudo()
        for model, domain in (
            ("project.billing.share", [("project_id", "=", project.id)]),
            # documents of nothing to pay have no instalment
            ("project.billing.allocation", [("rule_id", "in", rules.ids)]),
        ):
            records = self.env[model].sudo()
            [[found]] = records._read_group(domain + own, [], ["move_id:recordset"])
            moves |= found
        credits = moves.reversal_move_ids.filtered(
            lambda m: m.state == "posted" and m.commercial_partner_id == partner
        )
        return (moves | credits).sorted(
            lambda m: (m.invoice_date, m.name), reverse=True
        )

    @api.model
    def _get_move_rows(self, moves, project):
        """Return a :class:`PortalRow` for each invoice, credit notes negative."""
        return [self._prepare_move_row(move, project) for move in moves]

    @api.model
    def _prepare_move_row(self, move, project):
        today = move.company_id._get_billing_today()
        lines = move.line_ids.filtered(
            lambda line: line.display_type == "payment_term" and not line.reconciled
        )
        retained = lines.filtered(
            lambda x: x.billing_is_retention and not x.billing_release_date
        )
        payable = lines - retained
        late = payable.filtered(lambda x: x.date_maturity and x.date_maturity < today)
        sign = -1 if move.move_type == "out_refund" else 1
        row = PortalRow(
            name=move.name,
            url=move.get_portal_url(),
            state="open",
            label="",
            currency=move.currency_id,
            amount=sign * move.amount_total,
            date=move.invoice_date,
            date_due=min(payable.mapped("date_maturity"), default=None),
            open=sum(payable.mapped("amount_residual_currency")),
            retained=sum(retained.mapped("amount_residual_currency")),
            written_off=move.billing_bad_debt_amount,
            overdue=sum(late.mapped("amount_residual_currency")),
            pay_url=self._get_pay_url(move),
            others=bool(move.billing_project_ids - project),
        )
        if move.overdue_is_payable:
            row.answer_url = move.get_portal_url(anchor="billing_pause")
            row.paused = self._get_paused_label(move)
        row.state = self._get_move_state(move, row)
        row.label = self._get_move_labels()[row.state]
        return row

    @api.model
    def _get_paused_label(self, move):
        """Return *Disputed* or *Promised* of an invoice, as of its company's today."""
        today = move.company_id._get_billing_today()
        kinds = move.overdue_pause_ids.filtered(
            lambda p: p.state == "open" and (not p.date_end or p.date_end >= today)
        ).mapped("kind")
        if "dispute" in kinds:
            return self.env._("Disputed")
        return self.env._("Payment announced") if "promise" in kinds else ""

    @api.model
    def _get_pay_url(self, move):
        """Return the host's link to pay online, where there is a way to pay."""
        if "transaction_ids" in move._fields and move._has_to_be_paid():
            query = "&payment=True"
            return move.get_portal_url(anchor="portal_pay", query_string=query)
        return ""

    @api.model
    def _get_move_state(self, move, row):
        currency = move.currency_id
        if move.payment_state == "reversed":
            return "credited"
        if currency.compare_amounts(row.overdue, 0.0) > 0:
            return "overdue"
        if currency.is_zero(row.open):
            if not currency.is_zero(row.written_off):
                return "written_off"
            return "paid" if currency.is_zero(row.retained) else "retained"
        if row.open < 0:
            return "credited"
        unpaid = row.open + row.retained + row.written_off
        is_part = currency.compare_amounts(unpaid, row.amount) < 0
        return "part" if is_part else "open"

    @api.model
    def _get_move_labels(self):
        return {
            "open": self.env._("To pay"),
            "part": self.env._("Partly paid"),
            "overdue": self.env._("Overdue"),
            "paid": self.env._("Paid"),
            "retained": self.env._("Paid, rest retained"),
            "written_off": self.env._("Written off"),
            "credited": self.env._("Credit"),
        }

    @api.model
    def _get_totals(self, rows):
        """Return the sums of invoice rows, one dict for each currency."""
        totals = {}
        for row in rows:
            total = totals.setdefault(
                row.currency,
                dict.fromkeys(
                    (
                        "invoiced",
                        "paid",
                        "written_off",
                        "open",
                        "overdue",
                        "retained",
                    ),
                    0.0,
                ),
            )
            total["invoiced"] += row.amount
            total["open"] += row.open
            total["overdue"] += row.overdue
            total["retained"] += row.retained
            total["written_off"] += row.written_off
            total["paid"] += row.amount - row.open - row.retained - row.written_off
        return [{"currency": currency, **total} for currency, total in totals.items()]
