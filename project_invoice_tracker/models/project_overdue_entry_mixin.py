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
