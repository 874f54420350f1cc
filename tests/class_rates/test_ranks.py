"""Ranks and rank sums of all neurons at once, beside SciPy's one by one."""

import numpy as np
import pytest
from scipy import stats

from spareparts.class_rates import rank_sum, specialized_share
from spareparts.class_rates.measures import average_ranks

SHAPES = {
    "no ties": lambda values: values,
    "few values": lambda values: np.round(values, 1),
    "half at zero": lambda values: np.maximum(values, 0),
    "both zeros": lambda values: np.copysign(np.maximum(np.abs(values) - 1, 0), values),
    "constant": lambda values: 0 * values,
    "subnormal": lambda values: values * 1e-41,
    "largest": lambda values: np.where(values > 0, 3e38, -3e38),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_ranks_are_those_of_scipy_to_the_last_bit(shape, dtype):
    values = SHAPES[shape](np.random.default_rng(0).standard_normal((9, 301))).astype(dtype)
    assert np.array_equal(average_ranks(values), stats.rankdata(values, axis=1))


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


@pytest.mark.parametrize("shape", ["no ties", "half at zero"])
def test_p_values_are_those_of_scipy_for_every_neuron_and_class(shape):
    random = np.random.default_rng(1)
    labels = random.integers(4, size=500)
    values = SHAPES[shape](random.standard_normal((500, 150)) + 0.2 * labels[:, None]).astype(np.float32)
    expected = [
        [stats.ranksums(column[labels == label], column[labels != label]).pvalue for label in range(4)]
        for column in values.T
    ]
    assert rank_sum(values, labels, num_classes=4) == pytest.approx(np.array(expected), rel=1e-9)
