"""Time entries and the rows of the ledger that bill them."""

import data
from tracking_copy import Copier
from tracking_size import BILLED_MONTHS, ENTRIES, MONTHS, PRICE


class Entries(Copier):
    """Time of each month, nine and a half entries of ten billed."""

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
