import {openApp, openMenu} from "./utils";
import {registry} from "@web/core/registry";

// Looks at a late invoice, charges interest, sees the debit note, waives it.
registry.category("web_tour.tours").add("project_billing_late_fee_tour", {
    steps: () => [
        {
            trigger: ".o_cp_action_menus .fa-cog",
            run: "click",
        },
        {
            trigger: ".o-dropdown-item:contains(Charge late fees)",
            run: "click",
        },
        {trigger: ".modal .o_data_row td[name=interest_amount]:contains(10.00)"},
        {trigger: ".modal button[name=action_charge]", run: "click"},
        {
            trigger: ".o_list_view .o_data_row:contains(Charged) td[name=amount]:contains(10.00)",
            run: "click",
        },
        {
            content: "The calculation: ten days of 1,000.00",
            trigger: ".o_form_view .o_data_row td[name=days]:contains(10)",
        },
        {trigger: ".o_form_view button[name=action_waive]", run: "click"},
        {
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit First delay in ten years",
        },
        {trigger: ".modal button[name=action_waive]", run: "click"},
        {
            trigger: ".o_form_view .o_arrow_button_current:contains(Waived)",
        },
        ...openApp(),
        ...openMenu("menu_overdue_charge", "menu_overdue"),
        {trigger: ".o_list_view .o_data_row:contains(Waived)"},
    ],
});
