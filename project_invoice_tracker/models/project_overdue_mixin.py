from odoo import api, fields, models

from ..exceptions import BillingError


class ProjectOverdueMixin(models.AbstractModel):
    """What overdue invoices mean for a project."""

    _name = "project.overdue.mixin"
    _description = "Overdue Treatment of a Project"

    overdue_policy_id = fields.Many2one(
        "account.overdue.policy",
        string="Overdue policy",
        ondelete="restrict",
        index="btree_not_null",
        help="Of the project's invoices; empty: of the customer, else of the company.",
    )
    overdue_hold = fields.Selection(
        [("warn", "Warning"), ("block", "Work stopped")],
        string="Hold for late payment",
        readonly=True,
        copy=False,
        help="Set by a level of the overdue policy; ends by itself with the payment.",
    )
    overdue_hold_reason = fields.Char(readonly=True, copy=False)

    def _hold_overdue(self, level):
        """Warn of late payment on projects, or stop work; the stronger one stays.

        :param level: account.overdue.level with ``hold_project``
        """
        kind = level.hold_project
        for project in self.sudo():
            if project.overdue_hold == "block" or project.overdue_hold == kind:
                continue
            text = project.env._("%s: an invoice is overdue", level.name)
            project.write({"overdue_hold": kind, "overdue_hold_reason": text})
            project._message_log(body=text)

    @api.model
    def _release_overdue_holds(self):
        """Let work go on where nothing is open any more of what stopped it.

        :return: the projects that go on
        """
        held = self.sudo().search([("overdue_hold", "!=", False)])
        actions = self.env["account.overdue.action"].sudo()
        actions = actions.search(
            [
                ("project_ids", "in", held.ids),
                ("level_id.hold_project", "!=", False),
                ("state", "not in", ("ignored", "cancelled")),
            ]
        )
        still = actions.filtered(lambda action: not action.is_resolved).project_ids
        free = held - still
        free.write({"overdue_hold": False, "overdue_hold_reason": False})
        for project in free:
            project._message_log(body=project.env._("Paid: work goes on."))
        return free

    def action_release_overdue_hold(self):
        """Let work go on although the invoice is open; who did it is kept.

        :raise BillingError: the invoicing right is missing
        """
        officer = "project_invoice_tracker.group_billing_officer"
        if not self.env.su and not self.env.user.has_group(officer):
            raise BillingError(
                self.env._("Ask the accounting department to let work go on.")
            )
        for project in self.sudo().filtered("overdue_hold"):
            project.write({"overdue_hold": False, "overdue_hold_reason": False})
            project._message_log(
                body=self.env._("%s lets work go on.", self.env.user.name)
            )
        return True

    def _check_overdue_hold(self):
        """Raise :class:`BillingError` where work was stopped for late payment."""
        stopped = self.sudo().filtered(lambda p: p.overdue_hold == "block")
        if stopped:
            raise BillingError(
                self.env._(
                    "Work on %(projects)s is stopped: %(reason)s. Ask the project's "
                    "manager or the accounting department before you log time.",
                    projects=", ".join(stopped.mapped("name")),
                    reason=stopped[0].overdue_hold_reason,
                )
            )
