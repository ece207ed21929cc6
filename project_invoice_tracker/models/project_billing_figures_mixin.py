import itertools
import re

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.constants import PREFETCH_MAX

from ..tools.comparison import build_comparison
from ..tools.figures import build_figures_query, get_parts

# field: SQL of it, over the columns of the figures (f)
FIGURES = {
    "billing_contract_amount": SQL("f.contract"),
    "billing_change_amount": SQL("f.changes"),
    "billing_current_amount": SQL("f.contract + f.changes"),
    "billing_earned_amount": SQL("f.billed + f.draft + f.ready + f.held"),
    "billing_billed_amount": SQL("f.billed"),
    "billing_draft_amount": SQL("f.draft"),
    "billing_paid_amount": SQL("f.billed - f.open_net - f.lost"),
    "billing_bad_debt_amount": SQL("f.lost"),
    "billing_open_amount": SQL("f.open"),
    "billing_overdue_amount": SQL("f.overdue"),
    "billing_wip_amount": SQL("f.ready + f.held"),
    "billing_held_amount": SQL("f.held"),
    "billing_planned_amount": SQL("f.planned"),
    "billing_left_amount": SQL("f.contract_left"),
    "billing_order_left_amount": SQL("f.order_left"),
    "billing_next_date": SQL("f.next_date"),
    "billing_state": SQL(
        """
        CASE WHEN f.overdue > 0 THEN 'overdue'
             WHEN f.ready != 0 THEN 'to_invoice'
             WHEN f.draft != 0 THEN 'draft'
             WHEN f.held != 0 THEN 'held'
             WHEN f.open > 0 THEN 'open'
             WHEN f.planned != 0 OR f.contract_left > 0 THEN 'planned'
             WHEN f.billed != 0 THEN 'done'
             WHEN f.rules > 0 THEN 'nothing' END
        """
    ),
}
ALL = SQL("TRUE")
STATES = [
    ("overdue", "Overdue"),
    ("to_invoice", "To invoice"),
    ("draft", "Draft invoice"),
    ("held", "Held"),
    ("open", "Open"),
    ("planned", "Planned"),
    ("done", "Paid"),
    ("nothing", "Nothing yet"),
]


def figure(name, kind, **kwargs):
    """Return a field of a figure: computed, searched and sorted by ``FIGURES``."""
    if kind is fields.Monetary:
        kwargs["currency_field"] = "billing_company_currency_id"
    return kind(
        compute="_compute_billing_figures",
        search=lambda self, operator, value: self._search_billing_figure(
            name, operator, value
        ),
        **kwargs,
    )


def money(name, string, text):
    return figure(name, fields.Monetary, string=string, help=text)


