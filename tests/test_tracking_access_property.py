"""Who reads what of the tracking, whatever the projects, people and ways of asking."""

import os
from collections import Counter
from datetime import date

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .tracking_access_common import BOOKS, FIGURES, NAMED, WorldCommon, as_row

WORLDS = int(os.environ.get("PIT_WORLDS", "6"))
PEOPLE = st.sampled_from((None, 0, 1))
MANAGERS = st.tuples(*[PEOPLE] * 4)
MEMBERS = st.tuples(*[st.sets(st.sampled_from((0, 1)), max_size=2)] * 4)
# one of the fact tables always, and another model
MODELS = st.tuples(
    st.sampled_from(("project.billing.tracker", "project.billing.ageing")),
    st.sampled_from(sorted(FIGURES)),
)
ALWAYS = ((0, 1, None, 1), (set(), {0}, {0, 1}, set()))


@tagged("heavy")
class TestTrackingAccess(WorldCommon):
    # -- ways of asking, each returns a Counter of (company, project, figure) ----------

    def _read_by_search_read(self, model, user):
        name = FIGURES[model]
        rows = self._as(model, user).search_read([], ["company_id", "project_id", name])
        return Counter(as_row(row, name) for row in rows)

    def _read_by_export(self, model, user):
        name = FIGURES[model]
        records = self._as(model, user).search([])
        columns = ["company_id/.id", "project_id/.id", name]
        rows = records.export_data(columns)["datas"]
        return Counter(
            (int(company or 0), int(project or 0), round(float(figure or 0), 2))
            for company, project, figure in rows
        )

    def _count_by_groups(self, model, user):
        groups = self._as(model, user).formatted_read_group(
            [], ["company_id", "project_id"], ["__count"]
        )
        return Counter(
            {
                tuple(
                    group[name] and group[name][0]
                    for name in ("company_id", "project_id")
                ): group["__count"]
                for group in groups
            }
        )

    # -- the proof ---------------------------------------------------------------------

    def _prove_insiders(self, models):
        for model in models:
            rows = self._get_all(model)
            self.assertTrue(rows, model)
            for user in (*self.managers, *self.officers):
                expected = self._get_expected(rows, user)
                with self.subTest(model=model, user=user.login):
                    found = self._read_by_search_read(model, user)
                    self.assertEqual(found, expected)
                    found = self._read_by_export(model, user)
                    plain = Counter()
                    for (company, project, figure), count in expected.items():
                        plain[company or 0, project or 0, figure] += count
                    self.assertEqual(found, plain)
                    counts = Counter()
                    for (company, project, _figure), count in expected.items():
                        counts[company, project] += count
                    self.assertEqual(self._count_by_groups(model, user), counts)

    def _prove_names(self):
        for model in NAMED:
            records = self.env[model].sudo().search([])
            for user in (*self.managers, *self.officers):
                own = self.assigned.get(user, self.worlds)
                allowed = records.filtered(
                    lambda r, o=own, u=user: (
                        r.project_id in o and r.company_id in u.company_ids
                    )
                )
                found = self._as(model, user).name_search("", limit=None)
                with self.subTest(model=model, user=user.login):
                    self.assertEqual({row[0] for row in found}, set(allowed.ids))

    def _prove_ids(self):
        """Nobody reads by its id what they do not find."""
        facts = self.env["project.billing.tracker"].sudo()
        facts = facts.with_context(allowed_company_ids=self.both.ids).search([])
        for user in self.managers:
            hidden = facts.filtered(
                lambda f, u=user: f.project_id not in self.assigned[u]
            ).filtered("move_line_id")  # ids of other rows follow the companies
            own = self._as("project.billing.tracker", user).browse(hidden.ids)
            for ask in (
                lambda own=own: own.read(["net_company"]),
                lambda own=own: own.export_data(["net_company"]),
            ):
                with self.assertRaises(UserError):  # no access, or not there
                    ask()

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_insiders_read_exactly_what_is_theirs(self):
        @settings(
            max_examples=WORLDS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(managers=MANAGERS, members=MEMBERS, models=MODELS)
        def prove(managers, members, models):
            self._assign(managers, members)
            self._prove_insiders(set(models))
            self._prove_names()
            self._prove_ids()

        prove()

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_project_managers_read_no_books(self):
        self._assign(*ALWAYS)
        for user in self.managers:
            for model in BOOKS:
                with self.subTest(model=model), self.assertRaises(AccessError):
                    self._as(model, user).search_read([], ["id"])

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_customers_read_nothing(self):
        for user in self.portal_users:
            for model in (*FIGURES, *BOOKS):
                with self.subTest(model=model, user=user.login):
                    rows = self._as(model, user)
                    for ask in (
                        lambda rows=rows: rows.search_read([], ["id"]),
                        lambda rows=rows: rows.formatted_read_group(
                            [], [], ["__count"]
                        ),
                        lambda rows=rows: rows.name_search(""),
                        lambda rows=rows: rows.browse(1).export_data(["id"]),
                    ):
                        with self.assertRaises(UserError):
                            ask()

    def test_a_company_that_is_not_theirs_is_refused(self):
        officer = next(iter(self.officers))
        for model in FIGURES:
            rows = self.env[model].with_user(officer)
            rows = rows.with_context(allowed_company_ids=self.both.ids)
            with self.subTest(model=model), self.assertRaises(AccessError):
                rows.search_read([], ["id"])


@tagged("heavy")
class TestTrackingByJson(WorldCommon, HttpCase):
    """The JSON-2 interface with an API key, as a script of the person would ask."""

    def _ask(self, user, model, method, **kwargs):
        if user not in self.keys:
            keys = self.env["res.users.apikeys"].with_user(user).sudo()
            self.keys[user] = keys._generate("rpc", "test", date(2100, 1, 1))
        self.env.flush_all()
        self.env.invalidate_all()
        return self.url_open(
            f"/json/2/{model}/{method}",
            json=kwargs,
            headers={"Authorization": f"Bearer {self.keys[user]}"},
        )

    def setUp(self):
        super().setUp()
        self.keys = {}
        self._assign(*ALWAYS)

    def test_insiders_read_exactly_what_is_theirs(self):
        for model, name in FIGURES.items():
            rows = self._get_all(model)
            for user in (*self.managers, *self.officers):
                expected = self._get_expected(rows, user)
                with self.subTest(model=model, user=user.login):
                    answer = self._ask(
                        user,
                        model,
                        "search_read",
                        domain=[],
                        fields=["company_id", "project_id", name],
                    )
                    found = Counter(as_row(row, name) for row in answer.json())
                    self.assertEqual(found, expected)
                    answer = self._ask(
                        user,
                        model,
                        "formatted_read_group",
                        domain=[],
                        groupby=[],
                        aggregates=["__count"],
                    )
                    self.assertEqual(
                        answer.json()[0]["__count"], sum(expected.values())
                    )

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model")
    def test_customers_read_nothing(self):
        for user in self.portal_users:
            for model in (*FIGURES, *BOOKS):
                for method in ("search_read", "search_count", "name_search"):
                    with self.subTest(model=model, method=method):
                        what = (
                            {"name": ""} if method == "name_search" else {"domain": []}
                        )
                        answer = self._ask(user, model, method, **what)
                        self.assertEqual(answer.status_code, 403)
                        self.assertNotIn("World", answer.text)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model")
    def test_project_managers_read_no_books(self):
        for model in BOOKS:
            with self.subTest(model=model):
                answer = self._ask(self.pia, model, "search_read", domain=[])
                self.assertEqual(answer.status_code, 403)

    @mute_logger("odoo.http")
    def test_a_company_that_is_not_theirs_is_refused(self):
        officer = next(iter(self.officers))
        for model in ("project.billing.tracker", "project.billing.check"):
            for companies in (self.elsewhere, self.both):
                answer = self._ask(
                    officer,
                    model,
                    "search_read",
                    domain=[],
                    context={"allowed_company_ids": companies.ids},
                )
                with self.subTest(model=model, companies=companies):
                    self.assertEqual(answer.status_code, 403)

    @mute_logger("odoo.http")
    def test_nobody_asks_without_a_key(self):
        for key in ("", "wrong"):
            answer = self.url_open(
                "/json/2/project.billing.tracker/search_read",
                json={"domain": []},
                headers={"Authorization": f"Bearer {key}"},
            )
            self.assertEqual(answer.status_code, 401)
