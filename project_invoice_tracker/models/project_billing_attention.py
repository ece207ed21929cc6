from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.draws import format_hours

QUIET_DAYS = 30  # ready work and no invoice for so long needs a hand
ENTRY_DAYS = 90  # time without a rule is looked for so far back
PROJECTS = 8
ADDON = "project_invoice_tracker"
TRACKER = f"{ADDON}.project_billing_tracker_action"
RULES = f"{ADDON}.project_billing_rule_action"
ITEMS = f"{ADDON}.project_billing_item_action"
ENTRIES = f"{ADDON}.account_analytic_line_to_invoice_action"


class ProjectBillingAttention(models.AbstractModel):
    """Projects that need a hand, each with its reasons and the records behind them.

    Read as the user: rules, items and time of own projects for a project manager, of
    own companies for an officer. The number of queries does not grow with projects.
    """

    _name = "project.billing.attention"
    _inherit = ["project.billing.attention.pause.mixin"]
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
        reasons, amounts = {}, {}
        for project, reason, amount in (
            *self._get_late(rows, domain),
            *self._get_quiet(rows, domain, today),
            *self._get_blocked(rows, rules),
            *self._get_over_cap(rules),
            *self._get_rejected(rules),
            *self._get_paused(rules, today),
            *self._get_without_rule(rules, today),
            *self._get_without_price(rules),
        ):
            reasons.setdefault(project, []).append(reason)
            amounts[project] = amounts.get(project, 0.0) + amount
        order = sorted(reasons, key=lambda p: (-amounts[p], -len(reasons[p]), p.id))
        return {
            "count": len(order),
            "records": [
                {
                    "id": project.id,
                    "name": project.sudo().display_name,
                    "customer": project.sudo().partner_id.display_name or "",
                    "amount": self.env.company.currency_id.round(amounts[project]),
                    "reasons": reasons[project],
                }
                for project in order[:PROJECTS]
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
    def _build_reason(self, code, text, action, domain):
        return {"code": code, "text": text, "action": action, "domain": list(domain)}

    # -- money that stands still -----------------------------------------------------

    @api.model
    def _get_late(self, rows, domain):
        """Return instalments that are late, by project."""
        for project, own in self._group(rows, "overdue").items():
            days = max(row["days"] for row in own)
            text = self.env._("overdue for up to %s days", days)
            where = Domain("stage", "=", "overdue") & self._get_own(project)
            yield (
                project,
                self._build_reason("overdue", text, TRACKER, domain & where),
                sum(row["gross"] for row in own),
            )

    @api.model
    def _get_quiet(self, rows, domain, today):
        """Return ready work of projects that were billed nothing for 30 days."""
        ready = self._group([r for r in rows if not r["is_held"]], "ready")
        billed = self._get_last_billed(ready)
        border = today - timedelta(days=QUIET_DAYS)
        for project, own in ready.items():
            amount = sum(row["net"] for row in own)
            planned = [row["planned"] for row in own if row["planned"]]
            since = billed.get(project.id) or min(planned, default=today)
            if amount <= 0 or since > border:
                continue
            text = (
                self.env._("ready, nothing billed for %s days", (today - since).days)
                if project.id in billed
                else self.env._("ready for %s days, never billed", (today - since).days)
            )
            where = Domain("stage", "=", "ready") & Domain("is_held", "=", False)
            yield (
                project,
                self._build_reason(
                    "quiet", text, TRACKER, domain & where & self._get_own(project)
                ),
                amount,
            )

    @api.model
    def _get_last_billed(self, projects):
        """Return ``{project id: day}`` of the last posted invoice.

        Of projects whose amounts the user reads in the tracker, where each invoice of
        them stands with its date, too.
        """
        for model in ("project.billing.share", "account.move"):
            self.env[model].flush_model()
        query = SQL(
            """
            SELECT s.project_id, MAX(m.invoice_date)
              FROM project_billing_share s
              JOIN account_move m ON m.id = s.move_id
             WHERE s.project_id = ANY(%s) AND s.company_id = ANY(%s)
               AND m.move_type = 'out_invoice'
             GROUP BY s.project_id
            """,
            [project.id for project in projects],
            self.env.companies.ids,
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

    # -- what keeps it from being billed ---------------------------------------------

    @api.model
    def _get_blocked(self, rows, rules):
        """Return rules with ready work of which nothing can be invoiced."""
        ready = self._group(rows, "ready")
        mine = rules.filtered(lambda rule: rule.project_id in ready)
        run = self.env["project.billing.run"]
        for rule in mine:
            if code := rule.sudo()._get_block():
                yield self._build_rule_reason(code, run._get_reason_text(code), rule)
        for rule, missing in self._get_missing_documents(mine).items():
            names = ", ".join(missing.mapped("name"))
            text = run._get_reason_text("document_missing", names)
            yield self._build_rule_reason("document_missing", text, rule)

    @api.model
    def _get_missing_documents(self, rules):
        """Return ``{rule: types of documents}`` that ready work of the rules lacks."""
        needy = rules.filtered("document_type_ids")
        if not needy:
            return {}
        documents = self.env["project.billing.document"].search(
            [("rule_id", "in", needy.ids)]
        )
        missing = {}
        for rule, item, first, last in (
            *self._read_ready_items(needy),
            *self._read_ready_days(needy),
        ):
            if lacking := documents._get_missing(rule, item, first, last):
                missing[rule] = missing.get(rule, lacking) | lacking
        return missing

    @api.model
    def _read_ready_items(self, rules):
        """Return ``[(rule, item, first day, last day)]`` that could be invoiced."""
        groups = self.env["project.billing.tracker"]._read_group(
            [
                ("rule_id", "in", rules.ids),
                ("source", "=", "item"),
                ("stage", "=", "ready"),
                ("is_held", "=", False),
            ],
            ["rule_id", "item_id"],
            ["date_planned:max"],
        )
        return [
            (rule, item, item.date_start or day, item.date_end or day)
            for rule, item, day in groups
            if item.kind != "deposit"
        ]

    @api.model
    def _read_ready_days(self, rules):
        """Return ``[(rule, no item, day, day)]`` of time that could be invoiced."""
        groups = self.env["account.analytic.line"]._read_group(
            [("billing_rule_id", "in", rules.ids), ("billing_state", "=", "ready")],
            ["billing_rule_id", "date:day"],
        )
        item = self.env["project.billing.item"]
        return [(rule, item, day, day) for rule, day in groups if day >= rule.bill_from]

    @api.model
    def _build_rule_reason(self, code, text, rules):
        domain = Domain("id", "in", rules.ids)
        return rules.project_id, self._build_reason(code, text, RULES, domain), 0.0

    @api.model
    def _get_over_cap(self, rules):
        """Return rules that are billed beyond their cap, or have used it up."""
        for rule in rules.filtered("cap_total"):
            currency = rule.currency_id
            if currency.compare_amounts(rule.cap_over, 0) > 0:
                text = self.env._("over cap by %s", currency.format(rule.cap_over))
                yield self._build_rule_reason("over_cap", text, rule)

    @api.model
    def _get_rejected(self, rules):
        """Return items that the customer has rejected and that are not billed."""
        items = self.env["project.billing.item"].search(
            [("acceptance_state", "=", "rejected"), ("rule_id", "in", rules.ids)]
        )
        items = items.filtered("open_amount")
        for project, own in items.grouped("project_id").items():
            names = ", ".join(own.mapped("name"))
            text = self.env._("rejected by the customer: %s", names)
            domain = Domain("id", "in", own.ids)
            yield project, self._build_reason("rejected", text, ITEMS, domain), 0.0

    @api.model
    def _get_without_rule(self, rules, today):
        """Return time of the last 90 days that no rule of its project bills."""
        since = fields.Date.to_string(today - timedelta(days=ENTRY_DAYS))
        where = (
            Domain("billing_rule_id", "=", False)
            & Domain("billed_quantity", "=", 0)
            & Domain("billing_nonbillable", "=", False)
            & Domain("date", ">=", since)
        )
        return self._read_entries(
            "no_rule",
            self.env._("%s h without billing rule"),
            where & Domain("project_id", "in", rules.project_id.ids),
        )

    @api.model
    def _get_without_price(self, rules):
        """Return unbilled time at price zero of rules that do not bill at zero."""
        priced = rules.filtered(lambda rule: rule.claims_time and not rule.bill_at_zero)
        where = (
            Domain("billing_rule_id", "in", priced.ids)
            & Domain("billing_price", "=", 0)
            & Domain("billed_quantity", "=", 0)
            & Domain("billable_quantity", "!=", 0)
        )
        return self._read_entries("no_rate", self.env._("%s h without price"), where)

    @api.model
    def _read_entries(self, code, text, domain):
        groups = self.env["account.analytic.line"]._read_group(
            domain, ["project_id"], ["unit_amount:sum"]
        )
        for project, hours in groups:
            if hours:
                own = domain & self._get_own(project)
                reason = self._build_reason(
                    code, text % format_hours(hours), ENTRIES, own
                )
                yield project, reason, 0.0
