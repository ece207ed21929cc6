from odoo import api, fields, models
from odoo.fields import Domain


class ProjectBillingMonthEndNeedsMixin(models.AbstractModel):
    """What a month still needs: its checks, how many records each finds, which."""

    _name = "project.billing.month.end.needs.mixin"
    _description = "What a Month Still Needs"

    missing_count = fields.Integer(compute="_compute_counts", string="Missing time")
    review_count = fields.Integer(compute="_compute_counts", string="To review")
    draft_count = fields.Integer(compute="_compute_counts", string="Drafts")
    late_count = fields.Integer(compute="_compute_counts", string="Late entries")
    overdue_count = fields.Integer(compute="_compute_counts", string="Overdue")

    @api.depends("date", "company_id", "time_ids")
    def _compute_counts(self):
        for page in self:
            if not page.date:
                page.missing_count = page.review_count = 0
                page.draft_count = page.late_count = page.overdue_count = 0
                continue
            page.missing_count = len(page.time_ids)
            for name, (model, domain) in page._get_checks().items():
                if name != "difference":  # reads all books: counted by a refresh
                    page[f"{name}_count"] = self.env[model].search_count(domain)

    def _get_checks(self):
        """Return ``{check: (model, domain)}`` of what the month still needs.

        Another add-on adds checks with a ``<name>_count`` field of its own.
        """
        self.ensure_one()
        return {
            "review": ("project.billing.run.line", self._get_review_domain()),
            "draft": ("account.move", self._get_draft_domain()),
            "late": ("account.analytic.line", self._get_late_domain()),
            "overdue": ("account.move", self._get_overdue_domain()),
            "difference": (
                "project.billing.check",
                Domain("company_id", "=", self.company_id.id),
            ),
        }

    def _get_review_domain(self):
        """Lines of runs up to the month's end that nobody has decided upon."""
        return (
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "proposed")
            & Domain("run_id.state", "=", "proposed")
            & Domain("run_id.cutoff_date", "<=", self.date)
        )

    def _get_draft_domain(self):
        """Drafts that bill work: they lower WIP when they are posted, not before."""
        return (
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "draft")
            & Domain("move_type", "in", ("out_invoice", "out_refund"))
            & (
                Domain("billing_run_id", "!=", False)
                | Domain("billing_allocation_ids", "!=", False)
                | Domain("reversed_entry_id.billing_allocation_ids", "!=", False)
            )
            & (Domain("date", "<=", self.date) | Domain("date", "=", False))
        )

    def _get_late_domain(self):
        """Time of the month that was typed after its last day."""
        end = self.env["project.billing.wip"]._get_end_of_day(
            self.company_id, self.date
        )
        return (
            Domain("billing_rule_id.company_id", "=", self.company_id.id)
            & Domain("date", ">=", self.date_from)
            & Domain("date", "<=", self.date)
            & Domain("create_date", ">=", end)
        )

    def _get_overdue_domain(self):
        """Invoices of projects, due by the month's end and open: bad debts to be."""
        return (
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "posted")
            & Domain("move_type", "=", "out_invoice")
            & Domain("payment_state", "in", ("not_paid", "partial"))
            & Domain("invoice_date_due", "<=", self.date)
            & Domain("billing_allocation_ids", "!=", False)
        )

    def _open(self, model, name, domain, **kwargs):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "list,form",
            "domain": list(domain),
            "context": {"create": False},
            **kwargs,
        }

    def action_open_check(self):
        """Button: open the records of the check named in the context."""
        self.ensure_one()
        name = self.env.context["check"]
        model, domain = self._get_checks()[name]
        labels = {
            "review": self.env._("Lines to review, %s", self.name),
            "draft": self.env._("Draft invoices, %s", self.name),
            "late": self.env._("Typed after the end of %s", self.name),
            "overdue": self.env._("Due by the end of %s and open", self.name),
            "difference": self.env._("Ledger check, %s", self.name),
        }
        context = {"create": False}
        if name == "difference":
            context |= self._get_check_context()
        return self._open(model, labels.get(name, name), domain, context=context)
