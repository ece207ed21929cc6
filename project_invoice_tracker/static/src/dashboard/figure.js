import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {deserializeDate} from "@web/core/l10n/dates";
import {formatFloat} from "@web/views/fields/formatters";

const LABELS = {
    ready: _t("To invoice"),
    held: _t("Held"),
    draft: _t("Drafts"),
    open: _t("Open"),
    overdue: _t("Overdue"),
    retained: _t("Retained"),
    collected: _t("Collected"),
    dso: _t("Days outstanding (DSO)"),
};

/** One number with its name and what it means; a click opens its records. */
export class BillingFigure extends Component {
    static template = "project_invoice_tracker.Figure";
    static props = {figure: Object, format: Function, open: Function};

    get label() {
        return LABELS[this.props.figure.key].toString();
    }

    get isLate() {
        const {key, amount} = this.props.figure;
        return key === "overdue" && amount > 0;
    }

    get value() {
        const {key, days, amount} = this.props.figure;
        if (key !== "dso") {
            return this.props.format(amount);
        }
        return days === false
            ? "–"
            : _t("%s days", formatFloat(days, {digits: [16, 1]}));
    }

    /** What the number means, in a few words. */
    get hint() {
        const {figure} = this.props;
        switch (figure.key) {
            case "ready":
                return _t("ready, before taxes");
            case "draft":
                return _t("before taxes");
            case "held":
                return _t("credited or undone, waits for a release");
            case "open":
                return _t("not due yet");
            case "overdue":
                return figure.days
                    ? _t("late by up to %s days", figure.days)
                    : _t("nothing is late");
            case "retained":
                return _t("kept back by customers, not due yet");
            case "collected":
                return this.period;
            case "dso":
                return _t("what is owed, in days of sales");
        }
        return "";
    }

    get period() {
        const first = deserializeDate(this.props.figure.date_from);
        const last = deserializeDate(this.props.figure.date_to);
        const start = first.toFormat(first.month === last.month ? "d" : "d LLL");
        return `${start} – ${last.toFormat("d LLL yyyy")}`;
    }
}
