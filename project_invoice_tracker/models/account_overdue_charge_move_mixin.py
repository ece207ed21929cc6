from odoo import api, fields, models
from odoo.tools import format_date, formatLang

from ..tools.statutes import AUTHORITIES


class AccountOverdueChargeMoveMixin(models.AbstractModel):
    """Invoices know what was charged for their lateness, debit notes why."""

    _name = "account.overdue.charge.move.mixin"
    _description = "Late Fees of Invoices"

    currency_id = fields.Many2one("res.currency")
    overdue_charge_ids = fields.One2many(
        "account.overdue.charge", "move_id", string="Late fees"
    )
    overdue_own_charge_ids = fields.One2many(
        "account.overdue.charge", "debit_move_id", string="Charged by this debit note"
    )
    overdue_charge_amount = fields.Monetary(
        string="Late fees charged",
        currency_field="currency_id",
        compute="_compute_overdue_charge_amount",
        compute_sudo=True,
        help="Fees and interest on debit notes, waived ones left out.",
    )
    overdue_charge_count = fields.Integer(
        compute="_compute_overdue_charge_amount", compute_sudo=True
    )

    @api.depends("overdue_charge_ids.state", "overdue_charge_ids.amount")
    def _compute_overdue_charge_amount(self):
        groups = self.env["account.overdue.charge"]._read_group(
            [("move_id", "in", self._origin.ids)],
            ["move_id", "state"],
            ["amount:sum", "__count"],
        )
        amounts, counts = {}, {}
        for move, state, amount, count in groups:
            counts[move.id] = counts.get(move.id, 0) + count
            if state in ("draft", "charged"):
                amounts[move.id] = amounts.get(move.id, 0.0) + amount
        for move in self:
            move.overdue_charge_amount = amounts.get(move._origin.id, 0.0)
            move.overdue_charge_count = counts.get(move._origin.id, 0)

    def unlink(self):
        # charges whose draft debit note is deleted do not count any more
        charges = self.sudo().overdue_own_charge_ids
        charges.write({"debit_move_id": False, "needs_approval": False})
        return super().unlink()

    def action_view_overdue_charges(self):
        """Open what was charged for the lateness of this invoice."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project_invoice_tracker.account_overdue_charge_action"
        )
        own = self.overdue_charge_ids | self.overdue_own_charge_ids
        return {**action, "domain": [("id", "in", own.ids)], "context": {}}

    # -- print -----------------------------------------------------------------------

    def _get_overdue_calculation(self):
        """Return what a debit note prints about its calculation, in its language.

        :return: list of dicts with plain texts: ``title``, ``rows`` (cells),
            ``has_days``, ``has_capital``, ``notes``; empty for other documents
        """
        self.ensure_one()
        charges = self.sudo().overdue_own_charge_ids.filtered(
            lambda charge: charge.state != "cancelled"
        )
        return [self._get_charge_calculation(charge) for charge in charges]

    def _is_overdue_debit_note(self):
        """Return whether this document charges late payment."""
        self.ensure_one()
        return bool(self.sudo().overdue_own_charge_ids)

    def _get_charge_calculation(self, charge):
        rows = charge.row_ids
        return {
            "title": self.env._(
                "Calculation: %(invoice)s of %(date)s, due on %(due)s",
                invoice=charge.move_id.name,
                date=format_date(self.env, charge.move_id.invoice_date),
                due=format_date(self.env, charge.date_maturity),
            ),
            "rows": [self._get_calculation_row(row) for row in rows],
            "has_days": bool(rows.filtered("days")),
            "has_capital": any(rows.mapped("capital")),
            "notes": self._get_calculation_notes(charge),
        }

    def _format_money(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    def _get_calculation_row(self, row):
        kinds = dict(row._fields["kind"]._description_selection(self.env))
        has_days = bool(row.days)
        return {
            "kind": kinds[row.kind],
            "from": format_date(self.env, row.date_from) if has_days else "",
            "to": format_date(self.env, row.date_to) if has_days else "",
            "days": str(row.days) if has_days else "",
            "principal": self._format_money(row.principal) if has_days else "",
            "capital": self._format_money(row.capital) if row.capital else "",
            "rate": formatLang(self.env, row.rate, digits=2) if has_days else "",
            "amount": self._format_money(row.amount),
        }

    def _get_calculation_notes(self, charge):
        """Return sentences: which rate, which days, which law."""
        notes, terms = [], charge.terms
        statute = charge.level_id._get_statute()
        if terms and terms["authority"]:
            notes.append(
                self.env._(
                    "Rate: %(authority)s, plus %(margin)s points.",
                    authority=self.env._(AUTHORITIES[terms["authority"]]),
                    margin=formatLang(self.env, terms["rate"], digits=2),
                )
            )
        if terms:
            field = charge.level_id._fields["interest_day_count"]
            counts = dict(field._description_selection(self.env))
            notes.append(
                self.env._("Day count: %s.", counts[terms["day_count"]].lower())
            )
        if terms and terms["compound_days"]:
            notes.append(
                self.env._(
                    "Interest that is unpaid for %s days bears interest.",
                    terms["compound_days"],
                )
            )
        if statute and (charge.compensation_amount or (terms and terms["authority"])):
            notes.append(self.env._("Legal basis: %s.", statute.source))
        return notes
