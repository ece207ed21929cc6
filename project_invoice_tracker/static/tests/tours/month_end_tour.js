import {openApp, openMenu} from "./utils";
import {registry} from "@web/core/registry";

const POST = ".o_form_view button[name=action_post_accrual]";

// Works a month out, and is told which account is missing, in words.
registry.category("web_tour.tours").add("project_billing_month_end_refused_tour", {
    url: "/odoo",
    steps: () => [
        ...openApp(),
        ...openMenu("menu_month_end", "menu_tracking"),
        {trigger: ".o_nocontent_help:contains(Close your first month)"},
        {trigger: ".o_list_button_add", run: "click"},
        {trigger: ".o_form_view button[name=action_refresh]", run: "click"},
        {trigger: ".o_field_widget[name=wip]:contains(9,600.00)"},
        {trigger: POST, run: "click"},
        {trigger: ".modal-body:contains(has no account of accrued income)"},
        {trigger: ".modal-footer button", run: "click"},
        {trigger: "body:not(:has(.modal))"},
    ],
});

// The account is there: one draft, and pressed again still one.
registry.category("web_tour.tours").add("project_billing_month_end_tour", {
    url: "/odoo",
    steps: () => [
        ...openApp(),
        ...openMenu("menu_month_end", "menu_tracking"),
        {trigger: ".o_data_row .o_data_cell", run: "click"},
        {trigger: POST, run: "click"},
        {trigger: ".o_field_widget[name=accrued_amount]:contains(9,600.00)"},
        {trigger: POST, run: "click"},
        {trigger: ".nav-link:contains(Accrual)", run: "click"},
        {trigger: ".o_data_row:contains(Accrued income):contains(9,600.00)"},
    ],
});
