"""Comparisons, estimates and pairs against closed forms, SciPy, the literature and simulation."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from spareparts import stats

FIVE = [1.0, 2.0, 3.0, 4.0, 5.0]

accuracies = st.integers(0, 1000).map(lambda count: count / 10)
pairs = st.lists(st.tuples(accuracies, accuracies), min_size=2, max_size=12)


def signed_rank_p(differences) -> float:
    """The exact two-sided p by listing all signs: the share at least as far from the middle as what was seen."""
    differences = np.asarray([d for d in differences if d != 0])
    ranks = scipy_stats.rankdata(np.abs(differences))
    signs = np.array(list(itertools.product((-1, 1), repeat=len(ranks))))
    return float(np.mean(np.abs(signs @ ranks) >= abs(np.sign(differences) @ ranks) - 1e-9))


@pytest.mark.parametrize(("n", "smallest"), [(2, 0.5), (3, 0.25), (5, 0.0625), (8, 0.0078125)])
def test_n_pairs_of_one_sign_attain_two_over_two_to_the_n(n, smallest):
    test = stats.paired_wilcoxon(np.zeros(n), np.arange(1.0, n + 1))
    assert test.p == test.smallest_p == smallest
    # Ranks 1, 2, 3, of which 2 is negative: (1 + 3 - 2) / 6.
    assert stats.paired_wilcoxon([0.0, 0.0, 0.0], [1.0, -2.0, 3.0]).rank_biserial == pytest.approx(1 / 3)


def test_pairs_without_a_difference_do_not_lower_the_least_p_and_equal_arms_have_no_effect():
    test = stats.paired_wilcoxon([0, 0, 0, 5, 5], [1, 2, 3, 5, 5])
    assert test.n == 5 and test.p == test.smallest_p == 0.25
    test = stats.paired_wilcoxon(FIVE, FIVE)
    assert (test.p, test.mean_difference, test.rank_biserial, test.interval) == (1, 0, 0, (0, 0))


def test_untied_pairs_give_scipys_exact_p_and_many_tied_ones_its_normal_approximation():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 20))
    known = scipy_stats.wilcoxon(first, second, method="exact")
    assert stats.paired_wilcoxon(first, second).p == pytest.approx(known.pvalue)
    differences = np.tile([1.0, -2.0], 10)
    known = scipy_stats.wilcoxon(differences, method="asymptotic", correction=False)
    assert stats.paired_wilcoxon(np.zeros(20), differences).p == pytest.approx(known.pvalue)


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=8).filter(any))
@settings(max_examples=40)
def test_ties_and_zeros_are_resolved_by_listing_every_sign(differences):
    test = stats.paired_wilcoxon(np.zeros(len(differences)), np.array(differences, dtype=float))
    assert test.p == pytest.approx(signed_rank_p(differences))


def test_a_tie_is_a_tie_whatever_its_last_bit_and_a_huge_pair_blurs_only_its_own_difference():
    assert 0.3 - 0.2 != 0.2 - 0.1
    assert stats.paired_wilcoxon([0.2, 0.1, 0.0], [0.3, 0.2, -0.4]).p == signed_rank_p([1, 1, -4])
    first, second = np.array([[90.1, 80.2, 95.3, 70.4, 88.5, 91.6, 77.7], [89.0, 78.1, 92.0, 66.0, 83.0, 85.0, 70.0]])
    assert stats.paired_wilcoxon(first, second).p == 2 / 2**7
    assert stats.paired_wilcoxon([*first, 4.1e14], [*second, 3.9e14]).p == 2 / 2**8
    low, high = stats.equivalence([*first, 4.1e14], [*second, 4.1e14], margin=1.0).interval
    student = scipy_stats.ttest_1samp([*(second - first), 0], 0).confidence_interval()
    assert (low, high) == pytest.approx((student.low, student.high))


@given(st.lists(st.integers(-40, 40), min_size=2, max_size=12), st.integers(-30, 30))
@settings(max_examples=40)
def test_ties_do_not_depend_on_the_unit(differences, exponent):
    first = np.arange(len(differences), dtype=float)
    unit, tenths = 10.0**exponent, np.array(differences) / 10
    test, scaled = (stats.paired_wilcoxon(first * one, (first + tenths) * one) for one in (1.0, unit))
    whole = stats.paired_wilcoxon(np.zeros(len(differences)), np.array(differences, dtype=float))
    assert (scaled.p, scaled.rank_biserial) == (test.p, test.rank_biserial) == (whole.p, whole.rank_biserial)


@given(pairs)
@settings(max_examples=40)
def test_swapping_the_arms_keeps_p_which_lies_above_the_smallest_and_turns_the_effect(values):
    first, second = map(list, zip(*values, strict=True))
    test, swapped = stats.paired_wilcoxon(first, second), stats.paired_wilcoxon(second, first)
    assert swapped.p == pytest.approx(test.p)
    assert swapped.mean_difference == pytest.approx(-test.mean_difference)
    assert swapped.rank_biserial == pytest.approx(-test.rank_biserial)
    assert test.smallest_p * (1 - 1e-9) <= test.p <= 1
    assert -1 <= test.rank_biserial <= 1
    assert test.interval[0] <= test.interval[1]


def test_holm_multiplies_the_ordered_p_values_by_m_and_down_and_never_lets_them_fall():
    adjusted = stats.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert stats.holm({}) == {}
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=f"got {wrong} for 'mnist'"):
            stats.holm({"mnist": wrong})


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=40)
def test_holm_lies_between_the_raw_p_and_bonferronis(p_values):
    adjusted = stats.holm({str(position): p for position, p in enumerate(p_values)})
    for raw, corrected in zip(p_values, adjusted.values(), strict=True):
        assert raw <= corrected * (1 + 1e-12) and corrected <= min(1, raw * len(p_values)) * (1 + 1e-12)


def test_mcnemar_tosses_a_fair_coin_for_every_sample_that_only_one_gets_right():
    first = np.array([True] * 9 + [False] * 2 + [True, False] * 10)
    second = np.array([False] * 9 + [True] * 2 + [True, False] * 10)
    assert stats.mcnemar(first, second) == pytest.approx(scipy_stats.binomtest(2, 11).pvalue)
    assert stats.mcnemar([True, False], [False, True]) == 1
    assert stats.mcnemar([True, True], [True, True]) == 1
    with pytest.raises(ValueError, match="vector of truth values, got int64"):
        stats.mcnemar(np.array([1, 0]), np.array([True, False]))
    with pytest.raises(ValueError, match="equal lengths, got 1 and 2"):
        stats.mcnemar([True], [True, False])


def test_the_bootstrap_interval_is_the_same_at_every_call_holds_the_mean_and_is_a_point_without_spread():
    once, again = stats.bootstrap_interval(FIVE), stats.bootstrap_interval(FIVE)
    assert once == again
    assert once.interval[0] < once.mean == 3 < once.interval[1]
    assert stats.bootstrap_interval([0.1, 0.1, 0.1]).interval == (pytest.approx(0.1), pytest.approx(0.1))


def test_the_interval_holds_the_mean_of_three_as_often_as_it_says_and_is_students_for_few_and_many():
    samples = np.random.default_rng(3).normal(size=(1000, 3))
    held = [low <= 0 <= high for low, high in (stats.bootstrap_interval(sample).interval for sample in samples)]
    assert 0.93 < np.mean(held) < 0.97
    for count, tolerance in ((2, 1e-9), (3, 1e-9), (7, 1e-9), (400, 0.01)):
        sample = np.random.default_rng(3).normal(size=count)
        student = scipy_stats.ttest_1samp(sample, 0).confidence_interval()
        assert stats.bootstrap_interval(sample).interval == pytest.approx((student.low, student.high), abs=tolerance)


@pytest.mark.parametrize(
    ("compare", "values", "message"),
    [
        (stats.paired_wilcoxon, ([1.0], [2.0]), r"at least 2 values, got \[1.0\]"),
        (stats.paired_wilcoxon, ([1.0, 2.0], [1.0, 2.0, 3.0]), "equal lengths, got 2 and 3"),
        (stats.paired_wilcoxon, ([1.0, 2.0], [1.0, math.nan]), "second must be finite, got nan at position 1"),
        (stats.paired_wilcoxon, ([math.inf, 2.0], [1.0, 2.0]), "first must be finite, got inf at position 0"),
        (stats.paired_wilcoxon, ([[1.0, 2.0]], [[1.0, 2.0]]), r"one-dimensional, got shape \(1, 2\)"),
    ],
)
def test_what_cannot_be_compared_is_refused(compare, values, message):
    with pytest.raises(ValueError, match=message):
        compare(*values)


def test_the_tost_p_is_the_larger_of_two_one_sided_t_tests():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 10))
    differences = second - first
    lower = scipy_stats.ttest_1samp(differences, -0.5, alternative="greater").pvalue
    upper = scipy_stats.ttest_1samp(differences, 0.5, alternative="less").pvalue
    assert stats.equivalence(first, second, margin=0.5).p == pytest.approx(max(lower, upper))


@given(pairs, st.floats(0.1, 50))
@settings(max_examples=60)
def test_arms_are_equivalent_exactly_when_the_90_percent_interval_lies_within_the_margin(values, margin):
    first, second = (np.array(side) for side in zip(*values, strict=True))
    test, low, high = stats.equivalence(first, second, margin=margin), *(float((second - first).mean()),) * 2
    if test.interval[0] < test.interval[1]:
        low, high = scipy_stats.ttest_1samp(second - first, 0).confidence_interval(0.9)
    assert test.equivalent == (-margin < low and high < margin)
    assert test.interval[0] <= low <= high <= test.interval[1]


@pytest.mark.parametrize(("n", "sd"), [(2, 1.0), (3, 0.3), (5, 0.3), (10, 0.5), (30, 1.0)])
def test_the_power_of_equivalence_is_how_often_simulated_equal_arms_pass(n, sd):
    draws = np.random.default_rng(2).normal(0, sd, size=(20_000, n))
    half = scipy_stats.t.ppf(0.95, n - 1) * draws.std(axis=1, ddof=1) / math.sqrt(n)
    passed = np.abs(draws.mean(axis=1)) + half < 0.5
    assert stats.equivalence_power(n, sd, margin=0.5) == pytest.approx(passed.mean(), abs=0.015)


def test_without_spread_the_margin_alone_decides_and_power_goes_from_one_without_noise_to_nothing_with_much():
    # A quarter is exact in binary: every difference is the same number.
    inside, outside = (stats.equivalence(FIVE, np.add(FIVE, 0.25), margin=margin) for margin in (0.5, 0.2))
    assert (inside.p, inside.equivalent, inside.interval) == (0, True, (0.25, 0.25))
    assert (outside.p, outside.equivalent, outside.power) == (1, False, 1)
    for margin in (0.0, math.nan):
        with pytest.raises(ValueError, match=f"margin must be positive, got {margin}"):
            stats.equivalence(FIVE, np.multiply(FIVE, 1.1), margin=margin)
    for sd, power in ((0.01, 1.0), (0.0, 1.0), (50.0, 0.0)):
        assert stats.equivalence_power(500, sd, margin=0.5) == pytest.approx(power, abs=1e-6)
    for n, sd, margin in ((1, 0.3, 0.5), (5, -1.0, 0.5), (5, 0.0, math.nan), (5, 0.3, -1.0)):
        with pytest.raises(ValueError, match=f"a margin above 0 at least, got {n}, {sd} and {margin}"):
            stats.equivalence_power(n, sd, margin=margin)


def run(seed, arm, accuracy, protocol="paper", **settings):
    config = {"seed": seed, "arm": arm, "steps": 10, "precision": "float32"} | settings
    return config | {"accuracy": accuracy, "protocol": protocol, "settings": config}


def frame(*runs):
    return pd.DataFrame(list(runs))


def test_sides_are_paired_by_seed_in_the_order_that_they_are_named_each_once_and_with_values():
    runs = frame(run(2, "b", 4.0), run(1, "a", 1.0), run(1, "b", 3.0), run(2, "a", 2.0), run(3, "c", 9.0))
    first, second, protocol = stats.paired(runs, "accuracy", arm=("a", "b"))
    assert (first.tolist(), second.tolist(), protocol) == ([1, 2], [3, 4], "paper")
    assert stats.paired(runs, "accuracy", arm=("b", "a")).first.tolist() == [3, 4]
    runs = frame(run(1, "a", 1.0), run(1, "b", np.nan), run(2, "a", 1.0), run(3, "a", 1.0), run(3, "b", 2.0))
    assert stats.paired(runs, "accuracy", arm=("a", "b")).second.tolist() == [2.0]
    with pytest.raises(ValueError, match="seed 1 has two runs with arm = 'a'"):
        stats.paired(frame(run(1, "a", 1.0), run(1, "a", 1.0), run(1, "b", 2.0)), "accuracy", arm=("a", "b"))


def test_one_reduced_run_makes_the_pairs_reduced_and_an_unpaired_one_does_not():
    runs = [run(1, "a", 1.0), run(1, "b", 2.0), run(2, "a", 1.0, protocol="reduced")]
    assert stats.paired(frame(*runs), "accuracy", arm=("a", "b")).protocol == "paper"
    assert stats.paired(frame(*runs, run(2, "b", 2.0)), "accuracy", arm=("a", "b")).protocol == "reduced"


@pytest.mark.parametrize("name", ["steps", "precision"])
def test_runs_of_unequal_settings_are_never_paired(name):
    runs = frame(run(1, "a", 1.0), run(1, "b", 2.0, **{name: "other"}))
    with pytest.raises(ValueError, match=f"the runs to be paired differ in {name}: .*'other'"):
        stats.paired(runs, "accuracy", arm=("a", "b"))


def test_settings_that_go_with_a_side_may_be_named_and_unknown_names_are_refused():
    runs = frame(run(1, "a", 1.0), run(1, "b", 2.0, steps=20))
    assert stats.paired(runs, "accuracy", arm=("a", "b"), beside=["steps"]).second.tolist() == [2.0]
    with pytest.raises(ValueError, match="the runs have no column 'acuracy'; they have seed, arm"):
        stats.paired(frame(run(1, "a", 1.0)), "acuracy", arm=("a", "b"))
    with pytest.raises(ValueError, match="name one column with its two values, got none"):
        stats.paired(frame(run(1, "a", 1.0)), "accuracy")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((pd.Series([1.0, 2.0, 3.0]),), "2.00 (1.00)"),
        ((pd.Series([1.0]),), "1.00 (–)"),
        ((pd.Series([np.nan]),), "–"),
        ((pd.Series([1.0, 3.0, np.nan, None]),), "2.00 (1.41)"),
        ((pd.Series([-0.001, 0.0]),), "0.00 (0.00)"),
        ((70.914, 1.086), "70.91 (1.09)"),
        ((-0.001, 0.0), "0.00 (0.00)"),
    ],
)
def test_a_mean_stands_with_its_deviation(arguments, text):
    assert stats.mean_sd(*arguments) == text


def pairs_apart(*differences):
    first = np.linspace(60, 70, len(differences))
    return stats.Pairs(first, first + np.array(differences), "paper")


def test_a_difference_is_second_less_first_with_students_interval_around_it():
    found = pairs_apart(1.0, 0.5, 2.0)
    mean, low, high = stats.difference(found)
    assert mean == pytest.approx(3.5 / 3) and (low + high) / 2 == pytest.approx(mean)
    assert (low, high) == stats.equivalence(*found[:2], margin=0.1).interval
    assert stats.difference_words(found) == f"{mean:+.2f} ({low:+.2f} to {high:+.2f}, n = 3)"


def test_one_pair_has_no_interval_and_no_pair_no_difference():
    assert stats.difference_words(pairs_apart(2.0)) == "+2.00 (n = 1)"
    assert stats.difference(pairs_apart(2.0)) == (2.0, 2.0, 2.0)
    assert stats.difference_words(pairs_apart()) == "–" and np.isnan(stats.difference(pairs_apart())).all()
    assert stats.difference_words(pairs_apart(-0.001)) == "+0.00 (n = 1)"
