from collections import Counter

from odoo.tests import freeze_time, tagged

from .common import BillingCommon
from .stateful import TODAY
from .stateful_deals import DEAL_GROUPS, DEAL_NEEDS, Deals
from .stateful_machine import find_undone, get_count, run_sequences


@tagged("heavy")
@freeze_time(TODAY)
class TestStatefulDeals(BillingCommon):
    """Any sequence of clicks on every kind of deal: fees, packs, progress, costs.

    ``PIT_DEAL_SEQUENCES`` sequences of up to 20 steps, see :class:`.test_stateful`.
    """

    def setUp(self):
        super().setUp()
        self.firm = Deals(self)

    def test_no_sequence_breaks_a_deal(self):
        counts = Counter()
        sequences = get_count("PIT_DEAL_SEQUENCES", 60)
        run_sequences(
            "Deals", self.firm, DEAL_NEEDS, DEAL_GROUPS, counts, sequences, 20
        )
        never, refused = find_undone(counts, DEAL_NEEDS)
        self.assertFalse(refused, "always refused")
        self.assertLessEqual(len(never), 8, f"chance left out too much: {never}")
