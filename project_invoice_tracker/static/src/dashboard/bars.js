import {Component} from "@odoo/owl";

/** Amounts under each other, each with a bar; a click opens the records of one. */
export class BillingBars extends Component {
    static template = "project_invoice_tracker.Bars";
    static props = {
        title: String,
        help: String,
        bars: Array, // of {key, label, amount, tone, domain}
        format: Function,
        open: Function,
        className: {type: String, optional: true},
        slots: {type: Object, optional: true},
    };

    /**
     * @param {Object} bar
     * @returns {String} style: the width, as part of the longest bar
     */
    getStyle(bar) {
        const most = Math.max(...this.props.bars.map((one) => one.amount), 0);
        const part = most > 0 ? Math.max(bar.amount, 0) / most : 0;
        return `width: ${(part * 100).toFixed(1)}%`;
    }

    get total() {
        return this.props.bars.reduce((sum, bar) => sum + bar.amount, 0);
    }

    openBar(bar) {
        return this.props.open(`${this.props.title}: ${bar.label}`, bar.domain);
    }
}
