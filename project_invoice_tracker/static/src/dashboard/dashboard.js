import {Component, onWillStart, useState} from "@odoo/owl";
import {BillingBars} from "./bars";
import {BillingFigure} from "./figure";
import {DashboardFilters} from "./filters";
import {KeepLast} from "@web/core/utils/concurrency";
import {Layout} from "@web/search/layout";
import {RPCError} from "@web/core/network/rpc";
import {SAMPLE} from "./sample";
import {_t} from "@web/core/l10n/translation";
import {deserializeDate} from "@web/core/l10n/dates";
import {formatMonetary} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";
import {useSetupAction} from "@web/search/action_hook";
import {user} from "@web/core/user";

const TRACKER = "project_invoice_tracker.project_billing_tracker_action";
const FORECAST = "project_invoice_tracker.project_billing_forecast_action";
const RULE = "project.billing.rule";

/** The app's home: where the money is, and which projects need a hand. */
export class BillingDashboard extends Component {
    static template = "project_invoice_tracker.Dashboard";
    static components = {BillingBars, BillingFigure, DashboardFilters, Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.keepLast = new KeepLast();
        this.state = useState({
            data: null,
            error: "",
            isLoading: false,
            canCreateRule: false,
            isExpected: Boolean(this.props.state?.isExpected),
            filters: this.props.state?.filters || {
                user_id: false,
                partner_id: false,
                period: "this_month",
            },
        });
        useSetupAction({
            getLocalState: () => ({
                filters: {...this.state.filters},
                isExpected: this.state.isExpected,
            }),
        });
        onWillStart(() => this.load());
    }

    // -- data ------------------------------------------------------------------------

    /** Read the figures; the last question asked wins. */
    async load() {
        this.state.isLoading = true;
        try {
            const question = this.orm.call("project.billing.dashboard", "get_data", [
                {...this.state.filters},
            ]);
            const data = await this.keepLast.add(question);
            if (!data.has_rules) {
                this.state.canCreateRule = await user.checkAccessRight(RULE, "create");
            }
            this.state.data = data;
            this.state.error = "";
        } catch (error) {
            if (!(error instanceof RPCError)) {
                throw error; // a lost connection is the host's to tell
            }
            this.state.error = error.data?.message || error.message;
        }
        this.state.isLoading = false;
    }

    /** @param {Object} changes filters that the user has chosen */
    async setFilters(changes) {
        Object.assign(this.state.filters, changes);
        await this.load();
    }

    get isEmpty() {
        return !this.state.data.has_rules && !this.figures.some((f) => f.count);
    }

    get sample() {
        return SAMPLE;
    }

    // -- what is shown ---------------------------------------------------------------

    get figures() {
        return this.state.data.figures;
    }

    /** The figures that are read first, then the others. */
    get rows() {
        const byKey = Object.fromEntries(this.figures.map((f) => [f.key, f]));
        return [
            ["ready", "draft", "open", "overdue"].map((key) => byKey[key]),
            ["held", "retained", "collected", "dso"].map((key) => byKey[key]),
        ];
    }

    /**
     * @param {Number} amount in the currency of the figures
     * @returns {String}
     */
    format(amount) {
        return formatMonetary(amount, {currencyId: this.state.data.currency_id});
    }

    /** Bars of the ageing, named by days. */
    get ageingBars() {
        return this.state.data.ageing.map((bucket, index) => ({
            ...bucket,
            tone: ["calm", "warm", "warm", "hot", "hot"][index],
        }));
    }

    /** Bars of what comes in, named by the days of the week. */
    get cashBars() {
        const {cash_in, cash_expected} = this.state.data;
        const spans = this.state.isExpected ? cash_expected : cash_in;
        return spans.map((span, index) => ({
            ...span,
            key: `${span.key}-${index}`,
            label: this.getSpanLabel(span),
            tone: span.key === "late" ? "hot" : "calm",
        }));
    }

    getSpanLabel({key, date_from, date_to}) {
        if (key === "late") {
            return _t("Late");
        }
        const first = deserializeDate(date_from);
        if (key === "later") {
            return _t("From %s", first.toFormat("d LLL yyyy"));
        }
        const last = deserializeDate(date_to);
        const start = first.toFormat(first.month === last.month ? "d" : "d LLL");
        return first.equals(last)
            ? last.toFormat("d LLL")
            : `${start} – ${last.toFormat("d LLL")}`;
    }

    /**
     * @param {Object} reason
     * @returns {Boolean} whether somebody has to act today
     */
    isHot(reason) {
        return ["overdue", "rejected"].includes(reason.code);
    }

    get cashTitle() {
        return this.state.isExpected ? _t("Cash in, as expected") : _t("Cash in, by due date");
    }

    get cashHelp() {
        return this.state.isExpected
            ? _t(
                  "What customers owe, in the week in which they usually pay. Left out: retained shares without a date."
              )
            : _t("What customers owe, in the week in which it is due.");
    }

    openCash(name, domain) {
        return this.open(name, domain, this.state.isExpected ? FORECAST : TRACKER);
    }

    get more() {
        const {count, records} = this.state.data.projects;
        return count - records.length;
    }

    get moreText() {
        return _t("and %s more", this.more);
    }

    /**
     * @param {Object} debtor
     * @returns {String}
     */
    getLateText(debtor) {
        return _t("%s days late", debtor.days);
    }

    // -- opening ---------------------------------------------------------------------

    /**
     * Open the records behind a number.
     *
     * @param {String} name shown in the breadcrumb
     * @param {Array} domain
     * @param {String} [xmlId] of the window action that shows such records
     */
    async open(name, domain, xmlId = TRACKER) {
        const action = await this.action.loadAction(xmlId);
        const order = (type) => (type === "list" ? 0 : 1);
        const views = [...action.views].sort((a, b) => order(a[1]) - order(b[1]));
        await this.action.doAction({...action, name, domain, context: {}, views});
    }

    openProject(project) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "project.billing.tracker",
            name: project.name,
            domain: [
                ["project_id", "=", project.id],
                ["stage", "not in", ["paid", "bad_debt"]],
            ],
            views: [
                [false, "list"],
                [false, "form"],
            ],
        });
    }

    addRule() {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: RULE,
            name: _t("Add a billing rule"),
            views: [[false, "form"]],
        });
    }
}

registry.category("actions").add("project_billing_dashboard", BillingDashboard);
