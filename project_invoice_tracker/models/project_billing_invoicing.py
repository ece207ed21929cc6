from collections import defaultdict

from odoo import api, models
from odoo.fields import Command

# the host logs and tracks each move on its own; the run writes one note for all
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_notrack": True,
    "billing_creating": True,
}


class ProjectBillingInvoicing(models.AbstractModel):
    """From invoice lines to be (plain values) to customer invoices and ledger rows."""

    _name = "project.billing.invoicing"
    _description = "Billing: Making of Invoices"

    @api.model
    def _create_invoices(self, run, batches):
        """Create the draft invoices of one batch, with their ledger rows.

        :param run: gives invoice and accounting date
        :param batches: list of lists of LineSpec, one list per invoice
        :return: account.move records, in the order of ``batches``
        """
        values = [self._prepare_move(run, specs) for specs in batches]
        moves = (
            self.env["account.move"]
            .with_context(default_move_type="out_invoice", **QUIET)
            .create(values)
            .with_context(dict(self.env.context))
        )
        self._write_ledger(moves, batches)
        self._log_origin(run, moves)
        return moves

    # -- values ----------------------------------------------------------------------

    @api.model
    def _prepare_move(self, run, specs):
        """Return the values of one draft invoice (no side effect)."""
        rules = self.env["project.billing.rule"].browse({s.rule_id for s in specs})
        first = rules[0]
        partner = first.bill_partner_id
        address = partner.address_get(["invoice"])["invoice"]
        term = first._get_payment_term()
        order = first._get_customer_order()
        starts = [spec.date_from for spec in specs if spec.date_from]
        ends = [spec.date_to for spec in specs if spec.date_to]
        values = {
            "move_type": "out_invoice",
            "company_id": run.company_id.id,
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
                Command.create(self._prepare_line(spec, index))
                for index, spec in enumerate(specs)
            ],
        }
        if order:
            values["ref"] = order
        if run.accounting_date and run.accounting_date != run.date:
            values["date"] = run.accounting_date
        return values

    @api.model
    def _prepare_line(self, spec, index):
        """Return the values of one invoice line (no side effect)."""
        rule = self.env["project.billing.rule"].browse(spec.rule_id)
        return {
            "sequence": 10 + index,
            "name": spec.name,
            "product_id": spec.product_id,
            "product_uom_id": spec.uom_id,
            "quantity": spec.quantity,
            "price_unit": spec.price,
            "analytic_distribution": self._get_distribution(rule),
        }

    @api.model
    def _get_distribution(self, rule):
        """Return the analytic distribution of a rule's lines, as the host would.

        The project's accounts are the line's own; the host's distribution models add
        those of other plans.
        """
        project = rule.project_id.sudo()
        own = project._get_analytic_distribution()
        models_sudo = self.env["account.analytic.distribution.model"].sudo()
        if not models_sudo.search_count([], limit=1):
            return own
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
            "kind": "bill",
            "company_id": move.company_id.id,
            "currency_id": currency.id,
            "rule_id": spec.rule_id,
            "move_line_id": line.id,
            "move_id": move.id,
            "run_line_id": spec.run_line_id,
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
        groups = defaultdict(list)
        for line in run_lines:
            for spec in prepared[line.id]:
                spec.run_line_id = line.id
                groups[line.rule_id._get_invoice_key()].append(spec)
        rules = run_lines.rule_id
        by_id = {rule.id: rule for rule in rules}

        def order(specs):
            rule = by_id[specs[0].rule_id]
            return (
                rule.bill_partner_id.name or "",
                rule.bill_partner_id.id,
                rule.project_id.name or "",
                rule.project_id.id,
            )

        batches = list(groups.values())
        for specs in batches:
            specs.sort(key=lambda s: (by_id[s.rule_id].project_id.id, s.sequence))
        return sorted(batches, key=order)
