"""Ranks and rank sums of all neurons at once, beside SciPy's one by one."""

import numpy as np
import pytest

from spareparts.class_rates import rank_sum, specialized_share


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        ([0, 1, -1], r"labels must lie in 0\.\.1, got -1\.\.1"),
        ([0, 1, 2], r"labels must lie in 0\.\.1, got 0\.\.2"),
        ([0, 1], "activations and labels must be equally many"),
        ([0.0, 1.0, np.nan], "labels must be whole numbers"),
    ],
)
def test_labels_are_one_a_sample_and_of_the_classes(unchecked, labels, complaint):
    with pytest.raises(ValueError, match=complaint):
        rank_sum(np.eye(3), np.array(labels), num_classes=2)


def test_activations_that_are_not_finite_and_thresholds_that_are_none_are_refused():
    with pytest.raises(ValueError, match="activations must be finite, got nan"):
        rank_sum(np.full((2, 1), np.nan), np.array([0, 1]), num_classes=2)
    with pytest.raises(ValueError, match="threshold must be positive, got nan"):
        specialized_share([np.eye(2)], np.array([0, 1]), num_classes=2, threshold=np.nan)
