from contextlib import contextmanager

from odoo import fields, models
from odoo.tools import SQL, float_compare, float_round

from ..exceptions import LedgerError

FROZEN_FIELDS = frozenset({"move_type", "currency_id", "company_id"})


class ProjectBillingLedgerMixin(models.AbstractModel):
    """What happens to billed work when its invoice or credit note changes.

    One choke point for states (``write`` with ``state``), one for edits of drafts
    (``_get_sync_stack``: quantity and price are recomputed without ``write``), one for
    deletion (``account.move.line.unlink``). What comes back is held with its reason.
    """

    _name = "project.billing.ledger.mixin"
    _description = "Ledger Events of Invoices"

    billing_allocation_ids = fields.One2many(
        "project.billing.allocation", "move_id", string="Billed work"
    )
    billing_credit_mode = fields.Selection(
        [
            ("work_back", "Take the work back: it can be billed again"),
            ("price_reduction", "Price reduction: no work is billed again"),
            ("write_off", "Write-off: the work is given up"),
            ("replaced", "Replaced by a new invoice"),
            ("unexplained", "Unexplained: counts as a price reduction"),
        ],
        string="Credited work",
        copy=False,
        help="What a credit note does to the work of its invoice when it is posted.",
    )

    billing_chosen_hours = fields.Json(
        copy=False,
        export_string_translation=False,
        help="Hours named in the reversal wizard, by credit note line and ledger row.",
    )

    # -- choke points ----------------------------------------------------------------

    def write(self, vals):
        frozen = FROZEN_FIELDS & vals.keys()
        if frozen:
            self._check_frozen(vals)
        if vals.keys() == {"is_manually_modified"} and self.env.context.get(
            "billing_creating"
        ):
            # the last word of create(): there is nothing left to synchronise
            quiet = self.with_context(skip_invoice_sync=True)
            return super(ProjectBillingLedgerMixin, quiet).write(vals)
        if "state" not in vals:
            return super().write(vals)
        before = {move.id: move.state for move in self}
        result = super().write(vals)
        self._follow_state(before, vals["state"])
        return result

    def _get_sync_stack(self, container):
        stack, update_containers = super()._get_sync_stack(container)
        # first in, last out: quantities and prices are final by then
        return [(5, self._sync_ledger(container)), *stack], update_containers

    @contextmanager
    def _sync_ledger(self, container):
        yield
        if not self.env.context.get("billing_creating"):
            container["records"].filtered(
                lambda m: m.state == "draft" and m.move_type == "out_invoice"
            )._fit_rows()

    def _reverse_moves(self, default_values_list=None, cancel=False):
        self._check_no_work_taken_back()
        return super()._reverse_moves(default_values_list, cancel)

    def _post(self, soft=True):
        self._check_rows()
        return super()._post(soft)

    # -- states ----------------------------------------------------------------------

    def _follow_state(self, before, state):
        """Make ledger rows count or not, as the state of their document says."""
        moves = self.filtered(lambda move: before[move.id] != state)
        invoices = moves.filtered(lambda move: move.move_type == "out_invoice")
        credits = moves.filtered(lambda move: move.move_type == "out_refund")
        if state == "cancel":
            invoices._get_rows()._check_not_credited()
            for move in invoices:
                reason = self.env._("%s was cancelled", move._get_ledger_name())
                move._get_rows()._set_live(False, hold=True, reason=reason)
        elif state == "draft":
            invoices.filtered(lambda m: before[m.id] == "cancel")._claim_again()
        if state == "posted":
            credits._post_credit()
        else:
            credits.filtered(lambda m: before[m.id] == "posted")._unpost_credit()

    def _claim_again(self):
        """A cancelled invoice comes back: its work is claimed again, or refused."""
        for move in self:
            rows = move._get_rows().filtered(lambda row: not row.is_live)
            rows._check_not_moved(move._get_ledger_name())
            rows._check_free(move._get_ledger_name())
            rows._set_live(True, hold=True)
            rows._restore_owner()

    def _unpost_credit(self):
        for move in self:
            rows = move._get_rows().filtered("is_live")
            rows._check_not_moved(move._get_ledger_name())
            rows.filtered(lambda row: row.kind == "credit")._check_reversible(
                move._get_ledger_name()
            )
            rows._set_live(False)
            rows._restore_owner()

    # -- drafts ----------------------------------------------------------------------

    def _fit_rows(self):
        """Follow edits of draft lines: release what a lower quantity frees.

        The newest entries go first; one may be split. A higher quantity takes back
        what was taken off the same line, as far as it is still free. The rest, and
        another price, become the line's adjustment.
        """
        rows = self._get_rows().filtered(lambda row: row.kind == "bill")
        by_line = rows.grouped("move_line_id")
        lowered = self.sudo().invoice_line_ids.filtered("billing_released")
        for line in rows.move_line_id | lowered:
            own = by_line.get(line, rows.browse())
            total = sum(own.mapped("invoiced_quantity"))
            sign = -1 if total < 0 else 1
            excess = total - line.quantity
            if not float_compare(excess, 0.0, precision_digits=4):
                pass
            elif total and sign * excess > 0:
                own._check_not_credited()
                own = own._release_newest(excess, line)
            elif line.billing_released:
                own = own._reclaim(-excess, line)
            own._set_adjustment(line)

    def _release_rows(self, rows):
        """Free the work of rows whose lines are deleted."""
        rows._check_not_credited()
        default = self.env._("Deleted from a draft invoice")
        reason = self.env.context.get("billing_hold_reason") or default
        rows._remove(hold=True, reason=reason)

    def _check_accepts_rows(self, rows):
        """Refuse lines moved to a document that cannot bill their work."""
        self.ensure_one()
        if (
            self.move_type != "out_invoice"
            or self.state != "draft"
            or self.currency_id != rows.currency_id
            or self.company_id != rows.company_id
        ):
            raise LedgerError(
                self.env._(
                    "Lines that bill work can be moved to a draft invoice of the same "
                    "company and currency only."
                )
            )

    # -- credit notes ----------------------------------------------------------------

    def _post_credit(self):
        """Write what posted credit notes take back from their invoices' work."""
        for move in self.filtered("reversed_entry_id"):
            bills = move.reversed_entry_id._get_rows().filtered("is_live")
            if not bills.filtered(lambda row: row.kind == "bill"):
                continue
            if not move.billing_credit_mode:
                move.billing_credit_mode = "unexplained"
            move._get_rows()._drop_unposted()
            rows = []
            for line in move.invoice_line_ids.filtered(
                lambda x: x.display_type == "product"
            ):
                rows += move._prepare_credit_rows(line)
            ledger = self.env["project.billing.allocation"].sudo()
            ledger._insert(rows, self.env._("Credited by %s", move.name))

    def _prepare_credit_rows(self, line):
        """Return the ledger rows of one credit note line (no side effect)."""
        bills = line.billing_origin_line_id.sudo().billing_allocation_ids.filtered(
            lambda row: row.kind == "bill" and row.is_live
        )
        if self.billing_credit_mode in ("price_reduction", "unexplained") or not bills:
            bills = bills or self.reversed_entry_id._get_rows().filtered(
                lambda row: row.kind == "bill" and row.is_live
            )
            return bills[:1]._prepare_reduction(line)
        chosen = self._get_chosen_hours(line)
        taken = bills._take_net(bills._get_credited_quantity(line), chosen)
        rows = []
        for bill, quantity, invoiced, amount in taken:
            credit = bill._prepare_credit(line, quantity, invoiced, amount)
            credit["is_held"] = self.billing_credit_mode == "work_back"
            rows.append(credit)
            if self.billing_credit_mode == "write_off":
                rows.append(bill._prepare_write_off(line, quantity, amount))
        if not rows:
            return bills[:1]._prepare_reduction(line)
        total = sum(row["amount"] for row in rows if row["kind"] == "credit")
        rows[0]["adjustment"] = self.currency_id.round(
            line._get_billing_amount() - total
        )
        return rows

    def _get_chosen_hours(self, line):
        """Return ``{bill row id: hours}`` named in the reversal wizard, or None."""
        chosen = (self.billing_chosen_hours or {}).get(str(line.id))
        return chosen and {int(key): value for key, value in chosen.items()}

    def _claim_from_origin(self, credit_notes):
        """A replacement takes over the work of the lines that it was copied from.

        :param credit_notes: made together with the replacements; what earlier credit
            notes took back is on earlier replacements, or held
        """
        ledger = self.env["project.billing.allocation"].sudo()
        rows, gone = [], {}
        for line in self.invoice_line_ids.filtered("billing_origin_line_id"):
            bills = line.billing_origin_line_id.sudo().billing_allocation_ids
            credits = ledger.search(
                [
                    ("origin_id", "in", bills.ids),
                    ("move_id", "in", credit_notes.ids),
                    ("kind", "=", "credit"),  # what was retained follows the terms
                    ("is_live", "=", True),
                    # all that took work back, and deductions, which have none
                    "|",
                    ("quantity", "!=", 0),
                    ("origin_id.quantity", "=", 0),
                ]
            )
            gone[line] = sum((bills | credits).mapped("invoiced_quantity"))
            rows += self._prepare_claims(line, line.quantity - gone[line], credits)
        new = ledger._insert(rows)
        for line, own in new.grouped("move_line_id").items():
            if float_compare(gone[line], 0.0, precision_digits=4):
                line.quantity -= gone[line]
            own._set_adjustment(line)

    def _prepare_claims(self, line, quantity, credits):
        """Return the rows of a replacement's line, which sum to what it will say.

        The line's quantity has fewer digits than the work that is left of an entry; a
        difference would be released as if somebody had lowered the line.
        """
        rows = [credit._prepare_claim(line) for credit in credits]
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        shown = float_round(quantity, precision_digits=digits)
        if rows and rows[-1]["invoiced_quantity"]:
            total = sum(row["invoiced_quantity"] for row in rows)
            if float_compare(total, shown, precision_digits=digits) == 0:
                rows[-1]["invoiced_quantity"] += shown - total
        return rows

    # -- checks ----------------------------------------------------------------------

    def _check_rows(self):
        """Refuse to post an invoice whose ledger rows do not fit its lines any more."""
        self.env["project.billing.allocation"].flush_model()
        self.env["account.move.line"].flush_model(["quantity"])
        wrong = self.env.execute_query(
            SQL(
                """
                SELECT l.id
                  FROM project_billing_allocation a
                  JOIN account_move_line l ON l.id = a.move_line_id
                 WHERE a.move_id = ANY(%s) AND a.kind = 'bill'
                   AND l.parent_state = 'draft'
                 GROUP BY l.id
                HAVING abs(SUM(a.invoiced_quantity)) > abs(l.quantity) + 0.0001
                    OR NOT bool_and(a.is_live)
                 LIMIT 1
                """,
                self.ids,
            )
        )
        if wrong:
            line = self.env["account.move.line"].browse(wrong[0][0])
            raise LedgerError(
                self.env._(
                    "%(invoice)s: the line %(line)s bills more work than its quantity "
                    "says. Save the invoice again or delete the line.",
                    invoice=line.move_id._get_ledger_name(),
                    line=line.name,
                )
            )

    def _check_no_work_taken_back(self):
        """Refuse to reverse credit notes that took work back.

        The reversal would bill the amount again while the work is free to be billed.
        """
        credits = self.filtered(lambda move: move.move_type == "out_refund")
        rows = credits._get_rows().filtered(lambda row: row.is_live and row.quantity)
        if rows:
            raise LedgerError(
                self.env._(
                    "%s took work back, which can be billed again. Reset the credit "
                    "note to draft and cancel it, or release the work and bill it.",
                    rows._get_document_names(),
                )
            )

    def _check_frozen(self, vals):
        for move in self:
            changed = [
                name
                for name in FROZEN_FIELDS & vals.keys()
                if move._fields[name].convert_to_write(move[name], move) != vals[name]
            ]
            if changed and move._get_rows():
                raise LedgerError(
                    self.env._(
                        "%s bills work: its type, currency and company cannot change. "
                        "Delete the draft, or reverse it.",
                        move._get_ledger_name(),
                    )
                )

    def _get_rows(self, domain=()):
        """Return all ledger rows of these documents (superuser).

        :param domain: only those that fit; invoices may have thousands of rows
        """
        rows = self.env["project.billing.allocation"].sudo()
        return rows.search([("move_id", "in", self.ids), *domain])

    def _get_ledger_name(self):
        self.ensure_one()
        if self.name and self.name != "/":
            return self.name
        return self.env._("Draft invoice %s", self.id)
