import {choose, openApp, openMenu, save} from "./utils";
import {registry} from "@web/core/registry";

const LIMIT = 25;
// Apps, search result, Activate: before the tour can begin
const ACTIVATION = 3;
let clicks = 0;

// The outsider's check: from three entries to a posted invoice, every click counted.
registry.category("web_tour.tours").add("project_billing_first_invoice_tour", {
    url: "/odoo",
    steps: () => [
        {
            trigger: "body",
            run() {
                clicks = 0;
                document.addEventListener("click", () => clicks++, true);
            },
        },
        ...openApp(),
        ...openMenu("menu_projects"),
        {
            trigger: ".o_data_row:contains(First job) button[name=action_view_billing_rules]",
            run: "click",
        },
        {trigger: ".o_view_nocontent:contains(Add the first billing rule)"},
        {trigger: ".o_list_button_add", run: "click"},
        {trigger: ".o_field_widget[name=price] input", run: "edit 80"},
        ...choose("partner_id", "Northwind"),
        ...save(),
        {trigger: ".breadcrumb a:contains(Projects)", run: "click"},
        {
            trigger: ".o_data_row:contains(First job) button[name=action_bill]",
            run: "click",
        },
        {trigger: ".o_form_view button[name=action_invoice]", run: "click"},
        {trigger: ".o_form_view button[name=action_post]:visible", run: "click"},
        {trigger: ".o_form_view .o_arrow_button_current:contains(Posted)"},
        {
            trigger: "body",
            run() {
                if (clicks < 8) {
                    throw new Error(`only ${clicks} clicks counted: not believable`);
                }
                if (clicks + ACTIVATION > LIMIT) {
                    throw new Error(`${clicks + ACTIVATION} clicks, ${LIMIT} allowed`);
                }
            },
        },
    ],
});
