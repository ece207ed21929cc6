import {openApp, openMenu} from "./utils";
import {registry} from "@web/core/registry";

// Follows one late invoice of 750.00 through the screens that read the fact table.
registry.category("web_tour.tours").add("project_billing_tracking_tour", {
    url: "/odoo",
    steps: () => [
        ...openApp(),
        ...openMenu("menu_tracker", "menu_tracking"),
        {
            content: "A card in the column of its stage",
            trigger: ".o_kanban_group:contains(Overdue) .o_kanban_record:contains(Website):contains(750.00)",
        },
        ...openMenu("menu_ageing", "menu_tracking"),
        {
            content: "The row of its customer, tied with the ledger",
            trigger: ".o_field_widget[name=table] tr:contains(Northwind):contains(750.00)",
        },
        {trigger: ".o_form_view button[name=action_view_documents]", run: "click"},
        {trigger: ".o_list_view .o_group_header:contains(Northwind):contains(750.00)"},
        ...openMenu("menu_billing_forecast", "menu_forecast"),
        {trigger: ".o_pivot_header_cell_closed:contains(Coming in)"},
        {
            content: "Late money is expected from today on",
            trigger: ".o_pivot_cell_value:contains(750.00)",
        },
        ...openMenu("menu_projects"),
        {
            trigger: ".o_data_row:contains(Website) td[name=billing_overdue_amount]:contains(750.00)",
        },
        {trigger: ".o_data_row:contains(Website) td[name=name]", run: "click"},
        {
            trigger: ".o_form_view button[name=action_billing_statement]",
            run: "click",
        },
        {
            content: "What the customer will read, before anything is sent",
            trigger: ".o_form_view .o_field_widget[name=preview]:contains(750.00)",
        },
    ],
});
