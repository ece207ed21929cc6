from odoo import api, models
from odoo.tools import SQL, float_is_zero, formatLang

SOURCE_DIGITS = 6


class ProjectBillingTypeProgress(models.AbstractModel):
    """Progress: what is earned to date less what was billed before.

    The claim of an item is its value x its cumulative percentage, as of now; falling
    progress is shown as *more is billed than earned* and never credited by itself.
    """

    _name = "project.billing.type.progress"
    _inherit = "project.billing.item.room"
    _description = "Billing Type: Progress"

    _kinds = ("progress",)

    # -- what is earned --------------------------------------------------------------

    @api.model
    def _is_unsettled(self, item):
        # also what is billed wholly: its progress may have fallen since
        return bool(item.billable_amount)

    @api.model
    def _get_claims(self, items, date):
        """Return ``{item: earned to date}``; items without progress are left out."""
        items.invalidate_recordset(items._get_earned_fields())
        return {
            item: item.earned_amount
            for item in items
            if not item.progress_reason and (item.earned_amount or item.billed_amount)
        }

    @api.model
    def _get_waiting_for(self, item):
        return item.progress_reason or self.env._("no progress yet")

    @api.model
    def _get_item_text(self, item, amount):
        """Return *Design: 40 % of 25,000.00, billed before 0.00*."""
        lang = self._get_language(item.rule_id)
        env = self.with_context(lang=lang).env
        places = item.currency_id.decimal_places
        value = item.billable_amount + item.billing_written_off_amount
        done = (item.billed_amount + amount) / value * 100.0
        percentage = formatLang(env, done, digits=2)
        if float_is_zero(done - round(done), precision_digits=2):
            percentage = formatLang(env, done, digits=0)
        return env._(
            "%(item)s: %(percentage)s %% of %(value)s, billed before %(billed)s",
            item=item.with_env(env).name,
            percentage=percentage,
            value=formatLang(env, value, digits=places),
            billed=formatLang(env, item.billed_amount, digits=places),
        )

    # -- percentages -----------------------------------------------------------------

    @api.model
    def _get_percentages(self, items):
        """Return ``{item: (percentage, reason)}`` as of now, a few queries for all.

        :return: percentage 0 to 100; with a reason (text) there is none
        """
        found = {}
        for source, own in items.grouped(
            lambda item: item.progress_source or item.rule_id.progress_source
        ).items():
            found.update(getattr(self, f"_measure_{source}")(own))
        return found

    @api.model
    def _measure_typed(self, items):
        return {item: (item.progress_percentage, False) for item in items}

    @api.model
    def _measure_tasks(self, items):
        """Share of closed tasks; cancelled tasks are left out of both."""
        figures = self._get_task_figures(items)
        none = self.env._("no tasks to measure by")
        return {
            item: self._get_share(*figures.get(item._origin.id, (0, 0))[:2], none)
            for item in items
        }

    @api.model
    def _measure_hours(self, items):
        """Hours spent to allocated hours of the tasks, at most 100 %.

        An item without milestone, of a rule without tasks, takes all time of the
        project, and its allocated hours where it has any.
        """
        figures = self._get_task_figures(items)
        wide = items.filtered(lambda i: not i.milestone_id and not i.rule_id.task_ids)
        projects = wide.project_id
        spent = self._get_project_hours(projects)
        none = self.env._("no hours are allocated")
        found = {}
        for item in items:
            *_counts, hours, allocated = figures.get(item._origin.id, (0, 0, 0.0, 0.0))
            if item in wide:
                hours = spent.get(item.project_id.id, 0.0)
                allocated = item.project_id.allocated_hours or allocated
            found[item] = self._get_share(hours, allocated, none)
        return found

    @api.model
    def _measure_cost(self, items):
        """Cost to cost: cost so far to expected cost, at most 100 %.

        Source: percentage of completion, cost-to-cost method (IFRS 15.B19).
        """
        costs = self._get_costs(items.rule_id)
        none = self.env._("no expected cost on the rule")
        found = {}
        for item in items:
            cost, reason = costs[item.rule_id.id]
            share = self._get_share(cost, item.rule_id.expected_cost, none)
            found[item] = (0.0, reason) if reason else share
        return found

    @api.model
    def _get_share(self, done, total, reason):
        if total <= 0:
            return 0.0, reason
        share = max(0.0, min(100.0, 100.0 * done / total))
        return round(share, SOURCE_DIGITS), False

    @api.model
    def _get_project_hours(self, projects):
        """Return ``{project id: hours}`` of all time on the projects."""
        groups = (
            self.env["account.analytic.line"]
            .sudo()
            ._read_group(
                [("project_id", "in", projects.ids)],
                ["project_id"],
                ["unit_amount:sum"],
            )
        )
        return {project.id: hours for project, hours in groups}

    @api.model
    def _get_task_figures(self, items):
        """Return ``{item id: (closed, tasks, hours spent, hours allocated)}``.

        The tasks of the item's milestone, else the rule's with their sub-tasks, else
        the project's. Hours allocated to a sub-task are part of its parent's.
        """
        if not items:
            return {}
        self.env["account.analytic.line"].flush_model()
        self.env["project.task"].flush_model()
        items.flush_model(["rule_id", "milestone_id"])
        items.rule_id.flush_model(["project_id", "task_ids"])
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE chosen AS (
                    SELECT rule_id, task_id FROM project_billing_rule_task_rel
                     WHERE rule_id = ANY(%(rules)s)
                     UNION
                    SELECT c.rule_id, t.id
                      FROM chosen c JOIN project_task t ON t.parent_id = c.task_id
                )
                SELECT i.id, COUNT(*) FILTER (WHERE t.state = '1_done'), COUNT(*),
                       SUM(t.effective_hours),
                       SUM(CASE WHEN COALESCE(p.allocated_hours, 0) = 0
                           THEN t.allocated_hours END)
                  FROM project_billing_item i
                  JOIN project_billing_rule r ON r.id = i.rule_id
                  JOIN project_task t ON t.project_id = r.project_id
                   AND t.active AND t.state != '1_canceled'
                   AND t.is_template IS NOT TRUE
                  LEFT JOIN project_task p ON p.id = t.parent_id
                   AND p.project_id = t.project_id
                 WHERE i.id = ANY(%(items)s)
                   AND CASE WHEN i.milestone_id IS NOT NULL
                            THEN t.milestone_id = i.milestone_id
                            WHEN EXISTS (SELECT FROM chosen c WHERE c.rule_id = r.id)
                            THEN EXISTS (SELECT FROM chosen c
                                          WHERE c.rule_id = r.id AND c.task_id = t.id)
                            ELSE TRUE END
                 GROUP BY i.id
                """,
                rules=items.rule_id.ids,
                items=items._origin.ids,
            )
        )
        return {
            item: (closed, count, float(hours or 0.0), float(allocated or 0.0))
            for item, closed, count, hours, allocated in rows
        }

    @api.model
    def _get_costs(self, rules):
        """Return ``{rule id: (cost so far, reason)}`` in the company's currency.

        Costs of the rules' companies on the projects' analytic accounts; what we
        invoiced is no cost. An account of several projects measures none of them.
        """
        accounts = rules.project_id.sudo().account_id
        projects = dict(
            self.env["project.project"]
            .sudo()
            .with_context(active_test=False)
            ._read_group(
                [("account_id", "in", accounts.ids)], ["account_id"], ["__count"]
            )
        )
        costs = self._get_account_costs(accounts)
        shared = self.env._("its analytic account serves several projects")
        found = {}
        for rule in rules:
            account = rule.project_id.sudo().account_id
            cost = costs.get((account.id, rule.company_id.id), 0.0)
            is_shared = projects.get(account, 0) > 1
            found[rule.id] = (0.0, shared) if is_shared else (cost, False)
        return found

    @api.model
    def _get_account_costs(self, accounts):
        """Return ``{(account id, company id): cost}``, company currency."""
        self.env["account.analytic.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.account_id, l.company_id, -SUM(l.amount)
                  FROM account_analytic_line l
                  LEFT JOIN account_move_line m ON m.id = l.move_line_id
                  LEFT JOIN account_move d ON d.id = m.move_id
                  LEFT JOIN account_account g ON g.id = m.account_id
                 WHERE l.account_id = ANY(%s)
                   -- revenue in other entries, such as accrued income, is no cost
                   AND COALESCE(g.account_type, '') NOT IN ('income', 'income_other')
                   AND COALESCE(d.move_type, '') NOT IN
                       ('out_invoice', 'out_refund', 'out_receipt')
                 GROUP BY l.account_id, l.company_id
                """,
                accounts.ids,
            )
        )
        return {(account, company): float(cost) for account, company, cost in rows}
