"""Where the soft nearest neighbor loss meets the published definitions beside it, and by how much they differ."""

import math

import pytest
import torch
from pytorch_metric_learning.losses import SupConLoss

from spareparts.data import generator
from spareparts.experts import soft_nearest_neighbor_loss
from spareparts.experts.losses import pairwise_distance, positive_pairs, supervised_contrastive_loss

STABILITY = 1e-5
FLOOR = -math.log(STABILITY)  # 11.51 nats: the most that the definition with the constant can say
EUCLIDEAN = {"distance": "squared_euclidean"}


def points(count: int = 24, *, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 5, generator=generator(seed), dtype=torch.float64)


def anchors(embeddings: torch.Tensor, *, temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights exp(-d/t) of all other samples and their sum, one row an anchor."""
    weights = torch.exp(-pairwise_distance(embeddings, **EUCLIDEAN) / temperature)
    weights = weights - weights.diagonal().diag()
    return weights, weights.sum(1)


def cleverhans(embeddings: torch.Tensor, labels: torch.Tensor, *, temperature: float) -> torch.Tensor:
    """`-mean_i ln(1e-5 + sum_same w_ij / (1e-5 + sum_k w_ik))`, w = exp(-|x_i - x_j|^2 / t): its terms (3.1.0)."""
    weights, every = anchors(embeddings, temperature=temperature)
    same = (weights * (labels[:, None] == labels)).sum(1)
    return -torch.log(STABILITY + same / (STABILITY + every))


# Cleverhans: squared Euclidean distances, 1e-5 in the logarithm and in the denominator, no anchor left out


@pytest.mark.parametrize("temperature", [1.0, 5.0, 100.0])
@pytest.mark.parametrize("number", [2, 3, 6])
def test_with_partners_for_all_it_differs_from_cleverhans_by_the_two_constants_only(temperature, number):
    """With share p of the sum w: by at most 1e-5 / p below ours and 1e-5 / w above it, on average."""
    labels = torch.arange(24) % number
    weights, every = anchors(points(), temperature=temperature)
    share = (weights * positive_pairs(labels)).sum(1) / every
    ours = soft_nearest_neighbor_loss(points(), labels, temperature=temperature, **EUCLIDEAN).item()
    theirs = cleverhans(points(), labels, temperature=temperature).mean().item()
    assert -STABILITY * (1 / share).mean().item() <= theirs - ours <= STABILITY * (1 / every).mean().item()


def test_at_cleverhans_own_temperature_the_two_agree_to_four_digits():
    """At t = 100 all weights are near 1, so that p is near the share of the class, and 1e-5 / p near 1e-4."""
    labels = torch.arange(24) % 6
    ours = soft_nearest_neighbor_loss(points(), labels, temperature=100.0, **EUCLIDEAN).item()
    theirs = cleverhans(points(), labels, temperature=100.0).mean().item()
    assert theirs == pytest.approx(ours, abs=1e-4) and theirs != ours


@pytest.mark.parametrize("lonely", [1, 9, 24])
def test_every_anchor_without_a_partner_adds_its_constant_to_cleverhans_and_nothing_to_ours(lonely):
    """Theirs is the mean over the batch, 11.51 for the lonely; ours that of the others, which keep their terms."""
    labels = torch.cat([torch.arange(24 - lonely) % 3, 3 + torch.arange(lonely)])
    terms = cleverhans(points(), labels, temperature=10.0)
    assert terms[24 - lonely :].tolist() == pytest.approx([FLOOR] * lonely)
    ours = soft_nearest_neighbor_loss(points(), labels, temperature=10.0, **EUCLIDEAN).item()
    expected = ((24 - lonely) * ours + lonely * FLOOR) / 24
    assert terms.mean().item() == pytest.approx(expected, abs=1e-3)


def test_on_batches_of_100_of_100_classes_the_lonely_raise_cleverhans_by_their_share():
    """Of 100 labels drawn from 100 classes, .99^99 = 37% are alone; here their constant doubles the loss or more."""
    labels = torch.randint(100, (100,), generator=generator(1))
    share = 1 - positive_pairs(labels).any(1).double().mean().item()
    assert share == pytest.approx(0.99**99, abs=0.12)
    ours = soft_nearest_neighbor_loss(points(100), labels, temperature=100.0, **EUCLIDEAN).item()
    theirs = cleverhans(points(100), labels, temperature=100.0).mean().item()
    assert theirs - ours == pytest.approx(share * (FLOOR - ours), abs=0.02)


def test_where_all_are_far_apart_cleverhans_stops_at_its_constant_without_a_gradient_and_ours_goes_on():
    """Features of hundreds of units at t = 1: every weight underflows to 0."""
    rows, labels = (30 * points()).requires_grad_(), torch.arange(24) % 3
    (gradient,) = torch.autograd.grad(cleverhans(rows, labels, temperature=1.0).mean(), rows)
    assert cleverhans(rows, labels, temperature=1.0).mean().item() == pytest.approx(FLOOR) and not gradient.any()
    ours = soft_nearest_neighbor_loss(rows, labels, temperature=1.0, **EUCLIDEAN)
    (gradient,) = torch.autograd.grad(ours, rows)
    assert ours.item() > 10 * FLOOR and gradient.any()


# Supervised contrastive loss: the mean over positives outside the logarithm, where Eq. 6 sums inside it


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_with_one_partner_each_it_is_the_supervised_contrastive_loss(temperature):
    labels = torch.arange(12).repeat(2)
    expected = SupConLoss(temperature=temperature)(points(), labels).item()
    found = soft_nearest_neighbor_loss(points(), labels, temperature=temperature).item()
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 10.0])
@pytest.mark.parametrize("number", [2, 3, 6, 20])
def test_otherwise_it_is_lower_by_ln_of_the_partners_and_by_at_most_half_an_inverse_square_more(temperature, number):
    """Jensen from below, Hoeffding from above: cosines span 2, so the rest is at most (2/t)^2 / 8 = 1/(2 t^2)."""
    labels = torch.randint(number, (24,), generator=generator(2))
    counts = positive_pairs(labels).sum(1)
    partners = counts[counts > 0].double().log().mean().item()
    ours = soft_nearest_neighbor_loss(points(), labels, temperature=temperature).item()
    theirs = SupConLoss(temperature=temperature)(points(), labels).item()
    assert -1e-9 <= theirs - ours - partners <= 1 / (2 * temperature**2) + 1e-9


def test_where_all_are_as_near_it_is_lower_by_exactly_ln_of_the_partners():
    """Orthogonal rows, eight of each class: seven partners of 23 others."""
    rows, labels = torch.eye(24, dtype=torch.float64), torch.arange(24) % 3
    ours = soft_nearest_neighbor_loss(rows, labels).item()
    assert ours == pytest.approx(math.log(23 / 7), rel=1e-9)
    assert SupConLoss(temperature=1.0)(rows, labels).item() - ours == pytest.approx(math.log(7), rel=1e-9)


def test_it_can_be_0_where_the_supervised_contrastive_loss_cannot():
    """Classes collapsed onto opposite points, at a low temperature: no neighbour is of another class."""
    rows, labels = torch.tensor([[1.0], [1.0], [1.0], [-1.0], [-1.0], [-1.0]]), torch.tensor([0, 0, 0, 1, 1, 1])
    assert soft_nearest_neighbor_loss(rows, labels, temperature=0.05).item() == pytest.approx(0, abs=1e-6)
    found = supervised_contrastive_loss(rows, labels, temperature=0.05).item()
    assert found == pytest.approx(math.log(2), abs=1e-5)
