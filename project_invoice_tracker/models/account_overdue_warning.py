from odoo import api, models
from odoo.fields import Domain

PAYABLE = ("not_paid", "partial")


class AccountOverdueWarning(models.AbstractModel):
    """A discreet line on customers, projects and tasks: mind the money.

    Told where it is true only: a broken promise, a dispute or hold in force, the last
    reminder gone without effect. Read for a form, never for a list; the number of
    queries does not grow with invoices. The caller decides who may read it.
    """

    _name = "account.overdue.warning"
    _description = "Warnings about Customers"

    @api.model
    def _get_warnings(self, partners, with_reasons=False):
        """Return ``{commercial partner id: text}`` of all their invoices.

        :param partners: commercial partners
        :param with_reasons: also why; for who reads all invoices
        """
        pauses = self._search_pauses(Domain("partner_id", "in", partners.ids))
        actions = self._search_last(Domain("partner_id", "in", partners.ids))
        found = {}
        for partner in partners:
            text = self._join(
                pauses.filtered(lambda p, own=partner: p.partner_id == own),
                actions.filtered(lambda a, own=partner: a.partner_id == own),
                with_reasons,
            )
            if text:
                found[partner.id] = text
        return found

    @api.model
    def _get_project_warnings(self, projects):
        """Return ``{project id: text}`` of the projects' own unpaid invoices.

        What holds for a customer as a whole is told without its reason.
        """
        shares = self.env["project.billing.share"].sudo()
        groups = shares._read_group(
            [
                ("project_id", "in", projects.ids),
                ("company_id", "in", self.env.companies.ids),
                ("move_id.payment_state", "in", PAYABLE),
                ("move_id.move_type", "in", ("out_invoice", "out_receipt")),
            ],
            ["project_id"],
            ["move_id:recordset"],
        )
        moves = {project.id: own for project, own in groups}
        every = self.env["account.move"].sudo().union(*moves.values())
        if not every:
            return {}
        whole = Domain("move_id", "=", False)
        whole &= Domain("partner_id", "in", every.commercial_partner_id.ids)
        pauses = self._search_pauses(Domain("move_id", "in", every.ids) | whole)
        actions = self._search_last(Domain("move_id", "in", every.ids))
        found = {}
        for project, own in moves.items():
            text = self._join(
                pauses.filtered(
                    lambda p, own=own: (
                        p.move_id in own
                        if p.move_id
                        else p.partner_id in own.commercial_partner_id
                    )
                ),
                actions.filtered(lambda a, own=own: a.move_id in own),
            )
            if text:
                found[project] = text
        return found

    @api.model
    def _search_pauses(self, domain):
        """Return disputes and holds in force, and broken promises still unpaid."""
        broken = Domain("state", "=", "broken")
        broken &= Domain("move_id.payment_state", "in", PAYABLE)
        paused = Domain("state", "=", "open") & Domain("kind", "!=", "promise")
        pauses = self.env["account.overdue.pause"].sudo()
        pauses = pauses.search(
            domain
            & Domain("company_id", "in", self.env.companies.ids)
            & (broken | paused)
        )
        return pauses.filtered(
            lambda p: (
                p.state == "broken"
                or not p.date_end
                or p.date_end >= p.company_id._get_billing_today()
            )
        )

    @api.model
    def _search_last(self, domain):
        """Return what was done at the last level of a policy, without effect."""
        actions = self.env["account.overdue.action"].sudo()
        actions = actions.search(
            domain
            & Domain("company_id", "in", self.env.companies.ids)
            & Domain("state", "in", ("done", "unknown"))
            & Domain("move_id.payment_state", "in", PAYABLE)
        )
        return actions.filtered(
            lambda a: a.level_id == a.policy_id.level_ids.sorted("sequence")[-1:]
        )

    @api.model
    def _join(self, pauses, actions, with_reasons=False):
        """Return the sentences, or nothing."""
        whole = pauses.filtered(lambda p: not p.move_id)
        own = pauses - whole
        return " ".join(
            [
                *(self._get_whole(pause, with_reasons) for pause in whole),
                *self._get_named(
                    self.env._("Promise broken"),
                    own.filtered(lambda p: p.state == "broken").move_id,
                ),
                *self._get_named(
                    self.env._("Disputed"),
                    own.filtered(
                        lambda p: p.kind == "dispute" and p.state == "open"
                    ).move_id,
                ),
                *self._get_named(
                    self.env._("On hold"),
                    own.filtered(
                        lambda p: p.kind == "hold" and p.state == "open"
                    ).move_id,
                ),
                *self._get_named(
                    self.env._("Unpaid after the last reminder"), actions.move_id
                ),
            ]
        )

    @api.model
    def _get_whole(self, pause, with_reasons):
        if with_reasons:
            text = pause._get_sentence()
        else:
            text = pause._get_title()
        return self.env._("All invoices of the customer: %s.", text)

    @api.model
    def _get_named(self, text, moves):
        if moves:
            names = ", ".join(moves[:3].mapped("name"))
            more = f" (+{len(moves) - 3})" if len(moves) > 3 else ""
            yield f"{text}: {names}{more}."
