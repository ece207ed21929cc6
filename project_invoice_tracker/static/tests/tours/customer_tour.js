import {registry} from "@web/core/registry";

// A customer finds what waits, accepts one delivery and rejects another with a reason.
registry.category("web_tour.tours").add("project_billing_customer_tour", {
    url: "/my",
    steps: () => [
        {
            content: "Home says that something waits",
            trigger: ".o_portal_index_card:not(.d-none) a[href='/my/billing']:contains(waiting for your acceptance)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_billing_awaited:contains(Delivery) a:contains(Answer)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "A customer with a login need not type a name",
            trigger: "form.o_billing_accept:not(:has(input[name=signer]))",
        },
        {trigger: "form.o_billing_accept textarea", run: "edit Well done"},
        {
            trigger: "form.o_billing_accept button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The page says who accepted, and asks no more",
            trigger: "body:not(:has(form.o_billing_accept)) .alert-success:contains(Accepted by Eva Holm)",
        },
        {
            trigger: ".breadcrumb a:contains(Billing)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_billing_awaited:contains(Manual) a:contains(Answer)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: "form.o_billing_reject textarea",
            run: "edit Chapter 3 is missing",
        },
        {
            trigger: "form.o_billing_reject button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {trigger: ".alert-danger:contains(Chapter 3 is missing)"},
        {
            trigger: ".breadcrumb a:contains(Billing)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Nothing waits any more",
            trigger: "#wrap:contains(Nothing waits for you) a:contains(Website)",
            run: "click",
            expectUnloadPage: true,
        },
        {trigger: ".o_billing_item:contains(Delivery):contains(Accepted)"},
        {trigger: ".o_billing_item:contains(Manual):contains(Rejected)"},
        {trigger: ".o_billing_invoice:contains(Overdue)"},
    ],
});
