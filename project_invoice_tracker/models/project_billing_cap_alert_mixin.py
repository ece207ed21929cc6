from odoo import api, fields, models
from odoo.tools import SQL


class ProjectBillingCapAlertMixin(models.AbstractModel):
    """What caps of rules and amounts of orders have in common: guard and alerts."""

    _name = "project.billing.cap.alert.mixin"
    _inherit = ["mail.activity.mixin"]
    _description = "Alerts of Caps"

    cap_alert_level = fields.Integer(
        readonly=True,
        copy=False,
        export_string_translation=False,
        help="Technical: how many thresholds the project manager was told of.",
    )
    cap_alert_total = fields.Float(
        readonly=True,
        copy=False,
        digits=(16, 6),
        export_string_translation=False,
        help="Technical: the limit for which alerts were made.",
    )

    @api.model
    def _raise_version(self, ids):
        """Write the rows of ``ids``: a second transaction that does must start anew."""
        if ids:
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET cap_version = COALESCE(cap_version, 0) + 1"
                    " WHERE id = ANY(%s)",
                    SQL.identifier(self._table),
                    sorted(ids),
                )
            )

    # -- alerts ------------------------------------------------------------------------

    def _alert(self, limit, ready, projects):
        """Tell project managers once that a threshold of a limit is reached.

        Thresholds are the company's percentage and 100; a raised limit starts anew.

        :param limit: :class:`..tools.cap.Limit` of this record
        :param ready: value of unbilled work that is ready, in the limit's currency
        :param projects: whose managers are told
        """
        self.ensure_one()
        share = 100.0 * (limit.used + ready) / limit.total
        thresholds = sorted({self.company_id.billing_cap_alert_percentage, 100.0})
        reached = [one for one in thresholds if one and share >= one - 1e-6]
        told = self.cap_alert_level if limit.total <= self.cap_alert_total else 0
        if len(reached) > told:
            self._create_alerts(limit, ready, projects, reached[-1])
        values = {
            "cap_alert_level": max(len(reached), told),
            "cap_alert_total": limit.total,
        }
        if any(self[name] != value for name, value in values.items()):
            self.write(values)

    def _create_alerts(self, limit, ready, projects, threshold):
        currency = self.currency_id
        for user in projects.user_id.filtered("active"):
            own = self.with_context(lang=user.lang)
            if not own.with_user(user).has_access("read"):
                continue
            own.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=own.env._(
                    "%(name)s: %(threshold)d %% of %(total)s used",
                    name=own.display_name,
                    threshold=threshold,
                    total=currency.with_context(lang=user.lang).format(limit.total),
                ),
                note=own.env._(
                    "%(used)s are billed and %(ready)s are ready to be invoiced. Agree "
                    "on a change order, or stop the work.",
                    used=currency.with_context(lang=user.lang).format(limit.used),
                    ready=currency.with_context(lang=user.lang).format(ready),
                ),
            )


class ProjectBillingCapAlerts(models.AbstractModel):
    """Looks at all caps and orders of some rules, set-wise."""

    _name = "project.billing.cap.alerts"
    _description = "Alerts of Caps: Making"

    @api.model
    def _alert_company(self, company):
        """Make the alerts of all capped rules of a company; for the scheduled job."""
        rules = self.env["project.billing.rule"].sudo()
        domain = [
            ("company_id", "=", company.id),
            "|",
            "|",
            ("cap_amount", ">", 0),
            ("change_root_id.cap_amount", ">", 0),
            ("order_id.amount", ">", 0),
        ]
        self._alert_rules(rules.search(domain))

    @api.model
    def _alert_rules(self, rules):
        """Make the alerts of the caps and orders of these rules.

        Counts what is billed and what is ready to be billed.
        """
        rules = rules.sudo()
        sources = {
            limit.source for limits in rules._get_limits().values() for limit in limits
        }
        if not sources:
            return
        orders = self.env["project.billing.order"].sudo().browse()
        for source in sources:
            if source._name == orders._name:
                orders |= source
        # all rules that use these limits, not only those of the run
        everyone = (rules | orders.rule_ids)._get_family().filtered("active")
        members = {}
        for rule, limits in everyone._get_limits().items():
            for limit in limits:
                members.setdefault(limit.source, (limit, []))[1].append(rule)
        ready = everyone._get_ready_amounts()
        for source in sorted(sources, key=lambda one: (one._name, one.id)):
            limit, own = members[source]
            source._alert(
                limit,
                sum(ready.get(rule, 0.0) for rule in own),
                rules.concat(*own).project_id,
            )
