from datetime import timedelta
from functools import partial

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

QUIET_DAYS = 30  # ready work and no invoice for so long needs a hand
PROJECTS = 8
TRACKER = "project_invoice_tracker.project_billing_tracker_action"


class ProjectBillingAttention(models.AbstractModel):
    """Projects that need a hand, each with its reasons and the records behind them.

    Read as the user: rules, items and time of own projects for a project manager, of
    own companies for an officer. The number of queries does not grow with projects.
    """

    _name = "project.billing.attention"
    _inherit = [
        "project.billing.attention.pause.mixin",
        "project.billing.attention.work.mixin",
    ]
    _description = "Projects that Need a Hand"

    @api.model
    def _get_projects(self, rows, domain, filters, today):
        """Return the projects with most money at stake, and how many there are.

        :param rows: amounts by project of the dashboard, in one currency
        :param domain: domain of the tracker that the rows come from
        :param filters: ``user_id`` and ``partner_id``, ids or empty
        :return: ``{"count": number, "records": [dict]}``
        """
        rules = self._search_rules(filters)
        projects = self._get_rule_projects(rules)
        builders, amounts = {}, {}
        for project, builder, amount in (
            *self._get_late(rows, domain),
            *self._get_quiet(rows, domain, today),
            *self._get_blocked(rows, rules),
            *self._get_over_cap(rules),
            *self._get_rejected(rules),
            *self._get_paused(projects, today),
            *self._get_without_rule(projects, today),
            *self._get_without_price(rules),
        ):
            builders.setdefault(project, []).append(builder)
            amounts[project] = amounts.get(project, 0.0) + amount
        order = sorted(builders, key=lambda p: (-amounts[p], -len(builders[p]), p.id))
        first = order[:PROJECTS]
        # alone, or the names of all of them would be read
        names = self.env["project.project"].sudo().browse([one.id for one in first])
        return {
            "count": len(order),
            "records": [
                {
                    "id": project.id,
                    "name": name.display_name,
                    "customer": name.partner_id.display_name or "",
                    "amount": self.env.company.currency_id.round(amounts[project]),
                    "reasons": [builder() for builder in builders[project]],
                }
                for project, name in zip(first, names, strict=True)
            ],
        }

    @api.model
    def _search_rules(self, filters):
        domain = Domain("project_id.is_template", "=", False)
        if filters.get("user_id"):
            domain &= Domain("project_id.user_id", "=", int(filters["user_id"]))
        rules = self.env["project.billing.rule"].search(domain)
        if filters.get("partner_id"):
            partner = self.env["res.partner"].browse(int(filters["partner_id"]))
            owner = partner.commercial_partner_id
            rules = rules.filtered(
                lambda rule: rule.sudo().bill_partner_id.commercial_partner_id == owner
            )
        return rules

    @api.model
    def _get_rule_projects(self, rules):
        """Return the projects of rules, none of which is read."""
        groups = rules._read_group([("id", "in", rules.ids)], ["project_id"])
        return self.env["project.project"].browse([one.id for (one,) in groups])

    @api.model
    def _build_reason(self, code, text, action, domain):
        return {"code": code, "text": text, "action": action, "domain": list(domain)}

    # -- money that stands still -----------------------------------------------------

    @api.model
    def _get_late(self, rows, domain):
        """Return instalments that are late, by project."""
        for project, own in self._group(rows, "overdue").items():
            days = max(row["days"] for row in own)
            builder = partial(self._explain_late, project, days, domain)
            yield project, builder, sum(row["gross"] for row in own)

    @api.model
    def _explain_late(self, project, days, domain):
        text = self.env._("overdue for up to %s days", days)
        where = Domain("stage", "=", "overdue") & self._get_own(project)
        return self._build_reason("overdue", text, TRACKER, domain & where)

    @api.model
    def _get_quiet(self, rows, domain, today):
        """Return ready work of projects that were billed nothing for 30 days."""
        ready = self._group([r for r in rows if not r["is_held"]], "ready")
        border = today - timedelta(days=QUIET_DAYS)
        recent = self._get_last_billed(ready, border)
        quiet = {p: own for p, own in ready.items() if p.id not in recent}
        billed = self._get_last_billed(quiet)
        for project, own in quiet.items():
            amount = sum(row["net"] for row in own)
            planned = [row["planned"] for row in own if row["planned"]]
            since = billed.get(project.id) or min(planned, default=today)
            if amount <= 0 or since > border:
                continue
            builder = partial(
                self._explain_quiet,
                project,
                (today - since).days,
                project.id in billed,
                domain,
            )
            yield project, builder, amount

    @api.model
    def _explain_quiet(self, project, days, is_billed, domain):
        text = (
            self.env._("ready, nothing billed for %s days", days)
            if is_billed
            else self.env._("ready for %s days, never billed", days)
        )
        where = Domain("stage", "=", "ready") & Domain("is_held", "=", False)
        return self._build_reason(
            "quiet", text, TRACKER, domain & where & self._get_own(project)
        )

    @api.model
    def _get_last_billed(self, projects, since=None):
        """Return ``{project id: day}`` of the last posted invoice.

        Of projects whose amounts the user reads in the tracker, where each invoice of
        them stands with its date, too.

        :param since: a day: only invoices of later days are looked at
        """
        for model in ("project.billing.share", "account.move"):
            self.env[model].flush_model()
        query = SQL(
            """
            SELECT s.project_id, MAX(m.invoice_date)
              FROM project_billing_share s
              JOIN account_move m ON m.id = s.move_id
             WHERE s.project_id = ANY(%s) AND s.company_id = ANY(%s)
               AND m.move_type = 'out_invoice' %s
             GROUP BY s.project_id
            """,
            [project.id for project in projects],
            self.env.companies.ids,
            SQL("AND m.invoice_date > %s", since) if since else SQL(),
        )
        return {project: day for project, day in self.env.execute_query(query) if day}

    @api.model
    def _group(self, rows, stage):
        """Return ``{project: rows}`` of a stage."""
        groups = {}
        for row in rows:
            if row["stage"] == stage and row["project_id"]:
                groups.setdefault(row["project_id"], []).append(row)
        return groups

    @api.model
    def _get_own(self, project):
        return Domain("project_id", "=", project.id)
