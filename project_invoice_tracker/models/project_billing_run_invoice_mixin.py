from odoo import models

from ..exceptions import BillingError

HAND_OVER = 500  # invoices; a larger run by hand goes to the scheduled job


class ProjectBillingRunInvoiceMixin(models.AbstractModel):
    """The second half of a run: draft invoices of its lines, and undoing them."""

    _name = "project.billing.run.invoice.mixin"
    _description = "Billing Run: Invoicing"

    def action_invoice(self):
        """Make the invoices of the proposed (approved) lines.

        A run of more than some hundred invoices is handed over to the scheduled job,
        which works in batches and survives a restart.

        :return: action that opens the invoices, or the run where there are none
        :raise BillingError: nothing to invoice
        """
        self._check_officer()
        for run in self:
            lines = run._get_lines_to_invoice()
            if run.state != "proposed" or not lines:
                raise BillingError(run._explain_nothing())
            if len(lines) > HAND_OVER:
                run._hand_over()
                continue
            run._invoice()
            run.sudo().state = "done"
        return self.action_view_moves() if self.sudo().move_ids else self[:1]._open()

    def _hand_over(self):
        """Let the scheduled job work the run off, batch by batch."""
        self.sudo().state = "running"
        cron = self.env.ref("project_invoice_tracker.ir_cron_project_billing")
        cron.sudo()._trigger()

    def _explain_nothing(self):
        if self.state == "draft":
            return self.env._("Propose first: the run has no lines yet.")
        if self.state != "proposed":
            return self.env._("This run has made its invoices. Start a new run.")
        if self.approval_required:
            return self.env._(
                "No line is approved. Your company invoices approved lines only."
            )
        return self.env._("Nothing to invoice. The lines below say why.")

    def _get_lines_to_invoice(self):
        states = ("approved",) if self.approval_required else ("proposed", "approved")
        return self.line_ids.filtered(lambda line: line.state in states)

    def _invoice_next(self):
        """Make the invoices of the next lines: what one batch of the job does.

        :return: lines that were dealt with
        """
        return self._invoice(limit=HAND_OVER)

    def _invoice(self, limit=None):
        """Make the invoices of (some of) the run's lines.

        :param limit: at most so many lines in this call
        :return: lines that were dealt with
        """
        self.ensure_one()
        run = self.with_env(self.company_id._in_billing_context().env).sudo()
        lines = run._get_lines_to_invoice()
        if limit and len(lines) > limit:
            lines = lines._take_whole_invoices(limit)
        lines = lines.try_lock_for_update()
        batches = run._prepare_batches(lines)
        run._run_in_batches(batches, run._make, run._fail)
        left = lines.filtered(lambda line: line.state in ("proposed", "approved"))
        left._skip("nothing_left")
        moves = lines._get_moves()
        run._finish(moves)
        run._alert_caps_of(lines.rule_id)
        return lines

    def _prepare_batches(self, lines):
        """Return the invoices to be made: lists of LineSpec, in a fixed order."""
        prepared = {}

        def prepare(batch):
            own = lines.browse().concat(*batch)
            prepared.update(own._get_room()._prepare_lines(own))

        for own in lines.grouped(lambda x: x._get_room()._name).values():
            self._run_in_batches(list(own), prepare, self._fail_line)
        terms = self.env["project.billing.terms"]
        settlement = terms._settle(self, prepared)
        for line in lines.browse([k for k, specs in prepared.items() if specs]):
            block = line.rule_id._get_block()
            if block:
                settlement.skip(line.id, block)
            elif line._is_repriced(prepared[line.id]):
                settlement.skip(line.id, "changed_meanwhile")
        for line_id, values in settlement.changes.items():
            lines.browse(line_id).write(values)
        for line_id, (code, detail) in settlement.skips.items():
            lines.browse(line_id)._skip(code, detail)
        self.env["project.billing.prepaid"]._draw(self, prepared)
        batches = self.env["project.billing.invoicing"]._group_specs(self, prepared)
        return terms._complete(self, batches)

    def _fail_line(self, line, error):
        """List a line that could not be prepared, with its reason."""
        if isinstance(error, BillingError):
            line._skip("no_exchange_rate", str(error))
        else:
            line.write({"state": "failed", "reason": self._explain_error(error)})

    def _make(self, batches):
        """Make one batch of draft invoices and note them on the lines."""
        moves = self.env["project.billing.invoicing"]._create_invoices(self, batches)
        move_of = {
            line_id: move
            for move, specs in zip(moves, batches, strict=True)
            for spec in specs
            for line_id in spec.get_run_line_ids()
        }
        lines = self.env["project.billing.run.line"].browse(move_of)
        lines.write({"state": "invoiced", "reason_code": False})
        for line in lines:
            line.move_id = move_of[line.id]
        moves.flush_recordset()

    def _fail(self, specs, error):
        """List an invoice that could not be made, with its reason."""
        lines = self.env["project.billing.run.line"].browse(
            {line_id for spec in specs for line_id in spec.get_run_line_ids()}
        )
        lines.write({"state": "failed", "reason": self._explain_error(error)})

    def _finish(self, moves):
        """Post and send what the rules ask for; a failure leaves a draft behind."""
        results = moves._get_billing_results()
        posted = moves.filtered(lambda m: m.state == "draft" and results[m] != "draft")
        self._run_in_batches(list(posted), self._post_moves, self._fail_post)
        to_send = posted.filtered(
            lambda m: m.state == "posted" and results[m] == "send"
        )
        to_send._billing_send()
        rules = self.line_ids.filtered(lambda x: x.state == "invoiced").rule_id
        rules.filtered(
            lambda rule: (
                not rule.last_cutoff_date or rule.last_cutoff_date < self.cutoff_date
            )
        ).last_cutoff_date = self.cutoff_date

    def _post_moves(self, moves):
        together = self.env["account.move"].concat(*moves)
        self.env["project.billing.invoicing"]._post_invoices(self, together)

    def _fail_post(self, move, error):
        lines = self.line_ids.filtered(lambda line: move in line._get_moves())
        lines.reason = self.env._(
            "Left as a draft, posting failed: %s", self._explain_error(error)
        )

    # -- undo ------------------------------------------------------------------------

    def action_undo(self):
        """Delete the run's draft invoices; their work is held until released.

        :raise BillingError: one of the invoices is posted
        """
        self._check_officer()
        for run in self:
            moves = run.sudo().move_ids
            posted = moves.filtered(lambda m: m.state == "posted")
            if posted:
                raise BillingError(
                    self.env._(
                        "%s are posted. Credit them; only drafts can be undone.",
                        ", ".join(posted.mapped("name")),
                    )
                )
            run.sudo().line_ids.filtered("move_id").write(
                {"state": "held", "reason_code": "held", "move_id": False}
            )
            moves.with_context(
                billing_hold_reason=self.env._("%s was undone", run.name)
            ).filtered(lambda m: m.state == "draft").unlink()
            run.sudo().line_ids._take_back_draws(self.env._("%s was undone", run.name))
            run.sudo().state = "undone"
        return True
