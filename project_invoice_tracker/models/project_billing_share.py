from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.share import build_share_statement


class ProjectBillingShare(models.Model):
    """Which part of an instalment belongs to which project and billing rule.

    One row for each posted instalment, project and rule, in the document's currency and
    the company's. Vendor bills are negative. What belongs to no project has none: the
    rows of an instalment always sum to it, and the net amounts of a rule's rows to its
    invoice lines. Written when a document is posted, and anew when its distribution
    changes; nothing here is typed.
    """

    _name = "project.billing.share"
    _description = "Share of an Instalment"
    _order = "move_id desc, move_line_id, id"
    _log_access = False

    move_line_id = fields.Many2one(
        "account.move.line",
        string="Instalment",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    move_id = fields.Many2one(
        "account.move",
        string="Document",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    project_id = fields.Many2one(
        "project.project", readonly=True, ondelete="set null", index="btree_not_null"
    )
    rule_id = fields.Many2one(
        "project.billing.rule",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    partner_id = fields.Many2one("res.partner", readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    company_currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    ratio = fields.Float(digits=(16, 9), readonly=True)
    gross = fields.Monetary(readonly=True)
    net = fields.Monetary(readonly=True)
    gross_company = fields.Monetary(readonly=True, currency_field="company_currency_id")
    net_company = fields.Monetary(readonly=True, currency_field="company_currency_id")

    # hardly a row: instalments of nothing are settled without a payment
    _nothing_idx = models.Index("(move_line_id) WHERE gross = 0 AND gross_company = 0")

    @api.model
    def _rebuild(self, moves=None):
        """Write the shares of documents anew, in two statements.

        :param moves: account.move records; None = all documents of the database
        """
        if moves is not None and not moves:
            return
        self.env.flush_all()
        condition = SQL("TRUE") if moves is None else SQL("m.id = ANY(%s)", moves.ids)
        self.env.cr.execute(
            SQL(
                "DELETE FROM project_billing_share s USING account_move m"
                " WHERE m.id = s.move_id AND (%s)",
                condition,
            )
        )
        self.env.cr.execute(build_share_statement(condition))
        self.invalidate_model()
