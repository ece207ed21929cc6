from odoo import api, models
from odoo.fields import Command


class ProjectBillingAmountsMixin(models.AbstractModel):
    """Amounts and tax tags of invoice lines, given when the lines are created.

    Otherwise the host writes them line by line, a fifth of its work on an invoice. It
    computes them all the same and writes what differs, so nothing given here can be
    wrong on the invoice: shared rounding, taxes included in the price, mapped taxes.
    """

    _name = "project.billing.amounts.mixin"
    _description = "Billing: Amounts of Invoice Lines"

    @api.model
    def _complete_lines(self, company, values, batches):
        """Add amounts and tags to lines of invoices in the company's currency.

        :param values: list of values of invoices, changed in place
        :param batches: their lists of LineSpec, in the same order
        """
        tags = self._get_tags(company, batches)
        for move, specs in zip(values, batches, strict=True):
            if move["currency_id"] != company.currency_id.id:
                continue
            commands = move["invoice_line_ids"]
            for (*_command, line), spec in zip(commands, specs, strict=True):
                line.update(self._prepare_amounts(company, spec))
                if spec.tax_ids is None and spec.product_id in tags:
                    line["tax_tag_ids"] = [Command.set(tags[spec.product_id])]

    @api.model
    def _prepare_amounts(self, company, spec):
        amount = spec.get_amount(company.currency_id)
        return {"amount_currency": -amount, "balance": -amount} if amount else {}

    @api.model
    def _get_tags(self, company, batches):
        """Return ``{product id: tag ids}`` of the products' own taxes."""
        ids = {spec.product_id for specs in batches for spec in specs}
        tags = {}
        for product in self.env["product.product"].sudo().browse(ids):
            taxes = product.taxes_id._filter_taxes_by_company(company)
            found = product.account_tag_ids
            for tax in taxes.flatten_taxes_hierarchy():
                if tax.tax_exigibility == "on_invoice":
                    bases = tax.invoice_repartition_line_ids.filtered(
                        lambda line: line.repartition_type == "base"
                    )
                    found |= bases.tag_ids
            if found:
                tags[product.id] = found.ids
        return tags
