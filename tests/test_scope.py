"""What a domain says of the rows it can find, before the database is asked."""

from datetime import date

from odoo.tests import BaseCase, tagged

from odoo.addons.project_invoice_tracker.tools.scope import find_bounds

FIRST, LAST = date(2026, 7, 1), date(2026, 7, 31)


@tagged("post_install", "-at_install", "standard")
class TestScope(BaseCase):
    def _find(self, *domain):
        return find_bounds(list(domain), "day")

    def test_all_of_several_conditions_bound_a_date(self):
        month = [("day", ">=", "2026-07-01"), ("day", "<=", LAST)]
        self.assertEqual(self._find(*month, ("name", "=", "x")), (FIRST, LAST))
        self.assertEqual(self._find(*month, ("day", "<", "2026-07-20"))[1].day, 20)

    def test_one_side_may_be_open(self):
        self.assertEqual(self._find(("day", ">", "2026-07-01")), (FIRST, None))

    def test_one_of_several_conditions_bounds_nothing(self):
        either = ("|", ("day", ">=", "2026-07-01"), ("name", "=", "x"))
        self.assertEqual(self._find(*either), (None, None))
        self.assertEqual(self._find("!", ("day", ">=", "2026-07-01")), (None, None))

    def test_what_is_no_plain_day_bounds_nothing(self):
        for value in ("today -7d", False, 20):
            self.assertEqual(self._find(("day", ">=", value)), (None, None))
