from datetime import timedelta

from odoo import api, fields, models

from ..reasons_overdue import get_overdue_reason_text
from ..tools.overdue import simulate


class AccountOverduePreview(models.TransientModel):
    """What is about to happen: reminders, fees and invoices of the next days.

    As if nobody paid and every policy were on, so that it can be looked at before it
    is switched on. Changes nothing and sends nothing.
    """

    _name = "account.overdue.preview"
    _description = "The Next Days"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    days = fields.Integer(default=30, required=True)
    line_ids = fields.One2many("account.overdue.preview.line", "preview_id")

    @api.model
    def _open_for(self, company, policies=None, days=30):
        """Return the action that shows the next days of a company.

        :param policies: only invoices of these policies; None = all
        """
        preview = self.create({"company_id": company.id, "days": days})
        preview._fill(policies)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("The next %s days", days),
            "res_model": "account.overdue.preview.line",
            "views": [(False, "list"), (False, "pivot")],
            "domain": [("preview_id", "=", preview.id)],
            "context": {"search_default_happens": 1},
        }

    @api.model
    def _open_current(self):
        """Return the action of the current company; the menu's server action."""
        self.env["account.overdue.run"].check_access("write")
        return self._open_for(self.env.company)

    def _fill(self, policies=None):
        self.ensure_one()
        day = self.company_id._get_billing_today()
        until = day + timedelta(days=self.days)
        values = self._prepare_reminders(day, until, policies)
        if policies is None:
            values += self._prepare_invoices(day, until)
        lines = self.env["account.overdue.preview.line"].sudo()
        lines.create([{"preview_id": self.id, **row} for row in values])

    # -- reminders and fees ----------------------------------------------------------

    def _prepare_reminders(self, day, until, policies):
        plan = self.env["account.overdue.plan"]
        terms, found, stops = plan._get_outlook(self.company_id, day, until)
        rows, charged = [], {}
        for instalment in found:
            policy = terms.get(instalment.policy_id)
            if not policy or (policies and policy.id not in policies.ids):
                continue
            for due in simulate(
                policy,
                instalment.history,
                instalment.date_maturity,
                instalment.date_sent,
                day,
                until,
            ):
                code, detail = stops[instalment.key]
                rows.append(self._prepare_reminder(instalment, due, code, detail))
                if code:
                    break
                charged.setdefault((due.level.id, due.date), []).append(instalment)
        return rows + self._prepare_fees(charged)

    def _prepare_reminder(self, instalment, due, code, detail):
        return {
            "kind": "reminder",
            "date": due.date,
            "partner_id": instalment.partner_id,
            "move_id": instalment.move_id,
            "date_maturity": instalment.date_maturity,
            "level_id": due.level.id,
            "currency_id": instalment.currency_id,
            "amount": instalment.residual,
            "reason": code and get_overdue_reason_text(self.env, code, detail),
        }

    def _prepare_fees(self, charged):
        """Return a row for each fee; of a level's next charges only the first one."""
        charges, rows, seen = self.env["account.overdue.charge"].sudo(), [], set()
        lines = self.env["account.move.line"].sudo()
        for (level_id, day), instalments in sorted(
            charged.items(), key=lambda item: item[0][1]
        ):
            level = self.env["account.overdue.level"].browse(level_id)
            fresh = [own for own in instalments if (level_id, own.key) not in seen]
            seen |= {(level_id, own.key) for own in fresh}
            if not fresh or not level._has_charge():
                continue
            due = lines.search(
                [
                    ("move_id", "in", [own.move_id for own in fresh]),
                    ("display_type", "=", "payment_term"),
                ]
            )
            keys = {own.key: own for own in fresh}
            for proposal in charges._propose(due, level, day):
                own = keys.get((proposal.move_id, proposal.date_maturity))
                if own and not proposal.reason:
                    rows.append(
                        {
                            **self._prepare_reminder(own, _At(level, day), None, ""),
                            "kind": "fee",
                            "amount": proposal.amount,
                        }
                    )
        return rows

    # -- invoices --------------------------------------------------------------------

    def _prepare_invoices(self, day, until):
        """Return what will be invoiced: what is ready now, what is planned later."""
        facts = (
            self.env["project.billing.tracker"]
            .with_company(self.company_id)
            .with_context(allowed_company_ids=self.company_id.ids)
            .search(
                [
                    ("stage", "in", ("ready", "planned")),
                    ("is_held", "=", False),
                    ("company_id", "=", self.company_id.id),
                    "|",
                    ("date_planned", "<=", until),
                    ("stage", "=", "ready"),
                ]
            )
        )
        return [
            {
                "kind": "invoice",
                "date": max(fact.date_planned or day, day),
                "partner_id": fact.partner_id.id,
                "project_id": fact.project_id.id,
                "currency_id": fact.currency_id.id,
                "amount": fact.net,
            }
            for fact in facts
            if fact.net
        ]


class _At:
    """A level on a day."""

    def __init__(self, level, date):
        self.level, self.date = level, date


class AccountOverduePreviewLine(models.TransientModel):
    """One thing that is about to happen."""

    _name = "account.overdue.preview.line"
    _description = "What Is About to Happen"
    _order = "date, kind, partner_id, id"

    preview_id = fields.Many2one(
        "account.overdue.preview", required=True, ondelete="cascade", index=True
    )
    kind = fields.Selection(
        [("reminder", "Reminder"), ("fee", "Fee"), ("invoice", "Invoice")],
        required=True,
    )
    date = fields.Date(required=True)
    partner_id = fields.Many2one("res.partner", string="Customer")
    project_id = fields.Many2one("project.project")
    move_id = fields.Many2one("account.move", string="Invoice no.")
    date_maturity = fields.Date(string="Due date")
    level_id = fields.Many2one("account.overdue.level")
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary(help="Open; of fees and invoices what will be charged.")
    reason = fields.Char(string="Left out because")
