def post_init_hook(env):
    """Prepare existing data: product taxes, quantities of entries, shares of invoices.

    The products of this add-on get each company's default sale tax, as if they had
    been there when its chart of accounts was loaded. Entries written before the
    installation get their billable quantity (hours) by one SQL statement.
    """
    products = env.ref("project_invoice_tracker.product_project_hours") | env.ref(
        "project_invoice_tracker.product_project_milestone"
    )
    companies = env["res.company"].search([("account_sale_tax_id", "!=", False)])
    products.product_tmpl_id._force_default_sale_tax(companies)
    env["account.analytic.line"]._billing_init_quantities()
    env["project.billing.share"]._rebuild()
    env["project.billing.habit"]._cron_refresh()


def uninstall_hook(env):
    """Leave the annexes behind as plain attachments of their invoices."""
    env["ir.attachment"].sudo().search(
        [("res_model", "=", "account.move"), ("res_field", "=", "billing_annex_file")]
    ).res_field = False