class ProjectBillingFiguresMixin(models.AbstractModel):
    """Where a project stands in money; searched and sorted by the database.

    All amounts are in the company's currency, net of tax but *open* and *overdue*,
    which are what the customer owes. They are read from the fact table
    (``project.billing.tracker``), one statement for any number of projects, and only
    of projects that the user reviews: others show nothing and are found by nothing.
    """

    _name = "project.billing.figures.mixin"
    _description = "Project: Figures"

    billing_company_currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_billing_company_currency_id",
        string="Currency of the figures",
    )
    billing_contract_amount = money(
        "billing_contract_amount",
        "Original contract",
        "Contract amounts (caps of time and materials) of all rules that change no "
        "other, in company currency at today's rate.",
    )
    billing_change_amount = money(
        "billing_change_amount", "Changes", "Of all change orders, in company currency."
    )
    billing_current_amount = money(
        "billing_current_amount",
        "Current contract",
        "Original contract and changes, in company currency.",
    )
    billing_earned_amount = money(
        "billing_earned_amount",
        "Earned",
        "Billed, on drafts, or done and not billed yet (WIP). Without tax.",
    )
    billing_billed_amount = money(
        "billing_billed_amount",
        "Billed",
        "Posted invoices less credit notes, without tax.",
    )
    billing_draft_amount = money(
        "billing_draft_amount", "On drafts", "Draft invoices, without tax."
    )
    billing_paid_amount = money(
        "billing_paid_amount", "Paid", "What was paid of them, without tax."
    )
    billing_bad_debt_amount = money(
        "billing_bad_debt_amount",
        "Bad debt",
        "Billed and written off: it will not be paid. Without tax.",
    )
    billing_open_amount = money(
        "billing_open_amount", "Open", "What the customer owes, due or not, with tax."
    )
    billing_overdue_amount = money(
        "billing_overdue_amount", "Overdue", "Of that, past its due date."
    )
    billing_wip_amount = money(
        "billing_wip_amount",
        "WIP",
        "Done and on no invoice yet, held work included, without tax.",
    )
    billing_held_amount = money(
        "billing_held_amount",
        "Held",
        "Done, given back by a credit or put aside: waits for a release.",
    )
    billing_planned_amount = money(
        "billing_planned_amount",
        "Planned",
        "Items that are not ready yet, without tax.",
    )
    billing_left_amount = money(
        "billing_left_amount",
        "Contract left",
        "Current contract less what is on invoices, drafts included. Rules without "
        "an amount count nothing.",
    )
    billing_order_left_amount = money(
        "billing_order_left_amount",
        "Order left",
        "What customer orders with an amount still allow.",
    )
    billing_next_date = figure(
        "billing_next_date",
        fields.Date,
        string="Next billing",
        help="Today where something is ready, else the first planned date.",
    )
    billing_state = figure(
        "billing_state",
        fields.Selection,
        selection=STATES,
        string="Billing state",
        help="What needs a hand first.",
    )

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_billing_company_currency_id(self):
        for project in self:
            company = project.company_id or self.env.company
            project.billing_company_currency_id = company.currency_id

    @api.depends(
        "billing_rule_ids.cap_amount",
        "billing_rule_ids.amount",
        "billing_rule_ids.parent_id",
        "billing_rule_ids.active",
    )
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_billing_figures(self):
        rows = {}
        if ids := self._origin.ids:
            own = SQL("p.id = ANY(%s)", ids)
            is_few = len(ids) <= PREFETCH_MAX
            self.env.cr.execute(self._select_billing_figures(own, is_few=is_few))
            rows = {row["project_id"]: row for row in self.env.cr.dictfetchall()}
        found = [rows.get(key or key.origin, {}) for key in self._ids]
        for name in FIGURES:
            # rounded already: setting 16 fields one by one takes longer than the query
            self._fields[name]._insert_cache(self, [row.get(name) for row in found])

    def _read_format(self, fnames, load="_classic_read"):
        """Work the figures of a long list out at once, not a thousand by a thousand."""
        asked = FIGURES.keys() & set(fnames)
        if asked and len(self) > PREFETCH_MAX:
            self._fields[asked.pop()].compute_value(self)
        return super()._read_format(fnames, load)

    def _search_billing_figure(self, name, operator, value):
        column = SQL.identifier("f", name)
        empty = SQL("%s IS NULL", column)
        if self._fields[name].type == "monetary":
            empty = SQL("(%s OR %s = 0)", empty, column)
        condition = build_comparison(column, operator, value, empty)
        if condition is None:
            return NotImplemented
        return Domain(
            "id",
            "in",
            SQL(
                "(SELECT f.project_id FROM (%s) f WHERE %s)",
                self._select_billing_figures(names=[name]),
                condition,
            ),
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        """Let the database sort, group and sum by figures, as by stored fields."""
        if field_expr not in FIGURES or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        names = self.env.context.get("billing_figures", ())
        link = "billing_figures" if field_expr in names else field_expr
        figures = query.make_alias(alias, link)
        names = names if field_expr in names else [field_expr]
        query.add_join(
            "LEFT JOIN",
            figures,
            SQL("(%s)", self._select_billing_figures(names=names)),
            SQL(
                "%s = %s",
                SQL.identifier(figures, "project_id"),
                SQL.identifier(alias, "id"),
            ),
        )
        return SQL.identifier(figures, field_expr)

    @api.model
    def _read_group(self, domain, groupby=(), aggregates=(), **kwargs):
        specs = (*groupby, *aggregates)
        return super(ProjectBillingFiguresMixin, self._join_figures(specs))._read_group(
            domain, groupby, aggregates, **kwargs
        )

    @api.model
    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), **kwargs):
        specs = (*itertools.chain(*grouping_sets), *aggregates)
        model = self._join_figures(specs)
        return super(ProjectBillingFiguresMixin, model)._read_grouping_sets(
            domain, grouping_sets, aggregates, **kwargs
        )

    @api.model
    def _join_figures(self, specs):
        """Return the model that joins the figures of some groups and sums at once."""
        names = {spec.partition(":")[0] for spec in specs} & FIGURES.keys()
        return self.with_context(billing_figures=sorted(names)) if names else self

    @api.model
    def _select_billing_figures(self, projects=ALL, names=FIGURES, is_few=False):
        """Return the query of ``project_id`` and some fields of ``FIGURES``.

        :param projects: SQL condition on ``p`` (project_project)
        :param names: of the fields
        :param is_few: these are few of all projects: what is theirs is looked up
        """
        wanted = {name: FIGURES[name] for name in names}
        columns = {
            column
            for figure in wanted.values()
            for column in re.findall(r"f\.(\w+)", figure.code)
        }
        return SQL(
            "SELECT f.project_id, %s FROM (%s) f",
            SQL(", ").join(
                SQL("%s AS %s", column, SQL.identifier(name))
                for name, column in wanted.items()
            ),
            self._build_billing_figures(projects, columns, is_few),
        )

    @api.model
    def _build_billing_figures(self, projects, columns, is_few):
        """Return the query of the figures, of projects that the user reviews.

        :param projects: SQL condition on ``p`` (project_project)
        :param columns: names of the amounts that are wanted, others are 0
        :param is_few: look up what is theirs instead of reading all
        """
        user = self.env.user
        if not (
            self.env.su
            or user.has_group("project_invoice_tracker.group_billing_officer")
        ):
            self.env["project.billing.member"].flush_model(["user_id", "project_id"])
            is_few = True
            projects = SQL(
                "(%s) AND (p.user_id = %s OR EXISTS (SELECT 1"
                " FROM project_billing_member b"
                " WHERE b.project_id = p.id AND b.user_id = %s))",
                projects,
                user.id,
                user.id,
            )
        tracker = self.env["project.billing.tracker"].sudo()
        tracker._prepare_query()
        self.env["project.billing.order"].flush_model()
        facts, parts = None, get_parts(columns)
        if parts:
            homes = SQL("SELECT id FROM homes") if is_few else None
            facts = tracker._build_query(parts=parts, projects=homes)
        return build_figures_query(
            facts=facts,
            columns=columns,
            projects=projects,
            companies=self.env.companies.ids,
            rooms=self._get_billing_rooms(),
            deals=self._get_billing_deals(),
            today=self.env.company._get_billing_today(),
            company_id=self.env.company.id,
        )

    @api.model
    def _get_billing_rooms(self):
        """Return ``[(billing type, claims time, kinds of its items)]``."""
        rule = self.env["project.billing.rule"]
        keys = dict(rule._fields["billing_type"]._description_selection(self.env))
        rooms = {key: rule._get_room(key) for key in keys}
        return [(key, room._claims_time, room._kinds) for key, room in rooms.items()]

    @api.model
    def _get_billing_deals(self):
        """Return ``{rule id: amount}`` of rules whose room alone knows their worth."""
        rule = self.env["project.billing.rule"].sudo()
        keys = [
            key
            for key, _claims, _kinds in self._get_billing_rooms()
            if not rule._get_room(key)._has_plain_contract
        ]
        rules = rule.search(
            [
                ("billing_type", "in", keys),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        return {one.id: worth for one, worth in rules._get_deal_amounts().items()}
