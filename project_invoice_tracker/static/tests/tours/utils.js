import { stepUtils } from "@web_tour/tour_utils";

const MODULE = "project_invoice_tracker";

/** Open the app from the apps menu. */
export function openApp() {
    return [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open Project Billing",
            trigger: `.o_app[data-menu-xmlid="${MODULE}.menu_root"]`,
            run: "click",
        },
        {trigger: ".o_menu_brand:contains(Project Billing)"},
    ];
}

/**
 * Open a menu of the app.
 *
 * @param {String} name of the XML id of a menu without sub-menus
 * @param {String} [parent] the menu that has to be opened first
 * @returns {Object[]} steps
 */
export function openMenu(name, parent) {
    const steps = [];
    if (parent) {
        steps.push({
            trigger: `.o_menu_sections [data-menu-xmlid="${MODULE}.${parent}"]`,
            run: "click",
        });
    }
    steps.push({
        content: `Open ${name}`,
        trigger: `[data-menu-xmlid="${MODULE}.${name}"]`,
        run: "click",
    });
    return steps;
}

/**
 * Choose a record in a many2one field.
 *
 * @param {String} field
 * @param {String} text what is typed and chosen
 * @param {String} [scope] selector around the field
 * @returns {Object[]} steps
 */
export function choose(field, text, scope = ".o_form_view") {
    return [
        {
            trigger: `${scope} .o_field_widget[name=${field}] input`,
            run: `edit ${text}`,
        },
        {
            trigger: `.o-autocomplete--dropdown-item:contains(${text}) a`,
            run: "click",
        },
    ];
}

/** Save the form and wait until it is saved. */
export function save() {
    return [
        {trigger: ".o_form_button_save:visible", run: "click"},
        {trigger: ".o_form_saved"},
    ];
}
