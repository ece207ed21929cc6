from collections import defaultdict

from odoo import api, models
from odoo.fields import Command

# the host logs and tracks each move on its own; the run writes one note for all
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_notrack": True,
}


class ProjectBillingInvoicing(models.AbstractModel):
    """From invoice lines to be (plain values) to customer invoices and ledger rows."""

    _name = "project.billing.invoicing"
    _inherit = "project.billing.amounts.mixin"
    _description = "Billing: Making of Invoices"

    @api.model
    def _create_invoices(self, run, batches):
        """Create the draft invoices of one batch, with their ledger rows.

        :param run: gives invoice and accounting date
        :param batches: list of lists of LineSpec, one list per invoice
        :return: account.move records, in the order of ``batches``
        """
        defaults = self._prepare_defaults(run, batches)
        values = [self._prepare_move(run, specs, defaults) for specs in batches]
        self._complete_lines(run.company_id, values, batches)
        moves = (
            self.env["account.move"]
            .with_context(default_move_type="out_invoice", billing_creating=True)
            .with_context(**self._get_quiet_context(run.company_id))
            .create(values)
            .with_env(self.env)
        )
        self._subscribe(moves, values)
        self._write_ledger(moves, batches)
        self._log_origin(run, moves)
        self.env["project.billing.terms"]._follow(run, moves)
        return moves

    @api.model
    def _post_invoices(self, run, moves):
        """Post drafts of a run, with one note for all instead of one log each.

        :raise UserError: what the host objects to; nothing is posted then
        """
        quiet = self._get_quiet_context(run.company_id)
        # read together what the host reads line by line
        moves.line_ids.distribution_analytic_account_ids.mapped("root_plan_id")
        moves.with_context(**quiet).action_post()
        if quiet:
            body = self.env._("Posted by %s", run._get_html_link())
            moves._message_log_batch(bodies=dict.fromkeys(moves.ids, body))

    @api.model
    def _get_quiet_context(self, company):
        """Return the context in which the host logs nothing by itself.

        A company with a restrictive audit trail keeps every log of the host.
        """
        return {} if company.restrictive_audit_trail else QUIET

    @api.model
    def _subscribe(self, moves, values):
        """Add the followers that ``create`` of the host adds, unless it was quiet."""
        if not self._get_quiet_context(moves.company_id):
            return
        user = self.env.user
        if user.active and not user.share:
            self.env["mail.followers"]._insert_followers(
                moves._name,
                moves.ids,
                user.partner_id.ids,
                customer_ids=[],
                check_existing=False,
            )
        for move, own in zip(moves, values, strict=True):
            move._message_auto_subscribe(own, followers_existing_policy="update")

    # -- values ----------------------------------------------------------------------

    @api.model
    def _prepare_defaults(self, run, batches):
        """Return what the host would look up for each invoice again, read once.

        :return: dict with ``rules`` (by id), ``journals`` (id by currency id) and
            ``distributions`` (by rule id)
        """
        ids = {spec.rule_id for specs in batches for spec in specs}
        rules = self.env["project.billing.rule"].browse(ids)
        has_models = self.env["account.analytic.distribution.model"].sudo()
        has_models = bool(has_models.search_count([], limit=1))
        return {
            "rules": {rule.id: rule for rule in rules},
            "journals": {
                currency.id: self._get_journal(run.company_id, currency).id
                for currency in rules.currency_id
            },
            "distributions": {
                rule.id: self._get_distribution(rule, has_models) for rule in rules
            },
        }

    @api.model
    def _get_journal(self, company, currency):
        """Return the journal that the host chooses for a customer invoice."""
        values = {
            "move_type": "out_invoice",
            "company_id": company.id,
            "currency_id": currency.id,
        }
        return self.env["account.move"].new(values)._search_default_journal()

    @api.model
    def _prepare_move(self, run, specs, defaults):
        """Return the values of one draft invoice (no side effect)."""
        first = defaults["rules"][specs[0].rule_id]
        rules = first.browse(dict.fromkeys(spec.rule_id for spec in specs))
        payer = first.env["res.partner"].browse(specs[0].partner_id)
        partner = payer or first.bill_partner_id
        address = partner.address_get(["invoice"])["invoice"]
        term = first._get_payment_term(payer)
        order = first._get_customer_order()
        starts = [spec.date_from for spec in specs if spec.date_from]
        ends = [spec.date_to for spec in specs if spec.date_to]
        values = {
            "move_type": "out_invoice",
            "company_id": run.company_id.id,
            "journal_id": defaults["journals"][first.currency_id.id],
            "partner_id": address,
            "currency_id": first.currency_id.id,
            "invoice_date": run.date,
            "invoice_payment_term_id": term.id,
            "invoice_origin": ", ".join(rules.project_id.mapped("name")),
            "invoice_user_id": first.project_id.user_id.id or self.env.uid,
            "billing_run_id": run.id,
            "billing_customer_order": order,
            "billing_date_start": min(starts, default=False),
            "billing_date_end": max(ends, default=False),
            "invoice_line_ids": [
                Command.create(self._prepare_line(spec, index, defaults))
                for index, spec in enumerate(specs)
            ],
        }
        if order:
            values["ref"] = order
        if run.accounting_date and run.accounting_date != run.date:
            values["date"] = run.accounting_date
        return values

    @api.model
    def _prepare_line(self, spec, index, defaults):
        """Return the values of one invoice line (no side effect)."""
        values = {
            "sequence": 10 + index,
            "name": spec.name,
            "product_id": spec.product_id,
            "product_uom_id": spec.uom_id,
            "quantity": spec.quantity,
            "price_unit": spec.price,
            "analytic_distribution": defaults["distributions"][spec.rule_id],
        }
        if spec.tax_ids is not None:
            values["tax_ids"] = [Command.set(spec.tax_ids)]
        if spec.account_id:
            values["account_id"] = spec.account_id
        return values

    @api.model
    def _get_distribution(self, rule, has_models=True):
        """Return the analytic distribution of a rule's lines, as the host would.

        The project's accounts are the line's own; the host's distribution models add
        those of other plans.

        :param has_models: whether there is any distribution model
        """
        project = rule.project_id.sudo()
        own = project._get_analytic_distribution()
        if not has_models:
            return own
        models_sudo = self.env["account.analytic.distribution.model"].sudo()
        partner, product = rule.bill_partner_id, rule.product_id
        accounts = product.product_tmpl_id.get_product_accounts()
        return own | models_sudo._get_distribution(
            {
                "product_id": product.id,
                "product_categ_id": product.categ_id.id,
                "partner_id": partner.id,
                "partner_category_id": partner.category_id.ids,
                "account_prefix": accounts["income"].code,
                "company_id": rule.company_id.id,
                "related_root_plan_ids": project._get_analytic_accounts().root_plan_id,
            }
        )

    # -- ledger ----------------------------------------------------------------------

    @api.model
    def _write_ledger(self, moves, batches):
        """Write the rows of all lines of all moves in one statement."""
        rows = []
        for move, specs in zip(moves, batches, strict=True):
            lines = move.invoice_line_ids.sorted("id")
            for line, spec in zip(lines, specs, strict=True):
                rows += self._prepare_rows(move, line, spec)
        self.env["project.billing.allocation"]._insert(rows)

    @api.model
    def _prepare_rows(self, move, line, spec):
        """Return the ledger rows of one invoice line; the first has the adjustment."""
        currency = move.currency_id
        common = {
            "kind": spec.kind,
            "company_id": move.company_id.id,
            "currency_id": currency.id,
            "rule_id": spec.rule_id,
            "move_line_id": line.id,
            "move_id": move.id,
            "is_live": True,
            "is_held": False,
            "adjustment": 0.0,
        }
        rows = [
            {
                **common,
                **self._get_subject(share),
                "quantity": share.quantity,
                "invoiced_quantity": share.invoiced,
                "amount": share.amount,
                "price": share.price,
                "run_line_id": share.payload.get("run_line_id", spec.run_line_id),
            }
            for share in spec.shares
        ]
        total = sum(row["amount"] for row in rows)
        rows[0]["adjustment"] = currency.round(line._get_billing_amount() - total)
        return rows

    @api.model
    def _get_subject(self, share):
        """Return what a share is about: an entry's values, or an item's."""
        if "employee_id" in share.payload:
            return {
                "analytic_line_id": share.key,
                "date": share.payload["date"],
                "price_source": share.payload["price_source"],
            }
        return {
            "item_id": share.key,
            "cost_move_line_id": share.payload.get("cost_move_line_id"),
            "origin_id": share.payload.get("origin_id"),
            "date": share.payload.get("date"),
            "price_source": "item",
        }

    @api.model
    def _log_origin(self, run, moves):
        """Say on every invoice where it comes from, in one write for the batch."""
        body = self.env._("Made by %s", run._get_html_link())
        moves._message_log_batch(bodies=dict.fromkeys(moves.ids, body))

    # -- grouping --------------------------------------------------------------------

    @api.model
    def _group_specs(self, run, prepared):
        """Group prepared lines into invoices, in a fixed order.

        :param prepared: ``{run line id: list of LineSpec}``
        :return: list of lists of LineSpec, by customer, then project, so that numbers
            repeat however often the same run is made
        """
        run_lines = self.env["project.billing.run.line"].browse(prepared)
        # browsed as one set, so that they and their partners are read as one
        by_id = {rule.id: rule for rule in run_lines.rule_id}
        groups = defaultdict(list)
        for line in run_lines:
            for spec in prepared[line.id]:
                spec.run_line_id = line.id
                payer = self.env["res.partner"].browse(spec.partner_id)
                groups[by_id[line.rule_id.id]._get_invoice_key(payer)].append(spec)

        def order(specs):
            rule = by_id[specs[0].rule_id]
            payer = rule.bill_partner_id.browse(specs[0].partner_id)
            partner = payer or rule.bill_partner_id
            return (
                partner.name or "",
                partner.id,
                rule.project_id.name or "",
                rule.project_id.id,
            )

        batches = list(groups.values())
        for specs in batches:
            specs.sort(key=lambda s: (by_id[s.rule_id].project_id.id, s.sequence))
        return sorted(batches, key=order)
