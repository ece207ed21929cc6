from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import format_date

from ..reasons_overdue import get_overdue_reason_text
from ..tools.overdue import get_level_date

# what a person can mend; that nothing is due needs no line
WAITS = ("below_minimum", "no_reference_rate", "no_exchange_rate", "overcharged")


class AccountOverdueRunInterestMixin(models.AbstractModel):
    """Interest of what was paid, but late: proposed and charged by the run as well.

    Interest is due until the day of payment, also after it. Only where the policy says
    so, and only at a level that charges interest and was reached before the payment:
    who paid before the first such level pays none. No fee, no mail: a debit note.
    """

    _name = "account.overdue.run.interest.mixin"
    _description = "Overdue Run: Interest of Late Payments"

    def _propose_paid_late(self):
        """Add a line for each paid instalment whose interest is not charged yet."""
        self.ensure_one()
        run = self.with_env(self.company_id.sudo()._in_billing_context().env).sudo()
        found = run._find_paid_late()
        if not found:
            return
        moves = run.env["account.move"].browse(key[0] for key in found)
        plan = run.env["account.overdue.plan"]
        paused = plan._get_paused_moves(moves.ids, run.date)
        proposals = run._propose_interest(found)
        values = [
            run._prepare_paid_late(proposal, found, paused)
            for proposal in proposals
            if not proposal.reason or proposal.reason in WAITS
        ]
        run.env["account.overdue.run.line"].create(values)

    def _find_paid_late(self):
        """Return ``{(move id, due date): (level, day of payment, its lines)}``."""
        policies = self.env["account.overdue.policy"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("is_on", "=", True),
                ("charge_paid_late", "=", True),
            ]
        )
        if not policies:
            return {}
        year = self.date - relativedelta(years=1)
        start = min(policy.date_start or year for policy in policies)
        charges = self.env["account.overdue.charge"]
        lines = charges._get_paid_late_lines(self.company_id, start)
        lines = lines.filtered(self._is_chargeable)
        chosen = self._get_policies_of(lines.move_id)
        days = {
            one.key: max(day for day, _amount in one.payments)
            for one in charges._read_instalments(lines, self.date)
            if one.payments
        }
        found = {}
        for (move, due), own in lines.grouped(
            lambda line: (line.move_id, line.date_maturity)
        ).items():
            policy, day = chosen[move], days.get((move.id, due))
            if policy not in policies or not day or due < (policy.date_start or year):
                continue
            level = self._get_interest_level(policy, move, due, day)
            if level:
                found[move.id, due] = level, day, own
        return found

    def _is_chargeable(self, line):
        """Whether the customer was asked to pay, and is one of those looked at."""
        only = self._get_only_ids()
        partner = line.move_id.commercial_partner_id
        return (
            line.move_id.is_move_sent
            and not line.no_followup
            and (only is None or partner.id in only)
        )

    @api.model
    def _get_policies_of(self, moves):
        """Return ``{invoice: policy}``; the most special one that is in use holds."""
        groups = self.env["project.billing.share"]._read_group(
            [("move_id", "in", moves.ids), ("project_id", "!=", False)],
            ["move_id", "project_id"],
            ["gross_company:sum"],
        )
        shares = {}
        for move, project, _gross in sorted(groups, key=lambda g: (-g[2], g[1].id)):
            if project.overdue_policy_id.company_id == move.company_id:
                shares.setdefault(move, project.overdue_policy_id)
        none = self.env["account.overdue.policy"]
        chosen = {}
        for move in moves:
            options = (
                move.overdue_policy_id,
                shares.get(move, none),
                move.commercial_partner_id.overdue_policy_id,
                move.company_id.overdue_policy_id,
            )
            chosen[move] = next((own for own in options if own.active), none)
        return chosen

    @api.model
    def _get_interest_level(self, policy, move, due, day):
        """Return the highest level with interest that was reached before a payment."""
        done = move.overdue_action_ids.filtered(
            lambda x: x.date_maturity == due and x.state in ("done", "unknown")
        ).level_id
        reached = self.env["account.overdue.level"]
        for level in policy.level_ids.sorted():
            rung = level._get_rung()
            date = get_level_date(rung, due)
            if level in done or (date and date <= day):
                reached |= level
        return reached.filtered(lambda level: level.interest_type != "none")[-1:]

    def _propose_interest(self, found):
        """Return the proposals of interest of paid instalments, no fees."""
        charges = self.env["account.overdue.charge"]
        charges = charges.with_context(overdue_interest_only=True)
        lines = {}
        for level, _day, own in found.values():
            lines[level] = lines.get(level, own.browse()) | own
        return [
            proposal
            for level, own in lines.items()
            for proposal in charges._propose(own, level, self.date)
        ]

    def _prepare_paid_late(self, proposal, found, paused):
        level, day, lines = found[proposal.move_id, proposal.date_maturity]
        move = lines.move_id
        code, detail = paused.get(move.id, (None, ""))
        if proposal.reason and not code:
            code, detail = "interest_waits", proposal.message
        text = self.env._("Paid late, on %s: interest", format_date(self.env, day))
        if code:
            text = get_overdue_reason_text(self.env, code, detail)
        return {
            "run_id": self.id,
            "company_id": self.company_id.id,
            "partner_id": move.commercial_partner_id.id,
            "channel": "none",
            "move_id": move.id,
            "date_maturity": proposal.date_maturity,
            "days_overdue": (day - proposal.date_maturity).days,
            "currency_id": proposal.currency_id,
            "amount": proposal.interest,
            "amount_total": sum(lines.mapped("amount_currency")),
            "policy_id": level.policy_id.id,
            "level_id": level.id,
            "date_due": self.date,
            "is_paid_late": True,
            "state": "skipped" if code else "proposed",
            "state_order": 3 if code else 1,
            "reason_code": code,
            "reason": text,
            "project_ids": [fields.Command.set(move.billing_share_ids.project_id.ids)],
        }

    def _charge_paid_late(self, lines):
        """Book the interest of proposed lines, each customer in a savepoint."""
        units = list(lines.grouped("partner_id").values())
        self._run_in_batches(units, self._do_paid_late, self._fail)

    def _do_paid_late(self, batch):
        lines = self.env["account.overdue.run.line"].concat(*batch)
        found = self._find_paid_late()
        wanted = {(line.move_id.id, line.date_maturity): line for line in lines}
        found = {key: own for key, own in found.items() if key in wanted}
        proposals = [own for own in self._propose_interest(found) if not own.reason]
        self.env["account.overdue.charge"]._make(proposals)
        done = lines.browse(
            wanted[proposal.move_id, proposal.date_maturity].id
            for proposal in proposals
        )
        done._set_state("done")
        (lines - done)._skip("changed_meanwhile")
