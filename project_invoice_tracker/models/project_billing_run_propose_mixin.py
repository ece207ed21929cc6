from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from ..exceptions import BillingError
from ..tools.entries import build_orphan_query
from ..tools.spec import Proposal
from ..tools.statistics import refresh_statistics


class ProjectBillingRunProposeMixin(models.AbstractModel):
    """The first half of a run: what could be invoiced, and what not and why."""

    _name = "project.billing.run.propose.mixin"
    _description = "Billing Run: Proposing"

    def _get_lock_free_date(self, date):
        """Return the accounting date that the host would give an invoice of a date."""
        move = self._get_trial_move()
        if not date or not move:
            return date
        violated = move._get_violated_lock_dates(date, True)
        return (
            move._get_accounting_date(date, True, lock_dates=violated)
            if violated
            else date
        )

    def _get_trial_move(self):
        """Return an unsaved customer invoice, to ask the host about lock dates.

        Project managers propose, too: they may not read journals, only the answer.
        """
        company = (self.company_id or self.env.company)._in_billing_context().sudo()
        journal = company.env["account.journal"].search(
            [("company_id", "=", company.id), ("type", "=", "sale")], limit=1
        )
        return journal and company.env["account.move"].new(
            {"move_type": "out_invoice", "journal_id": journal.id}
        )

    def action_propose(self):
        """Fill the lines with what can be invoiced and what not; changes nothing else.

        :return: True
        :raise BillingError: the run has already made invoices, or is another's
        """
        self._check_own()
        for run in self:
            if run.state not in ("draft", "proposed", "undone"):
                raise BillingError(
                    self.env._("This run has made its invoices. Start a new run.")
                )
            run._propose()
        return True

    def _propose(self):
        self.ensure_one()
        run = self.with_env(self.company_id._in_billing_context().env)
        run.line_ids.sudo().unlink()
        refresh_statistics(self.env.cr)
        rules = run._get_rules()
        run._plan(rules)
        self.env["account.analytic.line"].sudo()._billing_revalue(
            SQL("e.project_id = ANY(%s)", rules.project_id.ids)
        )
        proposals = run._ask_rooms(rules)
        proposals = self.env["project.billing.terms"].sudo()._review(run, proposals)
        proposals += run._propose_orphans(rules)
        run._block(proposals)
        run._block_negative_totals(proposals)
        self.env["project.billing.run.line"]._create_from(run, proposals)
        run.sudo().state = "proposed"

    def _plan(self, rules):
        """Plan what rules have not planned so far, before any room is asked.

        Time draws from the hours of periods, whichever rule comes first. Of a rule
        that fails its own room says so.
        """

        def plan(batch):
            rules.browse().concat(*batch)._plan_periods(self.cutoff_date)

        missing = rules._filter_not_planned(self.cutoff_date)
        self._run_in_batches(list(missing), plan, lambda rule, error: None)

    def _ask_rooms(self, rules):
        """Return the proposals of the rules' rooms.

        A room that fails for its rules together is asked for each alone: one bad rule
        never stops a run, and is listed with its reason.
        """
        proposals = []

        def ask(batch):
            own = rules.browse().concat(*batch)
            room = own._get_room(batch[0].billing_type).sudo()
            proposals.extend(room._propose(own, self))

        def fail(rule, error):
            failure = Proposal(rule_id=rule.id, project_id=rule.project_id.id)
            failure.state, failure.name = "failed", rule.name
            failure.detail = self._explain_error(error)
            proposals.append(failure)

        for own in rules.grouped("billing_type").values():
            self._run_in_batches(list(own), ask, fail)

        def ask_deposits(batch):
            room = rules._get_room("deposit").sudo()
            proposals.extend(room._propose(rules.browse().concat(*batch), self))

        self._run_in_batches(list(rules._has_deposit()), ask_deposits, fail)
        return proposals

    def _get_rules(self):
        """Return the rules of the run's company and projects that the user may see."""
        domain = Domain("company_id", "=", self.company_id.id) & Domain(
            "project_id.active", "=", True
        )
        domain &= Domain("project_id.is_template", "=", False)
        if self.project_ids:
            domain &= Domain("project_id", "in", self.project_ids.ids)
        rules = self.env["project.billing.rule"].search(domain)
        return rules.sudo()

    def _propose_orphans(self, rules):
        """Return skips for time on the run's projects that no rule owns."""
        chosen = self.project_ids._filter_billing_reviewable().sudo()
        projects = rules.project_id | chosen
        query = build_orphan_query(
            self.env, projects.ids, self.company_id.id, self.cutoff_date
        )
        return [Proposal.of_time_aside(row) for row in self.env.execute_query(query)]

    def _block(self, proposals):
        """Turn proposals of rules that cannot be invoiced now into skips."""
        proposals = [p for p in proposals if p.state in ("proposed", "held")]
        locked = self._is_period_locked()
        blocks = {
            rule.id: "period_locked" if locked else rule._get_block()
            for rule in self._get_rules_of(proposals)
        }
        for proposal in proposals:
            if blocks[proposal.rule_id]:
                proposal.skip(blocks[proposal.rule_id])

    def _get_rules_of(self, proposals):
        """Return the rules of proposals as one set: they are read as one."""
        rules = self.env["project.billing.rule"].sudo()
        return rules.browse(dict.fromkeys(proposal.rule_id for proposal in proposals))

    def _is_period_locked(self):
        """Return whether the accounting date itself is in a locked period."""
        return self._get_lock_free_date(self.accounting_date) != self.accounting_date

    def _block_negative_totals(self, proposals):
        """Skip what would make an invoice with a negative total together."""
        proposals = [p for p in proposals if p.state == "proposed"]
        keys = {
            rule.id: rule._get_invoice_key() for rule in self._get_rules_of(proposals)
        }
        groups = {}
        for proposal in proposals:
            groups.setdefault(keys[proposal.rule_id], []).append(proposal)
        for own in groups.values():
            if sum(proposal.amount for proposal in own) < 0:
                for proposal in own:
                    proposal.skip("negative_total")
