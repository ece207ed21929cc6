from dateutil.relativedelta import relativedelta

from odoo import Command, api, fields, models
from odoo.tools import format_date

from ..exceptions import BillingError


class ProjectBillingAccrualMixin(models.AbstractModel):
    """Accrued income of a month: one entry, and its reversal on the next day.

    Debit accrued income, credit revenue, a pair of lines for each project; analytic
    distribution on revenue only, on both sides it would come to nothing. What is
    billed in advance is not accrued: deposits stand in their own account already.
    Both entries are drafts. Posting the accrual posts its reversal, on its date
    (``project.billing.accrual.move.mixin``).
    """

    _name = "project.billing.accrual.mixin"
    _description = "Accrued Income of a Month"

    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one("res.currency")

    accrual_move_id = fields.Many2one(
        "account.move",
        string="Accrual",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )
    reversal_move_id = fields.Many2one(
        "account.move",
        string="Reversal",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )
    accrual_line_ids = fields.One2many(
        related="accrual_move_id.line_ids", string="Lines of the accrual"
    )
    accrual_state = fields.Selection(related="accrual_move_id.state")
    accrued_amount = fields.Monetary(
        string="Accrued", compute="_compute_accrued_amount", compute_sudo=True
    )
    accrual_warning = fields.Char(compute="_compute_accrual_warning")

    @api.depends("accrual_move_id.line_ids.debit", "accrual_move_id.state")
    def _compute_accrued_amount(self):
        for page in self:
            move = page.accrual_move_id
            live = move.state in ("draft", "posted")
            page.accrued_amount = sum(move.line_ids.mapped("debit")) if live else 0.0

    @api.depends("accrued_amount", "wip")
    def _compute_accrual_warning(self):
        for page in self:
            page.accrual_warning = False
            accrued, wip = page.accrued_amount, page.wip
            if page.accrual_move_id and page.currency_id.compare_amounts(accrued, wip):
                page.accrual_warning = self.env._(
                    "%(accrued)s are accrued, work in progress comes to %(wip)s now: "
                    "post the accrual again.",
                    accrued=page.currency_id.format(accrued),
                    wip=page.currency_id.format(wip),
                )

    # -- the button ------------------------------------------------------------------

    def action_post_accrual(self):
        """Button: make the accrual of the month and its reversal, as drafts.

        Drafts of before are replaced: there is never more than one.

        :return: True, or a notification that there is nothing to accrue
        :raise BillingError: no account, a locked month, the accrual is posted, or
            somebody else makes it at this moment
        """
        self.ensure_one()
        self.check_access("write")
        self._check_accrual_alone()
        page = self.with_env(self.company_id._in_billing_context().env)
        journal = page._get_accrual_journal()
        page._check_accrual_replaceable(journal)
        if page.state == "open":
            page._refresh()
        lines = page._prepare_accrual_lines()
        page._drop_accrual()
        if not lines:
            return self._notify_no_accrual()
        move = (
            self.env["account.move"]
            .with_env(page.env)
            .create(page._prepare_accrual(journal, lines))
        )
        # as the host's accruals of orders: reversed on the first day of the next month
        reversal = move._reverse_moves([page._prepare_accrual_reversal(move)])
        page.sudo().write({"accrual_move_id": move.id, "reversal_move_id": reversal.id})
        self.sudo().message_post(
            body=self.env._(
                "Accrual of %(amount)s made by %(user)s.",
                amount=self.currency_id.format(self.accrued_amount),
                user=self.env.user.name,
            )
        )
        # the page shows the lines, which the host hides from invoicing users
        return True

    def _check_accrual_alone(self):
        """Of two presses at the same moment only one makes the entries."""
        if not self.try_lock_for_update():
            raise BillingError(
                self.env._(
                    "Somebody else is making the accrual of %s at this moment. Look at "
                    "the page again, and press once more if it shall be replaced.",
                    self.name,
                )
            )

    def _notify_no_accrual(self):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "title": self.env._("Nothing to accrue"),
                "message": self.env._(
                    "%s has no work in progress, so there is no accrual.", self.name
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _check_accrual_replaceable(self, journal):
        """Refuse where the accrual is posted or the month is locked."""
        if self.accrual_move_id.state == "posted":
            raise BillingError(
                self.env._(
                    "%(entry)s is posted: the accrual of %(month)s is in the books. "
                    "To replace it, reset it to draft; its reversal follows.",
                    entry=self.accrual_move_id.name,
                    month=self.name,
                )
            )
        locked = self.company_id._get_user_fiscal_lock_date(journal)
        if locked and self.date <= locked:
            raise BillingError(
                self.env._(
                    "The books are locked up to %(locked)s, so %(month)s cannot be "
                    "accrued. Ask an accountant to lift the lock date, or accrue the "
                    "next month.",
                    locked=format_date(self.env, locked),
                    month=self.name,
                )
            )

    def _check_accrual_dates(self):
        """Refuse to post where a lock date would move the accrual to another month."""
        for page in self.filtered(lambda p: p.accrual_move_id.state == "draft"):
            page._check_accrual_replaceable(page.accrual_move_id.journal_id)

    def _drop_accrual(self):
        """Delete the drafts of before; what was posted once is cancelled and stays."""
        moves = (self.reversal_move_id | self.accrual_move_id).filtered(
            lambda move: move.state == "draft"
        )
        kept = moves.filtered("posted_before")
        self.sudo().write({"accrual_move_id": False, "reversal_move_id": False})
        (moves - kept).unlink()
        kept.button_cancel()

    # -- values ----------------------------------------------------------------------

    def _prepare_accrual(self, journal, lines):
        """Return the values of the entry (no side effect)."""
        return {
            "move_type": "entry",
            "journal_id": journal.id,
            "company_id": self.company_id.id,
            "date": self.date,
            "ref": self.env._("Accrued income, %s", self.name),
            "line_ids": [Command.create(line) for line in lines],
        }

    def _prepare_accrual_reversal(self, move):
        return {
            "date": self.date + relativedelta(days=1),
            "ref": self.env._("Reversal of: %s", move.ref),
        }

    def _prepare_accrual_lines(self):
        """Return the values of the lines: two for each project and revenue account.

        :raise BillingError: an account is missing
        """
        amounts = {}
        for line in self.sudo().line_ids:
            if not self.currency_id.is_zero(line.wip):
                account = self._get_accrual_income_account(line.rule_id)
                key = line.project_id, account
                amounts[key] = amounts.get(key, 0.0) + line.wip
        accrued = self._get_accrual_account() if amounts else None
        lines = []
        for (project, income), amount in amounts.items():
            lines += self._prepare_accrual_pair(project, accrued, income, amount)
        return lines

    def _prepare_accrual_pair(self, project, accrued, income, amount):
        name = self.env._(
            "%(project)s: work in progress, %(month)s",
            project=project.name,
            month=self.name,
        )
        partner = project.partner_id.commercial_partner_id
        amount = self.currency_id.round(amount)
        shared = {"name": name, "partner_id": partner.id}
        analytic = project.account_id
        return [
            {**shared, "account_id": accrued.id, "balance": amount},
            {
                **shared,
                "account_id": income.id,
                "balance": -amount,
                "analytic_distribution": analytic and {str(analytic.id): 100.0},
            },
        ]

    # -- accounts and journal --------------------------------------------------------

    def _get_accrual_account(self):
        """Return the account of accrued income: the company's, else the host's.

        :raise BillingError: none is set
        """
        company = self.company_id.sudo()
        account = (
            company.billing_accrual_account_id or company.revenue_accrual_account_id
        )
        if not account:
            raise BillingError(
                self.env._(
                    "%s has no account of accrued income. Choose one under "
                    "Configuration > Settings > Month-end.",
                    company.name,
                )
            )
        return account

    def _get_accrual_income_account(self, rule):
        """Return the revenue account of accruals: the company's, else the product's.

        :raise BillingError: none is set
        """
        company = self.company_id.sudo()
        account = company.billing_accrual_income_account_id
        if not account:
            product = rule.product_id.with_company(company).product_tmpl_id
            account = product.get_product_accounts()["income"]
        account = account or company.income_account_id
        if not account:
            raise BillingError(
                self.env._(
                    "%s has no revenue account. Set one on its product, or choose one "
                    "for all accruals under Configuration > Settings > Month-end.",
                    rule.display_name,
                )
            )
        return account

    def _get_accrual_journal(self):
        """Return the journal: the company's, else the host's, else the first one.

        :raise BillingError: there is none
        """
        company = self.company_id.sudo()
        journal = (
            company.billing_accrual_journal_id
            or company.automatic_entry_default_journal_id
        )
        domain = self.env["account.journal"]._check_company_domain(company)
        journal = journal or self.env["account.journal"].search(
            [*domain, ("type", "=", "general")], limit=1
        )
        if not journal:
            raise BillingError(
                self.env._(
                    "%s has no journal for miscellaneous entries. Make one, or choose "
                    "one under Configuration > Settings > Month-end.",
                    company.name,
                )
            )
        return journal

    # -- opening ---------------------------------------------------------------------

    def action_open_accrual(self):
        """Button: open the accrual."""
        self.ensure_one()
        return self._open_entry(self.accrual_move_id)

    def action_open_reversal(self):
        """Button: open the reversal of the accrual."""
        self.ensure_one()
        return self._open_entry(self.reversal_move_id)

    def _open_entry(self, move):
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": move.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
