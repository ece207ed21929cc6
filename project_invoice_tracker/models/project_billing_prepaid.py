from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ..tools.draws import EPSILON, Pool, get_balance, plan_draws
from ..tools.quantity import HOUR_DIGITS


class ProjectBillingPrepaid(models.AbstractModel):
    """Prepaid hours: what items hold, what work uses of them, what is left.

    The same plan of draws makes the review, the run, the figures and the alerts. All
    quantities are hours.
    """

    _name = "project.billing.prepaid"
    _inherit = [
        "project.billing.prepaid.alert.mixin",
        "project.billing.prepaid.draw.mixin",
    ]
    _description = "Prepaid Hours"

    # -- pools -----------------------------------------------------------------------

    @api.model
    def _get_pools(self, rules):
        """Return the pools of hours that the rules give, as plain values.

        Hours count while their item is active and not written off, whether it is
        invoiced yet or not: a fee in arrears is invoiced after its hours were used.

        :param rules: rules that give hours
        """
        items = self.env["project.billing.item"].sudo()
        items = items.search([("rule_id", "in", rules.ids), ("prepaid_hours", ">", 0)])
        late = self._get_late_draws(items)
        groups = {
            rule.id: frozenset(rule.sudo().drawing_rule_ids.ids)
            for rule in items.rule_id
        }
        pools = []
        for item in items:
            start = item.date_start or item.date_ready
            given_up = item._is_given_up()
            if not start or (given_up and not item.drawn_quantity):
                continue
            rule, is_period = item.rule_id, item.kind == "period"
            limited = is_period and rule.rollover == "carry" and rule.rollover_limit
            pools.append(
                Pool(
                    key=item.id,
                    # of a fee that was given up, no more than what was used
                    hours=item.drawn_quantity if given_up else item.prepaid_hours,
                    start=start,
                    end=item.date_end if is_period else None,
                    expiry=item.prepaid_expiry or None,
                    limit=rule.rollover_limit if limited else None,
                    drawn=item.drawn_quantity,
                    drawn_late=late.get(item.id, 0.0),
                    groups=groups[rule.id],
                )
            )
        return pools

    @api.model
    def _get_late_draws(self, items):
        """Return ``{item id: hours}`` drawn by work after the end of its period."""
        items.flush_recordset(["date_end"])
        self.env["project.billing.allocation"].flush_model()
        return {
            item_id: float(hours)
            for item_id, hours in self.env.execute_query(
                SQL(
                    """
                    SELECT a.item_id, SUM(a.quantity)
                      FROM project_billing_allocation a
                      JOIN project_billing_item i ON i.id = a.item_id
                     WHERE a.item_id = ANY(%s) AND a.kind = 'draw' AND a.is_live
                       AND a.analytic_line_id IS NOT NULL AND a.date > i.date_end
                     GROUP BY a.item_id
                    """,
                    items.ids,
                )
            )
        }

    # -- balances --------------------------------------------------------------------

    @api.model
    def _get_family(self, rules):
        """Return all rules that share hours with some rules, directly or not."""
        family, found = rules.browse(), rules.sudo()
        while found - family:
            family |= found
            found = family.prepaid_rule_ids | family.drawing_rule_ids
        return family

    @api.model
    def _get_uses(self, rules, until, pending=True):
        """Return ``(pools, uses)`` of rules that share hours.

        :param rules: a whole family, see :meth:`_get_family`
        :param pending: count worked hours that are not drawn yet as well
        :return: uses are (item id or None, rule id, date, hours); None is overage: of
            hours that no pool holds
        """
        pools = self._get_pools(rules.filtered("drawing_rule_ids"))
        uses = self._get_drawn(pools)
        if not pending:
            return pools, uses
        groups = self._get_pending(rules.filtered("prepaid_rule_ids"), until)
        plan = plan_draws(groups, pools)
        for key, rule_id, day, hours in groups:
            pieces = plan.get(key, [])
            uses += [(item_id, rule_id, day, piece) for item_id, piece in pieces]
            rest = round(hours - sum(piece for _i, piece in pieces), HOUR_DIGITS)
            if rest:
                uses.append((None, rule_id, day, rest))
        return pools, uses

    @api.model
    def _get_drawn(self, pools):
        self.env["project.billing.allocation"].flush_model()
        return [
            (item_id, rule_id, day, float(hours))
            for item_id, rule_id, day, hours in self.env.execute_query(
                SQL(
                    """
                    SELECT item_id, rule_id, date, SUM(quantity)
                      FROM project_billing_allocation
                     WHERE item_id = ANY(%s) AND kind = 'draw' AND is_live
                       AND analytic_line_id IS NOT NULL
                     GROUP BY item_id, rule_id, date
                    """,
                    [pool.key for pool in pools],
                )
            )
        ]

    @api.model
    def _get_pending(self, rules, until):
        """Return worked hours that are on no invoice and not drawn: plan entries.

        :return: of (key, rule id, date, hours), in the order of dates
        """
        if not rules:
            return []
        self.env["account.analytic.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT e.billing_rule_id, e.date,
                       SUM(e.billable_quantity - e.billed_quantity)
                  FROM account_analytic_line e
                  JOIN project_billing_rule r ON r.id = e.billing_rule_id
                 WHERE e.billing_rule_id = ANY(%s) AND e.date >= r.bill_from
                   AND e.date <= %s AND e.billed_quantity != e.billable_quantity
                 GROUP BY e.billing_rule_id, e.date
                 ORDER BY e.date, e.billing_rule_id
                """,
                rules.ids,
                until,
            )
        )
        return [
            (index, rule_id, day, round(float(hours), HOUR_DIGITS))
            for index, (rule_id, day, hours) in enumerate(rows)
        ]

    @api.model
    def _get_item_balances(self, items):
        """Return ``{item id: Balance}`` as of today, of items with hours.

        Overage counts for the latest item that was valid on its day: a pack of 20
        hours with 22 hours worked has -2 left, until the two hours are invoiced.
        """
        items = items.sudo().filtered("prepaid_hours")
        balances = {}
        for company, own in items.grouped("company_id").items():
            today = company._get_billing_today()
            pools, uses = self._get_uses(self._get_family(own.rule_id), today)
            uses = self._assign_overage(pools, uses)
            by_item = defaultdict(list)
            for item_id, _rule, day, hours in uses:
                by_item[item_id].append((item_id, day, hours))
            for pool in pools:
                last = max(today, pool.start)
                balances[pool.key] = get_balance(
                    [pool], by_item[pool.key], None, last, closing=False
                )
        return balances

    @api.model
    def _assign_overage(self, pools, uses):
        """Return the uses with overage on the latest pool that its rule may draw."""
        ordered = sorted(pools, key=lambda pool: (pool.start, pool.key), reverse=True)
        assigned = []
        for item_id, rule_id, day, hours in uses:
            if item_id is None:
                own = [p for p in ordered if rule_id in p.groups]
                valid = [p for p in own if p.is_valid(day)] or [
                    p for p in own if p.start <= day
                ]
                item_id = valid[0].key if valid else None
            assigned.append((item_id, rule_id, day, hours))
        return assigned

    @api.model
    def _get_rule_balances(self, rules):
        """Return ``{rule id: Balance}`` as of today, of rules that give hours."""
        balances = {}
        for company, own in rules.sudo().grouped("company_id").items():
            today = company._get_billing_today()
            found = self._get_balances_on(own, today, closing=False)
            balances.update({key: balance for key, (balance, _w) in found.items()})
        return balances

    @api.model
    def _get_balances_on(self, rules, day, pending=True, closing=True):
        """Return ``{rule id: (Balance, (first day, last day))}`` up to a day.

        Of a fee the period in which the day is; of packs all that were sold (the
        first day is None).
        """
        pools, uses = self._get_uses(self._get_family(rules), day, pending)
        uses = self._assign_overage(pools, uses)
        items = self.env["project.billing.item"].sudo()
        by_rule = defaultdict(list)
        for pool in pools:
            by_rule[items.browse(pool.key).rule_id.id].append(pool)
        balances = {}
        for rule in rules:
            own = by_rule[rule.id]
            if not own:
                continue
            keys = {pool.key for pool in own}
            mine = [(key, d, hours) for key, _r, d, hours in uses if key in keys]
            first = self._get_window_start(own, day)
            last = max(day, min(pool.start for pool in own))
            balance = get_balance(own, mine, first, last, closing)
            balances[rule.id] = balance, (first, last)
        return balances

    @api.model
    def _get_window_start(self, pools, day):
        """Return the first day of the period in which ``day`` is; None for packs."""
        starts = [pool.start for pool in pools if pool.end]
        begun = [start for start in starts if start <= day]
        return max(begun) if begun else min(starts, default=None)

    @api.model
    def _get_drawable_amounts(self, rules):
        """Return ``{rule: value}`` of free time that prepaid hours will pay.

        At the rules' prices, in their currencies: what is not to be invoiced of it.
        """
        own = rules.filtered("prepaid_rule_ids")
        amounts = dict.fromkeys(own, 0.0)
        rows, plan = self._plan_free(own)
        for entry_id, rule_id, _day, _hours, price in rows:
            rule = rules.browse(rule_id)
            if rule in amounts:
                drawn = sum(hours for _item, hours in plan.get(entry_id, ()))
                amounts[rule] += drawn * price
        return amounts

    @api.model
    def _get_payers_of_time(self, entries):
        """Return ``{entry id: item}`` of entries whose free hours are paid already.

        Those of which a part is not are left out.
        """
        entries = entries.sudo()
        rules = entries.billing_rule_id.filtered("prepaid_rule_ids")
        rows, plan = self._plan_free(rules)
        items = self.env["project.billing.item"].sudo()
        paid = {}
        for entry_id, _rule, _day, hours, _price in rows:
            pieces = plan.get(entry_id, ())
            rest = hours - sum(piece for _item, piece in pieces)
            if pieces and abs(rest) < EPSILON:
                paid[entry_id] = items.browse([key for key, _hours in pieces])
        return {entry.id: paid[entry.id] for entry in entries if entry.id in paid}

    @api.model
    def _plan_free(self, own):
        """Return ``(rows, plan)`` of the free time that shares hours with rules.

        :param own: time and materials that draws hours
        :return: rows are (entry id, rule id, date, hours, price of an hour); see
            :func:`..tools.draws.plan_draws` for the plan
        """
        if not own:
            return [], {}
        today = self.env.company._get_billing_today()
        self.env["account.analytic.line"].flush_model()
        family = own | own.sudo().prepaid_rule_ids.drawing_rule_ids
        rows = self.env.execute_query(
            SQL(
                """
                SELECT e.id, e.billing_rule_id, e.date,
                       (e.billable_quantity - e.billed_quantity
                        - COALESCE(e.billing_held_quantity, 0))::float8,
                       (h.factor / u.factor * COALESCE(e.billing_price, 0))::float8
                  FROM account_analytic_line e
                  JOIN project_billing_rule r ON r.id = e.billing_rule_id
                  JOIN uom_uom u ON u.id = r.uom_id
                  JOIN uom_uom h ON h.id = %s
                 WHERE e.billing_rule_id = ANY(%s) AND e.date >= r.bill_from
                   AND e.date <= %s AND e.billed_quantity != e.billable_quantity
                 ORDER BY e.date, e.id
                """,
                self.env.ref("uom.product_uom_hour").id,
                family.ids,
                today,
            )
        )
        pools = self._get_pools(own.sudo().prepaid_rule_ids)
        return rows, plan_draws([row[:4] for row in rows], pools)
