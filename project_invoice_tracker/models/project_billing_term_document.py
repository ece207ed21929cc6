from odoo import api, models
from odoo.tools import format_date


class ProjectBillingTermDocument(models.AbstractModel):
    """What the customer wants to see first: without it nothing is invoiced.

    Deposits need no documents: they are asked for before there is any work.
    """

    _name = "project.billing.term.document"
    _inherit = "project.billing.term"
    _description = "Billing Term: Required Documents"

    @api.model
    def _search_documents(self, rules):
        return (
            self.env["project.billing.document"]
            .sudo()
            .search([("rule_id", "in", rules.ids)])
        )

    # -- review ----------------------------------------------------------------------

    @api.model
    def _review(self, run, proposals):
        rules = run._get_rules_of([p for p in proposals if p.rule_id])
        needy = {rule.id: rule for rule in rules if rule.document_type_ids}
        if not needy:
            return proposals
        documents = self._search_documents(rules.browse(needy))
        reviewed = []
        for proposal in proposals:
            rule = needy.get(proposal.rule_id)
            if rule and proposal.state == "proposed" and proposal.specs:
                reviewed += self._review_one(run, rule, documents, proposal)
            else:
                reviewed.append(proposal)
        return reviewed

    @api.model
    def _review_one(self, run, rule, documents, proposal):
        """Return the proposal, a skip instead, or both for time partly proven."""
        missing, lacking = self._get_lacking(rule, documents, proposal.specs)
        if not missing:
            return [proposal]
        days = sorted({share.payload["date"] for share in lacking})
        detail = self._get_detail(missing, days if proposal.entry_ids else [])
        lacking = {share.key for share in lacking}
        proven = [key for key in proposal.entry_ids if key not in lacking]
        if not proven:
            proposal.skip("document_missing", detail)
            return [proposal]
        room = rule._get_room(rule.billing_type).sudo()
        rows = room._get_rows(rule, run.cutoff_date, proposal.entry_ids)
        out = [row for row in rows if row.id in lacking]
        rows = [row for row in rows if row.id not in lacking and row.free]
        skip = room._propose_skip(rule, "document_missing", out, run.date)
        skip.detail = detail
        specs = room._build_specs(rule, rows, run.date)
        return [room._propose_rows(rule, rows, specs), skip]

    @api.model
    def _get_lacking(self, rule, documents, specs):
        """Return the missing types, and the shares of lines that lack one.

        Each day is asked for once, however many entries it has.
        """
        items = self.env["project.billing.item"]
        missing, lacking, known = rule.document_type_ids.browse(), [], {}
        for spec in specs:
            for share in spec.shares:
                if share.payload.get("is_deposit"):
                    continue
                is_entry = "employee_id" in share.payload
                day = share.payload.get("date")
                dates = (day, day) if is_entry else self._get_dates(spec, share)
                item = items if is_entry else items.browse(share.key)
                if (item, dates) not in known:
                    known[item, dates] = documents._get_missing(rule, item, *dates)
                if known[item, dates]:
                    missing |= known[item, dates]
                    lacking.append(share)
        return missing.sorted(), lacking

    @api.model
    def _get_dates(self, spec, share):
        """Return the first and last day of an item's line."""
        day = share.payload.get("date")
        return spec.date_from or day, spec.date_to or day

    @api.model
    def _get_detail(self, missing, days):
        """Return the names of what is missing, and for which days of time."""
        names = ", ".join(missing.mapped("name"))
        if not days:
            return names
        first, last = (format_date(self.env, day) for day in (days[0], days[-1]))
        return self.env._(
            "%(documents)s for %(period)s",
            documents=names,
            period=first if first == last else f"{first} - {last}",
        )

    # -- invoicing -------------------------------------------------------------------

    @api.model
    def _settle(self, settlement):
        lines = settlement.run.line_ids.browse(settlement.prepared)
        lines = lines.filtered(lambda line: line.rule_id.document_type_ids)
        documents = self._search_documents(lines.rule_id)
        for line in lines:
            missing, _lacking = self._get_lacking(
                line.rule_id, documents, settlement.prepared[line.id]
            )
            if missing:
                names = ", ".join(missing.mapped("name"))
                settlement.skip(line.id, "document_missing", names)
