"""Measured work as a result."""

import math

import numpy as np
import pytest

from spareparts.records import Diverged, measured, rounded


def test_what_is_found_is_kept_to_five_digits_with_its_time_and_device():
    found = measured(lambda: ({"a": 1 / 3, "b": [2, 1e-9 / 3]}, {"c": np.ones(2)}), device="processor")
    assert found.metrics == {"a": 0.33333, "b": [2, 3.3333e-10]}
    assert found.outcome == "finished" and found.diverged_step is None
    assert found.device == "processor" and found.seconds > 0 and found.arrays["c"].tolist() == [1, 1]


def test_work_that_diverged_is_a_result_with_its_step_and_other_errors_are_none():
    def diverge():
        raise Diverged(7)

    found = measured(diverge, device="processor")
    assert (found.outcome, found.diverged_step, found.metrics, found.arrays) == ("diverged", 7, {}, {})
    with pytest.raises(ZeroDivisionError):
        measured(lambda: 1 / 0, device="processor")


def test_what_is_no_finite_float_stays_as_it_is():
    assert rounded({"x": (True, "word", 123456789, None)}) == {"x": [True, "word", 123456789, None]}
    assert rounded(math.inf) == math.inf and math.isnan(rounded(math.nan))
