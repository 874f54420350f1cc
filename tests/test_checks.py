"""What is refused: numbers that are NaN, labels that are none, and sizes that would be repeated to fit."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spareparts import checks

NUMBERS = st.floats() | st.integers(-(10**9), 10**9)


def passes(check, *arguments, **values) -> bool:
    try:
        check(*arguments, **values)
    except ValueError as error:
        (name,) = values
        assert str(error).startswith(f"{name} must be ") and "got " in str(error)
        return False
    return True


@given(NUMBERS)
def test_a_number_passes_just_where_it_is_right_and_finite(value):
    assert passes(checks.positive, rate=value) == (math.isfinite(value) and value > 0)
    assert passes(checks.at_least, 1, rate=value) == (math.isfinite(value) and value >= 1)
    assert passes(checks.whole, 0, count=value) == (math.isfinite(value) and value >= 0 and value % 1 == 0)


@given(st.floats(width=32))
def test_a_tensors_number_is_a_number(value):
    assert passes(checks.positive, rate=torch.tensor(value)) == passes(checks.positive, rate=value)


def test_what_replicas_hold_is_not_read():
    def loss(rate):
        checks.positive(rate=rate)
        return rate.square()

    assert torch.func.vmap(torch.func.grad(loss))(torch.tensor([-1.0, 2.0])).tolist() == [-2, 4]


@pytest.mark.parametrize("like", [torch.tensor, np.array])
def test_numbers_that_are_not_finite_are_shown_with_their_place(like):
    checks.finite(rows=like([[1.0, 2.0]]))
    with pytest.raises(ValueError, match=r"rows must be finite, got .*nan.* at \[1, 0\]"):
        checks.finite(rows=like([[1.0, 2.0], [math.nan, math.inf]]))


@pytest.mark.parametrize("like", [torch.tensor, np.array])
@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ([0, 3], r"in 0\.\.2, got 0\.\.3"),
        ([-1, 2], r"in 0\.\.2, got -1\.\.2"),
        ([0.0, math.nan], r"whole numbers of shape \(batch,\), got float"),
        ([True, False], "whole numbers of shape"),
        ([[0, 1]], r"of shape \(1, 2\)"),
    ],
)
def test_labels_are_whole_numbers_below_the_classes(like, values, complaint):
    checks.labels(like([0, 2, 1]), count=3)
    with pytest.raises(ValueError, match=f"labels must .*{complaint}"):
        checks.labels(like(values), count=3)


def test_nothing_is_repeated_to_fit():
    one, three = torch.zeros(1), torch.zeros(3)
    with pytest.raises(ValueError, match="inputs and labels must be equally many and at least one, got 3 and 1"):
        checks.equally_many(inputs=three, labels=one)
    with pytest.raises(ValueError, match="inputs must be equally many and at least one, got 0"):
        checks.equally_many(inputs=torch.zeros(0))
    with pytest.raises(ValueError, match=r"first and second must share a shape, got \(3,\) and \(1,\)"):
        checks.same_shape(first=three, second=one)
    with pytest.raises(ValueError, match=r"inputs must have 4 features, got shape \(3,\)"):
        checks.width(4, inputs=three)
    with pytest.raises(ValueError, match=r"inputs must be floating-point numbers, got torch.int64"):
        checks.width(3, inputs=three.long())
