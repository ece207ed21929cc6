from odoo import api, models

from ..exceptions import BillingError


class ProjectBillingStatementMixin(models.AbstractModel):
    """Statements of a project for its customers."""

    _name = "project.billing.statement.mixin"
    _description = "Project: Statements"

    def _get_billing_statement(self, partner, date=None, company=None):
        """Return what a statement of this project tells a customer, as plain values.

        The list has one dict for each document currency, amounts in that currency:

        - ``contract``: ``original``, ``changes``, ``current``, ``lines``; or False
        - ``items``: ``name``, ``date``, ``state``, ``label``, ``amount``, ``invoiced``
        - ``periods``: invoiced time by ``month``: ``hours``, ``amount``
        - ``documents``: ``name``, ``date``, ``date_due``, ``total`` (with tax),
          ``paid``, ``written_off`` (a bad debt), ``open``, ``retained``, ``due``,
          ``overdue``, and ``dues``, the instalments; credit notes are negative
        - ``payments``: ``date``, ``documents``, ``amount``
        - ``written_off``: the same of what was given up as a bad debt
        - ``retained``: ``earned``, ``retained``, ``billed_before``, ``due_now``
        - ``totals``: ``invoiced`` = ``paid`` + ``written_off`` + ``open``, ``open`` =
          ``due`` + ``later`` + ``retained``, and ``overdue``

        Of several payers each gets the own share. Whoever has no superuser rights
        must be allowed to review the project.

        :param partner: the customer, or any contact of it
        :param date: the end of this day; default: the company's today
        :param company: whose documents; default: the project's company, else the
            current one
        :raise BillingError: another one's project
        """
        self.ensure_one()
        company = company or self.sudo().company_id or self.env.company
        if not self.env.su:
            self._check_billing_reviewable()
            self._check_billing_company(company)
        figures = self.env["project.billing.statement.figures"].sudo()
        return figures._get_statement(
            self.sudo(),
            partner.sudo().commercial_partner_id,
            date or company.sudo()._get_billing_today(),
            company.sudo(),
        )

    @api.model
    def _check_billing_company(self, company):
        """Raise :class:`BillingError` for a company that the user does not work for."""
        if company not in self.env.user.company_ids:
            raise BillingError(
                self.env._(
                    "You do not work for %s. Choose one of your companies.",
                    company.sudo().name,
                )
            )

    def _get_billing_payers(self, company):
        """Return ``{commercial partner: (contact, projects)}`` who pay the projects.

        The contact is who the rule invoices; of documents without a rule, the
        customer. Read as superuser: the caller has checked who asks.
        """
        payers = {}
        rules = self.sudo().billing_rule_ids
        for rule in rules.filtered(lambda r: r.company_id == company):
            for partner in rule.payer_ids.partner_id or rule.bill_partner_id:
                self._add_billing_payer(payers, partner, rule.project_id)
        shares = self.env["project.billing.share"].sudo()
        for project, partner in shares._read_group(
            [
                ("project_id", "in", self.ids),
                ("company_id", "=", company.id),
                ("move_id.move_type", "in", ("out_invoice", "out_refund")),
                ("partner_id", "!=", False),
            ],
            ["project_id", "partner_id"],
        ):
            self._add_billing_payer(payers, partner, project)
        return payers

    @api.model
    def _add_billing_payer(self, payers, partner, project):
        commercial = partner.commercial_partner_id
        contact, projects = payers.get(commercial, (partner, project))
        payers[commercial] = (contact, projects | project)

    def action_billing_statement(self):
        """Make a statement for each customer of the projects and open them.

        Nothing is sent. A statement that was not sent yet is used again.

        :return: action with the statement, or the list of several
        :raise BillingError: others' projects, or nobody who pays
        """
        self._check_billing_reviewable()
        statements = self.env["project.billing.statement"]
        companies = self.sudo().billing_rule_ids.company_id & self.env.companies
        for company in companies or self.env.company:
            statements |= statements._prepare_for(self, company)
        if not statements:
            raise BillingError(
                self.env._(
                    "There is no customer to make a statement for. Give the project a "
                    "customer and a billing rule first."
                )
            )
        return statements._open()
