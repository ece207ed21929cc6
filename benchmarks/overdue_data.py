"""Overdue invoices, by SQL: what is reminded of, the same rows for each contestant.

N instalments of P customers, one project each: half of them are invoices due at once
after 30 days, the other half pairs of 30 % at once and 70 % after 30 days. All are 10
to 89 days late. Five further customers owe for much longer: they warm a process up
before the clock runs. The invoices were sent, their PDFs are stored.

The host makes an invoice of each kind, all others are copies of its rows.
"""

from datetime import timedelta

import data
from tracking_models import Models

WARM = 5  # further customers
WARM_INVOICES = 10
WARM_DAYS = 150  # which they owe for longer
WARM_RUN = timedelta(days=120)  # before today: nobody else is late then
PREFIX = "DEBT"
TERM = "b.display_type = 'payment_term'"
FACTORS = 50  # amounts of different sizes


class Debts(Models):
    """Rows of the host's own making, copied by statements."""

    def __init__(self, env, count, customers):
        super().__init__(env, count)
        self.customers = customers
        if count % 4:
            raise ValueError("the number of instalments must be a multiple of four")

    def fill(self):
        """Fill a database with the host's modules only; commits."""
        data.prepare_company(self.env)
        self.env.company.email = "office@example.com"
        models = self._make_models()
        self.env.flush_all()
        self._copy_customers(models)
        self._plan_invoices(models)
        self._copy_invoices(models)
        self.env.cr.commit()

    def _make_models(self):
        env = self.env
        partner = env["res.partner"].create(
            {"name": "Customer", "is_company": True, "email": "ap@example.com"}
        )
        project = env["project.project"].create(
            {
                "name": "Project",
                "partner_id": partner.id,
                "company_id": env.company.id,
                "user_id": env.uid,
                "allow_timesheets": True,
            }
        )
        half = env["account.payment.term"].create(
            {
                "name": "30 % at once, 70 % after 30 days",
                "line_ids": [
                    (0, 0, {"value": "percent", "value_amount": 30, "nb_days": 0}),
                    (0, 0, {"value": "percent", "value_amount": 70, "nb_days": 30}),
                ],
            }
        )
        whole = env.ref("account.account_payment_term_30days")
        return {
            "partner": partner,
            "project": project,
            "whole": self._make_document("out_invoice", project, whole),
            "split": self._make_document("out_invoice", project, half),
        }

    def _copy_customers(self, models):
        partner, project = models["partner"], models["project"]
        self._plan(
            "customer",
            """
            SELECT nr, nextval('res_partner_id_seq')::int AS id,
                   nextval('mail_alias_id_seq')::int AS alias_id,
                   nextval('account_analytic_account_id_seq')::int AS account_id,
                   nextval('project_project_id_seq')::int AS project_id
              FROM generate_series(0, %(last)s) nr
            """,
            last=self.customers + WARM - 1,
        )
        name, email = "'Customer ' || b.nr", "'ap' || b.nr || '@example.com'"
        label = "jsonb_build_object('en_US', 'Project ' || b.nr)"
        for table, model, values in (
            (
                "res_partner",
                partner,
                {
                    "id": "b.id",
                    "commercial_partner_id": "b.id",
                    "name": name,
                    "complete_name": name,
                    "email": email,
                    "email_normalized": email,
                },
            ),
            ("mail_alias", project.alias_id, {"id": "b.alias_id"}),
            (
                "account_analytic_account",
                project.account_id,
                {"id": "b.account_id", "name": label, "partner_id": "b.id"},
            ),
            (
                "project_project",
                project,
                {
                    "id": "b.project_id",
                    "name": label,
                    "alias_id": "b.alias_id",
                    "account_id": "b.account_id",
                    "partner_id": "b.id",
                    "access_token": "NULL",
                },
            ),
        ):
            source = f"(SELECT *, {model.id} AS model_id FROM bench_customer) b"
            self._copy(table, source, values)

    def _plan_invoices(self, models):
        """Draw the invoices: of three, one is paid in two instalments."""
        self._plan(
            "invoice",
            """
            SELECT i.*, nextval('account_move_id_seq')::int AS id, c.id AS partner_id,
                   c.account_id, 1 + draw / 100 %% %(factors)s AS factor,
                   current_date - 40 - draw %% 50 - is_warm::int * %(days)s AS day,
                   CASE WHEN i.nr %% 3 = 2 THEN %(split)s ELSE %(whole)s END AS model_id
              FROM (
                SELECT g AS nr, hashint4(g) & 16777215 AS draw, g >= %(count)s
                       AS is_warm, CASE WHEN g < %(count)s THEN g %% %(customers)s
                       ELSE %(customers)s + g %% %(warm)s END AS customer
                  FROM generate_series(0, %(count)s + %(warm_count)s - 1) g) i
              JOIN bench_customer c ON c.nr = i.customer
            """,
            count=self.count * 3 // 4,
            customers=self.customers,
            warm=WARM,
            warm_count=WARM * WARM_INVOICES,
            days=WARM_DAYS,
            factors=FACTORS,
            whole=models["whole"].id,
            split=models["split"].id,
        )
        self._plan(
            "line",
            """
            SELECT i.nr, s.id AS model_id, i.id AS move_id, i.partner_id, i.account_id,
                   i.day, i.factor, s.display_type, s.balance * i.factor AS balance,
                   i.day + (s.date_maturity - current_date) AS due
              FROM bench_invoice i JOIN account_move_line s ON s.move_id = i.model_id
             ORDER BY i.nr, s.id
            """,
        )

    def _copy_invoices(self, models):
        name = f"'{PREFIX}/' || b.nr"
        total = "s.amount_total * b.factor"
        self._copy(
            "account_move",
            "bench_invoice b",
            {
                **self._scale("account_move", "b.factor"),
                "id": "b.id",
                "name": name,
                "payment_reference": name,
                "sequence_prefix": f"'{PREFIX}/'",
                "sequence_number": "b.nr",
                "partner_id": "b.partner_id",
                "commercial_partner_id": "b.partner_id",
                "partner_shipping_id": "b.partner_id",
                "invoice_date": "b.day",
                "date": "b.day",
                "invoice_date_due": "b.day + (s.invoice_date_due - current_date)",
                "amount_residual": total,
                "amount_residual_signed": total,
                "is_move_sent": "TRUE",
                "access_token": "NULL",
            },
        )
        open_amount = f"CASE WHEN {TERM} THEN b.balance ELSE 0 END"
        self._copy(
            "account_move_line",
            "bench_line b",
            {
                **self._scale("account_move_line", "b.factor"),
                "id": "nextval('account_move_line_id_seq')",
                "move_id": "b.move_id",
                "move_name": name,
                "date": "b.day",
                "invoice_date": "b.day",
                "date_maturity": "b.due",
                "partner_id": "b.partner_id",
                "analytic_distribution": "CASE WHEN b.display_type = 'product'"
                " THEN jsonb_build_object(b.account_id::text, 100) END",
                "amount_residual": open_amount,
                "amount_residual_currency": open_amount,
            },
        )
        self._copy_pdf(models["whole"])
        # what stays of the models is paid: nobody is reminded of them
        settle(self.env.cr, models["partner"].ids)

    def _copy_pdf(self, model):
        """Give each invoice the PDF that it was sent with: one file for all."""
        content, _kind = self.env["ir.actions.report"]._render_qweb_pdf(
            "account.account_invoices", model.ids
        )
        values = {
            "name": "invoice.pdf",
            "raw": content,
            "mimetype": "application/pdf",
            "res_model": "account.move",
            "res_field": "invoice_pdf_report_file",
            "res_id": model.id,
        }
        attachment = self.env["ir.attachment"].create(values)
        self.env.flush_all()
        self._copy(
            "ir_attachment",
            f"(SELECT nr, id AS move_id, {attachment.id} AS model_id"
            "   FROM bench_invoice) b",
            {
                "id": "nextval('ir_attachment_id_seq')",
                "res_id": "b.move_id",
                "name": f"'{PREFIX}_' || b.nr || '.pdf'",
                "access_token": "NULL",
            },
        )


def settle(cr, partner_ids):
    """Let customers owe nothing: as if all had been paid and matched."""
    cr.execute(
        "UPDATE account_move_line SET reconciled = TRUE, amount_residual = 0,"
        " amount_residual_currency = 0"
        " WHERE partner_id = ANY(%s) AND display_type = 'payment_term'",
        [partner_ids],
    )
    cr.execute(
        "UPDATE account_move SET payment_state = 'paid', amount_residual = 0,"
        " amount_residual_signed = 0 WHERE partner_id = ANY(%s)",
        [partner_ids],
    )


def get_warm(env):
    """Return the customers of the warm-up: the last ones."""
    domain = [("name", "=like", "Customer %"), ("email", "=like", "ap%")]
    return env["res.partner"].search(domain, order="id desc", limit=WARM)
