from collections import namedtuple

from odoo import api, models
from odoo.tools import SQL

from ..report.annex import get_initials

HourRow = namedtuple("HourRow", "date person task text hours is_invoiced")


class ProjectBillingPortalHours(models.AbstractModel):
    """Hours that rules show to their customer: month by month, then entry by entry.

    Invoiced hours are those of the customer's own posted invoices, in the quantity
    that was invoiced, and those drawn from prepaid hours; hours worked since are on a
    draft or on no invoice. Of draws and hours worked since a payer of a share sees
    nothing, only the rule's customer does.
    """

    _name = "project.billing.portal.hours"
    _description = "Customer's View of Hours"

    @api.model
    def _get_months(self, rules, partner):
        """Return ``[(first day, hours, hours not invoiced yet)]``, the newest first.

        :param rules: superuser; those that show no hours are left out
        """
        source = self._get_source(rules, partner)
        return self.env.execute_query(
            SQL(
                """
                SELECT date_trunc('month', h.date)::date, SUM(h.hours)::float,
                       COALESCE(SUM(h.hours) FILTER (WHERE NOT h.is_invoiced), 0)::float
                  FROM (%s) h GROUP BY 1 ORDER BY 1 DESC
                """,
                source,
            )
        )

    @api.model
    def _get_hours(self, rules, partner, month, limit=None, offset=0):
        """Return ``(number of rows, rows)`` of a month: :class:`HourRow`.

        :param month: first day of the month
        """
        month_source = SQL(
            "SELECT h.* FROM (%s) h WHERE date_trunc('month', h.date) = %s",
            self._get_source(rules, partner),
            month,
        )
        [[count]] = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM (%s) m", month_source)
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.date, r.person_display, emp.name,
                       COALESCE(o.name ->> %(lang)s, o.name ->> 'en_US', ''),
                       COALESCE(t.name, ''),
                       COALESCE(NULLIF(e.billing_text, ''), NULLIF(e.name, '/'), ''),
                       m.hours::float, m.is_invoiced
                  FROM (%(source)s) m
                  JOIN account_analytic_line e ON e.id = m.entry_id
                  JOIN project_billing_rule r ON r.id = m.rule_id
                  LEFT JOIN hr_employee emp ON emp.id = e.employee_id
                  LEFT JOIN project_role o ON o.id = e.billing_role_id
                  LEFT JOIN project_task t ON t.id = e.task_id
                 ORDER BY m.date DESC, e.id DESC LIMIT %(limit)s OFFSET %(offset)s
                """,
                lang=self.env.lang or "en_US",
                source=month_source,
                limit=limit,
                offset=offset,
            )
        )
        return count, [self._prepare_row(*row) for row in rows]

    @api.model
    def _prepare_row(self, date, display, name, role, task, text, hours, is_invoiced):
        shown = {"name": name, "role": role, "initials": get_initials(name)}
        return HourRow(date, shown.get(display) or "", task, text, hours, is_invoiced)

    @api.model
    def _get_source(self, rules, partner):
        """Return the query of the hours that a partner is shown."""
        self.env.flush_all()
        shown = rules.filtered(lambda rule: rule.portal_hours != "none")
        # a payer of a share sees what that share was billed for
        own = shown.filtered(
            lambda rule: rule.bill_partner_id.commercial_partner_id == partner
        )
        worked = own.filtered(lambda rule: rule.portal_hours == "worked")
        hour = self.env.ref("uom.product_uom_hour").sudo()
        return SQL(
            """
            -- on own posted invoices, in the quantity that was invoiced
            SELECT a.date, a.analytic_line_id AS entry_id, a.rule_id,
                   TRUE AS is_invoiced,
                   CASE WHEN u.id IS NULL THEN a.quantity
                        ELSE a.invoiced_quantity * u.factor / %(hour)s END AS hours
              FROM project_billing_allocation a
              JOIN account_move m ON m.id = a.move_id
              LEFT JOIN account_move_line l ON l.id = a.move_line_id
              LEFT JOIN uom_uom u ON u.id = l.product_uom_id
             WHERE a.rule_id = ANY(%(shown)s) AND a.is_live
               AND a.analytic_line_id IS NOT NULL AND a.kind IN ('bill', 'credit')
               AND m.state = 'posted' AND m.commercial_partner_id = %(partner)s
             UNION ALL
            -- drawn from prepaid hours: on no invoice line of their own
            SELECT a.date, a.analytic_line_id, a.rule_id, TRUE, a.quantity
              FROM project_billing_allocation a
             WHERE a.rule_id = ANY(%(own)s) AND a.is_live AND a.kind = 'draw'
               AND a.analytic_line_id IS NOT NULL
             UNION ALL
            -- on drafts: worked, and not invoiced yet
            SELECT a.date, a.analytic_line_id, a.rule_id, FALSE, a.quantity
              FROM project_billing_allocation a
              JOIN account_move m ON m.id = a.move_id
             WHERE a.rule_id = ANY(%(worked)s) AND a.is_live AND a.kind = 'bill'
               AND a.analytic_line_id IS NOT NULL AND m.state = 'draft'
             UNION ALL
            SELECT e.date, e.id, e.billing_rule_id, FALSE,
                   e.billable_quantity - e.billed_quantity
              FROM account_analytic_line e
              JOIN project_billing_rule r ON r.id = e.billing_rule_id
             WHERE e.billing_rule_id = ANY(%(worked)s) AND e.date >= r.bill_from
               AND e.billable_quantity - e.billed_quantity > 0.000001
            """,
            hour=hour.factor,
            shown=shown.ids,
            own=own.ids,
            worked=worked.ids,
            partner=partner.id,
        )
