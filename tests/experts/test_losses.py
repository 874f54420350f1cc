"""The losses against their equations in plain loops and against published implementations."""

import functools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.losses import SupConLoss
from torch.nn.functional import cosine_similarity, cross_entropy, normalize

from spareparts.data import generator
from spareparts.experts import normalized_temperature_cross_entropy, supervised_contrastive_loss
from spareparts.experts.losses import gated_cross_entropy, pairwise_distance, soft_nearest_neighbor_loss

EUCLIDEAN = {"distance": "squared_euclidean"}
SNNL = {
    "cosine": soft_nearest_neighbor_loss,
    "squared_euclidean": functools.partial(soft_nearest_neighbor_loss, **EUCLIDEAN),
}
LOSSES = SNNL | {"supervised": supervised_contrastive_loss}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def points(count: int = 12, *, seed: int = 0, dtype=torch.float64) -> torch.Tensor:
    return torch.randn(count, 5, generator=generator(seed), dtype=dtype)


def classes(count: int = 12, *, number: int = 3, seed: int = 1) -> torch.Tensor:
    return torch.randint(number, (count,), generator=generator(seed))


def by_anchor(name: str, embeddings: torch.Tensor, labels: torch.Tensor, *, temperature: float) -> float:
    """Eq. 6 of the paper, or Eq. 2 of Khosla et al., as printed: sample by sample, over those with a positive."""
    if name == "squared_euclidean":
        similarities = -(embeddings[:, None] - embeddings).square().sum(2)
    else:
        similarities = cosine_similarity(embeddings[:, None], embeddings[None], dim=2) - 1
    kinds, terms = labels.tolist(), []
    for i, row in enumerate(similarities.tolist()):
        near = {j: math.exp(value / temperature) for j, value in enumerate(row) if j != i}
        same = [value for j, value in near.items() if kinds[j] == kinds[i]]
        shares = same if name == "supervised" else [sum(same)]
        if same:
            terms.append(-sum(math.log(share / sum(near.values())) for share in shares) / len(shares))
    return sum(terms) / len(terms) if terms else 0.0


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("number", [1, 3, 12, 40])
def test_it_is_its_equation(name, temperature, number):
    labels = classes(number=number)
    found = LOSSES[name](points(), labels, temperature=temperature)
    expected = by_anchor(name, points(), labels, temperature=temperature)
    assert found.item() == pytest.approx(expected, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("temperature", [0.07, 1.0, 10.0])
@pytest.mark.parametrize("number", [2, 3, 12])
def test_the_supervised_contrastive_loss_is_that_of_pytorch_metric_learning(temperature, number):
    labels = classes(number=number)
    expected = SupConLoss(temperature=temperature)(points(), labels)
    found = supervised_contrastive_loss(points(), labels, temperature=temperature)
    assert found.item() == pytest.approx(expected.item(), rel=1e-9)


@pytest.mark.parametrize("temperature", [0.07, 1.0, 10.0])
def test_nt_xent_is_pytorchs_cross_entropy_of_telling_the_other_view(temperature):
    views = normalize(torch.cat([points(seed=1), points(seed=2)]), dim=1)
    scores = (views @ views.T / temperature).fill_diagonal_(-torch.inf)
    expected = cross_entropy(scores, torch.arange(24).roll(12))
    found = normalized_temperature_cross_entropy(points(seed=1), points(seed=2), temperature=temperature)
    assert found.item() == pytest.approx(expected.item(), rel=1e-10)


@pytest.mark.parametrize("loss", [soft_nearest_neighbor_loss, supervised_contrastive_loss])
@pytest.mark.parametrize(("angle", "apart"), [(90.0, 1.0), (180.0, 2.0), (60.0, 0.5)])
def test_two_pairs_of_equal_points_have_a_closed_form(loss, angle, apart):
    """Each anchor has its twin at distance 0 and two others at 1 - cos: ln(1 + 2 exp(-d/t))."""
    other = [math.cos(math.radians(angle)), math.sin(math.radians(angle))]
    corners = torch.tensor([[1.0, 0.0], [1.0, 0.0], other, other], dtype=torch.float64)
    found = loss(corners, torch.tensor([0, 0, 1, 1]), temperature=0.5)
    assert found.item() == pytest.approx(math.log1p(2 * math.exp(-apart / 0.5)), rel=1e-9)


@every_loss
def test_where_all_points_are_equal_it_is_the_odds_of_meeting_another_class_or_ln_of_the_others(loss):
    expected = math.log(5) if loss is supervised_contrastive_loss else math.log(5 / 2)
    found = loss(torch.ones(6, 4), torch.tensor([0, 0, 0, 1, 1, 1]), temperature=0.1)
    assert found.item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", LOSSES)
@given(number=st.integers(1, 12), seed=st.integers(0, 1000), temperature=st.floats(0.01, 100))
@settings(max_examples=20)
def test_it_is_never_negative_nor_above_its_bound(name, number, seed, temperature):
    """A partner at the largest distance among 11 others at the smallest: at most ln 11 + (d_max - d_min) / t."""
    rows, labels = points(seed=seed), classes(number=number, seed=seed)
    found = LOSSES[name](rows, labels, temperature=temperature).item()
    spread = pairwise_distance(rows, **EUCLIDEAN if name == "squared_euclidean" else {}).max().item() / temperature
    assert -1e-12 <= found <= math.log(11) + spread + 1e-9


@every_loss
@pytest.mark.parametrize("count", [0, 1, 12])
def test_without_a_partner_it_and_its_gradient_are_0(loss, count):
    embeddings = points(count).requires_grad_()
    found = loss(embeddings, torch.arange(count))
    found.backward()
    assert found.item() == 0
    assert torch.equal(embeddings.grad, torch.zeros_like(embeddings))


@every_loss
def test_order_and_names_of_the_classes_and_the_shape_of_feature_maps_do_not_matter(loss):
    labels, order = classes(), torch.randperm(12, generator=generator(3))
    expected = pytest.approx(loss(points(), labels).item())
    assert loss(points()[order], labels[order]).item() == expected
    assert loss(points().view(12, 5, 1, 1), torch.tensor([7, 0, 4])[labels]).item() == expected


@pytest.mark.parametrize("loss", [soft_nearest_neighbor_loss, supervised_contrastive_loss])
def test_the_cosine_form_knows_directions_only(loss):
    lengths = torch.rand(12, 1, generator=generator(2), dtype=torch.float64) + 0.1
    assert loss(points() * lengths, classes()).item() == pytest.approx(loss(points(), classes()).item(), rel=1e-9)


def test_scaling_the_points_is_scaling_the_temperature_of_the_euclidean_form():
    expected = soft_nearest_neighbor_loss(points(), classes(), temperature=2.0, **EUCLIDEAN).item()
    found = soft_nearest_neighbor_loss(3 * points() + 7, classes(), temperature=18.0, **EUCLIDEAN)
    assert found.item() == pytest.approx(expected, rel=1e-9)


@every_loss
@pytest.mark.parametrize("number", [2, 9])
def test_gradients_by_points_and_temperature_are_those_of_finite_differences(loss, number):
    warmth = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    labels = classes(8, number=number)
    assert torch.autograd.gradcheck(lambda x, t: loss(x, labels, temperature=t), (points(8).requires_grad_(), warmth))


@every_loss
@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_lonely_anchors_and_identical_points_give_finite_gradients(loss, scale):
    rows = (scale * torch.ones(5, 4)).requires_grad_()
    found = loss(rows, torch.tensor([0, 0, 1, 2, 3]), temperature=1e-4)
    found.backward()
    assert found.item() == pytest.approx(math.log(4), abs=1e-3) and rows.grad.isfinite().all()


@pytest.mark.parametrize("temperature", [1e-4, 1.0])
def test_huge_distances_do_not_overflow(temperature):
    """exp(-d/t) is 0 in floating point for every pair here; its logarithm is not."""
    rows = torch.tensor([[0.0], [1e4], [3e4], [6e4]], requires_grad=True)
    loss = soft_nearest_neighbor_loss(rows, torch.tensor([0, 1, 0, 1]), temperature=temperature, **EUCLIDEAN)
    loss.backward()
    # the terms are (d_partner - d_nearest) / t: 9-1, 25-1, 9-4 and 25-9, in units of 1e8
    assert loss.item() == pytest.approx((8 + 24 + 5 + 16) / 4 * 1e8 / temperature, rel=1e-4)
    assert rows.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_rows_of_zeros_in_half_precision_have_the_loss_that_they_have_in_single(dtype):
    half = torch.cat([torch.zeros(2, 5), points(10, dtype=torch.float32)]).to(dtype)
    expected = soft_nearest_neighbor_loss(half.float(), classes())
    assert soft_nearest_neighbor_loss(half, classes()).item() == expected.item() > 0


@pytest.mark.parametrize("offset", [0.0, 1_000.0])
def test_squared_distances_do_not_drown_in_what_all_embeddings_share(offset):
    exact, shifted = points().requires_grad_(), (points() + offset).float().requires_grad_()
    expected, found = (soft_nearest_neighbor_loss(rows, classes(), **EUCLIDEAN) for rows in (exact, shifted))
    expected.backward()
    found.backward()
    assert found.item() == pytest.approx(expected.item(), rel=2e-3)
    assert torch.allclose(shifted.grad.double(), exact.grad, atol=2e-3 * exact.grad.abs().max().item())


def test_stacked_networks_have_the_losses_and_gradients_of_each_alone():
    stacked, labels = torch.stack([points(seed=3), points(seed=4)]), torch.stack([classes(), classes(number=9)])
    for loss in (*LOSSES.values(), lambda x, _: normalized_temperature_cross_entropy(x[:6], x[6:])):
        found = torch.func.vmap(torch.func.grad_and_value(loss))(stacked, labels)
        each = [torch.func.grad_and_value(loss)(*alone) for alone in zip(stacked, labels, strict=True)]
        torch.testing.assert_close(found, tuple(map(torch.stack, zip(*each, strict=True))))


@every_loss
@pytest.mark.parametrize("wrong", [0, -1.0, math.nan, math.inf, torch.tensor(-1.0), torch.tensor(math.nan)])
@pytest.mark.usefixtures("unchecked")
def test_a_temperature_is_positive_and_finite_whether_number_or_tensor(loss, wrong):
    with pytest.raises(ValueError, match=r"temperature must be (positive|finite), got"):
        loss(points(), classes(), temperature=wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: soft_nearest_neighbor_loss(points(), classes(11)), r"one per embedding, got \(11,\) and \(12, 5\)"),
        (lambda: soft_nearest_neighbor_loss(points(), torch.full((12,), math.nan)), "labels must be whole numbers"),
        (lambda: soft_nearest_neighbor_loss(points(), classes(), distance="l1"), "must be one of cosine, .*, got 'l1'"),
        (lambda: normalized_temperature_cross_entropy(points(), points(11)), r"share a shape, got .* and \(11, 5\)"),
        (lambda: gated(gates=torch.ones(12, 3)), r"must be \(B, K\), \(B, K, C\) and \(B,\), got"),
        (lambda: gated(labels=classes(11)), r"must be \(B, K\), \(B, K, C\) and \(B,\), got"),
        (lambda: gated(labels=classes() - 1), r"labels must lie in 0\.\.2, got -1"),
        (lambda: gated(labels=classes() + 1), r"labels must lie in 0\.\.2, got .*3"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_does_not_fit_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def gated(**changed) -> torch.Tensor:
    gates = torch.rand(12, 4, generator=generator(6)).softmax(1)
    given = {"gates": gates, "expert_logits": torch.randn(12, 4, 3, generator=generator(5)), "labels": classes()}
    return gated_cross_entropy(**given | changed)


def test_gated_cross_entropy_is_the_mean_of_pytorchs_weighted_by_the_gates():
    logits, gates = torch.randn(12, 4, 3, generator=generator(5)), torch.rand(12, 4, generator=generator(6)).softmax(1)
    each = torch.stack([cross_entropy(logits[:, k], classes(), reduction="none") for k in range(4)], dim=1)
    assert gated().item() == pytest.approx((gates * each).sum(1).mean().item())
    assert gated(expert_logits=torch.full((12, 4, 3), 50.0)).item() == pytest.approx(math.log(3))
    gates = torch.rand(6, 2, generator=generator(6), dtype=torch.float64).softmax(1).requires_grad_()
    scores = torch.randn(6, 2, 3, generator=generator(5), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda g, o: gated_cross_entropy(g, o, classes(6)), (gates, scores))


# Published definitions beside the soft nearest neighbor loss, and by how much they differ

STABILITY = 1e-5
FLOOR = -math.log(STABILITY)  # 11.51 nats: the most that the definition with the constant can say


def cleverhans(
    embeddings: torch.Tensor, labels: torch.Tensor, *, temperature: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The terms of `-mean_i ln(1e-5 + sum_same w_ij / (1e-5 + sum_k w_ik))`, w = exp(-|x_i - x_j|^2 / t) (3.1.0).

    And both sums. No anchor is left out.
    """
    weights = torch.exp(-pairwise_distance(embeddings, **EUCLIDEAN) / temperature)
    weights = weights - weights.diagonal().diag()
    every, same = weights.sum(1), (weights * (labels[:, None] == labels)).sum(1)
    return -torch.log(STABILITY + same / (STABILITY + every)), same, every


@pytest.mark.parametrize("temperature", [1.0, 5.0, 100.0])
@pytest.mark.parametrize("number", [2, 3, 6])
def test_with_partners_for_all_it_differs_from_cleverhans_by_the_two_constants_only(temperature, number):
    """With share p of the sum w: by at most 1e-5 / p below ours and 1e-5 / w above it, on average."""
    labels = torch.arange(24) % number
    terms, same, every = cleverhans(points(24), labels, temperature=temperature)
    ours = soft_nearest_neighbor_loss(points(24), labels, temperature=temperature, **EUCLIDEAN).item()
    below, above = STABILITY * (every / same).mean().item(), STABILITY * (1 / every).mean().item()
    assert -below <= terms.mean().item() - ours <= above


@pytest.mark.parametrize("lonely", [1, 9, 24])
def test_every_anchor_without_a_partner_adds_its_constant_to_cleverhans_and_nothing_to_ours(lonely):
    """Theirs is the mean over the batch, 11.51 for the lonely; ours that of the others, which keep their terms."""
    labels = torch.cat([torch.arange(24 - lonely) % 3, 3 + torch.arange(lonely)])
    terms, *_ = cleverhans(points(24), labels, temperature=10.0)
    assert terms[24 - lonely :].tolist() == pytest.approx([FLOOR] * lonely)
    ours = soft_nearest_neighbor_loss(points(24), labels, temperature=10.0, **EUCLIDEAN).item()
    assert terms.mean().item() == pytest.approx(((24 - lonely) * ours + lonely * FLOOR) / 24, abs=1e-3)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 10.0])
@pytest.mark.parametrize(
    "labels", [torch.arange(12).repeat(2), *(classes(24, number=k, seed=2) for k in (2, 3, 6, 20))]
)
def test_it_is_lower_than_the_supervised_contrastive_loss_by_ln_of_the_partners_and_a_little_more(temperature, labels):
    """Jensen from below, Hoeffding from above: cosines span 2, so the rest is at most (2/t)^2 / 8 = 1/(2 t^2)."""
    counts = (labels[:, None] == labels).sum(1) - 1
    partners = counts[counts > 0].double().log().mean().item()
    ours = soft_nearest_neighbor_loss(points(24), labels, temperature=temperature).item()
    theirs = SupConLoss(temperature=temperature)(points(24), labels).item()
    most = 1 / (2 * temperature**2) if counts.max() > 1 else 0.0  # with one partner each the two are equal
    assert -1e-9 <= theirs - ours - partners <= most + 1e-9
