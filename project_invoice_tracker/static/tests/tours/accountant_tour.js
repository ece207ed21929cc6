import {openApp, openMenu} from "./utils";
import {registry} from "@web/core/registry";

// Runs billing, makes and posts the invoice, credits named hours of it.
registry.category("web_tour.tours").add("project_billing_accountant_tour", {
    url: "/odoo",
    steps: () => [
        ...openApp(),
        ...openMenu("menu_billing_run", "menu_review"),
        {trigger: ".o_list_button_add", run: "click"},
        {
            trigger: ".o_form_view button[name=action_propose]:contains(Propose)",
            run: "click",
        },
        {trigger: ".o_form_view .o_data_row:contains(Proposed):contains(8.00)"},
        {trigger: ".o_form_view button[name=action_invoice]", run: "click"},
        {
            content: "Confirm the draft invoice",
            trigger: ".o_form_view button[name=action_post]:visible",
            run: "click",
        },
        {
            content: "The customer pays less: 3.5 hours come back",
            trigger: ".o_form_view button[name=action_reverse]:visible",
            run: "click",
        },
        {
            trigger: ".modal .o_data_row:contains(08:00)",
        },
        {
            trigger: ".modal button[name=action_billing_take_none]",
            run: "click",
        },
        {
            trigger: ".modal .o_data_row td[name=quantity]:contains(00:00)",
            run: "click",
        },
        {
            trigger: ".modal .o_selected_row .o_field_widget[name=quantity] input",
            run: "edit 3:30",
        },
        {trigger: ".modal button[name=refund_moves]", run: "click"},
        {
            trigger: ".o_form_view:contains(Customer Credit Note) button[name=action_post]:visible",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_arrow_button_current:contains(Posted)",
        },
    ],
});
