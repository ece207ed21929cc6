from odoo import api, models


class ProjectOverdueEntryMixin(models.AbstractModel):
    """No time is logged on a project whose work was stopped for late payment."""

    _name = "project.overdue.entry.mixin"
    _description = "Entries of Stopped Projects"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        if not self.env.su:
            lines.project_id._check_overdue_hold()
        return lines

    def write(self, vals):
        if self.env.su or not vals.keys() & {"project_id", "unit_amount"}:
            return super().write(vals)
        before = {line: (line.project_id, line.unit_amount) for line in self}
        result = super().write(vals)
        # less time, or time moved away, is always welcome
        for line, (project, hours) in before.items():
            if line.project_id != project or line.unit_amount > hours:
                line.project_id._check_overdue_hold()
        return result

    @api.onchange("project_id")
    def _onchange_overdue_hold(self):
        """Warn who logs time where the customer is late; work is not stopped there."""
        project = self.project_id.sudo()
        if project.overdue_hold != "warn":
            return None
        return {
            "warning": {
                "type": "notification",
                "title": self.env._("Late payment"),
                "message": self.env._(
                    "%(project)s: %(reason)s. Ask the project's manager before you "
                    "log more time.",
                    project=project.name,
                    reason=project.overdue_hold_reason,
                ),
            }
        }
