from collections import namedtuple

from odoo import api, models
from odoo.tools import format_date

from ..tools.overdue import find_due, get_wait
from ..tools.overdue_instalment import MinimumAmounts

# what may stand in the way of a reminder, read once for all
Blocks = namedtuple("Blocks", "policies day minimum paused covered is_preview")


class AccountOverduePlan(models.AbstractModel):
    """What a run would do about each instalment of a company, and why not.

    Reads everything in a handful of queries, whatever the number of invoices; decides
    in Python by the pure functions of ``tools/overdue.py``. Changes nothing.
    """

    _name = "account.overdue.plan"
    _inherit = ["account.overdue.plan.read.mixin"]
    _description = "Overdue: What Is to Be Done"

    @api.model
    def _get_plan(self, company, day, partner_ids=None, is_preview=False):
        """Return the instalments for which a level is due, with a reason to skip.

        :param day: what is due by the end of this day
        :param partner_ids: only these commercial partners
        :param is_preview: as if all policies were on and no limit reached
        :return: list of :class:`Instalment`; ``reason`` is None where it is to be done
        """
        plan = self.sudo().with_env(company.sudo()._in_billing_context().env)
        policies = plan._get_policies(company)
        found = plan._get_instalments(company, day, policies, partner_ids)
        # netting looks at all that is due, reminded or not
        covered = plan._get_covered(company, found, day)
        minimum = MinimumAmounts(plan.env, company, day)
        found = plan._filter_due(found, policies, day, minimum)
        paused = plan._get_paused(found, day)
        plan._find_recipients(found)
        blocks = Blocks(policies, day, minimum, paused, covered, is_preview)
        for instalment in found:
            plan._find_reason(instalment, blocks)
        if not is_preview:
            plan._apply_caps(company, found, policies, day)
        return found

    @api.model
    def _get_outlook(self, company, day, until, partner_ids=None):
        """Return what may be due up to a later day, for previews.

        :return: ``({policy id: Policy}, [Instalment], {key: (reason, detail)})``
        """
        plan = self.sudo().with_env(company.sudo()._in_billing_context().env)
        policies = plan._get_policies(company)
        found = plan._get_instalments(company, until, policies, partner_ids)
        # asked about today: what courtesy notes are about is netted as by the run
        now = [own for own in found if own.date_maturity <= day or until == day]
        covered = plan._get_covered(company, now, day)
        paused = plan._get_paused(found, day)
        stops = {own.key: plan._get_stop(own, paused, covered) for own in found}
        return policies, found, stops

    @api.model
    def _get_stops(self, company, day, partner_ids):
        """Return ``{(move id, due date): (reason code or None, detail)}``.

        Of all that is open; what is missing was paid or cancelled.
        """
        _policies, _found, stops = self._get_outlook(company, day, day, partner_ids)
        return stops

    # -- deciding --------------------------------------------------------------------

    @api.model
    def _filter_due(self, found, policies, day, minimum):
        """Return the instalments for which something is due, or has no policy."""
        kept = []
        for instalment in found:
            policy = policies.get(instalment.policy_id)
            if not policy:
                if instalment.date_maturity < day:
                    instalment.skip("no_policy")
                    kept.append(instalment)
                continue
            instalment.due = self._find_due(instalment, policy, day, minimum)
            if instalment.due:
                kept.append(instalment)
        return kept

    @api.model
    def _find_due(self, instalment, policy, day, minimum):
        """Return the level that is due, of those whose minimum the amount reaches.

        Where the amount reaches none, the level is found without, and the reason says
        why nothing is done.
        """
        reached = [
            level
            for level in policy.levels
            if not minimum.is_below(instalment, level.amount_min)
        ]
        args = instalment.history, instalment.date_maturity, day
        return find_due(policy._replace(levels=reached), *args) or find_due(
            policy, *args
        )

    @api.model
    def _find_reason(self, instalment, blocks):
        """Note why nothing is done; what has no reason is to be done."""
        policy = blocks.policies.get(instalment.policy_id)
        if policy:
            code, detail = self._get_reason(instalment, policy, blocks)
            if code:
                instalment.skip(code, detail)

    @api.model
    def _get_reason(self, instalment, policy, blocks):
        """Return ``(reason code or None, detail)``; the first that holds."""
        if not policy.is_on and not blocks.is_preview:
            return "policy_off", ""
        if policy.date_start and instalment.date_maturity < policy.date_start:
            return "before_start", format_date(self.env, policy.date_start)
        code, detail = self._get_stop(instalment, blocks.paused, blocks.covered)
        if code:
            return code, detail
        below = blocks.minimum.is_below(instalment, instalment.due.level.amount_min)
        if below is not False:
            return "below_minimum" if below else "no_exchange_rate", ""
        return self._get_timing(instalment, policy, blocks.day)

    @api.model
    def _get_stop(self, instalment, paused, covered):
        """Return ``(reason code or None, detail)`` that stops any reminder.

        Asked by the run, and again before a reminder that was made leaves the house.
        """
        for is_so, code in (
            (not instalment.is_active, "archived_partner"),
            (not instalment.is_sent, "not_sent"),
            (instalment.payment_state in ("in_payment", "paid"), "in_payment"),
            (instalment.no_followup, "no_followup"),
        ):
            if is_so:
                return code, ""
        if instalment.move_id in paused:
            return paused[instalment.move_id]
        if instalment.key in covered:
            return "credit", covered[instalment.key]
        return None, ""

    @api.model
    def _get_timing(self, instalment, policy, day):
        """Return the reasons that pass by themselves, then that of the address."""
        if any(past.state in ("pending", "sending") for past in instalment.history):
            return "under_way", ""
        if any(past.state == "failed" for past in instalment.history):
            return "under_way", self.env._("it could not be sent")
        wait = get_wait(policy, instalment.history, instalment.date_sent, day)
        if wait:
            code, free = wait
            return code, self.env._("from %s on", format_date(self.env, free))
        if instalment.due.level.channel == "mail" and instalment.channel != "mail":
            return "no_address", ""
        return None, ""

    # -- who gets it -----------------------------------------------------------------

    @api.model
    def _find_recipients(self, found):
        """Note who gets the reminder of each instalment, how and in which language.

        The customer's contact for invoices where there is one with an address, of the
        language of the invoice's contact if possible; else the invoice's contact, else
        the company.
        """
        partners = self.env["res.partner"]
        customers = partners.browse({instalment.partner_id for instalment in found})
        payables = partners.search(
            [
                ("commercial_partner_id", "in", customers.ids),
                ("id", "not in", customers.ids),
                ("type", "=", "invoice"),
                ("email", "!=", False),
            ],
            order="id",
        )
        contacts = partners.browse({instalment.contact_id for instalment in found})
        # all at once: sets that are made of others read one by one
        read = ["commercial_partner_id", "email", "lang"]
        (customers | contacts | payables).fetch(read)
        by_customer = payables.grouped("commercial_partner_id")
        chosen = {}
        for instalment in found:
            pair = instalment.partner_id, instalment.contact_id
            if pair not in chosen:
                customer, contact = partners.browse(pair[0]), partners.browse(pair[1])
                options = by_customer.get(customer, partners)
                same = options.filtered(lambda p, c=contact: p.lang == c.lang)
                options = same | options | contact | customer
                chosen[pair] = options.filtered("email")[:1] or contact
            recipient = chosen[pair]
            instalment.recipient_id = recipient.id
            instalment.lang = recipient.lang or self.env.company.partner_id.lang
            instalment.channel = self._get_channel(instalment, recipient)

    @api.model
    def _get_channel(self, instalment, recipient):
        wanted = instalment.due.level.channel if instalment.due else "none"
        if wanted == "mail_or_letter":
            return "mail" if recipient.email else "letter"
        if wanted == "mail" and not recipient.email:
            return "none"
        return wanted

    # -- the limit of the day --------------------------------------------------------

    @api.model
    def _apply_caps(self, company, found, policies, day):
        """Leave customers for later once a policy's limit of the day is reached.

        Who waits longest comes first; who gets a reminder today anyway is not counted
        twice.
        """
        served = {}
        for policy, partner in self.env["account.overdue.action"]._read_group(
            [
                ("company_id", "=", company.id),
                ("date", "=", day),
                ("notice_id.channel", "!=", "none"),
                ("state", "!=", "cancelled"),
            ],
            ["policy_id", "partner_id"],
        ):
            served.setdefault(policy.id, set()).add(partner.id)
        for instalment in sorted(found, key=lambda own: own.date_maturity):
            policy = policies.get(instalment.policy_id)
            if instalment.reason or instalment.channel == "none":
                continue
            if not policy.daily_cap:
                continue
            own = served.setdefault(policy.id, set())
            if instalment.partner_id in own or len(own) < policy.daily_cap:
                own.add(instalment.partner_id)
            else:
                instalment.skip("over_cap", str(policy.daily_cap))
