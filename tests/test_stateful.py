from collections import Counter

from odoo.tests import freeze_time, tagged

from .common import BillingCommon
from .stateful import GROUPS, NEEDS, TODAY, Firm
from .stateful_machine import find_undone, get_count, run_sequences


@tagged("heavy", "alone")
@freeze_time(TODAY)
class TestStateful(BillingCommon):
    """Any sequence of clicks: no work billed twice, none lost, money is money.

    ``PIT_SEQUENCES`` sequences of up to 25 steps. A failing one is made minimal,
    printed as a script of calls, and kept for the next run.
    """

    def setUp(self):
        super().setUp()
        self.firm = Firm(self)

    def test_no_sequence_bills_twice_or_loses_work(self):
        counts = Counter()
        sequences = get_count("PIT_SEQUENCES", 200)
        run_sequences("Sequence", self.firm, NEEDS, GROUPS, counts, sequences, 25)
        never, refused = find_undone(counts, NEEDS)
        self.assertFalse(refused, "always refused")
        self.assertLessEqual(len(never), 3, f"chance left out too much: {never}")
