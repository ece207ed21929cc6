from datetime import date

from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.portal.controllers.portal import pager as portal_pager
from odoo.addons.project.controllers.portal import ProjectCustomerPortal

from ..exceptions import BillingError

HOURS_PER_PAGE = 80


class BillingCustomerPortal(ProjectCustomerPortal):
    """Milestones, hours and invoices under the customer's project.

    Nothing is read with the customer's own rights: pages show what
    ``project.billing.portal`` returns for their commercial partner.
    """

    # -- who is asking ---------------------------------------------------------------

    def _get_billing_portal(self):
        return request.env["project.billing.portal"]

    def _get_billing_partner(self):
        """Return the commercial partner of the user; nobody for the public."""
        user = request.env.user
        if user._is_public():
            return request.env["res.partner"]
        return user.sudo().partner_id.commercial_partner_id

    def _get_billing_viewpoint(self, project):
        """Return as whom a project's page is seen: who reviews it sees the customer's.

        :return: commercial partner (superuser) and whether it is only a preview
        """
        partner = self._get_billing_partner()
        user = request.env.user
        if user._is_internal() and project.with_user(user)._filter_billing_reviewable():
            return project.sudo().partner_id.commercial_partner_id, True
        return partner, False

    def _get_billing_item(self, project_id, item_id, access_token=None):
        """Return an item and how it is seen, or say that there is none.

        :return: ``(item, commercial partner, may answer)``, superuser
        :raise NotFound: it belongs to another customer, or does not exist
        """
        item = request.env["project.billing.item"].sudo().browse(item_id).exists()
        if not item or item.project_id.id != project_id or not item.acceptance_asking:
            raise NotFound()
        user = request.env.user
        customer = item.acceptance_partner_id.commercial_partner_id
        if user._is_internal():
            if item.with_user(user).has_access("read"):
                return item, customer, False  # nobody answers for the customer
            raise NotFound()
        token = item.access_token
        has_token = access_token and token and consteq(token, access_token)
        portal = self._get_billing_portal()
        if has_token or portal._may_answer(item, self._get_billing_partner()):
            return item, customer, True
        raise NotFound()

    # -- home ------------------------------------------------------------------------

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        portal, partner = self._get_billing_portal(), self._get_billing_partner()
        if "billing_acceptance_count" in counters:
            awaited = portal._get_awaited_items(partner)
            values["billing_acceptance_count"] = len(awaited)
        if "billing_project_count" in counters:
            projects = self._get_billing_projects(partner)
            values["billing_project_count"] = len(projects)
        return values

    def _get_billing_projects(self, partner):
        """Return the projects that are billed to a partner and shared with the user."""
        own = self._get_billing_portal()._get_rules(partner).project_id
        projects = request.env["project.project"]
        if not own or not projects.has_access("read"):
            return projects
        return projects.search([("id", "in", own.ids)])

    @http.route("/my/billing", type="http", auth="user", website=True)
    def portal_my_billing(self, **kw):
        portal, partner = self._get_billing_portal(), self._get_billing_partner()
        awaited = portal._get_awaited_items(partner)
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "project_billing",
            "awaited": list(
                zip(awaited, portal._get_item_rows(awaited, partner), strict=True)
            ),
            "billing_projects": self._get_billing_projects(partner),
        }
        return request.render("project_invoice_tracker.portal_my_billing", values)

    # -- one project -----------------------------------------------------------------

    def _project_get_page_view_values(self, project, access_token, *args, **kwargs):
        values = super()._project_get_page_view_values(
            project, access_token, *args, **kwargs
        )
        partner, _is_preview = self._get_billing_viewpoint(project)
        rules = self._get_billing_portal()._get_rules(partner, project)
        values["has_billing"] = bool(partner and rules)
        return values

    @http.route(
        [
            "/my/projects/<int:project_id>/billing",
            "/my/projects/<int:project_id>/billing/page/<int:page>",
        ],
        type="http",
        auth="user",
        website=True,
    )
    def portal_project_billing(
        self, project_id, page=1, month=None, access_token=None, **kw
    ):
        try:
            project_sudo = self._document_check_access(
                "project.project", project_id, access_token
            )
        except (AccessError, MissingError) as error:
            raise NotFound() from error
        partner, is_preview = self._get_billing_viewpoint(project_sudo)
        portal = self._get_billing_portal()
        rules = portal._get_rules(partner, project_sudo)
        moves = portal._get_moves(project_sudo, partner)
        if not partner or not (rules or moves):
            raise NotFound()
        items = portal._get_item_rows(portal._get_listed_items(rules), partner)
        invoices = portal._get_move_rows(moves, project_sudo)
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "project_billing",
            "billing_project": project_sudo,
            "is_preview": is_preview,
            "items": items,
            "invoices": invoices,
            "totals": portal._get_totals(invoices),
            **self._prepare_hours_values(project_sudo, rules, partner, month, page),
        }
        return request.render("project_invoice_tracker.portal_project_billing", values)

    def _prepare_hours_values(self, project, rules, partner, month, page):
        """Return the months with hours, and a page of the chosen one."""
        hours = request.env["project.billing.portal.hours"]
        months = hours._get_months(rules, partner)
        days = [first for first, _hours, _new in months]
        values = {
            "months": months,
            "month": None,
            "hours": [],
            "shows_hours": any(rule.portal_hours != "none" for rule in rules),
        }
        if not days:
            return values
        try:
            chosen = date.fromisoformat(f"{month}-01")
        except ValueError:
            chosen = days[0]
        chosen = chosen if chosen in days else days[0]
        offset = (max(page, 1) - 1) * HOURS_PER_PAGE
        count, rows = hours._get_hours(rules, partner, chosen, HOURS_PER_PAGE, offset)
        pager = portal_pager(
            url=f"/my/projects/{project.id}/billing",
            url_args={"month": f"{chosen:%Y-%m}"},
            total=count,
            page=page,
            step=HOURS_PER_PAGE,
        )
        return {**values, "month": chosen, "hours": rows, "pager": pager}

    # -- accept, reject --------------------------------------------------------------

    @http.route(
        "/my/projects/<int:project_id>/billing/<int:item_id>",
        type="http",
        auth="public",
        website=True,
    )
    def portal_billing_item(
        self, project_id, item_id, access_token=None, error=None, **kw
    ):
        try:
            item, partner, may_answer = self._get_billing_item(
                project_id, item_id, access_token
            )
        except NotFound:
            if request.env.user._is_public():
                return request.redirect("/my")  # to log in, as the host's pages do
            raise
        [row] = self._get_billing_portal()._get_item_rows(item, partner)
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "project_billing_item",
            "item": item,
            "row": row,
            "is_awaited": item._is_answer_awaited(),
            "may_answer": may_answer,
            "is_internal": request.env.user._is_internal(),
            "is_known": not request.env.user._is_public(),
            "access_token": access_token,
            "answer_error": error,
            "no_breadcrumbs": request.env.user._is_public(),
        }
        return request.render("project_invoice_tracker.portal_billing_item", values)

    @http.route(
        "/my/projects/<int:project_id>/billing/<int:item_id>/accept",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_billing_accept(self, project_id, item_id, **post):
        return self._answer_billing_item("accepted", project_id, item_id, **post)

    @http.route(
        "/my/projects/<int:project_id>/billing/<int:item_id>/reject",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_billing_reject(self, project_id, item_id, **post):
        return self._answer_billing_item("rejected", project_id, item_id, **post)

    def _answer_billing_item(
        self,
        answer,
        project_id,
        item_id,
        access_token=None,
        signer="",
        text="",
        version="",
        **kw,
    ):
        """Keep the answer and show the item again: it says whose answer stands."""
        item, _partner, may_answer = self._get_billing_item(
            project_id, item_id, access_token
        )
        if not may_answer:
            raise NotFound()
        user = request.env.user
        known = user.sudo().partner_id if not user._is_public() else None
        error = ""
        if item._is_answer_awaited() and version != item._get_acceptance_version():
            error = "changed"
        else:
            signer = known.name if known else signer
            try:
                item._answer(answer, signer, text, known)
            except BillingError:
                error = "name" if not (signer or "").strip() else "reason"
        query = {"access_token": access_token, "error": error}
        query = {name: value for name, value in query.items() if value}
        return request.redirect_query(item.access_url, query)
