{
    "name": "Project Invoice Tracker",
    "summary": "Bill projects by milestones and timesheets without sales orders",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "license": "LGPL-3",
    "author": "Project Invoice Tracker",
    "website": "",
    "depends": ["project_account", "hr_timesheet", "account_debit_note"],
    "data": [],
    "demo": [],
    "application": True,
}
