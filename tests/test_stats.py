"""Tests of the comparisons and estimates against closed forms, SciPy, the literature and simulation."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from spareparts.stats import bootstrap_interval, equivalence, holm, mcnemar, paired_wilcoxon, ranking

FIVE = [1.0, 2.0, 3.0, 4.0, 5.0]

accuracies = st.integers(0, 1000).map(lambda count: count / 10)
pairs = st.lists(st.tuples(accuracies, accuracies), min_size=2, max_size=12)


def signed_rank_p(differences) -> float:
    """The exact two-sided p by listing all signs: the share at least as far from the middle as what was seen."""
    differences = np.asarray([d for d in differences if d != 0])
    ranks = scipy_stats.rankdata(np.abs(differences))
    signs = np.array(list(itertools.product((-1, 1), repeat=len(ranks))))
    return float(np.mean(np.abs(signs @ ranks) >= abs(np.sign(differences) @ ranks) - 1e-9))


# Wilcoxon


@pytest.mark.parametrize(("n", "smallest"), [(2, 0.5), (3, 0.25), (5, 0.0625), (8, 0.0078125)])
def test_n_pairs_of_one_sign_attain_two_over_two_to_the_n(n, smallest):
    test = paired_wilcoxon(np.zeros(n), np.arange(1.0, n + 1))
    assert test.p == test.smallest_p == smallest


def test_pairs_without_a_difference_do_not_lower_the_least_possible_p():
    test = paired_wilcoxon([0, 0, 0, 5, 5], [1, 2, 3, 5, 5])
    assert test.n == 5 and test.p == test.smallest_p == 0.25


def test_untied_pairs_give_scipys_exact_p():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 20))
    assert paired_wilcoxon(first, second).p == pytest.approx(scipy_stats.wilcoxon(first, second, method="exact").pvalue)


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=8).filter(any))
@settings(max_examples=40, deadline=None)
def test_ties_and_zeros_are_resolved_by_listing_every_sign(differences):
    test = paired_wilcoxon(np.zeros(len(differences)), np.array(differences, dtype=float))
    assert test.p == pytest.approx(signed_rank_p(differences))


def test_a_tie_is_a_tie_whatever_its_last_bit():
    assert 0.3 - 0.2 != 0.2 - 0.1
    assert paired_wilcoxon([0.2, 0.1, 0.0], [0.3, 0.2, -0.4]).p == signed_rank_p([1, 1, -4])


def test_a_pair_of_huge_values_blurs_only_its_own_difference():
    first, second = np.array([[90.1, 80.2, 95.3, 70.4, 88.5, 91.6, 77.7], [89.0, 78.1, 92.0, 66.0, 83.0, 85.0, 70.0]])
    assert paired_wilcoxon(first, second).p == 2 / 2**7
    assert paired_wilcoxon([*first, 4.1e14], [*second, 3.9e14]).p == 2 / 2**8
    low, high = equivalence([*first, 4.1e14], [*second, 4.1e14], margin=1.0).interval
    student = scipy_stats.ttest_1samp([*(second - first), 0], 0).confidence_interval()
    assert (low, high) == pytest.approx((student.low, student.high))


@given(st.lists(st.integers(-40, 40), min_size=2, max_size=12), st.integers(-30, 30))
@settings(max_examples=40, deadline=None)
def test_ties_do_not_depend_on_the_unit(differences, exponent):
    first = np.arange(len(differences), dtype=float)
    unit, tenths = 10.0**exponent, np.array(differences) / 10
    test, scaled = (paired_wilcoxon(first * one, (first + tenths) * one) for one in (1.0, unit))
    whole = paired_wilcoxon(np.zeros(len(differences)), np.array(differences, dtype=float))
    assert (scaled.p, scaled.rank_biserial) == (test.p, test.rank_biserial) == (whole.p, whole.rank_biserial)


def test_many_tied_pairs_fall_back_on_the_normal_approximation():
    differences = np.tile([1.0, -2.0], 10)
    known = scipy_stats.wilcoxon(differences, method="asymptotic", correction=False)
    assert paired_wilcoxon(np.zeros(20), differences).p == pytest.approx(known.pvalue)


def test_equal_arms_have_p_one_and_no_effect():
    test = paired_wilcoxon(FIVE, FIVE)
    assert (test.p, test.mean_difference, test.rank_biserial, test.interval) == (1, 0, 0, (0, 0))


@given(pairs)
@settings(max_examples=40, deadline=None)
def test_swapping_the_arms_keeps_p_which_lies_above_the_smallest_and_turns_the_effect(values):
    first, second = map(list, zip(*values, strict=True))
    test, swapped = paired_wilcoxon(first, second), paired_wilcoxon(second, first)
    assert swapped.p == pytest.approx(test.p)
    assert swapped.mean_difference == pytest.approx(-test.mean_difference)
    assert swapped.rank_biserial == pytest.approx(-test.rank_biserial)
    assert test.smallest_p * (1 - 1e-9) <= test.p <= 1
    assert -1 <= test.rank_biserial <= 1
    assert test.interval[0] <= test.interval[1]


def test_the_rank_biserial_correlation_is_the_balance_of_the_rank_sums():
    # Ranks 1, 2, 3, of which 2 is negative: (1 + 3 - 2) / 6.
    assert paired_wilcoxon([0.0, 0.0, 0.0], [1.0, -2.0, 3.0]).rank_biserial == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([1.0], [2.0], r"at least 2 values, got \[1.0\]"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], "equal lengths, got 2 and 3"),
        ([1.0, 2.0], [1.0, math.nan], "second must be finite, got nan at position 1"),
        ([math.inf, 2.0], [1.0, 2.0], "first must be finite, got inf at position 0"),
        ([[1.0, 2.0]], [[1.0, 2.0]], r"one-dimensional, got shape \(1, 2\)"),
    ],
)
def test_pairs_that_cannot_be_compared_are_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        paired_wilcoxon(first, second)


# Holm


def test_holm_multiplies_the_ordered_p_values_by_m_and_down_and_never_lets_them_fall():
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({}) == {}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_holm_lies_between_the_raw_p_and_bonferronis(p_values):
    adjusted = holm({str(position): p for position, p in enumerate(p_values)})
    for raw, corrected in zip(p_values, adjusted.values(), strict=True):
        assert raw <= corrected * (1 + 1e-12) and corrected <= min(1, raw * len(p_values)) * (1 + 1e-12)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_holm_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match=f"got {p} for 'mnist'"):
        holm({"mnist": p})


# McNemar


def test_mcnemar_tosses_a_fair_coin_for_every_sample_that_only_one_gets_right():
    first = np.array([True] * 9 + [False] * 2 + [True, False] * 10)
    second = np.array([False] * 9 + [True] * 2 + [True, False] * 10)
    assert mcnemar(first, second) == pytest.approx(scipy_stats.binomtest(2, 11).pvalue)
    assert mcnemar([True, False], [False, True]) == 1
    assert mcnemar([True, True], [True, True]) == 1
    with pytest.raises(ValueError, match="vector of truth values, got int64"):
        mcnemar(np.array([1, 0]), np.array([True, False]))
    with pytest.raises(ValueError, match="equal lengths, got 1 and 2"):
        mcnemar([True], [True, False])


# Means


def test_the_bootstrap_interval_is_the_same_at_every_call_holds_the_mean_and_is_a_point_without_spread():
    once, again = bootstrap_interval(FIVE), bootstrap_interval(FIVE)
    assert once == again
    assert once.interval[0] < once.mean == 3 < once.interval[1]
    assert bootstrap_interval([0.1, 0.1, 0.1]).interval == (pytest.approx(0.1), pytest.approx(0.1))


@pytest.mark.parametrize("count", [2, 3, 7])
def test_below_eight_values_the_interval_is_students(count):
    sample = np.random.default_rng(2).normal(size=count)
    student = scipy_stats.ttest_1samp(sample, 0).confidence_interval(0.95)
    assert bootstrap_interval(sample).interval == pytest.approx((student.low, student.high))


def test_the_interval_of_three_normal_values_holds_their_mean_as_often_as_it_says():
    samples = np.random.default_rng(3).normal(size=(1000, 3))
    held = [low <= 0 <= high for low, high in (bootstrap_interval(sample).interval for sample in samples)]
    assert 0.93 < np.mean(held) < 0.97


def test_the_bootstrap_interval_of_a_large_normal_sample_is_students():
    sample = np.random.default_rng(3).normal(size=400)
    student = scipy_stats.ttest_1samp(sample, 0).confidence_interval()
    assert bootstrap_interval(sample).interval == pytest.approx((student.low, student.high), abs=0.01)


# Several methods


def scores(*, sets=14, methods=4, shift=0.0):
    values = np.random.default_rng(0).standard_normal((sets, methods)) + shift * np.arange(methods)
    return pd.DataFrame(values, columns=list("abcdefgh")[:methods])


def test_the_critical_difference_is_that_of_demsars_example_and_friedmans_p_is_scipys():
    """Demsar (2006, Sec. 3.2.2): four methods on 14 sets, 2.569 sqrt(4 x 5 / (6 x 14)) = 1.25."""
    found = ranking(scores())
    assert found.critical_difference == pytest.approx(1.25, abs=0.005)
    assert found.friedman_p == pytest.approx(scipy_stats.friedmanchisquare(*scores().to_numpy().T).pvalue)


def test_the_best_method_has_rank_one_and_equal_scores_share_a_rank():
    assert ranking(scores(shift=100)).ranks.to_dict() == {"a": 4, "b": 3, "c": 2, "d": 1}
    assert set(ranking(0 * scores()).ranks) == {2.5}
    assert ranking(0 * scores()).friedman_p == 1


def test_methods_further_apart_than_the_critical_difference_are_those_that_nemenyi_tells_apart():
    found = ranking(scores(sets=30, shift=0.6))
    distance = np.abs(np.subtract.outer(found.ranks.to_numpy(), found.ranks.to_numpy()))
    assert np.array_equal(distance > found.critical_difference, found.p.to_numpy() < 0.05)
    assert (found.p.to_numpy() < 0.05).any()


@pytest.mark.parametrize(
    ("table", "message"),
    [(scores(methods=2), "3 methods"), (scores(sets=1), "2 data sets"), (scores().assign(a=np.nan), "finite")],
)
def test_what_cannot_be_ranked_is_refused(table, message):
    with pytest.raises(ValueError, match=message):
        ranking(table)
