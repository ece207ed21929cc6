"""Invoices, vendor bills and drafts, their lines, shares and payments."""

from tracking_copy import Copier
from tracking_size import BILLED_MONTHS, MONTHS


class Documents(Copier):
    """Documents, copied as they were posted, and what was paid of them."""

    def _plan_documents(self, models):
        """Draw the documents: of billed months, of running projects, of vendors."""
        self._plan(
            "doc",
            """
            SELECT d.*, row_number() OVER (ORDER BY d.day, d.draw) AS nr,
                   nextval('account_move_id_seq')::int AS id, p.partner_id,
                   p.account_id, CASE WHEN d.sort = 'bill' THEN %(bill)s
                        WHEN p.is_split THEN %(split)s ELSE %(invoice)s END AS model_id,
                   d.sort = 'time' AND p.is_running AND d.month = %(last)s - 1
                   AND d.project %% 50 = 2 AS is_draft
              FROM (
                SELECT d.*, LEAST(current_date, (
                            date_trunc('month', current_date)
                            - (%(last)s - d.month - 1) * interval '1 month')::date
                            + d.draw %% 10) AS day
                  FROM (
                    SELECT 'time' AS sort, project, month, sum(hours)::int AS factor,
                           hashint4(project * 100 + month) & 16777215 AS draw
                      FROM bench_entry WHERE state = 'billed' GROUP BY project, month
                     UNION ALL
                    SELECT 'typed', p.nr, p.since + x.draw %% %(months)s,
                           20 + x.draw %% 50, x.draw
                      FROM bench_project p,
                           LATERAL (SELECT hashint4(-p.nr) & 16777215 AS draw) x
                     WHERE p.is_running
                     UNION ALL
                    SELECT 'bill', x.draw %% %(projects)s, x.draw / 7 %% %(last)s,
                           5 + x.draw %% 20, x.draw
                      FROM generate_series(1, %(bills)s) i,
                           LATERAL (SELECT hashint4(i) & 16777215 AS draw) x) d) d
              JOIN bench_project p ON p.nr = d.project
            """,
            last=MONTHS,
            months=BILLED_MONTHS - 1,
            projects=self.projects,
            bills=self.count // 10,
            **{key: models[key].id for key in ("invoice", "split", "bill")},
        )
        self._plan(
            "line",
            """
            SELECT d.nr, nextval('account_move_line_id_seq')::int AS id,
                   d.id AS move_id, s.id AS model_id, s.display_type, d.day, d.factor,
                   d.partner_id, d.account_id, d.sort, d.is_draft, s.balance * d.factor
                   AS balance, d.day + (s.date_maturity - current_date) AS due,
                   hashint4(d.draw + s.id) & 16777215 AS draw
              FROM bench_doc d JOIN account_move_line s ON s.move_id = d.model_id
             ORDER BY d.nr, s.id
            """,
        )
        payments = {key: self._pay(models[key]) for key in ("invoice", "bill")}
        self.env.flush_all()
        self._plan(
            "pay",
            """
            SELECT l.nr, nextval('account_move_id_seq')::int AS id, l.id AS line_id,
                   nextval('account_move_line_id_seq')::int AS paid_id,
                   nextval('account_move_line_id_seq')::int AS cash_id, l.partner_id,
                   l.amount * sign(l.balance) AS amount, l.amount AS paid, l.day,
                   CASE WHEN l.sort = 'bill' THEN %(bill)s ELSE %(invoice)s END
                   AS model_id
              FROM (
                SELECT l.nr, l.id, l.partner_id, l.balance, l.sort,
                       CASE WHEN l.sort != 'bill' AND l.draw / 100 %% 100 < 3
                            THEN l.balance / 2 ELSE l.balance END AS amount,
                       CASE WHEN l.sort = 'bill' THEN l.due + l.draw %% 6
                            WHEN l.draw %% 100 < 8 THEN NULL
                            ELSE l.due - 10 + l.draw / 10000 %% 101 END AS day
                  FROM bench_line l
                 WHERE l.display_type = 'payment_term' AND NOT l.is_draft) l
             WHERE l.day <= current_date
             ORDER BY l.day
            """,
            **{key: move.id for key, move in payments.items()},
        )

    def _copy_documents(self):
        self._plan(
            "left",
            """
            SELECT l.id, l.move_id, l.balance - COALESCE(p.paid, 0) AS amount
              FROM bench_line l LEFT JOIN bench_pay p ON p.line_id = l.id
             WHERE l.display_type = 'payment_term'
            """,
        )
        self.cr.execute("CREATE UNIQUE INDEX ON bench_left (id)")
        name = "CASE WHEN NOT b.is_draft THEN 'BENCH/' || b.nr END"
        state = "CASE WHEN b.is_draft THEN 'draft' ELSE 'posted' END"
        self._copy(
            "account_move",
            "(SELECT d.*, x.amount AS open FROM bench_doc d JOIN (SELECT move_id,"
            " sum(amount) AS amount FROM bench_left GROUP BY 1) x ON x.move_id = d.id"
            ") b",
            {
                **self._scale("account_move", "b.factor"),
                "id": "b.id",
                "name": name,
                "state": state,
                "sequence_prefix": "'BENCH/'",
                "sequence_number": "b.nr",
                "partner_id": "b.partner_id",
                "commercial_partner_id": "b.partner_id",
                "partner_shipping_id": "b.partner_id",
                "invoice_date": "b.day",
                "date": "b.day",
                "invoice_date_due": "b.day + (s.invoice_date_due - current_date)",
                "amount_residual": "abs(b.open)",
                "amount_residual_signed": "b.open",
                "payment_state": "CASE WHEN b.open = 0 THEN 'paid' WHEN abs(b.open)"
                " < s.amount_total * b.factor THEN 'partial' ELSE 'not_paid' END",
                "payment_reference": name,
                "access_token": "NULL",
            },
        )
        is_term = "b.display_type = 'payment_term'"
        self._copy(
            "account_move_line",
            "(SELECT l.*, x.amount AS open FROM bench_line l"
            " LEFT JOIN bench_left x ON x.id = l.id) b",
            {
                **self._scale("account_move_line", "b.factor"),
                "id": "b.id",
                "move_id": "b.move_id",
                "move_name": name,
                "parent_state": state,
                "date": "b.day",
                "invoice_date": "b.day",
                "date_maturity": "b.due",
                "partner_id": "b.partner_id",
                # the host counts in hours: a product line is so many of them
                "quantity": "CASE WHEN b.display_type = 'product' THEN b.factor"
                " ELSE s.quantity END",
                "price_unit": "s.price_unit",
                "analytic_distribution": "CASE WHEN b.display_type = 'product'"
                " THEN jsonb_build_object(b.account_id::text, 100) END",
                "amount_residual": f"CASE WHEN {is_term} THEN b.open ELSE 0 END",
                "amount_residual_currency": f"CASE WHEN {is_term} THEN b.open"
                " ELSE 0 END",
                "reconciled": f"{is_term} AND b.open = 0",
                "full_reconcile_id": "NULL",
                "matching_number": "NULL",
            },
        )

    def _copy_payments(self):
        self._copy(
            "account_move",
            "bench_pay b",
            {
                "id": "b.id",
                "name": "'BENCHP/' || b.line_id",
                "sequence_prefix": "'BENCHP/'",
                "sequence_number": "b.line_id",
                "partner_id": "b.partner_id",
                "commercial_partner_id": "b.partner_id",
                "date": "b.day",
                "origin_payment_id": "NULL",
            },
        )
        self.cr.execute(
            """
            CREATE TEMP TABLE bench_side ON COMMIT DROP AS
            SELECT b.nr, s.id AS model_id, b.id AS move_id, b.partner_id, b.day,
                   b.line_id, sign(s.balance) * abs(b.paid) AS balance, s.reconciled,
                   CASE WHEN s.reconciled THEN b.paid_id ELSE b.cash_id END AS id
              FROM bench_pay b JOIN account_move_line s ON s.move_id = b.model_id
            """
        )
        self._copy(
            "account_move_line",
            "bench_side b",
            {
                "id": "b.id",
                "move_id": "b.move_id",
                "move_name": "'BENCHP/' || b.line_id",
                "date": "b.day",
                "date_maturity": "b.day",
                "partner_id": "b.partner_id",
                "debit": "GREATEST(0, b.balance)",
                "credit": "GREATEST(0, -b.balance)",
                "balance": "b.balance",
                "amount_currency": "b.balance",
                "amount_residual": "0",
                "amount_residual_currency": "0",
                "full_reconcile_id": "NULL",
                "matching_number": "NULL",
                "payment_id": "NULL",
            },
        )
        amount = "abs(b.paid)"
        self._copy(
            "account_partial_reconcile",
            "(SELECT b.nr, b.day, b.paid, b.line_id, b.paid_id, r.id AS model_id,"
            "        b.paid > 0 AS is_sale"
            "   FROM bench_pay b JOIN account_move_line s ON s.move_id = b.model_id"
            "   JOIN account_partial_reconcile r"
            "     ON s.id IN (r.debit_move_id, r.credit_move_id)) b",
            {
                "id": "nextval('account_partial_reconcile_id_seq')",
                "debit_move_id": "CASE WHEN b.is_sale THEN b.line_id ELSE b.paid_id"
                " END",
                "credit_move_id": "CASE WHEN b.is_sale THEN b.paid_id ELSE b.line_id"
                " END",
                "amount": amount,
                "debit_amount_currency": amount,
                "credit_amount_currency": amount,
                "max_date": "b.day",
                "full_reconcile_id": "NULL",
            },
        )
