from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL, format_date, formatLang, groupby

from ..exceptions import BillingError, LockedError
from ..report.annex import (
    COLUMNS,
    add_up,
    get_shown_columns,
    group_by_line,
    read_annex,
    write_annex,
)
from ..report.annex_rows import SourceRow, build_annex_query, build_rows
from .ir_attachment import ANNEX_FIELD

# points are replaced in the file; other separators are not used by any language
DECIMAL_POINTS = frozenset({".", ","})


class ProjectBillingAnnexMixin(models.AbstractModel):
    """The itemised annex: what an invoice bills, frozen as a file when it is posted.

    One query reads the rows of all documents that are posted together, one ``create``
    stores the files; nothing is laid out then. Pages, mail and e-invoice use the
    stored file and nothing else, so later changes of entries, texts or names change
    nothing. A document reset to draft keeps the old file, detached, as the host does
    with its PDF.
    """

    _name = "project.billing.annex.mixin"
    _description = "Annex of Invoices"

    billing_annex_file = fields.Binary(
        string="Annex file",
        attachment=True,
        readonly=True,
        copy=False,
        export_string_translation=False,
    )
    billing_annex_id = fields.Many2one(
        "ir.attachment",
        string="Annex",
        compute="_compute_billing_annex_id",
        help="The list of everything that the invoice bills, as it was posted.",
    )

    @api.depends(ANNEX_FIELD)
    def _compute_billing_annex_id(self):
        self._compute_linked_attachment_id("billing_annex_id", ANNEX_FIELD)

    # -- life of the file --------------------------------------------------------------

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted._freeze_annexes()
        return posted

    def write(self, vals):
        if ANNEX_FIELD in vals:
            raise LockedError(
                self.env._(
                    "The annex is written when the invoice is posted and never "
                    "changes. Reset the invoice to draft and post it again."
                )
            )
        return super().write(vals)

    def _freeze_annexes(self):
        """Store the annex of newly posted documents; one query, one ``create``."""
        files = self._build_annexes()
        if not files:
            return
        moves = self.browse(files)
        stale = moves.sudo().filtered("billing_annex_id")
        if stale:
            stale._detach_attachments()
        self.env["ir.attachment"].sudo().create(
            [
                {
                    "name": move._get_annex_name("csv"),
                    "raw": files[move.id],
                    "mimetype": "text/csv",
                    "res_model": self._name,
                    "res_id": move.id,
                    "res_field": ANNEX_FIELD,
                    "company_id": move.company_id.id,
                }
                for move in moves
            ]
        )
        moves.invalidate_recordset([ANNEX_FIELD, "billing_annex_id"])

    def _get_fields_to_detach(self):
        return [*super()._get_fields_to_detach(), ANNEX_FIELD]

    def _detach_attachments(self):
        if not self:  # the host asks for no move at all, at every write of a line
            return None
        self._detach_annex_pdf()
        result = super()._detach_attachments()
        self.invalidate_recordset([ANNEX_FIELD, "billing_annex_id"])
        return result

    def _detach_annex_pdf(self):
        """Rename the laid-out annex, so that the next version gets one of its own."""
        attachments = self.env["ir.attachment"].sudo()
        today = format_date(self.env, fields.Date.context_today(self))
        for move in self.sudo().filtered("billing_annex_id"):
            name = move._get_annex_name("pdf")
            attachments.search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", move.id),
                    ("name", "=", name),
                ]
            ).name = self.env._(
                "%(name)s (detached by %(user)s on %(date)s).pdf",
                name=name.removesuffix(".pdf"),
                user=self.env.user.name,
                date=today,
            )

    # -- content -----------------------------------------------------------------------

    def _build_annexes(self):
        """Return ``{document id: bytes}`` of those that bill work with an annex.

        Built from the ledger as it is now, in each customer's language.
        """
        documents = self._filter_billing_work()
        if not documents:
            return {}
        formats = {}
        files = {}
        rows = self.env.execute_query(build_annex_query(self.env, documents.ids))
        for move_id, own in groupby(map(SourceRow._make, rows), lambda r: r.move_id):
            move = documents.browse(move_id).with_prefetch(documents.ids)
            key = (move._get_annex_lang(), move.currency_id)
            if key not in formats:
                formats[key] = self._get_annex_format(*key)
            labels, decimal_point = formats[key]
            files[move_id] = write_annex(
                labels["columns"], build_rows(own, labels), decimal_point
            )
        return files

    def _filter_billing_work(self):
        """Return the documents that bill work; spares all others the flush."""
        if not self.ids:
            return self.browse()
        query = SQL(
            "SELECT DISTINCT move_id FROM project_billing_allocation"
            " WHERE move_id = ANY(%s)",
            self.ids,
        )
        # browsed as one set, so that they are read as one
        return self.browse([row[0] for row in self.env.execute_query(query)])

    def _get_annex_lang(self):
        """Return the language of the annex: the customer's, as on the invoice."""
        self.ensure_one()
        return self.partner_id.lang or self.env.lang or "en_US"

    def _get_annex_format(self, lang, currency):
        """Return ``(labels, decimal point)`` of a language (no side effect)."""
        env = self.with_context(lang=lang).env
        point = self.env["res.lang"]._get_data(code=lang).decimal_point
        columns = (
            env._("Line"),
            env._("Invoice line"),
            env._("Date"),
            env._("Person"),
            env._("Task"),
            env._("Description"),
            env._("Hours worked"),
            env._("Quantity"),
            env._("Unit"),
            env._("Unit price"),
            env._("Amount (%s)", currency.name),
        )
        labels = {
            "columns": columns,
            "adjustment": env._("Rounding and adjustments"),
            "reduction": env._("Price reduction"),
            "tax": env._("Tax included in the prices"),
        }
        return labels, point if point in DECIMAL_POINTS else "."

    # -- for people --------------------------------------------------------------------

    def _get_annex_name(self, extension):
        """Return the file name of the annex."""
        self.ensure_one()
        name = (self.name or "").replace("/", "_") or f"draft_{self.id}"
        return f"{name}_annex.{extension}"

    def _get_annex_pdf_name(self):
        """Return the name under which the report keeps its PDF; '' = not kept.

        The report is laid out once and then taken from the store (``attachment_use``).
        """
        self.ensure_one()
        return self._get_annex_name("pdf") if self.sudo().billing_annex_id else ""

    def _get_annex_content(self):
        """Return the annex as bytes: the frozen file, of a draft what it would be."""
        self.ensure_one()
        self.check_access("read")
        if frozen := self.sudo().billing_annex_id:
            return frozen.raw
        if self.state == "draft" and self._origin.id:
            return self._build_annexes().get(self.id)
        return None

    def _get_annex_pages(self):
        """Return what the pages of the annex show, ready to print, or None.

        :return: dict with ``labels`` (by column), ``show`` (columns worth showing),
            ``groups`` (dicts with ``heading``, ``rows``, ``hours``, ``quantity``,
            ``amount``) and ``hours``, ``amount``; all values are formatted text
        """
        content = self._get_annex_content()
        if not content:
            return None
        titles, rows = read_annex(content)
        labels = dict(zip(COLUMNS, titles, strict=True))
        return {
            "labels": labels,
            "show": get_shown_columns(rows),
            "groups": [
                {
                    "heading": heading,
                    "rows": [self._format_annex_row(row) for row in own],
                    **self._format_annex_sums(own),
                }
                for heading, own in group_by_line(rows)
            ],
            **self._format_annex_sums(rows),
        }

    def _format_annex_row(self, row):
        values, lang = row._asdict(), self._get_annex_lang()
        if row.date:
            day = fields.Date.to_date(row.date)
            values["date"] = format_date(self.env, day, lang_code=lang)
        for name in ("hours", "quantity", "price", "amount"):
            if values[name]:
                values[name] = self._format_annex_number(name, Decimal(values[name]))
        return values

    def _format_annex_sums(self, rows):
        units = {row.unit for row in rows if row.unit}
        sums = {
            name: self._format_annex_number(name, add_up(rows, name))
            for name in ("hours", "quantity", "amount")
        }
        if len(units) != 1:
            sums["quantity"] = ""
        if not any(row.hours for row in rows):
            sums["hours"] = ""
        return {**sums, "unit": units.pop() if len(units) == 1 else ""}

    def _format_annex_number(self, name, value):
        """Return a number as the customer writes it; the title names the currency."""
        env = self.with_context(lang=self._get_annex_lang()).env
        places = 2
        if name == "amount":
            places = self.currency_id.decimal_places
        elif name == "price":
            places = max(2, -value.normalize().as_tuple().exponent)
        return formatLang(env, float(value), digits=places)

    def action_open_billing_annex(self):
        """Open the annex as PDF: of a draft a preview, later always the same file.

        :raise BillingError: when the document has none
        """
        self.ensure_one()
        if not self._get_annex_content():
            raise BillingError(
                self.env._(
                    "%s has no annex: it bills no work of a rule with an itemised "
                    "annex, or it was posted before the add-on was installed.",
                    self._get_ledger_name(),
                )
            )
        report = self.env.ref("project_invoice_tracker.action_report_billing_annex")
        return report.report_action(self, config=False)
