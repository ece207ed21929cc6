from odoo import api, fields, models

from ..exceptions import BillingError


class ProjectBillingType(models.AbstractModel):
    """Base of the rooms: one way in which an IT firm is paid.

    A room is an AbstractModel ``project.billing.type.<key>`` in its own file; the key
    is a value of ``project.billing.rule.billing_type``. It gets rules and answers with
    plain values; rule and run know no type. To add a type in another add-on:
    ``selection_add`` the key and write one room.
    """

    _name = "project.billing.type"
    _description = "Billing Type"

    # whether the contract is the rule's amount, else the sum of its items, else the cap
    _has_plain_contract = True
    _kinds = ()  # of the items that its rules bill
    _claims_time = False  # whether rules of this type own time entries
    # whether a part of an invoice line can be billed, and the rest later
    _divisible = False
    # whether invoices get an annex: where one line stands for many records
    _annex_by_default = False

    @api.model
    def _get_default_product(self, rule):
        """Return the product of a new rule of this type (record or empty)."""
        xmlid = "project_invoice_tracker.product_project_milestone"
        return (
            self.env.ref(xmlid, raise_if_not_found=False) or self.env["product.product"]
        )

    @api.model
    def _propose(self, rules, run):
        """Return what could be invoiced, and what not and why.

        :param rules: rules of this type and of the run's company
        :param run: gives ``cutoff_date`` and ``date`` (of the invoice)
        :return: list of :class:`..tools.spec.Proposal`; amounts in the rule's currency
        """
        raise NotImplementedError

    @api.model
    def _prepare_lines(self, run_lines):
        """Return the invoice lines of proposals that shall be invoiced now.

        What was billed, moved or changed since the proposal is left out.

        :return: ``{run line id: list of LineSpec}``
        """
        raise NotImplementedError

    @api.model
    def _get_open_amounts(self, rules):
        """Return ``{rule: (open, held, ready)}`` in the rules' currencies.

        Open: on no invoice yet; held: of that, held back; ready: of that, what a run
        of today could invoice.
        """
        return dict.fromkeys(rules, (0.0, 0.0, 0.0))

    @api.model
    def _get_contract_amounts(self, rules):
        """Return ``{rule: amount}`` that the deal comes to, in the rules' currencies.

        0 where it has no end and no limit, as time and materials without a cap.
        """
        return {rule: rule.amount for rule in rules}

    # -- for the rooms ---------------------------------------------------------------

    @api.model
    def _get_exchange_rate(self, currency, rule, date):
        """Return the factor from ``currency`` to the rule's currency on ``date``.

        :raise BillingError: no rate is known (the host would silently take 1.0)
        """
        if currency == rule.currency_id:
            return 1.0
        for one in (currency, rule.currency_id):
            if not self._has_exchange_rate(one, rule.company_id, date):
                raise BillingError(
                    self.env._(
                        "There is no exchange rate of %(currency)s up to %(date)s. "
                        "Enter one under Invoicing > Configuration > Currencies.",
                        currency=one.name,
                        date=fields.Date.to_string(date),
                    )
                )
        return currency._get_conversion_rate(
            currency, rule.currency_id, rule.company_id, date
        )

    @api.model
    def _has_exchange_rate(self, currency, company, date):
        root = company.root_id
        if currency == company.currency_id:
            return True
        return any(
            rate.name <= date and rate.company_id in (root, root.browse())
            for rate in currency.sudo().rate_ids
        )

    @api.model
    def _get_language(self, rule):
        """Return the language of the rule's customer."""
        return rule.bill_partner_id.lang or self.env.lang
