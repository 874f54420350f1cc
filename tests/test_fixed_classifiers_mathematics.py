"""The arithmetic of the fixed-classifiers chapter against optimisation, known frames and SciPy."""

import math
import re

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from spareparts.fixed_classifiers import mathematics
from spareparts.fixed_classifiers.coherence import max_coherence


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_no_feature_of_length_1_has_a_lower_loss_than_the_bound_and_one_has_it(scale):
    draw = np.random.default_rng(1)
    rows = np.linalg.qr(draw.normal(size=(8, 5)))[0].T

    def loss(x):
        scores = scale * rows @ x / np.linalg.norm(x)
        return np.log1p(np.exp(scores[1:] - scores[0]).sum())

    bound = mathematics.least_loss(scale, classes=5)
    assert loss(rows[0] - rows[1:].mean(0)) == pytest.approx(bound, rel=1e-9)
    # Wherever a minimizer stops, and it stops elsewhere on another processor, it stops above.
    assert all(minimize(loss, start).fun > bound * (1 - 1e-9) for start in draw.normal(size=(5, 8)))


def test_a_scale_of_nothing_leaves_the_loss_of_guessing():
    assert mathematics.least_loss(1e-9, classes=10) == pytest.approx(math.log(10))


def test_welchs_bound_is_that_of_a_simplex_and_is_never_passed():
    left, values, _ = torch.linalg.svd(torch.eye(4) - 1 / 4)  # four rows in three dimensions
    assert max_coherence((left * values)[:, :3]) == pytest.approx(1 / 3, rel=1e-5)
    assert mathematics.welch_bound(3, 4) == pytest.approx(1 / 3) and mathematics.welch_bound(64, 10) == 0
    assert mathematics.made(16, 40, kind="tight_frame").max_coherence >= mathematics.welch_bound(16, 40)


def test_coherences_are_those_of_the_protocol():
    found = mathematics.coherence()
    assert found.loc["ResNet-56, CIFAR-10", "Hadamard"] == "0"
    assert found.loc["DenseNet-BC-100-12, CIFAR-100", ["Hadamard", "Paley"]].tolist() == ["0.123", "0.0175"]
    assert found.loc["DenseNet-169, ImageNet", ["Hadamard", "Paley"]].tolist() == ["0.231", "0"]
    assert found.loc["ResNet-20, CIFAR-100", "Hadamard"] == "1 (coincide)"
    assert "**36 pairs of classes have the same row**" in mathematics.coinciding()


def test_the_row_of_ones_is_the_largest_of_features_that_are_not_negative():
    found = mathematics.row_of_ones()
    assert found.loc["Hadamard", "first class largest, %"] == "100.0"
    assert found.loc["Hadamard, negated", "first class smallest, %"] == "100.0"
    assert float(found.loc["Hadamard, without the row of ones", "first class largest, %"]) < 30
    assert torch.equal(mathematics.made(64, 10, kind="hadamard").matrix[0], torch.full((64,), 1 / 8))


def test_the_bound_on_the_loss_is_a_table_and_the_transform_agrees_with_scipy():
    found = mathematics.least_losses()
    assert found.loc[(10, "0.1"), "least loss, nats"] == "2.21" and len(found) == 6
    assert re.search(r"difference is \d+e-1[4-7] of", mathematics.transform_error())
