from odoo import api, fields, models


class ProjectBillingPrepaidFiguresMixin(models.AbstractModel):
    """Hours used, expired and left: of one item, or of a rule that gives hours."""

    _name = "project.billing.prepaid.figures.mixin"
    _description = "Prepaid Hours: Figures"

    _prepaid_figures = ("used", "expired", "left")  # of tools.draws.Balance

    has_prepaid = fields.Boolean(
        compute="_compute_prepaid_figures",
        compute_sudo=True,
        export_string_translation=False,
    )
    prepaid_used = fields.Float(
        string="Hours used",
        digits=(16, 2),
        compute="_compute_prepaid_figures",
        compute_sudo=True,
        help="Drawn, and worked but not drawn yet.",
    )
    prepaid_expired = fields.Float(
        string="Hours expired",
        digits=(16, 2),
        compute="_compute_prepaid_figures",
        compute_sudo=True,
    )
    prepaid_left = fields.Float(
        string="Hours left",
        digits=(16, 2),
        compute="_compute_prepaid_figures",
        compute_sudo=True,
        help="Below zero when more was worked than paid and not invoiced yet.",
    )

    @api.model
    def _get_prepaid_depends(self):
        """Return the names of the fields that the figures depend on."""
        return []

    def _get_prepaid_balances(self):
        """Return ``{record id: Balance}`` of records that have prepaid hours."""
        raise NotImplementedError(self._name)

    @api.depends(lambda self: self._get_prepaid_depends())
    def _compute_prepaid_figures(self):
        balances = self._get_prepaid_balances()
        for record in self:
            balance = balances.get(record.id)
            record.has_prepaid = bool(balance)
            for name in self._prepaid_figures:
                record[f"prepaid_{name}"] = getattr(balance, name, 0.0)
