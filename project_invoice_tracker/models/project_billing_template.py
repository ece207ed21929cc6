from odoo import api, models
from odoo.fields import Command

# items that people type; periods, deposits and costs are made by the rule
COPIED_KINDS = frozenset({"milestone", "pack", "progress"})
# what belongs to one customer or to one deal stays behind
CLEARED_FIELDS = ("partner_id", "customer_order", "order_id", "payer_ids")
SHIFTED_FIELDS = (
    "date_start",
    "date_end",
    "deposit_date",
    "index_date",
    "retention_date",
)


class ProjectBillingTemplateMixin(models.AbstractModel):
    """A project template copies its billing rules, items, rates and members.

    The host copies tasks and milestones; rules follow with the same links among the
    copies. Dates move with the project's start where both have one; billing starts in
    the current month. A plain duplicate of a project copies no deal.
    """

    _name = "project.billing.template.mixin"
    _description = "Billing of Project Templates"

    def copy(self, default=None):
        to_template = (default or {}).get("is_template")
        if not to_template and not self.env.context.get("copy_from_template"):
            return super().copy(default)
        tasks, milestones = {}, {}
        copying = self.with_context(
            billing_task_mapping=tasks, milestone_mapping=milestones
        )
        projects = super(ProjectBillingTemplateMixin, copying).copy(default)
        for old, new in zip(self, projects, strict=True):
            old._copy_billing_members(new)
            old._copy_billing_rules(new, tasks, milestones)
        return projects.with_env(self.env)

    def _copy_billing_members(self, project):
        members = self.billing_member_ids.sudo()
        self.env["project.billing.member"].sudo().create(
            members.copy_data({"project_id": project.id})
        )

    def _copy_billing_rules(self, project, tasks, milestones):
        """Copy the rules to another project.

        :param tasks: ``{old task id: new task id}``
        :param milestones: ``{old milestone id: new milestone id}``
        """
        rules = self.billing_rule_ids.sudo()
        shift = None
        if self.date_start and project.date_start:
            shift = project.date_start - self.date_start
        copies = rules.browse()
        for rule in rules:
            values = rule._prepare_template_copy(project, tasks, milestones, shift)
            copies |= rules.create(values)
        rules._relink(copies, milestones)


class ProjectBillingRuleTemplateMixin(models.AbstractModel):
    """How a rule is copied to another project."""

    _name = "project.billing.rule.template.mixin"
    _description = "Billing Rule: Copies for Templates"

    def copy_data(self, default=None):
        # periods, deposits and costs are made by the rule, not copied
        vals_list = super().copy_data(default)
        for rule, vals in zip(self, vals_list, strict=True):
            own = rule.item_ids.filtered(lambda item: item.kind in COPIED_KINDS)
            vals["item_ids"] = [Command.create(one) for one in own.copy_data()]
        return vals_list

    def _prepare_template_copy(self, project, tasks, milestones, shift):
        """Return the values of a copy of this rule on another project."""
        self.ensure_one()
        cleared = dict.fromkeys(CLEARED_FIELDS, False)
        values = self.copy_data({"project_id": project.id, **cleared})[0]
        values["bill_from"] = self._default_bill_from()
        if project.company_id:
            values["company_id"] = project.company_id.id
        values["task_ids"] = [
            Command.set([tasks[t] for t in self.task_ids.ids if t in tasks])
        ]
        items = self.item_ids.filtered(lambda item: item.kind in COPIED_KINDS)
        for item, command in zip(items, values["item_ids"], strict=True):
            own = command[2]
            own["milestone_id"] = milestones.get(item.milestone_id.id, False)
            if shift is not None and item.date_planned:
                own["date_planned"] = item.date_planned + shift
        for name in SHIFTED_FIELDS:
            if shift is not None and self[name]:
                values[name] = self[name] + shift
        if self.billing_type == "recurring" and not values.get("date_start"):
            # a fee of a template that has no day starts with the project
            values["date_start"] = project.date_start or values["bill_from"]
        return values

    def _relink(self, copies, milestones):
        """Let copies refer to copies where these rules refer to each other.

        :param copies: the copy of each rule of ``self``, in the same order
        :param milestones: ``{old milestone id: new milestone id}``
        """
        mappings = {
            self._name: dict(zip(self.ids, copies.ids, strict=True)),
            "project.milestone": milestones,
        }
        links = [
            (name, mappings[field.comodel_name])
            for name, field in self._fields.items()
            if field.type in ("many2one", "many2many")
            and field.comodel_name in mappings
            and field.store
            and not field.compute
            and name not in self._get_inverse_links()
        ]
        for old, new in zip(self, copies, strict=True):
            for name, copy_of in links:
                linked = [copy_of[i] for i in old[name].ids if i in copy_of]
                if linked:
                    is_one = self._fields[name].type == "many2one"
                    new[name] = linked[0] if is_one else [Command.set(linked)]

    @api.model
    def _get_inverse_links(self):
        """Return the names of relations that are the other side of another one."""
        return {"drawing_rule_ids"}
