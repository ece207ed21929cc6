import {choose, openApp, openMenu, save} from "./utils";
import {registry} from "@web/core/registry";

// Sets who approves and when to bill, previews it, adds the first rule.
registry.category("web_tour.tours").add("project_billing_administrator_tour", {
    url: "/odoo",
    steps: () => [
        ...openApp(),
        ...openMenu("menu_settings", "menu_configuration"),
        {
            trigger: ".o_setting_box .o_field_widget[name=billing_approval_required] input",
            run: "click",
        },
        {
            trigger: ".o_setting_box .o_field_widget[name=billing_schedule_active] input",
            run: "click",
        },
        {
            trigger: ".o_setting_box .o_field_widget[name=billing_schedule_interval] :is(select, input)",
        },
        {trigger: ".o_dirty_warning"},
        {
            content: "Saving settings loads the page again",
            trigger: ".o_form_button_save:visible",
            run: "click",
            expectUnloadPage: true,
        },
        {trigger: ".o_setting_box"},
        ...openMenu("menu_billing_rule", "menu_configuration"),
        {trigger: ".o_list_button_add", run: "click"},
        ...choose("project_id", "Website"),
        {trigger: ".o_field_widget[name=bill_partner_id]:contains(Northwind)"},
        {trigger: ".o_field_widget[name=price] input", run: "edit 95"},
        ...save(),
        {
            content: "What would be invoiced?",
            trigger: ".o_form_view .o_stat_text:contains(To invoice)",
        },
    ],
});
