"""The table of acceptance cases is true; cases that have no other home."""

import json
import re

from odoo.tests import BaseCase, tagged

from .conftest import REPOSITORY, SHARED
from .test_deposit import DepositCommon

TABLE = REPOSITORY / "docs" / "acceptance.md"
ROW = re.compile(r"^\| ([A-E]\d\d) \| `(tests/\w+\.py)` \| (.*?) \|", re.MULTILINE)


def read_table():
    """Return ``[(case, file, [test])]`` of the table."""
    return [
        (case, path, re.findall(r"`(\w+)`", tests))
        for case, path, tests in ROW.findall(TABLE.read_text())
    ]


@tagged("post_install", "-at_install", "standard")
class TestAcceptanceTable(BaseCase):
    """docs/acceptance.md is true."""

    def test_every_named_test_exists(self):
        for case, path, tests in read_table():
            code = (REPOSITORY / path).read_text()
            self.assertTrue(tests, case)
            missing = [test for test in tests if f"def {test}(self" not in code]
            self.assertFalse(missing, f"{case} in {path}")


@tagged("post_install", "-at_install", "standard", "shared_data")
class TestAcceptanceCases(BaseCase):
    """Every case about billing and tracking stands in the table."""

    def test_every_case_about_billing_and_tracking_has_a_test(self):
        cases = json.loads((SHARED / "cases" / "acceptance.json").read_text())
        tracking = {"C19", "C20", "C21", "C24"}
        billing = {case["id"] for case in cases if case["id"][0] in "ABDE"} | tracking
        self.assertFalse(billing - {case for case, _path, _tests in read_table()})


class TestAdvances(DepositCommon):
    """B06 where hours decide what the second invoice comes to."""

    def test_b06_advance_is_taken_off_what_was_delivered(self):
        rule = self._create_rule(price=20, deposit_type="amount", deposit_amount=144)
        self.assertEqual(self._bill_deposit(rule).amount_untaxed, 480 * 0.30)
        self._create_entry(10)
        self._create_entry(11.5)  # delivered: 430
        self.assertEqual(self._bill().amount_untaxed, 286)
        self.assertDeposit(rule, 144, 144, 0)
