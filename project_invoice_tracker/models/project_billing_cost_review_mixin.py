from collections import defaultdict

from odoo import api, models

from ..tools.cost_items import (
    build_cost_aside_query,
    build_doubt_query,
    build_receipt_query,
)
from ..tools.spec import Proposal


class ProjectBillingCostReviewMixin(models.AbstractModel):
    """What the review says of costs: what is left out, doubts, receipts."""

    _name = "project.billing.cost.review.mixin"
    _description = "Review of Costs"

    @api.model
    def _propose_unconvertible(self, rules, missing):
        """Return one skip for each rule whose costs cannot be converted."""
        return [
            self._propose_count(
                rule.id,
                rule.project_id.id,
                "no_exchange_rate",
                items.mapped("cost_date"),
                detail=missing[rule],
            )
            for rule in rules
            if rule in missing
            and (
                items := self.env["project.billing.item"].search(
                    [
                        ("rule_id", "=", rule.id),
                        ("cost_base", "!=", 0),
                        ("billed_amount", "=", 0),
                    ]
                )
            )
        ]

    @api.model
    def _propose_aside(self, rules, run):
        """Return skips that count costs before *Bill from*, of no rule, or of Sales."""
        self.env.flush_all()
        found = defaultdict(list)
        for company, own in rules.grouped("company_id").items():
            query = build_cost_aside_query(
                self.env, own.project_id.ids, company.id, run.cutoff_date
            )
            for rule_id, project_id, date, code in self.env.execute_query(query):
                if rule_id is None or rule_id in own.ids:
                    found[rule_id, project_id, code].append(date)
        proposals = [self._propose_count(*key, dates) for key, dates in found.items()]
        return proposals + self._propose_shared(rules)

    @api.model
    def _propose_shared(self, rules):
        """Return a skip for each project whose analytic account others use, too."""
        projects = self.env["project.project"].with_context(active_test=False)
        accounts = rules.project_id.account_id
        shared = {
            account
            for account, count in projects._read_group(
                [("account_id", "in", accounts.ids)], ["account_id"], ["__count"]
            )
            if count > 1
        }
        return [
            self._propose_count(rule.id, rule.project_id.id, "shared_account", [])
            for rule in rules
            if rule.project_id.account_id in shared
        ]

    @api.model
    def _propose_count(self, rule_id, project_id, code, dates, detail=""):
        count = self.env._("%s costs", len(dates)) if dates else ""
        proposal = Proposal(
            rule_id=rule_id or False,
            project_id=project_id,
            date_from=min(dates, default=None),
            date_to=max(dates, default=None),
            name=self.env["project.billing.rule"].browse(rule_id or []).name or count,
        )
        proposal.skip(code, ", ".join(filter(None, [count, detail])))
        return proposal

    # -- doubts and receipts ---------------------------------------------------------

    @api.model
    def _get_doubts(self, items):
        """Return ``{item id: person}`` whose hours and bill would both be billed."""
        self.env.flush_all()
        return dict(self.env.execute_query(build_doubt_query(items.ids)))

    @api.model
    def _get_receipts(self, items):
        """Return ``{item id: attachments}`` of the bills and of the items."""
        self.env.flush_all()
        found = defaultdict(self.env["ir.attachment"].browse)
        for item_id, attachment_id in self.env.execute_query(
            build_receipt_query(items.ids)
        ):
            found[item_id] |= self.env["ir.attachment"].browse(attachment_id)
        return found

    @api.model
    def _attach_receipts(self, moves):
        """Attach the receipts of passed-on costs to their invoices, each once."""
        rows = self.env["project.billing.allocation"].search(
            [
                ("move_id", "in", moves.ids),
                ("kind", "=", "bill"),
                ("item_id.cost_source", "!=", False),
                ("rule_id.attach_receipts", "=", True),
            ]
        )
        receipts = self._get_receipts(rows.item_id) if rows else {}
        for move, own in rows.grouped("move_id").items():
            files = self.env["ir.attachment"]
            for item in own.item_id:
                files |= receipts.get(item.id, files)
            move.billing_receipt_ids = self.env["ir.attachment"].concat(
                *(
                    file.copy({"res_model": "account.move", "res_id": move.id})
                    for file in files
                )
            )
