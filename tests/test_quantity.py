"""Pure arithmetic, held against exact fractions."""

from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.project_invoice_tracker.tools.quantity import (
    Share,
    round_quantity,
    share_total,
    sum_hours,
    take,
)

STEP_SECONDS = st.sampled_from([36, 60, 300, 360, 600, 900, 1200, 1800, 3600, 28800])
SECONDS = st.integers(-200_000, 200_000)
METHODS = st.sampled_from(["up", "nearest", "down"])


def stored(seconds):
    """Return whole seconds as hours with the six digits that the ledger keeps."""
    return round(seconds / 3600, 6)


def exact(seconds, step, method):
    """Return the rounded seconds by whole-number arithmetic, away from zero."""
    sign, steps = (-1 if seconds < 0 else 1), Fraction(abs(seconds), step)
    whole = {
        "up": -(-steps.numerator // steps.denominator),
        "nearest": (2 * steps.numerator + steps.denominator) // (2 * steps.denominator),
        "down": steps.numerator // steps.denominator,
    }[method]
    return sign * whole * step


def decimals(value, digits):
    """Return a float as the whole number of its last digits."""
    return round(value * 10**digits)


@tagged("post_install", "-at_install", "standard")
class TestRoundQuantity(BaseCase):
    """Hours rounded by a step, from the six digits that the ledger keeps."""

    @settings(deadline=None, max_examples=500)
    @given(SECONDS, STEP_SECONDS, METHODS)
    @example(3600, 600, "down")
    @example(7200, 1200, "up")
    def test_rounding_equals_whole_second_arithmetic(self, seconds, step, method):
        hours = round_quantity(stored(seconds), stored(step), method)
        self.assertAlmostEqual(hours, exact(seconds, step, method) / 3600, 9)

    @settings(deadline=None)
    @given(SECONDS, STEP_SECONDS, METHODS, st.integers(0, 20_000))
    def test_a_correction_rounds_like_its_opposite(self, seconds, step, method, least):
        arguments = (stored(step), method, stored(least))
        self.assertEqual(
            round_quantity(stored(-seconds), *arguments),
            -round_quantity(stored(seconds), *arguments),
        )

    @settings(deadline=None)
    @given(SECONDS, SECONDS, STEP_SECONDS, METHODS)
    def test_more_work_never_rounds_to_less(self, one, other, step, method):
        less, more = sorted((one, other))
        self.assertLessEqual(
            round_quantity(stored(less), stored(step), method),
            round_quantity(stored(more), stored(step), method),
        )

    @settings(deadline=None)
    @given(SECONDS, STEP_SECONDS, METHODS)
    def test_rounding_moves_by_less_than_a_step(self, seconds, step, method):
        moved = round_quantity(stored(seconds), stored(step), method) - seconds / 3600
        limit = step / 3600 / (2 if method == "nearest" else 1)
        self.assertLessEqual(abs(moved), limit + 1e-6)

    @settings(deadline=None)
    @given(SECONDS, STEP_SECONDS, METHODS)
    def test_rounding_twice_changes_nothing(self, seconds, step, method):
        once = round_quantity(stored(seconds), stored(step), method)
        self.assertEqual(round_quantity(once, stored(step), method), once)

    def test_nothing_stays_nothing_whatever_the_minimum(self):
        self.assertEqual(round_quantity(0.0, 0.25, "up", 1.0), 0.0)

    def test_less_than_the_minimum_is_the_minimum(self):
        self.assertEqual(round_quantity(0.1, 0.25, "nearest", 0.5), 0.5)
        self.assertEqual(round_quantity(-0.1, 0.25, "nearest", 0.5), -0.5)
        self.assertEqual(round_quantity(0.6, 0.25, "up", 0.5), 0.75)

    def test_a_full_step_is_not_rounded_up_to_the_next_one(self):
        for hours in (0.25, 0.5, 2.0, 7.75):
            self.assertEqual(round_quantity(hours, 0.25, "up"), hours)
        self.assertEqual(round_quantity(0.250001, 0.25, "up"), 0.25)
        self.assertEqual(round_quantity(0.2501, 0.25, "up"), 0.5)


@tagged("post_install", "-at_install", "standard")
class TestSumHours(BaseCase):
    """Thirds of hours, stored with six digits, sum to what was worked."""

    @settings(deadline=None)
    @given(st.lists(SECONDS, max_size=400))
    def test_sum_is_exact_to_the_second(self, seconds):
        hours = sum_hours(map(stored, seconds))
        self.assertAlmostEqual(hours, sum(seconds) / 3600, 10)

    def test_three_times_ten_minutes_are_half_an_hour(self):
        self.assertEqual(sum_hours([0.166667] * 3), 0.5)

    def test_ten_thousand_times_twenty_minutes_lose_nothing(self):
        self.assertEqual(sum_hours([0.333333] * 10_000), 10_000 / 3)

    @settings(deadline=None)
    @given(st.lists(st.integers(-1_000_000, 1_000_000), max_size=50))
    def test_typed_decimal_hours_stay_as_typed(self, thousandths):
        hours = sum_hours(number / 1000 for number in thousandths)
        self.assertAlmostEqual(hours, sum(thousandths) / 1000, 9)


@tagged("post_install", "-at_install", "standard")
class TestShareTotal(BaseCase):
    """A total split over pieces, to the last digit."""

    WEIGHTS = st.lists(st.integers(0, 500_000), min_size=1, max_size=60)
    DIGITS = st.sampled_from([0, 2, 3, 6])

    @settings(deadline=None)
    @given(st.integers(-(10**8), 10**8), st.lists(SECONDS, max_size=60), DIGITS)
    def test_pieces_sum_to_the_total_whatever_the_signs(self, total, weights, digits):
        pieces = share_total(total / 10**digits, list(map(stored, weights)), digits)
        self.assertEqual(len(pieces), len(weights))
        if weights:
            self.assertEqual(sum(decimals(p, digits) for p in pieces), total)

    @settings(deadline=None)
    @given(st.integers(-(10**8), 10**8), WEIGHTS, DIGITS)
    def test_no_piece_is_off_by_more_than_one_unit(self, total, weights, digits):
        if not sum(weights):
            return
        pieces = share_total(total / 10**digits, weights, digits)
        for piece, weight in zip(pieces, weights, strict=True):
            fair = Fraction(total * weight, sum(weights))
            self.assertLessEqual(abs(decimals(piece, digits) - fair), 1)

    @settings(deadline=None)
    @given(st.integers(0, 10**8), WEIGHTS, DIGITS)
    def test_work_of_one_sign_never_gets_a_piece_of_the_other(
        self, total, weights, digits
    ):
        if sum(weights):
            pieces = share_total(total / 10**digits, weights, digits)
            self.assertGreaterEqual(min(pieces), 0)
            pieces = share_total(-total / 10**digits, [-w for w in weights], digits)
            self.assertLessEqual(max(pieces), 0)

    def test_no_weight_leaves_all_to_the_last(self):
        self.assertEqual(share_total(1.0, [0.0, 0.0], 2), [0.0, 1.0])
        self.assertEqual(share_total(1.0, [], 2), [])

    def test_a_currency_without_cents_gets_none(self):
        self.assertEqual(share_total(100, [1, 1, 1], 0), [33, 34, 33])


@tagged("post_install", "-at_install", "standard")
class TestTake(BaseCase):
    """Taking the newest first: what a lowered line or a credit note frees."""

    @staticmethod
    def shares(pieces, factor=1):
        return [
            Share(
                key=index,
                quantity=seconds / 1000,
                invoiced=factor * seconds / 1000,
                amount=round(seconds / 10, 2),
            )
            for index, seconds in enumerate(pieces)
        ]

    PIECES = st.lists(st.integers(1, 30_000), min_size=1, max_size=30)

    @settings(deadline=None)
    @given(PIECES, st.integers(0, 1_000_000), st.sampled_from([1, 2, -1]))
    def test_exactly_what_is_wanted_is_taken(self, pieces, wanted, factor):
        shares = self.shares(pieces, factor)
        total = sum(pieces) * factor
        wanted = min(wanted, abs(total)) * (-1 if total < 0 else 1)
        taken = take(shares, wanted / 1000)
        self.assertAlmostEqual(sum(row[2] for row in taken), wanted / 1000, 5)
        self.assertAlmostEqual(sum(row[1] for row in taken), wanted / 1000 / factor, 4)

    @settings(deadline=None)
    @given(PIECES, st.integers(0, 1_000_000))
    def test_no_share_gives_more_than_it_has(self, pieces, wanted):
        for share, quantity, invoiced, amount in take(
            self.shares(pieces), wanted / 1000
        ):
            self.assertLessEqual(quantity, share.quantity + 1e-9)
            self.assertLessEqual(invoiced, share.invoiced + 1e-9)
            self.assertLessEqual(amount, share.amount + 1e-9)

    @settings(deadline=None)
    @given(PIECES, st.integers(1, 1_000_000))
    def test_the_first_are_emptied_before_the_next_is_touched(self, pieces, wanted):
        taken = take(self.shares(pieces), wanted / 1000)
        self.assertEqual([row[0].key for row in taken], list(range(len(taken))))
        for share, quantity, _invoiced, amount in taken[:-1]:
            self.assertEqual((quantity, amount), (share.quantity, share.amount))

    @settings(deadline=None)
    @given(st.lists(st.integers(-30_000, 30_000), min_size=1, max_size=30))
    def test_everything_can_be_taken_corrections_included(self, pieces):
        shares = self.shares(pieces)
        taken = take(shares, sum(pieces) / 1000)
        self.assertEqual([row[0] for row in taken], shares)

    def test_corrections_stay_when_a_part_is_taken(self):
        taken = take(self.shares([-2000, 8000]), 3)
        self.assertEqual([(row[0].key, row[1], row[3]) for row in taken], [(1, 3, 300)])

    def test_a_currency_without_cents_gives_none(self):
        share = Share(key=1, quantity=3, invoiced=3, amount=1000)
        self.assertEqual(take([share], 1, amount_digits=0)[0][3], 333)
        self.assertEqual(take([share], 1, amount_digits=3)[0][3], 333.333)
