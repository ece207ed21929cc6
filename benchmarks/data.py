"""The data that all contestants bill: one customer, project and task each.

Every project has one customer invoice of one line in the end. The last projects are
there to warm a process up before the clock runs.
"""

FIRST_DAY = "2025-06-01"
INVOICE_DATE = "2025-12-31"
PROJECTS = 1000
WARM = 5  # further projects
EMPLOYEES = 50
PRICE = 100.0
COST = 40.0
PRODUCT = "Benchmark hours"
BATCH = 200


def prepare(env):
    """Fill a database that has the host's modules only: the floor's template."""
    prepare_company(env)
    numbers = list(range(PROJECTS + WARM))
    for start in range(0, len(numbers), BATCH):
        _prepare_projects(env, numbers[start : start + BATCH])


def prepare_company(env):
    """Give the company its accounts, a bank account, a product and people."""
    company = env.company
    if not company.chart_template:
        company.currency_id = env.ref("base.USD")
        env["account.chart.template"].try_loading(
            "generic_coa", company, install_demo=False
        )
    # so that every invoice names a bank account, as a firm's invoices do
    env["res.partner.bank"].create(
        {
            "acc_number": "BE71096123456769",
            "partner_id": company.partner_id.id,
            "allow_out_payment": True,
        }
    )
    env["product.product"].create(
        {
            "name": PRODUCT,
            "type": "service",
            "uom_id": env.ref("uom.product_uom_hour").id,
            "list_price": PRICE,
        }
    )
    env["hr.employee"].create([{"name": f"Employee {i:02}"} for i in range(EMPLOYEES)])


def _prepare_projects(env, numbers):
    term = env.ref("account.account_payment_term_30days")
    partners = env["res.partner"].create(
        [
            {
                "name": f"Customer {number:04}",
                "is_company": True,
                "email": f"customer{number}@example.com",
                "property_payment_term_id": term.id,
            }
            for number in numbers
        ]
    )
    projects = env["project.project"].create(
        [
            {
                "name": f"Project {number:04}",
                "partner_id": partner.id,
                "company_id": env.company.id,
                "user_id": env.uid,
                "allow_timesheets": True,
            }
            for number, partner in zip(numbers, partners, strict=True)
        ]
    )
    env["project.task"].create(
        [
            {"name": f"Work on {project.name}", "project_id": project.id}
            for project in projects
        ]
    )


def get_projects(env, count):
    """Return the first ``count`` projects, in the order of their customers."""
    domain = [("name", "=like", "Project ____"), ("partner_id", "!=", False)]
    return env["project.project"].search(domain, order="name", limit=count)


def get_warm_projects(env):
    domain = [("name", "=like", "Project ____"), ("partner_id", "!=", False)]
    return env["project.project"].search(domain, order="name", offset=PROJECTS)


def load_entries(env, projects, count, **columns):
    """Insert ``count`` entries, spread evenly over the projects, in one statement.

    Eight entries of a quarter to two hours make a person's day.

    :param columns: SQL expressions of further columns; ``p`` is the project, ``t``
        the task, ``n.hours`` the hours
    """
    names = "".join(f", {name}" for name in columns)
    values = "".join(f", {value}" for value in columns.values())
    env.flush_all()
    env.cr.execute(
        f"""
        INSERT INTO account_analytic_line (
               name, date, unit_amount, amount, project_id, task_id, employee_id,
               user_id, partner_id, account_id, company_id, currency_id,
               product_uom_id, create_uid, create_date, write_uid, write_date{names})
        SELECT 'Work ' || n.i, %(day)s::date + n.i / 8 / %(people)s, n.hours,
               -n.hours * {COST}, p.id, t.id, e.id, %(uid)s, p.partner_id,
               p.account_id, p.company_id, co.currency_id, %(hour)s, %(uid)s, now(),
               %(uid)s, now(){values}
          FROM (SELECT i, 0.25 * (1 + i %% 8) AS hours
                  FROM generate_series(0, %(count)s - 1) i) n
          JOIN unnest(%(projects)s::int4[]) WITH ORDINALITY o (id, place)
            ON o.place = 1 + n.i %% %(number)s
          JOIN project_project p ON p.id = o.id
          JOIN project_task t ON t.project_id = p.id
          JOIN res_company co ON co.id = p.company_id
          JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place
                  FROM hr_employee WHERE name LIKE 'Employee __') e
            ON e.place = 1 + n.i / 8 %% %(people)s
         ORDER BY n.i
        """,
        {
            "day": FIRST_DAY,
            "people": EMPLOYEES,
            "uid": env.uid,
            "hour": env.ref("uom.product_uom_hour").id,
            "count": count,
            "projects": projects.ids,
            "number": len(projects),
        },
    )
    if env.cr.rowcount != count:
        raise RuntimeError(f"{env.cr.rowcount} entries instead of {count}")
    env.invalidate_all()
