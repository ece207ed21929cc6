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

from datetime import date

import data

MONTHS = 30  # before this one
BILLED_MONTHS = 20  # of each project
ENTRIES = 10  # of each project and month
PER_CUSTOMER = 5
MANAGERS = 10
PRICE = 100  # of an hour, net, and of the model documents
KINDS = ("sale", "purchase")  # of taxes
SCALED = (  # columns of a document and its lines that grow with it
    "amount_untaxed",
    "amount_tax",
    "amount_total",
    "amount_untaxed_signed",
    "amount_untaxed_in_currency_signed",
    "amount_tax_signed",
    "amount_total_signed",
    "amount_total_in_currency_signed",
    "debit",
    "credit",
    "balance",
    "amount_currency",
    "tax_base_amount",
    "price_unit",
    "price_subtotal",
    "price_total",
)


class Firm:
    """Rows of the host's own making, copied by statements."""

    def __init__(self, env, count):
        self.env = env
        self.cr = env.cr
        self.count = count
        self.projects = count // BILLED_MONTHS

    # -- models, made by the host ----------------------------------------------------

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

    def _set_outstanding_account(self):
        """Let payments make journal entries at once, as a reconciled bank would."""
        journal = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.env.company.id)], limit=1
        )
        methods = journal.inbound_payment_method_line_ids
        methods |= journal.outbound_payment_method_line_ids
        methods.payment_account_id = journal.default_account_id

    def _make_models(self):
        env = self.env
        managers = env["res.users"].create(
            [
                {
                    "name": f"Manager {number}",
                    "login": f"manager{number}",
                    "group_ids": [(4, env.ref("project.group_project_user").id)],
                }
                for number in range(MANAGERS)
            ]
        )
        partner = env["res.partner"].create({"name": "Customer", "is_company": True})
        project = env["project.project"].create(
            {
                "name": "Project",
                "partner_id": partner.id,
                "company_id": env.company.id,
                "user_id": env.uid,
                "allow_timesheets": True,
                "allow_milestones": True,
            }
        )
        task = env["project.task"].create({"name": "Work", "project_id": project.id})
        time, parts, progress = self._make_rules(project)
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
            "managers": managers,
            "partner": partner,
            "project": project,
            "task": task,
            "time": time,
            "items": parts.item_ids | progress.item_ids,
            "rules": time | parts | progress,
            "invoice": self._make_document("out_invoice", project, whole),
            "split": self._make_document("out_invoice", project, half),
            "bill": self._make_document("in_invoice", project, whole),
        }

    def _make_rules(self, project):
        common = {"project_id": project.id, "bill_from": date(2000, 1, 1)}
        rules = self.env["project.billing.rule"].create(
            [
                {**common, "billing_type": "timesheet", "price": PRICE},
                {**common, "billing_type": "milestone", "sequence": 20},
                {**common, "billing_type": "progress", "sequence": 30},
            ]
        )
        item = {"trigger": "date", "date_planned": date.today(), "amount": 3000}
        names = (("Design", 1), ("Build", 1), ("Launch", 1), ("Site", 2))
        self.env["project.billing.item"].create(
            [
                {**item, "name": name, "rule_id": rules[place].id, "sequence": number}
                for number, (name, place) in enumerate(names, 1)
            ]
        )
        rules[2].item_ids.progress_percentage = 40
        return rules

    def _make_document(self, move_type, project, term):
        """Return a posted document of 100 net, and its payment where it is paid."""
        line = {"name": "Work", "price_unit": PRICE, "quantity": 1}
        line["analytic_distribution"] = {str(project.account_id.id): 100}
        sale, purchase = (self.env.company[f"account_{kind}_tax_id"] for kind in KINDS)
        line["tax_ids"] = (sale if move_type == "out_invoice" else purchase).ids
        move = self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": project.partner_id.id,
                "invoice_date": date.today(),
                "date": date.today(),
                "invoice_payment_term_id": term.id,
                "invoice_line_ids": [(0, 0, line)],
            }
        )
        move.action_post()
        return move

    def _pay(self, move):
        payments = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        payment = payments.create({"payment_date": date.today()})._create_payments()
        if not payment.move_id:
            raise RuntimeError("payments make no journal entries")
        return payment.move_id

    # -- copying ---------------------------------------------------------------------

    def _get_columns(self, table):
        self.cr.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND is_generated = 'NEVER'",
            [table],
        )
        return [name for (name,) in self.cr.fetchall()]

    def _copy(self, table, source, values):
        """Insert a copy of ``s``, the row of a model, for each row ``b`` of a table.

        :param source: what is read, without the table: ``bench_doc b``; it names the
            model in ``b.model_id``
        :param values: SQL of columns that differ
        """
        rest = [name for name in self._get_columns(table) if name not in values]
        self.cr.execute(
            f"INSERT INTO {table} ({', '.join([*values, *rest])}) SELECT "
            + ", ".join([*values.values(), *(f"s.{name}" for name in rest)])
            + f" FROM {source} JOIN {table} s ON s.id = b.model_id ORDER BY b.nr"
        )

    def _scale(self, table, factor):
        columns = set(self._get_columns(table))
        return {name: f"s.{name} * {factor}" for name in SCALED if name in columns}

    def _plan(self, name, query, **params):
        """Make a table that lives as long as the transaction."""
        self.cr.execute(
            f"CREATE TEMP TABLE bench_{name} ON COMMIT DROP AS {query}", params
        )
        self.cr.execute(f"ANALYZE bench_{name}")

    # -- customers and projects ------------------------------------------------------

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

    # -- entries ---------------------------------------------------------------------

    def _plan_entries(self):
        """Draw the entries, in the order of their days, and how each was billed."""
        self._plan(
            "entry",
            """
            SELECT row_number() OVER (ORDER BY e.day, e.draw) AS nr, e.*,
                   nextval('account_analytic_line_id_seq')::int AS id,
                   CASE WHEN e.month = %(last)s OR e.draw %% 100 < 3 THEN 'free'
                        WHEN e.draw %% 100 = 3 THEN 'held'
                        WHEN e.draw %% 100 = 4 THEN 'gift' ELSE 'billed' END AS state
              FROM (
                SELECT e.*, 1 + e.draw / 100 %% 8 AS hours, e.start
                       + e.draw %% CASE WHEN e.month < %(last)s THEN 28
                         ELSE extract(day FROM current_date)::int END AS day
                  FROM (
                    SELECT p.nr AS project, i, p.since + i / %(each)s AS month,
                           (date_trunc('month', current_date) - (%(last)s - p.since
                            - i / %(each)s) * interval '1 month')::date AS start,
                           hashint4(p.nr * 1000 + i) & 16777215 AS draw
                      FROM bench_project p, generate_series(0, %(most)s) i) e) e
            """,
            last=MONTHS,
            each=ENTRIES,
            most=ENTRIES * BILLED_MONTHS - 1,
        )

    def _load_entries(self):
        env = self.env
        rows = {
            "id": "e.id",
            "name": "'Work ' || e.nr",
            "date": "e.day",
            "create_date": "e.day + interval '18 hours'",
            "write_date": "e.day + interval '18 hours'",
            "unit_amount": "e.hours",
            "amount": f"-e.hours * {data.COST}",
            "project_id": "p.id",
            "task_id": "p.task_id",
            "account_id": "p.account_id",
            "partner_id": "p.partner_id",
            "employee_id": "(%(people)s::int[])[1 + e.draw %% %(count)s]",
            "user_id": "%(uid)s",
            "company_id": "%(company)s",
            "currency_id": "%(currency)s",
            "product_uom_id": "%(hour)s",
            "billing_rule_id": "r.id",
            "billing_price": str(PRICE),
            "billing_price_source": "'rule'",
            "billing_price_currency_id": "%(currency)s",
            "billing_nonbillable": "e.state = 'gift'",
            "billable_quantity": "CASE WHEN e.state = 'gift' THEN 0 ELSE e.hours END",
            "billed_quantity": "CASE WHEN e.state = 'billed' THEN e.hours ELSE 0 END",
            "billing_held_quantity": "CASE WHEN e.state = 'held' THEN e.hours"
            " ELSE 0 END",
            "billed_amount": f"CASE WHEN e.state = 'billed' THEN e.hours * {PRICE}"
            " ELSE 0 END",
            "billing_written_off_quantity": "0",
        }
        source = """
              FROM bench_entry e
              JOIN bench_project p ON p.nr = e.project
              JOIN bench_rule r ON r.nr = p.nr AND r.billing_type = 'timesheet'
        """
        params = {
            "people": env["hr.employee"].search([]).ids,
            "uid": env.uid,
            "company": env.company.id,
            "currency": env.company.currency_id.id,
            "hour": env.ref("uom.product_uom_hour").id,
        }
        params["count"] = len(params["people"])
        self._insert("account_analytic_line", rows, f"{source} ORDER BY e.nr", params)
        ledger = {
            "kind": "'bill'",
            "is_live": "TRUE",
            "company_id": "%(company)s",
            "currency_id": "%(currency)s",
            "rule_id": "r.id",
            "analytic_line_id": "e.id",
            "move_id": "d.id",
            "move_line_id": "l.id",
            "date": "e.day",
            "create_date": "d.day + interval '12 hours'",
            "quantity": "e.hours",
            "invoiced_quantity": "e.hours",
            "amount": f"e.hours * {PRICE}",
            "adjustment": "0",
            "price": str(PRICE),
        }
        source += """
              JOIN bench_doc d ON d.project = e.project AND d.month = e.month
               AND d.sort = 'time'
              JOIN bench_line l ON l.move_id = d.id AND l.display_type = 'product'
             WHERE e.state = 'billed'
             ORDER BY d.nr, e.nr
        """
        self._insert("project_billing_allocation", ledger, source, params)

    def _insert(self, table, values, source, params):
        self.cr.execute(
            f"INSERT INTO {table} ({', '.join(values)})"
            f" SELECT {', '.join(values.values())} {source}",
            params,
        )

    # -- documents -------------------------------------------------------------------

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

    def _finish(self):
        """Share the documents and learn the habits; PostgreSQL counts before."""
        self.env.cr.execute("ANALYZE")
        self.env.cr.commit()
        self.env.invalidate_all()
        self.env["project.billing.share"]._rebuild()
        self.env.cr.commit()
        self.env["project.billing.habit"]._cron_refresh()
        self.env.cr.commit()
