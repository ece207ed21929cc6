from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_date, plaintext2html

from ..exceptions import BillingError

TEMPLATE = "project_invoice_tracker.mail_template_acceptance"
# an answer is given by the customer, asking for it by a button
BUTTON_FIELDS = frozenset(
    {
        "acceptance_asked_by_id",
        "acceptance_asked_date",
        "acceptance_asking",
        "acceptance_state",
        "access_token",
    }
)


class ProjectBillingItemAcceptanceMixin(models.AbstractModel):
    """Items that become ready when the customer accepts them.

    The project manager asks, the customer answers once for each time of asking. The
    answer is a ``project.billing.acceptance``; ``acceptance_state`` on the item is
    updated in place first, so that of two answers at the same moment one is repeated
    by the host and finds the other.
    """

    _name = "project.billing.item.acceptance.mixin"
    _inherit = ["portal.mixin", "mail.activity.mixin"]
    _description = "Billing Item: Acceptance"

    acceptance_state = fields.Selection(
        [
            ("asked", "Waiting"),
            ("accepted", "Accepted"),
            ("rejected", "Rejected"),
        ],
        string="Customer's answer",
        readonly=True,
        copy=False,
        index="btree_not_null",
        tracking=True,
    )
    acceptance_asking = fields.Integer(
        readonly=True, copy=False, export_string_translation=False
    )
    acceptance_asked_date = fields.Date(
        string="Asked on",
        readonly=True,
        copy=False,
        help="Day on which the customer was last asked, in the company's time zone.",
    )
    acceptance_asked_by_id = fields.Many2one(
        "res.users", string="Asked by", readonly=True, copy=False, ondelete="set null"
    )
    acceptance_ids = fields.One2many(
        "project.billing.acceptance", "item_id", string="Answers", readonly=True
    )
    acceptance_text = fields.Text(
        string="Answer",
        compute="_compute_acceptance_text",
        compute_sudo=True,
        help="Who accepted or rejected when, and in which words.",
    )
    acceptance_partner_id = fields.Many2one(
        "res.partner",
        string="Accepted by",
        compute="_compute_acceptance_partner_id",
        compute_sudo=True,
        help="Who is asked: the project's customer where that is also who the rule "
        "bills, else the customer of the rule.",
    )

    def _compute_access_url(self):
        for item in self:
            project = item.sudo().project_id
            item.access_url = f"/my/projects/{project.id}/billing/{item.id}"

    @api.depends("rule_id.bill_partner_id", "rule_id.project_id.partner_id")
    def _compute_acceptance_partner_id(self):
        for item in self:
            billed = item.rule_id.bill_partner_id
            customer = item.rule_id.project_id.partner_id
            same = customer.commercial_partner_id == billed.commercial_partner_id
            item.acceptance_partner_id = customer if customer and same else billed

    @api.depends("acceptance_state", "acceptance_asked_date", "acceptance_ids")
    def _compute_acceptance_text(self):
        for item in self:
            item.acceptance_text = False
            if item.acceptance_state == "asked":
                item.acceptance_text = item._get_asked_text()
            elif item.acceptance_state:
                item.acceptance_text = item._get_last_answer()._get_full_text()

    def _get_last_answer(self):
        """Return the answer to the latest question, if there is one."""
        self.ensure_one()
        answers = self.sudo().acceptance_ids
        return answers.filtered(lambda a: a.asking == self.acceptance_asking)

    def _get_asked_text(self):
        return self.env._(
            "Asked on %(date)s by %(user)s, no answer yet",
            date=format_date(
                self.env, self.acceptance_asked_date, date_format="d MMMM y"
            ),
            user=self.acceptance_asked_by_id.name or "",
        )

    # -- nobody types an answer ------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_acceptance_input(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_acceptance_input(vals)
        return super().write(vals)

    @api.model
    def _check_acceptance_input(self, vals):
        if not self.env.su and any(vals.get(name) for name in BUTTON_FIELDS):
            raise AccessError(
                self.env._(
                    "Acceptance is asked for by its button and answered by the "
                    "customer only."
                )
            )

    # -- asking ----------------------------------------------------------------------

    def action_ask_acceptance(self):
        """Button: send the customer an e-mail with a link to accept or reject.

        Asking again before there is an answer only sends the e-mail again.

        :raise BillingError: the item needs no acceptance, is ready or billed already,
            or there is no address to write to
        """
        self._check_reviewable()
        for item in self.sudo():
            item._check_askable()
        for item in self.sudo():
            values = {
                "acceptance_state": "asked",
                "acceptance_asked_by_id": self.env.user.id,
                "acceptance_asked_date": item.company_id._get_billing_today(),
            }
            if item.acceptance_state != "asked":
                values["acceptance_asking"] = item.acceptance_asking + 1
            item.write(values)
            self.env.ref(TEMPLATE).sudo().send_mail(item.id)
        return True

    def _check_askable(self):
        self.ensure_one()
        partner = self.acceptance_partner_id
        if self.trigger != "accepted" or self.kind in ("cost", "opening", "progress"):
            error = self.env._(
                "needs no acceptance. Choose Accepted by the customer as what makes "
                "it ready"
            )
        elif not self._is_acceptance_open():
            error = self.env._("is ready or invoiced already: there is nothing to ask")
        elif not partner:
            error = self.env._("has no customer to ask. Choose one on the project")
        elif not partner.email:
            error = self.env._(
                "cannot be asked for: %s has no e-mail address. Enter one first",
                partner.display_name,
            )
        else:
            return
        raise BillingError(f"{self.name} {error}.")

    def _is_acceptance_open(self):
        """Return whether an answer of the customer could still decide something."""
        self.ensure_one()
        nothing_billed = self.currency_id.is_zero(self.billed_amount)
        return bool(self.active and not self.date_ready and nothing_billed)

    def _is_answer_awaited(self):
        """Return whether the customer has been asked and may answer now."""
        self.ensure_one()
        is_asked = self.acceptance_state == "asked" and self.trigger == "accepted"
        return is_asked and self._is_acceptance_open()

    def _get_acceptance_version(self):
        """Return what the customer is shown, as text: an answer to it must match."""
        self.ensure_one()
        amount = self.currency_id.format(self.billable_amount)
        return f"{self.acceptance_asking}/{amount}/{self.name}"

    # -- answering -------------------------------------------------------------------

    def _answer(self, answer, signer, text="", partner=None):
        """Keep the customer's answer; a second one changes nothing.

        :param answer: ``accepted`` or ``rejected``
        :param signer: name of the person who answers
        :param text: reason of a rejection, or a remark
        :param partner: contact of the portal account, if it was used
        :return: the ``project.billing.acceptance`` that stands: this one, or that of
            who was faster
        :raise BillingError: nobody was asked, or name or reason are missing
        """
        self.ensure_one()
        item = self.sudo()
        if item.acceptance_state in ("accepted", "rejected"):
            return item._get_last_answer()
        signer, text = (signer or "").strip(), (text or "").strip()
        item._check_answer(answer, signer, text)
        # in place, before anything else: who comes second at the same moment is
        # refused by the database, starts again and finds this answer
        item.acceptance_state = answer
        item.flush_recordset(["acceptance_state"])
        acceptance = item.acceptance_ids.create(
            {
                "item_id": item.id,
                "asking": item.acceptance_asking,
                "answer": answer,
                "signer": signer,
                "partner_id": partner.id if partner else False,
                "date": fields.Datetime.now(),
                "text": text,
                "item_name": item.name,
                "currency_id": item.currency_id.id,
                "amount": item.billable_amount,
            }
        )
        item._follow_answer(acceptance)
        return acceptance

    def _check_answer(self, answer, signer, text):
        if not self._is_answer_awaited():
            raise BillingError(
                self.env._(
                    "%s waits for no answer. Please contact us if something is wrong.",
                    self.name,
                )
            )
        if not signer:
            raise BillingError(self.env._("Please enter your name."))
        if answer == "rejected" and not text:
            raise BillingError(
                self.env._("Please say what is missing, so that we can correct it.")
            )

    def _follow_answer(self, acceptance):
        """Tell item, project and project manager; what is accepted becomes ready."""
        author = acceptance.partner_id or self.acceptance_partner_id
        manager = self._get_acceptance_manager()
        note = {"author_id": author.id, "subtype_xmlid": "mail.mt_note"}
        text = acceptance._get_full_text()
        self.message_post(body=text, partner_ids=manager.partner_id.ids, **note)
        body = self.env._("%(item)s: %(answer)s", item=self.name, answer=text)
        self.project_id.message_post(body=body, **note)
        if acceptance.answer == "accepted":
            self._set_ready()
        elif manager:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=manager.id,
                summary=self.env._("%s was rejected by the customer", self.name),
                note=plaintext2html(text),
            )

    def _get_acceptance_manager(self):
        """Return who deals with the answer: the project manager, else who asked."""
        users = self.project_id.user_id | self.acceptance_asked_by_id
        return users.filtered(
            lambda user: user.active and self.with_user(user).has_access("read")
        )[:1]

    def action_preview_acceptance(self):
        """Button: open the page that the customer sees."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "target": "self",
            "url": self.access_url,
        }

    # -- by hand ---------------------------------------------------------------------

    def _withdraw_acceptance(self):
        """The item was set ready, or not ready, by hand: nothing is asked any more."""
        self.filtered("acceptance_state").sudo().acceptance_state = False
