from odoo import api, models


class ProjectBillingTaxEstimate(models.AbstractModel):
    """What invoice lines to be come to with taxes, before there is an invoice.

    By the host's own computation, so that it agrees with the invoice to the cent.
    """

    _name = "project.billing.tax.estimate"
    _description = "Billing: Taxes of Lines to Be"

    @api.model
    def _get_payer(self, spec, rule):
        """Return the partner that the invoice of a line is addressed to."""
        payer = self.env["res.partner"].browse(spec.partner_id) or rule.bill_partner_id
        return payer.browse(payer.address_get(["invoice"])["invoice"])

    @api.model
    def _get_fiscal_position(self, partner, company):
        """Return the fiscal position that the host gives an invoice to a partner."""
        delivery = partner.browse(partner.address_get(["delivery"])["delivery"])
        positions = self.env["account.fiscal.position"].with_company(company)
        return positions._get_fiscal_position(partner, delivery=delivery)

    @api.model
    def _get_taxes(self, spec, company, position):
        """Return the taxes of an invoice line to be.

        :param position: fiscal position of the invoice
        """
        taxes = self.env["account.tax"]
        if spec.tax_ids is not None:
            return taxes.browse(spec.tax_ids)
        product = self.env["product.product"].browse(spec.product_id)
        domain = taxes._check_company_domain(company)
        taxes = product.taxes_id.filtered_domain(domain)
        if not taxes:
            account = self.env["account.account"].browse(spec.account_id)
            account = account or self._get_income_account(product, company, position)
            taxes = account.tax_ids.filtered(lambda tax: tax.type_tax_use == "sale")
        return position.map_tax(taxes._filter_taxes_by_company(company))

    @api.model
    def _get_income_account(self, product, company, position):
        template = product.with_company(company).product_tmpl_id
        return template.get_product_accounts(fiscal_pos=position)["income"]

    @api.model
    def _get_totals(self, specs, company, partner, currency):
        """Return (net, gross) of invoice lines to be, rounded as on the invoice.

        :param specs: list of LineSpec of one invoice
        :param partner: the invoice's address
        """
        if not specs:
            return 0.0, 0.0
        tax_model = self.env["account.tax"]
        position = self._get_fiscal_position(partner, company)
        lines = [
            tax_model._prepare_base_line_for_taxes_computation(
                None,
                price_unit=spec.price,
                quantity=spec.quantity,
                product_id=self.env["product.product"].browse(spec.product_id),
                tax_ids=self._get_taxes(spec, company, position),
                currency_id=currency,
                partner_id=partner,
            )
            for spec in specs
        ]
        tax_model._add_tax_details_in_base_lines(lines, company)
        tax_model._round_base_lines_tax_details(lines, company)
        summary = tax_model._get_tax_totals_summary(lines, currency, company)
        return summary["base_amount_currency"], summary["total_amount_currency"]
