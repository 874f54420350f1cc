"""How numbers are worded: means with deviations, differences with intervals."""

import numpy as np
import pytest

from spareparts.stats import (
    BLANK,
    Pairs,
    difference,
    difference_words,
    equivalence,
    spread,
    with_deviation,
)


def pairs(*differences):
    first = np.linspace(60, 70, len(differences))
    return Pairs(first, first + np.array(differences), "paper")


def test_a_spread_is_mean_and_sample_deviation_of_what_is_finite():
    assert spread([1.0, 3.0, float("nan"), None]) == "2.00 (1.41)"
    assert spread([12_345.6], digits=0) == f"12,346 ({BLANK})"
    assert spread([]) == spread([None]) == BLANK
    assert spread([-0.001, 0.0]) == "0.00 (0.00)"
    assert with_deviation(1.0, 0.25, digits=1) == "1.0 (0.2)" and with_deviation(-0.001, None) == f"0.00 ({BLANK})"


def test_a_difference_is_second_less_first_with_students_interval_around_it():
    found = pairs(1.0, 0.5, 2.0)
    mean, low, high = difference(found)
    assert mean == pytest.approx(3.5 / 3) and (low + high) / 2 == pytest.approx(mean)
    assert (low, high) == equivalence(*found[:2], margin=0.1).outer_interval
    assert difference_words(found) == f"{mean:+.2f} ({low:+.2f} to {high:+.2f}, n = 3)"


def test_one_pair_has_no_interval_and_no_pair_no_difference():
    assert difference_words(pairs(2.0)) == "+2.00 (n = 1)" and difference(pairs(2.0)) == (2.0, 2.0, 2.0)
    assert difference_words(pairs()) == BLANK and np.isnan(difference(pairs())).all()
    assert difference_words(pairs(-0.001)) == "+0.00 (n = 1)"
