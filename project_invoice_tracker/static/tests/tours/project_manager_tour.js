import {choose, openApp, openMenu} from "./utils";
import {registry} from "@web/core/registry";

// Logs time, looks at what would be invoiced, edits what the customer reads, approves.
registry.category("web_tour.tours").add("project_billing_manager_tour", {
    url: "/odoo/action-hr_timesheet.act_hr_timesheet_line",
    steps: () => [
        {trigger: ".o_list_button_add", run: "click"},
        ...choose("project_id", "Website", ".o_selected_row"),
        {
            trigger: ".o_selected_row .o_field_widget[name=name] input",
            run: "edit wirefr. 2nd try",
        },
        {
            trigger: ".o_selected_row .o_field_widget[name=unit_amount] input",
            run: "edit 2:30",
        },
        {trigger: ".o_list_button_save:visible", run: "click"},
        {trigger: ".o_list_view:not(:has(.o_selected_row))"},
        ...openApp(),
        ...openMenu("menu_projects"),
        {
            content: "Propose what can be invoiced",
            trigger: ".o_data_row:contains(Website) button[name=action_bill]",
            run: "click",
        },
        {trigger: ".o_form_view .o_data_row:contains(Proposed):contains(2.50)"},
        {
            content: "A project manager makes no invoices",
            trigger: ".o_form_view:not(:has(button[name=action_invoice]))",
        },
        {
            content: "Look at the entries",
            trigger: ".o_data_row:contains(Proposed) button[name=action_view_entries]",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains(wirefr) td[name=billing_text]",
            run: "click",
        },
        {
            trigger: ".o_selected_row .o_field_widget[name=billing_text] input",
            run: "edit Wireframes of the start page",
        },
        {trigger: ".o_list_button_save:visible", run: "click"},
        {trigger: ".o_list_view:not(:has(.o_selected_row))"},
        {trigger: ".o_breadcrumb .o_back_button", run: "click"},
        {
            content: "Approve",
            trigger: ".o_form_view .o_data_row:contains(Proposed) button[name=action_approve]",
            run: "click",
        },
        {trigger: ".o_form_view .o_data_row:contains(Approved)"},
    ],
});
