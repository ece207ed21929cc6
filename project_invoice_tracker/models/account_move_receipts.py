from odoo import fields, models


class ProjectBillingReceiptsMixin(models.AbstractModel):
    """Receipts of passed-on costs: copies that go along with the invoice."""

    _name = "project.billing.receipts.mixin"
    _description = "Receipts of Invoices"

    billing_receipt_ids = fields.Many2many(
        "ir.attachment",
        "account_move_billing_receipt_rel",
        "move_id",
        "attachment_id",
        string="Receipts",
        copy=False,
        readonly=True,
        help="Copies of the files of vendor bills whose cost is passed on. One that "
        "is deleted from the invoice is not sent.",
    )
