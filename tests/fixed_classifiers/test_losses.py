"""The cosine losses: their values by hand, and where their minimum lies; the least cross entropy of a scale."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch.nn import functional

from spareparts.data import generator
from spareparts.fixed_classifiers import FixedClassifier, cosine_loss, least_loss


@pytest.mark.parametrize(("loss", "power"), [("cosine_absolute", 1), ("cosine_squared", 2)])
def test_cosine_losses_are_the_summed_distances_from_one_and_minus_one(loss, power):
    cosines, labels = torch.tensor([[1.0, -1, 0.5], [0, 0.5, -1]]), torch.tensor([0, 2])
    expected = (1.5**power + 1 + 1.5**power + 2**power) / 2
    assert cosine_loss(cosines, labels, loss=loss).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", ["cosine_absolute", "cosine_squared"])
@pytest.mark.parametrize("other", [-1.0, 0.0])
def test_with_orthonormal_rows_the_loss_is_least_at_one_over_the_root_of_the_classes_or_where_it_is_met(loss, other):
    made = FixedClassifier(8, 4, kind="orthonormal", generator=generator(1), scale=1.0, bias=False).double()
    target = torch.tensor([1.0, other, other, other], dtype=torch.float64)
    best = functional.normalize(target, dim=0) @ made.matrix.double()
    value = cosine_loss(made(best[None]), torch.tensor([0]), loss=loss, other_target=other)
    assert (value < 1e-5) == (other == 0)
    for point in torch.randn(50, 8, generator=generator(0), dtype=torch.float64):
        assert cosine_loss(made(point[None]), torch.tensor([0]), loss=loss, other_target=other) > value


def test_the_best_squared_loss_of_targets_plus_and_minus_one_is_far_from_0_and_names_the_class_by_a_hair():
    classes = 100
    best = torch.full((1, classes), -1.0)
    best[0, 0] = 1.0
    loss = cosine_loss(best / classes**0.5, torch.tensor([0]), loss="cosine_squared")
    assert loss.item() == pytest.approx((classes**0.5 - 1) ** 2, rel=1e-5)  # 81 of at most 400


@pytest.mark.parametrize(
    ("labels", "settings", "message"),
    [
        ([0, 3], {}, r"labels must lie in 0\.\.2, got 0\.\.3"),
        ([0], {}, "cosines and labels must be equally many"),
        ([0.0, 1.0], {}, "labels must be whole numbers"),
        ([0, 1], {"loss": "cosine"}, "loss must be one of cosine_absolute, cosine_squared, got 'cosine'"),
        ([0, 1], {"other_target": 1.0}, "other_target is a cosine below 1, at least -1, got 1.0"),
        ([0, 1], {"other_target": math.nan}, "other_target is a cosine below 1, at least -1, got nan"),
    ],
)
def test_bad_input_is_refused(unchecked, labels, settings, message):
    with pytest.raises(ValueError, match=message):
        cosine_loss(torch.zeros(2, 3), torch.tensor(labels), **{"loss": "cosine_squared"} | settings)


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_no_feature_of_length_1_has_a_lower_loss_than_the_bound_and_one_has_it(scale):
    draw = np.random.default_rng(1)
    rows = np.linalg.qr(draw.normal(size=(8, 5)))[0].T

    def loss(x):
        scores = scale * rows @ x / np.linalg.norm(x)
        return np.log1p(np.exp(scores[1:] - scores[0]).sum())

    bound = least_loss(scale, classes=5)
    assert loss(rows[0] - rows[1:].mean(0)) == pytest.approx(bound, rel=1e-9)
    # Wherever a minimizer stops, and it stops elsewhere on another processor, it stops above.
    assert all(minimize(loss, start).fun > bound * (1 - 1e-9) for start in draw.normal(size=(5, 8)))


def test_a_scale_of_nothing_leaves_the_loss_of_guessing():
    assert least_loss(1e-9, classes=10) == pytest.approx(math.log(10))
