"""The cosine losses: their values by hand, and where their minimum lies; the least cross entropy of a scale."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from spareparts.data import generator
from spareparts.fixed_classifiers import FixedClassifier, cosine_loss, least_loss


@pytest.mark.parametrize(("loss", "power"), [("cosine_absolute", 1), ("cosine_squared", 2)])
def test_cosine_losses_are_the_summed_distances_from_one_and_minus_one(loss, power):
    cosines, labels = torch.tensor([[1.0, -1, 0.5], [0, 0.5, -1]]), torch.tensor([0, 2])
    expected = (1.5**power + 1 + 1.5**power + 2**power) / 2
    assert cosine_loss(cosines, labels, loss=loss).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", ["cosine_absolute", "cosine_squared"])
def test_with_orthonormal_rows_their_minimum_has_cosines_of_one_over_the_root_of_the_classes(loss):
    made = FixedClassifier(8, 4, kind="orthonormal", generator=generator(1), scale=1.0, bias=False).double()
    target = torch.tensor([1.0, -1, -1, -1], dtype=torch.float64) / 2
    best = (target @ made.matrix).requires_grad_()
    value = cosine_loss(made(best[None]), torch.tensor([0]), loss=loss)
    (gradient,) = torch.autograd.grad(value, best)
    assert torch.allclose(made(best), target, atol=1e-5) and gradient.abs().max() < 1e-5
    others = torch.randn(50, 8, generator=generator(0), dtype=torch.float64)
    assert all(cosine_loss(made(other[None]), torch.tensor([0]), loss=loss) > value for other in others)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0], [0], [[0, 1]], [0.0, 1.0]])
def test_labels_are_one_a_sample_and_of_the_classes(unchecked, labels):
    with pytest.raises(ValueError, match="labels must"):
        cosine_loss(torch.zeros(2, 3), torch.tensor(labels), loss="cosine_squared")


def test_another_loss_is_refused():
    with pytest.raises(ValueError, match="loss must be one of cosine_absolute, cosine_squared, got 'cosine'"):
        cosine_loss(torch.zeros(1, 2), torch.tensor([0]), loss="cosine")


@pytest.mark.parametrize("loss", ["cosine_absolute", "cosine_squared"])
def test_targets_of_one_and_nought_are_met_by_the_true_row_and_by_nothing_else(loss):
    made = FixedClassifier(8, 4, kind="orthonormal", generator=generator(1), scale=1.0, bias=False).double()
    labels = torch.tensor([0])
    met = cosine_loss(made(made.matrix[:1]), labels, loss=loss, other_target=0.0)
    assert met < 1e-5
    others = torch.randn(50, 8, generator=generator(0), dtype=torch.float64)
    assert all(cosine_loss(made(other[None]), labels, loss=loss, other_target=0.0) > 0.05 for other in others)


def test_the_best_squared_loss_of_targets_plus_and_minus_one_is_far_from_0_and_names_the_class_by_a_hair():
    classes = 100
    best = torch.full((1, classes), -1.0)
    best[0, 0] = 1.0
    loss = cosine_loss(best / classes**0.5, torch.tensor([0]), loss="cosine_squared")
    assert loss.item() == pytest.approx((classes**0.5 - 1) ** 2, rel=1e-5)  # 81 of at most 400


@pytest.mark.parametrize("target", [1.0, 1.5, -1.1, math.nan])
def test_a_target_is_a_cosine_below_one(target):
    with pytest.raises(ValueError, match="other_target is a cosine below 1, at least -1, got"):
        cosine_loss(torch.zeros(1, 2), torch.tensor([0]), loss="cosine_squared", other_target=target)


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
