import {
    contains,
    defineActions,
    defineModels,
    fields,
    getService,
    makeServerError,
    models,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {click, press, queryAllTexts, queryFirst} from "@odoo/hoot-dom";
import {Deferred, animationFrame} from "@odoo/hoot-mock";
import {WebClient} from "@web/webclient/webclient";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";

const MODEL = "project.billing.dashboard";
const TRACKER = "project_invoice_tracker.project_billing_tracker_action";
const RULES = "project_invoice_tracker.project_billing_rule_action";

class Tracker extends models.Model {
    _name = "project.billing.tracker";

    name = fields.Char();
    stage = fields.Char();

    _records = [
        {id: 1, name: "First instalment", stage: "overdue"},
        {id: 2, name: "Second instalment", stage: "open"},
    ];
    _views = {
        list: `<list><field name="name"/></list>`,
        kanban: `<kanban><templates><t t-name="card"><field name="name"/></t></templates></kanban>`,
        form: `<form><field name="name"/></form>`,
    };
}

class Rule extends models.Model {
    _name = "project.billing.rule";

    name = fields.Char();

    _records = [{id: 5, name: "Capped work"}];
    _views = {
        list: `<list><field name="name"/></list>`,
        form: `<form><field name="name"/></form>`,
    };
}

defineMailModels();
defineModels([Tracker, Rule]);
defineActions([
    {
        id: 71,
        xml_id: TRACKER,
        name: "Where the money is",
        res_model: "project.billing.tracker",
        context: {search_default_not_paid: 1},
        views: [
            [false, "kanban"],
            [false, "list"],
            [false, "form"],
        ],
    },
    {
        id: 72,
        xml_id: RULES,
        name: "Billing rules",
        res_model: "project.billing.rule",
        views: [
            [false, "list"],
            [false, "form"],
        ],
    },
]);
describe.current.tags("desktop");

/** What the server answers: one late instalment, one open. */
function getData(changes = {}) {
    const money = (key, amount, domain) => ({key, amount, count: 1, days: 0, domain});
    return {
        currency_id: 1,
        today: "2026-07-15",
        has_rules: true,
        is_officer: true,
        currency_note: false,
        figures: [
            money("ready", 1234.5, [["stage", "=", "ready"]]),
            money("held", 0, [["stage", "=", "ready"]]),
            money("draft", 20, [["stage", "=", "draft"]]),
            money("open", 400, [["stage", "=", "open"]]),
            {...money("overdue", 600, [["stage", "=", "overdue"]]), days: 44},
            money("retained", 0, [["stage", "=", "open"]]),
            {
                ...money("collected", 450, [["stage", "=", "paid"]]),
                date_from: "2026-07-01",
                date_to: "2026-07-31",
            },
            {key: "dso", days: 27.23, count: 1, domain: [["stage", "=", "open"]]},
        ],
        ageing: [
            {key: "current", label: "Not due", amount: 400, domain: []},
            {key: "1_30", label: "1-30 days", amount: 600, domain: []},
            {key: "31_60", label: "31-60 days", amount: 0, domain: []},
            {key: "61_90", label: "61-90 days", amount: 0, domain: []},
            {key: "90_more", label: "Over 90 days", amount: -50, domain: []},
        ],
        cash_in: [
            {key: "late", date_from: null, date_to: "2026-07-14", amount: 600, domain: []},
            {
                key: "week",
                date_from: "2026-07-15",
                date_to: "2026-07-18",
                amount: 300,
                domain: [["stage", "=", "open"]],
            },
            {
                key: "week",
                date_from: "2026-07-26",
                date_to: "2026-08-01",
                amount: 100,
                domain: [],
            },
            {key: "later", date_from: "2026-08-02", date_to: null, amount: 0, domain: []},
        ],
        cash_expected: [
            {
                key: "week",
                date_from: "2026-07-15",
                date_to: "2026-07-18",
                amount: 1000,
                domain: [],
            },
            {key: "later", date_from: "2026-08-02", date_to: null, amount: 0, domain: []},
        ],
        debtors: [
            {
                id: 3,
                name: "Northwind",
                amount: 600,
                days: 44,
                domain: [["stage", "=", "overdue"]],
            },
        ],
        projects: {
            count: 3,
            records: [
                {
                    id: 9,
                    name: "Website",
                    customer: "Northwind",
                    amount: 600,
                    reasons: [
                        {
                            code: "overdue",
                            text: "overdue for up to 44 days",
                            action: TRACKER,
                            domain: [["stage", "=", "overdue"]],
                        },
                        {
                            code: "over_cap",
                            text: "over cap by $ 100.00",
                            action: RULES,
                            domain: [["id", "in", [5]]],
                        },
                    ],
                },
            ],
        },
        ...changes,
    };
}

async function openDashboard() {
    await mountWithCleanup(WebClient);
    await getService("action").doAction({
        type: "ir.actions.client",
        tag: "project_billing_dashboard",
        name: "Dashboard",
    });
}

const normalize = (text) => text.replaceAll("\u00a0", " ");
const texts = (selector) => queryAllTexts(selector).map(normalize);

beforeEach(() => {
    onRpc(MODEL, "get_data", () => getData());
});

test("figures are shown with their meaning", async () => {
    await openDashboard();
    expect(texts(".o_billing_figure .o_billing_value")).toEqual([
        "$ 1,234.50",
        "$ 20.00",
        "$ 400.00",
        "$ 600.00",
        "$ 0.00",
        "$ 0.00",
        "$ 450.00",
        "27.2 days",
    ]);
    expect(".o_billing_late").toHaveCount(1);
    expect(".o_billing_late").toHaveAttribute("data-key", "overdue");
    expect(".o_billing_late .o_billing_hint").toHaveText("late by up to 44 days");
    expect("[data-key=collected] .o_billing_hint").toHaveText("1 – 31 Jul 2026");
});

test("nothing sold: no days outstanding", async () => {
    const data = getData();
    data.figures.find((figure) => figure.key === "dso").days = false;
    onRpc(MODEL, "get_data", () => data);
    await openDashboard();
    expect("[data-key=dso] .o_billing_value").toHaveText("–");
});

test("a figure opens the list of its records, without other filters", async () => {
    onRpc("project.billing.tracker", "web_search_read", ({kwargs}) => {
        expect.step(kwargs.domain);
    });
    await openDashboard();
    await contains("[data-key=overdue]").click();
    expect(".o_list_view").toHaveCount(1);
    expect(texts(".o_data_cell")).toEqual(["First instalment"]);
    expect(".o_breadcrumb .active").toHaveText("Overdue");
    expect.verifySteps([[["stage", "=", "overdue"]]]);
});

test("a figure opens by the keyboard", async () => {
    await openDashboard();
    queryFirst("[data-key=open]").focus();
    await press("Enter");
    await animationFrame();
    expect(texts(".o_data_cell")).toEqual(["Second instalment"]);
});

test("bars are as long as their amounts, credits have none", async () => {
    await openDashboard();
    const width = (key) =>
        queryFirst(`.o_billing_bar[data-key="${key}"] .o_billing_fill`).style.width;
    expect(width("1_30")).toBe("100%");
    expect(width("current")).toBe("66.7%");
    expect(width("31_60")).toBe("0%");
    expect(width("90_more")).toBe("0%");
    expect(texts(".o_billing_total .o_billing_amount")).toEqual([
        "$ 950.00",
        "$ 1,000.00",
    ]);
});

test("weeks are named by their days and open what is due in them", async () => {
    await openDashboard();
    expect(texts(".o_billing_weeks .o_billing_label")).toEqual([
        "Late",
        "15 – 18 Jul",
        "26 Jul – 1 Aug",
        "From 2 Aug 2026",
    ]);
    await contains(".o_billing_weeks [data-key=week-1]").click();
    expect(texts(".o_data_cell")).toEqual(["Second instalment"]);
    expect(".o_breadcrumb .active").toHaveText("Cash in, by due date: 15 – 18 Jul");
});

test("cash in is shown by the day on which customers usually pay", async () => {
    await openDashboard();
    expect(".o_billing_expected").toHaveAttribute("aria-pressed", "false");
    await contains(".o_billing_expected").click();
    expect(".o_billing_expected").toHaveAttribute("aria-pressed", "true");
    expect(texts(".o_billing_weeks .o_billing_label")).toEqual([
        "15 – 18 Jul",
        "From 2 Aug 2026",
    ]);
    expect(".o_billing_weeks h2").toHaveText("Cash in, as expected");
});

test("a project tells why it needs a hand, each reason opens its records", async () => {
    await openDashboard();
    expect(texts(".o_billing_reason")).toEqual([
        "overdue for up to 44 days",
        "over cap by $ 100.00",
    ]);
    expect(".o_billing_projects").toHaveText(/and 2 more/);
    await contains(".o_billing_reason[data-code=over_cap]").click();
    expect(texts(".o_data_cell")).toEqual(["Capped work"]);
});

test("a debtor opens what is late", async () => {
    await openDashboard();
    expect(".o_billing_days").toHaveText("44 days late");
    await contains(".o_billing_debtor").click();
    expect(texts(".o_data_cell")).toEqual(["First instalment"]);
});

test("filters are sent, and still there on the way back", async () => {
    onRpc(MODEL, "get_data", ({args}) => {
        expect.step(args[0].period);
        return getData();
    });
    await openDashboard();
    await contains("[data-filter=period] select").select("last_month");
    await contains("[data-key=overdue]").click();
    await contains(".o_back_button, .breadcrumb-item a").click();
    expect("[data-filter=period] select").toHaveValue("last_month");
    expect.verifySteps(["this_month", "last_month", "last_month"]);
});

test("of two questions the last one is shown", async () => {
    const slow = new Deferred();
    onRpc(MODEL, "get_data", async ({args}) => {
        if (args[0].period === "last_month") {
            await slow;
            return getData({currency_note: "An old answer"});
        }
        return getData({currency_note: args[0].period});
    });
    await openDashboard();
    await contains("[data-filter=period] select").select("last_month");
    expect(".o_billing_dashboard_loading").toHaveCount(1);
    queryFirst("[data-filter=period] select").value = "this_year";
    queryFirst("[data-filter=period] select").dispatchEvent(new Event("change"));
    await animationFrame();
    slow.resolve();
    await animationFrame();
    expect(".o_billing_dashboard_note").toHaveText("this_year");
    expect(".o_billing_dashboard_loading").toHaveCount(0);
});

test("a project manager chooses no other project managers", async () => {
    onRpc(MODEL, "get_data", () => getData({is_officer: false}));
    await openDashboard();
    expect("[data-filter=user_id]").toHaveCount(0);
    expect("[data-filter=partner_id]").toHaveCount(1);
});

test("nothing late, nothing to do: it says so", async () => {
    onRpc(MODEL, "get_data", () =>
        getData({debtors: [], projects: {count: 0, records: []}})
    );
    await openDashboard();
    expect(".o_billing_debtors .o_billing_nothing").toHaveText("Nobody is late.");
    expect(".o_billing_projects .o_billing_nothing").toHaveCount(1);
});

describe("before the first rule", () => {
    beforeEach(() => {
        const figures = getData().figures.map((f) => ({...f, amount: 0, count: 0}));
        onRpc(MODEL, "get_data", () => getData({has_rules: false, figures}));
    });

    test("who sets rules up is led to the first one", async () => {
        onRpc("has_access", () => true);
        await openDashboard();
        expect(".o_billing_filters").toHaveCount(0);
        expect(".o_billing_sample").toHaveAttribute("aria-hidden", "true");
        await contains(".o_billing_dashboard_empty .btn-primary").click();
        expect(".o_form_view").toHaveCount(1);
        expect(".o_breadcrumb .active").toHaveText(/New/);
    });

    test("others are told whom to ask", async () => {
        onRpc("has_access", () => false);
        await openDashboard();
        expect(".o_billing_dashboard_empty .btn-primary").toHaveCount(0);
        expect(".o_nocontent_help").toHaveText(/Ask who sets up billing/);
    });
});

test("an error is told in words, and can be tried again", async () => {
    let isBroken = true;
    onRpc(MODEL, "get_data", () => {
        if (isBroken) {
            throw makeServerError({message: "You may not read the tracker."});
        }
        return getData();
    });
    await openDashboard();
    expect(".o_billing_dashboard_error").toHaveAttribute("role", "alert");
    expect(".o_billing_dashboard_error").toHaveText(/You may not read the tracker/);
    expect(".o_billing_figure").toHaveCount(0);
    isBroken = false;
    await click(".o_billing_dashboard_error button");
    await animationFrame();
    expect(".o_billing_dashboard_error").toHaveCount(0);
    expect(".o_billing_figure").toHaveCount(8);
});
