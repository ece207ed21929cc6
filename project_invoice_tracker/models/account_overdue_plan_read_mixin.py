from datetime import timedelta

from odoo import api, models

from ..tools.overdue import Past, Policy, net_credits
from ..tools.overdue_instalment import Instalment
from ..tools.overdue_query import build_credits, build_history, build_instalments

# pauses of account.overdue.pause by their kind
PAUSES = {"dispute": "disputed", "promise": "promised", "hold": "on_hold"}


class AccountOverduePlanReadMixin(models.AbstractModel):
    """What the overdue plan reads: a handful of queries for a whole company."""

    _name = "account.overdue.plan.read.mixin"
    _description = "Overdue: What Is Open"

    @api.model
    def _get_policies(self, company):
        """Return ``{policy id: Policy}`` of a company, levels from low to high."""
        records = self.env["account.overdue.policy"].search(
            [("company_id", "=", company.id)]
        )
        return {
            record.id: Policy(
                record.id,
                record.is_on,
                record.date_start,
                record.interval_days,
                record.is_stepwise,
                record.daily_cap,
                [
                    level._get_rung(rank)
                    for rank, level in enumerate(self._get_all_levels(record))
                    if level.active
                ],
            )
            for record in records
        }

    @api.model
    def _get_all_levels(self, policies):
        return policies.with_context(active_test=False).level_ids.sorted()

    @api.model
    def _get_ranks(self, company):
        """Return ``{level id: place in its policy}``, archived ones included."""
        policies = (
            self.env["account.overdue.policy"]
            .with_context(active_test=False)
            .search([("company_id", "=", company.id)])
        )
        return {
            level.id: rank
            for policy in policies
            for rank, level in enumerate(self._get_all_levels(policy))
        }

    @api.model
    def _get_instalments(self, company, day, policies, partner_ids):
        """Return what is not paid, with its history, in a fixed order."""
        self.env.flush_all()
        ahead = max(
            (
                level.days
                for policy in policies.values()
                for level in policy.levels
                if level.delay_type == "before"
            ),
            default=0,
        )
        rows = self.env.execute_query_dict(
            build_instalments(
                company.id,
                day + timedelta(days=ahead),
                list(policies),
                company.overdue_policy_id.id or None,
                partner_ids,
            )
        )
        found = [Instalment.of_row(row) for row in rows]
        by_key = {instalment.key: instalment for instalment in found}
        ranks = self._get_ranks(company)
        moves = list({instalment.move_id for instalment in found})
        for move_id, maturity, level_id, *past in self.env.execute_query(
            build_history(moves)
        ):
            instalment = by_key.get((move_id, maturity))
            if instalment:
                rank = ranks.get(level_id, -1)
                instalment.history.append(Past(level_id, rank, *past))
        return found

    @api.model
    def _get_covered(self, company, found, day):
        """Return ``{key: text}`` of instalments that credits of the customer cover.

        Credits cover the oldest debts first, whatever they were given for.
        """
        partners = list({instalment.partner_id for instalment in found})
        by_partner = {}
        for instalment in found:
            by_partner.setdefault(instalment.partner_id, []).append(instalment)
        covered = {}
        currency = company.currency_id
        for partner_id, amount, _lines in self.env.execute_query(
            build_credits(company.id, partners)
        ):
            keys, _left = net_credits(
                [
                    (own.key, own.date_maturity, own.residual_company)
                    for own in by_partner[partner_id]
                ],
                currency.round(float(amount)),
            )
            text = currency.format(currency.round(float(amount)))
            covered |= dict.fromkeys(keys, text)
        return covered

    @api.model
    def _get_paused(self, found, day):
        """Return ``{move id: (reason code, detail)}`` of invoices that are paused."""
        return self._get_paused_moves(
            list({instalment.move_id for instalment in found}), day
        )

    @api.model
    def _get_paused_moves(self, moves, day):
        """Return what :meth:`_get_paused` does, of the ids of invoices."""
        paused = self.env["account.overdue.pause"]._get_paused(moves, day)
        return {
            move_id: (PAUSES[kind], reason or "")
            for move_id, (kind, reason) in paused.items()
        }
