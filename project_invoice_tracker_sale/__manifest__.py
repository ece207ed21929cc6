{
    "name": "Project Invoice Tracker: Sales",
    "summary": "One owner for each hour: the sales order or the billing rule",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "license": "LGPL-3",
    "author": "Project Invoice Tracker",
    "depends": ["project_invoice_tracker", "sale_timesheet"],
    "data": ["views/project_project_views.xml"],
    "post_init_hook": "post_init_hook",
    "auto_install": True,
}
