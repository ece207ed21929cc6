import {openApp, openMenu} from "./utils";
import {registry} from "@web/core/registry";

// Proposes a run, reads why one invoice is left out, executes, sees the reminder sent.
registry.category("web_tour.tours").add("project_billing_overdue_run_tour", {
    steps: () => [
        ...openApp(),
        ...openMenu("menu_overdue_customer", "menu_overdue"),
        {trigger: ".o_list_view .o_data_row:contains(Northwind):contains(170.00)"},
        {trigger: "button[name=action_remind_now]", run: "click"},
        {
            content: "One is due, the other one is disputed",
            trigger: ".o_field_widget[name=line_ids] .o_data_row:contains(Proposed):contains(100.00)",
        },
        {
            trigger: ".o_field_widget[name=line_ids] .o_data_row:contains(Left out) td[name=reason]:contains(not ordered)",
        },
        {trigger: "button[name=action_execute]", run: "click"},
        {
            trigger: ".modal:contains(mails are sent) .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "The reminder waits for the scheduled job",
            trigger: ".o_list_view .o_data_row:contains(Northwind) td[name=state]:contains(Ready)",
        },
    ],
});

// Once the scheduled job has worked: the reminder is sent, the customer reminded.
registry.category("web_tour.tours").add("project_billing_overdue_sent_tour", {
    steps: () => [
        ...openApp(),
        ...openMenu("menu_overdue_notice", "menu_overdue"),
        {content: "Nothing is left to do", trigger: ".o_view_nocontent"},
        {trigger: ".o_facet_remove", run: "click"},
        {
            trigger: ".o_data_row:contains(Northwind):contains(Level 1) td[name=state]:contains(Done)",
        },
        ...openMenu("menu_overdue_customer", "menu_overdue"),
        {trigger: ".o_data_row:contains(Northwind) td[name=level_id]:contains(Level 1)"},
    ],
});

// A manager holds the invoice of the own project, and ends the hold.
registry.category("web_tour.tours").add("project_billing_hold_tour", {
    steps: () => [
        ...openApp(),
        ...openMenu("menu_tracker", "menu_tracking"),
        {
            trigger: ".o_kanban_group:contains(Overdue) .o_kanban_record:contains(100.00)",
            run: "click",
        },
        {trigger: ".o_form_view button[name=action_overdue_follow_up]", run: "click"},
        {trigger: ".modal .o_radio_item:contains(Hold) input", run: "click"},
        {
            trigger: ".modal .o_field_widget[name=reason] textarea",
            run: "edit Talks on Friday",
        },
        {trigger: ".modal button[name=action_note]", run: "click"},
        {trigger: "body:not(:has(.modal)) .o_form_view"},
        ...openMenu("menu_overdue_pause", "menu_tracking"),
        {
            trigger: ".o_data_row:contains(Hold) td[name=reason]:contains(Talks on Friday)",
            run: "click",
        },
        {trigger: ".o_form_view button[name=action_end]", run: "click"},
        {trigger: ".o_arrow_button_current:contains(Ended)"},
    ],
});

// The customer names a day of payment and disputes, and reads both back.
registry.category("web_tour.tours").add("project_billing_answer_tour", {
    steps: () => [
        {
            trigger: "form.o_billing_promise input[name=day]",
            run() {
                this.anchor.value = "2026-07-20";
            },
        },
        {
            trigger: "form.o_billing_promise button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {trigger: "#billing_pause_said:contains(Payment announced for)"},
        {
            trigger: "form.o_billing_dispute textarea",
            run: "edit Four hours were not ordered",
        },
        {
            trigger: "form.o_billing_dispute button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is kept, and asked for no more",
            trigger: "body:not(:has(form.o_billing_dispute)) #billing_pause_said:contains(Four hours were not ordered)",
        },
    ],
});
