"""Planned tests and margins, from pairs whose answer is known."""

import numpy as np
import pytest

from spareparts.stats import Pairs, beyond, decide_all, sign, trend, within


def pairs(*differences):
    values = np.array(differences, dtype=float)
    return Pairs(np.zeros(len(values)), values, "paper")


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
    assert beyond(pairs(*differences), threshold=threshold, expected=expected, unit="").verdict == word


def test_a_margin_of_zero_is_refused():
    with pytest.raises(ValueError, match="threshold must not be 0"):
        beyond(pairs(1, 2), threshold=0, expected=1, unit="")


def test_tests_that_have_not_run_count_in_the_correction():
    one = sign(pairs(*np.arange(1.0, 7)), +1)
    assert decide_all({"a": one})["a"].verdict == "reproduced"
    found = decide_all({"a": one, "b": sign(pairs(), +1)})
    assert (found["a"].verdict, found["b"].verdict) == ("undecided", "not run")


def test_points_without_variation_have_no_trend():
    flat = trend(Pairs(np.arange(9.0), np.ones(9), "paper"), +1)
    assert decide_all({"a": flat})["a"].verdict == "undecided"
    assert within(pairs(1), margin=0.5, unit="").verdict == "undecided"
