"""What is read off a head: coherence and its least value, the form of a growth; cosine losses and their minimum."""

import functools
import math

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from torch.nn import functional

from spareparts.data import generator
from spareparts.fixed_classifiers import FixedClassifier, cosine_loss, orthonormal, tight_frame
from spareparts.fixed_classifiers.measures import epochs_to, least_loss, max_coherence, welch_bound


def test_random_matrices_are_distributed_as_scipys():
    ours = [orthonormal(3, 3, generator=generator(seed)).trace().item() for seed in range(400)]
    theirs = scipy.stats.ortho_group.rvs(3, size=400, random_state=0).trace(axis1=1, axis2=2)
    assert scipy.stats.ks_2samp(ours, theirs).pvalue > 0.01


@pytest.mark.parametrize(
    ("classes", "features"), [(2, 1), (3, 2), (4, 3), (5, 3), (10, 4), (100, 64), (100, 63), (9, 8), (7, 12)]
)
def test_a_tight_frame_has_rows_of_length_one_and_columns_or_rows_that_are_orthogonal(classes, features):
    frame = tight_frame(classes, features, generator=generator(1))
    assert torch.allclose(frame.norm(dim=1), torch.ones(classes), atol=1e-5)
    product = frame @ frame.T if classes <= features else frame.T @ frame
    assert torch.allclose(product, max(1, classes / features) * torch.eye(min(classes, features)), atol=1e-4)


def test_no_frame_is_less_coherent_than_welchs_bound_which_a_simplex_attains():
    bound = welch_bound(64, 100)
    for seed in range(3):
        assert bound < max_coherence(tight_frame(100, 64, generator=generator(seed))) < 0.5
    triangle = tight_frame(3, 2, generator=generator(0))  # the frame that attains it
    assert max_coherence(triangle) == pytest.approx(math.sqrt(1 / (2 * 2)), abs=1e-5)
    left, values, _ = torch.linalg.svd(torch.eye(4) - 1 / 4)  # four rows in three dimensions
    assert max_coherence((left * values)[:, :3]) == pytest.approx(welch_bound(3, 4), rel=1e-5) == pytest.approx(1 / 3)
    assert welch_bound(64, 10) == welch_bound(64, 64) == 0
    for bound, none in ((welch_bound, (0, 3)), (functools.partial(least_loss, classes=1), (1.0,))):
        with pytest.raises(ValueError, match=r"(features|classes) must be at least [12], got [01]"):
            bound(*none)


def test_coherence_is_the_cosine_of_the_closest_lines_however_long(monkeypatch):
    rows = torch.tensor([[2.0, 0, 0], [0, 3, 0], [-1, 0, 1]])
    assert max_coherence(rows) == pytest.approx(math.sqrt(0.5))
    assert max_coherence(rows[:2]) == 0 and max_coherence(rows[:1]) == 0
    assert max_coherence(torch.cat([rows, -5 * rows[:1]])) == pytest.approx(1)
    monkeypatch.setattr("spareparts.fixed_classifiers.measures.ROWS", 2)  # compared in parts
    assert max_coherence(rows) == pytest.approx(math.sqrt(0.5))
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match=rf"matrix must be finite, got .*{value}.* at \[1, 0\]"):
            max_coherence(torch.tensor([[1.0, 0], [value, 0]]))


@given(st.floats(1e-38, 1e38), st.floats(1e-38, 1e38))
def test_coherence_does_not_depend_on_the_rows_lengths_however_tiny_or_huge(first, second):
    rows = torch.tensor([[0.8, 0.6], [0.6, 0.8]], dtype=torch.float64)
    lengths = torch.tensor([[first], [second]])
    assert max_coherence((lengths * rows).float()) == pytest.approx(0.96, abs=1e-6)


def test_epochs_to_an_accuracy_are_counted_to_the_first_that_reaches_it():
    assert epochs_to([0, 1, 2, 3], np.array([5.0, 14.9, 20.0, 12.0])) == {"10": 1, "15": 2, "20": 2}


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


@pytest.mark.parametrize("scale", [1e-9, 1.0, 10.0])
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
