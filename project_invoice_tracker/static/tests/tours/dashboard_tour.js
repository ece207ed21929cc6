import {openApp} from "./utils";
import {registry} from "@web/core/registry";

// A project manager reads own figures, follows what is late to the instalment.
registry.category("web_tour.tours").add("project_billing_dashboard_manager_tour", {
    url: "/odoo",
    steps: () => [
        ...openApp(),
        {
            content: "The app opens on the dashboard, with own projects only",
            trigger: ".o_billing_figure[data-key=overdue]:contains(600.00)",
        },
        {
            content: "Other project managers are not to be chosen",
            trigger: ".o_billing_filters:not(:has([data-filter=user_id]))",
        },
        {
            content: "The project says why it needs a hand",
            trigger:
                ".o_billing_project:contains(Website) .o_billing_reason[data-code=overdue]",
            run: "click",
        },
        {
            content: "Only what is late, of this project",
            trigger:
                ".o_list_view:not(:has(.o_data_row:contains(Open))) .o_data_row:contains(Overdue):first",
        },
        {
            content: "A document opens as the tracker's own form",
            trigger: ".o_data_row:first .o_data_cell:first",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_arrow_button_current:contains(Overdue)",
        },
    ],
});

// An accountant filters by customer, follows the oldest debt to the invoice.
registry.category("web_tour.tours").add("project_billing_dashboard_accountant_tour", {
    url: "/odoo",
    steps: () => [
        ...openApp(),
        {
            trigger: ".o_billing_figure[data-key=overdue]:contains(677.00)",
        },
        {
            content: "Look at one customer",
            trigger: "[data-filter=partner_id] input",
            run: "edit Northwind",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains(Northwind):first a",
            run: "click",
        },
        {
            trigger: ".o_billing_figure[data-key=overdue]:contains(600.00)",
        },
        {
            content: "What is one to two months late",
            trigger: ".o_billing_bar[data-key='31_60']:contains(300.00)",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains(31-60) .o_data_cell:first",
            run: "click",
        },
        {
            content: "The invoice itself",
            trigger: ".o_form_view .o_arrow_button_current:contains(Posted)",
        },
        {
            content: "Back to the list and to the dashboard, still filtered",
            trigger: ".breadcrumb .o_back_button",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row",
        },
        {
            trigger: ".breadcrumb .o_back_button",
            run: "click",
        },
        {
            trigger: ".o_billing_figure[data-key=overdue]:contains(600.00)",
        },
        {
            trigger: ".o_billing_clear",
            run: "click",
        },
        {
            trigger: ".o_billing_figure[data-key=overdue]:contains(677.00)",
        },
    ],
});
