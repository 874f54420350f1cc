"""Contrastive losses: their equations in plain loops, closed forms, bounds, gradients, stacked networks."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.losses import NTXentLoss, SupConLoss
from torch.nn.functional import cross_entropy, normalize

from spareparts.data import generator
from spareparts.experts.losses import normalized_temperature_cross_entropy, supervised_contrastive_loss

TEMPERATURES = (0.07, 0.5, 1.0, 10.0)


def points(count: int = 12, *, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 5, generator=generator(seed), dtype=torch.float64)


def classes(count: int = 12, *, number: int = 3, seed: int = 1) -> torch.Tensor:
    return torch.randint(number, (count,), generator=generator(seed))


def equation_2(embeddings: torch.Tensor, labels: torch.Tensor, *, temperature: float) -> float:
    """Eq. 2 of Khosla et al. sample by sample, over the anchors with a positive."""
    cosines = torch.nn.functional.cosine_similarity(embeddings[:, None], embeddings[None], dim=2).tolist()
    kinds, terms = labels.tolist(), []
    for i, row in enumerate(cosines):
        every = sum(math.exp(s / temperature) for j, s in enumerate(row) if j != i)
        positives = [s for j, s in enumerate(row) if j != i and kinds[j] == kinds[i]]
        if positives:
            terms.append(-sum(math.log(math.exp(s / temperature) / every) for s in positives) / len(positives))
    return sum(terms) / len(terms) if terms else 0.0


# Supervised contrastive loss


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("number", [1, 3, 12, 40])
def test_it_is_equation_2(temperature, number):
    labels = classes(number=number)
    found = supervised_contrastive_loss(points(), labels, temperature=temperature)
    assert found.item() == pytest.approx(equation_2(points(), labels, temperature=temperature), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("number", [2, 3, 12])
def test_pytorch_metric_learning_gives_the_same(temperature, number):
    labels = classes(number=number)
    expected = SupConLoss(temperature=temperature)(points(), labels)
    found = supervised_contrastive_loss(points(), labels, temperature=temperature)
    assert found.item() == pytest.approx(expected.item(), rel=1e-9)


def test_a_batch_of_one_class_costs_at_least_ln_of_the_others_here_and_nothing_in_pytorch_metric_learning():
    """Eq. 2 has the other positives in its denominator, so it pushes them apart; the peer asks for a negative."""
    labels = torch.zeros(12, dtype=torch.long)
    assert SupConLoss(temperature=0.5)(points(), labels).item() == 0
    assert supervised_contrastive_loss(points(), labels, temperature=0.5).item() >= math.log(11)


@pytest.mark.parametrize(("angle", "apart"), [(90.0, 1.0), (180.0, 2.0), (60.0, 0.5)])
def test_two_pairs_of_equal_points_have_a_closed_form(angle, apart):
    """Each anchor has its twin at cosine 1 and two others: ln(1 + 2 exp(-(1 - cos)/t))."""
    other = [math.cos(math.radians(angle)), math.sin(math.radians(angle))]
    corners = torch.tensor([[1.0, 0.0], [1.0, 0.0], other, other], dtype=torch.float64)
    found = supervised_contrastive_loss(corners, torch.tensor([0, 0, 1, 1]), temperature=0.3)
    assert found.item() == pytest.approx(math.log1p(2 * math.exp(-apart / 0.3)), rel=1e-9)


def test_where_all_points_are_equal_it_is_ln_of_the_others():
    found = supervised_contrastive_loss(torch.ones(6, 4), torch.tensor([0, 0, 0, 1, 1, 2]), temperature=0.1)
    assert found.item() == pytest.approx(math.log(5), abs=1e-5)


@given(number=st.integers(1, 12), seed=st.integers(0, 1000), temperature=st.floats(0.01, 100))
@settings(deadline=None, max_examples=20)
def test_it_is_never_negative_nor_above_its_bound(number, seed, temperature):
    """A positive at cosine -1 among 11 others at most at cosine 1: ln 11 + 2/t."""
    found = supervised_contrastive_loss(
        points(seed=seed), classes(number=number, seed=seed), temperature=temperature
    ).item()
    assert -1e-12 <= found <= math.log(11) + 2 / temperature + 1e-9


@pytest.mark.parametrize("labels", [torch.arange(12), torch.arange(1), torch.arange(0)], ids=["no pair", "one", "none"])
def test_without_any_positive_it_and_its_gradient_are_0(labels):
    embeddings = points(len(labels)).requires_grad_()
    loss = supervised_contrastive_loss(embeddings, labels)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(embeddings.grad, torch.zeros_like(embeddings))


def test_an_anchor_without_a_positive_still_repels_the_others():
    """It is left out as an anchor, not as a negative."""
    pair = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    alone = supervised_contrastive_loss(pair, torch.tensor([0, 0]), temperature=1.0)
    joined = supervised_contrastive_loss(torch.cat([pair, pair[:1]]), torch.tensor([0, 0, 1]), temperature=1.0)
    assert alone.item() == pytest.approx(0, abs=1e-6)
    assert joined.item() == pytest.approx((math.log1p(math.e) + math.log(2)) / 2, rel=1e-6)


def test_it_knows_directions_only_and_flattens_feature_maps():
    maps, labels = points(12).view(12, 5, 1, 1), classes()
    lengths = torch.rand(12, 1, generator=generator(2), dtype=torch.float64) + 0.1
    expected = supervised_contrastive_loss(maps, labels).item()
    assert supervised_contrastive_loss(points() * lengths, labels).item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("number", [2, 9])
def test_its_gradients_are_those_of_finite_differences(number):
    warmth = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    labels = classes(8, number=number)
    function = lambda x, t: supervised_contrastive_loss(x, labels, temperature=t)  # noqa: E731
    assert torch.autograd.gradcheck(function, (points(8).requires_grad_(), warmth))


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_equal_points_and_low_temperatures_give_finite_gradients(scale):
    rows = (scale * torch.ones(5, 4)).requires_grad_()
    supervised_contrastive_loss(rows, torch.tensor([0, 0, 1, 2, 3]), temperature=1e-4).backward()
    assert rows.grad.isfinite().all()


# NT-Xent


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_nt_xent_is_pytorchs_cross_entropy_of_telling_the_other_view(temperature):
    views = normalize(torch.cat([points(seed=1), points(seed=2)]), dim=1)
    scores = (views @ views.T / temperature).fill_diagonal_(-torch.inf)
    expected = cross_entropy(scores, torch.arange(24).roll(12))
    found = normalized_temperature_cross_entropy(points(seed=1), points(seed=2), temperature=temperature)
    assert found.item() == pytest.approx(expected.item(), rel=1e-10)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_pytorch_metric_learning_gives_the_same_nt_xent(temperature):
    views, pairs = torch.cat([points(seed=1), points(seed=2)]), torch.arange(12).repeat(2)
    found = normalized_temperature_cross_entropy(points(seed=1), points(seed=2), temperature=temperature)
    assert found.item() == pytest.approx(NTXentLoss(temperature=temperature)(views, pairs).item(), rel=1e-9)


@pytest.mark.parametrize("images", [1, 2, 4])
def test_equal_views_of_orthogonal_images_have_a_closed_form(images):
    """The other view at cosine 1, 2(N - 1) views at 0: ln(1 + 2(N - 1) exp(-1/t))."""
    views = torch.eye(4, dtype=torch.float64)[:images]
    found = normalized_temperature_cross_entropy(views, views, temperature=0.5)
    assert found.item() == pytest.approx(math.log1p(2 * (images - 1) * math.exp(-2)), rel=1e-9, abs=1e-12)


def test_the_order_of_the_views_does_not_matter():
    one, two = points(seed=1), points(seed=2)
    found = normalized_temperature_cross_entropy(two, one)
    assert found.item() == pytest.approx(normalized_temperature_cross_entropy(one, two).item(), rel=1e-12)


# Stacked networks, and what is refused


def test_stacked_networks_have_the_losses_and_gradients_of_each_alone():
    stacked, labels = torch.stack([points(seed=3), points(seed=4)]), torch.stack([classes(), classes(number=9)])
    losses = {
        "supervised": lambda x, y: supervised_contrastive_loss(x, y, temperature=0.5),
        "two views": lambda x, y: normalized_temperature_cross_entropy(x[:6], x[6:], temperature=0.5),
    }
    for name, loss in losses.items():
        gradients, values = torch.func.vmap(torch.func.grad_and_value(loss))(stacked, labels)
        for k in range(2):
            gradient, value = torch.func.grad_and_value(loss)(stacked[k], labels[k])
            torch.testing.assert_close(values[k], value, msg=name)
            torch.testing.assert_close(gradients[k], gradient, msg=name)


@pytest.mark.parametrize("temperature", [0, -1.0])
def test_a_temperature_that_is_not_positive_is_refused(temperature, unchecked):
    with pytest.raises(ValueError, match=f"temperature must be positive, got {temperature}"):
        supervised_contrastive_loss(points(), classes(), temperature=temperature)
    with pytest.raises(ValueError, match=f"temperature must be positive, got {temperature}"):
        normalized_temperature_cross_entropy(points(), points(), temperature=temperature)


def test_shapes_that_do_not_fit_are_refused(unchecked):
    with pytest.raises(ValueError, match=r"labels must be one per embedding, got \(11,\) and \(12, 5\)"):
        supervised_contrastive_loss(points(), classes(11))
    with pytest.raises(ValueError, match=r"first and second must share a shape, got \(12, 5\) and \(11, 5\)"):
        normalized_temperature_cross_entropy(points(), points(11))
