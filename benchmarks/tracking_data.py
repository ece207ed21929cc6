"""A firm with N invoices, by SQL: what the screens of tracking are measured on.

N invoices and 10 N entries of N / 20 projects, five projects a customer, over 31
months up to today. Half of the projects still run. Each month of a project is billed
early in the next one, nine and a half entries of ten; what was left over stays
unbilled, some of it held. One customer of five pays 30 % at once and 70 % after 30
days. Customers pay ten days early to 90 days late, eight of a hundred never, three of a
hundred a half. Projects that run have one document without any entry; beside ten
invoices stands a vendor's bill.

The host makes one document of each kind, with a payment; all others are copies of their
rows, so many times as large. Numbers are drawn by PostgreSQL's own hash, always alike.
"""

import data
from tracking_documents import Documents
from tracking_entries import Entries
from tracking_models import Models
from tracking_size import BILLED_MONTHS, MANAGERS, MONTHS, PER_CUSTOMER


class Firm(Models, Entries, Documents):
    """All of the firm, from its customers to their payments."""

    def fill(self):
        """Fill a database in which nothing was invoiced yet; commits."""
        data.prepare_company(self.env)
        self._set_outstanding_account()
        models = self._make_models()
        self.env.flush_all()
        # keys of copied rows are right: checking each would take half of the time
        self.cr.execute("SELECT current_setting('is_superuser') = 'on'")
        if self.cr.fetchone()[0]:
            self.cr.execute("SET LOCAL session_replication_role = replica")
        self._copy_projects(models)
        self._plan_entries()
        self._plan_documents(models)
        self._copy_documents()
        self._copy_payments()
        self._load_entries()
        self.cr.execute("SET LOCAL session_replication_role = DEFAULT")
        self._finish()

    def _copy_projects(self, models):
        partner, project, task = (models[key] for key in ("partner", "project", "task"))
        self._plan(
            "customer",
            "SELECT nr, %(model)s AS model_id, nextval('res_partner_id_seq')::int AS id"
            "  FROM generate_series(0, %(last)s) nr",
            model=partner.id,
            last=(self.projects - 1) // PER_CUSTOMER,
        )
        name = "'Customer ' || b.nr"
        self._copy(
            "res_partner",
            "bench_customer b",
            {
                "id": "b.id",
                "commercial_partner_id": "b.id",
                "name": name,
                "complete_name": name,
            },
        )
        self._plan(
            "project",
            """
            SELECT g.nr, nextval('project_project_id_seq')::int AS id,
                   nextval('mail_alias_id_seq')::int AS alias_id,
                   nextval('account_analytic_account_id_seq')::int AS account_id,
                   nextval('project_task_id_seq')::int AS task_id, c.id AS partner_id,
                   c.nr %% 5 = 0 AS is_split, g.nr %% 2 = 0 AS is_running,
                   CASE WHEN g.nr %% 2 = 0 THEN %(latest)s
                        ELSE g.nr / 2 %% %(latest)s END AS since,
                   (%(managers)s::int[])[1 + g.nr %% %(count)s] AS user_id
              FROM generate_series(0, %(last)s) g (nr)
              JOIN bench_customer c ON c.nr = g.nr / %(each)s
            """,
            latest=MONTHS - BILLED_MONTHS + 1,
            managers=models["managers"].ids,
            count=MANAGERS,
            last=self.projects - 1,
            each=PER_CUSTOMER,
        )
        name = "jsonb_build_object('en_US', 'Project ' || b.nr)"
        for table, model, values in (
            ("mail_alias", project.alias_id, {"id": "b.alias_id"}),
            (
                "account_analytic_account",
                project.account_id,
                {"id": "b.account_id", "name": name, "partner_id": "b.partner_id"},
            ),
            (
                "project_project",
                project,
                {
                    "id": "b.id",
                    "name": name,
                    "alias_id": "b.alias_id",
                    "account_id": "b.account_id",
                    "partner_id": "b.partner_id",
                    "user_id": "b.user_id",
                    "access_token": "NULL",
                },
            ),
            ("project_task", task, {"id": "b.task_id", "project_id": "b.id"}),
        ):
            source = f"(SELECT *, {model.id} AS model_id FROM bench_project) b"
            self._copy(table, source, values)
        self._copy_rules(models)

    def _copy_rules(self, models):
        """Give each project a rule for time, one of three milestones, few progress."""
        self._plan(
            "rule",
            """
            SELECT p.nr, m.id AS model_id, p.id AS project_id, m.billing_type,
                   nextval('project_billing_rule_id_seq')::int AS id, p.nr AS place
              FROM bench_project p JOIN project_billing_rule m ON m.id = ANY(%(models)s)
             WHERE m.billing_type = 'timesheet'
                OR m.billing_type = 'milestone' AND p.nr %% 3 = 0
                OR m.billing_type = 'progress' AND p.nr %% 50 = 0
            """,
            models=models["rules"].ids,
        )
        self._copy(
            "project_billing_rule",
            "bench_rule b",
            {
                "id": "b.id",
                "project_id": "b.project_id",
                # one of twenty has a cap, which the forecast asks for
                "cap_amount": "CASE WHEN s.billing_type = 'timesheet'"
                " AND b.nr % 20 = 3 THEN 150000 ELSE s.cap_amount END",
            },
        )
        self._plan(
            "item",
            """
            SELECT r.nr, i.id AS model_id, r.id AS rule_id, r.project_id,
                   current_date - 200 + 130 * i.sequence + r.nr %% 30 AS day,
                   nextval('project_billing_item_id_seq')::int AS id
              FROM bench_rule r JOIN project_billing_item i ON i.rule_id = r.model_id
            """,
        )
        values = {"rule_id": "b.rule_id", "project_id": "b.project_id"}
        self._copy(
            "project_billing_item",
            "bench_item b",
            {"id": "b.id", **values, "date_planned": "b.day", "access_token": "NULL"},
        )

    def _finish(self):
        """Share the documents and learn the habits; PostgreSQL counts before."""
        self.env.cr.execute("ANALYZE")
        self.env.cr.commit()
        self.env.invalidate_all()
        self.env["project.billing.share"]._rebuild()
        self.env.cr.commit()
        self.env["project.billing.habit"]._cron_refresh()
        self.env.cr.commit()
