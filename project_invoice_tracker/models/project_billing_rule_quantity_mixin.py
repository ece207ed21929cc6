from odoo import api, fields, models


class ProjectBillingRuleQuantityMixin(models.AbstractModel):
    """How worked time becomes the quantity and the text of invoice lines."""

    _name = "project.billing.rule.quantity.mixin"
    _description = "Billing Rule: Quantity and Text"

    rounding_method = fields.Selection(
        [
            ("none", "Exact"),
            ("up", "Up"),
            ("nearest", "To the nearest"),
            ("down", "Down"),
        ],
        required=True,
        default="none",
        tracking=True,
    )
    rounding_step = fields.Float(
        digits=(16, 6), default=0.25, help="Hours, e.g. 0.25 for quarters of an hour."
    )
    rounding_minimum = fields.Float(
        digits=(16, 6), help="Hours: less than this is invoiced as this."
    )
    rounding_scope = fields.Selection(
        [
            ("entry", "Each entry"),
            ("person_day", "Each person and day"),
            ("line", "Each invoice line"),
        ],
        required=True,
        default="entry",
    )
    quantity_factor = fields.Float(
        string="Factor (%)",
        default=100.0,
        help="Invoiced time per worked time, before rounding: 200 invoices two hours "
        "for one. Worked time never changes.",
    )
    line_grouping = fields.Selection(
        [
            ("task", "Task"),
            ("entry", "Entry"),
            ("employee", "Employee"),
            ("role", "Role"),
            ("day", "Day"),
            ("one", "One line"),
        ],
        string="One invoice line per",
        required=True,
        default="task",
    )
    person_display = fields.Selection(
        [
            ("name", "Name"),
            ("initials", "Initials"),
            ("role", "Role"),
            ("none", "None"),
        ],
        string="Show people as",
        required=True,
        default="name",
    )
    annex = fields.Boolean(
        string="Itemised annex",
        compute="_compute_annex",
        store=True,
        readonly=False,
        precompute=True,
        help="A list of every entry behind the invoice lines, frozen when the invoice "
        "is posted. By default for time only: milestones are invoice lines themselves.",
    )

    _rounding = models.Constraint(
        "CHECK (rounding_step >= 0 AND rounding_minimum >= 0 AND quantity_factor > 0)",
        "Rounding step and minimum cannot be negative, the factor must be above 0.",
    )

    @api.depends("billing_type")
    def _compute_annex(self):
        for rule in self:
            room = self._get_room(rule.billing_type) if rule.billing_type else None
            rule.annex = room is not None and room._annex_by_default
