from odoo import fields, models


class ProjectBillingDocumentType(models.Model):
    """A kind of document that a customer wants to see before paying."""

    _name = "project.billing.document.type"
    _description = "Type of Billing Document"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    note = fields.Char(
        translate=True, help="What the document must show, for the people who file it."
    )
