from odoo import api, fields, models

from ..exceptions import BillingRuleError

MAXIMUM = 1000.0  # percent; above it somebody typed an amount


class ProjectBillingMarkup(models.Model):
    """The mark-up of a rule on costs of one product category and those below it."""

    _name = "project.billing.markup"
    _description = "Mark-up of Costs"
    _order = "rule_id, category_id, id"
    _rec_name = "category_id"

    rule_id = fields.Many2one(
        "project.billing.rule", required=True, ondelete="cascade", index=True
    )
    project_id = fields.Many2one(related="rule_id.project_id", store=True, index=True)
    company_id = fields.Many2one(related="rule_id.company_id", store=True)
    category_id = fields.Many2one(
        "product.category", required=True, ondelete="restrict"
    )
    percentage = fields.Float(
        string="Mark-up (%)",
        digits=(16, 6),
        help="Percent on top of the cost; the nearest category of the product counts.",
    )

    _category_once = models.UniqueIndex(
        "(rule_id, category_id)",
        "There is already a mark-up for this category.",
    )

    @api.constrains("percentage")
    def _check_percentage(self):
        for markup in self:
            self._check_markup(markup.percentage, markup.category_id.display_name)

    @api.model
    def _check_markup(self, percentage, name):
        """Refuse an impossible mark-up.

        :raise BillingRuleError: negative, or above :data:`MAXIMUM`
        """
        if not 0.0 <= percentage <= MAXIMUM:
            raise BillingRuleError(
                self.env._(
                    "%(name)s: a mark-up of %(markup)s %% is not possible. Enter what "
                    "comes on top of the cost, from 0 to %(maximum)s %%.",
                    name=name,
                    markup=percentage,
                    maximum=int(MAXIMUM),
                )
            )

    @api.depends("category_id", "percentage")
    def _compute_display_name(self):
        for markup in self:
            name = markup.category_id.display_name
            markup.display_name = f"{name}: {markup.percentage:g} %"

    # prices are money: who changed one is kept in the rule's chatter

    @api.model_create_multi
    def create(self, vals_list):
        markups = super().create(vals_list)
        markups._log_on_rule(self.env._("Mark-up added"))
        return markups

    def write(self, vals):
        result = super().write(vals)
        self._log_on_rule(self.env._("Mark-up changed"))
        return result

    def unlink(self):
        self._log_on_rule(self.env._("Mark-up removed"))
        return super().unlink()

    def _log_on_rule(self, what):
        for rule, markups in self.grouped("rule_id").items():
            names = ", ".join(markups.mapped("display_name"))
            rule._message_log(body=f"{what}: {names}")
