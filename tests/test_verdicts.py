"""Tests of the way from a test to a verdict."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spareparts import stats


def pairs(*differences) -> stats.Pairs:
    values = np.array(differences, dtype=float)
    return stats.Pairs(np.zeros(len(values)), values, "paper")


def higher(n: int) -> stats.Planned:
    return stats.sign(pairs(*np.arange(1.0, n + 1)), +1, unit="points")


def decided(*plans: stats.Planned) -> stats.Verdict:
    """Of the first of these tests, corrected over all."""
    return stats.decide_all({str(number): plan for number, plan in enumerate(plans)})["0"]


def part(word: str, n: int = 5, protocol: str | None = "paper") -> stats.Verdict:
    return stats.not_run() if word == "not run" else stats.Verdict(word, 0.2, (0.1, 0.3), n, protocol, "points")


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
        stats.Verdict(**fields | change)


def test_a_significant_difference_is_decided_by_its_sign_if_mean_and_ranks_agree():
    plan, test = higher(8), stats.paired_wilcoxon(np.zeros(8), np.arange(1.0, 9))
    found = decided(plan)
    assert (found.verdict, found.effect, found.interval, found.n) == ("reproduced", 4.5, test.interval, 8)
    assert (found.protocol, found.unit, found.note) == ("paper", "points", "p = 0.0078")
    assert decided(dataclasses.replace(plan, expected=-1)).verdict == "not reproduced"
    plan = stats.sign(pairs(*range(1, 20), -1000), +1)
    assert plan.test.rank_biserial > 0 > plan.test.mean_difference
    found = decided(plan)
    assert found.verdict == "undecided" and found.note.endswith("but mean and ranks differ in sign")


def test_few_pairs_or_a_correction_leave_a_difference_undecided():
    assert (decided(higher(5)).verdict, decided(higher(5)).note) == ("undecided", "p ≥ 0.0625 at best")
    found = decided(*[higher(7)] * 4)
    assert (found.verdict, found.note) == ("undecided", "p ≥ 0.0625 at best")
    assert decided(*[higher(8)] * 4).verdict == "reproduced"
    found = stats.decide_all({"a": higher(6), "b": stats.sign(pairs(), +1)})
    assert (found["a"].verdict, found["b"].verdict) == ("undecided", "not run")
    assert decided(higher(6)).verdict == "reproduced"
    six = stats.decide_all({"a": higher(12), "b": stats.sign(pairs(*range(1, 6), -9), +1)})["b"]
    assert six.note == f"p = {stats.paired_wilcoxon([0] * 6, [1, 2, 3, 4, 5, -9]).p:.2g}"  # it might have been decisive
    assert decided(stats.sign(pairs(*range(1, 4), *[0] * 7), +1)).note.startswith("only 3 of 10 pairs differ: p ≥")
    assert decided(stats.sign(pairs(0, 0), +1)).note == "only 0 of 2 pairs differ: p ≥ 1 at best"
    mixed = stats.sign(pairs(*range(1, 9), -9), +1)
    assert (decided(mixed).verdict, decided(mixed).note) == ("undecided", f"p = {mixed.test.p:.2g}")


def test_the_expected_sign_is_one_a_margin_is_not_0_and_one_run_is_no_test():
    with pytest.raises(ValueError, match=r"expected must be \+1 or -1, got 0"):
        stats.sign(pairs(1, 2), 0)
    for wrong in ({"threshold": 0}, {"threshold": math.nan}, {"expected": 0}):
        with pytest.raises(ValueError, match=r"threshold must be finite and not 0|expected must be \+1 or -1, got 0"):
            stats.beyond(pairs(1, 2), **{"threshold": 1, "expected": 1, "unit": ""} | wrong)
    assert stats.within(pairs(1), margin=0.5, unit="").note == "one run is no test"


@pytest.mark.parametrize(
    ("shift", "noise", "word", "note"),
    [
        (0.0, 0.1, "reproduced", "within 0.5, p = "),
        (2.0, 0.1, "not reproduced", "beyond 0.5"),
        (-2.0, 0.1, "not reproduced", "beyond 0.5"),
        (0.0, 3.0, "undecided", "n = 8 had power 0.00 at a margin of 0.5"),
    ],
)
def test_equivalence_is_reproduced_inside_the_margin_refuted_outside_and_open_between(shift, noise, word, note):
    found = stats.within(pairs(*(shift + noise * np.tile([1.0, -1.0], 4))), margin=0.5, unit="points")
    assert found.verdict == word and found.note.startswith(note)


@pytest.mark.parametrize(
    ("differences", "threshold", "expected", "word"),
    [
        ((1.0, 1.1, 0.9), 0.5, +1, "reproduced"),
        ((1.0, 1.1, 0.9), -0.5, +1, "reproduced"),
        ((0.1, 0.2, 0.0), 0.5, +1, "not reproduced"),
        ((0.1, 0.2, 0.0), 0.5, -1, "reproduced"),
        ((0.4, 0.6, 0.5), 0.5, +1, "undecided"),
        ((1.0,), 0.5, +1, "undecided"),
        ((), 0.5, +1, "not run"),
    ],
)
def test_a_margin_is_decided_by_where_the_interval_lies(differences, threshold, expected, word):
    assert stats.beyond(pairs(*differences), threshold=threshold, expected=expected, unit="").verdict == word


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
    assert stats.combine({str(number): part(word) for number, word in enumerate(words)}).verdict == whole


@given(st.lists(st.sampled_from(stats.VERDICTS), min_size=1, max_size=5), st.randoms())
def test_the_order_of_the_parts_does_not_matter(words, random):
    shuffled = random.sample(words, len(words))
    first, second = (stats.combine({str(n): part(word) for n, word in enumerate(o)}) for o in (words, shuffled))
    assert (first.verdict, first.n, first.protocol) == (second.verdict, second.n, second.protocol)


def test_the_whole_names_what_failed_and_is_missing_has_the_smallest_n_and_is_reduced_if_a_part_is():
    verdict = stats.combine({"mnist": part("not reproduced"), "cifar10": stats.not_run(), "cifar100": stats.not_run()})
    assert verdict.note == "not reproduced: mnist +0.2 points; not run: cifar10, cifar100"
    verdict = stats.combine({"a": part("reproduced", 10), "b": part("reproduced", 3, "reduced"), "c": stats.not_run()})
    assert (verdict.n, verdict.protocol) == (3, "reduced")
    assert stats.combine({"a": stats.not_run()}).protocol is None
    with pytest.raises(ValueError, match="at least one part, got none"):
        stats.combine({})
    share = stats.Verdict("reproduced", 8.01, None, 1, "paper", "% of the parameters", level=True)
    gain = stats.Verdict("reproduced", 0.5, None, 3, "paper", "points")
    whole = stats.combine({"share": share, "gain": gain})
    assert whole.note == "reproduced: share 8.01% of the parameters, gain +0.5 points"
