from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ..tools.draws import plan_draws
from ..tools.quantity import HOUR_DIGITS, Share
from ..tools.spec import LineSpec, Proposal


class ProjectBillingPrepaidDrawMixin(models.AbstractModel):
    """Draws of a run: proposed with its lines, written when they are invoiced."""

    _name = "project.billing.prepaid.draw.mixin"
    _description = "Prepaid Hours: Draws of a Run"

    @api.model
    def _plan(self, rules, rows):
        """Return ``{entry id: [(item id, hours)]}`` for the free hours of entries.

        :param rules: time and materials
        :param rows: of ``tools.entries.EntryRow``, in the order of their dates
        """
        sources = rules.sudo().prepaid_rule_ids
        if not sources:
            return {}
        entries = [
            (row.id, row.rule_id, row.date, row.free)
            for row in rows
            # hours that are paid already need no price
            if row.free and row.reason in (None, "no_rate")
        ]
        return plan_draws(entries, self._get_pools(sources))

    @api.model
    def _split(self, rules, rows):
        """Take the hours that are paid already off the rows.

        :return: (rows of what is left, plan of draws by entry id)
        """
        plan = self._plan(rules, rows)
        if not plan:
            return rows, plan
        left = []
        for row in rows:
            drawn = sum(hours for _item, hours in plan.get(row.id, ()))
            free = round(row.free - drawn, HOUR_DIGITS)
            if not drawn:
                left.append(row)
            elif free or row.held:
                left.append(row._replace(free=free))
        return left, plan

    @api.model
    def _get_sharing(self, rules, run):
        """Return the rules with those of the run that use up the same hours."""
        sharing = rules.sudo().prepaid_rule_ids.drawing_rule_ids - rules
        return rules | sharing.filtered(
            lambda rule: (
                rule.active
                and rule.company_id == run.company_id
                and (not run.project_ids or rule.project_id in run.project_ids)
            )
        )

    @api.model
    def _propose_draws(self, rules, rows, plan):
        """Return one proposal for each rule and item whose hours are used up."""
        by_id = {row.id: row for row in rows}
        groups = defaultdict(lambda: defaultdict(float))
        for entry_id, pieces in plan.items():
            for item_id, hours in pieces:
                groups[by_id[entry_id].rule_id, item_id][entry_id] += hours
        items = self.env["project.billing.item"].sudo()
        proposals = []
        for (rule_id, item_id), hours in groups.items():
            rule = rules.filtered(lambda r, rule_id=rule_id: r.id == rule_id)
            if not rule:
                continue
            days = [by_id[entry_id].date for entry_id in hours]
            proposals.append(
                Proposal(
                    rule_id=rule_id,
                    project_id=rule.project_id.id,
                    draw_item_id=item_id,
                    quantity=round(sum(hours.values()), HOUR_DIGITS),
                    entry_count=len(hours),
                    entry_ids=list(hours),
                    date_from=min(days),
                    date_to=max(days),
                    name=self._get_draw_text(items.browse(item_id)),
                )
            )
        return proposals

    @api.model
    def _get_draw_text(self, item):
        return self.env._("Drawn from prepaid hours: %s", item.name)

    @api.model
    def _prepare_draws(self, run_lines, rows, plan, owners):
        """Return ``{run line id: LineSpec}`` of the draws that these lines make.

        A draw belongs to the line that was reviewed for it, else to the line that
        would invoice the entry. One whose line is not made now stays reserved.

        :param owners: ``{entry id: run line id}`` of lines that invoice time
        """
        by_id = {row.id: row for row in rows}
        reviewed = self._get_draw_lines(run_lines.run_id)
        shares = defaultdict(list)
        for entry_id, pieces in plan.items():
            lines = reviewed.get(entry_id, {})
            for item_id, hours in pieces:
                line_id = lines.get(item_id) or next(iter(lines.values()), None)
                line_id = line_id or owners.get(entry_id)
                payload = {
                    "date": by_id[entry_id].date,
                    "item_id": item_id,
                    "run_line_id": line_id,
                }
                shares[line_id].append(Share(entry_id, hours, payload=payload))
        return {
            line.id: self._build_draw(line, shares[line.id])
            for line in run_lines
            if shares.get(line.id)
        }

    @api.model
    def _get_draw_lines(self, runs):
        """Return ``{entry id: {item id: run line id}}`` of draws that are reviewed."""
        lines = defaultdict(dict)
        for entry_id, item_id, line_id in self.env.execute_query(
            SQL(
                """
                SELECT e.entry_id, l.draw_item_id, l.id
                  FROM project_billing_run_line l
                  JOIN project_billing_run_line_entry_rel e ON e.run_line_id = l.id
                 WHERE l.run_id = ANY(%s) AND l.draw_item_id IS NOT NULL
                   AND l.state IN ('proposed', 'approved')
                """,
                runs.ids,
            )
        ):
            lines[entry_id][item_id] = line_id
        return lines

    @api.model
    def _build_draw(self, line, shares):
        """Return the draws of a run line; they make no invoice line."""
        rule = line.rule_id
        return LineSpec(
            rule_id=rule.id,
            name=line.name or "",
            product_id=rule.product_id.id,
            uom_id=rule.uom_id.id,
            quantity=round(sum(share.quantity for share in shares), HOUR_DIGITS),
            price=0.0,
            shares=shares,
            run_line_id=line.id,
            kind="hours",
        )

    @api.model
    def _draw(self, run, prepared):
        """Write the draws of prepared run lines to the ledger; they leave ``prepared``.

        :param prepared: ``{run line id: list of LineSpec}``, changed in place
        """
        draws = {}
        for line_id, specs in prepared.items():
            own = [spec for spec in specs if spec.kind == "hours"]
            if own:
                draws[line_id] = own
                prepared[line_id] = [spec for spec in specs if spec.kind != "hours"]
        if not draws:
            return
        lines = self.env["project.billing.run.line"].browse(draws)

        def write(units):
            own = lines.browse().concat(*units)
            rows = [
                self._prepare_draw_row(line, share)
                for line in own
                for spec in draws[line.id]
                for share in spec.shares
            ]
            self.env["project.billing.allocation"].sudo()._insert(rows)
            own.filtered(lambda x: not prepared[x.id]).write(
                {
                    "state": "invoiced",
                    "reason_code": False,
                    "reason": self.env._("Drawn from prepaid hours, nothing to pay."),
                }
            )

        def fail(line, error):
            prepared[line.id] = []
            line.write({"state": "failed", "reason": run._explain_error(error)})

        run._run_in_batches(list(lines), write, fail)
        # what is drawn does not depend on who could be told
        sources = lines.rule_id.prepaid_rule_ids
        error = run._try_batch([sources], lambda own: self._alert(own[0]))
        if error:
            run._log_failure(run, error)

    @api.model
    def _prepare_draw_row(self, line, share):
        """Return the ledger row of hours drawn by one entry (no side effect)."""
        rule = line.rule_id
        return {
            "kind": "draw",
            "company_id": rule.company_id.id,
            "currency_id": rule.currency_id.id,
            "rule_id": rule.id,
            "analytic_line_id": share.key,
            "item_id": share.payload["item_id"],
            "run_line_id": line.id,
            "is_live": True,
            "is_held": False,
            "date": share.payload["date"],
            "quantity": share.quantity,
            "amount": 0.0,
            "price_source": "prepaid",
        }
