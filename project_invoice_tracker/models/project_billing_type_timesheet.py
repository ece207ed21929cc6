from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL, float_round, format_date

from ..exceptions import BillingError
from ..tools.entries import EntryRow, build_aside_query, build_entry_query
from ..tools.quantity import HOUR_DIGITS, Share, round_quantity, share_total, sum_hours
from ..tools.spec import LineSpec, Proposal

# line grouping: what entries of one invoice line have in common
GROUPINGS = {
    "task": "task_id",
    "entry": "id",
    "employee": "employee_id",
    "role": "role_id",
    "day": "date",
    "one": None,
}


class ProjectBillingTypeTimesheet(models.AbstractModel):
    """Time and materials: the rule's entries, each hour once, at its rate."""

    _name = "project.billing.type.timesheet"
    _inherit = "project.billing.type"
    _description = "Billing Type: Time and Materials"

    _claims_time = True
    _divisible = True
    _annex_by_default = True

    @api.model
    def _get_default_product(self, rule):
        return self.env.ref(
            "project_invoice_tracker.product_project_hours", raise_if_not_found=False
        ) or super()._get_default_product(rule)

    # -- proposing -------------------------------------------------------------------

    @api.model
    def _propose(self, rules, run):
        by_rule = defaultdict(list)
        prepaid = self.env["project.billing.prepaid"]
        rows = self._get_rows(prepaid._get_sharing(rules, run), run.cutoff_date)
        left, plan = prepaid._split(rules, rows)
        for row in left:
            by_rule[row.rule_id].append(row)
        proposals = prepaid._propose_draws(rules, rows, plan)
        for rule in rules:
            proposals += self._propose_rule(rule, by_rule[rule.id], run)
        return proposals + self._propose_aside(rules, run)

    @api.model
    def _propose_rule(self, rule, rows, run):
        """Return one proposal for the rule and one for each reason to leave out."""
        rows, stuck = self._split_unconvertible(rule, rows, run.date)
        by_reason = defaultdict(list)
        for row in rows:
            if row.reason or row.free:
                by_reason[row.reason].append(row)
            if row.held and row.reason != "held":
                by_reason["held"].append(row)
        ready = by_reason.pop(None, [])
        specs, ready, negative = self._split_negative(rule, ready, run.date)
        if negative:
            by_reason["negative"] += negative
        proposals = [self._propose_rows(rule, ready, specs)] if ready else []
        proposals += [
            self._propose_skip(rule, code, own, run.date)
            for code, own in by_reason.items()
        ]
        return proposals + [
            self._summarise(rule, "no_exchange_rate", own, message)
            for message, own in stuck.items()
        ]

    @api.model
    def _split_unconvertible(self, rule, rows, date):
        """Return the rows whose price can be converted, and ``{message: others}``.

        One price in a currency without a rate must not stop the time of others.
        """
        messages, good, stuck = {}, [], defaultdict(list)
        for row in rows:
            if row.currency_id not in messages:
                messages[row.currency_id] = self._get_exchange_error(rule, row, date)
            if message := messages[row.currency_id]:
                stuck[message].append(row)
            else:
                good.append(row)
        return good, stuck

    @api.model
    def _get_exchange_error(self, rule, row, date):
        """Return why a row's price cannot be converted on ``date``, or None."""
        try:
            self._get_price(rule, row, date)
        except BillingError as error:
            return str(error)
        return None

    @api.model
    def _propose_rows(self, rule, rows, specs):
        proposal = self._summarise(rule, None, rows)
        proposal.state, proposal.specs = "proposed", specs
        proposal.amount = sum(spec.get_amount(rule.currency_id) for spec in specs)
        proposal.is_late = any(row.late for row in rows)
        return proposal

    @api.model
    def _propose_skip(self, rule, code, rows, date):
        detail = ", ".join(sorted({row.held_reason for row in rows if row.held_reason}))
        proposal = self._summarise(rule, code, rows, detail if code == "held" else "")
        if code == "held":
            rows = [row._replace(free=row.held) for row in rows]
            proposal.state = "held"
        proposal.quantity = sum(row.free for row in rows)
        specs = self._build_specs(rule, rows, date)
        proposal.amount = sum(spec.get_amount(rule.currency_id) for spec in specs)
        return proposal

    @api.model
    def _summarise(self, rule, code, rows, detail=""):
        return Proposal(
            rule_id=rule.id,
            project_id=rule.project_id.id,
            state="skipped",
            reason_code=code,
            detail=detail,
            quantity=round(sum(row.free for row in rows), HOUR_DIGITS),
            entry_count=len(rows),
            entry_ids=[row.id for row in rows],
            date_from=min(row.date for row in rows) if rows else None,
            date_to=max(row.date for row in rows) if rows else None,
            name=rule.name,
        )

    @api.model
    def _propose_aside(self, rules, run):
        """Return one proposal per rule and reason for time that is out of range."""
        query = build_aside_query(self.env, rules.ids, run.cutoff_date)
        return [
            Proposal.of_time_aside(row, rules.browse(row[0]).name)
            for row in self.env.execute_query(query)
        ]

    @api.model
    def _split_negative(self, rule, rows, date):
        """Take out the groups whose time sums below zero, unless confirmed.

        :return: (specs of what is left, what is left, what was taken out)
        """
        negative = []
        specs = self._build_specs(rule, rows, date)
        for spec in specs:
            if spec.quantity < 0:
                own = {share.key for share in spec.shares}
                group = [row for row in rows if row.id in own]
                if not all(row.confirmed for row in group):
                    negative += group
        if not negative:
            return specs, rows, negative
        out = {row.id for row in negative}
        rows = [row for row in rows if row.id not in out]
        return self._build_specs(rule, rows, date), rows, negative

    @api.model
    def _get_rows(self, rules, cutoff, entry_ids=None):
        """Return the unbilled entries of the rules as plain rows, one query."""
        query = build_entry_query(
            self.env, rules.ids, cutoff, entry_ids, reviewed=entry_ids is not None
        )
        rows = [EntryRow._make(row) for row in self.env.execute_query(query)]
        # the names on the lines, for all rules at once
        for model, name in (
            ("project.task", "task_id"),
            ("hr.employee", "employee_id"),
        ):
            ids = {getattr(row, name) for row in rows} - {None}
            self.env[model].sudo().browse(ids).fetch(["name"])
        return rows

    # -- invoicing -------------------------------------------------------------------

    @api.model
    def _prepare_lines(self, run_lines):
        # what was proposed, released and confirmed of one rule reads as one
        first, rows, owners, draws = {}, defaultdict(list), {}, {}
        bills = run_lines.filtered(lambda line: not line.draw_item_id)
        for line in bills:
            first.setdefault((line.run_id, line.rule_id), line)
        for run, lines in run_lines.grouped("run_id").items():
            owners.update((lines & bills)._get_entry_owners())
            left, own = self._take_prepaid(run, lines, owners)
            draws.update(own)
            for row in left:
                if not row.reason and row.free and row.id in owners:
                    rows[run.id, row.rule_id].append(row)
        prepared = dict.fromkeys(run_lines.ids, [])
        for (run, rule), line in first.items():
            specs, *_rest = self._split_negative(rule, rows[run.id, rule.id], run.date)
            for spec in specs:
                for share in spec.shares:
                    share.payload["run_line_id"] = owners[share.key]
            prepared[line.id] = specs
        for line_id, draw in draws.items():
            prepared[line_id] = [*prepared[line_id], draw]
        return prepared

    @api.model
    def _take_prepaid(self, run, lines, owners):
        """Return (rows of the lines' entries after draws, draws by run line id).

        Prepaid hours are drawn in the order of dates by all that the run reviews, so
        lines that are made at another time have theirs reserved.
        """
        prepaid = self.env["project.billing.prepaid"]
        rules, entries = lines.rule_id, set(owners)
        if rules.prepaid_rule_ids:
            rules = prepaid._get_sharing(rules, run)
            reviewed = run.line_ids.filtered(
                lambda x: x.rule_id in rules and x.state in ("proposed", "approved")
            )
            entries |= set((lines | reviewed)._get_entry_owners())
        rows = self._get_rows(rules, run.cutoff_date, list(entries))
        left, plan = prepaid._split(rules, rows)
        return left, plan and prepaid._prepare_draws(lines, rows, plan, owners)

    @api.model
    def _build_specs(self, rule, rows, date):
        """Return the invoice lines of the rows.

        :param date: of the invoice; prices in another currency are converted at it
        :raise BillingError: no exchange rate
        """
        if not rows:
            return []
        groups, prices = defaultdict(list), {}
        for row in rows:
            agreed = row.price, row.currency_id
            if agreed not in prices:
                prices[agreed] = self._get_price(rule, row, date)
            month = row.date.replace(day=1) if row.late else None
            groups[self._get_group_key(rule, row), prices[agreed], month].append(row)
        texts = self._get_texts(rule, rows)
        hours = self._get_invoice_hours(rule, list(groups.values()))
        return [
            self._build_spec(rule, own, hours, price, month, texts)
            for (_key, price, month), own in groups.items()
        ]

    @api.model
    def _get_group_key(self, rule, row):
        name = GROUPINGS[rule.line_grouping]
        return getattr(row, name) if name else 0

    @api.model
    def _get_price(self, rule, row, date):
        """Return the price of one unit of the rule, invoice currency, as shown."""
        digits = self.env["decimal.precision"].precision_get("Product Price")
        price = float(row.price)
        if row.currency_id and row.currency_id != rule.currency_id.id:
            currency = self.env["res.currency"].browse(row.currency_id)
            price *= self._get_exchange_rate(currency, rule, date)
        return float_round(price, precision_digits=digits)

    @api.model
    def _get_hour_factor(self):
        # without the query by which env.ref() asks whether the unit still exists
        hour = self.env["ir.model.data"]._xmlid_to_res_id("uom.product_uom_hour")
        return self.env["uom.uom"].browse(hour).factor

    @api.model
    def _build_spec(self, rule, rows, hours, price, month, texts):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        per_unit = rule.uom_id.factor / self._get_hour_factor()  # hours in one unit
        quantities = [hours[row.id] for row in rows]
        exact = sum_hours(quantities) / per_unit
        quantity = float_round(exact, precision_digits=digits)
        worked = sum_hours(row.free for row in rows)
        amounts = share_total(
            rule.currency_id.round(worked / per_unit * price),
            [row.free for row in rows],
            rule.currency_id.decimal_places,
        )
        invoiced = share_total(quantity, quantities, HOUR_DIGITS)
        shares = [
            Share(row.id, row.free, price, part, amount, payload=row._asdict())
            for row, part, amount in zip(rows, invoiced, amounts, strict=True)
        ]
        return LineSpec(
            rule_id=rule.id,
            name=self._get_line_text(rule, rows, month, texts),
            product_id=rule.product_id.id,
            uom_id=rule.uom_id.id,
            quantity=quantity,
            price=price,
            shares=shares,
            sequence=(rule.sequence, rule.id, f"{rows[0].date}{rows[0].id:012}"),
            date_from=min(row.date for row in rows),
            date_to=max(row.date for row in rows),
        )

    @api.model
    def _get_invoice_hours(self, rule, lines):
        """Return ``{entry id: hours to invoice}``, by the rule's rounding.

        Hours chosen by hand are never rounded.

        :param lines: list of lists of rows, one list per invoice line
        """
        factor = rule.quantity_factor / 100.0
        rounds = rule.rounding_method != "none" or rule.rounding_minimum
        hours, groups = {}, defaultdict(lambda: defaultdict(list))
        for index, rows in enumerate(lines):
            for row in rows:
                # of hours chosen by hand, what is left of an entry has its share
                hours[row.id] = (
                    round(row.free * row.override, HOUR_DIGITS)
                    if row.override
                    else sum_hours([row.free]) * factor
                )
                if rounds and not row.override:
                    scope = self._get_rounding_scope(rule, row, index)
                    groups[scope][index].append(row.id)
        for own in groups.values():
            self._round_together(rule, list(own.values()), hours)
        return hours

    @api.model
    def _get_rounding_scope(self, rule, row, line):
        return {
            "entry": row.id,
            "person_day": (row.employee_id, row.date),
            "line": line,
        }[rule.rounding_scope]

    @api.model
    def _round_together(self, rule, lines, hours):
        """Round the sum of entries once, whatever number of lines they are on.

        :param lines: list of lists of entry ids, one list per invoice line
        :param hours: ``{entry id: hours}``, changed in place
        """
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        sums = [sum_hours(hours[entry] for entry in own) for own in lines]
        total = round_quantity(
            sum_hours(sums),
            rule.rounding_step,
            rule.rounding_method,
            rule.rounding_minimum,
        )
        # several lines show their parts, which must sum to the total as shown
        shown = HOUR_DIGITS if len(lines) == 1 else digits
        for own, piece in zip(lines, share_total(total, sums, shown), strict=True):
            parts = share_total(piece, [hours[entry] for entry in own], HOUR_DIGITS)
            hours.update(zip(own, parts, strict=True))

    # -- text ------------------------------------------------------------------------

    @api.model
    def _get_texts(self, rule, rows):
        """Return the names that lines show, read once for all rows."""
        env = self.with_context(lang=self._get_language(rule)).env
        names = {}
        for model, ids in (
            ("project.task", {row.task_id for row in rows if row.task_id}),
            ("hr.employee", {row.employee_id for row in rows if row.employee_id}),
            ("project.role", {row.role_id for row in rows if row.role_id}),
        ):
            records = env[model].sudo().browse(ids)
            names[model] = {record.id: record.name for record in records}
        names["rule"] = rule.with_env(env).name
        names["project"] = rule.with_env(env).project_id.name
        return names

    @api.model
    def _get_line_text(self, rule, rows, month, texts):
        first = rows[0]
        lang = self._get_language(rule)
        task = texts["project.task"].get(first.task_id) or texts["project"]
        day = format_date(self.env, first.date, lang_code=lang)
        person = self._get_person(rule, first, texts)
        text = {
            "task": task,
            "entry": " · ".join(filter(None, [day, person, first.text or task])),
            "employee": person or texts["rule"],
            "role": texts["project.role"].get(first.role_id) or texts["rule"],
            "day": day,
            "one": f"{texts['project']}: {texts['rule']}",
        }[rule.line_grouping]
        if month:
            label = format_date(self.env, month, lang_code=lang, date_format="MMMM y")
            text = f"{text} ({label})"
        return text

    @api.model
    def _get_person(self, rule, row, texts):
        name = texts["hr.employee"].get(row.employee_id) or ""
        return {
            "name": name,
            "initials": "".join(part[0] for part in name.split()),
            "role": texts["project.role"].get(row.role_id) or "",
            "none": "",
        }[rule.person_display]

    # -- figures ---------------------------------------------------------------------

    @api.model
    def _get_open_amounts(self, rules):
        self.env["account.analytic.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.billing_rule_id,
                       SUM((l.billable_quantity - l.billed_quantity)
                           * h.factor / u.factor * l.billing_price),
                       SUM(l.billing_held_quantity
                           * h.factor / u.factor * l.billing_price)
                  FROM account_analytic_line l
                  JOIN project_billing_rule r ON r.id = l.billing_rule_id
                  JOIN uom_uom u ON u.id = r.uom_id
                  JOIN uom_uom h ON h.id = %s
                 WHERE l.billing_rule_id = ANY(%s) AND l.date >= r.bill_from
                 GROUP BY l.billing_rule_id
                """,
                self.env.ref("uom.product_uom_hour").id,
                rules.ids,
            )
        )
        figures = dict.fromkeys(rules, (0.0, 0.0, 0.0))
        prepaid = self.env["project.billing.prepaid"]._get_drawable_amounts(rules)
        for rule_id, *sums in rows:
            rule = rules.browse(rule_id)
            sums[0] = float(sums[0] or 0.0) - prepaid.get(rule, 0.0)
            opened, held = (rule.currency_id.round(float(x or 0.0)) for x in sums)
            figures[rule] = (opened, held, opened - held)
        return figures
