"""What a process is asked about month-ends: their page, and *Post accrual*."""

from datetime import timedelta


def set_up_month(env):
    """Return the page of last month, over work that was not billed."""
    company = env.company
    accounts = env["account.account"].with_company(company)
    if not company.billing_accrual_account_id:
        company.billing_accrual_account_id = accounts.create(
            {"name": "Accrued", "code": "199998", "account_type": "asset_current"}
        )
    date = company._get_billing_today().replace(day=1) - timedelta(days=1)
    pages = env["project.billing.month.end"]
    return pages.create({"company_id": company.id, "date": date}).id


def post_accrual(env, page_id):
    """Press the button; return the entry and its reversal."""
    page = env["project.billing.month.end"].browse(page_id)
    page.action_post_accrual()
    return [page.accrual_move_id.id, page.reversal_move_id.id]


TASKS = {task.__name__: task for task in (set_up_month, post_accrual)}
