from functools import cache

from odoo import api, fields, models
from odoo.tools import format_date

from ..tools.overdue_query import build_open_items


class Texts:
    """Days and amounts as texts of one language, each written once for all mails."""

    def __init__(self, env):
        self.write_date = cache(lambda day: format_date(env, day))
        self.write_amount = cache(lambda currency, amount: currency.format(amount))


class AccountOverdueNoticeItemsMixin(models.AbstractModel):
    """What a reminder lists: all that is open of the customer, credits too."""

    _name = "account.overdue.notice.items.mixin"
    _description = "Reminders: Open Items"

    items_html = fields.Html(
        compute="_compute_items_html",
        sanitize=False,
        groups="project_invoice_tracker.group_billing_officer",
        help="All that is open of the customer, for mail and letter.",
    )
    amount_text = fields.Char(
        compute="_compute_amount_text",
        string="Overdue",
        groups="project_invoice_tracker.group_billing_officer",
        help="What is due by now, less credits, in document currencies.",
    )

    @api.depends("partner_id", "lang", "state")
    def _compute_items_html(self):
        rows = self._get_open_items()
        texts = {}
        for notice in self:
            own = notice.with_context(lang=notice.lang or self.env.lang)
            known = texts.setdefault(own.env.lang, Texts(own.env))
            notice.items_html = own.env["ir.qweb"]._render(
                "project_invoice_tracker.overdue_items",
                {"o": own, "blocks": own._get_blocks(rows[notice], known)},
            )

    @api.depends("partner_id", "state")
    def _compute_amount_text(self):
        rows = self._get_open_items()
        for notice in self:
            notice.amount_text = " + ".join(
                block["currency"].format(block["due"])
                for block in notice._get_blocks(rows[notice])
            )

    def _get_open_items(self):
        """Return ``{notice: rows}``: open instalments and credits as they are now.

        One query for all notices; customers of the notice's company only.
        """
        rows = {notice: [] for notice in self}
        self.env.flush_all()
        for company, notices in self.grouped("company_id").items():
            found = self.env.execute_query_dict(
                build_open_items(company.id, notices.partner_id.ids)
            )
            by_partner = {}
            for row in found:
                by_partner.setdefault(row["partner_id"], []).append(row)
            for notice in notices:
                rows[notice] = by_partner.get(notice.partner_id.id, [])
        return rows

    def _get_blocks(self, rows, texts=None):
        """Return a list of dicts, one for each document currency.

        ``currency``, ``rows``, ``due`` (by today, less credits) and ``later``; a row
        has ``name``, ``date``, ``date_due``, ``total``, ``amount``, ``days`` and
        ``kind`` (``invoice`` or ``credit``). Days and amounts of rows are texts in the
        language of the notice: a mail of many rows is checked node by node.

        :param texts: :class:`Texts` of the language, shared by notices
        """
        self.ensure_one()
        today = self.company_id._get_billing_today()
        texts = texts or Texts(self.env)
        blocks = {}
        for row in rows:
            currency = self.env["res.currency"].browse(row["currency_id"])
            block = blocks.setdefault(
                currency, {"currency": currency, "rows": [], "due": 0.0, "later": 0.0}
            )
            amount = float(row["amount"])
            is_due = row["kind"] == "credit" or row["date_due"] <= today
            block["due" if is_due else "later"] += amount
            days = (today - row["date_due"]).days if row["date_due"] else 0
            is_late = row["kind"] == "invoice" and days > 0
            block["rows"].append(
                {
                    "name": row["name"],
                    "kind": row["kind"],
                    "date": texts.write_date(row["date"]),
                    "date_due": texts.write_date(row["date_due"]),
                    "days": days if is_late else "",
                    "total": texts.write_amount(currency, float(row["total"])),
                    "amount": texts.write_amount(currency, amount),
                }
            )
        for currency, block in blocks.items():
            block["due"] = currency.round(block["due"])
            block["later"] = currency.round(block["later"])
        return list(blocks.values())
