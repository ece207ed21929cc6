from odoo import api, fields, models
from odoo.tools.misc import format_datetime

from ..exceptions import LockedError


class ProjectBillingAcceptance(models.Model):
    """What a customer answered when asked to accept an item: kept as it was given.

    One answer for each time of asking: the database refuses a second one. Name, amount
    and text are copies of what the customer saw and wrote; nobody changes or deletes
    them.
    """

    _name = "project.billing.acceptance"
    _description = "Customer's Answer"
    _order = "date desc, id desc"
    _rec_name = "signer"
    _check_company_auto = True

    item_id = fields.Many2one(
        "project.billing.item",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    rule_id = fields.Many2one(related="item_id.rule_id", store=True, index=True)
    project_id = fields.Many2one(related="item_id.project_id", store=True, index=True)
    company_id = fields.Many2one(related="item_id.company_id", store=True)
    asking = fields.Integer(
        readonly=True, help="How many times the customer had been asked by then."
    )
    answer = fields.Selection(
        [("accepted", "Accepted"), ("rejected", "Rejected")],
        required=True,
        readonly=True,
    )
    signer = fields.Char(string="Name", required=True, readonly=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Contact",
        readonly=True,
        ondelete="restrict",
        help="Of the portal account; empty when the link of the e-mail was used.",
    )
    date = fields.Datetime(string="Time", required=True, readonly=True)
    text = fields.Text(readonly=True, help="The reason, or a remark of the customer.")
    item_name = fields.Char(string="Item as shown", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(string="Amount as shown", readonly=True)

    _answered_once = models.Constraint(
        "UNIQUE (item_id, asking)", "The customer has already answered."
    )

    def write(self, vals):
        if vals:
            raise LockedError(
                self.env._(
                    "%s cannot be changed: answers of customers are kept as they were "
                    "given. Ask again to get another one.",
                    ", ".join(self.mapped("display_name")),
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise LockedError(
            self.env._(
                "Answers of customers are not deleted: they are the proof of what was "
                "accepted."
            )
        )

    @api.depends("answer", "signer", "date")
    def _compute_display_name(self):
        for acceptance in self:
            acceptance.display_name = acceptance._get_sentence()

    def _get_sentence(self):
        """Return *Accepted by Eva Holm on 20 November 2026, 14:05 (UTC)*."""
        self.ensure_one()
        values = {"name": self.signer, "date": self._get_time_text()}
        if self.answer == "rejected":
            return self.env._("Rejected by %(name)s on %(date)s", **values)
        return self.env._("Accepted by %(name)s on %(date)s", **values)

    def _get_time_text(self):
        """Return the time of the answer in the company's zone, with its name."""
        zone = self.company_id._get_billing_timezone()
        text = format_datetime(
            self.env, self.date, tz=zone, dt_format="d MMMM y, HH:mm"
        )
        return f"{text} ({zone})"

    def _get_full_text(self):
        """Return the sentence with what the customer wrote."""
        self.ensure_one()
        sentence = self._get_sentence()
        return f"{sentence}: {self.text}" if self.text else sentence
