import {Component} from "@odoo/owl";
import {RecordSelector} from "@web/core/record_selectors/record_selector";
import {_t} from "@web/core/l10n/translation";

const PERIODS = [
    ["this_month", _t("This month")],
    ["last_month", _t("Last month")],
    ["this_quarter", _t("This quarter")],
    ["this_year", _t("This year")],
];

/** Project manager, customer and period; companies are chosen in the switcher. */
export class DashboardFilters extends Component {
    static template = "project_invoice_tracker.DashboardFilters";
    static components = {RecordSelector};
    static props = {filters: Object, isOfficer: Boolean, set: Function};

    get periods() {
        return PERIODS.map(([key, label]) => ({key, label: label.toString()}));
    }

    get managerDomain() {
        return [["share", "=", false]];
    }

    get customerDomain() {
        return [["parent_id", "=", false]];
    }

    get isFiltered() {
        return Boolean(this.props.filters.user_id || this.props.filters.partner_id);
    }

    clear() {
        return this.props.set({user_id: false, partner_id: false});
    }
}
