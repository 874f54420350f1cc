"""The soft nearest neighbor loss against its equation in plain loops, and the gated cross entropy against PyTorch's."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, one_hot

from spareparts.data import generator
from spareparts.experts import gated_cross_entropy, soft_nearest_neighbor_loss
from spareparts.experts.losses import pairwise_distance

DISTANCES = ("cosine", "squared_euclidean")


def points(count: int = 12, *, seed: int = 0, dtype=torch.float64) -> torch.Tensor:
    return torch.randn(count, 5, generator=generator(seed), dtype=dtype)


def classes(count: int = 12, *, number: int = 3, seed: int = 1) -> torch.Tensor:
    return torch.randint(number, (count,), generator=generator(seed))


def distance_of(one, other, distance: str) -> float:
    if distance == "squared_euclidean":
        return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return 1 - product / math.sqrt(sum(a * a for a in one) * sum(b * b for b in other))


def equation_6(embeddings: torch.Tensor, labels: torch.Tensor, *, temperature: float, distance: str) -> float:
    """Eq. 6 as it is printed, sample by sample, without logarithms of sums."""
    rows, kinds, terms = embeddings.tolist(), labels.tolist(), []
    for i, (anchor, kind) in enumerate(zip(rows, kinds, strict=True)):
        near = {j: math.exp(-distance_of(anchor, row, distance) / temperature) for j, row in enumerate(rows) if j != i}
        same = [value for j, value in near.items() if kinds[j] == kind]
        if same:
            terms.append(-math.log(sum(same) / sum(near.values())))
    return sum(terms) / len(terms) if terms else 0.0


# Soft nearest neighbor loss: closed forms


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("number", [1, 3, 12, 40])
def test_it_is_equation_6(distance, temperature, number):
    labels = classes(number=number)
    found = soft_nearest_neighbor_loss(points(), labels, temperature=temperature, distance=distance)
    expected = equation_6(points(), labels, temperature=temperature, distance=distance)
    assert found.item() == pytest.approx(expected, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize(("angle", "apart"), [(90.0, 1.0), (180.0, 2.0), (60.0, 0.5)])
def test_two_pairs_of_equal_points_have_a_closed_form(angle, apart, temperature):
    """Each anchor has its twin at distance 0 and two others at 1 - cos: ln(1 + 2 exp(-d/t))."""
    other = [math.cos(math.radians(angle)), math.sin(math.radians(angle))]
    corners = torch.tensor([[1.0, 0.0], [1.0, 0.0], other, other], dtype=torch.float64)
    found = soft_nearest_neighbor_loss(corners, torch.tensor([0, 0, 1, 1]), temperature=temperature)
    assert found.item() == pytest.approx(math.log1p(2 * math.exp(-apart / temperature)), rel=1e-9)


@pytest.mark.parametrize("distance", DISTANCES)
def test_where_all_points_are_equal_it_is_the_odds_of_meeting_another_class(distance):
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    found = soft_nearest_neighbor_loss(torch.ones(6, 4), labels, distance=distance)
    assert found.item() == pytest.approx(math.log(5 / 2), abs=1e-6)


@pytest.mark.parametrize("distance", DISTANCES)
@given(number=st.integers(1, 12), seed=st.integers(0, 1000), temperature=st.floats(0.01, 100))
@settings(deadline=None, max_examples=20)
def test_it_is_never_negative_nor_above_its_bound(distance, number, seed, temperature):
    """A partner at the largest distance among 11 others at the smallest: at most ln 11 + (d_max - d_min) / t."""
    rows = points(seed=seed)
    found = soft_nearest_neighbor_loss(
        rows, classes(number=number, seed=seed), temperature=temperature, distance=distance
    )
    spread = pairwise_distance(rows, distance=distance).max().item() / temperature
    assert -1e-12 <= found.item() <= math.log(11) + spread + 1e-9


@pytest.mark.parametrize("labels", [torch.arange(12), torch.zeros(12, dtype=torch.long)], ids=["no pair", "one class"])
@pytest.mark.parametrize("distance", DISTANCES)
def test_it_is_0_where_no_sample_has_a_partner_and_where_all_share_a_class(labels, distance):
    embeddings = points().requires_grad_()
    loss = soft_nearest_neighbor_loss(embeddings, labels, distance=distance)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(embeddings.grad, torch.zeros(12, 5, dtype=torch.float64))


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_samples_have_no_neighbour(count):
    embeddings = points(count).requires_grad_()
    loss = soft_nearest_neighbor_loss(embeddings, classes(count))
    loss.backward()
    assert loss.item() == 0


# Invariances


@pytest.mark.parametrize("distance", DISTANCES)
def test_order_and_names_of_the_classes_do_not_matter(distance):
    labels, order = classes(), torch.randperm(12, generator=generator(3))
    expected = soft_nearest_neighbor_loss(points(), labels, distance=distance).item()
    renamed = torch.tensor([7, 0, 4])[labels]
    assert soft_nearest_neighbor_loss(points()[order], labels[order], distance=distance).item() == pytest.approx(
        expected
    )
    assert soft_nearest_neighbor_loss(points(), renamed, distance=distance).item() == pytest.approx(expected)


def test_the_cosine_form_knows_directions_only():
    expected = soft_nearest_neighbor_loss(points(), classes()).item()
    lengths = torch.rand(12, 1, generator=generator(2), dtype=torch.float64) + 0.1
    assert soft_nearest_neighbor_loss(points() * lengths, classes()).item() == pytest.approx(expected, rel=1e-9)


def test_scaling_the_points_is_scaling_the_temperature_of_the_euclidean_form():
    form = {"distance": "squared_euclidean"}
    expected = soft_nearest_neighbor_loss(points(), classes(), temperature=2.0, **form).item()
    found = soft_nearest_neighbor_loss(3 * points() + 7, classes(), temperature=18.0, **form)
    assert found.item() == pytest.approx(expected, rel=1e-9)


def test_feature_maps_are_flattened():
    maps = torch.randn(6, 2, 3, 3, generator=generator(0))
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    assert soft_nearest_neighbor_loss(maps, labels) == soft_nearest_neighbor_loss(maps.flatten(1), labels)


def test_the_temperature_may_be_learned():
    warmth = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    loss = soft_nearest_neighbor_loss(points(), classes(), temperature=warmth)
    assert loss.item() == soft_nearest_neighbor_loss(points(), classes(), temperature=0.7).item()
    assert torch.autograd.gradcheck(lambda t: soft_nearest_neighbor_loss(points(), classes(), temperature=t), (warmth,))


# Numbers


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("number", [2, 9])
def test_gradients_are_those_of_finite_differences(distance, number):
    rows = points(8).requires_grad_()
    labels = classes(8, number=number)
    assert torch.autograd.gradcheck(lambda x: soft_nearest_neighbor_loss(x, labels, distance=distance), (rows,))


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_lonely_anchors_and_identical_points_give_finite_gradients(distance, scale):
    rows = (scale * torch.ones(5, 4)).requires_grad_()
    loss = soft_nearest_neighbor_loss(rows, torch.tensor([0, 0, 1, 2, 3]), distance=distance)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(4), abs=1e-6)
    assert rows.grad.isfinite().all()


@pytest.mark.parametrize("temperature", [1e-4, 1.0])
def test_huge_distances_do_not_overflow(temperature):
    """exp(-d/t) is 0 in floating point for every pair here; its logarithm is not."""
    rows = torch.tensor([[0.0], [1e4], [3e4], [6e4]], requires_grad=True)
    loss = soft_nearest_neighbor_loss(
        rows, torch.tensor([0, 1, 0, 1]), temperature=temperature, distance="squared_euclidean"
    )
    loss.backward()
    # the terms are (d_partner - d_nearest) / t: 9-1, 25-1, 9-4 and 25-9, in units of 1e8
    assert loss.item() == pytest.approx((8 + 24 + 5 + 16) / 4 * 1e8 / temperature, rel=1e-4)
    assert rows.grad.isfinite().all()


def test_shapes_and_distances_that_do_not_fit_are_refused(unchecked):
    with pytest.raises(ValueError, match=r"labels must be one per embedding, got \(11,\) and \(12, 5\)"):
        soft_nearest_neighbor_loss(points(), classes(11))
    with pytest.raises(ValueError, match="distance must be one of cosine, squared_euclidean, got 'manhattan'"):
        soft_nearest_neighbor_loss(points(), classes(), distance="manhattan")


# Gated cross entropy


def logits(experts: int = 4) -> torch.Tensor:
    return torch.randn(12, experts, 3, generator=generator(5))


def test_one_expert_gives_pytorchs_cross_entropy():
    found = gated_cross_entropy(torch.ones(12, 1), logits(1), classes())
    assert found.item() == pytest.approx(cross_entropy(logits(1)[:, 0], classes()).item(), rel=1e-6)


def test_a_hard_gate_gives_the_chosen_experts_cross_entropy():
    chosen = classes(number=4, seed=8)
    found = gated_cross_entropy(one_hot(chosen, 4).float(), logits(), classes())
    expected = cross_entropy(logits()[torch.arange(12), chosen], classes())
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_otherwise_it_is_the_mean_weighted_by_the_gates():
    gates = torch.rand(12, 4, generator=generator(6)).softmax(1)
    each = torch.stack([cross_entropy(logits()[:, k], classes(), reduction="none") for k in range(4)], dim=1)
    assert gated_cross_entropy(gates, logits(), classes()).item() == pytest.approx((gates * each).sum(1).mean().item())


def test_equal_logits_cost_ln_of_the_number_of_classes():
    gates = torch.rand(12, 4, generator=generator(6)).softmax(1)
    assert gated_cross_entropy(gates, torch.full((12, 4, 3), 50.0), classes()).item() == pytest.approx(math.log(3))


def test_its_gradients_are_those_of_finite_differences():
    gates = torch.rand(6, 2, generator=generator(6), dtype=torch.float64).softmax(1).requires_grad_()
    scores = torch.randn(6, 2, 3, generator=generator(5), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda g, o: gated_cross_entropy(g, o, classes(6)), (gates, scores))


@pytest.mark.parametrize(
    ("gates", "scores", "labels"), [((12, 3), (12, 4, 3), 12), ((11, 4), (12, 4, 3), 12), ((12, 4), (12, 4, 3), 11)]
)
def test_shapes_that_do_not_fit_are_refused(gates, scores, labels, unchecked):
    with pytest.raises(ValueError, match=r"must be \(B, K\), \(B, K, C\) and \(B,\), got"):
        gated_cross_entropy(torch.ones(gates), torch.ones(scores), classes(labels))


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_outside_the_classes_are_refused(label):
    labels = classes().clamp(1, 1)
    labels[4] = label
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.2, got"):
        gated_cross_entropy(torch.ones(12, 4) / 4, logits(), labels)


# What is refused, and what rounding must not change


@pytest.mark.parametrize("wrong", [0, 0.0, -1.0, math.nan, math.inf, torch.tensor(-1.0), torch.tensor(math.nan)])
@pytest.mark.usefixtures("unchecked")
def test_a_temperature_is_positive_and_finite_whether_number_or_tensor(wrong):
    with pytest.raises(ValueError, match=r"temperature must be (positive|finite), got"):
        soft_nearest_neighbor_loss(points(), classes(), temperature=wrong)


@pytest.mark.usefixtures("unchecked")
def test_labels_are_whole_numbers():
    with pytest.raises(ValueError, match="labels must be whole numbers of shape"):
        soft_nearest_neighbor_loss(points(), torch.full((12,), math.nan), temperature=1.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_rows_of_zeros_in_half_precision_have_the_loss_that_they_have_in_single(dtype):
    half = torch.cat([torch.zeros(2, 5), points(10, dtype=torch.float32)]).to(dtype)
    expected = soft_nearest_neighbor_loss(half.float(), classes())
    assert soft_nearest_neighbor_loss(half, classes()).item() == expected.item() > 0


@pytest.mark.parametrize("offset", [0.0, 100.0, 1_000.0])
def test_squared_distances_do_not_drown_in_what_all_embeddings_share(offset):
    exact = points().requires_grad_()
    expected = soft_nearest_neighbor_loss(exact, classes(), distance="squared_euclidean")
    expected.backward()
    shifted = (points() + offset).float().requires_grad_()
    found = soft_nearest_neighbor_loss(shifted, classes(), distance="squared_euclidean")
    found.backward()
    assert found.item() == pytest.approx(expected.item(), rel=2e-3)
    assert torch.allclose(shifted.grad.double(), exact.grad, atol=2e-3 * exact.grad.abs().max().item())
