from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import plaintext2html

from ..exceptions import AlreadyNotedError, PauseError

CLERK = "project_invoice_tracker.group_billing_officer"
CALL = "mail.mail_activity_data_call"
SALES = ("out_invoice", "out_receipt")


class AccountOverduePauseLogMixin(models.AbstractModel):
    """Noting a dispute, a promise, a hold or a call: who may, and what is impossible.

    Everything comes through :meth:`_log`: buttons, wizard, RPC and the portal.
    """

    _name = "account.overdue.pause.log.mixin"
    _description = "Noting Pauses"

    # -- who may ---------------------------------------------------------------------

    @api.model
    def _filter_pausable(self, moves, user=None):
        """Return the invoices that a user may note something on.

        Clerks: of their companies. Project managers: those of own projects.

        :param user: default: the current user, in the chosen companies
        """
        if self.env.su and not user:
            return moves
        if user:
            own = user.sudo().company_ids.ids
            env = self.with_user(user).with_context(allowed_company_ids=own).env
        else:
            env = self.env
        moves = moves.sudo().filtered(lambda m: m.company_id in env.companies)
        if env.user.has_group(CLERK):
            return moves.with_env(env)._filtered_access("read")
        if not env["project.billing.tracker"].has_access("read"):
            return moves.browse()
        shares = self.env["project.billing.share"].sudo()
        shares = shares.search(
            [("move_id", "in", moves.ids), ("project_id", "!=", False)]
        )
        mine = shares.project_id.with_env(env)._filter_billing_reviewable()
        own = shares.filtered(lambda share: share.project_id.id in mine.ids)
        return moves.browse(own.move_id.ids).with_env(env)

    @api.model
    def _check_pausable(self, moves):
        if set(moves.ids) - set(self._filter_pausable(moves).ids):
            raise AccessError(
                self.env._(
                    "You may note this on invoices of your own projects or companies "
                    "only."
                )
            )

    @api.model
    def _check_may_log(self, kind, move, partner, company):
        if self.env.su:
            return
        if move:
            self._check_pausable(move)
        is_clerk = self.env.user.has_group(CLERK)
        if not is_clerk and (kind == "promise" or not move):
            raise AccessError(
                self.env._(
                    "Project managers note calls, disputes and holds on the invoices "
                    "of their projects. Promises, and what holds for a whole customer, "
                    "are noted by the accounting department."
                )
            )
        if company not in self.env.companies:
            raise AccessError(
                self.env._(
                    "You do not work for %s now. Choose it at the top right.",
                    company.sudo().name,
                )
            )
        if not move:
            partner.with_user(self.env.user).check_access("read")

    # -- noting ----------------------------------------------------------------------

    @api.model
    def _log(self, kind, move=None, partner=None, company=None, **vals):
        """Note a dispute, promise or hold; return the ``account.overdue.pause``.

        An open promise is replaced by the new one, an open dispute or hold is kept
        and returned: pressed twice, nothing happens.

        :param move: posted customer invoice; None = all invoices of ``partner`` in
            ``company``
        :param vals: ``reason``, ``date_end``, ``amount``, ``user_id``, and of the
            portal ``signer``, ``contact_id``, ``is_from_customer``
        :raise PauseError: impossible input
        :raise AccessError: another's invoice
        """
        move = (move or self.env["account.move"]).sudo()
        partner = (move or partner.sudo()).commercial_partner_id
        company = (move.company_id or company or self.env.company).sudo()
        self._check_may_log(kind, move, partner, company)
        values = self._prepare_pause(kind, move, partner, company, vals)
        pauses = self.sudo().with_company(company)
        earlier = pauses._get_open(kind, move, partner, company)
        if earlier and not earlier._settle():
            if kind != "promise":
                return earlier.with_env(self.env)
            same = ("date_end", "amount", "reason")
            if all((earlier[n] or False) == (values[n] or False) for n in same):
                return earlier.with_env(self.env)
            today = company._get_billing_today()
            earlier.write({"state": "ended", "date_ended": today, "date_closed": today})
        earlier.flush_recordset()
        try:
            with self.env.cr.savepoint():
                pause = pauses.create(values)
        except UniqueViolation as error:
            # somebody was faster by a moment
            raise AlreadyNotedError(
                self.env._("This has just been noted. Reload the page to see it.")
            ) from error
        pause._follow_log()
        return pause.with_env(self.env)

    @api.model
    def _get_open(self, kind, move, partner, company):
        own = [("move_id", "=", move.id)]
        if not move:
            own += [("partner_id", "=", partner.id), ("company_id", "=", company.id)]
        return self.search([("kind", "=", kind), ("state", "=", "open"), *own])

    @api.model
    def _prepare_pause(self, kind, move, partner, company, vals):
        """Return the values of a new pause, checked."""
        today = company._get_billing_today()
        end = fields.Date.to_date(vals.get("date_end")) or False
        reason = (vals.get("reason") or "").strip()
        self._check_invoice(move)
        self._check_end(end, today)
        if kind != "promise" and not reason:
            raise PauseError(
                self.env._("Say why: the next person who looks at it must know.")
            )
        opened = self._get_open_amount(move, partner, company)
        amount = 0.0
        if kind == "promise":
            currency = move.currency_id or company.currency_id
            amount = vals.get("amount")
            if amount is None:
                amount = opened - self._get_retained_amount(move)
            amount = self._check_promise(end, amount, opened, currency)
        owner = vals.get("user_id") or self._get_default_owner(move)
        return {
            "kind": kind,
            "move_id": move.id,
            "partner_id": partner.id,
            "company_id": company.id,
            "currency_id": (move.currency_id or company.currency_id).id,
            "reason": reason,
            "user_id": self._check_owner(owner, move, company),
            "amount": amount,
            "amount_open": opened,
            "date_start": today,
            "date_end": end,
            "is_from_customer": vals.get("is_from_customer", False),
            "signer": vals.get("signer", False),
            "contact_id": vals.get("contact_id", False),
        }

    @api.model
    def _check_invoice(self, move):
        if not move:
            return
        if move.move_type not in SALES or move.state != "posted":
            raise PauseError(
                self.env._(
                    "%s is no posted customer invoice: there is nothing to chase or to "
                    "pause.",
                    move.display_name,
                )
            )
        if move.currency_id.is_zero(move.amount_residual):
            raise PauseError(
                self.env._("%s is paid: there is nothing to pause.", move.name)
            )

    @api.model
    def _check_end(self, end, today):
        if end and end < today:
            raise PauseError(
                self.env._(
                    "That day has passed. Choose today or a later day as the end."
                )
            )

    @api.model
    def _check_promise(self, end, amount, opened, currency):
        """Return the promised amount, rounded."""
        if not end:
            raise PauseError(self.env._("By which day will it be paid? Enter it."))
        amount = currency.round(amount)
        if currency.compare_amounts(opened, 0.0) <= 0:
            raise PauseError(self.env._("Nothing is open that could be promised."))
        if not 0 < amount or currency.compare_amounts(amount, opened) > 0:
            raise PauseError(
                self.env._(
                    "%s is open: enter an amount above 0 and at most that.",
                    currency.format(opened),
                )
            )
        return amount

    @api.model
    def _check_owner(self, owner, move, company):
        """Return the id of the owner: a person who may see what is paused."""
        user = self.env["res.users"].sudo().browse(owner)
        if not self._may_own(user, move, company):
            raise PauseError(
                self.env._(
                    "%s may not see this customer's invoices. Choose an owner who "
                    "does.",
                    user.name,
                )
            )
        return user.id

    @api.model
    def _may_own(self, user, move, company):
        if not user.active or user.share or company not in user.sudo().company_ids:
            return False
        if move:
            return bool(self._filter_pausable(move, user))
        return user.has_group(CLERK)

    @api.model
    def _get_open_amount(self, move, partner, company):
        """Return what is open of an invoice, or of a customer (company currency)."""
        if move:
            return move.amount_residual
        [[amount]] = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("partner_id", "=", partner.id),
                    ("company_id", "=", company.id),
                    ("parent_state", "=", "posted"),
                    ("account_type", "=", "asset_receivable"),
                    ("reconciled", "=", False),
                ],
                aggregates=["amount_residual:sum"],
            )
        )
        return company.currency_id.round(amount or 0.0)

    @api.model
    def _get_retained_amount(self, move):
        """Return what the customer keeps back of an invoice: due on no known day."""
        lines = move.line_ids.filtered(
            lambda x: x.billing_is_retention and not x.billing_release_date
        )
        return sum(lines.mapped("amount_residual_currency"))

    @api.model
    def _get_default_owner(self, move):
        """Return who deals with it: who notes it, of the portal the invoice's people.

        The salesperson, the project manager, who made the invoice: the first who may.
        """
        user = self.env.user
        if not self.env.su and not user.share:
            return user.id
        projects = self.env["project.billing.share"].sudo()
        projects = projects.search([("move_id", "=", move.id)]).project_id
        people = move.invoice_user_id | projects.user_id | move.create_uid
        for person in people.with_context(active_test=False):
            if self._may_own(person, move, move.company_id):
                return person.id
        clerks = self.env["res.users"].sudo()
        return clerks.search(
            [
                ("all_group_ids", "in", self.env.ref(CLERK).ids),
                ("company_ids", "in", move.company_id.ids),
                ("share", "=", False),
            ],
            order="id desc",
            limit=1,
        ).id

    # -- telling ---------------------------------------------------------------------

    def _follow_log(self):
        """Tell the invoice; give the owner of another's note an activity."""
        self.ensure_one()
        author = self.contact_id or (
            self.partner_id if self.is_from_customer else self.env.user.partner_id
        )
        own = self.with_context(lang=self.user_id.lang)
        own._tell_invoice(own._get_note(), author)
        if self.is_from_customer or self.user_id != self.env.user:
            own._give_activity(own.display_name, own._get_note())

    def _get_note(self):
        """Return the sentence, with what the customer gave as name."""
        sentence = self._get_sentence()
        amount = self.currency_id.format(self.amount) if self.amount else ""
        text = f"{sentence} ({amount})" if amount else sentence
        if self.is_from_customer:
            return self.env._(
                "%(name)s in the customer portal: %(text)s", name=self.signer, text=text
            )
        return text

    def _tell_invoice(self, text, author):
        """Note it in the chatter of the invoice."""
        if self.move_id:
            self.move_id.sudo().message_post(
                body=plaintext2html(text),
                author_id=author.id,
                subtype_xmlid="mail.mt_note",
            )

    def _give_activity(self, summary, note):
        for pause in self:
            pause.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=pause.user_id.id,
                date_deadline=pause.company_id._get_billing_today(),
                summary=summary,
                note=plaintext2html(note),
            )

    @api.model
    def _log_call(self, text, move=None, partner=None, date_next=None, user=None):
        """Note a call in the chatter of the invoice or customer.

        :param date_next: also plan the next call, on the invoice or customer
        """
        move = (move or self.env["account.move"]).sudo()
        company = move.company_id or self.env.company
        text = (text or "").strip()
        if not text:
            raise PauseError(self.env._("Write down what was said."))
        self._check_may_log("call", move, partner, company)
        self._check_end(date_next, company._get_billing_today())
        record = (move or partner.sudo()).with_context(mail_post_autofollow=False)
        record.message_post(
            body=plaintext2html(text),
            author_id=self.env.user.partner_id.id,
            subtype_xmlid="mail.mt_note",
            mail_activity_type_id=self.env.ref(CALL).id,
        )
        if date_next:
            record.activity_schedule(
                CALL,
                date_deadline=date_next,
                user_id=(user or self.env.user).id,
                summary=self.env._("Call again"),
            )
