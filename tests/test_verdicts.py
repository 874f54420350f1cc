"""Tests of the way from a test to a verdict."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spareparts.stats import (
    VERDICTS,
    Verdict,
    combine,
    decide_equivalence,
    decide_sign,
    equivalence,
    not_run,
    paired_wilcoxon,
    spearman,
)

EIGHT = np.arange(8.0)
HIGHER = paired_wilcoxon(EIGHT, EIGHT * 1.1 + 0.1)
SETTINGS = {"protocol": "paper", "unit": "points"}


def part(word: str, n: int = 5, protocol: str | None = "paper") -> Verdict:
    return not_run() if word == "not run" else Verdict(word, 0.2, (0.1, 0.3), n, protocol, "points")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"verdict": "proved"}, "verdict must be one of .*, got 'proved'"),
        ({"protocol": "short"}, "protocol must be paper, reduced or None, got 'short'"),
        ({"effect": math.nan}, "effect must be finite or None, got nan"),
        ({"interval": (2.0, 1.0)}, r"interval must be \(low, high\), got \(2.0, 1.0\)"),
        ({"n": -1}, "n must be 0 or more, got -1"),
    ],
)
def test_a_verdict_that_no_reader_could_interpret_is_refused(change, message):
    fields = {"verdict": "undecided", "effect": 0.1, "interval": (0.0, 1.0), "n": 5, "protocol": "paper"}
    with pytest.raises(ValueError, match=message):
        Verdict(**fields | change)


def test_a_significant_difference_is_reproduced_or_not_by_its_sign():
    assert decide_sign(HIGHER, expected=1, **SETTINGS).verdict == "reproduced"
    assert decide_sign(HIGHER, expected=-1, **SETTINGS).verdict == "not reproduced"


def test_a_verdict_carries_effect_interval_n_protocol_unit_and_note():
    verdict = decide_sign(HIGHER, expected=1, note="live experts only", **SETTINGS)
    assert (verdict.effect, verdict.interval, verdict.n) == (HIGHER.mean_difference, HIGHER.interval, 8)
    assert (verdict.protocol, verdict.unit) == ("paper", "points")
    assert verdict.note == "live experts only; p = 0.0078"


def test_correction_can_take_significance_away():
    verdict = decide_sign(HIGHER, expected=1, corrected_p=0.06, **SETTINGS)
    assert (verdict.verdict, verdict.note) == ("undecided", "p = 0.06")


def test_five_pairs_decide_nothing_and_the_note_says_why():
    test = paired_wilcoxon(EIGHT[:5], EIGHT[:5] * 1.1 + 0.1)
    verdict = decide_sign(test, expected=1, **SETTINGS)
    assert (verdict.verdict, verdict.note) == ("undecided", "n = 5 allows no p below 0.0625")


def test_seven_pairs_decide_nothing_over_four_data_sets_and_eight_do():
    seven = paired_wilcoxon(EIGHT[:7], EIGHT[:7] * 1.1 + 0.1)
    verdict = decide_sign(seven, expected=1, corrected_p=4 * seven.p, comparisons=4, **SETTINGS)
    assert (verdict.verdict, verdict.note) == ("undecided", "n = 7 allows no p below 0.0156, 0.0625 over 4 tests")
    assert decide_sign(HIGHER, expected=1, corrected_p=4 * HIGHER.p, comparisons=4, **SETTINGS).verdict == "reproduced"


def test_a_mean_on_the_other_side_of_the_ranks_decides_nothing():
    test = paired_wilcoxon(np.zeros(10), np.append(np.arange(1.0, 10), -100.0))
    assert test.rank_biserial > 0 > test.mean_difference
    verdict = decide_sign(test, expected=1, corrected_p=0.01, **SETTINGS)
    assert (verdict.verdict, verdict.note) == ("undecided", "p = 0.01, but mean and ranks differ in sign")


def test_a_rank_correlation_is_decided_by_its_sign_too():
    falling = spearman(np.arange(30.0), -np.arange(30.0))
    verdict = decide_sign(falling, expected=-1, protocol="reduced", unit="rho")
    assert (verdict.verdict, verdict.effect) == ("reproduced", pytest.approx(-1))


def test_the_expected_sign_is_a_sign():
    with pytest.raises(ValueError, match=r"expected must be \+1 or -1, got 0"):
        decide_sign(HIGHER, expected=0, **SETTINGS)


@pytest.mark.parametrize(
    ("shift", "noise", "word"),
    [(0.0, 0.1, "reproduced"), (2.0, 0.1, "not reproduced"), (-2.0, 0.1, "not reproduced"), (0.0, 3.0, "undecided")],
)
def test_equivalence_is_reproduced_inside_the_margin_refuted_outside_and_open_between(shift, noise, word):
    second = EIGHT + shift + noise * np.tile([1.0, -1.0], 4)
    test = equivalence(EIGHT, second, margin=0.5)
    verdict = decide_equivalence(test, **SETTINGS)
    assert verdict.verdict == word
    assert verdict.interval == test.outer_interval


def test_an_undecided_equivalence_gives_its_power():
    test = equivalence(EIGHT, EIGHT + 3 * np.tile([1.0, -1.0], 4), margin=0.5)
    assert decide_equivalence(test, **SETTINGS).note == "n = 8 had power 0.00 at a margin of 0.5"


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        (["reproduced", "reproduced"], "reproduced"),
        (["reproduced", "not reproduced"], "not reproduced"),
        (["not run", "not reproduced"], "not reproduced"),
        (["reproduced", "undecided"], "undecided"),
        (["reproduced", "not run"], "undecided"),
        (["undecided", "not run"], "undecided"),
        (["not run", "not run"], "not run"),
    ],
)
def test_a_claim_is_as_good_as_its_weakest_part(words, whole):
    assert combine({str(number): part(word) for number, word in enumerate(words)}).verdict == whole


@given(st.lists(st.sampled_from(VERDICTS), min_size=1, max_size=5), st.randoms())
def test_the_order_of_the_parts_does_not_matter(words, random):
    shuffled = random.sample(words, len(words))
    first, second = (combine(dict(enumerate_names(order))) for order in (words, shuffled))
    assert (first.verdict, first.n, first.protocol) == (second.verdict, second.n, second.protocol)


def enumerate_names(words):
    return ((f"part {number}", part(word)) for number, word in enumerate(words))


def test_the_whole_names_the_parts_that_failed_and_those_that_are_missing():
    verdict = combine({"mnist": part("not reproduced"), "cifar10": not_run(), "cifar100": not_run()})
    assert verdict.note == "not reproduced: mnist +0.2 points; not run: cifar10, cifar100"


def test_the_whole_has_the_smallest_n_that_ran_and_is_reduced_if_any_part_is():
    verdict = combine({"a": part("reproduced", 10), "b": part("reproduced", 3, "reduced"), "c": not_run()})
    assert (verdict.n, verdict.protocol) == (3, "reduced")
    assert combine({"a": not_run()}).protocol is None


def test_a_whole_has_parts():
    with pytest.raises(ValueError, match="at least one part, got none"):
        combine({})


def test_a_level_has_no_sign_and_a_difference_has_one():
    share = Verdict("reproduced", 8.01, None, 1, "paper", "% of the parameters", level=True)
    gain = Verdict("reproduced", 0.5, None, 3, "paper", "points")
    assert combine({"share": share, "gain": gain}).note == "reproduced: share 8.01% of the parameters, gain +0.5 points"
