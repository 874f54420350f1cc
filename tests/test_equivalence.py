"""Tests of the equivalence test and its power against SciPy and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from spareparts.stats import equivalence, equivalence_power

FIVE = [1.0, 2.0, 3.0, 4.0, 5.0]
FIVE_HIGHER = [1.1, 2.2, 3.3, 4.4, 5.5]

accuracies = st.integers(0, 1000).map(lambda count: count / 10)
pairs = st.lists(st.tuples(accuracies, accuracies), min_size=2, max_size=12)


def test_the_tost_p_is_the_larger_of_two_one_sided_t_tests():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 10))
    differences = second - first
    lower = scipy_stats.ttest_1samp(differences, -0.5, alternative="greater").pvalue
    upper = scipy_stats.ttest_1samp(differences, 0.5, alternative="less").pvalue
    assert equivalence(first, second, margin=0.5).p == pytest.approx(max(lower, upper))


@given(pairs, st.floats(0.1, 50))
@settings(max_examples=60, deadline=None)
def test_arms_are_equivalent_exactly_when_the_90_percent_interval_lies_within_the_margin(values, margin):
    first, second = (np.array(side) for side in zip(*values, strict=True))
    test, low, high = equivalence(first, second, margin=margin), *(float((second - first).mean()),) * 2
    if test.interval[0] < test.interval[1]:
        low, high = scipy_stats.ttest_1samp(second - first, 0).confidence_interval(0.9)
    assert test.equivalent == (-margin < low and high < margin)
    assert test.interval[0] <= low <= high <= test.interval[1]


@pytest.mark.parametrize(("n", "sd"), [(2, 1.0), (3, 0.3), (5, 0.3), (10, 0.5), (30, 1.0)])
def test_the_power_of_equivalence_is_how_often_simulated_equal_arms_pass(n, sd):
    draws = np.random.default_rng(2).normal(0, sd, size=(20_000, n))
    half = scipy_stats.t.ppf(0.95, n - 1) * draws.std(axis=1, ddof=1) / math.sqrt(n)
    passed = np.abs(draws.mean(axis=1)) + half < 0.5
    assert equivalence_power(n, sd, margin=0.5) == pytest.approx(passed.mean(), abs=0.015)


@pytest.mark.parametrize(("sd", "power"), [(0.01, 1.0), (0.0, 1.0), (50.0, 0.0)])
def test_power_goes_from_one_without_noise_to_nothing_with_much(sd, power):
    assert equivalence_power(500, sd, margin=0.5) == pytest.approx(power, abs=1e-6)


def test_differences_without_spread_are_decided_by_the_margin_alone():
    # A quarter is exact in binary: every difference is the same number.
    inside, outside = (equivalence(FIVE, np.add(FIVE, 0.25), margin=margin) for margin in (0.5, 0.2))
    assert (inside.p, inside.equivalent, inside.interval) == (0, True, (0.25, 0.25))
    assert (outside.p, outside.equivalent, outside.power) == (1, False, 1)


@pytest.mark.parametrize("margin", [0.0, math.nan])
def test_a_margin_is_positive(margin):
    with pytest.raises(ValueError, match=f"margin must be positive, got {margin}"):
        equivalence(FIVE, FIVE_HIGHER, margin=margin)


def test_power_needs_two_pairs():
    with pytest.raises(ValueError, match=r"at least 2 pairs .* got n = 1"):
        equivalence_power(1, 0.3, margin=0.5)
