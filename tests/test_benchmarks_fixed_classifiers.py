"""The rows of heads: both sides run at a small size, and ways that disagree are told."""

import math

import pytest
import torch
from benchmarks import fixed_classifiers as rows
from benchmarks.compare import compare

ROWS = (rows.hadamard_4096, rows.head_step, rows.head_inference)


@pytest.mark.parametrize("prepare", ROWS, ids=lambda prepare: prepare.__name__)
def test_both_sides_of_each_row_run(monkeypatch, prepare):
    monkeypatch.setattr(rows, "SIZE", 256)
    found = compare(prepare.__name__, prepare(), seconds=0)
    assert math.isfinite(found["ratio"]) and found["ours"] > 0


def test_ways_that_disagree_are_told():
    rows.check(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0 + 1e-6]))
    with pytest.raises(ValueError, match=r"both ways must agree to 1e-05, got 0.5"):
        rows.check(torch.tensor([1.0, 1.0]), torch.tensor([1.0, 2.0]))
