from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from .project_billing_tracker import SETTLED

# of an instalment, of a document, of all
AMOUNTS = ("total", "paid", "written_off", "open", "retained", "due", "overdue")


class ProjectBillingStatementFigures(models.AbstractModel):
    """What a statement tells one customer of one project, as plain values.

    Only what that customer agreed to, was invoiced and paid: of several payers each
    gets the own share. Drafts, unbilled time and internal prices are never told.
    Whoever calls has checked who asks; the figures are read as superuser.
    """

    _name = "project.billing.statement.figures"
    _description = "Figures of a Customer's Statement"

    @api.model
    def _get_statement(self, project, partner, date, company):
        """Return one dict for each document currency, see ``_get_billing_statement``.

        :param project: one project, superuser
        :param partner: commercial partner
        """
        portal = self.env["project.billing.portal"]
        rules = portal._get_rules(partner, project).filtered(
            lambda rule: rule.company_id == company
        )
        documents = self._get_documents(project, partner, date, company)
        blocks = []
        for currency in rules.currency_id.union(*documents):
            own = rules.filtered(lambda rule, c=currency: rule.currency_id == c)
            moves, payments, lost = documents.get(currency, ([], [], []))
            items = self._get_items(own, partner, date, moves)
            block = {
                "currency_id": currency.id,
                "currency": currency.name,
                "contract": self._get_contract(own, partner, date),
                "items": items,
                "periods": self._get_periods(own, partner, date, currency),
                "documents": moves,
                "payments": payments,
                "written_off": lost,
                "retained": self._get_retained(moves, date, currency),
                "totals": self._get_totals(moves, date, currency),
            }
            if any(block[name] for name in ("contract", "items", "documents")):
                blocks.append(block)
        return blocks

    # -- the deal --------------------------------------------------------------------

    @api.model
    def _get_contract(self, rules, partner, date):
        """Return original, changes and current contract, or False without one."""
        portal = self.env["project.billing.portal"]
        lines = []
        for rule, amount in rules._get_deal_amounts().items():
            is_change = bool(rule.parent_id or rule.change_reference)
            if is_change and rule.change_date and rule.change_date > date:
                continue
            amount = rule.currency_id.round(amount * portal._get_share(rule, partner))
            if amount:
                lines.append(
                    {
                        "name": rule.name,
                        "reference": rule.change_reference or "",
                        "date": rule.change_date if is_change else False,
                        "is_change": is_change,
                        "amount": amount,
                    }
                )
        if not lines:
            return False
        changes = sum(line["amount"] for line in lines if line["is_change"])
        current = sum(line["amount"] for line in lines)
        return {
            "original": rules.currency_id.round(current - changes),
            "changes": rules.currency_id.round(changes),
            "current": rules.currency_id.round(current),
            "lines": sorted(lines, key=lambda line: line["is_change"]),
        }

    @api.model
    def _get_items(self, rules, partner, date, documents):
        """Return milestones and other agreed amounts with their states of the day."""
        portal = self.env["project.billing.portal"]
        items = portal._get_listed_items(rules)
        billed = self._get_billed(items, partner, date)
        is_past = date < max(
            (c._get_billing_today() for c in items.company_id), default=date
        )
        ready = (
            items.filtered(lambda i: i.date_ready and i.date_ready <= date)
            if is_past
            else portal._filter_ready(items)
        )
        settled = {
            row["move_id"]
            for row in documents
            if not row["open"] and not row["written_off"]
        }
        labels = portal._get_item_labels(False)
        rows = []
        for item in items:
            share = portal._get_share(item.rule_id, partner)
            amount = item.currency_id.round(item.billable_amount * share)
            own, moves = billed.get(item, (0.0, ()))
            state = self._get_item_state(item, amount, own, item in ready, is_past)
            if state == "invoiced" and {move.id for move in moves} <= settled:
                state = "paid"
            rows.append(
                {
                    "name": item.name,
                    "date": item.date_ready or item.date_planned,
                    "state": state,
                    "label": labels[state],
                    "amount": amount,
                    "invoiced": own,
                }
            )
        return sorted(rows, key=lambda row: str(row["date"] or "9999"))

    @api.model
    def _get_item_state(self, item, amount, billed, is_ready, is_past):
        if item.currency_id.compare_amounts(billed, 0.0) > 0:
            is_part = item.currency_id.compare_amounts(billed, amount) < 0
            return "part" if is_part else "invoiced"
        if item.acceptance_state and not is_past:
            return item.acceptance_state
        return "ready" if is_ready else "planned"

    @api.model
    def _get_billed(self, items, partner, date):
        """Return ``{item: (amount, documents)}`` of the customer's own documents."""
        groups = self.env["project.billing.allocation"]._read_group(
            [
                ("item_id", "in", items.ids),
                ("is_live", "=", True),
                ("kind", "in", ("bill", "credit")),
                ("move_id.state", "=", "posted"),
                ("move_id.date", "<=", date),
                ("move_id.commercial_partner_id", "=", partner.id),
            ],
            ["item_id"],
            ["amount:sum", "move_id:recordset"],
        )
        return {item: (amount, moves) for item, amount, moves in groups}

    @api.model
    def _get_periods(self, rules, partner, date, currency):
        """Return invoiced time by month, of rules whose hours the customer sees."""
        shown = rules.filtered(lambda r: r.portal_hours != "none" or r.annex)
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT date_trunc('month', a.date)::date,
                       SUM(CASE WHEN a.kind = 'draw' OR u.id IS NULL THEN a.quantity
                                ELSE a.invoiced_quantity * u.factor / %(hour)s
                                END)::float,
                       SUM(CASE WHEN a.kind = 'draw' THEN 0
                                ELSE a.amount + COALESCE(a.adjustment, 0) END)::float
                  FROM project_billing_allocation a
                  JOIN account_move m ON m.id = a.move_id
                  LEFT JOIN account_move_line l ON l.id = a.move_line_id
                  LEFT JOIN uom_uom u ON u.id = l.product_uom_id
                 WHERE a.rule_id = ANY(%(rules)s) AND a.is_live
                   AND a.analytic_line_id IS NOT NULL
                   AND a.kind IN ('bill', 'credit', 'draw')
                   AND m.state = 'posted' AND m.date <= %(date)s
                   AND m.commercial_partner_id = %(partner)s
                 GROUP BY 1 ORDER BY 1
                """,
                hour=self.env.ref("uom.product_uom_hour").sudo().factor,
                rules=shown.ids,
                date=date,
                partner=partner.id,
            )
        )
        return [
            {"month": month, "hours": round(hours, 2), "amount": currency.round(amount)}
            for month, hours, amount in rows
        ]

    # -- invoices --------------------------------------------------------------------

    @api.model
    def _get_documents(self, project, partner, date, company):
        """Return ``{currency: (documents, payments, bad debts)}`` of the day.

        An invoice that bills several projects counts with this project's part.
        """
        facts = (
            self.env["project.billing.tracker"]
            .with_company(company)
            .with_context(
                allowed_company_ids=company.ids,
                billing_tracker_date=fields.Date.to_string(date),
            )
            .search(
                [
                    ("source", "=", "instalment"),
                    ("is_payable", "=", False),
                    ("project_id", "=", project.id),
                    ("partner_id.commercial_partner_id", "=", partner.id),
                ]
            )
        )
        return {
            currency: (
                self._prepare_documents(own, date, currency),
                self._prepare_payments(own, currency),
                self._prepare_payments(own, currency, "bad_debt"),
            )
            for currency, own in facts.grouped("currency_id").items()
        }

    @api.model
    def _prepare_documents(self, facts, date, currency):
        documents = [
            self._prepare_document(move, own, date, currency)
            for move, own in facts.grouped("move_id").items()
        ]
        return sorted(documents, key=lambda row: (row["date"], row["name"]))

    @api.model
    def _prepare_document(self, move, facts, date, currency):
        dues = [
            self._prepare_due(own, date, currency)
            for _line, own in facts.grouped("move_line_id").items()
        ]
        totals = {
            name: currency.round(sum(due[name] for due in dues)) for name in AMOUNTS
        }
        payable = [
            due["date"] for due in dues if due["date"] and not due["is_retained"]
        ]
        return {
            "move_id": move.id,
            "name": move.name,
            "is_credit": move.move_type == "out_refund",
            "is_shared": currency.compare_amounts(
                abs(totals["total"]), move.amount_total
            )
            != 0,
            "date": move.invoice_date or move.date,
            "date_due": max(payable, default=False),
            "dues": sorted(dues, key=lambda due: str(due["date"] or "")),
            **totals,
        }

    @api.model
    def _prepare_due(self, facts, date, currency):
        """Return one instalment; due is what is open with a due day up to the day."""
        fact = facts[0]
        total, left, lost = (
            currency.round(sum(own.mapped("gross")))
            for own in (
                facts,
                facts.filtered(lambda f: f.stage not in SETTLED),
                facts.filtered(lambda f: f.stage == "bad_debt"),
            )
        )
        is_due = not fact.date_due or fact.date_due <= date
        is_late = bool(fact.date_due) and fact.date_due < date
        kept = fact.is_retained and not is_due
        return {
            "date": fact.date_due,
            "is_retained": fact.is_retained,
            "total": total,
            "paid": currency.round(total - left - lost),
            "written_off": lost,
            "open": left,
            "retained": left if kept else 0.0,
            "due": left if is_due else 0.0,
            "overdue": left if is_late else 0.0,
        }

    @api.model
    def _prepare_payments(self, facts, currency, stage="paid"):
        """Return what was paid by day, credit notes that were set off left out.

        :param stage: ``bad_debt`` for what was written off instead
        """
        paid = facts.filtered(lambda f: f.stage == stage and f.date_paid)
        rows = defaultdict(float)
        for fact in paid:
            rows[fact.date_paid] += fact.gross
        names = {
            day: sorted(
                {move.name for move in own.move_id if move.move_type != "out_refund"}
            )
            for day, own in paid.grouped("date_paid").items()
        }
        return [
            {"date": day, "documents": names[day], "amount": currency.round(amount)}
            for day, amount in sorted(rows.items())
            if not currency.is_zero(amount)
        ]

    # -- sums ------------------------------------------------------------------------

    @api.model
    def _get_totals(self, documents, date, currency):
        totals = {
            name: currency.round(sum(row[name] for row in documents))
            for name in AMOUNTS
        }
        totals["invoiced"] = totals.pop("total")
        later = totals["open"] - totals["due"] - totals["retained"]
        return {**totals, "later": currency.round(later)}

    @api.model
    def _get_retained(self, documents, date, currency):
        """Return the state of retention in the order of a payment certificate.

        ``earned`` (invoiced for work so far), ``retained``, ``billed_before`` (asked
        for by earlier documents, less what they retained) and ``due_now`` (by the
        latest document and by releases); False where nothing was ever retained.
        """
        if not any(due["is_retained"] for row in documents for due in row["dues"]):
            return False
        earned = sum(row["total"] for row in documents)
        retained = sum(row["retained"] for row in documents)
        before = sum(
            due["total"]
            for row in documents[:-1]
            for due in row["dues"]
            if not due["is_retained"]
        )
        return {
            "earned": currency.round(earned),
            "retained": currency.round(retained),
            "billed_before": currency.round(before),
            "due_now": currency.round(earned - retained - before),
        }
